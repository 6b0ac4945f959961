/* SPDX-License-Identifier: MIT */
/*
 * What a record of packets needs to know of one: whose it is and what it is for. IPv4 and IPv6;
 * TCP, UDP and ICMP echo. Pure.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WANPACKET_FIN 0x01
#define WANPACKET_SYN 0x02
#define WANPACKET_RST 0x04
#define WANPACKET_ACK 0x10

/* The same for both directions of a conversation. No padding: it is compared and hashed as bytes.
 */
struct wanpacket_key {
	uint8_t address[2][16]; /* host, peer; IPv4 in the first four bytes */
	uint16_t port[2];       /* network order; ICMP echo: its identifier, 0 */
	uint8_t version;        /* 4 or 6 */
	uint8_t protocol;       /* IPPROTO_TCP, IPPROTO_UDP; IPPROTO_ICMP for both versions */
};

struct wanpacket {
	struct wanpacket_key key;
	uint32_t sequence, acknowledgement; /* TCP */
	uint8_t flags;                      /* TCP */
	bool reply;                         /* ICMP: an echo reply, not a request */
	uint16_t id;    /* ICMP: sequence number; UDP: the first two bytes, which DNS calls ID */
	size_t n_bytes; /* of payload */
};

/* `reversed`: the packet goes to the host. False if it is none of the above, or cut. */
bool wanpacket_dissect(const uint8_t *packet, size_t length, bool reversed, struct wanpacket *ret);

#define WANPACKET_ADDRESS_MAX (INET6_ADDRSTRLEN + 8)
/* "10.0.0.1:80" or "[fd00::1]:80": the end `side` (0 host, 1 peer). Returns `text`. */
const char *wanpacket_address(const struct wanpacket_key *key, size_t side,
			      char text[WANPACKET_ADDRESS_MAX]);
