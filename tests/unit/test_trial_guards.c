/* SPDX-License-Identifier: MIT */
/*
 * A trial that is interrupted: guardrails in the running block, who is to blame, a path that
 * changes under it; and the trial of something that is in force.
 */
#include "daemon/policy/trial.h"

#include <math.h>
#include <string.h>

#include "common/clock.h"
#include "tests/unit/fake_host.h"
#include "tests/unit/harness.h"

#define FLOOR_US 100000
#define T0       (1000 * NSEC_PER_SEC)

static Trial trial;
static TrialRecord record;
static TrialPlan plan;
static Path *path;
static uint64_t now_ns, coin;
static uint32_t epoch;

static uint64_t scripted(void *context)
{
	(void)context;
	return coin ? UINT64_MAX : 0;
}

static const Random coins = {.next = scripted};

static void start(void)
{
	trial_clear(&trial);
	trial_init(&trial, &plan, &record);
}

static void setup(void)
{
	plan = (TrialPlan){.kind = TRIAL_SWITCHBACK,
			   .path = fake_address(FAKE_ADDRESS),
			   .floor_us = FLOOR_US,
			   .latency_weight = 0.5,
			   .minimum = log(1.05)};
	path = path_new(&plan.path, T0);
	now_ns = T0;
	coin = 0; /* the old arm first */
	epoch = 1;
	start();
}

static void teardown(void)
{
	trial_clear(&trial);
	path_free(path);
}

/* One connection of this block, after 6 s. */
typedef struct Life {
	uint64_t bps;
	double retrans;
	uint32_t srtt_us;
	bool stuck; /* connected, no more */
} Life;

static const Life well = {.bps = 100 * MBIT, .srtt_us = FLOOR_US};
static const Life stuck = {.stuck = true};

static void live(Life life)
{
	uint64_t acked = life.stuck ? 1 : 6 * life.bps / 8;
	FlowSample sample = fake_sample(1, FAKE_ADDRESS);
	FlowDelta delta = {.epoch = epoch,
			   .birth_ns = MAX(trial.meter.from_ns, now_ns),
			   .birth_seen = true,
			   .born = true,
			   .bulk = !life.stuck,
			   .became_bulk = !life.stuck,
			   .elapsed_ns = 6 * NSEC_PER_SEC,
			   .bytes_acked = acked,
			   .acked_total = acked,
			   .busy_total_us = life.stuck ? 0 : 6000000,
			   .sent_total = acked,
			   .retrans_total = (uint64_t)((double)acked * life.retrans)};

	sample.info.raw.rtt_us = life.srtt_us;
	path->last_seen_ns = now_ns;
	meter_observe(&trial.meter, path, &sample, &delta);
}

static TrialStep step(void)
{
	return trial_step(&trial, now_ns, &coins);
}

static TrialStep pass(unsigned seconds)
{
	now_ns += seconds * NSEC_PER_SEC;
	return step();
}

static void switched(TrialArm arm)
{
	ck_assert_int_eq(step(), TRIAL_STEP_SWITCH);
	ck_assert_int_eq(trial.arm, arm);
	trial_switched(&trial, ++epoch, now_ns);
}

/* A complete block. */
static TrialStep block(TrialArm arm, unsigned lives, Life life)
{
	switched(arm);
	for (unsigned i = 0; i < lives; i++)
		live(life);
	return pass(record.n_pairs < TRIAL_PAIRS_SHORT ? 10 : 40);
}

static TrialStep pair(Life old_life, Life new_life)
{
	if (block(TRIAL_ARM_OLD, 8, old_life) != TRIAL_STEP_SWITCH)
		ck_abort_msg("the old block: %s", trial.reason);
	return block(TRIAL_ARM_NEW, 8, new_life);
}

/* --- looks --- */

/* The block goes on since one flow is too few; the looks see it. */
static void begin_new_block(void)
{
	ck_assert_int_eq(block(TRIAL_ARM_OLD, 8, well), TRIAL_STEP_SWITCH);
	switched(TRIAL_ARM_NEW);
}

START_TEST(test_nothing_gets_through)
{
	begin_new_block();
	for (unsigned i = 0; i < 6; i++)
		live(stuck);
	ck_assert_int_eq(pass(10), TRIAL_STEP_WAIT); /* 8 were to be expected, none moved: once */
	ck_assert_int_eq(pass(9), TRIAL_STEP_WAIT);
	ck_assert_int_eq(pass(1), TRIAL_STEP_SWITCH); /* twice: back at once */
	switched(TRIAL_ARM_OLD);
	ck_assert(strstr((pass(1), record.phase), "check (old)"));
	live(well);
	ck_assert_int_eq(pass(8), TRIAL_STEP_WAIT);
	ck_assert_int_eq(pass(1), TRIAL_STEP_RESTORE);
	ck_assert_msg(strstr(trial.reason, "guardrail: no connection gets data through under the "
					   "new setting, but do under the old"),
		      "%s", trial.reason);
	ck_assert_uint_eq(record.n_pairs, 0);
}
END_TEST

