/* SPDX-License-Identifier: MIT */
/*
 * The slots of the trials, and a trial's way from proposal to verdict.
 *
 * Blast domains. A setting of the host touches every path, so its comparison runs alone. Metrics of
 * two destinations may be tried at the same time, but not if their traffic leaves by one device and
 * either is about congestion control or buffers: one would take from the other what it then calls
 * its gain. Faults that the kernel counts (TRIAL_COUNTER) are no matter of TCP's rates: one of them
 * has a slot beside the comparisons. A change of the host that waits for the slots keeps new ones
 * out of them, or it would wait for ever.
 *
 * The exploration budget: so long a destination may be under a setting on trial in a day, unless
 * the benefit is likely already.
 */
#include "daemon/policy/engine_private.h"

#include <math.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/policy/fdr.h"
#include "daemon/policy/trial_counter.h"
#include "daemon/policy/verdict.h"

/* Comparisons at a time; the slot beyond them is for a TRIAL_COUNTER. */
#define COMPARISONS_MAX (ENGINE_TRIALS_MAX - 1)
/* A benefit that is this likely is worth going on for (e-value). */
#define EXPLORE_LIKELY 5.0

/* --- who may run beside whom --- */

static bool is_rate_knob(TunableId id)
{
	return id == TUNABLE_ROUTE_CONGCTL || id == TUNABLE_TCP_CONGESTION_CONTROL ||
	       id == TUNABLE_TCP_RMEM || id == TUNABLE_TCP_WMEM;
}

/* A setting of the host whose good is not how connections compare, but what the kernel counts. */
static bool is_counted(TunableId id)
{
	return !tunable_is_route(id) && !is_rate_knob(id) && id != TUNABLE_TCP_FASTOPEN &&
	       id != TUNABLE_TCP_NOTSENT_LOWAT && id != TUNABLE_TCP_SLOW_START_AFTER_IDLE;
}

static int link_of(const Engine *engine, const Address *path)
{
	PolicyRoute route;

	return engine_route(engine, path, &route) ? route.link_index : 0;
}

static bool is_counter(const Slot *slot)
{
	return is_counted(slot->change->tunables[0].id);
}

static bool collides(const Slot *slot, const Address *path, TunableId id, int link_index)
{
	TunableId other = slot->change->tunables[0].id;

	if (is_counter(slot) || is_counted(id))
		return is_counter(slot) && is_counted(id);
	if (!tunable_is_route(id) || !engine_is_local(slot->change) ||
	    address_equal(&slot->change->path, path))
		return true;
	return (is_rate_knob(id) || is_rate_knob(other)) &&
	       (link_index == 0 || slot->link_index == 0 || link_index == slot->link_index);
}

bool engine_in_the_way(Engine *engine, const Address *path, TunableId id)
{
	int link_index = -1;
	unsigned comparisons = 0;

	if (id >= _TUNABLES)
		return false;
	for (size_t i = 0; i < ENGINE_TRIALS_MAX; i++) {
		const Slot *slot = &engine->slots[i];

		if (!slot->change)
			continue;
		if (link_index < 0 && tunable_is_route(id))
			link_index = link_of(engine, path);
		if (collides(slot, path, id, MAX(link_index, 0))) {
			engine->host_waits |= !tunable_is_route(id) && !is_counted(id);
			return true;
		}
		comparisons += !is_counter(slot);
	}
	return (comparisons >= COMPARISONS_MAX && !is_counted(id)) ||
	       (engine->host_waits && tunable_is_route(id));
}

static Slot *free_slot(Engine *engine)
{
	for (size_t i = 0; i < ENGINE_TRIALS_MAX; i++)
		if (!engine->slots[i].change)
			return &engine->slots[i];
	return NULL;
}

Slot *engine_slot_of(Engine *engine, const Change *change)
{
	for (size_t i = 0; change && i < ENGINE_TRIALS_MAX; i++)
		if (engine->slots[i].change == change)
			return &engine->slots[i];
	return NULL;
}

/* --- evidence and exploration --- */

uint64_t engine_path_since(const void *context, const Address *path)
{
	const Engine *engine = context;

	for (size_t i = 0; i < ENGINE_TOUCHED_MAX; i++)
		if (address_equal(&engine->touched[i].path, path))
			return engine->touched[i].at_ns;
	return 0;
}

