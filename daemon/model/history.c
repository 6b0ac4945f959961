/* SPDX-License-Identifier: MIT */
/*
 * A step is closed one step late, so that a result that comes in a little after its minute still
 * counts; until then it is read out of the windows, which hold their slots for ten minutes and for
 * an hour. Steps in which nothing happened are closed like others, with a count of zero: the ring
 * has no holes, and two numbers say what it holds.
 */
#include "daemon/model/history.h"

#include "common/base.h"
#include "common/clock.h"

/* Slots of a window make a step. */
typedef struct HistoryShape {
	uint64_t step_ns;
	size_t steps;
	WindowSpan span;
	unsigned slots; /* of the span, in each step */
} HistoryShape;

static const HistoryShape shapes[_HISTORY_SCALES] = {
	[HISTORY_MINUTE] = {NSEC_PER_MIN, HISTORY_MINUTES, WINDOW_10MIN, 1},
	[HISTORY_QUARTER] = {15 * NSEC_PER_MIN, HISTORY_QUARTERS, WINDOW_1H, 3},
};

_Static_assert(sizeof(History) <= 3072, "for each of 1,000 endpoints");
_Static_assert(HISTOGRAM_BUCKETS < UINT16_MAX, "a quantile fits");

uint64_t history_step_ns(HistoryScale scale)
{
	return shapes[scale].step_ns;
}

size_t history_steps(HistoryScale scale)
{
	return shapes[scale].steps;
}

static void measure(const HistorySource *source, HistoryScale scale, uint64_t number,
		    HistoryPoint *ret)
{
	const HistoryShape *shape = &shapes[scale];
	HistoryPoint point = {.count = 0};
	uint64_t failures = 0;
	Histogram histogram;

	histogram_reset(&histogram);
	for (size_t i = 0; i < source->n; i++)
		for (unsigned slot = 0; source->windows[i] && slot < shape->slots; slot++)
			failures += window_merge_slot(source->windows[i], shape->span,
						      number * shape->slots + slot, &histogram);
	point.failures = (uint32_t)MIN(failures, (uint64_t)UINT16_MAX);
	point.count = (uint32_t)MIN(histogram.count + failures, (uint64_t)UINT16_MAX);
	point.has_p50 = histogram_quantile(&histogram, 500, &point.p50_us);
	point.has_p95 = histogram.count >= WINDOW_MIN_P95 &&
			histogram_quantile(&histogram, 950, &point.p95_us);
	*ret = point;
}

static uint16_t encode(bool known, uint32_t us)
{
	return known ? (uint16_t)(histogram_index(us) + 1) : 0;
}

static bool decode(uint16_t code, uint32_t *ret_us)
{
	*ret_us = code > 0 ? histogram_bucket_mid_us(code - 1U) : 0;
	return code > 0;
}

static void close_step(History *history, const HistorySource *source, HistoryScale scale,
		       uint64_t number)
{
	HistoryStep *steps = scale == HISTORY_MINUTE ? history->minutes : history->quarters;
	HistoryPoint point;

	measure(source, scale, number, &point);
	steps[number % shapes[scale].steps] = (HistoryStep){
		.p50 = encode(point.has_p50, point.p50_us),
		.p95 = encode(point.has_p95, point.p95_us),
		.count = (uint16_t)point.count,
		.failures = (uint16_t)point.failures,
	};
}

void history_init(History *history, uint64_t now_ns)
{
	*history = (History){.first = {0}};
	for (HistoryScale scale = 0; scale < _HISTORY_SCALES; scale++)
		history->first[scale] = history->open[scale] = now_ns / shapes[scale].step_ns;
}

void history_advance(History *history, const HistorySource *source, uint64_t now_ns)
{
	for (HistoryScale scale = 0; scale < _HISTORY_SCALES; scale++) {
		uint64_t now = now_ns / shapes[scale].step_ns, steps = shapes[scale].steps;
		uint64_t *open = &history->open[scale], *first = &history->first[scale];

		/* After a silence longer than the ring nothing of it is left. */
		if (*open + steps < now)
			*open = *first = now - steps;
		for (; *open + 1 < now; ++*open)
			close_step(history, source, scale, *open);
		if (*open > steps)
			*first = MAX(*first, *open - steps);
	}
}

void history_at(const History *history, const HistorySource *source, HistoryScale scale,
		uint64_t number, HistoryPoint *ret)
{
	const HistoryStep *steps = scale == HISTORY_MINUTE ? history->minutes : history->quarters;
	HistoryStep step = steps[number % shapes[scale].steps];

	if (number >= history->open[scale]) {
		measure(source, scale, number, ret);
		return;
	}
	if (number < history->first[scale]) {
		*ret = (HistoryPoint){.count = 0};
		return;
	}
	*ret = (HistoryPoint){.count = step.count, .failures = step.failures};
	ret->has_p50 = decode(step.p50, &ret->p50_us);
	ret->has_p95 = decode(step.p95, &ret->p95_us);
}
