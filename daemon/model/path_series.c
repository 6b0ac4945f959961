/* SPDX-License-Identifier: MIT */
/*
 * Bins of equal width in histogram_index(), which is nearly a logarithm: doubling the width is
 * adding up pairs, and bins of different widths can be told into each other without a table. What
 * goes into them in the innermost loop of a sweep is one comparison and one increment; the rest
 * happens once in a while.
 *
 * As in common/window.c nothing is cleared on time. Whoever writes moves the slots on, whoever
 * reads takes those whose number is of the window.
 */
#include "daemon/model/path_series.h"

#include <string.h>

#include "common/base.h"
#include "common/clock.h"

#define SLOT_NS        PATH_STEP_NS
#define SLOTS_PER_HALF 6

/* Added to what is binned: a queue is often empty, and microseconds of it are no reason to have
 * wide bins for its milliseconds. */
static const uint32_t offsets_us[_PATH_SERIES] = {[PATH_QUEUEING] = 1000};

_Static_assert(sizeof(PathBins) == 52, "PathStatistics are counted in bytes");
_Static_assert(sizeof(PathStatistics) <= 896, "for each of 4,096 paths");

const char *path_series_name(PathSeries series)
{
	static const char *const names[_PATH_SERIES] = {
		[PATH_SRTT] = "srtt", [PATH_QUEUEING] = "queueing", [PATH_CONNECT] = "connect"};

	assert(series < _PATH_SERIES);
	return names[series];
}

/* Halves round up or down by bits that have nothing to do with them, so that on average neither the
 * mass nor the tails grow. */
static void halve(PathBins *bins)
{
	uint32_t bits = (bins->n + 1) * UINT32_C(2654435761); /* Knuth's multiplicative hash */

	bits ^= bits >> 15;
	for (unsigned i = 0; i < PATH_BINS; i++)
		bins->counts[i] = (uint8_t)((bins->counts[i] + (bits >> i & 1)) / 2);
}

/* Doubles the width of the bins. */
static void widen(PathBins *bins)
{
	uint16_t wide[PATH_BINS] = {0};
	unsigned base = bins->base / 2, greatest = 0;

	for (unsigned i = 0; i < PATH_BINS; i++) {
		uint16_t *to = &wide[(bins->base + i) / 2 - base];

		*to = (uint16_t)(*to + bins->counts[i]);
		greatest = MAX(greatest, (unsigned)*to);
	}
	for (unsigned i = 0; i < PATH_BINS; i++)
		bins->counts[i] = (uint8_t)(greatest > UINT8_MAX ? (wide[i] + 1) / 2 : wide[i]);
	bins->base = (uint16_t)base;
	bins->shift++;
}

/* Moves and widens the bins until `index` (unshifted) has one. */
static void make_room(PathBins *bins, unsigned index)
{
	unsigned low, high, at;
	uint8_t moved[PATH_BINS] = {0};

	for (;;) {
		unsigned first = 0, last = PATH_BINS - 1;

		while (first < PATH_BINS && bins->counts[first] == 0)
			first++;
		while (last > first && bins->counts[last] == 0)
			last--;
		at = index >> bins->shift;
		low = first == PATH_BINS ? at : MIN(bins->base + first, at);
		high = first == PATH_BINS ? at : MAX(bins->base + last, at);
		if (high - low < PATH_BINS)
			break;
		widen(bins);
	}
	low -= MIN(low, (PATH_BINS - 1 - (high - low)) / 2); /* in the middle */
	for (unsigned i = 0; i < PATH_BINS; i++)
		if (bins->counts[i] > 0)
			moved[bins->base + i - low] = bins->counts[i];
	memcpy(bins->counts, moved, sizeof(moved));
	bins->base = (uint16_t)low;
}

static void count(PathBins *bins, unsigned index, unsigned times)
{
	unsigned at = (index >> bins->shift) - bins->base; /* below base: huge */

	if (at >= PATH_BINS) {
		make_room(bins, index);
		at = (index >> bins->shift) - bins->base;
	}
	while (bins->counts[at] + times > UINT8_MAX) {
		halve(bins);
		times = MAX(times / 2, 1U);
	}
	bins->counts[at] = (uint8_t)(bins->counts[at] + times);
}

static void extend(PathBins *bins, uint32_t n, uint32_t min_us, uint32_t max_us, float sum_us)
{
	bins->min_us = bins->n == 0 ? min_us : MIN(bins->min_us, min_us);
	bins->max_us = bins->n == 0 ? max_us : MAX(bins->max_us, max_us);
	bins->sum_us += sum_us;
	bins->n = bins->n > UINT32_MAX - n ? UINT32_MAX : bins->n + n;
}

