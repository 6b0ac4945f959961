/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The clock seam. Inside netopt there is one time unit: nanoseconds of CLOCK_MONOTONIC in a
 * uint64_t. Wall-clock time is only for people (timestamps in records) and never for arithmetic.
 * Pure modules take `now_ns` as an argument; owners of time hold a Clock, which tests replace.
 */
#include <stdint.h>

#define NSEC_PER_USEC UINT64_C(1000)
#define NSEC_PER_MSEC UINT64_C(1000000)
#define NSEC_PER_SEC  UINT64_C(1000000000)
#define NSEC_PER_MIN  (60 * NSEC_PER_SEC)
#define NSEC_PER_HOUR (60 * NSEC_PER_MIN)
#define NSEC_PER_DAY  (24 * NSEC_PER_HOUR)

typedef struct Clock {
	uint64_t (*monotonic_ns)(void *context);
	uint64_t (*realtime_ns)(void *context);
	void *context;
} Clock;

/* The kernel's clocks (clock_gettime(2)). */
extern const Clock clock_system;

uint64_t clock_monotonic_ns(const Clock *clock);
uint64_t clock_realtime_ns(const Clock *clock);
/* Processor time of this thread (CLOCK_THREAD_CPUTIME_ID): what something cost, not how long it
 * took. */
uint64_t clock_cpu_ns(void);
