/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The command line of netoptd.
 */
#include <stdbool.h>

typedef struct Options {
	const char *config_file;     /* NULL: the default, which need not exist */
	const char *socket;          /* NULL: configuration, RUNTIME_DIRECTORY, default */
	const char *state_directory; /* likewise, STATE_DIRECTORY */
	int log_level;               /* -1: the configuration's */
	bool check_config, dry_run, recover;
} Options;

enum { OPTIONS_EXIT = 1 };
/* 0: run with *ret_options. OPTIONS_EXIT: done (--help, --version), *ret_code is the exit status.
 * -EINVAL: a usage error, already explained on stderr. */
int options_parse(int argc, char **argv, Options *ret_options, int *ret_code);
