/* SPDX-License-Identifier: MIT */
/*
 * Measurements and tunables as JSON. Each known/unknown convention of the model (UINT32_MAX, 0, a
 * has_ flag, a false return) becomes null here, once, so that no client has to know them. Changes
 * are in view_change.c.
 */
#include "daemon/serve/views.h"

#include <string.h>

#include "common/base.h"
#include "common/clock.h"

void view_set_ago(Json *object, const char *key, uint64_t now_ns, uint64_t since_ns)
{
	if (since_ns == 0)
		json_set_null(object, key);
	else
		json_set_uint(object, key,
			      now_ns > since_ns ? (now_ns - since_ns) / NSEC_PER_USEC : 0);
}

void view_set_text(Json *object, const char *key, const char *text)
{
	json_set_string(object, key, text && *text ? text : NULL);
}

static void set_known(Json *object, const char *key, bool known, uint64_t value)
{
	if (known)
		json_set_uint(object, key, value);
	else
		json_set_null(object, key);
}

Json *view_window(WindowSpan span, const WindowSummary *summary)
{
	Json *window = json_new_object();

	json_set_string(window, "span", window_span_name(span));
	json_set_uint(window, "count", summary->count);
	json_set_uint(window, "failures", summary->failures);
	set_known(window, "lossPermille", summary->count > 0,
		  summary->count > 0 ? summary->failures * 1000 / summary->count : 0);
	set_known(window, "minUsec", summary->has_latency, summary->min_us);
	set_known(window, "meanUsec", summary->has_latency, summary->mean_us);
	set_known(window, "p50Usec", summary->has_p50, summary->p50_us);
	set_known(window, "p95Usec", summary->has_p95, summary->p95_us);
	set_known(window, "p99Usec", summary->has_p99, summary->p99_us);
	set_known(window, "maxUsec", summary->has_latency, summary->max_us);
	return window;
}

static Json *view_windows(const Window *window, uint64_t now_ns)
{
	Json *windows = json_new_array();

	for (WindowSpan span = 0; span < _WINDOW_SPANS; span++) {
		WindowSummary summary;

		window_summarise(window, span, now_ns, &summary);
		json_append(windows, view_window(span, &summary));
	}
	return windows;
}

