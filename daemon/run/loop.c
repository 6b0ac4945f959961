/* SPDX-License-Identifier: MIT */
/*
 * libevent, configured once: epoll, the precise monotonic clock (probe schedules are in ms and the
 * cached coarse time would round them), no threads, no environment variables. Timers and watches
 * are one libevent event each, owned by whoever created them.
 */
#include "daemon/run/loop.h"

#include <errno.h>
#include <event2/event.h>

#include "common/base.h"
#include "common/clock.h"

#define LOOP_SIGNALS_MAX 8

typedef struct LoopSignal {
	struct event *event;
	LoopSignalCallback callback;
	void *context;
} LoopSignal;

struct Loop {
	struct event_base *base;
	LoopSignal signals[LOOP_SIGNALS_MAX];
	size_t n_signals;
	int code;
};

struct LoopTimer {
	struct event *event;
	LoopCallback callback;
	void *context;
};

struct LoopWatch {
	struct event *event;
	LoopCallback callback;
	void *context;
};

int loop_new(Loop **ret_loop)
{
	struct event_config *config = event_config_new();
	Loop *loop = calloc(1, sizeof(*loop));

	if (config && loop) {
		(void)event_config_set_flag(config, /* only fails on NULL */
					    EVENT_BASE_FLAG_PRECISE_TIMER | EVENT_BASE_FLAG_NOLOCK |
						    EVENT_BASE_FLAG_IGNORE_ENV);
		loop->base = event_base_new_with_config(config);
	}
	if (config)
		event_config_free(config);
	if (!loop || !loop->base) {
		free(loop);
		return -ENOMEM;
	}

	*ret_loop = loop;
	return 0;
}

void loop_free(Loop *loop)
{
	if (!loop)
		return;

	for (size_t i = 0; i < loop->n_signals; i++)
		event_free(loop->signals[i].event);
	event_base_free(loop->base);
	free(loop);
}

int loop_run(Loop *loop)
{
	if (event_base_dispatch(loop->base) < 0)
		return -EIO;

	return loop->code;
}

void loop_stop(Loop *loop, int code)
{
	loop->code = code;
	(void)event_base_loopbreak(loop->base); /* only fails on NULL */
}

struct event_base *loop_base(Loop *loop)
{
	return loop->base;
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	LoopTimer *timer = context;

	(void)fd;
	(void)what;
	timer->callback(timer->context);
}

int loop_timer_new(Loop *loop, LoopCallback callback, void *context, LoopTimer **ret_timer)
{
	LoopTimer *timer = calloc(1, sizeof(*timer));

	if (!timer)
		return -ENOMEM;

	*timer = (LoopTimer){.callback = callback, .context = context};
	timer->event = event_new(loop->base, -1, 0, on_timer, timer);
	if (!timer->event) {
		free(timer);
		return -ENOMEM;
	}

	*ret_timer = timer;
	return 0;
}

void loop_timer_free(LoopTimer *timer)
{
	if (!timer)
		return;

	event_free(timer->event);
	free(timer);
}

struct timeval loop_timeval(uint64_t ns)
{
	return (struct timeval){
		.tv_sec = (time_t)(ns / NSEC_PER_SEC),
		.tv_usec = (suseconds_t)(ns % NSEC_PER_SEC / NSEC_PER_USEC),
	};
}

int loop_timer_set(LoopTimer *timer, uint64_t delay_ns)
{
	struct timeval delay = loop_timeval(delay_ns);

	return event_add(timer->event, &delay) < 0 ? -ENOMEM : 0;
}

void loop_timer_disarm(LoopTimer *timer)
{
	(void)event_del(timer->event); /* not armed is fine */
}

static void on_watch(evutil_socket_t fd, short what, void *context)
{
	LoopWatch *watch = context;

	(void)fd;
	(void)what;
	watch->callback(watch->context);
}

int loop_watch_new(Loop *loop, int fd, LoopCallback callback, void *context, LoopWatch **ret_watch)
{
	LoopWatch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return -ENOMEM;

	*watch = (LoopWatch){.callback = callback, .context = context};
	watch->event = event_new(loop->base, fd, EV_READ | EV_PERSIST, on_watch, watch);
	if (!watch->event || event_add(watch->event, NULL) < 0) {
		loop_watch_free(watch);
		return -ENOMEM;
	}

	*ret_watch = watch;
	return 0;
}

void loop_watch_free(LoopWatch *watch)
{
	if (!watch)
		return;

	if (watch->event)
		event_free(watch->event);
	free(watch);
}

static void on_signal(evutil_socket_t signal, short what, void *context)
{
	const LoopSignal *entry = context;

	(void)what;
	entry->callback((int)signal, entry->context);
}

int loop_add_signal(Loop *loop, int signal, LoopSignalCallback callback, void *context)
{
	LoopSignal *entry = &loop->signals[loop->n_signals];

	assert(loop->n_signals < LOOP_SIGNALS_MAX);
	*entry = (LoopSignal){.callback = callback, .context = context};
	entry->event = evsignal_new(loop->base, signal, on_signal, entry);
	if (!entry->event || event_add(entry->event, NULL) < 0) {
		if (entry->event)
			event_free(entry->event);
		return -ENOMEM;
	}

	loop->n_signals++;
	return 0;
}
