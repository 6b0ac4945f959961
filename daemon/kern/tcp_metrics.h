/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the kernel remembers of destinations between connections (net/ipv4/tcp_metrics.c), read over
 * generic netlink: RTT, ssthresh, cwnd, reordering, and whether a Fast Open cookie is held.
 * Decoding is pure and fuzzed.
 */
#include <linux/netlink.h>

#include "common/address.h"

typedef struct TcpMetric {
	Address destination, source; /* source of family 0: not told */
	uint64_t age_ms;             /* since the entry was last written */
	/* 0: the kernel holds no such value. */
	uint32_t rtt_us, rttvar_us, ssthresh, cwnd, reordering;
	bool has_cookie; /* Fast Open; the cookie itself is a secret and not kept */
	uint16_t fastopen_mss, fastopen_syn_drops;
	uint64_t fastopen_drop_age_ms; /* since the last SYN with data was lost; with syn_drops > 0
					*/
} TcpMetric;

typedef struct TcpMetrics TcpMetrics; /* a generic netlink socket in one network namespace */
typedef void (*TcpMetricCallback)(const TcpMetric *metric, void *context);

/* Of the network namespace the caller is in. -EPROTONOSUPPORT: this kernel has no such family. */
int tcp_metrics_new(TcpMetrics **ret_metrics);
void tcp_metrics_free(TcpMetrics *metrics);
/* All entries. -EINTR is handled by asking again. *ret_undecoded counts skipped messages. */
int tcp_metrics_dump(TcpMetrics *metrics, TcpMetricCallback callback, void *context,
		     unsigned *ret_undecoded);
/* One destination. -ENOENT: the kernel remembers nothing. */
int tcp_metrics_get(TcpMetrics *metrics, const Address *destination, TcpMetric *ret_metric);
/* Pure. One TCP_METRICS_CMD_GET answer. -EBADMSG when malformed. */
int tcp_metrics_decode(const struct nlmsghdr *message, TcpMetric *ret_metric);
