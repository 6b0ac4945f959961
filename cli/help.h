/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The help, from the table of commands.
 */
#include "cli/command.h"

/* Of a command, or of all (NULL). Returns a CliExit. */
int help_print(const Settings *settings, const Command *command);
/* Says so, and which is nearest. Returns a CliExit. */
int help_unknown_command(const Settings *settings, const char *name);
