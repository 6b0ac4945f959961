/* SPDX-License-Identifier: MIT */
#include "cli/measure_compare.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli/fold.h"
#include "cli/table.h"
#include "common/human.h"
#include "common/stats.h"

/* Those of stats.h; and with fewer pairs an interval of 95 % is wider than anybody believes. */
#define PAIRS_MAX 64
#define PAIRS_MIN 6
#define MAX_TEXT  64 /* of a cell */

static bool has_both(const MeasureSeries *a, const MeasureSeries *b, size_t i, double *ret_us)
{
	const MeasureSample *left = &a->samples[i], *right = &b->samples[i];

	if (!(left->phases & 1U << a->headline) || !(right->phases & 1U << b->headline))
		return false;
	*ret_us = (double)left->phases_us[a->headline] - (double)right->phases_us[b->headline];
	return true;
}

void measure_difference(const MeasureSeries *series, const MeasureSeries *than,
			MeasureDifference *ret)
{
	size_t rounds = MIN(series->n, than->n), n = 0, usable = 0, taken = 0;
	double differences[PAIRS_MAX], us;
	MeasureDifference difference = {0};

	for (size_t i = 0; i < rounds; i++)
		usable += has_both(series, than, i, &us);
	/* Evenly from all of them, if there are too many. */
	for (size_t i = 0; i < rounds && usable >= PAIRS_MIN; i++)
		if (has_both(series, than, i, &us) &&
		    taken++ * MIN(usable, (size_t)PAIRS_MAX) / usable == n)
			differences[n++] = us;
	if (n > 0) {
		difference.pairs = n;
		difference.us = stats_hodges_lehmann(differences, n);
		stats_bootstrap(differences, n, 0.95, &difference.low_us, &difference.high_us);
	}
	*ret = difference;
}

static bool median_of(const MeasureRun *run, size_t item, uint32_t *ret_us)
{
	const MeasureSeries *series = &run->items[item].series;
	MeasurePhase phase;

	measure_series_phase(series, series->headline, &phase);
	*ret_us = phase.p50_us;
	return phase.has_p50;
}

/* How many have a lesser median, or the same and stand before it; without one: behind all. */
static size_t rank_of(const MeasureRun *run, size_t item)
{
	uint32_t own_us, us;
	bool known = median_of(run, item, &own_us);
	size_t rank = 0;

	for (size_t i = 0; i < run->n; i++) {
		bool other = median_of(run, i, &us);

		if (i == item)
			continue;
		if (known && other)
			rank += us < own_us || (us == own_us && i < item);
		else
			rank += other || (!known && i < item);
	}
	return rank;
}

static size_t item_of_rank(const MeasureRun *run, size_t rank)
{
	size_t item = 0;

	while (rank_of(run, item) != rank)
		item++;
	return item;
}

size_t measure_quickest(const MeasureRun *run)
{
	uint32_t us;
	size_t first = run->n > 0 ? item_of_rank(run, 0) : 0;

	return run->n > 0 && median_of(run, first, &us) ? first : run->n;
}

static const TableColumn columns[] = {
	{.title = "URL", .flexible = true, .least = 14},
	{.title = "ADDRESS", .drop = 6},
	{.title = "PHASE", .drop = 5},
	{.title = "P50", .right = true},
	{.title = "P95", .right = true, .drop = 4},
	{.title = "P99", .right = true, .drop = 3},
	{.title = "LOSS", .right = true, .drop = 1},
	{.title = "SLOWER BY", .right = true},
	{.title = "95 % OF IT", .right = true, .drop = 2},
};

static void add_latency(Table *table, bool known, uint32_t us)
{
	char buffer[HUMAN_MAX];

	table_add(table, STYLE_PLAIN, known ? human_latency(us, buffer) : NULL);
}

/* With the sign, to 10 us. */
static void add_difference(Table *table, const MeasureDifference *difference)
{
	char buffer[MAX_TEXT];

	(void)text_format(buffer, sizeof(buffer), "%.2f ms", difference->us / 1000);
	table_add(table, STYLE_PLAIN, difference->pairs > 0 ? buffer : NULL);
	(void)text_format(buffer, sizeof(buffer), "%.2f..%.2f ms", difference->low_us / 1000,
			  difference->high_us / 1000);
	table_add(table, STYLE_PLAIN, difference->pairs > 0 ? buffer : NULL);
}

static void add_row(Table *table, const MeasureRun *run, size_t item,
		    const MeasureDifference *difference)
{
	const MeasureSeries *series = &run->items[item].series;
	MeasurePhase phase;
	MeasureCounts counts;
	char buffer[MAX_TEXT];
	uint64_t judged;

	measure_series_phase(series, series->headline, &phase);
	measure_series_count(series, &counts);
	judged = counts.successes + counts.losses;
	table_add(table, STYLE_PLAIN, run->items[item].target->text);
	table_add(table, STYLE_PLAIN, address_format(&series->address, buffer));
	table_add(table, STYLE_PLAIN, probe_phase_name(series->headline));
	add_latency(table, phase.has_p50, phase.p50_us);
	add_latency(table, phase.has_p95, phase.p95_us);
	add_latency(table, phase.has_p99, phase.p99_us);
	table_add(table, counts.losses > 0 ? STYLE_WARN : STYLE_PLAIN,
		  judged > 0
			  ? human_permille((int64_t)((counts.losses * 1000 + judged / 2) / judged),
					   false, buffer)
			  : NULL);
	add_difference(table, difference);
}

void measure_compare_append(const MeasureRun *run, const Settings *settings, Text *text)
{
	_cleanup_table_ Table table = {.cells = NULL};
	size_t quickest = measure_quickest(run);
	bool open = false;

	table_init(&table, columns, ARRAY_SIZE(columns));
	for (size_t rank = 0; rank < run->n; rank++) {
		size_t item = item_of_rank(run, rank);
		MeasureDifference difference = {0};

		if (quickest < run->n && item != quickest)
			measure_difference(&run->items[item].series, &run->items[quickest].series,
					   &difference);
		open = open || (difference.pairs > 0 && difference.low_us <= 0);
		add_row(&table, run, item, &difference);
	}
	text_append(text, "\n");
	table_append(&table, settings, 0, text);
	if (open)
		fold_append(settings, "note",
			    "where the 95 % begin below 0, nobody can tell yet which is quicker: "
			    "more probes will (-n)",
			    text);
}
