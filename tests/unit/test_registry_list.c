/* SPDX-License-Identifier: MIT */
/*
 * The congestion control and the list of allowed ones, which the kernel changes behind our back in
 * the init namespace and does not change in a child.
 */
#include "tests/unit/registry_fixture.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "tests/unit/harness.h"

START_TEST(test_list_restored)
{
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "bbr", 2), 0);
	fixture_assert_value(LIST, "reno bbr cubic");
	fixture_assert_reports(
		"WRITTEN tcp_congestion_control: cubic > bbr #2 0",
		"WRITTEN tcp_allowed_congestion_control: reno cubic > reno bbr cubic #2 0");
	ck_assert_int_eq(registry_refresh(fixture.registry), 0);
	ck_assert_int_eq(fixture_restore_one(TUNABLE_TCP_CONGESTION_CONTROL), 0);
	ck_assert_str_eq(fake_sysctl_get(fixture.fake, CC), "cubic");
	ck_assert_str_eq(fake_sysctl_get(fixture.fake, LIST), "reno cubic");
	fixture_assert_reports(
		"RESTORED tcp_congestion_control: bbr > cubic #2 0",
		"RESTORED tcp_allowed_congestion_control: reno bbr cubic > reno cubic #2 0");
	ck_assert(!fixture_journal_exists());
}
END_TEST

START_TEST(test_list_journalled_first)
{
	char expected[] = "\ntunable\t" LIST "\t2\treno cubic\treno cubic bbr\n";

	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "bbr", 2), 0);
	ck_assert_ptr_nonnull(strstr(fixture.disk.durable, expected));
	fixture_crash();
	fixture_start();
	ck_assert_str_eq(fake_sysctl_get(fixture.fake, CC), "cubic");
	ck_assert_str_eq(fake_sysctl_get(fixture.fake, LIST), "reno cubic");
}
END_TEST

/* The original was set before it was allowed: the kernel adds it when we put it back. */
START_TEST(test_list_without_the_original)
{
	fixture_crash();
	fake_sysctl_set(fixture.fake, LIST, "reno");
	for (int death_first = 0; death_first < 2; death_first++) {
		fixture_start();
		ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "reno", 2), 0);
		if (death_first)
			fixture_crash();
		if (death_first)
			fixture_start();
		ck_assert_int_eq(registry_restore_all(fixture.registry), 0);
		ck_assert_str_eq(fake_sysctl_get(fixture.fake, CC), "cubic");
		ck_assert_str_eq(fake_sysctl_get(fixture.fake, LIST), "reno");
		ck_assert(!fixture_journal_exists());
		fixture_crash();
	}
	fixture_start();
}
END_TEST

START_TEST(test_list_switchback)
{
	fixture_crash();
	fake_sysctl_set(fixture.fake, LIST, "cubic");
	fixture_start();
	for (int i = 0; i < 12; i++) {
		static const char *const arms[] = {"bbr", "cubic", "reno", "cubic"};
		ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_CONGESTION_CONTROL, arms[i % 4], 2),
				 0);
		ck_assert_int_eq(registry_refresh(fixture.registry), 0);
		fixture.n_reports = 0;
	}
	fixture_assert_value(LIST, "reno bbr cubic");
	ck_assert_int_eq(registry_restore_all(fixture.registry), 0);
	ck_assert_str_eq(fake_sysctl_get(fixture.fake, LIST), "cubic");
	ck_assert(!fixture_journal_exists());
}
END_TEST

static const FakeSysctlFault faults[] = {FAKE_SYSCTL_UNTOUCHED, FAKE_SYSCTL_APPLIED,
					 FAKE_SYSCTL_HALF, FAKE_SYSCTL_IGNORED};

START_TEST(test_list_undone_with_the_transaction)
{
	TunableChange two[] = {fixture_change_of(TUNABLE_TCP_CONGESTION_CONTROL, "bbr"),
			       fixture_change_of(TUNABLE_TCP_RMEM, RMEM_NEW)};

	for (size_t i = 0; i < ARRAY_SIZE(faults) * 2; i++) {
		FakeSysctlFault fault = faults[i / 2];

		fake_sysctl_fail_write(fixture.fake, 1 + (unsigned)i % 2, EINVAL, fault);
		ck_assert_int_eq(registry_apply(fixture.registry, two, 2, 2, NULL, 0),
				 fault == FAKE_SYSCTL_IGNORED ? -EIO : -EINVAL);
		ck_assert_str_eq(fake_sysctl_get(fixture.fake, CC), "cubic");
		ck_assert_str_eq(fake_sysctl_get(fixture.fake, LIST), "reno cubic");
		ck_assert_str_eq(fake_sysctl_get(fixture.fake, RMEM), RMEM_OLD);
		ck_assert(!fixture_journal_exists());
		for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++)
			ck_assert_uint_eq(fixture_state_of(id)->owner, OWNER_HOST);
	}
}
END_TEST

