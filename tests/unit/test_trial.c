/* SPDX-License-Identifier: MIT */
/*
 * A trial with scripted coins and hand-made blocks: their order and length, guardrails, verdicts.
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

static void start(TrialKind kind)
{
	plan.kind = kind;
	trial_clear(&trial);
	trial_init(&trial, &plan, &record);
}

static void setup(void)
{
	plan = (TrialPlan){.path = fake_address(FAKE_ADDRESS),
			   .floor_us = FLOOR_US,
			   .latency_weight = 0.5,
			   .minimum = log(1.05),
			   .before_goodput_bps = 100 * MBIT,
			   .before_window_bytes = 1000000,
			   .before_srtt_p50_us = FLOOR_US,
			   .before_srtt_p90_us = FLOOR_US,
			   .before_retrans = 0.01,
			   .before_flows = 3};
	path = path_new(&plan.path, T0);
	now_ns = T0;
	coin = 0; /* the old arm first */
	epoch = 1;
	start(TRIAL_SWITCHBACK);
}

static void teardown(void)
{
	trial_clear(&trial);
	path_free(path);
}

/* What the flows of a block did. */
typedef struct Block {
	unsigned flows;
	uint64_t goodput_bps;
	double retrans;
	uint32_t srtt_us;
	uint64_t window_bytes, received_bps;
} Block;

static const Block usual = {.flows = 2, .goodput_bps = 100 * MBIT, .srtt_us = FLOOR_US};

/* Each flow lives 6 s and is born in the present epoch. */
static void feed(Block block)
{
	for (unsigned i = 0; i < block.flows; i++) {
		uint64_t acked = 6 * block.goodput_bps / 8;
		FlowSample sample = fake_sample(i, FAKE_ADDRESS);
		FlowDelta delta = {.epoch = epoch,
				   .birth_ns = trial.meter.from_ns,
				   .birth_seen = true,
				   .bulk = true,
				   .became_bulk = true,
				   .elapsed_ns = 6 * NSEC_PER_SEC,
				   .bytes_acked = acked,
				   .bytes_received = 6 * block.received_bps / 8,
				   .acked_total = acked,
				   .busy_total_us = 6000000,
				   .sent_total = acked,
				   .retrans_total = (uint64_t)((double)acked * block.retrans)};

		sample.info.raw.rtt_us = block.srtt_us;
		sample.info.raw.unacked = (uint32_t)(block.window_bytes / 1448);
		sample.info.raw.rcv_wnd = (uint32_t)block.window_bytes;
		meter_observe(&trial.meter, path, &sample, &delta);
	}
}

static TrialStep step(void)
{
	return trial_step(&trial, now_ns, &coins);
}

static void switched(void)
{
	ck_assert_int_eq(step(), TRIAL_STEP_SWITCH);
	trial_switched(&trial, ++epoch, now_ns);
}

/* Runs the block that is wanted to its end and returns what follows. */
static TrialStep run(Block block)
{
	switched();
	feed(block);
	now_ns += TRIAL_BLOCK_MIN_NS;
	if (record.n_pairs >= TRIAL_PAIRS_SHORT)
		now_ns += (TRIAL_LONGEST - 1) * TRIAL_BLOCK_MIN_NS;
	return step();
}

/* An old block and a new one. */
static TrialStep pair(Block old_block, Block new_block)
{
	TrialStep first;

	coin = 0;
	if (!trial.switching) /* the very first */
		ck_assert_int_eq(step(), TRIAL_STEP_SWITCH);
	ck_assert_int_eq(trial.arm, TRIAL_ARM_OLD);
	first = run(old_block);
	ck_assert_int_eq(first, TRIAL_STEP_SWITCH);
	ck_assert_int_eq(trial.arm, TRIAL_ARM_NEW);
	return run(new_block);
}

static Block times(double factor)
{
	Block block = usual;
	block.goodput_bps = (uint64_t)((double)block.goodput_bps * factor);
	return block;
}

/* --- blocks and pairs --- */

