/* SPDX-License-Identifier: MIT */
/*
 * What the kernel and the disk hold, beside what the registry believes: each difference is told,
 * and nothing is changed by looking.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/base.h"
#include "tests/unit/harness.h"
#include "tests/unit/registry_fixture.h"

typedef struct Seen {
	unsigned n;
	TunableId id;
	char believed[TUNABLE_WORD_MAX], live[TUNABLE_WORD_MAX];
	int error;
} Seen;

static Seen seen;
static unsigned values, entries;

static void on_mismatch(const RegistryMismatch *mismatch, void *context)
{
	ck_assert_ptr_eq(context, &seen);
	seen.n++;
	seen.id = mismatch->id;
	seen.error = mismatch->error;
	(void)snprintf(seen.believed, sizeof(seen.believed), "%s", mismatch->believed);
	(void)snprintf(seen.live, sizeof(seen.live), "%s", mismatch->live);
}

static void compare(void)
{
	seen = (Seen){.n = 0};
	ck_assert_int_eq(registry_compare(fixture.registry, on_mismatch, &seen, &values, &entries),
			 0);
}

START_TEST(test_equal)
{
	compare();
	ck_assert_uint_eq(seen.n + values + entries, 0);
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 1), 0);
	compare();
	ck_assert_uint_eq(seen.n, 0);
	ck_assert_uint_eq(values, 1);
	ck_assert_uint_eq(entries, 1);
}
END_TEST

START_TEST(test_value)
{
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 1), 0);
	fake_sysctl_set(fixture.fake, RMEM, "4096 131072 1000000");
	compare();
	ck_assert_uint_eq(seen.n, 1);
	ck_assert_int_eq(seen.id, TUNABLE_TCP_RMEM);
	ck_assert_str_eq(seen.believed, RMEM_NEW);
	ck_assert_str_eq(seen.live, "4096 131072 1000000");
	/* Only told: to give it up is for the next look. */
	ck_assert_int_eq(fixture_state_of(TUNABLE_TCP_RMEM)->owner, OWNER_NETOPT);
}
END_TEST

START_TEST(test_journal_gone)
{
	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 1), 0);
	ck_assert_int_eq(unlinkat(fixture.params.state_directory_fd, "journal", 0), 0);
	compare();
	ck_assert_uint_eq(seen.n, 1);
	ck_assert_int_eq(seen.id, _TUNABLES);
	ck_assert_int_eq(seen.error, -ENOENT);
}
END_TEST

START_TEST(test_journal_altered)
{
	int fd;

	ck_assert_int_eq(fixture_apply_one(TUNABLE_TCP_RMEM, RMEM_NEW, 1), 0);
	fd = openat(fixture.params.state_directory_fd, "journal", O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, "X", 1, 0), 1);
	(void)close(fd);
	compare();
	ck_assert_uint_eq(seen.n, 1);
	ck_assert_int_eq(seen.id, _TUNABLES);
	ck_assert_int_eq(seen.error, 0);
}
END_TEST

/* Nothing is ours, but a file says that something is. */
START_TEST(test_journal_left)
{
	int fd = openat(fixture.params.state_directory_fd, "journal",
			O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "x\n", 2), 2);
	(void)close(fd);
	compare();
	ck_assert_uint_eq(seen.n, 1);
	ck_assert_int_eq(unlinkat(fixture.params.state_directory_fd, "journal", 0), 0);
}
END_TEST

HARNESS_MAIN("compare", FIXTURE_CASE(suite, "registry", fixture_setup, test_equal, test_value,
				     test_journal_gone, test_journal_altered, test_journal_left);)