static void bins_add(PathBins *bins, uint32_t us, uint32_t offset_us)
{
	if (bins->n == 0)
		*bins = (PathBins){0};
	count(bins, histogram_index(MIN(us, HISTOGRAM_MAX_US) + offset_us), 1);
	extend(bins, 1, us, us, (float)us);
}

static unsigned total(const PathBins *bins)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < PATH_BINS; i++)
		sum += bins->counts[i];
	return sum;
}

/* The middle of the i-th bin. */
static unsigned middle(const PathBins *bins, unsigned i)
{
	unsigned index =
		((bins->base + i) << bins->shift) + (bins->shift > 0 ? 1U << (bins->shift - 1) : 0);

	return MIN(index, HISTOGRAM_BUCKETS - 1U);
}

static unsigned greatest(const PathBins *bins)
{
	unsigned most = 0;

	for (unsigned i = 0; i < PATH_BINS; i++)
		most = MAX(most, (unsigned)bins->counts[i]);
	return most;
}

/* Brings both to the same width, and `into` to where it has a bin for each of `from`. */
static void align(PathBins *into, PathBins *from)
{
	while (into->shift < from->shift)
		widen(into);
	for (unsigned i = 0; i < PATH_BINS; i++)
		if (from->counts[i] > 0)
			make_room(into, (from->base + i) << from->shift);
	while (from->shift < into->shift)
		widen(from);
}

static void bins_merge(PathBins *into, const PathBins *other)
{
	PathBins from = *other;
	double scale, from_scale;

	if (from.n == 0)
		return;
	if (into->n == 0) {
		*into = from;
		return;
	}
	align(into, &from);
	/* Counts are shares: one that stands for more samples weighs more. */
	scale = (double)into->n / MAX(total(into), 1U);
	from_scale = (double)from.n / MAX(total(&from), 1U);
	for (; greatest(&from) * from_scale / scale + greatest(into) > UINT8_MAX; scale *= 2)
		halve(into);
	for (unsigned i = 0; i < PATH_BINS; i++)
		if (from.counts[i] > 0)
			count(into, (from.base + i) << from.shift,
			      (unsigned)(from.counts[i] * from_scale / scale + 0.5));
	extend(into, from.n, from.min_us, from.max_us, from.sum_us);
}

static void merge_all(PathBins into[_PATH_SERIES], const PathBins from[_PATH_SERIES])
{
	for (unsigned i = 0; i < _PATH_SERIES; i++)
		bins_merge(&into[i], &from[i]);
}

/* 5 minutes that are over go into their half hour. */
static void retire(PathStatistics *statistics, const PathBins bins[_PATH_SERIES], uint32_t slot)
{
	uint32_t half = slot / SLOTS_PER_HALF;

	if (half > statistics->half) {
		if (half == statistics->half + 1)
			memcpy(statistics->bins[3], statistics->bins[2],
			       sizeof(statistics->bins[3]));
		else
			memset(statistics->bins[3], 0, sizeof(statistics->bins[3]));
		memset(statistics->bins[2], 0, sizeof(statistics->bins[2]));
		statistics->half = half;
	}
	if (half == statistics->half)
		merge_all(statistics->bins[2], bins);
	else if (half + 1 == statistics->half)
		merge_all(statistics->bins[3], bins);
}

static bool bins_quantile(const PathBins *bins, unsigned permille, uint32_t *ret_us)
{
	unsigned rank = MAX((total(bins) * permille + 999) / 1000, 1U), seen = 0;

	if (bins->n == 0)
		return false;
	for (unsigned i = 0; i < PATH_BINS; i++) {
		seen += bins->counts[i];
		if (seen < rank)
			continue;
		*ret_us =
			CLAMP(histogram_bucket_mid_us(middle(bins, i)), bins->min_us, bins->max_us);
		return true;
	}
	*ret_us = bins->max_us;
	return true;
}

static HistoryPoint point_of(const PathBins *bins)
{
	HistoryPoint point = {.count = bins->n};

	point.has_p50 = bins_quantile(bins, 500, &point.p50_us);
	point.has_p95 = bins->n >= WINDOW_MIN_P95 && bins_quantile(bins, 950, &point.p95_us);
	return point;
}

static PathStep step_of(const PathBins *bins)
{
	HistoryPoint point = point_of(bins);

	return (PathStep){
		.p50 = history_encode(point.has_p50, point.p50_us),
		.p95 = history_encode(point.has_p95, point.p95_us),
		.count = (uint16_t)MIN(point.count, (uint32_t)UINT16_MAX),
	};
}

