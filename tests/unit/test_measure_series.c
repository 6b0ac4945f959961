/* SPDX-License-Identifier: MIT */
/*
 * Quantiles are those of the samples; what failed is in none of them; parts add up.
 */
#include "cli/measure_series.h"

#include "cli/measure_compare.h"
#include "cli/measure_histogram.h"
#include "tests/unit/measure_bench.h"

/* Values 1..n ms of the connect phase, in an order that is not theirs. */
static void add_ramp(MeasureSeries *series, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		ProbeResult result = {.outcome = PROBE_OK};

		probe_result_set(&result, PHASE_CONNECT, (i * 7 % n + 1) * NSEC_PER_MSEC);
		ck_assert_int_eq(measure_series_add(series, 0, &result), 0);
	}
}

START_TEST(test_quantiles_are_exact)
{
	MeasureSeries *series = &items[0].series;
	MeasurePhase phase;

	add_ramp(series, 1000);
	for (unsigned i = 0; i < 100; i++)
		add_failure(&items[0], PROBE_TIMEOUT, PHASE_CONNECT, NULL);
	measure_series_phase(series, PHASE_CONNECT, &phase);
	ck_assert_uint_eq(phase.n, 1000);
	ck_assert_uint_eq(phase.min_us, 1000);
	ck_assert_uint_eq(phase.mean_us, 500500);
	ck_assert_uint_eq(phase.p50_us, 500000);
	ck_assert_uint_eq(phase.p95_us, 950000);
	ck_assert_uint_eq(phase.p99_us, 990000);
	ck_assert_uint_eq(phase.max_us, 1000000);
	measure_series_phase(series, PHASE_TLS, &phase);
	ck_assert_uint_eq(phase.n, 0);
}
END_TEST

START_TEST(test_too_few)
{
	static const struct {
		unsigned n;
		bool p50, p95, p99;
	} rows[] = {{1, false, false, false}, {2, false, false, false}, {3, true, false, false},
		    {19, true, false, false}, {20, true, true, false},  {99, true, true, false},
		    {100, true, true, true}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		MeasureSeries series = {.headline = PHASE_CONNECT, .rtt = PHASE_CONNECT};
		MeasurePhase phase;

		add_ramp(&series, rows[i].n);
		measure_series_phase(&series, PHASE_CONNECT, &phase);
		ck_assert_uint_eq(phase.n, rows[i].n);
		ck_assert_int_eq(phase.has_p50, rows[i].p50);
		ck_assert_int_eq(phase.has_p95, rows[i].p95);
		ck_assert_int_eq(phase.has_p99, rows[i].p99);
		measure_series_clear(&series);
	}
}
END_TEST

START_TEST(test_counts)
{
	MeasureCounts counts;

	add_https(&items[0], 20000, NULL);
	add_failure(&items[0], PROBE_TIMEOUT, PHASE_CONNECT, NULL);
	add_failure(&items[0], PROBE_STATUS, PHASE_REQUEST, NULL);
	add_failure(&items[0], PROBE_LOCAL, PHASE_CONNECT, NULL);
	add_failure(&items[0], PROBE_PERMISSION, PHASE_ECHO, NULL);
	measure_series_count(&items[0].series, &counts);
	ck_assert_uint_eq(counts.attempts, 5);
	ck_assert_uint_eq(counts.successes, 1);
	ck_assert_uint_eq(counts.losses, 2);
	ck_assert_uint_eq(counts.local, 2);
}
END_TEST

START_TEST(test_parts_add_up)
{
	Decomposition parts;

	for (unsigned i = 0; i < 9; i++)
		add_https(&items[0], 20000 + 1000 * i, NULL);
	measure_series_decompose(&items[0].series, &parts);
	ck_assert_uint_eq(parts.samples, 9);
	ck_assert_uint_eq(parts.rounds, 3);
	ck_assert_uint_eq(parts.floor_us, 20000);
	ck_assert_uint_eq(parts.us[PART_PROPAGATION], 60000);
	ck_assert_uint_eq(parts.us[PART_QUEUEING], 12000);
	ck_assert_uint_eq(parts.us[PART_TLS], 500);
	ck_assert_uint_eq(parts.us[PART_SERVER], 2000);
	ck_assert_uint_eq(parts.us[PART_TRANSFER], 100);
	ck_assert_uint_eq(parts.us[PART_OVERHEAD], 50);
	ck_assert(!parts.has[PART_RESOLVE]);
	ck_assert_uint_eq(parts.total_us, 74650);
}
END_TEST

