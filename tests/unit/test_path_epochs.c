/* SPDX-License-Identifier: MIT */
/*
 * Which of the flows' round-trip times make the floor of a path, which end its epoch, and what of
 * them its series keep.
 */
#include "daemon/model/path.h"

#include "common/base.h"
#include "common/clock.h"
#include "tests/unit/fake_host.h"
#include "tests/unit/harness.h"

#define T0 (UINT64_C(1000) * NSEC_PER_SEC)

static const PathCaps caps = {.congestion = "cubic"};
static Path *path;

static void setup(void)
{
	Address address = fake_address(FAKE_ADDRESS);

	path = path_new(&address, T0);
	ck_assert_ptr_nonnull(path);
}

static void teardown(void)
{
	path_free(path);
}

/* Of a bulk flow that moved a megabyte within a sweep. */
static FlowDelta bulk_delta(void)
{
	return (FlowDelta){.cookie = 1,
			   .bulk = true,
			   .birth_seen = true,
			   .elapsed_ns = NSEC_PER_SEC,
			   .bytes_acked = 1000000,
			   .bytes_sent = 1000000,
			   .busy_us = 1000000,
			   .acked_total = 1000000,
			   .busy_total_us = 1000000};
}

static FlowDelta quiet_delta(uint64_t birth_ns, bool born)
{
	return (FlowDelta){.cookie = 1,
			   .birth_ns = birth_ns,
			   .birth_seen = true,
			   .born = born,
			   .bytes_acked = 1000,
			   .bytes_sent = 1000};
}

/* One sweep in 10 s: a flow with this smoothed RTT and min_rtt. */
static void see(uint64_t *now, uint32_t rtt_us, uint32_t min_rtt_us, FlowDelta delta)
{
	FlowSample sample = fake_sample(1, FAKE_ADDRESS);

	*now += 10 * NSEC_PER_SEC;
	sample.info.raw.rtt_us = rtt_us;
	sample.info.raw.min_rtt_us = min_rtt_us;
	path_add(path, &sample, &delta, &caps, *now);
}

/* The route gets longer under a flow that is there all the time and says little. The kernel's
 * min_rtt remembers the shorter one for another 300 s, and may not undo what was found. */
START_TEST(test_an_epoch_ends)
{
	uint64_t now = T0, shift;

	for (unsigned i = 0; i < 180; i++)
		see(&now, 50500 + i % 7, 50000, quiet_delta(T0, i == 0));
	ck_assert_uint_eq(path->min_rtt_us, 50000);
	shift = now;
	while (now < shift + 300 * NSEC_PER_SEC)
		see(&now, 70500 + now % 7, 50000, quiet_delta(T0, false));
	ck_assert_uint_eq(path->floor.epoch, 2);
	ck_assert_uint_eq(path->floor.previous_us, 50000);
	ck_assert_uint_ge(path->min_rtt_us, 70500);
	ck_assert_uint_le(path->min_rtt_us, 70510);
	/* forgotten by the kernel, and by then of this route */
	while (now < path->floor.since_ns + PATH_MIN_RTT_MEMORY_NS + 60 * NSEC_PER_SEC)
		see(&now, 70500, 70000, quiet_delta(T0, false));
	ck_assert_uint_eq(path->min_rtt_us, 70000);
}
END_TEST

/* A flow that slept through the change says nothing new; one born since does, at once. */
START_TEST(test_min_rtt_of_another_epoch)
{
	FlowDelta asleep = {.cookie = 2, .birth_ns = T0, .birth_seen = true};
	uint64_t now = T0;

	for (unsigned i = 0; i < 180; i++)
		see(&now, 50500, 50000, quiet_delta(T0, i == 0));
	while (path->floor.epoch == 1)
		see(&now, 70500, 50000, quiet_delta(T0, false));
	ck_assert_uint_eq(path->min_rtt_us, 70500);
	ck_assert_uint_lt(now, path->floor.since_ns + PATH_MIN_RTT_MEMORY_NS);
	see(&now, 71000, 70100, quiet_delta(now, false));
	ck_assert_uint_eq(path->min_rtt_us, 70100);
	now += NSEC_PER_HOUR;
	see(&now, 50500, 50000, asleep);
	ck_assert_uint_eq(path->min_rtt_us, 70100);
}
END_TEST

/* A flow that fills its own queue is no witness of the route, whatever its min_rtt becomes. */
START_TEST(test_a_bulk_flow_ends_no_epoch)
{
	FlowDelta delta = bulk_delta();
	uint64_t now = T0;

	for (unsigned i = 0; i < 180; i++)
		see(&now, 50500, 50000, quiet_delta(T0, i == 0));
	for (unsigned i = 0; i < 720; i++)
		see(&now, 150000, i < 30 ? 50000 : 140000, delta);
	ck_assert_uint_eq(path->floor.epoch, 1);
	ck_assert_uint_eq(path->min_rtt_us, 50000);
}
END_TEST

START_TEST(test_series)
{
	uint64_t now = T0;
	WindowSummary s;

	path_summarise(path, PATH_SRTT, WINDOW_10MIN, now, &s);
	ck_assert_uint_eq(s.count, 0);
	see(&now, 50000, 50000, quiet_delta(T0, true));
	see(&now, 53000, 50000, quiet_delta(T0, false));
	see(&now, 58000, 50000, (FlowDelta){.birth_seen = true, .bytes_received = 9}); /* no ACK */
	path_summarise(path, PATH_SRTT, WINDOW_10MIN, now, &s);
	ck_assert_uint_eq(s.count, 2);
	ck_assert_uint_eq(s.max_us, 53000);
	path_summarise(path, PATH_QUEUEING, WINDOW_1H, now, &s);
	ck_assert_uint_eq(s.count, 2);
	ck_assert_uint_eq(s.min_us, 0);
	ck_assert_uint_eq(s.max_us, 3000);
	path_summarise(path, PATH_CONNECT, WINDOW_1H, now, &s);
	ck_assert_uint_eq(s.count, 1);
	ck_assert_uint_eq(s.max_us, 50000);
}
END_TEST

HARNESS_MAIN("path_epochs",
	     HARNESS_FIXTURE(suite, "epochs", setup, teardown, test_an_epoch_ends,
			     test_min_rtt_of_another_epoch, test_a_bulk_flow_ends_no_epoch);
	     HARNESS_FIXTURE(suite, "series", setup, teardown, test_series);)
