/* SPDX-License-Identifier: MIT */
/* The table itself, the shapes of values, and the ranges that stand between us and the kernel. */
#include "daemon/model/tunable.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "common/text.h"
#include "tests/unit/harness.h"

static TunableValue value_of(TunableId id, const char *text)
{
	TunableValue value;

	ck_assert_msg(tunable_parse(&tunables[id], text, &value) == 0, "%s", text);
	return value;
}

static bool has_known_prefix(TunableId id)
{
	static const char *const sysctls[] = {"net.ipv4.tcp_", "net.ipv4.ip_local_", "net.core.",
					      "net.ipv4.neigh.default.", "net.ipv6.neigh.default."};

	if (tunable_is_route(id))
		return text_starts_with(tunables[id].key, "route.");
	for (size_t i = 0; i < ARRAY_SIZE(sysctls); i++)
		if (text_starts_with(tunables[id].key, sysctls[i]))
			return true;
	return false;
}

START_TEST(test_table)
{
	for (size_t i = 0; i < _TUNABLES; i++) {
		const Tunable *tunable = &tunables[i];
		TunableId id = _TUNABLES;

		ck_assert_ptr_eq(tunable_find(tunable->key, &id), tunable);
		ck_assert_uint_eq(id, i);
		ck_assert_ptr_eq(tunable_find(tunable->key, NULL), tunable);
		ck_assert(has_known_prefix((TunableId)i));
		ck_assert((tunable->scope == TUNABLE_SCOPE_DESTINATION) ==
			  tunable_is_route((TunableId)i));
		ck_assert(tunable->reason[0] && tunable->affects[0]);
		ck_assert_int_le(tunable->minimum, tunable->maximum);
		if (tunable->collateral == _TUNABLES)
			continue;
		/* A collateral is only ever put back, after its cause. */
		ck_assert(!tunables[tunable->collateral].proposable);
		ck_assert_int_eq(tunables[tunable->collateral].kind, TUNABLE_WORDS);
		ck_assert_uint_eq(tunables[tunable->collateral].collateral, _TUNABLES);
	}
}
END_TEST

START_TEST(test_find_unknown)
{
	static const char *const keys[] = {
		"",
		"net.ipv4.tcp_rme",
		"net.ipv4.tcp_rmem ",
		"net/ipv4/tcp_rmem",
		"NET.ipv4.tcp_rmem",
		"kernel.core_pattern",
		"net.ipv4.tcp_rmem\n",
	};
	TunableId id = TUNABLE_TCP_WMEM;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		ck_assert_ptr_null(tunable_find(keys[i], &id));
	ck_assert_ptr_null(tunable_find(NULL, &id));
	ck_assert_uint_eq(id, TUNABLE_TCP_WMEM);
}
END_TEST

static const struct {
	TunableId id;
	const char *text, *normal; /* NULL: -EINVAL */
} shapes[] = {
	{TUNABLE_TCP_RMEM, "4096\t131072\t6291456", "4096 131072 6291456"},
	{TUNABLE_TCP_RMEM, "  4096  131072 6291456\n", "4096 131072 6291456"},
	{TUNABLE_TCP_RMEM, "9 5 3", "9 5 3"}, /* a host may hold it: to be put back as it is */
	{TUNABLE_TCP_RMEM, "1 2 99999999999", "1 2 99999999999"},
	{TUNABLE_TCP_RMEM, "1 2 -3", "1 2 -3"},
	{TUNABLE_TCP_RMEM, "1 2", NULL},
	{TUNABLE_TCP_RMEM, "1 2 3 4", NULL},
	{TUNABLE_TCP_RMEM, "1 2 3 x", NULL},
	{TUNABLE_TCP_RMEM, "", NULL},
	{TUNABLE_TCP_RMEM, "0x1000 2 3", NULL},
	{TUNABLE_TCP_RMEM, "1 2 3K", NULL},
	{TUNABLE_TCP_RMEM, "1 2 99999999999999999999", NULL},
	{TUNABLE_TCP_RMEM, "1 2 000000000000000000000000000000003", NULL},
	{TUNABLE_TCP_RMEM, "1,2,3", NULL},
	{TUNABLE_TCP_FASTOPEN, "1", "1"},
	{TUNABLE_TCP_FASTOPEN, "-1\n", "-1"},
	{TUNABLE_TCP_FASTOPEN, "1051", "1051"},
	{TUNABLE_TCP_FASTOPEN, "1 0", NULL},
	{TUNABLE_TCP_FASTOPEN, "0x400", NULL},
	{TUNABLE_TCP_FASTOPEN, "on", NULL},
	{TUNABLE_TCP_CONGESTION_CONTROL, "cubic\n", "cubic"},
	{TUNABLE_TCP_CONGESTION_CONTROL, "bbr2", "bbr2"},
	{TUNABLE_TCP_CONGESTION_CONTROL, "Cubic", NULL},
	{TUNABLE_TCP_CONGESTION_CONTROL, "cubic reno", NULL},
	{TUNABLE_TCP_CONGESTION_CONTROL, "../x", NULL},
	{TUNABLE_TCP_CONGESTION_CONTROL, "", NULL},
	{TUNABLE_TCP_ALLOWED_CONGESTION_CONTROL, "reno  bbr\tcubic", "reno bbr cubic"},
	{TUNABLE_TCP_ALLOWED_CONGESTION_CONTROL, "reno", "reno"},
	{TUNABLE_TCP_ALLOWED_CONGESTION_CONTROL, " ", NULL},
	{TUNABLE_TCP_ALLOWED_CONGESTION_CONTROL, "reno bb-r", NULL},
	{TUNABLE_IP_LOCAL_PORT_RANGE, "32768\t60999\n", "32768 60999"},
	{TUNABLE_IP_LOCAL_PORT_RANGE, "9 5", "9 5"},
	{TUNABLE_IP_LOCAL_PORT_RANGE, "32768", NULL},
	{TUNABLE_IP_LOCAL_PORT_RANGE, "1 2 3", NULL},
	{TUNABLE_TCP_NOTSENT_LOWAT, "4294967295", "4294967295"},
	{TUNABLE_ROUTE_CONGCTL, "bbr", "bbr"},
	{TUNABLE_ROUTE_INITCWND, "20", "20"},
	{TUNABLE_ROUTE_INITCWND, "20 20", NULL},
};

