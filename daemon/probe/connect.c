/* SPDX-License-Identifier: MIT */
#include "daemon/probe/connect.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "common/base.h"
#include "common/tcp_info.h"

ProbeOutcome connect_outcome_of_error(int error, bool connected)
{
	switch (error) {
	case ECONNRESET:
	case EPIPE:
		return connected ? PROBE_CLOSED : PROBE_REFUSED;
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

int connect_open(const Address *address, uint32_t mark, int *ret_fd)
{
	_cleanup_close_ int fd =
		socket(address->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);

	if (fd < 0)
		return -errno;
	if (mark && setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0)
		return -errno;
	*ret_fd = base_steal_fd(&fd);
	return 0;
}

/* The port stays 0 until connect(2), or the host would run out of them for one destination. */
static int bind_source(int fd, const Address *source)
{
	struct sockaddr_storage sockaddr;
	socklen_t length = address_to_sockaddr(source, 0, &sockaddr);
	int on = 1;

	if (length == 0)
		return 0;
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) < 0 ||
	    bind(fd, (const struct sockaddr *)&sockaddr, length) < 0)
		return errno == EINVAL ? EAFNOSUPPORT : errno;
	return 0;
}

int connect_begin(int fd, const Address *address, uint16_t port, const Address *source)
{
	struct sockaddr_storage sockaddr;
	socklen_t length = address_to_sockaddr(address, port, &sockaddr);
	int error = bind_source(fd, source);

	if (error > 0)
		return error;
	return connect(fd, (const struct sockaddr *)&sockaddr, length) < 0 ? errno : 0;
}

static const char *explain(int error)
{
	switch (error) {
	case EADDRNOTAVAIL:
		return "no free port, or the source address is not of this host";
	case EAFNOSUPPORT:
		return "the source address is of another family";
	default:
		return NULL;
	}
}

/* What the kernel says of a socket without error. */
static void judge_connection(const TcpInfo *info, ConnectVerdict *verdict)
{
	bool connecting = info->raw.state == TCP_SYN_SENT || info->raw.state == TCP_SYN_RECV;

	verdict->syn_retransmits = info->raw.total_retrans;
	if (connecting) {
		verdict->outcome = PROBE_TIMEOUT;
		verdict->error = ETIMEDOUT;
	} else if (info->raw.total_retrans > 0) {
		verdict->outcome = PROBE_SYN_RETRANSMIT;
	} else if (info->raw.rtt_us == 0) { /* not measured, and 0 would be a lie */
		verdict->outcome = PROBE_LOCAL;
		verdict->error = ENODATA;
	} else {
		verdict->outcome = PROBE_OK;
		verdict->rtt_us = info->raw.rtt_us;
	}
}

bool connect_is_made(int fd)
{
	uint8_t state; /* the first byte of struct tcp_info */
	socklen_t length = sizeof(state);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &state, &length) == 0 &&
	       length == sizeof(state) && state == TCP_ESTABLISHED;
}

/* A socket that is not closed has no error; and asking costs as much as asking for the rest. */
static int error_of(int fd, bool has_info, const TcpInfo *info)
{
	int error = 0;
	socklen_t length = sizeof(error);

	if (has_info && info->raw.state != TCP_CLOSE)
		return 0;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 ? errno : error;
}

void connect_judge(int fd, int error, ConnectVerdict *ret_verdict)
{
	ConnectVerdict verdict = {0};
	TcpInfo info;
	int r = tcp_info_from_socket(fd, &info);

	if (r == 0 && !tcp_info_has(&info, total_retrans))
		r = -ENODATA; /* something that only pretends to be Linux */
	if (error == 0 || error == EINPROGRESS)
		error = error_of(fd, r == 0, &info);
	/* Reset after the handshake: that a server hangs up at once is no matter of the path, and
	 * must not depend on whether we look before or after. */
	if (error > 0 && error != ECONNRESET && error != EPIPE) {
		verdict.outcome = connect_outcome_of_error(error, false);
		verdict.error = error;
		verdict.explanation = explain(error);
	} else if (r < 0) {
		verdict.outcome = PROBE_LOCAL;
		verdict.error = -r;
	} else {
		judge_connection(&info, &verdict);
	}
	*ret_verdict = verdict;
}
