/* SPDX-License-Identifier: MIT */
/*
 * Where there is nothing to win: two equal settings, and paths on which the other setting is worse.
 * Nothing may be kept beyond what chance allows, nothing may be left, and looking must be cheap.
 */
#include <math.h>

#include "tests/sim/scenario.h"
#include "tests/unit/harness.h"

/* What netoptd promises, in words of the issue: false keeps, and goodput spent on looking. */
#define FALSE_KEPT_MAX 0.015
#define COST_MAX       0.02

static void set_up_aa(Run *run, uint64_t seed)
{
	scenario_run(run, SCENARIO_LOSSY, SCENARIO_ROUGH, seed);
	run->world.paths[0].indifferent = true;
}

/* Many hosts until their first verdict. */
START_TEST(test_aa)
{
	unsigned runs = scenario_long() ? 2000 : 500, kept = 0, restored = 0, tried = 0;
	double pairs = 0;

	for (unsigned i = 0; i < runs; i++) {
		Run run;

		set_up_aa(&run, SEED + i * SEEDS);
		run_start(&run);
		(void)run_until_decided(&run, 4 * HOUR);
		tried += run.tally.started > 0;
		kept += run.tally.kept;
		restored += run.tally.restored;
		pairs += run.tally.pairs;
		scenario_end(&run);
	}
	scenario_note("A/A, first verdict, seed %llu: of %u tried %.4f kept, %.3f restored, %.1f "
		      "pairs each",
		      (unsigned long long)SEED, tried, kept / (double)tried,
		      restored / (double)tried, pairs / tried);
	ck_assert_uint_ge(tried, runs * 9 / 10);
	ck_assert_double_le(kept / (double)tried,
			    FALSE_KEPT_MAX +
				    2 * sqrt(FALSE_KEPT_MAX * (1 - FALSE_KEPT_MAX) / tried));
}
END_TEST

START_TEST(test_aa_month)
{
	unsigned runs = scenario_long() ? 100 : 4, kept = 0, tried = 0, left = 0;
	double exposed = 0;

	for (unsigned i = 0; i < runs; i++) {
		Run run;

		set_up_aa(&run, SEED + 1 + i * SEEDS);
		run_start(&run);
		run_for(&run, 30 * DAY);
		kept += run.tally.kept;
		tried += run.tally.started;
		left += strcmp(run_congestion(&run, 0), "cubic") != 0;
		exposed += run.tally.new_arm_seconds / (30 * DAY);
		scenario_end(&run);
	}
	scenario_note("A/A, %u months, seed %llu: %u trials, %u kept, %u left; on trial %.3f %% of "
		      "the time",
		      runs, (unsigned long long)SEED + 1, tried, kept, left, 100 * exposed / runs);
	ck_assert_uint_ge(tried, runs);
	ck_assert_double_le(kept, 1 + tried * 2 * FALSE_KEPT_MAX);
	ck_assert_double_le(exposed / runs, 0.10);
}
END_TEST

/* Moved under a setting, with all else the same. */
static double bytes_of(ScenarioPath kind, void (*adjust)(SimPath *path), PolicyMode mode,
		       double days, uint64_t seed, RunTally *ret_tally)
{
	double bytes;
	Run run;

	scenario_run(&run, kind, SCENARIO_MIXED, seed);
	if (adjust)
		adjust(&run.world.paths[0]);
	run.config.mode = mode;
	run_start(&run);
	run_for(&run, days * DAY);
	bytes = run_bytes(&run);
	ck_assert_str_eq(run_congestion(&run, 0), "cubic");
	*ret_tally = run.tally;
	scenario_end(&run);
	return bytes;
}

/* A deep queue that another flow keeps full: it looks bloated, and bbr would starve. */
static void share_the_queue(SimPath *path)
{
	path->physics.competitors = 1;
}

/* A policer: loss without a queue, which bbr only makes worse. */
static void police(SimPath *path)
{
	path->physics.loss = 0;
	path->physics.policer_bps = 8e6;
	path->physics.policer_burst_bytes = 30e3;
}

static const struct {
	const char *name;
	ScenarioPath kind;
	void (*adjust)(SimPath *path);
} nothing_helps[] = {
	{"a shared bloated queue", SCENARIO_BLOAT, share_the_queue},
	{"a policer", SCENARIO_LOSSY, police},
	{"a clean metro path", SCENARIO_METRO, NULL},
	{"a LAN", SCENARIO_LAN, NULL},
};

START_TEST(test_cost_where_nothing_helps)
{
	double days = scenario_long() ? 30 : 10;
	RunTally tally, none;
	double with = bytes_of(nothing_helps[_i].kind, nothing_helps[_i].adjust, POLICY_AUTO, days,
			       SEED + 2, &tally);
	double without = bytes_of(nothing_helps[_i].kind, nothing_helps[_i].adjust, POLICY_OBSERVE,
				  days, SEED + 2, &none);

	scenario_note("%s, %.0f days, seed %llu: %u trials, %u kept, cost %.3f %% of goodput",
		      nothing_helps[_i].name, days, (unsigned long long)SEED + 2, tally.started,
		      tally.kept, 100 * (1 - with / without));
	ck_assert_uint_eq(none.started, 0);
	ck_assert_uint_eq(tally.kept, 0);
	ck_assert_double_ge(with, without * (1 - COST_MAX));
}
END_TEST

HARNESS_MAIN("null", TCase *tcase = tcase_create("aa"); tcase_set_timeout(tcase, 3000);
	     tcase_add_test(tcase, test_aa); tcase_add_test(tcase, test_aa_month);
	     suite_add_tcase(suite, tcase); tcase = tcase_create("cost");
	     tcase_set_timeout(tcase, 600);
	     tcase_add_loop_test(tcase, test_cost_where_nothing_helps, 0,
				 ARRAY_SIZE(nothing_helps));
	     suite_add_tcase(suite, tcase);)
