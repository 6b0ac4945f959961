/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What one TCP connection achieves on a path, in closed form or round by round: goodput, round-trip
 * times, retransmissions, completion. Pure: a path, a setting, a plan and a source of randomness
 * come in, a life goes out. It is as good as it must be for a simulator of tuning: reno, cubic and
 * bbr rank as they were measured on Linux 6.18 over an emulated WAN (test_sim_flowmodel.c holds the
 * model against those figures), and a short transfer takes the rounds it takes.
 *
 * Loss-based control is walked through round by round: slow start without HyStart (it did not fire
 * where it was measured), CUBIC of RFC 9438 or Reno, drop-tail overflow, random loss, bursts that a
 * tiny buffer cannot take, retransmission timeouts. BBR (version 1) is a formula: it keeps the
 * rate, pays with retransmissions where the buffer is shorter than its probing, and shares with
 * loss-based flows as was measured. Not modelled: HyStart, delayed acknowledgements, reordering,
 * AQM other than marking, a change of the path during a life.
 */
#include "common/base.h"
#include "common/random.h"

#define FLOW_MSS  1448
#define FLOW_WIRE 1514 /* bytes of a full segment on the link */

/* What a receiver of default settings offers first: half of tcp_rmem[1], and not over 64 KB. */
#define FLOW_FIRST_WINDOW (64 * 1024)
/* Payload per byte of receive buffer, and the share of a send buffer that is in flight. */
#define FLOW_RECEIVE_RATIO 0.625
#define FLOW_SEND_RATIO    0.64

typedef enum FlowCongestion {
	FLOW_RENO,
	FLOW_CUBIC,
	FLOW_BBR,
	_FLOW_CONGESTIONS,
} FlowCongestion;

/* "reno" "cubic" "bbr" */
const char *flow_congestion_name(FlowCongestion congestion);
/* FLOW_CUBIC for what is not known. */
FlowCongestion flow_congestion_from(const char *name);

typedef struct FlowPath {
	double rtt_us; /* without queue */
	double jitter_us;
	double rate_bps; /* of the bottleneck */
	double queue_bytes;
	double loss;                             /* random, per packet */
	double policer_bps, policer_burst_bytes; /* 0: none */
	bool marks;                              /* the bottleneck marks (ECN) before it drops */
	unsigned competitors;                    /* long-lived cubic flows in the same queue */
	double cross;                   /* share of the rate that unresponsive traffic takes */
	double peer_window_bytes;       /* largest the peer offers; 0: without limit */
	double peer_first_window_bytes; /* 0: FLOW_FIRST_WINDOW */
} FlowPath;

typedef struct FlowSetting {
	FlowCongestion congestion;
	unsigned initcwnd;    /* 0: 10 */
	double sndbuf_bytes;  /* tcp_wmem[2]; 0: without limit */
	double rcvbuf_bytes;  /* of the receiver, tcp_rmem[2]; 0: without limit */
	double rto_min_us;    /* 0: 200 ms */
	bool keep_after_idle; /* tcp_slow_start_after_idle = 0 */
	bool ecn;
} FlowSetting;

typedef struct FlowPlan {
	double bytes;        /* to deliver; 0: as much as goes in `seconds` */
	double seconds;      /* at most; 0: until all is delivered */
	double warm_packets; /* the congestion window of before an idle time; 0: a new connection */
} FlowPlan;

typedef enum FlowLimit {
	FLOW_LIMIT_NETWORK, /* congestion window or rate */
	FLOW_LIMIT_SNDBUF,
	FLOW_LIMIT_RECEIVER,
} FlowLimit;

typedef struct FlowLife {
	double seconds; /* from the first byte sent to the last acknowledged; no handshake */
	double bytes;   /* delivered */
	double retrans_bytes;
	double goodput_bps;
	double competitors_bps; /* what all competitors together had meanwhile */
	double min_rtt_us, srtt_p50_us, srtt_p90_us;
	double cwnd_packets;                   /* mean, by time */
	double inflight_bytes;                 /* largest */
	double delivery_bps;                   /* largest in a round */
	double startup_seconds, startup_bytes; /* until the first loss, or the full rate */
	unsigned rounds, timeouts;
	FlowLimit limit;
} FlowLife;

/* `random` decides which packets are lost. */
void flow_live(const FlowPath *path, const FlowSetting *setting, const FlowPlan *plan,
	       const Random *random, FlowLife *ret);
/* Delivered after `seconds` of this life: fast or slow as its start-up was, then evenly. */
double flow_progress_bytes(const FlowLife *life, double seconds);
/* The bandwidth-delay product in bytes. */
double flow_bdp_bytes(const FlowPath *path);
