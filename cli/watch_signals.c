/* SPDX-License-Identifier: MIT */
#include "cli/watch_signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>

#include "common/base.h"
#include "common/clock.h"

static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP, SIGCONT};
static volatile sig_atomic_t came[ARRAY_SIZE(watched)];
static sigset_t waiting; /* the mask while we wait */

static void note(int number)
{
	for (size_t i = 0; i < ARRAY_SIZE(watched); i++)
		if (watched[i] == number)
			came[i] = 1;
}

void watch_signals_init(void)
{
	struct sigaction action = {.sa_handler = note}, ignore = {.sa_handler = SIG_IGN};
	sigset_t blocked;

	(void)sigemptyset(&action.sa_mask);
	(void)sigemptyset(&ignore.sa_mask);
	(void)sigemptyset(&blocked);
	(void)sigaction(SIGPIPE, &ignore, NULL); /* writing tells */
	for (size_t i = 0; i < ARRAY_SIZE(watched); i++) {
		(void)sigaddset(&blocked, watched[i]);
		(void)sigaction(watched[i], &action, NULL);
	}
	(void)sigprocmask(SIG_BLOCK, &blocked, &waiting);
	for (size_t i = 0; i < ARRAY_SIZE(watched); i++)
		(void)sigdelset(&waiting, watched[i]);
}

int watch_signals_poll(struct pollfd *fds, nfds_t n, uint64_t timeout_ns)
{
	struct timespec timeout = {.tv_sec = (time_t)(timeout_ns / NSEC_PER_SEC),
				   .tv_nsec = (long)(timeout_ns % NSEC_PER_SEC)};
	int r = ppoll(fds, n, &timeout, &waiting);

	return r < 0 ? -errno : r;
}

static bool take(int number)
{
	for (size_t i = 0; i < ARRAY_SIZE(watched); i++)
		if (watched[i] == number && came[i]) {
			came[i] = 0;
			return true;
		}
	return false;
}

WatchSignals watch_signals_take(void)
{
	WatchSignals signals = {
		.resized = take(SIGWINCH), .stop = take(SIGTSTP), .continued = take(SIGCONT)};

	if (take(SIGHUP))
		signals.end = SIGHUP;
	if (take(SIGTERM))
		signals.end = SIGTERM;
	if (take(SIGINT))
		signals.end = SIGINT;
	return signals;
}

void watch_signals_die(int number)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t only;

	(void)sigemptyset(&action.sa_mask);
	(void)sigemptyset(&only);
	(void)sigaddset(&only, number);
	(void)sigaction(number, &action, NULL);
	(void)raise(number);
	(void)sigprocmask(SIG_UNBLOCK, &only, NULL);
}
