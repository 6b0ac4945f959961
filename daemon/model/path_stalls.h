/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Waits on one path that are a timer's and not the path's: exchanges that pause for our delayed
 * acknowledgement, and retransmission timeouts. The last ten minutes of both, 168 bytes, for a path
 * on which there was one at all.
 *
 * A peer that writes a question in two pieces with Nagle's algorithm on holds the second back until
 * the first is acknowledged, and we wait up to 40 ms to do that (measured: 42.9 ms an exchange
 * instead of 0.1). From here it looks like this: two data segments in for each one out, one or two
 * acknowledgements without data for each exchange, small segments, and one exchange after the other
 * at a pace of 40 ms and the round trip.
 */
#include "common/flow_sample.h"

#define PATH_STALLS_MINUTES   10
#define PATH_STALLS_MINUTE_NS (UINT64_C(60) * 1000000000)

typedef struct PathStallsMinute {
	uint32_t minute;    /* its number since the clock's zero; 0: empty */
	uint16_t exchanges; /* samples of flows that asked and were answered */
	uint16_t stalled;   /* of these, that look as above */
	uint16_t timeouts;  /* of data, not of handshakes */
	uint16_t spurious;  /* packets that the peer says it had already */
	uint16_t away; /* samples of flows that waited for their second timeout, or a later one:
			* nothing passes, which is no matter of a lost tail */
} PathStallsMinute;

typedef struct PathStalls {
	uint64_t last_ns; /* of the last stall or timeout */
	PathStallsMinute minutes[PATH_STALLS_MINUTES];
} PathStalls;

struct FlowDelta;

/* Whether a path needs its stalls to be kept, because of this sample. `floor_us` is the path's;
 * UINT32_MAX: not known. */
bool path_stalls_wanted(const FlowSample *sample, const struct FlowDelta *delta, uint32_t floor_us);
void path_stalls_add(PathStalls *stalls, const FlowSample *sample, const struct FlowDelta *delta,
		     uint32_t floor_us, uint64_t now_ns);
/* The sums of the minutes that began at `since_ns` or later, and in how many of them there was a
 * stall, and a timeout. NULL stalls: nothing. */
typedef struct PathStallsSum {
	unsigned exchanges, stalled, timeouts, spurious, away;
	unsigned minutes_stalled, minutes_timeouts;
} PathStallsSum;
void path_stalls_sum(const PathStalls *stalls, uint64_t since_ns, uint64_t now_ns,
		     PathStallsSum *ret);
