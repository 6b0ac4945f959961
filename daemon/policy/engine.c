/* SPDX-License-Identifier: MIT */
/*
 * The engine's step, in this order: put back what waits for it, end what memory pressure must end,
 * run the trials, look after what was kept, and only then ask the controllers.
 *
 * At most one action is under way: until engine_done() says how it went, every step answers
 * ENGINE_NOTHING. A change's life: proposed → (advised | trial → verdict). What was tried and not
 * kept is on hold (hold.h), and so is the way back from what was proven.
 */
#include "daemon/policy/engine.h"

#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/policy/buffers.h"
#include "daemon/policy/engine_private.h"

#define TRIAL_STEP_NS NSEC_PER_SEC

int engine_new(const EngineParams *params, Engine **ret_engine)
{
	Engine *engine = calloc(1, sizeof(*engine));

	if (!engine)
		return -ENOMEM;

	assert(controller_count <= CONTROLLERS_MAX);
	engine->params = *params;
	engine->epoch = 1;
	for (size_t i = 0; i < controller_count; i++)
		(void)text_copy(engine->idle[i], sizeof(engine->idle[i]), "not asked yet");
	*ret_engine = engine;
	return 0;
}

void engine_free(Engine *engine)
{
	if (!engine)
		return;

	for (size_t i = 0; i < ENGINE_TRIALS_MAX; i++)
		if (engine->slots[i].change)
			trial_clear(&engine->slots[i].trial);
	ring_clear(&engine->ring);
	free(engine);
}

void engine_set_config(Engine *engine, const PolicyConfig *config)
{
	engine->params.config = *config;
	/* What was rejected under another objective, or taken back by the operator who now says
	 * otherwise, may be tried again. */
	hold_forget_all(&engine->holds);
}

void engine_report(Engine *engine, const Change *change, const char *event)
{
	if (engine->params.report)
		engine->params.report(change, event, engine->params.context);
}

size_t engine_controller_of(const char *name)
{
	size_t i = 0;

	while (i < controller_count && !text_equal(controller_table[i]->name, name))
		i++;
	return i;
}

/* A record on which something is still to be done stays. */
static bool is_needed(const Change *change, void *context)
{
	const Engine *engine = context;

	for (size_t i = 0; i < ENGINE_TRIALS_MAX; i++)
		if (engine->restoring[i] == change)
			return true;
	return false;
}

Change *engine_add_change(Engine *engine, const char *controller, const Proposal *proposal)
{
	Change *change = ring_add(&engine->ring, is_needed, engine);

	if (!change)
		return NULL;

	change->controller = controller;
	change->proposed_ns = engine->now_ns;
	change->proposed_realtime_ns = engine->realtime_ns;
	change->path = proposal->plan.path;
	change->evidence = proposal->evidence;
	change->n_tunables = proposal->n_tunables;
	memcpy(change->tunables, proposal->tunables, sizeof(change->tunables));
	return change;
}

/* Whether this value is not to be tried there now: on hold, or a trial is in the way. */
static bool is_held(const void *context, const char *controller, const Address *path,
		    const ChangeTunable *tunable)
{
	/* It is ours, and only lent to the controller as a const. */
	Engine *engine = (Engine *)context;

	if (hold_covers(&engine->holds, controller, path, tunable, engine->now_ns) ||
	    engine_was_rejected(engine, controller, path, tunable))
		return true;
	if (engine->params.config.mode != POLICY_AUTO ||
	    !engine_in_the_way(engine, path, tunable->id))
		return false;
	engine->in_the_way = true;
	return true;
}

void engine_hold(Engine *engine, HoldKind kind, const Change *change)
{
	hold_add(&engine->holds, kind, change->controller, &change->path, &change->tunables[0],
		 engine->now_ns);
}

void engine_hold_everywhere(Engine *engine, const Change *change)
{
	if (engine_is_local(change))
		engine_hold(engine, HOLD_REJECTED, change);
	else
		hold_add(&engine->holds, HOLD_REJECTED, change->controller, &(Address){0},
			 &change->tunables[0], engine->now_ns);
}

