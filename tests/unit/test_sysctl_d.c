/* SPDX-License-Identifier: MIT */
/*
 * What an administrator may write down in sysctl.d, in every form that systemd-sysctl and procps
 * understand, and which of several files wins. In directories of its own.
 */
#include "daemon/config/sysctl_d.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base.h"
#include "common/text.h"
#include "tests/unit/harness.h"

enum { RMEM, CONGESTION, THRESH, N_KEYS };

static const char *const keys[N_KEYS] = {
	[RMEM] = "net.ipv4.tcp_rmem",
	[CONGESTION] = "net.ipv4.tcp_congestion_control",
	[THRESH] = "net.ipv4.neigh.default.gc_thresh2",
};

static SysctlSetting settings[N_KEYS];

static void take(const char *file, const char *text)
{
	sysctl_d_take(keys, settings, N_KEYS, file, text, strlen(text));
}

static void check(size_t key, const char *file, unsigned line, const char *value)
{
	ck_assert_str_eq(settings[key].file, file);
	ck_assert_uint_eq(settings[key].line, line);
	ck_assert_str_eq(settings[key].value, value);
}

static void check_unset(const char *text)
{
	memset(settings, 0, sizeof(settings));
	take("f", text);
	for (size_t i = 0; i < N_KEYS; i++)
		ck_assert_msg(!settings[i].file[0], "%s: %s", text, keys[i]);
}

