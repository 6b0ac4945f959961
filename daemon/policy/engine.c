/* SPDX-License-Identifier: MIT */
/*
 * The engine's step, in this order: end what must end (memory pressure), run the trial if there is
 * one, otherwise ask the controllers.
 *
 * At most one action is under way: until engine_done() says how it went, every step answers
 * ENGINE_NOTHING. A change's life: proposed → (advised | trial → verdict). What was tried and not
 * kept is on hold (hold.h), and so is the way back from what was proven.
 */
#include "daemon/policy/engine.h"

#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "daemon/policy/buffers.h"
#include "daemon/policy/controller.h"
#include "daemon/policy/hold.h"
#include "daemon/policy/trial_counter.h"

/* After any verdict, before the next proposal: longer than a sweep, so that what the verdict wrote
 * is seen. The evidence windows add their own 90 s. */
#define COOLDOWN_NS   (15 * NSEC_PER_SEC)
#define TRIAL_STEP_NS NSEC_PER_SEC

/* More than there are: the reasons of idle ones have a fixed place. */
#define CONTROLLERS_MAX 24

struct Engine {
	EngineParams params;
	Ring ring;
	HoldTable holds;
	uint32_t epoch;
	Change *running;
	Trial trial;
	bool pending;      /* an action is under way */
	Change *restoring; /* its values are to go back with the next step */
	uint64_t now_ns, realtime_ns;
	uint64_t evidence_since_ns, quiet_until_ns, paused_until_ns;
	char idle[CONTROLLERS_MAX][CONTROLLER_REASON_MAX];
};

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

	if (engine->running)
		trial_clear(&engine->trial);
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

static void report(Engine *engine, const Change *change, const char *event)
{
	if (engine->params.report)
		engine->params.report(change, event, engine->params.context);
}

static Change *add_change(Engine *engine, const Controller *controller, const Proposal *proposal)
{
	Change *change = ring_add(&engine->ring, engine->restoring);

	if (!change)
		return NULL;

	change->controller = controller->name;
	change->proposed_ns = engine->now_ns;
	change->proposed_realtime_ns = engine->realtime_ns;
	change->path = proposal->plan.path;
	change->evidence = proposal->evidence;
	change->n_tunables = proposal->n_tunables;
	memcpy(change->tunables, proposal->tunables, sizeof(change->tunables));
	return change;
}

static bool is_held(const void *context, const char *controller, const Address *path,
		    const ChangeTunable *tunable)
{
	const Engine *engine = context;

	return hold_covers(&engine->holds, controller, path, tunable, engine->now_ns);
}

static void hold(Engine *engine, HoldKind kind, const Change *change)
{
	hold_add(&engine->holds, kind, change->controller, &change->path, &change->tunables[0],
		 engine->now_ns);
}

/* For reasons that are not the path's: no other path may ask for the same either. */
static void hold_everywhere(Engine *engine, const Change *change)
{
	hold_add(&engine->holds, HOLD_REJECTED, change->controller, &(Address){0},
		 &change->tunables[0], engine->now_ns);
}

/* A comparison that was won is not held again the other way round at once, just because the
 * winner's own figures do not look well: so they did in the trial. */
static void hold_way_back(Engine *engine, const Change *change)
{
	ChangeTunable back = change->tunables[0];

	back.old_value = change->tunables[0].new_value;
	back.new_value = change->tunables[0].old_value;
	hold_add(&engine->holds, HOLD_PROVEN, change->controller, &change->path, &back,
		 engine->now_ns);
}

/* --- actions --- */

static void set_action(Engine *engine, const Change *change, EngineActionKind kind, bool new_values,
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
	if (verdict != VERDICT_KEPT) {
		hold(engine, verdict == VERDICT_RESTORED ? HOLD_REJECTED : HOLD_UNDECIDED, change);
		set_action(engine, change, ENGINE_RESTORE, false, ret_action);
		return;
	}
	if (change->trial.kind == TRIAL_SWITCHBACK)
		hold_way_back(engine, change);
	/* The trial may have ended in a block of the old setting. */
	if (engine->trial.arm == TRIAL_ARM_OLD)
		set_action(engine, change, ENGINE_APPLY, true, ret_action);
}

