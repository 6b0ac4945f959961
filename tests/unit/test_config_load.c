/* SPDX-License-Identifier: MIT */
/*
 * Which files are read, in which order, and what happens to those that cannot be: in a directory of
 * its own for each test. Also files with many faults, and overriding.
 */
#include "daemon/config/load.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base.h"
#include "common/clock.h"
#include "common/ini.h"
#include "common/text.h"
#include "daemon/config/problems.h"
#include "daemon/config/source.h"
#include "tests/unit/harness.h"

static char root[] = "/tmp/netopt-config-XXXXXX";
static char main_file[128], low[128], middle[128], high[128];
static const char *const directories[] = {low, middle, high, NULL};

static ConfigProblems problems;
static Config *config;

static void make_root(void)
{
	ck_assert_ptr_nonnull(mkdtemp(root));
	(void)text_format(main_file, sizeof(main_file), "%s/netopt.conf", root);
	(void)text_format(low, sizeof(low), "%s/usr", root);
	(void)text_format(middle, sizeof(middle), "%s/run", root);
	(void)text_format(high, sizeof(high), "%s/netopt.conf.d", root);
	ck_assert_int_eq(mkdir(low, 0700), 0);
	ck_assert_int_eq(mkdir(middle, 0700), 0);
	ck_assert_int_eq(mkdir(high, 0700), 0);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status, (void)type, (void)ftw;
	return remove(path);
}

