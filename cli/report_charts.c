/* SPDX-License-Identifier: MIT */
/*
 * Latency over time and where it comes from. A plot has at most CHART_POINTS_MAX points: of several
 * values in one point the p50s are averaged, and of the p95s and the losses the worst is shown, so
 * that no spike is lost. The page holds as many endpoints as fit into its size.
 */
#include "cli/report.h"

#include <inttypes.h>

#include "cli/change.h"
#include "cli/chart.h"
#include "cli/endpoint.h"
#include "cli/html.h"
#include "common/human.h"

#define PARTS_MAX   7
#define MARKS_MAX   8
#define USEC_PER_MS 1000.0

typedef struct Points {
	double p50[CHART_POINTS_MAX], p95[CHART_POINTS_MAX], loss[CHART_POINTS_MAX];
	size_t n, group; /* values in one point */
} Points;

static double value_at(const Json *array, size_t i, double scale)
{
	int64_t value = json_int(json_at(array, i), -1);

	return value < 0 ? NAN : (double)value / scale;
}

static void gather_point(const Json *series, size_t point, Points *points)
{
	const Json *p50 = json_get(series, "p50Usec"), *p95 = json_get(series, "p95Usec");
	const Json *loss = json_get(series, "lossPermille");
	double sum = 0, n = 0;

	points->p95[point] = points->loss[point] = NAN;
	for (size_t i = point * points->group; i < (point + 1) * points->group; i++) {
		double value = value_at(p50, i, USEC_PER_MS);

		sum += isnan(value) ? 0 : value;
		n += isnan(value) ? 0 : 1;
		points->p95[point] = fmax(points->p95[point], value_at(p95, i, USEC_PER_MS));
		points->loss[point] = fmax(points->loss[point], value_at(loss, i, 1000));
	}
	points->p50[point] = n > 0 ? sum / n : NAN;
}

/* False: there is nothing to show. */
static bool gather_points(const Json *series, Points *points)
{
	size_t n = json_length(json_get(series, "p50Usec"));
	bool any = false;

	points->group = (n + CHART_POINTS_MAX - 1) / CHART_POINTS_MAX;
	points->n = points->group > 0 ? (n + points->group - 1) / points->group : 0;
	for (size_t i = 0; i < points->n; i++) {
		gather_point(series, i, points);
		any = any || !isnan(points->p50[i]);
	}
	return any;
}

/* The decisions of the time that the plots show, the newest first. */
static size_t gather_marks(const ReportData *data, ChartMark marks[], char texts[][16])
{
	size_t n = 0;

	for (size_t i = 0; i < json_length(data->changes) && n < MARKS_MAX; i++) {
		const Json *change = json_at(data->changes, i);
		int64_t usec = json_int(json_get(change, "decidedRealtimeUsec"), 0);

		if (usec <= 0 || !text_equal(change_outcome(change), "kept"))
			continue;
		(void)text_format(texts[n], sizeof(texts[n]), "#%lld",
				  (long long)json_int(json_get(change, "id"), 0));
		marks[n] = (ChartMark){.at_s = (double)usec / 1e6, .text = texts[n]};
		n++;
	}
	return n;
}

static bool append_series(const ReportData *data, const Json *series, Text *page)
{
	static Points points;
	ChartMark marks[MARKS_MAX];
	char texts[MARKS_MAX][16];
	ChartLine lines[] = {{.name = "p50", .class = "p50", .values = points.p50},
			     {.name = "p95", .class = "p95", .values = points.p95}};
	double step_s = (double)json_int(json_get(data->history, "stepUsec"), 0) / 1e6;
	Chart chart = {
		.title = json_string(json_get(series, "name")),
		.start_s = (double)json_int(json_get(series, "startRealtimeUsec"), 0) / 1e6,
		.lines = lines,
		.n_lines = ARRAY_SIZE(lines),
		.loss = points.loss,
		.marks = marks,
	};

	if (step_s <= 0 || !gather_points(series, &points))
		return false;
	chart.n = points.n;
	chart.step_s = step_s * (double)points.group;
	chart.n_marks = gather_marks(data, marks, texts);
	chart_lines(&chart, page);
	return true;
}

static void append_history(const ReportData *data, Text *page)
{
	const Json *series = json_get(data->history, "series");
	int64_t total = json_int(json_get(data->history, "total"), 0);
	size_t shown = 0, n = json_length(series);

	report_heading("time", "Latency over time", page);
	text_append(page, "<div class=\"grid2\">\n");
	for (size_t i = 0; i < n && shown < REPORT_CHARTS_MAX; i++)
		shown += append_series(data, json_at(series, i), page);
	text_append(page, "</div>\n");
	if (shown == 0)
		text_append(page, "<p class=\"dim\">Nothing has been measured long enough.</p>\n");
	else if (total > (int64_t)n)
		text_appendf(page, "<p class=\"dim\">The first %zu of %" PRId64 ".</p>\n", n,
			     total);
}

/* Where it comes from. */

static bool append_decomposition(const Json *endpoint, const Json *target, Text *page)
{
	const Json *decomposition = json_get(target, "decomposition");
	const Json *parts = json_get(decomposition, "parts");
	ChartPart shown[PARTS_MAX];
	char texts[PARTS_MAX][HUMAN_MAX];
	_cleanup_(text_clear) Text title = {.data = NULL};
	char total[HUMAN_MAX];
	size_t n = MIN(json_length(parts), (size_t)PARTS_MAX);

	for (size_t i = 0; i < n; i++) {
		int64_t usec = MAX(json_int(json_get(json_at(parts, i), "usec"), 0), (int64_t)0);

		shown[i] = (ChartPart){.name = json_string(json_get(json_at(parts, i), "part")),
				       .value = (double)usec,
				       .text = human_latency((uint64_t)usec, texts[i])};
	}
	if (n == 0)
		return false;
	text_appendf(&title, "%s, %s: %s", json_string(json_get(endpoint, "name")),
		     json_string(json_get(target, "family")),
		     human_latency((uint64_t)MAX(json_int(json_get(decomposition, "totalUsec"), 0),
						 (int64_t)0),
				   total));
	chart_parts(text_string(&title), shown, n, page);
	return true;
}

static void append_decompositions(const ReportData *data, Text *page)
{
	size_t shown = 0;

	report_heading("parts", "Where the latency comes from", page);
	text_append(page, "<div class=\"grid2\">\n");
	for (size_t i = 0; i < json_length(data->endpoints) && shown < REPORT_CHARTS_MAX; i++) {
		const Json *endpoint = json_at(data->endpoints, i);
		const Json *targets = json_get(endpoint, "targets");

		for (size_t k = 0; k < json_length(targets) && shown < REPORT_CHARTS_MAX; k++)
			shown += append_decomposition(endpoint, json_at(targets, k), page);
	}
	text_append(page, "</div>\n");
	if (shown == 0)
		text_append(page, "<p class=\"dim\">Not enough samples yet.</p>\n");
}

void report_charts(const ReportData *data, Text *page)
{
	append_history(data, page);
	append_decompositions(data, page);
}
