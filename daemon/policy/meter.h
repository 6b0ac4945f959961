/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The meter of one block of a trial: what the flows to one path achieved under one setting. What it
 * looks at depends on the knob, for a setting acts on connections born under it (congestion
 * control, initial window) or on all at once (pauses, send queues, acknowledgements). One that acts
 * on all, but is not undone on those it has acted upon (rto_min: the kernel never lifts the timeout
 * of a connection again), is compared by births as well.
 *
 * Kinds that count births count whole lives: a flow's label is the epoch of the block in which it
 * was first seen, or a later one, since another trial may have switched in between. Flows with an
 * older label are not counted. Kinds that count flows of any birth see what those did since the
 * last sweep, if all of that time lies in the block. Neither counts what happened in the washout
 * after a switch.
 */
#include "daemon/model/path.h"

/* What a trial looks at; the knob decides. */
typedef enum MeterKind {
	METER_BULK,         /* goodput, queue and loss of bulk flows born in the block */
	METER_SHORT,        /* completion time of transfers of one size class, born in the block */
	METER_BURST,        /* rate of what flows of any birth send after a pause */
	METER_QUEUE,        /* how long data waits unsent in the sockets of flows of any birth */
	METER_REQUEST,      /* rate of exchanges of flows of any birth that ask and answer */
	METER_REQUEST_BORN, /* the same of flows born in the block: what the setting has done to a
			       flow stays when it is taken back */
	_METER_KINDS,
} MeterKind;

typedef struct MeterParams {
	MeterKind kind;
	Address path;
	uint32_t low_bytes, high_bytes; /* METER_SHORT: acknowledged bytes of its size class */
} MeterParams;

/* Bursts under way, by cookie; more of them at a time are not followed. */
#define METER_BURSTS 64
typedef struct MeterBurst {
	uint64_t cookie;
	uint64_t acked, busy_us;
	bool open;
} MeterBurst;

typedef struct Meter {
	MeterParams params;
	uint32_t epoch, other_epoch; /* of this block, and of the one before */
	uint64_t from_ns;            /* nothing before counts */
	uint64_t settled_ns;         /* until then the other arm's flows may still be in the way */
	bool shared;                 /* they were, and what was counted by then is forgotten */
	unsigned units;              /* see MeterReading */
	uint64_t acked, busy_us, sent, retrans;
	uint64_t max_inflight_bytes;
	uint64_t received;   /* bytes */
	uint64_t receive_ns; /* time over which they were received */
	uint64_t max_receive_window_bytes;
	unsigned births, moving, syn_retrans, rto;
	uint32_t route_epoch; /* of the path's floor, when last seen; 0: not yet */
	uint32_t route_floor_us, route_previous_us;
	SparseHistogram srtt, times;
	MeterBurst bursts[METER_BURSTS];
} Meter;

/* What one block says; has_*: false when it saw too little. */
typedef struct MeterReading {
	MeterKind kind;
	unsigned flows; /* bulk: flows; short: transfers; burst: bursts; else samples */
	bool has_goodput, has_srtt, has_retrans, has_times;
	/* bulk: sending: acked / busy; else receiving; short, burst: acked / busy; queue: the same
	 * over all flows; request: bytes exchanged / time */
	uint64_t goodput_bps;
	uint32_t srtt_p50_us, srtt_p90_us;
	uint32_t time_p50_us, time_p90_us; /* short: until all is acknowledged; queue: unsent */
	double retrans;
	uint64_t max_window_bytes; /* most in flight; receiving: the largest window offered */
	uint64_t busy_us;
	/* Of connections born in the block, of any size, whatever the kind: how many, how many got
	 * data through either way, had to repeat their SYN; and timeouts. */
	unsigned births, moving, syn_retrans, rto;
} MeterReading;

void meter_init(Meter *meter, const MeterParams *params);
void meter_clear(Meter *meter);
/* Keeps the memory of an earlier block. What is born, or begins, before from_ns is in the washout.
 * METER_BULK: as long as bulk flows of the block before still move data, but not after settled_ns,
 * the washout goes on: a flow that shares the path with one of the other arm is hurt, or helped, by
 * it. */
void meter_start(Meter *meter, uint32_t epoch, uint64_t from_ns, uint64_t settled_ns);
void meter_observe(Meter *meter, const Path *path, const FlowSample *sample,
		   const FlowDelta *delta);
void meter_read(const Meter *meter, MeterReading *ret);
/* How many flows, transfers, ... a block must have for its reading to be used. */
unsigned meter_units_min(MeterKind kind);
/* Whether it looks at exchanges: their rate is no goodput. */
bool meter_is_request(MeterKind kind);
/* What they are called: "bulk connections" */
const char *meter_units_name(MeterKind kind);

/*
 * The reward of a block, ln units:
 *   bulk:    ln(goodput) - latency_weight * ln(1 + q90) - 5 * max(0, retrans - 0.01)
 *            with q90 = (srtt_p90 - floor) / floor
 *   short:   -ln(p50) - 0.5 * ln(p90 / p50) of the completion times
 *   burst:   ln(rate)
 *   queue:   -latency_weight * ln(1 ms + p50 of the waiting)
 *   request: ln(rate), of any birth or not
 * False when the block has none.
 */
bool meter_reward(const MeterReading *reading, uint32_t floor_us, double latency_weight,
		  double *ret_reward);
