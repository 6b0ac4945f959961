/* SPDX-License-Identifier: MIT */
/*
 * Fixed layouts, read byte by byte: type, code, checksum, identifier, sequence, payload. The
 * payload is the nonce and a pattern that shows damage.
 */
#include "daemon/probe/icmp_packet.h"

#include <string.h>
#include <sys/socket.h>

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include "common/base.h"

#define ICMP_HEADER_BYTES 8
#define IPV4_HEADER_BYTES 20
#define IPV6_HEADER_BYTES 40

static uint16_t read16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void write16(uint8_t *bytes, uint16_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

/* RFC 1071. Over bytes that hold a right checksum it is 0. */
static uint16_t checksum(const uint8_t *bytes, size_t length)
{
	uint64_t sum = 0;

	for (size_t i = 0; i + 1 < length; i += 2)
		sum += read16(bytes + i);
	if (length % 2 == 1)
		sum += (uint64_t)bytes[length - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void write_payload(const IcmpEcho *echo, uint8_t *payload)
{
	memcpy(payload, echo->nonce, ICMP_NONCE_BYTES);
	for (uint8_t i = ICMP_NONCE_BYTES; i < ICMP_ECHO_BYTES - ICMP_HEADER_BYTES; i++)
		payload[i] = i;
}

void icmp_echo_encode(int family, const IcmpEcho *echo, uint8_t ret_bytes[ICMP_ECHO_BYTES])
{
	memset(ret_bytes, 0, ICMP_HEADER_BYTES);
	ret_bytes[0] = family == AF_INET6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
	write16(ret_bytes + 4, echo->id);
	write16(ret_bytes + 6, echo->sequence);
	write_payload(echo, ret_bytes + ICMP_HEADER_BYTES);
	if (family == AF_INET)
		write16(ret_bytes + 2, checksum(ret_bytes, ICMP_ECHO_BYTES));
}

/* Skips the IPv4 header; false if there is none, or no room for one. */
static bool skip_ipv4(const uint8_t **bytes, size_t *length)
{
	size_t header;

	if (*length < IPV4_HEADER_BYTES || (*bytes)[0] >> 4 != 4)
		return false;
	header = (size_t)((*bytes)[0] & 0x0f) * 4;
	if (header < IPV4_HEADER_BYTES || header > *length)
		return false;
	*bytes += header;
	*length -= header;
	return true;
}

/* Type, identifier and sequence number. */
static bool header_matches(uint8_t type, const uint8_t *bytes, size_t length, const IcmpEcho *echo)
{
	return length >= ICMP_HEADER_BYTES && bytes[0] == type && bytes[1] == 0 &&
	       read16(bytes + 4) == echo->id && read16(bytes + 6) == echo->sequence;
}

IcmpMatch icmp_reply_match(int family, bool ip_header, const uint8_t *bytes, size_t length,
			   const IcmpEcho *echo)
{
	uint8_t type = family == AF_INET6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY;
	uint8_t payload[ICMP_ECHO_BYTES - ICMP_HEADER_BYTES];

	if (ip_header && (!skip_ipv4(&bytes, &length) || checksum(bytes, length) != 0))
		return ICMP_STRANGER;
	if (!header_matches(type, bytes, length, echo))
		return ICMP_STRANGER;

	bytes += ICMP_HEADER_BYTES;
	length -= ICMP_HEADER_BYTES;
	if (length < ICMP_NONCE_BYTES || memcmp(bytes, echo->nonce, ICMP_NONCE_BYTES) != 0)
		return ICMP_STRANGER;
	write_payload(echo, payload);
	return length == sizeof(payload) && memcmp(bytes, payload, sizeof(payload)) == 0
		       ? ICMP_REPLY
		       : ICMP_DAMAGED;
}

bool icmp_quote_match(int family, const uint8_t *bytes, size_t length, const IcmpEcho *echo)
{
	uint8_t type = family == AF_INET6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO;

	if (family == AF_INET6 && length >= IPV6_HEADER_BYTES && bytes[0] >> 4 == 6 &&
	    bytes[6] == IPPROTO_ICMPV6) {
		bytes += IPV6_HEADER_BYTES;
		length -= IPV6_HEADER_BYTES;
	}
	return header_matches(type, bytes, length, echo);
}

/* RFC 792, RFC 1122 (3.2.2.1), RFC 1812 (5.2.7.1). */
static const char *const ipv4_unreachable[] = {
	"ICMP: network unreachable",
	"ICMP: host unreachable",
	"ICMP: protocol unreachable",
	"ICMP: port unreachable",
	"ICMP: fragmentation needed",
	"ICMP: source route failed",
	"ICMP: destination network unknown",
	"ICMP: destination host unknown",
	"ICMP: source host isolated",
	"ICMP: destination network administratively prohibited",
	"ICMP: destination host administratively prohibited",
	"ICMP: network unreachable for this type of service",
	"ICMP: host unreachable for this type of service",
	"ICMP: communication administratively prohibited",
	"ICMP: host precedence violation",
	"ICMP: precedence cutoff in effect",
};

/* RFC 4443, 3.1. */
static const char *const ipv6_unreachable[] = {
	"ICMPv6: no route to destination",
	"ICMPv6: communication administratively prohibited",
	"ICMPv6: beyond scope of source address",
	"ICMPv6: address unreachable",
	"ICMPv6: port unreachable",
	"ICMPv6: source address failed ingress or egress policy",
	"ICMPv6: reject route to destination",
};

static const char *ipv4_reason(uint8_t type, uint8_t code)
{
	switch (type) {
	case ICMP_DEST_UNREACH:
		return code < ARRAY_SIZE(ipv4_unreachable) ? ipv4_unreachable[code]
							   : "ICMP: destination unreachable";
	case ICMP_TIME_EXCEEDED:
		return code == ICMP_EXC_TTL ? "ICMP: time to live exceeded in transit"
					    : "ICMP: fragment reassembly time exceeded";
	case ICMP_PARAMETERPROB:
		return "ICMP: parameter problem";
	default:
		return "ICMP: an error of unknown type";
	}
}

static const char *ipv6_reason(uint8_t type, uint8_t code)
{
	switch (type) {
	case ICMP6_DST_UNREACH:
		return code < ARRAY_SIZE(ipv6_unreachable) ? ipv6_unreachable[code]
							   : "ICMPv6: destination unreachable";
	case ICMP6_PACKET_TOO_BIG:
		return "ICMPv6: packet too big";
	case ICMP6_TIME_EXCEEDED:
		return code == ICMP6_TIME_EXCEED_TRANSIT
			       ? "ICMPv6: hop limit exceeded in transit"
			       : "ICMPv6: fragment reassembly time exceeded";
	case ICMP6_PARAM_PROB:
		return "ICMPv6: parameter problem";
	default:
		return "ICMPv6: an error of unknown type";
	}
}

const char *icmp_reason(int family, uint8_t type, uint8_t code)
{
	return family == AF_INET6 ? ipv6_reason(type, code) : ipv4_reason(type, code);
}
