/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The inside of the engine, for its files:
 *   engine.c        the step: what comes first, asking the controllers, queries
 *   engine_view.c   what is seen in a step
 *   engine_trial.c  the slots: who may be tried beside whom, from proposal to verdict
 *   engine_keep.c   what becomes of a kept change: re-tests, late harm, paths that fell silent
 *   engine_learn.c  what is remembered of earlier trials
 *   engine_hands.c  the operator and other hands: revert, abort, foreign values, lost routes
 *   engine_ask.c    questions: what would be done, why nothing is, what stands in the way
 *   engine_apply.c  the operator again: begins a trial of what was advised, holds values
 *
 * Invariants. At most one action is under way (`pending`). A slot with a change has a trial that is
 * initialised; the change is in the ring and cannot be dropped from it. A change in `restoring` is
 * decided, and its old values go back with the next step that may act.
 */
#include "daemon/policy/controller.h"
#include "daemon/policy/engine.h"
#include "daemon/policy/engine_ask.h"
#include "daemon/policy/hold.h"

/* More than there are: the reasons of idle ones have a fixed place. */
#define CONTROLLERS_MAX 24

/* After a verdict about the host, before the next proposal: longer than a sweep, so that what the
 * verdict wrote is seen. The evidence windows add their own 90 s. */
#define ENGINE_COOLDOWN_NS (15 * NSEC_PER_SEC)

/* Before a metric meets the connections of others, our own probes meet it. */
typedef enum Shadow {
	SHADOW_OVER, /* or not needed */
	SHADOW_WANTED,
	SHADOW_RUNNING,
} Shadow;

typedef struct Slot {
	Change *change; /* NULL: free */
	Shadow shadow;
	uint64_t shadow_ns; /* when it began */
	Trial trial;
	int link_index;        /* egress device of its path; 0: unknown, or the host */
	uint64_t arm_since_ns; /* when the new arm began; 0: the old one is in force */
} Slot;

/* When the settings of a path last changed: windows from before are no evidence. */
#define ENGINE_TOUCHED_MAX 64
typedef struct Touched {
	Address path;
	uint64_t at_ns;
} Touched;

/* How long a destination was under settings on trial in the day that began then. */
#define ENGINE_EXPLORED_MAX 256
typedef struct Explored {
	Address path;
	uint64_t day_ns, spent_ns;
} Explored;

/* The plan of a kept comparison: its re-tests are made by it. */
typedef struct KeptPlan {
	uint64_t change_id; /* 0: free */
	TrialPlan plan;
	uint32_t floor_epoch; /* of its path when it was kept */
	unsigned harmful_windows;
	uint64_t looked_ns; /* begin of the window last looked at */
} KeptPlan;

/* What was answered to who asked for advice, so that the same advice keeps its id. */
typedef struct Advised {
	Change change;
	uint64_t given_ns; /* last */
} Advised;

/* Ways that are looked up once in a step; more of them are asked for each time. */
#define ENGINE_WAYS_MAX 32
typedef struct Way {
	Address path;
	PolicyRoute route;
} Way;

/* A question that was answered in this step already: this may be tried. */
typedef struct Cleared {
	const char *controller; /* NULL: none */
	Address path;
	ChangeTunable tunable;
} Cleared;

struct Engine {
	EngineParams params;
	Ring ring;
	HoldTable holds;
	uint32_t epoch;
	Slot slots[ENGINE_TRIALS_MAX];
	bool pending; /* an action is under way */
	Change *restoring[ENGINE_TRIALS_MAX];
	uint64_t first_ns; /* of the first step */
	uint64_t now_ns, realtime_ns;
	/* During a step, else NULL: what is seen, and what was given to be seen. */
	const Snapshot *snapshot, *original;
	Snapshot view;
	Way ways[ENGINE_WAYS_MAX];
	size_t n_ways;
	const Path *busiest[CONTROLLER_PATHS];
	Cleared cleared;
	double threshold;            /* of e-BH; 0: to be computed */
	uint64_t threshold_until_ns; /* when the first of the verdicts in it is forgotten */
	uint64_t evidence_since_ns[CONTROLLERS_MAX];
	Touched touched[ENGINE_TOUCHED_MAX];
	Explored explored[ENGINE_EXPLORED_MAX];
	KeptPlan kept[RING_MAX];
	uint64_t quiet_until_ns, paused_until_ns;
	bool host_waits; /* a change of the host waits for the slots to be free */
	bool in_the_way; /* a controller was told that a trial is in its way */
	char idle[CONTROLLERS_MAX][CONTROLLER_REASON_MAX];
	Advised *advised; /* ENGINE_ADVICES_MAX of them; NULL: nobody asked yet */
	size_t n_advised;
};

/* --- engine.c --- */
void engine_report(Engine *engine, const Change *change, const char *event);
/* The index of a controller in the table; controller_count: none of it ("aa"). */
size_t engine_controller_of(const char *name);
/* Fills in an action that sets the change's new or old values, and awaits its outcome. */
void engine_set_action(Engine *engine, const Change *change, EngineActionKind kind, bool new_values,
		       EngineAction *ret);
/* A new record in the ring. NULL: no room. */
Change *engine_add_change(Engine *engine, const char *controller, const Proposal *proposal);
/* Whether a trial of this tunable, there, is under way. */
bool engine_is_on_trial(const Engine *engine, const Address *path, TunableId id);
void engine_hold(Engine *engine, HoldKind kind, const Change *change);
/* For reasons that are not the path's: no other path may ask for the same either. */
void engine_hold_everywhere(Engine *engine, const Change *change);
void engine_restore_later(Engine *engine, Change *change);
/* Whether the change is about metrics of a route, and not about the host. */
static inline bool engine_is_local(const Change *change)
{
	return change->n_tunables > 0 && tunable_is_route(change->tunables[0].id);
}