/* Not even connections, where there were many. */
START_TEST(test_no_births)
{
	begin_new_block();
	ck_assert_int_eq(pass(10), TRIAL_STEP_WAIT);
	ck_assert_int_eq(pass(10), TRIAL_STEP_SWITCH);
	switched(TRIAL_ARM_OLD);
	live(well);
	ck_assert_int_eq(pass(10), TRIAL_STEP_RESTORE);
}
END_TEST

/* An outage is nobody's fault. */
START_TEST(test_outage)
{
	begin_new_block();
	for (unsigned i = 0; i < 6; i++)
		live(stuck);
	ck_assert_int_eq(pass(10), TRIAL_STEP_WAIT);
	ck_assert_int_eq(pass(10), TRIAL_STEP_SWITCH);
	switched(TRIAL_ARM_OLD);
	for (unsigned i = 0; i < 6; i++)
		live(stuck);
	ck_assert_int_eq(pass(119), TRIAL_STEP_WAIT);
	ck_assert_int_eq(pass(1), TRIAL_STEP_INCONCLUSIVE);
	ck_assert(strstr(trial.reason, "the path itself failed"));
}
END_TEST

/* An idle host opens no connections under either setting. */
START_TEST(test_idle)
{
	ck_assert_int_eq(block(TRIAL_ARM_OLD, 2, well), TRIAL_STEP_SWITCH);
	switched(TRIAL_ARM_NEW);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(pass(10), TRIAL_STEP_WAIT); /* 2, 4 and 6 were to be expected */
}
END_TEST

/* A new block that lasts, with this in it; then the old one as it is now. */
static TrialStep harm(Life new_life, Life old_life)
{
	plan.floor_us = FLOOR_US * 6; /* blocks of 30 s, busy for 12 s */
	start();
	switched(TRIAL_ARM_OLD);
	for (unsigned i = 0; i < 8; i++)
		live(well);
	ck_assert_int_eq(pass(30), TRIAL_STEP_SWITCH);
	switched(TRIAL_ARM_NEW);
	live(new_life);
	live(new_life);
	ck_assert_int_eq(pass(10), TRIAL_STEP_WAIT);
	ck_assert_int_eq(pass(10), TRIAL_STEP_SWITCH);
	switched(TRIAL_ARM_OLD);
	live(old_life);
	live(old_life);
	ck_assert_int_eq(pass(29), TRIAL_STEP_WAIT);
	return pass(1);
}

START_TEST(test_look)
{
	static const Life lives[] = {
		{.bps = 100 * MBIT, .srtt_us = FLOOR_US, .retrans = 0.05},
		{.bps = 40 * MBIT, .srtt_us = FLOOR_US},
		{.bps = 100 * MBIT, .srtt_us = 2 * FLOOR_US},
	};

	ck_assert_int_eq(harm(lives[_i], well), TRIAL_STEP_RESTORE);
	ck_assert(strstr(trial.reason, "in 2 looks in a row, and not under the old setting"));
}
END_TEST

/* The old setting is as bad by now: the pair counts as it is, and the trial goes on. */
START_TEST(test_look_at_both)
{
	static const Life slow = {.bps = 40 * MBIT, .srtt_us = FLOOR_US};

	ck_assert_int_eq(harm(slow, slow), TRIAL_STEP_SWITCH);
	ck_assert_uint_eq(record.n_pairs, 1);
	ck_assert_double_eq_tol(record.differences[0], log(0.4), 1e-6);
	ck_assert_ptr_null(trial.alarm);
}
END_TEST

/* With the new arm first, the check is the pair's other block. */
START_TEST(test_look_new_first)
{
	static const Life slow = {.bps = 40 * MBIT, .srtt_us = FLOOR_US};

	plan.floor_us = FLOOR_US * 6;
	start();
	switched(TRIAL_ARM_OLD);
	live(well);
	live(well);
	ck_assert_int_eq(pass(30), TRIAL_STEP_SWITCH);
	switched(TRIAL_ARM_NEW);
	live(well);
	live(well);
	coin = 1;
	ck_assert_int_eq(pass(30), TRIAL_STEP_SWITCH);
	switched(TRIAL_ARM_NEW);
	live(slow);
	live(slow);
	ck_assert_int_eq(pass(10), TRIAL_STEP_WAIT);
	ck_assert_int_eq(pass(10), TRIAL_STEP_SWITCH);
	switched(TRIAL_ARM_OLD);
	live((Life){.bps = 50 * MBIT, .srtt_us = FLOOR_US});
	live((Life){.bps = 50 * MBIT, .srtt_us = FLOOR_US});
	ck_assert_int_eq(pass(30), TRIAL_STEP_SWITCH);
	ck_assert_uint_eq(record.n_pairs, 2);
	ck_assert_double_eq_tol(record.differences[1], log(0.8), 1e-6);
}
END_TEST

