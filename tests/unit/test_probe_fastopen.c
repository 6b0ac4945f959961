/* SPDX-License-Identifier: MIT */
#include "daemon/probe/fastopen.h"

#include "common/clock.h"
#include "tests/unit/harness.h"

static const FastOpenTry asking = {.established = true, .client_fail = 1};
static const FastOpenTry works = {.had_cookie = true, .established = true, .acknowledged = true};
static const FastOpenTry ignored = {.had_cookie = true, .established = true, .client_fail = 2};
static const FastOpenTry again = {.had_cookie = true, .established = true, .client_fail = 3};
static const FastOpenTry silence = {.had_cookie = true};
static const FastOpenTry stalled = {
	.had_cookie = true, .established = true, .acknowledged = true, .stalled = true};

static FastOpen fastopen;
static uint64_t probe, now_ns;

static void setup(void)
{
	fastopen = (FastOpen){0};
	probe = 3;
	now_ns = 1000 * NSEC_PER_DAY;
}

static ProbeFastOpen learn(const FastOpenTry *attempt, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		fastopen_learn(&fastopen, attempt, probe, now_ns);
	return fastopen.state;
}

START_TEST(test_works_three_of_three)
{
	ck_assert_int_eq(learn(&asking, 1), FASTOPEN_UNKNOWN);
	ck_assert_int_eq(learn(&works, 1), FASTOPEN_COOKIE);
	ck_assert_int_eq(learn(&works, 1), FASTOPEN_COOKIE);
	ck_assert_int_eq(learn(&works, 1), FASTOPEN_WORKS);
	ck_assert_int_eq(learn(&works, 100), FASTOPEN_WORKS);
}
END_TEST

START_TEST(test_three_in_a_row)
{
	ck_assert_int_eq(learn(&works, 2), FASTOPEN_COOKIE);
	ck_assert_int_eq(learn(&ignored, 1), FASTOPEN_COOKIE);
	ck_assert_int_eq(learn(&works, 2), FASTOPEN_COOKIE);
	ck_assert_int_eq(learn(&again, 1), FASTOPEN_COOKIE);
	ck_assert_int_eq(learn(&works, 2), FASTOPEN_COOKIE);
	ck_assert_int_eq(learn(&works, 1), FASTOPEN_WORKS);
}
END_TEST

START_TEST(test_no_cookie)
{
	ck_assert_int_eq(learn(&asking, 2), FASTOPEN_UNKNOWN);
	ck_assert_int_eq(learn(&asking, 1), FASTOPEN_NONE);
	ck_assert_uint_eq(fastopen.retry_at_ns, now_ns + NSEC_PER_DAY);
	/* Asked in vain is asked in vain; no answer at all says nothing of cookies. */
	setup();
	ck_assert_int_eq(learn(&(FastOpenTry){0}, 10), FASTOPEN_UNKNOWN);
}
END_TEST

START_TEST(test_a_lost_cookie_is_asked_for_again)
{
	learn(&works, 3);
	ck_assert_int_eq(learn(&asking, 2), FASTOPEN_WORKS);
	ck_assert_int_eq(learn(&works, 1), FASTOPEN_WORKS); /* begins anew */
	ck_assert_int_eq(learn(&asking, 2), FASTOPEN_WORKS);
	ck_assert_int_eq(learn(&asking, 1), FASTOPEN_NONE);
}
END_TEST

START_TEST(test_ignored)
{
	ck_assert_int_eq(learn(&ignored, 1), FASTOPEN_COOKIE); /* a rotated key */
	ck_assert_int_eq(learn(&works, 1), FASTOPEN_COOKIE);
	ck_assert_int_eq(learn(&ignored, 1), FASTOPEN_COOKIE);
	ck_assert_int_eq(learn(&ignored, 1), FASTOPEN_IGNORED);
	ck_assert_uint_eq(fastopen.retry_at_ns, now_ns + NSEC_PER_DAY);
}
END_TEST

static void check_blackhole(const FastOpenTry *attempt)
{
	setup();
	learn(&works, 3);
	ck_assert_int_eq(learn(attempt, 1), FASTOPEN_WORKS); /* one may be the path's loss */
	ck_assert_int_eq(learn(&works, 8), FASTOPEN_WORKS);
	ck_assert_int_eq(learn(attempt, 1), FASTOPEN_BLACKHOLE);
	setup();
	learn(&works, 3);
	learn(attempt, 1);
	learn(&works, 9);
	ck_assert_int_eq(learn(attempt, 1), FASTOPEN_WORKS); /* the tenth try after */
}

START_TEST(test_blackhole_is_two_in_ten)
{
	check_blackhole(&again);
	check_blackhole(&silence);
	check_blackhole(&stalled);
}
END_TEST

START_TEST(test_back_off_doubles_to_thirty_days)
{
	static const unsigned days[] = {1, 2, 4, 8, 16, 30, 30, 30};

	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		ck_assert_int_eq(learn(&again, 2), FASTOPEN_BLACKHOLE);
		ck_assert_uint_eq(fastopen.retry_at_ns, now_ns + days[i] * NSEC_PER_DAY);
		ck_assert(!fastopen_is_due(&fastopen, 1000000, fastopen.retry_at_ns - 1));
		ck_assert(fastopen_is_due(&fastopen, 1000000, fastopen.retry_at_ns));
		now_ns = fastopen.retry_at_ns;
	}
	/* That it works after all ends it. */
	ck_assert_int_eq(learn(&works, 3), FASTOPEN_WORKS);
	ck_assert_int_eq(learn(&again, 2), FASTOPEN_BLACKHOLE);
	ck_assert_uint_eq(fastopen.retry_at_ns, now_ns + NSEC_PER_DAY);
}
END_TEST

START_TEST(test_when_it_is_due)
{
	ck_assert(!fastopen_is_due(&fastopen, 1, now_ns));
	ck_assert(!fastopen_is_due(&fastopen, 2, now_ns));
	ck_assert(fastopen_is_due(&fastopen, 3, now_ns));
	learn(&asking, 1);
	ck_assert(!fastopen_is_due(&fastopen, 10, now_ns));
	ck_assert(fastopen_is_due(&fastopen, 11, now_ns));
	learn(&works, 3);
	ck_assert(!fastopen_is_due(&fastopen, 34, now_ns));
	ck_assert(fastopen_is_due(&fastopen, 35, now_ns));
}
END_TEST

HARNESS_MAIN("probe_fastopen",
	     HARNESS_FIXTURE(suite, "states", setup, NULL, test_works_three_of_three,
			     test_three_in_a_row, test_no_cookie,
			     test_a_lost_cookie_is_asked_for_again, test_ignored,
			     test_blackhole_is_two_in_ten);
	     HARNESS_FIXTURE(suite, "times", setup, NULL, test_back_off_doubles_to_thirty_days,
			     test_when_it_is_due);)
