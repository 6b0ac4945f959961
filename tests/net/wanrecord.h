/* SPDX-License-Identifier: MIT */
/*
 * The truth about everything that is not a handshake (wansyn.h): every packet that the host sent or
 * got, one JSON object a line, from which a test computes how long a phase of a probe must have
 * taken:
 *
 *   {"atNs":…,"up":true,"protocol":"tcp","source":"10.0.0.1:1234","target":"10.0.0.2:80",
 *    "flags":24,"id":0,"sequence":…,"bytes":517}
 *
 * atNs is CLOCK_MONOTONIC of reading the packet from the host's TUN device (up), or of writing it
 * there. source is always the host's end. flags: of TCP; for an ICMP echo 1 if it is the reply. id:
 * of ICMP its sequence number, the identifier being the source's port; of UDP its first two bytes.
 * sequence: of TCP. bytes: payload. For a handful of conversations: under a bulk transfer it would
 * be too much.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/net/wanlog.h"

void wanrecord_packet(struct wanlog *log, const uint8_t *packet, size_t length, bool up,
		      uint64_t now_ns);
