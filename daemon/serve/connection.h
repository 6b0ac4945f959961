/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One client: bytes in, calls handed to the owner in order, replies out in the same order. Reading
 * stops while replies wait to be taken, so a client that does not read cannot make us buffer more
 * than CONNECTION_OUTPUT_PAUSE and one reply. Malformed input ends the connection without a word,
 * as systemd does.
 */
#include "common/clock.h"
#include "common/wire.h"
#include "daemon/serve/methods.h"

struct event_base;

/* No further call is handled while this much is unsent. */
#define CONNECTION_OUTPUT_PAUSE ((size_t)64 * 1024)

/* A message begun must be complete, and a reply begun be read on, within this time (that of
 * systemd's varlink server). */
#define CONNECTION_TIMEOUT_NS (45 * NSEC_PER_SEC)

typedef struct Connection Connection;

typedef struct ConnectionOps {
	/* The reply to a call; NULL: end the connection. After connection_follow() it is the first
	 * of many. */
	Json *(*call)(Connection *connection, const WireCall *call, void *context);
	/* It is over; the owner frees it, here or later. */
	void (*ended)(Connection *connection, void *context);
	void *context;
} ConnectionOps;

/* Takes the non-blocking fd, also when it fails. */
int connection_new(struct event_base *base, const Clock *clock, int fd, const MethodCaller *caller,
		   const ConnectionOps *ops, Connection **ret_connection);
void connection_free(Connection *connection); /* closes; calls nobody */

const MethodCaller *connection_caller(const Connection *connection);
/* No further call is handled: from now on the owner sends what there is to say. */
void connection_follow(Connection *connection);
/* Another reply, as it goes over the wire; copied. It is sent in a turn of its own, in which the
 * connection may end. -ENOMEM */
int connection_send(Connection *connection, const char *bytes, size_t length);
/* Bytes of replies that wait for the client. */
size_t connection_unsent(const Connection *connection);
/* Whether it has kept us waiting for CONNECTION_TIMEOUT_NS, or follows and is gone. A client
 * between calls never does. */
bool connection_expired(const Connection *connection, uint64_t now_ns);