START_TEST(test_shapes)
{
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		const Tunable *tunable = &tunables[shapes[i].id];
		TunableValue value = {.kind = TUNABLE_WORD, .words = "untouched"};
		char text[TUNABLE_WORD_MAX];
		int r = tunable_parse(tunable, shapes[i].text, &value);

		if (!shapes[i].normal) {
			ck_assert_msg(r == -EINVAL, "'%s'", shapes[i].text);
			ck_assert_str_eq(value.words, "untouched");
			continue;
		}
		ck_assert_msg(r == 0, "'%s'", shapes[i].text);
		ck_assert_uint_eq(value.kind, tunable->kind);
		ck_assert_str_eq(tunable_format(&value, text, sizeof(text)), shapes[i].normal);
	}
}
END_TEST

START_TEST(test_words_bounds)
{
	char text[300];
	TunableValue value;
	const Tunable *list = &tunables[TUNABLE_TCP_ALLOWED_CONGESTION_CONTROL];

	memset(text, 'a', sizeof(text));
	text[TUNABLE_WORD_MAX - 2] = '\0';
	ck_assert_int_eq(tunable_parse(list, text, &value), 0);
	memset(text, 'a', sizeof(text));
	text[TUNABLE_WORD_MAX] = '\0';
	ck_assert_int_eq(tunable_parse(list, text, &value), -EINVAL);
	/* Two that fit alone but not together. */
	memset(text, 'a', sizeof(text));
	text[60] = ' ';
	text[130] = '\0';
	ck_assert_int_eq(tunable_parse(list, text, &value), -EINVAL);
}
END_TEST

START_TEST(test_equal)
{
	TunableValue a = value_of(TUNABLE_TCP_RMEM, "1 2 3"),
		     b = value_of(TUNABLE_TCP_RMEM, "1\t2 3");

	ck_assert(tunable_equal(&a, &b));
	for (size_t i = 0; i < 3; i++) {
		b = a;
		b.numbers[i]++;
		ck_assert(!tunable_equal(&a, &b));
	}
	b = value_of(TUNABLE_TCP_FASTOPEN, "1");
	ck_assert(!tunable_equal(&a, &b));
	a = value_of(TUNABLE_IP_LOCAL_PORT_RANGE, "32768 60999");
	b = value_of(TUNABLE_IP_LOCAL_PORT_RANGE, "32768 61000");
	ck_assert(tunable_equal(&a, &a) && !tunable_equal(&a, &b));
	a = value_of(TUNABLE_TCP_CONGESTION_CONTROL, "bbr");
	b = value_of(TUNABLE_TCP_CONGESTION_CONTROL, "bbr2");
	ck_assert(!tunable_equal(&a, &b) && !tunable_equal(&b, &a));
	a = value_of(TUNABLE_TCP_ALLOWED_CONGESTION_CONTROL, "reno bbr cubic");
	b = value_of(TUNABLE_TCP_ALLOWED_CONGESTION_CONTROL, "cubic reno bbr");
	ck_assert(tunable_equal(&a, &b));
	b = value_of(TUNABLE_TCP_ALLOWED_CONGESTION_CONTROL, "cubic reno");
	ck_assert(!tunable_equal(&a, &b) && !tunable_equal(&b, &a));
}
END_TEST

