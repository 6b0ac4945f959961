/* SPDX-License-Identifier: MIT */
#include "cli/measure_histogram.h"

#include <inttypes.h>
#include <string.h>

#include "cli/bar.h"
#include "cli/measure_series.h"
#include "cli/output.h"

#define BINS_WANTED 10
/* Tukey's outer fence: so many interquartile ranges above the third quartile. */
#define FENCE 3
/* A spread below this is one of noise: 1 %, and 20 us. */
#define SPREAD_SHARE  100
#define SPREAD_MIN_US 20
#define BAR_MAX       50
#define LABEL_MAX     24
#define BEYOND        "more"
/* Columns beside a bar: two blanks before and after the label, a blank and a count; and of what is
 * beyond, from where to where. */
#define ROOM        11
#define BEYOND_ROOM 24

/* The least of 1, 2, 5, 10, 20, ... that is not less. */
static uint64_t round_step(uint64_t wanted_us)
{
	uint64_t step_us = 1;

	for (unsigned i = 0; step_us < wanted_us; i++)
		step_us = i % 3 == 1 ? step_us / 2 * 5 : step_us * 2;
	return step_us;
}

static uint32_t fence_of(const uint32_t *sorted, size_t n)
{
	uint32_t low = measure_quantile(sorted, n, 250), high = measure_quantile(sorted, n, 750);
	uint64_t spread = MAX((uint64_t)high / SPREAD_SHARE, (uint64_t)SPREAD_MIN_US);

	spread = MAX(spread, (uint64_t)(high - low));
	return (uint32_t)MIN(high + FENCE * spread, (uint64_t)sorted[n - 1]);
}

void measure_histogram(const uint32_t *sorted, size_t n, MeasureHistogram *ret)
{
	uint32_t fence_us = fence_of(sorted, n);
	uint64_t step_us =
		round_step(((uint64_t)fence_us - sorted[0] + BINS_WANTED - 1) / BINS_WANTED);
	MeasureHistogram histogram = {
		.low_us = (uint32_t)(sorted[0] / step_us * step_us),
		.step_us = (uint32_t)step_us,
	};

	histogram.n_bins = (size_t)((fence_us - histogram.low_us) / step_us) + 1;
	assert(histogram.n_bins <= MEASURE_BINS_MAX);
	histogram.beyond_max_us = sorted[n - 1];
	for (size_t i = 0; i < n; i++) {
		size_t bin = (sorted[i] - histogram.low_us) / histogram.step_us;

		if (bin < histogram.n_bins)
			histogram.counts[bin]++;
		else if (histogram.beyond++ == 0)
			histogram.beyond_us = sorted[i];
	}
	*ret = histogram;
}

/* In ms, with as many decimals as the borders of the bins need. */
static void format_ms(uint64_t us, uint64_t step_us, char buffer[LABEL_MAX])
{
	static const struct {
		uint64_t step_us, divisor;
		int decimals;
	} forms[] = {{1000, 1000, 0}, {100, 100, 1}, {10, 10, 2}, {0, 1, 3}};
	size_t i = 0;

	while (step_us < forms[i].step_us)
		i++;
	if (forms[i].decimals == 0)
		(void)text_format(buffer, LABEL_MAX, "%" PRIu64 " ms", us / 1000);
	else
		(void)text_format(buffer, LABEL_MAX, "%" PRIu64 ".%0*" PRIu64 " ms", us / 1000,
				  forms[i].decimals, us % 1000 / forms[i].divisor);
}

static void append_bin(const char *label, int label_width, uint64_t count, uint64_t most,
		       size_t width, bool utf8, Text *text)
{
	text_appendf(text, "  %*s  ", label_width, label);
	(void)bar_append(text, utf8, (double)count / (double)most, width);
	text_appendf(text, "%s%" PRIu64, count > 0 ? " " : "", count);
}

static void append_beyond(const MeasureHistogram *histogram, Text *text)
{
	char least[LABEL_MAX], greatest[LABEL_MAX];

	format_ms(histogram->beyond_us, histogram->step_us, least);
	format_ms(histogram->beyond_max_us, histogram->step_us, greatest);
	if (histogram->beyond == 1)
		text_appendf(text, " (%s)\n", greatest);
	else
		text_appendf(text, " (%s to %s)\n", least, greatest);
}

static uint64_t border_us(const MeasureHistogram *histogram, size_t bin)
{
	return histogram->low_us + bin * (uint64_t)histogram->step_us;
}

void measure_histogram_append(const MeasureHistogram *histogram, const Settings *settings,
			      bool utf8, Text *text)
{
	uint64_t most = histogram->beyond;
	char label[LABEL_MAX];
	int label_width;
	size_t width;

	for (size_t i = 0; i < histogram->n_bins; i++)
		most = MAX(most, histogram->counts[i]);
	format_ms(border_us(histogram, histogram->n_bins - 1), histogram->step_us, label);
	label_width = (int)MAX(strlen(label), strlen(BEYOND));
	width = settings->width - MIN(settings->width, (size_t)label_width + ROOM);
	width = MIN(width, (size_t)BAR_MAX);
	for (size_t i = 0; i < histogram->n_bins; i++) {
		format_ms(border_us(histogram, i), histogram->step_us, label);
		append_bin(label, label_width, histogram->counts[i], most, width, utf8, text);
		text_append(text, "\n");
	}
	if (histogram->beyond == 0)
		return;
	width -= MIN(width, (size_t)BEYOND_ROOM);
	append_bin(BEYOND, label_width, histogram->beyond, most, width, utf8, text);
	append_beyond(histogram, text);
}
