/* SPDX-License-Identifier: MIT */
/*
 * The registry on a sysctl tree in memory and a journal on a real disk. fsync(2), rename and
 * unlink are replaced by wrappers in this program, so that each write of a sysctl can be asked:
 * is what would survive a power cut at this moment enough to undo it?
 */
#include "daemon/tune/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base.h"
#include "common/text.h"
#include "daemon/tune/journal.h"
#include "tests/unit/fake_sysctl.h"
#include "tests/unit/harness.h"

#define RMEM "net.ipv4.tcp_rmem"
#define WMEM "net.ipv4.tcp_wmem"
#define CC   "net.ipv4.tcp_congestion_control"
#define LIST "net.ipv4.tcp_allowed_congestion_control"
#define TFO  "net.ipv4.tcp_fastopen"

#define RMEM_OLD "4096\t131072\t6291456"
#define RMEM_NEW "4096 262144 12582912"
#define WMEM_NEW "4096 16384 8388608"

static const HostIdentity child = {.boot_id = "6f0a", .netns = 77};
static const HostIdentity initial = {.boot_id = "6f0a", .netns = 1, .initial_netns = true};

static char path[] = "/tmp/netopt-registry-XXXXXX";
static FakeSysctl *fake;
static uint64_t now_ns;
static RegistryParams params;
static Registry *registry;

/* What was reported: "WRITTEN net.ipv4.tcp_rmem: old → new #change" */
static char reports[64][400];
static size_t n_reports;

/* The disk. `durable` is what a power cut would leave of the journal. */
static struct {
	int sync_error;
	char synced[4096], durable[4096]; /* fsync'd under the temporary name; and renamed, too */
	bool renamed;                     /* not yet durable */
} disk;

int fsync(int fd)
{
	struct stat status;

	if (disk.sync_error) {
		errno = disk.sync_error;
		return -1;
	}
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
		char name[64];
		(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		int again = open(name, O_RDONLY | O_CLOEXEC);
		ssize_t n = read(again, disk.synced, sizeof(disk.synced) - 1);
		disk.synced[MAX(n, 0)] = '\0';
		(void)close(again);
	} else if (disk.renamed) {
		memcpy(disk.durable, disk.synced, sizeof(disk.durable));
		disk.renamed = false;
	}
	return (int)syscall(SYS_fsync, fd);
}

int renameat(int from_directory, const char *from, int to_directory, const char *to)
{
	disk.renamed = strcmp(to, JOURNAL_FILE) == 0;
	return (int)syscall(SYS_renameat2, from_directory, from, to_directory, to, 0);
}

static uint64_t monotonic(void *context)
{
	(void)context;
	return now_ns += 1000;
}

static void on_report(const RegistryReport *report, void *context)
{
	static const char *const names[] = {"WRITTEN", "RESTORED",   "FOREIGN",
					    "FAILED",  "LEFT_ALONE", "KEPT"};
	const char *key = report->id == _TUNABLES ? "journal" : tunables[report->id].key + 9;

	(void)context;
	ck_assert_uint_lt(n_reports, ARRAY_SIZE(reports));
	(void)snprintf(reports[n_reports++], sizeof(reports[0]), "%s %s: %s > %s #%d %d",
		       names[report->event], key, report->old_value, report->new_value,
		       (int)report->change_id, report->error);
}

static void assert_reports_(const char *file, int line, const char *const *expected, size_t n)
{
	for (size_t i = 0; i < MAX(n, n_reports); i++) {
		const char *want = i < n ? expected[i] : "nothing";
		const char *have = i < n_reports ? reports[i] : "nothing";
		ck_assert_msg(strcmp(want, have) == 0, "%s:%d: report %zu: want '%s', have '%s'",
			      file, line, i, want, have);
	}
	n_reports = 0;
}
#define assert_reports(...)                                                                        \
	do {                                                                                       \
		const char *const expected_[] = {NULL, ##__VA_ARGS__};                             \
		assert_reports_(__FILE__, __LINE__, expected_ + 1, ARRAY_SIZE(expected_) - 1);     \
	} while (0)

static void assert_value_(const char *key, const char *want, int line)
{
	const char *have = fake_sysctl_get(fake, key);
	ck_assert_msg(have && sysctl_values_equal(have, want), "line %d: %s is '%s', not '%s'",
		      line, key, have, want);
}
#define assert_value(key, want) assert_value_(key, want, __LINE__)

static bool journal_exists(void)
{
	return faccessat(params.state_directory_fd, JOURNAL_FILE, F_OK, 0) == 0;
}

static void start(void)
{
	ck_assert_int_eq(registry_new(&params, &registry), 0);
}

/* Dies without a word: all that stays is the kernel and the disk. */
static void crash(void)
{
	registry_free(registry);
	registry = NULL;
	n_reports = 0;
}

static void setup(void)
{
	memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(path));
	fake = fake_sysctl_new();
	fake_sysctl_set(fake, LIST, "reno bbr cubic");
	params = (RegistryParams){
		.sysctl = fake_sysctl_ops(fake),
		.identity = child,
		.clock = {.monotonic_ns = monotonic, .realtime_ns = monotonic},
		.state_directory_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.report = on_report,
	};
	n_reports = 0;
	memset(&disk, 0, sizeof(disk));
	start();
}

static void setup_initial(void)
{
	setup();
	registry_free(registry);
	fake_sysctl_set_initial_netns(fake, true);
	fake_sysctl_set(fake, LIST, "reno cubic");
	params.identity = initial;
	start();
}

