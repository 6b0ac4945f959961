/* SPDX-License-Identifier: MIT */
/*
 * The check of a monitoring system. As a command it says what is wrong and ends with the status of
 * every other command, 6 for what is exceeded; as a plugin (--nagios) it prints the one line and
 * ends with the status that the guidelines of monitoring plugins want, whatever happens.
 */
#include <ctype.h>
#include <inttypes.h>

#include "cli/check.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/endpoint_fetch.h"
#include "cli/reply.h"
#include "cli/verbs.h"

#define PROBLEMS_SHOWN 3 /* in the line of a plugin, which systems send as a short message */

typedef struct Report {
	const Settings *settings;
	CheckState worst;
	size_t n, counts[CHECK_CRITICAL + 1];
	Json *endpoints; /* for --json: name, state, problems */
	Text lines;      /* one for each that is not ok, the worst first */
	Text data;       /* performance data */
	Text summary;    /* the first problems, for one line */
	size_t summarised;
} Report;

static void report_clear(Report *report)
{
	json_free(report->endpoints);
	text_clear(&report->lines);
	text_clear(&report->data);
	text_clear(&report->summary);
}

static int exit_status(const Report *report)
{
	static const int plugin[] = {
		[CHECK_OK] = PLUGIN_OK,
		[CHECK_UNKNOWN] = PLUGIN_UNKNOWN,
		[CHECK_WARNING] = PLUGIN_WARNING,
		[CHECK_CRITICAL] = PLUGIN_CRITICAL,
	};

	if (report->settings->nagios)
		return plugin[report->worst];
	return report->worst == CHECK_OK        ? CLI_OK
	       : report->worst == CHECK_UNKNOWN ? CLI_FAILED
						: CLI_EXCEEDED;
}

static void add_json(Report *report, const Json *endpoint, CheckState state, const char *problems)
{
	Json *json = json_new_object();

	json_set_string(json, "name", reply_word(endpoint, "name"));
	json_set_string(json, "state", check_state_name(state));
	json_set_string(json, "problems", *problems ? problems : NULL);
	json_append(report->endpoints, json);
}

static OutputStyle style_of(CheckState state)
{
	return state == CHECK_CRITICAL ? STYLE_BAD : STYLE_WARN;
}

static void add_problem(Report *report, const Json *endpoint, CheckState state,
			const char *problems)
{
	const char *name = reply_word(endpoint, "name");
	_cleanup_(text_clear) Text line = {.data = NULL};

	text_appendf(&line, " %s: %s\n", name, problems);
	output_append(report->settings, &report->lines, style_of(state), check_state_name(state));
	output_append(report->settings, &report->lines, STYLE_PLAIN, text_string(&line));
	if (report->summarised++ >= PROBLEMS_SHOWN)
		return;
	text_appendf(&report->summary, "%s%s: %s", report->summary.length ? "; " : "", name,
		     problems);
}

/* Those of one state: so the worst stand first. */
static void add_state(Report *report, const Json *list, CheckState wanted)
{
	for (size_t i = 0; i < json_length(list); i++) {
		const Json *endpoint = json_at(list, i);
		_cleanup_(text_clear) Text problems = {.data = NULL};
		CheckState state = check_endpoint(report->settings, endpoint, &problems);

		if (state != wanted)
			continue;
		report->counts[state]++;
		report->worst = MAX(report->worst, state);
		add_json(report, endpoint, state, text_string(&problems));
		if (state != CHECK_OK)
			add_problem(report, endpoint, state, text_string(&problems));
	}
}

static void make_report(Report *report, const Json *list)
{
	report->n = json_length(list);
	report->endpoints = json_new_array();
	for (int state = CHECK_CRITICAL; state >= CHECK_OK; state--)
		add_state(report, list, (CheckState)state);
	for (size_t i = 0; i < report->n; i++)
		check_append_data(report->settings, json_at(list, i), &report->data);
	if (report->n == 0) {
		report->worst = CHECK_UNKNOWN;
		text_append(&report->summary, "no endpoint is configured");
		text_append(&report->lines, "no endpoint is configured: see netopt.conf(5)\n");
	}
}

/* What would end the line, or the text before the performance data. */
static void append_one_line(const char *string, Text *text)
{
	for (; *string; string++)
		text_append_bytes(
			text, *string == '|' || iscntrl((unsigned char)*string) ? " " : string, 1);
}

static void append_plugin_line(const Report *report, Text *text)
{
	text_append(text, "NETOPT ");
	for (const char *c = check_state_name(report->worst); *c; c++)
		text_appendf(text, "%c", toupper((unsigned char)*c));
	text_append(text, " - ");
	if (report->summary.length == 0)
		text_appendf(text, "%zu endpoints are well", report->n);
	append_one_line(text_string(&report->summary), text);
	if (report->summarised > PROBLEMS_SHOWN)
		text_appendf(text, "; and %zu more", report->summarised - PROBLEMS_SHOWN);
	if (report->data.length > 0)
		text_appendf(text, " | %s", text_string(&report->data));
	text_append(text, "\n");
}

static int print(const Report *report)
{
	Text text = {.data = NULL};
	int r;

	if (report->settings->nagios) {
		append_plugin_line(report, &text);
		return output_raw(&text);
	}
	text_append(&text, text_string(&report->lines));
	if (report->n > 0 && !report->settings->quiet)
		text_appendf(&text, "%zu of %zu endpoints are well\n", report->counts[CHECK_OK],
			     report->n);
	r = output_text(&text);
	return r;
}

static int print_json(const Report *report)
{
	_cleanup_json_ Json *json = json_new_object();

	json_set_string(json, "state", check_state_name(report->worst));
	json_set(json, "endpoints", json_reference(report->endpoints));
	return output_json(report->settings, json);
}

int verb_check(const Settings *settings, char *const arguments[], size_t n)
{
	_cleanup_client_ Client client = CLIENT_NULL;
	_cleanup_(report_clear) Report report = {.settings = settings};
	_cleanup_json_ Json *reply = NULL;
	int r = client_open(settings, &client);

	(void)arguments;
	(void)n;
	if (r == CLI_OK)
		r = endpoint_fetch_chosen(&client, &reply);
	if (r != CLI_OK)
		return r;
	make_report(&report, json_get(reply, "endpoints"));
	r = settings->format == FORMAT_TEXT ? print(&report) : print_json(&report);
	return r == CLI_OK ? exit_status(&report) : r;
}
