/* SPDX-License-Identifier: MIT */
#include "daemon/places.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base.h"
#include "common/interface.h"
#include "netopt-build.h"

/* systemd gives a colon-separated list if several directories are configured: the first is ours. */
static char *from_environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? strndup(value, strcspn(value, ":")) : NULL;
}

int places_state_directory(const Options *options, const Config *config, char **ret_path)
{
	char *path;

	if (options->state_directory)
		path = strdup(options->state_directory);
	else if (config->state_directory)
		path = strdup(config->state_directory);
	else if (!(path = from_environment("STATE_DIRECTORY")))
		path = strdup(NETOPT_STATE_DIRECTORY);
	if (!path)
		return -ENOMEM;

	*ret_path = path;
	return 0;
}

int places_socket(const Options *options, const Config *config, char **ret_path)
{
	_cleanup_free_ char *directory = NULL;
	char *path = NULL;

	if (options->socket || config->socket) {
		path = strdup(options->socket ? options->socket : config->socket);
	} else {
		directory = from_environment("RUNTIME_DIRECTORY");
		if (asprintf(&path, "%s/%s", directory ? directory : NETOPT_RUNTIME_DIRECTORY,
			     INTERFACE_SOCKET_NAME) < 0)
			path = NULL;
	}
	if (!path)
		return -ENOMEM;

	*ret_path = path;
	return 0;
}

int places_open_directory(const char *path, mode_t mode, int *ret_fd)
{
	int fd;

	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;

	*ret_fd = fd;
	return 0;
}
