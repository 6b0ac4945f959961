/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The daemon's real path table and engine in a closed loop with a simulated world: sweep, foreign
 * changes, snapshot, engine, action, in the order of daemon/cycle.c, with a fake clock. Actions are
 * executed as there: write, sweep, raise the epoch, report. A step is a second while the engine
 * wants it, else as long as the sweep interval.
 *
 * The actuator keeps the rules of tune/registry.h: what somebody else changed is foreign and stays
 * so. Whatever the engine does is held against what it must never do; the first offence is kept.
 */
#include "daemon/policy/engine.h"
#include "tests/sim/world.h"

#define RUN_INTERVAL_NS (10 * NSEC_PER_SEC)

/* What became of all changes. */
typedef struct RunTally {
	unsigned started, kept, restored, inconclusive, advised;
	double pairs, trial_seconds; /* of those decided, summed */
	double new_arm_seconds;      /* settings on trial in force, of all trials, summed */
	uint64_t first_start_ns, first_kept_ns, last_kept_ns, last_restored_ns; /* 0: never */
} RunTally;

typedef struct RunOwner {
	bool ours, foreign;
	TunableValue original, expected; /* what is there, unless somebody else wrote */
} RunOwner;

typedef struct Run Run;
struct Run {
	World world;
	PathTable *table;
	Engine *engine;
	PolicyConfig config;
	uint64_t engine_state, seed, interval_ns;
	RunOwner owners[_TUNABLE_SYSCTLS];
	uint64_t pressures_told, check_ns, writes_seen;
	RunTally tally;
	uint64_t steps, switches, foreign_found;
	bool verbose; /* prints what is reported */
	/* Called before each step. */
	void (*hook)(Run *run, void *context);
	void *hook_context;
	unsigned offences;
	char offence[256]; /* the first */
};

/* A run with default settings: Mode=auto, balanced, route metrics allowed. Paths are to be
 * described in run->world.paths before run_start(). */
void run_init(Run *run, size_t n_paths, uint64_t seed);
void run_start(Run *run);
void run_clear(Run *run);

void run_for(Run *run, double seconds);
/* Until something more is kept, restored or found inconclusive; false if not within `seconds`. */
bool run_until_decided(Run *run, double seconds);
/* As the daemon stops: all of ours goes back, by the engine's own account. Then whatever is not as
 * it was found, and not foreign, is an offence. */
void run_stop(Run *run);
/* All paths lead out elsewhere: the actuator gives up its routes, and says so. */
void run_gateway_change(Run *run, int link_index);
/* Somebody else installs a host route to this path. */
void run_foreign_route(Run *run, size_t i);

double run_hours(const Run *run);
/* The newest change of this controller, NULL: none. */
const Change *run_last_change(const Run *run, const char *controller);
/* What new flows to the path are born with. */
const char *run_congestion(Run *run, size_t path);
/* Total bytes of all paths. */
double run_bytes(const Run *run);
