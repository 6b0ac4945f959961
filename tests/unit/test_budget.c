/* SPDX-License-Identifier: MIT */
#include "daemon/model/budget.h"

#include "common/base.h"
#include "common/clock.h"
#include "tests/unit/harness.h"

#define PPM         5000 /* 0.5 % */
#define PASSED_OVER 0.12 /* of what a socket costs that is delivered */

static Budget budget;
static uint64_t now_ns;
static double walk_ns; /* what each sweep costs beside its sockets */

/* Sweeps as planned for so long, each socket at this cost. Returns the processor time used. */
static uint64_t run(uint64_t span_ns, uint64_t sockets, uint64_t ns_each, BudgetPlan *ret_plan)
{
	uint64_t end_ns = now_ns + span_ns, used_ns = 0;

	while (now_ns < end_ns) {
		double seen = (double)sockets / budget.slices;
		double cost =
			walk_ns + (seen + PASSED_OVER * ((double)sockets - seen)) * (double)ns_each;

		budget_account(&budget, now_ns, (uint64_t)cost, budget.slices, (uint64_t)seen);
		used_ns += (uint64_t)cost;
		*ret_plan = budget_plan(&budget, NSEC_PER_SEC, 10 * NSEC_PER_SEC);
		now_ns += ret_plan->period_ns;
	}
	return used_ns;
}

static void setup(void)
{
	now_ns = NSEC_PER_HOUR;
	walk_ns = 0;
	budget_init(&budget, PPM, now_ns);
}

START_TEST(test_an_idle_host_is_looked_at_when_wanted)
{
	BudgetPlan plan = budget_plan(&budget, NSEC_PER_SEC, 10 * NSEC_PER_SEC);

	ck_assert_uint_eq(plan.period_ns, NSEC_PER_SEC); /* nothing is known yet */
	ck_assert_uint_eq(plan.slices, 1);
	(void)run(NSEC_PER_MIN, 10, 1500, &plan);
	ck_assert_uint_eq(plan.period_ns, NSEC_PER_SEC);
	ck_assert_uint_eq(plan.slices, 1);
	plan = budget_plan(&budget, 20 * NSEC_PER_SEC, 10 * NSEC_PER_SEC);
	ck_assert_uint_eq(plan.period_ns, 10 * NSEC_PER_SEC);
}
END_TEST

START_TEST(test_rarer_first)
{
	BudgetPlan plan;

	(void)run(10 * NSEC_PER_MIN, 20000, 1500, &plan); /* 30 ms: once in 6 s */
	ck_assert_uint_eq(plan.slices, 1);
	ck_assert_uint_ge(plan.period_ns, 5900 * NSEC_PER_MSEC);
	ck_assert_uint_le(plan.period_ns, 6100 * NSEC_PER_MSEC);
}
END_TEST

START_TEST(test_then_in_parts)
{
	BudgetPlan plan;

	(void)run(10 * NSEC_PER_MIN, 100000, 1500, &plan); /* 150 ms: would be once in 30 s */
	ck_assert_uint_eq(plan.slices, 8);                 /* 4 would be 10.9 s */
	ck_assert_uint_le(plan.period_ns, 10 * NSEC_PER_SEC);
}
END_TEST

START_TEST(test_the_budget_is_kept_whatever_it_takes)
{
	static const uint64_t sockets[] = {10, 1000, 20000, 100000, 1000000, 10000000};

	for (size_t i = 0; i < ARRAY_SIZE(sockets); i++) {
		BudgetPlan plan;
		uint64_t used_ns, start_ns;

		setup();
		(void)run(2 * NSEC_PER_MIN, sockets[i], 1500, &plan);
		start_ns = now_ns;
		used_ns = run(100 * NSEC_PER_MIN, sockets[i], 1500, &plan);
		ck_assert_uint_le(used_ns * 1000000, (now_ns - start_ns) * PPM * 11 / 10);
		/* What was used lately is said as it is. */
		ck_assert_uint_le(budget_used_ppm(&budget, now_ns), PPM * 3);
		if (sockets[i] == 20000)
			ck_assert_uint_ge(budget_used_ppm(&budget, now_ns), PPM * 8 / 10);
	}
}
END_TEST

