/* SPDX-License-Identifier: MIT */
/*
 * What was proven, as files of other tools; tests/net/test_export.py applies them. And what takes
 * changes back asks before it does.
 */
#include "cli/cli.h"

#include <pty.h>

#include "tests/unit/cli_bench.h"

#define CHANGE(id, path, force, verdict, key, value, more)                                         \
	"{\"id\":" id ",\"controller\":\"c\",\"path\":" path ",\"state\":\"decided\",\"verdict\":" \
	"\"" verdict "\",\"inForce\":" force ",\"tunables\":[{\"key\":\"" key "\",\"old\":\"1\","  \
	"\"new\":\"" value "\"}],\"decidedRealtimeUsec\":1750000000000000" more "}"
#define REPLY(changes)                                                                             \
	"{\"parameters\":{\"version\":\"9\",\"changes\":[" changes                                 \
	"],\"routes\":[{\"destination\":"                                                          \
	"\"192.0.2.7\",\"metrics\":\"congctl bbr\",\"route\":\"via 10.0.0.1 dev eth0\"},"          \
	"{\"destination\":\"192.0.2.8\",\"route\":\"via 10.0.0.1; reboot\"}]}}"

static const char proven[] = REPLY(CHANGE("9", "null", "true", "kept", "net.a", "9", ",\"provisional\":true") "," CHANGE(
	"8", "null", "false", "restored", "net.b",
	"8",
	"") "," CHANGE("7", "\"192.0.2.7\"", "true", "kept", "route.initcwnd", "20",
		       "") "," CHANGE("6", "\"192.0.2.7\"", "true", "kept", "route.congctl", "bbr",
				      "") "," CHANGE("5", "\"192.0.2.7\"", "true", "kept",
						     "route.initcwnd", "15",
						     "") "," CHANGE("4", "null", "true", "kept",
								    "net.a", "4",
								    "") "," CHANGE("3",
										   "\"192.0.2.8\"",
										   "true",
										   "kept",
										   "route.rto_min",
										   "50",
										   "") "," CHANGE("2",
												  "\"192."
												  "0.2."
												  "9\"",
												  "true",
												  "kept",
												  "net.c",
												  "1 2 3",
												  ",\"reas"
												  "on\":"
												  "\"a\\nn"
												  "et."
												  "evil = "
												  "1\","
												  "\"trial"
												  "\":{"
												  "\"kind"
												  "\":"
												  "\"switc"
												  "hback\""
												  ",\"pair"
												  "s\":9,"
												  "\"gainP"
												  "ermille"
												  "\":120,"
												  "\"gainL"
												  "owPermi"
												  "lle\":"
												  "80,"
												  "\"gainH"
												  "ighPerm"
												  "ille\":"
												  "150}") "," CHANGE("1",
														     "null",
														     "true",
														     "kept",
														     "net.d",
														     "1; reboot",
														     ""));

static void export_as(const char *format)
{
	fixed_reply = proven;
	fork_server(serve_fixed);
	ck_assert_int_eq(run("export", format, NULL), CLI_OK);
	ck_assert_str_eq(err, "");
}

/* Nothing but comments, empty lines, and these. */
static void check_lines(const char *const expected[], size_t n)
{
	size_t found = 0;

	for (const char *line = out; *line; line = strchr(line, '\n') + 1) {
		size_t length = strcspn(line, "\n");

		if (length == 0 || *line == '#')
			continue;
		ck_assert_msg(found < n && strlen(expected[found]) == length &&
				      strncmp(line, expected[found], length) == 0,
			      "unexpected: %.*s", (int)length, line);
		found++;
	}
	ck_assert_uint_eq(found, n);
}

START_TEST(test_sysctl)
{
	static const char *const lines[] = {"net.a = 9", "net.c = 1 2 3"};

	export_as(NULL);
	check_lines(lines, ARRAY_SIZE(lines));
	check_has(out, "# change 9 by c, kept 2025-06-15 15:06 UTC\n");
	check_has(out, "#   provisional: not yet confirmed");
	check_has(out, "#   a net.evil = 1\n");
	check_has(out, "#   trial: switchback, 9 pairs, gain +12.0 % (+8.0 % to +15.0 %)\n");
	check_has(out,
		  "# change 2 by c, kept 2025-06-15 15:06 UTC, seen on the path to 192.0.2.9\n");
	check_has(out, "#   before: 1\n");
	check_has(out, "\n# 3 more changes are of single destinations: "
		       "netoptctl export --format ip\n");
}
END_TEST

START_TEST(test_tuned)
{
	static const char *const lines[] = {"[main]",
					    "summary=What netoptd has proven on this host",
					    "[sysctl]", "net.a=9", "net.c=1 2 3"};

	export_as("--format=tuned");
	check_lines(lines, ARRAY_SIZE(lines));
}
END_TEST

