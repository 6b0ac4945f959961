/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A DNS server for tests: one UDP socket on loopback, served by the loop under test. It answers
 * every name alike, as told; and it writes the resolv.conf that leads to it.
 */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/run/loop.h"

#define FAKE_DNS_ADDRESSES 64
#define FAKE_DNS_RCODE(n)  (n)
#define FAKE_DNS_NXDOMAIN  3
#define FAKE_DNS_SERVFAIL  2
#define FAKE_DNS_TRUNCATED 0x200 /* the TC bit */

typedef struct FakeDns {
	int fd;
	uint16_t port;
	LoopWatch *watch;
	/* What to say. */
	bool silent, spoof_id, garbage;
	unsigned flags; /* response code and TC */
	uint32_t ttl;
	const char *ipv4[FAKE_DNS_ADDRESSES], *ipv6[FAKE_DNS_ADDRESSES]; /* up to the first NULL */
	/* What was asked. */
	unsigned asked_ipv4, asked_ipv6;
	char last_name[256];
} FakeDns;

static inline size_t fake_dns_put_name(uint8_t *out, const uint8_t *question, char *ret_name)
{
	size_t n = 0;

	(void)out;
	while (question[n] != 0) {
		memcpy(ret_name + n, question + n + 1, question[n]);
		ret_name[n + question[n]] = '.';
		n += (size_t)question[n] + 1;
	}
	ret_name[n > 0 ? n - 1 : 0] = '\0';
	return n + 1;
}

static inline size_t fake_dns_put_record(uint8_t *out, uint16_t type, uint32_t ttl,
					 const char *address)
{
	uint16_t length = type == 1 ? 4 : 16;
	uint8_t head[12] = {0xc0,
			    0x0c,
			    0,
			    (uint8_t)type,
			    0,
			    1,
			    (uint8_t)(ttl >> 24),
			    (uint8_t)(ttl >> 16),
			    (uint8_t)(ttl >> 8),
			    (uint8_t)ttl,
			    0,
			    (uint8_t)length};

	memcpy(out, head, sizeof(head));
	ck_assert_int_eq(inet_pton(type == 1 ? AF_INET : AF_INET6, address, out + sizeof(head)), 1);
	return sizeof(head) + length;
}

static inline size_t fake_dns_answer(FakeDns *dns, const uint8_t *query, uint8_t *answer)
{
	size_t length = 12 + fake_dns_put_name(NULL, query + 12, dns->last_name) + 4;
	bool ipv6 = query[length - 3] == 28;
	const char *const *addresses = ipv6 ? dns->ipv6 : dns->ipv4;
	unsigned flags = 0x8180 | dns->flags, n = 0;

	(*(ipv6 ? &dns->asked_ipv6 : &dns->asked_ipv4))++;
	memcpy(answer, query, length);
	if (dns->spoof_id)
		answer[0] ^= 0x55;
	answer[2] = (uint8_t)(flags >> 8);
	answer[3] = (uint8_t)flags;
	memset(answer + 6, 0, 6);
	for (n = 0; n < FAKE_DNS_ADDRESSES && addresses[n] && dns->flags == 0; n++)
		length +=
			fake_dns_put_record(answer + length, ipv6 ? 28 : 1, dns->ttl, addresses[n]);
	answer[7] = (uint8_t)n;
	return dns->garbage ? 17 : length;
}

static inline void fake_dns_on_query(void *context)
{
	FakeDns *dns = context;
	uint8_t query[512], answer[4096];
	struct sockaddr_in peer;
	socklen_t peer_length = sizeof(peer);
	ssize_t n =
		recvfrom(dns->fd, query, sizeof(query), 0, (struct sockaddr *)&peer, &peer_length);
	size_t length;

	ck_assert_int_gt(n, 16);
	length = fake_dns_answer(dns, query, answer);
	if (!dns->silent)
		(void)sendto(dns->fd, answer, length, 0, (struct sockaddr *)&peer, peer_length);
}

static inline void fake_dns_start(FakeDns *dns, Loop *loop)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(sin);

	*dns = (FakeDns){.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
	ck_assert_int_eq(bind(dns->fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	ck_assert_int_eq(getsockname(dns->fd, (struct sockaddr *)&sin, &length), 0);
	dns->port = ntohs(sin.sin_port);
	ck_assert_int_eq(loop_watch_new(loop, dns->fd, fake_dns_on_query, dns, &dns->watch), 0);
}

static inline void fake_dns_stop(FakeDns *dns)
{
	loop_watch_free(dns->watch);
	close(dns->fd);
	dns->watch = NULL;
}

static inline void fake_file_write(const char *path, const char *content)
{
	char temporary[128];
	FILE *file;

	/* By rename, as resolv.conf is replaced in the field: the inode changes. */
	(void)snprintf(temporary, sizeof(temporary), "%s.new", path);
	file = fopen(temporary, "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(content, file), 0);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(rename(temporary, path), 0);
}

/* Tries last 0.1 s each, so that a test of silence is short. */
static inline void fake_dns_write_resolv_conf(const FakeDns *dns, const char *path,
					      const char *more)
{
	char content[256];

	(void)snprintf(content, sizeof(content),
		       "nameserver 127.0.0.1:%u\noptions timeout:0.1 attempts:1\n%s", dns->port,
		       more);
	fake_file_write(path, content);
}
