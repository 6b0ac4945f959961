/* SPDX-License-Identifier: MIT */
/*
 * The life of the registry: as found, applied, restored, kept, refused, recovered; and the promise
 * that no sysctl is written before its original is durable. Failures and other people's changes are
 * in test_registry_faults.c, the list behind the congestion control in test_registry_list.c.
 */
#include "tests/unit/registry_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base.h"
#include "common/text.h"
#include "daemon/tune/journal.h"
#include "tests/unit/harness.h"

/* Lifecycle */

/* What a child namespace does not show at all. */
static bool is_hidden(const Tunable *tunable)
{
	return tunable->scope == TUNABLE_SCOPE_HOST && !strstr(tunable->key, "allowed") &&
	       !strstr(tunable->key, "mem_default") && !strstr(tunable->key, "mem_max");
}

START_TEST(test_found_as_is)
{
	for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++) {
		const TunableState *state = fixture_state_of(id);
		ck_assert(state->owner == OWNER_HOST);
		ck_assert_msg(state->present == !is_hidden(&tunables[id]), "%s", tunables[id].key);
		ck_assert(state->writable == (tunables[id].scope == TUNABLE_SCOPE_NETNS));
		ck_assert(tunable_equal(&state->original, &state->current));
		ck_assert_uint_eq(state->change_id, 0);
	}
	ck_assert_int_eq(registry_restore_all(fixture.registry), 0);
	ck_assert_int_eq(registry_refresh(fixture.registry), 0);
	ck_assert_uint_eq(fake_sysctl_writes(fixture.fake), 0);
	ck_assert(!fixture_journal_exists());
	fixture_assert_reports();
}
END_TEST

START_TEST(test_apply_and_restore)
{
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), 0);
	fixture_assert_value(RMEM, RMEM_NEW);
	ck_assert_uint_eq(fixture_state_of(TUNABLE_TCP_RMEM)->owner, OWNER_NETOPT);
	ck_assert_uint_eq(fixture_state_of(TUNABLE_TCP_RMEM)->change_id, 7);
	ck_assert_uint_eq(fixture_state_of(TUNABLE_TCP_RMEM)->changed_ns, fixture.now_ns);
	ck_assert(fixture_journal_exists());
	fixture_assert_reports("WRITTEN tcp_rmem: 4096 131072 6291456 > 4096 262144 12582912 #7 0");
	/* Once more: nothing to write. */
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), 0);
	ck_assert_uint_eq(fake_sysctl_writes(fixture.fake), 1);
	ck_assert_int_eq(fixture_restore_one(TUNABLE_TCP_RMEM), 0);
	fixture_assert_value(RMEM, RMEM_OLD);
	ck_assert_uint_eq(fixture_state_of(TUNABLE_TCP_RMEM)->owner, OWNER_HOST);
	ck_assert(!fixture_journal_exists());
	fixture_assert_reports(
		"RESTORED tcp_rmem: 4096 262144 12582912 > 4096 131072 6291456 #7 0");
	ck_assert_int_eq(fixture_restore_one(TUNABLE_TCP_RMEM), 0);
	fixture_assert_reports();
}
END_TEST

START_TEST(test_odd_original_comes_back)
{
	fixture_crash();
	fake_sysctl_set(fixture.fake, RMEM, "9\t5\t3");
	fixture_start();
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 1), 0);
	ck_assert_int_eq(registry_restore_all(fixture.registry), 0);
	ck_assert_str_eq(fake_sysctl_get(fixture.fake, RMEM), "9\t5\t3");
}
END_TEST

START_TEST(test_keep)
{
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), 0);
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_WMEM, WMEM_NEW, 8), 0);
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_FASTOPEN, "3", 9), 0);
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_FASTOPEN, "1", 9), 0);
	fake_sysctl_set(fixture.fake, WMEM, "5000\t6000\t7000");
	fixture.n_reports = 0;
	ck_assert_int_eq(registry_keep_all(fixture.registry), 0);
	fixture_assert_reports("FOREIGN tcp_wmem: 4096 16384 8388608 > 5000 6000 7000 #8 0",
			       "KEPT tcp_rmem: 4096 131072 6291456 > 4096 262144 12582912 #7 0");
	ck_assert(!fixture_journal_exists());
	ck_assert_uint_eq(fixture_state_of(TUNABLE_TCP_RMEM)->owner, OWNER_HOST);
	fixture_crash();
	fixture_start();
	fixture_assert_value(RMEM, RMEM_NEW);
	fixture_assert_reports();
}
END_TEST

