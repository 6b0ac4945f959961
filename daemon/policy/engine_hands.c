/* SPDX-License-Identifier: MIT */
/*
 * Hands other than the engine's own: the operator's, and those of somebody who writes the same
 * settings. Whatever they did has been done; here the records follow.
 */
#include "daemon/policy/engine_private.h"

#include <errno.h>

#include "common/clock.h"
#include "common/text.h"

bool engine_touches(const Change *change, TunableId id, const Address *path)
{
	for (size_t i = 0; i < change->n_tunables; i++)
		if (change->tunables[i].id == id &&
		    (!tunable_is_route(id) || address_equal(&change->path, path)))
			return true;
	return false;
}

static void stand_at(Engine *engine, uint64_t now_ns, uint64_t realtime_ns)
{
	engine->now_ns = now_ns;
	engine->realtime_ns = realtime_ns;
}

/* --- somebody else --- */

/* Trials on it end, changes on it are no longer in force. */
static void give_up(Engine *engine, TunableId id, const Address *path, const char *reason)
{
	EngineAction ignored;

	for (size_t i = 0; i < ENGINE_TRIALS_MAX; i++) {
		Change *change = engine->slots[i].change;

		if (!change || !engine_touches(change, id, path))
			continue;
		engine_end_trial(engine, &engine->slots[i], VERDICT_INCONCLUSIVE, reason, &ignored);
		engine->pending = false;
		/* The foreign value is left alone, and the rest put back, if any. */
		engine_restore_later(engine, change);
	}
	for (size_t i = 0; i < engine->ring.n; i++) {
		Change *change = engine->ring.changes[i];

		if (!change->in_force || !engine_touches(change, id, path))
			continue;
		change->in_force = false;
		(void)text_copy(change->reason, sizeof(change->reason), reason);
	}
}

void engine_foreign(Engine *engine, TunableId id, uint64_t now_ns, uint64_t realtime_ns)
{
	char reason[128];

	stand_at(engine, now_ns, realtime_ns);
	for (size_t i = 0; i < controller_count; i++)
		engine->evidence_since_ns[i] = now_ns;
	(void)text_format(reason, sizeof(reason), "%s was changed by somebody else",
			  tunables[id].key);
	give_up(engine, id, &(Address){0}, reason);
}

void engine_route_lost(Engine *engine, const Address *destination, const char *reason,
		       uint64_t now_ns, uint64_t realtime_ns)
{
	stand_at(engine, now_ns, realtime_ns);
	engine_unlearn(engine, destination);
	for (TunableId id = _TUNABLE_SYSCTLS; id < _TUNABLES; id++)
		give_up(engine, id, destination, reason);
}

/* --- the operator --- */

/* A tunable that is already in the action keeps its value, which is an older change's. */
static void add_old_values(const Change *change, EngineAction *action)
{
	for (size_t t = 0; t < change->n_tunables; t++) {
		TunableId id = change->tunables[t].id;
		size_t at = 0;

		while (at < action->n_changes &&
		       (action->changes[at].id != id ||
			(tunable_is_route(id) &&
			 !address_equal(&action->changes[at].path, &change->path))))
			at++;
		if (at < action->n_changes || at == ARRAY_SIZE(action->changes))
			continue;
		action->changes[at].id = id;
		action->changes[at].path = change->path;
		action->changes[at].value = change->tunables[t].old_value;
		action->n_changes++;
	}
}

static bool overlaps(const Change *change, const EngineAction *action)
{
	for (size_t i = 0; i < action->n_changes; i++)
		if (engine_touches(change, action->changes[i].id, &action->changes[i].path))
			return true;
	return false;
}

/* Whether taking `change` back (NULL: everything) pulls the rug from under `running`. */
static bool spoils(const Change *change, const Change *running)
{
	EngineAction values = {0};

	if (!change || change == running || running->retest_of == change->id)
		return true;
	add_old_values(change, &values);
	return overlaps(running, &values);
}

/* Takes `first` out of force, and with it what was built upon it (all, if it is NULL). Oldest
 * first: so the oldest value of each tunable is found first, and what stands on it after it. */
static void take_back(Engine *engine, const Change *first, EngineAction *action)
{
	for (size_t i = engine->ring.n; i-- > 0;) {
		Change *change = engine->ring.changes[i];

		if (!change->in_force || (first && change != first && !overlaps(change, action)))
			continue;
		/* All routes go at once by the hand of who asked for everything. */
		if (first || !engine_is_local(change))
			add_old_values(change, action);
		engine_decide(engine, change, VERDICT_RESTORED, "reverted by the operator");
		change->held_until_ns = 0;
		engine_hold_everywhere(engine, change);
	}
}

/* Ends the trials that would lose the ground they stand on; their old values go into the action
 * once those of what is older are in. Returns how many. */
static size_t end_spoilt(Engine *engine, const Change *change, uint64_t now_ns,
			 uint64_t realtime_ns, Change *ret_ended[ENGINE_TRIALS_MAX])
{
	EngineAction ignored;
	size_t n = 0;

	stand_at(engine, now_ns, realtime_ns);
	for (size_t i = 0; i < ENGINE_TRIALS_MAX; i++) {
		Change *running = engine->slots[i].change;

		if (!running || !spoils(change, running))
			continue;
		engine_end_trial(engine, &engine->slots[i], VERDICT_INCONCLUSIVE,
				 "reverted by the operator", &ignored);
		engine->pending = false;
		engine_hold_everywhere(engine, running);
		ret_ended[n++] = running;
	}
	return n;
}

