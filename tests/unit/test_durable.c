/* SPDX-License-Identifier: MIT */
/*
 * Durable files. The system calls that matter are replaced by wrappers in this program, which note
 * their order, fail on demand or end the process between two of them: a crash. A full and a
 * read-only file system are real ones, a small tmpfs in a mount namespace of the test process;
 * where that cannot be had, those two tests say so and pass.
 */
#include "common/durable.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "common/base.h"
#include "tests/unit/harness.h"

#define CRASHED 42

#define PATH_TEMPLATE "/tmp/netopt-durable-XXXXXX"

static char path[] = PATH_TEMPLATE;
static int directory = -1;

/* What the wrappers do. Letters of `calls`: w(rite), f(sync a file), F(sync a directory), r(ename).
 */
static struct {
	bool active;
	char calls[64];
	size_t n_calls;
	size_t crash_at;    /* end the process before this call, from 1; 0: never */
	int fail_errno;     /* for the call named by fail_letter */
	char fail_letter;   /* 0: none */
	size_t write_limit; /* bytes per write(2); 0: all */
	int interruptions;  /* EINTR this often first */
} hook;

static int note(char letter)
{
	if (!hook.active)
		return 0;
	hook.calls[hook.n_calls++ % (sizeof(hook.calls) - 1)] = letter;
	if (hook.crash_at == hook.n_calls)
		_exit(CRASHED);
	if (hook.fail_letter == letter) {
		errno = hook.fail_errno;
		return -1;
	}
	if (hook.interruptions > 0 && letter != 'r') {
		hook.interruptions--;
		errno = EINTR;
		return -1;
	}
	return 0;
}

int fsync(int fd)
{
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	if (note(S_ISDIR(st.st_mode) ? 'F' : 'f') < 0)
		return -1;
	return (int)syscall(SYS_fsync, fd);
}

int renameat(int old_fd, const char *old, int new_fd, const char *new)
{
	if (note('r') < 0)
		return -1;
	return (int)syscall(SYS_renameat2, old_fd, old, new_fd, new, 0);
}

ssize_t write(int fd, const void *data, size_t length)
{
	if (note('w') < 0)
		return hook.fail_errno == 0 && hook.fail_letter == 'w' ? 0 : -1;
	if (hook.active && hook.write_limit > 0)
		length = MIN(length, hook.write_limit);
	return syscall(SYS_write, fd, data, length);
}

static void setup(void)
{
	memcpy(path, PATH_TEMPLATE,
	       sizeof(path)); /* the last test's name, if they share a process */
	memset(&hook, 0, sizeof(hook));
	ck_assert_ptr_nonnull(mkdtemp(path));
	directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(directory, 0);
}

static void empty_directory(void)
{
	DIR *entries = fdopendir(dup(directory));

	ck_assert_ptr_nonnull(entries);
	rewinddir(entries);
	for (struct dirent *entry; (entry = readdir(entries));)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			if (unlinkat(directory, entry->d_name, 0) < 0)
				(void)unlinkat(directory, entry->d_name, AT_REMOVEDIR);
	(void)closedir(entries);
}

static void teardown(void)
{
	empty_directory();
	(void)close(directory);
	(void)rmdir(path);
}

static size_t count_entries(void)
{
	DIR *entries = fdopendir(dup(directory));
	size_t n = 0;

	ck_assert_ptr_nonnull(entries);
	rewinddir(entries);
	while (readdir(entries))
		n++;
	(void)closedir(entries);
	return n - 2;
}

static int replace(const char *text)
{
	return durable_replace(directory, "file", text, strlen(text), 0600);
}

static void check_contents(const char *name, const char *expected)
{
	_cleanup_free_ char *data = NULL;
	size_t length = 0;

	ck_assert_int_eq(durable_read(directory, name, 1 << 20, &data, &length), 0);
	ck_assert_str_eq(data, expected);
	ck_assert_uint_eq(length, strlen(expected));
}