static void teardown(void)
{
	registry_free(registry);
	fake_sysctl_free(fake);
	(void)unlinkat(params.state_directory_fd, JOURNAL_FILE, 0);
	(void)unlinkat(params.state_directory_fd, "journal.damaged", 0);
	(void)close(params.state_directory_fd);
	(void)rmdir(path);
}

static TunableChange change_of(TunableId id, const char *text)
{
	TunableChange change = {.id = id};
	ck_assert_msg(tunable_parse(&tunables[id], text, &change.value) == 0, "%s", text);
	return change;
}

static int apply_one(TunableId id, const char *text, uint64_t change_id)
{
	TunableChange change = change_of(id, text);
	char reason[200];
	int r = registry_apply(registry, &change, 1, change_id, reason, sizeof(reason));
	ck_assert_msg((r == 0) == (reason[0] == '\0'), "%d '%s'", r, reason);
	return r;
}

static int restore_one(TunableId id)
{
	return registry_restore(registry, &id, 1);
}

static const TunableState *state_of(TunableId id)
{
	return registry_get(registry, id);
}

/* Lifecycle */

START_TEST(test_found_as_is)
{
	for (TunableId id = 0; id < _TUNABLES; id++) {
		const TunableState *state = state_of(id);
		ck_assert(state->present && state->owner == OWNER_HOST);
		ck_assert(state->writable == (tunables[id].scope == TUNABLE_SCOPE_NETNS));
		ck_assert(tunable_equal(&state->original, &state->current));
		ck_assert_uint_eq(state->change_id, 0);
	}
	ck_assert_int_eq(registry_restore_all(registry), 0);
	ck_assert_int_eq(registry_refresh(registry), 0);
	ck_assert_uint_eq(fake_sysctl_writes(fake), 0);
	ck_assert(!journal_exists());
	assert_reports();
}
END_TEST

START_TEST(test_apply_and_restore)
{
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), 0);
	assert_value(RMEM, RMEM_NEW);
	ck_assert_uint_eq(state_of(TUNABLE_TCP_RMEM)->owner, OWNER_NETOPT);
	ck_assert_uint_eq(state_of(TUNABLE_TCP_RMEM)->change_id, 7);
	ck_assert_uint_eq(state_of(TUNABLE_TCP_RMEM)->changed_ns, now_ns);
	ck_assert(journal_exists());
	assert_reports("WRITTEN tcp_rmem: 4096 131072 6291456 > 4096 262144 12582912 #7 0");
	/* Once more: nothing to write. */
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), 0);
	ck_assert_uint_eq(fake_sysctl_writes(fake), 1);
	ck_assert_int_eq(restore_one(TUNABLE_TCP_RMEM), 0);
	assert_value(RMEM, RMEM_OLD);
	ck_assert_uint_eq(state_of(TUNABLE_TCP_RMEM)->owner, OWNER_HOST);
	ck_assert(!journal_exists());
	assert_reports("RESTORED tcp_rmem: 4096 262144 12582912 > 4096 131072 6291456 #7 0");
	ck_assert_int_eq(restore_one(TUNABLE_TCP_RMEM), 0);
	assert_reports();
}
END_TEST

START_TEST(test_odd_original_comes_back)
{
	crash();
	fake_sysctl_set(fake, RMEM, "9\t5\t3");
	start();
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 1), 0);
	ck_assert_int_eq(registry_restore_all(registry), 0);
	ck_assert_str_eq(fake_sysctl_get(fake, RMEM), "9\t5\t3");
}
END_TEST

START_TEST(test_keep)
{
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), 0);
	ck_assert_int_eq(apply_one(TUNABLE_TCP_WMEM, WMEM_NEW, 8), 0);
	ck_assert_int_eq(apply_one(TUNABLE_TCP_FASTOPEN, "3", 9), 0);
	ck_assert_int_eq(apply_one(TUNABLE_TCP_FASTOPEN, "1", 9), 0);
	fake_sysctl_set(fake, WMEM, "5000\t6000\t7000");
	n_reports = 0;
	ck_assert_int_eq(registry_keep_all(registry), 0);
	assert_reports("FOREIGN tcp_wmem: 4096 16384 8388608 > 5000 6000 7000 #8 0",
		       "KEPT tcp_rmem: 4096 131072 6291456 > 4096 262144 12582912 #7 0");
	ck_assert(!journal_exists());
	ck_assert_uint_eq(state_of(TUNABLE_TCP_RMEM)->owner, OWNER_HOST);
	crash();
	start();
	assert_value(RMEM, RMEM_NEW);
	assert_reports();
}
END_TEST

START_TEST(test_keep_that_cannot_forget)
{
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), 0);
	n_reports = 0;
	disk.sync_error = EIO;
	ck_assert_int_eq(registry_keep_all(registry), -EIO);
	assert_reports();
	ck_assert_uint_eq(state_of(TUNABLE_TCP_RMEM)->owner, OWNER_NETOPT);
	disk.sync_error = 0;
	ck_assert_int_eq(registry_restore_all(registry), 0);
	assert_value(RMEM, RMEM_OLD);
	ck_assert(!journal_exists());
}
END_TEST

/* Refusals: nothing is touched */

