/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Counters of /proc/net/netstat, snmp and snmp6, by name and never by column, since every kernel
 * release adds columns. Deltas are wrap-safe; a counter that went backwards (a namespace made anew)
 * makes the interval invalid instead of enormous.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The counters we use. The table in counter_table.c gives group and name of each. */
typedef enum Counter {
	/* Tcp: opens, ends, segments */
	COUNTER_TCP_ACTIVE_OPENS,
	COUNTER_TCP_PASSIVE_OPENS,
	COUNTER_TCP_ATTEMPT_FAILS,
	COUNTER_TCP_ESTAB_RESETS,
	COUNTER_TCP_IN_SEGS,
	COUNTER_TCP_OUT_SEGS,
	COUNTER_TCP_OUT_RSTS,
	COUNTER_TCP_IN_ERRS,
	/* Loss */
	COUNTER_TCP_RETRANS_SEGS,
	COUNTER_TCP_ORIG_DATA_SENT,
	COUNTER_TCP_DELIVERED,
	COUNTER_TCP_SYN_RETRANS,
	COUNTER_TCP_TIMEOUTS,
	COUNTER_TCP_LOSS_PROBES,
	COUNTER_TCP_LOSS_PROBE_RECOVERY,
	COUNTER_TCP_FAST_RETRANS,
	COUNTER_TCP_SLOW_START_RETRANS,
	COUNTER_TCP_SPURIOUS_RTOS,
	COUNTER_TCP_DSACK_RECV,
	COUNTER_TCP_ABORT_ON_TIMEOUT,
	/* Buffers and memory */
	COUNTER_TCP_RCV_COLLAPSED,
	COUNTER_PRUNE_CALLED,
	COUNTER_RCV_PRUNED,
	COUNTER_OFO_PRUNED,
	COUNTER_TCP_RCV_Q_DROP,
	COUNTER_TCP_ZERO_WINDOW_DROP,
	COUNTER_TCP_FROM_ZERO_WINDOW_ADV,
	COUNTER_TCP_TO_ZERO_WINDOW_ADV,
	COUNTER_TCP_WANT_ZERO_WINDOW_ADV,
	COUNTER_TCP_BACKLOG_DROP,
	COUNTER_TCP_MEMORY_PRESSURES,
	COUNTER_TCP_MEMORY_PRESSURES_CHRONO, /* ms under pressure; told when it ends */
	COUNTER_TCP_ABORT_ON_MEMORY,
	COUNTER_TCP_WQUEUE_TOO_BIG,
	/* Listeners */
	COUNTER_LISTEN_OVERFLOWS,
	COUNTER_LISTEN_DROPS,
	COUNTER_TCP_REQ_Q_FULL_DO_COOKIES,
	COUNTER_TCP_REQ_Q_FULL_DROP,
	COUNTER_TCP_DEFER_ACCEPT_DROP,
	COUNTER_SYNCOOKIES_SENT,
	COUNTER_SYNCOOKIES_RECV,
	COUNTER_SYNCOOKIES_FAILED,
	/* Fast Open */
	COUNTER_FASTOPEN_ACTIVE,
	COUNTER_FASTOPEN_ACTIVE_FAIL,
	COUNTER_FASTOPEN_PASSIVE,
	COUNTER_FASTOPEN_PASSIVE_FAIL,
	COUNTER_FASTOPEN_PASSIVE_ALT_KEY,
	COUNTER_FASTOPEN_LISTEN_OVERFLOW,
	COUNTER_FASTOPEN_COOKIE_REQD,
	COUNTER_FASTOPEN_BLACKHOLE,
	/* Path MTU, slow start's end, acknowledgements */
	COUNTER_TCP_MTUP_FAIL,
	COUNTER_TCP_MTUP_SUCCESS,
	COUNTER_TCP_HYSTART_TRAIN_DETECT,
	COUNTER_TCP_HYSTART_TRAIN_CWND,
	COUNTER_TCP_HYSTART_DELAY_DETECT,
	COUNTER_TCP_HYSTART_DELAY_CWND,
	COUNTER_DELAYED_ACKS,
	COUNTER_DELAYED_ACK_LOST,
	COUNTER_TCP_AUTO_CORKING,
	/* ECN marks: of TCP's acknowledged segments, and of all packets of IPv4 and IPv6 */
	COUNTER_TCP_DELIVERED_CE,
	COUNTER_IN_CE_PKTS,
	COUNTER_IP6_IN_CE_PKTS,
	/* UDP */
	COUNTER_UDP_IN_DATAGRAMS,
	COUNTER_UDP_OUT_DATAGRAMS,
	COUNTER_UDP_IN_ERRORS,
	COUNTER_UDP_RCVBUF_ERRORS,
	COUNTER_UDP_SNDBUF_ERRORS,
	COUNTER_UDP_MEM_ERRORS,
	COUNTER_UDP6_IN_DATAGRAMS,
	COUNTER_UDP6_OUT_DATAGRAMS,
	COUNTER_UDP6_IN_ERRORS,
	COUNTER_UDP6_RCVBUF_ERRORS,
	COUNTER_UDP6_SNDBUF_ERRORS,
	COUNTER_UDP6_MEM_ERRORS,
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