START_TEST(test_order_by_coin)
{
	coin = 1;
	ck_assert_int_eq(step(), TRIAL_STEP_SWITCH);
	ck_assert_int_eq(trial.arm, TRIAL_ARM_NEW);
	ck_assert_int_eq(step(), TRIAL_STEP_SWITCH); /* until somebody has switched */
	ck_assert_int_eq(trial.arm, TRIAL_ARM_NEW);
	ck_assert_int_eq(run(times(1.2)), TRIAL_STEP_SWITCH);
	ck_assert_int_eq(trial.arm, TRIAL_ARM_OLD);
	coin = 0;
	ck_assert_int_eq(run(usual), TRIAL_STEP_SWITCH);
	ck_assert_int_eq(trial.arm, TRIAL_ARM_OLD);
	ck_assert_uint_eq(record.n_pairs, 1);
	ck_assert_double_eq_tol(record.differences[0], log(1.2), 1e-6); /* new against old */
}
END_TEST

START_TEST(test_block_length)
{
	ck_assert_int_eq(step(), TRIAL_STEP_SWITCH);
	switched();
	feed(usual);
	now_ns += TRIAL_BLOCK_MIN_NS - 1;
	ck_assert_int_eq(step(), TRIAL_STEP_WAIT);
	now_ns++;
	ck_assert_int_eq(step(), TRIAL_STEP_SWITCH);
	ck_assert(trial.second);
	ck_assert(strstr(record.phase,
			 "pair 1 of at most 60, block 1 (old), 10 s, 2 bulk connections"));
}
END_TEST

/* Fifty round trips, where that is longer. */
START_TEST(test_block_length_of_long_paths)
{
	plan.floor_us = 600000;
	start(TRIAL_SWITCHBACK);
	ck_assert_int_eq(step(), TRIAL_STEP_SWITCH);
	switched();
	feed(usual);
	now_ns += 30 * NSEC_PER_SEC - 1;
	ck_assert_int_eq(step(), TRIAL_STEP_WAIT);
	now_ns++;
	ck_assert_int_eq(step(), TRIAL_STEP_SWITCH);
}
END_TEST

/* And the wait for flows is twice that, where it is longer. */
START_TEST(test_wait_on_long_paths)
{
	plan.floor_us = 2000000;
	start(TRIAL_SWITCHBACK);
	ck_assert_int_eq(step(), TRIAL_STEP_SWITCH);
	switched();
	now_ns += 200 * NSEC_PER_SEC - 1;
	ck_assert_int_eq(step(), TRIAL_STEP_WAIT);
	now_ns++;
	ck_assert_int_eq(step(), TRIAL_STEP_SWITCH);
	ck_assert_uint_eq(record.n_dropped, 1);
}
END_TEST

/* Too few flows: the block waits for more; one that fills up in the last moment counts. */
START_TEST(test_block_waits)
{
	Block one = usual;
	one.flows = meter_units_min(METER_BULK) - 1;
	ck_assert_int_eq(step(), TRIAL_STEP_SWITCH);
	switched();
	feed(one);
	now_ns += TRIAL_BLOCK_MAX_NS - 1;
	ck_assert_int_eq(step(), TRIAL_STEP_WAIT);
	now_ns += 1000;
	one.flows = 1;
	feed(one);
	ck_assert_int_eq(step(), TRIAL_STEP_SWITCH);
	ck_assert(trial.second);
	ck_assert_uint_eq(record.n_dropped, 0);
}
END_TEST

/* Flows born under the other setting are nobody's. */
START_TEST(test_other_epoch)
{
	ck_assert_int_eq(step(), TRIAL_STEP_SWITCH);
	switched();
	epoch--;
	feed(usual);
	epoch++;
	now_ns += TRIAL_BLOCK_MIN_NS;
	ck_assert_int_eq(step(), TRIAL_STEP_WAIT);
	feed(usual);
	ck_assert_int_eq(step(), TRIAL_STEP_SWITCH);
}
END_TEST

/* Runs the wanted block until it is given up. */
static TrialStep starve(void)
{
	switched();
	now_ns += TRIAL_BLOCK_MAX_NS;
	return step();
}