START_TEST(test_parts_of_nothing)
{
	Decomposition parts = {.samples = 7};

	add_failure(&items[0], PROBE_TIMEOUT, PHASE_CONNECT, NULL);
	measure_series_decompose(&items[0].series, &parts);
	ck_assert_uint_eq(parts.samples, 0);
	ck_assert_uint_eq(parts.total_us, 0);
}
END_TEST

/* The least answer, cached or not, stands for the round trip. */
START_TEST(test_parts_of_dns)
{
	MeasureSeries series = {.headline = PHASE_ANSWER, .rtt = _PROBE_PHASES};
	Decomposition parts;

	for (unsigned i = 0; i < 3; i++) {
		ProbeResult result = {.outcome = PROBE_OK};

		probe_result_set(&result, PHASE_ANSWER, 9 * NSEC_PER_MSEC);
		probe_result_set(&result, PHASE_CACHED, (2 + i) * NSEC_PER_MSEC);
		ck_assert_int_eq(measure_series_add(&series, 0, &result), 0);
	}
	measure_series_decompose(&series, &parts);
	ck_assert_uint_eq(parts.us[PART_PROPAGATION], 2000);
	ck_assert_uint_eq(parts.us[PART_SERVER], 7000);
	ck_assert(!parts.has[PART_QUEUEING]);
	measure_series_clear(&series);
}
END_TEST

/* One that failed early does not wipe out what others have seen. */
START_TEST(test_facts_add_up)
{
	ProbeFacts full = {.has_tls = true,
			   .has_http = true,
			   .tls = {.version = "TLSv1.3", .trust = TRUST_VERIFIED},
			   .http = {.status = 200}};
	ProbeFacts empty = {.has_tls = true, .has_http = true};

	add_https(&items[0], 1000, &full);
	add_https(&items[0], 1000, &empty);
	add_https(&items[0], 1000, NULL);
	ck_assert_str_eq(items[0].series.facts.tls.version, "TLSv1.3");
	ck_assert_uint_eq(items[0].series.facts.http.status, 200);
}
END_TEST

START_TEST(test_explanations_are_bounded)
{
	MeasureSeries *series = &items[0].series;
	char explanation[400];

	for (unsigned i = 0; i < 3 * MEASURE_EXPLANATIONS_MAX; i++) {
		(void)snprintf(explanation, sizeof(explanation), "%u %0300u", i, 7);
		add_failure(&items[0], PROBE_TLS, PHASE_TLS, explanation);
		add_failure(&items[0], PROBE_TLS, PHASE_TLS, explanation);
	}
	ck_assert_uint_eq(series->n_explanations, MEASURE_EXPLANATIONS_MAX);
	ck_assert_ptr_eq(series->samples[0].explanation, series->samples[1].explanation);
	ck_assert_uint_eq(strlen(series->samples[0].explanation), MEASURE_EXPLANATION_MAX - 1);
	ck_assert_ptr_null(series->samples[series->n - 1].explanation);
}
END_TEST

static uint64_t total(const MeasureHistogram *histogram)
{
	uint64_t sum = histogram->beyond;

	for (size_t i = 0; i < histogram->n_bins; i++)
		sum += histogram->counts[i];
	return sum;
}

START_TEST(test_histogram)
{
	uint32_t ramp[100], same[] = {20000, 20000, 20000}, late[22], one[] = {0};
	MeasureHistogram histogram;

	for (unsigned i = 0; i < 100; i++)
		ramp[i] = 20000 + 10 * i;
	measure_histogram(ramp, 100, &histogram);
	ck_assert_uint_eq(total(&histogram), 100);
	ck_assert_uint_eq(histogram.step_us, 100);
	ck_assert_uint_eq(histogram.low_us, 20000);
	ck_assert_uint_eq(histogram.n_bins, 10);
	ck_assert_uint_eq(histogram.counts[3], 10);
	ck_assert_uint_eq(histogram.beyond, 0);

	measure_histogram(same, 3, &histogram);
	ck_assert_uint_eq(histogram.n_bins, 1);
	ck_assert_uint_eq(histogram.counts[0], 3);
	measure_histogram(one, 1, &histogram);
	ck_assert_uint_eq(total(&histogram), 1);

	/* Two stragglers do not squeeze the others into one bin. */
	for (unsigned i = 0; i < 20; i++)
		late[i] = 20000 + 50 * i;
	late[20] = 1020000;
	late[21] = 3020000;
	measure_histogram(late, 22, &histogram);
	ck_assert_uint_eq(total(&histogram), 22);
	ck_assert_uint_eq(histogram.beyond, 2);
	ck_assert_uint_eq(histogram.beyond_us, 1020000);
	ck_assert_uint_eq(histogram.beyond_max_us, 3020000);
	ck_assert_uint_ge(histogram.n_bins, 5);
}
END_TEST

