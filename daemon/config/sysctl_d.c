/* SPDX-License-Identifier: MIT */
/*
 * systemd-sysctl(8) and sysctl(8) of procps agree on what a file says but for corners (one takes
 * '.' for '/' inside a name, the other does not), none of which is among the keys that can be
 * asked for. Which file wins is that of configuration drop-ins, so source.c finds them; a link to
 * /dev/null hides the files of its name here, too.
 */
#include "daemon/config/sysctl_d.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "common/base.h"
#include "common/text.h"
#include "daemon/config/source.h"

/* A longer line is none that sets a key of ours. */
#define LINE_MAX_BYTES 512

static const char *const host_directories[] = {
	"/usr/lib/sysctl.d", "/usr/local/lib/sysctl.d", "/run/sysctl.d", "/etc/sysctl.d", NULL,
};

/* Both forms become the one with '/', as fnmatch(3) then keeps '*' within a component. */
static void to_path(char *key)
{
	char first = key[strcspn(key, "./")];

	if (first != '.')
		return;
	for (; *key; key++) {
		if (*key == '.')
			*key = '/';
		else if (*key == '/')
			*key = '.';
	}
}

typedef struct Assignment {
	const char *key;   /* with '/' */
	const char *value; /* NULL: the key is excluded from patterns */
	const char *file;
	unsigned line;
} Assignment;

static void take_assignment(const Assignment *assignment, const char *key, SysctlSetting *setting)
{
	char path[SYSCTL_D_VALUE_MAX];
	bool exact;

	if (!text_copy(path, sizeof(path), key))
		return;
	to_path(path);
	exact = text_equal(assignment->key, path);
	if (!exact && (setting->exact || !assignment->value ||
		       fnmatch(assignment->key, path, FNM_PATHNAME | FNM_PERIOD) != 0))
		return;
	if (!assignment->value) {
		if (!setting->exact)
			*setting = (SysctlSetting){.exact = true};
		return;
	}
	setting->exact = exact;
	setting->line = assignment->line;
	/* Only for people to read. */
	(void)text_copy(setting->file, sizeof(setting->file), assignment->file);
	(void)text_copy(setting->value, sizeof(setting->value), assignment->value);
}

/* "key = value", "-key = value" (failing is no error) or "-key" (not by a pattern). */
static bool split_line(char *line, Assignment *ret)
{
	char *key = text_strip(line), *value;
	bool minus = *key == '-';

	if (*key == '\0' || *key == '#' || *key == ';')
		return false;
	value = strchr(key, '=');
	if (value)
		*value++ = '\0';
	else if (!minus)
		return false;
	key = text_strip(key + minus);
	to_path(key);
	ret->key = key;
	ret->value = value ? text_strip(value) : NULL;
	return *key != '\0' && (!ret->value || *ret->value);
}

void sysctl_d_take(const char *const keys[], SysctlSetting settings[], size_t n, const char *file,
		   const char *data, size_t length)
{
	Assignment assignment = {.file = file};

	for (size_t at = 0; at < length;) {
		const char *end = memchr(data + at, '\n', length - at);
		size_t bytes = end ? (size_t)(end - data) - at : length - at;
		char line[LINE_MAX_BYTES];

		assignment.line++;
		if (bytes < sizeof(line)) {
			memcpy(line, data + at, bytes);
			line[bytes] = '\0';
			if (split_line(line, &assignment))
				for (size_t i = 0; i < n; i++)
					take_assignment(&assignment, keys[i], &settings[i]);
		}
		at += bytes + 1;
	}
}

/* What cannot be read was not applied either. */
static int take_file(const char *path, const char *const keys[], SysctlSetting settings[], size_t n)
{
	_cleanup_free_ char *data = NULL;
	size_t length;
	int r = config_source_read(path, &data, &length);

	if (r == 0)
		sysctl_d_take(keys, settings, n, path, data, length);
	return r == -ENOMEM ? r : 0;
}

int sysctl_d_read_from(const char *const directories[], const char *last_file,
		       const char *const keys[], SysctlSetting settings[], size_t n)
{
	_cleanup_(config_problems_clear) ConfigProblems problems = {0};
	_cleanup_(config_sources_clear) ConfigSources sources = {0};
	int r = config_sources_find(directories, &problems, &sources);

	if (r < 0)
		return r;
	memset(settings, 0, n * sizeof(settings[0]));
	for (size_t i = 0; i < sources.n && r >= 0; i++)
		r = take_file(sources.paths[i], keys, settings, n);
	if (r >= 0 && last_file)
		r = take_file(last_file, keys, settings, n);
	return r < 0 ? r : 0;
}

int sysctl_d_read(const char *const keys[], SysctlSetting settings[], size_t n)
{
	return sysctl_d_read_from(host_directories, "/etc/sysctl.conf", keys, settings, n);
}
