/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the host says when the daemon does not: the state of its unit, and who belongs to its group.
 * Only asked once something went wrong, as it takes a program.
 */
#include "common/text.h"

#define UNIT_NAME "netoptd.service"

/* Appends "failed (exit-code)", "inactive (dead)", "not installed"; nothing where systemd does not
 * tell within a second. */
void unit_append_state(Text *text);
/* Appends what makes the caller a member of the daemon's group. */
void unit_append_group_advice(Text *text);