/* Whatever comes: never more bins than there are, and every value in one of them. */
START_TEST(test_histogram_of_anything)
{
	uint64_t state = 11 + (uint64_t)_i;
	uint32_t values[64];

	for (unsigned turn = 0; turn < 300; turn++) {
		size_t n = 1 + state % 64;
		uint32_t at = 0;
		MeasureHistogram histogram;

		for (size_t i = 0; i < n; i++) {
			state = state * 6364136223846793005U + 1442695040888963407U;
			at += (uint32_t)(state >> 33) >> (state >> 20 & 31);
			at = MIN(at, UINT32_MAX / 64 * (uint32_t)(i + 1));
			values[i] = MAX(at, i > 0 ? values[i - 1] : 0);
		}
		if (turn % 10 == 0)
			values[n - 1] = UINT32_MAX;
		measure_histogram(values, n, &histogram);
		ck_assert_uint_eq(total(&histogram), n);
		ck_assert_uint_le(histogram.n_bins, MEASURE_BINS_MAX);
		ck_assert_uint_le(histogram.low_us, values[0]);
	}
}
END_TEST

/* Both swing together, by far more than they differ. */
START_TEST(test_difference_of_rounds)
{
	MeasureDifference difference;

	run.n = 3;
	for (unsigned i = 0; i < 100; i++) {
		uint32_t swing = i * 37 % 100 * 1000;

		add_https(&items[0], 21000 + swing + i % 3, NULL);
		if (i % 10 == 0)
			add_failure(&items[1], PROBE_TIMEOUT, PHASE_CONNECT, NULL);
		else
			add_https(&items[1], 20000 + swing, NULL);
		add_failure(&items[2], PROBE_TIMEOUT, PHASE_CONNECT, NULL);
	}
	ck_assert_uint_eq(measure_quickest(&run), 1);
	measure_difference(&items[0].series, &items[1].series, &difference);
	ck_assert_uint_eq(difference.pairs, 64);
	ck_assert(difference.low_us >= 3000 && difference.high_us <= 3006);
	measure_difference(&items[2].series, &items[1].series, &difference);
	ck_assert_uint_eq(difference.pairs, 0);
}
END_TEST

START_TEST(test_difference_of_few)
{
	MeasureDifference difference;

	run.n = 2;
	for (unsigned i = 0; i < 5; i++) {
		add_https(&items[0], 21000, NULL);
		add_https(&items[1], 20000, NULL);
	}
	measure_difference(&items[0].series, &items[1].series, &difference);
	ck_assert_uint_eq(difference.pairs, 0);
	add_https(&items[0], 21000, NULL);
	measure_difference(&items[0].series, &items[1].series, &difference);
	ck_assert_uint_eq(difference.pairs, 0);
	add_https(&items[1], 20000, NULL);
	measure_difference(&items[0].series, &items[1].series, &difference);
	ck_assert_uint_eq(difference.pairs, 6);
	run.n = 0;
	ck_assert_uint_eq(measure_quickest(&run), 0);
}
END_TEST

static void add_all(Suite *suite)
{
	TCase *all = tcase_create("series");

	tcase_add_checked_fixture(all, setup, teardown);
	tcase_add_test(all, test_quantiles_are_exact);
	tcase_add_test(all, test_too_few);
	tcase_add_test(all, test_counts);
	tcase_add_test(all, test_parts_add_up);
	tcase_add_test(all, test_parts_of_nothing);
	tcase_add_test(all, test_parts_of_dns);
	tcase_add_test(all, test_facts_add_up);
	tcase_add_test(all, test_explanations_are_bounded);
	tcase_add_test(all, test_histogram);
	tcase_add_loop_test(all, test_histogram_of_anything, 0, 20);
	tcase_add_test(all, test_difference_of_rounds);
	tcase_add_test(all, test_difference_of_few);
	suite_add_tcase(suite, all);
}

HARNESS_MAIN("measure_series", add_all(suite);)
