/* SPDX-License-Identifier: MIT */
/*
 * What the status shows, part by part, in the order of the screen. Where a part could be long it
 * says how much more there is, and where.
 */
#include "cli/status.h"

#include <inttypes.h>

#include "cli/cell.h"
#include "cli/endpoint.h"
#include "cli/reply.h"
#include "cli/sparkline.h"
#include "common/human.h"

#define REASONS_SHOWN 3
#define SLOWEST_SHOWN 3
#define TRIALS_SHOWN  3

static void append_plain(const Screen *screen, Text *text, const char *string)
{
	output_append(screen->settings, text, STYLE_PLAIN, string);
}

static size_t shown(const Screen *screen, size_t n, size_t most)
{
	return screen->settings->full ? n : MIN(n, most);
}

static void append_heading(const Screen *screen, Text *text)
{
	const Json *status = screen->status;
	const char *health = reply_word(status, "health");
	char span[HUMAN_MAX];

	output_append(screen->settings, text, STYLE_BOLD, "netoptd ");
	append_plain(screen, text, reply_word(status, "version"));
	text_append(text, ": ");
	output_append(screen->settings, text, cell_style(health), health);
	text_appendf(text, "; up %s, pid %" PRIu64 ", Linux ",
		     human_span(reply_number(status, "uptimeUsec"), span),
		     reply_number(status, "pid"));
	append_plain(screen, text, reply_word(status, "kernel"));
	text_append(text, "\n");
}

static void append_reasons(const Screen *screen, Text *text)
{
	const Json *reasons = json_get(screen->status, "healthReasons");
	size_t n = json_length(reasons), most = shown(screen, n, REASONS_SHOWN);

	for (size_t i = 0; i < most; i++) {
		const char *reason = json_string(json_at(reasons, i));

		text_append(text, "  ");
		output_append(screen->settings, text, STYLE_BAD, reason ? reason : "-");
		text_append(text, "\n");
	}
	if (n > most)
		text_appendf(text, "  and %zu more reasons: netoptctl status --full\n", n - most);
	if (json_get(screen->status, "lastReloadError")) {
		text_append(text, "  last reload: ");
		append_plain(screen, text, reply_word(screen->status, "lastReloadError"));
		text_append(text, "\n");
	}
}

/* The history is the last, as it is there only if the daemon gives one. */
static const TableColumn endpoint_columns[] = {
	{.title = "ENDPOINT", .flexible = true, .least = 12},
	{.title = "STATE"},
	{.title = "P50", .right = true},
	{.title = "P95", .right = true, .drop = 5},
	{.title = "P99", .right = true, .drop = 2},
	{.title = "LOSS", .right = true, .drop = 1},
	{.title = "N", .right = true, .drop = 4},
	{.title = "TARGET", .drop = 7},
	{.title = "BY MINUTE", .flexible = true, .tail = true, .least = 9, .drop = 6},
};

static void add_endpoint(const Screen *screen, Table *table, const Json *endpoint)
{
	const Json *window = endpoint_window(endpoint);
	const char *slo = reply_word(endpoint, "slo");
	_cleanup_(text_clear) Text line = {.data = NULL};

	cell_text(table, endpoint, "name");
	cell_judged(table, endpoint, "state");
	cell_latency(table, window, "p50Usec");
	cell_latency(table, window, "p95Usec");
	cell_latency(table, window, "p99Usec");
	cell_permille(table, window, "lossPermille", false);
	cell_count(table, window, "count");
	table_add(table, cell_style(slo), text_equal(slo, "none") ? NULL : slo);
	if (table->n_columns < ARRAY_SIZE(endpoint_columns))
		return;
	sparkline_append(json_get(endpoint, "history"), screen->settings->ascii, &line);
	table_add(table, STYLE_PLAIN, text_string(&line));
}

static bool has_history(const Json *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (json_length(json_get(json_at(list, i), "history")) > 0)
			return true;
	return false;
}

