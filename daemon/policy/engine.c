/* SPDX-License-Identifier: MIT */
/*
 * The engine's step, in this order: end what must end (memory pressure), run the trial if there is
 * one, otherwise ask the controllers.
 *
 * At most one action is under way: until engine_done() says how it went, every step answers
 * ENGINE_NOTHING. A change's life: proposed → (advised | trial → verdict). What was tried and not
 * kept is on hold for that controller, path and value; the hold doubles with each rejection, so a
 * path that once rejected a setting is not experimented upon for ever.
 */
#include "daemon/policy/engine.h"

#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "daemon/policy/controller.h"

/* After any verdict, before the next proposal: longer than a sweep, so that what the verdict wrote
 * is seen. The evidence windows add their own 90 s. */
#define COOLDOWN_NS       (15 * NSEC_PER_SEC)
#define HOLD_REJECTED_NS  (7 * NSEC_PER_DAY)
#define HOLD_MAX_NS       (60 * NSEC_PER_DAY)
#define HOLD_UNDECIDED_NS (30 * NSEC_PER_MIN)
#define HOLD_ADVISED_NS   NSEC_PER_DAY
#define HOLDS_MAX         64
#define TRIAL_STEP_NS     NSEC_PER_SEC

static const Controller *const controllers[] = {
	&controller_buffers,
	&controller_congestion,
	&controller_fastopen,
};

typedef struct Hold {
	const char *controller;
	Address path;
	ChangeTunable tunable;
	uint64_t until_ns, length_ns;
} Hold;

struct Engine {
	EngineParams params;
	Change *changes[ENGINE_CHANGES_MAX]; /* newest first */
	size_t n_changes;
	uint64_t next_id;
	uint32_t epoch;
	Change *running;
	Trial trial;
	bool pending;      /* an action is under way */
	Change *restoring; /* its values are to go back with the next step */
	Hold holds[HOLDS_MAX];
	size_t n_holds;
	uint64_t now_ns, realtime_ns;
	uint64_t evidence_since_ns, quiet_until_ns, paused_until_ns;
	char idle[ARRAY_SIZE(controllers)][CONTROLLER_REASON_MAX];
};

int engine_new(const EngineParams *params, Engine **ret_engine)
{
	Engine *engine = calloc(1, sizeof(*engine));

	if (!engine)
		return -ENOMEM;

	engine->params = *params;
	engine->next_id = 1;
	engine->epoch = 1;
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++)
		(void)text_copy(engine->idle[i], sizeof(engine->idle[i]), "not asked yet");
	*ret_engine = engine;
	return 0;
}

void engine_free(Engine *engine)
{
	if (!engine)
		return;

	if (engine->running)
		trial_clear(&engine->trial);
	for (size_t i = 0; i < engine->n_changes; i++)
		free(engine->changes[i]);
	free(engine);
}

void engine_set_config(Engine *engine, const PolicyConfig *config)
{
	engine->params.config = *config;
}

static void report(Engine *engine, const Change *change, const char *event)
{
	if (engine->params.report)
		engine->params.report(change, event, engine->params.context);
}

/* --- the ring of changes --- */

static bool make_room(Engine *engine)
{
	if (engine->n_changes < ENGINE_CHANGES_MAX)
		return true;

	for (size_t i = engine->n_changes; i-- > 0;) {
		Change *change = engine->changes[i];

		if (change->in_force || change == engine->running || change == engine->restoring)
			continue;
		free(change);
		memmove(&engine->changes[i], &engine->changes[i + 1],
			(engine->n_changes - i - 1) * sizeof(engine->changes[0]));
		engine->n_changes--;
		return true;
	}
	return false;
}

static Change *add_change(Engine *engine, const Controller *controller, const Proposal *proposal)
{
	Change *change = make_room(engine) ? calloc(1, sizeof(*change)) : NULL;

	if (!change)
		return NULL;

	change->id = engine->next_id++;
	change->controller = controller->name;
	change->proposed_ns = engine->now_ns;
	change->proposed_realtime_ns = engine->realtime_ns;
	change->path = proposal->plan.path;
	change->evidence = proposal->evidence;
	change->n_tunables = proposal->n_tunables;
	memcpy(change->tunables, proposal->tunables, sizeof(change->tunables));
	memmove(&engine->changes[1], &engine->changes[0],
		engine->n_changes * sizeof(engine->changes[0]));
	engine->changes[0] = change;
	engine->n_changes++;
	return change;
}

