/* SPDX-License-Identifier: MIT */
#include "cli/list.h"

#include <inttypes.h>

#include "cli/cli.h"
#include "cli/client.h"

int list_call(const Settings *settings, const char *method, Json **ret_reply)
{
	Json *parameters = json_new_object();

	if (settings->limit > 0)
		json_set_uint(parameters, "limit", settings->limit);
	if (settings->process)
		json_set_bool(parameters, "process", true);
	return client_call_once(settings, method, parameters, ret_reply);
}

void list_append(const Settings *settings, const List *list, const Json *reply, Text *text)
{
	_cleanup_table_ Table table = {.cells = NULL};
	const Json *array = json_get(reply, list->key);
	size_t n = json_length(array);
	int64_t total = json_int(json_get(reply, "total"), 0);

	table_init(&table, list->columns,
		   list->n_columns - (settings->process ? 0 : list->of_process));
	for (size_t i = 0; i < n; i++)
		list->fill(&table, json_at(array, i));
	table_append(&table, settings, 0, text);
	if (settings->legend && total > (int64_t)n)
		text_appendf(text, "%zu of %" PRId64 "; more with --limit\n", n, total);
}

int list_show(const Settings *settings, const List *list)
{
	_cleanup_json_ Json *reply = NULL;
	Text text = {.data = NULL};
	int r = list_call(settings, list->method, &reply);

	if (r != CLI_OK)
		return r;
	if (settings->format != FORMAT_TEXT)
		return output_json(settings, reply);
	list_append(settings, list, reply, &text);
	return output_text(&text);
}
