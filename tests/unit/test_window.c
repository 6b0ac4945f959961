/* SPDX-License-Identifier: MIT */
/*
 * The reference keeps every sample with its time and answers by looking at all of them: a window
 * is the slot in progress and the full slots before it. Time is an argument; nothing waits.
 */
#include "common/window.h"

#include <string.h>

#include "common/base.h"
#include "common/clock.h"
#include "common/random.h"
#include "tests/unit/harness.h"

#define EVENTS_MAX 4096

static const struct {
	const char *name;
	uint64_t slot_ns;
	unsigned slots;
} shapes[_WINDOW_SPANS] = {
	{"1min", 10 * NSEC_PER_SEC, 6},
	{"10min", 60 * NSEC_PER_SEC, 10},
	{"1h", 300 * NSEC_PER_SEC, 12},
	{"24h", 3600 * NSEC_PER_SEC, 24},
};

typedef struct Event {
	uint64_t ns;
	uint32_t us;
	bool failed;
} Event;

static Event events[EVENTS_MAX];
static size_t n_events;

static void record(Window *window, uint64_t now_ns, uint32_t us, bool failed)
{
	ck_assert_uint_lt(n_events, EVENTS_MAX);
	events[n_events++] = (Event){now_ns, us, failed};
	if (failed)
		ck_assert_int_eq(window_add_failure(window, now_ns), 0);
	else
		ck_assert_int_eq(window_add(window, now_ns, us), 0);
}

/* Those of the reference that the window ending now must hold. */
static void reference(unsigned span, uint64_t now_ns, Histogram *ret, uint64_t *ret_failures)
{
	uint64_t slot_ns = shapes[span].slot_ns, end = now_ns / slot_ns * slot_ns + slot_ns;
	uint64_t length = slot_ns * shapes[span].slots;
	uint64_t start = end > length ? end - length : 0;

	histogram_reset(ret);
	*ret_failures = 0;
	for (size_t i = 0; i < n_events; i++) {
		if (events[i].ns < start || events[i].ns >= end)
			continue;
		if (events[i].failed)
			(*ret_failures)++;
		else
			histogram_add(ret, events[i].us);
	}
}

static void assert_equals_reference(const Window *window, uint64_t now_ns)
{
	for (unsigned span = 0; span < _WINDOW_SPANS; span++) {
		Histogram expected, histogram;
		WindowSummary summary;
		uint64_t failures;

		reference(span, now_ns, &expected, &failures);
		window_histogram(window, span, now_ns, &histogram);
		ck_assert_msg(memcmp(&histogram, &expected, sizeof(expected)) == 0,
			      "%s at %llu ns: %llu samples instead of %llu", shapes[span].name,
			      (unsigned long long)now_ns, (unsigned long long)histogram.count,
			      (unsigned long long)expected.count);
		window_summarise(window, span, now_ns, &summary);
		ck_assert_uint_eq(summary.failures, failures);
		ck_assert_uint_eq(summary.count, expected.count + failures);
		ck_assert_int_eq(summary.has_latency, expected.count > 0);
	}
}

/* Random gaps of mean gap_ns from start; compared after each event and once between two. */
static void slide(uint64_t seed, uint64_t start_ns, double gap_ns, size_t n)
{
	Random random = random_seeded(&seed);
	Window window = {0};
	uint64_t now = start_ns;

	n_events = 0;
	for (size_t i = 0; i < n; i++) {
		uint64_t gap = (uint64_t)random_exponential(&random, gap_ns);

		assert_equals_reference(&window, now + gap / 2);
		now += gap;
		record(&window, now, (uint32_t)(random_unit(&random) * 1e6),
		       random_unit(&random) < 0.1);
		assert_equals_reference(&window, now);
	}
	window_clear(&window);
}

START_TEST(test_slide_dense)
{
	slide(1, 0, (double)NSEC_PER_SEC, 400);
	slide(2, 3 * NSEC_PER_SEC, 7e9, 400);
}
END_TEST

START_TEST(test_slide_across_hours)
{
	slide(3, 0, 120e9, 600);
	slide(4, 12345678901234567, 900e9, 300);
}
END_TEST

START_TEST(test_slide_with_long_gaps)
{
	slide(5, 0, 6 * 3600e9, 100);
	slide(6, 99, 40 * 3600e9, 100); /* longer than every window */
}
END_TEST

START_TEST(test_slide_far_from_zero)
{
	slide(7, UINT64_C(300) * 365 * NSEC_PER_DAY, 5e9, 200);
	slide(8, UINT64_MAX - 2 * NSEC_PER_DAY, 30e9, 200);
}
END_TEST

