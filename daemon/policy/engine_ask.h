/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Questions to the engine that change nothing on the host: what would Mode=auto do now, why is
 * nothing done about one path or one tunable; and the two verbs by which an operator acts on the
 * answers. The caller brings a snapshot, as for a step.
 */
#include "daemon/policy/engine.h"

typedef enum EngineObstacleKind {
	OBSTACLE_MODE,
	OBSTACLE_PAUSED,
	OBSTACLE_COOLDOWN,     /* after the last verdict about the host */
	OBSTACLE_PATIENCE,     /* others that may gain more go first */
	OBSTACLE_ON_HOLD,      /* tried lately, and not kept */
	OBSTACLE_HELD,         /* an operator holds the values */
	OBSTACLE_LESSON,       /* an earlier run has rejected it */
	OBSTACLE_TRIAL,        /* one is under way that it would disturb */
	OBSTACLE_BUDGET,       /* the destination was experimented upon enough for today */
	OBSTACLE_ADMINISTERED, /* a file of sysctl.d sets it */
	OBSTACLE_OPERATOR,     /* advice: no trial could prove it */
	_ENGINE_OBSTACLE_KINDS,
} EngineObstacleKind;

#define ENGINE_OBSTACLES_MAX 8
typedef struct EngineObstacle {
	EngineObstacleKind kind;
	uint64_t until_ns; /* monotonic; 0: not known, or not by itself */
	char text[192];
} EngineObstacle;

/* "mode" "paused" "cooldown" "patience" "onhold" "held" "lesson" "trial" "budget" "administered"
 * "operator" */
const char *engine_obstacle_name(EngineObstacleKind kind);

typedef struct EngineAdvice {
	/* As if it had been advised: id, controller, path, values, evidence, kind of trial. */
	Change change;
	bool withdraw; /* takes back a metric that lost its reason */
	EngineObstacle obstacles[ENGINE_OBSTACLES_MAX];
	size_t n_obstacles; /* 0: it would begin now */
} EngineAdvice;

/* Answered at once, and remembered by their ids: those given longest ago go first. */
#define ENGINE_ADVICES_MAX 64
/*
 * Every proposal of every controller, in the order in which the engine would take them. The same
 * advice (controller, path, setting) has the same id each time, which is that of the change once it
 * becomes one. *ret is the caller's to free. -ENOMEM.
 */
int engine_advise(Engine *engine, const Snapshot *snapshot, EngineAdvice **ret, size_t *ret_n);

typedef struct EngineReason {
	const char *controller;
	bool proposes; /* it would act, if nothing were in the way */
	char text[512];
} EngineReason;
#define ENGINE_REASONS_MAX 24
/*
 * What each controller says of one path (`path` set: those that look at paths), or of one tunable
 * (those that may set it), or of all (`path` NULL and `id` _TUNABLES). Returns how many.
 */
size_t engine_reasons(Engine *engine, const Snapshot *snapshot, const Path *path, TunableId id,
		      EngineReason ret[ENGINE_REASONS_MAX]);

/*
 * Begins the trial of this advice now, in every mode: with the evidence of now, the same proof and
 * the same guards. -ENOENT: no such advice; -ESTALE: it is not given any more; -EPERM: it may not
 * be; -EBUSY: not now; with the reason, which is one sentence in any case.
 */
int engine_apply(Engine *engine, const Snapshot *snapshot, uint64_t id, EngineAction *ret_action,
		 char *reason, size_t size);
/*
 * The values that this change is about stay as they are until then (UINT64_MAX: until told
 * otherwise); 0 ends that. A re-test of it under way ends. -ENOENT; -EBUSY: it is being tried.
 */
int engine_hold_change(Engine *engine, uint64_t id, uint64_t until_ns, uint64_t now_ns,
		       uint64_t realtime_ns, EngineAction *ret_action, char *reason, size_t size);

/* What is not proposed for a while because of what came of it; those that have ended, too. */
const struct HoldTable *engine_holds(const Engine *engine);
/* What earlier trials have taught; NULL: nothing is remembered. */
const Lessons *engine_lessons(const Engine *engine);
