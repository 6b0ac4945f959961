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

HARNESS_MAIN("meter",
	     HARNESS_FIXTURE(suite, "readings", setup, teardown, test_whole_lives, test_who_counts,
			     test_receiving, test_direction, test_too_little, test_srtt,
			     test_stale_srtt, test_start_forgets);
	     HARNESS_CASE(suite, "reward", test_reward, test_reward_unknown, test_no_reward);)
