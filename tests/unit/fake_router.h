/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The other end of a link, made by hand: a TUN device in a network namespace of the test's own,
 * whose packets a callback answers as it likes: whole, damaged, late, twice, with an ICMP error, or
 * not at all. Addresses 192.0.2.1/24 and 2001:db8::1/64 are this host's, all others there its own.
 */
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/run/loop.h"
#include "tests/unit/harness.h"

#define FAKE_ROUTER_MTU 1500

typedef struct FakeRouter FakeRouter;
struct FakeRouter {
	int fd;
	LoopWatch *watch;
	void (*answer)(FakeRouter *router); /* NULL: a black hole */
	unsigned requests;
	/* The last echo request. */
	uint8_t packet[FAKE_ROUTER_MTU];
	size_t length;
};

typedef struct FakeRouterIn6 { /* in6_ifreq, whose header does not go with netinet/in.h */
	struct in6_addr address;
	uint32_t prefix;
	int index;
} FakeRouterIn6;

static inline uint32_t fake_router_add(const uint8_t *bytes, size_t length, uint32_t sum)
{
	for (size_t i = 0; i < length; i++)
		sum += (uint32_t)bytes[i] << (i % 2 == 0 ? 8 : 0);
	return sum;
}

static inline void fake_router_put_sum(uint8_t *at, uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	at[0] = (uint8_t)(~sum >> 8);
	at[1] = (uint8_t)~sum;
}

static inline bool fake_router_is_ipv6(const uint8_t *packet)
{
	return packet[0] >> 4 == 6;
}

/* Makes the checksums of an ICMP or ICMPv6 packet right, and its length. */
static inline void fake_router_finish(uint8_t *packet, size_t length)
{
	bool ipv6 = fake_router_is_ipv6(packet);
	size_t header = ipv6 ? 40 : 20;
	uint32_t sum = 0;

	packet[ipv6 ? 4 : 2] = (uint8_t)((length - (ipv6 ? 40 : 0)) >> 8);
	packet[ipv6 ? 5 : 3] = (uint8_t)(length - (ipv6 ? 40 : 0));
	packet[header + 2] = packet[header + 3] = 0;
	if (ipv6) {
		sum = fake_router_add(packet + 8, 32, (uint32_t)(length - header) + 58);
	} else {
		packet[10] = packet[11] = 0;
		fake_router_put_sum(packet + 10, fake_router_add(packet, header, 0));
	}
	fake_router_put_sum(packet + header + 2,
			    fake_router_add(packet + header, length - header, sum));
}

static inline void fake_router_swap(uint8_t *packet)
{
	size_t size = fake_router_is_ipv6(packet) ? 16 : 4;
	uint8_t *from = packet + (fake_router_is_ipv6(packet) ? 8 : 12), other[16];

	memcpy(other, from, size);
	memcpy(from, from + size, size);
	memcpy(from + size, other, size);
}

static inline void fake_router_send(FakeRouter *router, const uint8_t *packet, size_t length)
{
	ck_assert_int_eq(write(router->fd, packet, length), (ssize_t)length);
}

/* The reply to the last request, with TTL 33, to be changed and finished again if so wanted. */
static inline size_t fake_router_reply(const FakeRouter *router, uint8_t *packet)
{
	bool ipv6 = fake_router_is_ipv6(router->packet);

	memcpy(packet, router->packet, router->length);
	fake_router_swap(packet);
	packet[ipv6 ? 40 : 20] = ipv6 ? 129 : 0;
	packet[ipv6 ? 7 : 8] = 33;
	fake_router_finish(packet, router->length);
	return router->length;
}

/* An ICMP error about `quoted`, a packet without IP options, of which `more` bytes are quoted after
 * its IP header: 8 at least, by RFC 792. */
