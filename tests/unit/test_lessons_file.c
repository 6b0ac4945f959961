/* SPDX-License-Identifier: MIT */
/*
 * The file of lessons under every fault a disk or a stranger can think of. Whatever happens, the
 * table is either what was stored or empty, and a failing store leaves the old file.
 */
#include "daemon/tune/lessons_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base.h"
#include "common/text.h"
#include "tests/unit/harness.h"

static const HostIdentity here = {
	.boot_id = "0c5f1f66-7b7a-4b0e-9a39-2f6e3a9f2f11", .netns = 7, .kernel = "6.1.0"};

static char path[] = "/tmp/netopt-lessons-XXXXXX";
static int directory = -1;
static Lessons *lessons;

static Lessons *table_of(const HostIdentity *identity)
{
	LessonsIdentity whose = lessons_file_identity(identity);
	Lessons *table;

	ck_assert_int_eq(lessons_new(&whose, &table), 0);
	return table;
}

static void add(const char *address)
{
	Lesson lesson = {.kept = true,
			 .effect = 0.5,
			 .log_e = 4,
			 .pairs = 9,
			 .decided_realtime_ns = NSEC_PER_DAY,
			 .subject = {.controller = "congestion", .n_tunables = 1, .route = 1}};

	ck_assert_int_eq(address_parse(address, &lesson.subject.path), 0);
	lesson.subject.tunables[0].id = TUNABLE_ROUTE_CONGCTL;
	ck_assert_int_eq(tunable_parse(&tunables[TUNABLE_ROUTE_CONGCTL], "bbr",
				       &lesson.subject.tunables[0].value),
			 0);
	ck_assert_int_eq(lessons_add(lessons, &lesson), 0);
}

static void setup(void)
{
	memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(path));
	directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(directory, 0);
	lessons = table_of(&here);
	add("192.0.2.1");
	add("192.0.2.2");
}

static void teardown(void)
{
	static const char *const names[] = {LESSONS_FILE, LESSONS_DAMAGED_FILE, ".lessons.tmp",
					    "other"};

	lessons_free(lessons);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)unlinkat(directory, names[i], 0);
	(void)close(directory);
	(void)umount2(path, MNT_DETACH); /* of the tests that mount; else nothing */
	(void)rmdir(path);
}

/* What loading gives as `identity`; the table must have `n` lessons afterwards. */
static int load_as(const HostIdentity *identity, int fd, size_t n)
{
	Lessons *table = table_of(identity);
	int r = lessons_file_load(fd, table);

	ck_assert_uint_eq(lessons_count(table), n);
	lessons_free(table);
	return r;
}