START_TEST(test_forms)
{
	static const struct {
		const char *text, *value;
	} rows[] = {
		{"net.ipv4.tcp_rmem=1 2 3", "1 2 3"},
		{"net.ipv4.tcp_rmem = 1 2 3\n", "1 2 3"},
		{"  net.ipv4.tcp_rmem\t=\t1 2 3  \r\n", "1 2 3"},
		{"net/ipv4/tcp_rmem=1 2 3", "1 2 3"},
		{"-net.ipv4.tcp_rmem=1 2 3", "1 2 3"},
		{"- net.ipv4.tcp_rmem = 1 2 3", "1 2 3"},
		{"net.ipv4.tcp_rmem=a=b", "a=b"},
		{"net.ipv4.tcp_?mem = 7", "7"},
		{"net.ipv4.tcp_[rw]mem = 7", "7"},
		{"net.*.tcp_rmem = 7", "7"},
		{"net.ipv4.tcp_rmem=1\nnet.ipv4.tcp_rmem=2", "2"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(settings, 0, sizeof(settings));
		take("f", rows[i].text);
		ck_assert_msg(text_equal(settings[RMEM].file, "f"), "%s", rows[i].text);
		ck_assert_str_eq(settings[RMEM].value, rows[i].value);
		ck_assert_str_eq(settings[CONGESTION].file, "");
	}
}
END_TEST

START_TEST(test_no_assignment)
{
	static const char *const rows[] = {
		"",
		"\n\n",
		"#net.ipv4.tcp_rmem=1",
		"  # net.ipv4.tcp_rmem=1",
		"; net.ipv4.tcp_rmem=1",
		"net.ipv4.tcp_rmem",
		"net.ipv4.tcp_rmem=",
		"=1",
		"net.ipv4.tcp_rmem_x=1",
		"net.ipv4.tcp_rme=1",
		"et.ipv4.tcp_rmem=1",
		"net.ipv4=1",
		"net.*=1", /* '*' stays within a component */
		"*tcp_rmem=1",
		"kernel.sysrq=1\nvm.swappiness=1",
		"-net.ipv4.tcp_rmem",
		"net/ipv4.tcp_rmem=1", /* a component with a dot in it */
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_unset(rows[i]);
}
END_TEST

/* Debian's /etc/sysctl.conf says much, and nothing. */
START_TEST(test_commented_out)
{
	check_unset("#\n# /etc/sysctl.conf - Configuration file for setting system variables\n"
		    "#\n\n#kernel.domainname = example.com\n\n"
		    "# Uncomment the next line to enable TCP/IP SYN cookies\n"
		    "#net.ipv4.tcp_syncookies=1\n"
		    "#net.ipv4.tcp_congestion_control = bbr\n");
}
END_TEST

START_TEST(test_lines)
{
	char text[4096], value[3001];

	take("f", "\n# a\nnet.ipv4.tcp_rmem = 1\n\nnet.ipv4.neigh.default.gc_thresh2 = 8\n");
	check(RMEM, "f", 3, "1");
	check(THRESH, "f", 5, "8");
	/* A line that is too long is none, and those around it are read. */
	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	(void)snprintf(text, sizeof(text),
		       "net.ipv4.tcp_rmem = 2\nnet.ipv4.tcp_congestion_control = %s\n"
		       "net/ipv4/neigh/default/gc_thresh2=9",
		       value);
	take("g", text);
	check(RMEM, "g", 1, "2");
	check(CONGESTION, "", 0, "");
	check(THRESH, "g", 3, "9");
}
END_TEST

/* A long file name or value is cut, not overrun. */
START_TEST(test_long)
{
	char file[300], text[400];

	memset(file, 'f', sizeof(file) - 1);
	file[sizeof(file) - 1] = '\0';
	(void)snprintf(text, sizeof(text), "net.ipv4.tcp_rmem = %.*s", 300, file);
	take(file, text);
	ck_assert_uint_eq(strlen(settings[RMEM].file), SYSCTL_D_FILE_MAX - 1);
	ck_assert_uint_eq(strlen(settings[RMEM].value), SYSCTL_D_VALUE_MAX - 1);
}
END_TEST

START_TEST(test_nul_inside)
{
	static const char text[] = "net.ipv4.tcp_rmem\0 = 1\nnet.ipv4.tcp_congestion_control=bbr";

	sysctl_d_take(keys, settings, N_KEYS, "f", text, sizeof(text) - 1);
	check(RMEM, "", 0, "");
	check(CONGESTION, "f", 2, "bbr");
}
END_TEST

START_TEST(test_patterns)
{
	/* The own name beats a pattern, in whatever order; of two patterns the later one. */
	take("a", "net.ipv4.tcp_rmem = 1");
	take("b", "net.ipv4.tcp_*mem = 2");
	check(RMEM, "a", 1, "1");
	memset(settings, 0, sizeof(settings));
	take("b", "net.ipv4.tcp_*mem = 2");
	take("c", "net.ipv4.tcp_r* = 3");
	check(RMEM, "c", 1, "3");
	take("a", "net.ipv4.tcp_rmem = 1");
	check(RMEM, "a", 1, "1");
	/* Excluded from patterns, but not from its own name. */
	memset(settings, 0, sizeof(settings));
	take("a", "-net.ipv4.tcp_rmem\nnet.ipv4.tcp_*mem = 2\n");
	check(RMEM, "", 0, "");
	take("b", "net.ipv4.tcp_rmem = 4\n");
	check(RMEM, "b", 1, "4");
}
END_TEST

/* Files. */

static char root[] = "/tmp/netopt-sysctl-XXXXXX";
static char usr[64], run[64], etc[64], missing[64], last[64];
static const char *const directories[] = {usr, missing, run, etc, NULL};

static void setup(void)
{
	memcpy(root + sizeof(root) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(root));
	(void)snprintf(usr, sizeof(usr), "%s/usr", root);
	(void)snprintf(run, sizeof(run), "%s/run", root);
	(void)snprintf(etc, sizeof(etc), "%s/etc", root);
	(void)snprintf(missing, sizeof(missing), "%s/missing", root);
	(void)snprintf(last, sizeof(last), "%s/sysctl.conf", root);
	ck_assert_int_eq(mkdir(usr, 0700) + mkdir(run, 0700) + mkdir(etc, 0700), 0);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status, (void)type, (void)ftw;
	return remove(path);
}

static void teardown(void)
{
	ck_assert_int_eq(nftw(root, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static char *in(const char *directory, const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static void read_all(void)
{
	ck_assert_int_eq(sysctl_d_read_from(directories, last, keys, settings, N_KEYS), 0);
}

START_TEST(test_which_file_wins)
{
	read_all();
	check(RMEM, "", 0, "");
	put(in(usr, "50-default.conf"), "net.ipv4.tcp_rmem = 1\n");
	put(in(etc, "10-mine.conf"), "net.ipv4.tcp_rmem = 2\nnet.ipv4.tcp_congestion_control=x\n");
	read_all();
	check(RMEM, in(usr, "50-default.conf"), 1, "1"); /* the later name, whatever the place */
	put(in(run, "50-default.conf"), "net.ipv4.tcp_rmem = 3\n");
	read_all();
	check(RMEM, in(run, "50-default.conf"), 1, "3");
	put(last, "net.ipv4.tcp_rmem = 4\n");
	read_all();
	check(RMEM, last, 1, "4");
	check(CONGESTION, in(etc, "10-mine.conf"), 2, "x");
	/* What is taken back is forgotten. */
	ck_assert_int_eq(remove(last), 0);
	ck_assert_int_eq(remove(in(run, "50-default.conf")), 0);
	ck_assert_int_eq(symlink("/dev/null", in(etc, "50-default.conf")), 0);
	read_all();
	check(RMEM, in(etc, "10-mine.conf"), 1, "2");
	put(in(etc, "99-not-read.conf.bak"), "net.ipv4.tcp_rmem = 5\n");
	read_all();
	check(RMEM, in(etc, "10-mine.conf"), 1, "2");
}
END_TEST

/* What cannot be read sets nothing, and keeps nobody from the rest. */
START_TEST(test_unreadable)
{
	put(in(etc, "20-good.conf"), "net.ipv4.tcp_rmem = 2\n");
	ck_assert_int_eq(mkdir(in(etc, "30-directory.conf"), 0700), 0);
	ck_assert_int_eq(mkfifo(in(etc, "40-fifo.conf"), 0600), 0);
	ck_assert_int_eq(symlink("nowhere", in(etc, "50-dangling.conf")), 0);
	ck_assert_int_eq(mkdir(last, 0700), 0);
	read_all();
	check(RMEM, in(etc, "20-good.conf"), 1, "2");
	ck_assert_int_eq(sysctl_d_read_from(directories, NULL, keys, settings, N_KEYS), 0);
	check(RMEM, in(etc, "20-good.conf"), 1, "2");
}
END_TEST

static void clear(void)
{
	memset(settings, 0, sizeof(settings));
}

HARNESS_MAIN("sysctl_d", HARNESS_FIXTURE(suite, "text", clear, NULL, test_forms, test_no_assignment,
					 test_commented_out, test_lines, test_long, test_nul_inside,
					 test_patterns);
	     HARNESS_FIXTURE(suite, "files", setup, teardown, test_which_file_wins,
			     test_unreadable);)
