/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * `netoptctl watch`, as netopt-watch runs it: the full screen, or a line of JSON for each update.
 */
#include "cli/settings.h"

/* Both return a CliExit, having said what went wrong: at the start a daemon that is down is an
 * error; later it is waited for. */
int watch_screen(const Settings *settings);
/* Until nobody reads stdout any more. */
int watch_lines(const Settings *settings);
