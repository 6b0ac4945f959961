/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the changing commands have in common: one call, whose answer is a sentence.
 */
#include "cli/settings.h"
#include "common/json.h"

/* Takes `parameters` (NULL: none). Says the daemon's message. Returns a CliExit. */
int steer(const Settings *settings, const char *method, Json *parameters);
