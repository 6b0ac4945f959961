/* SPDX-License-Identifier: MIT */
/*
 * One endpoint at length. What is said in words is folded at the width of the terminal; the parts
 * are shown to the microsecond, so that everybody can see that they add up.
 */
#include "cli/endpoint.h"

#include <inttypes.h>

#include "cli/cell.h"
#include "cli/endpoint_facts.h"
#include "cli/fold.h"
#include "cli/reply.h"
#include "common/human.h"

#define SPAN      "10min"
#define BAR_WIDTH 20

const Json *endpoint_window(const Json *object)
{
	const Json *windows = json_get(object, "windows");

	for (size_t i = 0; i < json_length(windows); i++)
		if (text_equal(reply_word(json_at(windows, i), "span"), SPAN))
			return json_at(windows, i);
	return NULL;
}

static int64_t part_usec(const Json *part)
{
	return json_int(json_get(part, "usec"), 0);
}

/* How many are greater, or as great and before it. */
static size_t rank(const Json *parts, size_t index)
{
	int64_t usec = part_usec(json_at(parts, index));
	size_t before = 0;

	for (size_t i = 0; i < json_length(parts); i++) {
		int64_t other = part_usec(json_at(parts, i));

		before += other > usec || (other == usec && i < index);
	}
	return before;
}

const Json *endpoint_part(const Json *decomposition, size_t i)
{
	const Json *parts = json_get(decomposition, "parts");

	for (size_t k = 0; k < json_length(parts); k++)
		if (rank(parts, k) == i)
			return part_usec(json_at(parts, k)) > 0 ? json_at(parts, k) : NULL;
	return NULL;
}

/* In permille of the whole, rounded; 0 if the whole is nothing. */
static int64_t share(const Json *decomposition, int64_t usec)
{
	int64_t total = json_int(json_get(decomposition, "totalUsec"), 0);

	return total > 0 && usec > 0 && usec <= total
		       ? (int64_t)((double)usec / (double)total * 1000 + 0.5)
		       : 0;
}

void endpoint_append_share(const Json *decomposition, const Json *part, Text *text)
{
	char buffer[HUMAN_MAX];

	if (!part)
		return;
	text_appendf(text, "%s %s", reply_word(part, "part"),
		     human_permille(share(decomposition, part_usec(part)), false, buffer));
}

/* Where the latency lives. */

static const TableColumn part_columns[] = {
	{.title = "PART"},
	{.title = "TIME", .right = true},
	{.title = "SHARE", .right = true},
	{.title = "BAR", .drop = 1},
};

static void add_part(Table *table, const Json *decomposition, const char *name, int64_t usec)
{
	int64_t permille = share(decomposition, usec);
	char buffer[HUMAN_MAX], bar[BAR_WIDTH + 1];
	size_t n = (size_t)((permille * BAR_WIDTH + 500) / 1000);

	table_add(table, STYLE_PLAIN, name);
	(void)text_format(buffer, sizeof(buffer), "%" PRId64 ".%03u ms", usec / 1000,
			  (unsigned)(usec % 1000));
	table_add(table, STYLE_PLAIN, usec < 0 ? NULL : buffer);
	table_add(table, STYLE_PLAIN, human_permille(permille, false, buffer));
	for (size_t i = 0; i < n; i++)
		bar[i] = '#';
	bar[n] = '\0';
	table_add(table, STYLE_PLAIN, n > 0 ? bar : NULL);
}

static void append_parts(const Settings *settings, const Json *decomposition, Text *text)
{
	_cleanup_table_ Table table = {.cells = NULL};
	const Json *parts = json_get(decomposition, "parts");
	int64_t rounds;

	if (!decomposition)
		return;
	rounds = json_int(json_get(decomposition, "rounds"), 0);
	text_appendf(text, "\n  " SPAN ": %" PRId64 " samples, %" PRId64 " round trip%s\n",
		     json_int(json_get(decomposition, "samples"), 0), rounds,
		     rounds == 1 ? "" : "s");
	table_init(&table, part_columns, ARRAY_SIZE(part_columns));
	for (size_t i = 0; i < json_length(parts); i++)
		add_part(&table, decomposition, reply_word(json_at(parts, i), "part"),
			 part_usec(json_at(parts, i)));
	add_part(&table, decomposition, "total", json_int(json_get(decomposition, "totalUsec"), 0));
	table_append(&table, settings, 2, text);
}

