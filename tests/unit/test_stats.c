/* SPDX-License-Identifier: MIT */
/*
 * The e-process is held against its definition, integrated numerically; its error rate against
 * simulated nulls of the kinds that fool other tests; the estimators against plain sorts.
 */
#include "common/stats.h"

#include <math.h>
#include <string.h>

#include "common/base.h"
#include "common/random.h"
#include "tests/unit/harness.h"

#define LOG_20 2.995732273553991 /* ln(1 / 0.05) */

/*
 * The half-normal mixture by definition: the integral over lambda > 0 of 2 N(lambda; 0, rho) times
 * exp(lambda S - lambda^2 V / 2). Simpson's rule, scaled by the largest exponent against overflow,
 * over 14 standard deviations around the largest.
 */
static double integrate_log_e(double sum, double squares, double rho)
{
	double width = 1 / sqrt(squares + 1 / rho), peak = MAX(sum * width * width, 0.0);
	double low = MAX(peak - 14 * width, 0.0), high = peak + 14 * width;
	double largest = peak * sum - peak * peak * (squares + 1 / rho) / 2, total = 0;
	const unsigned steps = 20000;
	double step = (high - low) / steps;

	for (unsigned i = 0; i <= steps; i++) {
		double lambda = low + i * step;
		double exponent = lambda * sum - lambda * lambda * (squares + 1 / rho) / 2;
		double weight = i == 0 || i == steps ? 1 : i % 2 ? 4 : 2;

		total += weight * exp(exponent - largest);
	}
	return log(total * step / 3) + largest + log(2) - 0.5 * log(2 * M_PI * rho);
}

START_TEST(test_log_e_is_the_mixture)
{
	static const double sums[] = {0, 0.01, 0.1, 0.5, 1, 3, 10, -0.01, -0.1, -0.5, -1, -3};
	static const double squares[] = {0, 1e-4, 0.01, 0.3, 2, 50};
	static const double rhos[] = {1, STATS_RHO, 1000};

	for (size_t i = 0; i < ARRAY_SIZE(sums); i++)
		for (size_t j = 0; j < ARRAY_SIZE(squares); j++)
			for (size_t k = 0; k < ARRAY_SIZE(rhos); k++) {
				double s = sums[i], v = squares[j], rho = rhos[k];

				if (s / sqrt(v + 1 / rho) < -14)
					continue; /* the peak is outside what is integrated */
				ck_assert_double_eq_tol(stats_log_e(s, v, rho, +1),
							integrate_log_e(s, v, rho), 1e-6);
				ck_assert_double_eq_tol(stats_log_e(-s, v, rho, -1),
							integrate_log_e(s, v, rho), 1e-6);
			}
}
END_TEST

/* Worked by hand: S = V = 0 is e = 1; S = 0 is 1 / sqrt(1 + rho V). */
START_TEST(test_log_e_known_values)
{
	ck_assert_double_eq_tol(stats_log_e(0, 0, 100, 1), 0, 1e-12);
	ck_assert_double_eq_tol(stats_log_e(0, 0.99, 100, 1), -0.5 * log(100), 1e-12);
	ck_assert_double_eq_tol(stats_log_e(0, 0.99, 100, -1), -0.5 * log(100), 1e-12);
	/* q = 2, z = 1: ln 2 - ln(2)/2 + 1/2 + ln Phi(1), Phi(1) = 0.8413447460685429 */
	ck_assert_double_eq_tol(stats_log_e(sqrt(0.02), 0.01, 100, 1),
				0.5 * log(2) + 0.5 + log(0.8413447460685429), 1e-12);
	ck_assert_double_eq_tol(stats_log_e(sqrt(0.02), 0.01, 100, -1),
				0.5 * log(2) + 0.5 + log(0.1586552539314571), 1e-12);
}
END_TEST

/* However overwhelming the evidence is for one side, it is never any for the other. */
START_TEST(test_log_e_of_the_wrong_side)
{
	double previous = 0;

	for (double pairs = 1; pairs < 1e7; pairs *= 1.3) {
		double harm = stats_log_e(-0.5 * pairs, 0.25 * pairs, STATS_RHO, +1);

		ck_assert(isfinite(harm));
		ck_assert_double_lt(harm, previous);
		previous = harm;
		ck_assert_double_gt(stats_log_e(-0.5 * pairs, 0.25 * pairs, STATS_RHO, -1), harm);
	}
	/* Where the series takes over there is no step. */
	for (double z = 29.9; z < 30.1; z += 0.01) {
		double here = stats_log_e(-z / 10, 0, 100, 1),
		       next = stats_log_e(-(z + 0.01) / 10, 0, 100, 1);

		ck_assert_double_eq_tol(here - next, log((z + 0.01) / z), 1e-6);
	}
}
END_TEST

