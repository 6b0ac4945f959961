/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A change as a text to read: what, why, the formula with its numbers, how it was tried, what came
 * of it. The daemon writes it, so that every client explains a change in the same words.
 */
#include "common/text.h"
#include "daemon/policy/change.h"

/* Appends lines, each ended by a newline. Memory failures stay in `text`. */
void explain_change(const Change *change, uint64_t now_ns, Text *text);
