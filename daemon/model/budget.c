/* SPDX-License-Identifier: MIT */
/*
 * The cost of a full sweep is followed quickly upward, so that a burst of connections is paid for
 * at once, and slowly downward, so that one cheap sweep does not undo the plan.
 */
#include "daemon/model/budget.h"

#include <math.h>

#include "common/base.h"
#include "common/clock.h"

#define RISE 0.5
#define FALL 0.1
/* Back to fewer slices only with this much room: a plan on the edge would flutter. */
#define ROOM 0.8

void budget_init(Budget *budget, uint64_t ppm, uint64_t now_ns)
{
	assert(ppm > 0);
	*budget = (Budget){.ppm = ppm, .slices = 1, .last_ns = now_ns, .started_ns = now_ns};
}

/* Cost of a sweep over one of n parts, as a share of a full one. */
static double share(unsigned slices)
{
	return BUDGET_PASSED_OVER + (1 - BUDGET_PASSED_OVER) / slices;
}

static double faded(const Budget *budget, uint64_t now_ns)
{
	uint64_t age_ns = now_ns > budget->last_ns ? now_ns - budget->last_ns : 0;

	return budget->used_ns * exp(-(double)age_ns / (double)BUDGET_MEMORY_NS);
}

void budget_account(Budget *budget, uint64_t now_ns, uint64_t cpu_ns, unsigned slices)
{
	double full_ns = (double)cpu_ns / share(slices);

	if (budget->full_ns <= 0)
		budget->full_ns = full_ns;
	else
		budget->full_ns +=
			(full_ns - budget->full_ns) * (full_ns > budget->full_ns ? RISE : FALL);
	budget->used_ns = faded(budget, now_ns) + (double)cpu_ns;
	budget->last_ns = MAX(now_ns, budget->last_ns);
}

/* The shortest period at which sweeps of one of n parts stay within the budget. */
static double shortest_ns(const Budget *budget, unsigned slices)
{
	return budget->full_ns * share(slices) * 1e6 / (double)budget->ppm;
}

static unsigned slices_needed(const Budget *budget, double longest_ns)
{
	unsigned slices = 1;

	while (slices < BUDGET_SLICES_MAX && shortest_ns(budget, slices) > longest_ns)
		slices *= 2;
	/* Where no number of parts is enough, most of the cost is in passing sockets over, and
	 * parts only make the picture coarser for nothing: eight are most of the saving. */
	return shortest_ns(budget, slices) > longest_ns ? MIN(slices, 8U) : slices;
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

uint64_t budget_used_ppm(const Budget *budget, uint64_t now_ns)
{
	uint64_t age_ns = now_ns > budget->started_ns ? now_ns - budget->started_ns : 0;
	double span_ns =
		(double)BUDGET_MEMORY_NS * (1 - exp(-(double)age_ns / (double)BUDGET_MEMORY_NS));

	return span_ns > 0 ? (uint64_t)(faded(budget, now_ns) * 1e6 / span_ns) : 0;
}
