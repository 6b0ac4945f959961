/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Commands that are programs of their own: what needs libraries that netoptctl does without (an
 * event loop, TLS, a screen) stands beside it, so that every other command starts as fast as ever.
 *
 * Such a program gets the whole command line of netoptctl, its first word included, and reads it
 * by the same table. It is the one in the directory of netoptctl itself, which is where a build has
 * it, or else the one that was installed.
 */
#include "cli/settings.h"
#include "common/text.h"

/* Becomes the program of that name ("netopt-measure"). Returns only if it could not: negative
 * errno, -ENOENT if there is none. */
int program_exec(const char *name, int argc, char *argv[]);
/* The same for a command, with the command line of the settings. Returns a CliExit, having said why
 * it could not. */
int program_become(const Settings *settings, const char *name);
/* Runs the program of that name to its end, and appends what it writes to stdout. Its exit status;
 * negative errno: -ENOENT if there is none, -EINTR if a signal ended it. */
int program_capture(const char *name, char *const argv[], Text *ret_output);
