/* SPDX-License-Identifier: MIT */
/*
 * The stamp of sending is on the error queue, and may come after the answer: drivers hand it over
 * when they have time. It is taken after each send and at each event; if the answer is here and the
 * stamp is not, the loop goes on for a moment more. That costs the figure nothing, since the answer
 * carries its own stamp. A driver that never stamps costs each probe that moment, and its figures
 * begin at the clock read before the send.
 */
#include "daemon/probe/datagram.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "common/base.h"

/* Interrupts of sending are moderated by 100 us or so on real cards; this is ample. */
#define DATAGRAM_PATIENCE_NS (3 * NSEC_PER_MSEC)

int datagram_open(Datagram *datagram, int family, int type, int protocol, ProbeShared *shared)
{
	static const int on = 1;
	bool ipv6 = family == AF_INET6;
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);

	datagram->fd = fd;
	if (fd < 0)
		return -errno;
	stamp_keep(&shared->stamps);
	(void)stamp_enable(fd, type); /* without, the clock stands in */
	/* Without these two, ICMP errors end as timeouts and the TTL stays unknown. */
	(void)setsockopt(fd, ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? IPV6_RECVERR : IP_RECVERR,
			 &on, sizeof(on));
	(void)setsockopt(fd, ipv6 ? IPPROTO_IPV6 : IPPROTO_IP,
			 ipv6 ? IPV6_RECVHOPLIMIT : IP_RECVTTL, &on, sizeof(on));
	return 0;
}

void datagram_clear(Datagram *datagram)
{
	if (datagram->event)
		event_free(datagram->event);
	if (datagram->fd >= 0)
		(void)close(datagram->fd); /* nothing was written that could be lost */
	datagram->event = NULL;
	datagram->fd = -1;
}

int datagram_connect(Datagram *datagram, const ProbeStart *start)
{
	const Address *source = &start->spec->source;
	struct sockaddr_storage sockaddr;
	socklen_t length = address_to_sockaddr(source, 0, &sockaddr);

	if (length > 0 && source->family != start->address.family)
		return EAFNOSUPPORT; /* raw sockets would not notice */
	if (length > 0 && bind(datagram->fd, (const struct sockaddr *)&sockaddr, length) < 0)
		return errno;
	length = address_to_sockaddr(&start->address, start->spec->port, &sockaddr);
	if (connect(datagram->fd, (const struct sockaddr *)&sockaddr, length) < 0)
		return errno;
	return 0;
}

int datagram_watch(Datagram *datagram, const ProbeStart *start,
		   void (*callback)(int fd, short what, void *context), void *context)
{
	datagram->event =
		event_new(loop_base(start->loop), datagram->fd, EV_READ, callback, context);
	if (!datagram->event)
		return -ENOMEM;
	datagram->deadline_ns = clock_monotonic_ns(start->clock) + start->spec->timeout_ns;
	return 0;
}

/* Cannot fail for want of memory: an event that was added once has its places already; and if the
 * first addition fails, the event is made active, which needs none. */
static void wait_for(Datagram *datagram, uint64_t ns)
{
	struct timeval timeout = loop_timeval(ns);

	if (event_add(datagram->event, &timeout) < 0)
		event_active(datagram->event, EV_TIMEOUT, 0);
}

void datagram_wait(Datagram *datagram, uint64_t now_ns, bool only_stamp)
{
	uint64_t left_ns = datagram->deadline_ns - MIN(now_ns, datagram->deadline_ns);

	/* A microsecond more, so that the deadline has passed when time is rounded down. */
	wait_for(datagram, only_stamp ? DATAGRAM_PATIENCE_NS : left_ns + NSEC_PER_USEC);
}

void datagram_hasten(Datagram *datagram)
{
	event_active(datagram->event, EV_TIMEOUT, 0);
}

int datagram_send(Datagram *datagram, const Clock *clock, const void *bytes, size_t length)
{
	ssize_t n;

	datagram->offset = stamp_clock_offset();
	datagram->sent_ns = clock_monotonic_ns(clock);
	n = stamp_send(datagram->fd, bytes, length, &datagram->sent);
	return n < 0 ? (int)-n : 0;
}

bool datagram_lacks_stamp(const Datagram *datagram, const DatagramReply *reply, uint64_t now_ns)
{
	return datagram->sent.kernel == 0 && now_ns - reply->noticed_ns < DATAGRAM_PATIENCE_NS;
}

bool datagram_goes_on(Datagram *datagram, const DatagramReply *reply, bool failed, uint64_t now_ns)
{
	bool replied = reply->noticed_ns > 0;
	bool only_stamp = replied && datagram_lacks_stamp(datagram, reply, now_ns);

	if (!only_stamp && (replied || failed || now_ns >= datagram->deadline_ns))
		return false;
	datagram_wait(datagram, now_ns, only_stamp);
	return true;
}

uint64_t datagram_elapsed(const Datagram *datagram, const DatagramReply *reply, bool *ret_kernel)
{
	Stamp sent = stamp_of_send(&datagram->sent), received = reply->packet.stamp;

	if (stamp_clock_stepped(datagram->offset, stamp_clock_offset()) || received < sent) {
		*ret_kernel = false;
		return reply->noticed_ns - datagram->sent_ns;
	}
	*ret_kernel = datagram->sent.kernel > 0 && reply->packet.kernel;
	return received - sent;
}
