/* SPDX-License-Identifier: MIT */
/*
 * startup: how long a short-lived program takes, from fork(2) to its end, and its memory.
 *
 *   startup ROUNDS PROGRAM [ARGUMENT]...
 *
 * Runs it so many times, with its output thrown away, each time right after /bin/true, which is
 * what a process costs at all. Prints one JSON object: medians and 95th percentiles of both in us,
 * the peak of the resident memory in KiB. A program of its own, and small: the peak of a process
 * includes that of whoever forked it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS_MAX 10000

static uint64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void run(char *argv[])
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (null < 0 || dup2(null, STDOUT_FILENO) < 0)
		_exit(126);
	(void)execv(argv[0], argv);
	_exit(127);
}

/* Microseconds; ends this program if it fails. */
static uint64_t once(char *argv[], long *peak_kib)
{
	uint64_t begin = now_us();
	struct rusage usage;
	pid_t pid = fork();
	int status;

	if (pid == 0)
		run(argv);
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0) {
		perror("startup");
		exit(EXIT_FAILURE);
	}
	if (status != 0) {
		(void)fprintf(stderr, "startup: %s: status %#x\n", argv[0], (unsigned)status);
		exit(EXIT_FAILURE);
	}
	if (usage.ru_maxrss > *peak_kib)
		*peak_kib = usage.ru_maxrss;
	return now_us() - begin;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

int main(int argc, char *argv[])
{
	static char *nothing[] = {(char *)"/bin/true", NULL};
	static uint64_t times[ROUNDS_MAX], least[ROUNDS_MAX];
	long peak_kib = 0, ignored = 0;
	unsigned rounds = 0;
	char end;

	if (argc < 3 || sscanf(argv[1], "%u%c", &rounds, &end) != 1 || rounds < 1 ||
	    rounds > ROUNDS_MAX) {
		(void)fprintf(stderr, "usage: startup ROUNDS PROGRAM [ARGUMENT]...\n");
		return 2;
	}
	for (unsigned i = 0; i < rounds; i++) {
		least[i] = once(nothing, &ignored);
		times[i] = once(argv + 2, &peak_kib);
	}
	qsort(times, rounds, sizeof(times[0]), compare);
	qsort(least, rounds, sizeof(least[0]), compare);
	(void)printf("{\"medianUsec\":%llu,\"p95Usec\":%llu,\"trueMedianUsec\":%llu,"
		     "\"trueP95Usec\":%llu,\"peakKib\":%ld}\n",
		     (unsigned long long)times[rounds / 2],
		     (unsigned long long)times[rounds * 95 / 100],
		     (unsigned long long)least[rounds / 2],
		     (unsigned long long)least[rounds * 95 / 100], peak_kib);
	return EXIT_SUCCESS;
}
