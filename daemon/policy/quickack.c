/* SPDX-License-Identifier: MIT */
/*
 * Quick acknowledgements for peers that wait for ours: a peer that writes its question in two
 * pieces, without TCP_NODELAY, sends the second when the first is acknowledged, and we delay that
 * by 40 ms. A metric of the route makes us acknowledge each segment at once, on connections that
 * exist too: 42.9 ms an exchange became 0.1, at the price of half as many segments again.
 *
 * Asked for when at least half of the samples of flows that ask and answer stall like that
 * (model/path_stalls.h), 20 of them in 3 different minutes; the better remedy, the peer's
 * TCP_NODELAY, is not in our hands. The trial compares the rate of exchanges.
 */
#include "daemon/policy/controller.h"

#include "common/text.h"

#define STALLED_MIN      20
#define MINUTES_MIN      3
#define STALLED_PERMILLE 500

static void explain(const Path *path, const PathStallsSum *sum, Evidence *evidence)
{
	char address[ADDRESS_TEXT_MAX];

	evidence_add(evidence, "minRttUsec", path->min_rtt_us);
	evidence_add(evidence, "exchangeSamples", sum->exchanges);
	evidence_add(evidence, "stalledSamples", sum->stalled);
	evidence_add(evidence, "stalledMinutes", sum->minutes_stalled);
	(void)text_format(evidence->summary, sizeof(evidence->summary),
			  "%s sends its questions in pieces and waits 40 ms for our "
			  "acknowledgement of the first (Nagle against delayed acknowledgements)",
			  address_format(&path->address, address));
	(void)text_format(evidence->formula, sizeof(evidence->formula),
			  "%u of %u samples of exchanges go at a pace of 36 to 52 ms over the "
			  "round trip of %.1f ms, two segments in for one out (at least half, "
			  "at least %u, in %u minutes of at least %u)",
			  sum->stalled, sum->exchanges, path->min_rtt_us / 1e3, STALLED_MIN,
			  sum->minutes_stalled, MINUTES_MIN);
}

static bool propose_for(const ControllerInput *input, const Path *path, Proposal *ret, char *reason)
{
	PathStallsSum sum;
	PolicyRoute route;

	if (path_metrics(path)->quickack)
		return false;
	path_stalls_sum(path->stalls, input->evidence_since_ns, input->snapshot->now_ns, &sum);
	if (sum.stalled < STALLED_MIN || sum.minutes_stalled < MINUTES_MIN ||
	    sum.stalled * 1000 < sum.exchanges * STALLED_PERMILLE ||
	    !controller_route(input, path, &route, reason) ||
	    !controller_propose_metric(input, controller_quickack.name, path, &route,
				       TUNABLE_ROUTE_QUICKACK, 1, NULL, ret, reason))
		return false;
	controller_plan(&ret->plan, TRIAL_SWITCHBACK, input, path, &(WindowSum){.loss = -1});
	ret->plan.meter = METER_REQUEST;
	explain(path, &sum, &ret->evidence);
	return true;
}

static bool propose(const ControllerInput *input, Proposal *ret, char *reason)
{
	const PathTable *table = input->snapshot->paths;

	(void)text_copy(reason, CONTROLLER_REASON_MAX,
			"no peer is seen to wait for our acknowledgements");
	for (size_t i = 0; i < path_table_count(table); i++) {
		const Path *path = path_table_at(table, i);

		if (controller_asked(input, path) && path->stalls &&
		    propose_for(input, path, ret, reason))
			return true;
	}
	return false;
}

static void why_not(const ControllerInput *input, const Path *path, char *reason)
{
	PathStallsSum sum;

	path_stalls_sum(path->stalls, input->evidence_since_ns, input->snapshot->now_ns, &sum);
	if (path_metrics(path)->quickack)
		(void)text_copy(reason, CONTROLLER_REASON_MAX, "it is in force already");
	else if (sum.stalled < STALLED_MIN || sum.minutes_stalled < MINUTES_MIN ||
		 sum.stalled * 1000 < sum.exchanges * STALLED_PERMILLE)
		(void)text_format(
			reason, CONTROLLER_REASON_MAX,
			"%u of %u exchanges stall for 40 ms, in %u minutes (at least half, "
			"%u of them, in %u minutes)",
			sum.stalled, sum.exchanges, sum.minutes_stalled, STALLED_MIN, MINUTES_MIN);
}

const Controller controller_quickack = {
	.name = "quickack",
	.knob = POLICY_QUICKACK,
	.summary = "acknowledges at once what a peer waits to hear before it goes on",
	.subjects = CONTROLLER_SETS(TUNABLE_ROUTE_QUICKACK),
	.propose = propose,
	.why_not = why_not,
};
