/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Sliding windows over probe results: 1 min, 10 min, 1 h, 24 h, each a ring of sparse histograms
 * (6 x 10 s, 10 x 1 min, 12 x 5 min, 24 x 1 h), so memory does not depend on the number of samples.
 * Failures are counted beside latencies and never become one.
 */
#include "common/histogram.h"

typedef enum WindowSpan {
	WINDOW_1MIN,
	WINDOW_10MIN,
	WINDOW_1H,
	WINDOW_24H,
	_WINDOW_SPANS,
} WindowSpan;

#define WINDOW_SLOTS_MAX 24

/* Fewest samples for a percentile to be reported: below 1/(1-q) samples the quantile is only the
 * maximum under another name. */
#define WINDOW_MIN_P50 3
#define WINDOW_MIN_P95 20
#define WINDOW_MIN_P99 100

typedef struct WindowSlot {
	uint64_t epoch; /* slot number since the clock's zero; a stale slot is empty */
	SparseHistogram latencies;
	uint32_t failures;
} WindowSlot;

typedef struct Window {
	WindowSlot *slots[_WINDOW_SPANS]; /* allocated on first use */
} Window;

/* What a person wants to know of one window. has_* false: too few samples, to be shown as absent.
 */
typedef struct WindowSummary {
	uint64_t count;    /* attempts */
	uint64_t failures; /* of these; they have no latency */
	bool has_latency;  /* min, mean, max are valid (at least one success) */
	bool has_p50, has_p95, has_p99;
	uint32_t min_us, mean_us, p50_us, p95_us, p99_us, max_us;
} WindowSummary;

const char *window_span_name(WindowSpan span); /* "1min" "10min" "1h" "24h" */
uint64_t window_span_ns(WindowSpan span);
void window_clear(Window *window);
int window_add(Window *window, uint64_t now_ns, uint32_t us); /* -ENOMEM */
int window_add_failure(Window *window, uint64_t now_ns);      /* -ENOMEM */
void window_histogram(const Window *window, WindowSpan span, uint64_t now_ns, Histogram *ret);
void window_summarise(const Window *window, WindowSpan span, uint64_t now_ns, WindowSummary *ret);

/* For windows that are looked at together. */
/* Adds the window's latencies to `into`; returns its failures. */
uint64_t window_merge(const Window *window, WindowSpan span, uint64_t now_ns, Histogram *into);
/* The same of one slot of the window, by its number since the clock's zero; nothing if it is no
 * longer, or not yet, there. */
uint64_t window_merge_slot(const Window *window, WindowSpan span, uint64_t slot, Histogram *into);
/* The summary of latencies and failures, wherever they come from. */
void window_summary_of(const Histogram *histogram, uint64_t failures, WindowSummary *ret);
