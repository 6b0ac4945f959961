/* SPDX-License-Identifier: MIT */
/*
 * The threshold against its definition, and the share of false keeps it leaves when a fleet of
 * destinations is tried, most of them in vain.
 */
#include "daemon/policy/fdr.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base.h"
#include "common/random.h"
#include "common/stats.h"
#include "daemon/policy/verdict.h"
#include "tests/unit/harness.h"

#define SEED UINT64_C(20240302)

START_TEST(test_alone)
{
	ck_assert_double_eq_tol(fdr_threshold(NULL, 0, 1, FDR_ALPHA), 20, 1e-9);
	ck_assert_double_eq_tol(fdr_threshold(NULL, 0, 0, FDR_ALPHA), 20, 1e-9);
	ck_assert_double_eq_tol(fdr_threshold(NULL, 0, 2, FDR_ALPHA), 40, 1e-9);
}
END_TEST

/* Failures raise it, successes bring it down again. */
START_TEST(test_companions)
{
	double log_e[4] = {0, -1, 0.5, 0};

	ck_assert_double_eq_tol(fdr_threshold(log_e, 3, 1, FDR_ALPHA), 80, 1e-9);
	log_e[1] = log(40.1); /* accepted, if both are */
	ck_assert_double_eq_tol(fdr_threshold(log_e, 3, 1, FDR_ALPHA), 40, 1e-9);
	log_e[1] = log(39.9);
	ck_assert_double_eq_tol(fdr_threshold(log_e, 3, 1, FDR_ALPHA), 80, 1e-9);
	for (size_t i = 0; i < 4; i++)
		log_e[i] = log(1000);
	ck_assert_double_eq_tol(fdr_threshold(log_e, 4, 1, FDR_ALPHA), 20, 1e-9);
	ck_assert_double_eq_tol(fdr_threshold(log_e, 4, 6, FDR_ALPHA), 40, 1e-9);
}
END_TEST

/* Against the definition: the candidate with just this e-value is accepted, with less it is not. */
static bool accepted(const double *log_e, size_t n, double candidate, size_t total)
{
	for (size_t k = 1; k <= n + 1; k++) {
		double needed = log((double)total / (FDR_ALPHA * (double)k));
		size_t companions = 0;

		for (size_t i = 0; i < n; i++)
			companions += log_e[i] >= needed;
		if (candidate >= needed && companions + 1 >= k)
			return true;
	}
	return false;
}

START_TEST(test_definition)
{
	uint64_t state = SEED;
	Random random = random_seeded(&state);
	double log_e[50];

	for (unsigned round = 0; round < 500; round++) {
		size_t n = random.next(random.context) % (ARRAY_SIZE(log_e) + 1),
		       running = 1 + n % 3;
		double threshold;

		for (size_t i = 0; i < n; i++)
			log_e[i] = 4 * random_normal(&random) + 3;
		threshold = fdr_threshold(log_e, n, running, FDR_ALPHA);
		ck_assert(accepted(log_e, n, log(threshold) + 1e-9, n + running));
		ck_assert(!accepted(log_e, n, log(threshold) - 1e-9, n + running));
	}
}
END_TEST

/* --- a fleet --- */

#define PAIRS 60
#define GROUP 32 /* hypotheses that are not independent */
#define NOISE 0.15

typedef struct Fleet {
	const char *name;
	size_t n; /* hypotheses, one after the other, two at a time */
	unsigned runs;
	double share, effect; /* of them that are real, and how much */
	bool alike;           /* GROUP of them see the same noise and the same coins */
	double false_max, power_min;
} Fleet;

/* The e-process of verdict.h, pair by pair; true: it reached the threshold before harm was likely.
 */
static bool try_one(const Random *random, double effect, double threshold, double *ret_log_e)
{
	const double weights[] = {VERDICT_WEIGHT_SMALL, 1 - VERDICT_WEIGHT_SMALL};
	double sum = 0, squares = 0, bets[2] = {0}, log_e[2] = {0};

	for (unsigned i = 0;
	     i < PAIRS && log_e[0] < log(threshold) && log_e[1] < log(VERDICT_E_HARM); i++) {
		double d = effect + NOISE * random_normal(random);
		double x = CLAMP(d, -VERDICT_CLIP, VERDICT_CLIP);

		sum += x;
		squares += x * x;
		for (unsigned s = 0; s < 2; s++) {
			int side = s ? -1 : 1;

			bets[s] += stats_log_bet(&d, 1, VERDICT_SLOPE, VERDICT_CAP, side);
			log_e[s] = stats_log_mixture(
				(double[]){stats_log_e(sum, squares, STATS_RHO, side), bets[s]},
				weights, 2);
		}
	}
	*ret_log_e = log_e[0];
	return log_e[0] >= log(threshold);
}

