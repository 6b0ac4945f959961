/* SPDX-License-Identifier: MIT */
#include "cli/measure_text.h"

#include <inttypes.h>

#include "cli/bar.h"
#include "cli/cell.h"
#include "cli/endpoint_facts.h"
#include "cli/fold.h"
#include "cli/measure_histogram.h"
#include "cli/measure_words.h"
#include "common/human.h"
#include "common/parse.h"

#define PART_BAR 24

static void append_head(const MeasureRun *run, const MeasureItem *item, const Settings *settings,
			Text *text)
{
	char address[ADDRESS_TEXT_MAX], interval[64];

	output_append(settings, text, STYLE_BOLD, item->target->text);
	if (item->series.address.family != 0)
		text_appendf(text, " (%s)", address_format(&item->series.address, address));
	parse_format_duration(run->interval_ns, interval, sizeof(interval));
	text_appendf(text, ": %zu probe%s, %s apart%s\n", item->series.n,
		     item->series.n == 1 ? "" : "s", interval,
		     run->interrupted ? ", interrupted" : "");
}

static void append_line(const Settings *settings, const char *label, const Text *line, Text *text)
{
	if (line->length > 0)
		fold_append(settings, label, text_string(line), text);
}

/* What is said in words. */
static void append_words(const MeasureSeries *series, const Json *json, const Settings *settings,
			 Text *text)
{
	_cleanup_(text_clear) Text loss = {.data = NULL};
	_cleanup_(text_clear) Text mostly = {.data = NULL};
	_cleanup_(text_clear) Text kept = {.data = NULL};
	MeasureCounts counts;

	measure_words_loss(series, json_get(json, "failuresByReason"), &loss);
	append_line(settings, "loss", &loss, text);
	measure_series_count(series, &counts);
	if (counts.local > 0) {
		_cleanup_(text_clear) Text local = {.data = NULL};

		text_appendf(&local, "%" PRIu64 " probe%s that this host could not make: no loss",
			     counts.local, counts.local == 1 ? "" : "s");
		append_line(settings, "local", &local, text);
	}
	measure_words_mostly(series, &mostly);
	append_line(settings, "mostly", &mostly, text);
	measure_words_kept(series, &kept);
	append_line(settings, "kept open", &kept, text);
	endpoint_facts_append(settings, json, text);
}

static const TableColumn phase_columns[] = {
	{.title = "PHASE"},
	{.title = "N", .right = true, .drop = 4},
	{.title = "MIN", .right = true, .drop = 2},
	{.title = "MEAN", .right = true, .drop = 3},
	{.title = "P50", .right = true},
	{.title = "P95", .right = true, .drop = 1},
	{.title = "P99", .right = true},
	{.title = "MAX", .right = true},
};

static void append_phases(const Json *phases, const Settings *settings, Text *text)
{
	_cleanup_table_ Table table = {.cells = NULL};

	table_init(&table, phase_columns, ARRAY_SIZE(phase_columns));
	for (size_t i = 0; i < json_length(phases); i++) {
		const Json *phase = json_at(phases, i);

		cell_text(&table, phase, "phase");
		cell_count(&table, phase, "count");
		cell_latency(&table, phase, "minUsec");
		cell_latency(&table, phase, "meanUsec");
		cell_latency(&table, phase, "p50Usec");
		cell_latency(&table, phase, "p95Usec");
		cell_latency(&table, phase, "p99Usec");
		cell_latency(&table, phase, "maxUsec");
	}
	if (table.n_cells == 0)
		return;
	text_append(text, "\n");
	table_append(&table, settings, 2, text);
}

static const TableColumn part_columns[] = {
	{.title = "PART"},
	{.title = "TIME", .right = true},
	{.title = "SHARE", .right = true},
	{.title = "BAR", .drop = 1},
};

static void add_part(Table *table, const char *name, uint32_t us, uint32_t total_us, bool utf8)
{
	_cleanup_(text_clear) Text bar = {.data = NULL};
	char buffer[HUMAN_MAX];

	/* To the microsecond, so that everybody can see that they add up. */
	(void)text_format(buffer, sizeof(buffer), "%" PRIu32 ".%03u ms", us / 1000,
			  (unsigned)(us % 1000));
	table_add(table, STYLE_PLAIN, name);
	table_add(table, STYLE_PLAIN, buffer);
	table_add(table, STYLE_PLAIN,
		  human_permille(((int64_t)us * 1000 + total_us / 2) / total_us, false, buffer));
	(void)bar_append(&bar, utf8, (double)us / (double)total_us, PART_BAR);
	table_add(table, STYLE_PLAIN, us > 0 ? text_string(&bar) : " ");
}

/* One part is no division. */
static void append_parts(const MeasureSeries *series, const Settings *settings, bool utf8,
			 Text *text)
{
	_cleanup_table_ Table table = {.cells = NULL};
	Decomposition decomposition;

	measure_series_decompose(series, &decomposition);
	if (decomposition.samples == 0 || decomposition.total_us == 0)
		return;
	text_append(text, "\n");
	table_init(&table, part_columns, ARRAY_SIZE(part_columns));
	for (DecompositionPart part = 0; part < _PARTS; part++)
		if (decomposition.has[part])
			add_part(&table, decomposition_part_name(part), decomposition.us[part],
				 decomposition.total_us, utf8);
	add_part(&table, "total", decomposition.total_us, decomposition.total_us, utf8);
	table_append(&table, settings, 2, text);
}

/* Of the phase that the percentiles of this kind are about. */
static void append_histogram(const MeasureSeries *series, const Settings *settings, bool utf8,
			     Text *text)
{
	MeasureHistogram histogram;
	size_t n;
	_cleanup_free_ uint32_t *values = measure_series_values(series, series->headline, &n);

	if (n < 2)
		return;
	measure_histogram(values, n, &histogram);
	text_append(text, "\n  ");
	output_append(settings, text, STYLE_BOLD, probe_phase_name(series->headline));
	text_append(text, "\n");
	measure_histogram_append(&histogram, settings, utf8, text);
}

void measure_text_append(const MeasureRun *run, size_t item, const Json *json,
			 const Settings *settings, bool utf8, Text *text)
{
	const MeasureSeries *series = &run->items[item].series;

	append_head(run, &run->items[item], settings, text);
	if (series->n == 0)
		return;
	append_words(series, json, settings, text);
	append_phases(json_get(json, "phases"), settings, text);
	append_parts(series, settings, utf8, text);
	append_histogram(series, settings, utf8, text);
}
