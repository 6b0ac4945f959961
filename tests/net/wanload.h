/* SPDX-License-Identifier: MIT */
/*
 * What the client and the server half of wanload share: the buffer of zeros they send, addresses,
 * and a tcp_info that is longer than the one of the C library's headers.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define WANLOAD_CHUNK (256U << 10)

struct wanload_address {
	struct sockaddr_storage storage;
	socklen_t length;
};

struct wanload_options {
	struct wanload_address address; /* to listen at, or to connect to */
	uint64_t seconds_ns, gap_ns, serve_ns, serve_bytes, warm_ns;
	uint64_t bytes, then_bytes; /* of a burst; every other connection's, 0: the same */
	uint64_t repeat, count;
	const char *congestion; /* NULL: what the sysctl says */
};

/*
 * The kernel's tcp_info up to the fields used here, at the offsets of linux/tcp.h; it only ever
 * grows at the end. A field the running kernel does not have reads 0.
 */
struct wanload_tcp_info {
	uint8_t state_to_flags[8];
	uint32_t rto, ato, snd_mss, rcv_mss, unacked, sacked, lost, retrans, fackets;
	uint32_t last_data_sent, last_ack_sent, last_data_recv, last_ack_recv;
	uint32_t pmtu, rcv_ssthresh, rtt, rttvar, snd_ssthresh, snd_cwnd, advmss, reordering;
	uint32_t rcv_rtt, rcv_space, total_retrans;
	uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
	uint32_t segs_out, segs_in, notsent_bytes, min_rtt, data_segs_in, data_segs_out;
	uint64_t delivery_rate, busy_time, rwnd_limited, sndbuf_limited;
};

_Static_assert(offsetof(struct wanload_tcp_info, rtt) == 68, "linux/tcp.h");
_Static_assert(offsetof(struct wanload_tcp_info, bytes_acked) == 120, "linux/tcp.h");
_Static_assert(offsetof(struct wanload_tcp_info, sndbuf_limited) == 184, "linux/tcp.h");

extern const uint8_t wanload_zeros[WANLOAD_CHUNK];

uint64_t wanload_clock_ns(void);
/* Waits for events until `end_ns`; false when the time is over. */
bool wanload_wait(int fd, short events, uint64_t end_ns);
/* A connected socket, -ETIMEDOUT at `end_ns`, or why it was refused. */
int wanload_connect(const struct wanload_options *options, uint64_t end_ns);
/* Sends zeros until `end_ns`; 0, or why it could not. */
int wanload_send_until(int fd, uint64_t end_ns);
/* Closes in order, or with a reset if the peer does not follow within two seconds. */
void wanload_finish(int fd);
struct wanload_tcp_info wanload_info(int fd);
void wanload_print_failure(uint64_t start_ns, const char *error);
/* Each returns the exit status of the program. */
int wanload_serve(const struct wanload_options *options);
int wanload_accept(const struct wanload_options *options);
int wanload_send(const struct wanload_options *options);
int wanload_receive(const struct wanload_options *options);
int wanload_burst(const struct wanload_options *options);
