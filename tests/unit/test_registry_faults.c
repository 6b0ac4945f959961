/* SPDX-License-Identifier: MIT */
/*
 * Every write and every read may fail, half or wholly, and an administrator may be at work at any
 * moment: what is not ours stays, what is ours goes back.
 */
#include "tests/unit/registry_fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <string.h>

#include "common/base.h"
#include "tests/unit/harness.h"

/* Failing writes */

static const FakeSysctlFault faults[] = {FAKE_SYSCTL_UNTOUCHED, FAKE_SYSCTL_APPLIED,
					 FAKE_SYSCTL_HALF, FAKE_SYSCTL_IGNORED};
static const int errors[] = {EPERM, EACCES, EINVAL, ENOENT, EROFS, EIO, ENOSPC, EBUSY};

START_TEST(test_each_write_may_fail)
{
	TunableChange all[] = {
		fixture_change_of(TUNABLE_TCP_RMEM, RMEM_NEW),
		fixture_change_of(TUNABLE_TCP_CONGESTION_CONTROL, "bbr"),
		fixture_change_of(TUNABLE_TCP_FASTOPEN, "3"),
		fixture_change_of(TUNABLE_TCP_WMEM, "8192 65536 8388608"),
	};
	const size_t n_errors = ARRAY_SIZE(errors), n_faults = ARRAY_SIZE(faults);

	for (size_t i = 0; i < ARRAY_SIZE(all) * n_errors * n_faults; i++) {
		FakeSysctlFault fault = faults[i % n_faults];
		int error = errors[i / n_faults % n_errors];
		unsigned nth = (unsigned)(i / n_faults / n_errors) + 1;

		fake_sysctl_fail_write(fixture.fake, nth, error, fault);
		ck_assert_int_eq(registry_apply(fixture.registry, all, 4, 5, NULL, 0),
				 fault == FAKE_SYSCTL_IGNORED ? -EIO : -error);
		fixture_assert_value(RMEM, RMEM_OLD);
		fixture_assert_value(WMEM, "4096 16384 4194304");
		fixture_assert_value(CC, "cubic");
		fixture_assert_value(TFO, "1");
		for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++)
			ck_assert_uint_eq(fixture_state_of(id)->owner, OWNER_HOST);
		ck_assert(!fixture_journal_exists());
		ck_assert_uint_gt(fixture.n_reports, 0);
		fixture.n_reports = 0;
		fake_sysctl_clear_log(fixture.fake);
	}
	ck_assert_int_eq(registry_apply(fixture.registry, all, 4, 5, NULL, 0), 0);
}
END_TEST

/* The same on top of a change that stands: back to that, not to the original. */
START_TEST(test_failure_goes_back_to_before)
{
	TunableChange two[] = {fixture_change_of(TUNABLE_TCP_RMEM, "4096 262144 25165824"),
			       fixture_change_of(TUNABLE_TCP_WMEM, WMEM_NEW)};

	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 1), 0);
	fixture.n_reports = 0;
	fake_sysctl_fail_key(fixture.fake, WMEM, EINVAL, FAKE_SYSCTL_UNTOUCHED);
	ck_assert_int_eq(registry_apply(fixture.registry, two, 2, 2, NULL, 0), -EINVAL);
	fixture_assert_value(RMEM, RMEM_NEW);
	ck_assert_uint_eq(fixture_state_of(TUNABLE_TCP_RMEM)->owner, OWNER_NETOPT);
	ck_assert_uint_eq(fixture_state_of(TUNABLE_TCP_RMEM)->change_id, 1);
	fixture_assert_reports(
		"WRITTEN tcp_rmem: 4096 262144 12582912 > 4096 262144 25165824 #2 0",
		"FAILED tcp_wmem: 4096 16384 4194304 > 4096 16384 8388608 #2 -22",
		"WRITTEN tcp_rmem: 4096 262144 25165824 > 4096 262144 12582912 #2 0");
	ck_assert_int_eq(registry_refresh(fixture.registry), 0);
	fixture_crash();
	fixture_start();
	fixture_assert_value(RMEM, RMEM_OLD);
	fixture_assert_reports(
		"RESTORED tcp_rmem: 4096 262144 12582912 > 4096 131072 6291456 #1 0");
}
END_TEST