static void assert_untouched(void)
{
	ck_assert_uint_eq(fake_sysctl_writes(fake), 0);
	ck_assert(!journal_exists());
	for (TunableId id = 0; id < _TUNABLES; id++)
		ck_assert_uint_ne(state_of(id)->owner, OWNER_NETOPT);
}

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
	TunableChange two[2] = {change_of(TUNABLE_TCP_WMEM, WMEM_NEW)};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		ck_assert_int_eq(apply_one(bad[i].id, bad[i].text, 1), -ERANGE);
		if (bad[i].id == TUNABLE_TCP_WMEM)
			continue;
		two[1] = change_of(bad[i].id, bad[i].text);
		ck_assert_int_eq(registry_apply(registry, two, 2, 1, NULL, 0), -ERANGE);
	}
	two[1] = two[0];
	ck_assert_int_eq(registry_apply(registry, two, 2, 1, NULL, 0), -EINVAL);
	two[1].id = _TUNABLES;
	ck_assert_int_eq(registry_apply(registry, two, 2, 1, NULL, 0), -EINVAL);
	ck_assert_int_eq(registry_apply(registry, NULL, 0, 1, NULL, 0), 0);
	ck_assert_int_eq(registry_restore(registry, &two[1].id, 1), -EINVAL);
	assert_untouched();
	assert_reports();
}
END_TEST

START_TEST(test_refused)
{
	TunableChange two[2] = {change_of(TUNABLE_TCP_WMEM, WMEM_NEW),
				change_of(TUNABLE_TCP_RMEM, RMEM_NEW)};
	char reason[200];

	fake_sysctl_set_writable(fake, RMEM, false);
	ck_assert_int_eq(registry_apply(registry, two, 2, 1, reason, sizeof(reason)),
			 REGISTRY_REFUSED);
	ck_assert_str_eq(reason, RMEM ": read-only");
	fake_sysctl_remove(fake, RMEM);
	ck_assert_int_eq(registry_apply(registry, two, 2, 1, NULL, 0), REGISTRY_REFUSED);
	fake_sysctl_set(fake, RMEM, "not numbers");
	ck_assert_int_eq(registry_apply(registry, two, 2, 1, NULL, 0), REGISTRY_REFUSED);
	ck_assert_int_eq(apply_one(TUNABLE_TCP_ALLOWED_CONGESTION_CONTROL, "reno", 1),
			 REGISTRY_REFUSED);
	fake_sysctl_fail_read(fake, 1, EIO);
	ck_assert_int_eq(apply_one(TUNABLE_TCP_WMEM, WMEM_NEW, 1), -EIO);
	assert_untouched();
	assert_reports();
}
END_TEST

START_TEST(test_dry_run)
{
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), 0);
	crash();
	fake_sysctl_clear_log(fake);
	params.dry_run = true;
	start();
	/* Not even the journal of a run that was not dry. */
	assert_value(RMEM, RMEM_NEW);
	ck_assert(journal_exists());
	ck_assert_int_eq(apply_one(TUNABLE_TCP_WMEM, WMEM_NEW, 1), -EPERM);
	ck_assert_int_eq(apply_one(TUNABLE_TCP_WMEM, "9 5 3", 1), -EPERM);
	ck_assert_int_eq(registry_restore_all(registry), 0);
	ck_assert_int_eq(registry_keep_all(registry), 0);
	ck_assert_uint_eq(fake_sysctl_writes(fake), 0);
	ck_assert(journal_exists());
	assert_reports();
}
END_TEST

START_TEST(test_no_journal_no_write)
{
	static const int errors[] = {EIO, ENOSPC, EDQUOT, EROFS};

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		disk.sync_error = errors[i];
		ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), -errors[i]);
		assert_untouched();
	}
	disk.sync_error = 0;
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), -ENOENT);
	crash();
	(void)close(params.state_directory_fd);
	params.state_directory_fd = -1;
	start();
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), -EROFS);
	assert_untouched();
	/* Watching goes on. */
	fake_sysctl_set(fake, RMEM, "1 2 3");
	ck_assert_int_eq(registry_refresh(registry), 1);
	assert_reports("FOREIGN tcp_rmem: 4096 131072 6291456 > 1 2 3 #0 0");
}
END_TEST

/* When the last fsync of the journal failed, the file may say more than was done. */
START_TEST(test_unsaved_is_saved_later)
{
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), 0);
	disk.sync_error = EIO;
	ck_assert_int_eq(registry_restore_all(registry), 0);
	disk.sync_error = 0;
	ck_assert_int_eq(registry_refresh(registry), 0);
	ck_assert(!journal_exists());
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
	const char *entry = strstr(disk.durable, line);
	ck_assert_msg(entry, "%s is not in the durable journal: %s", key, disk.durable);
	(void)snprintf(line, sizeof(line), "%.*s", (int)strcspn(entry + 1, "\n"), entry + 1);
	ck_assert_msg(strstr(line, value), "%s is not in %s", value, line);
	ck_assert_msg(strstr(line, original), "%s is not in %s", original, line);
	ck_assert(!disk.renamed);
	ck_assert_ptr_eq(tree, fake);
	checked++;
}

START_TEST(test_durable_before_each_write)
{
	char line[] = "\t4096 131072 6291456\t";

	fake_sysctl_set_hook(fake, check_durable, line);
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 1), 0);
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, "4096 131072 33554432", 2), 0);
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, "4096 131072 6291456", 2), 0);
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, "4096 131072 33554432", 2), 0);
	ck_assert_int_eq(registry_restore_all(registry), 0);
	ck_assert_uint_eq(checked, 5);
}
END_TEST

START_TEST(test_switchback)
{
	char line[] = "\tcubic\t";

	fake_sysctl_set_hook(fake, check_durable, line);
	for (int i = 0; i < 120; i++) {
		ck_assert_int_eq(
			apply_one(TUNABLE_TCP_CONGESTION_CONTROL, i % 2 ? "cubic" : "bbr", 3), 0);
		ck_assert_uint_eq(state_of(TUNABLE_TCP_CONGESTION_CONTROL)->owner, OWNER_NETOPT);
		n_reports = 0;
	}
	ck_assert_uint_eq(checked, 120);
	/* In the original's arm: an admin is noticed all the same. */
	assert_value(CC, "cubic");
	fake_sysctl_set(fake, CC, "reno");
	ck_assert_int_eq(registry_refresh(registry), 1);
	assert_reports("FOREIGN tcp_congestion_control: cubic > reno #3 0");
	ck_assert_int_eq(registry_restore_all(registry), REGISTRY_REFUSED);
	assert_reports("LEFT_ALONE tcp_congestion_control: cubic > reno #3 0");
	assert_value(CC, "reno");
	ck_assert(!journal_exists());
}
END_TEST