/* The slot in progress becomes a step, and those after it, in which nothing was seen. */
static void keep_steps(PathStatistics *statistics, uint32_t slot)
{
	uint32_t oldest = slot > PATH_STEPS ? slot - PATH_STEPS : 0;

	for (uint32_t number = MAX(statistics->slot, oldest); number < slot; number++)
		statistics->steps[number % PATH_STEPS] =
			number == statistics->slot ? step_of(&statistics->bins[0][PATH_SRTT])
						   : (PathStep){0};
}

void path_series_at(const PathStatistics *statistics, uint64_t number, HistoryPoint *ret)
{
	const PathStep *step = &statistics->steps[number % PATH_STEPS];

	*ret = (HistoryPoint){.count = 0};
	if (number == statistics->slot)
		*ret = point_of(&statistics->bins[0][PATH_SRTT]);
	if (number >= statistics->slot || number + PATH_STEPS < statistics->slot)
		return;
	ret->count = step->count;
	ret->has_p50 = history_decode(step->p50, &ret->p50_us);
	ret->has_p95 = history_decode(step->p95, &ret->p95_us);
}

static void advance(PathStatistics *statistics, uint32_t slot)
{
	PathBins(*bins)[_PATH_SERIES] = statistics->bins;
	uint32_t last = statistics->slot;

	keep_steps(statistics, slot);
	if (last > 0)
		retire(statistics, bins[1], last - 1);
	if (slot == last + 1) {
		memcpy(bins[1], bins[0], sizeof(bins[1]));
	} else {
		retire(statistics, bins[0], last);
		memset(bins[1], 0, sizeof(bins[1]));
	}
	memset(bins[0], 0, sizeof(bins[0]));
	statistics->slot = slot;
}

void path_series_add(PathStatistics *statistics, PathSeries series, uint64_t now_ns, uint32_t us)
{
	uint32_t slot = (uint32_t)(now_ns / SLOT_NS);

	if (slot > statistics->slot)
		advance(statistics, slot);
	bins_add(&statistics->bins[0][series], us, offsets_us[series]);
}

void path_series_merge(PathStatistics *into, const PathStatistics *from, uint64_t now_ns)
{
	PathStatistics other = *from;
	uint32_t slot = (uint32_t)(now_ns / SLOT_NS);

	if (slot > into->slot)
		advance(into, slot);
	if (slot > other.slot)
		advance(&other, slot);
	retire(into, other.bins[3], other.half > 0 ? (other.half - 1) * SLOTS_PER_HALF : 0);
	retire(into, other.bins[2], other.half * SLOTS_PER_HALF);
	merge_all(into->bins[1], other.bins[1]);
	merge_all(into->bins[0], other.bins[0]);
}

/* Adds the bins to a histogram, as if all samples of a bin were in its middle. */
static uint64_t expand(const PathBins *bins, uint32_t offset_us, Histogram *into)
{
	unsigned sum = total(bins);

	if (bins->n == 0)
		return 0;
	into->min_us = into->count == 0 ? bins->min_us : MIN(into->min_us, bins->min_us);
	into->max_us = into->count == 0 ? bins->max_us : MAX(into->max_us, bins->max_us);
	for (unsigned i = 0; i < PATH_BINS; i++) {
		uint32_t us = histogram_bucket_mid_us(middle(bins, i));
		uint32_t n =
			(uint32_t)(((uint64_t)bins->counts[i] * bins->n + sum / 2) / MAX(sum, 1U));

		us = us - MIN(us, offset_us);
		us = CLAMP(us, bins->min_us, bins->max_us);
		into->counts[histogram_index(us)] += n;
		into->count += n;
	}
	return bins->n;
}

void path_series_summarise(const PathStatistics *statistics, PathSeries series, WindowSpan span,
			   uint64_t now_ns, WindowSummary *ret)
{
	uint64_t slot = now_ns / SLOT_NS, half = slot / SLOTS_PER_HALF, n = 0;
	Histogram histogram;
	double sum_us = 0;

	assert(series < _PATH_SERIES);
	histogram_reset(&histogram);
	for (unsigned i = 0; statistics && i < 4; i++) {
		uint64_t its_slot = statistics->slot - MIN(i, statistics->slot);
		uint64_t its_half =
			i < 2 ? its_slot / SLOTS_PER_HALF : (uint64_t)statistics->half + 2 - i;
		bool in = span == WINDOW_10MIN ? i < 2 && its_slot + 1 >= slot
					       : span == WINDOW_1H && its_half + 1 >= half;

		if (!in)
			continue;
		n += expand(&statistics->bins[i][series], offsets_us[series], &histogram);
		sum_us +=
			statistics->bins[i][series].n > 0 ? statistics->bins[i][series].sum_us : 0;
	}
	window_summary_of(&histogram, 0, ret);
	ret->count = n;
	ret->mean_us = n > 0 ? (uint32_t)MIN(sum_us / (double)n, (double)UINT32_MAX) : 0;
}
