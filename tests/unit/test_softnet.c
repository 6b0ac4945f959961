/* SPDX-License-Identifier: MIT */
/* Texts as the kernel writes them, others, and the files of this host once. */
#include "daemon/kern/softnet.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base.h"
#include "daemon/kern/neigh.h"
#include "tests/unit/harness.h"

static const char two[] = "00018400 00000002 00000010 00000000 00000000 00000000 00000000 00000000 "
			  "00000000 00000000\n"
			  "FFFFFFFF 00000001 00000001 00000000 00000000 00000000 00000000 00000000 "
			  "00000000 00000000\n";

/* A copy of exactly its length, so that reading on is found out. */
static int parse(const char *text, Softnet *ret)
{
	_cleanup_free_ char *copy = malloc(strlen(text) + 1);

	memcpy(copy, text, strlen(text));
	copy[strlen(text)] = '7';
	return softnet_parse(copy, strlen(text), ret);
}

START_TEST(test_softnet)
{
	Softnet softnet = {0};

	ck_assert_int_eq(parse(two, &softnet), 0);
	ck_assert_uint_eq(softnet.processed, 0x18400 + UINT64_C(0xffffffff));
	ck_assert_uint_eq(softnet.dropped, 3);
	ck_assert_uint_eq(softnet.squeezed, 0x11);
	ck_assert_uint_eq(softnet.processors, 2);
	ck_assert_int_eq(parse("1 2 3\n", &softnet), 0);
	ck_assert_uint_eq(softnet.processed, 1);
}
END_TEST

START_TEST(test_not_softnet)
{
	static const char *const bad[] = {"",          "\n",           "1 2\n",
					  "1 2 x\n",   "1 2 3\n1 2\n", "100000000 0 0\n",
					  "0x1 0 0\n", "-1 0 0\n"};
	Softnet softnet = {.processors = 42};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(parse(bad[i], &softnet) == -EBADMSG, "'%s'", bad[i]);
	ck_assert_uint_eq(softnet.processors, 42);
}
END_TEST

START_TEST(test_cpu_time)
{
	static const char good[] = "cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2";
	static const char *const bad[] = {"", "cpu0 1 2 3 4 5 6 7 8\n", "cpu 1 2 3 4 5 6 7\n",
					  "cpu 1 2 3 4 5 6 x 8\n",
					  "cpu 18446744073709551615 2 3 4 5 6 7 8\n"};
	CpuTime time = {0};

	ck_assert_int_eq(cpu_time_parse(good, sizeof(good) - 1, &time), 0);
	ck_assert_uint_eq(time.total, 36);
	ck_assert_uint_eq(time.softirq, 7);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(cpu_time_parse(bad[i], strlen(bad[i]), &time) == -EBADMSG, "'%s'",
			      bad[i]);
	ck_assert_uint_eq(time.total, 36);
}
END_TEST

#define HEAD "entries  allocs table_fulls forced_gc_runs new_one\n"

START_TEST(test_neigh)
{
	static const char good[] = HEAD "0000000a 1 2 3 4\n0000000a 5 00000010 1 8\n";
	static const char old[] = "entries allocs\nff 1\n";
	static const char *const bad[] = {"",
					  "\n",
					  HEAD,
					  "entries\n",
					  "allocs\n1\n",
					  "entries allocs\n1\n",
					  "entries\n1 2\n",
					  "entries\nx\n"};
	Neigh neigh = {0};

	ck_assert_int_eq(neigh_parse(good, sizeof(good) - 1, &neigh), 0);
	ck_assert_uint_eq(neigh.entries, 10);
	ck_assert_uint_eq(neigh.table_fulls, 18);
	ck_assert_uint_eq(neigh.forced_runs, 4);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(neigh_parse(bad[i], strlen(bad[i]), &neigh) == -EBADMSG, "'%s'",
			      bad[i]);
	ck_assert_uint_eq(neigh.entries, 10);
	ck_assert_int_eq(neigh_parse(old, sizeof(old) - 1, &neigh), 0);
	ck_assert_uint_eq(neigh.entries, 255);
	ck_assert_uint_eq(neigh.table_fulls, 0);
}
END_TEST

START_TEST(test_this_host)
{
	Softnet softnet = {0};
	CpuTime time = {0};
	Neigh neigh;
	int r;

	ck_assert_int_eq(softnet_read(&softnet), 0);
	ck_assert_uint_gt(softnet.processors, 0);
	ck_assert_int_eq(cpu_time_read(&time), 0);
	ck_assert_uint_gt(time.total, time.softirq);
	r = neigh_read(AF_INET, &neigh);
	ck_assert(r == 0 || r == -ENOENT);
	r = neigh_read(AF_INET6, &neigh);
	ck_assert(r == 0 || r == -ENOENT);
}
END_TEST

HARNESS_MAIN("softnet",
	     HARNESS_CASE(suite, "text", test_softnet, test_not_softnet, test_cpu_time, test_neigh);
	     HARNESS_CASE(suite, "host", test_this_host);)
