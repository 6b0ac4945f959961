/* SPDX-License-Identifier: MIT */
/*
 * Sums of differences. Most counters have 64 bits and never turn over; those of softnet_stat have
 * 32 for each processor, so their sum can fall by 2^32 while all is well. A fall that leaves a step
 * of less than 2^31 after adding that back is such a turn; any other fall is a counter made anew.
 */
#include "daemon/model/host_windows.h"

#include <stdlib.h>
#include <string.h>

#include "common/base.h"

/* Of HOST_BIG_WINDOWS, as many may be above the 95th percentile. */
#define BIG_ABOVE_PERMILLE 50
#define BIG_RECENT         3

static bool has_32_bits(HostCounter counter)
{
	return counter == HOST_SOFTNET_PROCESSED || counter == HOST_SOFTNET_DROPPED ||
	       counter == HOST_SOFTNET_SQUEEZED;
}

static bool step(const HostReading *before, const HostReading *now, HostCounter counter,
		 uint64_t *ret)
{
	uint64_t a = before->counters[counter], b = now->counters[counter];

	if (!before->has_counter[counter] || !now->has_counter[counter])
		return false;
	if (has_32_bits(counter) && before->processors != now->processors)
		return false;
	if (b < a && has_32_bits(counter) && a - b <= UINT32_MAX && a - b > INT32_MAX)
		b += UINT64_C(1) << 32;
	if (b < a)
		return false;
	*ret = b - a;
	return true;
}

static void add_counters(HostWindow *window, const HostReading *before, const HostReading *now)
{
	for (HostCounter counter = 0; counter < _HOST_COUNTERS; counter++) {
		uint64_t delta;

		if (step(before, now, counter, &delta))
			window->counters[counter] += delta;
		else
			window->invalid[counter] = true;
	}
}

static void add_gauges(HostWindow *window, const HostReading *now)
{
	for (HostGauge gauge = 0; gauge < _HOST_GAUGES; gauge++) {
		uint64_t value = now->gauges[gauge];

		if (!now->has_gauge[gauge])
			continue;
		if (!window->has_gauge[gauge])
			window->gauge_min[gauge] = window->gauge_max[gauge] = value;
		window->has_gauge[gauge] = true;
		window->gauge_min[gauge] = MIN(window->gauge_min[gauge], value);
		window->gauge_max[gauge] = MAX(window->gauge_max[gauge], value);
		window->gauge_last[gauge] = value;
	}
}

static void push(HostWindows *windows, uint64_t now_ns)
{
	HostWindow *window = &windows->current;

	window->end_ns = now_ns;
	memmove(windows->history + 1, windows->history,
		(HOST_WINDOWS - 1) * sizeof(windows->history[0]));
	windows->history[0] = *window;
	windows->n_history = MIN(windows->n_history + 1, (unsigned)HOST_WINDOWS);
	if (!window->has_gauge[HOST_BIG_SOCKETS])
		return;
	windows->big[windows->at_big] =
		(uint32_t)MIN(window->gauge_max[HOST_BIG_SOCKETS], (uint64_t)UINT32_MAX);
	windows->at_big = (windows->at_big + 1) % HOST_BIG_WINDOWS;
	windows->n_big = MIN(windows->n_big + 1, (unsigned)HOST_BIG_WINDOWS);
}

void host_windows_add(HostWindows *windows, const HostReading *reading, uint64_t now_ns)
{
	uint64_t age = now_ns - windows->current.start_ns;

	if (windows->has_last && age > 3 * HOST_WINDOW_NS) {
		/* Suspended, or not read: what happened meanwhile says nothing of now. */
		windows->n_history = 0;
		windows->has_last = false;
	}
	if (!windows->has_last) {
		windows->current = (HostWindow){.start_ns = now_ns};
	} else {
		add_counters(&windows->current, &windows->last, reading);
		add_gauges(&windows->current, reading);
		if (age >= HOST_WINDOW_NS) {
			push(windows, now_ns);
			windows->current = (HostWindow){.start_ns = now_ns};
		}
	}
	windows->last = *reading;
	windows->has_last = true;
}

const HostWindow *host_window(const HostWindows *windows, unsigned i)
{
	return windows && i < windows->n_history ? &windows->history[i] : NULL;
}

bool host_window_counter(const HostWindow *window, HostCounter counter, uint64_t *ret)
{
	if (window->invalid[counter])
		return false;
	*ret = window->counters[counter];
	return true;
}

static int descending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x < y) - (x > y);
}

uint32_t host_windows_big(const HostWindows *windows)
{
	uint32_t sorted[HOST_BIG_WINDOWS], recent = 0;

	if (!windows || windows->n_big == 0)
		return 0;
	for (unsigned i = 1; i <= MIN(windows->n_big, (unsigned)BIG_RECENT); i++) {
		unsigned at = (windows->at_big + HOST_BIG_WINDOWS - i) % HOST_BIG_WINDOWS;

		recent = MAX(recent, windows->big[at]);
	}
	memcpy(sorted, windows->big, windows->n_big * sizeof(sorted[0]));
	qsort(sorted, windows->n_big, sizeof(sorted[0]), descending);
	return MAX(recent, sorted[windows->n_big * BIG_ABOVE_PERMILLE / 1000]);
}