void engine_restore_later(Engine *engine, Change *change)
{
	size_t at = 0;

	while (at < ENGINE_TRIALS_MAX && engine->restoring[at] && engine->restoring[at] != change)
		at++;
	assert(at < ENGINE_TRIALS_MAX); /* each had a slot, and none begins while one waits */
	engine->restoring[at] = change;
}

/* --- actions --- */

void engine_set_action(Engine *engine, const Change *change, EngineActionKind kind, bool new_values,
		       EngineAction *ret)
{
	*ret = (EngineAction){.kind = kind, .change_id = change->id, .epoch = ++engine->epoch};
	for (size_t i = 0; i < change->n_tunables; i++) {
		ret->changes[i].id = change->tunables[i].id;
		ret->changes[i].path = change->path;
		ret->changes[i].value =
			new_values ? change->tunables[i].new_value : change->tunables[i].old_value;
	}
	ret->n_changes = change->n_tunables;
	engine->pending = true;
}

/* --- proposals --- */

static void advise(Engine *engine, const Controller *controller, const Proposal *proposal)
{
	Change *change = engine_add_change(engine, controller->name, proposal);

	if (!change)
		return;
	change->state = CHANGE_ADVISED;
	(void)text_copy(change->reason, sizeof(change->reason),
			proposal->advice ? "advice: for the operator to decide"
					 : "Mode=advise: nothing is written");
	hold_add(&engine->holds, HOLD_ADVISED, controller->name, &change->path,
		 &proposal->tunables[0], engine->now_ns);
	engine_report(engine, change, "advised");
}

static void begin(Engine *engine, const Controller *controller, const Proposal *proposal,
		  EngineAction *ret_action)
{
	Change *change = engine_add_change(engine, controller->name, proposal);

	if (!change)
		return;
	if (proposal->plan.kind != TRIAL_NONE) {
		engine_begin_trial(engine, change, &proposal->plan, ret_action);
		return;
	}
	change->state = CHANGE_TRIAL;
	engine_set_action(engine, change, ENGINE_APPLY, true, ret_action);
}

/* A metric of ours that has lost its reason goes without a trial; what set it is thereby decided.
 */
static void withdraw(Engine *engine, const Controller *controller, const Proposal *proposal,
		     EngineAction *ret_action)
{
	const Address *path = &proposal->plan.path;

	for (size_t i = 0; i < engine->ring.n; i++) {
		Change *change = engine->ring.changes[i];

		if (!change->in_force || !text_equal(change->controller, controller->name) ||
		    !engine_touches(change, proposal->tunables[0].id, path))
			continue;
		engine_decide(engine, change, VERDICT_RESTORED, proposal->evidence.summary);
		if (proposal->harmful)
			engine_hold(engine, HOLD_REJECTED, change);
		engine_set_action(engine, change, ENGINE_RESTORE, false, ret_action);
		return;
	}
}

bool engine_is_on_trial(const Engine *engine, const Address *path, TunableId id)
{
	for (size_t i = 0; i < ENGINE_TRIALS_MAX; i++)
		if (engine->slots[i].change && engine_touches(engine->slots[i].change, id, path))
			return true;
	return false;
}

static void set_idle(Engine *engine, size_t i, const char *why)
{
	(void)text_copy(engine->idle[i], sizeof(engine->idle[i]), why);
}

static bool ask(Engine *engine, size_t i, const Snapshot *snapshot, Proposal *ret)
{
	ControllerInput input = {.snapshot = snapshot,
				 .config = &engine->params.config,
				 .evidence_since_ns = engine->evidence_since_ns[i],
				 .path_since = engine_path_since,
				 .held = is_held,
				 .context = engine};

	*ret = (Proposal){0};
	engine->idle[i][0] = '\0';
	engine->in_the_way = false;
	if (!controller_table[i]->propose(&input, ret, engine->idle[i])) {
		if (engine->in_the_way)
			set_idle(engine, i, "waits for the trial under way to end");
		return false;
	}
	if (ret->withdraw) {
		engine->idle[i][0] = '\0';
		return !engine_is_on_trial(engine, &ret->plan.path, ret->tunables[0].id);
	}
	/* Also for those who do not ask: a fixed value that could not be written, or that the
	 * operator took back, is not written again at once. */
	if (is_held(engine, controller_table[i]->name, &ret->plan.path, &ret->tunables[0])) {
		set_idle(engine, i,
			 engine->in_the_way
				 ? "waits for the trial under way to end"
				 : "on hold: it was tried, taken back or advised lately");
		return false;
	}
	engine->idle[i][0] = '\0';
	return true;
}

