/* SPDX-License-Identifier: MIT */
/*
 * The order of drop-ins is that of systemd (systemd.unit(5)): by file name alone, whatever the
 * directory, so that 10-x.conf in /run comes before 20-y.conf in /usr/lib.
 *
 * A name that is a directory or a FIFO is taken like any other, and fails when it is read: silently
 * passing over what the administrator put there would hide a mistake.
 */
#include "daemon/config/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/base.h"
#include "common/ini.h"
#include "common/text.h"

#define SUFFIX ".conf"

void config_sources_clear(ConfigSources *sources)
{
	for (size_t i = 0; i < sources->n; i++)
		free(sources->paths[i]);
	free(sources->paths);
	*sources = (ConfigSources){0};
}

static const char *base_name(const char *path)
{
	return strrchr(path, '/') + 1; /* every path here is DIRECTORY/NAME */
}

static bool is_null_device(const struct stat *status)
{
	return S_ISCHR(status->st_mode) && status->st_rdev == makedev(1, 3);
}

static bool is_masked(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && is_null_device(&status);
}

static bool is_drop_in(const char *name)
{
	size_t length = strlen(name), suffix = strlen(SUFFIX);

	return name[0] != '.' && length > suffix && text_equal(name + length - suffix, SUFFIX);
}

/* -E2BIG beyond CONFIG_FILES_MAX. */
static int add_source(ConfigSources *sources, const char *directory, const char *name)
{
	_cleanup_(text_clear) Text path = {0};

	text_appendf(&path, "%s/%s", directory, name);
	if (path.failed)
		return -ENOMEM;
	for (size_t i = 0; i < sources->n; i++) {
		if (!text_equal(base_name(sources->paths[i]), name))
			continue;
		free(sources->paths[i]);
		sources->paths[i] = STEAL(path.data);
		return 0;
	}
	if (sources->n >= CONFIG_FILES_MAX)
		return -E2BIG;

	char **grown = reallocarray(sources->paths, sources->n + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	sources->paths = grown;
	sources->paths[sources->n++] = STEAL(path.data);
	return 0;
}

static void close_directory(DIR **directory)
{
	if (*directory)
		(void)closedir(*directory); /* it was only read */
}

static int scan_directory(ConfigSources *sources, const char *path)
{
	_cleanup_(close_directory) DIR *directory = opendir(path);

	if (!directory)
		return errno == ENOENT ? 0 : -errno;
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(directory);
		if (!entry)
			return -errno;
		if (!is_drop_in(entry->d_name))
			continue;
		int r = add_source(sources, path, entry->d_name);
		if (r < 0)
			return r;
	}
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(base_name(*(char *const *)a), base_name(*(char *const *)b));
}

static void drop_masked(ConfigSources *sources)
{
	size_t kept = 0;

	for (size_t i = 0; i < sources->n; i++) {
		if (is_masked(sources->paths[i]))
			free(sources->paths[i]);
		else
			sources->paths[kept++] = sources->paths[i];
	}
	sources->n = kept;
}

/* 0, or CONFIG_INVALID with the problem noted. */
static int note_failure(ConfigProblems *problems, const char *directory, int error)
{
	int r;

	if (error == -E2BIG)
		r = config_problems_add(problems, directory, 0, 0,
					"there are more than %u drop-ins; put them together",
					CONFIG_FILES_MAX);
	else
		r = config_problems_add(problems, directory, 0, 0,
					"the directory cannot be read: %s", strerror(-error));
	return r < 0 ? r : CONFIG_INVALID;
}

int config_sources_find(const char *const *directories, ConfigProblems *problems,
			ConfigSources *ret_sources)
{
	_cleanup_(config_sources_clear) ConfigSources sources = {0};
	int result = 0;

	for (; *directories; directories++) {
		int r = scan_directory(&sources, *directories);
		if (r < 0 && r != -ENOMEM)
			r = result = note_failure(problems, *directories, r);
		if (r < 0)
			return r;
	}

	drop_masked(&sources);
	if (sources.n > 0)
		qsort(sources.paths, sources.n, sizeof(*sources.paths), compare_names);

	*ret_sources = sources;
	sources = (ConfigSources){0};
	return result;
}

/* Up to INI_FILE_MAX bytes; one more is -EFBIG, however large the file said it was. */
static int read_all(int fd, char **ret_data, size_t *ret_length)
{
	_cleanup_(text_clear) Text text = {0};
	char block[4096];

	for (;;) {
		ssize_t n = read(fd, block, sizeof(block));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text_append_bytes(&text, block, (size_t)n);
		if (text.failed)
			return -ENOMEM;
		if (text.length > INI_FILE_MAX)
			return -EFBIG;
		if (n == 0)
			break;
	}
	*ret_length = text.length;
	*ret_data = STEAL(text.data);
	return 0;
}

int config_source_read(const char *path, char **ret_data, size_t *ret_length)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode) && !is_null_device(&status))
		return -EMEDIUMTYPE;
	if (status.st_size > INI_FILE_MAX)
		return -EFBIG;
	return read_all(fd, ret_data, ret_length);
}