START_TEST(test_keep_that_cannot_forget)
{
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), 0);
	fixture.n_reports = 0;
	fixture.disk.sync_error = EIO;
	ck_assert_int_eq(registry_keep_all(fixture.registry), -EIO);
	fixture_assert_reports();
	ck_assert_uint_eq(fixture_state_of(TUNABLE_TCP_RMEM)->owner, OWNER_NETOPT);
	fixture.disk.sync_error = 0;
	ck_assert_int_eq(registry_restore_all(fixture.registry), 0);
	fixture_assert_value(RMEM, RMEM_OLD);
	ck_assert(!fixture_journal_exists());
}
END_TEST

/* Refusals: nothing is touched */

START_TEST(test_bad_values)
{
	static const struct {
		TunableId id;
		const char *text;
	} bad[] = {
		{TUNABLE_TCP_RMEM, "9 5 3"},
		{TUNABLE_TCP_RMEM, "4096 131072 99999999999"},
		{TUNABLE_TCP_WMEM, "4096 16384 536870913"},
		{TUNABLE_TCP_FASTOPEN, "99999"},
		{TUNABLE_TCP_FASTOPEN, "-1"},
		{TUNABLE_TCP_CONGESTION_CONTROL, "abcdefghijklmnop"},
	};
	TunableChange two[2] = {fixture_change_of(TUNABLE_TCP_WMEM, WMEM_NEW)};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		ck_assert_int_eq(fixture_apply_one(bad[i].id, bad[i].text, 1), -ERANGE);
		if (bad[i].id == TUNABLE_TCP_WMEM)
			continue;
		two[1] = fixture_change_of(bad[i].id, bad[i].text);
		ck_assert_int_eq(registry_apply(fixture.registry, two, 2, 1, NULL, 0), -ERANGE);
	}
	two[1] = two[0];
	ck_assert_int_eq(registry_apply(fixture.registry, two, 2, 1, NULL, 0), -EINVAL);
	two[1] = fixture_change_of(TUNABLE_ROUTE_INITCWND, "20");
	ck_assert_int_eq(registry_apply(fixture.registry, two, 2, 1, NULL, 0), -EINVAL);
	two[1].id = _TUNABLES;
	ck_assert_int_eq(registry_apply(fixture.registry, two, 2, 1, NULL, 0), -EINVAL);
	ck_assert_int_eq(registry_apply(fixture.registry, NULL, 0, 1, NULL, 0), 0);
	ck_assert_int_eq(registry_restore(fixture.registry, &two[1].id, 1), -EINVAL);
	fixture_assert_untouched();
	fixture_assert_reports();
}
END_TEST

START_TEST(test_refused)
{
	TunableChange two[2] = {fixture_change_of(TUNABLE_TCP_WMEM, WMEM_NEW),
				fixture_change_of(TUNABLE_TCP_RMEM, RMEM_NEW)};
	char reason[200];

	fake_sysctl_set_writable(fixture.fake, RMEM, false);
	ck_assert_int_eq(registry_apply(fixture.registry, two, 2, 1, reason, sizeof(reason)),
			 REGISTRY_REFUSED);
	ck_assert_str_eq(reason, RMEM ": read-only");
	fake_sysctl_remove(fixture.fake, RMEM);
	ck_assert_int_eq(registry_apply(fixture.registry, two, 2, 1, NULL, 0), REGISTRY_REFUSED);
	fake_sysctl_set(fixture.fake, RMEM, "not numbers");
	ck_assert_int_eq(registry_apply(fixture.registry, two, 2, 1, NULL, 0), REGISTRY_REFUSED);
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_ALLOWED_CONGESTION_CONTROL, "reno", 1),
			 REGISTRY_REFUSED);
	fake_sysctl_fail_read(fixture.fake, 1, EIO);
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_WMEM, WMEM_NEW, 1), -EIO);
	fixture_assert_untouched();
	fixture_assert_reports();
}
END_TEST

