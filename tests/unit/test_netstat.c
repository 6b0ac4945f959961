/* SPDX-License-Identifier: MIT */
/*
 * The parser on texts as kernels of several ages write them and on damaged ones, and the files of
 * this host once, of which only their form is known.
 */
#include "daemon/kern/netstat.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base.h"
#include "daemon/kern/counter_table.h"
#include "daemon/kern/proc.h"
#include "tests/unit/harness.h"
#include "tests/unit/own_netns.h"

static const char old_snmp[] =
	"Ip: Forwarding DefaultTTL InReceives\n"
	"Ip: 2 64 731\n"
	"Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets "
	"CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors\n"
	"Tcp: 1 200 120000 -1 13 3 5 0 0 704 418 7 0 2 0\n"
	"Udp: InDatagrams OutSegs\n"
	"Udp: 26 999\n";

static const char old_netstat[] =
	"TcpExt: PruneCalled RcvPruned ListenOverflows ListenDrops TCPTimeouts TCPSynRetrans\n"
	"TcpExt: 1 2 3 4 5 18446744073709551615\n"
	"IpExt: InNoRoutes TCPTimeouts\n"
	"IpExt: 0 77\n";

static unsigned parse(const char *text, Counters *counters)
{
	unsigned malformed = 99;
	counters_parse(text, strlen(text), counters, &malformed);
	return malformed;
}

#define CHECK(counters, counter, value)                                                            \
	do {                                                                                       \
		ck_assert((counters)->present[counter]);                                           \
		ck_assert_uint_eq((counters)->values[counter], value);                             \
	} while (0)

START_TEST(test_by_name)
{
	Counters counters = {0};
	ck_assert_uint_eq(parse(old_snmp, &counters), 0);
	CHECK(&counters, COUNTER_TCP_ACTIVE_OPENS, 13);
	CHECK(&counters, COUNTER_TCP_PASSIVE_OPENS, 3);
	CHECK(&counters, COUNTER_TCP_ATTEMPT_FAILS, 5);
	CHECK(&counters, COUNTER_TCP_OUT_SEGS, 418); /* of Tcp, not of Udp */
	CHECK(&counters, COUNTER_TCP_RETRANS_SEGS, 7);
	ck_assert(!counters.present[COUNTER_TCP_TIMEOUTS]);

	ck_assert_uint_eq(parse(old_netstat, &counters), 0);
	CHECK(&counters, COUNTER_TCP_ACTIVE_OPENS, 13); /* added to, not replaced */
	CHECK(&counters, COUNTER_PRUNE_CALLED, 1);
	CHECK(&counters, COUNTER_RCV_PRUNED, 2);
	CHECK(&counters, COUNTER_LISTEN_OVERFLOWS, 3);
	CHECK(&counters, COUNTER_LISTEN_DROPS, 4);
	CHECK(&counters, COUNTER_TCP_TIMEOUTS, 5);
	CHECK(&counters, COUNTER_TCP_SYN_RETRANS, UINT64_MAX);
	ck_assert(!counters.present[COUNTER_FASTOPEN_ACTIVE]);
	ck_assert(!counters.present[COUNTER_TCP_SPURIOUS_RTOS]);
}
END_TEST

START_TEST(test_columns_move)
{
	Counters counters = {0};
	ck_assert_uint_eq(
		parse("TcpExt: New ListenDrops Newer TCPTimeouts\nTcpExt: 1 2 3 4\n", &counters),
		0);
	CHECK(&counters, COUNTER_LISTEN_DROPS, 2);
	CHECK(&counters, COUNTER_TCP_TIMEOUTS, 4);
	/* No final newline, blanks doubled. */
	ck_assert_uint_eq(parse("TcpExt:  ListenDrops   RcvPruned\nTcpExt: 8  9", &counters), 0);
	CHECK(&counters, COUNTER_LISTEN_DROPS, 8);
	CHECK(&counters, COUNTER_RCV_PRUNED, 9);
}
END_TEST

