/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * IP addresses as values. An IPv4-mapped IPv6 address (::ffff:a.b.c.d) is the IPv4 address, since
 * that is the path it takes; a dual-stack socket must not make two paths of one.
 */
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

typedef struct Address {
	uint8_t family;    /* AF_INET, AF_INET6, or 0: unset */
	uint8_t bytes[16]; /* network order; 4 used for AF_INET, the rest zero */
} Address;

#define ADDRESS_TEXT_MAX 46 /* INET6_ADDRSTRLEN */

/* `bytes` are 4 or 16 in network order; any other family gives an unset address. */
Address address_from_bytes(int family, const void *bytes);
/* -EINVAL if not a numeric address. Accepts [::1] too. */
int address_parse(const char *text, Address *ret_address);
/* `buffer` of ADDRESS_TEXT_MAX; returns buffer. "-" when unset. */
const char *address_format(const Address *address, char *buffer);
bool address_equal(const Address *a, const Address *b);
uint64_t address_hash(const Address *address);
/* 127.0.0.0/8 and ::1 */
bool address_is_loopback(const Address *address);
/* The socket address; returns its length, 0 when the address is unset. */
socklen_t address_to_sockaddr(const Address *address, uint16_t port, struct sockaddr_storage *ret);
/* -EAFNOSUPPORT for other families. ret_port may be NULL. */
int address_from_sockaddr(const struct sockaddr *sa, Address *ret_address, uint16_t *ret_port);