/* Failing writes */

static const FakeSysctlFault faults[] = {FAKE_SYSCTL_UNTOUCHED, FAKE_SYSCTL_APPLIED,
					 FAKE_SYSCTL_HALF, FAKE_SYSCTL_IGNORED};
static const int errors[] = {EPERM, EACCES, EINVAL, ENOENT, EROFS, EIO, ENOSPC, EBUSY};

START_TEST(test_each_write_may_fail)
{
	TunableChange all[] = {
		change_of(TUNABLE_TCP_RMEM, RMEM_NEW),
		change_of(TUNABLE_TCP_CONGESTION_CONTROL, "bbr"),
		change_of(TUNABLE_TCP_FASTOPEN, "3"),
		change_of(TUNABLE_TCP_WMEM, "8192 65536 8388608"),
	};
	const size_t n_errors = ARRAY_SIZE(errors), n_faults = ARRAY_SIZE(faults);

	for (size_t i = 0; i < ARRAY_SIZE(all) * n_errors * n_faults; i++) {
		FakeSysctlFault fault = faults[i % n_faults];
		int error = errors[i / n_faults % n_errors];
		unsigned nth = (unsigned)(i / n_faults / n_errors) + 1;

		fake_sysctl_fail_write(fake, nth, error, fault);
		ck_assert_int_eq(registry_apply(registry, all, 4, 5, NULL, 0),
				 fault == FAKE_SYSCTL_IGNORED ? -EIO : -error);
		assert_value(RMEM, RMEM_OLD);
		assert_value(WMEM, "4096 16384 4194304");
		assert_value(CC, "cubic");
		assert_value(TFO, "1");
		for (TunableId id = 0; id < _TUNABLES; id++)
			ck_assert_uint_eq(state_of(id)->owner, OWNER_HOST);
		ck_assert(!journal_exists());
		ck_assert_uint_gt(n_reports, 0);
		n_reports = 0;
		fake_sysctl_clear_log(fake);
	}
	ck_assert_int_eq(registry_apply(registry, all, 4, 5, NULL, 0), 0);
}
END_TEST

/* The same on top of a change that stands: back to that, not to the original. */
START_TEST(test_failure_goes_back_to_before)
{
	TunableChange two[] = {change_of(TUNABLE_TCP_RMEM, "4096 262144 25165824"),
			       change_of(TUNABLE_TCP_WMEM, WMEM_NEW)};

	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 1), 0);
	n_reports = 0;
	fake_sysctl_fail_key(fake, WMEM, EINVAL, FAKE_SYSCTL_UNTOUCHED);
	ck_assert_int_eq(registry_apply(registry, two, 2, 2, NULL, 0), -EINVAL);
	assert_value(RMEM, RMEM_NEW);
	ck_assert_uint_eq(state_of(TUNABLE_TCP_RMEM)->owner, OWNER_NETOPT);
	ck_assert_uint_eq(state_of(TUNABLE_TCP_RMEM)->change_id, 1);
	assert_reports("WRITTEN tcp_rmem: 4096 262144 12582912 > 4096 262144 25165824 #2 0",
		       "FAILED tcp_wmem: 4096 16384 4194304 > 4096 16384 8388608 #2 -22",
		       "WRITTEN tcp_rmem: 4096 262144 25165824 > 4096 262144 12582912 #2 0");
	ck_assert_int_eq(registry_refresh(registry), 0);
	crash();
	start();
	assert_value(RMEM, RMEM_OLD);
	assert_reports("RESTORED tcp_rmem: 4096 262144 12582912 > 4096 131072 6291456 #1 0");
}
END_TEST

/* What the kernel will not take back stays ours, in the journal, for the next attempt. */
START_TEST(test_undo_fails_too)
{
	fake_sysctl_fail_key(fake, RMEM, EINVAL, FAKE_SYSCTL_HALF);
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, "8192 262144 12582912", 1), -EINVAL);
	/* HALF puts the first number back, and that was the only one changed. */
	assert_value(RMEM, RMEM_OLD);
	ck_assert(!journal_exists());
	n_reports = 0;

	/* A kernel that takes the value, says no, and then refuses all. */
	fake_sysctl_fail_key(fake, RMEM, EPERM, FAKE_SYSCTL_UNTOUCHED);
	fake_sysctl_fail_write(fake, 1, EINVAL, FAKE_SYSCTL_APPLIED);
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 1), -EINVAL);
	assert_reports("FAILED tcp_rmem: 4096 131072 6291456 > 4096 262144 12582912 #1 -22",
		       "FAILED tcp_rmem: 4096 262144 12582912 > 4096 131072 6291456 #1 -1");
	ck_assert_uint_eq(state_of(TUNABLE_TCP_RMEM)->owner, OWNER_NETOPT);
	ck_assert_int_eq(registry_restore_all(registry), -EPERM);
	ck_assert(journal_exists());
	crash();
	start(); /* not yet either */
	ck_assert_uint_eq(state_of(TUNABLE_TCP_RMEM)->owner, OWNER_NETOPT);
	crash();
	fake_sysctl_fail_key(fake, RMEM, 0, FAKE_SYSCTL_UNTOUCHED);
	start();
	assert_value(RMEM, RMEM_OLD);
	ck_assert(!journal_exists());
}
END_TEST

