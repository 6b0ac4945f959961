/* SPDX-License-Identifier: MIT */
/*
 * A queue that fills for minutes and a route that got longer both raise every sample. What tells
 * them apart, in this order:
 *  - a queue empties now and then: one block minimum back at the old level refutes the suspicion;
 *  - a queue was there before: the new level has to lie above the peak of the last hours;
 *  - a queue is restless: it sways between blocks (the spread of block minima) and within one (the
 *    mean over the minimum). A new route is as calm as the old one was;
 *  - a queue ends. So a calm shift has to last 4 minutes, a calm but large one 15, a restless one
 *    an hour. A queue that is filled to the brim at a constant rate for longer than that looks like
 *    a route in every respect but loss, and does end the epoch; when it drains, the floor comes
 *    down at once.
 * Being late costs queueing that is overstated for a while; being wrong costs a floor that hides
 * the very queue one is looking for. Hence the reluctance.
 *
 * While a suspicion lasts, mean and scale are frozen: they describe what it is compared with.
 */
#include "daemon/model/floor.h"

#include <math.h>

#include "common/base.h"

/* Two-sided CUSUM on standardised ln(block minimum), clipped at 3 sigma so that no single block
 * decides; the allowance is half of a 20 % shift (0.10 in ln) once the scale makes that larger than
 * the textbook's half a sigma: alarms per day fall from 9 (iid) and 56 (AR .9) to about 0.1. */
#define CLIP          3.0F
#define ALLOWANCE     0.5F
#define ALLOWANCE_LN  0.10F
#define ALARM         5.0F
#define MEAN_RATE     0.02F
#define SCALE_RATE    0.01F
#define PEAK_RATE     (1.0F / 480) /* 4 h: longer than a rush hour, shorter than a night */
#define SCALE_INITIAL 0.10F
/* The scale never counts as less: a path quieter than this would make the clipped step smaller than
 * the allowance, and never alarm. */
#define SCALE_MIN 0.05F
/* ... nor as less than this much time: below it lie schedulers and interrupts, not routes. */
#define SCALE_MIN_US 100.0F

/* A run whose block minima stay within this, or 4 scales, of each other is steady ... */
#define STEADY_LN     0.05F
#define STEADY_SCALES 4.0F
/* ... if within its blocks it is about as calm as it was before. */
#define JITTER_FACTOR 2.0F
#define JITTER_SLACK  0.01F

#define RUN_STEADY   8   /* blocks, 4 min */
#define RUN_LARGE    30  /* 15 min: routes seldom get this much longer, buffers often this full */
#define RUN_UNSTEADY 120 /* 1 h */
#define LARGE        2.5F

/* Undercuts are learning, no change, before an epoch is this old (5 min). */
#define SETTLED         10
#define UNDERCUT_LN     0.15F
#define UNDERCUT_BLOCKS 3
#define UNDERCUT_MIN_US 250 /* as SCALE_MIN_US, with room */

void floor_init(Floor *floor)
{
	*floor = (Floor){.floor_us = UINT32_MAX,
			 .previous_us = UINT32_MAX,
			 .settled_us = UINT32_MAX,
			 .block_min_us = UINT32_MAX};
}

static float scale_of(const Floor *floor)
{
	return fmaxf(fmaxf(floor->scale, SCALE_MIN), SCALE_MIN_US / expf(floor->mean));
}

static void run_reset(Floor *floor)
{
	if (floor->n_run > 0)
		floor->peak = fmaxf(floor->peak, logf((float)floor->run_max_us));
	floor->up = 0;
	floor->n_run = 0;
	floor->run_jitter = 0;
	floor->suspected = false;
}

static void run_extend(Floor *floor, float jitter)
{
	if (floor->n_run == 0) {
		floor->run_min_us = UINT32_MAX;
		floor->run_max_us = 0;
		floor->shift_ns = floor->block_ns;
	}
	floor->run_min_us = MIN(floor->run_min_us, floor->block_min_us);
	floor->run_max_us = MAX(floor->run_max_us, floor->block_min_us);
	floor->run_jitter += jitter;
	floor->n_run = (uint16_t)MIN(floor->n_run + 1, UINT16_MAX);
}

static void epoch_end(Floor *floor, uint32_t floor_us, uint16_t n_blocks)
{
	floor->epoch++;
	floor->since_ns = floor->shift_ns;
	floor->previous_us = floor->settled_us;
	floor->floor_us = floor->settled_us = floor_us;
	floor->peak = floor->mean;
	floor->n_blocks = n_blocks;
	floor->n_undercut = 0;
	floor->down = 0;
	floor->n_run = 0; /* it is no peak of the new epoch */
	run_reset(floor);
}

static bool run_is_steady(const Floor *floor)
{
	float range = logf((float)floor->run_max_us / (float)floor->run_min_us);
	float jitter = floor->run_jitter / floor->n_run;

	return logf((float)floor->run_min_us) >= floor->peak &&
	       range <= MAX(STEADY_LN, STEADY_SCALES * floor->scale) &&
	       jitter <= JITTER_FACTOR * floor->jitter + JITTER_SLACK;
}