/* What the kernel will not take back stays ours, in the journal, for the next attempt. */
START_TEST(test_undo_fails_too)
{
	fake_sysctl_fail_key(fixture.fake, RMEM, EINVAL, FAKE_SYSCTL_HALF);
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, "8192 262144 12582912", 1), -EINVAL);
	/* HALF puts the first number back, and that was the only one changed. */
	fixture_assert_value(RMEM, RMEM_OLD);
	ck_assert(!fixture_journal_exists());
	fixture.n_reports = 0;

	/* A kernel that takes the value, says no, and then refuses all. */
	fake_sysctl_fail_key(fixture.fake, RMEM, EPERM, FAKE_SYSCTL_UNTOUCHED);
	fake_sysctl_fail_write(fixture.fake, 1, EINVAL, FAKE_SYSCTL_APPLIED);
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 1), -EINVAL);
	fixture_assert_reports("FAILED tcp_rmem: 4096 131072 6291456 > 4096 262144 12582912 #1 -22",
			       "FAILED tcp_rmem: 4096 262144 12582912 > 4096 131072 6291456 #1 -1");
	ck_assert_uint_eq(fixture_state_of(TUNABLE_TCP_RMEM)->owner, OWNER_NETOPT);
	ck_assert_int_eq(registry_restore_all(fixture.registry), -EPERM);
	ck_assert(fixture_journal_exists());
	fixture_crash();
	fixture_start(); /* not yet either */
	ck_assert_uint_eq(fixture_state_of(TUNABLE_TCP_RMEM)->owner, OWNER_NETOPT);
	fixture_crash();
	fake_sysctl_fail_key(fixture.fake, RMEM, 0, FAKE_SYSCTL_UNTOUCHED);
	fixture_start();
	fixture_assert_value(RMEM, RMEM_OLD);
	ck_assert(!fixture_journal_exists());
}
END_TEST

/* One failure of the kernel does not leave our value behind. */
START_TEST(test_restore_tries_again)
{
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, "8192 262144 12582912", 1), 0);
		fake_sysctl_fail_write(fixture.fake, 1, EINVAL, faults[i]);
		ck_assert_int_eq(registry_restore_all(fixture.registry), 0);
		fixture_assert_value(RMEM, RMEM_OLD);
		ck_assert(!fixture_journal_exists());
	}
}
END_TEST

START_TEST(test_restore_half_applied)
{
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, "8192 262144 12582912", 1), 0);
	/* Both attempts stop half way; a later one, of another process, must know the mixture. */
	fake_sysctl_fail_key(fixture.fake, RMEM, EINVAL, FAKE_SYSCTL_HALF);
	ck_assert_int_eq(registry_restore_all(fixture.registry), -EINVAL);
	fixture_assert_value(RMEM, "4096 262144 12582912");
	ck_assert_int_eq(registry_refresh(fixture.registry), 0);
	fixture_crash();
	fake_sysctl_fail_key(fixture.fake, RMEM, 0, FAKE_SYSCTL_UNTOUCHED);
	fixture_start();
	fixture_assert_value(RMEM, RMEM_OLD);
}
END_TEST

static jmp_buf death;

static void die_after_write(FakeSysctl *tree, FakeSysctlPhase phase, const char *key,
			    const char *value, void *context)
{
	(void)tree, (void)key, (void)value, (void)context;
	if (phase == FAKE_SYSCTL_AFTER)
		longjmp(death, 1);
}