/* Of n identical pairs, with x = rho n d^2, z^2 is n x / (1 + x), and the derivative says that the
 * e-value is largest at 1 + x = n. */
static double best_of_identical(unsigned pairs)
{
	double d = sqrt((pairs - 1.0) / (STATS_RHO * pairs));

	return stats_log_e(pairs * d, pairs * d * d, STATS_RHO, 1);
}

static unsigned fewest_pairs(double d, double log_threshold)
{
	unsigned pairs = 1;

	while (stats_log_e(pairs * d, pairs * d * d, STATS_RHO, 1) < log_threshold)
		pairs++;
	return pairs;
}

START_TEST(test_fewest_pairs)
{
	/* No effect of any size is proven in less, */
	ck_assert_double_lt(best_of_identical(7), LOG_20);
	ck_assert_double_ge(best_of_identical(8), LOG_20);
	ck_assert_double_lt(best_of_identical(11), log(100));
	ck_assert_double_ge(best_of_identical(12), log(100));
	for (double d = 0.001; d < 10; d *= 1.01)
		ck_assert_uint_ge(fewest_pairs(d, LOG_20), 8);
	/* and at the ends of what rho is tuned to, 5 and 20 %, it takes 9. */
	ck_assert_uint_eq(fewest_pairs(0.05, LOG_20), 9);
	ck_assert_uint_eq(fewest_pairs(0.20, LOG_20), 9);
	ck_assert_uint_eq(fewest_pairs(0.05, log(100)), 13);
	ck_assert_uint_eq(fewest_pairs(0.20, log(100)), 12);
}
END_TEST

/* A level that drifts, jumps and has heavy tails. With a fair coin per pair, peeking after each of
 * 60 pairs, "benefit" may be found in at most 5 % of runs. */
static bool null_run_finds_benefit(const Random *random)
{
	double level = 0, sum = 0, squares = 0;

	for (unsigned pair = 0; pair < 60; pair++) {
		double blocks[2], d;

		for (unsigned b = 0; b < 2; b++) {
			level = 0.97 * level + 0.1 * random_normal(random);
			if (random_unit(random) < 0.02)
				level += random_normal(random);
			blocks[b] = level + 0.05 * random_normal(random);
			if (random_unit(random) < 0.05)
				blocks[b] += random_exponential(random, 1);
		}
		d = blocks[0] - blocks[1];
		if (random_coin(random))
			d = -d;
		sum += d;
		squares += d * d;
		if (stats_log_e(sum, squares, STATS_RHO, 1) >= LOG_20)
			return true;
	}
	return false;
}

START_TEST(test_false_alarms)
{
	uint64_t state = 20240607;
	Random random = random_seeded(&state);
	unsigned found = 0;
	const unsigned runs = 4000;

	for (unsigned i = 0; i < runs; i++)
		found += null_run_finds_benefit(&random);
	ck_assert_uint_le(found, runs / 20);
	ck_assert_uint_gt(found, 0); /* it is not blind either */
}
END_TEST

/* An effect of 10 % in noise of 5 % is found, and early. */
START_TEST(test_power)
{
	uint64_t state = 7;
	Random random = random_seeded(&state);
	unsigned found = 0;

	for (unsigned run = 0; run < 500; run++) {
		double sum = 0, squares = 0;

		for (unsigned pair = 0; pair < 20; pair++) {
			double d = 0.1 + 0.05 * random_normal(&random);

			sum += d;
			squares += d * d;
		}
		found += stats_log_e(sum, squares, STATS_RHO, 1) >= LOG_20;
		ck_assert_double_lt(stats_log_e(sum, squares, STATS_RHO, -1), log(5));
	}
	ck_assert_uint_ge(found, 495);
}
END_TEST

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* Type 7 by its definition, on a sorted copy. */
static double sorted_quantile(const double *values, size_t n, double q)
{
	_cleanup_free_ double *sorted = malloc(n * sizeof(*sorted));
	double h = (double)(n - 1) * q, k = floor(h);

	ck_assert_ptr_nonnull(sorted);
	memcpy(sorted, values, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare);
	return sorted[(size_t)k] + (h - k) * (sorted[(size_t)ceil(h)] - sorted[(size_t)k]);
}

