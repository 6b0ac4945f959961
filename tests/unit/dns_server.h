/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A DNS server on loopback, served by the loop of the probe under test. What it says to a query is
 * a callback's business, byte by byte.
 */
#include <arpa/inet.h>

#include "tests/unit/dns_builder.h"
#include "tests/unit/probe_bench.h"

#define RESPONSE 0x8180
#define TC       0x0200
#define AA       0x0400

typedef struct Server Server;
struct Server {
	int fd;
	LoopWatch *watch;
	void (*answer)(Server *server); /* NULL: silence */
	unsigned queries;
	uint32_t ttl, ttl_again;
	unsigned flags;
	/* The last query, whose id and port answers go to. */
	uint8_t query[512];
	size_t length;
	unsigned id, first_id;
	struct sockaddr_storage peer;
	socklen_t peer_length;
	DnsBuilder message;
};

static Server server;

static void on_query(void *context)
{
	Server *s = context;
	ssize_t n;

	s->peer_length = sizeof(s->peer);
	n = recvfrom(s->fd, s->query, sizeof(s->query), MSG_DONTWAIT, (struct sockaddr *)&s->peer,
		     &s->peer_length);
	if (n < 0)
		return;
	ck_assert_int_ge(n, 12);
	s->length = (size_t)n;
	s->id = (unsigned)(s->query[0] << 8 | s->query[1]);
	s->first_id = s->queries == 0 ? s->id : s->first_id;
	s->queries++;
	if (s->answer)
		s->answer(s);
}

static void server_start(int family)
{
	const Address *address = family == AF_INET ? &loopback : &loopback6;
	struct sockaddr_storage sockaddr;
	socklen_t length = address_to_sockaddr(address, 0, &sockaddr);
	Address unused;

	server.fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(server.fd, (struct sockaddr *)&sockaddr, length), 0);
	length = sizeof(sockaddr);
	ck_assert_int_eq(getsockname(server.fd, (struct sockaddr *)&sockaddr, &length), 0);
	ck_assert_int_eq(address_from_sockaddr((struct sockaddr *)&sockaddr, &unused, &spec.port),
			 0);
	ck_assert_int_eq(loop_watch_new(loop, server.fd, on_query, &server, &server.watch), 0);
}

static void server_stop(void)
{
	loop_watch_free(server.watch);
	if (server.fd > 0)
		close(server.fd);
	server.watch = NULL;
	server.fd = 0;
}

static void begin(Server *s, unsigned flags, unsigned answers)
{
	memset(&s->message, 0, sizeof(s->message));
	dns_put_header(&s->message, s->id, flags, 1, answers);
	dns_put_question(&s->message, "www.example", 1);
}

static void finish(Server *s)
{
	ck_assert_int_eq(sendto(s->fd, s->message.bytes, s->message.length, 0,
				(struct sockaddr *)&s->peer, s->peer_length),
			 (ssize_t)s->message.length);
}
