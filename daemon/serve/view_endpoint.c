/* SPDX-License-Identifier: MIT */
/*
 * Endpoints as JSON: the windows of each phase, the last probe, the floor of the path and where the
 * latency lives. What a probe learned besides times is in common/probe_facts.c.
 */
#include "daemon/serve/views.h"

#include <string.h>

#include "common/base.h"
#include "common/clock.h"
#include "common/probe_facts.h"
#include "common/text.h"
#include "daemon/serve/history.h"

#define EXPLANATION_MAX 128

/* Losses are counted in the headline alone; elsewhere "none" would be a lie. */
static Json *view_windows(const EndpointTarget *target, ProbePhase phase, bool losses,
			  uint64_t now_ns)
{
	Json *windows = json_new_array();

	for (WindowSpan span = 0; span < _WINDOW_SPANS; span++) {
		WindowSummary summary;
		Json *window;

		endpoint_summarise_phase(target, phase, span, now_ns, &summary);
		window = view_window(span, &summary);
		if (!losses)
			json_set_null(window, "lossPermille");
		json_append(windows, window);
	}
	return windows;
}

static Json *view_phases(const EndpointTarget *target, ProbePhase headline, uint64_t now_ns)
{
	Json *phases = json_new_array();

	for (ProbePhase phase = 0; phase < _PROBE_PHASES; phase++) {
		Json *json;

		if (!target->phases[phase])
			continue;
		json = json_new_object();
		json_set_string(json, "phase", probe_phase_name(phase));
		json_set(json, "windows", view_windows(target, phase, phase == headline, now_ns));
		json_append(phases, json);
	}
	return phases;
}

static Json *view_times(const ProbeResult *result)
{
	Json *phases = json_new_array();

	for (ProbePhase phase = 0; phase < _PROBE_PHASES; phase++) {
		uint32_t us;
		Json *json;

		if (result->outcome != PROBE_OK || !probe_result_get(result, phase, &us))
			continue;
		json = json_new_object();
		json_set_string(json, "phase", probe_phase_name(phase));
		json_set_uint(json, "usec", us);
		json_append(phases, json);
	}
	return phases;
}

static void set_explanation(Json *json, const ProbeResult *result, unsigned syn_linear)
{
	char buffer[EXPLANATION_MAX];

	if (result->outcome == PROBE_SYN_RETRANSMIT && result->syn_retransmits > 0)
		view_set_text(json, "explanation",
			      decompose_syn_retransmits(result->syn_retransmits, result->wall_us,
							syn_linear, buffer, sizeof(buffer)));
	else
		view_set_text(json, "explanation", result->explanation);
}

static Json *view_result(const ProbeResult *result, unsigned syn_linear, uint64_t now_ns)
{
	Json *json = json_new_object();

	json_set_string(json, "outcome", probe_outcome_name(result->outcome));
	json_set_uint(json, "agoUsec",
		      now_ns > result->when_ns ? (now_ns - result->when_ns) / NSEC_PER_USEC : 0);
	view_set_known(json, "wallUsec", result->wall_us > 0, result->wall_us);
	json_set(json, "phases", view_times(result));
	json_set_string(json, "failedIn",
			result->outcome == PROBE_OK ? NULL : probe_phase_name(result->failed_in));
	json_set_uint(json, "synRetransmits", result->syn_retransmits);
	json_set_string(json, "error", result->error > 0 ? strerror(result->error) : NULL);
	set_explanation(json, result, syn_linear);
	return json;
}

static Json *view_failures(const EndpointTarget *target)
{
	Json *failures = json_new_array();

	for (ProbeOutcome outcome = PROBE_OK + 1; outcome < _PROBE_OUTCOMES; outcome++) {
		Json *failure;

		if (target->failures[outcome] == 0)
			continue;
		failure = json_new_object();
		json_set_string(failure, "reason", probe_outcome_name(outcome));
		json_set_uint(failure, "count", target->failures[outcome]);
		json_append(failures, failure);
	}
	return failures;
}

static const char *family_name(const EndpointTarget *target)
{
	return target->address.family == AF_INET ? "ipv4" : "ipv6";
}

