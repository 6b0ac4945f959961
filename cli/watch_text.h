/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A text of several lines folded at the width of the screen: at blanks, where there are some, else
 * anywhere. The rest of a folded line stands under its first word.
 */
#include <stddef.h>

#define WATCH_TEXT_MAX 10000 /* lines; what is beyond is left out */

typedef struct WatchTextLine {
	const char *start; /* in the text, which must stay */
	size_t length;     /* bytes */
	size_t indent;     /* columns */
} WatchTextLine;

typedef struct WatchText {
	WatchTextLine *lines;
	size_t n, allocated;
} WatchText;

/* Zero-initialise before the first use; clear after the last. */
void watch_text_clear(WatchText *folded);
/* Appends the lines of a text; width is at least 2. -ENOMEM: some. */
int watch_text_fold(WatchText *folded, const char *text, size_t width);