START_TEST(test_restore_half_applied)
{
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, "8192 262144 12582912", 1), 0);
	/* Both attempts stop half way; a later one, of another process, must know the mixture. */
	fake_sysctl_fail_key(fake, RMEM, EINVAL, FAKE_SYSCTL_HALF);
	ck_assert_int_eq(registry_restore_all(registry), -EINVAL);
	assert_value(RMEM, "4096 262144 12582912");
	ck_assert_int_eq(registry_refresh(registry), 0);
	crash();
	fake_sysctl_fail_key(fake, RMEM, 0, FAKE_SYSCTL_UNTOUCHED);
	start();
	assert_value(RMEM, RMEM_OLD);
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
	fake_sysctl_fail_write(fake, 1, EINVAL, FAKE_SYSCTL_HALF);
	fake_sysctl_set_hook(fake, die_after_write, NULL);
	if (setjmp(death) == 0) {
		(void)apply_one(TUNABLE_TCP_RMEM, "8192 262144 12582912", 1);
		ck_abort_msg("the write did not happen");
	}
	fake_sysctl_set_hook(fake, NULL, NULL);
	assert_value(RMEM, "8192 131072 6291456");
	crash();
	start();
	assert_value(RMEM, RMEM_OLD);
	assert_reports("RESTORED tcp_rmem: 8192 131072 6291456 > 4096 131072 6291456 #1 0");
}
END_TEST

START_TEST(test_reads_may_fail)
{
	/* Every read of an apply in turn: whatever is not known is undone. */
	for (unsigned n = 1; n <= 3; n++) {
		fake_sysctl_fail_read(fake, n, EIO);
		int r = apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 1);
		ck_assert_msg(r == -EIO || r == 0, "%u: %d", n, r);
		fake_sysctl_fail_read(fake, 0, 0);
		assert_value(RMEM, r == 0 ? RMEM_NEW : RMEM_OLD);
		ck_assert_int_eq(registry_refresh(registry), 0);
		ck_assert_int_eq(registry_restore_all(registry), 0);
		assert_value(RMEM, RMEM_OLD);
	}
}
END_TEST

/* Somebody else */

START_TEST(test_foreign_before_apply)
{
	fake_sysctl_set(fake, RMEM, "4096\t87380\t5000000");
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), REGISTRY_REFUSED);
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), REGISTRY_REFUSED);
	assert_reports("FOREIGN tcp_rmem: 4096 131072 6291456 > 4096 87380 5000000 #0 0");
	ck_assert_int_eq(restore_one(TUNABLE_TCP_RMEM), REGISTRY_REFUSED);
	ck_assert_int_eq(registry_restore_all(registry), 0);
	assert_untouched();
	assert_reports();
}
END_TEST

START_TEST(test_foreign_after_apply)
{
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), 0);
	ck_assert_int_eq(apply_one(TUNABLE_TCP_WMEM, WMEM_NEW, 8), 0);
	fake_sysctl_set(fake, RMEM, "4096\t87380\t5000000");
	n_reports = 0;
	ck_assert_int_eq(registry_refresh(registry), 1);
	ck_assert_int_eq(registry_refresh(registry), 0);
	fake_sysctl_set(fake, RMEM, "4096\t87380\t6000000");
	ck_assert_int_eq(registry_refresh(registry), 0); /* still theirs: said once */
	assert_reports("FOREIGN tcp_rmem: 4096 262144 12582912 > 4096 87380 5000000 #7 0");
	ck_assert_int_eq(registry_restore_all(registry), REGISTRY_REFUSED);
	assert_value(RMEM, "4096 87380 6000000");
	assert_value(WMEM, "4096 16384 4194304");
	assert_reports("LEFT_ALONE tcp_rmem: 4096 262144 12582912 > 4096 87380 6000000 #7 0",
		       "RESTORED tcp_wmem: 4096 16384 8388608 > 4096 16384 4194304 #8 0");
}
END_TEST

/* Putting the original or even our own value back by hand does not give it back to us. */
START_TEST(test_foreign_stays_foreign)
{
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), 0);
	fake_sysctl_set(fake, RMEM, RMEM_OLD);
	ck_assert_int_eq(registry_refresh(registry), 1);
	fake_sysctl_set(fake, RMEM, RMEM_NEW);
	ck_assert_int_eq(registry_refresh(registry), 0);
	ck_assert_uint_eq(state_of(TUNABLE_TCP_RMEM)->owner, OWNER_FOREIGN);
	ck_assert_int_eq(registry_restore_all(registry), REGISTRY_REFUSED);
	assert_value(RMEM, RMEM_NEW);
	ck_assert(!journal_exists());
}
END_TEST

