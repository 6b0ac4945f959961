/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Counters of /proc/net/netstat and /proc/net/snmp, by name and never by column, since every kernel
 * release adds columns. Deltas are wrap-safe; a counter that went backwards (a namespace made anew)
 * makes the interval invalid instead of enormous.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The counters we use. The table in netstat.c gives group and name of each. */
typedef enum Counter {
	COUNTER_TCP_ACTIVE_OPENS,
	COUNTER_TCP_PASSIVE_OPENS,
	COUNTER_TCP_ATTEMPT_FAILS,
	COUNTER_TCP_OUT_SEGS,
	COUNTER_TCP_RETRANS_SEGS,
	COUNTER_TCP_SYN_RETRANS,
	COUNTER_TCP_TIMEOUTS,
	COUNTER_TCP_SPURIOUS_RTOS,
	COUNTER_TCP_RCV_COLLAPSED,
	COUNTER_PRUNE_CALLED,
	COUNTER_RCV_PRUNED,
	COUNTER_TCP_MEMORY_PRESSURES,
	COUNTER_LISTEN_OVERFLOWS,
	COUNTER_LISTEN_DROPS,
	COUNTER_FASTOPEN_ACTIVE,
	COUNTER_FASTOPEN_ACTIVE_FAIL,
	COUNTER_FASTOPEN_PASSIVE,
	COUNTER_FASTOPEN_PASSIVE_FAIL,
	COUNTER_FASTOPEN_LISTEN_OVERFLOW,
	COUNTER_FASTOPEN_COOKIE_REQD,
	COUNTER_FASTOPEN_BLACKHOLE,
	_COUNTERS,
} Counter;

typedef struct Counters {
	uint64_t values[_COUNTERS];
	bool present[_COUNTERS]; /* the kernel has it */
} Counters;

const char *counter_name(Counter counter); /* the kernel's, "TCPSynRetrans" */

/* Pure: adds what one file's text holds. Malformed lines are skipped and counted. */
void counters_parse(const char *text, size_t length, Counters *counters, unsigned *ret_malformed);
/* Pure: the same of snmp6, whose lines are "Name value". */
void counters_parse6(const char *text, size_t length, Counters *counters, unsigned *ret_malformed);
/* Reads netstat, snmp and snmp6 (if there is IPv6) of the network namespace this thread is in. */
int counters_read(Counters *ret_counters);
/* now - before; false if absent in one, or it went backwards. */
bool counters_delta(const Counters *before, const Counters *now, Counter counter, uint64_t *ret);

/* /proc/net/sockstat and sockstat6. `tcp_alloc` and `tcp_memory_pages` are of the whole host, also
 * inside a network namespace. */
typedef struct SocketCounts {
	uint64_t tcp_in_use, tcp_orphan, tcp_time_wait, tcp_alloc, tcp_memory_pages;
	uint64_t tcp6_in_use, udp_in_use, udp_memory_pages, udp6_in_use, raw_in_use, raw6_in_use;
} SocketCounts;
/* Pure: adds what one file's text holds; unknown names are passed over. -EBADMSG: not such a file.
 */
int socket_counts_parse(const char *text, size_t length, SocketCounts *counts);
int socket_counts_read(SocketCounts *ret_counts);
