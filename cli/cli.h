/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * netoptctl as a function: reads the command line, runs one command, returns the exit status.
 */
#include "cli/settings.h"

/* Documented in netoptctl(1): scripts rely on them. */
typedef enum CliExit {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
	CLI_NOT_RUNNING = 3,
	CLI_PERMISSION = 4,
	CLI_EXCEEDED = 6, /* check: a threshold, or an endpoint is down; audit: a row to improve */
} CliExit;

/* Those of a monitoring plugin, with --nagios. */
typedef enum PluginExit {
	PLUGIN_OK = 0,
	PLUGIN_WARNING = 1,
	PLUGIN_CRITICAL = 2,
	PLUGIN_UNKNOWN = 3,
} PluginExit;

/* As of the table: returns a CliExit. */
typedef int (*CliCommand)(const Settings *settings, char *const arguments[], size_t n);

/* netoptctl. Returns a CliExit. */
int cli_run(int argc, char *argv[]);
/* The same in a program that is a command itself (program.h): what this command does is `run`. */
int cli_run_command(int argc, char *argv[], const char *name, CliCommand run);
