/* SPDX-License-Identifier: MIT */
/*
 * The kernel's clocks behind the Clock seam.
 *
 * CLOCK_MONOTONIC stands still during suspend, which is what trials and schedules want: an hour
 * asleep is no hour of evidence. clock_gettime(2) with these two clocks cannot fail on any kernel
 * we run on (the vDSO serves both), so a failure is a broken program and may assert.
 */
#include "common/clock.h"

#include <time.h>

#include "common/base.h"

static uint64_t read_clock(clockid_t id)
{
	struct timespec now;
	int r = clock_gettime(id, &now);

	assert(r == 0);
	(void)r; /* the assertion is its only reader */
	/* A wall clock before 1970 is a flat battery, and nothing we could name a time with. */
	if (now.tv_sec < 0)
		return 0;
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

static uint64_t system_monotonic_ns(void *context)
{
	(void)context; /* the kernel's clock has no state of ours */
	return read_clock(CLOCK_MONOTONIC);
}

static uint64_t system_realtime_ns(void *context)
{
	(void)context; /* as above */
	return read_clock(CLOCK_REALTIME);
}

const Clock clock_system = {
	.monotonic_ns = system_monotonic_ns,
	.realtime_ns = system_realtime_ns,
};

uint64_t clock_monotonic_ns(const Clock *clock)
{
	return clock->monotonic_ns(clock->context);
}

uint64_t clock_realtime_ns(const Clock *clock)
{
	return clock->realtime_ns(clock->context);
}

uint64_t clock_cpu_ns(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}