static inline void fake_router_send_error(FakeRouter *router, const uint8_t *quoted, size_t more,
					  uint8_t type, uint8_t code)
{
	size_t header = fake_router_is_ipv6(quoted) ? 40 : 20;
	size_t length = header + 8 + header + more;
	uint8_t packet[256];

	ck_assert_uint_le(length, sizeof(packet));
	memset(packet, 0, sizeof(packet));
	memcpy(packet, quoted, header);
	packet[header == 40 ? 7 : 8] = 64;
	packet[header == 40 ? 6 : 9] = header == 40 ? 58 : 1;
	fake_router_swap(packet);
	packet[header] = type;
	packet[header + 1] = code;
	memcpy(packet + header + 8, quoted, header + more);
	fake_router_finish(packet, length);
	fake_router_send(router, packet, length);
}

static inline bool fake_router_is_request(const uint8_t *packet, ssize_t n)
{
	if (n < 48)
		return false;
	return fake_router_is_ipv6(packet) ? packet[6] == 58 && packet[40] == 128
					   : packet[9] == 1 && packet[20] == 8;
}

/* Reads what waits, and answers it. */
static inline void fake_router_run(void *context)
{
	FakeRouter *router = context;
	uint8_t packet[FAKE_ROUTER_MTU];
	ssize_t n;

	while ((n = read(router->fd, packet, sizeof(packet))) > 0) {
		if (!fake_router_is_request(packet, n))
			continue; /* neighbours and groups of IPv6 */
		memcpy(router->packet, packet, (size_t)n);
		router->length = (size_t)n;
		router->requests++;
		if (router->answer)
			router->answer(router);
	}
}

/* The kernel makes a new IPv6 address its own a moment later: only then may anything be sent there.
 * Lines: address, index, prefix, scope, flags (40 and 04: tentative, optimistic), name. */
static inline bool fake_router_is_settled(const char *name)
{
	char line[256], device[64];
	unsigned flags, tentative = 0, n = 0;
	FILE *file = fopen("/proc/net/if_inet6", "re");

	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s %*s %*s %*s %x %63s", &flags, device) == 2 &&
		    strcmp(device, name) == 0) {
			tentative += (flags & 0x44) != 0;
			n++;
		}
	}
	fclose(file);
	return n > 0 && tentative == 0;
}

static inline void fake_router_configure(const char *name)
{
	struct ifreq request = {0};
	struct sockaddr_in *sin = (struct sockaddr_in *)&request.ifr_addr;
	FakeRouterIn6 in6 = {.prefix = 64, .index = (int)if_nametoindex(name)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int fd6 = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	sin->sin_family = AF_INET;
	sin->sin_addr.s_addr = htonl(0xc0000201);
	ck_assert_int_eq(ioctl(fd, SIOCSIFADDR, &request), 0);
	sin->sin_addr.s_addr = htonl(0xffffff00);
	ck_assert_int_eq(ioctl(fd, SIOCSIFNETMASK, &request), 0);
	/* NOARP stays: without it, the kernel looks for a second for others with our address. */
	ck_assert_int_eq(ioctl(fd, SIOCGIFFLAGS, &request), 0);
	request.ifr_flags |= IFF_UP;
	ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	ck_assert_int_eq(inet_pton(AF_INET6, "2001:db8::1", &in6.address), 1);
	ck_assert_int_eq(ioctl(fd6, SIOCSIFADDR, &in6), 0);
	while (!fake_router_is_settled(name))
		(void)sched_yield();
	close(fd);
	close(fd6);
}

/* In the namespace the test has entered. False: there is no TUN here. */
static inline bool fake_router_start(FakeRouter *router, Loop *served_by)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};

	*router = (FakeRouter){.fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)};
	if (router->fd < 0 || ioctl(router->fd, TUNSETIFF, &request) < 0)
		return false;
	fake_router_configure(request.ifr_name);
	ck_assert_int_eq(
		loop_watch_new(served_by, router->fd, fake_router_run, router, &router->watch), 0);
	return true;
}

static inline void fake_router_stop(FakeRouter *router)
{
	loop_watch_free(router->watch);
	if (router->fd > 0)
		close(router->fd);
}
