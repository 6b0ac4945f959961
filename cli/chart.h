/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Plots as inline SVG, for the report. They are drawn 360 units wide, so that their text can be
 * read on a phone, and take their colours from the page's style sheet, which knows light and dark.
 * Each says in words what it shows, for those who cannot see it.
 *
 * Titles and names may be other people's text. Values that are not known are NAN, and are gaps.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "common/text.h"

#define CHART_POINTS_MAX 180

typedef struct ChartLine {
	const char *name;
	const char *class;    /* of the style sheet: its colour */
	const double *values; /* n of the chart */
} ChartLine;

typedef struct ChartMark {
	double at_s; /* CLOCK_REALTIME */
	const char *text;
} ChartMark;

/* Milliseconds over time, from 0 up. */
typedef struct Chart {
	const char *title;
	double start_s, step_s; /* CLOCK_REALTIME of the first value */
	size_t n;               /* values of each line, at most CHART_POINTS_MAX */
	const ChartLine *lines;
	size_t n_lines;
	const double *loss; /* n of them, 0 to 1: ticks at the foot where it is more; NULL: none */
	const ChartMark *marks;
	size_t n_marks;
} Chart;

typedef struct ChartPart {
	const char *name;
	double value;
	const char *text; /* the value in words */
} ChartPart;

void chart_lines(const Chart *chart, Text *page);
/* One bar of all parts side by side, and what each is. */
void chart_parts(const char *title, const ChartPart parts[], size_t n, Text *page);
/* A bar for each, one below the other, the longest as wide as there is room for. */
void chart_bars(const char *title, const ChartPart parts[], size_t n, Text *page);
/* ln(new / old) of each pair of blocks: up is better; NAN: the pair was dropped. */
void chart_pairs(const char *title, const double values[], size_t n, Text *page);

/* The least of 1, 2, 5 times a power of ten that is not below `value`; 1 for 0 and less. */
double chart_ceiling(double value);
