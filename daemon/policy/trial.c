/* SPDX-License-Identifier: MIT */
/*
 * The state machine of a trial. A block ends when it is old enough and has seen enough flows, or is
 * given up; a pair with a missing block is dropped whole, since a lone block would reintroduce the
 * drift that pairing removes. A setting under which connections no longer get through has no blocks
 * to compare: it is known by its starving while the old one does not.
 */
#include "daemon/policy/trial.h"

#include <math.h>
#include <stdio.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/policy/guard.h"
#include "daemon/policy/verdict.h"

/* Guardrails of the new arm. Two blocks in a row, for one can be a loss burst of the path itself;
 * likewise two looks, of which the second may fall into the same burst: so they are checked. */
#define GUARD_BLOCKS       2
#define GUARD_GOODPUT_MEAN 0.9
#define GUARD_LOOKS        2

/* What a shorter send queue may cost: on a fast path the application has to be woken more often. */
#define QUEUE_GOODPUT 0.95

/* A mechanical trial needs this much time with data outstanding on new connections. */
#define MECHANICAL_BUSY_US UINT64_C(10000000)
/* The window in use must exceed the old maximum by this much to say that the limit is gone. */
#define MECHANICAL_WINDOW_PERMILLE 1050

/* The interval is brought up to date after each of the first pairs, and at the end: a bootstrap of
 * 16 pairs takes a millisecond, one of 60 takes 20, for which nobody else should have to wait. */
#define INTERVAL_PAIRS 16

void trial_init(Trial *trial, const TrialPlan *plan, TrialRecord *record)
{
	const MeterParams params = {.kind = plan->meter,
				    .path = plan->path,
				    .low_bytes = plan->short_low_bytes,
				    .high_bytes = plan->short_high_bytes};

	*trial = (Trial){.plan = *plan, .record = record};
	meter_init(&trial->meter, &params);
	*record = (TrialRecord){
		.kind = plan->kind,
		.before_goodput_bps = plan->before_goodput_bps,
		.before_srtt_p90_us = plan->before_srtt_p90_us,
		.before_retrans = plan->before_retrans,
		.after_retrans = -1,
		.e_keep = plan->e_keep > 0 ? plan->e_keep : VERDICT_E_KEEP,
		.prior = plan->prior,
		.flows_before = plan->kind == TRIAL_MECHANICAL ? plan->before_flows : 0,
	};
}

void trial_clear(Trial *trial)
{
	meter_clear(&trial->meter);
}

static const char *arm_name(TrialArm arm)
{
	return arm == TRIAL_ARM_NEW ? "new" : "old";
}

static TrialStep want(Trial *trial, TrialArm arm)
{
	trial->arm = arm;
	trial->switching = true;
	return TRIAL_STEP_SWITCH;
}

static TrialStep begin_pair(Trial *trial, const Random *random)
{
	trial->second = trial->blind = false;
	trial->alarm = NULL;
	trial->first_arm = random_coin(random) ? TRIAL_ARM_NEW : TRIAL_ARM_OLD;
	trial->has_reading[0] = trial->has_reading[1] = false;
	return want(trial, trial->first_arm);
}

static uint64_t rtts_ns(const Trial *trial, unsigned n)
{
	return (uint64_t)n * trial->plan.floor_us * NSEC_PER_USEC;
}

void trial_switched(Trial *trial, uint32_t epoch, uint64_t now_ns)
{
	uint64_t washout = MAX(TRIAL_WASHOUT_NS, rtts_ns(trial, TRIAL_WASHOUT_RTTS));

	trial->switching = false;
	trial->block_start_ns = now_ns;
	trial->look_ns = 0;
	trial->look_births = trial->look_hits = 0;
	/* The arm before does not matter to the length of the wait: if it did, the order of a pair
	 * would decide how it is measured. Before a mechanical trial there was no other arm. */
	meter_start(&trial->meter, epoch, now_ns + washout,
		    trial->plan.kind == TRIAL_MECHANICAL ? now_ns : now_ns + TRIAL_SETTLE_NS);
}

void trial_incomplete(Trial *trial)
{
	if (trial->plan.kind == TRIAL_MECHANICAL)
		return;
	trial->blind = true;
	trial->has_reading[0] = trial->has_reading[1] = false;
	/* Without flows the block cannot complete; it is given up, and the pair with it. */
	meter_start(&trial->meter, UINT32_MAX, UINT64_MAX / 2, 0);
}

