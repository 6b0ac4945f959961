/* SPDX-License-Identifier: MIT */
/*
 * Whether what is live is what the daemon believes: each difference with its remedy, and how far
 * the connections that there are have followed.
 */
#include <inttypes.h>

#include "cli/cell.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/fold.h"
#include "cli/reply.h"
#include "cli/verbs.h"
#include "common/base.h"
#include "common/interface.h"

static const char *word(const Json *object, const char *key, const char *otherwise)
{
	const char *string = json_string(json_get(object, key));

	return string ? string : otherwise;
}

static int64_t number(const Json *object, const char *key)
{
	return json_int(json_get(object, key), 0);
}

static void append_difference(const Settings *settings, const Json *difference, Text *text)
{
	_cleanup_(text_clear) Text line = {.data = NULL};

	text_appendf(&line, "%s %s differs\n", reply_word(difference, "kind"),
		     reply_word(difference, "subject"));
	output_append(settings, text, STYLE_BAD, text_string(&line));
	fold_append(settings, "believed", reply_word(difference, "believed"), text);
	fold_append(settings, "live", reply_word(difference, "live"), text);
	fold_append(settings, "remedy", reply_word(difference, "remedy"), text);
}

static void append_summary(const Settings *settings, const Json *reply, Text *text)
{
	int64_t total = number(reply, "differencesTotal");
	int64_t shown = (int64_t)json_length(json_get(reply, "differences"));

	if (json_bool(json_get(reply, "equal"), false))
		output_append(settings, text, STYLE_GOOD, "equal");
	else
		output_append(settings, text, STYLE_BAD, "not equal");
	text_appendf(text,
		     ": %" PRId64 " sysctls and %" PRId64 " routes of ours, %" PRId64
		     " entries of the journal",
		     number(reply, "sysctls"), number(reply, "routes"),
		     number(reply, "journalEntries"));
	if (total > 0)
		text_appendf(text, "; %" PRId64 " difference%s", total, total == 1 ? "" : "s");
	if (total > shown)
		text_appendf(text, ", of which %" PRId64 " are shown", shown);
	text_append(text, "\n");
}

static const TableColumn columns[] = {
	{.title = "DESTINATION"},
	{.title = "CONGESTION", .drop = 1},
	{.title = "CONNECTIONS", .right = true},
	{.title = "USE IT", .right = true},
	{.title = "OLDER", .right = true},
	{.title = "OTHERWISE", .right = true},
};

static void append_uses(const Settings *settings, const Json *uses, Text *text)
{
	_cleanup_table_ Table table = {.cells = NULL};

	if (json_length(uses) == 0)
		return;
	table_init(&table, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < json_length(uses); i++) {
		const Json *use = json_at(uses, i);

		table_add(&table, STYLE_PLAIN, word(use, "destination", "all others"));
		cell_text(&table, use, "congestion");
		cell_count(&table, use, "connections");
		cell_count(&table, use, "using");
		cell_count(&table, use, "older");
		cell_count(&table, use, "other");
	}
	text_append(text, "\n");
	table_append(&table, settings, 0, text);
	fold_append_at(settings, 2, "",
		       "OLDER ones keep what they were born with until they end; OTHERWISE are "
		       "younger ones that use another.",
		       text);
}

static void append_queues(const Settings *settings, const Json *reply, Text *text)
{
	_cleanup_(text_clear) Text line = {.data = NULL};
	const Json *queues = json_get(reply, "queues");

	text_appendf(&line, "%s by default", word(reply, "defaultQdisc", "not known"));
	for (size_t i = 0; i < json_length(queues); i++)
		text_appendf(&line, "%s%s has %s", i ? ", " : "; ",
			     word(json_at(queues, i), "link", "-"),
			     word(json_at(queues, i), "qdisc", "one that is not known"));
	text_append(text, "\n");
	fold_append(settings, "queues", text_string(&line), text);
}

int verb_verify(const Settings *settings, char *const arguments[], size_t n)
{
	_cleanup_json_ Json *reply = NULL;
	Text text = {.data = NULL};
	const Json *differences;
	bool equal;
	int r = client_call_once(settings, INTERFACE_VERIFY, NULL, &reply);

	(void)arguments;
	(void)n;
	if (r != CLI_OK)
		return r;
	equal = json_bool(json_get(reply, "equal"), false);
	if (settings->format != FORMAT_TEXT) {
		r = output_json(settings, reply);
	} else if (!settings->quiet || !equal) {
		differences = json_get(reply, "differences");
		append_summary(settings, reply, &text);
		for (size_t i = 0; i < json_length(differences); i++)
			append_difference(settings, json_at(differences, i), &text);
		append_uses(settings, json_get(reply, "destinations"), &text);
		append_queues(settings, reply, &text);
		r = output_text(&text);
	}
	return r == CLI_OK && !equal ? CLI_FAILED : r;
}
