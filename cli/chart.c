/* SPDX-License-Identifier: MIT */
#include "cli/chart.h"

#include <time.h>

#include "cli/html.h"

#define WIDTH         360.0
#define LEFT          38.0
#define RIGHT         352.0
#define TOP           8.0
#define BOTTOM        108.0
#define HEIGHT        128.0
#define BAR           16.0
#define MARK_WIDTH    28.0
#define COLOURS       7 /* of parts, in the style sheet: p0 to p6 */
#define LONG_SPAN_S   (36.0 * 3600)
#define PAIRS_CLIPPED 0.5 /* ln: beyond a half more or less the bar says no more */

double chart_ceiling(double value)
{
	static const double steps[] = {1, 2, 5, 10};
	double base = value > 0 ? pow(10, floor(log10(value))) : 1;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (value <= steps[i] * base * (1 + 1e-9))
			return steps[i] * base;
	return 10 * base;
}

static void open_svg(const char *title, double height, Text *page)
{
	text_appendf(page, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", WIDTH,
		     height);
	html_append(page, title);
	text_append(page, "\">");
}

static void label(double x, double y, const char *anchor, const char *string, Text *page)
{
	text_appendf(page, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
	html_append(page, string);
	text_append(page, "</text>");
}

/* Lines over time. */

static double line_x(const Chart *chart, double index)
{
	double last = chart->n > 1 ? (double)(chart->n - 1) : 1;

	return LEFT + (RIGHT - LEFT) * index / last;
}

static double line_y(double value, double top)
{
	return BOTTOM - (BOTTOM - TOP) * fmin(value / top, 1);
}

static double greatest(const Chart *chart)
{
	double most = 0;

	for (size_t k = 0; k < chart->n_lines; k++)
		for (size_t i = 0; i < chart->n; i++)
			most = fmax(most, chart->lines[k].values[i]); /* of NAN: the other */
	return most;
}

static void append_grid(double top, Text *page)
{
	char text[32];

	for (unsigned i = 0; i <= 2; i++) {
		double value = top * i / 2, y = line_y(value, top);

		text_appendf(page, "<path class=\"grid\" d=\"M%.0f %.1fH%.0f\"/>", LEFT, y, RIGHT);
		(void)text_format(text, sizeof(text), value < 1000 ? "%.3g" : "%.0f", value);
		label(LEFT - 4, y + 3.5, "end", text, page);
	}
}

static void append_times(const Chart *chart, Text *page)
{
	static const char *const anchors[] = {"start", "middle", "end"};
	double span = chart->step_s * (double)(chart->n > 1 ? chart->n - 1 : 1);
	char text[32];

	for (unsigned i = 0; i <= 2; i++) {
		time_t at = (time_t)(chart->start_s + span * i / 2);
		struct tm parts;

		if (!localtime_r(&at, &parts) ||
		    strftime(text, sizeof(text), span > LONG_SPAN_S ? "%a %H:%M" : "%H:%M",
			     &parts) == 0)
			continue;
		label(LEFT + (RIGHT - LEFT) * i / 2, HEIGHT - 6, anchors[i], text, page);
	}
}

static void append_line(const Chart *chart, const ChartLine *line, double top, Text *page)
{
	bool open = false;

	text_appendf(page, "<path class=\"line %s\" d=\"", line->class);
	for (size_t i = 0; i < chart->n; i++) {
		if (isnan(line->values[i])) {
			open = false;
			continue;
		}
		/* A point alone is a line of no length with round ends. */
		text_appendf(page, open ? "L%.1f %.1f" : "M%.1f %.1fh0", line_x(chart, (double)i),
			     line_y(line->values[i], top));
		open = true;
	}
	text_append(page, "\"/>");
}

static void append_losses(const Chart *chart, Text *page)
{
	bool any = false;

	for (size_t i = 0; chart->loss && i < chart->n; i++) {
		if (!(chart->loss[i] > 0))
			continue;
		text_append(page, any ? "" : "<path class=\"loss\" d=\"");
		text_appendf(page, "M%.1f %.1fv4", line_x(chart, (double)i), BOTTOM);
		any = true;
	}
	text_append(page, any ? "\"/>" : "");
}

/* Of marks that lie close to one another the first is named. */
static void append_marks(const Chart *chart, Text *page)
{
	double named = -WIDTH;

	for (size_t i = 0; i < chart->n_marks; i++) {
		double index = (chart->marks[i].at_s - chart->start_s) / chart->step_s;
		double x = line_x(chart, index);

		if (index < 0 || index > (double)(chart->n - 1))
			continue;
		text_appendf(page, "<path class=\"mark\" d=\"M%.1f %.0fV%.0f\"/>", x, TOP, BOTTOM);
		if (fabs(x - named) < MARK_WIDTH)
			continue;
		named = x;
		label(x + 2, TOP + 8, x < RIGHT - MARK_WIDTH ? "start" : "end",
		      chart->marks[i].text, page);
	}
}

static void append_names(const Chart *chart, Text *page)
{
	text_append(page, "<p class=\"legend\">");
	for (size_t i = 0; i < chart->n_lines; i++) {
		text_appendf(page, "<span><i class=\"key %s\"></i> ", chart->lines[i].class);
		html_append(page, chart->lines[i].name);
		text_append(page, "</span> ");
	}
	text_append(page, chart->loss ? "<span><i class=\"key lost\"></i> losses</span>" : "");
	text_append(page, "</p>\n");
}

void chart_lines(const Chart *chart, Text *page)
{
	double top = chart_ceiling(greatest(chart));

	text_append(page, "<figure><figcaption>");
	html_append(page, chart->title);
	text_append(page, " <small>ms</small></figcaption>");
	open_svg(chart->title, HEIGHT, page);
	append_grid(top, page);
	append_times(chart, page);
	append_marks(chart, page);
	for (size_t i = chart->n_lines; i > 0; i--)
		append_line(chart, &chart->lines[i - 1], top, page);
	append_losses(chart, page);
	text_append(page, "</svg>");
	append_names(chart, page);
	text_append(page, "</figure>\n");
}

/* Parts of a whole, and bars beside one another. */

static double sum(const ChartPart parts[], size_t n)
{
	double all = 0;

	for (size_t i = 0; i < n; i++)
		all += parts[i].value > 0 ? parts[i].value : 0;
	return all;
}

void chart_parts(const char *title, const ChartPart parts[], size_t n, Text *page)
{
	double all = sum(parts, n), x = 0;

	if (all <= 0)
		return;
	text_append(page, "<figure>");
	html_element(page, "figcaption", NULL, title);
	open_svg(title, BAR, page);
	for (size_t i = 0; i < n; i++) {
		double width = parts[i].value > 0 ? WIDTH * parts[i].value / all : 0;

		text_appendf(page,
			     "<rect class=\"p%zu\" x=\"%.1f\" y=\"0\" width=\"%.1f\" "
			     "height=\"%.0f\"/>",
			     i % COLOURS, x, width, BAR);
		x += width;
	}
	text_append(page, "</svg><p class=\"legend\">");
	for (size_t i = 0; i < n; i++) {
		text_appendf(page, "<span><i class=\"key p%zu\"></i> ", i % COLOURS);
		html_append(page, parts[i].name);
		text_append(page, " <b>");
		html_append(page, parts[i].text);
		text_append(page, "</b></span> ");
	}
	text_append(page, "</p></figure>\n");
}

void chart_bars(const char *title, const ChartPart parts[], size_t n, Text *page)
{
	double most = 0, height = (double)n * (BAR + 4);

	for (size_t i = 0; i < n; i++)
		most = fmax(most, parts[i].value);
	if (most <= 0)
		return;
	text_append(page, "<figure>");
	html_element(page, "figcaption", NULL, title);
	open_svg(title, height, page);
	for (size_t i = 0; i < n; i++) {
		double y = (double)i * (BAR + 4), width = 180 * fmax(parts[i].value, 0) / most;

		label(0, y + 12, "start", parts[i].name, page);
		text_appendf(page,
			     "<rect class=\"p%zu\" x=\"60\" y=\"%.1f\" width=\"%.1f\" "
			     "height=\"%.0f\"/>",
			     i % COLOURS, y, fmax(width, 1), BAR);
		label(66 + width, y + 12, "start", parts[i].text, page);
	}
	text_append(page, "</svg></figure>\n");
}

void chart_pairs(const char *title, const double values[], size_t n, Text *page)
{
	double step = n > 0 ? (RIGHT - LEFT) / (double)n : 0, middle = 40, scale = 36;

	if (n == 0)
		return;
	text_append(page, "<figure>");
	html_element(page, "figcaption", NULL, title);
	open_svg(title, 2 * middle, page);
	label(LEFT - 4, 12, "end", "better", page);
	label(LEFT - 4, 2 * middle - 6, "end", "worse", page);
	text_appendf(page, "<path class=\"axis\" d=\"M%.0f %.0fH%.0f\"/>", LEFT, middle, RIGHT);
	for (size_t i = 0; i < n; i++) {
		double share = fmax(-1, fmin(1, values[i] / PAIRS_CLIPPED));
		double height = fmax(1, fabs(share) * scale);

		if (isnan(values[i]))
			continue;
		text_appendf(page,
			     "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			     "height=\"%.1f\"/>",
			     share > 0 ? "good" : "bad", LEFT + step * ((double)i + 0.15),
			     share > 0 ? middle - height : middle, fmin(step * 0.7, 24), height);
	}
	text_append(page, "</svg></figure>\n");
}