/* Depends on earlier pairs only, and is the same for both blocks of a pair. */
static uint64_t block_min_ns(const Trial *trial)
{
	uint64_t shortest = MAX(TRIAL_BLOCK_MIN_NS, rtts_ns(trial, TRIAL_BLOCK_RTTS));
	unsigned n = trial->record->n_pairs;

	return shortest * (n < TRIAL_PAIRS_SHORT ? 1 : n < TRIAL_PAIRS_LONGER ? 2 : TRIAL_LONGEST);
}

static uint64_t block_max_ns(const Trial *trial)
{
	return MAX(trial->meter.shared ? TRIAL_SETTLE_NS : TRIAL_BLOCK_MAX_NS,
		   2 * block_min_ns(trial));
}

static bool block_is_enough(const Trial *trial, uint64_t age_ns, const MeterReading *reading)
{
	uint64_t busy_us = MAX(TRIAL_BUSY_US, rtts_ns(trial, TRIAL_BUSY_RTTS) / NSEC_PER_USEC);

	return age_ns >= block_min_ns(trial) &&
	       reading->flows >= meter_units_min(trial->plan.meter) &&
	       (trial->plan.meter != METER_BULK || reading->busy_us >= busy_us);
}

static GuardLimits limits(const Trial *trial)
{
	return (GuardLimits){.floor_us = trial->plan.floor_us,
			     .latency_weight = trial->plan.latency_weight};
}

static void record_arm(Trial *trial, TrialArm arm, const MeterReading *reading)
{
	TrialRecord *record = trial->record;

	if (reading->has_goodput) {
		trial->goodput_sum[arm] += reading->goodput_bps;
		trial->goodput_n[arm]++;
	}
	if (arm == TRIAL_ARM_NEW) {
		record->flows_after += reading->flows;
		record->after_srtt_p90_us = reading->srtt_p90_us;
		record->after_retrans = reading->has_retrans ? reading->retrans : -1;
		if (trial->goodput_n[arm])
			record->after_goodput_bps = trial->goodput_sum[arm] / trial->goodput_n[arm];
		return;
	}
	record->flows_before += reading->flows;
	record->before_srtt_p90_us = reading->srtt_p90_us;
	record->before_retrans = reading->has_retrans ? reading->retrans : -1;
	if (trial->goodput_n[arm])
		record->before_goodput_bps = trial->goodput_sum[arm] / trial->goodput_n[arm];
}

static void update_interval(TrialRecord *record, bool at_end)
{
	if (record->n_pairs > 0 && (at_end || record->n_pairs <= INTERVAL_PAIRS))
		stats_bootstrap(record->differences, record->n_pairs, 0.95, &record->effect_low,
				&record->effect_high);
}

static TrialStep drop_pair(Trial *trial, bool new_starved, const Random *random)
{
	if (trial->dropped_in_a_row == 0) {
		trial->only_new_starved = true;
		trial->old_was_fed = false;
	}
	trial->only_new_starved &= new_starved;
	trial->old_was_fed |= trial->has_reading[TRIAL_ARM_OLD];
	trial->record->n_dropped++;
	if (++trial->dropped_in_a_row < TRIAL_DROPPED_MAX)
		return begin_pair(trial, random);

	update_interval(trial->record, true);
	if (trial->only_new_starved && trial->old_was_fed) {
		(void)text_format(trial->reason, sizeof(trial->reason),
				  "guardrail: too few connections move data under the new setting "
				  "in %u pairs in a row, enough under the old",
				  trial->dropped_in_a_row);
		return TRIAL_STEP_RESTORE;
	}
	(void)text_format(trial->reason, sizeof(trial->reason),
			  "%u pairs in a row without enough to measure: %u %s a block are needed",
			  trial->dropped_in_a_row, meter_units_min(trial->plan.meter),
			  meter_units_name(trial->plan.meter));
	return TRIAL_STEP_INCONCLUSIVE;
}

static void conclude(Trial *trial, const char *what)
{
	const TrialRecord *record = trial->record;

	update_interval(trial->record, true);
	(void)text_format(trial->reason, sizeof(trial->reason),
			  "%s after %u pairs: effect %+.0f %% [%+.0f, %+.0f], e-value %.3g "
			  "(harm %.3g)",
			  what, record->n_pairs, 100 * expm1(record->effect),
			  100 * expm1(record->effect_low), 100 * expm1(record->effect_high),
			  exp(record->log_e_benefit), exp(record->log_e_harm));
}

static TrialStep blame(Trial *trial, const char *guard, const char *how)
{
	update_interval(trial->record, true);
	(void)text_format(trial->reason, sizeof(trial->reason), "guardrail: %s %s", guard, how);
	return TRIAL_STEP_RESTORE;
}

