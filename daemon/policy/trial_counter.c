/* SPDX-License-Identifier: MIT */
/*
 * Only windows that began after the change are looked at, each once, oldest first. One with too
 * little load, or in which a counter was made anew, is passed over: less traffic has fewer faults
 * whatever the setting. A guard is compared per load, too; it may double, and rise by a hundredth
 * of what the load is, before it is taken for harm: most guards are near 0 before.
 */
#include "daemon/policy/trial_counter.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base.h"
#include "common/clock.h"
#include "common/text.h"

#define LOAD_PERMILLE  800
#define FAULT_PERMILLE 200 /* of the rate before may remain */
#define GUARD_TIMES    2.0
#define GUARD_RATE     0.01

/* Time is the load where there is no other: a thousand for each window. */
static bool load_of(const TrialCounterPlan *plan, const HostWindow *window, uint64_t *ret)
{
	if (plan->load != _HOST_COUNTERS)
		return host_window_counter(window, plan->load, ret);
	*ret = (window->end_ns - window->start_ns) * 1000 / HOST_WINDOW_NS;
	return true;
}

static double per(uint64_t count, uint64_t load)
{
	return (double)count / (double)MAX(load, UINT64_C(1));
}

static uint64_t load_before(const TrialCounterPlan *plan)
{
	return plan->load == _HOST_COUNTERS ? UINT64_C(1000) * plan->windows : plan->before_load;
}

static double rate_before(const TrialCounterPlan *plan)
{
	return per(plan->before_faults, load_before(plan));
}

static bool rose(double before, double after)
{
	return after > before * GUARD_TIMES && after > before + GUARD_RATE;
}

/* Whether the fault is as good as gone in the windows counted. */
static bool is_cured(const Trial *trial)
{
	const TrialCounterPlan *plan = &trial->plan.counter;
	double before = rate_before(plan), after = per(trial->counted.faults, trial->counted.load);

	return plan->preventive ? !rose(before, after) : after * 1000 <= before * FAULT_PERMILLE;
}

static void start_over(TrialCounterState *counted)
{
	*counted = (TrialCounterState){.seen_ns = counted->seen_ns,
				       .idle_windows = counted->idle_windows};
}

static void count(Trial *trial, const HostWindow *window)
{
	const TrialCounterPlan *plan = &trial->plan.counter;
	TrialCounterState *counted = &trial->counted;
	uint64_t faults, load, guards[TRIAL_GUARDS] = {0};
	bool good =
		host_window_counter(window, plan->fault, &faults) && load_of(plan, window, &load);

	for (unsigned i = 0; good && i < plan->n_guards; i++)
		good = host_window_counter(window, plan->guards[i], &guards[i]);
	if (!good || load * plan->windows * 1000 < load_before(plan) * LOAD_PERMILLE) {
		counted->idle_windows++;
		return;
	}
	counted->windows++;
	counted->faults += faults;
	counted->load += load;
	for (unsigned i = 0; i < plan->n_guards; i++)
		counted->guards[i] += guards[i];
	/* Sockets that feel the change have yet to appear: begin again with the next window. */
	if (plan->new_only && !is_cured(trial))
		start_over(counted);
}

static void take(Trial *trial, const HostWindows *host)
{
	for (unsigned i = HOST_WINDOWS; i-- > 0;) {
		const HostWindow *window = host_window(host, i);

		if (!window || window->start_ns < trial->block_start_ns ||
		    window->start_ns <= trial->counted.seen_ns ||
		    trial->counted.windows >= TRIAL_COUNTER_WINDOWS)
			continue;
		trial->counted.seen_ns = window->start_ns;
		count(trial, window);
	}
}

