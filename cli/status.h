/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The parts of which the status is made. Each begins with an empty line if it has a heading, and is
 * empty if there is nothing to say. Which of them there is room for decides verb_status.c.
 */
#include "cli/output.h"

typedef struct Screen {
	const Settings *settings;
	size_t endpoints_shown;
	Json *status, *endpoints, *tunables, *changes; /* replies */
} Screen;

typedef struct ScreenPart {
	void (*append)(const Screen *screen, Text *text);
	unsigned drop; /* left out where there is no room, the highest first; 0: never */
	bool full;     /* only with --full */
	bool folded;   /* what is wrong, to the last word: folded where others are cut */
} ScreenPart;

extern const ScreenPart status_parts[];
extern const size_t n_status_parts;

/* "Next: netoptctl endpoints web    it is down": what to type about what is wrong first. */
void status_append_next(const Screen *screen, Text *text);
/* Of the changes: what is in force for good, "  last ...", and each "  kept ...". */
size_t status_count_applied(const Screen *screen);
void status_append_last(const Screen *screen, Text *text);
void status_append_kept(const Screen *screen, Text *text);
/* "  LABEL  ": in its colour, in a column. */
void status_append_label(const Screen *screen, OutputStyle style, const char *label, Text *text);
