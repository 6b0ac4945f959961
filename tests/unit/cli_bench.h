/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * netoptctl from end to end: the real client against the real control socket, each in a process of
 * its own, with a daemon made by hand behind it. For tests only.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "cli/cli.h"
#include "common/json.h"
#include "common/log.h"
#include "daemon/serve/control.h"
#include "tests/unit/fake_daemon.h"
#include "tests/unit/harness.h"

#define WORDS_MAX   16
#define OUTPUT_SIZE (4 * 1024 * 1024)

static char directory[64], path[96];
static pid_t server;
static char out[OUTPUT_SIZE], err[OUTPUT_SIZE];
static uid_t run_as;
static void (*change_fake)(FakeDaemon *fake); /* NULL: as it is */

static inline uint64_t fake_monotonic(void *context)
{
	return ((const FakeDaemon *)context)->now_ns;
}

static inline void on_log(const LogRecord *record, void *context)
{
	(void)record;
	(void)context;
}

/* Never returns; `ready` is closed once clients may come. */
static inline void serve(int ready)
{
	static FakeDaemon fake;
	Loop *loop;
	Control *control;

	log_set_sink(on_log, NULL);
	fake_daemon_init(&fake);
	if (change_fake)
		change_fake(&fake);
	if (loop_new(&loop) == 0) {
		ControlParams params = {
			.loop = loop,
			.clock = {.monotonic_ns = fake_monotonic, .context = &fake},
			.path = path,
			.listen_fd = -1,
			.group = "daemon",
			.ops = fake_daemon_ops(&fake),
		};

		if (control_new(&params, &control) == 0) {
			(void)close(ready);
			(void)loop_run(loop);
		}
	}
	_exit(1);
}

static inline void fork_server(void (*run)(int ready))
{
	int ready[2];
	char byte;

	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	server = fork();
	ck_assert_int_ge(server, 0);
	if (server == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)close(ready[0]);
		run(ready[1]);
	}
	(void)close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 0);
	(void)close(ready[0]);
}

static inline void setup_directory(void)
{
	(void)snprintf(directory, sizeof(directory), "/tmp/test-cli.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chmod(directory, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/sock", directory);
	run_as = 0;
	change_fake = NULL;
	server = -1;
	ck_assert_int_eq(unsetenv("FORCE_COLOR"), 0);
	ck_assert_int_eq(unsetenv("NO_COLOR"), 0);
	ck_assert_int_eq(unsetenv("COLUMNS"), 0);
	ck_assert_int_eq(unsetenv("LINES"), 0);
	ck_assert_int_eq(unsetenv("PAGER"), 0);
	ck_assert_int_eq(setenv("TZ", "UTC", 1), 0);
	ck_assert_int_eq(setenv("LC_ALL", "C.UTF-8", 1), 0);
	ck_assert_int_eq(setenv("PATH", "/nonexistent", 1), 0); /* no systemctl of the host */
}

static inline void setup(void)
{
	setup_directory();
	fork_server(serve);
}

static inline void teardown(void)
{
	if (server > 0) {
		ck_assert_int_eq(kill(server, SIGKILL), 0);
		ck_assert_int_eq(waitpid(server, NULL, 0), server);
	}
	(void)unlink(path);
	(void)rmdir(directory);
}

static inline int capture(void)
{
	return memfd_create("capture", MFD_CLOEXEC);
}

static inline void slurp(int fd, char *buffer)
{
	ssize_t n;

	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	n = read(fd, buffer, OUTPUT_SIZE - 1);
	ck_assert_int_ge(n, 0);
	buffer[n] = '\0';
	(void)close(fd);
}

/* Runs netoptctl with these words (NULL at the end) in a process of its own; fills out and err. */
static inline int run_words(char *words[], int n)
{
	int out_fd = capture(), err_fd = capture(), status;
	pid_t pid;

	ck_assert_int_ge(out_fd, 0);
	ck_assert_int_ge(err_fd, 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (dup2(out_fd, STDOUT_FILENO) < 0 || dup2(err_fd, STDERR_FILENO) < 0 ||
		    (run_as && setresuid(run_as, run_as, run_as) < 0))
			_exit(99);
		_exit(cli_run(n, words));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	slurp(out_fd, out);
	slurp(err_fd, err);
	return WEXITSTATUS(status);
}

/* With --socket; the words of the command, NULL at the end. */
static inline int run(const char *first, ...)
{
	char *words[WORDS_MAX] = {(char *)"netoptctl", (char *)"--socket", path};
	int n = 3;
	va_list arguments;

	va_start(arguments, first);
	for (const char *word = first; word; word = va_arg(arguments, const char *))
		words[n++] = (char *)word;
	va_end(arguments);
	words[n] = NULL;
	return run_words(words, n);
}

/* In the place of the daemon: answers every call, whatever it asks, with `fixed_reply`, which can
 * have the members of several replies at once. */
static const char *fixed_reply;
static inline void serve_fixed(int ready)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 5) < 0)
		_exit(1);
	(void)close(ready);
	for (;;) {
		int peer = accept(fd, NULL, NULL);
		char call[4096];

		while (peer >= 0 && read(peer, call, sizeof(call)) > 0)
			if (write(peer, fixed_reply, strlen(fixed_reply) + 1) < 0)
				break;
		(void)close(peer);
	}
}

static inline void check_has(const char *text, const char *expected)
{
	ck_assert_msg(strstr(text, expected) != NULL, "no \"%s\" in:\n%.3000s", expected, text);
}

static inline Json *parse_out(void)
{
	Json *json;

	ck_assert_msg(json_parse(out, strlen(out), &json) == 0, "not JSON: %.3000s", out);
	return json;
}
