/* SPDX-License-Identifier: MIT */
/*
 * What a user of netoptctl sees: output, messages, status; and with something else in the place of
 * the daemon.
 */
#include "cli/cli.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/interface.h"
#include "tests/unit/cli_bench.h"

START_TEST(test_status)
{
	ck_assert_int_eq(run("status", NULL), CLI_OK);
	ck_assert_str_eq(err, "");
	check_has(out, "netoptd 0.1.0: degraded; up 1 h, pid ");
	check_has(out, "\n  1 endpoint is down\n");
	check_has(out, "ENDPOINT  STATE            P50      P95      P99     LOSS    N  TARGET  BY "
		       "MINUTE\n");
	check_has(out,
		  "\nlost      unresolved         -        -        -        -    0  -       -\n");
	check_has(out, " 0.6 %  151  met     ");
	check_has(out, " 100.0 %    4  -       -\n");
	check_has(out, "\nTuning auto, balanced: 1 applied, 1 on trial, ");
	ck_assert_int_eq(run("status", "--full", NULL), CLI_OK);
	check_has(out, "\n  trying   3 congestion: pair 1 of at most 60\n");
	check_has(out, "\n  kept     1 buffers: +88.0 %, net.ipv4.tcp_rmem: 4096 131072 6291456 -> "
		       "4096 131072 12582912\n");
	check_has(out, "\n  foreign  net.ipv4.tcp_congestion_control: somebody else set reno;");
	check_has(out, "\n  idle     fastopen: few handshakes\n");
}
END_TEST

START_TEST(test_lists)
{
	ck_assert_int_eq(run("endpoints", NULL), CLI_OK);
	check_has(out, "\nweb       192.0.2.1    up           20.1 ms ");
	check_has(out, "\nlost      -            unresolved         - ");
	check_has(out, "  40.0 ms  propagation 76.1 %   missed\n");
	ck_assert_int_eq(run("paths", NULL), CLI_OK);
	check_has(out, "198.51.100.7      2   100 ms  104 ms   4.00 ms        -  94.2 Mbit/s");
	check_has(out, "2001:db8::7       0        -       -         -        -            -");
	ck_assert_int_eq(run("tunables", NULL), CLI_OK);
	check_has(out, "net.ipv4.tcp_congestion_control          reno ");
	check_has(out, "net.ipv4.tcp_fastopen                    - ");
	ck_assert_int_eq(run("changes", NULL), CLI_OK);
	check_has(out, "ID  PROPOSED             CONTROLLER  PATH ");
	check_has(out,
		  "\n 1  2025-06-15 14:56:40  buffers     198.51.100.7  kept      +88.0 %  yes ");
	check_has(out,
		  "\n 4  2025-06-15 14:56:40  fastopen    -             advised         -  no ");
	ck_assert_str_eq(err, "");
}
END_TEST

START_TEST(test_one_change)
{
	ck_assert_int_eq(run("changes", "2", "--no-legend", NULL), CLI_OK);
	ck_assert(text_starts_with(out, "2  2025-06-15"));
	ck_assert_ptr_null(strchr(strchr(out, '\n') + 1, '\n'));
	ck_assert_int_eq(run("explain", "1", NULL), CLI_OK);
	ck_assert(text_starts_with(out, "Change 1 by buffers: kept, in force\n"));
	check_has(out, "\nVerdict\n  kept: goodput rose by 88 %\n");
	ck_assert_int_eq(run("explain", "77", NULL), CLI_FAILED);
	ck_assert_str_eq(out, "");
	ck_assert_str_eq(err, "netoptctl: there is no change 77; see: netoptctl changes\n");
}
END_TEST

START_TEST(test_width)
{
	ck_assert_int_eq(setenv("COLUMNS", "80", 1), 0);
	ck_assert_int_eq(run("changes", NULL), CLI_OK);
	ck_assert_ptr_null(strstr(out, "PROPOSED")); /* the first that is left out */
	check_has(out, "...\n");
	for (const char *line = out; *line; line = strchr(line, '\n') + 1)
		ck_assert_int_le(strchr(line, '\n') - line, 80);
	ck_assert_int_eq(setenv("COLUMNS", "160", 1), 0);
	ck_assert_int_eq(run("changes", NULL), CLI_OK);
	ck_assert_ptr_null(strstr(out, "...\n"));
}
END_TEST