static void step_trial(Engine *engine, const Snapshot *snapshot, EngineAction *ret_action)
{
	Trial *trial = &engine->trial;

	if (snapshot->destroyed_lost)
		trial_incomplete(trial);
	switch (trial->plan.kind == TRIAL_COUNTER
			? trial_counter_step(trial, snapshot->host, snapshot->now_ns)
			: trial_step(trial, snapshot->now_ns, &engine->params.random)) {
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
	hold(engine, HOLD_ADVISED, change);
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

static void ask_controllers(Engine *engine, const Snapshot *snapshot, EngineAction *ret_action)
{
	ControllerInput input = {.snapshot = snapshot,
				 .config = &engine->params.config,
				 .evidence_since_ns = engine->evidence_since_ns,
				 .held = is_held,
				 .context = engine};
	Proposal proposal;

	for (size_t i = 0; i < controller_count; i++) {
		if (engine->params.config.switches[controller_table[i]->knob] == POLICY_OFF) {
			(void)text_copy(engine->idle[i], sizeof(engine->idle[i]),
					"switched off in the configuration");
			continue;
		}
		proposal = (Proposal){0};
		engine->idle[i][0] = '\0';
		if (!controller_table[i]->propose(&input, &proposal, engine->idle[i]))
			continue;

		/* Also for those who do not ask: a fixed value that could not be written, or that
		 * the operator took back, is not written again at once. */
		if (is_held(engine, controller_table[i]->name, &proposal.plan.path,
			    &proposal.tunables[0])) {
			(void)text_copy(engine->idle[i], sizeof(engine->idle[i]),
					"on hold: it was tried, taken back or advised lately");
			continue;
		}
		engine->idle[i][0] = '\0';
		if (proposal.advice || engine->params.config.mode == POLICY_ADVISE) {
			advise(engine, controller_table[i], &proposal);
			continue;
		}
		begin(engine, controller_table[i], &proposal, ret_action);
		return;
	}
}

static void all_idle(Engine *engine, const char *why)
{
	for (size_t i = 0; i < controller_count; i++)
		(void)text_copy(engine->idle[i], sizeof(engine->idle[i]), why);
}

/* Why what was added to buffers must go back, or NULL. */
static const char *pressure(const Engine *engine, const Snapshot *snapshot)
{
	if (snapshot->memory_pressures > 0)
		return "the kernel reports TCP memory pressure";
	return buffers_hurt(snapshot->host, engine->evidence_since_ns)
		       ? "the kernel collapses and prunes receive queues"
		       : NULL;
}

/* What we added to buffers goes back, newest first, one step for each report. A trial of something
 * else goes on, without the pair that this spoils. */
static bool relieve_pressure(Engine *engine, const char *reason, EngineAction *ret_action)
{
	for (size_t i = 0; i < engine->ring.n; i++) {
		Change *change = engine->ring.changes[i];

		if (change->controller != controller_buffers.name)
			continue;
		if (change == engine->running) {
			end_trial(engine, VERDICT_RESTORED, reason, ret_action);
		} else if (change->in_force) {
			decide(engine, change, VERDICT_RESTORED, reason);
			set_action(engine, change, ENGINE_RESTORE, false, ret_action);
		} else {
			continue;
		}
		hold_everywhere(engine, change);
		if (engine->running)
			trial_incomplete(&engine->trial);
		return true;
	}
	return false;
}

void engine_step(Engine *engine, const Snapshot *snapshot, EngineAction *ret_action)
{
	const char *why;

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
	why = pressure(engine, snapshot);
	if (why && relieve_pressure(engine, why, ret_action))
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

/* An ENGINE_APPLY could not be done. */
static void failed(Engine *engine, Change *change, const char *reason)
{
	EngineAction restore;

	if (change == engine->running) {
		end_trial(engine, VERDICT_INCONCLUSIVE, reason, &restore);
		engine->pending = false;
		/* The registry undid the failed write, but an earlier arm may stand. */
		engine->restoring = change;
		return;
	}
	decide(engine, change, VERDICT_INCONCLUSIVE, reason);
	hold(engine, HOLD_UNDECIDED, change);
}

void engine_done(Engine *engine, const EngineAction *action, int status, const char *reason,
		 uint64_t now_ns)
{
	Change *change = ring_find(&engine->ring, action->change_id);

	engine->pending = false;
	engine->now_ns = now_ns;
	/* A restore that failed: the registry keeps it on its list, and reports it. */
	if (!change || action->kind != ENGINE_APPLY)
		return;

	if (status != 0)
		failed(engine, change, reason);
	else if (change == engine->running)
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
	engine->evidence_since_ns = now_ns;
	(void)text_format(reason, sizeof(reason), "%s was changed by somebody else",
			  tunables[id].key);
	if (engine->running && touches(engine->running, id)) {
		Change *change = engine->running;

		end_trial(engine, VERDICT_INCONCLUSIVE, reason, &ignored);
		engine->pending = false;
		/* The registry leaves the foreign value alone and puts back the rest, if any. */
		engine->restoring = change;
	}
	for (size_t i = 0; i < engine->ring.n; i++) {
		Change *change = engine->ring.changes[i];

		if (!change->in_force || !touches(change, id))
			continue;
		change->in_force = false;
		(void)text_copy(change->reason, sizeof(change->reason), reason);
	}
}

uint64_t engine_next_ns(const Engine *engine)
{
	return engine->running || engine->restoring ? engine->now_ns + TRIAL_STEP_NS : UINT64_MAX;
}

/* --- the operator --- */

/* A tunable that is already in the action keeps its value, which is an older change's. */
static void add_old_values(const Change *change, EngineAction *action)
{
	for (size_t t = 0; t < change->n_tunables; t++) {
		size_t at = 0;

		while (at < action->n_changes && action->changes[at].id != change->tunables[t].id)
			at++;
		if (at < action->n_changes)
			continue;
		action->changes[at].id = change->tunables[t].id;
		action->changes[at].value = change->tunables[t].old_value;
		action->n_changes++;
	}
}

static bool overlaps(const Change *change, const EngineAction *action)
{
	for (size_t i = 0; i < action->n_changes; i++)
		if (touches(change, action->changes[i].id))
			return true;
	return false;
}

/* Whether taking `change` back (NULL: everything) pulls the rug from under `running`. */
static bool spoils(const Change *change, const Change *running)
{
	EngineAction values = {0};

	if (!change)
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
		add_old_values(change, action);
		decide(engine, change, VERDICT_RESTORED, "reverted by the operator");
		hold_everywhere(engine, change);
	}
}

int engine_revert(Engine *engine, uint64_t id, uint64_t now_ns, uint64_t realtime_ns,
		  EngineAction *ret_action)
{
	Change *change = id ? ring_find(&engine->ring, id) : NULL, *running = engine->running;
	EngineAction ignored;

	if (id && (!change || (change != running && !change->in_force)))
		return -ENOENT;

	if (running && spoils(change, running)) {
		(void)engine_abort(engine, "reverted by the operator", now_ns, realtime_ns,
				   &ignored);
		hold_everywhere(engine, running);
	} else {
		running = NULL;
	}
	engine->now_ns = now_ns;
	engine->realtime_ns = realtime_ns;
	*ret_action =
		(EngineAction){.kind = ENGINE_RESTORE, .change_id = id, .epoch = ++engine->epoch};
	take_back(engine, change, ret_action);
	if (running)
		add_old_values(running, ret_action);
	if (engine->running) /* of something else, but the epoch is another now */
		trial_incomplete(&engine->trial);
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

const Change *engine_running(const Engine *engine)
{
	return engine->running;
}

size_t engine_trials(const Engine *engine, const Change *ret_changes[ENGINE_TRIALS_MAX])
{
	if (!engine->running)
		return 0;
	ret_changes[0] = engine->running;
	return 1;
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