static void create(const char *name, const char *text, mode_t mode)
{
	_cleanup_close_ int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(fchmod(fd, mode), 0);
}

static void check_unreadable(const char *name, size_t maximum, int expected)
{
	char *data = (char *)&data;
	size_t length = 4711;

	ck_assert_int_eq(durable_read(directory, name, maximum, &data, &length), expected);
	ck_assert_ptr_eq(data, (char *)&data);
	ck_assert_uint_eq(length, 4711);
}

START_TEST(creates_and_replaces)
{
	ck_assert_int_eq(replace("one"), 0);
	check_contents("file", "one");
	ck_assert_int_eq(replace("a longer second"), 0);
	check_contents("file", "a longer second");
	ck_assert_int_eq(replace("3"), 0);
	check_contents("file", "3");
	ck_assert_int_eq(replace(""), 0);
	check_contents("file", "");
	ck_assert_uint_eq(count_entries(), 1);
}
END_TEST

START_TEST(binary_data)
{
	_cleanup_free_ char *data = NULL;
	char bytes[3 * 65536];
	size_t length;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7);
	ck_assert_int_eq(durable_replace(directory, "file", bytes, sizeof(bytes), 0600), 0);
	ck_assert_int_eq(durable_read(directory, "file", sizeof(bytes), &data, &length), 0);
	ck_assert_uint_eq(length, sizeof(bytes));
	ck_assert_mem_eq(data, bytes, sizeof(bytes));
	ck_assert_int_eq(data[length], '\0');
}
END_TEST

