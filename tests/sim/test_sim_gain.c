/* SPDX-License-Identifier: MIT */
/*
 * Where there is something to win: it is won, soon, and stays; all goes back when the daemon stops.
 */
#include "tests/sim/scenario.h"
#include "tests/unit/harness.h"

#define RUNS         20
#define SETTLE_LARGE 600.0 /* s, for effects of at least twice */

/* A path with one thing to gain, and what shows that it was won. */
static const struct {
	ScenarioPath kind;
	const char *controller;
	double gain; /* in goodput, at least, once settled */
} gains[] = {
	{SCENARIO_LOSSY, "congestion", 5},
	{SCENARIO_LFN, "buffers", 1.7},
};

static double hour_of_goodput(Run *run)
{
	double before = run_bytes(run);

	run_for(run, HOUR);
	return (run_bytes(run) - before) * 8 / HOUR;
}

/* Seconds until the first keep; 0: never. */
static double settle(ScenarioPath kind, uint64_t seed, const char *controller, double *ret_gain)
{
	const Change *change;
	double before, seconds;
	Run run;

	scenario_run(&run, kind, SCENARIO_MIXED, seed);
	run.config.mode = POLICY_OBSERVE;
	run_start(&run);
	before = hour_of_goodput(&run);
	run.config.mode = POLICY_AUTO;
	engine_set_config(run.engine, &run.config);
	run_for(&run, 2 * HOUR);
	*ret_gain = hour_of_goodput(&run) / before;
	change = run_last_change(&run, controller);
	ck_assert_ptr_nonnull(change);
	seconds = run.tally.first_kept_ns
			  ? (double)(run.tally.first_kept_ns - run.world.start_ns) / 1e9 - HOUR
			  : 0;
	scenario_end(&run);
	return seconds;
}

START_TEST(test_gain)
{
	unsigned won = 0;
	double sum = 0, worst = 0, gains_sum = 0;

	for (unsigned i = 0; i < RUNS; i++) {
		double gain, seconds = settle(gains[_i].kind, SEED + 10 + i * SEEDS,
					      gains[_i].controller, &gain);

		won += seconds > 0 && gain >= gains[_i].gain;
		sum += seconds;
		worst = MAX(worst, seconds);
		gains_sum += gain;
	}
	scenario_note("%s, seed %llu: %u of %u won, goodput times %.1f, first keep after %.0f s "
		      "(at most %.0f)",
		      scenario_path_name(gains[_i].kind), (unsigned long long)SEED + 10, won, RUNS,
		      gains_sum / RUNS, sum / RUNS, worst);
	ck_assert_uint_ge(won, RUNS * 9 / 10);
	ck_assert_double_le(sum / RUNS, SETTLE_LARGE);
}
END_TEST

HARNESS_MAIN("gain", TCase *tcase = tcase_create("gain"); tcase_set_timeout(tcase, 600);
	     tcase_add_loop_test(tcase, test_gain, 0, ARRAY_SIZE(gains));
	     suite_add_tcase(suite, tcase);)
