/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The propagation floor of a series of round-trip times, and when the path under it changed.
 *
 * A path epoch is a time during which the route was the same: its floor is the least sample seen in
 * it. Queues come and go above the floor; a route that got longer moves the floor itself, and a
 * minimum that never forgets would call the difference queueing for ever. So the least sample of
 * each 30 s block (and beside it the median) goes into a two-sided CUSUM with a self-scaled
 * allowance; when it alarms, or when a sample undercuts the floor by more than the allowance, the
 * epoch ends and the floor starts anew from the samples since the shift.
 *
 * Pure and small enough to stand in every path.
 */
#include <stdbool.h>
#include <stdint.h>

#define FLOOR_BLOCK_NS (UINT64_C(30) * 1000000000)

typedef struct Floor {
	uint64_t since_ns;              /* begin of the epoch; 0: no sample yet */
	uint32_t epoch;                 /* 1 with the first sample */
	uint32_t floor_us;              /* UINT32_MAX: none yet */
	uint32_t previous_us;           /* of the epoch before; UINT32_MAX: there was none */
	uint64_t block_ns;              /* begin of the block being filled; 0: none */
	uint32_t block_min_us, block_n; /* of the block */
	uint32_t recent_min_us[2]; /* of the last complete blocks, newest first; UINT32_MAX: none
				    */
	uint32_t blocks;           /* complete ones in this epoch, saturating */
	float mean, scale;         /* of ln(us) of the blocks */
	float up, down;            /* the two sums */
} Floor;

void floor_init(Floor *floor);
/* Adds a sample. True if it ended an epoch: previous_us and floor_us say from what to what. */
bool floor_add(Floor *floor, uint64_t now_ns, uint32_t us);
/* False: nothing seen in this epoch yet. */
bool floor_get(const Floor *floor, uint32_t *ret_us);
