/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A screen as an array of cells, drawn without a terminal: what stands where, in which style. The
 * terminal paints it; unit tests read it. What comes in is other people's text: control characters,
 * those that turn the direction of writing, and those without a width become "?", so that a cell
 * is a column, always. Without UTF-8 so does all that is not ASCII.
 */
#include "cli/output.h"

#define WATCH_FRAME_MAX 1000 /* rows, and columns */

typedef struct WatchCell {
	uint32_t character; /* 0: the right half of the one before */
	uint8_t style;      /* OutputStyle */
	bool reverse;
} WatchCell;

/* Zero-initialise, then set utf8. */
typedef struct WatchFrame {
	WatchCell *cells; /* row by row */
	size_t rows, columns;
	bool utf8;    /* what the terminal shows */
	bool reverse; /* of what is put from now on */
} WatchFrame;

void watch_frame_clear(WatchFrame *frame);
/* The size, and blanks all over. -ENOMEM: as it was. */
int watch_frame_reset(WatchFrame *frame, size_t rows, size_t columns);
/* A text in a field of `width` columns from (row, column) on: cut with "..." if it is longer,
 * filled with blanks if it is shorter, before it with `right`. What is outside of the frame is
 * left out. */
void watch_frame_put(WatchFrame *frame, size_t row, size_t column, size_t width, bool right,
		     OutputStyle style, const char *text);
/* The columns that a text takes. */
size_t watch_frame_width(const WatchFrame *frame, const char *text);
/* Appends a row as UTF-8 without the blanks at its end. */
void watch_frame_line(const WatchFrame *frame, size_t row, Text *text);
