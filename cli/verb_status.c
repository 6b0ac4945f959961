/* SPDX-License-Identifier: MIT */
/*
 * One screen: is it well, what do the endpoints look like, what is tuned, and if nothing is, why.
 * Four calls over one connection; with --json it is the reply of GetStatus as it came.
 */
#include <inttypes.h>

#include "cli/cell.h"
#include "cli/change.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/endpoint.h"
#include "cli/verbs.h"
#include "common/human.h"
#include "common/interface.h"

/* So that it stays one screen; `changes` and `endpoints` show the rest. */
#define ENDPOINTS_SHOWN 20
#define KEPT_SHOWN      8

typedef struct Screen {
	const Settings *settings;
	Json *status, *endpoints, *tunables, *changes;
	Text text;
} Screen;

static void screen_clear(Screen *screen)
{
	json_free(screen->status);
	json_free(screen->endpoints);
	json_free(screen->tunables);
	json_free(screen->changes);
	text_clear(&screen->text);
}

static const char *word(const Json *object, const char *key)
{
	const char *string = json_string(json_get(object, key));

	return string ? string : "-";
}

static int64_t number(const Json *object, const char *key)
{
	return json_int(json_get(object, key), 0);
}

/* A member as text, cleaned and in a style. */
static void append_styled(Screen *screen, OutputStyle style, const char *string)
{
	output_append(screen->settings, &screen->text, style, string);
}

static void append_plain(Screen *screen, const char *string)
{
	append_styled(screen, STYLE_PLAIN, string);
}

static void append_heading(Screen *screen)
{
	const Json *status = screen->status, *reasons = json_get(status, "healthReasons");
	const char *health = word(status, "health");
	char span[HUMAN_MAX], line[160];

	append_styled(screen, STYLE_BOLD, "netoptd ");
	append_plain(screen, word(status, "version"));
	append_plain(screen, ": ");
	append_styled(screen, cell_style(health), health);
	(void)text_format(line, sizeof(line), "; up %s, pid %" PRId64 ", Linux %s\n",
			  human_span((uint64_t)MAX(number(status, "uptimeUsec"), INT64_C(0)), span),
			  number(status, "pid"), word(status, "kernel"));
	append_plain(screen, line);
	for (size_t i = 0; i < json_length(reasons); i++) {
		const char *reason = json_string(json_at(reasons, i));

		append_plain(screen, "  ");
		append_styled(screen, STYLE_BAD, reason ? reason : "-");
		append_plain(screen, "\n");
	}
	if (json_get(status, "lastReloadError")) {
		append_plain(screen, "  last reload: ");
		append_plain(screen, word(status, "lastReloadError"));
		append_plain(screen, "\n");
	}
}

static const TableColumn endpoint_columns[] = {
	{.title = "ENDPOINT", .flexible = true, .least = 16},
	{.title = "STATE"},
	{.title = "P50", .right = true},
	{.title = "P95", .right = true, .drop = 5},
	{.title = "P99", .right = true, .drop = 2},
	{.title = "LOSS", .right = true, .drop = 1},
	{.title = "N", .right = true, .drop = 4},
	{.title = "TARGET", .drop = 3},
};

static void add_endpoint(Table *table, const Json *endpoint)
{
	const Json *window = endpoint_window(endpoint);
	const char *slo = word(endpoint, "slo");

	cell_text(table, endpoint, "name");
	cell_judged(table, endpoint, "state");
	cell_latency(table, window, "p50Usec");
	cell_latency(table, window, "p95Usec");
	cell_latency(table, window, "p99Usec");
	cell_permille(table, window, "lossPermille", false);
	cell_count(table, window, "count");
	table_add(table, cell_style(slo), text_equal(slo, "none") ? NULL : slo);
}

static void append_endpoints(Screen *screen)
{
	const Json *list = json_get(screen->endpoints, "endpoints");
	size_t n = (size_t)MAX(number(screen->endpoints, "total"), INT64_C(0));
	size_t shown = json_length(list);
	_cleanup_table_ Table table = {.cells = NULL};

	if (shown == 0) {
		append_plain(screen, "\nNo endpoint is configured: see netopt.conf(5).\n");
		return;
	}
	append_plain(screen, "\n");
	table_init(&table, endpoint_columns, ARRAY_SIZE(endpoint_columns));
	for (size_t i = 0; i < shown; i++)
		add_endpoint(&table, json_at(list, i));
	table_append(&table, screen->settings, 0, &screen->text);
	if (n > shown)
		text_appendf(&screen->text, "and %zu more: netoptctl endpoints\n", n - shown);
}

