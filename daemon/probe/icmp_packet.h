/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * ICMP and ICMPv6 echo as bytes (RFC 792, RFC 4443): pure, no socket.
 *
 * Many processes ping the same hosts, replies come late, twice, or from a host that answers for
 * another; so a reply is ours only if identifier, sequence number and a nonce that nobody can guess
 * are.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ICMP_NONCE_BYTES 16
/* Header and 56 bytes, as ping(8) and fping(8) send, so that the figures compare. */
#define ICMP_ECHO_BYTES 64

typedef struct IcmpEcho {
	uint16_t id, sequence; /* host order */
	uint8_t nonce[ICMP_NONCE_BYTES];
} IcmpEcho;

/* The echo request. The checksum is ICMP's; of ICMPv6 (over addresses, too) and on ping sockets the
 * kernel makes it. */
void icmp_echo_encode(int family, const IcmpEcho *echo, uint8_t ret_bytes[ICMP_ECHO_BYTES]);

typedef enum IcmpMatch {
	ICMP_STRANGER, /* no reply to this echo, or so damaged that the kernel would drop it */
	ICMP_DAMAGED,  /* a reply to it, with another payload than was sent */
	ICMP_REPLY,
} IcmpMatch;

/* What was received. `ip_header`: it begins with an IPv4 header, as on raw sockets, and nobody has
 * verified its checksum. */
IcmpMatch icmp_reply_match(int family, bool ip_header, const uint8_t *bytes, size_t length,
			   const IcmpEcho *echo);

/* Whether an ICMP error that quotes these bytes is about this echo request. They begin with its
 * ICMP header, or with the IPv6 header before it, as raw IPv6 sockets quote it. */
bool icmp_quote_match(int family, const uint8_t *bytes, size_t length, const IcmpEcho *echo);

/* What an ICMP error says, in its RFC's words: "ICMP: host unreachable". Static. */
const char *icmp_reason(int family, uint8_t type, uint8_t code);