static void append_endpoints(const Screen *screen, Text *text)
{
	const Json *list = json_get(screen->endpoints, "endpoints");
	size_t total = reply_number(screen->endpoints, "total");
	size_t n = MIN(json_length(list), screen->endpoints_shown);
	_cleanup_table_ Table table = {.cells = NULL};

	if (n == 0) {
		text_append(text, "\nNo endpoint is configured: see netopt.conf(5).\n");
		return;
	}
	text_append(text, "\n");
	table_init(&table, endpoint_columns,
		   ARRAY_SIZE(endpoint_columns) - (has_history(list, n) ? 0 : 1));
	for (size_t i = 0; i < n; i++)
		add_endpoint(screen, &table, json_at(list, i));
	table_append(&table, screen->settings, 0, text);
	if (total > n)
		text_appendf(text, "and %zu more: netoptctl endpoints\n", total - n);
}

/* "  NAME ipv6: 157 ms: propagation 76.4 %, server 19.1 %": as many parts as the line holds, at
 * least the greatest; else no line, as this is an addition. */
static void append_slow(const Screen *screen, const Json *slow, Text *text)
{
	const Json *parts = json_get(slow, "decomposition");
	_cleanup_(text_clear) Text line = {.data = NULL};
	char buffer[HUMAN_MAX];
	const Json *part;
	size_t i;

	text_appendf(&line, "  %s %s: %s", reply_word(slow, "endpoint"), reply_word(slow, "family"),
		     human_latency(reply_number(parts, "totalUsec"), buffer));
	for (i = 0; (part = endpoint_part(parts, i)); i++) {
		_cleanup_(text_clear) Text share = {.data = NULL};

		endpoint_append_share(parts, part, &share);
		if (line.length + share.length + 2 > screen->settings->width)
			break;
		text_appendf(&line, "%s%s", i ? ", " : ": ", text_string(&share));
	}
	if (i == 0)
		return;
	append_plain(screen, text, text_string(&line));
	text_append(text, "\n");
}

static void append_slowest(const Screen *screen, Text *text)
{
	const Json *slowest = json_get(screen->status, "slowest");

	if (json_length(slowest) == 0)
		return;
	output_append(screen->settings, text, STYLE_BOLD, "\nSlowest\n");
	for (size_t i = 0; i < shown(screen, json_length(slowest), SLOWEST_SHOWN); i++)
		append_slow(screen, json_at(slowest, i), text);
}

/* Only while reading the kernel costs more than it may, or sees less for it. */
static void append_sweep(const Screen *screen, Text *text)
{
	const Json *sweep = json_get(screen->status, "sweep");
	uint64_t used = reply_number(sweep, "cpuUsedPpm");
	uint64_t budget = reply_number(sweep, "cpuBudgetPpm");
	uint64_t slices = reply_number(sweep, "slices");
	char used_text[HUMAN_MAX], budget_text[HUMAN_MAX];

	if (used <= budget && slices <= 1 && !json_get(sweep, "reason"))
		return;
	output_append(screen->settings, text, STYLE_WARN, "\nSweeps ");
	text_appendf(text, "take %s of a processor, CpuBudget is %s", human_ppm(used, used_text),
		     human_ppm(budget, budget_text));
	if (slices > 1)
		text_appendf(text, "; each sees one in %" PRIu64 " sockets", slices);
	if (json_get(sweep, "reason")) {
		text_append(text, ": ");
		append_plain(screen, text, reply_word(sweep, "reason"));
	}
	text_append(text, "\n");
}

/* "3 applied, 1 on trial, 1 overridden by admin" */
static void append_counts(const Screen *screen, Text *text)
{
	const struct {
		uint64_t n;
		const char *what;
	} rows[] = {
		{json_length(json_get(screen->status, "trials")), "on trial"},
		{reply_number(screen->status, "changesAdvised"), "advised"},
		{reply_number(screen->status, "tunablesForeign"), "overridden by admin"},
	};

	text_appendf(text, "%zu applied", status_count_applied(screen));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].n > 0)
			text_appendf(text, ", %" PRIu64 " %s", rows[i].n, rows[i].what);
}

