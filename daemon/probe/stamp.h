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

/* Nanoseconds of CLOCK_REALTIME; 0: none. */
typedef uint64_t Stamp;

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
/* Takes what waits on the error queue: the stamp of `send`, if it is there. Never blocks. Returns
 * the errno that an ICMP error left there (positive; IP_RECVERR), 0 if none. */
int stamp_collect(int fd, StampedSend *send);
/* The best known time of sending. */
Stamp stamp_of_send(const StampedSend *send);

/* Realtime minus monotonic clock, to be compared by stamp_clock_stepped() at begin and end. */
int64_t stamp_clock_offset(void);
/* Whether the realtime clock was set meanwhile (by over 50 us; slewing moves it by at most 500
 * ppm). */
bool stamp_clock_stepped(int64_t offset_before, int64_t offset_now);
