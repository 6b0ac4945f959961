/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Where updates come from: the daemon streams them (Monitor); one that is too old for that is asked
 * once an interval, and its answers are made into the same updates. When the connection breaks, or
 * nothing comes for too long, it is made again, for as long as it takes.
 *
 * Whoever owns it calls poll(2) for it; it never waits.
 */
#include "cli/watch_link.h"

typedef struct WatchSourceOps {
	/* `first`: of this connection. The update stays the source's. */
	void (*update)(void *context, const Json *update, bool first);
	/* The connection is gone, and will be tried again: the reason as a negative errno. Once for
	 * each connection, and for each attempt that failed. */
	void (*lost)(void *context, int error);
	void *context;
} WatchSourceOps;

typedef enum WatchSourceState {
	WATCH_SOURCE_WAITING,   /* for the next attempt to connect */
	WATCH_SOURCE_STREAMING, /* Monitor was called */
	WATCH_SOURCE_ASKING,    /* the calls of one update, one after the other */
	WATCH_SOURCE_RESTING,   /* until the next update is asked for */
} WatchSourceState;

typedef struct WatchSource {
	const char *socket;
	uint64_t interval_ns, timeout_ns;
	size_t limit; /* of endpoints, and of paths */
	WatchSourceOps ops;

	WatchLink link;
	WatchSourceState state;
	uint64_t next_ns; /* of the next attempt or update; else when an answer is overdue */
	bool first;       /* no update came on this connection */
	bool asks;        /* this daemon does not know Monitor */

	/* WATCH_SOURCE_ASKING */
	size_t step;
	Json *update;
	uint64_t *checksums; /* of the changes of the last update */
	size_t n_checksums;
} WatchSource;

/* Connects with the first step. The string must stay. `limit`: of endpoints, and of paths; 0: as
 * many as the daemon lists at once, which is also the most. */
void watch_source_init(WatchSource *source, const char *socket, uint64_t interval_ns,
		       uint64_t timeout_ns, size_t limit, const WatchSourceOps *ops);
void watch_source_clear(WatchSource *source);
/* For poll(2): -1 when there is nothing to wait for but the time. */
int watch_source_fd(const WatchSource *source);
short watch_source_events(const WatchSource *source);
/* When it wants a step at the latest. */
uint64_t watch_source_next_ns(const WatchSource *source);
/* Whatever can be done now; calls the ops. */
void watch_source_step(WatchSource *source, short revents, uint64_t now_ns);
