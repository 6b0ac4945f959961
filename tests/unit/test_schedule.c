/* SPDX-License-Identifier: MIT */
/*
 * The schedule's statistics are checked on 200000 seeded gaps: the tolerance of the mean, 1 %, is
 * over five standard errors, so a wrong constant fails and luck does not.
 */
#include "daemon/probe/schedule.h"

#include <math.h>

#include "tests/unit/harness.h"

#define MEAN  (10 * NSEC_PER_SEC)
#define DRAWS 200000
#define SEED  UINT64_C(20240607)

static uint64_t fixed_next(void *context)
{
	return *(const uint64_t *)context;
}

/* Serves every slot exactly when it is due and returns the gap to the next. */
static uint64_t next_gap(Schedule *schedule, const Random *random)
{
	uint64_t due_ns = schedule->due_ns, missed = UINT64_MAX;

	ck_assert(schedule_take(schedule, random, due_ns, &missed));
	ck_assert_uint_eq(missed, 0);
	return schedule->due_ns - due_ns;
}

START_TEST(test_gaps_have_the_mean_and_keep_the_bounds)
{
	uint64_t state = SEED, least = UINT64_MAX, most = 0;
	Random random = random_seeded(&state);
	Schedule schedule;
	double sum = 0;

	schedule_start(&schedule, MEAN, &random, 0);
	for (int i = 0; i < DRAWS; i++) {
		uint64_t gap = next_gap(&schedule, &random);
		sum += (double)gap;
		least = gap < least ? gap : least;
		most = gap > most ? gap : most;
	}

	ck_assert_msg(fabs(sum / DRAWS / (double)MEAN - 1) < 0.01, "mean %g, seed %lu",
		      sum / DRAWS / (double)MEAN, (unsigned long)SEED);
	ck_assert_uint_ge(least, MEAN / 10);
	ck_assert_uint_le(most, 5 * MEAN);
	/* and comes near them: the bounds are used, not merely respected */
	ck_assert_uint_lt(least, MEAN / 10 + MEAN / 1000);
	ck_assert_uint_gt(most, 4 * MEAN);
}
END_TEST

/* Memoryless: given that a gap outlasted one mean, it outlasts another with the same probability
 * as it outlasted the first (but for the bounds, which shift both by under 0.05). */
START_TEST(test_gaps_are_exponential_between_the_bounds)
{
	uint64_t state = SEED;
	Random random = random_seeded(&state);
	Schedule schedule;
	double over_one = 0, over_two = 0, under_half = 0;

	schedule_start(&schedule, MEAN, &random, 0);
	for (int i = 0; i < DRAWS; i++) {
		uint64_t gap = next_gap(&schedule, &random);
		under_half += gap < MEAN / 2;
		over_one += gap > MEAN;
		over_two += gap > 2 * MEAN;
	}

	ck_assert_double_eq_tol(under_half / DRAWS, 0.353, 0.01); /* exp: 0.393 */
	ck_assert_double_eq_tol(over_one / DRAWS, 0.375, 0.01);   /* exp: 0.368 */
	ck_assert_double_eq_tol(over_two / over_one, 0.335, 0.01);
}
END_TEST

START_TEST(test_extreme_random_numbers_stay_within_the_bounds)
{
	static uint64_t words[] = {0, UINT64_MAX};
	Schedule schedule = {.mean_ns = MEAN, .due_ns = MEAN};

	ck_assert_uint_eq(next_gap(&schedule, &(Random){fixed_next, &words[0]}), MEAN / 10);
	uint64_t most = next_gap(&schedule, &(Random){fixed_next, &words[1]});
	ck_assert_uint_le(most, 5 * MEAN);
	ck_assert_uint_gt(most, 5 * MEAN - MEAN / 1000);
}
END_TEST

START_TEST(test_first_slot_is_soon_and_spread)
{
	static const struct {
		uint64_t mean_ns, within_ns;
	} cases[] = {
		{MEAN, NSEC_PER_SEC},
		{NSEC_PER_SEC / 5, NSEC_PER_SEC / 5},
	};
	uint64_t state = SEED, now = 77 * NSEC_PER_DAY;
	Random random = random_seeded(&state);

	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		uint64_t least = UINT64_MAX, most = 0;
		for (int i = 0; i < 1000; i++) {
			Schedule schedule;
			schedule_start(&schedule, cases[c].mean_ns, &random, now);
			uint64_t delay = schedule_delay(&schedule, now);
			least = delay < least ? delay : least;
			most = delay > most ? delay : most;
		}
		ck_assert_uint_lt(most, cases[c].within_ns);
		ck_assert_uint_gt(most, cases[c].within_ns * 9 / 10);
		ck_assert_uint_lt(least, cases[c].within_ns / 10);
	}
}
END_TEST

