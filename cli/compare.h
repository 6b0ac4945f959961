/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Medians of latency with the interval in which the true one lies, 95 times in 100; pure.
 *
 * By minutes, where there are enough: the medians of single minutes, sorted, and the interval
 * between two of them whose ranks come from the binomial distribution of "below the true median":
 * exact whatever the distribution, if minutes are alike and independent; single probes are not, as
 * a queue that stands delays the next one too.
 *
 * Else by quantiles: the same ranks among the single samples, whose number and some of whose
 * quantiles are known; between them the quantile function is taken to be as steep as on the steeper
 * side of the median, which makes the interval too wide rather than too narrow.
 */
#include "common/json.h"

typedef enum CompareMethod {
	COMPARE_NONE, /* nothing can be said */
	COMPARE_MINUTES,
	COMPARE_QUANTILES,
} CompareMethod;

typedef struct CompareInterval {
	CompareMethod method;
	int64_t median_us, low_us, high_us;
	size_t n; /* minutes or samples */
} CompareInterval;

/* So many minutes at least: of five, even the whole range holds the median in 94 of 100 only. */
#define COMPARE_MINUTES_MIN 6
/* Fewer samples than that are no basis. */
#define COMPARE_SAMPLES_MIN 20

/* The rank, from 1, of the lower end among n sorted values that makes an interval of 95 %, the
 * upper end being n + 1 less it; 0: n is too small. Exact up to a thousand, then by the normal one.
 */
size_t compare_rank(size_t n);
/* `history`: usec or null. False: too few. */
bool compare_by_minutes(const Json *history, CompareInterval *ret_interval);
/* `window`: a Window of the interface. False: too few. */
bool compare_by_quantiles(const Json *window, CompareInterval *ret_interval);
/* Of an endpoint of a reply: its windows, and its history if there is one. */
CompareInterval compare_endpoint(const Json *endpoint);
/* Whether the two cannot have the same median by what is known. */
bool compare_differs(const CompareInterval *a, const CompareInterval *b);
