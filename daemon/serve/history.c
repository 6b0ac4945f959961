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

/* What has a history: the one that is not NULL. */
typedef struct Source {
	const Endpoint *endpoint;
	const Path *path;
	HistoryScale scale; /* of the endpoint */
} Source;

/* Steps that are known: [begin, end), the last one in progress. Empty before the first attempt. */
typedef struct Steps {
	uint64_t begin, end;
} Steps;

static uint64_t step_ns(const Source *source)
{
	return source->path ? PATH_STEP_NS : history_step_ns(source->scale);
}

/* The first step of which something may be known. False: there is none. */
static bool find_first(const Source *source, uint64_t *ret_first)
{
	if (!source->path)
		return endpoint_history_begin(source->endpoint, source->scale, ret_first);
	*ret_first = source->path->first_seen_ns / PATH_STEP_NS;
	return source->path->statistics != NULL;
}

static Steps find_steps(const Source *source, uint64_t wanted, uint64_t now_ns)
{
	size_t most = source->path ? PATH_STEPS : history_steps(source->scale);
	Steps steps = {.end = now_ns / step_ns(source) + 1};
	uint64_t first;

	if (!find_first(source, &first))
		first = steps.end;
	wanted = MIN(wanted, (uint64_t)most);
	steps.begin = steps.end - MIN(wanted, steps.end);
	steps.begin = CLAMP(first, steps.begin, steps.end);
	return steps;
}

static HistoryPoint point_at(const Source *source, uint64_t number)
{
	HistoryPoint point;

	if (source->path)
		path_series_at(source->path->statistics, number, &point);
	else
		endpoint_history_at(source->endpoint, source->scale, number, &point);
	return point;
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
	const Source source = {.endpoint = endpoint, .scale = HISTORY_MINUTE};
	Steps steps = find_steps(&source, HISTORY_RECENT, now_ns);
	Json *array = json_new_array();

	for (uint64_t number = steps.begin; number < steps.end; number++) {
		HistoryPoint point = point_at(&source, number);

		append_known(array, point.has_p50, point.p50_us);
	}
	return array;
}

/* When a step began, by the clock of the wall as it is now. Of an empty history: when it would. */
static uint64_t realtime_us(const ControlView *view, uint64_t begin_ns)
{
	return (view->realtime_ns - (view->now_ns - begin_ns)) / NSEC_PER_USEC;
}

static void set_points(Json *json, const Source *source, const Steps *steps)
{
	Json *p50 = json_new_array(), *p95 = json_new_array();
	Json *loss = json_new_array(), *count = json_new_array();

	for (uint64_t number = steps->begin; number < steps->end; number++) {
		HistoryPoint point = point_at(source, number);
		bool lossy = !source->path && point.count > 0;

		append_known(p50, point.has_p50, point.p50_us);
		append_known(p95, point.has_p95, point.p95_us);
		append_known(loss, lossy,
			     lossy ? point.failures * UINT64_C(1000) / point.count : 0);
		json_append_uint(count, point.count);
	}
	json_set(json, "p50Usec", p50);
	json_set(json, "p95Usec", p95);
	json_set(json, "lossPermille", loss);
	json_set(json, "count", count);
}

static Json *view_history(const Source *source, const ControlView *view, uint64_t wanted)
{
	Steps steps = find_steps(source, wanted, view->now_ns);
	Json *json = json_new_object();

	if (source->path)
		view_set_address(json, "name", &source->path->address);
	else
		json_set_string(json, "name", source->endpoint->name);
	json_set_string(json, "kind", source->path ? "path" : "endpoint");
	json_set_uint(json, "startRealtimeUsec", realtime_us(view, steps.begin * step_ns(source)));
	set_points(json, source, &steps);
	return json;
}

/* The span that is wanted, in steps of the source. */
static uint64_t count_steps(const Source *source, uint64_t span_ns)
{
	return (span_ns + step_ns(source) - 1) / step_ns(source);
}

static void set_reply(Call *call, const Source *source, Json *series, size_t total)
{
	json_set_uint(call->parameters, "stepUsec", step_ns(source) / NSEC_PER_USEC);
	json_set(call->parameters, "series", series);
	json_set_uint(call->parameters, "total", total);
}

static void one_path(Call *call, const ControlView *view, const char *name, uint64_t span_ns)
{
	Source source = {.path = NULL};
	Json *series;
	Address address;

	if (address_parse(name, &address) < 0) {
		call_fail(call, INTERFACE_ERROR_INVALID_PARAMETER, "parameter", "path");
		return;
	}
	source.path = path_table_find(view->paths, &address);
	if (!source.path) {
		call_fail(call, INTERFACE_ERROR_NO_SUCH_PATH, "path", name);
		return;
	}
	series = json_new_array();
	json_append(series, view_history(&source, view, count_steps(&source, span_ns)));
	set_reply(call, &source, series, 1);
}

void get_history(Call *call)
{
	const ArgumentValue *name = &call->arguments[0], *path = &call->arguments[1];
	const ArgumentValue *span = &call->arguments[2];
	uint64_t minutes_ns = HISTORY_MINUTES * history_step_ns(HISTORY_MINUTE);
	uint64_t span_ns = span->given ? (uint64_t)span->integer * NSEC_PER_USEC : minutes_ns;
	Source source = {.scale = span_ns <= minutes_ns ? HISTORY_MINUTE : HISTORY_QUARTER};
	ControlView view = call_view(call);
	Json *series;
	size_t begin, end;

	if (name->given && path->given) {
		call_fail(call, INTERFACE_ERROR_INVALID_PARAMETER, "parameter", "path");
		return;
	}
	if (path->given) {
		one_path(call, &view, path->string, span_ns);
		return;
	}
	if (!list_choose(call, &view, name, &call->arguments[3], &call->arguments[4], &begin, &end))
		return;
	series = json_new_array();
	for (size_t i = begin; i < end; i++) {
		source.endpoint = view.endpoints[i];
		json_append(series, view_history(&source, &view, count_steps(&source, span_ns)));
	}
	set_reply(call, &source, series, view.n_endpoints);
}
