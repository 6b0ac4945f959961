/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Latency over time: median, 95th percentile, attempts and failures of each minute of the last
 * three hours and of each quarter of an hour of the last two days, in 3 KiB whatever the traffic.
 * The windows (common/window.h) know the present; when one of their minutes is over, what it came
 * to is kept here.
 *
 * A step has a number: its begin since the clock's zero, divided by its length.
 */
#include "common/window.h"

typedef enum HistoryScale {
	HISTORY_MINUTE,
	HISTORY_QUARTER, /* of an hour */
	_HISTORY_SCALES,
} HistoryScale;

#define HISTORY_MINUTES  180
#define HISTORY_QUARTERS 192

/* A quantile is an index of common/histogram.h plus one; 0: not known. The counts saturate. */
typedef struct HistoryStep {
	uint16_t p50, p95;
	uint16_t count, failures;
} HistoryStep;

typedef struct History {
	/* Of the oldest step, and of the first that is not complete. */
	uint64_t first[_HISTORY_SCALES], open[_HISTORY_SCALES];
	HistoryStep minutes[HISTORY_MINUTES];
	HistoryStep quarters[HISTORY_QUARTERS];
} History;

/* What one step came to. The median is of what there is, if only one; a 95th percentile takes
 * WINDOW_MIN_P95 of them. */
typedef struct HistoryPoint {
	bool has_p50, has_p95;
	uint32_t p50_us, p95_us;
	uint32_t count, failures; /* attempts, and of these */
} HistoryPoint;

/* Windows that are looked at together; a NULL among them is empty. */
typedef struct HistorySource {
	const Window *const *windows;
	size_t n;
} HistorySource;

uint64_t history_step_ns(HistoryScale scale);
size_t history_steps(HistoryScale scale); /* the most that are kept */
/* Empty, and begins with the steps of now. */
void history_init(History *history, uint64_t now_ns);
/* Keeps what the complete steps came to. Call it before a sample of `now_ns` goes into a window:
 * those forget. */
void history_advance(History *history, const HistorySource *source, uint64_t now_ns);
/* One step, complete or in progress; all zero if it is not kept. */
void history_at(const History *history, const HistorySource *source, HistoryScale scale,
		uint64_t number, HistoryPoint *ret);
