/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What is kept of one flow between two sweeps: only what is needed to make the next delta (the
 * kernel's counters are cumulative), where its path is, and the label of the arm it was born in.
 * There are tens of thousands of these: every byte counts.
 */
#include "daemon/model/path.h"

typedef struct Flow {
	MapEntry entry;
	uint64_t cookie;
	uint64_t birth_ns, last_ns;
	uint64_t bytes_acked, bytes_sent, bytes_retrans, bytes_received;
	/* The low halves of the kernel's: they turn over once in 71 minutes, sweeps come sooner. */
	uint32_t busy_us, rwnd_limited_us, sndbuf_limited_us;
	uint32_t path; /* slot of its path when it was last seen; to be verified */
	uint32_t epoch;
	uint32_t sweep; /* last one it was seen in */
	uint32_t dsack_dups;
	uint16_t total_rto;
	bool bulk : 1;
	bool birth_seen : 1;
	bool paused : 1; /* when last seen it had sent nothing for longer than its RTO, with a
			    window above the initial one */
} Flow;

/* Takes the counters as the baseline of a flow whose past is not known. */
void flow_baseline(Flow *flow, const TcpInfo *info);
/* What it did since the last time, which is forgotten. */
void flow_advance(Flow *flow, const TcpInfo *info, uint64_t now_ns, FlowDelta *ret);
