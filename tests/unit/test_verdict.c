/* SPDX-License-Identifier: MIT */
/*
 * The decision after each pair, worked out by hand where that is possible: how many pairs each
 * outcome takes at least and at most, and what an outlier may not do. Error rates and power are
 * measured in test_simulation.c.
 */
#include "daemon/policy/verdict.h"

#include <math.h>

#include "common/stats.h"
#include "tests/unit/harness.h"

#define MINIMUM 0.05

static TrialRecord record;
static VerdictRule rule;

static void setup(void)
{
	record = (TrialRecord){.kind = TRIAL_SWITCHBACK};
	rule = (VerdictRule){.minimum = MINIMUM};
}

static VerdictStep add(double difference)
{
	return verdict_add_pair(&record, difference, &rule);
}

/* Adds the same difference until the step is another; returns it. */
static VerdictStep repeat(double difference, unsigned *ret_pairs)
{
	VerdictStep step = VERDICT_STEP_CONTINUE;

	while (step == VERDICT_STEP_CONTINUE)
		step = add(difference);
	*ret_pairs = record.n_pairs;
	return step;
}

/* However large the effect, six identical pairs are the fewest, and nine below 20 %. */
START_TEST(test_fewest_pairs)
{
	static const struct {
		double effect;
		unsigned pairs;
	} cases[] = {{0.05, 10}, {0.1, 9}, {0.2, 9}, {0.5, 7}, {0.8, 6}, {2.302585, 6}, {50, 6}};
	unsigned pairs;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		setup();
		ck_assert_int_eq(repeat(cases[i].effect, &pairs), VERDICT_STEP_KEEP);
		ck_assert_uint_eq(pairs, cases[i].pairs);
		ck_assert_double_ge(record.log_e_benefit, log(VERDICT_E_KEEP));
		ck_assert_double_eq_tol(record.effect, cases[i].effect, 1e-12); /* not clipped */
	}
}
END_TEST

/* Five of a kind happen by chance once in 32 times: too often, whatever their size. */
START_TEST(test_five_are_not_enough)
{
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(add(50), VERDICT_STEP_CONTINUE);
}
END_TEST

START_TEST(test_harm)
{
	unsigned pairs;

	ck_assert_int_eq(repeat(-0.2, &pairs), VERDICT_STEP_HARM);
	ck_assert_uint_le(pairs, 6); /* sooner than a benefit is believed */
	ck_assert_double_ge(record.log_e_harm, log(VERDICT_E_HARM));
	ck_assert_double_lt(record.log_e_benefit, 0);

	setup(); /* however large, it takes as many pairs */
	ck_assert_int_eq(repeat(-50, &pairs), VERDICT_STEP_HARM);
	ck_assert_uint_le(pairs, 6);
	ck_assert_uint_ge(pairs, 3);
}
END_TEST

/* e-values are the mixture of both processes, at both sides. */
START_TEST(test_e_values)
{
	static const double differences[] = {0.1, -0.3, 0.25, 0.05};
	double squares = 0.01 + 0.04 + 0.04 + 0.0025, benefit = 1, harm = 1;

	for (size_t i = 0; i < ARRAY_SIZE(differences); i++) {
		ck_assert_int_eq(add(differences[i]), VERDICT_STEP_CONTINUE);
		benefit *= 1 + VERDICT_CAP * tanh(VERDICT_SLOPE * differences[i]);
		harm *= 1 - VERDICT_CAP * tanh(VERDICT_SLOPE * differences[i]);
	}
	ck_assert_uint_eq(record.n_pairs, 4);
	ck_assert_double_eq_tol(exp(record.log_e_benefit),
				(exp(stats_log_e(0.15, squares, STATS_RHO, 1)) + benefit) / 2,
				1e-9);
	ck_assert_double_eq_tol(exp(record.log_e_harm),
				(exp(stats_log_e(0.15, squares, STATS_RHO, -1)) + harm) / 2, 1e-9);
	ck_assert_double_eq(record.differences[1], -0.3); /* kept as they were */
}
END_TEST

