/* SPDX-License-Identifier: MIT */
/*
 * The clock seam: the system's clocks advance and agree with the kernel's own reading; a fake one
 * is asked with its own context.
 */
#include "common/clock.h"

#include <time.h>

#include "tests/unit/harness.h"

static uint64_t kernel_ns(clockid_t id)
{
	struct timespec now;

	ck_assert_int_eq(clock_gettime(id, &now), 0);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

START_TEST(units_are_consistent)
{
	ck_assert_uint_eq(NSEC_PER_SEC, 1000000000u);
	ck_assert_uint_eq(NSEC_PER_MSEC * 1000, NSEC_PER_SEC);
	ck_assert_uint_eq(NSEC_PER_USEC * 1000, NSEC_PER_MSEC);
	ck_assert_uint_eq(NSEC_PER_DAY, UINT64_C(86400000000000));
}
END_TEST

START_TEST(monotonic_lies_between_two_kernel_readings)
{
	uint64_t before = kernel_ns(CLOCK_MONOTONIC);
	uint64_t ours = clock_monotonic_ns(&clock_system);
	uint64_t after = kernel_ns(CLOCK_MONOTONIC);

	ck_assert_uint_ge(ours, before);
	ck_assert_uint_le(ours, after);
}
END_TEST

START_TEST(monotonic_never_goes_back)
{
	uint64_t last = clock_monotonic_ns(&clock_system);

	for (int i = 0; i < 10000; i++) {
		uint64_t now = clock_monotonic_ns(&clock_system);
		ck_assert_uint_ge(now, last);
		last = now;
	}
}
END_TEST

/* A wall clock may be stepped under the test, so only the magnitude is checked: 2020 to 2200. */
START_TEST(realtime_is_a_date)
{
	uint64_t now = clock_realtime_ns(&clock_system);

	ck_assert_uint_gt(now, UINT64_C(1577836800) * NSEC_PER_SEC);
	ck_assert_uint_lt(now, UINT64_C(7258118400) * NSEC_PER_SEC);
}
END_TEST

static uint64_t fake_read(void *context)
{
	uint64_t *now = context;
	return (*now)++;
}

static uint64_t fake_never(void *context)
{
	(void)context;
	ck_abort_msg("the wrong clock was read");
	return 0;
}

START_TEST(fake_gets_its_context)
{
	uint64_t now = 41;
	Clock monotonic = {.monotonic_ns = fake_read, .realtime_ns = fake_never, .context = &now};
	Clock realtime = {.monotonic_ns = fake_never, .realtime_ns = fake_read, .context = &now};

	ck_assert_uint_eq(clock_monotonic_ns(&monotonic), 41);
	ck_assert_uint_eq(clock_realtime_ns(&realtime), 42);
	ck_assert_uint_eq(now, 43);
}
END_TEST

HARNESS_MAIN("clock", HARNESS_CASE(suite, "system", units_are_consistent,
				   monotonic_lies_between_two_kernel_readings,
				   monotonic_never_goes_back, realtime_is_a_date);
	     HARNESS_CASE(suite, "fake", fake_gets_its_context);)
