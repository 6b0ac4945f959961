/* SPDX-License-Identifier: MIT */
/*
 * The state machine of a trial. A block ends when it is old enough and has seen enough flows, or is
 * given up; a pair with a missing block is dropped whole, since a lone block would reintroduce the
 * drift that pairing removes. Guardrails compare the arms at the end of each pair. A setting under
 * which connections no longer get through has no blocks to compare: it is known by its starving
 * while the old one does not.
 */
#include "daemon/policy/trial.h"

#include <math.h>
#include <stdio.h>

#include "common/clock.h"
#include "common/stats.h"
#include "common/text.h"
#include "daemon/policy/verdict.h"

/* Guardrails of the new arm. Two blocks in a row, for one can be a loss burst of the path itself.
 */
#define GUARD_BLOCKS 2
/* Retransmissions: over 3 % the setting lives at the cost of others (a shallow buffer), whatever
 * it gains; or three times the old arm's, if that is more. */
#define GUARD_RETRANS       0.03
#define GUARD_RETRANS_TIMES 3.0
/* Smoothed RTT p50, that is a standing queue: 1.5 times the old arm's and 10 ms more. Not p90,
 * which the reward weighs already: bbr's start-up alone (a second of a 6 s transfer) lifted p90
 * over 1.5 times on a 100 ms path whose median stayed at 101 ms, and ended trials that gained
 * tenfold. */
#define GUARD_SRTT_PERMILLE 1500
#define GUARD_SRTT_US       10000
#define GUARD_SRTT_PAID     3.0
/* Goodput below 0.8 of the old arm's. */
#define GUARD_GOODPUT_PERMILLE 800

/* A mechanical trial needs this much time with data outstanding on new connections. */
#define MECHANICAL_BUSY_US UINT64_C(10000000)
/* The window in use must exceed the old maximum by this much to say that the limit is gone. */
#define MECHANICAL_WINDOW_PERMILLE 1050

/* The interval is brought up to date after each of the first pairs, and at the end: a bootstrap of
 * 16 pairs takes a millisecond, one of 60 takes 20, for which nobody else should have to wait. */
#define INTERVAL_PAIRS 16

