/* SPDX-License-Identifier: MIT */
#include "tests/unit/registry_fixture.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base.h"
#include "daemon/tune/journal.h"

static const HostIdentity child = {.boot_id = "6f0a", .netns = 77};
static const HostIdentity initial = {.boot_id = "6f0a", .netns = 1, .initial_netns = true};

RegistryFixture fixture = {.path = "/tmp/netopt-registry-XXXXXX"};

int fsync(int fd)
{
	struct stat status;

	if (fixture.disk.sync_error) {
		errno = fixture.disk.sync_error;
		return -1;
	}
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
		char name[64];
		(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		int again = open(name, O_RDONLY | O_CLOEXEC);
		ssize_t n = read(again, fixture.disk.synced, sizeof(fixture.disk.synced) - 1);
		fixture.disk.synced[MAX(n, 0)] = '\0';
		(void)close(again);
	} else if (fixture.disk.renamed) {
		memcpy(fixture.disk.durable, fixture.disk.synced, sizeof(fixture.disk.durable));
		fixture.disk.renamed = false;
	}
	return (int)syscall(SYS_fsync, fd);
}

int renameat(int from_directory, const char *from, int to_directory, const char *to)
{
	fixture.disk.renamed = strcmp(to, JOURNAL_FILE) == 0;
	return (int)syscall(SYS_renameat2, from_directory, from, to_directory, to, 0);
}

static uint64_t monotonic(void *context)
{
	(void)context;
	return fixture.now_ns += 1000;
}

static void on_report(const RegistryReport *report, void *context)
{
	static const char *const names[] = {"WRITTEN",    "RESTORED", "FOREIGN", "FAILED",
					    "LEFT_ALONE", "KEPT",     "STALE"};
	const char *key = report->id == _TUNABLES ? "journal" : tunables[report->id].key + 9;

	(void)context;
	ck_assert_uint_lt(fixture.n_reports, ARRAY_SIZE(fixture.reports));
	(void)snprintf(fixture.reports[fixture.n_reports++], sizeof(fixture.reports[0]),
		       "%s %s: %s > %s #%d %d", names[report->event], key, report->old_value,
		       report->new_value, (int)report->change_id, report->error);
}

void fixture_assert_reports_at(const char *file, int line, const char *const *expected, size_t n)
{
	for (size_t i = 0; i < MAX(n, fixture.n_reports); i++) {
		const char *want = i < n ? expected[i] : "nothing";
		const char *have = i < fixture.n_reports ? fixture.reports[i] : "nothing";
		ck_assert_msg(strcmp(want, have) == 0, "%s:%d: report %zu: want '%s', have '%s'",
			      file, line, i, want, have);
	}
	fixture.n_reports = 0;
}

void fixture_assert_value_at(const char *key, const char *want, int line)
{
	const char *have = fake_sysctl_get(fixture.fake, key);
	ck_assert_msg(have && sysctl_values_equal(have, want), "line %d: %s is '%s', not '%s'",
		      line, key, have, want);
}

bool fixture_journal_exists(void)
{
	return faccessat(fixture.params.state_directory_fd, JOURNAL_FILE, F_OK, 0) == 0;
}

void fixture_start(void)
{
	ck_assert_int_eq(registry_new(&fixture.params, &fixture.registry), 0);
}

/* Dies without a word: all that stays is the kernel and the fixture.disk. */
void fixture_crash(void)
{
	registry_free(fixture.registry);
	fixture.registry = NULL;
	fixture.n_reports = 0;
}

void fixture_setup(void)
{
	memcpy(fixture.path + sizeof(fixture.path) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(fixture.path));
	fixture.fake = fake_sysctl_new();
	fake_sysctl_set(fixture.fake, LIST, "reno bbr cubic");
	fixture.params = (RegistryParams){
		.sysctl = fake_sysctl_ops(fixture.fake),
		.identity = child,
		.clock = {.monotonic_ns = monotonic, .realtime_ns = monotonic},
		.state_directory_fd = open(fixture.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.report = on_report,
	};
	fixture.n_reports = 0;
	memset(&fixture.disk, 0, sizeof(fixture.disk));
	fixture_start();
}

void fixture_setup_initial(void)
{
	fixture_setup();
	registry_free(fixture.registry);
	fake_sysctl_set_initial_netns(fixture.fake, true);
	fake_sysctl_set(fixture.fake, LIST, "reno cubic");
	fixture.params.identity = initial;
	fixture_start();
}

static void teardown(void)
{
	registry_free(fixture.registry);
	fake_sysctl_free(fixture.fake);
	(void)unlinkat(fixture.params.state_directory_fd, JOURNAL_FILE, 0);
	(void)unlinkat(fixture.params.state_directory_fd, "journal.damaged", 0);
	(void)close(fixture.params.state_directory_fd);
	(void)rmdir(fixture.path);
}

TunableChange fixture_change_of(TunableId id, const char *text)
{
	TunableChange change = {.id = id};
	ck_assert_msg(tunable_parse(&tunables[id], text, &change.value) == 0, "%s", text);
	return change;
}

int fixture_apply_one(TunableId id, const char *text, uint64_t change_id)
{
	TunableChange change = fixture_change_of(id, text);
	char reason[200];
	int r = registry_apply(fixture.registry, &change, 1, change_id, reason, sizeof(reason));
	ck_assert_msg((r == 0) == (reason[0] == '\0'), "%d '%s'", r, reason);
	return r;
}

int fixture_restore_one(TunableId id)
{
	return registry_restore(fixture.registry, &id, 1);
}

const TunableState *fixture_state_of(TunableId id)
{
	return registry_get(fixture.registry, id);
}

void fixture_assert_untouched(void)
{
	ck_assert_uint_eq(fake_sysctl_writes(fixture.fake), 0);
	ck_assert(!fixture_journal_exists());
	for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++)
		ck_assert_uint_ne(fixture_state_of(id)->owner, OWNER_NETOPT);
}

void fixture_add(Suite *suite, const char *name, SFun set, const TTest *const *tests, size_t n)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, set, teardown);
	for (size_t i = 0; i < n; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
}
