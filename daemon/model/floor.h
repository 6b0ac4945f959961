/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The propagation floor of a series of round-trip times, and when the path under it changed.
 *
 * A path epoch is a time during which the route was the same: its floor is the least sample seen in
 * it. Queues come and go above the floor; a route that got longer moves the floor itself, and a
 * minimum that never forgets would call the difference queueing for ever. So the least sample of
 * each 30 s block goes into a two-sided CUSUM with a self-scaled allowance. Its alarm is a
 * suspicion, no more: the epoch ends when the new level also proves to be a route and not a queue,
 * which takes 4 minutes of steady blocks (15 if it is more than 2.5 times the floor), or an hour of
 * unsteady ones. A sample that
 * undercuts the floor lowers it at once; if it does so by more than the allowance, and for three
 * blocks, that is a new epoch too.
 *
 * Pure and small enough to stand in every path.
 */
#include <stdbool.h>
#include <stdint.h>

#define FLOOR_BLOCK_NS (UINT64_C(30) * 1000000000)

typedef struct Floor {
	uint64_t since_ns;               /* begin of the epoch; 0: no sample yet */
	uint64_t block_ns;               /* first sample of the block being filled */
	uint64_t shift_ns;               /* first block of the run; with n_undercut: of those */
	uint32_t epoch;                  /* 1 with the first sample */
	uint32_t floor_us;               /* UINT32_MAX: none yet */
	uint32_t previous_us;            /* of the epoch before; UINT32_MAX: there was none */
	uint32_t settled_us;             /* the floor before it was undercut, if it is */
	uint32_t block_min_us, block_n;  /* of the block */
	uint64_t block_sum_us;           /* likewise */
	uint32_t run_min_us, run_max_us; /* least and greatest block minimum of the run */
	uint16_t n_run;                  /* blocks in a row that raised the upper sum */
	uint16_t n_blocks;               /* complete ones that the mean rests on, saturating */
	uint8_t n_undercut;              /* blocks in a row far below settled_us */
	bool suspected;                  /* the upper sum alarmed: mean and scale stand still */
	float mean, scale;               /* of ln(us) of the block minima */
	float peak;                      /* of ln(us) of the block minima, lately */
	float jitter, run_jitter;        /* ln(mean / minimum) within a block; the run's sum */
	float up, down;                  /* the two sums */
} Floor;

void floor_init(Floor *floor);
/* Adds a sample. True if it ended an epoch: previous_us and floor_us say from what to what. */
bool floor_add(Floor *floor, uint64_t now_ns, uint32_t us);
/* Takes over the floor of a series that goes on in this one: the lower one of both. */
void floor_merge(Floor *into, const Floor *from);
/* False: nothing seen yet. */
bool floor_get(const Floor *floor, uint32_t *ret_us);
