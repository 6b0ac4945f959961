/* SPDX-License-Identifier: MIT */
/*
 * The lists of what netoptd keeps itself: paths and tunables.
 */
#include <inttypes.h>
#include <string.h>

#include "cli/cell.h"
#include "cli/endpoint.h"
#include "cli/list.h"
#include "cli/tunable.h"
#include "cli/verbs.h"
#include "common/interface.h"

static const TableColumn path_columns[] = {
	{.title = "ADDRESS"},
	{.title = "FLOWS", .right = true, .drop = 3},
	{.title = "MIN RTT", .right = true, .drop = 2},
	{.title = "SRTT", .right = true, .drop = 1},
	{.title = "QUEUEING", .right = true, .drop = 6},
	{.title = "GOODPUT", .right = true, .drop = 4},
	{.title = "BEST", .right = true, .drop = 9},
	{.title = "RETRANS", .right = true, .drop = 5},
	{.title = "SENT", .right = true, .drop = 7},
	{.title = "RECEIVED", .right = true, .drop = 8},
	{.title = "CC", .flexible = true, .drop = 10},
};

/* That of the last 10 minutes; NULL: nothing is known. */
static const Json *queueing_window(const Json *path)
{
	const Json *array = json_get(path, "series");

	for (size_t i = 0; i < json_length(array); i++)
		if (text_equal(json_string(json_get(json_at(array, i), "series")), "queueing"))
			return endpoint_window(json_at(array, i));
	return NULL;
}

/* "192.0.2.1", "192.0.2.0/24" */
static void add_prefix(Table *table, const Json *path)
{
	const char *address = json_string(json_get(path, "address"));
	int64_t length = json_int(json_get(path, "prefixLength"), 0);
	bool whole = address && length == (strchr(address, ':') ? 128 : 32);
	_cleanup_(text_clear) Text text = {.data = NULL};

	if (address)
		text_append(&text, address);
	if (address && !whole && length > 0)
		text_appendf(&text, "/%" PRId64, length);
	table_add(table, STYLE_PLAIN, text_string(&text));
}

static void fill_path(Table *table, const Json *path)
{
	add_prefix(table, path);
	cell_count(table, path, "flows");
	cell_latency(table, path, "minRttUsec");
	cell_latency(table, path, "srttUsec");
	cell_latency(table, queueing_window(path), "p50Usec");
	cell_rate(table, path, "goodputBps");
	cell_rate(table, path, "bestGoodputBps");
	cell_ppm(table, path, "lossPpm");
	cell_bytes(table, path, "sentBytes");
	cell_bytes(table, path, "receivedBytes");
	cell_text(table, path, "congestion");
}

const List list_of_paths = {
	.method = INTERFACE_LIST_PATHS,
	.key = "paths",
	.columns = path_columns,
	.n_columns = ARRAY_SIZE(path_columns),
	.fill = fill_path,
};

static const TableColumn tunable_columns[] = {
	{.title = "KEY"},
	{.title = "CURRENT", .drop = 1},
	{.title = "ORIGINAL", .flexible = true, .drop = 3},
	{.title = "KERNEL DEFAULT", .flexible = true, .drop = 4},
	{.title = "SET BY", .flexible = true, .drop = 2},
	{.title = "CHANGE", .right = true, .drop = 5},
};

static void fill_tunable(Table *table, const Json *tunable)
{
	const char *owner = json_string(json_get(tunable, "owner"));

	cell_text(table, tunable, "key");
	cell_text(table, tunable, "current");
	cell_text(table, tunable, "original");
	cell_text(table, tunable, "kernelDefault");
	table_add(table, cell_style(owner), tunable_setter(tunable));
	cell_count(table, tunable, "changeId");
}

const List list_of_tunables = {
	.method = INTERFACE_LIST_TUNABLES,
	.key = "tunables",
	.columns = tunable_columns,
	.n_columns = ARRAY_SIZE(tunable_columns),
	.fill = fill_tunable,
};

static const TableColumn route_columns[] = {
	{.title = "DESTINATION"},
	{.title = "METRICS"},
	{.title = "CHANGE", .right = true, .drop = 3},
	{.title = "SINCE", .right = true, .drop = 2},
	{.title = "ROUTE", .flexible = true, .least = 16, .drop = 1},
};

static void fill_route(Table *table, const Json *route)
{
	cell_text(table, route, "destination");
	cell_text(table, route, "metrics");
	cell_count(table, route, "changeId");
	cell_span(table, route, "sinceAgoUsec");
	cell_text(table, route, "route");
}

const List list_of_routes = {
	.method = INTERFACE_LIST_ROUTES,
	.key = "routes",
	.columns = route_columns,
	.n_columns = ARRAY_SIZE(route_columns),
	.fill = fill_route,
};