/* --- holds --- */

static Hold *find_hold(const Engine *engine, const char *controller, const Address *path,
		       const ChangeTunable *tunable)
{
	for (size_t i = 0; i < engine->n_holds; i++) {
		const Hold *hold = &engine->holds[i];

		if (hold->controller == controller && address_equal(&hold->path, path) &&
		    hold->tunable.id == tunable->id &&
		    tunable_equal(&hold->tunable.new_value, &tunable->new_value))
			return (Hold *)hold;
	}
	return NULL;
}

static bool is_held(const void *context, const char *controller, const Address *path,
		    const ChangeTunable *tunable)
{
	const Engine *engine = context;
	const Hold *hold = find_hold(engine, controller, path, tunable);

	return hold && hold->until_ns > engine->now_ns;
}

static void hold(Engine *engine, const Change *change, uint64_t length_ns)
{
	const ChangeTunable *tunable = &change->tunables[0];
	Hold *entry = find_hold(engine, change->controller, &change->path, tunable);
	Hold *oldest = &engine->holds[0];

	if (!entry && engine->n_holds < HOLDS_MAX)
		entry = &engine->holds[engine->n_holds++];
	for (size_t i = 1; !entry && i < engine->n_holds; i++)
		if (engine->holds[i].until_ns < oldest->until_ns)
			oldest = &engine->holds[i];
	if (!entry)
		entry = oldest;

	if (entry->controller == change->controller && entry->length_ns >= length_ns)
		length_ns = MIN(2 * entry->length_ns, HOLD_MAX_NS);
	*entry = (Hold){change->controller, change->path, *tunable, engine->now_ns + length_ns,
			length_ns};
}

/* --- actions --- */

static void set_action(Engine *engine, const Change *change, EngineActionKind kind, bool new_values,
		       EngineAction *ret)
{
	*ret = (EngineAction){.kind = kind, .change_id = change->id, .epoch = ++engine->epoch};
	for (size_t i = 0; i < change->n_tunables; i++) {
		ret->changes[i].id = change->tunables[i].id;
		ret->changes[i].value =
			new_values ? change->tunables[i].new_value : change->tunables[i].old_value;
	}
	ret->n_changes = change->n_tunables;
	engine->pending = true;
}

static void decide(Engine *engine, Change *change, ChangeVerdict verdict, const char *reason)
{
	change->state = CHANGE_DECIDED;
	change->verdict = verdict;
	change->in_force = verdict == VERDICT_KEPT;
	change->decided_ns = engine->now_ns;
	change->decided_realtime_ns = engine->realtime_ns;
	change->trial.phase[0] = '\0';
	(void)text_copy(change->reason, sizeof(change->reason), reason);
	engine->evidence_since_ns = engine->now_ns;
	/* What the configuration fixes is not an experiment and waits for nothing. */
	if (change->trial.kind != TRIAL_NONE)
		engine->quiet_until_ns = engine->now_ns + COOLDOWN_NS;
	report(engine, change, change_verdict_name(verdict));
}

/* Ends the running trial; for any verdict but kept the old values go back with *ret_action. */
static void end_trial(Engine *engine, ChangeVerdict verdict, const char *reason,
		      EngineAction *ret_action)
{
	Change *change = engine->running;

	engine->running = NULL;
	decide(engine, change, verdict, reason);
	trial_clear(&engine->trial);
	if (verdict == VERDICT_RESTORED)
		hold(engine, change, HOLD_REJECTED_NS);
	else if (verdict == VERDICT_INCONCLUSIVE)
		hold(engine, change, HOLD_UNDECIDED_NS);
	if (verdict == VERDICT_KEPT) {
		/* The trial may have ended in a block of the old setting. */
		if (engine->trial.arm == TRIAL_ARM_OLD)
			set_action(engine, change, ENGINE_APPLY, true, ret_action);
		return;
	}
	set_action(engine, change, ENGINE_RESTORE, false, ret_action);
}