/* Killed between a write that half failed and its undoing. */
START_TEST(test_killed_half_way)
{
	fake_sysctl_fail_write(fixture.fake, 1, EINVAL, FAKE_SYSCTL_HALF);
	fake_sysctl_set_hook(fixture.fake, die_after_write, NULL);
	if (setjmp(death) == 0) {
		(void)fixture_apply_one(TUNABLE_TCP_RMEM, "8192 262144 12582912", 1);
		ck_abort_msg("the write did not happen");
	}
	fake_sysctl_set_hook(fixture.fake, NULL, NULL);
	fixture_assert_value(RMEM, "8192 131072 6291456");
	fixture_crash();
	fixture_start();
	fixture_assert_value(RMEM, RMEM_OLD);
	fixture_assert_reports("RESTORED tcp_rmem: 8192 131072 6291456 > 4096 131072 6291456 #1 0");
}
END_TEST

START_TEST(test_reads_may_fail)
{
	/* Every read of an apply in turn: whatever is not known is undone. */
	for (unsigned n = 1; n <= 3; n++) {
		fake_sysctl_fail_read(fixture.fake, n, EIO);
		int r = fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 1);
		ck_assert_msg(r == -EIO || r == 0, "%u: %d", n, r);
		fake_sysctl_fail_read(fixture.fake, 0, 0);
		fixture_assert_value(RMEM, r == 0 ? RMEM_NEW : RMEM_OLD);
		ck_assert_int_eq(registry_refresh(fixture.registry), 0);
		ck_assert_int_eq(registry_restore_all(fixture.registry), 0);
		fixture_assert_value(RMEM, RMEM_OLD);
	}
}
END_TEST

/* Somebody else */

START_TEST(test_foreign_before_apply)
{
	fake_sysctl_set(fixture.fake, RMEM, "4096\t87380\t5000000");
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), REGISTRY_REFUSED);
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), REGISTRY_REFUSED);
	fixture_assert_reports("FOREIGN tcp_rmem: 4096 131072 6291456 > 4096 87380 5000000 #0 0");
	ck_assert_int_eq(fixture_restore_one(TUNABLE_TCP_RMEM), REGISTRY_REFUSED);
	ck_assert_int_eq(registry_restore_all(fixture.registry), 0);
	fixture_assert_untouched();
	fixture_assert_reports();
}
END_TEST

START_TEST(test_foreign_after_apply)
{
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), 0);
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_WMEM, WMEM_NEW, 8), 0);
	fake_sysctl_set(fixture.fake, RMEM, "4096\t87380\t5000000");
	fixture.n_reports = 0;
	ck_assert_int_eq(registry_refresh(fixture.registry), 1);
	ck_assert_int_eq(registry_refresh(fixture.registry), 0);
	fake_sysctl_set(fixture.fake, RMEM, "4096\t87380\t6000000");
	ck_assert_int_eq(registry_refresh(fixture.registry), 0); /* still theirs: said once */
	fixture_assert_reports("FOREIGN tcp_rmem: 4096 262144 12582912 > 4096 87380 5000000 #7 0");
	ck_assert_int_eq(registry_restore_all(fixture.registry), REGISTRY_REFUSED);
	fixture_assert_value(RMEM, "4096 87380 6000000");
	fixture_assert_value(WMEM, "4096 16384 4194304");
	fixture_assert_reports(
		"LEFT_ALONE tcp_rmem: 4096 262144 12582912 > 4096 87380 6000000 #7 0",
		"RESTORED tcp_wmem: 4096 16384 8388608 > 4096 16384 4194304 #8 0");
}
END_TEST

/* Nobody looked between the change and the stop: the restore itself finds it. */
START_TEST(test_foreign_found_by_restore)
{
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), 0);
	fake_sysctl_set(fixture.fake, RMEM, "4096\t200000\t9000000");
	fixture.n_reports = 0;
	ck_assert_int_eq(registry_restore_all(fixture.registry), REGISTRY_REFUSED);
	fixture_assert_value(RMEM, "4096 200000 9000000");
	fixture_assert_reports(
		"FOREIGN tcp_rmem: 4096 262144 12582912 > 4096 200000 9000000 #7 0",
		"LEFT_ALONE tcp_rmem: 4096 262144 12582912 > 4096 200000 9000000 #7 0");
	ck_assert(!fixture_journal_exists());
}
END_TEST

