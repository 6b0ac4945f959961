/* SPDX-License-Identifier: MIT */
/*
 * A counter must move in each of three windows, not once in all of them: one burst is an event, not
 * a limit.
 */
#include "daemon/policy/host_evidence.h"

#include <inttypes.h>

#include "common/text.h"

/* As for the windows of a path. */
#define FRESH_NS (3 * HOST_WINDOW_NS)

static const HostWindow *window_at(const ControllerInput *input, unsigned i)
{
	const HostWindow *window = host_window(input->snapshot->host, i);

	if (!window || window->start_ns < input->evidence_since_ns ||
	    (i == 0 && input->snapshot->now_ns - window->start_ns > FRESH_NS))
		return NULL;
	return window;
}

bool host_evidence_ready(const ControllerInput *input, char *reason)
{
	for (unsigned i = 0; i < CONTROLLER_WINDOWS; i++) {
		if (window_at(input, i))
			continue;
		(void)text_copy(
			reason, CONTROLLER_REASON_MAX,
			"the host has not been watched for 90 s under the present settings");
		return false;
	}
	return true;
}

bool host_evidence_counter(const ControllerInput *input, HostCounter counter, HostSum *ret)
{
	HostSum sum = {.least = UINT64_MAX};

	for (unsigned i = 0; i < CONTROLLER_WINDOWS; i++) {
		const HostWindow *window = window_at(input, i);
		uint64_t value;

		if (!window || !host_window_counter(window, counter, &value))
			return false;
		sum.sum += value;
		sum.least = MIN(sum.least, value);
	}
	*ret = sum;
	return true;
}

static bool gauge(const ControllerInput *input, HostGauge gauge, uint64_t *ret_min,
		  uint64_t *ret_max)
{
	uint64_t least = UINT64_MAX, most = 0;

	for (unsigned i = 0; i < CONTROLLER_WINDOWS; i++) {
		const HostWindow *window = window_at(input, i);

		if (!window || !window->has_gauge[gauge])
			return false;
		least = MIN(least, window->gauge_min[gauge]);
		most = MAX(most, window->gauge_max[gauge]);
	}
	*ret_min = least;
	*ret_max = most;
	return true;
}

bool host_evidence_gauge_max(const ControllerInput *input, HostGauge which, uint64_t *ret)
{
	uint64_t least;

	return gauge(input, which, &least, ret);
}

bool host_evidence_gauge_min(const ControllerInput *input, HostGauge which, uint64_t *ret)
{
	uint64_t most;

	return gauge(input, which, ret, &most);
}

bool host_evidence_plan(const ControllerInput *input, HostCounter fault, HostCounter load,
			const HostCounter *guards, unsigned n_guards, TrialPlan *ret)
{
	TrialPlan plan = {.kind = TRIAL_COUNTER,
			  .counter = {.fault = fault, .load = load, .windows = CONTROLLER_WINDOWS},
			  .before_retrans = -1};
	HostSum sum;

	if (!host_evidence_counter(input, fault, &sum))
		return false;
	plan.counter.before_faults = sum.sum;
	if (load != _HOST_COUNTERS) {
		if (!host_evidence_counter(input, load, &sum))
			return false;
		plan.counter.before_load = sum.sum;
	}
	for (unsigned i = 0; i < n_guards && i < TRIAL_GUARDS; i++) {
		unsigned at = plan.counter.n_guards;

		if (!host_evidence_counter(input, guards[i], &sum))
			continue;
		plan.counter.guards[at] = guards[i];
		plan.counter.before_guards[at] = sum.sum;
		plan.counter.n_guards++;
	}
	*ret = plan;
	return true;
}

int64_t host_number(const ControllerInput *input, TunableId id, unsigned number)
{
	return input->snapshot->tunables[id].current.numbers[number];
}

bool host_step_add(const ControllerInput *input, const char *controller, TunableId id,
		   unsigned number, int64_t value, Proposal *proposal, char *reason)
{
	const PolicyTunable *state = &input->snapshot->tunables[id];
	ChangeTunable step = {.id = id, .old_value = state->current, .new_value = state->current};

	if (!controller_may_write(input, id, reason))
		return false;
	value = CLAMP(value, tunables[id].minimum, tunables[id].maximum);
	step.new_value.numbers[number] = value;
	if (tunable_equal(&step.new_value, &step.old_value)) {
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "%s: %" PRId64 " is as far as it goes", tunables[id].key, value);
		return false;
	}
	if (input->held(input->context, controller, &(Address){0}, &step)) {
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "%s: %" PRId64 " is on hold: it was tried or advised lately",
				  tunables[id].key, value);
		return false;
	}
	proposal->tunables[proposal->n_tunables++] = step;
	return true;
}