/* "  NAME ipv6: 157 ms: propagation 76.4 %, server 19.1 %": as many parts as the line holds, at
 * least the greatest; else no line, as this is an addition. */
static void append_slow(Screen *screen, const Json *slow)
{
	const Json *parts = json_get(slow, "decomposition");
	_cleanup_(text_clear) Text line = {.data = NULL};
	char buffer[HUMAN_MAX];
	const Json *part;
	size_t i;

	text_appendf(&line, "  %s %s: %s", word(slow, "endpoint"), word(slow, "family"),
		     human_latency((uint64_t)MAX(number(parts, "totalUsec"), INT64_C(0)), buffer));
	for (i = 0; (part = endpoint_part(parts, i)); i++) {
		_cleanup_(text_clear) Text share = {.data = NULL};

		endpoint_append_share(parts, part, &share);
		if (line.length + share.length + 2 > screen->settings->width)
			break;
		text_appendf(&line, "%s%s", i ? ", " : ": ", text_string(&share));
	}
	if (i == 0)
		return;
	append_plain(screen, text_string(&line));
	append_plain(screen, "\n");
}

static void append_slowest(Screen *screen)
{
	const Json *slowest = json_get(screen->status, "slowest");

	if (json_length(slowest) == 0)
		return;
	append_styled(screen, STYLE_BOLD, "\nSlowest\n");
	for (size_t i = 0; i < json_length(slowest); i++)
		append_slow(screen, json_at(slowest, i));
}

/* Only while reading the kernel costs more than it may, or sees less for it. */
static void append_sweep(Screen *screen)
{
	const Json *sweep = json_get(screen->status, "sweep");
	int64_t used = number(sweep, "cpuUsedPpm"), budget = number(sweep, "cpuBudgetPpm");
	int64_t slices = number(sweep, "slices");
	char used_text[HUMAN_MAX], budget_text[HUMAN_MAX];

	if (used <= budget && slices <= 1 && !json_get(sweep, "reason"))
		return;
	append_styled(screen, STYLE_WARN, "\nSweeps ");
	text_appendf(&screen->text, "take %s of a processor, CpuBudget is %s",
		     human_ppm((uint64_t)MAX(used, INT64_C(0)), used_text),
		     human_ppm((uint64_t)MAX(budget, INT64_C(0)), budget_text));
	if (slices > 1)
		text_appendf(&screen->text, "; each sees one in %" PRId64 " sockets", slices);
	if (json_get(sweep, "reason")) {
		append_plain(screen, ": ");
		append_plain(screen, word(sweep, "reason"));
	}
	append_plain(screen, "\n");
}

static void append_mode(Screen *screen)
{
	const Json *status = screen->status, *tuning = json_get(status, "tuning");
	char span[HUMAN_MAX];

	append_styled(screen, STYLE_BOLD, "\nTuning ");
	append_plain(screen, word(status, "mode"));
	append_plain(screen, json_bool(json_get(status, "dryRun"), false) ? " (dry run)" : "");
	append_plain(screen, ", objective ");
	append_plain(screen, word(status, "objective"));
	text_appendf(&screen->text,
		     "; %" PRId64 " kept, %" PRId64 " restored, %" PRId64 " inconclusive\n",
		     number(status, "changesKept"), number(status, "changesRestored"),
		     number(status, "changesInconclusive"));
	if (number(status, "changesHeld") > 0)
		text_appendf(&screen->text, "  %" PRId64 " held as they are: netoptctl changes\n",
			     number(status, "changesHeld"));
	if (json_get(status, "pausedForUsec"))
		text_appendf(&screen->text, "  paused for another %s\n",
			     human_span((uint64_t)MAX(number(status, "pausedForUsec"), INT64_C(0)),
					span));
	else if (json_bool(json_get(status, "paused"), false))
		append_plain(screen, "  paused until: netoptctl resume\n");
	if (!json_bool(json_get(tuning, "possible"), true)) {
		append_styled(screen, STYLE_WARN, "  not possible: ");
		append_plain(screen, word(tuning, "reason"));
		append_plain(screen, "\n");
	}
}

/* "  LABEL  rest": the label in its colour, in a column. */
static void append_label(Screen *screen, OutputStyle style, const char *label)
{
	char padded[16];

	(void)text_format(padded, sizeof(padded), "%-9s", label);
	append_plain(screen, "  ");
	append_styled(screen, style, padded);
}