START_TEST(test_quantile_against_sort)
{
	uint64_t state = 3;
	Random random = random_seeded(&state);
	double values[STATS_MAX], copy[STATS_MAX];

	for (unsigned round = 0; round < 300; round++) {
		size_t n = 1 + (size_t)(random_unit(&random) * STATS_MAX);
		double grain = round % 3 == 0 ? 0.5 : 1e-9; /* many ties, or none */

		for (size_t i = 0; i < n; i++)
			values[i] = round % 7 == 0 ? (double)i
						   : floor(random_normal(&random) / grain) * grain;
		memcpy(copy, values, sizeof(values));
		for (double q = 0; q <= 1; q += 0.0625)
			ck_assert_double_eq_tol(stats_quantile(values, n, q),
						sorted_quantile(values, n, q), 1e-12);
		ck_assert_double_eq_tol(stats_median(values, n), sorted_quantile(values, n, 0.5),
					1e-12);
		ck_assert_int_eq(memcmp(copy, values, n * sizeof(*values)),
				 0); /* a copy was sorted */
	}
}
END_TEST

START_TEST(test_quantile_known_values)
{
	static const double values[] = {40, 10, 30, 20};

	ck_assert_double_eq(stats_quantile(values, 4, 0), 10);
	ck_assert_double_eq(stats_quantile(values, 4, 1), 40);
	ck_assert_double_eq(stats_quantile(values, 4, 0.5), 25);
	ck_assert_double_eq_tol(stats_quantile(values, 4, 0.25), 17.5, 1e-12);
	ck_assert_double_eq_tol(stats_quantile(values, 4, 0.9), 37, 1e-12);
	ck_assert_double_eq(stats_median(values, 3), 30);
	ck_assert_double_eq(stats_median(values, 1), 40);
	ck_assert(isnan(stats_median(NULL, 0)));
	ck_assert(isnan(stats_quantile(NULL, 0, 0.5)));
	ck_assert(isnan(stats_hodges_lehmann(NULL, 0)));
}
END_TEST

START_TEST(test_hodges_lehmann)
{
	/* Walsh averages of 1 2 4: 1 1.5 2 2.5 3 4; of 0 0 100 (one wild value): 0 0 0 50 50 100 */
	static const double plain[] = {4, 1, 2}, wild[] = {0, 100, 0};
	uint64_t state = 5;
	Random random = random_seeded(&state);
	double values[64], averages[64 * 65 / 2];

	ck_assert_double_eq(stats_hodges_lehmann(plain, 3), 2.25);
	ck_assert_double_eq(stats_hodges_lehmann(wild, 3), 25);
	ck_assert_double_eq(stats_hodges_lehmann(plain, 1), 4);
	for (size_t n = 1; n <= 64; n++) {
		size_t m = 0;

		for (size_t i = 0; i < n; i++)
			values[i] = random_normal(&random);
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j <= i; j++)
				averages[m++] = (values[i] + values[j]) / 2;
		ck_assert_double_eq_tol(stats_hodges_lehmann(values, n),
					sorted_quantile(averages, m, 0.5), 1e-12);
	}
}
END_TEST

START_TEST(test_bootstrap_is_reproducible)
{
	static const double values[] = {0.1, 0.12, 0.07, 0.2, 0.11, 0.09, 0.15, 0.02, 0.13, 0.1};
	double low = 0, high = 0, again_low = 0, again_high = 0, narrow_low = 0, narrow_high = 0;
	double estimate = stats_hodges_lehmann(values, ARRAY_SIZE(values));

	stats_bootstrap(values, ARRAY_SIZE(values), 0.95, &low, &high);
	stats_bootstrap(values, ARRAY_SIZE(values), 0.5, &narrow_low, &narrow_high);
	stats_bootstrap(values, ARRAY_SIZE(values), 0.95, &again_low, &again_high);
	ck_assert(low == again_low && high == again_high);
	ck_assert(low < narrow_low && narrow_low < estimate);
	ck_assert(estimate < narrow_high && narrow_high < high);
	ck_assert(low >= 0.02 && high <= 0.2);
}
END_TEST

