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
 *
 * It goes again when it costs and does not help: this host sends at least 30 % more segments for
 * each one that it receives than when it was asked for, and for ten minutes nobody has asked
 * anything there, or half of the exchanges stall all the same. The cost is that of the whole host,
 * as the kernel counts no segments by destination, and may be something else's; so it is no reason
 * by itself, and whoever is seen to gain keeps it.
 */
#include "daemon/policy/host_evidence.h"

#include "common/text.h"

#define STALLED_MIN      20
#define MINUTES_MIN      3
#define STALLED_PERMILLE 500
#define COST_PERMILLE    1300
/* Below that, in three windows, segments sent tell nothing, and cost nothing. */
#define RECEIVED_MIN 3000
#define COST_NAME    "hostOutPerInPermille"

/* Segments that the host sends for each 1000 that it receives, lately and after `since_ns`. False:
 * not known. */
static bool host_cost(const ControllerInput *input, uint64_t since_ns, int64_t *ret_permille)
{
	ControllerInput since = *input;
	HostSum in, out;

	since.evidence_since_ns = MAX(since_ns, input->evidence_since_ns);
	if (!host_evidence_counter(&since, HOST_IN_SEGMENTS, &in) ||
	    !host_evidence_counter(&since, HOST_OUT_SEGMENTS, &out) || in.sum < RECEIVED_MIN)
		return false;
	*ret_permille = (int64_t)(out.sum * 1000 / in.sum);
	return true;
}

static void explain(const ControllerInput *input, const Path *path, const PathStallsSum *sum,
		    Evidence *evidence)
{
	char address[ADDRESS_TEXT_MAX];
	int64_t cost;

	evidence_add(evidence, "minRttUsec", path->min_rtt_us);
	evidence_add(evidence, "exchangeSamples", sum->exchanges);
	evidence_add(evidence, "stalledSamples", sum->stalled);
	evidence_add(evidence, "stalledMinutes", sum->minutes_stalled);
	if (host_cost(input, 0, &cost))
		evidence_add(evidence, COST_NAME, cost);
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

	path_stalls_sum(path->stalls, input->evidence_since_ns, input->snapshot->now_ns, &sum);
	if (sum.stalled < STALLED_MIN || sum.minutes_stalled < MINUTES_MIN ||
	    sum.stalled * 1000 < sum.exchanges * STALLED_PERMILLE ||
	    !controller_route(input, path, &route, reason) ||
	    !controller_propose_metric(input, controller_quickack.name, path, &route,
				       TUNABLE_ROUTE_QUICKACK, 1, NULL, ret, reason))
		return false;
	controller_plan(&ret->plan, TRIAL_SWITCHBACK, input, path, &(WindowSum){.loss = -1});
	ret->plan.meter = METER_REQUEST;
	explain(input, path, &sum, &ret->evidence);
	return true;
}

/* Whether it costs what nobody gains by: ten minutes of it are known, and so is what the host sent
 * before. */
static bool is_wasted(const ControllerInput *input, const Change *change, const PathStallsSum *sum,
		      int64_t *ret_before, int64_t *ret_now)
{
	bool asked = sum->exchanges >= STALLED_MIN;
	bool stalls = sum->stalled * 1000 >= sum->exchanges * STALLED_PERMILLE;

	return input->snapshot->now_ns - change->decided_ns >=
		       PATH_STALLS_MINUTES * PATH_STALLS_MINUTE_NS &&
	       (!asked || stalls) && evidence_get(&change->evidence, COST_NAME, ret_before) &&
	       host_cost(input, change->decided_ns, ret_now) && *ret_before > 0 &&
	       *ret_now * 1000 >= *ret_before * COST_PERMILLE;
}

static bool withdraw(const ControllerInput *input, const Path *path, Proposal *ret, char *reason)
{
	const Change *change = input->in_force
				       ? input->in_force(input->context, controller_quickack.name,
							 &path->address, TUNABLE_ROUTE_QUICKACK)
				       : NULL;
	char address[ADDRESS_TEXT_MAX];
	int64_t before, now;
	PathStallsSum sum;
	PolicyRoute route;

	if (!change)
		return false;
	path_stalls_sum(path->stalls, change->decided_ns, input->snapshot->now_ns, &sum);
	if (!is_wasted(input, change, &sum, &before, &now) ||
	    !controller_route(input, path, &route, reason) ||
	    tunable_is_unset(controller_metric(&route, TUNABLE_ROUTE_QUICKACK)) ||
	    !controller_propose_metric(input, controller_quickack.name, path, &route,
				       TUNABLE_ROUTE_QUICKACK, 0, NULL, ret, reason))
		return false;
	ret->harmful = sum.exchanges >= STALLED_MIN; /* they stall all the same */
	evidence_add(&ret->evidence, "exchangeSamples", sum.exchanges);
	evidence_add(&ret->evidence, "stalledSamples", sum.stalled);
	evidence_add(&ret->evidence, COST_NAME, now);
	(void)text_format(
		ret->evidence.summary, sizeof(ret->evidence.summary),
		"acknowledging at once what %s sends has lost its reason: this host sends "
		"more for it, and %s",
		address_format(&path->address, address),
		ret->harmful ? "its questions wait all the same"
			     : "nobody there has asked anything for ten minutes");
	(void)text_format(
		ret->evidence.formula, sizeof(ret->evidence.formula),
		"%.2f segments out for each one in, %.2f before (30 %% more, in 90 s); %u "
		"of %u samples of exchanges stall (under %u samples, or at least half)",
		(double)now / 1e3, (double)before / 1e3, sum.stalled, sum.exchanges, STALLED_MIN);
	return true;
}

static bool propose(const ControllerInput *input, Proposal *ret, char *reason)
{
	const PathTable *table = input->snapshot->paths;

	(void)text_copy(reason, CONTROLLER_REASON_MAX,
			"no peer is seen to wait for our acknowledgements");
	for (size_t i = 0; i < path_table_count(table); i++) {
		const Path *path = path_table_at(table, i);

		if (!controller_asked(input, path))
			continue;
		if (path_metrics(path)->quickack) {
			if (withdraw(input, path, ret, reason))
				return true;
		} else if (path->stalls && propose_for(input, path, ret, reason)) {
			return true;
		}
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
