/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Making a TCP connection without blocking, and what the kernel says of the attempt.
 *
 * The sample is the kernel's own RTT of the SYN (tcpi_rtt at ESTABLISHED), so it does not matter
 * when this process gets to run: under load, user-space clocks around connect() are wrong by
 * milliseconds, the kernel's figure by microseconds. For the same reason the socket is asked before
 * the clock is believed: a connection that was made in time but noticed after the deadline is a
 * success with much overhead.
 *
 * A handshake that needed more than one SYN took a second longer than the path; that second is the
 * kernel's timer and no latency. It is a loss, with the number of retransmits as its reason.
 */
#include "common/probe_result.h"

typedef struct ConnectVerdict {
	ProbeOutcome outcome;
	uint32_t rtt_us; /* SYN to SYN-ACK; only when PROBE_OK */
	/* Otherwise: */
	int error; /* positive errno or 0 */
	uint32_t syn_retransmits;
	const char *explanation; /* static, or NULL */
} ConnectVerdict;

/* A non-blocking socket of that family, whose packets have that mark (SO_MARK; 0: none). Negative
 * errno: -EMFILE and the like; -EPERM, if there is a mark and no CAP_NET_ADMIN. */
int connect_open(const Address *address, uint32_t mark, int *ret_fd);
/* Binds to the source (family 0: none) and connects. Positive errno, to be handed to
 * connect_judge(): EINPROGRESS, as a rule; 0: done, or put off until bytes are sent
 * (TCP_FASTOPEN_CONNECT); else it failed at once. */
int connect_begin(int fd, const Address *address, uint16_t port, const Address *source);
/* Whether the connection stands already, as one to this host itself does as soon as
 * connect_begin() has returned. */
bool connect_is_made(int fd);
/* What has become of it, so far: a connection still being made is a PROBE_TIMEOUT. `error` is what
 * connect_begin() returned. */
void connect_judge(int fd, int error, ConnectVerdict *ret_verdict);
/* What an errno (positive) of a socket says; of a connection that was up, if `connected`. */
ProbeOutcome connect_outcome_of_error(int error, bool connected);
