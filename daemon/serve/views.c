/* SPDX-License-Identifier: MIT */
/*
 * What all views share, and paths and tunables as JSON. Each known/unknown convention of the model
 * (UINT32_MAX, 0, a has_ flag, a false return) becomes null in these files, once, so that no client
 * has to know them. Changes are in view_change.c, endpoints in view_endpoint.c and view_facts.c,
 * sockets in view_flow.c, the rest of the kernel in view_kernel.c.
 */
#include "daemon/serve/views.h"

#include <string.h>

#include "common/base.h"
#include "common/clock.h"
#include "common/text.h"

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

void view_set_known(Json *object, const char *key, bool known, uint64_t value)
{
	if (known)
		json_set_uint(object, key, value);
	else
		json_set_null(object, key);
}

void view_set_address(Json *object, const char *key, const Address *address)
{
	char text[ADDRESS_TEXT_MAX];

	json_set_string(object, key, address->family ? address_format(address, text) : NULL);
}

Json *view_window(WindowSpan span, const WindowSummary *summary)
{
	Json *window = json_new_object();

	json_set_string(window, "span", window_span_name(span));
	json_set_uint(window, "count", summary->count);
	json_set_uint(window, "failures", summary->failures);
	view_set_known(window, "lossPermille", summary->count > 0,
		       summary->count > 0 ? summary->failures * 1000 / summary->count : 0);
	view_set_known(window, "minUsec", summary->has_latency, summary->min_us);
	view_set_known(window, "meanUsec", summary->has_latency, summary->mean_us);
	view_set_known(window, "p50Usec", summary->has_p50, summary->p50_us);
	view_set_known(window, "p95Usec", summary->has_p95, summary->p95_us);
	view_set_known(window, "p99Usec", summary->has_p99, summary->p99_us);
	view_set_known(window, "maxUsec", summary->has_latency, summary->max_us);
	return window;
}

void view_set_floor(Json *json, const Floor *floor, uint64_t now_ns)
{
	uint32_t us = 0;
	bool known = floor_get(floor, &us);

	view_set_known(json, "floorUsec", known, us);
	view_set_known(json, "floorPreviousUsec",
		       floor->since_ns > 0 && floor->previous_us != UINT32_MAX, floor->previous_us);
	view_set_known(json, "pathEpoch", floor->since_ns > 0, floor->epoch);
	view_set_ago(json, "pathSinceAgoUsec", now_ns, floor->since_ns);
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

	view_set_known(json, "lossPpm", known, known ? (uint64_t)(loss * 1e6 + 0.5) : 0);
	known = path_goodput_bps(path, &goodput_bps);
	view_set_known(json, "goodputBps", known, goodput_bps);
	view_set_known(json, "bestGoodputBps", path->best_goodput_bps > 0, path->best_goodput_bps);
	view_set_known(json, "maxDeliveryBps", path->max_delivery_bps > 0, path->max_delivery_bps);
}

/* NULL: nothing was seen in the last hour. */
static Json *view_series_windows(const Path *path, PathSeries series, uint64_t now_ns)
{
	static const WindowSpan spans[] = {WINDOW_10MIN, WINDOW_1H};
	Json *windows = json_new_array();
	uint64_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(spans); i++) {
		WindowSummary summary;
		Json *window;

		path_summarise(path, series, spans[i], now_ns, &summary);
		count += summary.count;
		window = view_window(spans[i], &summary);
		json_set_null(window, "lossPermille");
		json_append(windows, window);
	}
	if (count > 0)
		return windows;
	json_free(windows);
	return NULL;
}

static Json *view_series(const Path *path, uint64_t now_ns)
{
	Json *array = json_new_array();

	for (PathSeries series = 0; series < _PATH_SERIES; series++) {
		Json *windows = view_series_windows(path, series, now_ns), *json;

		if (!windows)
			continue;
		json = json_new_object();
		json_set_string(json, "series", path_series_name(series));
		json_set(json, "windows", windows);
		json_append(array, json);
	}
	return array;
}

Json *view_path(const Path *path, uint64_t now_ns)
{
	Json *json = json_new_object();

	view_set_address(json, "address", &path->address);
	json_set_uint(json, "prefixLength", path->prefix_length);
	json_set_uint(json, "flows", path->flows);
	view_set_text(json, "congestion", path->congestion);
	view_set_known(json, "minRttUsec", path->min_rtt_us != UINT32_MAX, path->min_rtt_us);
	view_set_known(json, "srttUsec", path->srtt_us > 0, path->srtt_us);
	view_set_floor(json, &path->floor, now_ns);
	view_set_known(json, "mssBytes", path->mss > 0, path->mss);
	set_rates(json, path);
	json_set_uint(json, "ackedBytes", path->bytes_acked);
	json_set_uint(json, "sentBytes", path->bytes_sent);
	json_set_uint(json, "retransmittedBytes", path->bytes_retrans);
	json_set_uint(json, "receivedBytes", path->bytes_received);
	set_samples(json, path);
	view_set_ago(json, "firstSeenAgoUsec", now_ns, path->first_seen_ns);
	view_set_ago(json, "lastSeenAgoUsec", now_ns, path->last_seen_ns);
	json_set(json, "series", view_series(path, now_ns));
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

Json *view_tunable(TunableId id, const TunableState *state, const char *administered,
		   const char *kernel_default, uint64_t now_ns)
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
	view_set_text(json, "administered", administered);
	view_set_text(json, "kernelDefault", kernel_default);
	view_set_known(json, "changeId", ours && state->change_id > 0, state->change_id);
	view_set_ago(json, "changedAgoUsec", now_ns, state->changed_ns);
	json_set_string(json, "reason", tunable->reason);
	json_set_string(json, "affects", tunable->affects);
	return json;
}

Json *view_route(const ControlRoute *route, uint64_t now_ns)
{
	Json *json = json_new_object();

	view_set_address(json, "destination", &route->destination);
	json_set_string(json, "metrics", route->metrics);
	view_set_known(json, "changeId", route->change_id > 0, route->change_id);
	view_set_ago(json, "sinceAgoUsec", now_ns, route->since_ns);
	json_set_string(json, "route", route->route);
	return json;
}
