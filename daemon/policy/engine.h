/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The engine: asks the controllers for proposals, runs one experiment per blast domain at a time,
 * lets its trial decide, tests again what it kept, and keeps the ring of changes. Pure: a snapshot
 * and the time come in, one action goes out; whoever executes it reports back. No clock, no file,
 * no loop.
 */
#include "common/clock.h"
#include "common/random.h"
#include "daemon/model/lessons.h"
#include "daemon/model/path_table.h"
#include "daemon/policy/ring.h"

typedef enum PolicyMode {
	POLICY_OBSERVE,
	POLICY_ADVISE,
	POLICY_AUTO,
} PolicyMode;

typedef enum PolicyObjective {
	POLICY_LATENCY,
	POLICY_BALANCED,
	POLICY_THROUGHPUT,
} PolicyObjective;

typedef enum PolicySwitch {
	POLICY_AUTO_TUNE,
	POLICY_OFF,
	POLICY_FIXED,
} PolicySwitch;

#define POLICY_CC_MAX 8

/* One for each controller; named like the key of [Tuning]. */
typedef enum PolicyKnob {
	POLICY_BUFFERS,
	POLICY_CONGESTION,
	POLICY_FASTOPEN,
	POLICY_INITCWND,
	POLICY_IDLE,
	POLICY_LATENCY_KNOB, /* notsent_lowat */
	POLICY_QUICKACK,
	POLICY_RTO_MIN,
	POLICY_ECN,
	POLICY_MTU,
	POLICY_BACKLOG,
	POLICY_MEMORY,
	POLICY_PORTS,
	POLICY_UDP,
	POLICY_SOFTNET,
	POLICY_NEIGHBOURS,
	POLICY_DEVIATIONS,
	_POLICY_KNOBS,
} PolicyKnob;

typedef struct PolicyConfig {
	PolicyMode mode;
	PolicyObjective objective;
	PolicySwitch switches[_POLICY_KNOBS];
	bool per_destination;          /* route metrics may be installed */
	unsigned exploration_permille; /* of a day, per destination, under a setting on trial */
	bool override_sysctl;          /* what the administrator set in sysctl.d may be changed */
	char congestion_allowed[POLICY_CC_MAX][CONGESTION_NAME_MAX];
	size_t n_congestion_allowed;
	uint64_t buffers_max_bytes;      /* FIXED */
	unsigned fastopen_bits;          /* FIXED */
	unsigned memory_budget_permille; /* of the TCP memory pressure mark */
	uint64_t memory_budget_bytes;    /* if not 0, instead */
} PolicyConfig;

/* One tunable as the policies may see it. */
typedef struct PolicyTunable {
	bool present, writable, foreign;
	const char *administered; /* the file of sysctl.d(5) that sets it; NULL: none */
	TunableValue current, original;
} PolicyTunable;

/* What the actuator says of one destination's route. */
typedef struct PolicyRoute {
	bool eligible;    /* a metric can be installed */
	char reason[128]; /* why not */
	int link_index;   /* egress device; 0: unknown */
	bool probed; /* an endpoint of ours is there: a candidate is tried on our own probes first
		      */
	uint64_t fingerprint; /* lessons_route(): of gateway and device; 0: unknown */
	TunableValue metrics[_TUNABLES - _TUNABLE_SYSCTLS]; /* in force; unset: none of ours */
} PolicyRoute;

/* Everything a decision may depend on. */
typedef struct Snapshot {
	uint64_t now_ns;
	uint64_t realtime_ns; /* for records only */
	const PathTable *paths;
	/* The busiest of them, sorted for all who ask; NULL: nobody has yet. */
	const Path *const *busiest;
	size_t n_busiest;
	PolicyTunable tunables[_TUNABLE_SYSCTLS];
	/* Asked for candidates only: it costs two questions to the kernel. NULL: no route metrics.
	 * False: it could not be told. */
	bool (*route)(const void *context, const Address *destination, PolicyRoute *ret);
	const void *route_context;
	/* Counters and gauges of the host in windows; NULL: none. */
	const struct HostWindows *host;
	/* Of the sockets together, and the settings that are only read; NULL: not known. */
	const struct Census *census;
	const struct HostSettings *settings;
	uint64_t page_bytes;            /* tcp_mem is in pages; 0: not known */
	char congestion_available[256]; /* tcp_available_congestion_control */
	uint64_t memory_total_bytes;
	uint64_t tcp_memory_bytes, tcp_pressure_bytes;
	uint64_t memory_pressures;         /* new TCPMemoryPressures since the last snapshot */
	uint64_t fastopen_cookie_requests; /* since the daemon started */
	bool destroyed_lost; /* destroy events were lost: blocks of this interval are not complete
			      */
} Snapshot;

typedef enum EngineActionKind {
	ENGINE_NOTHING,
	ENGINE_APPLY,   /* write `changes` (an arm of a trial, or a first write) and raise the epoch
			 */
	ENGINE_RESTORE, /* go back to the values in `changes`; one that equals the original ends our
			   ownership of that tunable */
	ENGINE_SHADOW,  /* let probes of ours, and nobody else, feel `changes`; what came of it is
			   told  by engine_shadow_result() */
} EngineActionKind;