START_TEST(test_malformed)
{
	static const struct {
		const char *text;
		unsigned malformed;
	} cases[] = {
		{"", 0},
		{"\n", 1},
		{"nonsense\n", 1},
		{": a\n: 1\n", 2},
		{"TcpExt: ListenDrops RcvPruned\nTcpExt: 1 2 3\n", 1},
		{"TcpExt: ListenDrops\n", 1},
		{"TcpExt: ListenDrops\nTcp: 1\n", 2},
		{"TcpExt: ListenDrops\nTcpEx: 1\n", 2},
		{"TcpExt: ListenDrops\nTcpExt: 1 2\n", 1},
		{"TcpExt: ListenDrops RcvPruned\nTcpExt: 1\n", 1},
		{"TcpExt: ListenDrops\nTcpExt:\n", 1},
		{"TcpExt: ListenDrops\nTcpExt: x\n", 1},
		{"TcpExt: ListenDrops\nTcpExt: -1\n", 1},
		{"TcpExt: ListenDrops\nTcpExt: 0x1\n", 1},
		{"TcpExt: ListenDrops\nTcpExt: 18446744073709551616\n", 1},
		{"TcpExt: ListenDrops\nTcpExt: 111111111111111111111111111\n", 1},
		{"Tcp: ListenDrops\nTcp: 1\n", 0}, /* of another group: not ours */
		{"TcpExt: ListenDropsX ListenDrop\nTcpExt: 1 1\n", 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		Counters counters = {0};
		unsigned malformed = parse(cases[i].text, &counters);
		ck_assert_msg(malformed == cases[i].malformed, "'%s': %u, expected %u",
			      cases[i].text, malformed, cases[i].malformed);
		for (int c = 0; c < _COUNTERS; c++)
			ck_assert_msg(!counters.present[c], "'%s': %s", cases[i].text,
				      counter_name(c));
	}
}
END_TEST

START_TEST(test_recovers)
{
	Counters counters = {0};
	ck_assert_uint_eq(
		parse("rubbish\nTcpExt: RcvPruned\nTcpExt: 1 2\n"
		      "TcpExt: ListenDrops RcvPruned\nTcpExt: 4 z\nTcp: OutSegs\nTcp: 6\n",
		      &counters),
		3);
	CHECK(&counters, COUNTER_LISTEN_DROPS, 4);
	CHECK(&counters, COUNTER_TCP_OUT_SEGS, 6);
	ck_assert(!counters.present[COUNTER_RCV_PRUNED]);
}
END_TEST

START_TEST(test_cut_everywhere)
{
	/* A copy of exactly the length, so that a read past the end is seen by a sanitizer. */
	for (size_t length = 0; length < sizeof(old_netstat) - 1; length++) {
		_cleanup_free_ char *copy = malloc(length + 1);
		ck_assert_ptr_nonnull(copy);
		memcpy(copy, old_netstat, length);
		copy[length] = '5'; /* belongs to nobody */
		Counters counters = {0};
		unsigned malformed;
		counters_parse(copy, length, &counters, &malformed);
		if (counters.present[COUNTER_LISTEN_DROPS])
			CHECK(&counters, COUNTER_LISTEN_DROPS, 4);
		ck_assert_uint_le(malformed, 2); /* the names without values, and the cut line */
	}
	Counters counters = {0};
	unsigned malformed;
	counters_parse("TcpExt: ListenDrops\nTcpExt: 1\0002\n", 32, &counters, &malformed);
	ck_assert(!counters.present[COUNTER_LISTEN_DROPS]);
}
END_TEST

static const char snmp6[] = "Ip6InReceives                   \t6055\n"
			    "Ip6InCEPkts                     \t12\n"
			    "Icmp6OutType135                 \t5\n"
			    "Udp6InErrors                    \t3\n"
			    "Udp6RcvbufErrors                \t18446744073709551615\n"
			    "UdpLite6RcvbufErrors            \t7\n";

static const char damaged6[] = "Udp6InErrors\n\nUdp6InErrors 1 2\nUdp6InErrors x\nNewer z\n"
			       "Udp6SndbufErrors 4";

START_TEST(test_snmp6)
{
	Counters counters = {0};
	unsigned malformed = 99;
	counters_parse6(snmp6, sizeof(snmp6) - 1, &counters, &malformed);
	ck_assert_uint_eq(malformed, 0);
	CHECK(&counters, COUNTER_IP6_IN_CE_PKTS, 12);
	CHECK(&counters, COUNTER_UDP6_IN_ERRORS, 3);
	CHECK(&counters, COUNTER_UDP6_RCVBUF_ERRORS, UINT64_MAX);
	ck_assert(!counters.present[COUNTER_UDP6_SNDBUF_ERRORS]);
	ck_assert(!counters.present[COUNTER_UDP_IN_ERRORS]);

	counters_parse6(damaged6, sizeof(damaged6) - 1, &counters, &malformed);
	ck_assert_uint_eq(malformed, 4); /* what is not ours is not judged */
	CHECK(&counters, COUNTER_UDP6_IN_ERRORS, 3);
	CHECK(&counters, COUNTER_UDP6_SNDBUF_ERRORS, 4);
	for (size_t length = 0; length < sizeof(snmp6) - 1; length++) {
		_cleanup_free_ char *copy = malloc(length + 1);
		ck_assert_ptr_nonnull(copy);
		memcpy(copy, snmp6, length);
		copy[length] = '5';
		Counters cut = {0};
		counters_parse6(copy, length, &cut, &malformed);
		ck_assert_uint_le(malformed, 1);
	}
}
END_TEST

START_TEST(test_same_name_in_groups)
{
	Counters counters = {0};
	ck_assert_uint_eq(parse("Udp: InErrors RcvbufErrors\nUdp: 1 2\n"
				"UdpLite: InErrors RcvbufErrors\nUdpLite: 8 9\n"
				"TcpExt: TCPMemoryPressures TCPMemoryPressuresChrono\nTcpExt: 5 6\n"
				"IpExt: InCEPkts\nIpExt: 7\n",
				&counters),
			  0);
	CHECK(&counters, COUNTER_UDP_IN_ERRORS, 1);
	CHECK(&counters, COUNTER_UDP_RCVBUF_ERRORS, 2);
	CHECK(&counters, COUNTER_TCP_MEMORY_PRESSURES, 5); /* a name that begins another */
	CHECK(&counters, COUNTER_TCP_MEMORY_PRESSURES_CHRONO, 6);
	CHECK(&counters, COUNTER_IN_CE_PKTS, 7);
}
END_TEST

/* The lookup relies on it. */
START_TEST(test_table_sorted)
{
	CounterGroup table = counter_table();
	bool has_row[_COUNTERS] = {false};
	ck_assert_uint_eq(table.n, _COUNTERS);
	for (size_t i = 0; i < table.n; i++) {
		const CounterRow *row = &table.rows[i];
		ck_assert(!has_row[row->counter]);
		has_row[row->counter] = true;
		const CounterGroup group =
			counter_group_find((Slice){row->group, row->group + strlen(row->group)});
		ck_assert_int_eq(counter_group_lookup(
					 &group, (Slice){row->name, row->name + strlen(row->name)}),
				 row->counter);
		if (i == 0)
			continue;
		int order = strcmp(row[-1].group, row->group);
		ck_assert_msg(order < 0 || (order == 0 && strcmp(row[-1].name, row->name) < 0),
			      "%s", row->name);
	}
	static const char other[] = "Tcp6";
	ck_assert_uint_eq(counter_group_find((Slice){other, &other[4]}).n, 0);
}
END_TEST

START_TEST(test_delta)
{
	Counters before = {0}, now = {0};
	uint64_t delta = 42;
	const Counter c = COUNTER_LISTEN_DROPS;
	ck_assert(!counters_delta(&before, &now, c, &delta));
	before.present[c] = true;
	ck_assert(!counters_delta(&before, &now, c, &delta));
	ck_assert(!counters_delta(&now, &before, c, &delta));
	now.present[c] = true;
	before.values[c] = 10;
	now.values[c] = 9;
	ck_assert(!counters_delta(&before, &now, c, &delta));
	ck_assert_uint_eq(delta, 42);
	now.values[c] = 10;
	ck_assert(counters_delta(&before, &now, c, &delta));
	ck_assert_uint_eq(delta, 0);
	now.values[c] = UINT64_MAX;
	ck_assert(counters_delta(&before, &now, c, &delta));
	ck_assert_uint_eq(delta, UINT64_MAX - 10);
	ck_assert(!counters_delta(&before, &now, COUNTER_RCV_PRUNED, &delta));
}
END_TEST

START_TEST(test_names)
{
	ck_assert_str_eq(counter_name(COUNTER_TCP_SYN_RETRANS), "TCPSynRetrans");
	for (int i = 0; i < _COUNTERS; i++) {
		ck_assert_ptr_nonnull(counter_name(i));
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(counter_name(i), counter_name(j));
	}
}
END_TEST

START_TEST(test_live)
{
	Counters counters, later;
	uint64_t delta;
	ck_assert_int_eq(counters_read(&counters), 0);
	ck_assert_int_eq(counters_read(&later), 0);
	/* All of them are older than the oldest kernel we support: a name misspelt shows here. */
	bool has_ipv6 = access("/proc/net/snmp6", F_OK) == 0;
	for (int i = 0; i < _COUNTERS; i++) {
		if (!has_ipv6 && strstr(counter_name(i), "6"))
			continue;
		ck_assert_msg(counters.present[i], "%s", counter_name(i));
		ck_assert_msg(counters_delta(&counters, &later, i, &delta), "%s", counter_name(i));
	}
	char text[32768];
	size_t length;
	ck_assert_int_eq(proc_read("/proc/net/netstat", text, sizeof(text), &length), 0);
	ck_assert_uint_eq(strlen(text), length);
	ck_assert_int_eq(proc_read("/proc/net/netstat", text, length, &length), -EMSGSIZE);
	ck_assert_int_eq(proc_read("/proc/net/none", text, sizeof(text), &length), -ENOENT);
}
END_TEST

/* One datagram to ourselves. */
static void send_something(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t length = sizeof(sa);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&sa, &length), 0);
	ck_assert_int_eq(sendto(fd, "x", 1, 0, (struct sockaddr *)&sa, sizeof(sa)), 1);
	close(fd);
}