START_TEST(test_words)
{
	TunableValue list = value_of(TUNABLE_TCP_ALLOWED_CONGESTION_CONTROL, "reno cubic"), full;

	ck_assert(tunable_has_word(&list, "cubic") && !tunable_has_word(&list, "cub"));
	ck_assert(!tunable_has_word(&list, "reno cubic") && !tunable_has_word(&list, ""));
	ck_assert_int_eq(tunable_add_word(&list, "cubic"), 0);
	ck_assert_str_eq(list.words, "reno cubic");
	full = list;
	ck_assert_int_eq(tunable_add_word(&full, "bbr"), 0);
	ck_assert_str_eq(full.words, "reno cubic bbr");
	ck_assert(tunable_is_subset(&list, &full) && !tunable_is_subset(&full, &list));
	memset(full.words, 'a', sizeof(full.words));
	full.words[120] = '\0';
	ck_assert_int_eq(tunable_add_word(&full, "veryverylong"), -ENOBUFS);
	ck_assert_uint_eq(strlen(full.words), 120);
	ck_assert_int_eq(tunable_add_word(&full, "short"), 0);
}
END_TEST

static const struct {
	TunableId id;
	const char *text, *reason; /* NULL: fine */
} ranges[] = {
	{TUNABLE_TCP_RMEM, "4096 4096 4096", NULL},
	{TUNABLE_TCP_RMEM, "4096 131072 536870912", NULL},
	{TUNABLE_TCP_WMEM, "4096 16384 4194304", NULL},
	{TUNABLE_TCP_RMEM, "4096 131072 99999999999", "max 99999999999 is over 536870912"},
	{TUNABLE_TCP_RMEM, "4096 131072 536870913", "max 536870913 is over 536870912"},
	{TUNABLE_TCP_RMEM, "4095 131072 6291456", "min 4095 is under 4096"},
	{TUNABLE_TCP_RMEM, "4096 131072 131071", "max 131071 is under default 131072"},
	{TUNABLE_TCP_RMEM, "9000 5000 6291456", "default 5000 is under min 9000"},
	{TUNABLE_TCP_RMEM, "9 5 3", "min 9 is under 4096"},
	{TUNABLE_TCP_WMEM, "4096 -1 6291456", "default -1 is under 4096"},
	{TUNABLE_TCP_FASTOPEN, "0", NULL},
	{TUNABLE_TCP_FASTOPEN, "3", NULL},
	{TUNABLE_TCP_FASTOPEN, "4", "4 is over 3"},
	{TUNABLE_TCP_FASTOPEN, "-1", "-1 is under 0"},
	{TUNABLE_TCP_FASTOPEN, "99999", "99999 is over 3"},
	{TUNABLE_TCP_CONGESTION_CONTROL, "abcdefghijklmno", NULL},
	{TUNABLE_TCP_CONGESTION_CONTROL, "abcdefghijklmnop",
	 "'abcdefghijklmnop' is not a name of at most 15 of [a-z0-9_]"},
	{TUNABLE_TCP_ALLOWED_CONGESTION_CONTROL, "reno cubic", NULL},
	{TUNABLE_TCP_MEM, "190000 260000 390000", NULL},
	{TUNABLE_TCP_MEM, "190000 390000 260000", "max 260000 is under default 390000"},
	{TUNABLE_TCP_MEM, "0 260000 390000", "min 0 is under 1024"},
	{TUNABLE_TCP_NOTSENT_LOWAT, "4294967295", NULL},
	{TUNABLE_TCP_NOTSENT_LOWAT, "4294967296", "4294967296 is over 4294967295"},
	{TUNABLE_TCP_NOTSENT_LOWAT, "16383", "16383 is under 16384"},
	{TUNABLE_TCP_SLOW_START_AFTER_IDLE, "0", NULL},
	{TUNABLE_TCP_SLOW_START_AFTER_IDLE, "2", "2 is over 1"},
	{TUNABLE_TCP_MTU_PROBING, "1", NULL},
	{TUNABLE_TCP_MTU_PROBING, "2", "2 is over 1"}, /* 2 probes from the start: never ours */
	{TUNABLE_SOMAXCONN, "65535", NULL},
	{TUNABLE_SOMAXCONN, "65536", "65536 is over 65535"},
	{TUNABLE_SOMAXCONN, "127", "127 is under 128"},
	{TUNABLE_TCP_MAX_SYN_BACKLOG, "65537", "65537 is over 65536"},
	{TUNABLE_IP_LOCAL_PORT_RANGE, "15000 60999", NULL},
	{TUNABLE_IP_LOCAL_PORT_RANGE, "1024 65535", NULL},
	{TUNABLE_IP_LOCAL_PORT_RANGE, "1023 60999", "low 1023 is under 1024"},
	{TUNABLE_IP_LOCAL_PORT_RANGE, "15000 65536", "high 65536 is over 65535"},
	{TUNABLE_IP_LOCAL_PORT_RANGE, "50000 40000", "high 40000 is under low 50000"},
	{TUNABLE_RMEM_MAX, "67108864", NULL},
	{TUNABLE_RMEM_MAX, "67108865", "67108865 is over 67108864"},
	{TUNABLE_WMEM_DEFAULT, "65535", "65535 is under 65536"},
	{TUNABLE_NETDEV_MAX_BACKLOG, "65537", "65537 is over 65536"},
	{TUNABLE_NETDEV_BUDGET, "299", "299 is under 300"},
	{TUNABLE_NETDEV_BUDGET_USECS, "64001", "64001 is over 64000"},
	{TUNABLE_NEIGH_GC_THRESH3, "1048577", "1048577 is over 1048576"},
	{TUNABLE_NEIGH6_GC_THRESH2, "127", "127 is under 128"},
	{TUNABLE_ROUTE_CONGCTL, "abcdefghijklmnop",
	 "'abcdefghijklmnop' is not a name of at most 15 of [a-z0-9_]"},
	{TUNABLE_ROUTE_INITCWND, "128", NULL},
	{TUNABLE_ROUTE_INITCWND, "129", "129 is over 128"},
	{TUNABLE_ROUTE_RTO_MIN, "1001", "1001 is over 1000"},
	{TUNABLE_ROUTE_QUICKACK, "2", "2 is over 1"},
	{TUNABLE_ROUTE_ECN, "1", NULL},
};

