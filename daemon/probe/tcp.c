/* SPDX-License-Identifier: MIT */
/*
 * The TCP probe: one connect(2), one TCP handshake, nothing sent. The sample is the kernel's own
 * RTT of the SYN (connect.h); the rest of the wall time is reported as this host's overhead.
 *
 * The connection is closed with FIN, not reset (SO_LINGER 0), because servers and firewalls count
 * and log resets as faults. The price is one TIME_WAIT of 60 s on our side per probe. It occupies a
 * port only towards that one server: at one probe per second that would be 60 of some 28000.
 *
 * Only IPv4 and IPv6 addresses; what becomes of the result is the prober's business.
 */
#include "daemon/probe/kind.h"

#include <errno.h>

#include <event2/event.h>

#include "common/base.h"
#include "daemon/probe/connect.h"

struct Probe {
	int fd;
	struct event *event;
	int error; /* what connect_begin() said */
	uint64_t start_ns;
	ProbeStart start;
};

static void judge(const Probe *probe, uint64_t now_ns, ProbeResult *result)
{
	uint64_t wall_ns = now_ns - probe->start_ns, rtt_ns;
	ConnectVerdict verdict;

	connect_judge(probe->fd, probe->error, &verdict);
	rtt_ns = verdict.rtt_us * NSEC_PER_USEC;
	result->outcome = verdict.outcome;
	if (verdict.outcome == PROBE_OK) {
		probe_result_set(result, PHASE_CONNECT, rtt_ns);
		probe_result_set(result, PHASE_OVERHEAD, wall_ns > rtt_ns ? wall_ns - rtt_ns : 0);
		return;
	}
	result->error = verdict.error;
	result->syn_retransmits = verdict.syn_retransmits;
	result->explanation = verdict.explanation;
}

/* Writable, failed or timed out: the socket knows which, and knows better than the order in which
 * a stopped process finds its events. */
static void on_event(evutil_socket_t fd, short what, void *context)
{
	Probe *probe = context;
	uint64_t now_ns = clock_monotonic_ns(probe->start.clock);
	uint64_t wall_us = (now_ns - probe->start_ns) / NSEC_PER_USEC;
	ProbeResult result = {.address = probe->start.address,
			      .when_ns = now_ns,
			      .wall_us = (uint32_t)MIN(wall_us, (uint64_t)UINT32_MAX),
			      .failed_in = PHASE_CONNECT};

	(void)fd;
	(void)what;
	judge(probe, now_ns, &result);
	/* The last use of the probe: the receiver frees it. */
	probe->start.done(probe->start.context, &result);
}

static void tcp_cancel(Probe *probe)
{
	if (!probe)
		return;

	if (probe->event)
		event_free(probe->event);
	if (probe->fd >= 0)
		(void)close(probe->fd); /* nothing was written that could be lost */
	free(probe);
}

static void cancel_at_exit(Probe **probe)
{
	tcp_cancel(*probe);
}

/* Whether there is nothing to wait for: it failed, or is to this host, which answers itself while
 * connect(2) still runs. */
static bool is_over(const Probe *probe)
{
	return probe->error != EINPROGRESS ||
	       (address_is_loopback(&probe->start.address) && connect_is_made(probe->fd));
}

/* What is over at once is reported from the loop like any other, not from inside start(). */
static int begin_connect(Probe *probe)
{
	struct timeval timeout = loop_timeval(probe->start.spec->timeout_ns);

	probe->start_ns = clock_monotonic_ns(probe->start.clock);
	probe->error = connect_begin(probe->fd, &probe->start.address, probe->start.spec->port,
				     &probe->start.spec->source);
	if (is_over(probe)) {
		event_active(probe->event, EV_WRITE, 0);
		return 0;
	}
	return event_add(probe->event, &timeout) < 0 ? -ENOMEM : 0;
}

static int tcp_start(const ProbeStart *start, Probe **ret_probe)
{
	_cleanup_(cancel_at_exit) Probe *probe = calloc(1, sizeof(*probe));
	int r;

	if (!probe)
		return -ENOMEM;

	probe->start = *start;
	probe->fd = -1;
	r = connect_open(&start->address, start->spec->mark, &probe->fd);
	if (r < 0)
		return r;
	probe->event = event_new(loop_base(start->loop), probe->fd, EV_WRITE, on_event, probe);
	if (!probe->event)
		return -ENOMEM;
	r = begin_connect(probe);
	if (r < 0)
		return r;

	*ret_probe = STEAL(probe);
	return 0;
}

const ProbeKind probe_kind_tcp = {
	.scheme = "tcp",
	.summary = "TCP handshake: the kernel's round-trip time of the SYN",
	.headline = PHASE_CONNECT,
	.rtt = PHASE_CONNECT,
	.start = tcp_start,
	.cancel = tcp_cancel,
};