START_TEST(test_dropped)
{
	ck_assert_int_eq(step(), TRIAL_STEP_SWITCH);
	coin = 1; /* of the next pair */
	ck_assert_int_eq(starve(), TRIAL_STEP_SWITCH);
	ck_assert_uint_eq(record.n_dropped, 1);
	ck_assert_int_eq(trial.arm, TRIAL_ARM_NEW); /* the pair goes, not the block */
	ck_assert_int_eq(run(usual), TRIAL_STEP_SWITCH);
	ck_assert_int_eq(starve(), TRIAL_STEP_SWITCH);
	ck_assert_uint_eq(record.n_dropped, 2);
	ck_assert_uint_eq(record.n_pairs, 0);
	ck_assert_int_eq(starve(), TRIAL_STEP_INCONCLUSIVE);
	ck_assert_uint_eq(record.n_dropped, TRIAL_DROPPED_MAX);
	ck_assert(strstr(trial.reason, "3 pairs in a row"));
}
END_TEST

START_TEST(test_dropped_not_in_a_row)
{
	ck_assert_int_eq(step(), TRIAL_STEP_SWITCH);
	for (unsigned i = 0; i < 5; i++) {
		ck_assert_int_eq(starve(), TRIAL_STEP_SWITCH);
		ck_assert_int_eq(starve(), TRIAL_STEP_SWITCH);
		ck_assert_int_eq(pair(usual, usual), TRIAL_STEP_SWITCH);
	}
	ck_assert_uint_eq(record.n_dropped, 10);
	ck_assert_uint_eq(record.n_pairs, 5);
}
END_TEST

/* Only ever the new arm starves, and the old one does not: nothing gets through under it. */
START_TEST(test_new_arm_starves)
{
	ck_assert_int_eq(step(), TRIAL_STEP_SWITCH);
	ck_assert_int_eq(run(usual), TRIAL_STEP_SWITCH);
	ck_assert_int_eq(starve(), TRIAL_STEP_SWITCH);
	ck_assert_int_eq(run(usual), TRIAL_STEP_SWITCH);
	coin = 1; /* the third pair begins with the new arm */
	ck_assert_int_eq(starve(), TRIAL_STEP_SWITCH);
	ck_assert_int_eq(starve(), TRIAL_STEP_RESTORE);
	ck_assert(strstr(trial.reason, "guardrail: too few connections"));
}
END_TEST

/* Both do, now and then: that is the traffic. */
START_TEST(test_both_starve)
{
	ck_assert_int_eq(step(), TRIAL_STEP_SWITCH);
	ck_assert_int_eq(run(usual), TRIAL_STEP_SWITCH);
	ck_assert_int_eq(starve(), TRIAL_STEP_SWITCH); /* the new */
	ck_assert_int_eq(starve(), TRIAL_STEP_SWITCH); /* the old */
	ck_assert_int_eq(run(usual), TRIAL_STEP_SWITCH);
	ck_assert_int_eq(starve(), TRIAL_STEP_INCONCLUSIVE);
}
END_TEST

/* A host that goes idle is no guardrail, even if the coin lets it end in new blocks. */
START_TEST(test_everything_starves)
{
	coin = 1;
	ck_assert_int_eq(step(), TRIAL_STEP_SWITCH);
	ck_assert_int_eq(starve(), TRIAL_STEP_SWITCH);
	ck_assert_int_eq(starve(), TRIAL_STEP_SWITCH);
	ck_assert_int_eq(starve(), TRIAL_STEP_INCONCLUSIVE);
}
END_TEST

START_TEST(test_incomplete)
{
	ck_assert_int_eq(step(), TRIAL_STEP_SWITCH);
	ck_assert_int_eq(run(usual), TRIAL_STEP_SWITCH);
	switched();
	feed(usual);
	trial_incomplete(&trial); /* of the second block: the first is lost with it */
	feed(usual);
	now_ns += TRIAL_BLOCK_MIN_NS;
	ck_assert_int_eq(step(), TRIAL_STEP_WAIT);
	now_ns += TRIAL_BLOCK_MAX_NS;
	ck_assert_int_eq(step(), TRIAL_STEP_SWITCH);
	ck_assert_uint_eq(record.n_dropped, 1);
	ck_assert_uint_eq(record.n_pairs, 0);
	ck_assert_int_eq(pair(usual, usual), TRIAL_STEP_SWITCH);
	ck_assert_uint_eq(record.n_pairs, 1);
}
END_TEST