static void touch_path(Engine *engine, const Address *path)
{
	Touched *oldest = &engine->touched[0];

	for (size_t i = 0; i < ENGINE_TOUCHED_MAX; i++) {
		Touched *touched = &engine->touched[i];

		if (address_equal(&touched->path, path)) {
			oldest = touched;
			break;
		}
		if (touched->at_ns < oldest->at_ns)
			oldest = touched;
	}
	*oldest = (Touched){*path, engine->now_ns};
}

/* What this change does to the evidence of others: a metric concerns its path; another congestion
 * control of the host everybody; any other setting of the host its own controller. */
static void touch(Engine *engine, const Change *change)
{
	size_t own = engine_controller_of(change->controller);

	if (engine_is_local(change)) {
		touch_path(engine, &change->path);
		return;
	}
	for (size_t i = 0; i < controller_count; i++)
		if (i == own || change->tunables[0].id == TUNABLE_TCP_CONGESTION_CONTROL)
			engine->evidence_since_ns[i] = engine->now_ns;
}

static Explored *explored_of(Engine *engine, const Address *path)
{
	Explored *place = &engine->explored[0];

	for (size_t i = 0; i < ENGINE_EXPLORED_MAX; i++) {
		Explored *explored = &engine->explored[i];

		if (address_equal(&explored->path, path)) {
			place = explored;
			break;
		}
		if (explored->day_ns < place->day_ns)
			place = explored;
	}
	if (!address_equal(&place->path, path) || engine->now_ns - place->day_ns >= NSEC_PER_DAY)
		*place = (Explored){*path, engine->now_ns, 0};
	return place;
}

static void spend(Engine *engine, Slot *slot)
{
	if (slot->arm_since_ns && engine_is_local(slot->change))
		explored_of(engine, &slot->change->path)->spent_ns +=
			engine->now_ns - slot->arm_since_ns;
	slot->arm_since_ns = 0;
}

void engine_switched(Engine *engine, Slot *slot, uint32_t epoch)
{
	spend(engine, slot);
	slot->arm_since_ns = slot->trial.arm == TRIAL_ARM_NEW ? engine->now_ns : 0;
	trial_switched(&slot->trial, epoch, engine->now_ns);
}

static uint64_t exploration_budget(const Engine *engine)
{
	return NSEC_PER_DAY / 1000 * engine->params.config.exploration_permille;
}

bool engine_is_explored(const Engine *engine, const Address *path)
{
	for (size_t i = 0; i < ENGINE_EXPLORED_MAX; i++) {
		const Explored *explored = &engine->explored[i];

		if (address_equal(&explored->path, path) &&
		    engine->now_ns - explored->day_ns < NSEC_PER_DAY)
			return explored->spent_ns > exploration_budget(engine);
	}
	return false;
}

static bool is_exhausted(Engine *engine, const Slot *slot)
{
	const TrialPlan *plan = &slot->trial.plan;
	uint64_t spent;

	if (!engine_is_local(slot->change) || plan->kind != TRIAL_SWITCHBACK || plan->retest ||
	    exp(slot->change->trial.log_e_benefit) >= EXPLORE_LIKELY)
		return false;
	spent = explored_of(engine, &slot->change->path)->spent_ns;
	if (slot->arm_since_ns)
		spent += engine->now_ns - slot->arm_since_ns;
	return spent > exploration_budget(engine);
}

/* --- verdict --- */