START_TEST(test_not_due_serves_nothing_and_moves_nothing)
{
	uint64_t state = SEED, missed = 99;
	Random random = random_seeded(&state);
	Schedule schedule = {.mean_ns = MEAN, .due_ns = 1000};

	ck_assert(!schedule_take(&schedule, &random, 999, &missed));
	ck_assert_uint_eq(missed, 0);
	ck_assert_uint_eq(schedule.due_ns, 1000);
	ck_assert_uint_eq(schedule_delay(&schedule, 999), 1);
	ck_assert_uint_eq(schedule_delay(&schedule, 1000), 0);
	ck_assert_uint_eq(schedule_delay(&schedule, 5000), 0);
}
END_TEST

START_TEST(test_lateness_below_the_bound_does_not_shift_the_schedule)
{
	uint64_t a_state = SEED, b_state = SEED, missed;
	Random a_random = random_seeded(&a_state), b_random = random_seeded(&b_state);
	Schedule punctual = {.mean_ns = MEAN, .due_ns = MEAN}, late = punctual;

	for (int i = 0; i < 1000; i++) {
		ck_assert(schedule_take(&punctual, &a_random, punctual.due_ns, &missed));
		ck_assert(schedule_take(&late, &b_random, late.due_ns + SCHEDULE_LATE_NS / 2,
					&missed));
		ck_assert_uint_eq(missed, 0);
		ck_assert_uint_eq(punctual.due_ns, late.due_ns);
	}
}
END_TEST

START_TEST(test_a_slot_served_too_late_is_missed)
{
	uint64_t state = SEED, missed;
	Random random = random_seeded(&state);
	Schedule schedule = {.mean_ns = MEAN, .due_ns = MEAN};

	ck_assert(schedule_take(&schedule, &random, MEAN + SCHEDULE_LATE_NS, &missed));
	schedule.due_ns = MEAN;
	ck_assert(!schedule_take(&schedule, &random, MEAN + SCHEDULE_LATE_NS + 1, &missed));
	ck_assert_uint_eq(missed, 1);
	ck_assert_uint_gt(schedule.due_ns, MEAN + SCHEDULE_LATE_NS + 1);
}
END_TEST

START_TEST(test_a_stall_counts_its_slots_once_and_fires_no_burst)
{
	uint64_t state = SEED, missed, again;
	Random random = random_seeded(&state);
	Schedule schedule = {.mean_ns = NSEC_PER_SEC, .due_ns = NSEC_PER_SEC};
	uint64_t now = 5001 * NSEC_PER_SEC;
	bool served = schedule_take(&schedule, &random, now, &missed);

	ck_assert_uint_gt(missed + served, 4700);
	ck_assert_uint_lt(missed + served, 5300);
	ck_assert_uint_gt(schedule.due_ns, now);
	ck_assert_uint_le(schedule.due_ns, now + 5 * NSEC_PER_SEC);
	ck_assert(!schedule_take(&schedule, &random, now, &again));
	ck_assert_uint_eq(again, 0);
}
END_TEST

START_TEST(test_a_stall_of_a_year_ends_at_once)
{
	uint64_t state = SEED, missed;
	Random random = random_seeded(&state);
	Schedule schedule = {.mean_ns = NSEC_PER_SEC, .due_ns = 0};
	uint64_t now = 365 * NSEC_PER_DAY;

	ck_assert(!schedule_take(&schedule, &random, now, &missed));
	ck_assert_double_eq_tol((double)missed / (365 * 86400.0), 1, 0.001);
	ck_assert_uint_gt(schedule.due_ns, now);
}
END_TEST

HARNESS_MAIN("schedule", HARNESS_CASE(suite, "gaps", test_gaps_have_the_mean_and_keep_the_bounds,
				      test_gaps_are_exponential_between_the_bounds,
				      test_extreme_random_numbers_stay_within_the_bounds,
				      test_first_slot_is_soon_and_spread);
	     HARNESS_CASE(suite, "lateness", test_not_due_serves_nothing_and_moves_nothing,
			  test_lateness_below_the_bound_does_not_shift_the_schedule,
			  test_a_slot_served_too_late_is_missed,
			  test_a_stall_counts_its_slots_once_and_fires_no_burst,
			  test_a_stall_of_a_year_ends_at_once);)