static bool guard_rose(Trial *trial)
{
	static const char *const names[_HOST_COUNTERS] = {
		[HOST_RETRANS_SEGMENTS] = "retransmitted segments",
		[HOST_TIMEOUTS] = "retransmission timeouts",
		[HOST_ATTEMPT_FAILS] = "failed connects",
		[HOST_SYN_RETRANS] = "repeated SYNs",
		[HOST_MEMORY_PRESSURES] = "TCP memory pressures",
		[HOST_SOFTIRQ_TIME] = "softirq time",
		[HOST_RECEIVE_COLLAPSED] = "collapsed receive queues",
		[HOST_PRUNE_CALLED] = "pruned receive queues",
	};
	const TrialCounterPlan *plan = &trial->plan.counter;
	const TrialCounterState *counted = &trial->counted;

	for (unsigned i = 0; i < plan->n_guards; i++) {
		double before = per(plan->before_guards[i], load_before(plan));
		double after = per(counted->guards[i], counted->load);
		const char *name = names[plan->guards[i]];

		if (!rose(before, after))
			continue;
		(void)text_format(trial->reason, sizeof(trial->reason),
				  "guardrail: %s rose from %.4f to %.4f per unit of load",
				  name ? name : "a guarded counter", before, after);
		return true;
	}
	return false;
}

static TrialStep judge(Trial *trial)
{
	const TrialCounterPlan *plan = &trial->plan.counter;
	const TrialCounterState *counted = &trial->counted;
	double before = rate_before(plan), after = per(counted->faults, counted->load);
	bool cured = is_cured(trial);

	if (plan->preventive || plan->before_faults == 0)
		(void)text_format(trial->reason, sizeof(trial->reason),
				  cured ? "preventive: nothing has become worse in %u windows"
					: "faults have become more, in %u windows",
				  counted->windows);
	else
		(void)text_format(trial->reason, sizeof(trial->reason),
				  "%" PRIu64 " faults in %u windows at %.6f per unit of load, "
				  "%" PRIu64 " at %.6f before: %s",
				  counted->faults, counted->windows, after, plan->before_faults,
				  before, cured ? "the limit was the cause" : "not down by 80 %");
	return cured ? TRIAL_STEP_KEEP : TRIAL_STEP_RESTORE;
}

static bool memory_short(Trial *trial, const HostWindows *host)
{
	uint64_t floor = trial->plan.counter.available_floor_bytes;

	if (floor == 0 || !host || !host->has_last ||
	    !host->last.has_gauge[HOST_MEMORY_AVAILABLE] ||
	    host->last.gauges[HOST_MEMORY_AVAILABLE] >= floor)
		return false;
	(void)text_format(trial->reason, sizeof(trial->reason),
			  "guardrail: only %" PRIu64 " MiB of memory are available",
			  host->last.gauges[HOST_MEMORY_AVAILABLE] >> 20);
	return true;
}

static TrialStep give_up(Trial *trial)
{
	(void)text_format(trial->reason, sizeof(trial->reason),
			  trial->plan.counter.new_only
				  ? "the fault did not go away for three windows: were the sockets "
				    "opened anew? (%u windows had too little load)"
				  : "no three windows had 0.8 of the load before (%u had less)",
			  trial->counted.idle_windows);
	return TRIAL_STEP_INCONCLUSIVE;
}

TrialStep trial_counter_step(Trial *trial, const HostWindows *host, uint64_t now_ns)
{
	uint64_t patience = trial->plan.counter.new_only ? TRIAL_COUNTER_NEW_NS : TRIAL_COUNTER_NS;

	if (trial->switching)
		return TRIAL_STEP_WAIT;
	if (trial->arm == TRIAL_ARM_OLD) {
		trial->arm = TRIAL_ARM_NEW;
		trial->switching = true;
		return TRIAL_STEP_SWITCH;
	}
	take(trial, host);
	if (memory_short(trial, host) || (trial->counted.windows > 0 && guard_rose(trial)))
		return TRIAL_STEP_RESTORE;
	if (trial->counted.windows >= TRIAL_COUNTER_WINDOWS)
		return judge(trial);
	if (now_ns - trial->block_start_ns >= patience)
		return give_up(trial);
	(void)text_format(trial->record->phase, sizeof(trial->record->phase),
			  "window %u of %u, %" PRIu64 " faults", trial->counted.windows + 1,
			  TRIAL_COUNTER_WINDOWS, trial->counted.faults);
	return TRIAL_STEP_WAIT;
}
