/* SPDX-License-Identifier: MIT */
/*
 * Four lists of one length rather than a list of objects: a third of the bytes, and what a plot
 * wants.
 */
#include "daemon/serve/history.h"

#include "common/base.h"
#include "common/interface.h"
#include "daemon/serve/lists.h"
#include "daemon/serve/views.h"

/* Steps of one endpoint: [begin, end), the last one in progress. Empty before the first attempt. */
typedef struct Steps {
	HistoryScale scale;
	uint64_t begin, end;
} Steps;

static Steps find_steps(const Endpoint *endpoint, HistoryScale scale, uint64_t wanted,
			uint64_t now_ns)
{
	Steps steps = {.scale = scale, .end = now_ns / history_step_ns(scale) + 1};
	uint64_t first;

	steps.begin = steps.end - MIN(MIN(wanted, (uint64_t)history_steps(scale)), steps.end);
	if (endpoint_history_begin(endpoint, scale, &first))
		steps.begin = CLAMP(first, steps.begin, steps.end);
	else
		steps.begin = steps.end;
	return steps;
}

static void append_known(Json *array, bool known, uint64_t value)
{
	if (known)
		json_append_uint(array, value);
	else
		json_append(array, NULL);
}

Json *history_recent(const Endpoint *endpoint, uint64_t now_ns)
{
	Steps steps = find_steps(endpoint, HISTORY_MINUTE, HISTORY_RECENT, now_ns);
	Json *array = json_new_array();

	for (uint64_t number = steps.begin; number < steps.end; number++) {
		HistoryPoint point;

		endpoint_history_at(endpoint, HISTORY_MINUTE, number, &point);
		append_known(array, point.has_p50, point.p50_us);
	}
	return array;
}

/* When the step began, by the clock of the wall as it is now. */
static uint64_t start_realtime_us(const ControlView *view, const Steps *steps)
{
	uint64_t ago_ns = view->now_ns - steps->begin * history_step_ns(steps->scale);

	return (view->realtime_ns - MIN(ago_ns, view->realtime_ns)) / NSEC_PER_USEC;
}

static Json *view_history(const Endpoint *endpoint, const ControlView *view, HistoryScale scale,
			  uint64_t wanted)
{
	Steps steps = find_steps(endpoint, scale, wanted, view->now_ns);
	Json *json = json_new_object(), *p50 = json_new_array(), *p95 = json_new_array();
	Json *loss = json_new_array(), *count = json_new_array();

	for (uint64_t number = steps.begin; number < steps.end; number++) {
		HistoryPoint point;

		endpoint_history_at(endpoint, scale, number, &point);
		append_known(p50, point.has_p50, point.p50_us);
		append_known(p95, point.has_p95, point.p95_us);
		append_known(loss, point.count > 0,
			     point.count > 0 ? point.failures * UINT64_C(1000) / point.count : 0);
		json_append_uint(count, point.count);
	}
	json_set_string(json, "name", endpoint->name);
	json_set_string(json, "kind", "endpoint");
	json_set_uint(
		json, "startRealtimeUsec",
		start_realtime_us(view, &steps)); /* of an empty one: now, or a little later */
	json_set(json, "p50Usec", p50);
	json_set(json, "p95Usec", p95);
	json_set(json, "lossPermille", loss);
	json_set(json, "count", count);
	return json;
}

/* The scale whose steps cover the span, and how many it takes. */
static HistoryScale choose_scale(const ArgumentValue *span, uint64_t *ret_steps)
{
	uint64_t most_ns = HISTORY_MINUTES * history_step_ns(HISTORY_MINUTE);
	uint64_t span_ns = span->given ? (uint64_t)span->integer * NSEC_PER_USEC : most_ns;
	HistoryScale scale = span_ns <= most_ns ? HISTORY_MINUTE : HISTORY_QUARTER;

	*ret_steps = (span_ns + history_step_ns(scale) - 1) / history_step_ns(scale);
	return scale;
}

void get_history(Call *call)
{
	const ArgumentValue *name = &call->arguments[0];
	ControlView view = call_view(call);
	uint64_t wanted;
	HistoryScale scale = choose_scale(&call->arguments[1], &wanted);
	Json *series;
	size_t begin, end;

	if (!list_choose(call, &view, name, &call->arguments[2], &call->arguments[3], &begin, &end))
		return;
	series = json_new_array();
	for (size_t i = begin; i < end; i++)
		json_append(series, view_history(view.endpoints[i], &view, scale, wanted));
	json_set_uint(call->parameters, "stepUsec", history_step_ns(scale) / NSEC_PER_USEC);
	json_set(call->parameters, "series", series);
	json_set_uint(call->parameters, "total", view.n_endpoints);
}