static Json *view_target(const Endpoint *endpoint, const EndpointTarget *target,
			 unsigned syn_linear, uint64_t now_ns)
{
	Decomposition decomposition;
	Json *json = json_new_object();

	decompose(endpoint, target, VIEW_SPAN, now_ns, &decomposition);
	json_set_string(json, "family", family_name(target));
	view_set_address(json, "address", &target->address);
	json_set(json, "last",
		 target->has_last ? view_result(&target->last, syn_linear, now_ns) : NULL);
	json_set(json, "failuresByReason", view_failures(target));
	json_set(json, "windows", view_windows(target, endpoint->headline, true, now_ns));
	json_set(json, "phases", view_phases(target, endpoint->headline, now_ns));
	view_set_floor(json, &target->floor, now_ns);
	json_set(json, "decomposition", view_decomposition(&decomposition));
	probe_facts_set(json, target->facts);
	return json;
}

static const char *slo_name(EndpointSlo slo)
{
	switch (slo) {
	case ENDPOINT_SLO_MET:
		return "met";
	case ENDPOINT_SLO_MISSED:
		return "missed";
	case ENDPOINT_SLO_NONE:
		break;
	}
	return "none";
}

static void set_state(Json *json, const Endpoint *endpoint, uint64_t now_ns)
{
	json_set_string(json, "state", endpoint_state_name(endpoint_state(endpoint)));
	json_set_string(json, "slo", slo_name(endpoint_slo(endpoint, now_ns)));
}

static void set_target_value(Json *json, const char *key, uint64_t target_ns)
{
	view_set_known(json, key, target_ns > 0, target_ns / NSEC_PER_USEC);
}

static void set_identity(Json *json, const Endpoint *endpoint)
{
	json_set_string(json, "name", endpoint->name);
	json_set_string(json, "url", endpoint->url);
	json_set_string(json, "scheme", endpoint->scheme);
	json_set_string(json, "origin", endpoint_origin_name(endpoint->origin));
	view_set_text(json, "group", endpoint->group);
	json_set_string(json, "objective", endpoint->objective);
	json_set_string(json, "headline", probe_phase_name(endpoint->headline));
}

Json *view_endpoint(const Endpoint *endpoint, unsigned syn_linear, uint64_t now_ns)
{
	Json *json = json_new_object(), *targets = json_new_array(), *windows = json_new_array();

	set_identity(json, endpoint);
	set_state(json, endpoint, now_ns);
	set_target_value(json, "targetP50Usec", endpoint->target_p50_ns);
	set_target_value(json, "targetP95Usec", endpoint->target_p95_ns);
	set_target_value(json, "targetP99Usec", endpoint->target_p99_ns);
	view_set_text(json, "resolveError", endpoint->resolve_error);
	json_set_uint(json, "lateProbes", endpoint->late_probes);
	for (WindowSpan span = 0; span < _WINDOW_SPANS; span++) {
		WindowSummary summary;

		endpoint_summarise(endpoint, span, now_ns, &summary);
		json_append(windows, view_window(span, &summary));
	}
	json_set(json, "windows", windows);
	json_set(json, "history", history_recent(endpoint, now_ns));
	for (size_t i = 0; i < _ENDPOINT_FAMILIES; i++)
		if (endpoint->targets[i].address.family != 0)
			json_append(targets, view_target(endpoint, &endpoint->targets[i],
							 syn_linear, now_ns));
	json_set(json, "targets", targets);
	return json;
}

Json *view_slow(const Endpoint *endpoint, const EndpointTarget *target,
		const Decomposition *decomposition, uint64_t now_ns)
{
	Json *json = json_new_object();
	WindowSummary summary;

	endpoint_summarise(endpoint, VIEW_SPAN, now_ns, &summary);
	json_set_string(json, "endpoint", endpoint->name);
	json_set_string(json, "family", family_name(target));
	json_set(json, "decomposition", view_decomposition(decomposition));
	set_state(json, endpoint, now_ns);
	json_set(json, "window", view_window(VIEW_SPAN, &summary));
	json_set(json, "history", history_recent(endpoint, now_ns));
	return json;
}
