/* SPDX-License-Identifier: MIT */
/*
 * Where there is something to win: it is won, soon, and stays; all goes back when the daemon stops.
 */
#include <math.h>

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

/* Bytes of the third hour; without `controller` with hands off. */
static double third_hour(ScenarioPath kind, uint64_t seed, const char *controller,
			 double *ret_seconds)
{
	double bytes;
	Run run;

	scenario_run(&run, kind, SCENARIO_MIXED, seed);
	run.config.mode = controller ? POLICY_AUTO : POLICY_OBSERVE;
	run_start(&run);
	run_for(&run, 2 * HOUR);
	bytes = run_bytes(&run);
	run_for(&run, HOUR);
	bytes = run_bytes(&run) - bytes;
	if (controller)
		ck_assert_ptr_nonnull(run_last_change(&run, controller));
	*ret_seconds = run.tally.first_kept_ns
			       ? (double)(run.tally.first_kept_ns - run.world.start_ns) / 1e9
			       : INFINITY;
	scenario_end(&run);
	return bytes;
}

START_TEST(test_gain)
{
	unsigned won = 0;
	double sum = 0, worst = 0, gains_sum = 0;

	for (unsigned i = 0; i < RUNS; i++) {
		uint64_t seed = SEED + 10 + i * SEEDS;
		double never, seconds;
		double without = third_hour(gains[_i].kind, seed, NULL, &never);
		double gain =
			third_hour(gains[_i].kind, seed, gains[_i].controller, &seconds) / without;

		won += isfinite(seconds) && gain >= gains[_i].gain;
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
