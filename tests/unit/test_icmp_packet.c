/* SPDX-License-Identifier: MIT */
/*
 * Echo requests and replies as bytes: only our own reply, whole, is taken.
 */
#include "daemon/probe/icmp_packet.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/unit/harness.h"

#define IP_BYTES 24 /* with one word of options */

static const IcmpEcho echo = {
	.id = 0x1234,
	.sequence = 0xabcd,
	.nonce = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa},
};
static uint8_t request[ICMP_ECHO_BYTES];
static uint8_t packet[IP_BYTES + ICMP_ECHO_BYTES + 8];

/* By the definition, word by word. */
static uint16_t sum_of(const uint8_t *bytes, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < length; i++)
		sum += (uint32_t)bytes[i] << (i % 2 == 0 ? 8 : 0);
	return (uint16_t)(sum % 0xffff);
}

/* The IPv4 reply with its IP header, its checksum made right again after `at` was changed. */
static void make_raw_reply(void)
{
	memset(packet, 0, sizeof(packet));
	packet[0] = 0x46;
	icmp_echo_encode(AF_INET, &echo, packet + IP_BYTES);
	packet[IP_BYTES] = 0;                                       /* type 8 to 0 */
	packet[IP_BYTES + 2] = (uint8_t)(packet[IP_BYTES + 2] + 8); /* RFC 1624 */
	if (packet[IP_BYTES + 2] < 8)
		packet[IP_BYTES + 3]++;
}

static void make_reply(int family)
{
	icmp_echo_encode(family, &echo, packet);
	packet[0] = family == AF_INET ? 0 : 129;
}

static IcmpMatch match(int family, size_t length)
{
	return icmp_reply_match(family, false, packet, length, &echo);
}

START_TEST(test_request_ipv4)
{
	icmp_echo_encode(AF_INET, &echo, request);
	ck_assert_uint_eq(request[0], 8);
	ck_assert_uint_eq(request[1], 0);
	ck_assert_mem_eq(request + 4, "\x12\x34\xab\xcd", 4);
	ck_assert_mem_eq(request + 8, echo.nonce, sizeof(echo.nonce));
	ck_assert_uint_eq(sum_of(request, sizeof(request)), 0);
	ck_assert_uint_ne(request[2] | request[3], 0);
}
END_TEST

START_TEST(test_request_ipv6)
{
	icmp_echo_encode(AF_INET6, &echo, request);
	ck_assert_uint_eq(request[0], 128);
	ck_assert_mem_eq(request + 2, "\0\0\x12\x34\xab\xcd", 6); /* the kernel sums */
}
END_TEST

START_TEST(test_reply_of_a_ping_socket)
{
	make_reply(AF_INET);
	ck_assert_int_eq(match(AF_INET, ICMP_ECHO_BYTES), ICMP_REPLY);
	make_reply(AF_INET6);
	ck_assert_int_eq(match(AF_INET6, ICMP_ECHO_BYTES), ICMP_REPLY);
	ck_assert_int_eq(match(AF_INET, ICMP_ECHO_BYTES), ICMP_STRANGER);
}
END_TEST

START_TEST(test_request_is_no_reply)
{
	icmp_echo_encode(AF_INET, &echo, packet);
	ck_assert_int_eq(match(AF_INET, ICMP_ECHO_BYTES), ICMP_STRANGER);
	icmp_echo_encode(AF_INET6, &echo, packet);
	ck_assert_int_eq(match(AF_INET6, ICMP_ECHO_BYTES), ICMP_STRANGER);
}
END_TEST

/* Each byte of type, code, identifier, sequence and nonce. */
START_TEST(test_any_other_byte_makes_it_a_strangers)
{
	for (size_t i = 0; i < 8 + ICMP_NONCE_BYTES; i++) {
		make_reply(AF_INET);
		packet[i] ^= 1;
		ck_assert_int_eq(match(AF_INET, ICMP_ECHO_BYTES),
				 i == 2 || i == 3 ? ICMP_REPLY : ICMP_STRANGER);
	}
}
END_TEST

START_TEST(test_another_payload_is_damage)
{
	for (size_t i = 8 + ICMP_NONCE_BYTES; i < ICMP_ECHO_BYTES; i++) {
		make_reply(AF_INET);
		packet[i] ^= 1;
		ck_assert_int_eq(match(AF_INET, ICMP_ECHO_BYTES), ICMP_DAMAGED);
	}
	make_reply(AF_INET);
	ck_assert_int_eq(match(AF_INET, ICMP_ECHO_BYTES + 1), ICMP_DAMAGED);
	for (size_t n = 0; n < ICMP_ECHO_BYTES; n++)
		ck_assert_int_eq(match(AF_INET, n),
				 n < 8 + ICMP_NONCE_BYTES ? ICMP_STRANGER : ICMP_DAMAGED);
}
END_TEST