/* One look may be a burst of losses. */
START_TEST(test_one_look)
{
	static const Life slow = {.bps = 40 * MBIT, .srtt_us = FLOOR_US};
	static const Life fast = {.bps = 200 * MBIT, .srtt_us = FLOOR_US};

	plan.floor_us = FLOOR_US * 6;
	start();
	switched(TRIAL_ARM_OLD);
	live(well);
	live(well);
	ck_assert_int_eq(pass(30), TRIAL_STEP_SWITCH);
	switched(TRIAL_ARM_NEW);
	live(slow);
	live(slow);
	ck_assert_int_eq(pass(10), TRIAL_STEP_WAIT);
	live(fast);
	ck_assert_int_eq(pass(10), TRIAL_STEP_WAIT);
	ck_assert_int_eq(pass(10), TRIAL_STEP_SWITCH);
	ck_assert_uint_eq(record.n_pairs, 1);
}
END_TEST

/* --- the path changes --- */

static void route(uint32_t number, uint32_t previous_us, uint32_t floor_us)
{
	path->floor.epoch = number;
	path->floor.previous_us = previous_us;
	path->floor.floor_us = floor_us;
}

START_TEST(test_route_longer)
{
	route(3, UINT32_MAX, FLOOR_US);
	ck_assert_int_eq(pair(well, well), TRIAL_STEP_SWITCH);
	route(4, FLOOR_US, 2 * FLOOR_US);
	switched(TRIAL_ARM_OLD);
	live(well);
	ck_assert_int_eq(pass(1), TRIAL_STEP_INCONCLUSIVE);
	ck_assert(strstr(trial.reason, "the path changed"));
}
END_TEST

/* The new arm drains a queue that the old one keeps full: the floor comes down, as it should. */
START_TEST(test_route_drained)
{
	route(3, UINT32_MAX, 2 * FLOOR_US);
	ck_assert_int_eq(pair(well, well), TRIAL_STEP_SWITCH);
	route(4, 2 * FLOOR_US, FLOOR_US);
	ck_assert_int_eq(pair(well, well), TRIAL_STEP_SWITCH);
	ck_assert_int_eq(pair(well, well), TRIAL_STEP_SWITCH);
}
END_TEST

static Life at(uint32_t srtt_us)
{
	Life life = well;

	life.srtt_us = srtt_us;
	return life;
}

START_TEST(test_old_arm_moves)
{
	TrialStep result = TRIAL_STEP_SWITCH;
	unsigned blocks = 0;

	for (unsigned i = 0; i < 9; i++)
		ck_assert_int_eq(pair(at(100000 + 2000 * (i % 2)), well), TRIAL_STEP_SWITCH);
	while (result == TRIAL_STEP_SWITCH) {
		ck_assert_uint_lt(blocks++, 8);
		result = block(TRIAL_ARM_OLD, 8, at(200000));
		if (result == TRIAL_STEP_SWITCH)
			ck_assert_int_eq(block(TRIAL_ARM_NEW, 8, at(200000)), TRIAL_STEP_SWITCH);
	}
	ck_assert_int_eq(result, TRIAL_STEP_INCONCLUSIVE);
	ck_assert(strstr(trial.reason, "have moved"));
}
END_TEST

/* What the new arm does to the round-trip time is the effect, and no change of the path. */
START_TEST(test_new_arm_moves)
{
	plan.latency_weight = 0;
	start();
	for (unsigned i = 0; i < 20; i++)
		ck_assert_int_eq(pair(at(120000), at(i < 10 ? 120000 : 130000)), TRIAL_STEP_SWITCH);
}
END_TEST

/* --- the threshold, and a change in force --- */

static Life times(double factor)
{
	Life life = well;

	life.bps = (uint64_t)((double)life.bps * factor);
	return life;
}

