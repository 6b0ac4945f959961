/* SPDX-License-Identifier: MIT */
/*
 * A linear histogram: the interesting range (0 to 8 ms) in steps far below the 0.3 ms in question.
 */
#include "tests/net/wanstats.h"

void wanstats_add(struct wanstats *stats, uint64_t late_ns)
{
	uint64_t us = late_ns / 1000;

	stats->n++;
	if (late_ns > stats->max_ns)
		stats->max_ns = late_ns;
	stats->buckets[us < WANSTATS_BUCKETS ? us : WANSTATS_BUCKETS - 1]++;
}

uint64_t wanstats_quantile_us(const struct wanstats *stats, unsigned permille)
{
	uint64_t wanted = (stats->n * permille + 999) / 1000, seen = 0;

	if (stats->n == 0)
		return 0;
	for (uint64_t us = 0; us < WANSTATS_BUCKETS - 1; us++) {
		seen += stats->buckets[us];
		if (seen >= wanted)
			return us + 1;
	}
	return stats->max_ns / 1000 + 1;
}
