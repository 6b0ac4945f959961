/* SPDX-License-Identifier: MIT */
/*
 * Questions and answers with a kernel played on the other end of a socket pair: what it will say is
 * queued before it is asked.
 */
#include "daemon/kern/netlink.h"

#include <sys/socket.h>
#include <sys/time.h>

#include "common/base.h"
#include "tests/unit/harness.h"
#include "tests/unit/recorded.h"

#define DATA 40 /* a type that is none of the protocol's own */

static Netlink netlink;
static int kernel_fd;
static uint32_t seen[64];
static size_t n_seen;

static void setup(void)
{
	const struct timeval soon = {.tv_usec = 10000};
	int fds[2];
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	ck_assert_int_eq(setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)), 0);
	netlink = (Netlink){.fd = fds[0]};
	kernel_fd = fds[1];
	n_seen = 0;
}

static void teardown(void)
{
	close(netlink.fd);
	close(kernel_fd);
}

static void see(const struct nlmsghdr *message, void *context)
{
	ck_assert_ptr_eq(context, &netlink);
	ck_assert_uint_lt(n_seen, ARRAY_SIZE(seen));
	seen[n_seen] = 0;
	memcpy(&seen[n_seen], (const uint8_t *)message + NLMSG_HDRLEN,
	       MIN(message->nlmsg_len - NLMSG_HDRLEN, sizeof(seen[0])));
	n_seen++;
}

static void put(Recorded *datagram, uint16_t type, uint16_t flags, uint32_t sequence, uint32_t word)
{
	struct nlmsghdr header = {.nlmsg_len = NLMSG_LENGTH(sizeof(word)),
				  .nlmsg_type = type,
				  .nlmsg_flags = flags,
				  .nlmsg_seq = sequence};
	memcpy(datagram->bytes + datagram->length, &header, sizeof(header));
	memcpy(datagram->bytes + datagram->length + NLMSG_HDRLEN, &word, sizeof(word));
	datagram->length += header.nlmsg_len;
}

static void say(const Recorded *datagram)
{
	ck_assert_int_eq(send(kernel_fd, datagram->bytes, datagram->length, 0),
			 (int)datagram->length);
}

static void say_one(uint16_t type, uint16_t flags, uint32_t sequence, uint32_t word)
{
	Recorded datagram = {.length = 0};
	put(&datagram, type, flags, sequence, word);
	say(&datagram);
}

static int ask(uint16_t flags)
{
	struct nlmsghdr request = {
		.nlmsg_len = sizeof(request), .nlmsg_type = 18, .nlmsg_flags = flags};
	return netlink_ask(&netlink, &request, see, &netlink);
}

START_TEST(test_dump)
{
	Recorded datagram = {.length = 0};
	put(&datagram, DATA, NLM_F_MULTI, 1, 11);
	put(&datagram, NLMSG_NOOP, 0, 1, 0);
	put(&datagram, DATA, NLM_F_MULTI, 1, 12);
	say(&datagram);
	say_one(DATA, NLM_F_MULTI, 1, 13);
	say_one(NLMSG_DONE, NLM_F_MULTI, 1, 0);
	ck_assert_int_eq(ask(NLM_F_DUMP), 0);
	ck_assert_uint_eq(n_seen, 3);
	ck_assert_uint_eq(seen[0], 11);
	ck_assert_uint_eq(seen[2], 13);
	struct nlmsghdr asked;
	ck_assert_int_eq(recv(kernel_fd, &asked, sizeof(asked), 0), sizeof(asked));
	ck_assert_uint_eq(asked.nlmsg_seq, 1);
	ck_assert_uint_eq(asked.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK | NLM_F_DUMP);
	ck_assert_uint_eq(asked.nlmsg_type, 18);

	say_one(DATA, 0, 1, 99); /* of the last question: too late */
	say_one(DATA, 0, 2, 21);
	say_one(NLMSG_ERROR, 0, 2, 0);
	ck_assert_int_eq(ask(0), 0);
	ck_assert_uint_eq(n_seen, 4);
	ck_assert_uint_eq(seen[3], 21);
}
END_TEST

START_TEST(test_errors)
{
	say_one(NLMSG_ERROR, 0, 1, (uint32_t)-ENOENT);
	ck_assert_int_eq(ask(0), -ENOENT);
	say_one(NLMSG_DONE, 0, 2, (uint32_t)-ENOMEM); /* a dump that failed on its way */
	ck_assert_int_eq(ask(NLM_F_DUMP), -ENOMEM);
	/* An error that is too short to say which; DONE may be. */
	struct nlmsghdr bare = {
		.nlmsg_len = sizeof(bare), .nlmsg_type = NLMSG_ERROR, .nlmsg_seq = 3};
	ck_assert_int_eq(send(kernel_fd, &bare, sizeof(bare), 0), sizeof(bare));
	ck_assert_int_eq(ask(0), -EBADMSG);
	bare.nlmsg_type = NLMSG_DONE;
	bare.nlmsg_seq = 4;
	ck_assert_int_eq(send(kernel_fd, &bare, sizeof(bare), 0), sizeof(bare));
	ck_assert_int_eq(ask(NLM_F_DUMP), 0);
}
END_TEST