static void *read_elsewhere(void *ret_counters)
{
	/* Of this thread alone. */
	bool entered = own_netns_enter();
	return entered && counters_read(ret_counters) == 0 ? ret_counters : NULL;
}

START_TEST(test_live_thread)
{
	Counters here, elsewhere = {0};
	pthread_t thread;
	void *done;
	send_something();
	ck_assert_int_eq(counters_read(&here), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, read_elsewhere, &elsewhere), 0);
	ck_assert_int_eq(pthread_join(thread, &done), 0);
	if (!done)
		HARNESS_SKIP("no network namespace can be made here");
	/* A namespace just made has sent nothing. */
	ck_assert(elsewhere.present[COUNTER_TCP_OUT_SEGS]);
	ck_assert_uint_eq(elsewhere.values[COUNTER_TCP_OUT_SEGS], 0);
	ck_assert_uint_eq(elsewhere.values[COUNTER_UDP_OUT_DATAGRAMS], 0);
	ck_assert_uint_gt(here.values[COUNTER_UDP_OUT_DATAGRAMS], 0);
}
END_TEST

HARNESS_MAIN("netstat", {
	HARNESS_CASE(suite, "parse", test_by_name, test_columns_move, test_malformed, test_recovers,
		     test_cut_everywhere, test_snmp6, test_same_name_in_groups, test_table_sorted);
	HARNESS_CASE(suite, "delta", test_delta, test_names);
	HARNESS_CASE(suite, "live", test_live, test_live_thread);
})
