/* SPDX-License-Identifier: MIT */
/*
 * What is not as it was before netoptd, or (--defaults) as the kernel would have it: like a diff,
 * with whose each line is.
 */
#include <inttypes.h>

#include "cli/cell.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/reply.h"
#include "cli/tunable.h"
#include "cli/verbs.h"
#include "common/interface.h"

typedef struct Diff {
	const Settings *settings;
	Json *tunables, *changes, *routes; /* replies; the last two only without --defaults */
} Diff;

static void diff_clear(Diff *diff)
{
	json_free(diff->tunables);
	json_free(diff->changes);
	json_free(diff->routes);
}

static const char *old_key(const Settings *settings)
{
	return settings->defaults ? "kernelDefault" : "original";
}

/* What is not known on one side is no difference. */
static bool differs(const Settings *settings, const Json *tunable)
{
	const char *old = json_string(json_get(tunable, old_key(settings)));
	const char *now = json_string(json_get(tunable, "current"));

	return old && now && !text_equal(old, now);
}

/* The controller of a change; NULL: it is not known any more. */
static const char *find_controller(const Diff *diff, uint64_t id)
{
	const Json *changes = json_get(diff->changes, "changes");

	for (size_t i = 0; i < json_length(changes); i++)
		if (reply_number(json_at(changes, i), "id") == id)
			return json_string(json_get(json_at(changes, i), "controller"));
	return NULL;
}

static void append_line(const Diff *diff, OutputStyle style, const char *sign, const char *value,
			Text *text)
{
	_cleanup_(text_clear) Text line = {.data = NULL};

	text_appendf(&line, "%s%s", sign, value);
	output_append(diff->settings, text, style, text_string(&line));
	text_append(text, "\n");
}

/* "  (netopt, change 1: buffers)" */
static void append_owner(const Diff *diff, const char *who, uint64_t id, Text *text)
{
	_cleanup_(text_clear) Text line = {.data = NULL};
	const char *controller = id > 0 ? find_controller(diff, id) : NULL;

	text_appendf(&line, "  (%s", who);
	if (id > 0)
		text_appendf(&line, ", change %" PRIu64, id);
	if (controller)
		text_appendf(&line, ": %s", controller);
	text_append(&line, ")\n");
	output_append(diff->settings, text, STYLE_PLAIN, text_string(&line));
}

static void append_tunable(const Diff *diff, const Json *tunable, Text *text)
{
	output_append(diff->settings, text, STYLE_BOLD, reply_word(tunable, "key"));
	append_owner(diff, tunable_setter(tunable), reply_number(tunable, "changeId"), text);
	append_line(diff, STYLE_BAD, "- ", reply_word(tunable, old_key(diff->settings)), text);
	append_line(diff, STYLE_GOOD, "+ ", reply_word(tunable, "current"), text);
}

static void append_route(const Diff *diff, const Json *route, Text *text)
{
	_cleanup_(text_clear) Text line = {.data = NULL};

	text_appendf(&line, "%s %s", reply_word(route, "route"), reply_word(route, "metrics"));
	output_append(diff->settings, text, STYLE_BOLD, "route ");
	output_append(diff->settings, text, STYLE_BOLD, reply_word(route, "destination"));
	append_owner(diff, "netopt", reply_number(route, "changeId"), text);
	append_line(diff, STYLE_GOOD, "+ ", text_string(&line), text);
}

static void append_all(const Diff *diff, Text *text)
{
	const Json *tunables = json_get(diff->tunables, "tunables");
	const Json *routes = json_get(diff->routes, "routes");
	size_t n = json_length(routes);

	for (size_t i = 0; i < json_length(tunables); i++) {
		if (!differs(diff->settings, json_at(tunables, i)))
			continue;
		append_tunable(diff, json_at(tunables, i), text);
		n++;
	}
	for (size_t i = 0; i < json_length(routes); i++)
		append_route(diff, json_at(routes, i), text);
	if (n == 0 && !diff->settings->quiet)
		text_append(text, diff->settings->defaults
					  ? "Everything is as the kernel has it by default.\n"
					  : "Everything is as it was before netoptd.\n");
}

static Json *as_json(const Diff *diff)
{
	const Json *tunables = json_get(diff->tunables, "tunables");
	Json *reply = json_new_object(), *array = json_new_array();
	Json *routes = json_get(diff->routes, "routes");

	for (size_t i = 0; i < json_length(tunables); i++)
		if (differs(diff->settings, json_at(tunables, i)))
			json_append(array, json_reference(json_at(tunables, i)));
	json_set_string(reply, "from", old_key(diff->settings));
	json_set(reply, "tunables", array);
	json_set(reply, "routes", routes ? json_reference(routes) : json_new_array());
	return reply;
}

static int fetch(Diff *diff)
{
	_cleanup_client_ Client client = CLIENT_NULL;
	Json *parameters;
	int r = client_open(diff->settings, &client);

	if (r == CLI_OK)
		r = client_call(&client, INTERFACE_LIST_TUNABLES, NULL, &diff->tunables);
	if (r != CLI_OK || diff->settings->defaults)
		return r;
	r = client_call(&client, INTERFACE_LIST_CHANGES, NULL, &diff->changes);
	if (r != CLI_OK)
		return r;
	parameters = json_new_object();
	json_set_uint(parameters, "limit", 1000); /* all the daemon tells of */
	return client_call(&client, INTERFACE_LIST_ROUTES, parameters, &diff->routes);
}

int verb_diff(const Settings *settings, char *const arguments[], size_t n)
{
	_cleanup_(diff_clear) Diff diff = {.settings = settings};
	_cleanup_json_ Json *json = NULL;
	Text text = {.data = NULL};
	int r = fetch(&diff);

	(void)arguments;
	(void)n;
	if (r != CLI_OK)
		return r;
	if (settings->format != FORMAT_TEXT) {
		json = as_json(&diff);
		return output_json(settings, json);
	}
	append_all(&diff, &text);
	return output_text(&text);
}