typedef struct EngineAction {
	EngineActionKind kind;
	uint64_t change_id;
	struct {
		TunableId id;
		TunableValue value; /* to write; for ENGINE_RESTORE what to go back to */
		Address path;       /* of a route metric: its destination */
	} changes[_TUNABLES];
	size_t n_changes;
	uint32_t epoch; /* give this to path_table_set_epoch once it is written */
} EngineAction;

/* What happened, for the log: a proposal, a verdict, advice. */
typedef void (*EngineReport)(const Change *change, const char *event, void *context);

typedef struct Engine Engine;

/* Trials at the same time: never two of the host's settings, never two on one destination, never
 * two whose traffic leaves by the same device if either is about congestion control or buffers. */
#define ENGINE_TRIALS_MAX 3 /* two comparisons, and one of a fault that the kernel counts */

typedef struct EngineParams {
	PolicyConfig config;
	Random random;
	Lessons *lessons; /* of earlier trials, borrowed; NULL: nothing is remembered */
	EngineReport
		report; /* event: "advised", "trial-started", "kept", "restored", "inconclusive" */
	void *context;
} EngineParams;

#define ENGINE_CHANGES_MAX                                                                         \
	RING_MAX /* records kept; the oldest decided one that is not in force goes first */

int engine_new(const EngineParams *params, Engine **ret_engine);
void engine_free(Engine *engine);
void engine_set_config(Engine *engine, const PolicyConfig *config);

/* One step. The caller executes *ret_action, then calls engine_done() with the outcome. */
void engine_step(Engine *engine, const Snapshot *snapshot, EngineAction *ret_action);
/* status 0: done; positive: refused (foreign, read-only), nothing touched; negative errno. */
void engine_done(Engine *engine, const EngineAction *action, int status, const char *reason,
		 uint64_t now_ns);
/* What probes under the candidate of a change met with, beside others without it. harm: a sentence;
 * NULL: none. It may come later than anybody waits for it. */
void engine_shadow_result(Engine *engine, uint64_t change_id, const char *harm, uint64_t now_ns,
			  uint64_t realtime_ns, EngineAction *ret_action);
/* Feed of the running trials' meters: set as the path table's observer with the engine as context.
 */
void engine_observe(const Path *path, const FlowSample *sample, const FlowDelta *delta,
		    void *engine);
/* A tunable was found changed by somebody else: a trial on it ends, changes on it are no longer in
 * force. */
void engine_foreign(Engine *engine, TunableId id, uint64_t now_ns, uint64_t realtime_ns);
/* The actuator gave up the metrics of a destination: its route changed, or somebody else took it.
 */
void engine_route_lost(Engine *engine, const Address *destination, const char *reason,
		       uint64_t now_ns, uint64_t realtime_ns);
/* When the engine next wants a step (monotonic ns); UINT64_MAX: at the next sweep is early enough.
 */
uint64_t engine_next_ns(const Engine *engine);

/* Operator. The caller restores the tunables in *ret_action; with id 0 (everything) also all route
 * metrics, which are not listed there. -ENOENT: no such change in force. */
int engine_revert(Engine *engine, uint64_t id, uint64_t now_ns, uint64_t realtime_ns,
		  EngineAction *ret_action);
/* One running trial (if any) is ended as inconclusive; *ret_action restores. True if there was one:
 * ask again.
 */
bool engine_abort(Engine *engine, const char *reason, uint64_t now_ns, uint64_t realtime_ns,
		  EngineAction *ret_action);
/* A trial of nothing against nothing on this path, of so many pairs at most: whether the machinery
 * finds an effect where there is none. -ENOENT: no such path; -EBUSY: another trial is in the way;
 * -EPERM: mode or route do not allow it; with the reason. */
int engine_trial_aa(Engine *engine, const Snapshot *snapshot, const Address *path, unsigned pairs,
		    EngineAction *ret_action, char *reason, size_t size);
/* Nothing new is proposed until then (UINT64_MAX: until resumed); 0: resumed. */
void engine_pause(Engine *engine, uint64_t until_ns);
uint64_t engine_paused_until(const Engine *engine);

size_t engine_change_count(const Engine *engine);
const Change *engine_change_at(const Engine *engine, size_t index); /* 0 newest */
const Change *engine_change_find(const Engine *engine, uint64_t id);
const Change *engine_running(const Engine *engine); /* a change in trial, or NULL */
/* All of them; returns how many. */
size_t engine_trials(const Engine *engine, const Change *ret_changes[ENGINE_TRIALS_MAX]);
/* Why nothing is being done for this controller now, one sentence; "" if it is acting. */
size_t engine_controller_count(void);
const char *engine_controller_name(size_t index);
const char *engine_controller_summary(size_t index);
const char *engine_controller_idle_reason(const Engine *engine, size_t index);
