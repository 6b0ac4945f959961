/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What an option of the table in command.c does to the settings.
 */
#include "cli/settings.h"

/* What holds until an option says otherwise. */
void option_defaults(Settings *settings);
/* `value` is NULL if there is none. False: it is not one of this option. */
bool option_apply(const char *name, const char *value, Settings *settings);
