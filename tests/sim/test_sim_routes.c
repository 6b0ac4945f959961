/* SPDX-License-Identifier: MIT */
/*
 * Metrics of one destination's route: each destination gets what suits it, and the routes go when
 * the network changes, or when somebody else wants the place.
 */
#include "common/text.h"
#include "tests/sim/scenario.h"
#include "tests/unit/harness.h"

static const char *congctl(Run *run, size_t i)
{
	return sim_path_metric(&run->world.paths[i], TUNABLE_ROUTE_CONGCTL)->words;
}

static unsigned in_force(const Run *run)
{
	unsigned n = 0;

	for (size_t i = 0; i < engine_change_count(run->engine); i++)
		n += engine_change_at(run->engine, i)->in_force;
	return n;
}

/* One lossy path beside a clean one, of which each carries half of the bytes. */
static void start_pair(Run *run, uint64_t seed)
{
	run_init(run, 2, seed);
	scenario_path(&run->world.paths[0], SCENARIO_LOSSY, SCENARIO_CALM);
	scenario_path(&run->world.paths[1], SCENARIO_METRO, SCENARIO_CALM);
	run_start(run);
}

START_TEST(test_each_its_own)
{
	Run run;

	start_pair(&run, SEED + 50);
	run_for(&run, 2 * HOUR);
	ck_assert_str_eq(congctl(&run, 0), "bbr");
	ck_assert_str_eq(congctl(&run, 1), "");
	ck_assert_str_eq(run.world.congestion, "cubic");
	scenario_end(&run);
}
END_TEST

/* The routes go with the gateway; what was known of the path is not believed of the new way, but
 * proven anew. */
START_TEST(test_gateway_change)
{
	FlowPath clean = scenario_physics(SCENARIO_LOSSY);
	unsigned started;
	Run run;

	start_pair(&run, SEED + 51);
	run_for(&run, 2 * HOUR);
	ck_assert_str_eq(congctl(&run, 0), "bbr");
	started = run.tally.started;
	run_gateway_change(&run, 7);
	ck_assert_str_eq(congctl(&run, 0), "");
	ck_assert_uint_eq(in_force(&run), 0);
	run_for(&run, DAY);
	ck_assert_str_eq(congctl(&run, 0), "bbr");
	ck_assert_uint_gt(run.tally.started, started);

	clean.loss = 0;
	world_change_physics(&run.world.paths[0], &clean);
	run_gateway_change(&run, 8);
	run_for(&run, 7 * DAY);
	ck_assert_str_eq(congctl(&run, 0), "");
	scenario_end(&run);
}
END_TEST

/* During the trial, too. */
START_TEST(test_gateway_change_in_trial)
{
	Run run;

	start_pair(&run, SEED + 52);
	for (unsigned i = 0; *congctl(&run, 0) == '\0'; i++) {
		ck_assert_uint_lt(i, 600);
		run_for(&run, 1);
	}
	ck_assert_ptr_nonnull(engine_running(run.engine));
	run_gateway_change(&run, 7);
	run_for(&run, 2);
	ck_assert_uint_eq(run.tally.kept, 0);
	ck_assert_str_eq(congctl(&run, 0), "");
	scenario_end(&run);
}
END_TEST

START_TEST(test_foreign_route)
{
	Run run;

	start_pair(&run, SEED + 53);
	run_for(&run, 2 * HOUR);
	ck_assert_str_eq(congctl(&run, 0), "bbr");
	run_foreign_route(&run, 0);
	run_for(&run, 7 * DAY);
	ck_assert_str_eq(congctl(&run, 0), "");
	ck_assert_uint_eq(in_force(&run), 0);
	scenario_end(&run);
}
END_TEST

/* Nobody uses a destination any more: its route goes. */
START_TEST(test_silence)
{
	Run run;

	start_pair(&run, SEED + 54);
	run_for(&run, 2 * HOUR);
	ck_assert_str_eq(congctl(&run, 0), "bbr");
	run.world.paths[0].traffic.births_per_hour = 0;
	run_for(&run, 2 * DAY);
	ck_assert_str_eq(congctl(&run, 0), "");
	scenario_end(&run);
}
END_TEST

HARNESS_MAIN("routes",
	     HARNESS_CASE(suite, "routes", test_each_its_own, test_gateway_change,
			  test_gateway_change_in_trial, test_foreign_route, test_silence);)