static void step_trial(Engine *engine, const Snapshot *snapshot, EngineAction *ret_action)
{
	Trial *trial = &engine->trial;

	if (snapshot->destroyed_lost)
		trial_incomplete(trial);
	switch (trial_step(trial, snapshot->now_ns, &engine->params.random)) {
	case TRIAL_STEP_WAIT:
		break;
	case TRIAL_STEP_SWITCH:
		set_action(engine, engine->running, ENGINE_APPLY, trial->arm == TRIAL_ARM_NEW,
			   ret_action);
		break;
	case TRIAL_STEP_KEEP:
		end_trial(engine, VERDICT_KEPT, trial->reason, ret_action);
		break;
	case TRIAL_STEP_RESTORE:
		end_trial(engine, VERDICT_RESTORED, trial->reason, ret_action);
		break;
	case TRIAL_STEP_INCONCLUSIVE:
		end_trial(engine, VERDICT_INCONCLUSIVE, trial->reason, ret_action);
		break;
	}
}

/* --- proposals --- */

static void advise(Engine *engine, const Controller *controller, const Proposal *proposal)
{
	Change *change = add_change(engine, controller, proposal);

	if (!change)
		return;
	change->state = CHANGE_ADVISED;
	(void)text_copy(change->reason, sizeof(change->reason),
			proposal->advice ? "advice: for the operator to decide"
					 : "Mode=advise: nothing is written");
	hold(engine, change, HOLD_ADVISED_NS);
	report(engine, change, "advised");
}

static void begin(Engine *engine, const Controller *controller, const Proposal *proposal,
		  EngineAction *ret_action)
{
	Change *change = add_change(engine, controller, proposal);

	if (!change)
		return;
	change->state = CHANGE_TRIAL;
	if (proposal->plan.kind == TRIAL_NONE) {
		engine->restoring = NULL;
		change->trial.phase[0] = '\0';
		set_action(engine, change, ENGINE_APPLY, true, ret_action);
		return;
	}
	engine->running = change;
	trial_init(&engine->trial, &proposal->plan, &change->trial);
	report(engine, change, "trial-started");
	step_trial(engine, &(Snapshot){.now_ns = engine->now_ns}, ret_action);
}

static bool switched_off(const Engine *engine, const Controller *controller)
{
	const PolicyConfig *config = &engine->params.config;

	return (controller == &controller_buffers && config->buffers == POLICY_OFF) ||
	       (controller == &controller_congestion && config->congestion == POLICY_OFF) ||
	       (controller == &controller_fastopen && config->fastopen == POLICY_OFF);
}

static void ask_controllers(Engine *engine, const Snapshot *snapshot, EngineAction *ret_action)
{
	ControllerInput input = {.snapshot = snapshot,
				 .config = &engine->params.config,
				 .evidence_since_ns = engine->evidence_since_ns,
				 .held = is_held,
				 .context = engine};
	Proposal proposal;

	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++) {
		if (switched_off(engine, controllers[i])) {
			(void)text_copy(engine->idle[i], sizeof(engine->idle[i]),
					"switched off in the configuration");
			continue;
		}
		proposal = (Proposal){0};
		engine->idle[i][0] = '\0';
		if (!controllers[i]->propose(&input, &proposal, engine->idle[i]))
			continue;

		engine->idle[i][0] = '\0';
		if (proposal.advice || engine->params.config.mode == POLICY_ADVISE) {
			if (!is_held(engine, controllers[i]->name, &proposal.plan.path,
				     &proposal.tunables[0]))
				advise(engine, controllers[i], &proposal);
			continue;
		}
		begin(engine, controllers[i], &proposal, ret_action);
		return;
	}
}

static void all_idle(Engine *engine, const char *why)
{
	for (size_t i = 0; i < ARRAY_SIZE(controllers); i++)
		(void)text_copy(engine->idle[i], sizeof(engine->idle[i]), why);
}