/* The first sweep is a tenth of the time since the start, and no reason to warn; a minute of too
 * much is one. */
START_TEST(test_the_start_is_no_overload)
{
	now_ns += 30 * NSEC_PER_MSEC;
	budget_account(&budget, now_ns, 3 * NSEC_PER_MSEC, 1, 100);
	ck_assert_uint_gt(budget_used_ppm(&budget, now_ns), 0);
	ck_assert_uint_le(budget_used_ppm(&budget, now_ns), PPM / 10);
	for (unsigned i = 0; i < 60; i++) {
		now_ns += NSEC_PER_SEC;
		budget_account(&budget, now_ns, 20 * NSEC_PER_MSEC, 1, 100);
	}
	ck_assert_uint_ge(budget_used_ppm(&budget, now_ns), 12000); /* of 20,000 */
	ck_assert_uint_le(budget_used_ppm(&budget, now_ns), 20000);
}
END_TEST

/* A big table costs its walk, whatever is in it: then parts are no remedy. */
START_TEST(test_no_more_parts_than_help)
{
	BudgetPlan plan;

	walk_ns = 100e6; /* 0.5 % of 20 s */
	(void)run(10 * NSEC_PER_MIN, 1000, 1500, &plan);
	ck_assert_uint_eq(plan.slices, 1);
	ck_assert_uint_ge(plan.period_ns, 20 * NSEC_PER_SEC);
	ck_assert_uint_le(plan.period_ns, 21 * NSEC_PER_SEC);

	(void)run(20 * NSEC_PER_MIN, 200000, 1500, &plan); /* now the sockets are most of it */
	ck_assert_uint_gt(plan.slices, 1);
	ck_assert_uint_le(plan.slices, 4);
	ck_assert_uint_le(plan.period_ns, 60 * NSEC_PER_SEC);
}
END_TEST

START_TEST(test_a_burst_is_paid_for_at_once_and_the_end_of_it_seen)
{
	BudgetPlan plan;

	(void)run(NSEC_PER_MIN, 100, 1500, &plan);
	(void)run(NSEC_PER_MIN, 200000, 1500, &plan);
	ck_assert_uint_gt(plan.slices, 1);
	(void)run(20 * NSEC_PER_MIN, 100, 1500, &plan);
	ck_assert_uint_eq(plan.slices, 1);
	ck_assert_uint_eq(plan.period_ns, NSEC_PER_SEC);
}
END_TEST

START_TEST(test_on_the_edge_the_plan_does_not_flutter)
{
	BudgetPlan plan;
	unsigned changes = 0, last;

	(void)run(NSEC_PER_MIN, 40000, 1500, &plan);
	last = plan.slices;
	for (int i = 0; i < 200; i++) { /* 33,333 sockets are exactly 10 s */
		(void)run(20 * NSEC_PER_SEC, i % 2 ? 33000 : 34000, 1500, &plan);
		changes += plan.slices != last;
		last = plan.slices;
	}
	ck_assert_uint_le(changes, 1);
}
END_TEST

HARNESS_MAIN("budget", {
	TCase *tests = tcase_create("budget");

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, test_an_idle_host_is_looked_at_when_wanted);
	tcase_add_test(tests, test_rarer_first);
	tcase_add_test(tests, test_then_in_parts);
	tcase_add_test(tests, test_the_budget_is_kept_whatever_it_takes);
	tcase_add_test(tests, test_the_start_is_no_overload);
	tcase_add_test(tests, test_no_more_parts_than_help);
	tcase_add_test(tests, test_a_burst_is_paid_for_at_once_and_the_end_of_it_seen);
	tcase_add_test(tests, test_on_the_edge_the_plan_does_not_flutter);
	suite_add_tcase(suite, tests);
})
