/* SPDX-License-Identifier: MIT */
/*
 * The ICMP probe: one echo request, one reply, each stamped by the kernel.
 *
 * A ping socket first, since it needs no privilege but a sysctl; then a raw one, which needs
 * CAP_NET_RAW. If neither may be opened, the result says what is missing, because a probe that only
 * says "permission denied" sends people to the wrong place.
 *
 * On a ping socket the kernel chooses the identifier, and hands over nothing but replies to it,
 * though from whatever host. On a raw one we choose; it is connected, and a filter lets only echo
 * replies through. Either way a reply is taken only from our peer with our sequence number and
 * nonce, and an ICMP error only if the packet it quotes is ours; anything else is left lying.
 *
 * A reply that is there counts even if it is noticed late; one that came too late by its stamp does
 * not, even if it is there. Nothing is sent twice: a lost request is a loss.
 */
#include "daemon/probe/kind.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/event.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>

#include "common/base.h"
#include "common/random.h"
#include "daemon/probe/connect.h"
#include "daemon/probe/datagram.h"
#include "daemon/probe/icmp_packet.h"

/* IPv4 header with options, then the reply: more is not ours. */
#define ICMP_RECEIVE_BYTES (60 + 2 * ICMP_ECHO_BYTES)

struct Probe {
	Datagram datagram;
	ProbeStart start;
	uint64_t start_ns;
	IcmpEcho echo;
	DatagramReply reply;
	bool sent, failed;
	ProbeFacts facts;
	/* When failed: */
	ProbeOutcome outcome;
	int error;
	const char *explanation;
	char permission[128];
};

static void fail(Probe *probe, ProbeOutcome outcome, int error, const char *explanation)
{
	probe->failed = true;
	probe->outcome = outcome;
	probe->error = error;
	probe->explanation = explanation;
}

static void succeed(Probe *probe, uint64_t echo_ns, uint64_t now_ns, ProbeResult *result)
{
	uint64_t wall_ns = MIN(probe->reply.noticed_ns, now_ns) - probe->start_ns;

	result->outcome = PROBE_OK;
	probe_result_set(result, PHASE_ECHO, echo_ns);
	probe_result_set(result, PHASE_OVERHEAD, wall_ns > echo_ns ? wall_ns - echo_ns : 0);
}

static void judge_reply(Probe *probe, uint64_t now_ns, ProbeResult *result)
{
	uint64_t echo_ns =
		datagram_elapsed(&probe->datagram, &probe->reply, &probe->facts.icmp.kernel_stamps);

	probe->facts.icmp.ttl = probe->reply.packet.ttl;
	if (echo_ns > probe->start.spec->timeout_ns) {
		result->outcome = PROBE_TIMEOUT;
		result->error = ETIMEDOUT;
	} else {
		succeed(probe, echo_ns, now_ns, result);
	}
}

static void report(Probe *probe, uint64_t now_ns)
{
	uint64_t wall_us = (now_ns - probe->start_ns) / NSEC_PER_USEC;
	ProbeResult result = {
		.address = probe->start.address,
		.when_ns = now_ns,
		.wall_us = probe->sent ? (uint32_t)MIN(wall_us, (uint64_t)UINT32_MAX) : 0,
		.failed_in = PHASE_ECHO,
		.facts = &probe->facts,
	};

	probe->facts.has_icmp = probe->datagram.fd >= 0;
	if (probe->reply.noticed_ns > 0) {
		judge_reply(probe, now_ns, &result);
	} else if (probe->failed) {
		result.outcome = probe->outcome;
		result.error = probe->error;
		result.explanation = probe->explanation;
	} else {
		result.outcome = PROBE_TIMEOUT;
		result.error = ETIMEDOUT;
	}
	/* The last use of the probe: the receiver frees it. */
	probe->start.done(probe->start.context, &result);
}

static void take_error(Probe *probe, const StampError *error)
{
	int family = probe->start.address.family;

	if (probe->failed || !icmp_quote_match(family, error->quoted, error->length, &probe->echo))
		return;
	fail(probe, PROBE_UNREACHABLE, error->error,
	     error->local ? NULL : icmp_reason(family, error->type, error->code));
}

/* Stamps of sending, and ICMP errors. */
static void drain_errors(Probe *probe)
{
	StampError error;

	for (int i = 0; i < DATAGRAM_BURST_MAX; i++) {
		int r = stamp_collect_one(probe->datagram.fd, &probe->datagram.sent, &error);
		if (r < 0)
			return;
		if (r > 0)
			take_error(probe, &error);
	}
}

static void take_packet(Probe *probe, const uint8_t *bytes, size_t length,
			const StampedPacket *packet)
{
	int family = probe->start.address.family;
	bool ip_header = probe->facts.icmp.raw && family == AF_INET;

	if (!address_equal(&packet->from, &probe->start.address))
		return;
	switch (icmp_reply_match(family, ip_header, bytes, length, &probe->echo)) {
	case ICMP_REPLY:
		probe->reply.packet = *packet;
		probe->reply.noticed_ns = clock_monotonic_ns(probe->start.clock);
		break;
	case ICMP_DAMAGED:
		fail(probe, PROBE_PROTOCOL, EBADMSG, "the reply's payload is not what was sent");
		break;
	case ICMP_STRANGER:
		break;
	}
}