static bool exists(const char *name)
{
	return faccessat(directory, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

START_TEST(test_store_and_load)
{
	Lessons *empty = table_of(&here);
	struct stat status;

	ck_assert_int_eq(load_as(&here, directory, 0), LESSONS_FILE_ABSENT);
	ck_assert_int_eq(lessons_file_store(directory, lessons), 0);
	ck_assert_int_eq(fstatat(directory, LESSONS_FILE, &status, 0), 0);
	ck_assert_uint_eq(status.st_mode, S_IFREG | 0600);
	ck_assert_int_eq(load_as(&here, directory, 2), 0);
	ck_assert_int_eq(load_as(&here, directory, 2), 0);
	ck_assert_int_eq(lessons_file_store(directory, empty), 0);
	ck_assert(!exists(LESSONS_FILE));
	ck_assert_int_eq(lessons_file_store(directory, empty), 0);
	lessons_free(empty);
}
END_TEST

START_TEST(test_stale)
{
	HostIdentity others[3] = {here, here, here};

	others[0].boot_id[0] = '1';
	others[1].kernel[0] = '7';
	others[2].netns++;
	ck_assert_int_eq(lessons_file_store(directory, lessons), 0);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		ck_assert_int_eq(load_as(&others[i], directory, 0), LESSONS_FILE_STALE);
	ck_assert_int_eq(load_as(&here, directory, 2), 0);
	ck_assert(!exists(LESSONS_DAMAGED_FILE));
}
END_TEST

static void put(const char *data, size_t length)
{
	_cleanup_close_ int fd =
		openat(directory, LESSONS_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, length), (ssize_t)length);
}

START_TEST(test_damaged)
{
	_cleanup_free_ char *text = NULL, *large = calloc(1, LESSONS_SIZE_MAX + 1);
	size_t length;

	ck_assert_int_eq(lessons_encode(lessons, &text, &length), 0);
	for (size_t i = 0; i < length; i++) {
		put(text, i);
		ck_assert_int_eq(load_as(&here, directory, 0), LESSONS_FILE_DAMAGED);
		ck_assert(exists(LESSONS_DAMAGED_FILE) && !exists(LESSONS_FILE));
	}
	put(large, LESSONS_SIZE_MAX + 1);
	ck_assert_int_eq(load_as(&here, directory, 0), LESSONS_FILE_DAMAGED);
	/* The next store does not mind. */
	ck_assert_int_eq(lessons_file_store(directory, lessons), 0);
	ck_assert_int_eq(load_as(&here, directory, 2), 0);
}
END_TEST

START_TEST(test_untrusted)
{
	struct stat status;

	ck_assert_int_eq(lessons_file_store(directory, lessons), 0);
	ck_assert_int_eq(linkat(directory, LESSONS_FILE, directory, "other", 0), 0);
	ck_assert_int_eq(load_as(&here, directory, 0), -EPERM);
	ck_assert_int_eq(unlinkat(directory, LESSONS_FILE, 0), 0);
	ck_assert_int_eq(symlinkat("other", directory, LESSONS_FILE), 0);
	ck_assert_int_eq(load_as(&here, directory, 0), -ELOOP);
	ck_assert(exists(LESSONS_FILE) && !exists(LESSONS_DAMAGED_FILE));
	/* Storing replaces the link, not what it points to. */
	ck_assert_int_eq(unlinkat(directory, "other", 0), 0);
	ck_assert_int_eq(lessons_file_store(directory, lessons), 0);
	ck_assert(!exists("other"));
	ck_assert_int_eq(fstatat(directory, LESSONS_FILE, &status, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_uint_eq(status.st_mode, S_IFREG | 0600);
	ck_assert_int_eq(fchmodat(directory, LESSONS_FILE, 0620, 0), 0);
	ck_assert_int_eq(load_as(&here, directory, 0), -EPERM);
	ck_assert_int_eq(fchmodat(directory, LESSONS_FILE, 0600, 0), 0);
	ck_assert_int_eq(load_as(&here, directory, 2), 0);
	if (fchownat(directory, LESSONS_FILE, 4711, 4711, 0) == 0)
		ck_assert_int_eq(load_as(&here, directory, 0), -EPERM);
}
END_TEST

START_TEST(test_directory_gone)
{
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(lessons_file_store(directory, lessons), -ENOENT);
	ck_assert_int_eq(load_as(&here, directory, 0), LESSONS_FILE_ABSENT);
	ck_assert_int_eq(lessons_file_store(-1, lessons), -EBADF);
	ck_assert_int_eq(load_as(&here, -1, 0), -EBADF);
}
END_TEST

START_TEST(test_disk_full_and_read_only)
{
	_cleanup_close_ int fd = -1, fill = -1;
	char block[4096] = {0};

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", path, "tmpfs", 0, "size=16k") < 0)
		HARNESS_SKIP("no tmpfs in a mount namespace");
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(lessons_file_store(fd, lessons), 0);
	fill = openat(fd, "fill", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (write(fill, block, sizeof(block)) > 0)
		;
	(void)close(base_steal_fd(&fill));
	add("192.0.2.3");
	ck_assert_int_eq(lessons_file_store(fd, lessons), -ENOSPC);
	ck_assert_int_eq(load_as(&here, fd, 2), 0); /* the old one stands */
	ck_assert_int_eq(mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	ck_assert_int_eq(lessons_file_store(fd, lessons), -EROFS);
	ck_assert_int_eq(load_as(&here, fd, 2), 0);
}
END_TEST

HARNESS_MAIN("lessons_file", HARNESS_FIXTURE(suite, "disk", setup, teardown, test_store_and_load,
					     test_stale, test_damaged, test_untrusted,
					     test_directory_gone, test_disk_full_and_read_only);)
