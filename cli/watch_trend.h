/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Numbers over time as one line of characters: bars of eight heights, or with ASCII alone marks of
 * eight weights. From the least (the lowest) to the greatest of what is shown; where they differ by
 * less than a tenth, all are low, as noise is no shape. Unknown: a blank.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The newest `width` of n values (below zero: unknown), the newest at the right end. What does not
 * go into the buffer is left out at the end. */
void watch_trend(const int64_t *values, size_t n, size_t width, bool utf8, char *buffer,
		 size_t size);
