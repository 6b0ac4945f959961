/* SPDX-License-Identifier: MIT */
/*
 * The TCP probe: one connect(2), one TCP handshake, nothing sent.
 *
 * The sample is the kernel's own RTT of the SYN (tcpi_rtt at ESTABLISHED), so it does not matter
 * when this process gets to run: under load, user-space clocks around connect() are wrong by
 * milliseconds, the kernel's figure by microseconds. The rest of the wall time is reported as this
 * host's overhead. For the same reason the socket is asked before the clock is believed: a
 * connection that was made in time but noticed after the deadline is a success with much overhead.
 *
 * A handshake that needed more than one SYN took a second longer than the path; that second is the
 * kernel's timer and no latency. It is a loss, with the number of retransmits as its reason.
 *
 * The connection is closed with FIN, not reset (SO_LINGER 0), because servers and firewalls count
 * and log resets as faults. The price is one TIME_WAIT of 60 s on our side per probe. It occupies a
 * port only towards that one server: at one probe per second that would be 60 of some 28000.
 *
 * Only IPv4 and IPv6 addresses; what becomes of the result is the prober's business.
 */
#include "daemon/probe/kind.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "common/base.h"
#include "common/tcp_info.h"

struct Probe {
	int fd;
	struct event *event;
	int error; /* of connect(), if it failed at once; positive */
	uint64_t start_ns;
	ProbeStart start;
};

static ProbeOutcome outcome_of_error(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return PROBE_REFUSED;
	case ETIMEDOUT:
		return PROBE_TIMEOUT;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
	case ENETDOWN:
	case ENONET:
	case ENOPROTOOPT: /* ICMP protocol unreachable */
	case EPROTO:
	case EOPNOTSUPP: /* ICMP source route failed */
	case EACCES:     /* a route of type prohibit */
	case EINVAL:     /* a route of type blackhole */
		return PROBE_UNREACHABLE;
	default:
		return PROBE_LOCAL;
	}
}

static void fail(ProbeResult *result, ProbeOutcome outcome, int error)
{
	result->outcome = outcome;
	result->error = error;
}

static void succeed(ProbeResult *result, const TcpInfo *info, uint64_t wall_ns)
{
	uint64_t rtt_ns = info->raw.rtt_us * NSEC_PER_USEC;

	if (info->raw.rtt_us == 0) { /* not measured, and 0 would be a lie */
		fail(result, PROBE_LOCAL, ENODATA);
		return;
	}
	result->outcome = PROBE_OK;
	probe_result_set(result, PHASE_CONNECT, rtt_ns);
	probe_result_set(result, PHASE_OVERHEAD, wall_ns > rtt_ns ? wall_ns - rtt_ns : 0);
	probe_result_set(result, PHASE_TOTAL, wall_ns);
}

/* What the kernel says of a socket without error. */
static void judge_connection(const TcpInfo *info, uint64_t wall_ns, ProbeResult *result)
{
	bool connecting = info->raw.state == TCP_SYN_SENT || info->raw.state == TCP_SYN_RECV;

	if (connecting)
		fail(result, PROBE_TIMEOUT, ETIMEDOUT);
	else if (info->raw.total_retrans > 0)
		fail(result, PROBE_SYN_RETRANSMIT, 0);
	else
		succeed(result, info, wall_ns);
	if (result->outcome != PROBE_OK)
		result->syn_retransmits = info->raw.total_retrans;
}

static void judge(const Probe *probe, uint64_t now_ns, ProbeResult *result)
{
	int error = probe->error, r;
	socklen_t length = sizeof(error);
	TcpInfo info;

	if (error == 0 && getsockopt(probe->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		error = errno;
	/* Reset after the handshake: that a server hangs up at once is no matter of the path, and
	 * must not depend on whether we look before or after. */
	if (error > 0 && error != ECONNRESET && error != EPIPE) {
		fail(result, outcome_of_error(error), error);
		return;
	}

	r = tcp_info_from_socket(probe->fd, &info);
	if (r == 0 && !tcp_info_has(&info, total_retrans))
		r = -ENODATA; /* something that only pretends to be Linux */
	if (r < 0)
		fail(result, PROBE_LOCAL, -r);
	else
		judge_connection(&info, now_ns - probe->start_ns, result);
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

static struct timeval timeval_of_ns(uint64_t ns)
{
	return (struct timeval){
		.tv_sec = (time_t)(ns / NSEC_PER_SEC),
		.tv_usec = (suseconds_t)(ns % NSEC_PER_SEC / NSEC_PER_USEC),
	};
}

/* An immediate failure is reported from the loop like any other, not from inside start(). */
static int begin_connect(Probe *probe)
{
	struct timeval timeout = timeval_of_ns(probe->start.spec->timeout_ns);
	struct sockaddr_storage sockaddr;
	socklen_t length =
		address_to_sockaddr(&probe->start.address, probe->start.spec->port, &sockaddr);

	probe->start_ns = clock_monotonic_ns(probe->start.clock);
	if (connect(probe->fd, (const struct sockaddr *)&sockaddr, length) < 0 &&
	    errno != EINPROGRESS)
		probe->error = errno;

	if (event_add(probe->event, &timeout) < 0)
		return -ENOMEM;
	if (probe->error > 0)
		event_active(probe->event, EV_WRITE, 0);
	return 0;
}

/* The port stays 0 until connect(2), or the host would run out of them for one destination. */
static int bind_source(int fd, const Address *source)
{
	struct sockaddr_storage sockaddr;
	socklen_t length;
	int on = 1;

	if (source->family == 0)
		return 0;
	length = address_to_sockaddr(source, 0, &sockaddr);
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) < 0 ||
	    bind(fd, (const struct sockaddr *)&sockaddr, length) < 0)
		return -errno;
	return 0;
}

static int tcp_start(const ProbeStart *start, Probe **ret_probe)
{
	_cleanup_(cancel_at_exit) Probe *probe = calloc(1, sizeof(*probe));
	int r;

	if (!probe)
		return -ENOMEM;

	probe->start = *start;
	probe->fd = socket(start->address.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			   IPPROTO_TCP);
	if (probe->fd < 0)
		return -errno;
	r = bind_source(probe->fd, &start->spec->source);
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