static const char *const json_verbs[] = {"status",  "endpoints",    "paths",    "tunables",
					 "changes", "reload",       "flows",    "listeners",
					 "links",   "destinations", "counters", "namespaces"};

START_TEST(test_json)
{
	_cleanup_json_ Json *compact = NULL, *indented = NULL;

	ck_assert_int_eq(run(json_verbs[_i], "--json=short", NULL), CLI_OK);
	ck_assert_str_eq(err, "");
	ck_assert_ptr_eq(strchr(out, '\n'), out + strlen(out) - 1);
	compact = parse_out();
	ck_assert_int_eq(json_type(compact), JSON_OBJECT);
	ck_assert_int_eq(run("--json=pretty", json_verbs[_i], NULL), CLI_OK);
	indented = parse_out();
	ck_assert_ptr_nonnull(strstr(out, "\n  \""));
}
END_TEST

START_TEST(test_json_errors)
{
	static const struct {
		const char *verb, *argument, *error;
		int status;
	} rows[] = {
		{"explain", "77", INTERFACE_ERROR_NO_SUCH_CHANGE, CLI_FAILED},
		{"explain", "x", "org.netopt.Client.Unknown", CLI_FAILED},
		{"nothing", NULL, "org.netopt.Client.Usage", CLI_USAGE},
		{"revert", NULL, "org.netopt.Client.Usage", CLI_USAGE},
		{"release", NULL, "org.netopt.Client.Usage", CLI_USAGE},
		{"release", "tcp_rmem", INTERFACE_ERROR_INVALID_PARAMETER, CLI_FAILED},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ Json *json = NULL;

		ck_assert_int_eq(run("--json", rows[i].verb, rows[i].argument, NULL),
				 rows[i].status);
		json = parse_out();
		ck_assert_str_eq(json_string(json_get(json, "error")), rows[i].error);
		ck_assert_ptr_nonnull(json_string(json_get(json, "message")));
		ck_assert_str_eq(err, "");
	}
}
END_TEST

START_TEST(test_steering)
{
	static const char *const calls[][2] = {
		{"revert", "1"},    {"revert", "all"}, {"release", "192.0.2.1"}, {"pause", NULL},
		{"pause", "15min"}, {"resume", NULL},  {"reload", NULL}};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		ck_assert_int_eq(run(calls[i][0], calls[i][1], NULL), CLI_OK);
		ck_assert_str_eq(out, "done as asked\n");
		ck_assert_str_eq(err, "");
	}
	ck_assert_int_eq(run("-q", "resume", NULL), CLI_OK);
	ck_assert_str_eq(out, "");
	ck_assert_int_eq(run("revert", "99", NULL), CLI_FAILED);
}
END_TEST

START_TEST(test_permission)
{
	static const char *const calls[][2] = {{"revert", "1"},
					       {"release", "::1"},
					       {"pause", NULL},
					       {"resume", NULL},
					       {"reload", NULL}};

	if (geteuid() != 0)
		HARNESS_SKIP("needs root");
	run_as = 1000;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		ck_assert_int_eq(run(calls[i][0], calls[i][1], NULL), CLI_PERMISSION);
		ck_assert_str_eq(out, "");
		check_has(err, "permission denied: only root and members of the group netopt");
	}
	ck_assert_int_eq(run("status", NULL), CLI_OK);
	ck_assert_int_eq(chmod(directory, 0700), 0);
	ck_assert_int_eq(run("status", NULL), CLI_PERMISSION);
	check_has(err, path);
	check_has(err, "Permission denied");
}
END_TEST