/* The engine asks for more when more is being tried, also while it runs. */
START_TEST(test_threshold)
{
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(pair(well, times(10)), TRIAL_STEP_SWITCH);
	ck_assert_double_eq(record.e_keep, 20);
	trial.plan.e_keep = 40;
	ck_assert_int_eq(pair(well, times(10)), TRIAL_STEP_SWITCH);
	ck_assert_double_eq(record.e_keep, 40);
	ck_assert_int_eq(pair(well, times(10)), TRIAL_STEP_KEEP);
	ck_assert_uint_eq(record.n_pairs, 7);
}
END_TEST

static TrialStep retest(double factor, double other)
{
	TrialStep result = TRIAL_STEP_SWITCH;

	plan.retest = true;
	plan.pairs_max = 10;
	start();
	for (unsigned i = 0; result == TRIAL_STEP_SWITCH; i++) {
		ck_assert_uint_lt(i, 25);
		switched(TRIAL_ARM_OLD);
		live(well);
		live(well);
		now_ns += 40 * NSEC_PER_SEC;
		ck_assert_int_eq(step(), TRIAL_STEP_SWITCH);
		switched(TRIAL_ARM_NEW);
		live(times(i % 3 == 2 ? other : factor));
		live(times(i % 3 == 2 ? other : factor));
		now_ns += 40 * NSEC_PER_SEC;
		result = step();
	}
	return result;
}

START_TEST(test_retest)
{
	ck_assert_int_eq(retest(1.06, 0.98), TRIAL_STEP_KEEP);
	ck_assert_uint_eq(record.n_pairs, 10);
	ck_assert(strstr(trial.reason, "still there after 10 pairs"));
	ck_assert_double_gt(record.log_e_benefit, 0);
	ck_assert_int_eq(retest(1.01, 0.99), TRIAL_STEP_RESTORE);
	ck_assert_uint_eq(record.n_pairs, 20);
	ck_assert(strstr(trial.reason, "no longer there after 20 pairs"));
	ck_assert_int_eq(retest(0.9, 0.9), TRIAL_STEP_RESTORE);
	ck_assert(strstr(trial.reason, "harm likely"));
	/* All at once it proves itself anew. */
	ck_assert_int_eq(retest(4, 4), TRIAL_STEP_KEEP);
	ck_assert_uint_eq(record.n_pairs, 6);
}
END_TEST

/* --- shorter send queues --- */

/* 20 samples of a flow of any birth, each a second. */
static TrialStep queue_block(TrialArm arm, uint64_t bps, uint32_t unsent)
{
	switched(arm);
	for (unsigned i = 0; i < 22; i++) {
		FlowSample sample = fake_sample(1, FAKE_ADDRESS);
		FlowDelta delta = {
			.elapsed_ns = NSEC_PER_SEC, .bytes_acked = bps / 8, .busy_us = 1000000};

		sample.info.raw.delivery_rate = bps / 8;
		sample.info.raw.notsent_bytes = unsent;
		now_ns += NSEC_PER_SEC;
		path->last_seen_ns = now_ns;
		meter_observe(&trial.meter, path, &sample, &delta);
	}
	return step();
}

static TrialStep queue(double goodput)
{
	TrialStep result = TRIAL_STEP_SWITCH;

	plan.meter = METER_QUEUE;
	start();
	for (unsigned i = 0; result == TRIAL_STEP_SWITCH && i < 10; i++) {
		ck_assert_int_eq(queue_block(TRIAL_ARM_OLD, 100 * MBIT, 4000000),
				 TRIAL_STEP_SWITCH);
		result = queue_block(TRIAL_ARM_NEW, (uint64_t)(100e6 * goodput), 100000);
	}
	return result;
}

START_TEST(test_queue)
{
	ck_assert_int_eq(queue(0.96), TRIAL_STEP_KEEP);
	ck_assert_uint_eq(record.n_pairs, 6);
	ck_assert_int_eq(queue(0.94), TRIAL_STEP_RESTORE);
	ck_assert(strstr(trial.reason, "paid for with goodput"));
}
END_TEST

static TCase *looks_case(void)
{
	TCase *tcase = tcase_create("each look");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test_look, 0, 3);
	return tcase;
}

HARNESS_MAIN("trial_guards",
	     HARNESS_FIXTURE(suite, "looks", setup, teardown, test_nothing_gets_through,
			     test_no_births, test_outage, test_idle, test_look_at_both,
			     test_look_new_first, test_one_look);
	     suite_add_tcase(suite, looks_case());
	     HARNESS_FIXTURE(suite, "path", setup, teardown, test_route_longer, test_route_drained,
			     test_old_arm_moves, test_new_arm_moves);
	     HARNESS_FIXTURE(suite, "others", setup, teardown, test_threshold, test_retest,
			     test_queue);)
