/* SPDX-License-Identifier: MIT */
/*
 * Kernel time stamps over loopback, where a packet is stamped before send(2) returns: so each stamp
 * must lie between two clock reads around the call that sent it, however late it is looked at.
 */
#include "daemon/probe/stamp.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base.h"
#include "common/clock.h"
#include "tests/unit/harness.h"

#define LATER_NS (3 * NSEC_PER_MSEC)

static StampKeeper *keeper;
static StampedSend sent;
static Stamp stamp;
static bool kernel;
static char buffer[256];

static void let_time_pass(uint64_t ns)
{
	uint64_t until = clock_monotonic_ns(&clock_system) + ns;

	while (clock_monotonic_ns(&clock_system) < until)
		;
}

static int socket_bound(int family, int type)
{
	Address any = address_from_bytes(
		family, family == AF_INET ? "\x7f\0\0\1" : "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1");
	struct sockaddr_storage sockaddr;
	socklen_t length = address_to_sockaddr(&any, 0, &sockaddr);
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sockaddr, length), 0);
	return fd;
}

static void connect_to(int fd, int peer)
{
	struct sockaddr_storage sockaddr;
	socklen_t length = sizeof(sockaddr);

	ck_assert_int_eq(getsockname(peer, (struct sockaddr *)&sockaddr, &length), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sockaddr, length), 0);
}

static void udp_pair(int family, int pair[2])
{
	pair[0] = socket_bound(family, SOCK_DGRAM);
	pair[1] = socket_bound(family, SOCK_DGRAM);
	connect_to(pair[0], pair[1]);
	connect_to(pair[1], pair[0]);
	ck_assert_int_eq(stamp_enable(pair[0], SOCK_DGRAM), 0);
}

static void tcp_pair(int pair[2])
{
	int listener = socket_bound(AF_INET, SOCK_STREAM);

	ck_assert_int_eq(listen(listener, 1), 0);
	pair[0] = socket_bound(AF_INET, SOCK_STREAM);
	connect_to(pair[0], listener);
	pair[1] = accept(listener, NULL, NULL);
	ck_assert_int_ge(pair[1], 0);
	close(listener);
	/* Or a segment would wait for the acknowledgement of the one before. */
	ck_assert_int_eq(setsockopt(pair[0], IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)), 0);
	ck_assert_int_eq(stamp_enable(pair[0], SOCK_STREAM), 0);
}

/* Turning stamps on is the kernel's deferred work: until then arrivals have none of their own. */
static void await_stamping(void)
{
	int pair[2];

	udp_pair(AF_INET, pair);
	for (int i = 0; i < 100000; i++) {
		ck_assert_int_eq(send(pair[1], "x", 1, 0), 1);
		let_time_pass(2 * NSEC_PER_USEC);
		ck_assert_int_eq(stamp_receive(pair[0], buffer, 1, &stamp, &kernel), 1);
		if (kernel)
			break;
	}
	ck_assert(kernel);
	close(pair[0]);
	close(pair[1]);
}

static void setup(void)
{
	sent = (StampedSend){0};
	stamp_keep(&keeper);
	ck_assert_ptr_nonnull(keeper);
	await_stamping();
}

static void teardown(void)
{
	stamp_keeper_free(keeper);
	keeper = NULL;
}

/* Sends `n` bytes and checks that the stamp lies within the call. */
static void send_stamped(int fd, size_t n)
{
	Stamp before = stamp_now(), after;

	ck_assert_int_eq(stamp_send(fd, buffer, n, &sent), (ssize_t)n);
	after = stamp_now();
	ck_assert_uint_eq(sent.kernel, 0);
	let_time_pass(LATER_NS);
	ck_assert_int_eq(stamp_collect(fd, &sent), 0);
	ck_assert_uint_ge(sent.before, before);
	ck_assert_uint_gt(sent.kernel, sent.before);
	ck_assert_uint_lt(sent.kernel, after);
	ck_assert_uint_eq(stamp_of_send(&sent), sent.kernel);
}

/* Receives what the peer sends; the stamp lies within the peer's call, not ours. */
static void receive_stamped(int fd, int peer, size_t n)
{
	Stamp before = stamp_now(), after;

	ck_assert_int_eq(send(peer, buffer, n, 0), (ssize_t)n);
	after = stamp_now();
	let_time_pass(LATER_NS);
	ck_assert_int_eq(stamp_receive(fd, buffer, sizeof(buffer), &stamp, &kernel), (ssize_t)n);
	ck_assert(kernel);
	ck_assert_uint_gt(stamp, before);
	ck_assert_uint_lt(stamp, after);
}

static void check_datagrams(int family)
{
	int pair[2];

	udp_pair(family, pair);
	for (uint32_t i = 0; i < 3; i++) {
		send_stamped(pair[0], 10);
		ck_assert_uint_eq(sent.id, i);
		receive_stamped(pair[0], pair[1], 20);
	}
	close(pair[0]);
	close(pair[1]);
}

START_TEST(test_datagrams_are_stamped_at_both_ends)
{
	check_datagrams(AF_INET);
}
END_TEST