static void drain_packets(Probe *probe)
{
	uint8_t bytes[ICMP_RECEIVE_BYTES];
	StampedPacket packet;

	for (int i = 0; i < DATAGRAM_BURST_MAX && probe->reply.noticed_ns == 0; i++) {
		ssize_t n = stamp_receive_packet(probe->datagram.fd, bytes, sizeof(bytes), &packet);
		if (n == -EAGAIN)
			return;
		/* What else goes wrong is on the error queue, with whose fault it is. */
		if (n >= 0)
			take_packet(probe, bytes, (size_t)n, &packet);
	}
}

/* The socket is asked before the clock is believed. */
static void on_event(int fd, short what, void *context)
{
	Probe *probe = context;
	uint64_t now_ns;

	(void)what;
	if (fd >= 0) {
		drain_errors(probe);
		drain_packets(probe);
	}
	now_ns = clock_monotonic_ns(probe->start.clock);
	if (!datagram_goes_on(&probe->datagram, &probe->reply, probe->failed, now_ns))
		report(probe, now_ns);
}

static void icmp_cancel(Probe *probe)
{
	if (!probe)
		return;

	datagram_clear(&probe->datagram);
	free(probe);
}

static void cancel_at_exit(Probe **probe)
{
	icmp_cancel(*probe);
}

/* Only echo replies; errors come on the error queue, which no filter stops. */
static void filter_raw(int fd, int family)
{
	struct icmp_filter filter = {.data = ~(UINT32_C(1) << ICMP_ECHOREPLY)};
	struct icmp6_filter filter6;

	/* Without, there is only more to be read and left lying. */
	if (family == AF_INET) {
		(void)setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof(filter));
	} else {
		ICMP6_FILTER_SETBLOCKALL(&filter6);
		ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter6);
		(void)setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter6, sizeof(filter6));
	}
}

static void fail_for_permission(Probe *probe)
{
	(void)snprintf(probe->permission, sizeof(probe->permission),
		       "net.ipv4.ping_group_range does not contain group %u, and CAP_NET_RAW is "
		       "missing: one of them is needed",
		       (unsigned)getegid());
	fail(probe, PROBE_PERMISSION, EPERM, probe->permission);
}

/* Negative errno, but a missing permission is a result. */
static int open_socket(Probe *probe)
{
	int family = probe->start.address.family, r;
	int protocol = family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	ProbeShared *shared = probe->start.shared;

	r = datagram_open(&probe->datagram, family, SOCK_DGRAM, protocol, shared);
	if (r != -EACCES && r != -EPERM && r != -EPROTONOSUPPORT)
		return r;
	r = datagram_open(&probe->datagram, family, SOCK_RAW, protocol, shared);
	if (r == -EACCES || r == -EPERM) {
		fail_for_permission(probe);
		return 0;
	}
	if (r < 0)
		return r;
	probe->facts.icmp.raw = true;
	filter_raw(probe->datagram.fd, family);
	return 0;
}

static void fill(uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i += sizeof(uint64_t)) {
		uint64_t word = random_system.next(random_system.context);
		memcpy(bytes + i, &word, MIN(sizeof(word), length - i));
	}
}

/* A ping socket's identifier is its port. */
static uint16_t identifier(const Probe *probe)
{
	struct sockaddr_storage sockaddr;
	socklen_t length = sizeof(sockaddr);
	uint16_t id = (uint16_t)random_system.next(random_system.context);
	Address address;

	if (!probe->facts.icmp.raw &&
	    getsockname(probe->datagram.fd, (struct sockaddr *)&sockaddr, &length) == 0)
		(void)address_from_sockaddr((struct sockaddr *)&sockaddr, &address, &id);
	return id;
}

static void send_request(Probe *probe)
{
	uint8_t bytes[ICMP_ECHO_BYTES];
	int error = datagram_connect(&probe->datagram, &probe->start);

	if (error == 0) {
		probe->echo.id = identifier(probe);
		probe->echo.sequence = (uint16_t)random_system.next(random_system.context);
		fill(probe->echo.nonce, sizeof(probe->echo.nonce));
		icmp_echo_encode(probe->start.address.family, &probe->echo, bytes);
		error = datagram_send(&probe->datagram, probe->start.clock, bytes, sizeof(bytes));
	}
	if (error > 0) {
		fail(probe, connect_outcome_of_error(error, false), error, NULL);
		return;
	}
	probe->sent = true;
	drain_errors(probe); /* the stamp, if it is there at once: one event less */
}

static int icmp_start(const ProbeStart *start, Probe **ret_probe)
{
	_cleanup_(cancel_at_exit) Probe *probe = calloc(1, sizeof(*probe));
	int r;

	if (!probe)
		return -ENOMEM;

	probe->start = *start;
	probe->datagram.fd = -1;
	probe->start_ns = clock_monotonic_ns(start->clock);
	r = open_socket(probe);
	if (r == 0)
		r = datagram_watch(&probe->datagram, start, on_event, probe);
	if (r < 0)
		return r;
	if (!probe->failed)
		send_request(probe);
	/* An immediate failure is reported from the loop like any other. */
	if (probe->failed)
		datagram_hasten(&probe->datagram);
	else
		datagram_wait(&probe->datagram, clock_monotonic_ns(start->clock), false);

	*ret_probe = STEAL(probe);
	return 0;
}

const ProbeKind probe_kind_icmp = {
	.scheme = "icmp",
	.summary = "ICMP echo: time between the kernel's stamps of request and reply",
	.headline = PHASE_ECHO,
	.rtt = PHASE_ECHO,
	.start = icmp_start,
	.cancel = icmp_cancel,
};