static Json *view_result(const ProbeResult *result, uint64_t now_ns)
{
	bool ok = result->outcome == PROBE_OK;
	Json *json = json_new_object();

	json_set_string(json, "outcome", probe_outcome_name(result->outcome));
	json_set_uint(json, "agoUsec",
		      now_ns > result->when_ns ? (now_ns - result->when_ns) / NSEC_PER_USEC : 0);
	set_known(json, "rttUsec", ok, result->rtt_us);
	set_known(json, "overheadUsec", ok, result->overhead_us);
	json_set_uint(json, "synRetransmits", result->syn_retransmits);
	json_set_string(json, "error", result->error > 0 ? strerror(result->error) : NULL);
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

static Json *view_target(const EndpointTarget *target, uint64_t now_ns)
{
	char address[ADDRESS_TEXT_MAX];
	Json *json = json_new_object();

	json_set_string(json, "family", target->address.family == AF_INET ? "ipv4" : "ipv6");
	json_set_string(json, "address", address_format(&target->address, address));
	json_set(json, "last", target->has_last ? view_result(&target->last, now_ns) : NULL);
	json_set(json, "failuresByReason", view_failures(target));
	json_set(json, "windows", view_windows(&target->rtt, now_ns));
	json_set(json, "overheadWindows", view_windows(&target->overhead, now_ns));
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

Json *view_endpoint(const Endpoint *endpoint, uint64_t now_ns)
{
	Json *json = json_new_object(), *targets = json_new_array(), *windows = json_new_array();

	json_set_string(json, "name", endpoint->name);
	json_set_string(json, "url", endpoint->url);
	json_set_string(json, "state", endpoint_state_name(endpoint_state(endpoint)));
	json_set_string(json, "slo", slo_name(endpoint_slo(endpoint, now_ns)));
	set_known(json, "targetP99Usec", endpoint->target_p99_ns > 0,
		  endpoint->target_p99_ns / NSEC_PER_USEC);
	view_set_text(json, "resolveError", endpoint->resolve_error);
	json_set_uint(json, "lateProbes", endpoint->late_probes);
	for (WindowSpan span = 0; span < _WINDOW_SPANS; span++) {
		WindowSummary summary;

		endpoint_summarise(endpoint, span, now_ns, &summary);
		json_append(windows, view_window(span, &summary));
	}
	json_set(json, "windows", windows);
	for (size_t i = 0; i < _ENDPOINT_FAMILIES; i++)
		if (endpoint->targets[i].address.family != 0)
			json_append(targets, view_target(&endpoint->targets[i], now_ns));
	json_set(json, "targets", targets);
	return json;
}

typedef struct PathSamples {
	uint64_t all, send_limited, receive_limited, peer_limited, application_limited;
} PathSamples;

static void add_samples(PathSamples *samples, const PathWindow *window)
{
	samples->all += window->samples;
	samples->send_limited += window->samples_send_at_cap;
	samples->receive_limited += window->samples_receive_at_cap;
	samples->peer_limited += window->samples_peer_limited;
	samples->application_limited += window->samples_app_limited;
}

/* Of the current window and the complete ones that are still kept. */
static void set_samples(Json *json, const Path *path)
{
	PathSamples samples = {.all = 0};
	const PathWindow *window;

	add_samples(&samples, &path->current);
	for (unsigned i = 0; (window = path_window(path, i)); i++)
		add_samples(&samples, window);
	json_set_uint(json, "samples", samples.all);
	json_set_uint(json, "sendLimitedSamples", samples.send_limited);
	json_set_uint(json, "receiveLimitedSamples", samples.receive_limited);
	json_set_uint(json, "peerLimitedSamples", samples.peer_limited);
	json_set_uint(json, "applicationLimitedSamples", samples.application_limited);
}

static void set_rates(Json *json, const Path *path)
{
	uint64_t goodput_bps = 0;
	double loss = 0;
	bool known = path_loss(path, &loss) && loss >= 0 && loss <= 1;

	set_known(json, "lossPpm", known, known ? (uint64_t)(loss * 1e6 + 0.5) : 0);
	known = path_goodput_bps(path, &goodput_bps);
	set_known(json, "goodputBps", known, goodput_bps);
	set_known(json, "bestGoodputBps", path->best_goodput_bps > 0, path->best_goodput_bps);
	set_known(json, "maxDeliveryBps", path->max_delivery_bps > 0, path->max_delivery_bps);
}

Json *view_path(const Path *path, uint64_t now_ns)
{
	char address[ADDRESS_TEXT_MAX];
	Json *json = json_new_object();

	json_set_string(json, "address", address_format(&path->address, address));
	json_set_uint(json, "flows", path->flows);
	view_set_text(json, "congestion", path->congestion);
	set_known(json, "minRttUsec", path->min_rtt_us != UINT32_MAX, path->min_rtt_us);
	set_known(json, "srttUsec", path->srtt_us > 0, path->srtt_us);
	set_known(json, "mssBytes", path->mss > 0, path->mss);
	set_rates(json, path);
	json_set_uint(json, "ackedBytes", path->bytes_acked);
	json_set_uint(json, "sentBytes", path->bytes_sent);
	json_set_uint(json, "retransmittedBytes", path->bytes_retrans);
	json_set_uint(json, "receivedBytes", path->bytes_received);
	set_samples(json, path);
	view_set_ago(json, "firstSeenAgoUsec", now_ns, path->first_seen_ns);
	view_set_ago(json, "lastSeenAgoUsec", now_ns, path->last_seen_ns);
	return json;
}

static const char *owner_name(TunableOwner owner)
{
	switch (owner) {
	case OWNER_NETOPT:
		return "netopt";
	case OWNER_FOREIGN:
		return "foreign";
	case OWNER_HOST:
		break;
	}
	return "host";
}

static void set_value(Json *object, const char *key, bool known, const TunableValue *value)
{
	char text[TUNABLE_WORD_MAX];

	json_set_string(object, key, known ? tunable_format(value, text, sizeof(text)) : NULL);
}

Json *view_tunable(TunableId id, const TunableState *state, uint64_t now_ns)
{
	const Tunable *tunable = &tunables[id];
	bool ours = state->owner == OWNER_NETOPT;
	Json *json = json_new_object();

	json_set_string(json, "key", tunable->key);
	json_set_bool(json, "present", state->present);
	json_set_bool(json, "writable", state->writable);
	json_set_string(json, "owner", owner_name(state->owner));
	set_value(json, "original", state->present, &state->original);
	set_value(json, "current", state->present, &state->current);
	set_value(json, "ours", state->present && ours, &state->ours);
	set_known(json, "changeId", ours && state->change_id > 0, state->change_id);
	view_set_ago(json, "changedAgoUsec", now_ns, state->changed_ns);
	json_set_string(json, "reason", tunable->reason);
	json_set_string(json, "affects", tunable->affects);
	return json;
}
