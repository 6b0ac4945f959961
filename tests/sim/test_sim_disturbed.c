/* SPDX-License-Identifier: MIT */
/*
 * What comes from outside: outages during a trial, a second tuner, an administrator, memory
 * pressure, another gateway. The daemon must not be fooled, must not fight, and must let go.
 */
#include "common/clock.h"
#include "tests/sim/scenario.h"
#include "tests/unit/harness.h"

#define WMEM_DEFAULT "4096 16384 4194304"

static int64_t wmem(const Run *run)
{
	return run->world.sysctls[TUNABLE_TCP_WMEM].numbers[2];
}

/* Runs until a trial is under way; the daemon needs evidence for that. */
static void run_into_trial(Run *run)
{
	for (unsigned i = 0; !engine_running(run->engine); i++) {
		ck_assert_uint_lt(i, 600);
		run_for(run, 1);
	}
}

/* --- outages --- */

/* The path goes down for ten minutes at some moment of the trial. Returns what stands 3 h later. */
static void suffer_outage(bool indifferent, uint64_t seed, RunTally *ret_tally, bool *ret_bbr)
{
	uint64_t state = seed;
	Random random = random_seeded(&state);
	Run run;

	scenario_run(&run, SCENARIO_LOSSY, SCENARIO_MIXED, seed);
	run.world.paths[0].indifferent = indifferent;
	run_start(&run);
	run_into_trial(&run);
	run_for(&run, 150 * random_unit(&random));
	run.world.paths[0].down = true;
	run_for(&run, 600);
	run.world.paths[0].down = false;
	run_for(&run, 3 * HOUR);
	*ret_tally = run.tally;
	*ret_bbr = strcmp(run_congestion(&run, 0), "bbr") == 0;
	scenario_end(&run);
}

START_TEST(test_outage)
{
	unsigned runs = 40, bbr = 0, restored = 0, inconclusive = 0;

	for (unsigned i = 0; i < runs; i++) {
		RunTally tally;
		bool has_bbr;

		suffer_outage(false, SEED + 20 + i * SEEDS, &tally, &has_bbr);
		bbr += has_bbr;
		restored += tally.restored;
		inconclusive += tally.inconclusive;
	}
	scenario_note("outage in the trial of a setting that is better, seed %llu: of %u won all "
		      "the same %u; trials inconclusive %u, restored %u",
		      (unsigned long long)SEED + 20, runs, bbr, inconclusive, restored);
	ck_assert_uint_ge(bbr, runs * 8 / 10);
}
END_TEST

START_TEST(test_outage_aa)
{
	unsigned runs = 60, kept = 0, tried = 0;

	for (unsigned i = 0; i < runs; i++) {
		RunTally tally;
		bool bbr;

		suffer_outage(true, SEED + 21 + i * SEEDS, &tally, &bbr);
		kept += tally.kept;
		tried += tally.started;
	}
	scenario_note("outage in an A/A trial, seed %llu: %u trials, %u kept",
		      (unsigned long long)SEED + 21, tried, kept);
	ck_assert_uint_ge(tried, runs);
	ck_assert_uint_le(kept, 2);
}
END_TEST

/* --- other hands --- */

typedef struct Tuner {
	const char *value;
	unsigned writes;
	uint64_t next_ns;
} Tuner;

/* tuned, or a configuration manager: sees to it every minute that its value is there. */
static void insist(Run *run, void *context)
{
	Tuner *tuner = context;
	TunableValue wanted;

	if (run->world.now_ns < tuner->next_ns)
		return;
	tuner->next_ns = run->world.now_ns + NSEC_PER_MIN;
	ck_assert_int_eq(tunable_parse(&tunables[TUNABLE_TCP_WMEM], tuner->value, &wanted), 0);
	if (tunable_equal(&wanted, &run->world.sysctls[TUNABLE_TCP_WMEM]))
		return;
	world_set(&run->world, TUNABLE_TCP_WMEM, tuner->value);
	tuner->writes++;
}

START_TEST(test_two_tuners)
{
	Tuner tuner = {.value = WMEM_DEFAULT};
	Run run;

	scenario_run(&run, SCENARIO_LFN, SCENARIO_MIXED, SEED + 22);
	run.hook = insist;
	run.hook_context = &tuner;
	run_start(&run);
	run_for(&run, 7 * DAY);
	scenario_note("a second tuner of tcp_wmem, a week, seed %llu: it wrote %u times, we %u "
		      "changes",
		      (unsigned long long)SEED + 22, tuner.writes, run.tally.started);
	ck_assert_uint_ge(run.tally.started, 1); /* there was something to fight about */
	ck_assert_uint_eq(tuner.writes, 1);
	ck_assert_uint_eq(run.foreign_found, 1);
	ck_assert_int_eq(wmem(&run), 4194304);
	scenario_end(&run);
}
END_TEST

START_TEST(test_administrator)
{
	Run run;

	scenario_run(&run, SCENARIO_LFN, SCENARIO_MIXED, SEED + 23);
	run_start(&run);
	run_for(&run, HOUR);
	ck_assert_int_gt(wmem(&run), 4194304);
	world_set(&run.world, TUNABLE_TCP_WMEM, "4096 16384 6000000");
	run_for(&run, 7 * DAY);
	ck_assert_int_eq(wmem(&run), 6000000);
	scenario_end(&run);
	ck_assert_int_eq(run.offences, 0);
}
END_TEST

/* --- memory --- */

START_TEST(test_memory_pressure)
{
	Run run;

	scenario_run(&run, SCENARIO_LFN, SCENARIO_MIXED, SEED + 24);
	run_start(&run);
	run_for(&run, HOUR);
	ck_assert_int_gt(wmem(&run), 4194304);
	run.world.other_memory_bytes = (double)run.world.pressure_bytes;
	run_for(&run, 60);
	scenario_note("memory pressure: tcp_wmem is %lld a minute later", (long long)wmem(&run));
	ck_assert_int_eq(wmem(&run), 4194304);
	run.world.other_memory_bytes = 0;
	run_for(&run, DAY);
	ck_assert_int_eq(wmem(&run), 4194304); /* not again at once */
	scenario_end(&run);
}
END_TEST

HARNESS_MAIN("disturbed", HARNESS_CASE(suite, "outage", test_outage, test_outage_aa);
	     HARNESS_CASE(suite, "hands", test_two_tuners, test_administrator);
	     HARNESS_CASE(suite, "memory", test_memory_pressure);)
