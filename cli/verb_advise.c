/* SPDX-License-Identifier: MIT */
/*
 * What would be done, and the operator's hand on it: advise, apply, hold; and the log level.
 */
#include <inttypes.h>

#include "cli/change.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/fold.h"
#include "cli/reply.h"
#include "cli/steer.h"
#include "cli/verbs.h"
#include "common/clock.h"
#include "common/interface.h"
#include "common/parse.h"

#define REASON_INDENT 14

/* --- advise --- */

static const char *proof(const Json *advice)
{
	const char *kind = reply_text(advice, "trial");

	if (json_bool(json_get(advice, "withdraw"), false))
		return "none: what netopt set has lost its reason, and goes back";
	if (text_equal(kind, "mechanical"))
		return "a limit is removed, and judged on connections born afterwards";
	if (text_equal(kind, "switchback"))
		return "old and new values in turn, in random order, pair by pair";
	if (text_equal(kind, "counter"))
		return "faults that the kernel counts, per load, before and after";
	return "none";
}

static void append_heading(const Settings *settings, const Json *advice, Text *text)
{
	_cleanup_(text_clear) Text line = {.data = NULL};

	text_appendf(&line, "%" PRId64 " %s", json_int(json_get(advice, "id"), 0),
		     reply_text(advice, "controller"));
	if (json_length(json_get(advice, "tunables")) > 0) {
		text_append(&line, ": ");
		change_values(advice, &line);
	}
	text_append(&line, "\n");
	output_append(settings, text, STYLE_BOLD, text_string(&line));
}

static void append_evidence(const Settings *settings, const Json *advice, Text *text)
{
	_cleanup_(text_clear) Text line = {.data = NULL};
	const Json *evidence = json_get(advice, "evidence");

	for (size_t i = 0; i < json_length(evidence); i++)
		text_appendf(&line, "%s%s %" PRId64, i ? ", " : "",
			     reply_text(json_at(evidence, i), "name"),
			     json_int(json_get(json_at(evidence, i), "value"), 0));
	if (json_length(evidence) > 0)
		fold_append(settings, "evidence", text_string(&line), text);
}

static void append_obstacles(const Settings *settings, const Json *advice, Text *text)
{
	const Json *obstacles = json_get(advice, "obstacles");

	if (json_length(obstacles) == 0)
		fold_append(settings, "obstacle", "nothing: it begins with the next step", text);
	for (size_t i = 0; i < json_length(obstacles); i++)
		fold_append(settings, i == 0 ? "obstacle" : "",
			    reply_text(json_at(obstacles, i), "text"), text);
}

static void append_advice(const Settings *settings, const Json *advice, Text *text)
{
	append_heading(settings, advice, text);
	fold_append(settings, "why", reply_text(advice, "summary"), text);
	if (*reply_text(advice, "formula"))
		fold_append(settings, "formula", reply_text(advice, "formula"), text);
	append_evidence(settings, advice, text);
	fold_append(settings, "proof", proof(advice), text);
	append_obstacles(settings, advice, text);
	text_append(text, "\n");
}

static void append_silent(const Settings *settings, const Json *controllers, Text *text)
{
	bool titled = false;

	for (size_t i = 0; i < json_length(controllers); i++) {
		const Json *controller = json_at(controllers, i);

		if (!json_get(controller, "idleReason"))
			continue;
		if (!titled)
			output_append(settings, text, STYLE_BOLD, "Nothing to propose\n");
		titled = true;
		fold_append_at(settings, REASON_INDENT, reply_text(controller, "name"),
			       reply_text(controller, "idleReason"), text);
	}
}

int verb_advise(const Settings *settings, char *const arguments[], size_t n)
{
	_cleanup_json_ Json *reply = NULL;
	Text text = {.data = NULL};
	const Json *advices;
	int r = client_call_once(settings, INTERFACE_ADVISE, NULL, &reply);

	(void)arguments;
	(void)n;
	if (r != CLI_OK)
		return r;
	if (settings->format != FORMAT_TEXT)
		return output_json(settings, reply);
	advices = json_get(reply, "advices");
	for (size_t i = 0; i < json_length(advices); i++)
		append_advice(settings, json_at(advices, i), &text);
	if (settings->legend)
		append_silent(settings, json_get(reply, "controllers"), &text);
	return output_text(&text);
}

/* --- apply, hold --- */

int verb_apply(const Settings *settings, char *const arguments[], size_t n)
{
	int64_t id;
	int r = change_read_id(settings, arguments[0], &id);

	(void)n; /* one, says the table of commands */
	return r == CLI_OK ? steer(settings, INTERFACE_APPLY, change_with_id(id)) : r;
}

int verb_hold(const Settings *settings, char *const arguments[], size_t n)
{
	Json *parameters;
	uint64_t ns = 0;
	int64_t id;
	int r = change_read_id(settings, arguments[0], &id);

	if (r != CLI_OK)
		return r;
	if (n > 1 && !text_equal(arguments[1], "0") &&
	    (parse_duration(arguments[1], &ns) < 0 || ns < NSEC_PER_USEC))
		return output_error(settings, CLI_USAGE, "org.netopt.Client.Usage",
				    "%s is not a duration such as 90s, 15min or 1h, or 0 to end a "
				    "hold",
				    arguments[1]);
	parameters = change_with_id(id);
	if (n > 1)
		json_set_uint(parameters, "durationUsec", ns / NSEC_PER_USEC);
	return steer(settings, INTERFACE_HOLD, parameters);
}

/* --- log level --- */

static int show_log_level(const Settings *settings)
{
	_cleanup_json_ Json *reply = NULL;
	Text text = {.data = NULL};
	int r = client_call_once(settings, INTERFACE_GET_LOG_LEVEL, NULL, &reply);

	if (r != CLI_OK)
		return r;
	if (settings->format != FORMAT_TEXT)
		return output_json(settings, reply);
	output_append(settings, &text, STYLE_PLAIN, reply_text(reply, "level"));
	text_append(&text, "\n");
	return output_text(&text);
}

int verb_log_level(const Settings *settings, char *const arguments[], size_t n)
{
	static const char *const levels[] = {"error", "warning", "notice", "info", "debug"};
	const char *level;
	Json *parameters;

	if (n == 0)
		return show_log_level(settings);
	level = text_equal(arguments[0], "err") ? "error" : arguments[0];
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		if (!text_equal(levels[i], level))
			continue;
		parameters = json_new_object();
		json_set_string(parameters, "level", level);
		return steer(settings, INTERFACE_SET_LOG_LEVEL, parameters);
	}
	return output_error(settings, CLI_USAGE, "org.netopt.Client.Usage",
			    "%s is not a log level; there are: err, warning, notice, info, debug",
			    arguments[0]);
}