START_TEST(test_unset)
{
	for (TunableId id = _TUNABLE_SYSCTLS; id < _TUNABLES; id++) {
		TunableValue unset = tunable_unset(id),
			     set = value_of(id, id == TUNABLE_ROUTE_CONGCTL ? "bbr" : "1");

		ck_assert(unset.kind == tunables[id].kind && tunable_is_unset(&unset));
		ck_assert(!tunable_is_unset(&set) && !tunable_equal(&set, &unset));
	}
	ck_assert(!tunable_is_route(TUNABLE_NEIGH6_GC_THRESH3) && !tunable_is_route(_TUNABLES));
}
END_TEST

START_TEST(test_ranges)
{
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		TunableValue value = value_of(ranges[i].id, ranges[i].text);
		char reason[128] = "";
		int r = tunable_check(&tunables[ranges[i].id], &value, reason, sizeof(reason));

		ck_assert_msg(r == (ranges[i].reason ? -ERANGE : 0), "%s", ranges[i].text);
		ck_assert_str_eq(reason, ranges[i].reason ? ranges[i].reason : "");
	}
}
END_TEST

/* Values that no text gave: a caller's mistake must not reach the kernel either. */
START_TEST(test_made_up)
{
	const Tunable *control = &tunables[TUNABLE_TCP_CONGESTION_CONTROL];
	TunableValue value = {.kind = TUNABLE_WORD};
	char reason[128] = "";

	ck_assert_int_eq(tunable_check(control, &value, reason, sizeof(reason)), -ERANGE);
	ck_assert_str_eq(reason, "no name");
	(void)text_copy(value.words, sizeof(value.words), "cubic reno");
	ck_assert_int_eq(tunable_check(control, &value, reason, sizeof(reason)), -ERANGE);
	(void)text_copy(value.words, sizeof(value.words), "cub\"ic");
	ck_assert_int_eq(tunable_check(control, &value, reason, sizeof(reason)), -ERANGE);
	value = value_of(TUNABLE_TCP_FASTOPEN, "1");
	ck_assert_int_eq(tunable_check(control, &value, reason, sizeof(reason)), -ERANGE);
	ck_assert_str_eq(reason, "not a value of net.ipv4.tcp_congestion_control");
}
END_TEST

HARNESS_MAIN("tunable", HARNESS_CASE(suite, "table", test_table, test_find_unknown);
	     HARNESS_CASE(suite, "value", test_shapes, test_words_bounds, test_equal, test_words,
			  test_unset);
	     HARNESS_CASE(suite, "range", test_ranges, test_made_up);)