void trial_init(Trial *trial, const TrialPlan *plan, TrialRecord *record)
{
	*trial = (Trial){.plan = *plan, .record = record};
	meter_init(&trial->meter, &plan->path);
	*record = (TrialRecord){
		.kind = plan->kind,
		.before_goodput_bps = plan->before_goodput_bps,
		.before_srtt_p90_us = plan->before_srtt_p90_us,
		.before_retrans = plan->before_retrans,
		.after_retrans = -1,
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
	trial->first_arm = random_coin(random) ? TRIAL_ARM_NEW : TRIAL_ARM_OLD;
	trial->has_reading[0] = trial->has_reading[1] = false;
	return want(trial, trial->first_arm);
}

void trial_switched(Trial *trial, uint32_t epoch, uint64_t now_ns)
{
	trial->switching = false;
	trial->block_start_ns = now_ns;
	meter_start(&trial->meter, epoch);
}

void trial_incomplete(Trial *trial)
{
	if (trial->plan.kind == TRIAL_MECHANICAL)
		return;
	trial->blind = true;
	trial->has_reading[0] = trial->has_reading[1] = false;
	/* Without flows the block cannot complete; it is given up, and the pair with it. */
	meter_start(&trial->meter, UINT32_MAX);
}

static uint64_t block_min_ns(const Trial *trial)
{
	return MAX(TRIAL_BLOCK_MIN_NS,
		   (uint64_t)TRIAL_BLOCK_RTTS * trial->plan.floor_us * NSEC_PER_USEC);
}

/* The reward weighs latency by the objective. Where it is tripled all the same, the queue buys what
 * no objective would refuse: no guardrail. (On a 100 ms path with 0.5 % loss bbr gained twentyfold,
 * but on a busy machine its median srtt passed 150 ms at times.) */
static bool queue_is_paid_for(const TrialPlan *plan, const MeterReading *old_arm,
			      const MeterReading *new_arm)
{
	double old_reward, new_reward;

	return meter_reward(old_arm, plan->floor_us, plan->latency_weight, &old_reward) &&
	       meter_reward(new_arm, plan->floor_us, plan->latency_weight, &new_reward) &&
	       new_reward - old_reward >= log(GUARD_SRTT_PAID);
}

static bool queues(const TrialPlan *plan, const MeterReading *old_arm, const MeterReading *new_arm)
{
	return old_arm->has_srtt && new_arm->has_srtt && plan->latency_weight > 0 &&
	       (uint64_t)new_arm->srtt_p50_us * 1000 >
		       (uint64_t)old_arm->srtt_p50_us * GUARD_SRTT_PERMILLE &&
	       new_arm->srtt_p50_us > old_arm->srtt_p50_us + GUARD_SRTT_US &&
	       !queue_is_paid_for(plan, old_arm, new_arm);
}

/* Which guardrail the new arm's reading hits against the old arm's, or NULL. */
static const char *guardrail(const TrialPlan *plan, const MeterReading *old_arm,
			     const MeterReading *new_arm)
{
	double retrans_limit =
		MAX(GUARD_RETRANS,
		    GUARD_RETRANS_TIMES * (old_arm->has_retrans ? old_arm->retrans : 0.0));

	if (new_arm->has_retrans && new_arm->retrans > retrans_limit)
		return "retransmissions";
	if (queues(plan, old_arm, new_arm))
		return "round-trip time p50";
	if (old_arm->has_goodput && new_arm->has_goodput &&
	    new_arm->goodput_bps * 1000 < old_arm->goodput_bps * GUARD_GOODPUT_PERMILLE)
		return "goodput";
	return NULL;
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
			  "%u pairs in a row without enough new connections (%u flows of at least "
			  "256 KiB a block are needed)",
			  trial->dropped_in_a_row, TRIAL_BLOCK_FLOWS);
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

/* Both blocks of the pair are there. */
static TrialStep finish_pair(Trial *trial, const Random *random)
{
	const MeterReading *old_arm = &trial->readings[TRIAL_ARM_OLD];
	const MeterReading *new_arm = &trial->readings[TRIAL_ARM_NEW];
	const char *guard = guardrail(&trial->plan, old_arm, new_arm);
	TrialRecord *record = trial->record;
	double old_reward, new_reward;

	trial->harmful_blocks = guard ? trial->harmful_blocks + 1 : 0;
	if (trial->harmful_blocks >= GUARD_BLOCKS) {
		update_interval(record, true);
		(void)text_format(trial->reason, sizeof(trial->reason),
				  "guardrail: %s in %u blocks in a row", guard, GUARD_BLOCKS);
		return TRIAL_STEP_RESTORE;
	}
	if (!meter_reward(old_arm, trial->plan.floor_us, trial->plan.latency_weight, &old_reward) ||
	    !meter_reward(new_arm, trial->plan.floor_us, trial->plan.latency_weight, &new_reward))
		return drop_pair(trial, false, random);

	trial->dropped_in_a_row = 0;
	record_arm(trial, TRIAL_ARM_OLD, old_arm);
	record_arm(trial, TRIAL_ARM_NEW, new_arm);
	switch (verdict_add_pair(record, new_reward - old_reward, trial->plan.minimum)) {
	case VERDICT_STEP_KEEP:
		conclude(trial, "benefit proven");
		return TRIAL_STEP_KEEP;
	case VERDICT_STEP_HARM:
		conclude(trial, "harm likely");
		return TRIAL_STEP_RESTORE;
	case VERDICT_STEP_EXHAUSTED:
		conclude(trial, "no proven benefit");
		return TRIAL_STEP_RESTORE;
	case VERDICT_STEP_CONTINUE:
		break;
	}
	update_interval(record, false);
	return begin_pair(trial, random);
}

static TrialStep step_switchback(Trial *trial, uint64_t now_ns, const Random *random)
{
	uint64_t age = now_ns - trial->block_start_ns;
	MeterReading reading;

	if (trial->block_start_ns == 0)
		return begin_pair(trial, random);

	meter_read(&trial->meter, &reading);
	(void)text_format(trial->record->phase, sizeof(trial->record->phase),
			  "pair %u of at most %u, block %u (%s), %u s, %u flows",
			  trial->record->n_pairs + 1, TRIAL_PAIRS_MAX, trial->second ? 2U : 1U,
			  arm_name(trial->arm), (unsigned)(age / NSEC_PER_SEC), reading.flows);

	if (age < block_min_ns(trial) || reading.flows < TRIAL_BLOCK_FLOWS)
		return age < MAX(TRIAL_BLOCK_MAX_NS, 2 * block_min_ns(trial))
			       ? TRIAL_STEP_WAIT
			       : drop_pair(trial, !trial->blind && trial->arm == TRIAL_ARM_NEW,
					   random);

	trial->readings[trial->arm] = reading;
	trial->has_reading[trial->arm] = true;
	if (trial->has_reading[TRIAL_ARM_OLD] && trial->has_reading[TRIAL_ARM_NEW])
		return finish_pair(trial, random);
	assert(!trial->second); /* a lost first block leaves the second one no flows */
	trial->second = true;
	return want(trial, trial->first_arm == TRIAL_ARM_NEW ? TRIAL_ARM_OLD : TRIAL_ARM_NEW);
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
	const char *guard = guardrail(plan, &before, reading);
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
	if (reading.flows >= TRIAL_BLOCK_FLOWS && reading.has_goodput &&
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
