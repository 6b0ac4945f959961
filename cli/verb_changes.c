/* SPDX-License-Identifier: MIT */
/*
 * Changes: the list, the explanation, and taking one back.
 */
#include <time.h>

#include "cli/cell.h"
#include "cli/change.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/steer.h"
#include "cli/verbs.h"
#include "common/interface.h"

static const TableColumn columns[] = {
	{.title = "ID", .right = true},
	{.title = "PROPOSED", .drop = 5},
	{.title = "CONTROLLER"},
	{.title = "PATH", .drop = 4},
	{.title = "STATE"},
	{.title = "GAIN", .right = true, .drop = 2},
	{.title = "IN FORCE", .drop = 3},
	{.title = "VALUES", .flexible = true, .least = 24, .drop = 1},
};

static void add_time(Table *table, const Json *change)
{
	int64_t usec = json_int(json_get(change, "proposedRealtimeUsec"), 0);
	time_t seconds = (time_t)(usec / 1000000);
	struct tm parts;
	char buffer[32];

	if (usec <= 0 || !localtime_r(&seconds, &parts) ||
	    strftime(buffer, sizeof(buffer), "%Y-%m-%d %H:%M:%S", &parts) == 0)
		buffer[0] = '\0';
	table_add(table, STYLE_PLAIN, buffer);
}

static const char *in_force(const Json *change)
{
	bool held = json_bool(json_get(change, "held"), false);

	if (!json_bool(json_get(change, "inForce"), false))
		return held ? "no, held" : "no";
	if (held)
		return "held";
	return json_bool(json_get(change, "provisional"), false) ? "provisional" : "yes";
}

static void fill(Table *table, const Json *change)
{
	_cleanup_(text_clear) Text values = {.data = NULL};
	const char *outcome = change_outcome(change);

	cell_count(table, change, "id");
	add_time(table, change);
	cell_text(table, change, "controller");
	cell_text(table, change, "path");
	table_add(table, cell_style(outcome), outcome);
	cell_permille(table, json_get(change, "trial"), "gainPermille", true);
	table_add(table, STYLE_PLAIN, in_force(change));
	change_values(change, &values);
	table_add(table, STYLE_PLAIN, text_string(&values));
}

int verb_changes(const Settings *settings, char *const arguments[], size_t n)
{
	_cleanup_json_ Json *reply = NULL;
	_cleanup_table_ Table table = {.cells = NULL};
	Text text = {.data = NULL};
	const Json *changes;
	int64_t id = 0;
	int r = n > 0 ? change_read_id(settings, arguments[0], &id) : CLI_OK;

	if (r == CLI_OK)
		r = client_call_once(settings, INTERFACE_LIST_CHANGES,
				     n > 0 ? change_with_id(id) : NULL, &reply);
	if (r != CLI_OK)
		return r;
	if (settings->format != FORMAT_TEXT)
		return output_json(settings, reply);
	changes = json_get(reply, "changes");
	table_init(&table, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < json_length(changes); i++)
		fill(&table, json_at(changes, i));
	table_append(&table, settings, 0, &text);
	return output_text(&text);
}

int verb_revert(const Settings *settings, char *const arguments[], size_t n)
{
	Json *parameters;
	int64_t id;
	int r;

	(void)n; /* one, says the table of commands */
	if (text_equal(arguments[0], "all")) {
		parameters = json_new_object();
		json_set_bool(parameters, "all", true);
	} else {
		r = change_read_id(settings, arguments[0], &id);
		if (r != CLI_OK)
			return r;
		parameters = change_with_id(id);
	}
	return steer(settings, INTERFACE_REVERT, parameters);
}