static void ask_controllers(Engine *engine, const Snapshot *snapshot, EngineAction *ret_action)
{
	const PolicyConfig *config = &engine->params.config;
	Proposal proposal;

	engine->host_waits = false;
	for (size_t i = 0; i < controller_count; i++) {
		if (config->switches[controller_table[i]->knob] == POLICY_OFF) {
			set_idle(engine, i, "switched off in the configuration");
			continue;
		}
		if (config->mode == POLICY_AUTO &&
		    engine->now_ns - engine->first_ns < controller_table[i]->patience_ns) {
			set_idle(engine, i, "lets those go first that may gain more");
			continue;
		}
		if (!ask(engine, i, snapshot, &proposal))
			continue;
		if (proposal.advice || (config->mode == POLICY_ADVISE && !proposal.withdraw)) {
			advise(engine, controller_table[i], &proposal);
			continue;
		}
		if (proposal.withdraw)
			withdraw(engine, controller_table[i], &proposal, ret_action);
		else
			begin(engine, controller_table[i], &proposal, ret_action);
		if (ret_action->kind != ENGINE_NOTHING)
			return;
	}
}

static void all_idle(Engine *engine, const char *why)
{
	for (size_t i = 0; i < controller_count; i++)
		set_idle(engine, i, why);
}

/* Why what was added to buffers must go back, or NULL. */
static const char *pressure(const Engine *engine, const Snapshot *snapshot)
{
	if (snapshot->memory_pressures > 0)
		return "the kernel reports TCP memory pressure";
	return buffers_hurt(
		       snapshot->host,
		       engine->evidence_since_ns[engine_controller_of(controller_buffers.name)])
		       ? "the kernel collapses and prunes receive queues"
		       : NULL;
}

/* reason NULL: there is none. What we added to buffers goes back, newest first, one step for each
 * report. A trial of something else goes on, without the pair that this spoils. */
static bool relieve_pressure(Engine *engine, const char *reason, EngineAction *ret_action)
{
	for (size_t i = 0; reason && i < engine->ring.n; i++) {
		Change *change = engine->ring.changes[i];
		Slot *slot = engine_slot_of(engine, change);

		if (!text_equal(change->controller, controller_buffers.name))
			continue;
		if (slot) {
			engine_end_trial(engine, slot, VERDICT_RESTORED, reason, ret_action);
		} else if (change->in_force) {
			engine_decide(engine, change, VERDICT_RESTORED, reason);
			engine_set_action(engine, change, ENGINE_RESTORE, false, ret_action);
		} else {
			continue;
		}
		engine_hold_everywhere(engine, change);
		for (size_t k = 0; k < ENGINE_TRIALS_MAX; k++)
			if (engine->slots[k].change)
				trial_incomplete(&engine->slots[k].trial);
		return true;
	}
	return false;
}

static bool restore_waiting(Engine *engine, EngineAction *ret_action)
{
	for (size_t i = 0; i < ENGINE_TRIALS_MAX; i++) {
		Change *change = engine->restoring[i];

		if (!change)
			continue;
		engine->restoring[i] = NULL;
		engine_set_action(engine, change, ENGINE_RESTORE, false, ret_action);
		return true;
	}
	return false;
}

static void propose(Engine *engine, const Snapshot *snapshot, EngineAction *ret_action)
{
	if (engine->paused_until_ns > snapshot->now_ns)
		all_idle(engine, "paused by the operator");
	else if (engine->params.config.mode == POLICY_OBSERVE)
		all_idle(engine, "Mode=observe");
	else if (engine->quiet_until_ns > snapshot->now_ns)
		all_idle(engine, "cooling down after the last verdict");
	else
		ask_controllers(engine, snapshot, ret_action);
}