/* Proven; but an unsent queue is only worth having less of if the data goes out as fast. */
static TrialStep keep(Trial *trial)
{
	if (trial->plan.meter == METER_QUEUE && trial->goodput_ln_n > 0 &&
	    trial->goodput_ln / trial->goodput_ln_n < log(QUEUE_GOODPUT)) {
		conclude(trial, "it is paid for with goodput");
		return TRIAL_STEP_RESTORE;
	}
	conclude(trial, trial->plan.retest ? "still there" : "benefit proven");
	return TRIAL_STEP_KEEP;
}

static TrialStep add_pair(Trial *trial, double difference, const Random *random)
{
	const VerdictRule rule = {.minimum = trial->plan.minimum,
				  .e_keep = trial->plan.e_keep,
				  .pairs_max = trial->plan.pairs_max,
				  .retest = trial->plan.retest};

	switch (verdict_add_pair(trial->record, difference, &rule)) {
	case VERDICT_STEP_KEEP:
		return keep(trial);
	case VERDICT_STEP_HARM:
		conclude(trial, "harm likely");
		return TRIAL_STEP_RESTORE;
	case VERDICT_STEP_EXHAUSTED:
		conclude(trial, trial->plan.retest ? "no longer there" : "no proven benefit");
		return TRIAL_STEP_RESTORE;
	case VERDICT_STEP_CONTINUE:
		break;
	}
	update_interval(trial->record, false);
	return begin_pair(trial, random);
}

static void sum_goodput(Trial *trial, const MeterReading *old_arm, const MeterReading *new_arm)
{
	if (!old_arm->has_goodput || !new_arm->has_goodput || old_arm->goodput_bps == 0 ||
	    new_arm->goodput_bps == 0)
		return;
	trial->goodput_ln += log((double)new_arm->goodput_bps / (double)old_arm->goodput_bps);
	trial->goodput_ln_n++;
}

/* Which guardrail the pair hits. On a noisy path one pair in seven falls below the limit of goodput
 * under a setting that gains 10 %, and two in a row come soon: so the mean of all pairs must be
 * poor, too. (Simulated: of 40 gains of 10 % two thirds ended by that guardrail.) */
static const char *guard_of_pair(const Trial *trial, const MeterReading *old_arm,
				 const MeterReading *new_arm)
{
	const GuardLimits guard_limits = limits(trial);
	const char *guard = guard_block(&guard_limits, old_arm, new_arm);

	if (text_equal(guard, "goodput") && trial->goodput_ln_n > 0 &&
	    trial->goodput_ln / trial->goodput_ln_n > log(GUARD_GOODPUT_MEAN))
		return NULL;
	return guard;
}

/* Both blocks of the pair are there. */
static TrialStep finish_pair(Trial *trial, const Random *random)
{
	const MeterReading *old_arm = &trial->readings[TRIAL_ARM_OLD];
	const MeterReading *new_arm = &trial->readings[TRIAL_ARM_NEW];
	const char *guard;
	double old_reward, new_reward;

	sum_goodput(trial, old_arm, new_arm);
	guard = guard_of_pair(trial, old_arm, new_arm);
	trial->harmful_blocks = guard ? trial->harmful_blocks + 1 : 0;
	if (trial->harmful_blocks >= GUARD_BLOCKS)
		return blame(trial, guard, "in 2 blocks in a row");
	if (!meter_reward(old_arm, trial->plan.floor_us, trial->plan.latency_weight, &old_reward) ||
	    !meter_reward(new_arm, trial->plan.floor_us, trial->plan.latency_weight, &new_reward))
		return drop_pair(trial, false, random);

	trial->dropped_in_a_row = 0;
	record_arm(trial, TRIAL_ARM_OLD, old_arm);
	record_arm(trial, TRIAL_ARM_NEW, new_arm);
	return add_pair(trial, new_reward - old_reward, random);
}

/* True: two looks in a row at the running block of the new arm hit a guardrail. */
static bool look(Trial *trial, uint64_t age_ns, const MeterReading *reading)
{
	const GuardLimits guard_limits = limits(trial);
	const char *through, *hit;

	if (trial->arm != TRIAL_ARM_NEW || trial->blind || trial->old_age_ns == 0 ||
	    age_ns < trial->look_ns + GUARD_LOOK_NS)
		return false;
	through = guard_through(&trial->old_reading, trial->old_age_ns, reading, age_ns,
				trial->look_births);
	hit = through ? through : guard_look(&guard_limits, &trial->old_reading, reading);
	trial->look_ns = age_ns;
	trial->look_births = reading->births;
	trial->look_hits = hit ? trial->look_hits + 1 : 0;
	if (trial->look_hits < GUARD_LOOKS)
		return false;
	trial->alarm = hit;
	trial->stalled = through;
	trial->readings[TRIAL_ARM_NEW] = *reading;
	trial->has_reading[TRIAL_ARM_NEW] = true;
	return true;
}