/* The kernel ran out of its TCP memory mark: what we added to buffers goes back at once. */
static bool relieve_pressure(Engine *engine, EngineAction *ret_action)
{
	if (engine->running && engine->running->controller == controller_buffers.name) {
		end_trial(engine, VERDICT_RESTORED, "the kernel reports TCP memory pressure",
			  ret_action);
		return true;
	}
	for (size_t i = 0; !engine->running && i < engine->n_changes; i++) {
		Change *change = engine->changes[i];

		if (!change->in_force || change->controller != controller_buffers.name)
			continue;
		decide(engine, change, VERDICT_RESTORED, "the kernel reports TCP memory pressure");
		hold(engine, change, HOLD_REJECTED_NS);
		set_action(engine, change, ENGINE_RESTORE, false, ret_action);
		return true;
	}
	return false;
}

void engine_step(Engine *engine, const Snapshot *snapshot, EngineAction *ret_action)
{
	*ret_action = (EngineAction){.kind = ENGINE_NOTHING};
	engine->now_ns = snapshot->now_ns;
	engine->realtime_ns = snapshot->realtime_ns;
	if (engine->pending)
		return;

	if (engine->restoring) {
		Change *change = engine->restoring;

		engine->restoring = NULL;
		set_action(engine, change, ENGINE_RESTORE, false, ret_action);
		return;
	}
	if (snapshot->memory_pressures > 0 && relieve_pressure(engine, ret_action))
		return;
	if (engine->running) {
		step_trial(engine, snapshot, ret_action);
		return;
	}
	if (engine->paused_until_ns > snapshot->now_ns)
		all_idle(engine, "paused by the operator");
	else if (engine->params.config.mode == POLICY_OBSERVE)
		all_idle(engine, "Mode=observe");
	else if (engine->quiet_until_ns > snapshot->now_ns)
		all_idle(engine, "cooling down after the last verdict");
	else
		ask_controllers(engine, snapshot, ret_action);
}

static void failed(Engine *engine, Change *change, const EngineAction *action, const char *reason)
{
	EngineAction restore;

	if (change == engine->running) {
		end_trial(engine, VERDICT_INCONCLUSIVE, reason, &restore);
		engine->pending = false;
		/* The registry undid the failed write, but an earlier arm may stand. */
		engine->restoring = action->kind == ENGINE_APPLY ? change : NULL;
		return;
	}
	decide(engine, change, VERDICT_INCONCLUSIVE, reason);
	hold(engine, change, HOLD_UNDECIDED_NS);
}

void engine_done(Engine *engine, const EngineAction *action, int status, const char *reason,
		 uint64_t now_ns)
{
	Change *change = (Change *)engine_change_find(engine, action->change_id);

	engine->pending = false;
	engine->now_ns = now_ns;
	if (!change)
		return;

	if (action->kind == ENGINE_APPLY && status != 0) {
		failed(engine, change, action, reason);
		return;
	}
	if (status !=
	    0) /* a restore that failed: the registry keeps it on its list and reports it */
		return;
	if (change == engine->running)
		trial_switched(&engine->trial, action->epoch, now_ns);
	else if (change->state == CHANGE_TRIAL)
		decide(engine, change, VERDICT_KEPT, "fixed by configuration");
}

void engine_observe(const Path *path, const FlowSample *sample, const FlowDelta *delta,
		    void *context)
{
	Engine *engine = context;

	if (engine->running)
		meter_observe(&engine->trial.meter, path, sample, delta);
}

static bool touches(const Change *change, TunableId id)
{
	for (size_t i = 0; i < change->n_tunables; i++)
		if (change->tunables[i].id == id)
			return true;
	return false;
}

void engine_foreign(Engine *engine, TunableId id, uint64_t now_ns, uint64_t realtime_ns)
{
	EngineAction ignored;
	char reason[128];

	engine->now_ns = now_ns;
	engine->realtime_ns = realtime_ns;
	(void)text_format(reason, sizeof(reason), "%s was changed by somebody else",
			  tunables[id].key);
	if (engine->running && touches(engine->running, id)) {
		Change *change = engine->running;

		end_trial(engine, VERDICT_INCONCLUSIVE, reason, &ignored);
		engine->pending = false;
		/* The registry leaves the foreign value alone and puts back the rest, if any. */
		engine->restoring = change;
	}
	for (size_t i = 0; i < engine->n_changes; i++) {
		if (!engine->changes[i]->in_force || !touches(engine->changes[i], id))
			continue;
		engine->changes[i]->in_force = false;
		(void)text_copy(engine->changes[i]->reason, sizeof(engine->changes[i]->reason),
				reason);
	}
}

