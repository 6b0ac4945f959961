/* SPDX-License-Identifier: MIT */
/*
 * libnl opens and binds the socket; reading is by hand, because libnl's receiving side swallows
 * NLM_F_DUMP_INTR until the end, allocates each datagram, and stops in the middle of an answer at
 * the first thing that it does not like.
 *
 * Every request asks for an acknowledgement, so every answer has an end: NLMSG_DONE of a dump,
 * NLMSG_ERROR (with error 0 for success) of all else.
 */
#include "daemon/kern/netlink.h"

#include <errno.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common/base.h"

/* Datagrams thrown away at most to get rid of an old answer: 8 MiB. */
#define DISCARD_MAX 256

typedef struct Answer {
	uint32_t sequence;
	NetlinkCallback callback;
	void *context;
	bool torn, done;
	int error;
} Answer;

int netlink_errno(int nl_error)
{
	switch (nl_error < 0 ? -nl_error : nl_error) {
	case 0:
		return 0;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_PERM:
		return -EPERM;
	case NLE_NOACCESS:
		return -EACCES;
	case NLE_AF_NOSUPPORT:
	case NLE_PROTO_MISMATCH:
	case NLE_OPNOTSUPP:
		return -EPROTONOSUPPORT;
	case NLE_OBJ_NOTFOUND:
		return -ENOENT;
	case NLE_AGAIN:
		return -EAGAIN;
	case NLE_INVAL:
		return -EINVAL;
	default:
		return -EIO;
	}
}

int netlink_open(Netlink *netlink, int protocol)
{
	const struct timeval timeout = {.tv_sec = NETLINK_ANSWER_TIMEOUT_S};
	struct nl_sock *socket = nl_socket_alloc();
	if (!socket)
		return -ENOMEM;
	int r = netlink_errno(nl_connect(socket, protocol));
	if (r == 0 && setsockopt(nl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &timeout,
				 sizeof(timeout)) < 0)
		r = -errno;
	if (r < 0) {
		nl_socket_free(socket);
		return r;
	}
	*netlink = (Netlink){.socket = socket, .fd = nl_socket_get_fd(socket)};
	return 0;
}

void netlink_close(Netlink *netlink)
{
	nl_socket_free(netlink->socket);
	*netlink = (Netlink){.fd = -1};
}

ssize_t netlink_receive(int fd, void *buffer, size_t size, int flags, bool *ret_truncated)
{
	for (;;) {
		struct sockaddr_nl sender = {0};
		struct iovec vector = {buffer, size};
		struct msghdr message = {.msg_name = &sender,
					 .msg_namelen = sizeof(sender),
					 .msg_iov = &vector,
					 .msg_iovlen = 1};
		ssize_t n = recvmsg(fd, &message, flags);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (sender.nl_pid != 0)
			continue;
		*ret_truncated = message.msg_flags & MSG_TRUNC;
		return n;
	}
}

const struct nlmsghdr *netlink_next(const uint8_t **rest, size_t *length, bool *ret_malformed)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)*rest;
	*ret_malformed = *length > 0 &&
			 (*length < sizeof(*message) || message->nlmsg_len < sizeof(*message) ||
			  message->nlmsg_len > *length);
	if (*length == 0 || *ret_malformed)
		return NULL;
	size_t step = MIN((size_t)NLMSG_ALIGN(message->nlmsg_len), *length);
	*rest += step;
	*length -= step;
	return message;
}

static void take_end(Answer *answer, const struct nlmsghdr *message)
{
	/* NLMSG_DONE and NLMSG_ERROR both begin with the error; DONE may be bare. */
	int error = 0;
	if (message->nlmsg_len >= NLMSG_LENGTH(sizeof(error)))
		memcpy(&error, (const uint8_t *)message + NLMSG_HDRLEN, sizeof(error));
	else if (message->nlmsg_type == NLMSG_ERROR)
		error = -EBADMSG;
	answer->error = MIN(error, 0);
	answer->done = true;
}

static void take_message(Answer *answer, const struct nlmsghdr *message)
{
	if (message->nlmsg_seq != answer->sequence)
		return; /* of a question given up */
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		answer->torn = true;
	switch (message->nlmsg_type) {
	case NLMSG_NOOP:
		break;
	case NLMSG_DONE:
	case NLMSG_ERROR:
		take_end(answer, message);
		break;
	case NLMSG_OVERRUN:
		answer->torn = true;
		break;
	default:
		answer->callback(message, answer->context);
	}
}

static int receive_answer(int fd, Answer *answer)
{
	_Alignas(struct nlmsghdr) uint8_t buffer[NETLINK_BUFFER_SIZE];
	while (!answer->done) {
		bool truncated = false, malformed = false;
		ssize_t n = netlink_receive(fd, buffer, sizeof(buffer), 0, &truncated);
		if (n == -ENOBUFS) {
			answer->torn = true;
			continue;
		}
		if (n < 0)
			return n == -EAGAIN ? -ETIMEDOUT : (int)n;
		const uint8_t *rest = buffer;
		size_t length = (size_t)n;
		const struct nlmsghdr *message;
		while (!answer->done && (message = netlink_next(&rest, &length, &malformed)))
			take_message(answer, message);
		answer->torn |= truncated || malformed;
	}
	return answer->error;
}

/* Each reading makes the kernel go on with the dump that is under way, until there is no more. */
static void discard(Netlink *netlink)
{
	uint8_t buffer[64];
	bool truncated;
	for (unsigned i = 0; i < DISCARD_MAX; i++) {
		ssize_t n = netlink_receive(netlink->fd, buffer, sizeof(buffer), MSG_DONTWAIT,
					    &truncated);
		if (n < 0 && n != -ENOBUFS)
			break;
	}
	netlink->dirty = false;
}

int netlink_ask(Netlink *netlink, struct nlmsghdr *request, NetlinkCallback callback, void *context)
{
	if (netlink->dirty)
		discard(netlink);
	Answer answer = {++netlink->sequence, callback, context, false, false, 0};
	request->nlmsg_seq = answer.sequence;
	request->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	if (send(netlink->fd, request, request->nlmsg_len, 0) < 0)
		return -errno;
	int r = receive_answer(netlink->fd, &answer);
	netlink->dirty = !answer.done;
	if (r < 0)
		return r;
	return answer.torn ? NETLINK_TORN : 0;
}
