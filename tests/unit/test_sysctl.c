/* SPDX-License-Identifier: MIT */
/*
 * The comparison, the refusal of keys and the verified write on the tree in memory; the tree's own
 * quirks by a table; and the same table on the real kernel in a network namespace made for it,
 * which keeps the fake honest.
 */
#include "daemon/kern/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <string.h>
#include <unistd.h>

#include "common/base.h"
#include "tests/unit/fake_sysctl.h"
#include "tests/unit/harness.h"

#define RMEM "net.ipv4.tcp_rmem"
#define CC   "net.ipv4.tcp_congestion_control"
#define LIST "net.ipv4.tcp_allowed_congestion_control"

START_TEST(test_values_equal)
{
	static const char *const equal[][2] = {
		{"", ""},
		{"", " \t\n"},
		{"1", " 1 "},
		{"4096\t131072\t6291456", "4096 131072 6291456"},
		{"4096  131072\t 6291456\n", " 4096\t131072 6291456"},
		{"reno cubic", "reno\tcubic"},
	};
	static const char *const different[][2] = {
		{"", "0"},
		{"1", "10"},
		{"10", "1"},
		{"1 2", "12"},
		{"12", "1 2"},
		{"1 2", "1 2 3"},
		{"1 2 3", "1 2"},
		{"bbr", "BBR"},
		{"1 ", "1 2"},
		{"01", "1"},
		{"reno cubic", "cubic reno"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(equal); i++) {
		ck_assert_msg(sysctl_values_equal(equal[i][0], equal[i][1]), "%s", equal[i][0]);
		ck_assert_msg(sysctl_values_equal(equal[i][1], equal[i][0]), "%s", equal[i][0]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(different); i++) {
		ck_assert_msg(!sysctl_values_equal(different[i][0], different[i][1]), "%s|%s",
			      different[i][0], different[i][1]);
		ck_assert(!sysctl_values_equal(different[i][1], different[i][0]));
	}
}
END_TEST

static char long_key[300];

START_TEST(test_keys_refused)
{
	memset(long_key, 'a', sizeof(long_key) - 1);
	memcpy(long_key, "net.", 4);
	static const char *const keys[] = {
		"",
		"net",
		"net.",
		"net..",
		"net..ipv4",
		"net.ipv4.",
		".net.ipv4.tcp_rmem",
		"kernel.pid_max",
		"vm.overcommit_memory",
		"network.x",
		"net/ipv4/tcp_rmem",
		"net.ipv4/tcp_rmem",
		"net.ipv4.../tcp_rmem",
		"net.ipv4.tcp_rmem/",
		"/proc/sys/net/ipv4/tcp_rmem",
		"net.ipv4.tcp_rmem\n",
		"net.ipv4.tcp_rmem ",
		"net.ipv4.TCP_RMEM",
		"net.ipv4.tcp\\rmem",
		"net.ipv4.\xc3\xa9",
		"NET.ipv4.tcp_rmem",
		long_key,
	};
	char buffer[SYSCTL_VALUE_MAX] = "untouched";
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		ck_assert_msg(sysctl_read(&sysctl_kernel, keys[i], buffer, sizeof(buffer)) ==
				      -EINVAL,
			      "read %s", keys[i]);
		ck_assert_msg(sysctl_kernel.write(NULL, keys[i], "1") == -EINVAL, "write %s",
			      keys[i]);
		ck_assert_msg(!sysctl_writable(&sysctl_kernel, keys[i]), "writable %s", keys[i]);
	}
	ck_assert_str_eq(buffer, "untouched");
}
END_TEST

START_TEST(test_kernel_read)
{
	char value[SYSCTL_VALUE_MAX], direct[SYSCTL_VALUE_MAX] = "";
	_cleanup_close_ int fd = open("/proc/sys/net/ipv4/tcp_rmem", O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(read(fd, direct, sizeof(direct) - 1), 5);
	direct[strcspn(direct, "\n")] = '\0';

	ck_assert_int_eq(sysctl_read(&sysctl_kernel, RMEM, value, sizeof(value)), 0);
	ck_assert_str_eq(value, direct);
	/* Fits with its terminator, and not one byte less. */
	ck_assert_int_eq(sysctl_read(&sysctl_kernel, RMEM, value, strlen(direct) + 1), 0);
	ck_assert_str_eq(value, direct);
	value[0] = 'u';
	ck_assert_int_eq(sysctl_read(&sysctl_kernel, RMEM, value, strlen(direct)), -EMSGSIZE);
	ck_assert_int_eq(value[0], 'u');
	ck_assert_int_eq(sysctl_read(&sysctl_kernel, "net.ipv4.no_such_key", value, sizeof(value)),
			 -ENOENT);
	ck_assert(!sysctl_writable(&sysctl_kernel, "net.ipv4.no_such_key"));
	ck_assert_int_lt(sysctl_read(&sysctl_kernel, "net.ipv4", value, sizeof(value)), 0);
}
END_TEST

START_TEST(test_write_too_long)
{
	char value[2 * SYSCTL_VALUE_MAX];
	memset(value, '1', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	/* A key that does not exist: were the length not checked first, it would be -ENOENT. */
	ck_assert_int_eq(sysctl_kernel.write(NULL, "net.ipv4.no_such_key", value), -EMSGSIZE);
	value[SYSCTL_VALUE_MAX - 1] = '\0';
	ck_assert_int_eq(sysctl_kernel.write(NULL, "net.ipv4.no_such_key", value), -ENOENT);
}
END_TEST

/* What one write does to a key that held `before`; measured on Linux 6.18. */
typedef struct Quirk {
	const char *key, *before, *value;
	int result;
	const char *after;
} Quirk;

#define SACK   "net.ipv4.tcp_sack"
#define TFO    "net.ipv4.tcp_fastopen"
#define LOWAT  "net.ipv4.tcp_notsent_lowat"
#define BEFORE "4096 131072 6291456"

static const Quirk quirks[] = {
	{RMEM, BEFORE, "9 5 3", 0, "9 5 3"},
	{RMEM, BEFORE, "1 2", 0, "1 2 6291456"},
	{RMEM, BEFORE, "7", 0, "7 131072 6291456"},
	{RMEM, BEFORE, "1 2 99999999999", -EINVAL, "1 2 6291456"},
	{RMEM, BEFORE, "1 2 2147483648", -EINVAL, "1 2 6291456"},
	{RMEM, BEFORE, "1 2 2147483647", 0, "1 2 2147483647"},
	{RMEM, BEFORE, "0 1 2", -EINVAL, BEFORE},
	{RMEM, BEFORE, "5 -1 7", -EINVAL, "5 131072 6291456"},
	{RMEM, BEFORE, "1 2 3 77", -EIO, "1 2 3"},
	{RMEM, BEFORE, "1 2 3 x", -EIO, "1 2 3"},
	{RMEM, BEFORE, "7 8 9x", -EINVAL, "7 8 6291456"},
	{RMEM, BEFORE, "7 8 x", -EINVAL, "7 8 6291456"},
	{RMEM, BEFORE, "x 8 9", -EINVAL, BEFORE},
	{RMEM, BEFORE, "0x1000 010 9", 0, "4096 8 9"},
	{RMEM, BEFORE, " 1\t2  3 ", 0, "1 2 3"},
	{RMEM, BEFORE, "", -EINVAL, BEFORE},
	{TFO, "1", "99999", 0, "99999"},
	{TFO, "1", "-1", 0, "-1"},
	{TFO, "1", "3 0", -EIO, "3"},
	{TFO, "1", "0x3", 0, "3"},
	{TFO, "1", "3x", -EINVAL, "1"},
	{TFO, "1", "4294967295", -EINVAL, "1"},
	{SACK, "1", "99", 0, "99"},
	{SACK, "1", "255", 0, "255"},
	{SACK, "1", "256", -EINVAL, "1"},
	{SACK, "1", "-1", -EINVAL, "1"},
	{SACK, "1", "0 1", 0, "0"},
	{SACK, "1", "abc", -EINVAL, "1"},
	{SACK, "1", "", -EINVAL, "1"},
	{LOWAT, "1", "4294967295", 0, "4294967295"},
	{LOWAT, "1", "4294967296", -EINVAL, "1"},
	{LOWAT, "1", "-5", -EINVAL, "1"},
	{CC, "reno", "no_such_name", -ENOENT, "reno"},
	{CC, "reno", "CUBIC", -ENOENT, "reno"},
	{CC, "reno", " reno", -ENOENT, "reno"},
	{CC, "reno", "cubic reno", -ENOENT, "reno"},
	{CC, "reno", "", -ENOENT, "reno"},
	{CC, "reno", "reno\nx", 0, "reno"},
};

/* Returns false if the key cannot be tried here (absent from this kernel). */
static bool check_quirk(const SysctlOps *ops, const Quirk *quirk)
{
	char value[SYSCTL_VALUE_MAX];
	if (ops->read(ops->context, quirk->key, value, sizeof(value)) == -ENOENT)
		return false;
	ck_assert_int_eq(ops->write(ops->context, quirk->key, quirk->before), 0);
	int r = ops->write(ops->context, quirk->key, quirk->value);
	ck_assert_msg(r == quirk->result, "%s '%s': %d, expected %d", quirk->key, quirk->value, r,
		      quirk->result);
	ck_assert_int_eq(ops->read(ops->context, quirk->key, value, sizeof(value)), 0);
	ck_assert_msg(sysctl_values_equal(value, quirk->after), "%s '%s': now '%s', expected '%s'",
		      quirk->key, quirk->value, value, quirk->after);
	return true;
}

START_TEST(test_fake_quirks)
{
	FakeSysctl *fake = fake_sysctl_new();
	SysctlOps ops = fake_sysctl_ops(fake);
	for (size_t i = 0; i < ARRAY_SIZE(quirks); i++)
		ck_assert(check_quirk(&ops, &quirks[i]));
	fake_sysctl_free(fake);
}
END_TEST

START_TEST(test_kernel_quirks)
{
	/* Check forks each test, so the namespace ends with this process. */
	if (unshare(CLONE_NEWNET) < 0) {
		HARNESS_SKIP("no network namespace may be made");
	}
	if (!sysctl_writable(&sysctl_kernel, RMEM)) {
		HARNESS_SKIP("/proc/sys/net is read-only here");
	}
	for (size_t i = 0; i < ARRAY_SIZE(quirks); i++)
		if (!check_quirk(&sysctl_kernel, &quirks[i]))
			printf("# skipped: this kernel has no %s\n", quirks[i].key);

	char readback[SYSCTL_VALUE_MAX];
	ck_assert_int_eq(sysctl_write_verified(&sysctl_kernel, RMEM, "4096 5000 6000", readback),
			 0);
	ck_assert_str_eq(readback, "4096\t5000\t6000");
	ck_assert(!sysctl_writable(&sysctl_kernel, LIST));
	ck_assert_int_eq(sysctl_kernel.write(NULL, LIST, "reno"), -EACCES);
}
END_TEST

static FakeSysctl *fake;
static SysctlOps ops;
static char readback[SYSCTL_VALUE_MAX];

static void setup(void)
{
	fake = fake_sysctl_new();
	ops = fake_sysctl_ops(fake);
	memset(readback, 'x', sizeof(readback));
}

static void teardown(void)
{
	fake_sysctl_free(fake);
}

START_TEST(test_verified)
{
	ck_assert_int_eq(sysctl_write_verified(&ops, RMEM, "4096 131072 33554432", readback), 0);
	ck_assert_str_eq(readback, "4096\t131072\t33554432");
	ck_assert_uint_eq(fake_sysctl_writes(fake), 1);
	ck_assert_str_eq(fake_sysctl_write_at(fake, 0)->key, RMEM);
	ck_assert_str_eq(fake_sysctl_write_at(fake, 0)->value, "4096 131072 33554432");
	ck_assert_int_eq(fake_sysctl_write_at(fake, 0)->result, 0);
}
END_TEST

START_TEST(test_verified_differs)
{
	ck_assert_int_eq(sysctl_write_verified(&ops, RMEM, "1 2", readback), SYSCTL_DIFFERS);
	ck_assert_str_eq(readback, "1\t2\t6291456");
	fake_sysctl_fail_write(fake, 1, 0, FAKE_SYSCTL_IGNORED);
	ck_assert_int_eq(sysctl_write_verified(&ops, TFO, "3", readback), SYSCTL_DIFFERS);
	ck_assert_str_eq(readback, "1");
}
END_TEST

START_TEST(test_verified_half_applied)
{
	int r = sysctl_write_verified(&ops, RMEM, "1 2 99999999999", readback);
	ck_assert_int_eq(r, -EINVAL);
	ck_assert_str_eq(readback, "1\t2\t6291456");
	r = sysctl_write_verified(&ops, RMEM, "4 5 6 7", readback);
	ck_assert_int_eq(r, -EIO);
	ck_assert_str_eq(readback, "4\t5\t6");
}
END_TEST

START_TEST(test_verified_errors)
{
	static const int errors[] = {EPERM, EACCES, EINVAL, ENOENT, EROFS, EIO, ENOSPC, ENOMEM};
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		fake_sysctl_set(fake, RMEM, "1\t2\t3");
		fake_sysctl_fail_write(fake, 1, errors[i], FAKE_SYSCTL_UNTOUCHED);
		ck_assert_int_eq(sysctl_write_verified(&ops, RMEM, "7 8 9", readback), -errors[i]);
		ck_assert_str_eq(readback, "1\t2\t3");
		fake_sysctl_fail_write(fake, 1, errors[i], FAKE_SYSCTL_APPLIED);
		ck_assert_int_eq(sysctl_write_verified(&ops, RMEM, "7 8 9", readback), -errors[i]);
		ck_assert_str_eq(readback, "7\t8\t9");
		fake_sysctl_fail_write(fake, 1, errors[i], FAKE_SYSCTL_HALF);
		ck_assert_int_eq(sysctl_write_verified(&ops, RMEM, "4 5 6", readback), -errors[i]);
		ck_assert_str_eq(readback, "4\t8\t9");
	}
}
END_TEST

START_TEST(test_verified_unreadable)
{
	fake_sysctl_fail_read(fake, 1, EIO);
	ck_assert_int_eq(sysctl_write_verified(&ops, RMEM, "7 8 9", readback), -EIO);
	ck_assert_str_eq(readback, "");
	/* Both fail: the write's error is the one to know. */
	fake_sysctl_fail_read(fake, 1, EIO);
	fake_sysctl_fail_write(fake, 1, EPERM, FAKE_SYSCTL_UNTOUCHED);
	ck_assert_int_eq(sysctl_write_verified(&ops, RMEM, "7 8 9", readback), -EPERM);
	ck_assert_str_eq(readback, "");
	ck_assert_int_eq(sysctl_write_verified(&ops, "net.ipv4.none", "1", readback), -ENOENT);
	ck_assert_str_eq(readback, "");
}
END_TEST

START_TEST(test_fake_congestion)
{
	ck_assert_int_eq(ops.write(ops.context, CC, "bbr"), -EPERM);
	ck_assert_str_eq(fake_sysctl_get(fake, CC), "cubic");
	ck_assert(!sysctl_writable(&ops, LIST));
	ck_assert_int_eq(ops.write(ops.context, LIST, "reno"), -EACCES);

	fake_sysctl_set_initial_netns(fake, true);
	ck_assert_int_eq(ops.write(ops.context, CC, "bbr"), 0);
	ck_assert_str_eq(fake_sysctl_get(fake, CC), "bbr");
	ck_assert_str_eq(fake_sysctl_get(fake, LIST), "reno bbr cubic");
	ck_assert_int_eq(ops.write(ops.context, LIST, "cubic reno"), 0);
	ck_assert_str_eq(fake_sysctl_get(fake, LIST), "reno cubic");
	ck_assert_int_eq(ops.write(ops.context, LIST, "reno vegas"), -ENOENT);
	ck_assert_str_eq(fake_sysctl_get(fake, LIST), "reno cubic");
}
END_TEST

START_TEST(test_fake_orders)
{
	fake_sysctl_fail_write(fake, 3, EIO, FAKE_SYSCTL_UNTOUCHED);
	ck_assert_int_eq(ops.write(ops.context, TFO, "2"), 0);
	ck_assert_int_eq(ops.write(ops.context, TFO, "3"), 0);
	ck_assert_int_eq(ops.write(ops.context, TFO, "1"), -EIO);
	ck_assert_int_eq(ops.write(ops.context, TFO, "1"), 0);
	ck_assert_uint_eq(fake_sysctl_writes(fake), 4);
	ck_assert_int_eq(fake_sysctl_write_at(fake, 2)->result, -EIO);

	fake_sysctl_fail_key(fake, RMEM, EROFS, FAKE_SYSCTL_UNTOUCHED);
	ck_assert_int_eq(ops.write(ops.context, RMEM, "1 2 3"), -EROFS);
	ck_assert_int_eq(ops.write(ops.context, TFO, "1"), 0);
	ck_assert_int_eq(ops.write(ops.context, RMEM, "1 2 3"), -EROFS);
	fake_sysctl_fail_key(fake, RMEM, 0, FAKE_SYSCTL_UNTOUCHED);
	ck_assert_int_eq(ops.write(ops.context, RMEM, "1 2 3"), 0);

	fake_sysctl_remove(fake, TFO);
	ck_assert_ptr_null(fake_sysctl_get(fake, TFO));
	ck_assert_int_eq(ops.write(ops.context, TFO, "1"), -ENOENT);
	fake_sysctl_set(fake, TFO, "1");
	fake_sysctl_set_writable(fake, TFO, false);
	ck_assert(!sysctl_writable(&ops, TFO));
	ck_assert_int_eq(ops.write(ops.context, TFO, "1"), -EACCES);
	char small[4];
	ck_assert_int_eq(sysctl_read(&ops, RMEM, small, sizeof(small)), -EMSGSIZE);
	fake_sysctl_clear_log(fake);
	ck_assert_uint_eq(fake_sysctl_writes(fake), 0);
}
END_TEST

static void admin_hook(FakeSysctl *hooked, FakeSysctlPhase phase, const char *key,
		       const char *value, void *context)
{
	(void)value;
	if (phase == *(FakeSysctlPhase *)context)
		fake_sysctl_set(hooked, key, "5\t5\t5");
}

START_TEST(test_fake_admin)
{
	FakeSysctlPhase phase = FAKE_SYSCTL_AFTER;
	fake_sysctl_set_hook(fake, admin_hook, &phase);
	ck_assert_int_eq(sysctl_write_verified(&ops, RMEM, "1 2 3", readback), SYSCTL_DIFFERS);
	ck_assert_str_eq(readback, "5\t5\t5");
	phase = FAKE_SYSCTL_BEFORE;
	ck_assert_int_eq(sysctl_write_verified(&ops, RMEM, "1 2", readback), SYSCTL_DIFFERS);
	ck_assert_str_eq(readback, "1\t2\t5");
}
END_TEST

static jmp_buf death;

static void death_hook(FakeSysctl *hooked, FakeSysctlPhase phase, const char *key,
		       const char *value, void *context)
{
	(void)hooked, (void)key, (void)value;
	if (phase == *(FakeSysctlPhase *)context)
		longjmp(death, 1);
}

START_TEST(test_fake_death)
{
	static FakeSysctlPhase phase;
	static const char *const left[] = {
		[FAKE_SYSCTL_BEFORE] = "4096\t131072\t6291456", [FAKE_SYSCTL_AFTER] = "1\t2\t3"};
	fake_sysctl_set_hook(fake, death_hook, &phase);
	for (phase = FAKE_SYSCTL_BEFORE; phase <= FAKE_SYSCTL_AFTER; phase++) {
		if (setjmp(death) == 0) {
			(void)sysctl_write_verified(&ops, RMEM, "1 2 3", readback);
			ck_abort_msg("the writer survived");
		}
		ck_assert_str_eq(fake_sysctl_get(fake, RMEM), left[phase]);
	}
}
END_TEST

HARNESS_MAIN("sysctl", {
	HARNESS_CASE(suite, "compare", test_values_equal);
	HARNESS_CASE(suite, "kernel", test_keys_refused, test_kernel_read, test_write_too_long,
		     test_kernel_quirks);
	HARNESS_CASE(suite, "quirks", test_fake_quirks);
	TCase *fixture = tcase_create("fake");
	tcase_add_checked_fixture(fixture, setup, teardown);
	tcase_add_test(fixture, test_verified);
	tcase_add_test(fixture, test_verified_differs);
	tcase_add_test(fixture, test_verified_half_applied);
	tcase_add_test(fixture, test_verified_errors);
	tcase_add_test(fixture, test_verified_unreadable);
	tcase_add_test(fixture, test_fake_congestion);
	tcase_add_test(fixture, test_fake_orders);
	tcase_add_test(fixture, test_fake_admin);
	tcase_add_test(fixture, test_fake_death);
	suite_add_tcase(suite, fixture);
})
