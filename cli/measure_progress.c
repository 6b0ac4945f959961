/* SPDX-License-Identifier: MIT */
#include "cli/measure_progress.h"

#include <stdio.h>
#include <string.h>

#include "cli/bar.h"
#include "cli/output.h"
#include "common/clock.h"
#include "common/human.h"

#define BAR_WIDTH   20
#define REDRAW_NS   (50 * NSEC_PER_MSEC)
#define WIDTH_USUAL 80 /* of a terminal that does not tell */

void measure_progress_init(MeasureProgress *progress, const Settings *settings)
{
	size_t width = output_width(STDERR_FILENO);

	*progress = (MeasureProgress){
		.shown = isatty(STDERR_FILENO) && !settings->quiet &&
			 !text_equal(getenv("TERM"), "dumb"),
		.utf8 = !settings->ascii,
		.width = width == SIZE_MAX ? WIDTH_USUAL : width,
	};
}

static void append_done(const MeasureRun *run, size_t done, bool utf8, Text *text)
{
	size_t total = run->count * run->n, used;

	if (total == 0) {
		text_appendf(text, "%zu probes, Ctrl-C ends", done);
		return;
	}
	used = bar_append(text, utf8, (double)done / (double)total, BAR_WIDTH);
	text_appendf(text, "%*s %zu/%zu", (int)(BAR_WIDTH - used), "", done, total);
}

static void append_last(const MeasureSeries *series, Text *text)
{
	const MeasureSample *last = &series->samples[series->n - 1];
	char buffer[HUMAN_MAX];

	if (last->outcome == PROBE_OK)
		text_appendf(text, "  %s %s", probe_phase_name(series->headline),
			     human_latency(last->phases_us[series->headline], buffer));
	else
		text_appendf(text, "  %s", probe_outcome_name(last->outcome));
}

void measure_progress_line(const MeasureRun *run, size_t item, bool utf8, size_t width, Text *text)
{
	_cleanup_(text_clear) Text line = {.data = NULL};
	size_t done = 0, lost = 0, columns = 0, end = 0;

	for (size_t i = 0; i < run->n; i++) {
		MeasureCounts counts;

		measure_series_count(&run->items[i].series, &counts);
		done += counts.attempts;
		lost += counts.attempts - counts.successes;
	}
	append_done(run, done, utf8, &line);
	if (run->items[item].series.n > 0)
		append_last(&run->items[item].series, &line);
	if (lost > 0)
		text_appendf(&line, "  %zu failed", lost);
	if (run->n > 1)
		text_appendf(&line, "  %s", run->items[item].target->text);
	while (end < line.length) {
		columns += ((unsigned char)line.data[end] & 0xc0) != 0x80;
		if (columns > width)
			break;
		end++;
	}
	text_append_bytes(text, text_string(&line), end);
}

void measure_progress_draw(MeasureProgress *progress, const MeasureRun *run, size_t item,
			   uint64_t now_ns)
{
	_cleanup_(text_clear) Text line = {.data = NULL};

	if (!progress->shown || (progress->drawn_ns > 0 && now_ns - progress->drawn_ns < REDRAW_NS))
		return;
	progress->drawn_ns = now_ns;
	/* One column less: a line that fills the terminal would wrap. */
	measure_progress_line(run, item, progress->utf8, progress->width - 1, &line);
	fprintf(stderr, "\r%s\033[K", text_string(&line));
	(void)fflush(stderr); /* an ornament */
}

void measure_progress_clear(MeasureProgress *progress)
{
	if (progress->drawn_ns == 0)
		return;
	fputs("\r\033[K", stderr);
	(void)fflush(stderr); /* likewise */
}