START_TEST(test_release)
{
	ck_assert_int_eq(registry_release(registry, TUNABLE_TCP_RMEM), 0);
	ck_assert_int_eq(registry_release(registry, _TUNABLES), -EINVAL);
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), 0);
	ck_assert_int_eq(registry_release(registry, TUNABLE_TCP_RMEM), 0);
	ck_assert_uint_eq(state_of(TUNABLE_TCP_RMEM)->owner, OWNER_NETOPT);
	fake_sysctl_set(fake, RMEM, "4096\t87380\t5000000");
	ck_assert_int_eq(registry_refresh(registry), 1);
	fake_sysctl_fail_read(fake, 1, EIO);
	ck_assert_int_eq(registry_release(registry, TUNABLE_TCP_RMEM), -EIO);
	ck_assert_int_eq(registry_release(registry, TUNABLE_TCP_RMEM), 0);
	ck_assert_uint_eq(state_of(TUNABLE_TCP_RMEM)->owner, OWNER_HOST);
	ck_assert_int_eq(registry_restore_all(registry), 0);
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 8), 0);
	ck_assert_int_eq(registry_restore_all(registry), 0);
	assert_value(RMEM, "4096 87380 5000000");
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
	TunableChange two[] = {change_of(TUNABLE_TCP_WMEM, WMEM_NEW),
			       change_of(TUNABLE_TCP_RMEM, RMEM_NEW)};
	Intruder intruder = {FAKE_SYSCTL_AFTER, RMEM, "4096 87380 5000000", 0};

	fake_sysctl_set_hook(fake, intrude, &intruder);
	ck_assert_int_eq(registry_apply(registry, two, 2, 4, NULL, 0), -EBUSY);
	assert_value(RMEM, "4096 87380 5000000");
	assert_value(WMEM, "4096 16384 4194304");
	ck_assert_uint_eq(state_of(TUNABLE_TCP_RMEM)->owner, OWNER_FOREIGN);
	ck_assert_uint_eq(state_of(TUNABLE_TCP_WMEM)->owner, OWNER_HOST);
	ck_assert(!journal_exists());
	ck_assert_int_eq(registry_restore_all(registry), 0);
	assert_value(RMEM, "4096 87380 5000000");
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
	TunableChange two[] = {change_of(TUNABLE_TCP_WMEM, WMEM_NEW),
			       change_of(TUNABLE_TCP_RMEM, RMEM_NEW)};

	fake_sysctl_set_hook(fake, intrude_rmem, NULL);
	ck_assert_int_eq(registry_apply(registry, two, 2, 4, NULL, 0), -EBUSY);
	for (size_t i = 0; i < fake_sysctl_writes(fake); i++)
		ck_assert_str_eq(fake_sysctl_write_at(fake, i)->key, WMEM);
	assert_value(RMEM, "4096 87380 5000000");
	assert_value(WMEM, "4096 16384 4194304");
}
END_TEST

START_TEST(test_foreign_during_restore)
{
	Intruder intruder = {FAKE_SYSCTL_AFTER, RMEM, "4096 87380 5000000", 1};

	fake_sysctl_set_hook(fake, intrude, &intruder);
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), 0);
	ck_assert_int_eq(registry_restore_all(registry), REGISTRY_REFUSED);
	assert_value(RMEM, "4096 87380 5000000");
	ck_assert_uint_eq(state_of(TUNABLE_TCP_RMEM)->owner, OWNER_FOREIGN);
}
END_TEST

START_TEST(test_foreign_during_rollback)
{
	TunableChange two[] = {change_of(TUNABLE_TCP_RMEM, RMEM_NEW),
			       change_of(TUNABLE_TCP_WMEM, WMEM_NEW)};
	Intruder intruder = {FAKE_SYSCTL_AFTER, RMEM, "4096 87380 5000000", 1};

	fake_sysctl_set_hook(fake, intrude, &intruder);
	fake_sysctl_fail_key(fake, WMEM, EINVAL, FAKE_SYSCTL_UNTOUCHED);
	ck_assert_int_eq(registry_apply(registry, two, 2, 7, NULL, 0), -EINVAL);
	assert_value(RMEM, "4096 87380 5000000");
	ck_assert_uint_eq(state_of(TUNABLE_TCP_RMEM)->owner, OWNER_FOREIGN);
	ck_assert(!journal_exists());
}
END_TEST

START_TEST(test_absent_later)
{
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 7), 0);
	n_reports = 0;
	fake_sysctl_remove(fake, RMEM);
	ck_assert_int_eq(registry_refresh(registry), 0);
	ck_assert(!state_of(TUNABLE_TCP_RMEM)->present);
	ck_assert_int_eq(registry_restore_all(registry), -ENOENT);
	ck_assert(journal_exists());
	fake_sysctl_set(fake, RMEM, RMEM_NEW);
	ck_assert_int_eq(registry_restore_all(registry), 0);
	assert_value(RMEM, RMEM_OLD);
}
END_TEST

/* Recovery */

START_TEST(test_recover)
{
	TunableChange three[] = {change_of(TUNABLE_TCP_RMEM, RMEM_NEW),
				 change_of(TUNABLE_TCP_CONGESTION_CONTROL, "bbr"),
				 change_of(TUNABLE_TCP_FASTOPEN, "3")};

	ck_assert_int_eq(registry_apply(registry, three, 3, 9, NULL, 0), 0);
	crash();
	fake_sysctl_set(fake, TFO, "0");
	start();
	assert_value(RMEM, RMEM_OLD);
	assert_value(CC, "cubic");
	assert_value(TFO, "0");
	assert_reports("RESTORED tcp_congestion_control: bbr > cubic #9 0",
		       "RESTORED tcp_rmem: 4096 262144 12582912 > 4096 131072 6291456 #9 0",
		       "LEFT_ALONE tcp_fastopen: 3 > 0 #9 0");
	ck_assert(!journal_exists());
	/* Changed by somebody while nobody looked: not touched until told. */
	ck_assert_int_eq(apply_one(TUNABLE_TCP_FASTOPEN, "3", 10), REGISTRY_REFUSED);
	crash();
	start();
	assert_reports();
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
		crash();
		int fd = openat(params.state_directory_fd, JOURNAL_FILE,
				O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		size_t length = strlen(bad_journals[i].journal);
		ck_assert_int_eq(write(fd, bad_journals[i].journal, length), (ssize_t)length);
		(void)close(fd);
		start();
		(void)snprintf(expected, sizeof(expected), "FAILED journal:  >  #0 %d",
			       bad_journals[i].error);
		assert_reports(expected);
		ck_assert_uint_eq(fake_sysctl_writes(fake), 0);
		ck_assert_int_eq(faccessat(params.state_directory_fd, "journal.damaged", F_OK, 0),
				 0);
	}
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 1), 0);
}
END_TEST

