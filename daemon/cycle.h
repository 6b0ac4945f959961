/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One step of the loop: sweep the kernel's TCP state into the model, take a snapshot, ask the
 * engine, execute its one action, report back. It also decides when the next step is due: every
 * second while bulk data moves or a trial runs, else backing off to Interval=; and never at a cost
 * beyond CpuBudget= (model/budget.h), for which it looks at the sockets in parts if it must.
 */
#include "daemon/hands.h"
#include "daemon/kern/diag.h"
#include "daemon/kern/host.h"
#include "daemon/kern/netstat.h"
#include "daemon/model/budget.h"
#include "daemon/model/path_table.h"
#include "daemon/policy/engine.h"
#include "daemon/run/loop.h"
#include "daemon/sense.h"
#include "daemon/tune/registry.h"

typedef struct Cycle Cycle;

typedef struct CycleParams {
	Loop *loop;
	Clock clock;
	SysctlOps sysctl;
	PathTable *paths;
	Registry *registry; /* to look at; what is written is written by the hands */
	Hands *hands;
	const char *const *administered; /* files of sysctl.d, by id; NULL: it is in none */
	Engine *engine;
	uint64_t interval_ns;    /* longest time between two sweeps */
	uint64_t cpu_budget_ppm; /* of one core */
	/* For ENGINE_SHADOW, and whether that is possible at this address. cycle_shadowed() tells
	 * what came of it. NULL: it never is. */
	int (*shadow)(void *context, const EngineAction *action, char *reason, size_t size);
	bool (*probed)(void *context, const Address *address);
	/* After each step. NULL: nobody wants to know. `since_ns`: begin of its sweep. */
	void (*stepped)(void *context, uint64_t since_ns);
	void *context;
} CycleParams;

typedef struct CycleStats {
	uint64_t sweeps, incomplete, destroy_lost;
	uint64_t at_ns;       /* when the last sweep ended, monotonic; 0: none yet */
	uint64_t duration_ns; /* of the last sweep */
	uint64_t cpu_ns;      /* processor time of it */
	uint64_t used_ppm;    /* of one core, lately */
	uint64_t period_ns;   /* until the next */
	uint64_t sockets;     /* that the last one saw */
	unsigned slices;      /* each sweep sees one of so many parts of the sockets */
} CycleStats;

/* -EPROTONOSUPPORT and the like: the kernel does not tell of its sockets. */
int cycle_new(const CycleParams *params, Cycle **ret_cycle);
void cycle_free(Cycle *cycle);
void cycle_set_interval(Cycle *cycle, uint64_t interval_ns, uint64_t cpu_budget_ppm);
/* Runs a step soon, without waiting for the timer. */
void cycle_poke(Cycle *cycle);
/* Executes an action that did not come from a step (revert, abort). 0, positive: refused, or
 * negative errno. */
int cycle_execute(Cycle *cycle, const EngineAction *action);
/* A snapshot for a question: what a step would be told is not taken from it. Valid until the next
 * step. */
void cycle_look(Cycle *cycle, Snapshot *ret);
/* Begins a comparison of a setting with itself (engine_trial_aa()). `reason`: one sentence, always.
 */
int cycle_trial_aa(Cycle *cycle, const Address *path, unsigned pairs, char *reason, size_t size);
/* What our own probes met with under the candidate of a change; harm NULL: nothing. */
void cycle_shadowed(Cycle *cycle, uint64_t change_id, const char *harm);
/* To be called when the registry reports a foreign change; delivered after the present step. */
void cycle_foreign(Cycle *cycle, TunableId id);
CycleStats cycle_stats(const Cycle *cycle);
/* The counters of the last step; NULL: none could be read yet. */
const Counters *cycle_counters(const Cycle *cycle);
/* What the host's files and sockets said, and what reading them costs. */
const Sense *cycle_sense(const Cycle *cycle);
/* All flows, or listeners, now; for somebody who asks. Negative errno. */
int cycle_dump(Cycle *cycle, uint32_t states, DiagCallback each, void *context);
