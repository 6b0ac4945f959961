/* SPDX-License-Identifier: MIT */
/*
 * What the controllers share: reading the evidence windows of a path, and the baseline of a trial.
 */
#include "daemon/policy/controller.h"

#include <math.h>

#include "common/text.h"

/* Newest complete window not older than this: three windows back, the host was idle in between. */
#define EVIDENCE_FRESH_NS (3 * PATH_WINDOW_NS)

/* Least effect worth a setting that differs from the administrator's: 5 % of goodput. */
#define EFFECT_MINIMUM 1.05

/* How much 1 % of queueing delay is worth in goodput, by objective. Balanced is the square root. */
double controller_latency_weight(PolicyObjective objective)
{
	switch (objective) {
	case POLICY_LATENCY:
		return 1.0;
	case POLICY_BALANCED:
		return 0.5;
	case POLICY_THROUGHPUT:
		return 0.25;
	}
	return 0.5;
}

size_t controller_paths(const ControllerInput *input, const Path *ret_paths[CONTROLLER_PATHS])
{
	const Snapshot *snapshot = input->snapshot;

	if (!snapshot->busiest)
		return path_table_top(snapshot->paths, ret_paths, CONTROLLER_PATHS);
	for (size_t i = 0; i < snapshot->n_busiest; i++)
		ret_paths[i] = snapshot->busiest[i];
	return snapshot->n_busiest;
}

bool controller_is_known(const ControllerInput *input, const Controller *controller,
			 const Path *path)
{
	return input->config->mode != POLICY_AUTO ||
	       input->snapshot->now_ns - path->first_seen_ns >= controller->patience_ns;
}

static void sum_window(WindowSum *sum, const PathWindow *window, uint64_t totals[4])
{
	sum->acked += window->bulk_bytes_acked;
	sum->received += window->bulk_bytes_received;
	sum->max_delivery_bps = MAX(sum->max_delivery_bps, window->max_delivery_bps);
	sum->max_any_delivery_bps = MAX(sum->max_any_delivery_bps, window->max_any_delivery_bps);
	sum->max_receive_bps = MAX(sum->max_receive_bps, window->max_receive_bps);
	sum->max_inflight_bytes = MAX(sum->max_inflight_bytes, window->max_inflight_bytes);
	sum->max_rcv_wnd_bytes = MAX(sum->max_rcv_wnd_bytes, window->max_rcv_wnd_bytes);
	sum->max_rcvbuf_bytes = MAX(sum->max_rcvbuf_bytes, window->max_rcvbuf_bytes);
	sum->srtt_p50_us = MAX(sum->srtt_p50_us, window->srtt_p50_us);
	sum->srtt_p90_us = MAX(sum->srtt_p90_us, window->srtt_p90_us);
	sum->samples += window->samples;
	sum->samples_app_limited += window->samples_app_limited;
	sum->samples_other_congestion += window->samples_other_congestion;
	sum->flows += window->flows_bulk;
	totals[0] += window->bulk_busy_us;
	totals[1] += window->bulk_receive_us;
	totals[2] += window->bytes_sent;
	totals[3] += window->bytes_retrans;
}

bool controller_sum(const ControllerInput *input, const Path *path, WindowSum *ret)
{
	WindowSum sum = {.loss = -1};
	uint64_t totals[4] = {0};
	uint64_t bytes, time_us, since_ns = input->evidence_since_ns;

	if (input->path_since)
		since_ns = MAX(since_ns, input->path_since(input->context, &path->address));

	for (unsigned i = 0; i < CONTROLLER_WINDOWS; i++) {
		const PathWindow *window = path_window(path, i);

		if (!window || window->samples == 0 || window->start_ns < since_ns)
			return false;
		if (i == 0 && input->snapshot->now_ns - window->start_ns > EVIDENCE_FRESH_NS)
			return false;
		sum_window(&sum, window, totals);
	}

	sum.receiving = sum.received > sum.acked;
	bytes = sum.receiving ? sum.received : sum.acked;
	time_us = sum.receiving ? totals[1] : totals[0];
	if (time_us >= 1000)
		sum.goodput_bps = bytes * 8 * 1000 / (time_us / 1000);
	if (totals[2] >= PATH_BULK_BYTES)
		sum.loss = (double)totals[3] / (double)totals[2];
	*ret = sum;
	return true;
}

