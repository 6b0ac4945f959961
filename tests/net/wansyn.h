/* SPDX-License-Identifier: MIT */
/*
 * The truth about TCP handshakes: for each SYN that left the host and the SYN-ACK that came back,
 * the time from reading the one from the host's TUN device to writing the other into it. That is
 * the round trip as the host's kernel must have seen it, except for the few microseconds in which
 * the SYN waited for us; a test compares what a program claims to have measured with this.
 *
 * One JSON object a line, kept in memory until wansyn_flush(), as a slow disk must not delay a
 * packet: {"source":"10.0.0.1:1234","target":"10.0.0.2:80","syns":1,"rttNs":20012345,"atNs":…}
 * (atNs: CLOCK_MONOTONIC of the SYN; syns > 1: it was retransmitted, rttNs counts from the first).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct wansyn;

int wansyn_new(const char *file, struct wansyn **ret_syn);
void wansyn_free(struct wansyn *syn); /* flushes */
void wansyn_sent(struct wansyn *syn, const uint8_t *packet, size_t length, uint64_t now_ns);
void wansyn_delivered(struct wansyn *syn, const uint8_t *packet, size_t length, uint64_t now_ns);
int wansyn_flush(struct wansyn *syn);
