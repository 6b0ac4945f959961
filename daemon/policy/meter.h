/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The meter of one block of a trial: what the bulk flows to one path achieved that were born in
 * this block (their label is its epoch, or a later one: another trial may have switched since).
 * Whole lives count, since a flow's life lies within the block up to now; flows of other arms are
 * not seen at all.
 */
#include "daemon/model/path.h"

/* What a trial looks at; the knob decides. */
typedef enum MeterKind {
	METER_BULK,    /* goodput, queue and loss of bulk flows born in the block */
	METER_SHORT,   /* completion time of transfers of one size class, born in the block */
	METER_BURST,   /* rate of what flows of any birth send after a pause */
	METER_QUEUE,   /* how long data waits unsent in the sockets of flows of any birth */
	METER_REQUEST, /* rate of exchanges of flows of any birth that ask and answer */
} MeterKind;

typedef struct Meter {
	Address path;
	uint32_t epoch;
	unsigned flows;          /* bulk */
	uint64_t acked, busy_us; /* of bulk flows, since birth */
	uint64_t sent, retrans;  /* of bulk flows, since birth */
	uint64_t max_inflight_bytes;
	uint64_t received;   /* bytes */
	uint64_t receive_ns; /* time over which bulk receiving flows received */
	uint64_t max_receive_window_bytes;
	SparseHistogram srtt;
} Meter;

/* What one block says; has_*: false when it saw too little. */
typedef struct MeterReading {
	unsigned flows;
	bool has_goodput, has_srtt, has_retrans;
	uint64_t goodput_bps; /* sending: acked / busy; else receiving */
	uint32_t srtt_p50_us, srtt_p90_us;
	double retrans;
	uint64_t max_window_bytes; /* most in flight; receiving: the largest window offered */
	uint64_t busy_us;
} MeterReading;

void meter_init(Meter *meter, const Address *path); /* keeps the memory of an earlier block */
void meter_clear(Meter *meter);
void meter_start(Meter *meter, uint32_t epoch);
void meter_observe(Meter *meter, const Path *path, const FlowSample *sample,
		   const FlowDelta *delta);
void meter_read(const Meter *meter, MeterReading *ret);

/*
 * The reward of a block (tuning of congestion control):
 *   R = ln(goodput) - latency_weight * ln(1 + q90) - 5 * max(0, retrans - 0.01)
 * with q90 = (srtt_p90 - floor) / floor. False when the block has no goodput.
 */
bool meter_reward(const MeterReading *reading, uint32_t floor_us, double latency_weight,
		  double *ret_reward);
