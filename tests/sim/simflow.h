/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A flow of the simulated host: a life of the flow model in progress, and what sock_diag would say
 * of it now. Only those fields are filled that the daemon's model, meters and controllers use.
 */
#include "common/flow_sample.h"
#include "tests/sim/flowmodel.h"

typedef struct SimFlow {
	uint64_t cookie, birth_ns;
	uint32_t path; /* index of its path in the world */
	uint16_t local_port;
	bool receiving, ended;
	bool bounded; /* has so much to deliver; otherwise it runs until end_ns */
	uint64_t end_ns;
	FlowSetting setting;
	FlowLife life;
	double speed;      /* its own, on top of its path's */
	double progress_s; /* of its life */
	double acked, retrans, busy_s;
	double timeouts;
	double rate; /* bytes/s since the last time */
} SimFlow;

/* The weather of its path. */
typedef struct SimSky {
	double speed;      /* 1: as the model says; 0: nothing gets through */
	double extra_loss; /* share of what moves that is sent again on top */
} SimSky;

/* Lets it move for so many seconds; `ended` once it has delivered all. */
void sim_flow_move(SimFlow *flow, double seconds, const SimSky *sky);
/* `random` chooses the moment's smoothed RTT. */
void sim_flow_sample(const SimFlow *flow, const FlowPath *path, const Address *remote,
		     const Random *random, FlowSample *ret);
/* Kernel memory of its queues. */
double sim_flow_memory_bytes(const SimFlow *flow);