void controller_why_no_sum(const ControllerInput *input, const Path *path, char *reason)
{
	uint64_t since_ns = input->evidence_since_ns, now_ns = input->snapshot->now_ns;
	unsigned good = 0;

	if (input->path_since)
		since_ns = MAX(since_ns, input->path_since(input->context, &path->address));
	for (; good < CONTROLLER_WINDOWS; good++) {
		const PathWindow *window = path_window(path, good);

		if (!window || window->samples == 0 || window->start_ns < since_ns ||
		    (good == 0 && now_ns - window->start_ns > EVIDENCE_FRESH_NS))
			break;
	}
	(void)text_format(reason, CONTROLLER_REASON_MAX,
			  "waits for evidence: %u of %u windows of 30 s in a row with bulk "
			  "transfers%s",
			  good, CONTROLLER_WINDOWS,
			  since_ns > 0 ? ", begun after the settings last changed" : "");
}

bool controller_may_write(const ControllerInput *input, TunableId id, char *reason)
{
	const PolicyTunable *tunable = &input->snapshot->tunables[id];
	const char *why = NULL;

	if (tunable->present && tunable->administered && !input->config->override_sysctl) {
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "%s: set in %s: OverrideSysctl=yes lets netopt change it",
				  tunables[id].key, tunable->administered);
		return false;
	}
	if (!tunable->present)
		why = "this kernel, or this network namespace, does not have it";
	else if (tunable->foreign)
		why = "somebody else changed it: it is left alone";
	else if (!tunable->writable)
		why = "it cannot be written from here";
	if (!why)
		return true;

	(void)text_format(reason, CONTROLLER_REASON_MAX, "%s: %s", tunables[id].key, why);
	return false;
}

void controller_plan(TrialPlan *plan, TrialKind kind, const ControllerInput *input,
		     const Path *path, const WindowSum *sum)
{
	*plan = (TrialPlan){
		.kind = kind,
		.path = path->address,
		.floor_us = path->min_rtt_us == UINT32_MAX ? 0 : path->min_rtt_us,
		.latency_weight = controller_latency_weight(input->config->objective),
		.minimum = log(EFFECT_MINIMUM),
		.before_goodput_bps = sum->goodput_bps,
		.before_window_bytes =
			sum->receiving ? sum->max_rcv_wnd_bytes : sum->max_inflight_bytes,
		.before_srtt_p50_us = sum->srtt_p50_us,
		.before_srtt_p90_us = sum->srtt_p90_us,
		.before_retrans = sum->loss,
		.before_flows = sum->flows,
	};
}

bool controller_route(const ControllerInput *input, const Path *path, PolicyRoute *ret_route,
		      char *reason)
{
	const Snapshot *snapshot = input->snapshot;
	PolicyRoute route = {0};
	const char *why = NULL;

	if (!input->config->per_destination)
		why = "route metrics are switched off (PerDestination=no)";
	else if (path_is_prefix(path))
		why = "a path of several addresses has no route of its own";
	else if (!snapshot->route ||
		 !snapshot->route(snapshot->route_context, &path->address, &route))
		why = "the kernel does not tell of the route";
	else if (!route.eligible)
		why = route.reason;
	if (!why) {
		*ret_route = route;
		return true;
	}
	(void)text_format(reason, CONTROLLER_REASON_MAX, "no metric for its route: %s", why);
	return false;
}

const TunableValue *controller_metric(const PolicyRoute *route, TunableId id)
{
	assert(tunable_is_route(id));
	return &route->metrics[id - _TUNABLE_SYSCTLS];
}

bool controller_propose_metric(const ControllerInput *input, const char *controller,
			       const Path *path, const PolicyRoute *route, TunableId id,
			       int64_t value, const char *word, Proposal *ret, char *reason)
{
	ChangeTunable tunable = {.id = id,
				 .old_value = *controller_metric(route, id),
				 .new_value = tunable_unset(id)};
	char text[TUNABLE_WORD_MAX], address[ADDRESS_TEXT_MAX];

	tunable.new_value.numbers[0] = value;
	if (word)
		(void)text_copy(tunable.new_value.words, sizeof(tunable.new_value.words), word);
	if (tunable_is_unset(&tunable.new_value) && input->stays &&
	    input->stays(input->context, controller, &path->address, id)) {
		(void)text_format(reason, CONTROLLER_REASON_MAX, "%s on the way to %s is to stay",
				  tunables[id].key, address_format(&path->address, address));
		return false;
	}
	/* What lost its reason goes, even if it was proven once. */
	if (!tunable_is_unset(&tunable.new_value) &&
	    input->held(input->context, controller, &path->address, &tunable)) {
		(void)text_format(reason, CONTROLLER_REASON_MAX,
				  "%s %s was tried on the way to %s and is on hold",
				  tunables[id].key,
				  tunable_format(&tunable.new_value, text, sizeof(text)),
				  address_format(&path->address, address));
		return false;
	}
	*ret = (Proposal){.tunables = {tunable}, .n_tunables = 1, .plan.path = path->address};
	ret->withdraw = tunable_is_unset(&tunable.new_value);
	return true;
}