START_TEST(test_ipv6_datagrams_are_stamped_at_both_ends)
{
	check_datagrams(AF_INET6);
}
END_TEST

START_TEST(test_streams_are_stamped_by_their_last_byte)
{
	int pair[2];

	tcp_pair(pair);
	send_stamped(pair[0], 10);
	ck_assert_uint_eq(sent.id, 9);
	receive_stamped(pair[0], pair[1], 20);
	send_stamped(pair[0], 1);
	ck_assert_uint_eq(sent.id, 10);
	send_stamped(pair[0], 100);
	ck_assert_uint_eq(sent.id, 110);
	receive_stamped(pair[0], pair[1], 5);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

START_TEST(test_the_stamp_of_an_earlier_send_is_not_that_of_the_last)
{
	int pair[2];
	Stamp between;

	udp_pair(AF_INET, pair);
	ck_assert_int_eq(stamp_send(pair[0], "a", 1, &sent), 1);
	between = stamp_now();
	ck_assert_int_eq(stamp_send(pair[0], "b", 1, &sent), 1);
	ck_assert_int_eq(stamp_collect(pair[0], &sent), 0); /* takes both */
	ck_assert_uint_gt(sent.kernel, between);
	ck_assert_int_eq(recv(pair[0], buffer, 1, MSG_ERRQUEUE | MSG_DONTWAIT), -1);

	/* And what came for the first is forgotten with the second. */
	ck_assert_int_eq(stamp_send(pair[0], "c", 1, &sent), 1);
	ck_assert_uint_eq(sent.kernel, 0);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

START_TEST(test_without_stamps_the_clock_stands_in)
{
	int a = socket_bound(AF_INET, SOCK_DGRAM), b = socket_bound(AF_INET, SOCK_DGRAM);
	Stamp before = stamp_now(), after;

	connect_to(a, b);
	connect_to(b, a);
	ck_assert_int_eq(stamp_send(a, "a", 1, &sent), 1);
	after = stamp_now();
	ck_assert_int_eq(stamp_collect(a, &sent), 0);
	ck_assert_uint_eq(sent.kernel, 0);
	ck_assert_uint_eq(stamp_of_send(&sent), sent.before);
	ck_assert_uint_ge(sent.before, before);
	ck_assert_uint_le(sent.before, after);

	ck_assert_int_eq(send(b, "b", 1, 0), 1);
	before = stamp_now();
	ck_assert_int_eq(stamp_receive(a, buffer, 1, &stamp, &kernel), 1);
	ck_assert(!kernel);
	ck_assert_uint_ge(stamp, before);
	ck_assert_uint_le(stamp, stamp_now());
	close(a);
	close(b);
}
END_TEST

/* SO_TIMESTAMPING asked for after the arrival: the kernel fills in the time of the read. */
START_TEST(test_a_stamp_made_at_the_read_is_not_the_kernels)
{
	int a = socket_bound(AF_INET, SOCK_DGRAM), b = socket_bound(AF_INET, SOCK_DGRAM);
	Stamp before;

	connect_to(a, b);
	connect_to(b, a);
	for (int i = 0; i < 1000; i++) {
		ck_assert_int_eq(send(b, "b", 1, 0), 1);
		ck_assert_int_eq(stamp_enable(a, SOCK_DGRAM), 0);
		before = stamp_now();
		ck_assert_int_eq(stamp_receive(a, buffer, 1, &stamp, &kernel), 1);
		ck_assert(kernel == (stamp < before)); /* no other answer is right */
		if (!kernel)
			break;
		close(a);
		a = socket_bound(AF_INET, SOCK_DGRAM);
		connect_to(a, b);
		connect_to(b, a);
	}
	close(a);
	close(b);
	if (kernel)
		HARNESS_SKIP("something else on this host keeps stamping on");
}
END_TEST

START_TEST(test_nothing_there_is_an_error)
{
	int pair[2];

	udp_pair(AF_INET, pair);
	stamp = 7;
	ck_assert_int_eq(stamp_receive(pair[0], buffer, 1, &stamp, &kernel), -EAGAIN);
	ck_assert_uint_eq(stamp, 7);
	ck_assert_int_eq(stamp_collect(pair[0], &sent), 0);
	ck_assert_uint_eq(stamp_of_send(&sent), 0);
	close(pair[0]);
	close(pair[1]);
	ck_assert_int_eq(stamp_send(pair[0], "x", 1, &sent), -EBADF);
	ck_assert_uint_eq(sent.before, 0);
	ck_assert_int_lt(stamp_enable(pair[0], SOCK_DGRAM), 0);
}
END_TEST

START_TEST(test_end_of_stream_and_reset)
{
	int pair[2];

	tcp_pair(pair);
	close(pair[1]);
	ck_assert_int_eq(stamp_receive(pair[0], buffer, 1, &stamp, &kernel), 0);
	ck_assert(!kernel);
	ck_assert_int_eq(stamp_send(pair[0], "x", 1, &sent), 1); /* is answered by a reset */
	ck_assert_int_eq(stamp_send(pair[0], "x", 1, &sent), -EPIPE);
	ck_assert_uint_eq(sent.id, 0);
	close(pair[0]);
}
END_TEST

START_TEST(test_packet_tells_source_ttl_and_truncation)
{
	static const int on = 1;
	StampedPacket packet;
	Address loopback;
	int pair[2];

	udp_pair(AF_INET, pair);
	ck_assert_int_eq(setsockopt(pair[0], IPPROTO_IP, IP_RECVTTL, &on, sizeof(on)), 0);
	ck_assert_int_eq(setsockopt(pair[1], IPPROTO_IP, IP_TTL, &(int){77}, sizeof(int)), 0);
	ck_assert_int_eq(send(pair[1], "long", 4, 0), 4);
	ck_assert_int_eq(stamp_receive_packet(pair[0], buffer, 2, &packet), 2);
	ck_assert(packet.kernel);
	ck_assert(packet.truncated);
	ck_assert_uint_eq(packet.ttl, 77);
	(void)address_parse("127.0.0.1", &loopback);
	ck_assert(address_equal(&packet.from, &loopback));

	ck_assert_int_eq(send(pair[1], "ab", 2, 0), 2);
	ck_assert_int_eq(stamp_receive_packet(pair[0], buffer, 2, &packet), 2);
	ck_assert(!packet.truncated);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

START_TEST(test_icmp_errors_come_with_what_they_are_about)
{
	static const int on = 1;
	StampError error = {0};
	int pair[2], r;

	udp_pair(AF_INET, pair);
	ck_assert_int_eq(setsockopt(pair[0], IPPROTO_IP, IP_RECVERR, &on, sizeof(on)), 0);
	close(pair[1]);
	ck_assert_int_eq(stamp_send(pair[0], "hello", 5, &sent), 5);
	while ((r = stamp_collect_one(pair[0], &sent, &error)) == 0)
		;
	ck_assert_int_eq(r, 1);
	ck_assert_int_eq(error.error, ECONNREFUSED);
	ck_assert_uint_eq(error.type, 3);
	ck_assert_uint_eq(error.code, 3);
	ck_assert(!error.local);
	ck_assert_uint_eq(error.length, 5);
	ck_assert_mem_eq(error.quoted, "hello", 5);
	(void)recv(pair[0], buffer, 1, MSG_DONTWAIT); /* takes the error on the socket itself */

	ck_assert_int_eq(stamp_send(pair[0], "hello", 5, &sent), 5);
	ck_assert_int_eq(stamp_collect(pair[0], &sent), ECONNREFUSED);
	ck_assert_uint_gt(sent.kernel, 0); /* and the stamp, all the same */
	ck_assert_int_eq(stamp_collect_one(pair[0], &sent, &error), -EAGAIN);
	close(pair[0]);
}
END_TEST

START_TEST(test_a_stepped_clock_is_told_from_a_steady_one)
{
	ck_assert(!stamp_clock_stepped(1000, 1000));
	ck_assert(!stamp_clock_stepped(0, 50000));
	ck_assert(!stamp_clock_stepped(50000, 0));
	ck_assert(stamp_clock_stepped(0, 50001));
	ck_assert(stamp_clock_stepped(0, -50001));
	ck_assert(stamp_clock_stepped(-1000000000, 1000000000));
}
END_TEST

START_TEST(test_offset_is_that_of_the_two_clocks)
{
	int64_t offset = stamp_clock_offset();
	int64_t rough =
		(int64_t)(clock_realtime_ns(&clock_system) - clock_monotonic_ns(&clock_system));

	ck_assert_int_lt(llabs(offset - rough), 100 * (int64_t)NSEC_PER_MSEC);
	for (int i = 0; i < 100; i++)
		ck_assert(!stamp_clock_stepped(offset, stamp_clock_offset()));
}
END_TEST

START_TEST(test_keeper_is_made_once)
{
	StampKeeper *first = keeper;

	stamp_keep(&keeper);
	ck_assert_ptr_eq(keeper, first);
	stamp_keeper_free(NULL);
}
END_TEST

HARNESS_MAIN(
	"stamp", HARNESS_CASE(suite, "unkept", test_a_stamp_made_at_the_read_is_not_the_kernels);
	HARNESS_FIXTURE(suite, "stamps", setup, teardown, test_datagrams_are_stamped_at_both_ends,
			test_ipv6_datagrams_are_stamped_at_both_ends,
			test_streams_are_stamped_by_their_last_byte,
			test_the_stamp_of_an_earlier_send_is_not_that_of_the_last);
	HARNESS_FIXTURE(suite, "fallback", setup, teardown, test_without_stamps_the_clock_stands_in,
			test_nothing_there_is_an_error, test_end_of_stream_and_reset);
	HARNESS_FIXTURE(suite, "messages", setup, teardown,
			test_packet_tells_source_ttl_and_truncation,
			test_icmp_errors_come_with_what_they_are_about);
	HARNESS_FIXTURE(suite, "clock", setup, teardown,
			test_a_stepped_clock_is_told_from_a_steady_one,
			test_offset_is_that_of_the_two_clocks, test_keeper_is_made_once);)
