/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * An engine in a closed loop with a host made by hand: transfers run back to back, and actions are
 * executed as daemon/cycle.c does it: write, sweep, raise the epoch, report. One of each, as
 * variables, since a test program has one loop.
 */
#include "daemon/policy/engine.h"
#include "tests/unit/fake_host.h"

#define MIB    INT64_C(1048576)
#define SECOND NSEC_PER_SEC

/* The traffic: transfers of 6 s, a new one every 3 s. */
typedef struct SimTraffic {
	uint64_t bps; /* under the old setting; 0: none */
	double gain;  /* under bbr, or with a larger send buffer */
	double loss;
	uint32_t floor_us;
	bool buffer_limited;
	unsigned seconds;
	/* Multiplies the rate of each transfer; NULL: 1. */
	double (*noise)(void *context);
	void *noise_context;
} SimTraffic;

extern FakeHost host;
extern Engine *engine;
extern EngineAction action; /* the last one */
extern PolicyConfig config; /* as given by sim_setup; see sim_configure() */
extern uint64_t random_state;
extern SimTraffic traffic;
extern char events[512]; /* what was reported, newest last: "1:trial-started 1:kept" */
extern int write_status; /* what a write answers; 0: it is done */

/* Mode auto, everything automatic, no traffic. */
void sim_setup(void);
void sim_teardown(void);
void sim_configure(void);

/* Lets `ns` pass, with the transfers that end and begin in it. */
void sim_pass(uint64_t ns);
void sim_ask(void); /* one step, into `action` */
void sim_execute(const EngineAction *to_do);
/* Seconds of all three. */
void sim_run(unsigned seconds);
/* Until something more is reported. */
void sim_run_to_report(unsigned at_most);

/* 0.5 % loss without a queue, 2 Mbit/s by cubic, `gain` times that by bbr. */
void sim_lossy_path(double gain);
/* 4 MiB are too small for it. */
void sim_small_buffer(double gain);
void sim_fix_buffers(int64_t bytes);

const Change *sim_change(uint64_t id);
const TunableValue *sim_value(TunableId id);
const char *sim_idle(const char *controller);
int64_t sim_wmem(void);
int64_t sim_rmem(void);
const char *sim_congestion(void);