static void append_mode(const Screen *screen, Text *text)
{
	const Json *status = screen->status, *tuning = json_get(status, "tuning");
	char span[HUMAN_MAX];

	output_append(screen->settings, text, STYLE_BOLD, "\nTuning ");
	append_plain(screen, text, reply_word(status, "mode"));
	text_append(text, reply_true(status, "dryRun") ? " (dry run)" : "");
	text_append(text, ", ");
	append_plain(screen, text, reply_word(status, "objective"));
	text_append(text, ": ");
	append_counts(screen, text);
	text_append(text, "\n");
	if (reply_number(status, "changesHeld") > 0)
		text_appendf(text, "  %" PRIu64 " held as they are: netoptctl changes\n",
			     reply_number(status, "changesHeld"));
	if (json_get(status, "pausedForUsec"))
		text_appendf(text, "  paused for another %s\n",
			     human_span(reply_number(status, "pausedForUsec"), span));
	else if (reply_true(status, "paused"))
		text_append(text, "  paused until: netoptctl resume\n");
	if (!json_bool(json_get(tuning, "possible"), true)) {
		output_append(screen->settings, text, STYLE_WARN, "  not possible: ");
		append_plain(screen, text, reply_word(tuning, "reason"));
		text_append(text, "\n");
	}
}

void status_append_label(const Screen *screen, OutputStyle style, const char *label, Text *text)
{
	char padded[16];

	(void)text_format(padded, sizeof(padded), "%-9s", label);
	text_append(text, "  ");
	output_append(screen->settings, text, style, padded);
}

static void append_trials(const Screen *screen, Text *text)
{
	const Json *trials = json_get(screen->status, "trials");
	size_t n = json_length(trials), most = shown(screen, n, TRIALS_SHOWN);

	for (size_t i = 0; i < most; i++) {
		const Json *trial = json_at(trials, i);

		status_append_label(screen, STYLE_WARN, "trying", text);
		text_appendf(text, "%" PRIu64 " ", reply_number(trial, "changeId"));
		append_plain(screen, text, reply_word(trial, "controller"));
		if (json_get(trial, "path")) {
			text_append(text, " for ");
			append_plain(screen, text, reply_word(trial, "path"));
		}
		text_append(text, ": ");
		append_plain(screen, text, reply_word(trial, "phase"));
		text_append(text, "\n");
	}
	if (n > most)
		text_appendf(text, "  and %zu more: netoptctl trials\n", n - most);
}

static void append_decided(const Screen *screen, Text *text)
{
	status_append_label(screen, STYLE_PLAIN, "so far", text);
	text_appendf(text, "%" PRIu64 " kept, %" PRIu64 " restored, %" PRIu64 " inconclusive\n",
		     reply_number(screen->status, "changesKept"),
		     reply_number(screen->status, "changesRestored"),
		     reply_number(screen->status, "changesInconclusive"));
}

static void append_foreign(const Screen *screen, Text *text)
{
	const Json *tunables = json_get(screen->tunables, "tunables");

	for (size_t i = 0; i < json_length(tunables); i++) {
		const Json *tunable = json_at(tunables, i);

		if (!reply_is(tunable, "owner", "foreign"))
			continue;
		status_append_label(screen, STYLE_WARN, "foreign", text);
		append_plain(screen, text, reply_word(tunable, "key"));
		text_append(text, ": somebody else set ");
		append_plain(screen, text, reply_word(tunable, "current"));
		text_append(text, "; left alone\n");
	}
}

static void append_idle(const Screen *screen, Text *text)
{
	const Json *controllers = json_get(screen->status, "controllers");

	for (size_t i = 0; i < json_length(controllers); i++) {
		const Json *controller = json_at(controllers, i);

		if (!json_get(controller, "idleReason"))
			continue;
		status_append_label(screen, STYLE_PLAIN, "idle", text);
		append_plain(screen, text, reply_word(controller, "name"));
		text_append(text, ": ");
		append_plain(screen, text, reply_word(controller, "idleReason"));
		text_append(text, "\n");
	}
}

const ScreenPart status_parts[] = {
	{.append = append_heading},
	{.append = append_reasons, .folded = true},
	{.append = append_endpoints},
	{.append = append_slowest, .drop = 5},
	{.append = append_sweep, .drop = 2},
	{.append = append_mode},
	{.append = append_trials, .drop = 1},
	{.append = status_append_last},
	{.append = append_decided, .drop = 4},
	{.append = status_append_kept, .full = true},
	{.append = append_foreign, .drop = 3},
	{.append = append_idle, .drop = 6},
	{.append = status_append_next, .folded = true},
};
const size_t n_status_parts = ARRAY_SIZE(status_parts);
