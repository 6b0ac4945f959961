/* SPDX-License-Identifier: MIT */
/* What a block counts, whom it leaves out, when it has nothing to say, and what that is worth. */
#include "daemon/policy/meter.h"

#include <math.h>

#include "common/clock.h"
#include "tests/unit/fake_host.h"
#include "tests/unit/harness.h"

#define EPOCH 5

static Meter meter;
static Path *path, *other;
static FlowSample sample;

static void start(MeterParams params)
{
	meter_clear(&meter);
	meter_init(&meter, &params);
	meter_start(&meter, EPOCH, 0, 0);
}

static void setup(void)
{
	Address here = fake_address(FAKE_ADDRESS), there = fake_address("192.0.2.2");

	path = path_new(&here, 0);
	other = path_new(&there, 0);
	start((MeterParams){.kind = METER_BULK, .path = here});
	sample = fake_sample(1, FAKE_ADDRESS);
}

static void teardown(void)
{
	meter_clear(&meter);
	path_free(path);
	path_free(other);
}

/* 10 Mbit acknowledged within a second, in a life of 20 Mbit within two. */
static FlowDelta bulk_delta(void)
{
	return (FlowDelta){.epoch = EPOCH,
			   .birth_seen = true,
			   .bulk = true,
			   .elapsed_ns = NSEC_PER_SEC,
			   .bytes_acked = 1250000,
			   .bytes_sent = 1300000,
			   .bytes_retrans = 50000,
			   .busy_us = 1000000,
			   .acked_total = 2500000,
			   .busy_total_us = 2000000,
			   .sent_total = 2600000,
			   .retrans_total = 130000};
}

static void observe(FlowDelta delta)
{
	meter_observe(&meter, path, &sample, &delta);
}

static MeterReading reading(void)
{
	MeterReading result;

	meter_read(&meter, &result);
	return result;
}

START_TEST(test_whole_lives)
{
	FlowDelta delta = bulk_delta();
	MeterReading r;

	delta.became_bulk = true;
	observe(delta);
	r = reading();
	ck_assert_uint_eq(r.flows, 1);
	ck_assert(r.has_goodput && r.has_retrans && r.has_srtt);
	ck_assert_uint_eq(r.goodput_bps, 10 * MBIT);
	ck_assert_double_eq_tol(r.retrans, 0.05, 1e-9);
	ck_assert_uint_eq(r.busy_us, 2000000);

	observe(bulk_delta()); /* and what it does from then on */
	r = reading();
	ck_assert_uint_eq(r.flows, 1);
	ck_assert_uint_eq(r.busy_us, 3000000);
	ck_assert_uint_eq(r.goodput_bps, 10 * MBIT);
	ck_assert_double_eq_tol(r.retrans, 180000.0 / 3900000, 1e-9);
}
END_TEST

START_TEST(test_who_counts)
{
	FlowDelta delta = bulk_delta();

	delta.became_bulk = true;
	delta.epoch = EPOCH - 1; /* of another arm */
	observe(delta);
	delta = bulk_delta();
	delta.became_bulk = true;
	delta.birth_seen = false;
	observe(delta);
	delta = bulk_delta();
	delta.bulk = false;
	observe(delta);
	delta = bulk_delta();
	delta.became_bulk = true;
	meter_observe(&meter, other, &sample, &delta);
	ck_assert_uint_eq(reading().flows, 0);
	ck_assert(!reading().has_goodput && !reading().has_retrans && !reading().has_srtt);
	observe(delta);
	ck_assert_uint_eq(reading().flows, 1);
}
END_TEST

START_TEST(test_receiving)
{
	FlowDelta delta = {.epoch = EPOCH,
			   .birth_seen = true,
			   .bulk = true,
			   .became_bulk = true,
			   .elapsed_ns = 2 * NSEC_PER_SEC,
			   .bytes_received = 2500000};
	MeterReading r;

	sample.info.raw.rcv_wnd = 4000000;
	observe(delta);
	delta.became_bulk = false;
	delta.elapsed_ns = NSEC_PER_SEC;
	delta.bytes_received = 0; /* time in which nothing came is the peer's */
	observe(delta);
	r = reading();
	ck_assert_uint_eq(r.goodput_bps, 10 * MBIT);
	ck_assert_uint_eq(r.busy_us, 2000000);
	ck_assert_uint_eq(r.max_window_bytes, 4000000);
	ck_assert(!r.has_srtt && !r.has_retrans);
}
END_TEST

