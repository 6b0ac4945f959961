/* SPDX-License-Identifier: MIT */
/*
 * Changes: the list, and taking one back.
 */
#include <stdio.h>
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

static const TableColumn back_columns[] = {
	{.title = "ID", .right = true},
	{.title = "CONTROLLER", .drop = 1},
	{.title = "WOULD PUT BACK", .flexible = true, .least = 24},
};

static void fill_back(Table *table, const Json *change)
{
	_cleanup_(text_clear) Text values = {.data = NULL};

	cell_count(table, change, "id");
	cell_text(table, change, "controller");
	change_values_back(change, &values);
	table_add(table, STYLE_PLAIN, text_string(&values));
}

/* Of a reply of ListChanges, those in force. */
static Json *in_force_of(const Json *reply)
{
	const Json *changes = json_get(reply, "changes");
	Json *kept = json_new_array();

	for (size_t i = 0; i < json_length(changes); i++)
		if (json_bool(json_get(json_at(changes, i), "inForce"), false))
			json_append(kept, json_reference(json_at(changes, i)));
	return kept;
}

/* What would be reverted: `parameters` of ListChanges (NULL: all). */
static int fetch_in_force(const Settings *settings, Json *parameters, Json **ret_reply)
{
	_cleanup_json_ Json *reply = NULL;
	int r = client_call_once(settings, INTERFACE_LIST_CHANGES, parameters, &reply);

	if (r != CLI_OK)
		return r;
	*ret_reply = json_new_object();
	json_set(*ret_reply, "changes", in_force_of(reply));
	return CLI_OK;
}

static int show_back(const Settings *settings, Json *parameters)
{
	_cleanup_json_ Json *reply = NULL;
	_cleanup_table_ Table table = {.cells = NULL};
	const Json *changes;
	Text text = {.data = NULL};
	int r = fetch_in_force(settings, parameters, &reply);

	if (r != CLI_OK)
		return r;
	if (settings->format != FORMAT_TEXT)
		return output_json(settings, reply);
	changes = json_get(reply, "changes");
	table_init(&table, back_columns, ARRAY_SIZE(back_columns));
	for (size_t i = 0; i < json_length(changes); i++)
		fill_back(&table, json_at(changes, i));
	if (json_length(changes) > 0)
		table_append(&table, settings, 0, &text);
	else if (!settings->quiet)
		text_append(&text, "Nothing is in force: nothing would change.\n");
	return output_text(&text);
}

/* CLI_OK: go on. A script, whose input is no terminal, is not asked. */
static int confirm_all(const Settings *settings)
{
	_cleanup_json_ Json *reply = NULL;
	char answer[16];
	int r;

	if (settings->yes || settings->format != FORMAT_TEXT || !isatty(STDIN_FILENO) ||
	    !isatty(STDERR_FILENO))
		return CLI_OK;
	r = fetch_in_force(settings, NULL, &reply);
	if (r != CLI_OK)
		return r;
	fprintf(stderr, "Put back the values of before %zu changes in force? [y/N] ",
		json_length(json_get(reply, "changes")));
	if (fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
		return CLI_OK;
	return output_error(settings, CLI_FAILED, "org.netopt.Client.NotConfirmed",
			    "not confirmed: nothing was changed");
}

int verb_revert(const Settings *settings, char *const arguments[], size_t n)
{
	bool all = text_equal(arguments[0], "all");
	Json *parameters = NULL;
	int64_t id = 0;
	int r = all ? CLI_OK : change_read_id(settings, arguments[0], &id);

	(void)n; /* one, says the table of commands */
	if (r == CLI_OK && settings->dry_run)
		return show_back(settings, all ? NULL : change_with_id(id));
	if (r == CLI_OK && all)
		r = confirm_all(settings);
	if (r != CLI_OK)
		return r;
	if (all) {
		parameters = json_new_object();
		json_set_bool(parameters, "all", true);
	} else {
		parameters = change_with_id(id);
	}
	return steer(settings, INTERFACE_REVERT, parameters);
}

int verb_release(const Settings *settings, char *const arguments[], size_t n)
{
	Json *parameters = json_new_object();

	(void)n; /* one, says the table of commands */
	json_set_string(parameters, "subject", arguments[0]);
	return steer(settings, INTERFACE_RELEASE, parameters);
}