START_TEST(test_dry_run)
{
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), 0);
	fixture_crash();
	fake_sysctl_clear_log(fixture.fake);
	fixture.params.dry_run = true;
	fixture_start();
	/* Not even the journal of a run that was not dry. */
	fixture_assert_value(RMEM, RMEM_NEW);
	ck_assert(fixture_journal_exists());
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_WMEM, WMEM_NEW, 1), -EPERM);
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_WMEM, "9 5 3", 1), -EPERM);
	ck_assert_int_eq(registry_restore_all(fixture.registry), 0);
	ck_assert_int_eq(registry_keep_all(fixture.registry), 0);
	ck_assert_uint_eq(fake_sysctl_writes(fixture.fake), 0);
	ck_assert(fixture_journal_exists());
	fixture_assert_reports();
}
END_TEST

START_TEST(test_no_journal_no_write)
{
	static const int errors[] = {EIO, ENOSPC, EDQUOT, EROFS};

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		fixture.disk.sync_error = errors[i];
		ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), -errors[i]);
		fixture_assert_untouched();
	}
	fixture.disk.sync_error = 0;
	ck_assert_int_eq(rmdir(fixture.path), 0);
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), -ENOENT);
	fixture_crash();
	(void)close(fixture.params.state_directory_fd);
	fixture.params.state_directory_fd = -1;
	fixture_start();
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), -EROFS);
	fixture_assert_untouched();
	/* Watching goes on. */
	fake_sysctl_set(fixture.fake, RMEM, "1 2 3");
	ck_assert_int_eq(registry_refresh(fixture.registry), 1);
	fixture_assert_reports("FOREIGN tcp_rmem: 4096 131072 6291456 > 1 2 3 #0 0");
}
END_TEST

/* When the last fsync of the journal failed, the file may say more than was done. */
START_TEST(test_unsaved_is_saved_later)
{
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), 0);
	fixture.disk.sync_error = EIO;
	ck_assert_int_eq(registry_restore_all(fixture.registry), 0);
	fixture.disk.sync_error = 0;
	ck_assert_int_eq(registry_refresh(fixture.registry), 0);
	ck_assert(!fixture_journal_exists());
}
END_TEST

/* The promise: no sysctl is written before its original is durable */

static unsigned checked;

static void check_durable(FakeSysctl *tree, FakeSysctlPhase phase, const char *key,
			  const char *value, void *context)
{
	const char *original = context;
	char line[300];

	if (phase != FAKE_SYSCTL_BEFORE)
		return;
	(void)snprintf(line, sizeof(line), "\ntunable\t%s\t", key);
	const char *entry = strstr(fixture.disk.durable, line);
	ck_assert_msg(entry, "%s is not in the durable journal: %s", key, fixture.disk.durable);
	(void)snprintf(line, sizeof(line), "%.*s", (int)strcspn(entry + 1, "\n"), entry + 1);
	ck_assert_msg(strstr(line, value), "%s is not in %s", value, line);
	ck_assert_msg(strstr(line, original), "%s is not in %s", original, line);
	ck_assert(!fixture.disk.renamed);
	ck_assert_ptr_eq(tree, fixture.fake);
	checked++;
}

START_TEST(test_durable_before_each_write)
{
	char line[] = "\t4096 131072 6291456\t";

	fake_sysctl_set_hook(fixture.fake, check_durable, line);
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 1), 0);
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, "4096 131072 33554432", 2), 0);
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, "4096 131072 6291456", 2), 0);
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, "4096 131072 33554432", 2), 0);
	ck_assert_int_eq(registry_restore_all(fixture.registry), 0);
	ck_assert_uint_eq(checked, 5);
}
END_TEST

START_TEST(test_switchback)
{
	char line[] = "\tcubic\t";

	fake_sysctl_set_hook(fixture.fake, check_durable, line);
	for (int i = 0; i < 120; i++) {
		ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_CONGESTION_CONTROL,
						   i % 2 ? "cubic" : "bbr", 3),
				 0);
		ck_assert_uint_eq(fixture_state_of(TUNABLE_TCP_CONGESTION_CONTROL)->owner,
				  OWNER_NETOPT);
		fixture.n_reports = 0;
	}
	ck_assert_uint_eq(checked, 120);
	/* In the original's arm: an admin is noticed all the same. */
	fixture_assert_value(CC, "cubic");
	fake_sysctl_set(fixture.fake, CC, "reno");
	ck_assert_int_eq(registry_refresh(fixture.registry), 1);
	fixture_assert_reports("FOREIGN tcp_congestion_control: cubic > reno #3 0");
	ck_assert_int_eq(registry_restore_all(fixture.registry), REGISTRY_REFUSED);
	fixture_assert_reports("LEFT_ALONE tcp_congestion_control: cubic > reno #3 0");
	fixture_assert_value(CC, "reno");
	ck_assert(!fixture_journal_exists());
}
END_TEST

