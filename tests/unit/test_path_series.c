/* SPDX-License-Identifier: MIT */
/*
 * Against the exact windows of common/window.h where both say the same thing, and against an exact
 * sort within the error that a bin allows. Merging two is, to half a bin, counting in one.
 */
#include "daemon/model/path_series.h"

#include <math.h>
#include <string.h>

#include "common/base.h"
#include "common/clock.h"
#include "common/random.h"
#include "tests/unit/harness.h"

#define T0      (UINT64_C(1000) * NSEC_PER_HOUR)
#define SAMPLES 20000

static uint64_t state;
static Random rnd;
static PathStatistics statistics;

static void setup(void)
{
	state = 7;
	rnd = random_seeded(&state);
	statistics = (PathStatistics){0};
}

static WindowSummary summary(PathSeries series, WindowSpan span, uint64_t now_ns)
{
	WindowSummary s;

	memset(&s, 0xff, sizeof(s));
	path_series_summarise(&statistics, series, span, now_ns, &s);
	return s;
}

static double constant(void)
{
	return 20007;
}

static double narrow(void)
{
	return 20000 + random_exponential(&rnd, 1000);
}

static double octaves(void)
{
	return 5000 * exp(0.4 * random_normal(&rnd));
}

static double queue(void) /* half of it none */
{
	return random_unit(&rnd) < 0.5 ? 0 : random_exponential(&rnd, 8000);
}

static double uniform(void)
{
	return random_unit(&rnd) * 1e6;
}

static double bimodal(void)
{
	return random_unit(&rnd) < 0.9 ? 900 + 30 * random_normal(&rnd)
				       : 203000 + 900 * random_normal(&rnd);
}

static const struct {
	const char *name;
	double (*sample)(void);
	double error; /* relative, at most: half a bin and the rounding of shares */
	PathSeries series;
} shapes[] = {
	{"constant", constant, 0.002, PATH_SRTT}, {"narrow", narrow, 0.02, PATH_SRTT},
	{"octaves", octaves, 0.08, PATH_SRTT},    {"queue", queue, 0.15, PATH_QUEUEING},
	{"uniform", uniform, 0.25, PATH_SRTT},    {"bimodal", bimodal, 0.08, PATH_SRTT},
};