START_TEST(test_untrusted_journal)
{
	crash();
	ck_assert_int_eq(symlinkat("/etc/passwd", params.state_directory_fd, JOURNAL_FILE), 0);
	start();
	assert_reports("FAILED journal:  >  #0 -40");
	/* Refused until the operator has looked. */
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 1), -ELOOP);
	ck_assert_uint_eq(fake_sysctl_writes(fake), 0);
}
END_TEST

START_TEST(test_other_boot)
{
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 1), 0);
	crash();
	(void)text_copy(params.identity.boot_id, sizeof(params.identity.boot_id), "7777");
	fake_sysctl_clear_log(fake);
	start();
	ck_assert_uint_eq(fake_sysctl_writes(fake), 0);
	ck_assert(!journal_exists());
	assert_reports();
	ck_assert_uint_eq(state_of(TUNABLE_TCP_RMEM)->owner, OWNER_HOST);
}
END_TEST

/* The congestion control and the list behind it, in the init namespace */

START_TEST(test_list_restored)
{
	ck_assert_int_eq(apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "bbr", 2), 0);
	assert_value(LIST, "reno bbr cubic");
	assert_reports("WRITTEN tcp_congestion_control: cubic > bbr #2 0",
		       "WRITTEN tcp_allowed_congestion_control: reno cubic > reno bbr cubic #2 0");
	ck_assert_int_eq(registry_refresh(registry), 0);
	ck_assert_int_eq(restore_one(TUNABLE_TCP_CONGESTION_CONTROL), 0);
	ck_assert_str_eq(fake_sysctl_get(fake, CC), "cubic");
	ck_assert_str_eq(fake_sysctl_get(fake, LIST), "reno cubic");
	assert_reports("RESTORED tcp_congestion_control: bbr > cubic #2 0",
		       "RESTORED tcp_allowed_congestion_control: reno bbr cubic > reno cubic #2 0");
	ck_assert(!journal_exists());
}
END_TEST

START_TEST(test_list_journalled_first)
{
	char expected[] = "\ntunable\t" LIST "\t2\treno cubic\treno cubic bbr\n";

	ck_assert_int_eq(apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "bbr", 2), 0);
	ck_assert_ptr_nonnull(strstr(disk.durable, expected));
	crash();
	start();
	ck_assert_str_eq(fake_sysctl_get(fake, CC), "cubic");
	ck_assert_str_eq(fake_sysctl_get(fake, LIST), "reno cubic");
}
END_TEST

/* The original was set before it was allowed: the kernel adds it when we put it back. */
START_TEST(test_list_without_the_original)
{
	crash();
	fake_sysctl_set(fake, LIST, "reno");
	for (int death_first = 0; death_first < 2; death_first++) {
		start();
		ck_assert_int_eq(apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "reno", 2), 0);
		if (death_first)
			crash();
		if (death_first)
			start();
		ck_assert_int_eq(registry_restore_all(registry), 0);
		ck_assert_str_eq(fake_sysctl_get(fake, CC), "cubic");
		ck_assert_str_eq(fake_sysctl_get(fake, LIST), "reno");
		ck_assert(!journal_exists());
		crash();
	}
	start();
}
END_TEST

START_TEST(test_list_switchback)
{
	crash();
	fake_sysctl_set(fake, LIST, "cubic");
	start();
	for (int i = 0; i < 12; i++) {
		static const char *const arms[] = {"bbr", "cubic", "reno", "cubic"};
		ck_assert_int_eq(apply_one(TUNABLE_TCP_CONGESTION_CONTROL, arms[i % 4], 2), 0);
		ck_assert_int_eq(registry_refresh(registry), 0);
		n_reports = 0;
	}
	assert_value(LIST, "reno bbr cubic");
	ck_assert_int_eq(registry_restore_all(registry), 0);
	ck_assert_str_eq(fake_sysctl_get(fake, LIST), "cubic");
	ck_assert(!journal_exists());
}
END_TEST

START_TEST(test_list_undone_with_the_transaction)
{
	TunableChange two[] = {change_of(TUNABLE_TCP_CONGESTION_CONTROL, "bbr"),
			       change_of(TUNABLE_TCP_RMEM, RMEM_NEW)};

	for (size_t i = 0; i < ARRAY_SIZE(faults) * 2; i++) {
		FakeSysctlFault fault = faults[i / 2];

		fake_sysctl_fail_write(fake, 1 + (unsigned)i % 2, EINVAL, fault);
		ck_assert_int_eq(registry_apply(registry, two, 2, 2, NULL, 0),
				 fault == FAKE_SYSCTL_IGNORED ? -EIO : -EINVAL);
		ck_assert_str_eq(fake_sysctl_get(fake, CC), "cubic");
		ck_assert_str_eq(fake_sysctl_get(fake, LIST), "reno cubic");
		ck_assert_str_eq(fake_sysctl_get(fake, RMEM), RMEM_OLD);
		ck_assert(!journal_exists());
		for (TunableId id = 0; id < _TUNABLES; id++)
			ck_assert_uint_eq(state_of(id)->owner, OWNER_HOST);
	}
}
END_TEST

