/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * How the times of a phase are distributed: a few bins of equal width, whose borders are round
 * numbers. What lies far beyond the rest is counted beside them, since one straggler would
 * otherwise squeeze all others into one bin.
 */
#include <stddef.h>
#include <stdint.h>

#include "cli/settings.h"
#include "common/text.h"

#define MEASURE_BINS_MAX 12

typedef struct MeasureHistogram {
	uint32_t low_us, step_us; /* bin i holds low + i * step and more */
	size_t n_bins;
	uint64_t counts[MEASURE_BINS_MAX];
	uint64_t beyond;                   /* values above the last bin */
	uint32_t beyond_us, beyond_max_us; /* the least and greatest of those */
} MeasureHistogram;

/* Of values in ascending order; n > 0. */
void measure_histogram(const uint32_t *sorted, size_t n, MeasureHistogram *ret);
/* One line for each bin, within the width of the terminal, after two blanks. */
void measure_histogram_append(const MeasureHistogram *histogram, const Settings *settings,
			      bool utf8, Text *text);
