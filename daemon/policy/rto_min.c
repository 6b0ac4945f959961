/* SPDX-License-Identifier: MIT */
/*
 * The least retransmission timeout, for paths of a data centre: where a round trip takes a
 * millisecond, a lost tail need not cost the 200 that are the kernel's floor.
 *
 *   rto_min = max(5 ms, 2 * p99.9 of srtt + 45 ms)
 *
 * 45 because a Linux peer may delay its acknowledgement by 40: a timeout below that is spurious.
 * For p99.9 stands the largest of the last hour, which is no less, of at least 100 samples. Only
 * below a floor of 5 ms, and only where data did time out, three times in two different minutes;
 * not if the gain would be less than a quarter, and not if flows were seen waiting for their second
 * timeout as often: then the peer, or the way to it, was gone for a while. It goes again if the
 * path got longer, or if at least half as many packets as timed out had arrived after all.
 */
#include "daemon/policy/controller.h"

#include "common/text.h"

#define FLOOR_MAX_US      5000
#define TIMEOUTS_MIN      3
#define MINUTES_MIN       2
#define SAMPLES_MIN       100
#define LEAST_MS          5
#define DELAYED_ACK_MS    45
#define KERNEL_MS         200
#define GAIN_PERMILLE     750
#define SPURIOUS_PERMILLE 500

/* 0: too few samples to say. */
static unsigned wanted_ms(const ControllerInput *input, const Path *path, WindowSummary *ret)
{
	unsigned ms;

	path_summarise(path, PATH_SRTT, WINDOW_1H, input->snapshot->now_ns, ret);
	if (!ret->has_latency || ret->count < SAMPLES_MIN)
		return 0;
	ms = (2 * ret->max_us + 999) / 1000 + DELAYED_ACK_MS;
	return MAX(ms, (unsigned)LEAST_MS);
}

/* What the trial can see the gain in: exchanges if there are any, else transfers. */
static MeterKind meter(const PathStallsSum *sum)
{
	return sum->exchanges > sum->timeouts ? METER_REQUEST : METER_BULK;
}

static void explain(const Path *path, const PathStallsSum *sum, const WindowSummary *srtt,
		    unsigned ms, Evidence *evidence)
{
	char address[ADDRESS_TEXT_MAX];

	evidence_add(evidence, "minRttUsec", path->min_rtt_us);
	evidence_add(evidence, "timeouts", sum->timeouts);
	evidence_add(evidence, "timeoutMinutes", sum->minutes_timeouts);
	evidence_add(evidence, "spuriousPackets", sum->spurious);
	evidence_add(evidence, "srttMaxUsec", srtt->max_us);
	evidence_add(evidence, "srttSamples", (int64_t)srtt->count);
	evidence_add(evidence, "exchangeSamples", sum->exchanges);
	(void)text_format(evidence->summary, sizeof(evidence->summary),
			  "data to %s timed out %u times in ten minutes, and waited 200 ms each on "
			  "a path of %.2f ms",
			  address_format(&path->address, address), sum->timeouts,
			  path->min_rtt_us / 1e3);
	(void)text_format(evidence->formula, sizeof(evidence->formula),
			  "max(5 ms, 2 * %.1f ms (largest srtt of the hour, %llu samples) + 45 ms) "
			  "= %u ms; floor %.2f ms (under 5 ms)",
			  srtt->max_us / 1e3, (unsigned long long)srtt->count, ms,
			  path->min_rtt_us / 1e3);
}

