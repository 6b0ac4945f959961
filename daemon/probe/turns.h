/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A TCP connection as a conversation: we send, then wait for the peer. The waits are what network
 * and peer took: each runs from the kernel's stamp of our last byte sent to the kernel's stamp of
 * the last byte received before we sent again. What this host computed in between, or spent waiting
 * for a processor, is in none of them.
 */
#include "daemon/probe/stamp.h"

typedef struct Turns {
	int fd;
	StampedSend send;
	Stamp received;     /* of the last receive; 0: none yet */
	bool waiting;       /* sent, and the wait not yet added up */
	bool answered;      /* ... and something came since */
	bool ended;         /* the peer's end of the stream was read */
	int error;          /* positive errno of the connection; 0 */
	uint64_t waited_ns; /* of all turns that are over */
	uint8_t rounds;     /* turns that are over */
} Turns;

/* The socket is connected, and remains the caller's. Asks for stamps unless `stamps` is false. */
void turns_init(Turns *turns, int fd, bool stamps);
/* Bytes or negative errno; -EAGAIN: not now. Other errors are kept in `error`. */
ssize_t turns_send(Turns *turns, const void *bytes, size_t length);
/* 0: the end. As turns_send() otherwise. */
ssize_t turns_receive(Turns *turns, void *buffer, size_t size);
/* Takes stamps of sends that have come; must be called before waiting for events, since they make
 * the socket ready. */
void turns_collect(Turns *turns);
/* The turn under way is over. */
void turns_close(Turns *turns);
/* From one stamp to another, 0 if they are the wrong way round. */
uint64_t turns_between(Stamp from, Stamp to);