/* One sample, watched in steps of a quarter slot until it has left. */
START_TEST(test_one_sample_leaves_on_time)
{
	static const uint64_t starts[] = {
		0, 1, 9999999999, 10000000000, 86399999999999, 1720000000123456789};

	for (unsigned span = 0; span < _WINDOW_SPANS; span++)
		for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
			uint64_t slot_ns = shapes[span].slot_ns;
			uint64_t gone = (starts[i] / slot_ns + shapes[span].slots) * slot_ns;
			Window window = {0};
			WindowSummary summary;

			ck_assert_int_eq(window_add(&window, starts[i], 5), 0);
			for (uint64_t now = starts[i]; now < gone; now += slot_ns / 4) {
				window_summarise(&window, span, now, &summary);
				ck_assert_uint_eq(summary.count, 1);
			}
			window_summarise(&window, span, gone - 1, &summary);
			ck_assert_uint_eq(summary.count, 1);
			window_summarise(&window, span, gone, &summary);
			ck_assert_uint_eq(summary.count, 0);
			ck_assert(gone - starts[i] <= window_span_ns(span));
			ck_assert(gone - starts[i] > window_span_ns(span) - slot_ns);
			window_clear(&window);
		}
}
END_TEST

/* A late writer may not disturb slots that already belong to a later turn; one that is late by
 * less than the window still counts where it belongs. */
START_TEST(test_late_samples)
{
	Window window = {0};
	WindowSummary summary;
	uint64_t now = 1000 * NSEC_PER_SEC;

	ck_assert_int_eq(window_add(&window, now, 1), 0);
	ck_assert_int_eq(window_add(&window, now - 30 * NSEC_PER_SEC, 2), 0);
	ck_assert_int_eq(window_add(&window, now - 60 * NSEC_PER_SEC, 3), 0);
	ck_assert_int_eq(window_add_failure(&window, now - 60 * NSEC_PER_SEC), 0);
	window_summarise(&window, WINDOW_1MIN, now, &summary);
	ck_assert_uint_eq(summary.count, 2);
	ck_assert_uint_eq(summary.max_us, 2);
	window_summarise(&window, WINDOW_10MIN, now, &summary);
	ck_assert_uint_eq(summary.count, 4);
	window_clear(&window);
}
END_TEST

START_TEST(test_spans)
{
	static const uint64_t seconds[] = {60, 600, 3600, 86400};

	for (unsigned span = 0; span < _WINDOW_SPANS; span++) {
		ck_assert_str_eq(window_span_name(span), shapes[span].name);
		ck_assert_uint_eq(window_span_ns(span), seconds[span] * NSEC_PER_SEC);
	}
}
END_TEST

START_TEST(test_empty)
{
	Window window = {0};
	WindowSummary summary, zero = {0};
	Histogram histogram;

	for (unsigned span = 0; span < _WINDOW_SPANS; span++) {
		memset(&summary, 0xff, sizeof(summary));
		window_summarise(&window, span, 12345, &summary);
		ck_assert_uint_eq(summary.count, 0);
		ck_assert_uint_eq(summary.failures, 0);
		ck_assert(!summary.has_latency && !summary.has_p50 && !summary.has_p95 &&
			  !summary.has_p99);
		ck_assert_uint_eq(summary.p50_us, zero.p50_us);
		window_histogram(&window, span, 12345, &histogram);
		ck_assert_uint_eq(histogram.count, 0);
	}
	window_clear(&window);
	window_clear(&window);
}
END_TEST

START_TEST(test_failures_are_not_latencies)
{
	Window window = {0};
	WindowSummary summary;

	for (unsigned i = 0; i < 200; i++)
		ck_assert_int_eq(window_add_failure(&window, NSEC_PER_SEC), 0);
	window_summarise(&window, WINDOW_1MIN, NSEC_PER_SEC, &summary);
	ck_assert_uint_eq(summary.count, 200);
	ck_assert_uint_eq(summary.failures, 200);
	ck_assert(!summary.has_latency && !summary.has_p50 && !summary.has_p95 && !summary.has_p99);
	window_clear(&window);
}
END_TEST

