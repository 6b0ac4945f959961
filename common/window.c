/* SPDX-License-Identifier: MIT */
/*
 * A slot's number is the time divided by the slot's length; its place in the ring is that number
 * modulo the ring's size. A slot is never cleared on time: it says which number it is for, and
 * whoever writes a newer number empties it first, whoever reads skips it. So nothing has to run
 * while a path is idle, and gaps of any length cost nothing.
 *
 * A window is the slot in progress and the full ones before it: of "1min" between 50 and 60 s.
 */
#include "common/window.h"

#include <errno.h>
#include <stdlib.h>

#include "common/base.h"
#include "common/clock.h"

typedef struct WindowShape {
	const char *name;
	uint64_t slot_ns;
	unsigned slots;
} WindowShape;

static const WindowShape shapes[_WINDOW_SPANS] = {
	[WINDOW_1MIN] = {"1min", 10 * NSEC_PER_SEC, 6},
	[WINDOW_10MIN] = {"10min", NSEC_PER_MIN, 10},
	[WINDOW_1H] = {"1h", 5 * NSEC_PER_MIN, 12},
	[WINDOW_24H] = {"24h", NSEC_PER_HOUR, WINDOW_SLOTS_MAX},
};

const char *window_span_name(WindowSpan span)
{
	return shapes[span].name;
}

uint64_t window_span_ns(WindowSpan span)
{
	return shapes[span].slot_ns * shapes[span].slots;
}

void window_clear(Window *window)
{
	for (unsigned span = 0; span < _WINDOW_SPANS; span++) {
		WindowSlot *slots = window->slots[span];

		for (unsigned i = 0; slots && i < shapes[span].slots; i++)
			sparse_clear(&slots[i].latencies);
		free(slots);
		window->slots[span] = NULL;
	}
}

static int allocate_slots(Window *window)
{
	for (unsigned span = 0; span < _WINDOW_SPANS; span++) {
		if (!window->slots[span])
			window->slots[span] = calloc(shapes[span].slots, sizeof(WindowSlot));
		if (!window->slots[span])
			return -ENOMEM;
	}
	return 0;
}

/* The slot for now, emptied of what was there a turn of the ring ago; NULL if it already holds a
 * later turn, which means that now has left this window. */
static WindowSlot *current_slot(Window *window, unsigned span, uint64_t now_ns)
{
	uint64_t epoch = now_ns / shapes[span].slot_ns;
	WindowSlot *slot = &window->slots[span][epoch % shapes[span].slots];

	if (slot->epoch > epoch)
		return NULL;
	if (slot->epoch < epoch) {
		sparse_reset(&slot->latencies);
		slot->failures = 0;
		slot->epoch = epoch;
	}
	return slot;
}

int window_add(Window *window, uint64_t now_ns, uint32_t us)
{
	int r = allocate_slots(window);

	if (r < 0)
		return r;
	/* Out of memory in one span, the others still count it: each stays true by itself. */
	for (unsigned span = 0; span < _WINDOW_SPANS; span++) {
		WindowSlot *slot = current_slot(window, span, now_ns);

		if (slot && sparse_add(&slot->latencies, us) < 0)
			r = -ENOMEM;
	}
	return r;
}

int window_add_failure(Window *window, uint64_t now_ns)
{
	int r = allocate_slots(window);

	if (r < 0)
		return r;
	for (unsigned span = 0; span < _WINDOW_SPANS; span++) {
		WindowSlot *slot = current_slot(window, span, now_ns);

		if (slot && slot->failures < UINT32_MAX)
			slot->failures++;
	}
	return 0;
}

uint64_t window_merge(const Window *window, WindowSpan span, uint64_t now_ns, Histogram *into)
{
	const WindowShape *shape = &shapes[span];
	const WindowSlot *slots = window->slots[span];
	uint64_t epoch = now_ns / shape->slot_ns, failures = 0;

	for (unsigned i = 0; slots && i < shape->slots; i++) {
		if (slots[i].epoch > epoch || epoch - slots[i].epoch >= shape->slots)
			continue;
		histogram_merge_sparse(into, &slots[i].latencies);
		failures += slots[i].failures;
	}
	return failures;
}

uint64_t window_merge_slot(const Window *window, WindowSpan span, uint64_t slot, Histogram *into)
{
	const WindowSlot *slots = window->slots[span];
	const WindowSlot *at = slots ? &slots[slot % shapes[span].slots] : NULL;

	if (!at || at->epoch != slot)
		return 0;
	histogram_merge_sparse(into, &at->latencies);
	return at->failures;
}

void window_histogram(const Window *window, WindowSpan span, uint64_t now_ns, Histogram *ret)
{
	histogram_reset(ret);
	(void)window_merge(window, span, now_ns, ret); /* failures have no latency */
}

static bool quantile_of_enough(const Histogram *histogram, uint64_t minimum, unsigned permille,
			       uint32_t *ret_us)
{
	return histogram->count >= minimum && histogram_quantile(histogram, permille, ret_us);
}

void window_summary_of(const Histogram *histogram, uint64_t failures, WindowSummary *ret)
{
	WindowSummary summary = {.count = histogram->count + failures, .failures = failures};

	if (histogram->count > 0) {
		summary.has_latency = true;
		summary.min_us = histogram->min_us;
		summary.max_us = histogram->max_us;
		summary.mean_us = (uint32_t)(histogram->sum_us / histogram->count);
	}
	summary.has_p50 = quantile_of_enough(histogram, WINDOW_MIN_P50, 500, &summary.p50_us);
	summary.has_p95 = quantile_of_enough(histogram, WINDOW_MIN_P95, 950, &summary.p95_us);
	summary.has_p99 = quantile_of_enough(histogram, WINDOW_MIN_P99, 990, &summary.p99_us);
	*ret = summary;
}

void window_summarise(const Window *window, WindowSpan span, uint64_t now_ns, WindowSummary *ret)
{
	Histogram histogram;
	uint64_t failures;

	histogram_reset(&histogram);
	failures = window_merge(window, span, now_ns, &histogram);
	window_summary_of(&histogram, failures, ret);
}
