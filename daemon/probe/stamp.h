/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * When packets really left and came: the kernel's software time stamps (SO_TIMESTAMPING, see
 * Documentation/networking/timestamping.rst), for datagram, ping, raw and TCP sockets.
 *
 * A clock read in user space before and after a packet is wrong by as long as this process waited
 * for a processor: milliseconds on a busy host. The kernel stamps a packet when the driver takes it
 * and when the stack gets it, whenever we run. Stamps are of CLOCK_REALTIME; stamp_now() reads that
 * clock too, for what has no stamp, and a difference is only believed if the clock was not stepped
 * meanwhile (stamp_clock_stepped).
 *
 * A stamp of sending comes on the error queue, often later than the reply itself; on TCP it is of
 * the last byte of one send. If it never comes, the time just before the send stands in, which is
 * late by nothing and early by what the send itself took.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/address.h"

/* Nanoseconds of CLOCK_REALTIME; 0: none. */
typedef uint64_t Stamp;

/* One for each socket, zeroed when stamp_enable() is called, used for all its sends. */
typedef struct StampedSend {
	Stamp before; /* stamp_now() just before the last send */
	Stamp kernel; /* the kernel's, once it came; 0 until then */
	uint32_t id;  /* of the last send: datagram number, or last byte's offset on TCP */
} StampedSend;

/* Asks for stamps on a new socket (before the first send; on TCP once connected, since byte offsets
 * count from then). Negative errno: the kernel has none; all below works all the same. */
int stamp_enable(int fd, int socket_type);
Stamp stamp_now(void);

/* send(2) and recv(2) with MSG_DONTWAIT | MSG_NOSIGNAL. Bytes, 0 for the end of a stream, or
 * negative errno. ret_stamp: the kernel's for what was received, or stamp_now() if it gave none
 * (ret_kernel false). On TCP a receive returns bytes of several segments: the stamp is of the last.
 */
ssize_t stamp_send(int fd, const void *bytes, size_t length, StampedSend *send);
ssize_t stamp_receive(int fd, void *buffer, size_t size, Stamp *ret_stamp, bool *ret_kernel);

/* What came with a datagram. */
typedef struct StampedPacket {
	Stamp stamp;
	bool kernel;    /* the stamp is the kernel's */
	bool truncated; /* the datagram was longer than the buffer */
	uint8_t ttl;    /* or hop limit; 0: not told (IP_RECVTTL, IPV6_RECVHOPLIMIT not set) */
	Address from;   /* family 0: not told */
} StampedPacket;
/* As stamp_receive(), for datagrams. */
ssize_t stamp_receive_packet(int fd, void *buffer, size_t size, StampedPacket *ret_packet);

/* Takes what waits on the error queue: the stamp of `send`, if it is there. Never blocks. Returns
 * the errno that an ICMP error left there (positive; IP_RECVERR), 0 if none. */
int stamp_collect(int fd, StampedSend *send);

/* An ICMP error from the error queue, with the beginning of the packet it is about. */
typedef struct StampError {
	int error;          /* positive errno, as the kernel maps it */
	uint8_t type, code; /* ICMP's or ICMPv6's own */
	bool local;         /* this host said so, no router: type and code mean nothing */
	size_t length; /* quoted of the packet: ICMP from its header on, UDP from its payload on */
	uint8_t quoted[64];
} StampError;
/* Takes one message from the error queue. 1: an ICMP error; 0: something else was there, the stamp
 * of `send` perhaps; -EAGAIN: the queue is empty. Other negative errno. */
int stamp_collect_one(int fd, StampedSend *send, StampError *ret_error);
/* The best known time of sending. */
Stamp stamp_of_send(const StampedSend *send);

/* Realtime minus monotonic clock, to be compared by stamp_clock_stepped() at begin and end. */
int64_t stamp_clock_offset(void);
/* Whether the realtime clock was set meanwhile (by over 50 us; slewing moves both clocks alike). */
bool stamp_clock_stepped(int64_t offset_before, int64_t offset_now);

/*
 * The kernel stamps arrivals only while some socket wants it, and turns that on (soon after, not at
 * once) and off by patching its own code on every processor. To do so for each probe would make the
 * first packets go without and every processor pause; so whoever probes keeps one socket that wants
 * stamps for as long as it lives.
 */
typedef struct StampKeeper StampKeeper;
/* Makes *keeper unless it is there. A failure only costs accuracy. */
void stamp_keep(StampKeeper **keeper);
void stamp_keeper_free(StampKeeper *keeper);