static TrialStep undecided(Trial *trial, const char *reason)
{
	update_interval(trial->record, true);
	(void)text_copy(trial->reason, sizeof(trial->reason), reason);
	return TRIAL_STEP_INCONCLUSIVE;
}

/* The old setting is back after an alarm: whether it fares better is known when its block ends, or
 * as soon as anything gets through where nothing did. */
static TrialStep check_alarm(Trial *trial, uint64_t age_ns, const MeterReading *reading,
			     const Random *random)
{
	const MeterReading *suspect = &trial->readings[TRIAL_ARM_NEW];
	const GuardLimits guard_limits = limits(trial);
	const char *alarm = trial->alarm;

	if (trial->stalled && age_ns >= GUARD_LOOK_NS &&
	    (uint64_t)reading->moving * MAX(suspect->births, 1U) >
		    2 * (uint64_t)suspect->moving * reading->births)
		return blame(trial, alarm, "under the new setting, but do under the old");
	if (trial->blind || trial->stalled || !block_is_enough(trial, age_ns, reading))
		return age_ns < block_max_ns(trial)
			       ? TRIAL_STEP_WAIT
			       : undecided(trial, "a guardrail was hit, but the old setting shows "
						  "no better: the path itself failed");
	if (guard_look(&guard_limits, reading, suspect))
		return blame(trial, alarm, "in 2 looks in a row, and not under the old setting");
	/* The path's doing. The pair says what it says. */
	trial->alarm = NULL;
	if (!trial->has_reading[TRIAL_ARM_OLD])
		trial->readings[TRIAL_ARM_OLD] = *reading;
	trial->has_reading[TRIAL_ARM_OLD] = true;
	return finish_pair(trial, random);
}

/* The floor of the path rose: another route, for no setting of ours makes light slower. One that
 * fell may be a queue that only the new arm does not fill. */
static bool route_changed(Trial *trial)
{
	const Meter *meter = &trial->meter;
	bool changed = trial->route_epoch != 0 && meter->route_epoch != trial->route_epoch;

	trial->route_epoch = meter->route_epoch;
	return changed && meter->route_previous_us != UINT32_MAX &&
	       meter->route_floor_us > meter->route_previous_us;
}

static bool old_arm_moved(Trial *trial, const MeterReading *reading)
{
	return trial->arm == TRIAL_ARM_OLD && reading->has_srtt &&
	       stats_cusum_add(&trial->old_srtt, log((double)reading->srtt_p50_us));
}

static TrialStep end_block(Trial *trial, uint64_t age_ns, const MeterReading *reading,
			   const Random *random)
{
	trial->readings[trial->arm] = *reading;
	trial->has_reading[trial->arm] = true;
	if (trial->arm == TRIAL_ARM_OLD) {
		trial->old_reading = *reading;
		trial->old_age_ns = age_ns;
	}
	if (trial->has_reading[TRIAL_ARM_OLD] && trial->has_reading[TRIAL_ARM_NEW])
		return finish_pair(trial, random);
	assert(!trial->second); /* a lost first block leaves the second one no flows */
	trial->second = true;
	return want(trial, trial->first_arm == TRIAL_ARM_NEW ? TRIAL_ARM_OLD : TRIAL_ARM_NEW);
}

static TrialStep step_block(Trial *trial, uint64_t age_ns, const MeterReading *reading,
			    const Random *random)
{
	if (look(trial, age_ns, reading))
		return want(trial, TRIAL_ARM_OLD);
	if (!block_is_enough(trial, age_ns, reading))
		return age_ns < block_max_ns(trial)
			       ? TRIAL_STEP_WAIT
			       : drop_pair(trial,
					   trial->arm == TRIAL_ARM_NEW && !trial->blind &&
						   !trial->meter.shared,
					   random);
	if (old_arm_moved(trial, reading))
		return undecided(trial, "the path changed: the round-trip times of the old setting "
					"have moved");
	return end_block(trial, age_ns, reading, random);
}

