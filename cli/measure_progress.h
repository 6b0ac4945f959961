/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One line on standard error that says how far the measurement is; only where somebody looks at it,
 * and gone when the result is printed.
 */
#include "cli/measure_document.h"
#include "cli/settings.h"
#include "common/text.h"

typedef struct MeasureProgress {
	bool shown; /* standard error is a terminal, and nobody asked for quiet */
	bool utf8;
	size_t width;
	uint64_t drawn_ns; /* monotonic; 0: never */
} MeasureProgress;

void measure_progress_init(MeasureProgress *progress, const Settings *settings);
/* After a probe of that item. */
void measure_progress_draw(MeasureProgress *progress, const MeasureRun *run, size_t item,
			   uint64_t now_ns);
void measure_progress_clear(MeasureProgress *progress);
/* The line itself, at most `width` columns. */
void measure_progress_line(const MeasureRun *run, size_t item, bool utf8, size_t width, Text *text);