/* Of intervals for samples of 20, about 95 in 100 contain the truth. */
START_TEST(test_bootstrap_coverage)
{
	uint64_t state = 11;
	Random random = random_seeded(&state);
	unsigned covered = 0;
	const unsigned runs = 200;

	for (unsigned run = 0; run < runs; run++) {
		double values[20], low = 0, high = 0;

		for (size_t i = 0; i < ARRAY_SIZE(values); i++)
			values[i] = 1 + random_normal(&random);
		stats_bootstrap(values, ARRAY_SIZE(values), 0.95, &low, &high);
		covered += low <= 1 && 1 <= high;
	}
	ck_assert_uint_ge(covered, runs * 87 / 100);
	ck_assert_uint_lt(covered, runs);
}
END_TEST

START_TEST(test_bootstrap_edges)
{
	static const double same[] = {0.3, 0.3, 0.3};
	double low = 0, high = 0, values[64];

	stats_bootstrap(same, 3, 0.95, &low, &high);
	ck_assert_double_eq(low, 0.3);
	ck_assert_double_eq(high, 0.3);
	stats_bootstrap(same, 1, 0.95, &low, &high);
	ck_assert_double_eq(low, 0.3);
	stats_bootstrap(NULL, 0, 0.95, &low, &high);
	ck_assert(isnan(low) && isnan(high));
	for (size_t i = 0; i < 64; i++)
		values[i] = (double)i;
	stats_bootstrap(values, 64, 0.95, &low, &high);
	ck_assert(20 < low && low < 31.5 && 31.5 < high && high < 43);
}
END_TEST

START_TEST(test_mathis)
{
	ck_assert_double_eq_tol(stats_mathis_bps(1448, 40000, 1e-4) / 1e6, 35.33, 0.01);
	ck_assert_double_eq_tol(stats_mathis_bps(1448, 40000, 1e-3) / 1e6, 11.17, 0.01);
	ck_assert_double_eq_tol(stats_mathis_bps(1448, 40000, 1e-2) / 1e6, 3.53, 0.01);
	/* Half the delay or four times the loss: twice or half the rate. */
	ck_assert_double_eq_tol(stats_mathis_bps(1448, 20000, 4e-4),
				stats_mathis_bps(1448, 40000, 1e-4), 1);
	ck_assert(isinf(stats_mathis_bps(1448, 40000, 0)));
	ck_assert(isinf(stats_mathis_bps(1448, 0, 1e-3)));
}
END_TEST

/* --- bets --- */

/* Against the definition; and a martingale: over both signs of each difference the mean is 1. */
START_TEST(test_log_bet)
{
	const double d[] = {0.1, -0.5, 2, 0};
	const double log_e = stats_log_bet(d, 4, 0.5, 0.9, 1);
	double mean = 0, want = (1 + 0.9 * tanh(0.04)) * (1 - 0.9 * tanh(1)) * (1 + 0.9 * tanh(16));

	ck_assert_double_eq_tol(log_e, log(want), 1e-12);
	ck_assert_double_eq_tol(stats_log_bet(d, 4, 0.5, 0.9, -1),
				stats_log_bet((double[]){-0.1, 0.5, -2, -0.0}, 4, 0.5, 0.9, 1),
				1e-12);
	for (unsigned signs = 0; signs < 8; signs++) {
		double flipped[3];

		for (unsigned i = 0; i < 3; i++)
			flipped[i] = signs >> i & 1 ? -d[i] : d[i];
		mean += exp(stats_log_bet(flipped, 3, 0.5, 0.9, 1)) / 8;
	}
	ck_assert_double_eq_tol(mean, 1, 1e-12);
	ck_assert_double_eq(stats_log_bet(d, 0, 0.5, 0.9, 1), 0);
}
END_TEST

