/* SPDX-License-Identifier: MIT */
/*
 * Addresses as plain values, comparable and hashable whatever they came from.
 *
 * Every way in goes through address_from_bytes(), which folds the IPv4-mapped form and zeroes the
 * unused bytes: two equal addresses are equal bytes. Scope ids are dropped: link-local peers are
 * no paths worth tuning, and fe80::1 on two links would differ only in what nobody reports.
 */
#include "common/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "common/map.h"

_Static_assert(sizeof(Address) == 17, "hashed as bytes: no padding");

Address address_from_bytes(int family, const void *bytes)
{
	static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};
	Address address = {0};

	if (family == AF_INET6 && memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) == 0) {
		family = AF_INET;
		bytes = (const uint8_t *)bytes + sizeof(mapped_prefix);
	}
	if (family == AF_INET || family == AF_INET6) {
		address.family = (uint8_t)family;
		memcpy(address.bytes, bytes, family == AF_INET ? 4 : 16);
	}
	return address;
}

static int parse_ipv6(const char *text, Address *ret_address)
{
	struct in6_addr in6;

	if (inet_pton(AF_INET6, text, &in6) != 1)
		return -EINVAL;
	*ret_address = address_from_bytes(AF_INET6, &in6);
	return 0;
}

static int parse_bracketed(const char *text, Address *ret_address)
{
	char inner[ADDRESS_TEXT_MAX];
	size_t length = strnlen(text, sizeof(inner) + 2);

	if (length < 2 || length - 2 >= sizeof(inner) || text[length - 1] != ']')
		return -EINVAL;
	memcpy(inner, text + 1, length - 2);
	inner[length - 2] = '\0';
	return parse_ipv6(inner, ret_address);
}

int address_parse(const char *text, Address *ret_address)
{
	struct in_addr in;

	if (text[0] == '[')
		return parse_bracketed(text, ret_address);
	if (inet_pton(AF_INET, text, &in) == 1) {
		*ret_address = address_from_bytes(AF_INET, &in);
		return 0;
	}
	return parse_ipv6(text, ret_address);
}

const char *address_format(const Address *address, char *buffer)
{
	if (!inet_ntop(address->family, address->bytes, buffer, ADDRESS_TEXT_MAX))
		memcpy(buffer, "-", sizeof("-"));
	return buffer;
}

bool address_equal(const Address *a, const Address *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

uint64_t address_hash(const Address *address)
{
	return map_hash_bytes(address, sizeof(*address));
}

bool address_is_loopback(const Address *address)
{
	static const uint8_t loopback6[16] = {[15] = 1};

	if (address->family == AF_INET)
		return address->bytes[0] == 127;
	return address->family == AF_INET6 &&
	       memcmp(address->bytes, loopback6, sizeof(loopback6)) == 0;
}

socklen_t address_to_sockaddr(const Address *address, uint16_t port, struct sockaddr_storage *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (address->family == AF_INET) {
		struct sockaddr_in *sin = (struct sockaddr_in *)ret;
		sin->sin_family = AF_INET;
		sin->sin_port = htons(port);
		memcpy(&sin->sin_addr, address->bytes, sizeof(sin->sin_addr));
		return sizeof(*sin);
	}
	if (address->family == AF_INET6) {
		struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ret;
		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = htons(port);
		memcpy(&sin6->sin6_addr, address->bytes, sizeof(sin6->sin6_addr));
		return sizeof(*sin6);
	}
	return 0;
}

int address_from_sockaddr(const struct sockaddr *sa, Address *ret_address, uint16_t *ret_port)
{
	const void *bytes;
	in_port_t port;

	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *sin = (const struct sockaddr_in *)sa;
		bytes = &sin->sin_addr;
		port = sin->sin_port;
	} else if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)sa;
		bytes = &sin6->sin6_addr;
		port = sin6->sin6_port;
	} else {
		return -EAFNOSUPPORT;
	}

	*ret_address = address_from_bytes(sa->sa_family, bytes);
	if (ret_port)
		*ret_port = ntohs(port);
	return 0;
}
