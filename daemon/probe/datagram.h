/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the probes that send one datagram and wait for another share: a connected, stamped socket,
 * its event with a deadline, and the time between the kernel's stamps of a question and its answer.
 * What the bytes mean is the probe's.
 */
#include "daemon/probe/kind.h"
#include "daemon/probe/stamp.h"

struct event;

typedef struct Datagram {
	int fd;
	struct event *event;
	uint64_t deadline_ns; /* of the whole probe */
	StampedSend sent;
	uint64_t sent_ns; /* monotonic, just before the last send */
	int64_t offset;   /* stamp_clock_offset() then */
} Datagram;

/* The answer, once it is there. */
typedef struct DatagramReply {
	StampedPacket packet;
	uint64_t noticed_ns; /* monotonic; 0: none */
} DatagramReply;

/* How many packets that are not ours are read before others get their turn, or in all. */
#define DATAGRAM_BURST_MAX 32

/* Opens the socket, with stamps and errors of ICMP. Negative errno. fd is -1 when it fails. */
int datagram_open(Datagram *datagram, int family, int type, int protocol, ProbeShared *shared);
/* Closes; fine on one that was never opened but zeroed with fd -1. */
void datagram_clear(Datagram *datagram);
/* Binds to the source (family 0: none) and connects. 0 or positive errno. */
int datagram_connect(Datagram *datagram, const ProbeStart *start);
/* `callback` comes once, as libevent's, when something was received, stamped or refused, or when
 * the wait is over; datagram_wait() again from there. Negative errno. */
int datagram_watch(Datagram *datagram, const ProbeStart *start,
		   void (*callback)(int fd, short what, void *context), void *context);
/* Until the deadline; but only a moment if the answer is there and just the stamp of sending is
 * awaited. */
void datagram_wait(Datagram *datagram, uint64_t now_ns, bool only_stamp);
/* The same if there is still something to wait for: the answer, unless all `failed`, or its stamp.
 * False if there is not. */
bool datagram_goes_on(Datagram *datagram, const DatagramReply *reply, bool failed, uint64_t now_ns);
/* Calls back soon although nothing is to be waited for. */
void datagram_hasten(Datagram *datagram);
/* 0 or positive errno. */
int datagram_send(Datagram *datagram, const Clock *clock, const void *bytes, size_t length);

/* Whether datagram_elapsed() would gain by waiting for the stamp of sending: it is missing, and the
 * answer has not been here for long. */
bool datagram_lacks_stamp(const Datagram *datagram, const DatagramReply *reply, uint64_t now_ns);
/* From sending to reply: between the kernel's stamps, or what is known instead; between reads of
 * the monotonic clock if the realtime clock was set meanwhile. */
uint64_t datagram_elapsed(const Datagram *datagram, const DatagramReply *reply, bool *ret_kernel);
