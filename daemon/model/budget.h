/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What looking at the kernel may cost, and how to stay below it: a sweep over all sockets takes
 * processor time in proportion to their number, so on a busy server either sweeps get rarer or each
 * sees a part of the sockets.
 *
 * Rarer comes first, up to the longest period that is useful. Beyond that the sockets are split
 * into slices (a power of two; see kern/diag_filter.h), and each sweep sees one of them, in turn.
 * If that is not enough either, the period grows after all: the budget is kept, whatever it takes.
 */
#include <stdbool.h>
#include <stdint.h>

#define BUDGET_SLICES_MAX 64

/* What a sweep costs that delivers nothing, as a share of one that delivers all: the walk over the
 * kernel's table and the sockets it passes over. 0.1 to 0.15 with 20,000 sockets (tests/bench,
 * sweep), more with few, as an empty table takes its time, too. So this is only where it begins:
 * sweeps by parts show what it is here. */
#define BUDGET_IDLE_SHARE 0.15

/* "Lately": what was used longer ago than this hardly counts. */
#define BUDGET_MEMORY_NS (UINT64_C(60) * 1000000000)

typedef struct Budget {
	uint64_t ppm;     /* of one core: what may be used */
	double full_ns;   /* processor time of a sweep that sees every socket; 0: none yet */
	double idle;      /* the share of it that is left if no socket is delivered */
	double sockets;   /* how many there are */
	unsigned slices;  /* of the plan in force, at least 1 */
	uint64_t last_ns; /* when used_ns was last brought up to date */
	double used_ns;   /* processor time, fading */
} Budget;

typedef struct BudgetPlan {
	uint64_t period_ns;
	unsigned slices;
} BudgetPlan;

/* ppm > 0 */
void budget_init(Budget *budget, uint64_t ppm, uint64_t now_ns);
/* A sweep over one of `slices` parts saw so many sockets and took this much processor time. */
void budget_account(Budget *budget, uint64_t now_ns, uint64_t cpu_ns, unsigned slices,
		    uint64_t sockets);
/* When the next sweep should be, if `wanted_ns` after the last would be best, and more than
 * `longest_ns` is too rare; and of how many parts. */
BudgetPlan budget_plan(Budget *budget, uint64_t wanted_ns, uint64_t longest_ns);
/* What was used lately, of BUDGET_MEMORY_NS; before the start it was nothing. */
uint64_t budget_used_ppm(const Budget *budget, uint64_t now_ns);
