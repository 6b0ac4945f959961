/* SPDX-License-Identifier: MIT */
/*
 * How late packets were delivered: the emulation's own error, counted in whole microseconds.
 */
#pragma once

#include <stdint.h>

#define WANSTATS_BUCKETS 8192 /* one for each microsecond; the last one holds all that is later */

struct wanstats {
	uint64_t n, max_ns;
	uint64_t buckets[WANSTATS_BUCKETS];
};

void wanstats_add(struct wanstats *stats, uint64_t late_ns);
/* The smallest whole microsecond that `permille` of the packets did not exceed; 0 without packets.
 */
uint64_t wanstats_quantile_us(const struct wanstats *stats, unsigned permille);
