/* SPDX-License-Identifier: MIT */
#include "cli/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "common/base.h"
#include "common/text.h"

#define NO_PAGER   1
#define NOT_FOUND  127 /* also what a shell says */
#define LESS_FLAGS "FRSX"

/* In the child; never returns. */
static void run(const char *command, int input)
{
	if (dup2(input, STDIN_FILENO) < 0)
		_exit(NOT_FOUND);
	(void)setenv("LESS", LESS_FLAGS, 0);
	(void)setenv("LESSSECURE", "1", 1);
	if (command)
		(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	else
		(void)execlp("less", "less", (char *)NULL);
	_exit(NOT_FOUND);
}

/* Whoever leaves the pager early closes the pipe: that is no error. */
static void feed(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, bytes, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		bytes += n;
		length -= (size_t)n;
	}
}

static int start(const char *command, int *ret_pipe, pid_t *ret_pid)
{
	_cleanup_close_ int reader = -1, writer = -1;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	reader = ends[0];
	writer = ends[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		run(command, reader);
	*ret_pipe = base_steal_fd(&writer);
	*ret_pid = pid;
	return 0;
}

int pager_show(const char *bytes, size_t length)
{
	const char *command = getenv("PAGER");
	struct sigaction ignore = {.sa_handler = SIG_IGN}, broken, interrupt;
	int pipe_fd = -1, status = 0, r;
	pid_t pid = -1;

	if (command && (!*command || text_equal(command, "cat")))
		return NO_PAGER;
	r = start(command, &pipe_fd, &pid);
	if (r < 0)
		return r;
	(void)sigaction(SIGPIPE, &ignore, &broken); /* cannot fail: both signals exist */
	(void)sigaction(SIGINT, &ignore, &interrupt);
	feed(pipe_fd, bytes, length);
	base_close(&pipe_fd);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	(void)sigaction(SIGPIPE, &broken, NULL);
	(void)sigaction(SIGINT, &interrupt, NULL);
	return WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND ? NO_PAGER : 0;
}