/* A block that nobody saw is not one that starved. */
START_TEST(test_incomplete_is_not_starving)
{
	ck_assert_int_eq(step(), TRIAL_STEP_SWITCH);
	for (unsigned i = 0; i < TRIAL_DROPPED_MAX; i++) {
		ck_assert_int_eq(run(usual), TRIAL_STEP_SWITCH);
		switched();
		if (i == 1)
			trial_incomplete(&trial);
		now_ns += TRIAL_BLOCK_MAX_NS;
		ck_assert_int_eq(step(), i < TRIAL_DROPPED_MAX - 1 ? TRIAL_STEP_SWITCH
								   : TRIAL_STEP_INCONCLUSIVE);
	}
}
END_TEST

/* --- verdicts of a switchback --- */

START_TEST(test_keep)
{
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(pair(usual, times(10)), TRIAL_STEP_SWITCH);
	ck_assert_int_eq(pair(usual, times(10)), TRIAL_STEP_KEEP);
	ck_assert_uint_eq(record.n_pairs, 6);
	ck_assert_double_eq_tol(record.effect, log(10), 1e-6);
	ck_assert_double_eq_tol(record.effect_low, log(10), 1e-6);
	ck_assert_double_eq_tol(record.effect_high, log(10), 1e-6);
	ck_assert_uint_eq(record.before_goodput_bps, 100 * MBIT);
	ck_assert_uint_eq(record.after_goodput_bps, 1000 * MBIT);
	ck_assert_uint_eq(record.flows_before, 12);
	ck_assert_uint_eq(record.flows_after, 12);
	ck_assert(strstr(trial.reason, "benefit proven after 6 pairs: effect +900 % [+900, +900]"));
}
END_TEST

/* The engine asks for more when more is being tried, also while it runs. */
START_TEST(test_threshold)
{
	for (unsigned i = 0; i < 5; i++)
		ck_assert_int_eq(pair(usual, times(10)), TRIAL_STEP_SWITCH);
	ck_assert_double_eq(record.e_keep, 20);
	trial.plan.e_keep = 40;
	ck_assert_int_eq(pair(usual, times(10)), TRIAL_STEP_SWITCH);
	ck_assert_double_eq(record.e_keep, 40);
	ck_assert_int_eq(pair(usual, times(10)), TRIAL_STEP_KEEP);
	ck_assert_uint_eq(record.n_pairs, 7);
}
END_TEST

/* The interval is there while the trial runs. */
START_TEST(test_interval)
{
	ck_assert_int_eq(pair(usual, times(1.1)), TRIAL_STEP_SWITCH);
	ck_assert_double_eq_tol(record.effect_low, log(1.1), 1e-6);
	ck_assert_int_eq(pair(usual, times(1.3)), TRIAL_STEP_SWITCH);
	ck_assert_double_le(record.effect_low, log(1.1) + 1e-6);
	ck_assert_double_ge(record.effect_high, log(1.3) - 1e-6);
}
END_TEST

START_TEST(test_harm)
{
	TrialStep result = TRIAL_STEP_SWITCH;

	while (result == TRIAL_STEP_SWITCH)
		result = pair(usual, times(0.85)); /* no guardrail */
	ck_assert_int_eq(result, TRIAL_STEP_RESTORE);
	ck_assert_uint_lt(record.n_pairs, 10);
	ck_assert(strstr(trial.reason, "harm likely"));
}
END_TEST

START_TEST(test_exhausted)
{
	TrialStep result = TRIAL_STEP_SWITCH;
	unsigned i = 0;

	while (result == TRIAL_STEP_SWITCH)
		result = pair(usual, times(i++ % 2 ? 1.1 : 1 / 1.1));
	ck_assert_int_eq(result, TRIAL_STEP_RESTORE);
	ck_assert_uint_eq(record.n_pairs, TRIAL_PAIRS_MAX);
	ck_assert(strstr(trial.reason, "no proven benefit after 60 pairs"));
}
END_TEST

/* --- guardrails --- */

