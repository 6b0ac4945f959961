/* SPDX-License-Identifier: MIT */
/*
 * One option on the socket, one control message with each packet.
 *
 * Numbers of sends are counted here as the kernel counts them (SOF_TIMESTAMPING_OPT_ID), so that a
 * late stamp of an earlier packet is never taken for that of a later one. On TCP the number is the
 * offset of the last byte; a retransmission is stamped once more under the same number, and the
 * first stamp stays.
 *
 * Between the moment the first socket asks for stamps and the moment the kernel begins to make
 * them, recvmsg(2) fills the time of the call itself into a datagram without stamp. Such a stamp
 * is younger than a clock read before the call. A true one is not, unless the packet came while the
 * call began; then it is called untrue, and nothing is lost but that.
 */
#include "daemon/probe/stamp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

#include "common/base.h"
#include "common/clock.h"

/* Since Linux 6.2, not in older headers: offsets count from the bytes sent, not from those
 * acknowledged. */
#define STAMP_OPT_ID_TCP (1U << 16)

/* More than the kernel leaves for one probe; a bound, since strangers may send ICMP errors. */
#define STAMP_ERRORS_MAX 64

/* Room for a stamp, a TTL, and an extended error with the offender's address. */
#define STAMP_CONTROL_MAX 512

/* Above what two clock reads lie apart on a busy host, below any step that would matter. */
#define STAMP_STEP_NS 50000

#define STAMP_OFFSET_TRIES 5

struct StampKeeper {
	int fd;
};

typedef union StampControl {
	char bytes[STAMP_CONTROL_MAX];
	struct cmsghdr align;
} StampControl;

Stamp stamp_now(void)
{
	return clock_realtime_ns(&clock_system);
}

int stamp_enable(int fd, int socket_type)
{
	unsigned flags = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE |
			 SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_ID |
			 SOF_TIMESTAMPING_OPT_TSONLY;
	unsigned with_bytes = flags | STAMP_OPT_ID_TCP;

	if (socket_type == SOCK_STREAM &&
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &with_bytes, sizeof(with_bytes)) == 0)
		return 0;
	return setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)) < 0 ? -errno : 0;
}

static bool is_stream(int fd)
{
	int type = 0;
	socklen_t length = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM;
}

ssize_t stamp_send(int fd, const void *bytes, size_t length, StampedSend *send_)
{
	bool first = send_->before == 0;
	Stamp before = stamp_now();
	ssize_t n = send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return -errno;

	if (is_stream(fd))
		send_->id = first ? (uint32_t)n - 1 : send_->id + (uint32_t)n;
	else
		send_->id = first ? 0 : send_->id + 1;
	send_->before = before;
	send_->kernel = 0;
	return n;
}

static Stamp stamp_of_control(const struct cmsghdr *control)
{
	struct scm_timestamping stamps;

	if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_TIMESTAMPING ||
	    control->cmsg_len < CMSG_LEN(sizeof(stamps)))
		return 0;
	memcpy(&stamps, CMSG_DATA(control), sizeof(stamps));
	return (uint64_t)stamps.ts[0].tv_sec * NSEC_PER_SEC + (uint64_t)stamps.ts[0].tv_nsec;
}

static bool ttl_of_control(const struct cmsghdr *control, uint8_t *ret_ttl)
{
	bool ipv4 = control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_TTL;
	bool ipv6 = control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_HOPLIMIT;
	int ttl;

	if ((!ipv4 && !ipv6) || control->cmsg_len < CMSG_LEN(sizeof(ttl)))
		return false;
	memcpy(&ttl, CMSG_DATA(control), sizeof(ttl));
	*ret_ttl = (uint8_t)ttl;
	return true;
}

static void read_packet_controls(struct msghdr *message, Stamp before, StampedPacket *packet)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		Stamp stamp = stamp_of_control(c);
		if (stamp > 0) {
			packet->stamp = stamp;
			packet->kernel = stamp <= before;
		}
		(void)ttl_of_control(c, &packet->ttl); /* or it was another one */
	}
}

ssize_t stamp_receive_packet(int fd, void *buffer, size_t size, StampedPacket *ret_packet)
{
	StampControl control;
	struct sockaddr_storage from = {0};
	struct iovec bytes = {.iov_base = buffer, .iov_len = size};
	struct msghdr message = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	StampedPacket packet = {0};
	Stamp before = stamp_now();
	ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0)
		return -errno;

	read_packet_controls(&message, before, &packet);
	if (packet.stamp == 0)
		packet.stamp = stamp_now();
	packet.truncated = message.msg_flags & MSG_TRUNC;
	if (message.msg_namelen > 0) /* none on TCP; then the address stays unset */
		(void)address_from_sockaddr((const struct sockaddr *)&from, &packet.from, NULL);
	*ret_packet = packet;
	return n;
}

