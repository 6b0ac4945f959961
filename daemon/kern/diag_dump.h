/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The dump protocol of sock_diag without its socket: asks, reads until the end, notices when the
 * kernel says that the answer is not whole, asks again. The socket is a DiagTransport, so that
 * every failure the kernel may produce can be replayed.
 */
#include <stdalign.h>
#include <sys/types.h>
#include "daemon/kern/diag.h"

/* The kernel makes dump datagrams of up to 32 KiB if it is offered that much; the double leaves
 * room for one message over the limit. */
#define DIAG_BUFFER_SIZE 65536

/* Tries for one family before what came is reported as incomplete. */
#define DIAG_TRIES 3

typedef struct DiagTransport {
	/* Sends one request. Negative errno. */
	int (*request)(void *context, const void *message, size_t length);
	/* Waits for one datagram and returns its length (that which is in the buffer), or negative
	 * errno. -EAGAIN: the kernel did not answer in time. */
	ssize_t (*receive)(void *context, void *buffer, size_t size, bool *ret_truncated);
	/* The answer under way is given up: what is left of it must never be received. */
	void (*reset)(void *context);
	void *context;
} DiagTransport;

typedef struct DiagDumper {
	DiagTransport transport;
	uint32_t sequence; /* of the last request */
	alignas(struct nlmsghdr) uint8_t buffer[DIAG_BUFFER_SIZE];
} DiagDumper;

typedef struct DiagQuery {
	uint32_t states;
	const DiagFilter *filter; /* NULL: all sockets */
} DiagQuery;

/* As diag_dump_filtered(). -EPROTONOSUPPORT: no inet_diag; -ETIMEDOUT: no answer; others as the
 * kernel's. */
int diag_dumper_run(DiagDumper *dumper, const DiagQuery *query, DiagCallback callback,
		    void *context, DiagStats *ret_stats);
