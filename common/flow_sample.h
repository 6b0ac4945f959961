/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One TCP socket as one sock_diag message described it: the value that travels from the kernel
 * reader (daemon/kern) to the model, neither of which knows the other.
 */
#include "common/address.h"
#include "common/tcp_info.h"

#define CONGESTION_NAME_MAX 16 /* TCP_CA_NAME_MAX */

/* enum tcp states, include/net/tcp_states.h */
#define TCP_STATE_ESTABLISHED 1
#define TCP_STATE_LISTEN      10

/* idiag_timer, net/ipv4/inet_diag.c */
#define FLOW_TIMER_NONE      0
#define FLOW_TIMER_KEEPALIVE 2

typedef struct FlowSample {
	uint64_t cookie; /* idiag_cookie: unique per socket until reboot */
	Address local, remote;
	uint16_t local_port, remote_port; /* host order */
	uint8_t state;
	uint8_t timer;  /* FLOW_TIMER_*: the one that is running */
	bool destroyed; /* from the destroy group: final counters, no congestion, no skmeminfo */
	uint32_t inode, uid;
	uint32_t rqueue, wqueue; /* LISTEN: accept queue and its maximum */

	TcpInfo info;
	char congestion[CONGESTION_NAME_MAX]; /* "" if not delivered */

	bool has_skmeminfo;
	uint32_t rmem_alloc, rcvbuf, wmem_alloc, sndbuf, forward_alloc, wmem_queued, optmem,
		backlog; /* bytes */
	uint32_t drops;  /* packets; LISTEN: handshakes that were dropped, nearly always because the
			    accept queue was full */

	bool has_bbr;
	uint64_t bbr_bw;                                         /* bytes/s */
	uint32_t bbr_min_rtt_us, bbr_pacing_gain, bbr_cwnd_gain; /* gains << 8 */

	bool has_dctcp, dctcp_enabled;
	uint16_t dctcp_ce_state;
	uint32_t dctcp_alpha;                              /* << 10 */
	uint32_t dctcp_ab_ecn_bytes, dctcp_ab_total_bytes; /* of the last window */
} FlowSample;
