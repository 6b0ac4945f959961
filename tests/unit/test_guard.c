/* SPDX-License-Identifier: MIT */
/* What a new setting must not do, what it may, and when there is too little to say. */
#include "daemon/policy/guard.h"

#include <string.h>

#include "common/clock.h"
#include "tests/unit/harness.h"

#define MBIT     UINT64_C(1000000)
#define FLOOR_US 100000

static const GuardLimits limits = {.floor_us = FLOOR_US, .latency_weight = 0.5};

static MeterReading usual(void)
{
	return (MeterReading){.kind = METER_BULK,
			      .flows = 4,
			      .has_goodput = true,
			      .has_srtt = true,
			      .has_retrans = true,
			      .goodput_bps = 100 * MBIT,
			      .srtt_p50_us = FLOOR_US,
			      .srtt_p90_us = FLOOR_US,
			      .retrans = 0.001,
			      .busy_us = 10000000,
			      .births = 20,
			      .moving = 20};
}

static void hits(const char *expected, MeterReading old_arm, MeterReading new_arm)
{
	const char *hit = guard_block(&limits, &old_arm, &new_arm);

	if (!expected)
		ck_assert_msg(!hit, "%s", hit);
	else
		ck_assert_msg(hit && strstr(hit, expected), "%s: %s", expected, hit ? hit : "none");
}

START_TEST(test_same)
{
	hits(NULL, usual(), usual());
	hits(NULL, (MeterReading){0}, usual()); /* what is not known cannot be hurt */
	hits(NULL, usual(), (MeterReading){0});
}
END_TEST

START_TEST(test_events)
{
	MeterReading old_arm = usual(), new_arm = usual();

	old_arm.syn_retrans = 1;
	new_arm.syn_retrans = 6; /* three times two, one of which is given */
	hits(NULL, old_arm, new_arm);
	new_arm.syn_retrans = 7;
	hits("repeated SYNs", old_arm, new_arm);
	old_arm.syn_retrans = 2; /* the old one shows it too */
	hits(NULL, old_arm, new_arm);

	new_arm = usual();
	new_arm.rto = 4; /* too few to say */
	hits(NULL, usual(), new_arm);
	new_arm.rto = 5;
	hits("timeouts", usual(), new_arm);
	new_arm.goodput_bps *= 4; /* and paid for */
	hits(NULL, usual(), new_arm);
	new_arm = usual();
	new_arm.rto = 5;
	new_arm.births = 100; /* among many */
	hits(NULL, usual(), new_arm);
}
END_TEST

/* A larger first flight has less of an excuse. */
START_TEST(test_short)
{
	MeterReading old_arm = usual(), new_arm = usual();

	new_arm.retrans = 0.025;
	hits(NULL, old_arm, new_arm);
	new_arm.kind = METER_SHORT;
	hits("retransmissions", old_arm, new_arm);
	old_arm.retrans = 0.009;
	hits(NULL, old_arm, new_arm);
}
END_TEST

/* How much is asked is not the setting's. */
START_TEST(test_request)
{
	MeterReading old_arm = usual(), new_arm = usual();

	new_arm.goodput_bps /= 2;
	hits("goodput", old_arm, new_arm);
	old_arm.kind = new_arm.kind = METER_REQUEST;
	hits(NULL, old_arm, new_arm);
	old_arm.kind = new_arm.kind = METER_REQUEST_BORN;
	hits(NULL, old_arm, new_arm);
}
END_TEST

START_TEST(test_look)
{
	MeterReading old_arm = usual(), new_arm = usual();

	new_arm.goodput_bps = 60 * MBIT; /* enough for a block, not for a part of one */
	ck_assert_ptr_nonnull(guard_block(&limits, &old_arm, &new_arm));
	ck_assert_ptr_null(guard_look(&limits, &old_arm, &new_arm));
	new_arm.goodput_bps = 49 * MBIT;
	ck_assert_ptr_nonnull(guard_look(&limits, &old_arm, &new_arm));
	new_arm.busy_us = 1999999;
	ck_assert_ptr_null(guard_look(&limits, &old_arm, &new_arm));
	new_arm = usual();
	new_arm.goodput_bps = MBIT;
	new_arm.flows = 1;
	ck_assert_ptr_null(guard_look(&limits, &old_arm, &new_arm));
}
END_TEST

static bool through(unsigned births, unsigned moving, unsigned old_births, unsigned old_moving,
		    unsigned seconds)
{
	MeterReading old_arm = {.births = old_births, .moving = old_moving};
	MeterReading new_arm = {.births = births, .moving = moving};

	return !guard_through(&old_arm, 20 * NSEC_PER_SEC, &new_arm, seconds * NSEC_PER_SEC,
			      births);
}

START_TEST(test_through)
{
	ck_assert(through(10, 10, 10, 10, 20));
	ck_assert(!through(10, 4, 10, 10, 20));
	ck_assert(through(10, 5, 10, 10, 20)); /* half */
	ck_assert(through(10, 2, 10, 4, 20));  /* the old arm is no better */
	ck_assert(through(4, 0, 10, 4, 20));   /* too few */
	ck_assert(through(10, 0, 4, 4, 20));
	/* Not even a birth: 8 were to be expected, in time. */
	ck_assert(through(0, 0, 10, 7, 20));
	ck_assert(!through(0, 0, 10, 8, 20));
	ck_assert(through(0, 0, 10, 8, 19));
	ck_assert(through(0, 1, 10, 8, 20));
	ck_assert(through(0, 0, 0, 0, 1000)); /* a host that opens none */
}
END_TEST

START_TEST(test_no_old_block)
{
	MeterReading old_arm = usual(), new_arm = {.births = 3};

	ck_assert_ptr_null(guard_through(&old_arm, 0, &new_arm, 60 * NSEC_PER_SEC, 3));
}
END_TEST

HARNESS_MAIN("guard", HARNESS_CASE(suite, "guard", test_same, test_events, test_short, test_request,
				   test_look, test_through, test_no_old_block);)