/* What was learned before is bet upon, on its own side only. */
START_TEST(test_prior)
{
	unsigned without, with;

	ck_assert_int_eq(repeat(0.1, &without), VERDICT_STEP_KEEP);
	setup();
	record.prior = 0.1;
	ck_assert_int_eq(repeat(0.1, &with), VERDICT_STEP_KEEP);
	ck_assert_uint_lt(with, without);
	ck_assert_uint_ge(with, 6); /* it replaces nothing */

	setup();
	record.prior = -0.1; /* known as harmful: no help, and no hindrance */
	ck_assert_int_eq(repeat(0.1, &with), VERDICT_STEP_KEEP);
	ck_assert_uint_eq(with, without);
	setup();
	ck_assert_int_eq(repeat(-0.1, &without), VERDICT_STEP_HARM);
	setup();
	record.prior = -0.1;
	ck_assert_int_eq(repeat(-0.1, &with), VERDICT_STEP_HARM);
	ck_assert_uint_lt(with, without);
}
END_TEST

START_TEST(test_threshold)
{
	unsigned pairs;

	rule.e_keep = 1000;
	ck_assert_int_eq(repeat(1, &pairs), VERDICT_STEP_KEEP);
	ck_assert_uint_gt(pairs, 10);
	ck_assert_double_ge(record.log_e_benefit, log(1000));
	ck_assert_double_eq(record.e_keep, 1000);
}
END_TEST

/* --- re-tests --- */

static void retest(void)
{
	setup();
	rule.retest = true;
	rule.pairs_max = 10;
}

/* Of n pairs every `nth` is bad, the others good. */
static VerdictStep mix(double good, double bad, unsigned nth, unsigned *ret_pairs)
{
	VerdictStep step = VERDICT_STEP_CONTINUE;

	retest();
	while (step == VERDICT_STEP_CONTINUE)
		step = add((record.n_pairs + 1) % nth ? good : bad);
	*ret_pairs = record.n_pairs;
	return step;
}

START_TEST(test_retest)
{
	unsigned pairs;

	/* As good as ever: no need for all ten. */
	ck_assert_int_eq(mix(0.3, 0.3, 2, &pairs), VERDICT_STEP_KEEP);
	ck_assert_uint_lt(pairs, 10);
	/* Still there, if less certain. */
	ck_assert_int_eq(mix(0.06, -0.02, 4, &pairs), VERDICT_STEP_KEEP);
	ck_assert_uint_eq(pairs, 10);
	/* Half of the minimum is enough, less is not: asked twice. */
	ck_assert_int_eq(mix(MINIMUM / 2 + 0.001, MINIMUM / 2 + 0.001, 2, &pairs),
			 VERDICT_STEP_KEEP);
	ck_assert_uint_eq(pairs, 10);
	ck_assert_int_eq(mix(MINIMUM / 2 - 0.001, MINIMUM / 2 - 0.001, 2, &pairs),
			 VERDICT_STEP_EXHAUSTED);
	ck_assert_uint_eq(pairs, 20);
	/* Gone. */
	ck_assert_int_eq(mix(0.1, -0.1, 2, &pairs), VERDICT_STEP_EXHAUSTED);
	ck_assert_uint_eq(pairs, 20);
	ck_assert_int_eq(mix(-0.2, -0.2, 2, &pairs), VERDICT_STEP_HARM);
}
END_TEST

/* The second ten may turn it. */
START_TEST(test_retest_extended)
{
	VerdictStep step = VERDICT_STEP_CONTINUE;

	retest();
	for (unsigned i = 0; i < 10; i++)
		ck_assert_int_eq(add(i % 2 ? 0.1 : -0.1), VERDICT_STEP_CONTINUE);
	while (step == VERDICT_STEP_CONTINUE)
		step = add(0.15);
	ck_assert_int_eq(step, VERDICT_STEP_KEEP);
	ck_assert_uint_gt(record.n_pairs, 10);
	ck_assert_uint_lt(record.n_pairs, 20);
}
END_TEST

START_TEST(test_pairs_max)
{
	unsigned pairs;

	rule.pairs_max = 7;
	ck_assert_int_eq(repeat(0.1, &pairs), VERDICT_STEP_EXHAUSTED);
	ck_assert_uint_eq(pairs, 7);
	setup();
	rule.pairs_max = 1000;
	ck_assert_int_eq(repeat(0, &pairs), VERDICT_STEP_EXHAUSTED);
	ck_assert_uint_eq(pairs, TRIAL_PAIRS_MAX);
}
END_TEST

/* Proven, but not worth it: the median must reach the minimum. */
START_TEST(test_minimum)
{
	unsigned pairs;

	ck_assert_int_eq(repeat(MINIMUM - 0.001, &pairs), VERDICT_STEP_EXHAUSTED);
	ck_assert_uint_eq(pairs, TRIAL_PAIRS_MAX);
	ck_assert_double_ge(record.log_e_benefit, log(VERDICT_E_KEEP));
	setup();
	ck_assert_int_eq(repeat(MINIMUM, &pairs), VERDICT_STEP_KEEP);
	ck_assert_uint_lt(pairs, TRIAL_PAIRS_MAX);
}
END_TEST

