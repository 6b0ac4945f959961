/* SPDX-License-Identifier: MIT */
/*
 * What was proven and is no longer true: a gain that vanishes, a harm that comes late. Re-tests and
 * guardrails must find out, and what is still true must stay.
 */
#include "tests/sim/scenario.h"
#include "tests/unit/harness.h"

static bool has_bbr(Run *run)
{
	return strcmp(run_congestion(run, 0), "bbr") == 0;
}

/* Lossy, and two days later bbr stands. */
static void start_with_bbr(Run *run, uint64_t seed)
{
	scenario_run(run, SCENARIO_LOSSY, SCENARIO_MIXED, seed);
	run->world.paths[0].weather.incidents_per_day = 0;
	run_start(run);
	run_for(run, 2 * DAY);
	ck_assert_msg(has_bbr(run), "seed %llu: bbr was not kept", (unsigned long long)seed);
}

START_TEST(test_gain_stays)
{
	unsigned runs = 4, left = 0, retested = 0;

	for (unsigned i = 0; i < runs; i++) {
		Run run;

		start_with_bbr(&run, SEED + 30 + i * SEEDS);
		run_for(&run, 28 * DAY);
		left += has_bbr(&run);
		retested += run.tally.started;
		scenario_end(&run);
	}
	scenario_note("a gain that stays, 30 days, seed %llu: of %u kept %u, %u trials in all",
		      (unsigned long long)SEED + 30, runs, left, retested);
	ck_assert_uint_ge(left, runs - 1);
	ck_assert_uint_ge(retested, 3 * runs);
}
END_TEST

/* The path is repaired: both are alike, and what has no worth goes. */
START_TEST(test_gain_vanishes)
{
	unsigned runs = 6, gone = 0;
	double days = 0;

	for (unsigned i = 0; i < runs; i++) {
		FlowPath repaired = scenario_physics(SCENARIO_LOSSY);
		double changed;
		Run run;

		start_with_bbr(&run, SEED + 31 + i * SEEDS);
		repaired.loss = 0;
		world_change_physics(&run.world.paths[0], &repaired);
		run.world.paths[0].indifferent = true;
		changed = run_hours(&run) / 24;
		run_for(&run, 14 * DAY);
		gone += !has_bbr(&run);
		days += (double)(run.tally.last_restored_ns - run.world.start_ns) / 1e9 / DAY -
			changed;
		scenario_end(&run);
	}
	scenario_note("a gain that vanishes, seed %llu: taken back in %u of %u within 14 days, "
		      "after %.1f days",
		      (unsigned long long)SEED + 31, gone, runs, days / runs);
	ck_assert_uint_ge(gone, runs - 1);
}
END_TEST

/* Traffic moves to a path with a shallow buffer: bbr keeps its rate, at the cost of others. */
static void lose_the_buffer(FlowPath *physics)
{
	physics->loss = 0;
	physics->queue_bytes = 0.02 * flow_bdp_bytes(physics);
	physics->policer_bps = 30e6;
	physics->policer_burst_bytes = 20e3;
}

/* Another flow comes for good into a deep queue: bbr starves. */
static void get_company(FlowPath *physics)
{
	physics->loss = 0;
	physics->queue_bytes = 4 * flow_bdp_bytes(physics);
	physics->competitors = 1;
}

static const struct {
	const char *name;
	void (*change)(FlowPath *physics);
	double days; /* within which it must be gone, in nine of ten */
} harms[] = {
	{"a policer", lose_the_buffer, 0.1},
	{"a competitor in a deep queue", get_company, 14},
};

START_TEST(test_late_harm)
{
	unsigned runs = 6, gone = 0;

	for (unsigned i = 0; i < runs; i++) {
		FlowPath harmful = scenario_physics(SCENARIO_LOSSY);
		Run run;

		start_with_bbr(&run, SEED + 32 + i * SEEDS);
		harms[_i].change(&harmful);
		world_change_physics(&run.world.paths[0], &harmful);
		run_for(&run, harms[_i].days * DAY);
		gone += !has_bbr(&run);
		scenario_end(&run);
	}
	scenario_note("harm that comes late, %s, seed %llu: taken back in %u of %u within %.1f "
		      "days",
		      harms[_i].name, (unsigned long long)SEED + 32, gone, runs, harms[_i].days);
	ck_assert_uint_ge(gone, runs - 1);
}
END_TEST

HARNESS_MAIN("later", HARNESS_CASE(suite, "gain", test_gain_stays, test_gain_vanishes);
	     TCase *tcase = tcase_create("harm"); tcase_set_timeout(tcase, 600);
	     tcase_add_loop_test(tcase, test_late_harm, 0, ARRAY_SIZE(harms));
	     suite_add_tcase(suite, tcase);)
