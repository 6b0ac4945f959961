/* SPDX-License-Identifier: MIT */
#include "cli/export.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "cli/change.h"
#include "cli/reply.h"
#include "common/address.h"

#define ROUTE_PREFIX "route."

/* What may stand in a key, and in a value, of a file that root applies. */
static bool is_key(const char *key)
{
	return *key && strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(key);
}

static bool is_value(const char *value)
{
	return *value && strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789._- ") == strlen(value);
}

static bool is_kept(const Json *change)
{
	return reply_true(change, "inForce") && reply_is(change, "state", "decided") &&
	       reply_is(change, "verdict", "kept");
}

static bool same_place(const Json *a, const Json *b, bool of_routes)
{
	return !of_routes ||
	       text_equal(json_string(json_get(a, "path")), json_string(json_get(b, "path")));
}

/* Whether a newer change sets the same. They come newest first. */
static bool is_superseded(const Export *export, size_t i, const char *key, bool of_routes)
{
	for (size_t newer = 0; newer < i; newer++) {
		const Json *change = json_at(export->changes, newer);
		const Json *settings = json_get(change, "tunables");

		if (!is_kept(change) || !same_place(change, json_at(export->changes, i), of_routes))
			continue;
		for (size_t k = 0; k < json_length(settings); k++)
			if (reply_is(json_at(settings, k), "key", key))
				return true;
	}
	return false;
}

bool export_has(const Export *export, size_t i, size_t k, bool of_routes)
{
	const Json *change = json_at(export->changes, i);
	const Json *setting = json_at(json_get(change, "tunables"), k);
	const char *key = json_string(json_get(setting, "key"));
	const char *value = json_string(json_get(setting, "new"));

	return is_kept(change) && key && value && is_key(key) && is_value(value) &&
	       text_starts_with(key, ROUTE_PREFIX) == of_routes && !text_equal(value, "unset") &&
	       !is_superseded(export, i, key, of_routes);
}

static bool has_any(const Export *export, size_t i, bool of_routes)
{
	const Json *settings = json_get(json_at(export->changes, i), "tunables");

	for (size_t k = 0; k < json_length(settings); k++)
		if (export_has(export, i, k, of_routes))
			return true;
	return false;
}

static size_t count(const Export *export, bool of_routes)
{
	size_t n = 0;

	for (size_t i = 0; i < json_length(export->changes); i++)
		n += has_any(export, i, of_routes);
	return n;
}

/* "# words": whatever ends a line is a blank. */
static void append_comment(const char *words, Text *text)
{
	text_append(text, "# ");
	for (; *words; words++)
		text_append_bytes(text, (unsigned char)*words < 0x20 ? " " : words, 1);
	text_append(text, "\n");
}

static void append_trial(const Json *change, Text *text)
{
	const Json *trial = json_get(change, "trial");
	_cleanup_(text_clear) Text line = {.data = NULL};

	text_appendf(&line, "  trial: %s", reply_word(trial, "kind"));
	if (reply_number(trial, "pairs") > 0)
		text_appendf(&line, ", %" PRIu64 " pairs", reply_number(trial, "pairs"));
	if (json_get(trial, "gainPermille"))
		text_append(&line, ", gain ");
	change_append_effect(trial, &line);
	append_comment(text_string(&line), text);
}

static void append_words(const char *label, const Json *object, const char *key, Text *text)
{
	const char *words = json_string(json_get(object, key));
	_cleanup_(text_clear) Text line = {.data = NULL};

	if (!words || !*words)
		return;
	text_appendf(&line, "  %s%s", label, words);
	append_comment(text_string(&line), text);
}

/* Why: the sentence, the formula, the trial, and what is not sure yet. */
static void append_evidence(const Json *change, Text *text)
{
	_cleanup_(text_clear) Text line = {.data = NULL};
	time_t seconds = (time_t)(reply_number(change, "decidedRealtimeUsec") / 1000000);
	struct tm parts;
	char when[32] = "";

	if (seconds > 0 && gmtime_r(&seconds, &parts))
		(void)strftime(when, sizeof(when), " %Y-%m-%d %H:%M UTC", &parts);
	text_appendf(&line, "change %" PRIu64 " by %s, kept%s", reply_number(change, "id"),
		     reply_word(change, "controller"), when);
	if (json_get(change, "path"))
		text_appendf(&line, ", seen on the path to %s", reply_word(change, "path"));
	text_append(text, "\n");
	append_comment(text_string(&line), text);
	append_words("", change, "reason", text);
	append_words("evidence: ", change, "summary", text);
	append_words("formula: ", change, "formula", text);
	append_trial(change, text);
	if (reply_true(change, "provisional"))
		append_comment("  provisional: not yet confirmed in another part of the day", text);
}

static void append_head(const Export *export, const char *use, Text *text)
{
	_cleanup_(text_clear) Text line = {.data = NULL};

	text_appendf(&line, "Proven on this host by netoptd %s; written by netoptctl export.",
		     export->version);
	append_comment(text_string(&line), text);
	append_comment(use, text);
}

/* What this format cannot hold. */
static void append_rest(const Export *export, bool of_routes, const char *format, Text *text)
{
	size_t n = count(export, of_routes);
	_cleanup_(text_clear) Text line = {.data = NULL};

	if (n == 0)
		return;
	text_appendf(&line, "%zu more change%s %s: netoptctl export --format %s", n,
		     n == 1 ? " is" : "s are", of_routes ? "of single destinations" : "of the host",
		     format);
	text_append(text, "\n");
	append_comment(text_string(&line), text);
}