static IcmpMatch match_raw(size_t length)
{
	return icmp_reply_match(AF_INET, true, packet, length, &echo);
}

START_TEST(test_reply_of_a_raw_socket)
{
	make_raw_reply();
	ck_assert_int_eq(match_raw(IP_BYTES + ICMP_ECHO_BYTES), ICMP_REPLY);
	for (size_t n = 0; n < IP_BYTES + ICMP_ECHO_BYTES; n++)
		ck_assert_int_ne(match_raw(n), ICMP_REPLY);
}
END_TEST

/* The kernel gives raw sockets what it would not take itself. */
START_TEST(test_checksum_of_a_raw_reply_is_verified)
{
	for (size_t i = IP_BYTES; i < IP_BYTES + ICMP_ECHO_BYTES; i++) {
		make_raw_reply();
		packet[i] ^= 0x10;
		ck_assert_int_eq(match_raw(IP_BYTES + ICMP_ECHO_BYTES), ICMP_STRANGER);
	}
}
END_TEST

START_TEST(test_lying_ip_header)
{
	static const uint8_t firsts[] = {0x00, 0x44, 0x36, 0x66, 0x4f, 0x45};

	for (size_t i = 0; i < sizeof(firsts); i++) {
		make_raw_reply();
		packet[0] = firsts[i];
		ck_assert_int_eq(match_raw(IP_BYTES + ICMP_ECHO_BYTES), ICMP_STRANGER);
	}
}
END_TEST

START_TEST(test_quote)
{
	icmp_echo_encode(AF_INET, &echo, packet);
	ck_assert(icmp_quote_match(AF_INET, packet, 8, &echo)); /* RFC 792: 8 bytes at least */
	ck_assert(icmp_quote_match(AF_INET, packet, ICMP_ECHO_BYTES, &echo));
	ck_assert(!icmp_quote_match(AF_INET, packet, 7, &echo));
	ck_assert(!icmp_quote_match(AF_INET6, packet, 8, &echo));
	packet[7] ^= 1;
	ck_assert(!icmp_quote_match(AF_INET, packet, 8, &echo));
	make_reply(AF_INET); /* an error about somebody's reply */
	ck_assert(!icmp_quote_match(AF_INET, packet, 8, &echo));
}
END_TEST

START_TEST(test_quote_with_ipv6_header)
{
	memset(packet, 0, sizeof(packet));
	packet[0] = 0x60;
	packet[6] = IPPROTO_ICMPV6;
	icmp_echo_encode(AF_INET6, &echo, request);
	memcpy(packet + 40, request, 8);
	ck_assert(icmp_quote_match(AF_INET6, packet, 48, &echo));
	ck_assert(!icmp_quote_match(AF_INET6, packet, 47, &echo));
	packet[6] = IPPROTO_UDP;
	ck_assert(!icmp_quote_match(AF_INET6, packet, 48, &echo));
	ck_assert(icmp_quote_match(AF_INET6, request, 8, &echo));
}
END_TEST

START_TEST(test_reasons)
{
	ck_assert_str_eq(icmp_reason(AF_INET, 3, 0), "ICMP: network unreachable");
	ck_assert_str_eq(icmp_reason(AF_INET, 3, 13),
			 "ICMP: communication administratively prohibited");
	ck_assert_str_eq(icmp_reason(AF_INET, 3, 15), "ICMP: precedence cutoff in effect");
	ck_assert_str_eq(icmp_reason(AF_INET, 11, 0), "ICMP: time to live exceeded in transit");
	ck_assert_str_eq(icmp_reason(AF_INET6, 1, 0), "ICMPv6: no route to destination");
	ck_assert_str_eq(icmp_reason(AF_INET6, 1, 6), "ICMPv6: reject route to destination");
	ck_assert_str_eq(icmp_reason(AF_INET6, 3, 0), "ICMPv6: hop limit exceeded in transit");
	/* A code that no RFC knows yet. */
	for (unsigned i = 0; i < 65536; i++) {
		ck_assert_ptr_nonnull(icmp_reason(AF_INET, (uint8_t)(i >> 8), (uint8_t)i));
		ck_assert_ptr_nonnull(icmp_reason(AF_INET6, (uint8_t)(i >> 8), (uint8_t)i));
	}
}
END_TEST

HARNESS_MAIN("icmp_packet", HARNESS_CASE(suite, "request", test_request_ipv4, test_request_ipv6);
	     HARNESS_CASE(suite, "reply", test_reply_of_a_ping_socket, test_request_is_no_reply,
			  test_any_other_byte_makes_it_a_strangers, test_another_payload_is_damage,
			  test_reply_of_a_raw_socket, test_checksum_of_a_raw_reply_is_verified,
			  test_lying_ip_header);
	     HARNESS_CASE(suite, "errors", test_quote, test_quote_with_ipv6_header, test_reasons);)
