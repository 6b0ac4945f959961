/* SPDX-License-Identifier: MIT */
/*
 * The time between a question and its answer, from whatever stamps there are.
 */
#include "daemon/probe/datagram.h"

#include "common/clock.h"
#include "tests/unit/harness.h"

#define NOON UINT64_C(1700000000000000000)

static Datagram datagram;
static DatagramReply reply;
static bool kernel;

static void setup(void)
{
	datagram = (Datagram){
		.fd = -1,
		.sent = {.before = NOON, .kernel = NOON + 5000},
		.sent_ns = 1000000,
		.offset = stamp_clock_offset(),
	};
	reply = (DatagramReply){
		.packet = {.stamp = NOON + 25000, .kernel = true},
		.noticed_ns = 9000000,
	};
}

START_TEST(test_between_the_kernels_stamps)
{
	ck_assert_uint_eq(datagram_elapsed(&datagram, &reply, &kernel), 20000);
	ck_assert(kernel);
}
END_TEST

START_TEST(test_without_the_stamp_of_sending)
{
	datagram.sent.kernel = 0;
	ck_assert_uint_eq(datagram_elapsed(&datagram, &reply, &kernel), 25000);
	ck_assert(!kernel);
}
END_TEST

START_TEST(test_without_the_stamp_of_receiving)
{
	reply.packet.kernel = false;
	ck_assert_uint_eq(datagram_elapsed(&datagram, &reply, &kernel), 20000);
	ck_assert(!kernel);
}
END_TEST

/* Forward or back: then only the monotonic clock is to be believed. */
START_TEST(test_clock_was_set_meanwhile)
{
	datagram.offset += (int64_t)NSEC_PER_SEC;
	ck_assert_uint_eq(datagram_elapsed(&datagram, &reply, &kernel), 8000000);
	ck_assert(!kernel);
	datagram.offset -= 2 * (int64_t)NSEC_PER_SEC;
	kernel = true;
	ck_assert_uint_eq(datagram_elapsed(&datagram, &reply, &kernel), 8000000);
	ck_assert(!kernel);
}
END_TEST

START_TEST(test_never_negative)
{
	reply.packet.stamp = NOON + 4999; /* a step too small to be told */
	ck_assert_uint_eq(datagram_elapsed(&datagram, &reply, &kernel), 8000000);
	ck_assert(!kernel);
}
END_TEST

START_TEST(test_patience_for_the_stamp_of_sending)
{
	ck_assert(!datagram_lacks_stamp(&datagram, &reply, reply.noticed_ns));
	datagram.sent.kernel = 0;
	ck_assert(datagram_lacks_stamp(&datagram, &reply, reply.noticed_ns));
	ck_assert(datagram_lacks_stamp(&datagram, &reply, reply.noticed_ns + 2 * NSEC_PER_MSEC));
	ck_assert(!datagram_lacks_stamp(&datagram, &reply, reply.noticed_ns + 3 * NSEC_PER_MSEC));
}
END_TEST

HARNESS_MAIN("datagram",
	     HARNESS_FIXTURE(suite, "elapsed", setup, NULL, test_between_the_kernels_stamps,
			     test_without_the_stamp_of_sending, test_without_the_stamp_of_receiving,
			     test_clock_was_set_meanwhile, test_never_negative,
			     test_patience_for_the_stamp_of_sending);)
