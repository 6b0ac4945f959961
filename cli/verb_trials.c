/* SPDX-License-Identifier: MIT */
/*
 * Trials: those under way and the last ones, and starting one that compares a setting with itself.
 * A trial is part of a change, so the list is made from the changes.
 */
#include <math.h>

#include "cli/cell.h"
#include "cli/change.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/steer.h"
#include "cli/verbs.h"
#include "common/address.h"
#include "common/interface.h"

#define SHOWN_DEFAULT 20

static const TableColumn columns[] = {
	{.title = "ID", .right = true},
	{.title = "CONTROLLER"},
	{.title = "PATH", .drop = 2},
	{.title = "KIND", .drop = 6},
	{.title = "PAIRS", .right = true, .drop = 3},
	{.title = "E-VALUE", .right = true},
	{.title = "EFFECT", .right = true, .drop = 1},
	{.title = "STATE"},
	{.title = "PHASE", .flexible = true, .least = 16, .drop = 4},
};

static bool is_trial(const Json *change)
{
	const char *kind = json_string(json_get(json_get(change, "trial"), "kind"));

	return kind && !text_equal(kind, "none");
}

static bool is_running(const Json *change)
{
	return text_equal(json_string(json_get(change, "state")), "trial");
}

/* "3.2 of 20"; neither is linear in anything, so three figures are enough. */
static void add_evidence(Table *table, const Json *trial)
{
	const Json *have = json_get(trial, "logEBenefitMilli");
	const Json *need = json_get(trial, "logEKeepMilli");
	_cleanup_(text_clear) Text text = {.data = NULL};

	if (have)
		text_appendf(&text, "%.3g", exp((double)json_int(have, 0) / 1000));
	if (have && need)
		text_appendf(&text, " of %.3g", exp((double)json_int(need, 0) / 1000));
	table_add(table, STYLE_PLAIN, text_string(&text));
}

static void fill(Table *table, const Json *change)
{
	const Json *trial = json_get(change, "trial");
	const char *outcome = change_outcome(change);

	cell_count(table, change, "id");
	cell_text(table, change, "controller");
	cell_text(table, change, "path");
	cell_text(table, trial, "kind");
	cell_count(table, trial, "pairs");
	add_evidence(table, trial);
	cell_permille(table, trial, "gainPermille", true);
	table_add(table, cell_style(outcome), outcome);
	cell_text(table, is_running(change) ? trial : change,
		  is_running(change) ? "phase" : "reason");
}

/* The changes that are or had a trial, those under way first; all of those, and then as many as
 * there is room for. */
static Json *select_trials(const Json *changes, size_t limit)
{
	Json *trials = json_new_array();

	for (int running = 1; running >= 0; running--)
		for (size_t i = 0; i < json_length(changes); i++) {
			Json *change = json_at(changes, i);

			if (is_trial(change) && is_running(change) == (running == 1) &&
			    json_length(trials) < limit)
				json_append(trials, json_reference(change));
		}
	return trials;
}

int verb_trials(const Settings *settings, char *const arguments[], size_t n)
{
	_cleanup_json_ Json *reply = NULL, *shown = NULL;
	_cleanup_table_ Table table = {.cells = NULL};
	Text text = {.data = NULL};
	Json *trials;
	int r = client_call_once(settings, INTERFACE_LIST_CHANGES, NULL, &reply);

	(void)arguments;
	(void)n;
	if (r != CLI_OK)
		return r;
	trials = select_trials(json_get(reply, "changes"),
			       settings->limit > 0 ? settings->limit : SHOWN_DEFAULT);
	shown = json_new_object();
	json_set(shown, "trials", trials);
	if (settings->format != FORMAT_TEXT)
		return output_json(settings, shown);
	table_init(&table, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < json_length(trials); i++)
		fill(&table, json_at(trials, i));
	table_append(&table, settings, 0, &text);
	return output_text(&text);
}

int verb_trial(const Settings *settings, char *const arguments[], size_t n)
{
	Address address;
	Json *parameters;

	(void)n; /* two, says the table of commands */
	if (!text_equal(arguments[0], "aa"))
		return output_error(settings, CLI_USAGE, "org.netopt.Client.Usage",
				    "%s is not a kind of trial; there is: aa", arguments[0]);
	if (address_parse(arguments[1], &address) < 0)
		return output_error(settings, CLI_USAGE, "org.netopt.Client.Usage",
				    "%s is not an address; see: netoptctl paths", arguments[1]);
	parameters = json_new_object();
	json_set_string(parameters, "kind", "aa");
	json_set_string(parameters, "path", arguments[1]);
	if (settings->pairs > 0)
		json_set_uint(parameters, "pairs", settings->pairs);
	return steer(settings, INTERFACE_START_TRIAL, parameters);
}