/* The larger direction is the one that counts, with its own window. */
START_TEST(test_direction)
{
	FlowDelta delta = bulk_delta();

	sample.info.raw.unacked = 100;
	sample.info.raw.rcv_wnd = 4000000;
	delta.became_bulk = true;
	delta.bytes_received = delta.acked_total;
	observe(delta);
	ck_assert_uint_eq(reading().max_window_bytes, 144800);
	delta = (FlowDelta){.epoch = EPOCH, .birth_seen = true, .bulk = true, .bytes_received = 1};
	observe(delta);
	ck_assert_uint_eq(reading().max_window_bytes, 4000000);
}
END_TEST

/* Neither a millisecond of work nor a handful of segments says anything. */
START_TEST(test_too_little)
{
	FlowDelta delta = bulk_delta();

	delta.became_bulk = true;
	delta.busy_total_us = 999;
	delta.sent_total = PATH_BULK_BYTES - 1;
	observe(delta);
	ck_assert(!reading().has_goodput && !reading().has_retrans);
	delta = (FlowDelta){
		.epoch = EPOCH, .birth_seen = true, .bulk = true, .busy_us = 1, .bytes_sent = 1};
	observe(delta);
	ck_assert(reading().has_goodput && reading().has_retrans);
}
END_TEST

START_TEST(test_srtt)
{
	for (unsigned i = 1; i <= 100; i++) {
		sample.info.raw.rtt_us = 1000 * i;
		observe(bulk_delta());
	}
	ck_assert(reading().has_srtt);
	ck_assert_uint_ge(reading().srtt_p50_us, 49000);
	ck_assert_uint_le(reading().srtt_p50_us, 51000);
	ck_assert_uint_ge(reading().srtt_p90_us, 88500);
	ck_assert_uint_le(reading().srtt_p90_us, 91500);
}
END_TEST

/* A sample of a flow that acknowledges nothing is stale. */
START_TEST(test_stale_srtt)
{
	FlowDelta delta = bulk_delta();

	delta.bytes_acked = 0;
	observe(delta);
	sample.info.raw.rtt_us = 0;
	observe(bulk_delta());
	ck_assert(!reading().has_srtt);
}
END_TEST

START_TEST(test_start_forgets)
{
	FlowDelta delta = bulk_delta();

	delta.became_bulk = true;
	sample.info.raw.unacked = 100;
	observe(delta);
	meter_start(&meter, EPOCH + 1, 0, 0);
	ck_assert_uint_eq(reading().flows, 0);
	ck_assert_uint_eq(reading().max_window_bytes, 0);
	ck_assert(!reading().has_goodput && !reading().has_srtt && !reading().has_retrans);
	observe(delta);
	ck_assert_uint_eq(reading().flows, 0);
	delta.epoch = EPOCH + 1;
	observe(delta);
	ck_assert_uint_eq(reading().flows, 1);
}
END_TEST

/* --- the washout, and the other arm --- */

#define SECONDS(n) ((n)*NSEC_PER_SEC)

static void born_at(uint64_t ns)
{
	FlowDelta delta = bulk_delta();

	delta.became_bulk = delta.born = true;
	delta.birth_ns = ns;
	path->last_seen_ns = ns;
	observe(delta);
}

START_TEST(test_washout)
{
	meter_start(&meter, EPOCH, SECONDS(10), 0);
	born_at(SECONDS(10) - 1);
	ck_assert_uint_eq(reading().flows, 0);
	born_at(SECONDS(10));
	ck_assert_uint_eq(reading().flows, 1);
}
END_TEST

/* One flow of the block before does something at this time. */
static void other_arm(uint32_t epoch, uint64_t ns, uint64_t acked)
{
	FlowDelta delta = bulk_delta();

	delta.epoch = epoch;
	delta.birth_ns = SECONDS(1);
	delta.bytes_acked = acked;
	path->last_seen_ns = ns;
	observe(delta);
}

