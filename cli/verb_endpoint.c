/* SPDX-License-Identifier: MIT */
/*
 * Endpoints: the list, of which the daemon gives a page at a time. All about one is in endpoint.c.
 */
#include "cli/cell.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/endpoint.h"
#include "cli/verbs.h"
#include "common/human.h"
#include "common/interface.h"

/* Pages of the daemon's own size. The most it can have is 1024 and what it discovered. */

static const TableColumn columns[] = {
	{.title = "NAME", .flexible = true, .least = 16},
	{.title = "ADDRESS", .drop = 4},
	{.title = "STATE"},
	{.title = "P50", .right = true},
	{.title = "P95", .right = true, .drop = 6},
	{.title = "P99", .right = true, .drop = 3},
	{.title = "MAX", .right = true, .drop = 8},
	{.title = "LOSS", .right = true, .drop = 1},
	{.title = "N", .right = true, .drop = 9},
	{.title = "FLOOR", .right = true, .drop = 7},
	{.title = "MOSTLY", .drop = 5},
	{.title = "TARGET", .drop = 2},
};

/* "propagation 92.0 %" */
static void add_greatest(Table *table, const Json *decomposition)
{
	const Json *part = endpoint_part(decomposition, 0);
	_cleanup_(text_clear) Text text = {.data = NULL};

	endpoint_append_share(decomposition, part, &text);
	table_add(table, STYLE_PLAIN, text_string(&text));
}

static void fill_target(Table *table, const Json *endpoint, const Json *target)
{
	const Json *window = endpoint_window(target ? target : endpoint);
	const char *slo = json_string(json_get(endpoint, "slo"));

	cell_text(table, endpoint, "name");
	cell_text(table, target, "address");
	cell_judged(table, endpoint, "state");
	endpoint_cells(table, window);
	cell_latency(table, target, "floorUsec");
	add_greatest(table, json_get(target, "decomposition"));
	table_add(table, cell_style(slo), text_equal(slo, "none") ? NULL : slo);
}

/* An endpoint without an address still has a line. */
static void fill(Table *table, const Json *endpoint)
{
	const Json *targets = json_get(endpoint, "targets");

	for (size_t i = 0; i < json_length(targets); i++)
		fill_target(table, endpoint, json_at(targets, i));
	if (json_length(targets) == 0)
		fill_target(table, endpoint, NULL);
}

/* A reply as if it had come in one. */
static int fetch_all(const Settings *settings, Json **ret_reply)
{
	_cleanup_client_ Client client = CLIENT_NULL;
	Json *all;
	int r = client_open(settings, &client);

	if (r == CLI_OK)
		r = endpoint_fetch_all(&client, &all);
	if (r != CLI_OK)
		return r;
	*ret_reply = json_new_object();
	json_set_uint(*ret_reply, "total", json_length(all));
	json_set(*ret_reply, "endpoints", all);
	return CLI_OK;
}

static int fetch_one(const Settings *settings, const char *name, Json **ret_reply)
{
	Json *parameters = json_new_object();

	json_set_string(parameters, "name", name);
	return client_call_once(settings, INTERFACE_LIST_ENDPOINTS, parameters, ret_reply);
}

int verb_endpoints(const Settings *settings, char *const arguments[], size_t n)
{
	_cleanup_json_ Json *reply = NULL;
	_cleanup_table_ Table table = {.cells = NULL};
	Text text = {.data = NULL};
	const Json *list;
	int r = n > 0 ? fetch_one(settings, arguments[0], &reply) : fetch_all(settings, &reply);

	if (r != CLI_OK)
		return r;
	if (settings->format != FORMAT_TEXT)
		return output_json(settings, reply);
	list = json_get(reply, "endpoints");
	if (n > 0) {
		endpoint_append(settings, json_at(list, 0), &text);
		return output_text(&text);
	}
	table_init(&table, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < json_length(list); i++)
		fill(&table, json_at(list, i));
	table_append(&table, settings, 0, &text);
	return output_text(&text);
}
