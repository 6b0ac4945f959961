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
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base.h"
#include "daemon/kern/diag_dump.h"
#include "daemon/kern/netlink.h"

/* About 900 destroy messages of 1 KiB (skb overhead included) between two turns of the loop. */
#define RECEIVE_BUFFER (1024 * 1024)

/* The socket stays readable, so what is left after so many is read in the next turn of the loop,
 * and a storm of closing connections cannot keep the daemon from its other work. */
#define DESTROY_BATCH 4096

struct Diag {
	Netlink dump;    /* closed between a reset and the next request */
	Netlink destroy; /* closed until diag_destroy_listen() */
	DiagDumper dumper;
};

static int open_socket(Netlink *netlink)
{
	int r = netlink_open(netlink, NETLINK_SOCK_DIAG);
	if (r < 0)
		return r;
	/* Beyond rmem_max only with CAP_NET_ADMIN; without it, as much as is allowed. */
	const int size = RECEIVE_BUFFER;
	if (setsockopt(netlink->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(netlink->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return 0;
}

static int dump_request(void *context, const void *message, size_t length)
{
	Diag *diag = context;
	int r = diag->dump.socket ? 0 : open_socket(&diag->dump);
	if (r < 0)
		return r;
	/* libnl takes the message writable, and does not write to it. */
	r = nl_sendto(diag->dump.socket, (void *)(uintptr_t)message, length);
	return r < 0 ? netlink_errno(r) : 0;
}

static ssize_t dump_receive(void *context, void *buffer, size_t size, bool *ret_truncated)
{
	const Diag *diag = context;
	return netlink_receive(diag->dump.fd, buffer, size, 0, ret_truncated);
}

static void dump_reset(void *context)
{
	Diag *diag = context;
	netlink_close(&diag->dump);
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
	netlink_close(&diag->dump);
	netlink_close(&diag->destroy);
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
	if (!diag->destroy.socket) {
		int r = open_socket(&diag->destroy);
		if (r < 0)
			return r;
		r = nl_socket_set_nonblocking(diag->destroy.socket);
		if (r == 0)
			r = nl_socket_add_memberships(diag->destroy.socket,
						      SKNLGRP_INET_TCP_DESTROY,
						      SKNLGRP_INET6_TCP_DESTROY, 0);
		if (r < 0) {
			netlink_close(&diag->destroy);
			return netlink_errno(r);
		}
	}
	*ret_fd = diag->destroy.fd;
	return 0;
}

/* False if something in the datagram was no closed TCP socket. */
static bool destroy_datagram(const uint8_t *rest, size_t length, DiagCallback callback,
			     void *context)
{
	const struct nlmsghdr *message;
	bool malformed;
	while ((message = netlink_next(&rest, &length, &malformed))) {
		FlowSample sample;
		if (diag_decode(message, &sample) < 0)
			return false;
		sample.destroyed = true;
		callback(&sample, context);
	}
	return !malformed;
}

int diag_destroy_read(Diag *diag, DiagCallback callback, void *context, bool *ret_lost)
{
	if (!diag->destroy.socket)
		return -EBADF;
	bool lost = false;
	for (unsigned i = 0; i < DESTROY_BATCH; i++) {
		bool truncated = false;
		ssize_t n = netlink_receive(diag->destroy.fd, diag->dumper.buffer,
					    sizeof(diag->dumper.buffer), 0, &truncated);
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
