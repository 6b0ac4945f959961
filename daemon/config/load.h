/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The loader with its seams: other drop-in directories, and a file that is in memory. The daemon
 * calls config_load() of config.h.
 */
#include <stdbool.h>
#include <stddef.h>

#include "daemon/config/config.h"

/*
 * As config_load(), with the drop-in directories given, in rising precedence and NULL-terminated;
 * NULL for those config_load() takes.
 */
int config_load_from(const char *main_file, bool must_exist, const char *const *directories,
		     ConfigProblems *problems, Config **ret_config);

/* One file in memory, no drop-ins. `file` is only for messages. As config_load(). */
int config_load_text(const char *file, const char *data, size_t length, ConfigProblems *problems,
		     Config **ret_config);
