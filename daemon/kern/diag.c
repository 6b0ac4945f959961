/* SPDX-License-Identifier: MIT */
/*
 * Two netlink sockets: one that blocks, for the dumps, opened anew whenever an answer had to be
 * given up in the middle; one that does not, for the destroy groups, so that events that arrive
 * during a dump wait in a queue of their own.
 *
 * libnl opens, binds and subscribes them and sends the requests. Its receiving side is not used: it
 * allocates each datagram and copies each message once more to the heap, which doubles the cost of
 * a sweep over many sockets, and it reports NLM_F_DUMP_INTR only after it has swallowed it.
 */
#include "daemon/kern/diag.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common/base.h"
#include "daemon/kern/diag_dump.h"

/* About 900 destroy messages of 1 KiB (skb overhead included) between two turns of the loop. */
#define RECEIVE_BUFFER (1024 * 1024)

/* A dump is answered at once by the kernel itself; this only keeps the daemon from hanging. */
#define ANSWER_TIMEOUT_S 2

/* The socket stays readable, so what is left after so many is read in the next turn of the loop,
 * and a storm of closing connections cannot keep the daemon from its other work. */
#define DESTROY_BATCH 4096

struct Diag {
	struct nl_sock *dump;    /* NULL between a reset and the next request */
	struct nl_sock *destroy; /* NULL until diag_destroy_listen() */
	DiagDumper dumper;
};

/* libnl has its own numbers, and each of its functions returns them negative. */
static int errno_of(int nl_error)
{
	switch (-nl_error) {
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_PERM:
		return -EPERM;
	case NLE_NOACCESS:
		return -EACCES;
	case NLE_AF_NOSUPPORT:
		return -EAFNOSUPPORT;
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

static int socket_open(struct nl_sock **ret_socket)
{
	struct nl_sock *socket = nl_socket_alloc();
	if (!socket)
		return -ENOMEM;
	int r = nl_connect(socket, NETLINK_SOCK_DIAG);
	if (r < 0) {
		nl_socket_free(socket);
		return errno_of(r);
	}
	/* Beyond rmem_max only with CAP_NET_ADMIN; without it, as much as is allowed. */
	const int size = RECEIVE_BUFFER;
	int fd = nl_socket_get_fd(socket);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	*ret_socket = socket;
	return 0;
}

/* One datagram that the kernel, and nobody else, has sent. */
static ssize_t receive(int fd, void *buffer, size_t size, bool *ret_truncated)
{
	for (;;) {
		struct sockaddr_nl sender = {0};
		struct iovec vector = {buffer, size};
		struct msghdr message = {.msg_name = &sender,
					 .msg_namelen = sizeof(sender),
					 .msg_iov = &vector,
					 .msg_iovlen = 1};
		ssize_t n = recvmsg(fd, &message, 0);
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

static int dump_open(Diag *diag)
{
	if (diag->dump)
		return 0;
	struct nl_sock *socket;
	int r = socket_open(&socket);
	if (r < 0)
		return r;
	const struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};
	if (setsockopt(nl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &timeout,
		       sizeof(timeout)) < 0) {
		r = -errno;
		nl_socket_free(socket);
		return r;
	}
	diag->dump = socket;
	return 0;
}

static int dump_request(void *context, const void *message, size_t length)
{
	Diag *diag = context;
	int r = dump_open(diag);
	if (r < 0)
		return r;
	/* libnl takes the message writable, and does not write to it. */
	r = nl_sendto(diag->dump, (void *)(uintptr_t)message, length);
	return r < 0 ? errno_of(r) : 0;
}

static ssize_t dump_receive(void *context, void *buffer, size_t size, bool *ret_truncated)
{
	const Diag *diag = context;
	return receive(nl_socket_get_fd(diag->dump), buffer, size, ret_truncated);
}

static void dump_reset(void *context)
{
	Diag *diag = context;
	nl_socket_free(diag->dump);
	diag->dump = NULL;
}

static void ignore_sample(const FlowSample *sample, void *context)
{
	(void)sample, (void)context; /* no state was asked for, so none is given */
}

int diag_new(Diag **ret_diag)
{
	Diag *diag = calloc(1, sizeof(*diag));
	if (!diag)
		return -ENOMEM;
	diag->dumper.transport = (DiagTransport){dump_request, dump_receive, dump_reset, diag};
	/* Sockets in no state at all: an empty answer, or the news that there is no inet_diag. */
	DiagStats stats;
	int r = diag_dump(diag, 0, ignore_sample, NULL, &stats);
	if (r < 0) {
		diag_free(diag);
		return r;
	}
	*ret_diag = diag;
	return 0;
}

void diag_free(Diag *diag)
{
	if (!diag)
		return;
	nl_socket_free(diag->dump);
	nl_socket_free(diag->destroy);
	free(diag);
}

int diag_dump(Diag *diag, uint32_t states, DiagCallback callback, void *context,
	      DiagStats *ret_stats)
{
	return diag_dump_filtered(diag, states, NULL, callback, context, ret_stats);
}

int diag_dump_filtered(Diag *diag, uint32_t states, const DiagFilter *filter, DiagCallback callback,
		       void *context, DiagStats *ret_stats)
{
	const DiagQuery query = {.states = states, .filter = filter};
	return diag_dumper_run(&diag->dumper, &query, callback, context, ret_stats);
}

int diag_destroy_listen(Diag *diag, int *ret_fd)
{
	if (!diag->destroy) {
		struct nl_sock *socket;
		int r = socket_open(&socket);
		if (r < 0)
			return r;
		r = nl_socket_set_nonblocking(socket);
		if (r == 0)
			r = nl_socket_add_memberships(socket, SKNLGRP_INET_TCP_DESTROY,
						      SKNLGRP_INET6_TCP_DESTROY, 0);
		if (r < 0) {
			nl_socket_free(socket);
			return errno_of(r);
		}
		diag->destroy = socket;
	}
	*ret_fd = nl_socket_get_fd(diag->destroy);
	return 0;
}

/* False if something in the datagram was no closed TCP socket. */
static bool destroy_datagram(const uint8_t *rest, size_t length, DiagCallback callback,
			     void *context)
{
	while (length >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *message = (const struct nlmsghdr *)rest;
		FlowSample sample;
		if (message->nlmsg_len < sizeof(*message) || message->nlmsg_len > length ||
		    diag_decode(message, &sample) < 0)
			return false;
		sample.destroyed = true;
		callback(&sample, context);
		size_t step = MIN((size_t)NLMSG_ALIGN(message->nlmsg_len), length);
		rest += step;
		length -= step;
	}
	return length == 0;
}

int diag_destroy_read(Diag *diag, DiagCallback callback, void *context, bool *ret_lost)
{
	if (!diag->destroy)
		return -EBADF;
	int fd = nl_socket_get_fd(diag->destroy);
	bool lost = false;
	for (unsigned i = 0; i < DESTROY_BATCH; i++) {
		bool truncated = false;
		ssize_t n =
			receive(fd, diag->dumper.buffer, sizeof(diag->dumper.buffer), &truncated);
		if (n == -EAGAIN)
			break;
		if (n == -ENOBUFS) {
			lost = true;
			continue;
		}
		if (n < 0)
			return (int)n;
		if (!destroy_datagram(diag->dumper.buffer, (size_t)n, callback, context) ||
		    truncated)
			lost = true;
	}
	*ret_lost = lost;
	return 0;
}
