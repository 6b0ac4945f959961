/* SPDX-License-Identifier: MIT */
#include "cli/watch_question.h"

#include <errno.h>
#include <string.h>

#include "cli/endpoint.h"
#include "common/interface.h"
#include "common/parse.h"

void watch_question_clear(WatchQuestion *question)
{
	watch_link_close(&question->link);
}

static Json *explain_parameters(WatchPane pane, const char *key)
{
	Json *parameters = json_new_object();
	int64_t id;

	if (pane == WATCH_ENDPOINTS)
		json_set_string(parameters, "endpoint", key);
	else if (pane == WATCH_PATHS)
		json_set_string(parameters, "path", key);
	else
		json_set_int(parameters, "id", parse_int64(key, 1, INT64_MAX, &id) == 0 ? id : 0);
	return parameters;
}

int watch_question_ask(WatchQuestion *question, WatchPane pane, const char *key, uint64_t now_ns)
{
	int r;

	watch_link_close(&question->link);
	question->pane = pane;
	question->lists = false;
	question->deadline_ns = now_ns + question->settings->timeout_ns;
	(void)text_copy(question->key, sizeof(question->key), key);
	r = watch_link_open(&question->link, question->settings->socket);
	if (r == 0)
		r = watch_link_call(&question->link, INTERFACE_EXPLAIN,
				    explain_parameters(pane, key), false);
	return r;
}

/* All about the endpoint, as `netoptctl endpoints NAME` has it. */
static int ask_list(WatchQuestion *question)
{
	Json *parameters = json_new_object();

	question->lists = true;
	json_set_string(parameters, "name", question->key);
	return watch_link_call(&question->link, INTERFACE_LIST_ENDPOINTS, parameters, false);
}

static void append_endpoint(const WatchQuestion *question, const Json *reply, size_t width,
			    Text *text)
{
	Settings settings = *question->settings;

	settings.colour = false;
	settings.width = width;
	settings.legend = true;
	endpoint_append(&settings, json_at(json_get(reply, "endpoints"), 0), text);
}

/* 0: asked again. */
static int refused(WatchQuestion *question, const char *error, const Json *parameters, Text *text)
{
	const char *message = json_string(json_get(parameters, "message"));
	bool old = text_equal(error, INTERFACE_ERROR_INVALID_PARAMETER);

	if (old && question->pane == WATCH_ENDPOINTS && !question->lists)
		return ask_list(question);
	text_appendf(text,
		     old ? "This netoptd does not explain it: is it older than netoptctl?\n%s\n"
		     : message ? "%s\n"
			       : "netoptd refused: %s\n",
		     message ? message : error);
	return 1;
}

static int answered(WatchQuestion *question, const Json *message, size_t width, Text *text)
{
	const Json *parameters = json_get(message, "parameters");
	const char *error = json_string(json_get(message, "error"));
	const char *explanation = json_string(json_get(parameters, "text"));

	if (error)
		return refused(question, error, parameters, text);
	if (question->lists && json_length(json_get(parameters, "endpoints")) > 0)
		append_endpoint(question, parameters, width, text);
	else
		text_append(text, explanation ? explanation : "netoptd said nothing.\n");
	return 1;
}

int watch_question_step(WatchQuestion *question, short revents, size_t width, uint64_t now_ns,
			Text *text)
{
	_cleanup_json_ Json *message = NULL;
	int end = revents ? watch_link_step(&question->link, revents) : 0;
	int r = watch_link_next(&question->link, &message);

	if (r > 0)
		r = answered(question, message, width, text);
	else if (r == 0)
		r = end < 0 ? end : now_ns >= question->deadline_ns ? -ETIMEDOUT : 0;
	if (r < 0)
		text_appendf(text, "No answer from netoptd: %s\n", strerror(-r));
	if (r == 0)
		return 0;
	watch_link_close(&question->link);
	return 1;
}