uint64_t engine_next_ns(const Engine *engine)
{
	return engine->running || engine->restoring ? engine->now_ns + TRIAL_STEP_NS : UINT64_MAX;
}

/* --- the operator --- */

/* Takes every change in force that is `first` or newer and touches the same tunables (all, if first
 * is NULL) out of force; the action goes back to the oldest of their old values. */
static void take_back(Engine *engine, const Change *first, EngineAction *action)
{
	for (size_t i = 0; i < engine->n_changes; i++) {
		Change *change = engine->changes[i]; /* newest first: older values win */

		if (!change->in_force || (first && change->id < first->id) ||
		    (first && !touches(change, first->tunables[0].id)))
			continue;
		for (size_t t = 0; t < change->n_tunables; t++) {
			size_t at = 0;

			while (at < action->n_changes &&
			       action->changes[at].id != change->tunables[t].id)
				at++;
			action->changes[at].id = change->tunables[t].id;
			action->changes[at].value = change->tunables[t].old_value;
			action->n_changes = MAX(action->n_changes, at + 1);
		}
		decide(engine, change, VERDICT_RESTORED, "reverted by the operator");
		hold(engine, change, HOLD_REJECTED_NS);
	}
}

int engine_revert(Engine *engine, uint64_t id, uint64_t now_ns, uint64_t realtime_ns,
		  EngineAction *ret_action)
{
	const Change *change = id ? engine_change_find(engine, id) : NULL;

	if (id && !change)
		return -ENOENT;
	if (engine->running && (!id || change == engine->running)) {
		(void)engine_abort(engine, "reverted by the operator", now_ns, realtime_ns,
				   ret_action);
		hold(engine, engine->changes[0], HOLD_REJECTED_NS);
		if (id)
			return 0;
	} else {
		*ret_action = (EngineAction){.kind = ENGINE_NOTHING};
		if (id && !change->in_force)
			return -ENOENT;
	}

	engine->now_ns = now_ns;
	engine->realtime_ns = realtime_ns;
	ret_action->kind = ENGINE_RESTORE;
	ret_action->epoch = ++engine->epoch;
	take_back(engine, change, ret_action);
	return 0;
}

bool engine_abort(Engine *engine, const char *reason, uint64_t now_ns, uint64_t realtime_ns,
		  EngineAction *ret_action)
{
	*ret_action = (EngineAction){.kind = ENGINE_NOTHING};
	engine->now_ns = now_ns;
	engine->realtime_ns = realtime_ns;
	if (!engine->running)
		return false;

	end_trial(engine, VERDICT_INCONCLUSIVE, reason, ret_action);
	engine->pending = false;
	return true;
}

void engine_pause(Engine *engine, uint64_t until_ns)
{
	engine->paused_until_ns = until_ns;
}

uint64_t engine_paused_until(const Engine *engine)
{
	return engine->paused_until_ns;
}

/* --- queries --- */

size_t engine_change_count(const Engine *engine)
{
	return engine->n_changes;
}

const Change *engine_change_at(const Engine *engine, size_t index)
{
	return index < engine->n_changes ? engine->changes[index] : NULL;
}

const Change *engine_change_find(const Engine *engine, uint64_t id)
{
	for (size_t i = 0; i < engine->n_changes; i++)
		if (engine->changes[i]->id == id)
			return engine->changes[i];
	return NULL;
}

const Change *engine_running(const Engine *engine)
{
	return engine->running;
}

size_t engine_controller_count(void)
{
	return ARRAY_SIZE(controllers);
}

const char *engine_controller_name(size_t index)
{
	return controllers[index]->name;
}

const char *engine_controller_summary(size_t index)
{
	return controllers[index]->summary;
}

const char *engine_controller_idle_reason(const Engine *engine, size_t index)
{
	return engine->idle[index];
}