START_TEST(test_other_arm)
{
	meter_start(&meter, EPOCH + 3, SECONDS(1), SECONDS(60));
	born_at(SECONDS(2));
	ck_assert_uint_eq(reading().flows, 0); /* that label is the block's before */
	ck_assert(meter.shared);

	meter_start(&meter, EPOCH + 5, SECONDS(1), SECONDS(60));
	ck_assert(!meter.shared);
	for (uint32_t label = EPOCH + 2; label <= EPOCH + 5; label++)
		other_arm(label, SECONDS(2), 0); /* idle, or ours */
	ck_assert(!meter.shared);
	other_arm(EPOCH + 2, SECONDS(2), 100000); /* of a block long ago: of both arms now */
	ck_assert(!meter.shared);

	other_arm(EPOCH + 5, SECONDS(2), 100000);
	ck_assert_uint_eq(meter.acked, 100000);
	other_arm(EPOCH + 4, SECONDS(3), 100000); /* another trial switched in that block */
	ck_assert(meter.shared);
	ck_assert_uint_eq(meter.acked, 0);
	other_arm(EPOCH + 5, SECONDS(4), 100000); /* born while they were there */
	ck_assert_uint_eq(meter.acked, 0);
}
END_TEST

START_TEST(test_other_arm_leaves)
{
	FlowDelta delta = bulk_delta();

	meter_start(&meter, EPOCH + 1, SECONDS(1), SECONDS(60));
	other_arm(EPOCH, SECONDS(5), 3);
	delta.epoch = EPOCH + 1;
	delta.became_bulk = true;
	delta.birth_ns = SECONDS(5) - 1;
	observe(delta);
	ck_assert_uint_eq(reading().flows, 0);
	delta.birth_ns = SECONDS(5);
	observe(delta);
	ck_assert_uint_eq(reading().flows, 1);
	other_arm(EPOCH, SECONDS(60), 100000); /* no longer waited for */
	ck_assert_uint_eq(reading().flows, 1);
}
END_TEST

/* --- who gets through --- */

START_TEST(test_births)
{
	FlowDelta delta = {.epoch = EPOCH,
			   .birth_seen = true,
			   .born = true,
			   .acked_total = 1,
			   .bytes_acked = 1};
	MeterReading r;

	observe(delta); /* connected, no more */
	delta.acked_total = delta.bytes_acked = 500;
	observe(delta); /* and one that has sent at once */
	delta.acked_total = 600;
	delta.bytes_acked = 599;
	delta.born = false;
	observe(delta); /* the first sends */
	delta.acked_total = 700;
	delta.bytes_acked = 100;
	delta.total_rto = 2;
	observe(delta); /* more */
	r = reading();
	ck_assert_uint_eq(r.births, 2);
	ck_assert_uint_eq(r.moving, 2);
	ck_assert_uint_eq(r.syn_retrans, 0);
	ck_assert_uint_eq(r.rto, 2);

	delta = (FlowDelta){.epoch = EPOCH, .birth_seen = true, .born = true};
	sample.info.raw.total_retrans = 1;
	observe(delta);
	sample.info.raw.bytes_retrans = 100; /* of data */
	observe(delta);
	delta.epoch = EPOCH - 1;
	sample.info.raw.bytes_retrans = 0;
	observe(delta);
	ck_assert_uint_eq(reading().syn_retrans, 1);
	ck_assert_uint_eq(reading().births, 4);

	delta = (FlowDelta){.epoch = EPOCH, .birth_seen = true, .bytes_received = 10};
	sample.info.raw.bytes_received = 10;
	observe(delta);
	ck_assert_uint_eq(reading().moving, 3);
	sample.info.raw.bytes_received = 20;
	observe(delta);
	ck_assert_uint_eq(reading().moving, 3);
}
END_TEST

START_TEST(test_route)
{
	FlowDelta delta = {.epoch = EPOCH - 1};

	ck_assert_uint_eq(meter.route_epoch, 0);
	path->floor.epoch = 3;
	path->floor.floor_us = 2000;
	path->floor.previous_us = 1000;
	observe(delta);
	ck_assert_uint_eq(meter.route_epoch, 3);
	meter_start(&meter, EPOCH + 1, 0, 0);
	ck_assert_uint_eq(meter.route_epoch, 3);
	ck_assert_uint_eq(meter.route_floor_us, 2000);
	ck_assert_uint_eq(meter.route_previous_us, 1000);
}
END_TEST