/* Putting the original or even our own value back by hand does not give it back to us. */
START_TEST(test_foreign_stays_foreign)
{
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), 0);
	fake_sysctl_set(fixture.fake, RMEM, RMEM_OLD);
	ck_assert_int_eq(registry_refresh(fixture.registry), 1);
	fake_sysctl_set(fixture.fake, RMEM, RMEM_NEW);
	ck_assert_int_eq(registry_refresh(fixture.registry), 0);
	ck_assert_uint_eq(fixture_state_of(TUNABLE_TCP_RMEM)->owner, OWNER_FOREIGN);
	ck_assert_int_eq(registry_restore_all(fixture.registry), REGISTRY_REFUSED);
	fixture_assert_value(RMEM, RMEM_NEW);
	ck_assert(!fixture_journal_exists());
}
END_TEST

START_TEST(test_release)
{
	ck_assert_int_eq(registry_release(fixture.registry, TUNABLE_TCP_RMEM), 0);
	ck_assert_int_eq(registry_release(fixture.registry, _TUNABLES), -EINVAL);
	ck_assert_int_eq(registry_release(fixture.registry, TUNABLE_ROUTE_CONGCTL), -EINVAL);
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), 0);
	ck_assert_int_eq(registry_release(fixture.registry, TUNABLE_TCP_RMEM), 0);
	ck_assert_uint_eq(fixture_state_of(TUNABLE_TCP_RMEM)->owner, OWNER_NETOPT);
	fake_sysctl_set(fixture.fake, RMEM, "4096\t87380\t5000000");
	ck_assert_int_eq(registry_refresh(fixture.registry), 1);
	fake_sysctl_fail_read(fixture.fake, 1, EIO);
	ck_assert_int_eq(registry_release(fixture.registry, TUNABLE_TCP_RMEM), -EIO);
	ck_assert_int_eq(registry_release(fixture.registry, TUNABLE_TCP_RMEM), 0);
	ck_assert_uint_eq(fixture_state_of(TUNABLE_TCP_RMEM)->owner, OWNER_HOST);
	ck_assert_int_eq(registry_restore_all(fixture.registry), 0);
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 8), 0);
	ck_assert_int_eq(registry_restore_all(fixture.registry), 0);
	fixture_assert_value(RMEM, "4096 87380 5000000");
}
END_TEST

/* At the very moment of our write. */
typedef struct Intruder {
	FakeSysctlPhase phase;
	const char *key, *value;
	unsigned after; /* this many writes */
} Intruder;

static void intrude(FakeSysctl *tree, FakeSysctlPhase phase, const char *key, const char *value,
		    void *context)
{
	Intruder *intruder = context;

	(void)value;
	if (phase == intruder->phase && strcmp(key, intruder->key) == 0 && intruder->after-- == 0)
		fake_sysctl_set(tree, key, intruder->value);
}

START_TEST(test_foreign_during_verify)
{
	TunableChange two[] = {fixture_change_of(TUNABLE_TCP_WMEM, WMEM_NEW),
			       fixture_change_of(TUNABLE_TCP_RMEM, RMEM_NEW)};
	Intruder intruder = {FAKE_SYSCTL_AFTER, RMEM, "4096 87380 5000000", 0};

	fake_sysctl_set_hook(fixture.fake, intrude, &intruder);
	ck_assert_int_eq(registry_apply(fixture.registry, two, 2, 4, NULL, 0), -EBUSY);
	fixture_assert_value(RMEM, "4096 87380 5000000");
	fixture_assert_value(WMEM, "4096 16384 4194304");
	ck_assert_uint_eq(fixture_state_of(TUNABLE_TCP_RMEM)->owner, OWNER_FOREIGN);
	ck_assert_uint_eq(fixture_state_of(TUNABLE_TCP_WMEM)->owner, OWNER_HOST);
	ck_assert(!fixture_journal_exists());
	ck_assert_int_eq(registry_restore_all(fixture.registry), 0);
	fixture_assert_value(RMEM, "4096 87380 5000000");
}
END_TEST