static int compare_us(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static double error_of(uint32_t estimate, uint32_t exact)
{
	return fabs((double)estimate - exact) / MAX(exact, 64U);
}

START_TEST(test_quantiles)
{
	static uint32_t samples[SAMPLES];
	double worst = 0, sum = 0;
	WindowSummary s;

	for (unsigned i = 0; i < SAMPLES; i++) {
		samples[i] = (uint32_t)shapes[_i].sample();
		sum += samples[i];
		path_series_add(&statistics, shapes[_i].series, T0 + i, samples[i]);
	}
	qsort(samples, SAMPLES, sizeof(*samples), compare_us);
	s = summary(shapes[_i].series, WINDOW_10MIN, T0 + SAMPLES);
	ck_assert_uint_eq(s.count, SAMPLES);
	ck_assert_uint_eq(s.failures, 0);
	ck_assert_uint_eq(s.min_us, samples[0]);
	ck_assert_uint_eq(s.max_us, samples[SAMPLES - 1]);
	ck_assert(s.has_latency && s.has_p50 && s.has_p95 && s.has_p99);
	worst = fmax(worst, error_of(s.p50_us, samples[SAMPLES / 2 - 1]));
	worst = fmax(worst, error_of(s.p95_us, samples[SAMPLES * 95 / 100 - 1]));
	worst = fmax(worst, error_of(s.p99_us, samples[SAMPLES * 99 / 100 - 1]));
	ck_assert_double_le(fabs(s.mean_us - sum / SAMPLES), sum / SAMPLES / 1000 + 1);
	printf("# %s: worst relative error %.1f %%\n", shapes[_i].name, 100 * worst);
	fflush(stdout);
	ck_assert_double_le(worst, shapes[_i].error + 0.004);
}
END_TEST

/* Count, least and greatest of both spans at every moment, against all samples there were. */
START_TEST(test_windows_slide)
{
	enum { EVENTS = 3000 };
	static struct {
		uint64_t ns;
		uint32_t us;
	} events[EVENTS];
	static const uint64_t slots_ns[] = {
		[WINDOW_10MIN] = 5 * NSEC_PER_MIN, [WINDOW_1H] = 30 * NSEC_PER_MIN};
	uint64_t now = T0;

	for (unsigned n = 0; n < EVENTS; n++) {
		double gap = n % 500 < 400 ? 20e9 : 900e9; /* dense, then with holes */

		now += (uint64_t)random_exponential(&rnd, gap);
		events[n].ns = now;
		events[n].us = 1000 + (uint32_t)random_exponential(&rnd, 300);
		path_series_add(&statistics, PATH_QUEUEING, now, events[n].us);
		now += (uint64_t)random_exponential(&rnd, gap / 4);
		for (WindowSpan span = WINDOW_10MIN; span <= WINDOW_1H; span++) {
			uint64_t from = now / slots_ns[span] * slots_ns[span] - slots_ns[span];
			WindowSummary s = summary(PATH_QUEUEING, span, now);
			uint32_t least = UINT32_MAX, greatest = 0, count = 0;

			for (unsigned i = n + 1; i-- > 0 && events[i].ns >= from;) {
				least = MIN(least, events[i].us);
				greatest = MAX(greatest, events[i].us);
				count++;
			}
			ck_assert_uint_eq(s.count, count);
			ck_assert_int_eq(s.has_latency, count > 0);
			if (count > 0) {
				ck_assert_uint_eq(s.min_us, least);
				ck_assert_uint_eq(s.max_us, greatest);
			}
		}
	}
}
END_TEST

START_TEST(test_series_are_apart)
{
	for (PathSeries series = 0; series < _PATH_SERIES; series++)
		for (unsigned i = 0; i <= (unsigned)series; i++)
			path_series_add(&statistics, series, T0, 100 * (series + 1));
	for (PathSeries series = 0; series < _PATH_SERIES; series++) {
		WindowSummary s = summary(series, WINDOW_1H, T0);

		ck_assert_uint_eq(s.count, series + 1);
		ck_assert_uint_eq(s.max_us, 100 * (series + 1));
	}
	ck_assert_str_eq(path_series_name(PATH_SRTT), "srtt");
	ck_assert_str_eq(path_series_name(PATH_QUEUEING), "queueing");
	ck_assert_str_eq(path_series_name(PATH_CONNECT), "connect");
}
END_TEST

START_TEST(test_empty_and_other_spans)
{
	WindowSummary s;

	path_series_summarise(NULL, PATH_SRTT, WINDOW_1H, T0, &s);
	ck_assert_uint_eq(s.count, 0);
	ck_assert(!s.has_latency);
	ck_assert_uint_eq(summary(PATH_SRTT, WINDOW_1H, T0).count, 0);
	path_series_add(&statistics, PATH_SRTT, T0, 5);
	ck_assert_uint_eq(summary(PATH_SRTT, WINDOW_1MIN, T0).count, 0);
	ck_assert_uint_eq(summary(PATH_SRTT, WINDOW_24H, T0).count, 0);
	ck_assert_uint_eq(summary(PATH_SRTT, WINDOW_10MIN, 0).count, 1); /* the clock went back */
}
END_TEST

/* Whatever comes, in whatever order: nothing is lost, and a quantile lies within what was seen. */
START_TEST(test_extremes)
{
	static const uint32_t values[] = {0, UINT32_MAX, 1, HISTOGRAM_MAX_US, 64, 63, 0, 100000};
	WindowSummary s;

	for (unsigned round = 0; round < 1000; round++)
		for (size_t i = 0; i < ARRAY_SIZE(values); i++)
			path_series_add(&statistics, PATH_SRTT, T0, values[i]);
	s = summary(PATH_SRTT, WINDOW_10MIN, T0);
	ck_assert_uint_eq(s.count, 8000);
	ck_assert_uint_eq(s.min_us, 0);
	ck_assert_uint_eq(s.max_us, UINT32_MAX);
	ck_assert_uint_le(s.p50_us, 200);
	ck_assert_uint_ge(s.p95_us, HISTOGRAM_MAX_US / 2);
}
END_TEST

static void assert_same(const PathStatistics *merged, const PathStatistics *all, uint64_t now)
{
	for (WindowSpan span = WINDOW_10MIN; span <= WINDOW_1H; span++) {
		WindowSummary expected, got;

		path_series_summarise(all, PATH_SRTT, span, now, &expected);
		path_series_summarise(merged, PATH_SRTT, span, now, &got);
		ck_assert_uint_eq(got.count, expected.count);
		ck_assert_uint_eq(got.min_us, expected.min_us);
		ck_assert_uint_eq(got.max_us, expected.max_us);
		ck_assert_double_le(error_of(got.p50_us, expected.p50_us), 0.03);
		ck_assert_double_le(error_of(got.p95_us, expected.p95_us), 0.03);
		ck_assert_double_le(error_of(got.mean_us, expected.mean_us), 0.002);
	}
}

/* Two paths, of which one has so many times the samples of the other, merged either way, against
 * one that saw all. */
START_TEST(test_merge)
{
	static const unsigned ratios[] = {2, 4, 100};
	unsigned ratio = ratios[_i];
	PathStatistics a = {0}, b = {0}, all = {0}, ab, ba;
	uint64_t now = T0;

	for (unsigned i = 0; i < 40000; i++) {
		bool many = i % ratio > 0;
		uint32_t us = (uint32_t)random_exponential(&rnd, 2000) + (many ? 20000 : 26000);

		now += 150 * NSEC_PER_MSEC;
		path_series_add(many ? &a : &b, PATH_SRTT, now, us);
		path_series_add(&all, PATH_SRTT, now, us);
	}
	ab = a;
	ba = b;
	path_series_merge(&ab, &b, now);
	path_series_merge(&ba, &a, now);
	assert_same(&ab, &all, now);
	assert_same(&ba, &all, now);
	/* into nothing, and nothing into it */
	path_series_merge(&statistics, &a, now);
	assert_same(&statistics, &a, now);
	path_series_merge(&a, &(PathStatistics){0}, now);
	assert_same(&a, &statistics, now);
}
END_TEST

/* Three hours of steps of 5 minutes: each what was seen in it, also after pauses and turns. */
START_TEST(test_steps)
{
	uint64_t first = T0 / PATH_STEP_NS;
	HistoryPoint point;

	for (unsigned step = 0; step < 201; step++)
		for (unsigned i = 0; i < (step % 7 == 3 ? 0 : 30); i++)
			path_series_add(&statistics, PATH_SRTT,
					T0 + step * PATH_STEP_NS + i * NSEC_PER_SEC,
					20000 + step * 100 + i);
	for (unsigned step = 0; step < 201; step++) {
		path_series_at(&statistics, first + step, &point);
		if (step < 200 - PATH_STEPS || step % 7 == 3) {
			ck_assert_uint_eq(point.count, 0);
			ck_assert(!point.has_p50 && !point.has_p95);
			continue;
		}
		ck_assert_uint_eq(point.count, 30);
		ck_assert(point.has_p50 && point.has_p95);
		ck_assert_double_le(error_of(point.p50_us, 20015 + step * 100), 0.02);
		ck_assert_double_le(error_of(point.p95_us, 20028 + step * 100), 0.02);
	}
	path_series_add(&statistics, PATH_SRTT, T0 + 1000 * PATH_STEP_NS, 5000);
	for (unsigned step = 1000 - PATH_STEPS; step < 1000; step++) {
		path_series_at(&statistics, first + step, &point);
		ck_assert_uint_eq(point.count, 0);
	}
	path_series_at(&statistics, first + 1000, &point);
	ck_assert_uint_eq(point.p50_us, 5000);
	path_series_at(&statistics, first + 1001, &point);
	ck_assert_uint_eq(point.count, 0);
}
END_TEST

static void add_quantiles(Suite *suite)
{
	TCase *quantiles = tcase_create("quantiles");

	tcase_add_checked_fixture(quantiles, setup, NULL);
	tcase_add_loop_test(quantiles, test_quantiles, 0, (int)ARRAY_SIZE(shapes));
	tcase_add_loop_test(quantiles, test_merge, 0, 3);
	suite_add_tcase(suite, quantiles);
}

HARNESS_MAIN("path_series", add_quantiles(suite);
	     HARNESS_FIXTURE(suite, "windows", setup, NULL, test_windows_slide,
			     test_series_are_apart, test_steps, test_empty_and_other_spans,
			     test_extremes);)
