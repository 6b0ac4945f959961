/* SPDX-License-Identifier: MIT */
/*
 * Why: of a change, an endpoint, a path or a tunable. The daemon writes the text, so that every
 * client explains in the same words; here it is folded.
 */
#include <string.h>

#include "cli/change.h"
#include "cli/cli.h"
#include "cli/fold.h"
#include "cli/subject.h"
#include "cli/verbs.h"
#include "common/interface.h"

#define INDENT    17 /* of what stands beside a label */
#define LINE_MAX_ 1024

/* CLI_OK, or what was said about it. */
static int parameters_of(const Settings *settings, const Subject *subject, Json **ret_parameters)
{
	static const char *const keys[_SUBJECT_KINDS] = {
		[SUBJECT_ENDPOINT] = "endpoint",
		[SUBJECT_PATH] = "path",
		[SUBJECT_TUNABLE] = "tunable",
	};
	int64_t id;

	if (subject->kind == SUBJECT_CHANGE) {
		int r = change_read_id(settings, subject->name, &id);

		if (r == CLI_OK)
			*ret_parameters = change_with_id(id);
		return r;
	}
	*ret_parameters = json_new_object();
	json_set_string(*ret_parameters, keys[subject->kind], subject->name);
	return CLI_OK;
}

/* A line that is too long is folded under where its words begin: "  label   words". */
static void append_line(const Settings *settings, const char *line, Text *text)
{
	size_t column = strspn(line, " "), length = strlen(line);

	if (length > settings->width && column == 2) {
		size_t label = strcspn(line + 2, " ");

		/* Labels of two words stand in their column, too. */
		while (line[2 + label] == ' ' && line[3 + label] != ' ' && line[3 + label] &&
		       2 + label < INDENT)
			label += 1 + strcspn(line + 3 + label, " ");
		column = 2 + label + strspn(line + 2 + label, " ");
		if (column > INDENT || label == 0)
			column = 2;
	}
	if (length <= settings->width || column >= settings->width) {
		output_append(settings, text, STYLE_PLAIN, line);
		text_append(text, "\n");
	} else {
		char label[INDENT + 1] = "";

		(void)text_format(label, sizeof(label), "%.*s", (int)MAX(column, (size_t)2) - 2,
				  column > 2 ? line + 2 : "");
		fold_append_at(settings, MAX(column, (size_t)2), label, line + column, text);
	}
}

static void append_explanation(const Settings *settings, const char *explanation, Text *text)
{
	char line[LINE_MAX_];

	while (*explanation) {
		size_t length = strcspn(explanation, "\n");

		(void)text_format(line, sizeof(line), "%.*s", (int)length, explanation);
		append_line(settings, line, text);
		explanation += length + (explanation[length] == '\n');
	}
}

int verb_explain(const Settings *settings, char *const arguments[], size_t n)
{
	_cleanup_client_ Client client = CLIENT_NULL;
	_cleanup_json_ Json *reply = NULL;
	Json *parameters = NULL;
	Text text = {.data = NULL};
	const char *explanation;
	Subject subject;
	bool guessed = subject_guess(arguments[0], &subject);
	int r = guessed ? parameters_of(settings, &subject, &parameters) : CLI_OK;

	(void)n; /* one, says the table of commands */
	if (r == CLI_OK)
		r = client_open(settings, &client);
	if (r == CLI_OK && !guessed)
		r = subject_find(&client, arguments[0], &subject);
	if (r == CLI_OK && !guessed)
		r = parameters_of(settings, &subject, &parameters);
	if (r != CLI_OK) {
		json_free(parameters);
		return r;
	}
	r = client_call(&client, INTERFACE_EXPLAIN, parameters, &reply);
	if (r != CLI_OK)
		return r;
	if (settings->format != FORMAT_TEXT)
		return output_json(settings, reply);
	explanation = json_string(json_get(reply, "text"));
	append_explanation(settings, explanation ? explanation : "", &text);
	return output_text(&text);
}
