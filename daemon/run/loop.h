/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The event loop: libevent behind a small door, so that owners hold named Timers and Watches and
 * nothing else in the daemon needs to know libevent (but those that use its buffers or resolver,
 * which ask for the base).
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>

typedef struct Loop Loop;
typedef struct LoopTimer LoopTimer;
typedef struct LoopWatch LoopWatch;
struct event_base;

typedef void (*LoopCallback)(void *context);
typedef void (*LoopSignalCallback)(int signal, void *context);

/* -ENOMEM */
int loop_new(Loop **ret_loop);
/* All timers and watches must have been freed before; signals go with it. */
void loop_free(Loop *loop);
/* Runs until loop_stop(). Returns the code given there, or negative errno. */
int loop_run(Loop *loop);
void loop_stop(Loop *loop, int code);
struct event_base *loop_base(Loop *loop);

/* One-shot timers; re-arm from the callback. The owner frees; freeing disarms. */
int loop_timer_new(Loop *loop, LoopCallback callback, void *context, LoopTimer **ret_timer);
void loop_timer_free(LoopTimer *timer);
int loop_timer_set(LoopTimer *timer, uint64_t delay_ns);
void loop_timer_disarm(LoopTimer *timer);

/* For those that use libevent's own events. Whole microseconds: the rest is dropped. */
struct timeval loop_timeval(uint64_t ns);

/* Persistent readability watch. The fd stays the caller's. */
int loop_watch_new(Loop *loop, int fd, LoopCallback callback, void *context, LoopWatch **ret_watch);
void loop_watch_free(LoopWatch *watch);

/* Delivers the signal as an event; freed with the loop. */
int loop_add_signal(Loop *loop, int signal, LoopSignalCallback callback, void *context);
