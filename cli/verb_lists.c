/* SPDX-License-Identifier: MIT */
/*
 * The commands that show one list: endpoints, paths, tunables. One call, one table.
 */
#include "cli/cell.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/verbs.h"
#include "common/interface.h"

/* As JSON, or as the table that `fill` makes of the array `key`. */
static int show_list(const Settings *settings, const char *method, const char *key,
		     const TableColumn *columns, size_t n_columns,
		     void (*fill)(Table *table, const Json *element))
{
	_cleanup_json_ Json *reply = NULL;
	_cleanup_table_ Table table = {.cells = NULL};
	Text text = {.data = NULL};
	const Json *list;
	int r = client_call_once(settings, method, NULL, &reply);

	if (r != CLI_OK)
		return r;
	if (settings->format != FORMAT_TEXT)
		return output_json(settings, reply);
	table_init(&table, columns, n_columns);
	list = json_get(reply, key);
	for (size_t i = 0; i < json_length(list); i++)
		fill(&table, json_at(list, i));
	table_append(&table, settings, 0, &text);
	return output_text(&text);
}

static const TableColumn endpoint_columns[] = {
	{.title = "NAME", .flexible = true},
	{.title = "ADDRESS"},
	{.title = "STATE"},
	{.title = "SPAN"},
	{.title = "P50", .right = true},
	{.title = "P95", .right = true},
	{.title = "P99", .right = true},
	{.title = "MAX", .right = true},
	{.title = "LOSS", .right = true},
	{.title = "N", .right = true},
	{.title = "TARGET", .right = true},
};

static void fill_window(Table *table, const Json *endpoint, const Json *target, const Json *window)
{
	cell_text(table, endpoint, "name");
	cell_text(table, target, "address");
	cell_judged(table, endpoint, "state");
	cell_text(table, window, "span");
	cell_latency(table, window, "p50Usec");
	cell_latency(table, window, "p95Usec");
	cell_latency(table, window, "p99Usec");
	cell_latency(table, window, "maxUsec");
	cell_permille(table, window, "lossPermille", false);
	cell_count(table, window, "count");
	cell_latency(table, endpoint, "targetP99Usec");
}

/* An endpoint without an address still has a line. */
static void fill_endpoint(Table *table, const Json *endpoint)
{
	const Json *targets = json_get(endpoint, "targets");

	for (size_t i = 0; i < json_length(targets); i++) {
		const Json *target = json_at(targets, i), *windows = json_get(target, "windows");

		for (size_t k = 0; k < json_length(windows); k++)
			fill_window(table, endpoint, target, json_at(windows, k));
	}
	if (json_length(targets) == 0)
		fill_window(table, endpoint, NULL, NULL);
}

int verb_endpoints(const Settings *settings, char *const arguments[], size_t n)
{
	(void)arguments;
	(void)n;
	return show_list(settings, INTERFACE_LIST_ENDPOINTS, "endpoints", endpoint_columns,
			 ARRAY_SIZE(endpoint_columns), fill_endpoint);
}

static const TableColumn path_columns[] = {
	{.title = "ADDRESS"},
	{.title = "FLOWS", .right = true},
	{.title = "MIN RTT", .right = true},
	{.title = "SRTT", .right = true},
	{.title = "GOODPUT", .right = true},
	{.title = "BEST", .right = true},
	{.title = "RETRANS", .right = true},
	{.title = "SENT", .right = true},
	{.title = "RECEIVED", .right = true},
	{.title = "CC", .flexible = true},
};

static void fill_path(Table *table, const Json *path)
{
	cell_text(table, path, "address");
	cell_count(table, path, "flows");
	cell_latency(table, path, "minRttUsec");
	cell_latency(table, path, "srttUsec");
	cell_rate(table, path, "goodputBps");
	cell_rate(table, path, "bestGoodputBps");
	cell_ppm(table, path, "lossPpm");
	cell_bytes(table, path, "sentBytes");
	cell_bytes(table, path, "receivedBytes");
	cell_text(table, path, "congestion");
}

int verb_paths(const Settings *settings, char *const arguments[], size_t n)
{
	(void)arguments;
	(void)n;
	return show_list(settings, INTERFACE_LIST_PATHS, "paths", path_columns,
			 ARRAY_SIZE(path_columns), fill_path);
}

static const TableColumn tunable_columns[] = {
	{.title = "KEY"},
	{.title = "OWNER"},
	{.title = "CURRENT"},
	{.title = "ORIGINAL", .flexible = true},
	{.title = "CHANGE", .right = true},
};

static void fill_tunable(Table *table, const Json *tunable)
{
	cell_text(table, tunable, "key");
	if (json_bool(json_get(tunable, "present"), false))
		cell_judged(table, tunable, "owner");
	else
		table_add(table, STYLE_PLAIN, "absent");
	cell_text(table, tunable, "current");
	cell_text(table, tunable, "original");
	cell_count(table, tunable, "changeId");
}

int verb_tunables(const Settings *settings, char *const arguments[], size_t n)
{
	(void)arguments;
	(void)n;
	return show_list(settings, INTERFACE_LIST_TUNABLES, "tunables", tunable_columns,
			 ARRAY_SIZE(tunable_columns), fill_tunable);
}
