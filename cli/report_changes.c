/* SPDX-License-Identifier: MIT */
/*
 * Each change with what it was for, how it was tried, and what came of it.
 */
#include "cli/report.h"

#include <inttypes.h>

#include "cli/change.h"
#include "cli/chart.h"
#include "cli/html.h"
#include "cli/reply.h"
#include "common/human.h"

#define CHANGES_MAX 40
#define PAIRS_MAX   60

static const char *outcome_class(const char *outcome)
{
	if (text_equal(outcome, "kept"))
		return "good";
	return text_equal(outcome, "trial") || text_equal(outcome, "restored") ? "warn" : "dim";
}

static void append_title(const Json *change, Text *page)
{
	const char *outcome = change_outcome(change);
	_cleanup_(text_clear) Text values = {.data = NULL};

	text_appendf(page, "<h3>#%" PRId64 " ", json_int(json_get(change, "id"), 0));
	html_append(page, reply_word(change, "controller"));
	text_append(page, " <span class=\"");
	text_append(page, outcome_class(outcome));
	text_append(page, "\">");
	html_append(page, outcome);
	text_append(page, "</span></h3>\n<p><code>");
	change_values(change, &values);
	html_append(page, text_string(&values));
	text_append(page, "</code></p>\n<p class=\"dim\">");
	report_time(json_int(json_get(change, "proposedRealtimeUsec"), 0), page);
	text_append(page, " · ");
	html_append(page, json_get(change, "path") ? reply_word(change, "path") : "the whole host");
	text_append(page, json_bool(json_get(change, "inForce"), false) ? " · in force" : "");
	text_append(page, json_bool(json_get(change, "provisional"), false)
				  ? ", provisional until another hour of the day agrees"
				  : "");
	text_append(page, "</p>\n");
}

static void append_reasons(const Json *change, Text *page)
{
	html_element(page, "p", NULL, reply_word(change, "summary"));
	if (json_get(change, "formula"))
		html_element(page, "pre", "dim", reply_word(change, "formula"));
	if (json_get(change, "reason")) {
		text_append(page, "<p>Verdict: ");
		html_append(page, reply_word(change, "reason"));
		text_append(page, "</p>\n");
	}
}

static void append_effect(const Json *trial, Text *page)
{
	const Json *gain = json_get(trial, "gainPermille");
	char buffer[HUMAN_MAX];

	if (!gain)
		return;
	text_appendf(page, "<p>Effect <b>%s</b>", human_permille(json_int(gain, 0), true, buffer));
	change_append_interval(trial, page);
	text_appendf(page, ", %" PRId64 " pairs of blocks</p>\n",
		     json_int(json_get(trial, "pairs"), 0));
}

typedef const char *(*Formatter)(uint64_t value, char *buffer);

/* Two bars; nothing unless both are known. */
static void append_two(const Json *trial, const char *title, const char *before_key,
		       const char *after_key, Formatter format, Text *page)
{
	int64_t before = json_int(json_get(trial, before_key), -1);
	int64_t after = json_int(json_get(trial, after_key), -1);
	char texts[2][HUMAN_MAX];

	if (before < 0 || after < 0)
		return;
	chart_bars(title,
		   (ChartPart[]){{.name = "before",
				  .value = (double)before,
				  .text = format((uint64_t)before, texts[0])},
				 {.name = "with it",
				  .value = (double)after,
				  .text = format((uint64_t)after, texts[1])}},
		   2, page);
}

static void append_pairs(const Json *trial, Text *page)
{
	const Json *differences = json_get(trial, "differencesMilliLog");
	double values[PAIRS_MAX];
	size_t n = MIN(json_length(differences), (size_t)PAIRS_MAX);

	for (size_t i = 0; i < n; i++) {
		const Json *value = json_at(differences, i);

		values[i] = value ? (double)json_int(value, 0) / 1000 : NAN;
	}
	chart_pairs("Each pair of blocks, with it against without it", values, n, page);
}

static void append_change(const Json *change, Text *page)
{
	const Json *trial = json_get(change, "trial");

	text_append(page, "<article>");
	append_title(change, page);
	append_reasons(change, page);
	append_effect(trial, page);
	text_append(page, "<div class=\"grid2\">");
	append_two(trial, "Goodput", "beforeGoodputBps", "afterGoodputBps", human_rate, page);
	append_two(trial, "Round trip under load, p90", "beforeSrttP90Usec", "afterSrttP90Usec",
		   human_latency, page);
	append_two(trial, "Sent again", "beforeRetransPpm", "afterRetransPpm", human_ppm, page);
	append_pairs(trial, page);
	text_append(page, "</div></article>\n");
}

void report_changes(const ReportData *data, Text *page)
{
	size_t n = json_length(data->changes);

	report_heading("changes", "Changes", page);
	if (n == 0)
		text_append(page, "<p class=\"dim\">None: nothing gave a reason to.</p>\n");
	for (size_t i = 0; i < MIN(n, (size_t)CHANGES_MAX); i++)
		append_change(json_at(data->changes, i), page);
	if (n > CHANGES_MAX)
		text_appendf(page, "<p class=\"dim\">and %zu older ones.</p>\n", n - CHANGES_MAX);
}