/* Between the plan and the write: the second of two, while the first is being written. */
static void intrude_rmem(FakeSysctl *tree, FakeSysctlPhase phase, const char *key,
			 const char *value, void *context)
{
	(void)phase, (void)value, (void)context;
	if (strcmp(key, WMEM) == 0)
		fake_sysctl_set(tree, RMEM, "4096 87380 5000000");
}

START_TEST(test_foreign_just_before_write)
{
	TunableChange two[] = {fixture_change_of(TUNABLE_TCP_WMEM, WMEM_NEW),
			       fixture_change_of(TUNABLE_TCP_RMEM, RMEM_NEW)};

	fake_sysctl_set_hook(fixture.fake, intrude_rmem, NULL);
	ck_assert_int_eq(registry_apply(fixture.registry, two, 2, 4, NULL, 0), -EBUSY);
	for (size_t i = 0; i < fake_sysctl_writes(fixture.fake); i++)
		ck_assert_str_eq(fake_sysctl_write_at(fixture.fake, i)->key, WMEM);
	fixture_assert_value(RMEM, "4096 87380 5000000");
	fixture_assert_value(WMEM, "4096 16384 4194304");
}
END_TEST

START_TEST(test_foreign_during_restore)
{
	Intruder intruder = {FAKE_SYSCTL_AFTER, RMEM, "4096 87380 5000000", 1};

	fake_sysctl_set_hook(fixture.fake, intrude, &intruder);
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), 0);
	ck_assert_int_eq(registry_restore_all(fixture.registry), REGISTRY_REFUSED);
	fixture_assert_value(RMEM, "4096 87380 5000000");
	ck_assert_uint_eq(fixture_state_of(TUNABLE_TCP_RMEM)->owner, OWNER_FOREIGN);
}
END_TEST

START_TEST(test_foreign_during_rollback)
{
	TunableChange two[] = {fixture_change_of(TUNABLE_TCP_RMEM, RMEM_NEW),
			       fixture_change_of(TUNABLE_TCP_WMEM, WMEM_NEW)};
	Intruder intruder = {FAKE_SYSCTL_AFTER, RMEM, "4096 87380 5000000", 1};

	fake_sysctl_set_hook(fixture.fake, intrude, &intruder);
	fake_sysctl_fail_key(fixture.fake, WMEM, EINVAL, FAKE_SYSCTL_UNTOUCHED);
	ck_assert_int_eq(registry_apply(fixture.registry, two, 2, 7, NULL, 0), -EINVAL);
	fixture_assert_value(RMEM, "4096 87380 5000000");
	ck_assert_uint_eq(fixture_state_of(TUNABLE_TCP_RMEM)->owner, OWNER_FOREIGN);
	ck_assert(!fixture_journal_exists());
}
END_TEST

START_TEST(test_absent_later)
{
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), 0);
	fixture.n_reports = 0;
	fake_sysctl_remove(fixture.fake, RMEM);
	ck_assert_int_eq(registry_refresh(fixture.registry), 0);
	ck_assert(!fixture_state_of(TUNABLE_TCP_RMEM)->present);
	ck_assert_int_eq(registry_restore_all(fixture.registry), -ENOENT);
	ck_assert(fixture_journal_exists());
	fake_sysctl_set(fixture.fake, RMEM, RMEM_NEW);
	ck_assert_int_eq(registry_restore_all(fixture.registry), 0);
	fixture_assert_value(RMEM, RMEM_OLD);
}
END_TEST

HARNESS_MAIN("registry_faults",
	     FIXTURE_CASE(suite, "failure", fixture_setup, test_each_write_may_fail,
			  test_failure_goes_back_to_before, test_undo_fails_too,
			  test_restore_tries_again, test_restore_half_applied, test_killed_half_way,
			  test_reads_may_fail);
	     FIXTURE_CASE(suite, "foreign", fixture_setup, test_foreign_before_apply,
			  test_foreign_after_apply, test_foreign_found_by_restore,
			  test_foreign_stays_foreign, test_release, test_foreign_during_verify,
			  test_foreign_just_before_write, test_foreign_during_restore,
			  test_foreign_during_rollback, test_absent_later);)