START_TEST(test_torn)
{
	say_one(DATA, NLM_F_MULTI, 1, 11);
	say_one(DATA, NLM_F_MULTI | NLM_F_DUMP_INTR, 1, 12);
	say_one(NLMSG_DONE, NLM_F_MULTI, 1, 0);
	ck_assert_int_eq(ask(NLM_F_DUMP), NETLINK_TORN);
	ck_assert_uint_eq(n_seen, 2);
	say_one(NLMSG_OVERRUN, 0, 2, 0);
	say_one(NLMSG_DONE, 0, 2, 0);
	ck_assert_int_eq(ask(NLM_F_DUMP), NETLINK_TORN);
	/* A message that claims more than there is: those behind it cannot be found. */
	Recorded datagram = {.length = 0};
	put(&datagram, DATA, 0, 3, 31);
	put(&datagram, DATA, 0, 3, 32);
	((struct nlmsghdr *)(datagram.bytes + NLMSG_LENGTH(4)))->nlmsg_len = 400;
	say(&datagram);
	say_one(NLMSG_DONE, 0, 3, 0);
	n_seen = 0;
	ck_assert_int_eq(ask(NLM_F_DUMP), NETLINK_TORN);
	ck_assert_uint_eq(n_seen, 1);
	say_one(NLMSG_DONE, 0, 4, 0);
	ck_assert_int_eq(ask(NLM_F_DUMP), 0);
}
END_TEST

START_TEST(test_given_up)
{
	say_one(DATA, NLM_F_MULTI, 1, 11);
	ck_assert_int_eq(ask(NLM_F_DUMP), -ETIMEDOUT);
	/* The rest comes late, and is not taken for the next answer. */
	say_one(DATA, NLM_F_MULTI, 1, 12);
	say_one(NLMSG_DONE, NLM_F_MULTI, 1, 0);
	/* Nor is anything else that was there before the question. */
	say_one(NLMSG_DONE, NLM_F_MULTI, 2, 0);
	ck_assert_int_eq(ask(NLM_F_DUMP), -ETIMEDOUT);
	ck_assert_uint_eq(n_seen, 1);
	uint8_t byte;
	ck_assert_int_eq(recv(netlink.fd, &byte, 1, MSG_DONTWAIT), -1); /* thrown away */
}
END_TEST

START_TEST(test_truncated)
{
	/* The cut is between two messages, so that what is left looks whole. */
	static struct nlmsghdr many[NETLINK_BUFFER_SIZE / sizeof(struct nlmsghdr) + 4];
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct nlmsghdr){
			.nlmsg_len = sizeof(many[i]), .nlmsg_type = NLMSG_NOOP, .nlmsg_seq = 1};
	ck_assert_int_eq(send(kernel_fd, many, sizeof(many), 0), sizeof(many));
	say_one(NLMSG_DONE, 0, 1, 0);
	ck_assert_int_eq(ask(NLM_F_DUMP), NETLINK_TORN);
	ck_assert_uint_eq(n_seen, 0);
}
END_TEST

START_TEST(test_attributes)
{
	uint8_t data[] = {6, 0, 1, 0x80, 0xaa, 0xbb, 0, 0, 4, 0, 2, 0, 5, 0, 3, 0, 0xcc};
	const uint8_t *rest = data;
	size_t length = sizeof(data);
	NetlinkAttribute attribute;
	ck_assert_int_eq(netlink_attribute_next(&rest, &length, &attribute), 0);
	ck_assert_uint_eq(attribute.type, 1); /* without NLA_F_NESTED */
	ck_assert_uint_eq(attribute.length, 2);
	ck_assert_uint_eq(attribute.data[1], 0xbb);
	ck_assert_int_eq(netlink_attribute_next(&rest, &length, &attribute), 0);
	ck_assert_uint_eq(attribute.length, 0);
	ck_assert_int_eq(netlink_attribute_next(&rest, &length, &attribute), 0);
	ck_assert_uint_eq(attribute.data[0], 0xcc); /* the last may lack its padding */
	ck_assert_int_eq(netlink_attribute_next(&rest, &length, &attribute),
			 NETLINK_ATTRIBUTES_END);

	static const uint8_t bad[][6] = {{3, 0, 1, 0}, {7, 0, 1, 0}, {0}};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		rest = bad[i];
		length = 6;
		ck_assert_int_eq(netlink_attribute_next(&rest, &length, &attribute), -EBADMSG);
	}
	rest = data;
	length = 3;
	ck_assert_int_eq(netlink_attribute_next(&rest, &length, &attribute), -EBADMSG);
}
END_TEST

START_TEST(test_open)
{
	Netlink unused = {0}, real = {0};
	netlink_close(&unused);
	ck_assert_int_eq(netlink_open(&real, NETLINK_ROUTE), 0);
	ck_assert_int_ge(real.fd, 0);
	netlink_close(&real);
	netlink_close(&real);
	ck_assert_ptr_null(real.socket);
	ck_assert_int_lt(netlink_open(&real, 31), 0);
	ck_assert_ptr_null(real.socket);
	ck_assert_int_eq(netlink_errno(0), 0);
	ck_assert_int_eq(netlink_errno(-5 /* NLE_NOMEM */), -ENOMEM);
}
END_TEST

HARNESS_MAIN("netlink", {
	HARNESS_FIXTURE(suite, "ask", setup, teardown, test_dump, test_errors, test_torn,
			test_given_up, test_truncated);
	HARNESS_CASE(suite, "pieces", test_attributes, test_open);
})
