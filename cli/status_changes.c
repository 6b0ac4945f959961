/* SPDX-License-Identifier: MIT */
/*
 * What the status says of the changes: how many are in force, which was the last, and what it did.
 */
#include <inttypes.h>
#include <time.h>

#include "cli/cell.h"
#include "cli/change.h"
#include "cli/reply.h"
#include "cli/status.h"
#include "common/human.h"

/* So that it stays readable; `changes` shows the rest. */
#define KEPT_SHOWN 20

static bool is_applied(const Json *change)
{
	return reply_true(change, "inForce") && text_equal(change_outcome(change), "kept");
}

size_t status_count_applied(const Screen *screen)
{
	const Json *changes = json_get(screen->changes, "changes");
	size_t n = 0;

	for (size_t i = 0; i < json_length(changes); i++)
		n += is_applied(json_at(changes, i));
	return n;
}

/* When it was decided, else proposed. */
static int64_t moment(const Json *change)
{
	int64_t usec = json_int(json_get(change, "decidedRealtimeUsec"), 0);

	return usec > 0 ? usec : json_int(json_get(change, "proposedRealtimeUsec"), 0);
}

/* Of those that were tried; advice and what is on trial have lines of their own. */
static const Json *find_last(const Json *changes)
{
	const Json *last = NULL;

	for (size_t i = 0; i < json_length(changes); i++) {
		const Json *change = json_at(changes, i);

		if (reply_is(change, "state", "decided") &&
		    (!last || moment(change) > moment(last)))
			last = change;
	}
	return last;
}

/* "+88.0 % (+80.0 to +95.0 %), "; nothing if it was not measured. */
static void append_gain(const Json *change, Text *text)
{
	const Json *trial = json_get(change, "trial");

	change_append_effect(trial, text);
	text_append(text, json_get(trial, "gainPermille") ? ", " : "");
}

static void append_what(const Screen *screen, const Json *change, Text *text)
{
	_cleanup_(text_clear) Text line = {.data = NULL};

	append_gain(change, &line);
	change_values(change, &line);
	text_append(&line, "\n");
	output_append(screen->settings, text, STYLE_PLAIN, text_string(&line));
}

void status_append_last(const Screen *screen, Text *text)
{
	const Json *change = find_last(json_get(screen->changes, "changes"));
	const char *outcome;
	time_t seconds;
	struct tm parts;
	char when[32];

	if (!change)
		return;
	seconds = (time_t)(moment(change) / 1000000);
	if (!localtime_r(&seconds, &parts) ||
	    strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &parts) == 0)
		when[0] = '\0';
	status_append_label(screen, STYLE_PLAIN, "last", text);
	text_appendf(text, "%s  %" PRIu64 " ", when, reply_number(change, "id"));
	output_append(screen->settings, text, STYLE_PLAIN, reply_word(change, "controller"));
	text_append(text, " ");
	outcome = change_outcome(change);
	output_append(screen->settings, text, cell_style(outcome), outcome ? outcome : "-");
	text_append(text, ": ");
	append_what(screen, change, text);
}

void status_append_kept(const Screen *screen, Text *text)
{
	const Json *changes = json_get(screen->changes, "changes");
	size_t n = 0;

	for (size_t i = 0; i < json_length(changes); i++) {
		const Json *change = json_at(changes, i);

		if (!is_applied(change) || n++ >= KEPT_SHOWN)
			continue;
		status_append_label(screen, STYLE_GOOD, "kept", text);
		text_appendf(text, "%" PRIu64 " ", reply_number(change, "id"));
		output_append(screen->settings, text, STYLE_PLAIN,
			      reply_word(change, "controller"));
		text_append(text, ": ");
		append_what(screen, change, text);
	}
	if (n > KEPT_SHOWN)
		text_appendf(text, "  and %zu more: netoptctl changes\n", n - KEPT_SHOWN);
}
