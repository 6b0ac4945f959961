/* SPDX-License-Identifier: MIT */
/*
 * An operator takes advice, or wants things to stay as they are.
 *
 * Taking advice is asking its controller again: the evidence, the baseline and the value are those
 * of now, and what is not proposed any more is not tried. From there on it is a trial like any
 * other, with the same proof and guardrails, and it is looked after in every mode. What a person
 * may set aside is that it was tried lately; not a pause, a hold, the budget, or a trial under way.
 */
#include "daemon/policy/engine_ask.h"

#include <errno.h>
#include <string.h>

#include "common/human.h"
#include "common/text.h"
#include "daemon/policy/engine_private.h"

/* What no asking sets aside: 0, or the errno. */
static int refusal(EngineObstacleKind kind)
{
	switch (kind) {
	case OBSTACLE_COOLDOWN:
	case OBSTACLE_TRIAL:
		return -EBUSY;
	case OBSTACLE_PAUSED:
	case OBSTACLE_HELD:
	case OBSTACLE_BUDGET:
	case OBSTACLE_ADMINISTERED:
	case OBSTACLE_OPERATOR:
		return -EPERM;
	default:
		return 0;
	}
}

static bool has_hands_full(const Engine *engine)
{
	for (size_t i = 0; i < ENGINE_TRIALS_MAX; i++)
		if (engine->restoring[i])
			return true;
	return engine->pending;
}

/* What its controller proposes now that is the same; NULL: nothing. */
static const Found *find_again(Engine *engine, size_t controller, const Change *advised,
			       Found found[ENGINE_FOUND_MAX])
{
	size_t n = engine_find_all(engine, controller, found);

	for (size_t i = 0; i < n; i++)
		if (address_equal(&advised->path, &found[i].proposal.plan.path) &&
		    hold_same_setting(&advised->tunables[0], &found[i].proposal.tunables[0]))
			return &found[i];
	return NULL;
}

static int refuse(Engine *engine, size_t controller, const Found *found, char *reason, size_t size)
{
	EngineObstacle obstacles[ENGINE_OBSTACLES_MAX];
	size_t n = engine_obstacles(engine, controller, found, obstacles);

	for (size_t i = 0; i < n; i++) {
		int r = refusal(obstacles[i].kind);

		if (r == 0)
			continue;
		(void)text_copy(reason, size, obstacles[i].text);
		return r;
	}
	return 0;
}

/* The id that the ring would have given is not used up. */
static Change *add_record(Engine *engine, uint64_t id, const char *controller,
			  const Proposal *proposal)
{
	Change *change = engine_add_change(engine, controller, proposal);

	if (!change)
		return NULL;
	engine->ring.last_id = change->id - 1;
	change->id = id;
	return change;
}

/* The record: that of the advice if it is in the ring, else a new one with the same id. */
static Change *record_of(Engine *engine, uint64_t id, size_t controller, const Proposal *proposal)
{
	const char *name = controller_table[controller]->name;
	Change *change = ring_find(&engine->ring, id);

	if (change)
		engine_describe(engine, name, proposal, change);
	else
		change = add_record(engine, id, name, proposal);
	if (!change)
		return NULL;
	engine_advised_forget(engine, id);
	change->by_operator = true;
	change->reason[0] = '\0';
	return change;
}

static int carry_out(Engine *engine, uint64_t id, size_t controller, const Found *found,
		     EngineAction *ret_action, char *reason, size_t size)
{
	const Proposal *proposal = &found->proposal;
	Change *change;

	if (proposal->withdraw) {
		engine_withdraw(engine, controller_table[controller], proposal, ret_action);
		engine_advised_forget(engine, id);
		(void)text_format(reason, size, "%s", proposal->evidence.summary);
		return 0;
	}
	change = record_of(engine, id, controller, proposal);
	if (!change) {
		(void)text_copy(reason, size, "there is no room for another change");
		return -EBUSY;
	}
	engine_begin(engine, change, proposal, ret_action);
	(void)text_format(reason, size, "change %llu %s: see 'netoptctl explain %llu'",
			  (unsigned long long)id,
			  proposal->plan.kind == TRIAL_NONE ? "is made" : "is being tried",
			  (unsigned long long)id);
	return 0;
}