void engine_step(Engine *engine, const Snapshot *snapshot, EngineAction *ret_action)
{
	*ret_action = (EngineAction){.kind = ENGINE_NOTHING};
	engine->now_ns = snapshot->now_ns;
	engine->realtime_ns = snapshot->realtime_ns;
	if (engine->first_ns == 0)
		engine->first_ns = snapshot->now_ns;
	if (engine->pending)
		return;

	engine->snapshot = snapshot;
	if (!restore_waiting(engine, ret_action) &&
	    !relieve_pressure(engine, pressure(engine, snapshot), ret_action) &&
	    !engine_step_trials(engine, snapshot, ret_action) &&
	    !engine_watch_kept(engine, snapshot, ret_action))
		propose(engine, snapshot, ret_action);
	engine->snapshot = NULL;
}

/* An ENGINE_APPLY could not be done. */
static void failed(Engine *engine, Change *change, Slot *slot, const char *reason)
{
	EngineAction restore;

	if (slot) {
		engine_end_trial(engine, slot, VERDICT_INCONCLUSIVE, reason, &restore);
		engine->pending = false;
		/* The actuator undid the failed write, but an earlier arm may stand. */
		if (!change->retest_of)
			engine_restore_later(engine, change);
		return;
	}
	engine_decide(engine, change, VERDICT_INCONCLUSIVE, reason);
	engine_hold(engine, HOLD_UNDECIDED, change);
}

void engine_done(Engine *engine, const EngineAction *action, int status, const char *reason,
		 uint64_t now_ns)
{
	Change *change = ring_find(&engine->ring, action->change_id);
	Slot *slot = engine_slot_of(engine, change);

	engine->pending = false;
	engine->now_ns = now_ns;
	if (slot && action->kind == ENGINE_SHADOW)
		engine_shadow_begun(engine, slot, status);
	/* A restore that failed: the actuator keeps it on its list, and reports it. */
	if (!change || action->kind != ENGINE_APPLY)
		return;

	if (status != 0)
		failed(engine, change, slot, reason);
	else if (slot)
		engine_switched(engine, slot, action->epoch);
	else if (change->state == CHANGE_TRIAL)
		engine_decide(engine, change, VERDICT_KEPT, "fixed by configuration");
}

void engine_observe(const Path *path, const FlowSample *sample, const FlowDelta *delta,
		    void *context)
{
	Engine *engine = context;

	for (size_t i = 0; i < ENGINE_TRIALS_MAX; i++)
		if (engine->slots[i].change)
			meter_observe(&engine->slots[i].trial.meter, path, sample, delta);
}

uint64_t engine_next_ns(const Engine *engine)
{
	for (size_t i = 0; i < ENGINE_TRIALS_MAX; i++)
		if (engine->slots[i].change || engine->restoring[i])
			return engine->now_ns + TRIAL_STEP_NS;
	return UINT64_MAX;
}

/* --- queries --- */

size_t engine_change_count(const Engine *engine)
{
	return engine->ring.n;
}

const Change *engine_change_at(const Engine *engine, size_t index)
{
	return index < engine->ring.n ? engine->ring.changes[index] : NULL;
}

const Change *engine_change_find(const Engine *engine, uint64_t id)
{
	return ring_find(&engine->ring, id);
}

size_t engine_trials(const Engine *engine, const Change *ret_changes[ENGINE_TRIALS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < ENGINE_TRIALS_MAX; i++)
		if (engine->slots[i].change)
			ret_changes[n++] = engine->slots[i].change;
	return n;
}

const Change *engine_running(const Engine *engine)
{
	const Change *changes[ENGINE_TRIALS_MAX];

	return engine_trials(engine, changes) > 0 ? changes[0] : NULL;
}

size_t engine_controller_count(void)
{
	return controller_count;
}

const char *engine_controller_name(size_t index)
{
	return controller_table[index]->name;
}

const char *engine_controller_summary(size_t index)
{
	return controller_table[index]->summary;
}

const char *engine_controller_idle_reason(const Engine *engine, size_t index)
{
	return engine->idle[index];
}
