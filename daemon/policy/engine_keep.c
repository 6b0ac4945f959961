/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a comparison that was won.
 *
 * A day has its tides, and what was true at noon need not be true at night: a kept change is
 * provisional until its pairs cover three hours of the day and a re-test of ten pairs in another
 * part of the day has confirmed it; then it is tested again each week. A route that changed (a new
 * epoch of the path's floor) brings the next re-test forward. A re-test is a change of its own,
 * beside the one that it is about.
 *
 * Harm that comes late does not wait for a re-test: two windows in a row in which the path loses
 * far more than in the trial take the change back at once. And what nobody has used for a day goes,
 * so that routes are not left behind for destinations that are no more.
 */
#include "daemon/policy/engine_private.h"

#include "common/clock.h"
#include "common/text.h"
#include "daemon/policy/trial.h"

/* Another part of the day, and then the week. */
#define RETEST_FIRST_NS (6 * NSEC_PER_HOUR)
#define RETEST_WEEK_NS  (7 * NSEC_PER_DAY)
/* After a route change: when its floor is known. */
#define RETEST_SOON_NS (10 * NSEC_PER_MIN)
/* A re-test that found no traffic, or no free slot. */
#define RETEST_AGAIN_NS (2 * NSEC_PER_HOUR)
#define RETEST_PAIRS    10
#define HOURS_COVERED   3

/* Late harm, per window of 30 s: losses of a minute are an incident of the path. */
#define LATE_WINDOWS       4
#define LATE_RETRANS       0.03
#define LATE_RETRANS_TIMES 3.0

#define SILENT_NS NSEC_PER_DAY

static KeptPlan *kept_of(Engine *engine, uint64_t change_id)
{
	for (size_t i = 0; i < RING_MAX; i++)
		if (engine->kept[i].change_id == change_id)
			return &engine->kept[i];
	return NULL;
}

void engine_keep(Engine *engine, Change *change, const TrialPlan *plan)
{
	KeptPlan *place = kept_of(engine, 0);
	const Path *path =
		engine->snapshot ? path_table_find(engine->snapshot->paths, &change->path) : NULL;

	/* Places of records that the ring has dropped, or that are no longer in force, are free. */
	for (size_t i = 0; !place && i < RING_MAX; i++) {
		const Change *other = ring_find(&engine->ring, engine->kept[i].change_id);

		if (!other || !other->in_force)
			place = &engine->kept[i];
	}
	change->provisional = true;
	change->retest_ns = engine->now_ns + RETEST_FIRST_NS;
	if (!place)
		return;
	*place = (KeptPlan){.change_id = change->id,
			    .plan = *plan,
			    .floor_epoch = path ? path->floor.epoch : 0,
			    .looked_ns = engine->now_ns};
}

static unsigned count_bits(uint32_t bits)
{
	return (unsigned)__builtin_popcount(bits);
}

static void confirm(Engine *engine, Change *change, const Change *retest)
{
	change->retests++;
	change->hours |= retest->hours;
	if (count_bits(change->hours) >= HOURS_COVERED)
		change->provisional = false;
	change->retest_ns =
		engine->now_ns + (change->provisional ? RETEST_FIRST_NS : RETEST_WEEK_NS);
}

void engine_retested(Engine *engine, Change *retest, const Trial *trial, ChangeVerdict verdict,
		     const char *reason, EngineAction *ret_action)
{
	Change *change = ring_find(&engine->ring, retest->retest_of);
	bool old_in_force = trial->arm == TRIAL_ARM_OLD;
	char text[256];

	engine_decide(engine, retest, verdict, reason);
	if (!change || !change->in_force) {
		/* It was taken back meanwhile: so are the values. */
		engine_set_action(engine, retest, ENGINE_RESTORE, false, ret_action);
		return;
	}
	if (verdict == VERDICT_RESTORED) {
		(void)text_format(text, sizeof(text), "its re-test (change %u): %s",
				  (unsigned)retest->id, reason);
		engine_decide(engine, change, VERDICT_RESTORED, text);
		engine_learn(engine, retest, false);
		engine_hold(engine, HOLD_REJECTED, change);
		engine_set_action(engine, change, ENGINE_RESTORE, false, ret_action);
		return;
	}
	if (verdict == VERDICT_KEPT)
		confirm(engine, change, retest);
	else
		change->retest_ns = engine->now_ns + RETEST_AGAIN_NS;
	if (old_in_force)
		engine_set_action(engine, change, ENGINE_APPLY, true, ret_action);
}

/* --- late harm and silence --- */

/* The newest complete window, if it has not been looked at: whether it is harmful. */
static void look_at_window(KeptPlan *kept, const Change *change, const Path *path)
{
	const PathWindow *window = path_window(path, 0);
	double loss, limit = LATE_RETRANS;

	if (!window || window->start_ns <= kept->looked_ns)
		return;
	kept->looked_ns = window->start_ns;
	if (change->trial.after_retrans > 0)
		limit = MAX(limit, LATE_RETRANS_TIMES * change->trial.after_retrans);
	if (!path_window_loss(window, &loss))
		return;
	kept->harmful_windows = loss > limit ? kept->harmful_windows + 1 : 0;
}

static bool take_back(Engine *engine, Change *change, HoldKind kind, const char *reason,
		      EngineAction *ret_action)
{
	engine_decide(engine, change, VERDICT_RESTORED, reason);
	engine_hold(engine, kind, change);
	engine_set_action(engine, change, ENGINE_RESTORE, false, ret_action);
	return true;
}

static bool watch_one(Engine *engine, Change *change, KeptPlan *kept, const Path *path,
		      EngineAction *ret_action)
{
	uint64_t seen_ns = path ? MAX(path->last_seen_ns, change->decided_ns) : change->decided_ns;

	if (engine_is_local(change) && engine->now_ns - seen_ns > SILENT_NS)
		return take_back(engine, change, HOLD_UNDECIDED,
				 "nobody has used this destination for a day", ret_action);
	if (!path)
		return false;
	look_at_window(kept, change, path);
	/* Undecided: it may be the path that got worse, and not the setting. */
	if (kept->harmful_windows >= LATE_WINDOWS)
		return take_back(engine, change, HOLD_UNDECIDED,
				 "guardrail: far more is retransmitted than in its trial",
				 ret_action);
	if (path->floor.epoch != kept->floor_epoch) {
		kept->floor_epoch = path->floor.epoch;
		change->retest_ns = MIN(change->retest_ns, engine->now_ns + RETEST_SOON_NS);
	}
	return false;
}

/* --- re-tests --- */

static Change *add_retest(Engine *engine, const Change *change)
{
	Proposal proposal = {.evidence = change->evidence,
			     .n_tunables = change->n_tunables,
			     .plan.path = change->path};
	Change *retest;

	memcpy(proposal.tunables, change->tunables, sizeof(proposal.tunables));
	(void)text_format(proposal.evidence.summary, sizeof(proposal.evidence.summary),
			  "whether what change %u gained is still there", (unsigned)change->id);
	retest = engine_add_change(engine, change->controller, &proposal);
	if (retest)
		retest->retest_of = change->id;
	return retest;
}

static bool retest(Engine *engine, Change *change, const KeptPlan *kept, EngineAction *ret_action)
{
	TrialPlan plan = kept->plan;
	Change *record;

	if (engine_in_the_way(engine, &change->path, change->tunables[0].id))
		return false;
	record = add_retest(engine, change);
	if (!record)
		return false;
	plan.retest = true;
	plan.pairs_max = RETEST_PAIRS;
	plan.prior = change->trial.effect;
	change->retest_ns = engine->now_ns + RETEST_AGAIN_NS;
	engine_begin_trial(engine, record, &plan, ret_action);
	return ret_action->kind != ENGINE_NOTHING;
}

bool engine_watch_kept(Engine *engine, const Snapshot *snapshot, EngineAction *ret_action)
{
	bool is_auto = engine->params.config.mode == POLICY_AUTO;
	bool paused = engine->paused_until_ns > engine->now_ns;

	for (size_t i = 0; i < RING_MAX; i++) {
		KeptPlan *kept = &engine->kept[i];
		Change *change = kept->change_id ? ring_find(&engine->ring, kept->change_id) : NULL;

		if (!change || !change->in_force) {
			kept->change_id = 0;
			continue;
		}
		if (change_is_held(change, engine->now_ns))
			continue;
		/* A trial looks after itself, and stands on what is kept. */
		if (engine_is_on_trial(engine, &change->path, change->tunables[0].id))
			continue;
		if (watch_one(engine, change, kept, path_table_find(snapshot->paths, &change->path),
			      ret_action))
			return true;
		if (!paused && (is_auto || change->by_operator) &&
		    engine->now_ns >= change->retest_ns && retest(engine, change, kept, ret_action))
			return true;
	}
	return false;
}
