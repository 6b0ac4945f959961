/* SPDX-License-Identifier: MIT */
#include "tests/net/wanpacket.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define ICMP_ECHO_REPLY    0
#define ICMP_ECHO_REQUEST  8
#define ICMP6_REQUEST_TYPE 128
#define ICMP6_REPLY_TYPE   129

static uint32_t load32(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return ntohl(value);
}

static uint16_t load16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static bool take_tcp(const uint8_t *segment, size_t length, size_t from, struct wanpacket *packet)
{
	size_t header;

	if (length < 20)
		return false;
	header = (size_t)(segment[12] >> 4) * 4;
	if (header < 20 || header > length)
		return false;
	memcpy(&packet->key.port[from], segment, 2);
	memcpy(&packet->key.port[1 - from], segment + 2, 2);
	packet->sequence = load32(segment + 4);
	packet->acknowledgement = load32(segment + 8);
	packet->flags = segment[13];
	packet->n_bytes = length - header;
	return true;
}

static bool take_udp(const uint8_t *datagram, size_t length, size_t from, struct wanpacket *packet)
{
	if (length < 10)
		return false;
	memcpy(&packet->key.port[from], datagram, 2);
	memcpy(&packet->key.port[1 - from], datagram + 2, 2);
	packet->id = load16(datagram + 8);
	packet->n_bytes = length - 8;
	return true;
}

static bool take_echo(const uint8_t *message, size_t length, struct wanpacket *packet)
{
	bool v4 = packet->key.version == 4;

	if (length < 8)
		return false;
	packet->reply = message[0] == (v4 ? ICMP_ECHO_REPLY : ICMP6_REPLY_TYPE);
	if (!packet->reply && message[0] != (v4 ? ICMP_ECHO_REQUEST : ICMP6_REQUEST_TYPE))
		return false;
	memcpy(&packet->key.port[0], message + 4, 2);
	packet->id = load16(message + 6);
	packet->n_bytes = length - 8;
	return true;
}

bool wanpacket_dissect(const uint8_t *bytes, size_t length, bool reversed, struct wanpacket *ret)
{
	struct wanpacket packet = {0};
	struct wanpacket_key *key = &packet.key;
	size_t header, at, size, from = reversed ? 1 : 0;
	bool good;

	if (length < 20)
		return false;
	key->version = bytes[0] >> 4;
	header = key->version == 4 ? (size_t)(bytes[0] & 15) * 4 : 40;
	at = key->version == 4 ? 12 : 8;
	size = key->version == 4 ? 4 : 16;
	if ((key->version != 4 && key->version != 6) || length < header || header < at + 2 * size)
		return false;
	key->protocol = bytes[key->version == 4 ? 9 : 6];
	memcpy(key->address[from], bytes + at, size);
	memcpy(key->address[1 - from], bytes + at + size, size);

	bytes += header;
	length -= header;
	if (key->protocol == IPPROTO_ICMPV6)
		key->protocol = IPPROTO_ICMP;
	if (key->protocol == IPPROTO_TCP)
		good = take_tcp(bytes, length, from, &packet);
	else if (key->protocol == IPPROTO_UDP)
		good = take_udp(bytes, length, from, &packet);
	else
		good = key->protocol == IPPROTO_ICMP && take_echo(bytes, length, &packet);
	if (good)
		*ret = packet;
	return good;
}

const char *wanpacket_address(const struct wanpacket_key *key, size_t side,
			      char text[WANPACKET_ADDRESS_MAX])
{
	char address[INET6_ADDRSTRLEN];
	bool v4 = key->version == 4;

	(void)inet_ntop(v4 ? AF_INET : AF_INET6, key->address[side], address, sizeof(address));
	(void)snprintf(text, WANPACKET_ADDRESS_MAX, v4 ? "%s:%u" : "[%s]:%u", address,
		       ntohs(key->port[side]));
	return text;
}
