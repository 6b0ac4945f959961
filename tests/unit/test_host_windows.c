/* SPDX-License-Identifier: MIT */
/* Differences of readings in windows of 30 s: sums, turns of 32 bits, resets, gaps, gauges. */
#include "daemon/model/host_windows.h"

#include "common/clock.h"
#include "tests/unit/harness.h"

#define START (100 * NSEC_PER_SEC)

static HostWindows windows;
static HostReading reading;
static uint64_t now_ns;

static void setup(void)
{
	windows = (HostWindows){0};
	reading = (HostReading){.processors = 2};
	for (HostCounter counter = 0; counter < _HOST_COUNTERS; counter++)
		reading.has_counter[counter] = true;
	now_ns = START;
	host_windows_add(&windows, &reading, now_ns);
}

static void step(uint64_t seconds)
{
	now_ns += seconds * NSEC_PER_SEC;
	host_windows_add(&windows, &reading, now_ns);
}

static uint64_t counted(unsigned i, HostCounter counter)
{
	uint64_t value = 0;

	ck_assert_ptr_nonnull(host_window(&windows, i));
	ck_assert(host_window_counter(host_window(&windows, i), counter, &value));
	return value;
}

START_TEST(test_sums)
{
	ck_assert_ptr_null(host_window(NULL, 0));
	ck_assert_ptr_null(host_window(&windows, 0));
	for (int i = 0; i < 30; i++) {
		reading.counters[HOST_TIMEOUTS] += 2;
		step(1);
	}
	ck_assert_uint_eq(counted(0, HOST_TIMEOUTS), 60);
	ck_assert_uint_eq(counted(0, HOST_UDP_IN), 0);
	ck_assert_uint_eq(host_window(&windows, 0)->start_ns, START);
	ck_assert_uint_eq(host_window(&windows, 0)->end_ns, START + 30 * NSEC_PER_SEC);
	reading.counters[HOST_TIMEOUTS] += 7;
	step(30);
	ck_assert_uint_eq(counted(0, HOST_TIMEOUTS), 7);
	ck_assert_uint_eq(counted(1, HOST_TIMEOUTS), 60);
	for (int i = 0; i < 5; i++)
		step(30);
	ck_assert_ptr_nonnull(host_window(&windows, HOST_WINDOWS - 1));
	ck_assert_ptr_null(host_window(&windows, HOST_WINDOWS));
}
END_TEST

/* Whose window is one difference. */
static bool is_valid(HostCounter counter, uint64_t from, uint64_t to, uint64_t *ret)
{
	reading.counters[counter] = from;
	windows = (HostWindows){0};
	host_windows_add(&windows, &reading, now_ns);
	reading.counters[counter] = to;
	step(30);
	return host_window_counter(host_window(&windows, 0), counter, ret);
}

START_TEST(test_turns_and_resets)
{
	const uint64_t turn = UINT64_C(1) << 32;
	uint64_t value = 0;

	ck_assert(!is_valid(HOST_TIMEOUTS, 1000, 999, &value));
	ck_assert(!is_valid(HOST_TIMEOUTS, turn - 1, 5, &value)); /* 64 bits: made anew */
	ck_assert(is_valid(HOST_SOFTNET_PROCESSED, turn - 1, 5, &value));
	ck_assert_uint_eq(value, 6);
	/* One of two processors turned over. */
	ck_assert(is_valid(HOST_SOFTNET_DROPPED, turn + 100, 150, &value));
	ck_assert_uint_eq(value, 50);
	ck_assert(!is_valid(HOST_SOFTNET_PROCESSED, turn / 2, 5, &value));
	ck_assert(is_valid(HOST_TIMEOUTS, UINT64_MAX - 1, UINT64_MAX, &value));
	ck_assert_uint_eq(value, 1);
}
END_TEST