/* --- the reward --- */

static const MeterReading plain = {.flows = 2,
				   .has_goodput = true,
				   .has_srtt = true,
				   .has_retrans = true,
				   .goodput_bps = 10 * MBIT,
				   .srtt_p90_us = 100000,
				   .retrans = 0.01};

static double reward(MeterReading r, uint32_t floor_us, double weight)
{
	double result = NAN;

	ck_assert(meter_reward(&r, floor_us, weight, &result));
	return result;
}

START_TEST(test_reward)
{
	MeterReading r = plain;

	ck_assert_double_eq_tol(reward(r, 100000, 0.5), log(10e6), 1e-12);
	r.srtt_p90_us = 400000; /* q90 = 3 */
	ck_assert_double_eq_tol(reward(r, 100000, 0.5), log(10e6) - 0.5 * log(4), 1e-12);
	ck_assert_double_eq_tol(reward(r, 100000, 1.0), log(10e6) - log(4), 1e-12);
	r.retrans = 0.03;
	ck_assert_double_eq_tol(reward(r, 100000, 0.5), log(10e6) - 0.5 * log(4) - 0.1, 1e-12);
}
END_TEST

/* What is not known, or below the floor, costs nothing. */
START_TEST(test_reward_unknown)
{
	MeterReading r = plain;

	r.srtt_p90_us = 50000;
	ck_assert_double_eq_tol(reward(r, 100000, 0.5), log(10e6), 1e-12);
	r.srtt_p90_us = 500000;
	ck_assert_double_eq_tol(reward(r, 0, 0.5), log(10e6), 1e-12);
	r.has_srtt = false;
	r.has_retrans = false;
	r.retrans = 0.5;
	ck_assert_double_eq_tol(reward(r, 100000, 0.5), log(10e6), 1e-12);
}
END_TEST

START_TEST(test_no_reward)
{
	MeterReading r = plain;
	double result = 7;

	r.has_goodput = false;
	ck_assert(!meter_reward(&r, 100000, 0.5, &result));
	r = plain;
	r.goodput_bps = 0;
	ck_assert(!meter_reward(&r, 100000, 0.5, &result));
	ck_assert_double_eq(result, 7);
}
END_TEST

static double reward_of(MeterReading r)
{
	return reward(r, 100000, 0.5);
}

/* Each kind has one figure that counts; the others do not move it. */
START_TEST(test_rewards)
{
	MeterReading r = plain;

	r.kind = METER_BURST;
	r.srtt_p90_us = 400000;
	ck_assert_double_eq_tol(reward_of(r), log(10e6), 1e-12);
	r.kind = METER_REQUEST;
	ck_assert_double_eq_tol(reward_of(r), log(10e6), 1e-12);
	r.kind = METER_SHORT;
	ck_assert(!meter_reward(&r, 100000, 0.5, &(double){0}));
	r.has_times = true;
	r.time_p50_us = 100000;
	r.time_p90_us = 400000;
	ck_assert_double_eq_tol(reward_of(r), -log(1e5) - 0.5 * log(4), 1e-12);
	r.kind = METER_QUEUE;
	ck_assert_double_eq_tol(reward_of(r), -0.5 * log(101000), 1e-12);
	r.time_p50_us = 0; /* no less than a millisecond is worth anything */
	ck_assert_double_eq_tol(reward_of(r), -0.5 * log(1000), 1e-12);
}
END_TEST

HARNESS_MAIN("meter",
	     HARNESS_FIXTURE(suite, "readings", setup, teardown, test_whole_lives, test_who_counts,
			     test_receiving, test_direction, test_too_little, test_srtt,
			     test_stale_srtt, test_start_forgets, test_washout, test_other_arm,
			     test_other_arm_leaves, test_births, test_route);
	     HARNESS_CASE(suite, "reward", test_reward, test_reward_unknown, test_no_reward,
			  test_rewards);)
