/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A network namespace for one test, which must have a process of its own (Check forks): nothing of
 * it is seen by the host, and it goes with the process.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OWN_NETNS_WORDS_MAX 32

__attribute__((unused)) static bool own_netns_write(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);
	if (fd >= 0)
		close(fd);
	return written;
}

/* As root, or as root of a user namespace. False: not allowed here. */
__attribute__((unused)) static bool own_netns_enter(void)
{
	char map[64];
	unsigned uid = getuid();
	if (unshare(CLONE_NEWNET) == 0)
		return true;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return false;
	(void)snprintf(map, sizeof(map), "0 %u 1", uid);
	return own_netns_write("/proc/self/setgroups", "deny") &&
	       own_netns_write("/proc/self/uid_map", map);
}

/* Runs a program with its words; true if it succeeded. */
__attribute__((unused)) static bool own_netns_run(const char *command)
{
	char copy[512], *words[OWN_NETNS_WORDS_MAX] = {NULL}, *rest = copy;
	int status = -1;
	(void)snprintf(copy, sizeof(copy), "%s", command);
	for (size_t n = 0; n + 1 < OWN_NETNS_WORDS_MAX && (words[n] = strsep(&rest, " ")); n++)
		;
	pid_t child = fork();
	if (child == 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		(void)dup2(null, STDERR_FILENO);
		execvp(words[0], words);
		_exit(127);
	}
	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

/* That this cannot be done is a defect of the test or a lack of the host. */
#define OWN_NETNS_DO(command) ck_assert_msg(own_netns_run(command), "%s", command)