/* Recovery */

START_TEST(test_recover)
{
	TunableChange three[] = {fixture_change_of(TUNABLE_TCP_RMEM, RMEM_NEW),
				 fixture_change_of(TUNABLE_TCP_CONGESTION_CONTROL, "bbr"),
				 fixture_change_of(TUNABLE_TCP_FASTOPEN, "3")};

	ck_assert_int_eq(registry_apply(fixture.registry, three, 3, 9, NULL, 0), 0);
	fixture_crash();
	fake_sysctl_set(fixture.fake, TFO, "0");
	fixture_start();
	fixture_assert_value(RMEM, RMEM_OLD);
	fixture_assert_value(CC, "cubic");
	fixture_assert_value(TFO, "0");
	fixture_assert_reports("RESTORED tcp_congestion_control: bbr > cubic #9 0",
			       "RESTORED tcp_rmem: 4096 262144 12582912 > 4096 131072 6291456 #9 0",
			       "LEFT_ALONE tcp_fastopen: 3 > 0 #9 0");
	ck_assert(!fixture_journal_exists());
	/* Changed by somebody while nobody looked: not touched until told. */
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_FASTOPEN, "3", 10), REGISTRY_REFUSED);
	fixture_crash();
	fixture_start();
	fixture_assert_reports();
}
END_TEST

static const struct {
	const char *journal;
	int error; /* reported */
	bool usable;
} bad_journals[] = {
	{"garbage", -EBADMSG, true},
	{"", -EBADMSG, true},
	{"netopt-journal 2\nboot 6f0a\nnetns 77\nchecksum 0000000000000000\n", -EBADMSG, true},
};

START_TEST(test_bad_journal)
{
	char expected[64];

	for (size_t i = 0; i < ARRAY_SIZE(bad_journals); i++) {
		fixture_crash();
		int fd = openat(fixture.params.state_directory_fd, JOURNAL_FILE,
				O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		size_t length = strlen(bad_journals[i].journal);
		ck_assert_int_eq(write(fd, bad_journals[i].journal, length), (ssize_t)length);
		(void)close(fd);
		fixture_start();
		(void)snprintf(expected, sizeof(expected), "FAILED journal:  >  #0 %d",
			       bad_journals[i].error);
		fixture_assert_reports(expected);
		ck_assert_uint_eq(fake_sysctl_writes(fixture.fake), 0);
		ck_assert_int_eq(
			faccessat(fixture.params.state_directory_fd, "journal.damaged", F_OK, 0),
			0);
	}
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 1), 0);
}
END_TEST

START_TEST(test_untrusted_journal)
{
	fixture_crash();
	ck_assert_int_eq(symlinkat("/etc/passwd", fixture.params.state_directory_fd, JOURNAL_FILE),
			 0);
	fixture_start();
	fixture_assert_reports("FAILED journal:  >  #0 -40");
	/* Refused until the operator has looked. */
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 1), -ELOOP);
	ck_assert_uint_eq(fake_sysctl_writes(fixture.fake), 0);
}
END_TEST

START_TEST(test_other_boot)
{
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 1), 0);
	fixture_crash();
	(void)text_copy(fixture.params.identity.boot_id, sizeof(fixture.params.identity.boot_id),
			"7777");
	fake_sysctl_clear_log(fixture.fake);
	fixture_start();
	ck_assert_uint_eq(fake_sysctl_writes(fixture.fake), 0);
	ck_assert(!fixture_journal_exists());
	fixture_assert_reports("STALE journal:  >  #0 0");
	ck_assert_uint_eq(fixture_state_of(TUNABLE_TCP_RMEM)->owner, OWNER_HOST);
}
END_TEST

HARNESS_MAIN("registry",
	     FIXTURE_CASE(suite, "life", fixture_setup, test_found_as_is, test_apply_and_restore,
			  test_odd_original_comes_back, test_keep, test_keep_that_cannot_forget);
	     FIXTURE_CASE(suite, "refusal", fixture_setup, test_bad_values, test_refused,
			  test_dry_run, test_no_journal_no_write, test_unsaved_is_saved_later);
	     FIXTURE_CASE(suite, "durable", fixture_setup, test_durable_before_each_write,
			  test_switchback);
	     FIXTURE_CASE(suite, "recovery", fixture_setup, test_recover, test_bad_journal,
			  test_untrusted_journal, test_other_boot);)
