/* SPDX-License-Identifier: MIT */
/*
 * Exponential gaps, conditioned on lying within bounds. Conditioning (rather than clipping) keeps
 * the shape memoryless between the bounds and puts no lump of probability on either of them, but
 * it shifts the mean; so the exponential's own scale is chosen such that the mean of the
 * conditioned distribution is exactly the configured interval.
 */
#include "daemon/probe/schedule.h"

#include <math.h>

#include "common/base.h"

/*
 * With a = 0.1, b = 5 and scale s, the mean of a + Exp(s) given that it is at most b is
 * a + s - (b - a) / (exp((b - a) / s) - 1); solved for a mean of 1. SCALE_SPAN is
 * 1 - exp(-(b - a) / s): the share of the exponential that lies within the bounds.
 */
#define SCALE      0.9245902912452657
#define SCALE_SPAN 0.9950066320666348

/* After a very long stall (a stopped process, a short interval) the missed slots are estimated
 * from here on; drawing them one by one would only prolong the stall. */
#define MISSED_DRAWN_MAX 10000

static uint64_t draw_gap_ns(uint64_t mean_ns, const Random *random)
{
	double gap = SCHEDULE_GAP_MIN - SCALE * log1p(-random_unit(random) * SCALE_SPAN);

	/* The last bit of log1p() may step over the edge. */
	return (uint64_t)((double)mean_ns * MIN(gap, SCHEDULE_GAP_MAX));
}

void schedule_start(Schedule *schedule, uint64_t mean_ns, const Random *random, uint64_t now_ns)
{
	uint64_t within_ns = MIN(mean_ns, SCHEDULE_FIRST_NS);

	assert(mean_ns > 0);
	*schedule = (Schedule){
		.mean_ns = mean_ns,
		.due_ns = now_ns + (uint64_t)((double)within_ns * random_unit(random)),
	};
}

bool schedule_take(Schedule *schedule, const Random *random, uint64_t now_ns, uint64_t *ret_missed)
{
	uint64_t passed = 0, last_ns = 0;
	bool serve;

	while (schedule->due_ns <= now_ns && passed < MISSED_DRAWN_MAX) {
		last_ns = schedule->due_ns;
		/* At least 1 ns: a mean below 10 ns would never get past now. */
		schedule->due_ns += MAX(draw_gap_ns(schedule->mean_ns, random), UINT64_C(1));
		passed++;
	}
	serve = passed > 0 && now_ns - last_ns <= SCHEDULE_LATE_NS;
	*ret_missed = passed - serve;

	if (schedule->due_ns <= now_ns) {
		*ret_missed += (now_ns - schedule->due_ns) / schedule->mean_ns;
		schedule->due_ns = now_ns + draw_gap_ns(schedule->mean_ns, random);
	}
	return serve;
}

uint64_t schedule_delay(const Schedule *schedule, uint64_t now_ns)
{
	return schedule->due_ns > now_ns ? schedule->due_ns - now_ns : 0;
}
