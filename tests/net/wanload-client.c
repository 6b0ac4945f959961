/* SPDX-License-Identifier: MIT */
/*
 * The client half: one transfer after the other. The time of a transfer starts when it begins to
 * connect, as a user's does. What was acknowledged is read from the kernel at the end of that time;
 * what is still in the send buffer then does not count. The connection is then closed in order, but
 * if the path has not drained it within two seconds it is reset, so that the rest of one transfer
 * cannot share the bottleneck with the next.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/net/wanload.h"

#define DRAIN_NS    2000000000ULL
#define CC_NAME_MAX 16

bool wanload_wait(int fd, short events, uint64_t end_ns)
{
	struct pollfd pollfd = {.fd = fd, .events = events};
	uint64_t now = wanload_clock_ns(), left = end_ns > now ? end_ns - now : 0;
	struct timespec timeout = {.tv_sec = (time_t)(left / 1000000000ULL),
				   .tv_nsec = (long)(left % 1000000000ULL)};

	return left > 0 && ppoll(&pollfd, 1, &timeout, NULL) > 0;
}

int wanload_connect(const struct wanload_options *options, uint64_t end_ns)
{
	const struct sockaddr *sa = (const struct sockaddr *)&options->address.storage;
	int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error = 0;
	socklen_t length = sizeof(error);

	if (fd < 0)
		return -errno;
	if (options->congestion && setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, options->congestion,
					      (socklen_t)strlen(options->congestion)) < 0)
		error = errno;
	else if (connect(fd, sa, options->address.length) < 0 && errno != EINPROGRESS)
		error = errno;
	else if (!wanload_wait(fd, POLLOUT, end_ns))
		error = ETIMEDOUT;
	else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
		error = errno;
	if (error == 0)
		return fd;
	close(fd);
	return -error;
}

int wanload_send_until(int fd, uint64_t end_ns)
{
	while (wanload_wait(fd, POLLOUT, end_ns))
		if (send(fd, wanload_zeros, WANLOAD_CHUNK, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
		    errno != EAGAIN && errno != EINTR)
			return -errno;
	return 0;
}

/* Discards; returns 1 at the peer's end, 0 when the time is over. */
static int receive_until(int fd, uint64_t end_ns)
{
	while (wanload_wait(fd, POLLIN, end_ns)) {
		ssize_t n = recv(fd, NULL, 4U << 20, MSG_TRUNC | MSG_DONTWAIT);

		if (n == 0)
			return 1;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return 0;
}

struct wanload_tcp_info wanload_info(int fd)
{
	struct wanload_tcp_info info = {0};
	socklen_t length = sizeof(info);

	(void)getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length); /* zeros are printed then */
	return info;
}

void wanload_finish(int fd)
{
	struct linger reset = {.l_onoff = 1, .l_linger = 0};

	(void)shutdown(fd,
		       SHUT_WR); /* fails if the peer is gone: then there is nothing to wait for */
	if (receive_until(fd, wanload_clock_ns() + DRAIN_NS) != 1)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
}

static void print_result(int fd, uint64_t start_ns, uint64_t elapsed_ns, bool upload)
{
	struct wanload_tcp_info info = wanload_info(fd);
	uint64_t bytes = upload ? info.bytes_acked : info.bytes_received;
	char cc[CC_NAME_MAX] = "";
	socklen_t length = sizeof(cc) - 1;

	(void)getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, cc, &length); /* stays empty */
	printf("{\"start\":%.3f,\"seconds\":%.3f,\"%s\":%" PRIu64 ",\"goodputBps\":%" PRIu64
	       ",\"retrans\":%" PRIu32 ",\"cc\":\"%s\",\"segsOut\":%" PRIu32 ",\"rttUs\":%" PRIu32
	       ",\"minRttUs\":%" PRIu32 ",\"cwnd\":%" PRIu32 ",\"rcvRttUs\":%" PRIu32
	       ",\"busyUs\":%" PRIu64 ",\"rwndLimitedUs\":%" PRIu64 ",\"sndbufLimitedUs\":%" PRIu64
	       "}\n",
	       (double)start_ns / 1e9, (double)elapsed_ns / 1e9,
	       upload ? "bytesAcked" : "bytesReceived", bytes,
	       (uint64_t)((unsigned __int128)bytes * 8 * 1000000000ULL / elapsed_ns),
	       info.total_retrans, cc, info.data_segs_out, info.rtt, info.min_rtt, info.snd_cwnd,
	       info.rcv_rtt, info.busy_time, info.rwnd_limited, info.sndbuf_limited);
	fflush(stdout);
}

void wanload_print_failure(uint64_t start_ns, const char *error)
{
	printf("{\"start\":%.3f,\"error\":\"%s\"}\n", (double)start_ns / 1e9, error);
	fflush(stdout);
}

static bool transfer(const struct wanload_options *options, bool upload)
{
	uint64_t start = wanload_clock_ns(), end = start + options->seconds_ns;
	int fd, r;

	fd = wanload_connect(options, end);
	if (fd < 0) {
		wanload_print_failure(start, strerror(-fd));
		return false;
	}
	r = upload ? wanload_send_until(fd, end) : receive_until(fd, end);
	if (r < 0) {
		wanload_print_failure(start, strerror(-r));
		close(fd);
		return false;
	}
	print_result(fd, start, wanload_clock_ns() - start, upload);
	wanload_finish(fd);
	return true;
}

static int transfers(const struct wanload_options *options, bool upload)
{
	struct timespec gap = {.tv_sec = (time_t)(options->gap_ns / 1000000000ULL),
			       .tv_nsec = (long)(options->gap_ns % 1000000000ULL)};
	int status = 0;

	for (uint64_t i = 0; options->repeat == 0 || i < options->repeat; i++) {
		if (i > 0)
			(void)nanosleep(&gap, NULL); /* cut short by a signal: only a shorter gap */
		if (!transfer(options, upload))
			status = 1;
	}
	return status;
}

int wanload_send(const struct wanload_options *options)
{
	return transfers(options, true);
}

int wanload_receive(const struct wanload_options *options)
{
	return transfers(options, false);
}