void engine_decide(Engine *engine, Change *change, ChangeVerdict verdict, const char *reason)
{
	change->state = CHANGE_DECIDED;
	change->verdict = verdict;
	change->in_force = verdict == VERDICT_KEPT && change->retest_of == 0;
	change->decided_ns = engine->now_ns;
	change->decided_realtime_ns = engine->realtime_ns;
	change->trial.phase[0] = '\0';
	(void)text_copy(change->reason, sizeof(change->reason), reason);
	touch(engine, change);
	engine_recount(engine);
	/* What the configuration fixes is not an experiment and waits for nothing. */
	if (change->trial.kind != TRIAL_NONE && !engine_is_local(change))
		engine->quiet_until_ns = engine->now_ns + ENGINE_COOLDOWN_NS;
	engine_report(engine, change, change_verdict_name(verdict));
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

void engine_end_trial(Engine *engine, Slot *slot, ChangeVerdict verdict, const char *reason,
		      EngineAction *ret_action)
{
	Change *change = slot->change;
	Trial trial = slot->trial;
	bool old_in_force = trial.arm == TRIAL_ARM_OLD;

	spend(engine, slot);
	slot->change = NULL;
	if (change->retest_of) {
		engine_retested(engine, change, &trial, verdict, reason, ret_action);
	} else if (verdict != VERDICT_KEPT) {
		engine_decide(engine, change, verdict, reason);
		if (verdict == VERDICT_RESTORED)
			engine_learn(engine, change, false);
		engine_hold(engine, verdict == VERDICT_RESTORED ? HOLD_REJECTED : HOLD_UNDECIDED,
			    change);
		engine_set_action(engine, change, ENGINE_RESTORE, false, ret_action);
	} else {
		engine_decide(engine, change, verdict, reason);
		if (change->trial.kind == TRIAL_SWITCHBACK) {
			hold_way_back(engine, change);
			engine_learn(engine, change, true);
			engine_keep(engine, change, &trial.plan);
		}
		/* The trial may have ended in a block of the old setting. */
		if (old_in_force)
			engine_set_action(engine, change, ENGINE_APPLY, true, ret_action);
	}
	trial_clear(&trial);
}

/* --- our own probes first --- */

/* Probes answer within seconds; if these do not, the path is asked itself. */
#define SHADOW_WAIT_NS (60 * NSEC_PER_SEC)

static bool wants_shadow(const Engine *engine, const Change *change)
{
	PolicyRoute route;

	return engine_is_local(change) && change->retest_of == 0 &&
	       engine_route(engine, &change->path, &route) && route.probed;
}

void engine_shadow_begun(Engine *engine, Slot *slot, int status)
{
	slot->shadow = status == 0 ? SHADOW_RUNNING : SHADOW_OVER;
	slot->shadow_ns = engine->now_ns;
}

static bool is_in_shadow(const Engine *engine, Slot *slot)
{
	if (slot->shadow == SHADOW_RUNNING && engine->now_ns - slot->shadow_ns > SHADOW_WAIT_NS)
		slot->shadow = SHADOW_OVER;
	if (slot->shadow == SHADOW_OVER)
		return false;
	(void)text_copy(slot->change->trial.phase, sizeof(slot->change->trial.phase),
			"our own probes try it first");
	return true;
}

void engine_shadow_result(Engine *engine, uint64_t change_id, const char *harm, uint64_t now_ns,
			  uint64_t realtime_ns, EngineAction *ret_action)
{
	Slot *slot = engine_slot_of(engine, ring_find(&engine->ring, change_id));
	char reason[256];

	*ret_action = (EngineAction){.kind = ENGINE_NOTHING};
	if (!slot || slot->shadow != SHADOW_RUNNING)
		return;
	engine->now_ns = now_ns;
	engine->realtime_ns = realtime_ns;
	slot->shadow = SHADOW_OVER;
	if (!harm)
		return;
	(void)text_format(reason, sizeof(reason), "tried on our own probes only: %s", harm);
	engine_end_trial(engine, slot, VERDICT_RESTORED, reason, ret_action);
}

static void note_hour(const Engine *engine, Change *change, unsigned pairs_before)
{
	if (change->trial.n_pairs > pairs_before)
		change->hours |= 1U << (engine->realtime_ns / NSEC_PER_HOUR % 24);
}

/* --- many hypotheses --- */

/* Half of what one trial alone would be asked for: in bad weather (incidents, bursts of loss) a
 * simulated path with nothing to gain had 2.4 % of its first trials kept at e >= 20. */
#define ALPHA (FDR_ALPHA / 2)

static bool is_hypothesis(const Change *change)
{
	return change->trial.kind == TRIAL_SWITCHBACK && change->retest_of == 0 &&
	       engine_controller_of(change->controller) < controller_count;
}

static void count_hypotheses(Engine *engine)
{
	double log_e[RING_MAX];
	size_t n = 0, running = 0;

	engine->threshold_until_ns = UINT64_MAX;
	for (size_t i = 0; i < engine->ring.n; i++) {
		const Change *change = engine->ring.changes[i];

		if (!is_hypothesis(change))
			continue;
		if (change->state == CHANGE_TRIAL) {
			running++;
		} else if (change->verdict != VERDICT_INCONCLUSIVE &&
			   engine->now_ns - change->decided_ns < FDR_MEMORY_NS) {
			log_e[n++] = change->trial.log_e_benefit;
			engine->threshold_until_ns =
				MIN(engine->threshold_until_ns, change->decided_ns + FDR_MEMORY_NS);
		}
	}
	engine->threshold = fdr_threshold(log_e, n, MAX(running, (size_t)1), ALPHA);
}

/* The more is tried on this host, the more it takes to be believed. Counted anew when a trial
 * begins, is decided, or is forgotten. */
static double threshold(Engine *engine)
{
	if (engine->threshold <= 0 || engine->now_ns >= engine->threshold_until_ns)
		count_hypotheses(engine);
	return engine->threshold;
}

void engine_recount(Engine *engine)
{
	engine->threshold = 0;
}

/* --- step --- */

static TrialStep step_slot(Engine *engine, Slot *slot, const Snapshot *snapshot)
{
	Trial *trial = &slot->trial;
	unsigned pairs = slot->change->trial.n_pairs;
	TrialStep step;

	if (is_in_shadow(engine, slot))
		return TRIAL_STEP_WAIT;
	if (snapshot->destroyed_lost)
		trial_incomplete(trial);
	if (is_exhausted(engine, slot)) {
		(void)text_copy(trial->reason, sizeof(trial->reason),
				"the exploration budget of this destination is spent for today, "
				"and no benefit is in sight");
		return TRIAL_STEP_INCONCLUSIVE;
	}
	if (trial->plan.kind == TRIAL_COUNTER)
		return trial_counter_step(trial, snapshot->host, snapshot->now_ns);
	if (is_hypothesis(slot->change))
		trial->plan.e_keep = threshold(engine);
	step = trial_step(trial, snapshot->now_ns, &engine->params.random);
	note_hour(engine, slot->change, pairs);
	return step;
}

static void carry_out(Engine *engine, Slot *slot, TrialStep step, EngineAction *ret_action)
{
	static const ChangeVerdict verdicts[] = {
		[TRIAL_STEP_KEEP] = VERDICT_KEPT,
		[TRIAL_STEP_RESTORE] = VERDICT_RESTORED,
		[TRIAL_STEP_INCONCLUSIVE] = VERDICT_INCONCLUSIVE,
	};

	if (step == TRIAL_STEP_SWITCH)
		engine_set_action(engine, slot->change, ENGINE_APPLY,
				  slot->trial.arm == TRIAL_ARM_NEW, ret_action);
	else if (step != TRIAL_STEP_WAIT)
		engine_end_trial(engine, slot, verdicts[step], slot->trial.reason, ret_action);
}

bool engine_step_trials(Engine *engine, const Snapshot *snapshot, EngineAction *ret_action)
{
	for (size_t i = 0; i < ENGINE_TRIALS_MAX; i++) {
		Slot *slot = &engine->slots[i];

		if (!slot->change)
			continue;
		carry_out(engine, slot, step_slot(engine, slot, snapshot), ret_action);
		if (ret_action->kind != ENGINE_NOTHING)
			return true;
	}
	return false;
}

/* --- begin --- */

void engine_begin_trial(Engine *engine, Change *change, const TrialPlan *plan,
			EngineAction *ret_action)
{
	Slot *slot = free_slot(engine);
	TrialPlan expected;

	assert(slot); /* engine_in_the_way() was asked */
	*slot = (Slot){.change = change,
		       .link_index = engine_is_local(change) ? link_of(engine, &change->path) : 0};
	change->state = CHANGE_TRIAL;
	engine_recount(engine);
	expected = *plan;
	if (expected.prior == 0)
		expected.prior = engine_prior(engine, change);
	trial_init(&slot->trial, &expected, &change->trial);
	engine_report(engine, change, "trial-started");
	if (wants_shadow(engine, change)) {
		slot->shadow = SHADOW_WANTED;
		engine_set_action(engine, change, ENGINE_SHADOW, true, ret_action);
		return;
	}
	carry_out(engine, slot, step_slot(engine, slot, engine->snapshot), ret_action);
}
