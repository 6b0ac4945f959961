/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Horizontal bars of text: blocks in steps of an eighth where the terminal knows UTF-8, "#" where
 * it does not.
 */
#include <stdbool.h>

#include "common/text.h"

/* Appends `share` (0..1) of `width` columns; more than nothing is never invisible. Returns the
 * columns that were used. */
size_t bar_append(Text *text, bool utf8, double share, size_t width);