static const struct {
	const char *words[3];
	const char *message;
} usage[] = {
	{{NULL}, "a command is needed"},
	{{"stauts"}, "Did you mean: netoptctl status"},
	{{"zzzzzz"}, "unknown command: zzzzzz"},
	{{"status", "x"}, "one argument too many: x\nUsage: netoptctl status"},
	{{"changes", "1", "2"}, "one argument too many: 2"},
	{{"explain"}, "explain needs an argument\nUsage: netoptctl explain SUBJECT"},
	{{"explain", "0"}, "0 is not the id of a change"},
	{{"explain", "0x1"}, "0x1 is not the id of a change"},
	{{"revert", "every"}, "every is not the id of a change"},
	{{"pause", "soon"}, "soon is not a duration"},
	{{"pause", "0"}, "0 is not a duration"},
	{{"export", "--format=x"}, "there is no format x; there is: sysctl tuned ip"},
	{{"status", "--yes"}, "--yes is no option of status"},
	{{"completion", "tcsh"}, "there is no completion for tcsh"},
	{{"help", "stauts"}, "unknown command: stauts\nDid you mean: netoptctl status"},
	{{"--bogus"}, "--bogus"},
	{{"-x"}, "-x"},
	{{"--json=xml", "status"}, "--json does not take xml"},
	{{"--color=blue", "status"}, "--color does not take blue"},
	{{"--timeout=0", "status"}, "--timeout does not take 0"},
	{{"status", "--limit=5"}, "--limit is no option of status\nTry: netoptctl help status"},
	{{"paths", "-p"}, "--process is no option of paths"},
	{{"flows", "--limit=0"}, "--limit does not take 0"},
	{{"flows", "-n"}, "this option needs a value: -n"},
	{{"flows", "-n1001"}, "--limit does not take 1001"},
	{{"endpoints", "a", "b"}, "one argument too many: b"},
	{{"--timeout=x", "status"}, "--timeout does not take x"},
	{{"--quiet=1", "status"}, "--quiet=1"},
	{{"status", "--socket"}, "this option needs a value: --socket"},
};

START_TEST(test_usage)
{
	ck_assert_int_eq(run(usage[_i].words[0], usage[_i].words[1], usage[_i].words[2], NULL),
			 CLI_USAGE);
	ck_assert_str_eq(out, "");
	ck_assert(text_starts_with(err, "netoptctl: "));
	check_has(err, usage[_i].message);
}
END_TEST

START_TEST(test_help_and_version)
{
	ck_assert_int_eq(run("--help", NULL), CLI_OK);
	check_has(out, "  revert ID|all ");
	ck_assert_int_eq(run("-h", NULL), CLI_OK);
	ck_assert_int_eq(run("help", NULL), CLI_OK);
	ck_assert_int_eq(run("pause", "--help", NULL), CLI_OK);
	check_has(out, "netoptctl [OPTION...] pause [DURATION]\n");
	ck_assert_int_eq(run("help", "revert", NULL), CLI_OK);
	check_has(out, "netoptctl [OPTION...] revert ID|all\n");
	ck_assert_int_eq(run("--version", NULL), CLI_OK);
	check_has(out, "netoptctl ");
	ck_assert_str_eq(err, "");
}
END_TEST

START_TEST(test_colour)
{
	ck_assert_int_eq(run("status", NULL), CLI_OK);
	ck_assert_ptr_null(strchr(out, '\033')); /* no terminal */
	ck_assert_int_eq(run("status", "--color=always", NULL), CLI_OK);
	check_has(out, "\033[1;31mdegraded\033[0m");
	ck_assert_int_eq(setenv("FORCE_COLOR", "1", 1), 0);
	ck_assert_int_eq(run("status", NULL), CLI_OK);
	check_has(out, "\033[");
	ck_assert_int_eq(run("status", "--color=never", NULL), CLI_OK);
	ck_assert_ptr_null(strchr(out, '\033'));
	ck_assert_int_eq(setenv("NO_COLOR", "1", 1), 0);
	ck_assert_int_eq(run("status", NULL), CLI_OK);
	ck_assert_ptr_null(strchr(out, '\033'));
}
END_TEST

