/* SPDX-License-Identifier: MIT */
/*
 * A host that talks to 4,096 destinations, some busy, most not: on a fifth of them bbr is much
 * better, on three fifths it looks so and is not (A/A), the rest is clean and carries
 * short transfers. Of what is kept, at most
 * 5 % may be false; and all of it must be quick enough for a daemon.
 */
#include <math.h>
#include <time.h>

#include "tests/sim/scenario.h"
#include "tests/unit/harness.h"

#define PATHS     4096
#define FALSE_MAX 0.05
/* The simulation itself included, for an hour of the fleet. */
#define CPU_SECONDS_PER_HOUR 30.0

typedef enum Worth {
	WORTH_NOTHING, /* A/A */
	WORTH_MUCH,
	WORTH_CLEAN,
} Worth;

static Worth worth_of(size_t i)
{
	return i % 5 == 0 ? WORTH_MUCH : i % 5 == 1 ? WORTH_CLEAN : WORTH_NOTHING;
}

/* Busy by rank, as such things are: the first few dozen have a flow every few seconds. */
static void describe(Run *run)
{
	uint64_t state = run->seed;
	Random random = random_seeded(&state);

	for (size_t i = 0; i < PATHS; i++) {
		SimPath *path = &run->world.paths[i];

		scenario_path(path, SCENARIO_LOSSY, SCENARIO_MIXED);
		path->physics.rtt_us = 20e3 * exp(2 * random_unit(&random));
		path->physics.rate_bps = 20e6 * exp(2 * random_unit(&random));
		path->physics.queue_bytes = flow_bdp_bytes(&path->physics);
		path->physics.loss = worth_of(i) == WORTH_CLEAN ? 0 : 0.005;
		path->indifferent = worth_of(i) == WORTH_NOTHING;
		path->traffic.births_per_hour = 900 / pow(1 + (double)i / 64, 1.2);
		path->traffic.swing = 0.5;
		path->traffic.bytes = worth_of(i) == WORTH_CLEAN ? 300e3 : 0;
		path->link_index = 2 + (int)(i % 2);
	}
}

START_TEST(test_fleet)
{
	double hours = scenario_long() ? 24 : 1, cpu;
	unsigned kept = 0, false_kept = 0;
	clock_t began = clock();
	Run run;

	run_init(&run, PATHS, SEED + 40);
	describe(&run);
	run_start(&run);
	run_for(&run, hours * HOUR);
	cpu = (double)(clock() - began) / CLOCKS_PER_SEC;
	for (size_t i = 0; i < engine_change_count(run.engine); i++) {
		const Change *change = engine_change_at(run.engine, i);
		const SimPath *path = world_find(&run.world, &change->path);

		kept += change->in_force;
		false_kept += change->in_force && path &&
			      worth_of((size_t)(path - run.world.paths)) != WORTH_MUCH;
	}
	scenario_note("%d destinations, %.0f h, seed %llu: %zu flows live, %u trials, kept %u, of "
		      "these false %u; %.1f s of CPU",
		      PATHS, hours, (unsigned long long)SEED + 40, run.world.n_flows,
		      run.tally.started, kept, false_kept, cpu);
	ck_assert_double_le(false_kept, FALSE_MAX * kept + 2 * sqrt(FALSE_MAX * kept));
	ck_assert_double_le(cpu, hours * CPU_SECONDS_PER_HOUR);
	scenario_end(&run);
}
END_TEST

HARNESS_MAIN("fleet", TCase *tcase = tcase_create("fleet"); tcase_set_timeout(tcase, 600);
	     tcase_add_test(tcase, test_fleet); suite_add_tcase(suite, tcase);)
