/* SPDX-License-Identifier: MIT */
/*
 * When something is wrong, the status ends with what to type. The first row that holds is shown:
 * what keeps netopt from working stands before what it found.
 */
#include <inttypes.h>

#include "cli/reply.h"
#include "cli/status.h"

/* The name of the first endpoint on the screen with that word; NULL: none. */
static const char *find_endpoint(const Screen *screen, const char *key, const char *value)
{
	const Json *list = json_get(screen->endpoints, "endpoints");

	for (size_t i = 0; i < json_length(list); i++)
		if (reply_is(json_at(list, i), key, value))
			return json_string(json_get(json_at(list, i), "name"));
	return NULL;
}

/* A row appends the command and says why; false: it does not hold. */

static bool next_reload(const Screen *screen, Text *command, Text *why)
{
	if (!json_get(screen->status, "lastReloadError"))
		return false;
	text_append(command, "netoptd --check-config && sudo netoptctl reload");
	text_append(why, "the configuration is wrong, the old one holds");
	return true;
}

static bool next_possible(const Screen *screen, Text *command, Text *why)
{
	const Json *tuning = json_get(screen->status, "tuning");

	if (json_bool(json_get(tuning, "possible"), true))
		return false;
	text_append(command, "systemctl status netoptd");
	text_append(why, "it can measure, but change nothing");
	return true;
}

static bool next_named(const Screen *screen, const char *key, const char *value, uint64_t n,
		       Text *command, Text *why)
{
	const char *name = find_endpoint(screen, key, value);

	if (!name && n == 0)
		return false;
	text_appendf(command, "netoptctl endpoints%s%s", name ? " " : "", name ? name : "");
	text_appendf(why, "%s %s", name ? "why it is" : "which are", value);
	return true;
}

static bool next_down(const Screen *screen, Text *command, Text *why)
{
	return next_named(screen, "state", "down", reply_number(screen->status, "endpointsDown"),
			  command, why);
}

static bool next_unresolved(const Screen *screen, Text *command, Text *why)
{
	return next_named(screen, "state", "unresolved",
			  reply_number(screen->status, "endpointsUnresolved"), command, why);
}

static bool next_missed(const Screen *screen, Text *command, Text *why)
{
	const char *name = find_endpoint(screen, "slo", "missed");

	if (!name)
		return false;
	text_appendf(command, "netoptctl endpoints %s", name);
	text_append(why, "where its time goes: the target is missed");
	return true;
}

static bool next_paused(const Screen *screen, Text *command, Text *why)
{
	if (!reply_true(screen->status, "paused"))
		return false;
	text_append(command, "sudo netoptctl resume");
	text_append(why, "nothing new is tried meanwhile");
	return true;
}

static bool next_foreign(const Screen *screen, Text *command, Text *why)
{
	if (reply_number(screen->status, "tunablesForeign") == 0)
		return false;
	text_append(command, "netoptctl diff");
	text_append(why, "what somebody else has set");
	return true;
}

static bool next_degraded(const Screen *screen, Text *command, Text *why)
{
	if (!reply_is(screen->status, "health", "degraded"))
		return false;
	text_append(command, "journalctl -u netoptd");
	text_append(why, "what led to it");
	return true;
}

static bool next_advised(const Screen *screen, Text *command, Text *why)
{
	uint64_t n = reply_number(screen->status, "changesAdvised");

	if (n == 0)
		return false;
	text_append(command, "netoptctl changes");
	text_appendf(why, "%" PRIu64 " advised, not made", n);
	return true;
}

void status_append_next(const Screen *screen, Text *text)
{
	static bool (*const rows[])(const Screen *screen, Text *command, Text *why) = {
		next_reload, next_possible, next_down,     next_unresolved, next_missed,
		next_paused, next_foreign,  next_degraded, next_advised,
	};
	_cleanup_(text_clear) Text command = {.data = NULL};
	_cleanup_(text_clear) Text why = {.data = NULL};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!rows[i](screen, &command, &why))
			continue;
		text_append(text, "\nNext: ");
		output_append(screen->settings, text, STYLE_BOLD, text_string(&command));
		text_appendf(text, "  (%s)\n", text_string(&why));
		return;
	}
}