START_TEST(mode_ignores_the_umask)
{
	static const mode_t modes[] = {0600, 0640, 0644, 0400};
	struct stat st;

	(void)umask(0077);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		ck_assert_int_eq(durable_replace(directory, "file", "x", 1, modes[i]), 0);
		ck_assert_int_eq(fstatat(directory, "file", &st, 0), 0);
		ck_assert_uint_eq(st.st_mode & 07777, modes[i]);
	}
	(void)umask(0);
	ck_assert_int_eq(durable_replace(directory, "file", "x", 1, 0600), 0);
	ck_assert_int_eq(fstatat(directory, "file", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
}
END_TEST

START_TEST(name_lengths)
{
	char name[NAME_MAX + 1];

	memset(name, 'n', sizeof(name));
	name[NAME_MAX - 5] = '\0'; /* with a dot before and ".tmp" behind: exactly NAME_MAX */
	ck_assert_int_eq(durable_replace(directory, name, "x", 1, 0600), 0);
	check_contents(name, "x");
	name[NAME_MAX - 5] = 'n';
	name[NAME_MAX - 4] = '\0';
	ck_assert_int_eq(durable_replace(directory, name, "x", 1, 0600), -ENAMETOOLONG);
	ck_assert_uint_eq(count_entries(), 1);
}
END_TEST

START_TEST(leftovers_of_a_crash_are_replaced)
{
	create(".file.tmp", "torn", 0600);
	ck_assert_int_eq(replace("whole"), 0);
	check_contents("file", "whole");
	ck_assert_uint_eq(count_entries(), 1);

	create(".file.tmp", "torn, and unreadable", 0);
	ck_assert_int_eq(replace("whole again"), 0);
	check_contents("file", "whole again");
	ck_assert_uint_eq(count_entries(), 1);
}
END_TEST

/* A link in the place of either name must not make us write somewhere else. */
START_TEST(links_are_replaced_not_followed)
{
	create("victim", "precious", 0600);
	ck_assert_int_eq(symlinkat("victim", directory, ".file.tmp"), 0);
	ck_assert_int_eq(symlinkat("victim", directory, "file"), 0);
	ck_assert_int_eq(replace("ours"), 0);
	check_contents("victim", "precious");
	check_contents("file", "ours");

	ck_assert_int_eq(linkat(directory, "victim", directory, ".file.tmp", 0), 0);
	ck_assert_int_eq(replace("ours again"), 0);
	check_contents("victim", "precious");
	check_contents("file", "ours again");
	ck_assert_uint_eq(count_entries(), 2);
}
END_TEST

START_TEST(a_directory_in_the_way)
{
	ck_assert_int_eq(mkdirat(directory, "file", 0700), 0);
	ck_assert_int_eq(replace("x"), -EISDIR);
	ck_assert_uint_eq(count_entries(), 1);
	ck_assert_int_eq(mkdirat(directory, ".other.tmp", 0700), 0);
	ck_assert_int_lt(durable_replace(directory, "other", "x", 1, 0600), 0);
	ck_assert_int_eq(faccessat(directory, "other", F_OK, 0), -1);
}
END_TEST

START_TEST(order_of_system_calls)
{
	hook.active = true;
	ck_assert_int_eq(replace("x"), 0);
	ck_assert_str_eq(hook.calls, "wfrF");

	memset(&hook, 0, sizeof(hook));
	hook.active = true;
	ck_assert_int_eq(durable_remove(directory, "file"), 0);
	ck_assert_str_eq(hook.calls, "F");
	/* The removal before a crash may not have been durable. */
	ck_assert_int_eq(durable_remove(directory, "file"), 0);
	ck_assert_str_eq(hook.calls, "FF");
	hook.active = false;
	ck_assert_uint_eq(count_entries(), 0);
}
END_TEST

START_TEST(short_and_interrupted_writes)
{
	hook.active = true;
	hook.write_limit = 3;
	hook.interruptions = 2;
	ck_assert_int_eq(replace("0123456789"), 0);
	ck_assert_str_eq(hook.calls, "wwwwwwfrF");
	hook.active = false;
	check_contents("file", "0123456789");

	hook.active = true;
	hook.interruptions = 2;
	ck_assert_int_eq(durable_remove(directory, "file"), 0);
}
END_TEST

START_TEST(failures_leave_the_old_file)
{
	static const struct {
		char letter;
		int error, expected;
		const char *contents;
	} cases[] = {
		{'w', ENOSPC, -ENOSPC, "old"}, {'w', EDQUOT, -EDQUOT, "old"},
		{'w', 0, -EIO, "old"}, /* a write of nothing would otherwise loop for ever */
		{'f', EIO, -EIO, "old"},       {'r', EIO, -EIO, "old"},
		{'F', EIO, -EIO, "new"}, /* the exception the header names */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(&hook, 0, sizeof(hook));
		ck_assert_int_eq(replace("old"), 0);
		hook.active = true;
		hook.fail_letter = cases[i].letter;
		hook.fail_errno = cases[i].error;
		ck_assert_int_eq(replace("new"), cases[i].expected);
		hook.active = false;
		check_contents("file", cases[i].contents);
		ck_assert_uint_eq(count_entries(), 1);
	}

	hook.active = true;
	hook.fail_letter = 'F';
	hook.fail_errno = EIO;
	ck_assert_int_eq(durable_remove(directory, "file"), -EIO);
}
END_TEST

/* Ends a child before its n-th call; false once the child gets through. */
static bool crash_before(size_t n)
{
	int status;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		hook.active = true;
		hook.crash_at = n;
		hook.write_limit = 2;
		_exit(replace("the new contents") == 0 ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	ck_assert(WEXITSTATUS(status) == CRASHED || WEXITSTATUS(status) == 0);
	return WEXITSTATUS(status) == CRASHED;
}

START_TEST(crash_before_every_call)
{
	size_t n = 1;
	bool crashed = true;

	for (; crashed; n++) {
		_cleanup_free_ char *data = NULL;
		size_t length;

		ck_assert_int_eq(replace("the old one"), 0);
		ck_assert_uint_eq(count_entries(), 1);
		crashed = crash_before(n);
		ck_assert_int_eq(durable_read(directory, "file", 100, &data, &length), 0);
		if (n <= 10) /* eight writes, fsync, rename; the eleventh is the directory's */
			ck_assert_str_eq(data, "the old one");
		else
			ck_assert_str_eq(data, "the new contents");
	}
	ck_assert_uint_eq(n - 1, 12);
	ck_assert_int_eq(replace("afterwards"), 0);
	ck_assert_uint_eq(count_entries(), 1);
}
END_TEST

START_TEST(read_limits)
{
	_cleanup_free_ char *data = NULL;
	size_t length;

	ck_assert_int_eq(replace("0123456789"), 0);
	check_unreadable("file", 9, -EFBIG);
	check_unreadable("file", 0, -EFBIG);
	ck_assert_int_eq(durable_read(directory, "file", 10, &data, &length), 0);
	ck_assert_uint_eq(length, 10);
	check_unreadable("absent", 10, -ENOENT);
}
END_TEST

START_TEST(read_only_what_can_be_trusted)
{
	static const mode_t good[] = {0600, 0400, 0644, 0755, 0640};
	static const mode_t bad[] = {0620, 0602, 0666, 0622, 0660, 0777};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		create("mode", "x", good[i]);
		check_contents("mode", "x");
		ck_assert_int_eq(unlinkat(directory, "mode", 0), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		create("mode", "x", bad[i]);
		check_unreadable("mode", 100, -EPERM);
		ck_assert_int_eq(unlinkat(directory, "mode", 0), 0);
	}
}
END_TEST

START_TEST(read_only_regular_files_with_one_link)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	create("target", "x", 0600);
	ck_assert_int_eq(symlinkat("target", directory, "link"), 0);
	ck_assert_int_eq(symlinkat("nowhere", directory, "dangling"), 0);
	check_unreadable("link", 100, -ELOOP);
	check_unreadable("dangling", 100, -ELOOP);
	check_contents("target", "x");

	ck_assert_int_eq(linkat(directory, "target", directory, "hard", 0), 0);
	check_unreadable("target", 100, -EPERM);
	check_unreadable("hard", 100, -EPERM);

	ck_assert_int_eq(mkdirat(directory, "directory", 0700), 0);
	check_unreadable("directory", 100, -EPERM);
	ck_assert_int_eq(mkfifoat(directory, "fifo", 0600), 0);
	check_unreadable("fifo", 100, -EPERM); /* and does not wait for a writer */

	(void)snprintf(name.sun_path, sizeof(name.sun_path), "%s/socket", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	check_unreadable("socket", 100, -EPERM);
}
END_TEST

START_TEST(read_refuses_other_owners)
{
	create("theirs", "x", 0600);
	if (fchownat(directory, "theirs", 65534, 65534, 0) < 0) {
		HARNESS_SKIP("giving a file away needs CAP_CHOWN");
	}
	check_unreadable("theirs", 100, -EPERM);
}
END_TEST

/* The state directory of a service, and root looking after it. */
START_TEST(owner_of_the_directory)
{
	struct stat st;

	create("theirs", "x", 0600);
	if (geteuid() != 0 || fchownat(directory, "theirs", 65534, 65534, 0) < 0 ||
	    fchown(directory, 65534, 65533) < 0) {
		HARNESS_SKIP("giving a file away needs CAP_CHOWN");
	}
	check_contents("theirs", "x");
	ck_assert_int_eq(fchmod(directory, 0770), 0);
	check_unreadable("theirs", 100, -EPERM);
	ck_assert_int_eq(fchmod(directory, 0702), 0);
	check_unreadable("theirs", 100, -EPERM);
	ck_assert_int_eq(fchmod(directory, 0755), 0);
	check_contents("theirs", "x");
	ck_assert_int_eq(fchownat(directory, "theirs", 65532, 65534, 0), 0);
	check_unreadable("theirs", 100, -EPERM);

	ck_assert_int_eq(replace("y"), 0);
	ck_assert_int_eq(fstatat(directory, "file", &st, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_int_eq(st.st_uid, 65534);
	ck_assert_int_eq(st.st_gid, 65533);
	check_contents("file", "y");
}
END_TEST

START_TEST(remove_is_idempotent)
{
	ck_assert_int_eq(replace("x"), 0);
	ck_assert_int_eq(durable_remove(directory, "file"), 0);
	check_unreadable("file", 100, -ENOENT);
	ck_assert_int_eq(durable_remove(directory, "file"), 0);

	create("target", "x", 0600);
	ck_assert_int_eq(symlinkat("target", directory, "file"), 0);
	ck_assert_int_eq(durable_remove(directory, "file"), 0);
	check_contents("target", "x");

	ck_assert_int_eq(mkdirat(directory, "file", 0700), 0);
	ck_assert_int_eq(durable_remove(directory, "file"), -EISDIR);
}
END_TEST

/* Mounts a tmpfs of a few pages over the directory, in a mount namespace of this process. */
static bool mount_small_tmpfs(void)
{
	if (getenv("CK_FORK") && strcmp(getenv("CK_FORK"), "no") == 0) {
		fprintf(stderr, "skipped: CK_FORK=no, the namespace would outlive the test\n");
		return false;
	}
	if ((unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, "size=32k,mode=700") < 0) {
		fprintf(stderr, "skipped: no tmpfs in a mount namespace: %s\n", strerror(errno));
		return false;
	}
	(void)close(directory);
	directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(directory, 0);
	return true;
}

static void unmount_tmpfs(void)
{
	(void)close(directory);
	ck_assert_int_eq(umount2(path, MNT_DETACH), 0);
	directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

START_TEST(full_file_system)
{
	static char large[256 * 1024];

	if (!mount_small_tmpfs())
		HARNESS_SKIP("no tmpfs in a mount namespace");
	ck_assert_int_eq(replace("old"), 0);
	ck_assert_int_eq(durable_replace(directory, "file", large, sizeof(large), 0600), -ENOSPC);
	check_contents("file", "old");
	ck_assert_uint_eq(count_entries(), 1);
	/* The failed attempt left no space taken. */
	ck_assert_int_eq(durable_replace(directory, "file", large, 16384, 0600), 0);
	unmount_tmpfs();
}
END_TEST

START_TEST(read_only_file_system)
{
	if (!mount_small_tmpfs())
		HARNESS_SKIP("no tmpfs in a mount namespace");
	ck_assert_int_eq(replace("old"), 0);
	if (mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) < 0) {
		HARNESS_SKIP("no read-only remount");
	}
	ck_assert_int_eq(replace("new"), -EROFS);
	check_contents("file", "old");
	ck_assert_int_eq(durable_remove(directory, "file"), -EROFS);
	check_contents("file", "old");
	ck_assert_int_eq(durable_replace(directory, "other", "x", 1, 0600), -EROFS);
	check_unreadable("other", 100, -ENOENT);
	unmount_tmpfs();
}
END_TEST

#define CASE(suite, name, ...)                                                                     \
	do {                                                                                       \
		TCase *tcase = tcase_create(name);                                                 \
		TTest const *const tests[] = {__VA_ARGS__};                                        \
		tcase_add_checked_fixture(tcase, setup, teardown);                                 \
		for (size_t i = 0; i < ARRAY_SIZE(tests); i++)                                     \
			tcase_add_test(tcase, tests[i]);                                           \
		suite_add_tcase(suite, tcase);                                                     \
	} while (0)

HARNESS_MAIN("durable",
	     CASE(suite, "replace", creates_and_replaces, binary_data, mode_ignores_the_umask,
		  name_lengths, leftovers_of_a_crash_are_replaced, links_are_replaced_not_followed,
		  a_directory_in_the_way);
	     CASE(suite, "faults", order_of_system_calls, short_and_interrupted_writes,
		  failures_leave_the_old_file, crash_before_every_call);
	     CASE(suite, "read", read_limits, read_only_what_can_be_trusted,
		  read_only_regular_files_with_one_link, read_refuses_other_owners,
		  owner_of_the_directory, remove_is_idempotent);
	     CASE(suite, "mounts", full_file_system, read_only_file_system);)
