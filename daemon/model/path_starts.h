/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * How connections to one path begin: what an initial window can be learned from. Two things are
 * kept of the last ten minutes:
 *  starts  how much the connections that ended had sent, and whether anything was lost: who would
 *          gain by a larger initial window;
 *  rooms   how far the window of a connection opened with nothing lost: what the path has room for.
 *
 * At most so many of each a minute, drawn evenly from all of that minute: a destination with a
 * thousand connections a second takes no more memory than one with one. 1.8 KB for a path that
 * needs it, and only that has it.
 */
#include "common/flow_sample.h"
#include "daemon/model/path_series.h"

#define PATH_STARTS_MINUTES 10
#define PATH_STARTS_KEPT    8 /* of each, in a minute */
/* Connections that begin together are counted up to here. */
#define PATH_STARTS_TOGETHER 15

/* A connection whose whole life was seen and which sent something. */
typedef struct PathStart {
	uint32_t bytes; /* sent, without repetitions */
	uint16_t busy_ms;
	uint8_t second; /* of the minute in which it ended */
	bool lost;      /* something was sent again */
} PathStart;

/* A connection that grew its window beyond the initial one, which the kernel only does when the
 * window is used: at least half of it has been in flight. */
typedef struct PathRoom {
	uint16_t connection;     /* a hash of its cookie: may be kept in several minutes */
	uint16_t cwnd;           /* packets; of bbr, whose window is twice of it: the BDP */
	uint16_t queue_permille; /* srtt in units of its min_rtt */
	uint8_t second;
	bool brief; /* fewer than PATH_STARTS_SEGMENTS: nothing at all was lost */
} PathRoom;

/* From here on a connection has left the initial window far behind; of those, up to this share may
 * have been sent again. */
#define PATH_STARTS_SEGMENTS  100
#define PATH_STARTS_LOSS_MAX  0.005
#define PATH_STARTS_AGE_NS    (UINT64_C(600) * 1000000000)
#define PATH_STARTS_MINUTE_NS (UINT64_C(60) * 1000000000)
/* What Linux gives (RFC 6928). */
#define PATH_STARTS_WINDOW 10
/* Of what is sent up to here, the first flights are most. */
#define PATH_STARTS_EARLY_BYTES (128 * 1024)

typedef struct PathStartsMinute {
	uint32_t minute;            /* its number since the clock's zero; 0: empty */
	uint16_t n_starts, n_rooms; /* that there were; kept are at most PATH_STARTS_KEPT */
	uint32_t early_sent,
		early_retrans; /* bytes, of connections up to PATH_STARTS_EARLY_BYTES */
	/* In how many of its sweeps so many connections were in their first flight, of those in
	 * which any was; and in how many so many were there that had begun since the last one. */
	uint8_t first[PATH_STARTS_TOGETHER + 1], young[PATH_STARTS_TOGETHER + 1];
	PathStart starts[PATH_STARTS_KEPT];
	PathRoom rooms[PATH_STARTS_KEPT];
} PathStartsMinute;

typedef struct PathStarts {
	uint64_t last_ns; /* when the last one was added */
	uint16_t n_first,
		n_young; /* of this sweep: born since the last, and in their first flight */
	uint16_t first_windows[PATH_STARTS_KEPT]; /* KiB that the peer offered at first; a ring */
	uint16_t n_windows;                       /* that there were */
	PathStartsMinute minutes[PATH_STARTS_MINUTES];
} PathStarts;

struct FlowDelta;

/* Whether a path needs its starts to be kept, because of this connection: it ended having sent more
 * than an initial window. */
bool path_starts_wanted(const FlowSample *sample, const struct FlowDelta *delta);
/* `bbr`: connections of the path have it (what is destroyed does not say). */
void path_starts_add(PathStarts *starts, const FlowSample *sample, const struct FlowDelta *delta,
		     bool bbr, uint64_t now_ns);
/* At the end of a sweep of one of `parts` parts of the flows: counts who began together. */
void path_starts_sweep(PathStarts *starts, unsigned parts, uint64_t now_ns);
/* The minute that is `back` minutes ago, 0 the current one; NULL: nothing, or too old. */
const PathStartsMinute *path_starts_minute(const PathStarts *starts, unsigned back,
					   uint64_t now_ns);
/* Of how many in a minute there is something to read in starts[] and rooms[]. */
static inline unsigned path_starts_kept(uint16_t n)
{
	return n < PATH_STARTS_KEPT ? n : PATH_STARTS_KEPT;
}
/* Whether it was in this second of that minute or later that `since_ns` was. */
bool path_starts_after(const PathStartsMinute *minute, uint8_t second, uint64_t since_ns);
