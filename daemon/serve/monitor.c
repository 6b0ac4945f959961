/* SPDX-License-Identifier: MIT */
#include "daemon/serve/monitor.h"

#include "common/base.h"
#include "daemon/serve/slowest.h"
#include "daemon/serve/status.h"
#include "daemon/serve/views.h"

MonitorWant monitor_want(const ArgumentValue *arguments)
{
	const ArgumentValue *interval = &arguments[0], *limit = &arguments[3];

	return (MonitorWant){
		.interval_ns = interval->given ? (uint64_t)interval->integer * NSEC_PER_USEC
					       : MONITOR_INTERVAL_NS,
		.endpoints = arguments[1].given && arguments[1].boolean,
		.paths = arguments[2].given && arguments[2].boolean,
		.limit = limit->given ? (size_t)limit->integer : MONITOR_LIMIT,
	};
}

static Json *view_endpoints(const ControlView *view, const MonitorWant *want)
{
	size_t chosen[MONITOR_LIMIT_MAX];
	size_t n = want->endpoints ? slowest_attention(view, want->limit, chosen) : 0;
	Json *endpoints = json_new_array();

	for (size_t i = 0; i < n; i++)
		json_append(endpoints, view_endpoint(view->endpoints[chosen[i]],
						     view->syn_linear_timeouts, view->now_ns));
	return endpoints;
}

static Json *view_paths(const ControlView *view, const MonitorWant *want)
{
	const Path *top[MONITOR_LIMIT_MAX];
	size_t n = want->paths ? path_table_top(view->paths, top, want->limit) : 0;
	Json *paths = json_new_array();

	for (size_t i = 0; i < n; i++)
		json_append(paths, view_path(top[i], view->now_ns));
	return paths;
}

static Json *view_changes(const ControlView *view, const MonitorWant *want,
			  const MonitorOccasion *occasion)
{
	size_t n = engine_change_count(view->engine);
	Json *changes = json_new_array();

	for (size_t i = 0; i < n; i++)
		if (occasion->marks ? change_marks_is_news(occasion->marks, i, occasion->sequence)
				    : i < want->limit)
			json_append(changes,
				    view_change(engine_change_at(view->engine, i), view->now_ns));
	return changes;
}

void monitor_fill(Json *parameters, const ControlView *view, const MonitorWant *want,
		  const MonitorOccasion *occasion)
{
	json_set_string(parameters, "reason", occasion->reason);
	json_set_uint(parameters, "realtimeUsec", view->realtime_ns / NSEC_PER_USEC);
	json_set_uint(parameters, "skipped", occasion->skipped);
	status_set_health(parameters, view);
	json_set(parameters, "endpoints", view_endpoints(view, want));
	json_set(parameters, "paths", view_paths(view, want));
	json_set(parameters, "changes", view_changes(view, want, occasion));
}

void monitor(Call *call)
{
	const MonitorOccasion first = {.reason = "interval"};
	ControlView view = call_view(call);

	call->monitor = monitor_want(call->arguments);
	monitor_fill(call->parameters, &view, &call->monitor, &first);
}