ssize_t stamp_receive(int fd, void *buffer, size_t size, Stamp *ret_stamp, bool *ret_kernel)
{
	StampedPacket packet;
	ssize_t n = stamp_receive_packet(fd, buffer, size, &packet);

	if (n < 0)
		return n;
	*ret_stamp = packet.stamp;
	*ret_kernel = packet.kernel;
	return n;
}

static bool error_of_control(const struct cmsghdr *control, struct sock_extended_err *ret_error)
{
	bool ipv4 = control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_RECVERR;
	bool ipv6 = control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_RECVERR;

	if ((!ipv4 && !ipv6) || control->cmsg_len < CMSG_LEN(sizeof(*ret_error)))
		return false;
	memcpy(ret_error, CMSG_DATA(control), sizeof(*ret_error));
	return true;
}

static bool is_stamp_of(const struct sock_extended_err *error, const StampedSend *sent)
{
	return error->ee_origin == SO_EE_ORIGIN_TIMESTAMPING && error->ee_info == SCM_TSTAMP_SND &&
	       error->ee_data == sent->id && sent->before > 0;
}

static bool is_of_packet(const struct sock_extended_err *error)
{
	return error->ee_origin == SO_EE_ORIGIN_ICMP || error->ee_origin == SO_EE_ORIGIN_ICMP6 ||
	       error->ee_origin == SO_EE_ORIGIN_LOCAL;
}

int stamp_collect_one(int fd, StampedSend *sent, StampError *ret_error)
{
	StampControl control;
	StampError found = {0};
	struct iovec bytes = {.iov_base = found.quoted, .iov_len = sizeof(found.quoted)};
	struct msghdr message = {
		.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct sock_extended_err error = {0};
	Stamp stamp = 0;
	ssize_t n = recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);

	if (n < 0)
		return -errno;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
		stamp = MAX(stamp, stamp_of_control(c));
		(void)error_of_control(c, &error); /* or it was another one */
	}
	if (is_stamp_of(&error, sent) && sent->kernel == 0)
		sent->kernel = stamp;
	if (!is_of_packet(&error))
		return 0;
	found.error = (int)error.ee_errno;
	found.type = error.ee_type;
	found.code = error.ee_code;
	found.local = error.ee_origin == SO_EE_ORIGIN_LOCAL;
	found.length = (size_t)n;
	*ret_error = found;
	return 1;
}

int stamp_collect(int fd, StampedSend *sent)
{
	StampError error;
	int first = 0;

	for (int i = 0; i < STAMP_ERRORS_MAX; i++) {
		int r = stamp_collect_one(fd, sent, &error);
		if (r < 0)
			break;
		if (r > 0 && first == 0)
			first = error.error;
	}
	return first;
}

Stamp stamp_of_send(const StampedSend *sent)
{
	return sent->kernel > 0 ? sent->kernel : sent->before;
}

/* Of several tries the one during which least time passed, that is: in which we kept running. */
int64_t stamp_clock_offset(void)
{
	uint64_t shortest = UINT64_MAX;
	int64_t offset = 0;

	for (int i = 0; i < STAMP_OFFSET_TRIES; i++) {
		uint64_t before = clock_monotonic_ns(&clock_system);
		uint64_t realtime = clock_realtime_ns(&clock_system);
		uint64_t took = clock_monotonic_ns(&clock_system) - before;

		if (took < shortest) {
			shortest = took;
			offset = (int64_t)(realtime - before - took / 2);
		}
	}
	return offset;
}

bool stamp_clock_stepped(int64_t offset_before, int64_t offset_now)
{
	int64_t moved = offset_now - offset_before;

	return moved > STAMP_STEP_NS || moved < -STAMP_STEP_NS;
}

void stamp_keep(StampKeeper **keeper)
{
	StampKeeper *made;

	if (*keeper)
		return;
	made = malloc(sizeof(*made));
	if (!made)
		return;
	made->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (made->fd < 0)
		made->fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (made->fd >= 0)
		(void)stamp_enable(made->fd, SOCK_DGRAM); /* without: no stamps, as said */
	*keeper = made;
}

void stamp_keeper_free(StampKeeper *keeper)
{
	if (!keeper)
		return;
	if (keeper->fd >= 0)
		(void)close(keeper->fd); /* nothing was written that could be lost */
	free(keeper);
}
