/* SPDX-License-Identifier: MIT */
/*
 * netopt-measure itself, as the nobody of this host, against sockets on loopback; and how netoptctl
 * comes to be it.
 */
#include "cli/program.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "cli/cli.h"
#include "common/json.h"
#include "common/text.h"
#include "tests/unit/harness.h"

#define NOBODY      65534
#define WORDS_MAX   16
#define OUTPUT_SIZE (256 * 1024)

static char out[OUTPUT_SIZE], err[OUTPUT_SIZE];
static int open_socket, closed_socket, out_fd, err_fd;
static char open_url[64], closed_url[64];
static bool own_network; /* a namespace in which nobody may ping */
static bool keep_rights;
static const char *program_name; /* of the variable with its path */

/* On 127.0.0.1, any port; it listens if there is a backlog. */
static int make_socket(int backlog, char *url, size_t size)
{
	struct sockaddr_in name = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(name);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, length), 0);
	if (backlog > 0)
		ck_assert_int_eq(listen(fd, backlog), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&name, &length), 0);
	(void)snprintf(url, size, "tcp://127.0.0.1:%u", ntohs(name.sin_port));
	return fd;
}

static void setup(void)
{
	open_socket = make_socket(128, open_url, sizeof(open_url));
	closed_socket = make_socket(0, closed_url, sizeof(closed_url));
	own_network = keep_rights = false;
	program_name = "NETOPT_MEASURE";
	ck_assert_int_eq(unsetenv("FORCE_COLOR"), 0);
	ck_assert_int_eq(unsetenv("COLUMNS"), 0);
	ck_assert_int_eq(setenv("LC_ALL", "C.UTF-8", 1), 0);
}

static void teardown(void)
{
	(void)close(open_socket);
	(void)close(closed_socket);
}

static void drop_rights(void)
{
	if (own_network && unshare(CLONE_NEWNET) < 0)
		_exit(98);
	if (keep_rights || geteuid() != 0)
		return;
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) < 0)
		_exit(97);
}

/* It is opened before rights are dropped: nobody need not see the directories above it. */
static pid_t start(const char *first, va_list arguments)
{
	char *words[WORDS_MAX] = {(char *)"netoptctl", (char *)"measure"};
	int n = 2, fd = open(getenv(program_name), O_RDONLY);
	pid_t pid;

	for (const char *word = first; word; word = va_arg(arguments, const char *))
		words[n++] = (char *)word;
	ck_assert_int_ge(fd, 0);
	out_fd = memfd_create("out", MFD_CLOEXEC);
	err_fd = memfd_create("err", MFD_CLOEXEC);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		drop_rights();
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (dup2(out_fd, STDOUT_FILENO) < 0 || dup2(err_fd, STDERR_FILENO) < 0)
			_exit(99);
		(void)fexecve(fd, words, environ);
		_exit(96);
	}
	(void)close(fd);
	return pid;
}

static void slurp(int fd, char *buffer)
{
	ssize_t n = pread(fd, buffer, OUTPUT_SIZE - 1, 0);

	ck_assert_int_ge(n, 0);
	buffer[n] = '\0';
	(void)close(fd);
}