#define DOUBLE_GOODPUT (200 * MBIT)
static const struct {
	const char *name;
	Block old_block, inside, outside;
} guards[] = {
	{"goodput",
	 {2, 100 * MBIT, 0, FLOOR_US, 0, 0},
	 {2, 80 * MBIT, 0, FLOOR_US, 0, 0},
	 {2, 79 * MBIT, 0, FLOOR_US, 0, 0}},
	{"retransmissions", /* 3 % at any price */
	 {2, 100 * MBIT, 0, FLOOR_US, 0, 0},
	 {2, DOUBLE_GOODPUT, 0.0299, FLOOR_US, 0, 0},
	 {2, DOUBLE_GOODPUT, 0.0301, FLOOR_US, 0, 0}},
	{"retransmissions", /* or thrice what they were */
	 {2, 100 * MBIT, 0.02, FLOOR_US, 0, 0},
	 {2, DOUBLE_GOODPUT, 0.0599, FLOOR_US, 0, 0},
	 {2, DOUBLE_GOODPUT, 0.0601, FLOOR_US, 0, 0}},
	{"round-trip time", /* half as much again */
	 {2, 100 * MBIT, 0, 120000, 0, 0},
	 {2, DOUBLE_GOODPUT, 0, 179000, 0, 0},
	 {2, DOUBLE_GOODPUT, 0, 186000, 0, 0}},
	{"round-trip time", /* and 10 ms */
	 {2, 100 * MBIT, 0, 10000, 0, 0},
	 {2, DOUBLE_GOODPUT, 0, 19600, 0, 0},
	 {2, DOUBLE_GOODPUT, 0, 20800, 0, 0}},
	{"round-trip time", /* unless it is paid for three times over */
	 {2, 100 * MBIT, 0, 120000, 0, 0},
	 {2, 400 * MBIT, 0, 186000, 0, 0},
	 {2, 350 * MBIT, 0, 186000, 0, 0}},
};

START_TEST(test_guard)
{
	ck_assert_int_eq(pair(guards[_i].old_block, guards[_i].inside), TRIAL_STEP_SWITCH);
	ck_assert_int_eq(pair(guards[_i].old_block, guards[_i].inside), TRIAL_STEP_SWITCH);
	/* Once may be an incident, and counts as a pair; twice in a row is enough. */
	ck_assert_int_eq(pair(guards[_i].old_block, guards[_i].outside), TRIAL_STEP_SWITCH);
	ck_assert_uint_eq(record.n_pairs, 3);
	ck_assert_int_eq(pair(guards[_i].old_block, guards[_i].inside), TRIAL_STEP_SWITCH);
	ck_assert_int_eq(pair(guards[_i].old_block, guards[_i].outside), TRIAL_STEP_SWITCH);
	ck_assert_int_eq(pair(guards[_i].old_block, guards[_i].outside), TRIAL_STEP_RESTORE);
	ck_assert_msg(strstr(trial.reason, guards[_i].name) && strstr(trial.reason, "guardrail"),
		      "%s", trial.reason);
}
END_TEST

/* --- mechanical --- */

static const Block gone = {
	.flows = 2, .goodput_bps = 190 * MBIT, .srtt_us = FLOOR_US, .window_bytes = 2000000};

/* Applies the change, lets these flows be born and says what follows. */
static TrialStep mechanical(Block block)
{
	start(TRIAL_MECHANICAL);
	ck_assert_int_eq(step(), TRIAL_STEP_SWITCH);
	ck_assert_int_eq(trial.arm, TRIAL_ARM_NEW);
	switched();
	ck_assert_int_eq(step(), TRIAL_STEP_WAIT);
	feed(block);
	now_ns += NSEC_PER_SEC;
	return step();
}

START_TEST(test_mechanical_keep)
{
	ck_assert_int_eq(mechanical(gone), TRIAL_STEP_KEEP);
	ck_assert_double_eq_tol(record.effect, log(1.9), 1e-6);
	ck_assert_uint_eq(record.flows_before, 3);
	ck_assert_uint_eq(record.flows_after, 2);
	ck_assert_uint_eq(record.before_goodput_bps, 100 * MBIT);
	ck_assert_uint_eq(record.after_goodput_bps, 190 * MBIT);
	ck_assert(strstr(trial.reason, "limit removed: 2 connections"));
}
END_TEST

START_TEST(test_mechanical_receiving)
{
	Block block = {.flows = 2,
		       .received_bps = 190 * MBIT,
		       .srtt_us = FLOOR_US,
		       .window_bytes = 2000000};

	ck_assert_int_eq(mechanical(block), TRIAL_STEP_KEEP);
	block.window_bytes = 1000000;
	ck_assert_int_eq(mechanical(block), TRIAL_STEP_RESTORE);
}
END_TEST