START_TEST(test_full_disk)
{
	char *words[] = {(char *)"netoptctl", (char *)"--socket", path, (char *)"status", NULL};
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		int full = open("/dev/full", O_WRONLY), null = open("/dev/null", O_WRONLY);

		if (dup2(full, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
			_exit(99);
		_exit(cli_run(4, words));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WEXITSTATUS(status), CLI_FAILED);
}
END_TEST

/* Without a daemon, or with something else in its place. */

START_TEST(test_not_running)
{
	_cleanup_json_ Json *json = NULL;

	ck_assert_int_eq(run("status", NULL), CLI_NOT_RUNNING);
	ck_assert_str_eq(out, "");
	check_has(err, path);
	check_has(err, "No such file or directory");
	check_has(err, "systemctl start netoptd");
	check_has(err, "./setup run");
	ck_assert_int_eq(run("status", "--json", NULL), CLI_NOT_RUNNING);
	json = parse_out();
	ck_assert_str_eq(json_string(json_get(json, "error")), "org.netopt.Client.NotRunning");
	ck_assert_int_eq(run("--help", NULL), CLI_OK); /* what needs no daemon works */
	ck_assert_int_eq(run("completion", "bash", NULL), CLI_OK);
}
END_TEST

/* What systemd says of the daemon, in the words of a systemctl of our own. */
static void make_systemctl(const char *script)
{
	char name[128];
	FILE *file;

	(void)snprintf(name, sizeof(name), "%s/systemctl", directory);
	file = fopen(name, "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_gt(fprintf(file, "#!/bin/sh\n%s\n", script), 0);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(name, 0755), 0);
	ck_assert_int_eq(setenv("PATH", directory, 1), 0);
}

static const struct {
	const char *script, *state;
} units[] = {
	{"echo LoadState=loaded; echo ActiveState=failed; echo SubState=failed; "
	 "echo Result=exit-code",
	 "failed (exit-code)"},
	{"echo Result=success; echo SubState=dead; echo ActiveState=inactive; echo "
	 "LoadState=loaded",
	 "inactive (dead)"},
	{"echo LoadState=not-found; echo ActiveState=inactive", "not installed"},
	{"echo no systemd here; exit 1", NULL},
	{"exit 0", NULL},
};

START_TEST(test_unit_state)
{
	_cleanup_json_ Json *json = NULL;
	char expected[64], name[128];

	make_systemctl(units[_i].script);
	(void)snprintf(expected, sizeof(expected), "\nThe unit netoptd.service is %s.\n",
		       units[_i].state ? units[_i].state : "");
	ck_assert_int_eq(run("status", NULL), CLI_NOT_RUNNING);
	ck_assert_msg((strstr(err, expected) != NULL) == (units[_i].state != NULL), "%s", err);
	ck_assert_int_eq(run("status", "--json", NULL), CLI_NOT_RUNNING);
	json = parse_out();
	ck_assert(text_equal(json_string(json_get(json, "unitState")), units[_i].state));
	ck_assert_str_eq(json_string(json_get(json, "socket")), path);
	(void)snprintf(name, sizeof(name), "%s/systemctl", directory);
	(void)unlink(name);
}
END_TEST

static int raw_listen(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 5) < 0)
		_exit(1);
	return fd;
}

START_TEST(test_stale_socket)
{
	int fd = raw_listen();

	(void)close(fd); /* the file stays */
	ck_assert_int_eq(run("status", NULL), CLI_NOT_RUNNING);
	check_has(err, "Connection refused");
}
END_TEST

static const char *raw_reply;
static size_t raw_length;

/* Reads a call, answers with raw_reply, hangs up; again and again. */
static void serve_raw(int ready)
{
	int fd = raw_listen();

	(void)close(ready);
	for (;;) {
		char call[4096];
		int peer = accept(fd, NULL, NULL);

		if (peer < 0 || read(peer, call, sizeof(call)) <= 0)
			_exit(1);
		for (size_t i = 0; i < raw_length; i++)
			if (send(peer, raw_reply + i, 1, MSG_NOSIGNAL) < 0)
				break;
		(void)close(peer);
	}
}

static void check_raw(const char *reply, size_t length, const char *message)
{
	raw_reply = reply;
	raw_length = length;
	fork_server(serve_raw);
	ck_assert_int_eq(run("changes", NULL), CLI_FAILED);
	check_has(err, message);
	ck_assert_str_eq(out, "");
}