/* Each percentile appears with exactly its minimum of successes; failures do not help. */
START_TEST(test_percentiles_need_samples)
{
	Window window = {0};
	WindowSummary summary;

	for (unsigned i = 0; i < 150; i++)
		ck_assert_int_eq(window_add_failure(&window, 0), 0);
	for (unsigned n = 1; n <= 120; n++) {
		ck_assert_int_eq(window_add(&window, 0, n), 0);
		window_summarise(&window, WINDOW_24H, 0, &summary);
		ck_assert(summary.has_latency);
		ck_assert_int_eq(summary.has_p50, n >= 3);
		ck_assert_int_eq(summary.has_p95, n >= 20);
		ck_assert_int_eq(summary.has_p99, n >= 100);
		ck_assert_uint_eq(summary.min_us, 1);
		ck_assert_uint_eq(summary.max_us, n);
		ck_assert_uint_eq(summary.mean_us, (n + 1) / 2);
	}
	ck_assert_uint_eq(summary.p50_us, 60);
	ck_assert_uint_le(abs((int)summary.p95_us - 114), 1);
	ck_assert_uint_le(abs((int)summary.p99_us - 119), 1);
	window_clear(&window);
}
END_TEST

/* Two windows together are one over the samples of both. */
START_TEST(test_merge)
{
	uint64_t seed = 9, now = 5 * NSEC_PER_DAY;
	Random random = random_seeded(&seed);
	Window parts[2] = {{{0}}}, whole = {{0}};

	for (unsigned i = 0; i < 2000; i++) {
		uint32_t us = (uint32_t)random_exponential(&random, 20000);
		Window *part = &parts[random_coin(&random)];
		bool failed = random_unit(&random) < 0.1;

		now += (uint64_t)random_exponential(&random, 2e9);
		ck_assert_int_eq(failed ? window_add_failure(part, now) : window_add(part, now, us),
				 0);
		ck_assert_int_eq(
			failed ? window_add_failure(&whole, now) : window_add(&whole, now, us), 0);
	}
	for (unsigned span = 0; span < _WINDOW_SPANS; span++) {
		WindowSummary sum, expected;
		Histogram both, one;
		uint64_t failures;

		histogram_reset(&both);
		failures = window_merge(&parts[0], span, now, &both);
		failures += window_merge(&parts[1], span, now, &both);
		window_histogram(&whole, span, now, &one);
		ck_assert_int_eq(memcmp(&both, &one, sizeof(one)), 0);
		window_summarise(&whole, span, now, &expected);
		window_summary_of(&both, failures, &sum);
		ck_assert_uint_eq(sum.failures, expected.failures);
		ck_assert_uint_eq(sum.count, expected.count);
		ck_assert_uint_eq(sum.p95_us, expected.p95_us);
		ck_assert_uint_eq(sum.mean_us, expected.mean_us);
	}
	window_clear(&parts[0]);
	window_clear(&parts[1]);
	window_clear(&whole);
}
END_TEST

static size_t window_bytes(const Window *window)
{
	size_t bytes = sizeof(*window);

	for (unsigned span = 0; span < _WINDOW_SPANS; span++)
		for (unsigned i = 0; i < shapes[span].slots; i++)
			bytes += sizeof(WindowSlot) +
				 window->slots[span][i].latencies.allocated * sizeof(SparseBucket);
	return bytes;
}

/* A day of a probe each second over a path with a queue of 20 ms on 30: some 18 kB. */
START_TEST(test_memory_of_a_day)
{
	uint64_t seed = 10;
	Random random = random_seeded(&seed);
	Window window = {0};

	for (uint64_t second = 0; second < 86400; second++)
		ck_assert_int_eq(window_add(&window, second * NSEC_PER_SEC,
					    30000 + (uint32_t)random_exponential(&random, 5000)),
				 0);
	ck_assert_uint_le(window_bytes(&window), 20000);
	window_clear(&window);
}
END_TEST

/* Memory depends on the spread of latencies, not on how many there were. */
START_TEST(test_memory_is_bounded)
{
	Window window = {0};

	for (uint64_t second = 0; second < 4 * 86400; second += 3)
		ck_assert_int_eq(window_add(&window, second * NSEC_PER_SEC, 20000 + second % 300),
				 0);
	for (unsigned span = 0; span < _WINDOW_SPANS; span++)
		for (unsigned i = 0; i < shapes[span].slots; i++)
			ck_assert_uint_le(window.slots[span][i].latencies.allocated, 8);
	window_clear(&window);
}
END_TEST

HARNESS_MAIN("window", HARNESS_CASE(suite, "slide", test_slide_dense, test_slide_across_hours,
				    test_slide_with_long_gaps, test_slide_far_from_zero,
				    test_one_sample_leaves_on_time, test_late_samples);
	     HARNESS_CASE(suite, "summary", test_spans, test_empty, test_failures_are_not_latencies,
			  test_percentiles_need_samples, test_merge, test_memory_of_a_day,
			  test_memory_is_bounded);)
