/* SPDX-License-Identifier: MIT */
/*
 * sweep: what one sweep over all TCP sockets costs, against what it cannot be cheaper than (the
 * kernel's own work for the same dump) and against ss(8). To be run in a namespace full of sockets.
 *
 *   sweep [--rounds N] [--slices N] [--ss yes|no]
 *
 * In each round, one after the other, so that whatever else the machine does hits all of them
 * alike: bare    the same requests as the sweep's, each datagram received and thrown away sweep the
 * dump decoded and aggregated into the path table, as netoptd does it slice   the same of one slice
 * of N, the kernel's filter passing over the others ss      "ss -tinmH", its output discarded and
 * prints the medians as one JSON object. The requests of "bare" are those that the sweep sent:
 * nl_sendto() is wrapped at link time, so they are the same whatever the sweep asks for.
 *
 * `keptBytes` is what malloc(3) holds after the sweeps more than before there was a table, its own
 * overhead included.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <malloc.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base.h"
#include "common/parse.h"
#include "daemon/kern/diag.h"
#include "daemon/model/path_table.h"

#define ROUNDS_MAX     101
#define REQUESTS_MAX   4
#define REQUEST_SIZE   4096
#define BARE_BUFFER    65536
#define RECEIVE_BUFFER (1024 * 1024) /* as diag.c has it */

enum { WHAT_BARE, WHAT_SWEEP, WHAT_SLICE, WHAT_SS, _WHATS };

static const char *const what_name[_WHATS] = {"bare", "sweep", "slice", "ss"};

typedef struct Times {
	uint64_t cpu_ns, wall_ns;
} Times;

typedef struct Bench {
	uint64_t n_rounds, n_slices;
	bool with_ss;
	Diag *diag;
	PathTable *table;
	int bare_fd;
	uint64_t sweep_ns; /* begin of the current sweep */
	unsigned slice;    /* the next one */
	size_t sockets, slice_sockets, bare_bytes;
	unsigned retries;
	Times first;
	Times times[_WHATS][ROUNDS_MAX];
} Bench;

static struct {
	bool on;
	size_t n;
	size_t length[REQUESTS_MAX];
	uint8_t bytes[REQUESTS_MAX][REQUEST_SIZE];
} captured;

/* NOLINTBEGIN: names that the linker's --wrap prescribes */
struct nl_sock;
int __real_nl_sendto(struct nl_sock *sock, void *bytes, size_t length);
int __wrap_nl_sendto(struct nl_sock *sock, void *bytes, size_t length);

int __wrap_nl_sendto(struct nl_sock *sock, void *bytes, size_t length)
{
	if (captured.on && captured.n < REQUESTS_MAX && length <= REQUEST_SIZE) {
		memcpy(captured.bytes[captured.n], bytes, length);
		captured.length[captured.n++] = length;
	}
	return __real_nl_sendto(sock, bytes, length);
}
/* NOLINTEND */

static int fail(const char *what, int r)
{
	fprintf(stderr, "sweep: %s: %s\n", what, strerror(-r));
	return r;
}

