/* SPDX-License-Identifier: MIT */
/* The kinds of meter that look at something other than bulk flows: what counts as one transfer, one
 * burst, one exchange, and what does not. */
#include "common/clock.h"
#include "daemon/policy/meter.h"
#include "tests/unit/fake_host.h"
#include "tests/unit/harness.h"

#define EPOCH      5
#define SECONDS(n) ((n)*NSEC_PER_SEC)

static Meter meter;
static Path *path;
static FlowSample sample;

static void start(MeterKind kind)
{
	const MeterParams params = {.kind = kind,
				    .path = fake_address(FAKE_ADDRESS),
				    .low_bytes = 10000,
				    .high_bytes = 100000};

	path = path_new(&params.path, 0);
	meter_init(&meter, &params);
	meter_start(&meter, EPOCH, 0, 0);
	sample = fake_sample(1, FAKE_ADDRESS);
}

static void teardown(void)
{
	meter_clear(&meter);
	path_free(path);
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

/* --- transfers of a size class --- */

static void setup_short(void)
{
	start(METER_SHORT);
}

static FlowDelta transfer(uint64_t bytes, uint64_t busy_us)
{
	return (FlowDelta){.epoch = EPOCH,
			   .birth_seen = true,
			   .bytes_acked = bytes,
			   .acked_total = bytes,
			   .busy_total_us = busy_us,
			   .sent_total = bytes,
			   .retrans_total = bytes / 50};
}

START_TEST(test_short)
{
	FlowDelta delta;
	MeterReading r;

	for (unsigned i = 1; i <= 10; i++)
		observe(transfer(50000, 10000 * i));
	r = reading();
	ck_assert_uint_eq(r.flows, 10);
	ck_assert(r.has_times && r.has_retrans);
	ck_assert_uint_ge(r.time_p50_us, 49000);
	ck_assert_uint_le(r.time_p50_us, 61000);
	ck_assert_uint_ge(r.time_p90_us, 88000);
	ck_assert_double_eq_tol(r.retrans, 0.02, 1e-9);

	observe(transfer(9999, 1)); /* not of the class */
	observe(transfer(100000, 1));
	delta = transfer(50000, 1);
	delta.epoch--; /* of the other arm */
	observe(delta);
	delta = transfer(50000, 1);
	delta.bytes_acked = 1; /* its FIN; it was counted before */
	observe(delta);
	sample.info.raw.unacked = 1; /* on its way */
	observe(transfer(50000, 1));
	sample.info.raw.unacked = 0;
	sample.info.raw.notsent_bytes = 1;
	observe(transfer(50000, 1));
	ck_assert_uint_eq(reading().flows, 10);
	sample.destroyed = true; /* over, whatever is left */
	observe(transfer(50000, 1));
	ck_assert_uint_eq(reading().flows, 11);
}
END_TEST

/* --- bursts --- */

static void setup_burst(void)
{
	start(METER_BURST);
}

/* What a flow of unknown birth did in the second up to now. */
static void second(uint64_t cookie, uint64_t acked, uint64_t busy_us, bool idle)
{
	FlowDelta delta = {.cookie = cookie,
			   .elapsed_ns = NSEC_PER_SEC,
			   .bytes_acked = acked,
			   .bytes_sent = acked,
			   .busy_us = busy_us};

	sample.info.raw.unacked = idle ? 0 : 10;
	path->last_seen_ns += NSEC_PER_SEC;
	observe(delta);
}

START_TEST(test_burst)
{
	path->last_seen_ns = SECONDS(1);
	second(1, 0, 0, true);
	ck_assert_uint_eq(reading().flows, 0);
	second(1, 100000, 200000, false); /* begins late in the second */
	ck_assert_uint_eq(reading().flows, 0);
	second(1, 800000, 1000000, false);
	second(1, 100000, 50000, true);
	ck_assert_uint_eq(reading().flows, 1);
	ck_assert_uint_eq(reading().goodput_bps, 8 * UINT64_C(1000000) * 100 / 125);
	second(1, 250000, 750000, true); /* within one second */
	ck_assert_uint_eq(reading().flows, 2);
	second(1, 250000, 750001, true); /* no pause that matters */
	second(1, 5000, 10000, true);    /* no burst */
	ck_assert_uint_eq(reading().flows, 2);
}
END_TEST

/* Who never pauses has no bursts; and one whose slot another flow has is not followed. */
START_TEST(test_no_burst)
{
	path->last_seen_ns = SECONDS(1);
	for (unsigned i = 0; i < 5; i++)
		second(1, 1000000, 1000000, false);
	second(1, 500000, 500000, true); /* its end */
	ck_assert_uint_eq(reading().flows, 1);
	second(1, 100000, 200000, false);
	second(1 + METER_BURSTS, 100000, 200000, true);
	ck_assert_uint_eq(reading().flows, 1);
	second(1, 100000, 200000, true);
	ck_assert_uint_eq(reading().flows, 2);
	meter_start(&meter, EPOCH + 1, path->last_seen_ns, 0);
	ck_assert_uint_eq(reading().flows, 0);
}
END_TEST

/* What reaches back to before the block, or into its washout, is not the block's. */
START_TEST(test_any_birth_washout)
{
	meter_start(&meter, EPOCH + 1, SECONDS(10), 0);
	path->last_seen_ns = SECONDS(10) - 1;
	second(1, 100000, 200000, true);
	ck_assert_uint_eq(reading().flows, 0);
	path->last_seen_ns = SECONDS(10);
	second(1, 100000, 200000, true);
	ck_assert_uint_eq(reading().flows, 1);
}
END_TEST

/* --- send queues --- */

static void setup_queue(void)
{
	start(METER_QUEUE);
}

START_TEST(test_queue)
{
	MeterReading r;

	path->last_seen_ns = SECONDS(1);
	sample.info.raw.delivery_rate = 1000000;
	sample.info.raw.notsent_bytes = 300000;
	for (unsigned i = 0; i < 3; i++)
		second(1, 1000000, 1000000, false);
	r = reading();
	ck_assert_uint_eq(r.flows, 3);
	ck_assert(r.has_times && r.has_goodput);
	ck_assert_uint_ge(r.time_p50_us, 295000);
	ck_assert_uint_le(r.time_p50_us, 305000);
	ck_assert_uint_eq(r.goodput_bps, 8 * MBIT);
	second(1, PATH_QUIET_BYTES - 1, 1000, false); /* hardly sends */
	sample.info.raw.delivery_rate = 0;
	second(1, 1000000, 1000000, false);
	ck_assert_uint_eq(reading().flows, 3);
}
END_TEST

/* --- exchanges --- */

static void setup_request(void)
{
	start(METER_REQUEST);
}

static void exchange(uint64_t acked, uint64_t received)
{
	FlowDelta delta = {
		.elapsed_ns = NSEC_PER_SEC, .bytes_acked = acked, .bytes_received = received};

	path->last_seen_ns += NSEC_PER_SEC;
	observe(delta);
}

START_TEST(test_request)
{
	path->last_seen_ns = SECONDS(1);
	exchange(10000, 90000);
	exchange(20000, 80000);
	ck_assert_uint_eq(reading().flows, 2);
	ck_assert_uint_eq(reading().goodput_bps, 800000);
	exchange(0, 1000);
	exchange(1000, 0);
	exchange(PATH_BULK_BYTES, 1000);
	exchange(1000, PATH_BULK_BYTES);
	ck_assert_uint_eq(reading().flows, 2);
}
END_TEST

static void setup_request_born(void)
{
	start(METER_REQUEST_BORN);
}

static void exchange_of(uint32_t epoch, bool birth_seen, uint64_t birth_ns, uint64_t received)
{
	FlowDelta delta = {.epoch = epoch,
			   .birth_seen = birth_seen,
			   .birth_ns = birth_ns,
			   .elapsed_ns = NSEC_PER_SEC,
			   .bytes_acked = 1000,
			   .bytes_received = received};

	path->last_seen_ns += NSEC_PER_SEC;
	observe(delta);
}

/* Two connections of one path, the older with what the other arm gave it: whatever that does, the
 * reading is that of the younger one. */
START_TEST(test_request_born)
{
	meter_start(&meter, EPOCH + 1, SECONDS(10), 0);
	path->last_seen_ns = SECONDS(20);
	for (unsigned i = 0; i < 10; i++) {
		exchange_of(EPOCH, true, SECONDS(5), 199000);       /* born in the other arm */
		exchange_of(EPOCH + 1, false, SECONDS(12), 199000); /* nobody saw where */
		exchange_of(EPOCH + 1, true, SECONDS(9), 199000);   /* in the washout */
	}
	ck_assert_uint_eq(reading().flows, 0);
	ck_assert(!reading().has_goodput);
	for (unsigned i = 0; i < 10; i++)
		exchange_of(EPOCH + 1, true, SECONDS(12), 99000);
	ck_assert_uint_eq(reading().flows, 10);
	ck_assert_uint_eq(reading().goodput_bps, 800000);
	ck_assert_uint_eq(meter_units_min(METER_REQUEST_BORN), 10);
	exchange_of(EPOCH + 1, true, SECONDS(12), PATH_BULK_BYTES);
	ck_assert_uint_eq(reading().flows, 10);
}
END_TEST

HARNESS_MAIN("meter_kinds", HARNESS_FIXTURE(suite, "short", setup_short, teardown, test_short);
	     HARNESS_FIXTURE(suite, "burst", setup_burst, teardown, test_burst, test_no_burst,
			     test_any_birth_washout);
	     HARNESS_FIXTURE(suite, "queue", setup_queue, teardown, test_queue);
	     HARNESS_FIXTURE(suite, "request", setup_request, teardown, test_request);
	     HARNESS_FIXTURE(suite, "request_born", setup_request_born, teardown,
			     test_request_born);)
