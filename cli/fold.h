/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Text within the width of the terminal.
 */
#include "cli/output.h"

/* "  LABEL     words, folded at the width of the terminal", the words at the 12th column: what has
 * a name, and is no table. `line` may hold other people's text; words longer than the terminal stay
 * whole. */
void fold_append(const Settings *settings, const char *label, const char *line, Text *text);
/* The same, the words at the column `indent`. */
void fold_append_at(const Settings *settings, size_t indent, const char *label, const char *line,
		    Text *text);
/* Appends the lines of `string`, each that is wider than so many columns folded at its blanks and
 * continued two columns further in. May hold colours. Words longer than that are broken. */
void fold_lines(const char *string, size_t width, Text *text);
/* The same, but what does not fit is cut off and "..." is put in its place. */
void fold_clip(const char *string, size_t width, Text *text);
