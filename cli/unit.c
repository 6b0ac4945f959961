/* SPDX-License-Identifier: MIT */
#include "cli/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "netopt-build.h"

#define ANSWER_MS  1000
#define ANSWER_MAX 512

/* In the child; never returns. */
static void run(int output)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0 ||
	    dup2(output, STDOUT_FILENO) < 0)
		_exit(1);
	(void)execlp("systemctl", "systemctl", "show", UNIT_NAME, "--property",
		     "LoadState,ActiveState,SubState,Result", (char *)NULL);
	_exit(1);
}

/* All it prints within the time. Negative errno. */
static int read_answer(int fd, char *buffer, size_t size)
{
	size_t length = 0;

	while (length + 1 < size) {
		struct pollfd readable = {.fd = fd, .events = POLLIN};
		ssize_t n;

		if (poll(&readable, 1, ANSWER_MS) <= 0)
			return -ETIMEDOUT;
		n = read(fd, buffer + length, size - 1 - length);
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		length += (size_t)n;
	}
	buffer[length] = '\0';
	return 0;
}

/* False: there is no systemd here, or it does not answer. */
static bool ask(char *buffer, size_t size)
{
	_cleanup_close_ int reader = -1;
	int ends[2], status = 0, r;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	reader = ends[0];
	pid = fork();
	if (pid == 0)
		run(ends[1]);
	base_close(&ends[1]);
	if (pid < 0)
		return false;
	r = read_answer(reader, buffer, size);
	if (r < 0)
		(void)kill(pid, SIGKILL); /* ours, and not waited for yet */
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return r == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The value of "KEY=value" of a line; "" if there is none. */
static void find_value(const char *answer, const char *key, char *buffer, size_t size)
{
	size_t length = strlen(key);

	buffer[0] = '\0';
	for (const char *line = answer; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!text_starts_with(line, key) || line[length] != '=')
			continue;
		(void)text_format(buffer, size, "%.*s", (int)strcspn(line + length + 1, "\n"),
				  line + length + 1); /* cut: it is only shown */
		return;
	}
}

void unit_append_state(Text *text)
{
	char answer[ANSWER_MAX], load[64], active[64], sub[64], result[64];

	if (!ask(answer, sizeof(answer)))
		return;
	find_value(answer, "LoadState", load, sizeof(load));
	find_value(answer, "ActiveState", active, sizeof(active));
	find_value(answer, "SubState", sub, sizeof(sub));
	find_value(answer, "Result", result, sizeof(result));
	if (text_equal(load, "not-found"))
		text_append(text, "not installed");
	else if (text_equal(active, "failed"))
		text_appendf(text, "failed (%s)", result);
	else if (*active)
		text_appendf(text, "%s (%s)", active, sub);
}

static bool is_listed(const struct group *group, const char *user)
{
	for (char **member = group->gr_mem; user && *member; member++)
		if (text_equal(*member, user))
			return true;
	return false;
}

void unit_append_group_advice(Text *text)
{
	const struct group *group = getgrnam(NETOPT_GROUP);
	const struct passwd *user = getpwuid(geteuid());

	if (!group)
		text_append(text, "Use sudo: there is no group " NETOPT_GROUP " on this host.");
	else if (is_listed(group, user ? user->pw_name : NULL))
		text_append(text, "You are in the group " NETOPT_GROUP
				  ", but not since this session began: log in again, or use sudo.");
	else
		text_append(text, "Use sudo, or join the group: sudo usermod -aG " NETOPT_GROUP
				  " $USER, then log in again.");
}
