/* SPDX-License-Identifier: MIT */
/*
 * Texts as the kernel writes them, texts of other files, and the files of this host once.
 */
#include "daemon/kern/netstat.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base.h"
#include "tests/unit/harness.h"
#include "tests/unit/own_netns.h"

static const char sockstat[] = "sockets: used 17\n"
			       "TCP: inuse 1 orphan 2 tw 3 alloc 4 mem 59\n"
			       "UDP: inuse 6 mem 7\n"
			       "UDPLITE: inuse 8\n"
			       "RAW: inuse 9\n"
			       "FRAG: inuse 10 memory 11\n";
static const char sockstat6[] = "TCP6: inuse 21\nUDP6: inuse 22\nUDPLITE6: inuse 23\n"
				"RAW6: inuse 24\nFRAG6: inuse 25 memory 26\n";

static int parse(const char *text, SocketCounts *counts)
{
	size_t length = strlen(text);
	_cleanup_free_ char *copy = malloc(length + 1);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, length);
	copy[length] = '5'; /* belongs to nobody */
	return socket_counts_parse(copy, length, counts);
}

START_TEST(test_parse)
{
	SocketCounts counts = {0};
	ck_assert_int_eq(parse(sockstat, &counts), 0);
	ck_assert_int_eq(parse(sockstat6, &counts), 0);
	ck_assert_uint_eq(counts.tcp_in_use, 1);
	ck_assert_uint_eq(counts.tcp_orphan, 2);
	ck_assert_uint_eq(counts.tcp_time_wait, 3);
	ck_assert_uint_eq(counts.tcp_alloc, 4);
	ck_assert_uint_eq(counts.tcp_memory_pages, 59);
	ck_assert_uint_eq(counts.udp_in_use, 6);
	ck_assert_uint_eq(counts.udp_memory_pages, 7);
	ck_assert_uint_eq(counts.raw_in_use, 9);
	ck_assert_uint_eq(counts.tcp6_in_use, 21);
	ck_assert_uint_eq(counts.udp6_in_use, 22);
	ck_assert_uint_eq(counts.raw6_in_use, 24);
}
END_TEST

START_TEST(test_by_name)
{
	SocketCounts counts = {.tcp_orphan = 77};
	ck_assert_int_eq(
		parse("NEW: a 1\nTCP: newer 9 mem 8 inuse 18446744073709551615\nUDP:\n", &counts),
		0);
	ck_assert_uint_eq(counts.tcp_in_use, UINT64_MAX);
	ck_assert_uint_eq(counts.tcp_memory_pages, 8);
	ck_assert_uint_eq(counts.tcp_orphan, 77); /* added to, not replaced */
}
END_TEST

START_TEST(test_other_files)
{
	static const char *const texts[] = {
		"",
		"\n",
		"nonsense\n",
		": inuse 1\n",
		"TCP: inuse\n",
		"TCP: inuse x\n",
		"TCP: inuse -1\n",
		"TCP: inuse 18446744073709551616\n",
		"TCP: inuse 1\n\nUDP: inuse 2\n",
		"TCP: inuse 1 mem\n",
		"Udp6InErrors 4\n",
		"Tcp: RtoAlgorithm RtoMin\nTcp: 1 200\n",
	};
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		SocketCounts counts = {.tcp_in_use = 42};
		ck_assert_msg(parse(texts[i], &counts) == -EBADMSG, "'%s'", texts[i]);
		ck_assert_uint_eq(counts.tcp_in_use, 42); /* untouched */
	}
}
END_TEST

START_TEST(test_live)
{
	SocketCounts before, after;
	if (!own_netns_enter())
		HARNESS_SKIP("no network namespace can be made here");
	ck_assert_int_eq(socket_counts_read(&before), 0);
	ck_assert_uint_eq(before.tcp_in_use, 0);
	ck_assert_uint_eq(before.udp_in_use, 0);
	struct sockaddr_in sa = {.sin_family = AF_INET};
	int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(udp, (struct sockaddr *)&sa, sizeof(sa)), 0);
	ck_assert_int_eq(bind(tcp, (struct sockaddr *)&sa, sizeof(sa)), 0);
	ck_assert_int_eq(listen(tcp, 1), 0);
	ck_assert_int_eq(socket_counts_read(&after), 0);
	ck_assert_uint_eq(after.udp_in_use, 1);
	ck_assert_uint_eq(after.tcp_in_use, 1);
	ck_assert_uint_eq(after.tcp6_in_use, 0);
	ck_assert_uint_ge(after.tcp_alloc, 1);
	close(udp);
	close(tcp);
}
END_TEST

HARNESS_MAIN("socket_counts", {
	HARNESS_CASE(suite, "parse", test_parse, test_by_name, test_other_files);
	HARNESS_CASE(suite, "live", test_live);
})
