/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The signals that a screen minds. They are blocked but for the time that watch_signals_poll()
 * waits, so that none comes between a look and the waiting; handlers only take note.
 */
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct WatchSignals {
	int end;        /* SIGINT, SIGTERM or SIGHUP; 0: none */
	bool resized;   /* SIGWINCH */
	bool stop;      /* SIGTSTP */
	bool continued; /* SIGCONT */
} WatchSignals;

/* Blocks and takes them. */
void watch_signals_init(void);
/* As poll(2), with the time in ns; a signal ends the waiting (-EINTR). */
int watch_signals_poll(struct pollfd *fds, nfds_t n, uint64_t timeout_ns);
/* What came since the last time. */
WatchSignals watch_signals_take(void);
/* Dies of a signal, as if it had never been caught. */
void watch_signals_die(int number);