static uint16_t run_needed(const Floor *floor)
{
	if (!run_is_steady(floor))
		return RUN_UNSTEADY;
	return (float)floor->run_min_us > LARGE * (float)floor->settled_us ? RUN_LARGE : RUN_STEADY;
}

/* The block of a suspicion: refutes it, proves it (true), or leaves it. */
static bool suspicion_block(Floor *floor, float x, float jitter)
{
	if (x - floor->mean < MAX(ALLOWANCE_LN, scale_of(floor))) {
		run_reset(floor);
		return false;
	}
	run_extend(floor, jitter);
	if (floor->n_run < run_needed(floor))
		return false;
	floor->mean = (logf((float)floor->run_min_us) + logf((float)floor->run_max_us)) / 2;
	floor->jitter = floor->run_jitter / floor->n_run;
	epoch_end(floor, floor->run_min_us, floor->n_run);
	return true;
}

static void learn(Floor *floor, float step, float jitter)
{
	/* Young, it learns fast; but not what may be the shift that it is to find. */
	float young = floor->n_run > 0 ? 0 : 1.0F / (float)(floor->n_blocks + 1);

	floor->mean += MAX(MEAN_RATE, young) * step;
	floor->peak += (floor->mean - floor->peak) * PEAK_RATE;
	floor->scale += MAX(SCALE_RATE, young / 2) * (1.25F * fabsf(step) - floor->scale);
	floor->jitter += MAX(MEAN_RATE, young) * (jitter - floor->jitter);
	if (floor->n_blocks < UINT16_MAX)
		floor->n_blocks++;
}

static void ordinary_block(Floor *floor, float x, float jitter)
{
	float scale = scale_of(floor), k = MAX(ALLOWANCE, ALLOWANCE_LN / scale);
	float r = CLAMP((x - floor->mean) / scale, -CLIP, CLIP);

	floor->up += r - k;
	floor->down = MAX(0.0F, floor->down - r - k);
	if (floor->up <= 0)
		run_reset(floor);
	else
		run_extend(floor, jitter);
	floor->suspected = floor->up > ALARM;
	if (floor->down > ALARM) {
		/* A long queue is gone; the floor knew better all the time. */
		floor->mean = x;
		floor->n_blocks = (uint16_t)MIN((int)floor->n_blocks, SETTLED);
		floor->down = 0;
		run_reset(floor);
	} else if (!floor->suspected) {
		learn(floor, r * scale, jitter);
	}
}

/* True: for long enough, and by far enough, below what the floor had settled at. */
static bool undercut_block(Floor *floor)
{
	uint32_t settled = floor->settled_us, below = settled - MIN(settled, floor->block_min_us);

	if (floor->n_blocks < SETTLED || below < UNDERCUT_MIN_US ||
	    logf((float)settled / (float)floor->block_min_us) < UNDERCUT_LN) {
		floor->settled_us = floor->floor_us;
		floor->n_undercut = 0;
		return false;
	}
	run_reset(floor);
	if (floor->n_undercut++ == 0)
		floor->shift_ns = floor->block_ns;
	return floor->n_undercut >= UNDERCUT_BLOCKS;
}

static bool block_end(Floor *floor)
{
	float x = logf((float)floor->block_min_us);
	float mean_us = (float)floor->block_sum_us / (float)floor->block_n;
	float jitter = logf(mean_us / (float)floor->block_min_us);

	if (floor->n_blocks == 0) {
		floor->mean = floor->peak = x;
		floor->scale = SCALE_INITIAL;
		floor->jitter = jitter;
		floor->n_blocks = 1;
		floor->settled_us = floor->floor_us;
		return false;
	}
	if (undercut_block(floor)) {
		floor->mean = x;
		epoch_end(floor, floor->floor_us, UNDERCUT_BLOCKS);
		return true;
	}
	if (floor->n_undercut > 0)
		return false;
	if (floor->suspected)
		return suspicion_block(floor, x, jitter);
	ordinary_block(floor, x, jitter);
	return false;
}

bool floor_add(Floor *floor, uint64_t now_ns, uint32_t us)
{
	bool ended = false;

	us = MAX(us, UINT32_C(1));
	if (floor->epoch == 0) {
		floor->epoch = 1;
		floor->since_ns = floor->block_ns = MAX(now_ns, UINT64_C(1));
	}
	if (floor->block_n > 0 && now_ns >= floor->block_ns + FLOOR_BLOCK_NS) {
		ended = block_end(floor);
		floor->block_n = 0;
	}
	if (floor->block_n == 0) {
		floor->block_ns = now_ns;
		floor->block_min_us = UINT32_MAX;
		floor->block_sum_us = 0;
	}
	floor->block_n++;
	floor->block_sum_us += us;
	floor->block_min_us = MIN(floor->block_min_us, us);
	floor->floor_us = MIN(floor->floor_us, us);
	return ended;
}

/* No undercut: both were there before. */
void floor_merge(Floor *into, const Floor *from)
{
	if (into->epoch == 0)
		*into = *from;
	into->floor_us = MIN(into->floor_us, from->floor_us);
	into->settled_us = MIN(into->settled_us, into->floor_us);
}

bool floor_get(const Floor *floor, uint32_t *ret_us)
{
	if (floor->floor_us == UINT32_MAX)
		return false;
	*ret_us = floor->floor_us;
	return true;
}