static bool propose_for(const ControllerInput *input, const Path *path, Proposal *ret, char *reason)
{
	PathStallsSum sum;
	WindowSummary srtt;
	PolicyRoute route;
	unsigned ms;

	path_stalls_sum(path->stalls, input->evidence_since_ns, input->snapshot->now_ns, &sum);
	if (path->min_rtt_us >= FLOOR_MAX_US || sum.timeouts < TIMEOUTS_MIN ||
	    sum.minutes_timeouts < MINUTES_MIN ||
	    sum.spurious * 1000 >= sum.timeouts * SPURIOUS_PERMILLE)
		return false;
	if (sum.away >= sum.timeouts) {
		(void)text_copy(reason, CONTROLLER_REASON_MAX,
				"data times out on a short path, but again and again: nothing "
				"passed for a while");
		return false;
	}
	ms = wanted_ms(input, path, &srtt);
	if (ms == 0 || ms * 1000 > KERNEL_MS * GAIN_PERMILLE) {
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "data times out on a short path, but %s",
				  ms ? "its round trips vary so much that the kernel's 200 ms are "
				       "not far off"
				     : "too few round trips were seen");
		return false;
	}
	if (!controller_route(input, path, &route, reason) ||
	    !controller_propose_metric(input, controller_rto_min.name, path, &route,
				       TUNABLE_ROUTE_RTO_MIN, ms, NULL, ret, reason))
		return false;
	controller_plan(&ret->plan, TRIAL_SWITCHBACK, input, path, &(WindowSum){.loss = -1});
	ret->plan.meter = meter(&sum);
	explain(path, &sum, &srtt, ms, &ret->evidence);
	return true;
}

static bool withdraw(const ControllerInput *input, const Path *path, Proposal *ret, char *reason)
{
	char address[ADDRESS_TEXT_MAX];
	PathStallsSum sum;
	PolicyRoute route;
	bool spurious;

	path_stalls_sum(path->stalls, input->evidence_since_ns, input->snapshot->now_ns, &sum);
	spurious = sum.timeouts >= TIMEOUTS_MIN &&
		   sum.spurious * 1000 >= sum.timeouts * SPURIOUS_PERMILLE;
	if ((!spurious && path->min_rtt_us < FLOOR_MAX_US) ||
	    !controller_route(input, path, &route, reason) ||
	    tunable_is_unset(controller_metric(&route, TUNABLE_ROUTE_RTO_MIN)) ||
	    !controller_propose_metric(input, controller_rto_min.name, path, &route,
				       TUNABLE_ROUTE_RTO_MIN, 0, NULL, ret, reason))
		return false;
	ret->harmful = spurious;
	evidence_add(&ret->evidence, "minRttUsec", path->min_rtt_us);
	evidence_add(&ret->evidence, "timeouts", sum.timeouts);
	evidence_add(&ret->evidence, "spuriousPackets", sum.spurious);
	(void)text_format(ret->evidence.summary, sizeof(ret->evidence.summary),
			  "a least timeout of %u ms to %s has lost its reason: %s",
			  path_metrics(path)->rto_min_ms, address_format(&path->address, address),
			  spurious ? "what timed out had arrived" : "the path is longer now");
	(void)text_format(ret->evidence.formula, sizeof(ret->evidence.formula),
			  "%u packets had arrived of %u timeouts (under half), floor %.2f ms "
			  "(under 5 ms)",
			  sum.spurious, sum.timeouts, path->min_rtt_us / 1e3);
	return true;
}

static bool propose(const ControllerInput *input, Proposal *ret, char *reason)
{
	const PathTable *table = input->snapshot->paths;

	(void)text_copy(reason, CONTROLLER_REASON_MAX,
			"no data timed out on a path of less than 5 ms");
	for (size_t i = 0; i < path_table_count(table); i++) {
		const Path *path = path_table_at(table, i);

		if (path_metrics(path)->rto_min_ms > 0) {
			if (withdraw(input, path, ret, reason))
				return true;
		} else if (path->stalls && propose_for(input, path, ret, reason)) {
			return true;
		}
	}
	return false;
}

const Controller controller_rto_min = {
	.name = "rto-min",
	.knob = POLICY_RTO_MIN,
	.summary = "lowers the least timeout where a round trip takes a fraction of it",
	.propose = propose,
};
