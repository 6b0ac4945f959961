/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A connection to the daemon that never waits: calls go out and replies come in as poll(2) says.
 * client.h is for one call and its answer; a screen has keys to see to meanwhile.
 */
#include "common/json.h"
#include "common/text.h"

typedef struct WatchLink {
	int fd;                    /* -1: closed */
	Text out;                  /* not yet sent */
	Text in;                   /* not yet taken */
	size_t searched;           /* bytes of `in` that hold no end of a message */
	const char *const *unread; /* keys whose values become empty (watch_skim.h); NULL: none */
} WatchLink;

#define WATCH_LINK_NULL                                                                            \
	{                                                                                          \
		.fd = -1                                                                           \
	}

void watch_link_close(WatchLink *link);
/* With `unread` as it is. Negative errno: -ENOENT and -ECONNREFUSED when no daemon runs, -EAGAIN
 * when it takes none. */
int watch_link_open(WatchLink *link, const char *socket);
/* Takes `parameters` (NULL: none). */
int watch_link_call(WatchLink *link, const char *method, Json *parameters, bool more);
/* For poll(2). */
short watch_link_events(const WatchLink *link);
/* Sends and receives what can be without waiting. -ECONNRESET at the end of the connection, or
 * another negative errno; what came before it can still be taken. */
int watch_link_step(WatchLink *link, short revents);
/* 1: a reply, the caller's; 0: more bytes are needed; -EBADMSG: it is no netoptd. */
int watch_link_next(WatchLink *link, Json **ret_reply);
