/* SPDX-License-Identifier: MIT */
/*
 * Data that waits unsent in sockets: lowers tcp_notsent_lowat when what is written waits behind
 * more than 50 ms of what was written before. At 200 Mbit/s and 100 ms, 8 MB (331 ms) waited; 78 kB
 * with 128 KiB, at the same rate.
 *
 * It only matters to who waits for something behind it: with Objective=latency that is every bulk
 * flow; balanced, flows whose peer sends too (it asks, and waits for answers); throughput, none.
 * With TCP over half of its memory mark all count, whatever the objective, for what waits unsent is
 * memory.
 *
 * Evidence: in three windows more than half of the samples of bulk flows of a path wait so. Value:
 * max(128 KiB, 2 ms of the path's rate), so that the sender finds something to send between two
 * wake-ups. The trial is a switchback that measures the wait, with goodput as guardrail.
 */
#include "daemon/policy/controller.h"

#include <inttypes.h>
#include <math.h>

#include "common/clock.h"
#include "common/text.h"

#define LOWAT_MIN      INT64_C(131072)
#define LOWAT_US       2000
#define SAMPLES_MIN    3
#define MEMORY_PERCENT 50
/* Half the wait, or it is not worth the wake-ups. */
#define EFFECT_MINIMUM 2.0

static bool memory_is_short(const Snapshot *snapshot)
{
	return snapshot->tcp_pressure_bytes > 0 &&
	       snapshot->tcp_memory_bytes >= snapshot->tcp_pressure_bytes / 100 * MEMORY_PERCENT;
}

static uint32_t waiting(const ControllerInput *input, const PathWindow *window)
{
	if (input->config->objective == POLICY_LATENCY || memory_is_short(input->snapshot))
		return window->samples_unsent;
	return input->config->objective == POLICY_BALANCED ? window->samples_unsent_asked : 0;
}

/* The median of the samples waits longer than PATH_UNSENT_US in each window. */
static bool waits(const ControllerInput *input, const Path *path, uint64_t *ret_notsent)
{
	uint64_t notsent = 0;

	for (unsigned i = 0; i < CONTROLLER_WINDOWS; i++) {
		const PathWindow *window = path_window(path, i);

		if (window->samples < SAMPLES_MIN || waiting(input, window) * 2 <= window->samples)
			return false;
		notsent = MAX(notsent, (uint64_t)window->max_notsent_bytes);
	}
	*ret_notsent = notsent;
	return true;
}

static uint64_t rate_of(const WindowSum *sum)
{
	return MAX(sum->max_any_delivery_bps, sum->max_delivery_bps);
}

static int64_t lowat(const WindowSum *sum)
{
	uint64_t rate = rate_of(sum);

	return MAX(LOWAT_MIN, (int64_t)(rate / 8 * LOWAT_US / 1000000));
}

static void explain(const Path *path, const WindowSum *sum, uint64_t notsent, int64_t value,
		    Evidence *evidence)
{
	uint64_t rate = MAX(rate_of(sum), UINT64_C(8));
	char address[ADDRESS_TEXT_MAX];

	evidence_add(evidence, "maxNotsentBytes", (int64_t)notsent);
	evidence_add(evidence, "maxDeliveryRateBps", (int64_t)rate);
	evidence_add(evidence, "waitUsec", (int64_t)(notsent * 1000000 / (rate / 8)));
	evidence_add(evidence, "proposedBytes", value);
	(void)text_format(
		evidence->summary, sizeof(evidence->summary),
		"what is written to %s waits in the socket behind up to %.1f MB that are not "
		"sent yet: most samples over 50 ms",
		address_format(&path->address, address), (double)notsent / 1e6);
	(void)text_format(evidence->formula, sizeof(evidence->formula),
			  "tcp_notsent_lowat = max(131072, 2 ms * %.1f Mbit/s) = %" PRId64,
			  (double)rate / 1e6, value);
}

static bool propose_for(const ControllerInput *input, const Path *path, const WindowSum *sum,
			uint64_t notsent, Proposal *ret, char *reason)
{
	const PolicyTunable *state = &input->snapshot->tunables[TUNABLE_TCP_NOTSENT_LOWAT];
	ChangeTunable tunable = {.id = TUNABLE_TCP_NOTSENT_LOWAT,
				 .old_value = state->current,
				 .new_value = state->current};

	tunable.new_value.numbers[0] = lowat(sum);
	if (tunable.new_value.numbers[0] >= state->current.numbers[0]) {
		(void)text_copy(reason, CONTROLLER_REASON_MAX,
				"data waits unsent, but the mark is as low as it should be");
		return false;
	}
	if (input->held(input->context, controller_latency.name, &path->address, &tunable)) {
		(void)text_copy(
			reason, CONTROLLER_REASON_MAX,
			"on hold for the path where data waits: it was tried or advised lately");
		return false;
	}
	*ret = (Proposal){.tunables = {tunable}, .n_tunables = 1};
	controller_plan(&ret->plan, TRIAL_SWITCHBACK, input, path, sum);
	ret->plan.meter = METER_QUEUE;
	ret->plan.minimum = log(EFFECT_MINIMUM);
	explain(path, sum, notsent, tunable.new_value.numbers[0], &ret->evidence);
	return true;
}

static bool propose(const ControllerInput *input, Proposal *ret, char *reason)
{
	const Path *paths[CONTROLLER_PATHS];
	size_t n = controller_paths(input, paths);
	uint64_t notsent;
	WindowSum sum;

	if (!controller_may_write(input, TUNABLE_TCP_NOTSENT_LOWAT, reason))
		return false;
	(void)text_copy(
		reason, CONTROLLER_REASON_MAX,
		input->config->objective == POLICY_THROUGHPUT
			? "Objective=throughput does not mind data that waits in sockets"
			: "no answers wait in sockets behind 50 ms of data that is not sent");
	for (size_t i = 0; i < n; i++)
		if (controller_asked(input, paths[i]) && controller_sum(input, paths[i], &sum) &&
		    !sum.receiving && waits(input, paths[i], &notsent) &&
		    propose_for(input, paths[i], &sum, notsent, ret, reason))
			return true;
	return false;
}

static void why_not(const ControllerInput *input, const Path *path, char *reason)
{
	uint32_t samples = 0, waits_long = 0;
	uint64_t notsent;
	WindowSum sum;

	if (input->config->objective == POLICY_THROUGHPUT && !memory_is_short(input->snapshot))
		return;
	if (!controller_sum(input, path, &sum)) {
		controller_why_no_sum(input, path, reason);
		return;
	}
	if (sum.receiving || waits(input, path, &notsent))
		return;
	for (unsigned i = 0; i < CONTROLLER_WINDOWS; i++) {
		samples += path_window(path, i)->samples;
		waits_long += waiting(input, path_window(path, i));
	}
	(void)text_format(reason, CONTROLLER_REASON_MAX,
			  "in %u of %u samples data waited unsent for over 50 ms%s (more than half "
			  "of each of three windows)",
			  waits_long, samples,
			  input->config->objective == POLICY_BALANCED ? " with somebody waiting "
									"for answers"
								      : "");
}

const Controller controller_latency = {
	.name = "latency",
	.knob = POLICY_LATENCY_KNOB,
	.patience_ns = 3 * NSEC_PER_MIN,
	.summary = "lowers tcp_notsent_lowat when answers wait behind data that is not sent",
	.subjects = CONTROLLER_SETS(TUNABLE_TCP_NOTSENT_LOWAT),
	.propose = propose,
	.why_not = why_not,
};