START_TEST(test_list_of_somebody_else)
{
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "bbr", 2), 0);
	fake_sysctl_set(fixture.fake, LIST, "bbr cubic"); /* neither the original nor ours */
	fixture.n_reports = 0;
	ck_assert_int_eq(registry_refresh(fixture.registry), 1);
	ck_assert_int_eq(registry_restore_all(fixture.registry), REGISTRY_REFUSED);
	ck_assert_str_eq(fake_sysctl_get(fixture.fake, CC), "cubic");
	fixture_assert_value(LIST, "bbr cubic");
	/* To write reno the kernel would change a list that is not ours. */
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "reno", 3),
			 REGISTRY_REFUSED);
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "bbr", 3), 0);
	ck_assert_int_eq(registry_release(fixture.registry, TUNABLE_TCP_CONGESTION_CONTROL), 0);
	ck_assert_uint_eq(fixture_state_of(TUNABLE_TCP_ALLOWED_CONGESTION_CONTROL)->owner,
			  OWNER_HOST);
}
END_TEST

/* What somebody else made the default must not vanish from the list. */
START_TEST(test_list_needed_by_somebody_else)
{
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "bbr", 2), 0);
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "reno", 2), 0);
	fake_sysctl_set(fixture.fake, CC, "bbr");
	ck_assert_int_eq(registry_restore_all(fixture.registry), REGISTRY_REFUSED);
	fixture_assert_value(CC, "bbr");
	fixture_assert_value(LIST, "reno bbr cubic");
	ck_assert(!fixture_journal_exists());
}
END_TEST

START_TEST(test_list_waits_for_its_cause)
{
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "bbr", 2), 0);
	fake_sysctl_fail_key(fixture.fake, CC, ENOENT, FAKE_SYSCTL_UNTOUCHED);
	ck_assert_int_eq(registry_restore_all(fixture.registry), -ENOENT);
	fixture_assert_value(LIST, "reno bbr cubic");
	fixture_crash();
	fake_sysctl_fail_key(fixture.fake, CC, 0, FAKE_SYSCTL_UNTOUCHED);
	fixture_start();
	ck_assert_str_eq(fake_sysctl_get(fixture.fake, CC), "cubic");
	ck_assert_str_eq(fake_sysctl_get(fixture.fake, LIST), "reno cubic");
}
END_TEST

/* A module that is loaded joins the list by itself: nobody took it over. */
START_TEST(test_list_grows_by_itself)
{
	fake_sysctl_set(fixture.fake, LIST, "reno bbr cubic");
	ck_assert_int_eq(registry_refresh(fixture.registry), 0);
	fixture_assert_reports();
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "bbr", 2), 0);
	ck_assert_int_eq(registry_restore_all(fixture.registry), 0);
	fixture_assert_value(LIST, "reno bbr cubic");
}
END_TEST

START_TEST(test_list_that_could_not_be_put_back)
{
	fake_sysctl_set_writable(fixture.fake, LIST, false);
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "bbr", 2),
			 REGISTRY_REFUSED);
	fake_sysctl_set(fixture.fake, LIST, "Not Understood");
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "bbr", 2),
			 REGISTRY_REFUSED);
	fixture_assert_untouched();
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 2), 0);
	/* A kernel without the list has nothing to put back. */
	fake_sysctl_remove(fixture.fake, LIST);
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "bbr", 2), 0);
}
END_TEST

START_TEST(test_child_needs_the_name_allowed)
{
	fake_sysctl_set(fixture.fake, LIST, "reno cubic");
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "bbr", 2), -EPERM);
	fixture_assert_value(CC, "cubic");
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "dctcp", 2), -ENOENT);
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "reno", 2), 0);
	ck_assert_int_eq(registry_restore_all(fixture.registry), 0);
	ck_assert(!fixture_journal_exists());
}
END_TEST

HARNESS_MAIN("registry_list",
	     FIXTURE_CASE(suite, "initial", fixture_setup_initial, test_list_restored,
			  test_list_journalled_first, test_list_without_the_original,
			  test_list_switchback, test_list_undone_with_the_transaction,
			  test_list_of_somebody_else, test_list_needed_by_somebody_else,
			  test_list_waits_for_its_cause, test_list_grows_by_itself,
			  test_list_that_could_not_be_put_back);
	     FIXTURE_CASE(suite, "child", fixture_setup, test_child_needs_the_name_allowed);)