static int finish(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	slurp(out_fd, out);
	slurp(err_fd, err);
	ck_assert_msg(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

/* With these words (NULL at the end), five probes 10 ms apart. */
static int run(const char *first, ...)
{
	va_list arguments;
	pid_t pid;

	va_start(arguments, first);
	pid = start(first, arguments);
	va_end(arguments);
	return finish(pid);
}

static pid_t run_aside(const char *first, ...)
{
	va_list arguments;
	pid_t pid;

	va_start(arguments, first);
	pid = start(first, arguments);
	va_end(arguments);
	return pid;
}

static void check_has(const char *text, const char *expected)
{
	ck_assert_msg(strstr(text, expected) != NULL, "no \"%s\" in:\n%.3000s", expected, text);
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

START_TEST(test_text)
{
	ck_assert_int_eq(run("-n", "5", "-i", "10ms", open_url, NULL), CLI_OK);
	check_has(out, open_url);
	check_has(out, "5 probes, 10ms apart");
	check_has(out, "0 of 5");
	check_has(out, "connect   5");
	check_has(out, "mostly");
	ck_assert_str_eq(err, ""); /* no terminal, no progress */
}
END_TEST

START_TEST(test_json)
{
	_cleanup_json_ Json *json = NULL;
	const Json *item;

	ck_assert_int_eq(run("-n", "5", "-i", "10ms", "--json", open_url, closed_url, NULL),
			 CLI_FAILED);
	ck_assert_str_eq(err, "");
	ck_assert_int_eq(json_parse(out, strlen(out), &json), 0);
	ck_assert_uint_eq(json_length(json_get(json, "targets")), 2);
	item = json_at(json_get(json, "targets"), 0);
	ck_assert_int_eq(json_int(json_get(item, "successes"), -1), 5);
	ck_assert_uint_eq(json_length(json_get(item, "samples")), 5);
	ck_assert_ptr_null(json_get(item, "problem"));
	item = json_at(json_get(json, "targets"), 1);
	ck_assert_int_eq(json_int(json_get(item, "successes"), -1), 0);
	ck_assert_int_eq(json_int(json_get(item, "lossPermille"), -1), 1000);
	check_has(json_string(json_get(item, "problem")), "refuses connections");
}
END_TEST

START_TEST(test_csv)
{
	ck_assert_int_eq(run("--csv", "-n", "5", "-i", "10ms", open_url, NULL), CLI_OK);
	ck_assert_uint_eq(count_lines(out), 6);
	ck_assert(text_starts_with(out, "url,address,probe,"));
	check_has(out, ",127.0.0.1,5,");
	ck_assert_int_eq(run("--csv", "--no-legend", "-n", "2", "-i", "10ms", open_url, NULL),
			 CLI_OK);
	ck_assert_uint_eq(count_lines(out), 2);
}
END_TEST

START_TEST(test_refused)
{
	ck_assert_int_eq(run("-n", "3", "-i", "10ms", closed_url, NULL), CLI_FAILED);
	check_has(out, "3 of 3 (100.0 %): refused in connect 3");
	check_has(err, "refuses connections");
	check_has(err, "is the port right");
}
END_TEST

START_TEST(test_compared)
{
	ck_assert_int_eq(run("-n", "8", "-i", "10ms", open_url, open_url, NULL), CLI_OK);
	check_has(out, "SLOWER BY");
	check_has(out, "0 of 8");
	ck_assert_int_eq(run("-n", "3", "-i", "10ms", open_url, closed_url, NULL), CLI_FAILED);
	check_has(out, "100.0 %");
}
END_TEST

START_TEST(test_no_such_family)
{
	ck_assert_int_eq(run("-n", "1", "-6", open_url, NULL), CLI_FAILED);
	check_has(err, "127.0.0.1: it has no IPv6 address\nLeave out -6");
	/* The other one is measured all the same. */
	ck_assert_int_eq(run("-n", "1", "-4", "-6", open_url, NULL), CLI_FAILED);
	check_has(out, "0 of 1");
}
END_TEST

START_TEST(test_wrong_words)
{
	static const char *const rows[][4] = {
		{"tcp://127.0.0.1", "port is missing"},
		{"gopher://127.0.0.1", "not known"},
		{"", "empty"},
		{"-n", "needs a value"},
		{"-n", "--count", "-1", "x"},
		{"-i", "--interval", "1ms", "x"},
		{"--timeout", "--timeout", "0", "x"},
		{"--limit", "is no option of measure", "5", "x"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ck_assert_int_eq(run(rows[i][0], rows[i][2], rows[i][3], NULL), CLI_USAGE);
		ck_assert_str_eq(out, "");
		check_has(err, rows[i][1]);
	}
	ck_assert_int_eq(run(NULL, NULL), CLI_USAGE);
	check_has(err, "needs an argument");
	ck_assert_int_eq(run("--csv", "--json", open_url, NULL), CLI_USAGE);
	check_has(out, "\"error\"");
}
END_TEST

START_TEST(test_interrupted)
{
	pid_t pid = run_aside("-n", "0", "-i", "10ms", open_url, NULL);

	for (unsigned i = 0; i < 4; i++)
		(void)close(accept4(open_socket, NULL, NULL, SOCK_CLOEXEC));
	ck_assert_int_eq(kill(pid, SIGINT), 0);
	ck_assert_int_eq(finish(pid), CLI_OK);
	check_has(out, "apart, interrupted");
	check_has(out, "0 of ");
}
END_TEST

/* Before the turn of the second. */
START_TEST(test_interrupted_at_once)
{
	pid_t pid = run_aside("-n", "3", "-i", "1h", open_url, closed_url, NULL);

	(void)close(accept4(open_socket, NULL, NULL, SOCK_CLOEXEC));
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	ck_assert_int_eq(finish(pid), CLI_FAILED);
	check_has(err, "before the first probe was over");
}
END_TEST

START_TEST(test_not_permitted_to_ping)
{
	if (geteuid() != 0)
		HARNESS_SKIP("needs root for a network namespace");
	own_network = true;
	ck_assert_int_eq(run("-n", "2", "-i", "10ms", "127.0.0.1", NULL), CLI_PERMISSION);
	check_has(err, "icmp://127.0.0.1");
	check_has(err, "ping_group_range");
	check_has(err, "sysctl -w");
}
END_TEST

START_TEST(test_netoptctl_becomes_it)
{
	program_name = "NETOPT_NETOPTCTL";
	keep_rights = true; /* it has to find the other, wherever the build is */
	ck_assert_int_eq(run("-n", "2", "-i", "10ms", "--csv", open_url, NULL), CLI_OK);
	ck_assert_uint_eq(count_lines(out), 3);
	ck_assert_int_eq(run("-n", "-2", open_url, NULL), CLI_USAGE);
}
END_TEST

START_TEST(test_missing_program)
{
	char *words[] = {(char *)"netoptctl", (char *)"x", NULL};
	Settings settings = {.argc = 2, .argv = words};

	ck_assert_int_eq(program_exec("netopt-nonesuch", 2, words), -ENOENT);
	ck_assert_int_eq(program_become(&settings, "netopt-nonesuch"), CLI_FAILED);
}
END_TEST

HARNESS_MAIN("measure",
	     HARNESS_FIXTURE(suite, "measure", setup, teardown, test_text, test_json, test_csv,
			     test_refused, test_compared, test_no_such_family, test_wrong_words,
			     test_interrupted, test_interrupted_at_once, test_not_permitted_to_ping,
			     test_netoptctl_becomes_it, test_missing_program);)