/* The same of the bet on an effect, whose stakes come from the pairs before. */
START_TEST(test_log_bet_on)
{
	const double d[] = {0.1, 0.4, 0.05, 0.2, 1.5}, effects[] = {0.05, 0.2, -0.2, 1, -3};

	for (size_t e = 0; e < ARRAY_SIZE(effects); e++) {
		double mean = 0, most = -INFINITY;

		for (unsigned signs = 0; signs < 32; signs++) {
			double flipped[5], log_e;

			for (unsigned i = 0; i < 5; i++)
				flipped[i] = signs >> i & 1 ? -d[i] : d[i];
			log_e = stats_log_bet_on(flipped, 5, effects[e], 0.95);
			mean += exp(log_e) / 32;
			most = MAX(most, log_e);
		}
		ck_assert_double_eq_tol(mean, 1, 1e-12);
		/* All on the side of the effect is the best that can happen to it. */
		ck_assert_double_gt(stats_log_bet_on(d, 5, fabs(effects[e]), 0.95), 0);
		ck_assert_double_le(most, 5 * log(1.95));
	}
	ck_assert_double_gt(stats_log_bet_on((double[]){-0.2, -0.2}, 2, -0.2, 0.95), 0);
	ck_assert_double_lt(stats_log_bet_on((double[]){-0.2, -0.2}, 2, 0.2, 0.95), 0);
}
END_TEST

START_TEST(test_log_mixture)
{
	ck_assert_double_eq_tol(stats_log_mixture((double[]){1, 2}, (double[]){0.25, 0.75}, 2),
				log(0.25 * exp(1) + 0.75 * exp(2)), 1e-12);
	ck_assert_double_eq_tol(stats_log_mixture((double[]){1000, -1000}, (double[]){0.5, 0.5}, 2),
				1000 - M_LN2, 1e-9);
	ck_assert_double_eq_tol(stats_log_mixture((double[]){1000, -1000}, (double[]){0, 1}, 2),
				-1000, 1e-9);
}
END_TEST

/* --- change point --- */

/* After how many values of `to` it alarms; 0: not within 20. */
static unsigned cusum_after(double from, double to, double noise)
{
	StatsCusum cusum = {0};

	for (unsigned i = 0; i < 12; i++)
		ck_assert(!stats_cusum_add(&cusum, from + (i % 2 ? noise : -noise)));
	for (unsigned i = 1; i <= 20; i++)
		if (stats_cusum_add(&cusum, to + (i % 2 ? noise : -noise)))
			return i;
	return 0;
}

START_TEST(test_cusum)
{
	ck_assert_uint_eq(cusum_after(11, 11.7, 0.02), 7);
	ck_assert_uint_eq(cusum_after(11.7, 11, 0.02), 7);
	ck_assert_uint_eq(cusum_after(11, 11.7, 0), 7);
	ck_assert_uint_eq(cusum_after(11, 11.15, 0.02), 0); /* 16 %: drift */
	ck_assert_uint_eq(cusum_after(11, 11, 0.3), 0);
	ck_assert_uint_eq(cusum_after(11, 11, 0), 0);
}
END_TEST

/* One wild value is an incident, and a warm-up has no alarm. */
START_TEST(test_cusum_patience)
{
	StatsCusum cusum = {0};

	for (unsigned i = 0; i < STATS_CUSUM_WARM; i++)
		ck_assert(!stats_cusum_add(&cusum, i < 4 ? 10 : 12));
	cusum = (StatsCusum){0};
	for (unsigned i = 0; i < 40; i++)
		ck_assert(!stats_cusum_add(&cusum, i % 10 == 9 ? 15 : 10));
}
END_TEST

static TCase *bets_case(void)
{
	TCase *tcase = tcase_create("bets and change points");

	tcase_add_test(tcase, test_log_bet);
	tcase_add_test(tcase, test_log_bet_on);
	tcase_add_test(tcase, test_log_mixture);
	tcase_add_test(tcase, test_cusum);
	tcase_add_test(tcase, test_cusum_patience);
	return tcase;
}

HARNESS_MAIN("stats", suite_add_tcase(suite, bets_case());
	     HARNESS_CASE(suite, "e-process", test_log_e_is_the_mixture, test_log_e_known_values,
			  test_log_e_of_the_wrong_side, test_fewest_pairs, test_false_alarms,
			  test_power);
	     HARNESS_CASE(suite, "estimators", test_quantile_against_sort,
			  test_quantile_known_values, test_hodges_lehmann,
			  test_bootstrap_is_reproducible, test_bootstrap_coverage,
			  test_bootstrap_edges);
	     HARNESS_CASE(suite, "mathis", test_mathis);)
