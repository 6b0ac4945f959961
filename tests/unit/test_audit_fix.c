/* SPDX-License-Identifier: MIT */
/*
 * The one thing that the audit changes, in a directory that stands for the root of a host: what it
 * does is all there, or nothing is, and the undoing leaves every byte as it was.
 */
#include "cli/audit/fix.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/harness.h"

static char root[64];
static Text said, ran;
static int exit_status;

/* "$ROOT" is the directory. */
static void run_shell(const char *command)
{
	int status;
	pid_t pid;

	ck_assert_int_eq(setenv("ROOT", root, 1), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

static int run(void *context, const char *const argv[])
{
	(void)context;
	text_appendf(&ran, "%s %s;", argv[0], argv[1]);
	return exit_status;
}

static FixOps ops = {.root = root, .run = run};

static void setup(void)
{
	(void)text_format(root, sizeof(root), "/tmp/test-fix.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	run_shell("mkdir -p $ROOT/etc/systemd $ROOT/lib/systemd; touch "
		  "$ROOT/lib/systemd/systemd-resolved");
	run_shell("printf '# mine\\nnameserver 192.0.2.53\\nsearch example.org lan\\nnameserver "
		  "2001:db8::53\\n' > $ROOT/etc/resolv.conf");
	exit_status = 0;
}

static void teardown(void)
{
	run_shell("rm -r $ROOT");
	text_clear(&said);
	text_clear(&ran);
}

static void check_file(const char *name, const char *expected)
{
	char path[256], buffer[1024];
	ssize_t n;
	int fd;

	(void)text_format(path, sizeof(path), "%s/%s", root, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	n = read(fd, buffer, sizeof(buffer) - 1);
	ck_assert_int_ge(n, 0);
	buffer[n] = '\0';
	(void)close(fd);
	ck_assert_str_eq(buffer, expected);
}

static bool is_there(const char *name)
{
	char path[256];
	struct stat info;

	(void)text_format(path, sizeof(path), "%s/%s", root, name);
	return lstat(path, &info) == 0;
}

#define CONF    "# mine\nnameserver 192.0.2.53\nsearch example.org lan\nnameserver 2001:db8::53\n"
#define DROP_IN "etc/systemd/resolved.conf.d/90-netopt-cache.conf"

START_TEST(test_there_and_back)
{
	char path[256], target[256];
	ssize_t n;

	ck_assert_int_eq(fix_dns_cache(&ops, &said), 0);
	check_file(DROP_IN,
		   "# Written by netoptctl audit --fix dns-cache; --fix dns-cache-undo takes it "
		   "back.\n[Resolve]\nCache=yes\nDNSStubListener=yes\n"
		   "DNS=192.0.2.53 2001:db8::53\nDomains=example.org lan\n");
	(void)text_format(path, sizeof(path), "%s/etc/resolv.conf", root);
	n = readlink(path, target, sizeof(target) - 1);
	ck_assert_int_gt(n, 0);
	target[n] = '\0';
	ck_assert_str_eq(target, "../run/systemd/resolve/stub-resolv.conf");
	ck_assert_str_eq(text_string(&ran), "systemctl enable;systemctl restart;");
	ck_assert_int_eq(fix_dns_cache(&ops, &said), -EALREADY);
	ck_assert_int_eq(fix_dns_cache_undo(&ops, &said), 0);
	check_file("etc/resolv.conf", CONF);
	ck_assert(!is_there(DROP_IN));
	ck_assert(!is_there("etc/resolv.conf.before-netopt"));
	ck_assert_int_eq(fix_dns_cache_undo(&ops, &said), -ENOENT);
}
END_TEST

START_TEST(test_link_comes_back)
{
	char path[256], target[256] = "";

	run_shell("rm $ROOT/etc/resolv.conf; ln -s ../run/other.conf $ROOT/etc/resolv.conf");
	ck_assert_int_eq(fix_dns_cache(&ops, &said), 0);
	ck_assert_int_eq(fix_dns_cache_undo(&ops, &said), 0);
	(void)text_format(path, sizeof(path), "%s/etc/resolv.conf", root);
	ck_assert_int_gt(readlink(path, target, sizeof(target) - 1), 0);
	ck_assert_str_eq(target, "../run/other.conf");
}
END_TEST

START_TEST(test_no_resolved)
{
	run_shell("rm $ROOT/lib/systemd/systemd-resolved");
	ck_assert_int_eq(fix_dns_cache(&ops, &said), -ENOENT);
	ck_assert_ptr_nonnull(strstr(text_string(&said), "apt install systemd-resolved"));
	check_file("etc/resolv.conf", CONF);
	ck_assert(!is_there(DROP_IN));
}
END_TEST

START_TEST(test_does_not_start)
{
	exit_status = 1;
	ck_assert_int_eq(fix_dns_cache(&ops, &said), -EIO);
	check_file("etc/resolv.conf", CONF);
	ck_assert(!is_there(DROP_IN));
	ck_assert(!is_there("etc/resolv.conf.before-netopt"));
}
END_TEST

static void add_all(Suite *suite)
{
	TCase *all = tcase_create("fix");

	tcase_add_checked_fixture(all, setup, teardown);
	tcase_add_test(all, test_there_and_back);
	tcase_add_test(all, test_link_comes_back);
	tcase_add_test(all, test_no_resolved);
	tcase_add_test(all, test_does_not_start);
	suite_add_tcase(suite, all);
}

HARNESS_MAIN("audit_fix", add_all(suite);)
