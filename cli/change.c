/* SPDX-License-Identifier: MIT */
#include "cli/change.h"

#include "cli/cli.h"
#include "cli/output.h"
#include "cli/reply.h"
#include "common/human.h"
#include "common/parse.h"

const char *change_outcome(const Json *change)
{
	const char *state = json_string(json_get(change, "state"));

	return text_equal(state, "decided") ? json_string(json_get(change, "verdict")) : state;
}

static void append_values(const Json *change, const char *from, const char *to, Text *text)
{
	const Json *settings = json_get(change, "tunables");

	for (size_t i = 0; i < json_length(settings); i++) {
		const Json *setting = json_at(settings, i);

		text_append(text, i ? ", " : "");
		if (text_starts_with(reply_word(setting, "key"), "route."))
			text_appendf(text, "%s ", reply_word(change, "path"));
		text_appendf(text, "%s: %s -> %s", reply_word(setting, "key"),
			     reply_word(setting, from), reply_word(setting, to));
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

void change_append_interval(const Json *trial, Text *text)
{
	const Json *low = json_get(trial, "gainLowPermille");
	const Json *high = json_get(trial, "gainHighPermille");
	char buffer[HUMAN_MAX];

	if (!low || !high)
		return;
	text_appendf(text, " (%s", human_permille(json_int(low, 0), true, buffer));
	text_appendf(text, " to %s)", human_permille(json_int(high, 0), true, buffer));
}

void change_append_effect(const Json *trial, Text *text)
{
	const Json *gain = json_get(trial, "gainPermille");
	char buffer[HUMAN_MAX];

	if (!gain)
		return;
	text_append(text, human_permille(json_int(gain, 0), true, buffer));
	change_append_interval(trial, text);
}