START_TEST(test_processors)
{
	uint64_t value;

	reading.processors = 3;
	reading.counters[HOST_SOFTNET_PROCESSED] = 1000;
	reading.counters[HOST_TIMEOUTS] = 4;
	step(30);
	ck_assert(!host_window_counter(host_window(&windows, 0), HOST_SOFTNET_PROCESSED, &value));
	ck_assert_uint_eq(counted(0, HOST_TIMEOUTS), 4);
	step(30);
	ck_assert_uint_eq(counted(0, HOST_SOFTNET_PROCESSED), 0);
}
END_TEST

/* One interval without it spoils its window, and no other. */
START_TEST(test_absent)
{
	uint64_t value;

	reading.has_counter[HOST_UDP_IN] = false;
	step(10);
	reading.has_counter[HOST_UDP_IN] = true;
	step(10);
	step(10);
	ck_assert(!host_window_counter(host_window(&windows, 0), HOST_UDP_IN, &value));
	step(30);
	ck_assert_uint_eq(counted(0, HOST_UDP_IN), 0);
}
END_TEST

START_TEST(test_gap)
{
	step(30);
	ck_assert_ptr_nonnull(host_window(&windows, 0));
	reading.counters[HOST_TIMEOUTS] = 1000000;
	step(100);
	ck_assert_ptr_null(host_window(&windows, 0));
	step(30);
	ck_assert_uint_eq(counted(0, HOST_TIMEOUTS), 0);
}
END_TEST

START_TEST(test_gauges)
{
	static const uint64_t values[] = {7, 3, 9, 5};

	for (size_t i = 0; i < 4; i++) {
		reading.gauges[HOST_TIME_WAIT] = values[i];
		reading.has_gauge[HOST_TIME_WAIT] = true;
		step(8);
	}
	ck_assert(!host_window(&windows, 0)->has_gauge[HOST_NEIGH_ENTRIES]);
	ck_assert(host_window(&windows, 0)->has_gauge[HOST_TIME_WAIT]);
	ck_assert_uint_eq(host_window(&windows, 0)->gauge_min[HOST_TIME_WAIT], 3);
	ck_assert_uint_eq(host_window(&windows, 0)->gauge_max[HOST_TIME_WAIT], 9);
	ck_assert_uint_eq(host_window(&windows, 0)->gauge_last[HOST_TIME_WAIT], 5);
}
END_TEST

static void big(unsigned n, uint64_t sockets)
{
	reading.has_gauge[HOST_BIG_SOCKETS] = true;
	reading.gauges[HOST_BIG_SOCKETS] = sockets;
	for (unsigned i = 0; i < n; i++)
		step(30);
}

START_TEST(test_big_sockets)
{
	ck_assert_uint_eq(host_windows_big(NULL), 0);
	ck_assert_uint_eq(host_windows_big(&windows), 0);
	big(1, 5);
	ck_assert_uint_eq(host_windows_big(&windows), 5);
	big(110, 2);
	ck_assert_uint_eq(host_windows_big(&windows), 2); /* once in an hour is no peak */
	big(5, 9);
	big(5, 2);
	ck_assert_uint_eq(host_windows_big(&windows), 2); /* 6 of 120 above: just 95 % */
	big(1, 9);
	ck_assert_uint_eq(host_windows_big(&windows), 9); /* now */
	big(4, 2);
	ck_assert_uint_eq(host_windows_big(&windows), 2);
	big(2, 9);
	big(4, 2);
	ck_assert_uint_eq(host_windows_big(&windows), 9); /* 8 of 120 */
	big(120, 1);
	ck_assert_uint_eq(host_windows_big(&windows), 1);
}
END_TEST

HARNESS_MAIN("host_windows",
	     HARNESS_FIXTURE(suite, "counters", setup, NULL, test_sums, test_turns_and_resets,
			     test_processors, test_absent, test_gap);
	     HARNESS_FIXTURE(suite, "gauges", setup, NULL, test_gauges, test_big_sockets);)
