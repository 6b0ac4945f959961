/* SPDX-License-Identifier: MIT */
/*
 * The figures from given texts, and on this host against what other interfaces of the kernel say.
 */
#include "daemon/kern/host.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/base.h"
#include "tests/unit/harness.h"

#define MEMINFO                                                                                    \
	"MemTotal:       24682416 kB\nMemFree:        24024172 kB\nMemAvailable:   24183608 kB\n"
#define SOCKSTAT                                                                                   \
	"sockets: used 12\nTCP: inuse 1 orphan 0 tw 0 alloc 2 mem 133\nUDP: inuse 0 mem 7\n"

START_TEST(test_parse)
{
	HostMemory memory;
	ck_assert_int_eq(
		host_memory_parse(MEMINFO, SOCKSTAT, "287466\t383291\t574932\n", 4096, &memory), 0);
	ck_assert_uint_eq(memory.total_bytes, UINT64_C(24682416) * 1024);
	ck_assert_uint_eq(memory.available_bytes, UINT64_C(24183608) * 1024);
	ck_assert_uint_eq(memory.tcp_bytes, 133 * 4096);
	ck_assert_uint_eq(memory.tcp_pressure_bytes, UINT64_C(383291) * 4096);
	ck_assert(memory.tcp_pressure_known);
}
END_TEST

START_TEST(test_parse_without_tcp_mem)
{
	HostMemory memory;
	ck_assert_int_eq(host_memory_parse(MEMINFO, SOCKSTAT, NULL, 4096, &memory), 0);
	ck_assert_uint_eq(memory.tcp_pressure_bytes, UINT64_C(24682416) * 64);
	ck_assert(!memory.tcp_pressure_known);
}
END_TEST

START_TEST(test_parse_moved_columns)
{
	HostMemory memory;
	ck_assert_int_eq(host_memory_parse("New: 1 kB\nMemAvailable: 2 kB\nMemTotal:\t3",
					   "TCP6: inuse 9 mem 9\nTCP: mem 5 inuse 1\n", "1 2 3",
					   16384, &memory),
			 0);
	ck_assert_uint_eq(memory.total_bytes, 3 * 1024);
	ck_assert_uint_eq(memory.available_bytes, 2 * 1024);
	ck_assert_uint_eq(memory.tcp_bytes, 5 * 16384);
	ck_assert_uint_eq(memory.tcp_pressure_bytes, 2 * 16384);
}
END_TEST

START_TEST(test_parse_bad)
{
	static const struct {
		const char *meminfo, *sockstat, *tcp_mem;
	} cases[] = {
		{"", SOCKSTAT, NULL},
		{"MemTotal: 1 kB\n", SOCKSTAT, NULL},
		{"MemTotal: 1 kB\nxMemAvailable: 2 kB\n", SOCKSTAT, NULL},
		{"MemTotal: 1 kB\nMemAvailable:\n", SOCKSTAT, NULL},
		{"MemTotal: -1 kB\nMemAvailable: 2 kB\n", SOCKSTAT, NULL},
		{"MemTotal: 1x kB\nMemAvailable: 2 kB\n", SOCKSTAT, NULL},
		{"MemTotal: 18446744073709551615 kB\nMemAvailable: 2 kB\n", SOCKSTAT, NULL},
		{"MemTotal: 99999999999999999999999999 kB\nMemAvailable: 2 kB\n", SOCKSTAT, NULL},
		{MEMINFO, "", NULL},
		{MEMINFO, "UDP: inuse 0 mem 7\n", NULL},
		{MEMINFO, "TCP: inuse 1\nUDP: inuse 0 mem 7\n", NULL},
		{MEMINFO, "TCP: inuse 1 mem \n", NULL},
		{MEMINFO, "TCP: inuse 1 mem x\n", NULL},
		{MEMINFO, SOCKSTAT, ""},
		{MEMINFO, SOCKSTAT, "1"},
		{MEMINFO, SOCKSTAT, "1\t\n"},
		{MEMINFO, SOCKSTAT, "1 x 3"},
		{MEMINFO, SOCKSTAT, "1 -2 3"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		HostMemory memory = {.total_bytes = 7};
		int r = host_memory_parse(cases[i].meminfo, cases[i].sockstat, cases[i].tcp_mem,
					  4096, &memory);
		ck_assert_msg(r == -EBADMSG, "case %zu: %d", i, r);
		ck_assert_uint_eq(memory.total_bytes, 7);
	}
}
END_TEST

START_TEST(test_memory_live)
{
	HostMemory memory;
	struct sysinfo info;
	ck_assert_int_eq(host_memory_read(&memory), 0);
	ck_assert_int_eq(sysinfo(&info), 0);
	uint64_t total = (uint64_t)info.totalram * info.mem_unit;
	ck_assert_uint_eq(memory.total_bytes, total / 1024 * 1024);
	ck_assert_uint_gt(memory.available_bytes, 0);
	ck_assert_uint_le(memory.available_bytes, memory.total_bytes);
	ck_assert_uint_gt(memory.tcp_pressure_bytes, 0);
	ck_assert_uint_lt(memory.tcp_pressure_bytes, memory.total_bytes);
}
END_TEST

START_TEST(test_identity_live)
{
	HostIdentity a, b;
	struct utsname name;
	ck_assert_int_eq(host_identity_read(&a), 0);
	ck_assert_int_eq(host_identity_read(&b), 0);
	ck_assert_int_eq(uname(&name), 0);
	ck_assert_uint_eq(strlen(a.boot_id), 36);
	ck_assert_str_eq(a.boot_id, b.boot_id);
	ck_assert_str_eq(a.kernel, name.release);
	ck_assert_uint_eq(a.netns, b.netns);
	ck_assert_uint_ne(a.netns, 0);
	ck_assert(a.initial_netns == b.initial_netns);

	/* Recent kernels give the initial namespace a fixed inode (NET_NS_INIT_INO). */
	struct stat status;
	ck_assert_int_eq(stat("/proc/self/ns/net", &status), 0);
	if (status.st_ino == 0xEFFFFFF9U)
		ck_assert(a.initial_netns);
}
END_TEST

START_TEST(test_identity_of_child)
{
	HostIdentity outside, inside;
	HostMemory memory;
	ck_assert_int_eq(host_identity_read(&outside), 0);
	/* Check forks each test, so the namespace ends with this process. */
	if (unshare(CLONE_NEWNET) < 0) {
		HARNESS_SKIP("no network namespace may be made");
	}
	ck_assert_int_eq(host_identity_read(&inside), 0);
	ck_assert(!inside.initial_netns);
	ck_assert_uint_ne(inside.netns, outside.netns);
	ck_assert_str_eq(inside.boot_id, outside.boot_id);
	ck_assert_int_eq(host_memory_read(&memory), 0);
	ck_assert(!memory.tcp_pressure_known);
	ck_assert_uint_eq(memory.tcp_pressure_bytes, memory.total_bytes / 16);
}
END_TEST

HARNESS_MAIN("host", {
	HARNESS_CASE(suite, "parse", test_parse, test_parse_without_tcp_mem,
		     test_parse_moved_columns, test_parse_bad);
	HARNESS_CASE(suite, "live", test_memory_live, test_identity_live, test_identity_of_child);
})