START_TEST(test_ip)
{
	static const char *const lines[] = {
		"ip route replace 192.0.2.7 via 10.0.0.1 dev eth0 initcwnd 20 congctl bbr"};

	export_as("--format=ip");
	check_lines(lines, ARRAY_SIZE(lines));
	ck_assert(text_starts_with(out, "#!/bin/sh\n"));
	check_has(out, "# There is no route of it to copy now"); /* that of 192.0.2.8 is no route */
	check_has(out, "\n# 2 more changes are of the host: netoptctl export --format sysctl\n");
}
END_TEST

START_TEST(test_other)
{
	_cleanup_json_ Json *json = NULL;

	export_as("--json");
	json = parse_out();
	ck_assert_str_eq(json_string(json_get(json, "format")), "sysctl");
	ck_assert_ptr_nonnull(strstr(json_string(json_get(json, "content")), "\nnet.a = 9\n"));
	ck_assert_int_eq(run("export", "--format=ini", NULL), CLI_USAGE);
	check_has(err, "there is no format ini; there is: sysctl tuned ip");
}
END_TEST

START_TEST(test_nothing)
{
	fixed_reply = REPLY(CHANGE("8", "null", "false", "restored", "net.b", "8", ""));
	fork_server(serve_fixed);
	ck_assert_int_eq(run("export", NULL), CLI_OK);
	check_lines(NULL, 0);
	check_has(out, "# Nothing of the host is proven yet.\n");
	ck_assert_int_eq(run("export", "--format=ip", NULL), CLI_OK);
	check_has(out, "# Nothing of a single destination is proven yet.\n");
}
END_TEST

START_TEST(test_dry_run)
{
	_cleanup_json_ Json *json = NULL;

	ck_assert_int_eq(run("revert", "all", "--dry-run", NULL), CLI_OK);
	ck_assert_str_eq(out, "ID  CONTROLLER  WOULD PUT BACK\n"
			      " 3  congestion  net.ipv4.tcp_congestion_control: bbr -> cubic\n"
			      " 1  buffers     net.ipv4.tcp_rmem: 4096 131072 12582912 -> "
			      "4096 131072 6291456\n");
	ck_assert_int_eq(run("revert", "2", "--dry-run", NULL), CLI_OK);
	ck_assert_str_eq(out, "Nothing is in force: nothing would change.\n");
	ck_assert_int_eq(run("revert", "all", "--dry-run", "--json", NULL), CLI_OK);
	json = parse_out();
	ck_assert_uint_eq(json_length(json_get(json, "changes")), 2);
	ck_assert_int_eq(run("revert", "99", "--dry-run", NULL), CLI_FAILED);
}
END_TEST

/* What it says on a terminal where the user types `typed`. */
static int run_on_terminal(const char *typed, const char *option)
{
	char *words[] = {(char *)"netoptctl", (char *)"--socket", path, (char *)"revert",
			 (char *)"all",       (char *)option,     NULL};
	int terminal, status;
	size_t length = 0;
	ssize_t n;
	pid_t pid = forkpty(&terminal, NULL, NULL, NULL);

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(cli_run(option ? 6 : 5, words));
	ck_assert_int_eq(write(terminal, typed, strlen(typed)), (ssize_t)strlen(typed));
	while ((n = read(terminal, out + length, OUTPUT_SIZE - 1 - length)) > 0)
		length += (size_t)n;
	out[length] = '\0';
	(void)close(terminal);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

START_TEST(test_confirmation)
{
	ck_assert_int_eq(run_on_terminal("n\n", NULL), CLI_FAILED);
	check_has(out, "Put back the values of before 2 changes in force? [y/N] ");
	check_has(out, "not confirmed: nothing was changed");
	ck_assert_int_eq(run_on_terminal("\n", NULL), CLI_FAILED);
	ck_assert_int_eq(run_on_terminal("y\n", NULL), CLI_OK);
	check_has(out, "done as asked");
	ck_assert_int_eq(run_on_terminal("", "--yes"), CLI_OK);
	ck_assert_ptr_null(strstr(out, "[y/N]"));
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *alone = tcase_create("alone"), *served = tcase_create("served");

	tcase_add_checked_fixture(alone, setup_directory, teardown);
	tcase_add_test(alone, test_sysctl);
	tcase_add_test(alone, test_tuned);
	tcase_add_test(alone, test_ip);
	tcase_add_test(alone, test_other);
	tcase_add_test(alone, test_nothing);
	suite_add_tcase(suite, alone);
	tcase_add_checked_fixture(served, setup, teardown);
	tcase_add_test(served, test_dry_run);
	tcase_add_test(served, test_confirmation);
	suite_add_tcase(suite, served);
}

HARNESS_MAIN("cli_export", add_cases(suite);)