static int apply(Engine *engine, uint64_t id, Found *found, EngineAction *ret_action, char *reason,
		 size_t size)
{
	const Change *advised = engine_advised_find(engine, id);
	size_t controller;
	const Found *again;
	int r;

	if (!advised) {
		bool known = ring_find(&engine->ring, id) != NULL;

		(void)text_format(reason, size, "%llu is %s: see 'netoptctl advise'",
				  (unsigned long long)id,
				  known ? "a change already" : "no advice that was given");
		return known ? -EPERM : -ENOENT;
	}
	if (has_hands_full(engine)) {
		(void)text_copy(reason, size, "another change is just being made: try again");
		return -EBUSY;
	}
	controller = engine_controller_of(advised->controller);
	again = controller < controller_count ? find_again(engine, controller, advised, found)
					      : NULL;
	if (!again) {
		(void)text_copy(reason, size,
				"this is not advised any more: its evidence is gone; see "
				"'netoptctl advise'");
		return -ESTALE;
	}
	r = refuse(engine, controller, again, reason, size);
	return r < 0 ? r : carry_out(engine, id, controller, again, ret_action, reason, size);
}

int engine_apply(Engine *engine, const Snapshot *snapshot, uint64_t id, EngineAction *ret_action,
		 char *reason, size_t size)
{
	Found *found = calloc(ENGINE_FOUND_MAX, sizeof(*found));
	int r;

	*ret_action = (EngineAction){.kind = ENGINE_NOTHING};
	if (!found)
		return -ENOMEM;
	engine_stand_at(engine, snapshot);
	r = apply(engine, id, found, ret_action, reason, size);
	engine_look_away(engine);
	free(found);
	return r;
}

/* --- holding --- */

const Change *engine_held_by(const Engine *engine, const Address *path, TunableId id)
{
	for (size_t i = 0; i < engine->ring.n; i++)
		if (change_is_held(engine->ring.changes[i], engine->now_ns) &&
		    engine_touches(engine->ring.changes[i], id, path))
			return engine->ring.changes[i];
	return NULL;
}

bool engine_stays(const void *context, const char *controller, const Address *path, TunableId id)
{
	(void)controller; /* whoever asks */
	return engine_held_by(context, path, id) != NULL;
}

/* Advice that was only answered becomes a record, or its hold would be forgotten with it. */
static Change *recorded(Engine *engine, uint64_t id)
{
	const Change *advised = engine_advised_find(engine, id);
	Change *change = ring_find(&engine->ring, id);
	Proposal proposal = {.advice = false};

	if (change || !advised)
		return change;
	proposal.evidence = advised->evidence;
	proposal.n_tunables = advised->n_tunables;
	proposal.plan.path = advised->path;
	memcpy(proposal.tunables, advised->tunables, sizeof(proposal.tunables));
	change = add_record(engine, id, advised->controller, &proposal);
	if (!change)
		return NULL;
	change->state = CHANGE_ADVISED;
	engine_advised_forget(engine, id);
	return change;
}

static void end_retest(Engine *engine, const Change *change, EngineAction *ret_action)
{
	for (size_t i = 0; i < ENGINE_TRIALS_MAX; i++) {
		Slot *slot = &engine->slots[i];

		if (!slot->change || slot->change->retest_of != change->id)
			continue;
		engine_end_trial(engine, slot, VERDICT_INCONCLUSIVE,
				 "the operator holds what it was about", ret_action);
		return;
	}
}

static void describe_hold(const Engine *engine, const Change *change, char *reason, size_t size)
{
	unsigned long long id = change->id;
	char span[HUMAN_MAX];

	if (change->held_until_ns == 0)
		(void)text_format(reason, size, "change %llu is not held any more", id);
	else if (change->held_until_ns == UINT64_MAX)
		(void)text_format(reason, size,
				  "change %llu is held until told otherwise ('netoptctl hold %llu "
				  "0')",
				  id, id);
	else
		(void)text_format(
			reason, size, "change %llu is held for %s", id,
			human_span((change->held_until_ns - engine->now_ns) / NSEC_PER_USEC, span));
}

int engine_hold_change(Engine *engine, uint64_t id, uint64_t until_ns, uint64_t now_ns,
		       uint64_t realtime_ns, EngineAction *ret_action, char *reason, size_t size)
{
	Change *change;

	*ret_action = (EngineAction){.kind = ENGINE_NOTHING};
	engine->now_ns = now_ns;
	engine->realtime_ns = realtime_ns;
	change = recorded(engine, id);
	if (!change) {
		(void)text_format(reason, size, "there is no change %llu", (unsigned long long)id);
		return -ENOENT;
	}
	if (change->state == CHANGE_TRIAL) {
		(void)text_copy(reason, size,
				"it is being tried: wait for the verdict, or revert it");
		return -EBUSY;
	}
	if (until_ns > 0 && engine->pending) {
		(void)text_copy(reason, size, "another change is just being made: try again");
		return -EBUSY;
	}
	change->held_until_ns = until_ns;
	if (until_ns > 0)
		end_retest(engine, change, ret_action);
	describe_hold(engine, change, reason, size);
	return 0;
}