static void remove_root(void)
{
	config_free(config);
	config_problems_clear(&problems);
	ck_assert_int_eq(nftw(root, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static const char *path_of(const char *directory, const char *name)
{
	static char path[256];

	(void)text_format(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void put_bytes(const char *path, const char *data, size_t length)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, length), (ssize_t)length);
}

static void put(const char *directory, const char *name, const char *text)
{
	put_bytes(path_of(directory, name), text, strlen(text));
}

static int load(void)
{
	config_problems_clear(&problems);
	config_free(config);
	config = NULL;
	return config_load_from(main_file, false, directories, &problems, &config);
}

static void load_good(void)
{
	int r = load();

	for (size_t i = 0; i < problems.n; i++) {
		_cleanup_free_ char *line = config_problem_format(&problems.problems[i]);
		fprintf(stderr, "# %s\n", line);
	}
	ck_assert_int_eq(r, 0);
	ck_assert_uint_eq(problems.n, 0);
}

/* One problem with the whole of a file. */
static void check_only_problem(const char *path, const char *message)
{
	ck_assert_int_eq(load(), CONFIG_INVALID);
	ck_assert_ptr_null(config);
	ck_assert_uint_eq(problems.n, 1);
	ck_assert_str_eq(problems.problems[0].file, path);
	ck_assert_uint_eq(problems.problems[0].line, 0);
	ck_assert_msg(strstr(problems.problems[0].message, message), "%s",
		      problems.problems[0].message);
}

START_TEST(test_no_file)
{
	load_good();
	ck_assert_uint_eq(config->n_files, 0);
	ck_assert_int_eq(config->mode, CONFIG_MODE_AUTO);

	ck_assert_int_eq(rmdir(low), 0);
	ck_assert_int_eq(rmdir(middle), 0);
	ck_assert_int_eq(rmdir(high), 0);
	load_good();

	Config *none = NULL;
	ck_assert_int_eq(config_load_from(main_file, true, directories, &problems, &none),
			 CONFIG_INVALID);
	ck_assert_ptr_null(none);
	ck_assert_uint_eq(problems.n, 1);
	_cleanup_free_ char *text = config_problem_format(&problems.problems[0]);
	ck_assert(text_starts_with(text, main_file));
	ck_assert_ptr_nonnull(strstr(text, ": the file cannot be read: No such file"));
}
END_TEST

START_TEST(test_order)
{
	put(root, "netopt.conf", "[Daemon]\nInterval=1s\n");
	put(high, "10-a.conf", "[Daemon]\nInterval=2s\n");
	put(low, "20-b.conf", "[Daemon]\nInterval=3s\n");
	put(middle, "15-c.conf", "[Daemon]\nInterval=4s\n");
	load_good();
	ck_assert_uint_eq(config->interval_ns, 3 * NSEC_PER_SEC);
	ck_assert_uint_eq(config->n_files, 4);
	ck_assert_str_eq(config->files[0], main_file);
	ck_assert_str_eq(config->files[1], path_of(high, "10-a.conf"));
	ck_assert_str_eq(config->files[2], path_of(middle, "15-c.conf"));
	ck_assert_str_eq(config->files[3], path_of(low, "20-b.conf"));
}
END_TEST

START_TEST(test_same_name_replaces)
{
	put(low, "x.conf", "[Daemon]\nInterval=2s\nMode=observe\n");
	load_good();
	ck_assert_int_eq(config->mode, CONFIG_MODE_OBSERVE);

	put(middle, "x.conf", "[Daemon]\nInterval=3s\n");
	load_good();
	ck_assert_uint_eq(config->interval_ns, 3 * NSEC_PER_SEC);
	ck_assert_int_eq(config->mode, CONFIG_MODE_AUTO);
	ck_assert_uint_eq(config->n_files, 1);

	put(high, "x.conf", "[Daemon]\nInterval=4s\n");
	load_good();
	ck_assert_uint_eq(config->interval_ns, 4 * NSEC_PER_SEC);
	ck_assert_uint_eq(config->n_files, 1);
	ck_assert_str_eq(config->files[0], path_of(high, "x.conf"));
}
END_TEST

START_TEST(test_masked)
{
	put(low, "x.conf", "this would be an error");
	ck_assert_int_eq(symlink("/dev/null", path_of(high, "x.conf")), 0);
	load_good();
	ck_assert_uint_eq(config->n_files, 0);

	/* And the other way about: a mask is overridden as well. */
	ck_assert_int_eq(symlink("/dev/null", path_of(low, "y.conf")), 0);
	put(high, "y.conf", "[Daemon]\nMode=observe\n");
	load_good();
	ck_assert_int_eq(config->mode, CONFIG_MODE_OBSERVE);
}
END_TEST

START_TEST(test_names_passed_over)
{
	static const char *const names[] = {
		".x.conf", "x.conf~", "x.conf.dpkg-new", "x.CONF",      "README",
		".conf",   "conf",    "x.conf.bak",      ".x.conf.swp", "x.conf.rpmsave",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		put(high, names[i], "this would be an error");
	load_good();
	ck_assert_uint_eq(config->n_files, 0);
}
END_TEST

START_TEST(test_main_null_device)
{
	(void)text_format(main_file, sizeof(main_file), "/dev/null");
	load_good();
	ck_assert_uint_eq(config->n_files, 1);
}
END_TEST

START_TEST(test_follows_links)
{
	put(root, "elsewhere", "[Daemon]\nMode=observe\n");
	ck_assert_int_eq(symlink("../elsewhere", path_of(high, "x.conf")), 0);
	load_good();
	ck_assert_int_eq(config->mode, CONFIG_MODE_OBSERVE);
}
END_TEST

START_TEST(test_unreadable)
{
	/* By kind and not by mode: root may read whatever its mode is. */
	ck_assert_int_eq(symlink("nowhere", path_of(high, "x.conf")), 0);
	check_only_problem(path_of(high, "x.conf"), "cannot be read: No such file");

	ck_assert_int_eq(unlink(path_of(high, "x.conf")), 0);
	ck_assert_int_eq(mkdir(path_of(high, "x.conf"), 0700), 0);
	check_only_problem(path_of(high, "x.conf"), "not a regular file");

	ck_assert_int_eq(rmdir(path_of(high, "x.conf")), 0);
	ck_assert_int_eq(mkfifo(path_of(high, "x.conf"), 0600), 0);
	check_only_problem(path_of(high, "x.conf"), "not a regular file");

	ck_assert_int_eq(unlink(path_of(high, "x.conf")), 0);
	ck_assert_int_eq(symlink("x.conf", path_of(high, "x.conf")), 0);
	check_only_problem(path_of(high, "x.conf"), "cannot be read: Too many levels");

	ck_assert_int_eq(unlink(path_of(high, "x.conf")), 0);
	ck_assert_int_eq(rmdir(high), 0);
	put_bytes(high, "", 0);
	check_only_problem(high, "the directory cannot be read: Not a directory");

	ck_assert_int_eq(mkdir(main_file, 0700), 0);
	ck_assert_int_eq(load(), CONFIG_INVALID);
	ck_assert_uint_eq(problems.n, 2);
	ck_assert_str_eq(problems.problems[0].file, main_file);
}
END_TEST

START_TEST(test_denied)
{
	const char *const open_to_all[] = {root, low, middle, high};
	bool was_root = geteuid() == 0;

	put(high, "x.conf", "");
	ck_assert_int_eq(chmod(path_of(high, "x.conf"), 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(open_to_all); i++)
		ck_assert_int_eq(chmod(open_to_all[i], 0755), 0);

	if (was_root && seteuid(65534) < 0)
		return; /* a sandbox of one user: nothing is denied to root */
	check_only_problem(path_of(high, "x.conf"), "readable for the user netoptd runs as");
	if (was_root)
		ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(test_large)
{
	_cleanup_free_ char *data = malloc(10 * INI_FILE_MAX);
	static const char line[] = "# a comment of thirty-two bytes\n";

	for (size_t i = 0; i < 10 * INI_FILE_MAX; i += sizeof(line) - 1)
		memcpy(data + i, line, sizeof(line) - 1);

	put_bytes(main_file, data, INI_FILE_MAX);
	load_good();
	put_bytes(main_file, data, INI_FILE_MAX + 1);
	check_only_problem(main_file, "larger than 1 MiB");
	char *none_read = NULL;
	size_t length;
	ck_assert_int_eq(config_source_read(main_file, &none_read, &length), -EFBIG);
	put_bytes(main_file, data, 10 * INI_FILE_MAX);
	check_only_problem(main_file, "larger than 1 MiB");

	Config *none = NULL;
	config_problems_clear(&problems);
	ck_assert_int_eq(config_load_text("t", data, INI_FILE_MAX + 1, &problems, &none),
			 CONFIG_INVALID);
	ck_assert_uint_eq(problems.n, 1);
	ck_assert_ptr_nonnull(strstr(problems.problems[0].message, "larger than 1 MiB"));
}
END_TEST

START_TEST(test_many_files)
{
	char name[32];

	for (unsigned i = 0; i < CONFIG_FILES_MAX; i++) {
		(void)text_format(name, sizeof(name), "%04u.conf", i);
		put(high, name, "");
	}
	load_good();
	ck_assert_uint_eq(config->n_files, CONFIG_FILES_MAX);
	put(low, "0000.conf", "");
	load_good();
	put(low, "one-more.conf", "");
	check_only_problem(high, "more than 256 drop-ins");
}
END_TEST

START_TEST(test_default_directories)
{
	/* Named differently, the main file has only the directory beside it. */
	put(root, "other.conf", "[Daemon]\nInterval=2s\n");
	put(high, "x.conf", "[Daemon]\nInterval=3s\n");
	ck_assert_int_eq(config_load(path_of(root, "other.conf"), true, &problems, &config), 0);
	ck_assert_uint_eq(config->interval_ns, 2 * NSEC_PER_SEC);

	config_free(config);
	config = NULL;
	put(root, "netopt.conf", "");
	ck_assert_int_eq(config_load(main_file, true, &problems, &config), 0);
	ck_assert_uint_eq(config->interval_ns, 3 * NSEC_PER_SEC);
}
END_TEST

START_TEST(test_override_keys)
{
	put(root, "netopt.conf",
	    "[Daemon]\nMode=observe\nSocket=/a\n[Tuning]\nBuffers=1M\nFastOpen=off\n"
	    "CongestionControl=lp\n");
	put(high, "1.conf", "[Tuning]\nBuffers=off\nCongestionControl=\n[Daemon]\nSocket=/b\n");
	load_good();
	ck_assert_int_eq(config->mode, CONFIG_MODE_OBSERVE);
	ck_assert_str_eq(config->socket, "/b");
	ck_assert_int_eq(config->buffers, CONFIG_TUNING_OFF);
	ck_assert_int_eq(config->fast_open, CONFIG_TUNING_OFF);
	ck_assert_int_eq(config->congestion, CONFIG_TUNING_AUTO);
	ck_assert_uint_eq(config->n_congestion_allowed, 2);

	put(high, "2.conf", "[Daemon]\nMode=\nSocket=\n[Tuning]\nBuffers = \nFastOpen=\n");
	load_good();
	ck_assert_int_eq(config->mode, CONFIG_MODE_AUTO);
	ck_assert_ptr_null(config->socket);
	ck_assert_int_eq(config->buffers, CONFIG_TUNING_AUTO);
	ck_assert_int_eq(config->fast_open, CONFIG_TUNING_AUTO);
}
END_TEST

START_TEST(test_override_endpoint)
{
	put(root, "netopt.conf",
	    "[Endpoint a]\nUrl=tcp://a:1\nInterval=5s\nTargetP99=9ms\n[Endpoint b]\nTimeout=1s\n");
	put(high, "1.conf", "[Endpoint b]\nUrl=tcp://b:2\n[Endpoint a]\nInterval=6s\n");
	put(high, "2.conf",
	    "[Endpoint a]\nTargetP99=\nUrl=tcp://c:3\n[Endpoint d]\nUrl=tcp://d:4\n");
	load_good();
	ck_assert_uint_eq(config->n_endpoints, 3);

	const ConfigEndpoint *a = config_find_endpoint(config, "a");
	ck_assert_str_eq(a->url, "tcp://c:3");
	ck_assert_str_eq(a->host, "c");
	ck_assert_uint_eq(a->port, 3);
	ck_assert_uint_eq(a->interval_ns, 6 * NSEC_PER_SEC);
	ck_assert_uint_eq(a->target_p99_ns, 0);
	ck_assert_str_eq(a->file, main_file);
	ck_assert_uint_eq(a->line, 1);

	const ConfigEndpoint *b = config_find_endpoint(config, "b");
	ck_assert_str_eq(b->host, "b");
	ck_assert_uint_eq(b->timeout_ns, NSEC_PER_SEC);
	ck_assert_uint_eq(b->line, 5);
	ck_assert_str_eq(config_find_endpoint(config, "d")->file, path_of(high, "2.conf"));
}
END_TEST

START_TEST(test_url_taken_back)
{
	put(root, "netopt.conf", "\n[Endpoint a]\nUrl=tcp://a:1\n");
	put(high, "1.conf", "[Endpoint a]\nUrl=\n");
	ck_assert_int_eq(load(), CONFIG_INVALID);
	ck_assert_uint_eq(problems.n, 1);
	ck_assert_str_eq(problems.problems[0].file, main_file);
	ck_assert_uint_eq(problems.problems[0].line, 2);
	ck_assert_ptr_nonnull(strstr(problems.problems[0].message, "has no Url="));
}
END_TEST

static void check_problem(size_t i, const char *expected)
{
	ck_assert_uint_lt(i, problems.n);
	_cleanup_free_ char *text = config_problem_format(&problems.problems[i]);
	ck_assert_msg(text_starts_with(text, root), "%s", text);
	ck_assert_msg(text_starts_with(text + strlen(root), expected), "expected %s, got %s",
		      expected, text);
}

START_TEST(test_all_problems)
{
	put(root, "netopt.conf",
	    "Early=1\n"
	    "[Daemon]\n"
	    "Mode=atuo\n"
	    "Nonsense\n"
	    "Intervall=1s\n"
	    "[Typo]\n"
	    "Ignored=1\n"
	    "[Endpoint x]\n"
	    "Url=ftp://x\n"
	    "Interval=1us\n"
	    "[Endpoint y]\n"
	    "[Daemon]\n"
	    "Mode=no\n"
	    "OnStop=keep\n"
	    "OnStop=keep\n");
	put(high, "a.conf", "[Tuning]\nBuffers=1\r\nFastOpen=9\n");
	ck_assert_int_eq(mkdir(path_of(high, "b.conf"), 0700), 0);
	put(high, "c.conf", "[Endpoint x]\nTimeout=0\n[Endpoint y]\nTimeout=1ms\n");
	ck_assert_int_eq(load(), CONFIG_INVALID);

	static const char *const expected[] = {
		"/netopt.conf:1:1: ",
		"/netopt.conf:3:6: Mode=: 'atuo'",
		"/netopt.conf:4:1: ",
		"/netopt.conf:5:1: unknown key 'Intervall'",
		"/netopt.conf:6:1: unknown section 'Typo'",
		"/netopt.conf:9:5: Url=: scheme 'ftp'",
		"/netopt.conf:10:10: Interval=: '1us' is out of range",
		"/netopt.conf:12:1: [Daemon] is already on line 2",
		"/netopt.conf:13:6: Mode=: 'no'",
		"/netopt.conf:15:1: OnStop= is already on line 14",
		"/netopt.conf.d/a.conf:2:10: ",
		"/netopt.conf.d/a.conf:3:10: FastOpen=: '9'",
		"/netopt.conf.d/b.conf: this is not a regular file",
		"/netopt.conf.d/c.conf:2:9: Timeout=: '0' is out of range",
		"/netopt.conf.d/c.conf:4:9: Timeout=: '1ms' is out of range",
		"/netopt.conf:11:1: [Endpoint y] has no Url=",
	};
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		check_problem(i, expected[i]);
	ck_assert_uint_eq(problems.n, ARRAY_SIZE(expected));
}
END_TEST

/* Duplicates are a matter of one file: what a later one says again is meant. */
START_TEST(test_duplicates_per_file)
{
	put(root, "netopt.conf", "[Daemon]\nMode=advise\n[Endpoint a]\nUrl=tcp://a:1\n");
	put(high, "1.conf", "[Daemon]\nMode=observe\n[Endpoint a]\nUrl=tcp://a:2\n");
	load_good();
	put(high, "2.conf", "[Endpoint a]\nUrl=tcp://a:2\nUrl=tcp://a:3\n");
	ck_assert_int_eq(load(), CONFIG_INVALID);
	ck_assert_uint_eq(problems.n, 1);
	check_problem(0, "/netopt.conf.d/2.conf:3:1: Url= is already on line 2");
}
END_TEST

/* Keys that do not fit together are found across files, and told where the one of them stands. */
START_TEST(test_rules_across_files)
{
	put(root, "netopt.conf",
	    "[Endpoint a]\nUrl=https://a\nVerify = no\n[Endpoint b]\nUrl=tcp://b:1\n"
	    "TargetP95=1s\n[Daemon]\nProbePeers=yes\n");
	load_good();
	put(high, "1.conf", "[Endpoint a]\nUrl=http://a\n[Endpoint b]\n\nTargetP50=2s\n");
	put(high, "2.conf", "[Daemon]\nDiscover=no\n[Endpoint b]\nTargetP99=3s\nTimeout=2s\n");
	ck_assert_int_eq(load(), CONFIG_INVALID);
	check_problem(0, "/netopt.conf:8:12: ProbePeers=: no peers are found with Discover=no");
	check_problem(1, "/netopt.conf:3:10: Verify=: there is no certificate with http://");
	check_problem(2, "/netopt.conf.d/1.conf:5:11: TargetP50=: 2s is longer than TargetP95=");
	check_problem(3, "/netopt.conf.d/2.conf:4:11: TargetP99=: 3s is longer than Timeout=");
	ck_assert_uint_eq(problems.n, 4);

	/* What is taken back, or said otherwise, is gone. */
	put(high, "3.conf",
	    "[Endpoint a]\nVerify=\n[Endpoint b]\nTargetP95=\nTimeout=\n[Daemon]\nDiscover=\n");
	load_good();
	ck_assert(config_find_endpoint(config, "a")->verify);
	put(high, "3.conf",
	    "[Endpoint a]\nUrl=tls://a\n[Endpoint b]\nTargetP50=1s\nTimeout=3s\n"
	    "[Daemon]\nProbePeers=no\n");
	load_good();
	ck_assert(!config_find_endpoint(config, "a")->verify);
}
END_TEST

/* A value that was refused takes part in no comparison, even if an earlier file had a good one. */
START_TEST(test_rules_have_no_echo)
{
	put(root, "netopt.conf", "[Endpoint a]\nUrl=tcp://a:1\nTargetP95=1s\n");
	put(high, "1.conf", "[Endpoint a]\nTargetP50=2s\nTargetP95=3x\nUrl=tsl://a\nVerify=no\n");
	ck_assert_int_eq(load(), CONFIG_INVALID);
	check_problem(0, "/netopt.conf.d/1.conf:3:11: TargetP95=: '3x' is not a duration");
	check_problem(1, "/netopt.conf.d/1.conf:4:5: Url=: scheme 'tsl'");
	ck_assert_uint_eq(problems.n, 2);

	/* A later good one does. */
	put(high, "2.conf", "[Endpoint a]\nTargetP95=1s\nUrl=tls://a\n");
	ck_assert_int_eq(load(), CONFIG_INVALID);
	check_problem(2, "/netopt.conf.d/1.conf:2:11: TargetP50=: 2s is longer than TargetP95=");
	ck_assert_uint_eq(problems.n, 3);
}
END_TEST

/* A file does not begin in the section in which the one before it ended. */
START_TEST(test_section_ends_with_file)
{
	put(root, "netopt.conf", "[Daemon]\n");
	put(high, "1.conf", "Mode=observe\n");
	ck_assert_int_eq(load(), CONFIG_INVALID);
	ck_assert_uint_eq(problems.n, 1);
	check_problem(0, "/netopt.conf.d/1.conf:1:1: ");
}
END_TEST

START_TEST(test_endpoints_bounded)
{
	_cleanup_(text_clear) Text text = {0};

	for (unsigned i = 0; i < CONFIG_ENDPOINTS_MAX; i++)
		text_appendf(&text, "[Endpoint e%u]\nUrl=tcp://h%u:%u\n", i, i, i + 1);
	put(root, "netopt.conf", text_string(&text));
	load_good();
	ck_assert_uint_eq(config->n_endpoints, CONFIG_ENDPOINTS_MAX);
	ck_assert_str_eq(config_find_endpoint(config, "e777")->host, "h777");
	ck_assert_uint_eq(config_find_endpoint(config, "e777")->line, 2 * 777 + 1);

	/* One message, however many there are too many; known ones can still be changed. */
	put(high, "x.conf", "[Endpoint e0]\nInterval=1s\n[Endpoint p]\nFoo=1\n[Endpoint q]\n");
	ck_assert_int_eq(load(), CONFIG_INVALID);
	ck_assert_uint_eq(problems.n, 1);
	check_problem(0, "/netopt.conf.d/x.conf:3:1: there can be at most 1024 endpoints");
}
END_TEST

START_TEST(test_problems_bounded)
{
	_cleanup_(text_clear) Text text = {0};

	text_append(&text, "[Daemon]\n");
	for (unsigned i = 0; i < 1000; i++)
		text_append(&text, "Foo=1\n");
	put(root, "netopt.conf", text_string(&text));
	ck_assert_int_eq(load(), CONFIG_INVALID);
	ck_assert_uint_eq(problems.n, CONFIG_PROBLEMS_MAX);
	ck_assert_uint_eq(problems.dropped, 1000 - CONFIG_PROBLEMS_MAX);
}
END_TEST

/* A caller that collects problems over several calls keeps the earlier ones. */
START_TEST(test_problems_of_earlier_calls)
{
	ck_assert_int_eq(config_problems_add(&problems, "g", 0, 0, "earlier"), 0);
	ck_assert_int_eq(config_load_text("f", "", 0, &problems, &config), 0);
	ck_assert_uint_eq(problems.n, 1);
	ck_assert_ptr_nonnull(config);
	ck_assert_str_eq(config->files[0], "f");
}
END_TEST

#define FILES_CASE(name, ...)                                                                      \
	do {                                                                                       \
		TCase *files_case = tcase_create(name);                                            \
		TTest const *const tests[] = {__VA_ARGS__};                                        \
		tcase_add_checked_fixture(files_case, make_root, remove_root);                     \
		for (size_t i = 0; i < ARRAY_SIZE(tests); i++)                                     \
			tcase_add_test(files_case, tests[i]);                                      \
		suite_add_tcase(suite, files_case);                                                \
	} while (0)

HARNESS_MAIN("config_load", FILES_CASE("files", test_no_file, test_order, test_same_name_replaces,
				       test_masked, test_names_passed_over, test_main_null_device,
				       test_follows_links, test_unreadable, test_denied, test_large,
				       test_many_files, test_default_directories);
	     FILES_CASE("merge", test_override_keys, test_override_endpoint, test_url_taken_back,
			test_duplicates_per_file, test_section_ends_with_file,
			test_rules_across_files, test_rules_have_no_echo);
	     FILES_CASE("problems", test_all_problems, test_endpoints_bounded,
			test_problems_bounded, test_problems_of_earlier_calls);)
