/* SPDX-License-Identifier: MIT */
/*
 * The cost of a full sweep is followed at once upward, so that a burst of connections is paid for
 * as it comes, and slowly downward, so that one cheap sweep does not undo the plan.
 */
#include "daemon/model/budget.h"

#include <math.h>

#include "common/base.h"
#include "common/clock.h"

#define RISE 1.0
#define FALL 0.1
/* Back to fewer slices only with this much room: a plan on the edge would flutter. */
#define ROOM 0.8
/* One sweep's share of the say about what is idle, and within what bounds: outside them it is the
 * noise of a clock, or of a neighbour. */
#define LEARN    0.3
#define IDLE_MIN 0.05
#define IDLE_MAX 0.9

void budget_init(Budget *budget, uint64_t ppm, uint64_t now_ns)
{
	assert(ppm > 0);
	*budget = (Budget){.ppm = ppm, .idle = BUDGET_IDLE_SHARE, .slices = 1, .last_ns = now_ns};
}

/* Cost of a sweep over one of n parts, as a share of a full one. */
static double share(const Budget *budget, unsigned slices)
{
	return budget->idle + (1 - budget->idle) / slices;
}

static double faded(const Budget *budget, uint64_t now_ns)
{
	uint64_t age_ns = now_ns > budget->last_ns ? now_ns - budget->last_ns : 0;

	return budget->used_ns * exp(-(double)age_ns / (double)BUDGET_MEMORY_NS);
}

/* What is more than before is more sockets, of which the known share is passing over. */
static void learn_full(Budget *budget, double cpu_ns, double sockets)
{
	double before_ns = budget->full_ns, idle_ns = budget->idle * before_ns;
	double weight = before_ns <= 0 ? 1 : cpu_ns > before_ns ? RISE : FALL;

	budget->sockets = sockets;
	budget->full_ns = MAX(before_ns + (cpu_ns - before_ns) * weight, 1.0);
	idle_ns += BUDGET_IDLE_SHARE * (budget->full_ns - before_ns);
	budget->idle = CLAMP(idle_ns / budget->full_ns, IDLE_MIN, IDLE_MAX);
}

/* A part tells how many sockets there are in all, hence what all would cost; and what it cost
 * itself beyond its share of that is what a sweep costs anyway. */
static void learn_part(Budget *budget, double cpu_ns, unsigned slices, double sockets)
{
	double all = sockets * slices, before = MAX(budget->sockets, 1.0), idle;
	double grown = budget->sockets + (all - budget->sockets) * (all > before ? RISE : FALL);

	budget->full_ns *= budget->idle + (1 - budget->idle) * MAX(grown, 1.0) / before;
	budget->sockets = grown;
	idle = (cpu_ns / budget->full_ns - 1.0 / slices) / (1 - 1.0 / slices);
	budget->idle += (CLAMP(idle, IDLE_MIN, IDLE_MAX) - budget->idle) * LEARN;
}

void budget_account(Budget *budget, uint64_t now_ns, uint64_t cpu_ns, unsigned slices,
		    uint64_t sockets)
{
	if (slices > 1 && budget->full_ns > 0)
		learn_part(budget, (double)cpu_ns, slices, (double)sockets);
	else
		learn_full(budget, (double)cpu_ns, (double)sockets);
	budget->used_ns = faded(budget, now_ns) + (double)cpu_ns;
	budget->last_ns = MAX(now_ns, budget->last_ns);
}

/* The shortest period at which sweeps of one of n parts stay within the budget. */
static double shortest_ns(const Budget *budget, unsigned slices)
{
	return budget->full_ns * share(budget, slices) * 1e6 / (double)budget->ppm;
}

/* Where no number of parts is enough, more of them than make the parts as cheap as the walk itself
 * only make the picture coarser. */
static bool is_worth_splitting(const Budget *budget, unsigned slices)
{
	return slices < BUDGET_SLICES_MAX && (1 - budget->idle) / slices > budget->idle;
}

static unsigned slices_needed(const Budget *budget, double longest_ns)
{
	unsigned slices = 1;

	while (shortest_ns(budget, slices) > longest_ns && is_worth_splitting(budget, slices))
		slices *= 2;
	return slices;
}

BudgetPlan budget_plan(Budget *budget, uint64_t wanted_ns, uint64_t longest_ns)
{
	unsigned slices = slices_needed(budget, (double)longest_ns);
	uint64_t period_ns;

	if (slices < budget->slices)
		slices = MIN(budget->slices, slices_needed(budget, ROOM * (double)longest_ns));
	budget->slices = slices;
	period_ns = MIN(MAX(wanted_ns, NSEC_PER_MSEC), longest_ns);
	period_ns = MAX(period_ns, (uint64_t)shortest_ns(budget, slices));
	return (BudgetPlan){.period_ns = period_ns, .slices = slices};
}

/* Over the whole of the memory, also if it is longer than there was anything to remember: one sweep
 * right after the start is a large share of the time since, and says nothing. */
uint64_t budget_used_ppm(const Budget *budget, uint64_t now_ns)
{
	return (uint64_t)(faded(budget, now_ns) * 1e6 / (double)BUDGET_MEMORY_NS);
}
