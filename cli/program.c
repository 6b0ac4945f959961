/* SPDX-License-Identifier: MIT */
#include "cli/program.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

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

int program_exec(const char *name, int argc, char *argv[])
{
	char path[PATH_MAX];

	assert(argc > 0 && argv[argc] == NULL);
	if (path_beside(name, path, sizeof(path))) {
		(void)execv(path, argv);
		if (errno != ENOENT)
			return -errno;
	}
	if (!text_format(path, sizeof(path), "%s/%s", NETOPT_PROGRAM_DIRECTORY, name))
		return -ENAMETOOLONG;
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