/* Every phase and window that holds something. */

static const TableColumn phase_columns[] = {
	{.title = "PHASE"},
	{.title = "SPAN"},
	{.title = "P50", .right = true},
	{.title = "P95", .right = true, .drop = 3},
	{.title = "P99", .right = true},
	{.title = "MAX", .right = true, .drop = 2},
	{.title = "LOSS", .right = true, .drop = 1},
	{.title = "N", .right = true, .drop = 4},
};

void endpoint_cells(Table *table, const Json *window)
{
	cell_latency(table, window, "p50Usec");
	cell_latency(table, window, "p95Usec");
	cell_latency(table, window, "p99Usec");
	cell_latency(table, window, "maxUsec");
	cell_permille(table, window, "lossPermille", false);
	cell_count(table, window, "count");
}

static void add_phase(Table *table, const Json *phase)
{
	const Json *windows = json_get(phase, "windows");

	for (size_t i = 0; i < json_length(windows); i++) {
		const Json *window = json_at(windows, i);

		if (json_int(json_get(window, "count"), 0) <= 0)
			continue;
		cell_text(table, phase, "phase");
		cell_text(table, window, "span");
		endpoint_cells(table, window);
	}
}

static void append_phases(const Settings *settings, const Json *target, Text *text)
{
	_cleanup_table_ Table table = {.cells = NULL};
	const Json *phases = json_get(target, "phases");

	table_init(&table, phase_columns, ARRAY_SIZE(phase_columns));
	for (size_t i = 0; i < json_length(phases); i++)
		add_phase(&table, json_at(phases, i));
	if (table.n_cells == 0)
		return;
	text_append(text, "\n");
	table_append(&table, settings, 2, text);
}

/* What is said in words. */

static void append_last(const Settings *settings, const Json *last, Text *text)
{
	_cleanup_(text_clear) Text line = {.data = NULL};
	const Json *phases = json_get(last, "phases");
	char buffer[HUMAN_MAX];

	if (!last)
		return;
	text_appendf(&line, "%s, %s ago", reply_word(last, "outcome"),
		     human_span((uint64_t)MAX(json_int(json_get(last, "agoUsec"), 0), INT64_C(0)),
				buffer));
	if (json_get(last, "failedIn"))
		text_appendf(&line, ", in %s", reply_word(last, "failedIn"));
	if (json_get(last, "failedIn") && json_get(last, "wallUsec") &&
	    !json_get(last, "explanation"))
		text_appendf(&line, ", after %s",
			     human_latency((uint64_t)MAX(json_int(json_get(last, "wallUsec"), 0),
							 INT64_C(0)),
					   buffer));
	for (size_t i = 0; i < json_length(phases); i++)
		text_appendf(&line, "%s %s %s", i ? "," : ":",
			     reply_word(json_at(phases, i), "phase"),
			     human_latency((uint64_t)MAX(part_usec(json_at(phases, i)), INT64_C(0)),
					   buffer));
	if (json_get(last, "error"))
		text_appendf(&line, ": %s", reply_word(last, "error"));
	if (json_get(last, "explanation"))
		text_appendf(&line, ": %s", reply_word(last, "explanation"));
	fold_append(settings, "last", text_string(&line), text);
}

