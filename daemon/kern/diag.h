/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The kernel's TCP sockets over NETLINK_SOCK_DIAG (libnl): dumps of all sockets in given states,
 * and the destroy groups that report each closed socket with its final counters, without which
 * short flows would be invisible. Decoding is pure and fuzzed (diag_decode).
 */
#include <linux/netlink.h>
#include "common/flow_sample.h"
#include "daemon/kern/diag_filter.h"

typedef struct Diag Diag;

/* Every state of a full socket that has carried data: ESTABLISHED, FIN_WAIT1, FIN_WAIT2,
 * CLOSE_WAIT, LAST_ACK, CLOSING. A closing socket must stay visible until its destroy event, or its
 * bytes would be counted again as those of a flow never seen. */
#define DIAG_STATES_FLOWS                                                                          \
	(1U << TCP_STATE_ESTABLISHED | 1U << 4 | 1U << 5 | 1U << 8 | 1U << 9 | 1U << 11)
#define DIAG_STATES_LISTEN   (1U << TCP_STATE_LISTEN)
#define DIAG_STATES_REQUESTS (1U << 3) /* SYN_RECV: handshakes under way to a listener */

/* -EPROTONOSUPPORT if the kernel has no inet_diag, -ENOMEM … */
int diag_new(Diag **ret_diag);
void diag_free(Diag *diag);

typedef struct DiagStats {
	size_t sockets;
	unsigned retries;   /* dumps repeated because of NLM_F_DUMP_INTR or ENOBUFS */
	bool incomplete;    /* still interrupted after the last try: figures are a part */
	unsigned undecoded; /* messages that were not understood, and skipped */
} DiagStats;

/* A sample may be seen twice if a dump had to be repeated; key by cookie. Do not call diag from it.
 */
typedef void (*DiagCallback)(const FlowSample *sample, void *context);

/* Dumps IPv4 and then IPv6 sockets in `states` (bit mask of 1 << state). Blocks for the time of the
 * dump (about 2.5 us a socket). */
int diag_dump(Diag *diag, uint32_t states, DiagCallback callback, void *context,
	      DiagStats *ret_stats);
/* The same of those that pass the filter (NULL: all). */
int diag_dump_filtered(Diag *diag, uint32_t states, const DiagFilter *filter, DiagCallback callback,
		       void *context, DiagStats *ret_stats);

/* The destroy listener: a socket of its own that becomes readable. Its fd goes into the loop. */
int diag_destroy_listen(Diag *diag, int *ret_fd);
/*
 * Reads what is queued, never blocks; after a few thousand it leaves the rest to the next turn, the
 * fd being readable still. *ret_lost: messages were lost (ENOBUFS) or not understood since last
 * time. A socket that its own side aborted (RST) comes with counters, local address and remote port
 * wiped by the kernel: only its cookie tells which it was. -EBADF before diag_destroy_listen().
 */
int diag_destroy_read(Diag *diag, DiagCallback callback, void *context, bool *ret_lost);

/* Pure. One SOCK_DIAG_BY_FAMILY (or destroy) message. -EBADMSG when malformed or not TCP. */
int diag_decode(const struct nlmsghdr *message, FlowSample *ret_sample);