typedef struct Count {
	unsigned kept, wrong, real, found;
	double highest;
} Count;

static Count run_fleet(const Fleet *fleet, uint64_t seed, bool fixed)
{
	double *log_e = calloc(fleet->n, sizeof(*log_e));
	uint64_t own = seed, shared = 0;
	Random random = random_seeded(&own), group = random_seeded(&shared);
	Count count = {0};

	ck_assert_ptr_nonnull(log_e);
	for (size_t i = 0; i < fleet->n; i++) {
		bool real = random_unit(&random) < fleet->share, kept;
		double threshold = fixed ? 1 / FDR_ALPHA : fdr_threshold(log_e, i, 2, FDR_ALPHA);

		shared = seed ^ (i / GROUP * UINT64_C(0x9e3779b97f4a7c15));
		kept = try_one(fleet->alike ? &group : &random, real ? fleet->effect : 0, threshold,
			       &log_e[i]);
		count.kept += kept;
		count.wrong += kept && !real;
		count.real += real;
		count.found += kept && real;
		count.highest = MAX(count.highest, threshold);
	}
	free(log_e);
	return count;
}

/* Mean share of the kept that are wrong, and of the real that were found. */
static void simulate(const Fleet *fleet, bool fixed, double *ret_wrong, double *ret_power)
{
	double wrong = 0, highest = 0;
	unsigned found = 0, real = 0;

	for (unsigned run = 0; run < fleet->runs; run++) {
		Count count = run_fleet(fleet, SEED + run * UINT64_C(0x5851f42d4c957f2d), fixed);

		wrong += count.wrong / (double)MAX(count.kept, 1U);
		found += count.found;
		real += count.real;
		highest = MAX(highest, count.highest);
	}
	*ret_wrong = wrong / fleet->runs;
	*ret_power = found / (double)MAX(real, 1U);
	printf("# %s, seed %llu, %u runs, %s: false discovery rate %.4f, power %.3f, threshold up "
	       "to "
	       "%.0f\n",
	       fleet->name, (unsigned long long)SEED, fleet->runs, fixed ? "e >= 20" : "e-BH",
	       *ret_wrong, *ret_power, highest);
	(void)fflush(stdout);
}

static const Fleet fleets[] = {
	{"256 of nothing", 256, 60, 0, 0, false, 0.05, 0},
	{"256 of nothing, alike", 256, 60, 0, 0, true, 0.05, 0},
	{"4096, 2 % of them 20 %", 4096, 2, 0.02, 0.2, false, 0.05, 0.9},
	{"512, 5 % of them 20 %, alike", 512, 20, 0.05, 0.2, true, 0.05, 0.9},
	{"512, 5 % of them twofold", 512, 20, 0.05, 0.7, false, 0.05, 0.99},
};

START_TEST(test_fleet)
{
	double wrong, power;

	simulate(&fleets[_i], false, &wrong, &power);
	ck_assert_double_le(wrong, fleets[_i].false_max);
	ck_assert_double_ge(power, fleets[_i].power_min);
}
END_TEST

/* What it is for: with the same threshold for each, nearly every fleet of nothing keeps something.
 */
START_TEST(test_without)
{
	double wrong, power;

	simulate(&fleets[0], true, &wrong, &power);
	ck_assert_double_ge(wrong, 0.5);
}
END_TEST

HARNESS_MAIN("fdr", HARNESS_CASE(suite, "threshold", test_alone, test_companions, test_definition);
	     TCase *tcase = tcase_create("fleet"); tcase_set_timeout(tcase, 60);
	     tcase_add_loop_test(tcase, test_fleet, 0, ARRAY_SIZE(fleets));
	     tcase_add_test(tcase, test_without); suite_add_tcase(suite, tcase);)