static void append_floor(const Settings *settings, const Json *target, Text *text)
{
	_cleanup_(text_clear) Text line = {.data = NULL};
	int64_t floor = json_int(json_get(target, "floorUsec"), -1);
	int64_t previous = json_int(json_get(target, "floorPreviousUsec"), -1);
	int64_t since = json_int(json_get(target, "pathSinceAgoUsec"), -1);
	char buffer[HUMAN_MAX];

	if (floor < 0)
		return;
	text_append(&line, human_latency((uint64_t)floor, buffer));
	if (since >= 0)
		text_appendf(&line, " since %s", human_span((uint64_t)since, buffer));
	text_appendf(&line, ", path epoch %" PRId64, json_int(json_get(target, "pathEpoch"), 0));
	if (previous >= 0)
		text_appendf(&line, "; %s before", human_latency((uint64_t)previous, buffer));
	fold_append(settings, "floor", text_string(&line), text);
}

static void append_failures(const Settings *settings, const Json *target, Text *text)
{
	_cleanup_(text_clear) Text line = {.data = NULL};
	const Json *failures = json_get(target, "failuresByReason");

	for (size_t i = 0; i < json_length(failures); i++)
		text_appendf(&line, "%s%s %" PRId64, i ? ", " : "",
			     reply_word(json_at(failures, i), "reason"),
			     json_int(json_get(json_at(failures, i), "count"), 0));
	if (line.length > 0)
		fold_append(settings, "failures", text_string(&line), text);
}

static void append_target(const Settings *settings, const Json *target, Text *text)
{
	text_append(text, "\n");
	output_append(settings, text, STYLE_BOLD, reply_word(target, "family"));
	text_append(text, " ");
	output_append(settings, text, STYLE_BOLD, reply_word(target, "address"));
	text_append(text, "\n");
	append_last(settings, json_get(target, "last"), text);
	append_floor(settings, target, text);
	append_failures(settings, target, text);
	endpoint_facts_append(settings, target, text);
	append_parts(settings, json_get(target, "decomposition"), text);
	append_phases(settings, target, text);
}

static void append_slo(const Settings *settings, const Json *endpoint, Text *text)
{
	static const struct {
		const char *key, *name;
	} rows[] = {{"targetP50Usec", "p50"}, {"targetP95Usec", "p95"}, {"targetP99Usec", "p99"}};
	_cleanup_(text_clear) Text line = {.data = NULL};
	char buffer[HUMAN_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t usec = json_int(json_get(endpoint, rows[i].key), -1);

		if (usec >= 0)
			text_appendf(&line, "%s%s %s", line.length ? ", " : "", rows[i].name,
				     human_latency((uint64_t)usec, buffer));
	}
	if (line.length == 0)
		return;
	text_appendf(&line, " of %s: %s", reply_word(endpoint, "headline"),
		     text_equal(reply_word(endpoint, "slo"), "none") ? "too few samples"
								     : reply_word(endpoint, "slo"));
	fold_append(settings, "target", text_string(&line), text);
}

void endpoint_append(const Settings *settings, const Json *endpoint, Text *text)
{
	_cleanup_(text_clear) Text line = {.data = NULL};
	const Json *targets = json_get(endpoint, "targets");
	const char *state = reply_word(endpoint, "state");

	output_append(settings, text, STYLE_BOLD, reply_word(endpoint, "name"));
	text_append(text, ": ");
	output_append(settings, text, cell_style(state), state);
	text_append(text, "\n");
	fold_append(settings, "url", reply_word(endpoint, "url"), text);
	text_appendf(&line, "%s, objective %s", reply_word(endpoint, "origin"),
		     reply_word(endpoint, "objective"));
	if (json_get(endpoint, "group"))
		text_appendf(&line, ", group %s", reply_word(endpoint, "group"));
	fold_append(settings, "origin", text_string(&line), text);
	append_slo(settings, endpoint, text);
	if (json_get(endpoint, "resolveError"))
		fold_append(settings, "resolve", reply_word(endpoint, "resolveError"), text);
	for (size_t i = 0; i < json_length(targets); i++)
		append_target(settings, json_at(targets, i), text);
}
