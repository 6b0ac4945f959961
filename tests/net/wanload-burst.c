/* SPDX-License-Identifier: MIT */
/*
 * A client for what is too small to be a rate: so many bytes, and the time until the peer has
 * acknowledged all of them. On a connection of its own for each that is a short transfer, where the
 * initial window counts; several on one connection, with pauses between them, meet the window that
 * slow start after idle leaves.
 *
 * The time begins with the first write, as that of an answer does: the handshake that came before
 * is printed beside it. That all was acknowledged is seen by asking for the send queue's length
 * again and again, as no event says so; the clock of that is fine enough for a path of
 * milliseconds.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "tests/net/wanload.h"

#define TIMEOUT_NS  30000000000ULL /* of a handshake, and of a burst */
#define POLL_NS     100000
#define CC_NAME_MAX 16

static void pause_for(uint64_t ns)
{
	struct timespec time = {.tv_sec = (time_t)(ns / 1000000000ULL),
				.tv_nsec = (long)(ns % 1000000000ULL)};

	(void)nanosleep(&time, NULL); /* cut short by a signal: only a shorter pause */
}

/* Until nothing of what was sent is unacknowledged. */
static int drain(int fd, uint64_t end_ns)
{
	int n_queued = 0;

	for (;;) {
		if (ioctl(fd, SIOCOUTQ, &n_queued) < 0)
			return -errno;
		if (n_queued == 0)
			return 0;
		if (wanload_clock_ns() >= end_ns)
			return -ETIMEDOUT;
		pause_for(POLL_NS);
	}
}

static int send_bytes(int fd, uint64_t bytes, uint64_t end_ns)
{
	while (bytes > 0) {
		size_t n_wanted = bytes < WANLOAD_CHUNK ? (size_t)bytes : WANLOAD_CHUNK;
		ssize_t n;

		if (!wanload_wait(fd, POLLOUT, end_ns))
			return -ETIMEDOUT;
		n = send(fd, wanload_zeros, n_wanted, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		bytes -= n > 0 ? (uint64_t)n : 0;
	}
	return 0;
}

static int burst(int fd, uint64_t bytes, uint64_t connect_ns)
{
	struct wanload_tcp_info before = wanload_info(fd), after;
	uint64_t start = wanload_clock_ns(), end = start + TIMEOUT_NS, taken;
	char cc[CC_NAME_MAX] = "";
	socklen_t length = sizeof(cc) - 1;
	int r = send_bytes(fd, bytes, end);

	if (r == 0)
		r = drain(fd, end);
	taken = wanload_clock_ns() - start;
	if (r < 0) {
		wanload_print_failure(start, strerror(-r));
		return r;
	}
	after = wanload_info(fd);
	(void)getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, cc, &length); /* stays empty */
	printf("{\"start\":%.3f,\"seconds\":%.6f,\"connectSeconds\":%.6f,\"bytes\":%" PRIu64
	       ",\"retrans\":%" PRIu32 ",\"cc\":\"%s\",\"cwnd\":%" PRIu32 ",\"minRttUs\":%" PRIu32
	       "}\n",
	       (double)start / 1e9, (double)taken / 1e9, (double)connect_ns / 1e9, bytes,
	       after.total_retrans - before.total_retrans, cc, before.snd_cwnd, after.min_rtt);
	fflush(stdout);
	return 0;
}

/* One connection with all of its bursts. */
static bool connection(const struct wanload_options *options, uint64_t bytes)
{
	uint64_t start = wanload_clock_ns(), connect_ns;
	int fd = wanload_connect(options, start + TIMEOUT_NS), r = 0;

	if (fd < 0) {
		wanload_print_failure(start, strerror(-fd));
		return false;
	}
	connect_ns = wanload_clock_ns() - start;
	if (options->warm_ns > 0) {
		r = wanload_send_until(fd, wanload_clock_ns() + options->warm_ns);
		if (r == 0)
			r = drain(fd, wanload_clock_ns() + TIMEOUT_NS);
	}
	for (uint64_t i = 0; r == 0 && i < options->count; i++) {
		if (i > 0 || options->warm_ns > 0)
			pause_for(options->gap_ns);
		r = burst(fd, bytes, connect_ns);
	}
	wanload_finish(fd);
	return r == 0;
}

int wanload_burst(const struct wanload_options *options)
{
	int status = 0;

	for (uint64_t i = 0; options->repeat == 0 || i < options->repeat; i++) {
		if (i > 0)
			pause_for(options->gap_ns);
		if (!connection(options, i % 2 == 1 && options->then_bytes > 0 ? options->then_bytes
									       : options->bytes))
			status = 1;
	}
	return status;
}