static void append_trials(Screen *screen)
{
	const Json *trials = json_get(screen->status, "trials");

	for (size_t i = 0; i < json_length(trials); i++) {
		const Json *trial = json_at(trials, i);

		append_label(screen, STYLE_WARN, "trying");
		text_appendf(&screen->text, "%" PRId64 " ", number(trial, "changeId"));
		append_plain(screen, word(trial, "controller"));
		if (json_get(trial, "path")) {
			append_plain(screen, " for ");
			append_plain(screen, word(trial, "path"));
		}
		append_plain(screen, ": ");
		append_plain(screen, word(trial, "phase"));
		append_plain(screen, "\n");
	}
}

static void append_kept(Screen *screen, const Json *change)
{
	_cleanup_(text_clear) Text values = {.data = NULL};
	const Json *gain = json_get(json_get(change, "trial"), "gainPermille");
	char buffer[HUMAN_MAX];

	change_values(change, &values);
	append_label(screen, STYLE_GOOD, "kept");
	text_appendf(&screen->text, "%" PRId64 " ", number(change, "id"));
	append_plain(screen, word(change, "controller"));
	append_plain(screen, ": ");
	if (gain) {
		append_plain(screen, human_permille(json_int(gain, 0), true, buffer));
		append_plain(screen, ", ");
	}
	append_plain(screen, text_string(&values));
	append_plain(screen, "\n");
}

static void append_changes(Screen *screen)
{
	const Json *changes = json_get(screen->changes, "changes");
	size_t n = 0;

	for (size_t i = 0; i < json_length(changes); i++) {
		const Json *change = json_at(changes, i);

		if (!json_bool(json_get(change, "inForce"), false) ||
		    !text_equal(change_outcome(change), "kept"))
			continue;
		if (n++ < KEPT_SHOWN)
			append_kept(screen, change);
	}
	if (n > KEPT_SHOWN)
		text_appendf(&screen->text, "  and %zu more: netoptctl changes\n", n - KEPT_SHOWN);
}

static void append_foreign(Screen *screen)
{
	const Json *tunables = json_get(screen->tunables, "tunables");

	for (size_t i = 0; i < json_length(tunables); i++) {
		const Json *tunable = json_at(tunables, i);

		if (!text_equal(word(tunable, "owner"), "foreign"))
			continue;
		append_label(screen, STYLE_WARN, "foreign");
		append_plain(screen, word(tunable, "key"));
		append_plain(screen, ": somebody else set ");
		append_plain(screen, word(tunable, "current"));
		append_plain(screen, "; left alone\n");
	}
}

static void append_idle(Screen *screen)
{
	const Json *controllers = json_get(screen->status, "controllers");

	for (size_t i = 0; i < json_length(controllers); i++) {
		const Json *controller = json_at(controllers, i);

		if (!json_get(controller, "idleReason"))
			continue;
		append_label(screen, STYLE_PLAIN, "idle");
		append_plain(screen, word(controller, "name"));
		append_plain(screen, ": ");
		append_plain(screen, word(controller, "idleReason"));
		append_plain(screen, "\n");
	}
}

static int show(Screen *screen)
{
	append_heading(screen);
	append_endpoints(screen);
	append_slowest(screen);
	append_sweep(screen);
	append_mode(screen);
	append_trials(screen);
	append_changes(screen);
	append_foreign(screen);
	append_idle(screen);
	return output_text(&screen->text);
}

static Json *with_limit(size_t limit)
{
	Json *parameters = json_new_object();

	json_set_uint(parameters, "limit", limit);
	return parameters;
}

int verb_status(const Settings *settings, char *const arguments[], size_t n)
{
	_cleanup_client_ Client client = CLIENT_NULL;
	_cleanup_(screen_clear) Screen screen = {.settings = settings};
	int r = client_open(settings, &client);

	(void)arguments;
	(void)n;
	if (r == CLI_OK)
		r = client_call(&client, INTERFACE_GET_STATUS, NULL, &screen.status);
	if (r == CLI_OK && settings->format != FORMAT_TEXT)
		return output_json(settings, screen.status);
	if (r == CLI_OK)
		r = client_call(&client, INTERFACE_LIST_ENDPOINTS, with_limit(ENDPOINTS_SHOWN),
				&screen.endpoints);
	if (r == CLI_OK)
		r = client_call(&client, INTERFACE_LIST_TUNABLES, NULL, &screen.tunables);
	if (r == CLI_OK)
		r = client_call(&client, INTERFACE_LIST_CHANGES, NULL, &screen.changes);
	return r == CLI_OK ? show(&screen) : r;
}
