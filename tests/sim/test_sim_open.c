/* SPDX-License-Identifier: MIT */
/*
 * Scenarios that the engine does not pass yet: a program to be run by hand, and not among the
 * tests. A gain of 10 % is mostly missed, since the guardrail of goodput ends trials that only met
 * with noise; and what was kept is taken back for losses that both settings would have met with.
 */
#include "tests/sim/scenario.h"
#include "tests/unit/harness.h"

#define SETTLE_SMALL  7200.0
#define SMALL_WON_MIN 50 /* percent */

/* 10 %: slow to prove, but it is proven while somebody still waits for it. */
START_TEST(test_small_gain)
{
	unsigned runs = 40, won = 0, in_time = 0;
	double sum = 0;

	for (unsigned i = 0; i < runs; i++) {
		double seconds;
		Run run;

		scenario_run(&run, SCENARIO_LOSSY, SCENARIO_MIXED, SEED + 11 + i * SEEDS);
		run.world.paths[0].weather.incidents_per_day = 0;
		run.world.paths[0].indifferent = true;
		run.world.paths[0].effect = 1.10;
		run_start(&run);
		run_for(&run, 12 * HOUR);
		seconds = (double)(run.tally.first_kept_ns - run.world.start_ns) / 1e9;
		if (run.tally.first_kept_ns) {
			won++;
			in_time += seconds <= SETTLE_SMALL;
			sum += seconds;
		}
		scenario_end(&run);
	}
	scenario_note("10 %%, seed %llu: of %u won %u, %u within 2 h; first keep after %.0f s",
		      (unsigned long long)SEED + 11, runs, won, in_time, sum / MAX(won, 1U));
	ck_assert_uint_ge(in_time, runs * SMALL_WON_MIN / 100);
}
END_TEST

/* A minute of 5 % loss, four times a day, is the path's doing: both settings meet with it. Bbr
 * moves twenty times as much, so most bytes of a fortnight say that it was in force nearly always.
 */
START_TEST(test_gain_stays_in_bad_weather)
{
	unsigned runs = 6;
	double share = 0;

	for (unsigned i = 0; i < runs; i++) {
		double bytes, best;
		Run run;

		scenario_run(&run, SCENARIO_LOSSY, SCENARIO_MIXED, SEED + 33 + i * SEEDS);
		run_start(&run);
		run_for(&run, 14 * DAY);
		bytes = run_bytes(&run);
		scenario_end(&run);
		scenario_run(&run, SCENARIO_LOSSY, SCENARIO_MIXED, SEED + 33 + i * SEEDS);
		run.config.mode = POLICY_OBSERVE;
		world_set(&run.world, TUNABLE_TCP_CONGESTION_CONTROL, "bbr");
		run_start(&run);
		run_for(&run, 14 * DAY);
		best = run_bytes(&run);
		scenario_end(&run);
		share += bytes / best / runs;
	}
	scenario_note("a gain that stays, with incidents, 14 days, seed %llu: %.0f %% of the "
		      "oracle's bytes",
		      (unsigned long long)SEED + 33, 100 * share);
	ck_assert_double_ge(share, 0.9);
}
END_TEST

HARNESS_MAIN("open", HARNESS_CASE(suite, "open", test_small_gain, test_gain_stays_in_bad_weather);)
