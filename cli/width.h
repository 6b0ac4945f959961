/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * How wide text is on a terminal. Names come from elsewhere, so that they may be in any script:
 * most of East Asia and pictures take two columns, combining marks none. Colours (ESC [ ... m) take
 * none either. Bytes that are not UTF-8 count as one column each.
 */
#include <stddef.h>

/* Of the first `length` bytes. */
size_t width_of(const char *text, size_t length);
/* The bytes of as many whole characters as fit into so many columns. */
size_t width_prefix(const char *text, size_t columns);
/* The bytes of the character, or of the colour, that `text` begins with, not its end; and its
 * columns. */
size_t width_step(const char *text, size_t *ret_columns);
