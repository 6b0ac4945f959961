/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Which files make up a configuration, and their bytes.
 */
#include <stdbool.h>
#include <stddef.h>

#include "daemon/config/problems.h"

/* Far more than any host has; a directory given by mistake has more. */
#define CONFIG_FILES_MAX 256

/* Drop-ins in the order in which they are read. Zero-initialise. */
typedef struct ConfigSources {
	char **paths; /* n, owned */
	size_t n;
} ConfigSources;

void config_sources_clear(ConfigSources *sources);

/*
 * The *.conf files of the directories, given in rising precedence and NULL-terminated, sorted by
 * file name in byte order; of several with the same name the one of the last directory. Hidden
 * files are passed over, and a link to /dev/null hides the files of its name. A directory that does
 * not exist is an empty one; one that cannot be read is a problem. 0, CONFIG_INVALID (what could be
 * found is in ret_sources), -ENOMEM.
 */
int config_sources_find(const char *const *directories, ConfigProblems *problems,
			ConfigSources *ret_sources);

/*
 * The whole file; /dev/null is an empty one. The caller frees *ret_data. -EFBIG: over INI_FILE_MAX;
 * -EMEDIUMTYPE: not a regular file; else as open(2) and read(2). Never blocks on a FIFO.
 */
int config_source_read(const char *path, char **ret_data, size_t *ret_length);
