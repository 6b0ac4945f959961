/* SPDX-License-Identifier: MIT */
/*
 * Three classes are worth an experiment:
 *  loss-limited: packets are lost although there is no queue (srtt p50 <= 1.25 floor), and the
 * goodput is what Mathis' formula B = 1.22 mss / (rtt sqrt(p)) allows a loss-based algorithm
 * (within 1.5), or the best delivery rate seen says that 1.2 times the goodput is to be had;
 *  bloated: the queue is more than twice the floor, which a loss-based algorithm fills by design,
 * and the objective cares for latency;
 *  overrun: the present algorithm is bbr and more than 3 % is retransmitted.
 *
 * Loss without a queue may still be congestion, and then bbr "gains" by starving whoever shares the
 * bottleneck. That cannot be left to a guard of the trial: 50 Mbit/s, 40 ms, a queue of a quarter
 * BDP, against one cubic flow: bbr took 43.8 Mbit/s where cubic had 20.0, left the other 7.6 of
 * 29.1, and retransmitted but 1.1 %. What gives it away before is measured with cubic, as p90 - p10
 * of srtt in units of the floor, on the same link:
 *   shallow, with another cubic flow   0.18   (alone 0.14)
 *   0.5 % random loss, 100 ms          0.05   (with 10 ms of jitter each way 0.07: smoothed away)
 * So a swing of 0.10 is a queue that comes and goes with the window. A queue too short to be seen
 * so, and a policer, which has none, drop in bursts: more is lost in one round trip than Mathis
 * counts, so that the goodput is over 1.5 times what the loss would allow, and it is the same in
 * each window, because it is the bottleneck's and not the dice's.
 */
#include "daemon/policy/congestion_class.h"

#include <math.h>

#include "common/stats.h"
#include "common/text.h"

#define LOSS_MIN            0.0005
#define SHALLOW_LOSS_MIN    0.0001 /* one overflow of a short queue in thousands of packets */
#define QUEUE_FREE_PERMILLE 1250
#define BLOATED_PERMILLE    3000 /* srtt p50 against the floor: queue twice the floor */
#define MATHIS_SLACK        1.5
#define GAIN_MIN            1.2
#define DELIVERY_USABLE     0.9
#define OVERRUN_LOSS        0.03
/* bbr itself retransmits about a percent more than the path loses. */
#define LOSSY_MIN        0.02
#define SWING_PERMILLE   100
#define SWING_MIN_US     1000 /* less is the host's own scheduling */
#define PLATEAU_PERMILLE 1100

static unsigned median_of_three(unsigned a, unsigned b, unsigned c)
{
	unsigned low = MIN(a, b), high = MAX(a, b);

	return c < low ? low : c > high ? high : c;
}

static unsigned window_swing(const Path *path, unsigned i)
{
	const PathWindow *window = path_window(path, i);
	uint64_t swing_us = window->srtt_p90_us - window->srtt_p10_us;

	return swing_us < SWING_MIN_US ? 0
				       : (unsigned)MIN(swing_us * 1000 / MAX(path->min_rtt_us, 1U),
						       UINT64_C(1000000));
}

static unsigned rate_spread(const Path *path)
{
	uint64_t least = UINT64_MAX, most = 0, rate;

	for (unsigned i = 0; i < CONTROLLER_WINDOWS; i++) {
		if (!path_window_goodput_bps(path_window(path, i), &rate))
			return UINT32_MAX;
		least = MIN(least, rate);
		most = MAX(most, rate);
	}
	return (unsigned)MIN(most * 1000 / MAX(least, UINT64_C(1)), (uint64_t)UINT32_MAX);
}

static bool queue_free(const Path *path, const WindowSum *sum)
{
	return (uint64_t)sum->srtt_p50_us * 1000 <=
	       (uint64_t)path->min_rtt_us * QUEUE_FREE_PERMILLE;
}

/* Of a path without a standing queue. */
static CongestionClass classify_loss(const WindowSum *sum, const CongestionFindings *findings)
{
	double goodput = (double)sum->goodput_bps, mathis = findings->mathis_bps;
	double gain = DELIVERY_USABLE * (double)sum->max_delivery_bps / MAX(goodput, mathis);
	bool bursts = goodput > MATHIS_SLACK * mathis;

	if (findings->swing_permille >= SWING_PERMILLE && sum->loss >= SHALLOW_LOSS_MIN)
		return CONGESTION_SHALLOW;
	if (sum->loss < LOSS_MIN)
		return CONGESTION_CONTENT;
	if (bursts && findings->spread_permille <= PLATEAU_PERMILLE)
		return CONGESTION_POLICED;
	if (bursts && gain < GAIN_MIN)
		return CONGESTION_CONTENT;
	return sum->loss > LOSSY_MIN ? CONGESTION_LOSSY : CONGESTION_LOSS;
}

void congestion_classify(const ControllerInput *input, const Path *path, const WindowSum *sum,
			 const char *current, CongestionFindings *ret)
{
	*ret = (CongestionFindings){
		.mathis_bps = stats_mathis_bps(path->mss, path->min_rtt_us, MAX(sum->loss, 0.0)),
		.swing_permille = median_of_three(window_swing(path, 0), window_swing(path, 1),
						  window_swing(path, 2)),
		.spread_permille = rate_spread(path),
	};
	_Static_assert(CONTROLLER_WINDOWS == 3, "a median of three windows");
	if (text_equal(current, "bbr"))
		ret->class = sum->loss > OVERRUN_LOSS ? CONGESTION_OVERRUN : CONGESTION_CONTENT;
	else if (queue_free(path, sum))
		ret->class = classify_loss(sum, ret);
	else if (input->config->objective != POLICY_THROUGHPUT &&
		 (uint64_t)sum->srtt_p50_us * 1000 > (uint64_t)path->min_rtt_us * BLOATED_PERMILLE)
		ret->class = CONGESTION_BLOATED;
}

bool congestion_forbids_bbr(CongestionClass class)
{
	return class == CONGESTION_SHALLOW || class == CONGESTION_POLICED ||
	       class == CONGESTION_LOSSY || class == CONGESTION_OVERRUN;
}

const char *congestion_class_reason(CongestionClass class)
{
	switch (class) {
	case CONGESTION_SHALLOW:
		return "loses packets when its short queue is full: bbr would starve who shares it";
	case CONGESTION_POLICED:
		return "loses packets at a rate that does not move, as behind a policer: never bbr";
	case CONGESTION_LOSSY:
		return "loses over 2 %: bbr could not be told from one that overruns it";
	case CONGESTION_OVERRUN:
		return "is overrun by bbr";
	case CONGESTION_LOSS:
		return "loses packets without a queue";
	case CONGESTION_BLOATED:
		return "queues without need";
	case CONGESTION_CONTENT:
		break;
	}
	return "is well served";
}
