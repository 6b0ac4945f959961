/* SPDX-License-Identifier: MIT */
#include "cli/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/cli.h"
#include "cli/output.h"
#include "netopt-build.h"

#define ERROR_PROGRAM "org.netopt.Client.ProgramMissing"

/* False: the path is not known, or too long. */
static bool path_beside(const char *name, char *buffer, size_t size)
{
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (length <= 0)
		return false;
	self[length] = '\0';
	slash = strrchr(self, '/');
	if (!slash)
		return false;
	*slash = '\0';
	return text_format(buffer, size, "%s/%s", self, name);
}

/* The one beside us, else the installed one; whether it can be run is for who runs it to see. */
static int path_of(const char *name, char *buffer, size_t size)
{
	if (path_beside(name, buffer, size) && access(buffer, F_OK) == 0)
		return 0;
	return text_format(buffer, size, "%s/%s", NETOPT_PROGRAM_DIRECTORY, name) ? 0
										  : -ENAMETOOLONG;
}

static int read_all(int fd, Text *ret_output)
{
	char buffer[4096];
	ssize_t n;

	while ((n = read(fd, buffer, sizeof(buffer))) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		text_append_bytes(ret_output, buffer, n > 0 ? (size_t)n : 0);
	}
	return ret_output->failed ? -ENOMEM : 0;
}

static int start(const char *path, char *const argv[], int out, pid_t *ret_pid)
{
	extern char **environ;
	posix_spawn_file_actions_t actions;
	int r = posix_spawn_file_actions_init(&actions);

	if (r != 0)
		return -r;
	r = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn(ret_pid, path, &actions, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	return -r;
}

int program_capture(const char *name, char *const argv[], Text *ret_output)
{
	_cleanup_close_ int reader = -1;
	char path[PATH_MAX];
	int ends[2], status, r = path_of(name, path, sizeof(path));
	pid_t pid;

	if (r < 0)
		return r;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	reader = ends[0];
	r = start(path, argv, ends[1], &pid);
	(void)close(ends[1]);
	if (r < 0)
		return r;
	r = read_all(reader, ret_output);
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	if (r < 0)
		return r;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

int program_exec(const char *name, int argc, char *argv[])
{
	char path[PATH_MAX];
	int r = path_of(name, path, sizeof(path));

	assert(argc > 0 && argv[argc] == NULL);
	if (r < 0)
		return r;
	(void)execv(path, argv);
	return -errno;
}

int program_become(const Settings *settings, const char *name)
{
	int r = program_exec(name, settings->argc, settings->argv);

	return output_error(settings, r == -EACCES ? CLI_PERMISSION : CLI_FAILED, ERROR_PROGRAM,
			    "cannot start %s/%s: %s\n"
			    "It is a part of netopt: install netopt again, with ./setup install.",
			    NETOPT_PROGRAM_DIRECTORY, name, strerror(-r));
}
