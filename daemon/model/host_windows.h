/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the host as a whole did: counters and gauges in windows of 30 s, like those of a path. A
 * counter is a difference of two readings; where it could not be formed (absent, or made anew: it
 * went backwards) the window does not have it, and says so rather than 0.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST_WINDOW_NS (UINT64_C(30) * 1000000000)
#define HOST_WINDOWS   4 /* complete windows kept; 3 in a row are evidence */

typedef enum HostCounter {
	HOST_LISTEN_OVERFLOWS, /* handshakes that found an accept queue full */
	HOST_LISTEN_DROPS,
	HOST_REQUEST_QUEUE_FULL, /* SYNs that found the SYN queue full: cookie sent, or dropped */
	HOST_COOKIES_SENT,
	HOST_COOKIES_RECEIVED,
	HOST_PASSIVE_OPENS,
	HOST_ACTIVE_OPENS,
	HOST_ATTEMPT_FAILS,
	HOST_SYN_RETRANS,
	HOST_IN_SEGMENTS,
	HOST_OUT_SEGMENTS,
	HOST_RETRANS_SEGMENTS,
	HOST_TIMEOUTS,
	HOST_SPURIOUS_TIMEOUTS,
	HOST_MEMORY_PRESSURES,
	HOST_RECEIVE_COLLAPSED,
	HOST_PRUNE_CALLED,
	HOST_RECEIVE_PRUNED,
	HOST_OFO_PRUNED,
	HOST_RECEIVE_QUEUE_DROPS,
	HOST_ZERO_WINDOWS, /* we closed a window */
	HOST_MTU_FAILS,
	HOST_MTU_SUCCESSES,
	HOST_DELAYED_ACKS,
	HOST_UDP_IN, /* of IPv4 and IPv6 together */
	HOST_UDP_OUT,
	HOST_UDP_RECEIVE_ERRORS, /* a receive buffer was full */
	HOST_UDP_SEND_ERRORS,
	HOST_SOFTNET_PROCESSED,
	HOST_SOFTNET_DROPPED,
	HOST_SOFTNET_SQUEEZED,
	HOST_NEIGH_FULLS, /* IPv4: entries refused */
	HOST_NEIGH6_FULLS,
	HOST_CPU_TIME, /* ticks of all processors */
	HOST_SOFTIRQ_TIME,
	HOST_STALLS, /* sightings of a flow that looks like one in a black hole (census.h) */
	_HOST_COUNTERS,
} HostCounter;

typedef enum HostGauge {
	HOST_TCP_MEMORY_PAGES,
	HOST_TIME_WAIT,
	HOST_TCP_SOCKETS, /* that are not in TIME_WAIT */
	HOST_MEMORY_AVAILABLE,
	HOST_NEIGH_ENTRIES,
	HOST_NEIGH6_ENTRIES,
	HOST_BIG_SOCKETS,      /* that fill a quarter of what a buffer may be */
	HOST_QUEUED_BYTES,     /* received and not read yet, all sockets */
	HOST_QUEUED_TOP_BYTES, /* the same of the three with most */
	_HOST_GAUGES,
} HostGauge;

/* At one moment; counters are since some beginning that only the kernel knows. */
typedef struct HostReading {
	uint64_t counters[_HOST_COUNTERS], gauges[_HOST_GAUGES];
	bool has_counter[_HOST_COUNTERS], has_gauge[_HOST_GAUGES];
	unsigned processors; /* whose softnet counters were added up */
} HostReading;

typedef struct HostWindow {
	uint64_t start_ns, end_ns;
	uint64_t counters[_HOST_COUNTERS];
	bool invalid[_HOST_COUNTERS];
	bool has_gauge[_HOST_GAUGES];
	uint64_t gauge_min[_HOST_GAUGES], gauge_max[_HOST_GAUGES], gauge_last[_HOST_GAUGES];
} HostWindow;

/* Big sockets of an hour, a figure for each window. */
#define HOST_BIG_WINDOWS 120

typedef struct HostWindows {
	HostReading last;
	bool has_last;
	HostWindow current;
	HostWindow history[HOST_WINDOWS]; /* newest first */
	unsigned n_history;
	uint32_t big[HOST_BIG_WINDOWS]; /* a ring */
	unsigned n_big, at_big;
} HostWindows;

/* Windows roll by themselves as time passes; a gap of three windows breaks the row. */
void host_windows_add(HostWindows *windows, const HostReading *reading, uint64_t now_ns);

/* The i-th last complete window, 0 newest; NULL: there is none (nor of `windows` NULL). */
const HostWindow *host_window(const HostWindows *windows, unsigned i);
/* False: the window does not have it. */
bool host_window_counter(const HostWindow *window, HostCounter counter, uint64_t *ret);
/* Big sockets: what 95 % of the last hour's windows did not exceed, or the largest of the last
 * three if that is more. 0: nothing is known. */
uint32_t host_windows_big(const HostWindows *windows);
