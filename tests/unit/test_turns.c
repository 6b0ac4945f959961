/* SPDX-License-Identifier: MIT */
/*
 * Turns of a conversation, over a true TCP connection of which the test is both ends.
 */
#include "daemon/probe/turns.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/unit/harness.h"

static int peer, own;
static Turns turns;
static StampKeeper *keeper;

static void setup(void)
{
	struct sockaddr_in name = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(name);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	stamp_keep(&keeper);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&name, sizeof(name)), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&name, &length), 0);
	own = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(own, (struct sockaddr *)&name, length), 0);
	peer = accept(listener, NULL, NULL);
	ck_assert_int_ge(peer, 0);
	close(listener);
	turns_init(&turns, own, true);
}

static void teardown(void)
{
	close(own);
	close(peer);
	stamp_keeper_free(keeper);
}

/* What the peer, or this host, takes its time for. */
static void take(unsigned ms)
{
	(void)poll(NULL, 0, (int)ms);
}

static void answer_after(unsigned ms)
{
	struct pollfd readable = {.fd = own, .events = POLLIN};
	char byte;

	ck_assert_int_eq(recv(peer, &byte, 1, 0), 1);
	take(ms);
	ck_assert_int_eq(send(peer, "b", 1, MSG_NOSIGNAL), 1);
	(void)poll(&readable, 1, 1000);
}

static void turn(unsigned peer_ms, unsigned own_ms)
{
	char byte;

	ck_assert_int_eq(turns_send(&turns, "a", 1), 1);
	answer_after(peer_ms);
	take(own_ms);
	ck_assert_int_eq(turns_receive(&turns, &byte, 1), 1);
	take(own_ms);
}

START_TEST(test_the_peers_time_adds_up_and_ours_does_not)
{
	uint64_t first_ns;

	turn(20, 100);
	turn(20, 100);
	ck_assert_uint_eq(turns.rounds, 1); /* the second is not over before it is closed */
	first_ns = turns.waited_ns;
	ck_assert_uint_ge(first_ns, 19 * NSEC_PER_MSEC);
	turns_close(&turns);
	ck_assert_uint_eq(turns.rounds, 2);
	ck_assert_uint_ge(turns.waited_ns, first_ns + 19 * NSEC_PER_MSEC);
	ck_assert_uint_lt(turns.waited_ns, 200 * NSEC_PER_MSEC);
	turns_close(&turns); /* once is enough */
	ck_assert_uint_eq(turns.rounds, 2);
}
END_TEST

START_TEST(test_a_turn_without_answer_is_none)
{
	ck_assert_int_eq(turns_send(&turns, "a", 1), 1);
	turns_close(&turns);
	ck_assert_uint_eq(turns.rounds, 0);
	/* Two sends are one flight, and the wait is from the second. */
	take(30);
	turn(0, 0);
	turns_close(&turns);
	ck_assert_uint_eq(turns.rounds, 1);
	ck_assert_uint_lt(turns.waited_ns, 25 * NSEC_PER_MSEC);
}
END_TEST

START_TEST(test_silence_end_and_reset)
{
	struct linger reset = {.l_onoff = 1};
	char byte;

	ck_assert_int_eq(turns_receive(&turns, &byte, 1), -EAGAIN);
	ck_assert_int_eq(turns.error, 0);
	ck_assert(!turns.ended);
	ck_assert_int_eq(shutdown(peer, SHUT_WR), 0);
	ck_assert_int_eq(turns_receive(&turns, &byte, 1), 0);
	ck_assert(turns.ended);
	ck_assert_int_eq(setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
	close(peer);
	ck_assert_int_lt(turns_send(&turns, "a", 1), 0);
	ck_assert_int_ne(turns.error, 0);
	peer = -1;
}
END_TEST

START_TEST(test_between)
{
	ck_assert_uint_eq(turns_between(5, 8), 3);
	ck_assert_uint_eq(turns_between(8, 5), 0);
}
END_TEST

HARNESS_MAIN("turns", HARNESS_FIXTURE(suite, "turns", setup, teardown,
				      test_the_peers_time_adds_up_and_ours_does_not,
				      test_a_turn_without_answer_is_none,
				      test_silence_end_and_reset, test_between);)
