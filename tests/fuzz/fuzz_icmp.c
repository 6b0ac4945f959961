/* SPDX-License-Identifier: MIT */
/*
 * What a raw or ping socket receives, and what an ICMP error quotes. The first byte chooses family
 * and socket; with its highest bit the packet is made a reply to the echo that is looked for, and
 * the rest of the input is changes to it: else no mutation would ever guess the nonce.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <sys/socket.h>

#include "daemon/probe/icmp_packet.h"

#define IP_BYTES 20

static const IcmpEcho echo = {
	.id = 0x1234,
	.sequence = 1,
	.nonce = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
};

static void check(int family, bool ip_header, const uint8_t *data, size_t size)
{
	IcmpMatch match = icmp_reply_match(family, ip_header, data, size, &echo);
	size_t header = ip_header ? (size_t)(size > 0 ? data[0] & 15 : 0) * 4 : 0;

	FUZZ_CHECK(match == ICMP_STRANGER || match == ICMP_DAMAGED || match == ICMP_REPLY);
	if (match == ICMP_STRANGER)
		return;
	FUZZ_CHECK(size >= header + 8 + ICMP_NONCE_BYTES);
	FUZZ_CHECK(memcmp(data + header + 4, "\x12\x34\0\1", 4) == 0);
	FUZZ_CHECK(memcmp(data + header + 8, echo.nonce, ICMP_NONCE_BYTES) == 0);
	if (match == ICMP_REPLY)
		FUZZ_CHECK(size == header + ICMP_ECHO_BYTES);
}

/* Pairs of place and change. */
static void check_changed(int family, bool ip_header, const uint8_t *data, size_t size)
{
	uint8_t packet[IP_BYTES + ICMP_ECHO_BYTES] = {0x45};
	size_t header = ip_header ? IP_BYTES : 0;

	icmp_echo_encode(family, &echo, packet + header);
	packet[header] = family == AF_INET ? 0 : 129;
	for (size_t i = 0; i + 1 < size; i += 2)
		packet[data[i] % (header + ICMP_ECHO_BYTES)] ^= data[i + 1];
	check(family, ip_header, packet, header + ICMP_ECHO_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int family;
	bool ip_header;

	if (size == 0)
		return 0;
	family = data[0] & 1 ? AF_INET6 : AF_INET;
	ip_header = (data[0] & 2) && family == AF_INET;
	if (data[0] & 0x80)
		check_changed(family, ip_header, data + 1, size - 1);
	else
		check(family, ip_header, data + 1, size - 1);
	if (icmp_quote_match(family, data + 1, size - 1, &echo))
		FUZZ_CHECK(size - 1 >= 8);
	FUZZ_CHECK(icmp_reason(family, data[0], size > 1 ? data[1] : 0) != NULL);
	return 0;
}
