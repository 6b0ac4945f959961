/* SPDX-License-Identifier: MIT */
/*
 * wanstill: when did this machine stand still? A witness for tests of time that has no part in what
 * they measure: no packet and no timer goes through it.
 *
 * On each processor one thread does nothing but read the clock. It gives way to everything else
 * (SCHED_IDLE), so it disturbs nobody and keeps an idle virtual machine from being put to sleep by
 * its host, which would wake it up to milliseconds late. When the clock jumps, either another
 * thread of this machine ran meanwhile, and then ours was not charged for that time; or none did,
 * and then the kernel believes that ours ran all along: the processor itself was taken away, by the
 * host or by an interrupt. The second is a stall, and is written down. What stands still while
 * another thread runs is not seen, so this errs by missing stalls, never by inventing them.
 *
 * usage: wanstill FILE. One JSON object a line: {"processor":0,"beginNs":…,"endNs":…},
 * CLOCK_MONOTONIC. "ready" on stdout; "sync" on stdin writes out what was seen, answered by "ok";
 * it ends with stdin.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/net/wanlog.h"

/* A tick of the kernel's takes some 40 us in a virtual machine; what is less than this makes nobody
 * late who allows for 300. */
#define JUMP_NS  30000
#define STALL_NS 100000

struct watcher {
	pthread_t thread;
	int processor;
};

static struct wanlog *stalls; /* under lock */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now); /* cannot fail with these clocks */
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static void note(int processor, uint64_t begin_ns, uint64_t end_ns)
{
	pthread_mutex_lock(&lock);
	wanlog_line(stalls, "{\"processor\":%d,\"beginNs\":%" PRIu64 ",\"endNs\":%" PRIu64 "}\n",
		    processor, begin_ns, end_ns);
	pthread_mutex_unlock(&lock);
}

/* Until the process ends. `charged` is the thread's own time at `since`, when both were read. */
static void *watch(void *context)
{
	const struct watcher *watcher = context;
	uint64_t since = clock_ns(CLOCK_MONOTONIC), charged = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	uint64_t last = since;

	for (;;) {
		uint64_t now = clock_ns(CLOCK_MONOTONIC), jump = now - last, taken, ran;

		if (jump < JUMP_NS) {
			last = now;
			continue;
		}
		taken = clock_ns(CLOCK_THREAD_CPUTIME_ID);
		ran = taken - charged > last - since ? taken - charged - (last - since) : 0;
		if (ran > jump)
			ran = jump;
		if (ran >= STALL_NS)
			note(watcher->processor, now - ran, now);
		since = last = clock_ns(CLOCK_MONOTONIC);
		charged = taken;
	}
	return NULL;
}

/* A thread of its own for this processor, at the lowest priority there is. */
static int start(struct watcher *watcher)
{
	const struct sched_param param = {0};
	cpu_set_t set;
	int r;

	CPU_ZERO(&set);
	CPU_SET((size_t)watcher->processor, &set);
	r = pthread_create(&watcher->thread, NULL, watch, watcher);
	if (r == 0)
		r = pthread_setaffinity_np(watcher->thread, sizeof(set), &set);
	if (r == 0)
		r = pthread_setschedparam(watcher->thread, SCHED_IDLE, &param);
	return -r;
}

static int start_all(void)
{
	static struct watcher watchers[CPU_SETSIZE];
	cpu_set_t set;
	int n = 0, r = 0;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return -errno;
	for (int processor = 0; r == 0 && processor < CPU_SETSIZE; processor++) {
		if (!CPU_ISSET((size_t)processor, &set))
			continue;
		watchers[n].processor = processor;
		r = start(&watchers[n++]);
	}
	return r;
}

static void answer(void)
{
	char line[64];

	printf("ready\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		int r;

		pthread_mutex_lock(&lock);
		r = wanlog_flush(stalls);
		pthread_mutex_unlock(&lock);
		if (r < 0)
			printf("error %s\n", strerror(-r));
		else
			printf("ok\n");
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	int r;

	if (argc != 2) {
		fprintf(stderr, "usage: wanstill FILE\n");
		return 2;
	}
	r = wanlog_new(argv[1], &stalls);
	if (r == 0)
		r = start_all();
	if (r < 0) {
		fprintf(stderr, "wanstill: %s\n", strerror(-r));
		return 1;
	}
	answer();
	return 0; /* ends the threads */
}