START_TEST(test_list_of_somebody_else)
{
	ck_assert_int_eq(apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "bbr", 2), 0);
	fake_sysctl_set(fake, LIST, "bbr cubic"); /* neither the original nor ours */
	n_reports = 0;
	ck_assert_int_eq(registry_refresh(registry), 1);
	ck_assert_int_eq(registry_restore_all(registry), REGISTRY_REFUSED);
	ck_assert_str_eq(fake_sysctl_get(fake, CC), "cubic");
	assert_value(LIST, "bbr cubic");
	/* To write reno the kernel would change a list that is not ours. */
	ck_assert_int_eq(apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "reno", 3), REGISTRY_REFUSED);
	ck_assert_int_eq(apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "bbr", 3), 0);
	ck_assert_int_eq(registry_release(registry, TUNABLE_TCP_CONGESTION_CONTROL), 0);
	ck_assert_uint_eq(state_of(TUNABLE_TCP_ALLOWED_CONGESTION_CONTROL)->owner, OWNER_HOST);
}
END_TEST

/* What somebody else made the default must not vanish from the list. */
START_TEST(test_list_needed_by_somebody_else)
{
	ck_assert_int_eq(apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "bbr", 2), 0);
	ck_assert_int_eq(apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "reno", 2), 0);
	fake_sysctl_set(fake, CC, "bbr");
	ck_assert_int_eq(registry_restore_all(registry), REGISTRY_REFUSED);
	assert_value(CC, "bbr");
	assert_value(LIST, "reno bbr cubic");
	ck_assert(!journal_exists());
}
END_TEST

START_TEST(test_list_waits_for_its_cause)
{
	ck_assert_int_eq(apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "bbr", 2), 0);
	fake_sysctl_fail_key(fake, CC, ENOENT, FAKE_SYSCTL_UNTOUCHED);
	ck_assert_int_eq(registry_restore_all(registry), -ENOENT);
	assert_value(LIST, "reno bbr cubic");
	crash();
	fake_sysctl_fail_key(fake, CC, 0, FAKE_SYSCTL_UNTOUCHED);
	start();
	ck_assert_str_eq(fake_sysctl_get(fake, CC), "cubic");
	ck_assert_str_eq(fake_sysctl_get(fake, LIST), "reno cubic");
}
END_TEST

/* A module that is loaded joins the list by itself: nobody took it over. */
START_TEST(test_list_grows_by_itself)
{
	fake_sysctl_set(fake, LIST, "reno bbr cubic");
	ck_assert_int_eq(registry_refresh(registry), 0);
	assert_reports();
	ck_assert_int_eq(apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "bbr", 2), 0);
	ck_assert_int_eq(registry_restore_all(registry), 0);
	assert_value(LIST, "reno bbr cubic");
}
END_TEST

START_TEST(test_list_that_could_not_be_put_back)
{
	fake_sysctl_set_writable(fake, LIST, false);
	ck_assert_int_eq(apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "bbr", 2), REGISTRY_REFUSED);
	fake_sysctl_set(fake, LIST, "Not Understood");
	ck_assert_int_eq(apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "bbr", 2), REGISTRY_REFUSED);
	assert_untouched();
	ck_assert_int_eq(apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 2), 0);
	/* A kernel without the list has nothing to put back. */
	fake_sysctl_remove(fake, LIST);
	ck_assert_int_eq(apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "bbr", 2), 0);
}
END_TEST

START_TEST(test_child_needs_the_name_allowed)
{
	fake_sysctl_set(fake, LIST, "reno cubic");
	ck_assert_int_eq(apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "bbr", 2), -EPERM);
	assert_value(CC, "cubic");
	ck_assert_int_eq(apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "dctcp", 2), -ENOENT);
	ck_assert_int_eq(apply_one(TUNABLE_TCP_CONGESTION_CONTROL, "reno", 2), 0);
	ck_assert_int_eq(registry_restore_all(registry), 0);
	ck_assert(!journal_exists());
}
END_TEST

static void add(Suite *suite, const char *name, SFun set, const TTest *const *tests, size_t n)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, set, teardown);
	for (size_t i = 0; i < n; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
}
#define ADD(suite, name, set, ...)                                                                 \
	do {                                                                                       \
		const TTest *const tests_[] = {__VA_ARGS__};                                       \
		add(suite, name, set, tests_, ARRAY_SIZE(tests_));                                 \
	} while (0)

HARNESS_MAIN("registry", ADD(suite, "life", setup, test_found_as_is, test_apply_and_restore,
			     test_odd_original_comes_back, test_keep, test_keep_that_cannot_forget);
	     ADD(suite, "refusal", setup, test_bad_values, test_refused, test_dry_run,
		 test_no_journal_no_write, test_unsaved_is_saved_later);
	     ADD(suite, "durable", setup, test_durable_before_each_write, test_switchback);
	     ADD(suite, "failure", setup, test_each_write_may_fail,
		 test_failure_goes_back_to_before, test_undo_fails_too, test_restore_half_applied,
		 test_killed_half_way, test_reads_may_fail);
	     ADD(suite, "foreign", setup, test_foreign_before_apply, test_foreign_after_apply,
		 test_foreign_stays_foreign, test_release, test_foreign_during_verify,
		 test_foreign_just_before_write, test_foreign_during_restore,
		 test_foreign_during_rollback, test_absent_later);
	     ADD(suite, "recovery", setup, test_recover, test_bad_journal, test_untrusted_journal,
		 test_other_boot);
	     ADD(suite, "list", setup_initial, test_list_restored, test_list_journalled_first,
		 test_list_without_the_original, test_list_switchback,
		 test_list_undone_with_the_transaction, test_list_of_somebody_else,
		 test_list_needed_by_somebody_else, test_list_waits_for_its_cause,
		 test_list_grows_by_itself, test_list_that_could_not_be_put_back);
	     ADD(suite, "child", setup, test_child_needs_the_name_allowed);)