/* Fills in what a controller is asked with. */
ControllerInput engine_input(const Engine *engine, size_t controller, const Snapshot *snapshot);
/* Answers ControllerInput.in_force; the context is the engine. */
const Change *engine_in_force(const void *engine, const char *controller, const Address *path,
			      TunableId id);
/* Carries out a proposal, whose record is `change`. */
void engine_begin(Engine *engine, Change *change, const Proposal *proposal,
		  EngineAction *ret_action);
/* A metric of ours goes without a trial; what set it is thereby decided. */
void engine_withdraw(Engine *engine, const Controller *controller, const Proposal *proposal,
		     EngineAction *ret_action);
/* What a record says of a proposal. */
void engine_describe(const Engine *engine, const char *controller, const Proposal *proposal,
		     Change *change);

/* --- engine_view.c --- */
/* The snapshot as it is seen in this step: engine->snapshot, until engine_look_away(). */
const Snapshot *engine_look(Engine *engine, const Snapshot *snapshot);
void engine_look_away(Engine *engine);
/* Before the controllers are asked. */
void engine_sort_paths(Engine *engine);
/* All of that, for a question outside of a step: the time, the view, the paths. */
void engine_stand_at(Engine *engine, const Snapshot *snapshot);
/* False: outside of a step, of the host, or not to be told. */
bool engine_route(const Engine *engine, const Address *path, PolicyRoute *ret);

/* --- engine_ask.c --- */
/* A proposal as Mode=auto would get it, and whether only OverrideSysctl= keeps it from that. */
typedef struct Found {
	Proposal proposal;
	bool administered;
} Found;
#define ENGINE_FOUND_MAX 16 /* of one controller */
/* All that a controller would propose now, in its order. engine->snapshot is set. */
size_t engine_find_all(Engine *engine, size_t controller, Found ret[ENGINE_FOUND_MAX]);
/* What stands in the way of one. */
size_t engine_obstacles(Engine *engine, size_t controller, const Found *found,
			EngineObstacle ret[ENGINE_OBSTACLES_MAX]);
/* The record of advice that was given and not carried out: of the ring, or what was answered. */
Change *engine_advised_find(const Engine *engine, uint64_t id);
void engine_advised_forget(Engine *engine, uint64_t id);

/* --- engine_apply.c --- */
/* The change that keeps this tunable as it is because the operator wants so; NULL: none. */
const Change *engine_held_by(const Engine *engine, const Address *path, TunableId id);
/* Whether the operator wants what this tunable is to stay. */
bool engine_stays(const void *engine, const char *controller, const Address *path, TunableId id);

/* --- engine_trial.c --- */
/* The trials that count for e-BH are others now. */
void engine_recount(Engine *engine);
/* Whether the day's budget of this destination is spent. */
bool engine_is_explored(const Engine *engine, const Address *path);
/* Why a trial of this tunable on this path would disturb, or be disturbed by, one under way. */
bool engine_in_the_way(Engine *engine, const Address *path, TunableId id);
/* Gives the change a slot and begins. The first switch is in *ret_action. */
void engine_begin_trial(Engine *engine, Change *change, const TrialPlan *plan,
			EngineAction *ret_action);
/* True: it has an action. */
bool engine_step_trials(Engine *engine, const Snapshot *snapshot, EngineAction *ret_action);
void engine_decide(Engine *engine, Change *change, ChangeVerdict verdict, const char *reason);
/* Ends a slot's trial; what must be written then is in *ret_action. */
void engine_end_trial(Engine *engine, Slot *slot, ChangeVerdict verdict, const char *reason,
		      EngineAction *ret_action);
/* The arm that the slot's trial wanted is in force. */
void engine_switched(Engine *engine, Slot *slot, uint32_t epoch);
void engine_shadow_begun(Engine *engine, Slot *slot, int status);
Slot *engine_slot_of(Engine *engine, const Change *change); /* NULL: not in trial */
uint64_t engine_path_since(const void *engine, const Address *path);

/* --- engine_keep.c --- */
/* A comparison was won: re-tests follow. */
void engine_keep(Engine *engine, Change *change, const TrialPlan *plan);
/* A re-test ended; *ret_action may restore what it was about. */
void engine_retested(Engine *engine, Change *retest, const Trial *trial, ChangeVerdict verdict,
		     const char *reason, EngineAction *ret_action);
/* Looks after the kept changes. True: *ret_action has something to do. */
bool engine_watch_kept(Engine *engine, const Snapshot *snapshot, EngineAction *ret_action);

/* --- engine_learn.c --- */
/* The effect to be expected of a change, ln units; 0: nothing is known. */
double engine_prior(const Engine *engine, const Change *change);
/* Whether it was tried there, in an earlier run perhaps, and not kept. */
bool engine_was_rejected(const Engine *engine, const char *controller, const Address *path,
			 const ChangeTunable *tunable);
/* The value of a kept lesson of this tunable, there. False: none. As ControllerInput.learned. */
bool engine_learned(const void *engine, const char *controller, const Address *path, TunableId id,
		    TunableValue *ret);
/* Of a gain what a comparison has shown; of a rejection whatever was tried. */
void engine_learn(const Engine *engine, const Change *change, bool kept);
void engine_unlearn(const Engine *engine, const Address *path);

/* --- engine_hands.c --- */
/* Whether both set the same tunable of the same destination. */
bool engine_touches(const Change *change, TunableId id, const Address *path);