static TrialStep step_switchback(Trial *trial, uint64_t now_ns, const Random *random)
{
	uint64_t age = now_ns - trial->block_start_ns;
	unsigned last = trial->plan.pairs_max ? trial->plan.pairs_max : TRIAL_PAIRS_MAX;
	MeterReading reading;

	if (trial->block_start_ns == 0)
		return begin_pair(trial, random);

	meter_read(&trial->meter, &reading);
	(void)text_format(trial->record->phase, sizeof(trial->record->phase),
			  "pair %u of at most %u, %s (%s), %u s, %u %s", trial->record->n_pairs + 1,
			  last,
			  trial->alarm    ? "check"
			  : trial->second ? "block 2"
					  : "block 1",
			  arm_name(trial->arm), (unsigned)(age / NSEC_PER_SEC), reading.flows,
			  meter_units_name(trial->plan.meter));
	if (route_changed(trial))
		return undecided(trial, "the path changed: its floor rose");
	return trial->alarm ? check_alarm(trial, age, &reading, random)
			    : step_block(trial, age, &reading, random);
}

static TrialStep judge_mechanical(Trial *trial, const MeterReading *reading)
{
	const TrialPlan *plan = &trial->plan;
	MeterReading before = {
		.has_goodput = plan->before_goodput_bps > 0,
		.has_srtt = plan->before_srtt_p50_us > 0,
		.has_retrans = plan->before_retrans >= 0,
		.goodput_bps = plan->before_goodput_bps,
		.srtt_p50_us = plan->before_srtt_p50_us,
		.srtt_p90_us = plan->before_srtt_p90_us,
		.retrans = MAX(plan->before_retrans, 0.0),
	};
	const GuardLimits guard_limits = limits(trial);
	const char *guard = guard_block(&guard_limits, &before, reading);
	double gain =
		(double)reading->goodput_bps / (double)MAX(plan->before_goodput_bps, UINT64_C(1));
	bool limit_gone = reading->max_window_bytes * 1000 >
			  plan->before_window_bytes * MECHANICAL_WINDOW_PERMILLE;
	bool worth = log(gain) >= plan->minimum;

	trial->record->effect = log(gain);
	trial->record->effect_low = trial->record->effect_high = trial->record->effect;
	(void)text_format(
		trial->reason, sizeof(trial->reason),
		"%s: %u connections born after it, goodput %.1f -> %.1f Mbit/s (%+.0f %%), "
		"largest window %.2f -> %.2f MB",
		guard         ? guard
		: !limit_gone ? "no larger window came into use"
		: !worth      ? "limit removed, no gain"
			      : "limit removed",
		reading->flows, (double)plan->before_goodput_bps / 1e6,
		(double)reading->goodput_bps / 1e6, 100 * (gain - 1),
		(double)plan->before_window_bytes / 1e6, (double)reading->max_window_bytes / 1e6);
	return !guard && limit_gone && worth ? TRIAL_STEP_KEEP : TRIAL_STEP_RESTORE;
}

static TrialStep step_mechanical(Trial *trial, uint64_t now_ns)
{
	uint64_t age = now_ns - trial->block_start_ns;
	MeterReading reading;

	if (trial->block_start_ns == 0)
		return want(trial, TRIAL_ARM_NEW);

	meter_read(&trial->meter, &reading);
	(void)text_format(trial->record->phase, sizeof(trial->record->phase),
			  "connections born after the change: %u, %u s", reading.flows,
			  (unsigned)(age / NSEC_PER_SEC));
	if (reading.flows >= meter_units_min(METER_BULK) && reading.has_goodput &&
	    reading.busy_us >= MECHANICAL_BUSY_US) {
		record_arm(trial, TRIAL_ARM_NEW, &reading);
		return judge_mechanical(trial, &reading);
	}
	if (age < TRIAL_MECHANICAL_NS)
		return TRIAL_STEP_WAIT;
	(void)text_format(trial->reason, sizeof(trial->reason),
			  "only %u bulk connections and %.1f s of data on its way within %u s: "
			  "cannot tell",
			  reading.flows, (double)reading.busy_us / 1e6,
			  (unsigned)(TRIAL_MECHANICAL_NS / NSEC_PER_SEC));
	return TRIAL_STEP_INCONCLUSIVE;
}

TrialStep trial_step(Trial *trial, uint64_t now_ns, const Random *random)
{
	if (trial->switching)
		return TRIAL_STEP_SWITCH;
	return trial->plan.kind == TRIAL_MECHANICAL ? step_mechanical(trial, now_ns)
						    : step_switchback(trial, now_ns, random);
}
