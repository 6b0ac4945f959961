/* SPDX-License-Identifier: MIT */
#include "cli/change.h"

#include "cli/cli.h"
#include "cli/output.h"
#include "common/parse.h"

const char *change_outcome(const Json *change)
{
	const char *state = json_string(json_get(change, "state"));

	return text_equal(state, "decided") ? json_string(json_get(change, "verdict")) : state;
}

static const char *word(const Json *object, const char *key)
{
	const char *string = json_string(json_get(object, key));

	return string ? string : "-";
}

static void append_values(const Json *change, const char *from, const char *to, Text *text)
{
	const Json *settings = json_get(change, "tunables");

	for (size_t i = 0; i < json_length(settings); i++) {
		const Json *setting = json_at(settings, i);

		text_append(text, i ? ", " : "");
		if (text_starts_with(word(setting, "key"), "route."))
			text_appendf(text, "%s ", word(change, "path"));
		text_appendf(text, "%s: %s -> %s", word(setting, "key"), word(setting, from),
			     word(setting, to));
	}
}

void change_values(const Json *change, Text *text)
{
	append_values(change, "old", "new", text);
}

void change_values_back(const Json *change, Text *text)
{
	append_values(change, "new", "old", text);
}

int change_read_id(const Settings *settings, const char *text, int64_t *ret_id)
{
	if (parse_int64(text, 1, INT64_MAX, ret_id) == 0)
		return CLI_OK;
	return output_error(settings, CLI_USAGE, "org.netopt.Client.Usage",
			    "%s is not the id of a change; see: netoptctl changes", text);
}

Json *change_with_id(int64_t id)
{
	Json *parameters = json_new_object();

	json_set_int(parameters, "id", id);
	return parameters;
}