static size_t allocated(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static uint64_t clock_of(clockid_t id)
{
	struct timespec now;

	(void)clock_gettime(id, &now); /* cannot fail with these clocks */
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static Times times_now(void)
{
	return (Times){clock_of(CLOCK_PROCESS_CPUTIME_ID), clock_of(CLOCK_MONOTONIC)};
}

static Times times_since(Times begin)
{
	Times now = times_now();

	return (Times){now.cpu_ns - begin.cpu_ns, now.wall_ns - begin.wall_ns};
}

static int bare_open(Bench *bench)
{
	const int size = RECEIVE_BUFFER;

	bench->bare_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (bench->bare_fd < 0)
		return -errno;
	if (setsockopt(bench->bare_fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(bench->bare_fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return 0;
}

/* The kernel puts the next part of a dump into the queue before recv() returns with the one before,
 * so an empty queue is the end of it: nothing needs to be looked at. */
static int bare_run(Bench *bench)
{
	static uint8_t buffer[BARE_BUFFER];
	size_t bytes = 0;
	ssize_t n;

	for (size_t i = 0; i < captured.n; i++) {
		if (send(bench->bare_fd, captured.bytes[i], captured.length[i], 0) < 0)
			return -errno;
		while ((n = recv(bench->bare_fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
			bytes += (size_t)n;
		if (n < 0 && errno != EAGAIN)
			return -errno;
	}
	bench->bare_bytes = bytes;
	return 0;
}

static void take_sample(const FlowSample *sample, void *context)
{
	const PathCaps caps = {4 << 20, 6 << 20, .congestion = "cubic"};
	const Bench *bench = context;

	path_table_add(bench->table, sample, &caps, bench->sweep_ns);
}

static void count_sample(const FlowSample *sample, void *context)
{
	size_t *n = context;

	(void)sample;
	(*n)++;
}

static int sweep_run(Bench *bench)
{
	DiagStats stats = {0};
	int r;

	bench->sweep_ns = clock_of(CLOCK_MONOTONIC);
	path_table_sweep_begin(bench->table, bench->sweep_ns);
	r = diag_dump(bench->diag, DIAG_STATES_FLOWS, take_sample, bench, &stats);
	path_table_sweep_end(bench->table, clock_of(CLOCK_MONOTONIC), !stats.incomplete);
	bench->sockets = stats.sockets;
	bench->retries += stats.retries;
	return r;
}

/* Only the dump: which flows are missing is for a whole round of slices to say. */
static int slice_run(Bench *bench)
{
	const DiagFilter filter = {.slice = bench->slice, .slices = (unsigned)bench->n_slices};
	DiagStats stats = {0};
	size_t n = 0;
	int r = diag_dump_filtered(bench->diag, DIAG_STATES_FLOWS, &filter, count_sample, &n,
				   &stats);

	bench->slice = (bench->slice + 1) % (unsigned)bench->n_slices;
	bench->slice_sockets += n;
	return r;
}

static int ss_run(uint64_t *ret_cpu_ns)
{
	char *const argv[] = {(char[]){"ss"}, (char[]){"-tinmH"}, NULL};
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	pid_t pid;
	int status, r;

	r = posix_spawn_file_actions_init(&actions);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY,
						     0);
	if (r == 0)
		r = posix_spawnp(&pid, "ss", &actions, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	if (r != 0)
		return -r;
	if (wait4(pid, &status, 0, &usage) < 0)
		return -errno;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return -EIO;
	*ret_cpu_ns = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000ULL +
		      (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000ULL;
	return 0;
}

static int run_one(Bench *bench, unsigned what, Times *ret_times)
{
	Times begin = times_now(), times;
	uint64_t cpu_ns = 0;
	int r;

	if (what == WHAT_BARE)
		r = bare_run(bench);
	else if (what == WHAT_SWEEP)
		r = sweep_run(bench);
	else if (what == WHAT_SLICE)
		r = slice_run(bench);
	else
		r = ss_run(&cpu_ns);
	times = times_since(begin);
	if (what == WHAT_SS)
		times.cpu_ns = cpu_ns;
	if (r < 0)
		return fail(what_name[what], r);
	*ret_times = times;
	return 0;
}

static bool wanted(const Bench *bench, unsigned what)
{
	return (what != WHAT_SS || bench->with_ss) && (what != WHAT_SLICE || bench->n_slices > 1);
}

static int run(Bench *bench)
{
	int r;

	captured.on = true;
	r = run_one(bench, WHAT_SWEEP, &bench->first);
	captured.on = false;
	if (r == 0 && captured.n == 0)
		return fail("no request seen", -ENOMSG);
	for (size_t round = 0; r == 0 && round < bench->n_rounds; round++)
		for (unsigned what = 0; r == 0 && what < _WHATS; what++)
			if (wanted(bench, what))
				r = run_one(bench, what, &bench->times[what][round]);
	return r;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static double median_us(const Bench *bench, const Times *times, size_t offset)
{
	uint64_t sorted[ROUNDS_MAX];
	size_t n = bench->n_rounds;

	for (size_t i = 0; i < n; i++)
		memcpy(&sorted[i], (const char *)&times[i] + offset, sizeof(sorted[i]));
	qsort(sorted, n, sizeof(sorted[0]), compare);
	return (double)sorted[n / 2] / 1e3;
}

static void print(const Bench *bench, size_t kept_bytes)
{
	printf("{\"sockets\":%zu,\"paths\":%zu,\"flows\":%zu,\"retries\":%u,\"keptBytes\":%zu,"
	       "\"dumpBytes\":%zu,\"firstCpuUsec\":%.1f",
	       bench->sockets, path_table_count(bench->table), path_table_flow_count(bench->table),
	       bench->retries, kept_bytes, bench->bare_bytes, (double)bench->first.cpu_ns / 1e3);
	for (unsigned what = 0; what < _WHATS; what++)
		if (wanted(bench, what))
			printf(",\"%s\":{\"cpuUsec\":%.1f,\"wallUsec\":%.1f}", what_name[what],
			       median_us(bench, bench->times[what], offsetof(Times, cpu_ns)),
			       median_us(bench, bench->times[what], offsetof(Times, wall_ns)));
	if (wanted(bench, WHAT_SLICE))
		printf(",\"sliceSockets\":%.1f",
		       (double)bench->slice_sockets / (double)bench->n_rounds);
	printf("}\n");
}

static int set_option(Bench *bench, const char *word, const char *value)
{
	if (strcmp(word, "--rounds") == 0)
		return parse_uint64(value, 1, ROUNDS_MAX, &bench->n_rounds);
	if (strcmp(word, "--slices") == 0)
		return parse_uint64(value, 1, 256, &bench->n_slices);
	if (strcmp(word, "--ss") == 0)
		return parse_bool(value, &bench->with_ss);
	return -ENOENT;
}

int main(int argc, char **argv)
{
	static Bench bench = {.n_rounds = 15, .n_slices = 8, .with_ss = true, .bare_fd = -1};
	size_t before;
	int r = argc % 2 == 1 ? 0 : -EINVAL;

	for (int i = 1; r == 0 && i < argc; i += 2)
		r = set_option(&bench, argv[i], argv[i + 1]);
	if (r != 0)
		return -fail("usage: sweep [--rounds N] [--slices N] [--ss yes|no]", -EINVAL);

	r = diag_new(&bench.diag);
	if (r == 0)
		r = bare_open(&bench);
	before = allocated();
	if (r == 0)
		r = path_table_new(PATH_TABLE_CAPACITY, FLOW_TABLE_CAPACITY, &bench.table);
	if (r == 0) /* no destination is merged with its neighbours: the most there can be */
		path_table_set_prefixes(bench.table, 32, 128);
	if (r < 0)
		return -fail("start", r);
	r = run(&bench);
	if (r == 0)
		print(&bench, allocated() - before);
	path_table_free(bench.table);
	diag_free(bench.diag);
	close(bench.bare_fd);
	return r < 0;
}