int engine_revert(Engine *engine, uint64_t id, uint64_t now_ns, uint64_t realtime_ns,
		  EngineAction *ret_action)
{
	Change *change = id ? ring_find(&engine->ring, id) : NULL;
	Change *ended[ENGINE_TRIALS_MAX];
	size_t n_ended;

	if (id && (!change || (!engine_slot_of(engine, change) && !change->in_force)))
		return -ENOENT;

	n_ended = end_spoilt(engine, change, now_ns, realtime_ns, ended);
	*ret_action =
		(EngineAction){.kind = ENGINE_RESTORE, .change_id = id, .epoch = ++engine->epoch};
	take_back(engine, change, ret_action);
	for (size_t i = 0; i < n_ended; i++)
		add_old_values(ended[i], ret_action);
	for (size_t i = 0; i < ENGINE_TRIALS_MAX; i++)
		if (engine->slots[i].change) /* of something else, but a switch came between */
			trial_incomplete(&engine->slots[i].trial);
	return 0;
}

bool engine_abort(Engine *engine, const char *reason, uint64_t now_ns, uint64_t realtime_ns,
		  EngineAction *ret_action)
{
	*ret_action = (EngineAction){.kind = ENGINE_NOTHING};
	stand_at(engine, now_ns, realtime_ns);
	for (size_t i = 0; i < ENGINE_TRIALS_MAX; i++) {
		if (!engine->slots[i].change)
			continue;
		engine_end_trial(engine, &engine->slots[i], VERDICT_INCONCLUSIVE, reason,
				 ret_action);
		engine->pending = false;
		return true;
	}
	return false;
}

void engine_pause(Engine *engine, uint64_t until_ns)
{
	engine->paused_until_ns = until_ns;
}

uint64_t engine_paused_until(const Engine *engine)
{
	return engine->paused_until_ns;
}

/* --- a comparison of nothing with nothing --- */

/* The kernel's own initial window, as a metric: the whole machinery at work, and no effect. */
#define AA_INITCWND 10

/* 0, or why not: as engine_trial_aa(). */
static int aa_is_possible(Engine *engine, const Snapshot *snapshot, const Path *path, char *reason,
			  size_t size)
{
	const PolicyConfig *config = &engine->params.config;
	ControllerInput input = {.snapshot = snapshot, .config = config};
	PolicyRoute route;
	char why[CONTROLLER_REASON_MAX];

	if (!path) {
		(void)text_copy(reason, size, "no connection of this host is known to go there");
		return -ENOENT;
	}
	if (engine->pending || engine_in_the_way(engine, &path->address, TUNABLE_ROUTE_CONGCTL)) {
		(void)text_copy(reason, size, "another trial is under way");
		return -EBUSY;
	}
	if (config->mode != POLICY_AUTO)
		(void)text_copy(reason, size, "only with Mode=auto, and without --dry-run");
	else if (!controller_route(&input, path, &route, why))
		(void)text_copy(reason, size, why);
	else if (route.metrics[TUNABLE_ROUTE_INITCWND - _TUNABLE_SYSCTLS].numbers[0] != 0)
		(void)text_copy(reason, size, "its initial window is set already");
	else
		return 0;
	return -EPERM;
}

static Change *begin_aa(Engine *engine, const Snapshot *snapshot, const Path *path, unsigned pairs,
			EngineAction *ret_action)
{
	Proposal proposal = {.n_tunables = 1,
			     .tunables = {{.id = TUNABLE_ROUTE_INITCWND,
					   .old_value = tunable_unset(TUNABLE_ROUTE_INITCWND),
					   .new_value = tunable_unset(TUNABLE_ROUTE_INITCWND)}}};
	ControllerInput input = {.snapshot = snapshot, .config = &engine->params.config};
	WindowSum sum = {.loss = -1};
	Change *change;

	proposal.tunables[0].new_value.numbers[0] = AA_INITCWND;
	(void)text_copy(proposal.evidence.summary, sizeof(proposal.evidence.summary),
			"asked for by the operator: the kernel's own value against none, which "
			"must make no difference");
	(void)controller_sum(&input, path, &sum);
	controller_plan(&proposal.plan, TRIAL_SWITCHBACK, &input, path, &sum);
	proposal.plan.pairs_max = pairs;
	change = engine_add_change(engine, "aa", &proposal);
	if (change)
		engine_begin_trial(engine, change, &proposal.plan, ret_action);
	return change;
}

int engine_trial_aa(Engine *engine, const Snapshot *snapshot, const Address *address,
		    unsigned pairs, EngineAction *ret_action, char *reason, size_t size)
{
	const Path *path = path_table_find(snapshot->paths, address);
	const Change *change;
	int r;

	*ret_action = (EngineAction){.kind = ENGINE_NOTHING};
	stand_at(engine, snapshot->now_ns, snapshot->realtime_ns);
	snapshot = engine_look(engine, snapshot);
	r = aa_is_possible(engine, snapshot, path, reason, size);
	change = r == 0 ? begin_aa(engine, snapshot, path, pairs, ret_action) : NULL;
	engine_look_away(engine);
	if (r < 0)
		return r;
	if (!change) {
		(void)text_copy(reason, size, "there is no room for another change");
		return -EBUSY;
	}
	(void)text_format(reason, size,
			  "change %u compares a setting with itself, in at most %u pairs",
			  (unsigned)change->id, pairs);
	return 0;
}
