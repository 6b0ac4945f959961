/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * "  LABEL     words, folded at the width of the terminal": what has a name, and is no table.
 */
#include "cli/output.h"

/* `line` may hold other people's text; words longer than the terminal stay whole. */
/* `indent`: of the words. */
void fold_append_at(const Settings *settings, size_t indent, const char *label, const char *line,
		    Text *text);
/* At the 12th column. */
void fold_append(const Settings *settings, const char *label, const char *line, Text *text);