/* A gain without a larger window is a coincidence. */
START_TEST(test_mechanical_window)
{
	Block block = gone;
	block.window_bytes = 1050000 - 1448;
	ck_assert_int_eq(mechanical(block), TRIAL_STEP_RESTORE);
	ck_assert(strstr(trial.reason, "no larger window"));
	block.window_bytes = 1050000 + 1448;
	ck_assert_int_eq(mechanical(block), TRIAL_STEP_KEEP);
}
END_TEST

START_TEST(test_mechanical_gain)
{
	Block block = gone;
	block.goodput_bps = 104 * MBIT;
	ck_assert_int_eq(mechanical(block), TRIAL_STEP_RESTORE);
	ck_assert(strstr(trial.reason, "no gain"));
	block.goodput_bps = 106 * MBIT;
	ck_assert_int_eq(mechanical(block), TRIAL_STEP_KEEP);
}
END_TEST

START_TEST(test_mechanical_guards)
{
	Block block = gone;
	block.retrans = 0.031;
	ck_assert_int_eq(mechanical(block), TRIAL_STEP_RESTORE);
	ck_assert(strstr(trial.reason, "retransmissions"));
	block = gone;
	block.srtt_us = 160000;
	ck_assert_int_eq(mechanical(block), TRIAL_STEP_RESTORE);
	ck_assert(strstr(trial.reason, "round-trip time"));
	block = gone;
	block.goodput_bps = 70 * MBIT;
	ck_assert_int_eq(mechanical(block), TRIAL_STEP_RESTORE);
	ck_assert(strstr(trial.reason, "goodput: "));
}
END_TEST

/* What was not known before cannot be hurt. */
START_TEST(test_mechanical_unknown_before)
{
	Block block = gone;
	plan.before_retrans = -1;
	plan.before_srtt_p50_us = plan.before_srtt_p90_us = 0;
	block.srtt_us = 900000;
	ck_assert_int_eq(mechanical(block), TRIAL_STEP_KEEP);
	block.retrans = 0.031; /* this hurts others */
	ck_assert_int_eq(mechanical(block), TRIAL_STEP_RESTORE);
}
END_TEST

START_TEST(test_mechanical_starves)
{
	Block one = gone;

	one.flows = 1;
	ck_assert_int_eq(mechanical(one), TRIAL_STEP_WAIT);
	now_ns = T0 + TRIAL_MECHANICAL_NS - 1;
	ck_assert_int_eq(step(), TRIAL_STEP_WAIT);
	now_ns++;
	ck_assert_int_eq(step(), TRIAL_STEP_INCONCLUSIVE);
	ck_assert(strstr(trial.reason, "only 1 bulk connections and 6.0 s"));
}
END_TEST

/* Lost destroy events lose flows, not the truth of those that were seen. */
START_TEST(test_mechanical_incomplete)
{
	Block one = gone;

	one.flows = 1;
	ck_assert_int_eq(mechanical(one), TRIAL_STEP_WAIT);
	trial_incomplete(&trial);
	feed(one);
	ck_assert_int_eq(step(), TRIAL_STEP_KEEP);
}
END_TEST

static TCase *guards_case(void)
{
	TCase *tcase = tcase_create("guards");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test_guard, 0, ARRAY_SIZE(guards));
	return tcase;
}

HARNESS_MAIN("trial", HARNESS_FIXTURE(suite, "blocks", setup, teardown, test_order_by_coin,
				      test_block_length, test_block_length_of_long_paths,
				      test_block_waits, test_wait_on_long_paths, test_other_epoch);
	     HARNESS_FIXTURE(suite, "dropped", setup, teardown, test_dropped,
			     test_dropped_not_in_a_row, test_new_arm_starves, test_both_starve,
			     test_everything_starves, test_incomplete,
			     test_incomplete_is_not_starving);
	     HARNESS_FIXTURE(suite, "verdicts", setup, teardown, test_keep, test_threshold,
			     test_interval, test_harm, test_exhausted);
	     suite_add_tcase(suite, guards_case());
	     HARNESS_FIXTURE(suite, "mechanical", setup, teardown, test_mechanical_keep,
			     test_mechanical_receiving, test_mechanical_window,
			     test_mechanical_gain, test_mechanical_guards,
			     test_mechanical_unknown_before, test_mechanical_starves,
			     test_mechanical_incomplete);)
