/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One question to the kernel over netlink and its whole answer, and the attributes of a message.
 * For the readers whose answers are small; the dump of sockets has a door of its own (diag_dump.h).
 *
 * A socket stays in the network namespace that it was opened in, wherever its thread goes later. So
 * it is never opened anew behind its owner's back: an answer given up in the middle is thrown away
 * before the next question.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "common/base.h"

/* What the kernel fills at most in one datagram of a dump, if it is offered that much. */
#define NETLINK_BUFFER_SIZE 32768

/* A dump is answered at once by the kernel itself; this only keeps the daemon from hanging. */
#define NETLINK_ANSWER_TIMEOUT_S 2

struct nl_sock;

typedef struct Netlink {
	struct nl_sock *socket; /* NULL: closed */
	int fd;
	uint32_t sequence; /* of the last question */
	bool dirty;        /* the rest of an answer may be queued */
} Netlink;

/* Each message of an answer that is no end and no error of one. */
typedef void (*NetlinkCallback)(const struct nlmsghdr *message, void *context);

enum { NETLINK_TORN = 1 };

/* `protocol` is NETLINK_ROUTE and the like. -EPROTONOSUPPORT: not in this kernel. */
int netlink_open(Netlink *netlink, int protocol);
/* Also of one that was never opened, if it is all zero. */
void netlink_close(Netlink *netlink);

/* Sends the request, whose sequence number and NLM_F_REQUEST | NLM_F_ACK it sets, and reads until
 * the end of the answer. NETLINK_TORN: the answer is not whole, as things changed meanwhile
 * (NLM_F_DUMP_INTR) or a part was lost. Negative errno: the kernel's own, or -ETIMEDOUT. */
int netlink_ask(Netlink *netlink, struct nlmsghdr *request, NetlinkCallback callback,
		void *context);

/* One datagram that the kernel, and nobody else, has sent; the length of what is in the buffer, or
 * negative errno. EINTR is handled. `flags` as of recvmsg(2). */
ssize_t netlink_receive(int fd, void *buffer, size_t size, int flags, bool *ret_truncated);

/* Takes the next message off the front of a datagram; NULL at its end, and if what follows is none,
 * which *ret_malformed tells. */
const struct nlmsghdr *netlink_next(const uint8_t **rest, size_t *length, bool *ret_malformed);

typedef struct NetlinkAttribute {
	unsigned type; /* without the flags of NLA_F_NESTED and NLA_F_NET_BYTEORDER */
	const uint8_t *data;
	size_t length;
} NetlinkAttribute;

enum { NETLINK_ATTRIBUTES_END = 1 };

/* Takes the next attribute off the front. NETLINK_ATTRIBUTES_END, or -EBADMSG. Inline, as it is the
 * innermost loop of every dump of sockets. */
static inline int netlink_attribute_next(const uint8_t **rest, size_t *length,
					 NetlinkAttribute *ret_attribute)
{
	struct nlattr header;
	if (*length == 0)
		return NETLINK_ATTRIBUTES_END;
	if (*length < sizeof(header))
		return -EBADMSG;
	memcpy(&header, *rest, sizeof(header));
	if (header.nla_len < sizeof(header) || header.nla_len > *length)
		return -EBADMSG;
	*ret_attribute = (NetlinkAttribute){
		.type = header.nla_type & (unsigned)NLA_TYPE_MASK,
		.data = *rest + sizeof(header),
		.length = header.nla_len - sizeof(header),
	};
	size_t step = MIN((size_t)NLA_ALIGN(header.nla_len), *length);
	*rest += step;
	*length -= step;
	return 0;
}

/* libnl's error numbers as negative errno. */
int netlink_errno(int nl_error);