static const struct {
	const char *reply;
	size_t length;
	const char *message;
} raw_replies[] = {
	{"", 0, "no answer, but the end of the connection, from netoptd at "},
	{"{\"param", 7, "no answer, but the end of the connection, from netoptd at "},
	{"", 1, "is not netoptd"},
	{"HTTP/1.1 400 Bad", 17, "is not netoptd"},
	{"[]", 3, "is not netoptd"},
	{"{}", 3, "is not netoptd"},
	{"{\"parameters\":7}", 17, "is not netoptd"},
	{"{\"error\":\"a.b\"}", 16, "netoptd refused: a.b"},
	{"{\"error\":\"" INTERFACE_ERROR_METHOD_NOT_FOUND "\"}",
	 sizeof("{\"error\":\"" INTERFACE_ERROR_METHOD_NOT_FOUND "\"}"), "older than netoptctl"},
};

START_TEST(test_raw_replies)
{
	check_raw(raw_replies[_i].reply, raw_replies[_i].length, raw_replies[_i].message);
}
END_TEST

/* Whatever members are missing or of another type, nothing crashes. */
START_TEST(test_strange_reply)
{
	raw_reply = "{\"parameters\":{\"changes\":[{},7,null,{\"id\":\"x\",\"tunables\":[{}]}]}}";
	raw_length = strlen(raw_reply) + 1;
	fork_server(serve_raw);
	ck_assert_int_eq(run("changes", NULL), CLI_OK);
	check_has(out, "\n -  -         -           -     -");
}
END_TEST

/* What others named must not reach the terminal as a command to it. */
START_TEST(test_control_characters)
{
	raw_reply = "{\"error\":\"" INTERFACE_ERROR_FAILED "\",\"parameters\":{\"message\":"
		    "\"a\\u001b[2Jb\\u0007\\u009bc\"}}";
	raw_length = strlen(raw_reply) + 1;
	fork_server(serve_raw);
	ck_assert_int_eq(run("reload", NULL), CLI_FAILED);
	ck_assert_ptr_null(strchr(err, '\033'));
	ck_assert_ptr_null(strchr(err, '\007'));
	ck_assert_ptr_null(strstr(err, "\xc2\x9b"));
}
END_TEST

static void serve_silence(int ready)
{
	int fd = raw_listen();

	(void)close(ready);
	(void)accept(fd, NULL, NULL);
	(void)pause();
	_exit(1);
}

START_TEST(test_timeout)
{
	fork_server(serve_silence);
	ck_assert_int_eq(run("status", "--timeout=30ms", NULL), CLI_FAILED);
	check_has(err, "no answer within 30ms from netoptd at ");
	check_has(err, "Connection timed out\n");
	check_has(err, "journalctl -u netoptd");
}
END_TEST

static void add_cases(Suite *suite)
{
	TTest const *const with_server[] = {
		test_status,      test_lists,    test_one_change, test_width,
		test_json_errors, test_steering, test_permission, test_help_and_version,
		test_colour,      test_full_disk};
	TTest const *const alone[] = {test_not_running, test_stale_socket, test_strange_reply,
				      test_control_characters, test_timeout};
	TCase *served = tcase_create("served"), *unserved = tcase_create("unserved");

	tcase_add_checked_fixture(served, setup, teardown);
	for (size_t i = 0; i < ARRAY_SIZE(with_server); i++)
		tcase_add_test(served, with_server[i]);
	tcase_add_loop_test(served, test_json, 0, (int)ARRAY_SIZE(json_verbs));
	suite_add_tcase(suite, served);
	tcase_add_checked_fixture(unserved, setup_directory, teardown);
	for (size_t i = 0; i < ARRAY_SIZE(alone); i++)
		tcase_add_test(unserved, alone[i]);
	tcase_add_loop_test(unserved, test_unit_state, 0, (int)ARRAY_SIZE(units));
	tcase_add_loop_test(unserved, test_usage, 0, (int)ARRAY_SIZE(usage));
	tcase_add_loop_test(unserved, test_raw_replies, 0, (int)ARRAY_SIZE(raw_replies));
	suite_add_tcase(suite, unserved);
}

HARNESS_MAIN("cli", add_cases(suite);)