START_TEST(test_nothing)
{
	unsigned pairs;

	ck_assert_int_eq(repeat(0, &pairs), VERDICT_STEP_EXHAUSTED);
	ck_assert_uint_eq(pairs, TRIAL_PAIRS_MAX);
	ck_assert_double_eq_tol(record.log_e_benefit, 0, 1e-12);
	/* One more has no place, and changes nothing. */
	ck_assert_int_eq(add(5), VERDICT_STEP_EXHAUSTED);
	ck_assert_uint_eq(record.n_pairs, TRIAL_PAIRS_MAX);
	ck_assert_double_eq(record.effect, 0);
}
END_TEST

/* The last pair may still decide. */
START_TEST(test_last_pair_decides)
{
	record.n_pairs = TRIAL_PAIRS_MAX - 1;
	for (unsigned i = 0; i < record.n_pairs; i++)
		record.differences[i] = MINIMUM + 0.02;
	ck_assert_int_eq(add(MINIMUM + 0.02), VERDICT_STEP_KEEP);

	record.n_pairs = TRIAL_PAIRS_MAX - 1;
	for (unsigned i = 0; i < record.n_pairs; i++)
		record.differences[i] = i % 2 ? 0.1 : -0.1;
	ck_assert_int_eq(add(0.1), VERDICT_STEP_EXHAUSTED);
}
END_TEST

/* One incident cannot undo what eight pairs have shown; unclipped, it would for ever. */
START_TEST(test_outlier)
{
	unsigned pairs;

	for (unsigned i = 0; i < 8; i++)
		ck_assert_int_eq(add(0.18), VERDICT_STEP_CONTINUE);
	ck_assert_int_eq(add(-20), VERDICT_STEP_CONTINUE);
	ck_assert_int_eq(repeat(0.18, &pairs), VERDICT_STEP_KEEP);
	ck_assert_uint_le(pairs, 25);
}
END_TEST

/* A coin's luck is no proof: half of them good is nothing, whatever the size. */
START_TEST(test_mixed)
{
	VerdictStep step = VERDICT_STEP_CONTINUE;

	for (unsigned i = 0; step == VERDICT_STEP_CONTINUE; i++)
		step = add(i % 2 ? -0.5 : 0.5);
	ck_assert_int_eq(step, VERDICT_STEP_EXHAUSTED);
}
END_TEST

/* --- the record --- */

START_TEST(test_names)
{
	static const char *const states[] = {"advised", "trial", "decided"};
	static const char *const verdicts[] = {"none", "kept", "restored", "inconclusive"};
	static const char *const kinds[] = {"none", "mechanical", "switchback"};

	for (ChangeState i = CHANGE_ADVISED; i <= CHANGE_DECIDED; i++)
		ck_assert_str_eq(change_state_name(i), states[i]);
	for (ChangeVerdict i = VERDICT_NONE; i <= VERDICT_INCONCLUSIVE; i++)
		ck_assert_str_eq(change_verdict_name(i), verdicts[i]);
	for (TrialKind i = TRIAL_NONE; i <= TRIAL_SWITCHBACK; i++)
		ck_assert_str_eq(trial_kind_name(i), kinds[i]);
}
END_TEST

START_TEST(test_evidence_is_bounded)
{
	Evidence evidence = {0};

	for (int64_t i = 0; i < EVIDENCE_ITEMS_MAX + 5; i++)
		evidence_add(&evidence, "item", i);
	ck_assert_uint_eq(evidence.n_items, EVIDENCE_ITEMS_MAX);
	ck_assert_int_eq(evidence.items[EVIDENCE_ITEMS_MAX - 1].value, EVIDENCE_ITEMS_MAX - 1);
}
END_TEST

HARNESS_MAIN("verdict",
	     HARNESS_FIXTURE(suite, "decision", setup, NULL, test_fewest_pairs,
			     test_five_are_not_enough, test_prior, test_threshold, test_pairs_max,
			     test_harm, test_e_values, test_minimum, test_nothing,
			     test_last_pair_decides, test_outlier, test_mixed);
	     HARNESS_FIXTURE(suite, "retest", setup, NULL, test_retest, test_retest_extended);
	     HARNESS_CASE(suite, "record", test_names, test_evidence_is_bounded);)