static void append_sysctls(const Export *export, const char *equals, Text *text)
{
	for (size_t i = 0; i < json_length(export->changes); i++) {
		const Json *change = json_at(export->changes, i);
		const Json *settings = json_get(change, "tunables");

		if (!has_any(export, i, false))
			continue;
		append_evidence(change, text);
		for (size_t k = 0; k < json_length(settings); k++) {
			const Json *setting = json_at(settings, k);

			if (!export_has(export, i, k, false))
				continue;
			append_words("before: ", setting, "old", text);
			text_appendf(text, "%s%s%s\n", reply_word(setting, "key"), equals,
				     reply_word(setting, "new"));
		}
	}
	if (count(export, false) == 0)
		append_comment("Nothing of the host is proven yet.", text);
}

static void append_sysctl(const Export *export, Text *text)
{
	append_head(export,
		    "Put it into /etc/sysctl.d/ and run: sysctl --system. From then on these are "
		    "the administrator's, and netoptd leaves them alone.",
		    text);
	append_sysctls(export, " = ", text);
	append_rest(export, true, "ip", text);
}

static void append_tuned(const Export *export, Text *text)
{
	append_head(export,
		    "Put it into /etc/tuned/netopt/tuned.conf and run: tuned-adm profile netopt",
		    text);
	text_append(text, "[main]\nsummary=What netoptd has proven on this host\n\n[sysctl]\n");
	append_sysctls(export, "=", text);
	append_rest(export, true, "ip", text);
}

/* "congctl bbr" of the key "route.congctl". False: it is no metric that ip(8) knows. */
static bool append_metric(const char *key, const char *value, Text *text)
{
	static const struct {
		const char *key, *before, *after;
	} rows[] = {
		{ROUTE_PREFIX "congctl", " congctl ", ""},
		{ROUTE_PREFIX "initcwnd", " initcwnd ", ""},
		{ROUTE_PREFIX "rto_min", " rto_min ", "ms"},
		{ROUTE_PREFIX "quickack", " quickack ", ""},
	};

	if (text_equal(key, ROUTE_PREFIX "ecn") && !text_equal(value, "0")) {
		text_append(text, " features ecn");
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (text_equal(rows[i].key, key)) {
			text_appendf(text, "%s%s%s", rows[i].before, value, rows[i].after);
			return true;
		}
	return false;
}

/* Everything kept for the path of the i-th change. */
static void append_metrics(const Export *export, const char *path, Text *text)
{
	for (size_t i = 0; i < json_length(export->changes); i++) {
		const Json *change = json_at(export->changes, i);
		const Json *settings = json_get(change, "tunables");

		if (!reply_is(change, "path", path))
			continue;
		for (size_t k = 0; k < json_length(settings); k++)
			if (export_has(export, i, k, true))
				(void)append_metric(reply_word(json_at(settings, k), "key"),
						    reply_word(json_at(settings, k), "new"), text);
	}
}

/* "via 192.0.2.1 dev eth0": what the route is a copy of; NULL: there is none now. */
static const char *find_route(const Export *export, const char *path)
{
	for (size_t i = 0; i < json_length(export->routes); i++) {
		const Json *route = json_at(export->routes, i);
		const char *words = json_string(json_get(route, "route"));

		if (reply_is(route, "destination", path) && words &&
		    strspn(words, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789._-:/@ ") == strlen(words))
			return words;
	}
	return NULL;
}

/* Whether an earlier one of the list has written the line of this path. */
static bool is_written(const Export *export, size_t i, const char *path)
{
	for (size_t k = 0; k < i; k++)
		if (has_any(export, k, true) && reply_is(json_at(export->changes, k), "path", path))
			return true;
	return false;
}

static void append_route(const Export *export, size_t i, Text *text)
{
	const char *path = reply_word(json_at(export->changes, i), "path");
	const char *route = find_route(export, path);
	Address address;

	for (size_t k = i; k < json_length(export->changes); k++)
		if (has_any(export, k, true) && reply_is(json_at(export->changes, k), "path", path))
			append_evidence(json_at(export->changes, k), text);
	if (address_parse(path, &address) < 0 || !route) {
		append_comment("There is no route of it to copy now: netoptctl routes", text);
		return;
	}
	text_appendf(text, "ip route replace %s %s", path, route);
	append_metrics(export, path, text);
	text_append(text, "\n");
}

static void append_ip(const Export *export, Text *text)
{
	text_append(text, "#!/bin/sh\n");
	append_head(
		export,
		"These routes are copies of those of today: when the network changes, they have "
		"to be made again. netoptd does that by itself.",
		text);
	for (size_t i = 0; i < json_length(export->changes); i++)
		if (has_any(export, i, true) &&
		    !is_written(export, i, reply_word(json_at(export->changes, i), "path")))
			append_route(export, i, text);
	if (count(export, true) == 0)
		append_comment("Nothing of a single destination is proven yet.", text);
	append_rest(export, false, "sysctl", text);
}

const ExportFormat *export_find(const char *name)
{
	static const ExportFormat formats[] = {
		{"sysctl", append_sysctl},
		{"tuned", append_tuned},
		{"ip", append_ip},
	};

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (!name || text_equal(formats[i].name, name))
			return &formats[i];
	return NULL;
}
