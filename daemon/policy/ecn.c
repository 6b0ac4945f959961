/* SPDX-License-Identifier: MIT */
/*
 * Explicit congestion notification, asked for on connections to one destination: where a router
 * marks instead of dropping, congestion costs no packet. Only by the route, never for the host: a
 * middlebox that drops what asks for it makes every connection behind it wait.
 *
 * Tried where more than 0.1 % is lost in three windows, to a queue (what is lost without one no
 * router would have marked), on connections of which none has negotiated it. That the queue does
 * mark is for the trial to find.
 */
#include "daemon/policy/controller.h"

#include "common/clock.h"
#include "common/text.h"

#define LOSS_MIN            0.001
#define QUEUE_MIN_PERMILLE  1100 /* srtt p90 in floors: there is a queue at times */
#define OWN_CHOICE_PERMILLE 200
#define AWAY_SHARE          10
#define PAIRS_MAX           20 /* a queue marks or it does not */

static bool negotiated(const Path *path)
{
	for (unsigned i = 0; i < CONTROLLER_WINDOWS; i++)
		if (path_window(path, i)->samples_ecn > 0)
			return true;
	return path->current.samples_ecn > 0;
}

static bool loses_to_a_queue(const Path *path, const WindowSum *sum)
{
	return !sum->receiving && sum->goodput_bps > 0 && sum->loss > LOSS_MIN &&
	       (uint64_t)sum->srtt_p90_us * 1000 >= (uint64_t)path->min_rtt_us * QUEUE_MIN_PERMILLE;
}

/* What was repeated in an outage was not lost to a queue: flows waited for their second timeout, or
 * a later one, in a tenth of the samples. */
static bool was_away(const ControllerInput *input, const Path *path, const WindowSum *sum)
{
	PathStallsSum stalls;

	path_stalls_sum(path->stalls, input->evidence_since_ns, input->snapshot->now_ns, &stalls);
	return stalls.away * AWAY_SHARE > sum->samples;
}

/* A path must have been known for so long before there is a trial. Marks are rare on the Internet,
 * and a trial of them is long: it must not keep a place from what may gain more. Advice keeps none.
 */
#define PATIENCE_NS (30 * NSEC_PER_MIN)

static bool is_its_turn(const ControllerInput *input, const Path *path)
{
	return input->config->mode != POLICY_AUTO ||
	       input->snapshot->now_ns - path->first_seen_ns >= PATIENCE_NS;
}

static void explain(const Path *path, const WindowSum *sum, Evidence *evidence)
{
	char address[ADDRESS_TEXT_MAX];

	evidence_add(evidence, "minRttUsec", path->min_rtt_us);
	evidence_add(evidence, "srttP90Usec", sum->srtt_p90_us);
	evidence_add(evidence, "retransPpm", (int64_t)(sum->loss * 1e6));
	evidence_add(evidence, "goodputBps", (int64_t)sum->goodput_bps);
	evidence_add(evidence, "bulkFlows", sum->flows);
	(void)text_format(evidence->summary, sizeof(evidence->summary),
			  "%.2f %% is lost to a queue on the way to %s, and none of its "
			  "connections has asked to be told of congestion otherwise",
			  100 * sum->loss, address_format(&path->address, address));
	(void)text_format(evidence->formula, sizeof(evidence->formula),
			  "retransmitted %.3f %% (over 0.1 %%), srtt p90 %.1f ms over a floor of "
			  "%.1f ms (1.1 times at least), samples with ECN 0",
			  100 * sum->loss, sum->srtt_p90_us / 1e3, path->min_rtt_us / 1e3);
}

static bool propose_for(const ControllerInput *input, const Path *path, Proposal *ret, char *reason)
{
	WindowSum sum;
	PolicyRoute route;

	if (path->min_rtt_us == UINT32_MAX || !controller_sum(input, path, &sum) ||
	    !loses_to_a_queue(path, &sum) || was_away(input, path, &sum) || negotiated(path) ||
	    sum.samples_other_congestion * 1000 > sum.samples * OWN_CHOICE_PERMILLE ||
	    !controller_route(input, path, &route, reason) ||
	    !controller_propose_metric(input, controller_ecn.name, path, &route, TUNABLE_ROUTE_ECN,
				       1, NULL, ret, reason))
		return false;
	controller_plan(&ret->plan, TRIAL_SWITCHBACK, input, path, &sum);
	ret->plan.pairs_max = PAIRS_MAX;
	explain(path, &sum, &ret->evidence);
	return true;
}

static bool propose(const ControllerInput *input, Proposal *ret, char *reason)
{
	const Path *paths[CONTROLLER_PATHS];
	size_t n = path_table_top(input->snapshot->paths, paths, CONTROLLER_PATHS);

	(void)text_copy(reason, CONTROLLER_REASON_MAX,
			"no path without ECN loses more than 0.1 % to a queue");
	for (size_t i = 0; i < n; i++)
		if (!path_metrics(paths[i])->ecn && is_its_turn(input, paths[i]) &&
		    propose_for(input, paths[i], ret, reason))
			return true;
	return false;
}

const Controller controller_ecn = {
	.name = "ecn",
	.knob = POLICY_ECN,
	.summary = "asks routers to mark instead of dropping where packets are lost to a queue",
	.propose = propose,
};
