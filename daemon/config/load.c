/* SPDX-License-Identifier: MIT */
/*
 * config_load(): the main file, then the drop-ins, and what is wrong with any of them.
 */
#include "daemon/config/load.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "common/text.h"
#include "daemon/config/builder.h"
#include "daemon/config/source.h"
#include "netopt-build.h"

/* Rising precedence: what the distribution ships, what is meant until the next boot, what the
 * administrator wants. The last is always beside the main file. */
static const char *const system_directories[] = {
	"/usr/lib/netopt.conf.d",
	"/run/netopt.conf.d",
	NETOPT_CONFIG_FILE ".d",
	NULL,
};

static int fail_reading(ConfigBuilder *builder, const char *path, int error)
{
	switch (error) {
	case -ENOMEM:
		return error;
	case -EFBIG:
		return config_builder_fail(builder, path,
					   "the file is larger than 1 MiB; it is not read");
	case -EMEDIUMTYPE:
		return config_builder_fail(builder, path, "this is not a regular file");
	case -EACCES:
		return config_builder_fail(builder, path,
					   "the file cannot be read: %s; make it readable for the "
					   "user netoptd runs as",
					   strerror(EACCES));
	default:
		return config_builder_fail(builder, path, "the file cannot be read: %s",
					   strerror(-error));
	}
}

static int read_file(ConfigBuilder *builder, const char *path, bool must_exist)
{
	_cleanup_free_ char *data = NULL;
	size_t length;

	int r = config_source_read(path, &data, &length);
	if (r == -ENOENT && !must_exist)
		return 0;
	if (r < 0)
		return fail_reading(builder, path, r);
	return config_builder_read(builder, path, data, length);
}

static int read_drop_ins(ConfigBuilder *builder, const char *const *directories)
{
	_cleanup_(config_sources_clear) ConfigSources sources = {0};

	int r = config_sources_find(directories, builder->problems, &sources);
	if (r < 0)
		return r;
	if (r == CONFIG_INVALID)
		builder->invalid = true;
	for (size_t i = 0; i < sources.n; i++) {
		r = read_file(builder, sources.paths[i], true);
		if (r < 0)
			return r;
	}
	return 0;
}

int config_load_from(const char *main_file, bool must_exist, const char *const *directories,
		     ConfigProblems *problems, Config **ret_config)
{
	_cleanup_(config_builder_clear) ConfigBuilder builder = {0};
	_cleanup_(text_clear) Text beside = {0};
	int r;

	text_appendf(&beside, "%s.d", main_file);
	if (beside.failed)
		return -ENOMEM;
	const char *const own[] = {text_string(&beside), NULL};
	if (!directories)
		directories = text_equal(main_file, NETOPT_CONFIG_FILE) ? system_directories : own;

	r = config_builder_init(&builder, problems);
	if (r < 0)
		return r;
	r = read_file(&builder, main_file, must_exist);
	if (r < 0)
		return r;
	r = read_drop_ins(&builder, directories);
	if (r < 0)
		return r;
	return config_builder_finish(&builder, ret_config);
}

int config_load(const char *main_file, bool must_exist, ConfigProblems *problems,
		Config **ret_config)
{
	return config_load_from(main_file, must_exist, NULL, problems, ret_config);
}

int config_load_text(const char *file, const char *data, size_t length, ConfigProblems *problems,
		     Config **ret_config)
{
	_cleanup_(config_builder_clear) ConfigBuilder builder = {0};
	int r;

	r = config_builder_init(&builder, problems);
	if (r < 0)
		return r;
	r = config_builder_read(&builder, file, data, length);
	if (r < 0)
		return r;
	return config_builder_finish(&builder, ret_config);
}
