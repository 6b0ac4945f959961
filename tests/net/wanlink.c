/* SPDX-License-Identifier: MIT */
/*
 * wanlink: a wide-area network between two network namespaces, in user space.
 *
 * Two TUN devices, one in each namespace, and one thread that carries packets from the one to the
 * other with a delay, jitter, a bottleneck with a byte-limited queue, and random loss, each set
 * for each direction (the words are in wanspec.h). It exists because netem is not in every kernel,
 * because netem's queue counts packets and not bytes, and because a test of a latency measurement
 * needs somebody who knows the true latency: --record-syn and --record write it down.
 * --record-late writes down when each packet was due that came 100 us late or more, and when it
 * came: {"dueNs":…,"atNs":…}, CLOCK_MONOTONIC.
 *
 * Accuracy. The thread runs under SCHED_FIFO with its memory locked, so that busy programs do not
 * delay it: a timer or packet interrupt preempts them at once. It sleeps in ppoll(2) until the next
 * packet is due (a real-time thread has no timer slack), and spins through the last microseconds
 * within an allowance. How late each packet was is counted and reported; a test that depends on
 * accuracy looks at that figure before it blames somebody else.
 * Should SCHED_FIFO be refused, it says so and works, less accurately.
 *
 * Several links at once on few processors are another matter: waking up for every packet costs more
 * than carrying it, and six links that do leave nothing for the programs. With --coarse TIME a link
 * looks at its packets only that often while any are under way and never spins: it may notice a
 * packet late by that time, and deliver it late by that time again. For paths that are long against
 * it.
 *
 * One thread, not two: both directions of one TCP connection wait for each other anyway, and the
 * second core has to run the programs under test. A write(2) into a TUN device runs the receiving
 * TCP within itself, so this thread does half of the work of both hosts' kernels.
 *
 * Life. "ready" on stdout when the link is up. Then lines on stdin: words and values as on the
 * command line without the dashes ("rtt 50ms up-loss 0.01"), answered by "ok" or "error …";
 * "stats", answered by a JSON object; "seed N"; "sync" (writes out what was recorded). At
 * the end of stdin, SIGTERM or SIGINT it prints the statistics and exits. The devices are not
 * persistent: they vanish with the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "tests/net/wanpath.h"
#include "tests/net/wanrecord.h"
#include "tests/net/wanspec.h"
#include "tests/net/wanstats.h"
#include "tests/net/wansyn.h"
#include "tests/net/wantun.h"

/* For each direction: 1 Gbit/s for 0.7 s; touched only when used. */
#define STORE_BYTES (96U << 20)
/* From here on a packet is late enough to be written down by --record-late. */
#define LATE_NS  100000
#define MTU_MIN  576
#define MTU_MAX  9216
#define PRIORITY 50
/* Packets handled in one go: more, and a burst on one side delays what is due on the other. */
#define READ_BATCH  16
#define WRITE_BATCH 32
/* A coarse link finds together what came in a while: at 1 Gbit/s in 3 ms. */
#define COARSE_BATCH 256
/*
 * A timer that finds the processor halted wakes us 30 to 100 us late, more in a virtual machine. So
 * we wake up early and look at the clock, as long as there is an allowance for it, which grows by
 * a share of the time that passes: sparse packets, handshakes above all, are exact, while under
 * load, when the processor is awake anyway, spinning cannot starve the programs. The allowance is
 * small, because a burst must not keep a woken reader on this processor from running.
 */
#define SLEEP_MIN_NS      30000 /* under load: a wake-up for each packet costs more than it brings */
#define SPIN_NS           150000
#define SPIN_SHARE        5 /* one part in this many */
#define SPIN_ALLOWANCE_NS 450000
/*
 * A real-time thread that is busy for 95 % of a second is stopped for the rest of it, 50 ms
 * (sched_rt_runtime_us). Many short rests instead keep the link from having that hiccup.
 */
#define REST_PERIOD_NS 2000000
#define REST_NS        160000

struct options {
	struct wantun_spec ends[WANSPEC_N]; /* [WANSPEC_UP] is where "up" begins: the host */
	struct wanspec spec;
	const char *syn_file, *record_file, *late_file; /* NULL: not recorded */
	uint64_t seed, coarse_ns;
};

struct wanlink {
	struct wanspec spec;
	struct wantun ends[WANSPEC_N];
	struct wanpath paths[WANSPEC_N];
	uint64_t n_written[WANSPEC_N], n_unwritable[WANSPEC_N];
	struct wanstats lateness;
	struct wansyn *syn;    /* of handshakes; or NULL */
	struct wanlog *record; /* of packets; or NULL */
	struct wanlog *late;   /* of those delivered late; or NULL */
	int signal_fd;
	size_t mtu;
	bool realtime, stop;
	uint64_t coarse_ns; /* 0: exact */
	uint64_t spin_left_ns, spin_refilled_ns, spin_due_ns;
	uint64_t rest_checked_ns, rested_ns;
	size_t n_input;
	char input[1024];
};

static uint64_t clock_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static void receive(struct wanlink *link, size_t direction)
{
	struct wanpath *path = &link->paths[direction];
	size_t n_batch = link->coarse_ns > 0 ? COARSE_BATCH : READ_BATCH;
	static uint8_t discard[MTU_MAX];

	for (size_t i = 0; i < n_batch; i++) {
		uint8_t *slot = wanpath_slot(path);
		ssize_t n = read(link->ends[direction].fd, slot ? slot : discard, link->mtu);
		uint64_t now;

		if (n <= 0)
			return; /* nothing there, or the device is down: it may come up again */
		if (!slot) {
			wanpath_refuse(path, (size_t)n);
			continue;
		}
		now = clock_ns();
		if (link->syn && direction == WANSPEC_UP)
			wansyn_sent(link->syn, slot, (size_t)n, now);
		if (link->record && direction == WANSPEC_UP)
			wanrecord_packet(link->record, slot, (size_t)n, true, now);
		(void)wanpath_admit(path, (size_t)n, now); /* it counts what it drops */
	}
}

static void send_head(struct wanlink *link, size_t direction, uint64_t now)
{
	struct wanpath *path = &link->paths[direction];
	const struct wanpath_packet *packet = wanpath_head(path);

	wanstats_add(&link->lateness, now - packet->due_ns);
	if (link->late && now - packet->due_ns >= LATE_NS)
		wanlog_line(link->late, "{\"dueNs\":%" PRIu64 ",\"atNs\":%" PRIu64 "}\n",
			    packet->due_ns, now);
	if (link->syn && direction == WANSPEC_DOWN)
		wansyn_delivered(link->syn, packet->data, packet->length, now);
	if (link->record && direction == WANSPEC_DOWN)
		wanrecord_packet(link->record, packet->data, packet->length, false, now);
	if (write(link->ends[1 - direction].fd, packet->data, packet->length) < 0)
		link->n_unwritable[direction]++;
	else
		link->n_written[direction]++;
	wanpath_pop(path);
}

/* Returns the direction whose next packet is due first, WANSPEC_N if nothing is under way. */
static size_t first_due(const struct wanlink *link, uint64_t *ret_due_ns)
{
	size_t first = WANSPEC_N;

	for (size_t direction = 0; direction < WANSPEC_N; direction++) {
		const struct wanpath_packet *head = wanpath_head(&link->paths[direction]);

		if (!head || (first < WANSPEC_N && head->due_ns >= *ret_due_ns))
			continue;
		*ret_due_ns = head->due_ns;
		first = direction;
	}
	return first;
}

/* How long to sleep when the next packet is due in the future; 0 through the last microseconds. */
static uint64_t wait_for(struct wanlink *link, uint64_t due, uint64_t now)
{
	uint64_t left = due - now;

	if (link->coarse_ns > 0)
		return link->coarse_ns;
	if (due == link->spin_due_ns)
		return 0;
	link->spin_left_ns += (now - link->spin_refilled_ns) / SPIN_SHARE;
	if (link->spin_left_ns > SPIN_ALLOWANCE_NS)
		link->spin_left_ns = SPIN_ALLOWANCE_NS;
	link->spin_refilled_ns = now;

	if (link->spin_left_ns < SPIN_NS)
		return left > SLEEP_MIN_NS ? left : SLEEP_MIN_NS;
	if (left > SPIN_NS)
		return left - SPIN_NS;
	link->spin_due_ns = due;
	link->spin_left_ns -= left;
	return 0;
}

/*
 * Writes what is due. Returns how long to sleep: 0 not at all, UINT64_MAX until a packet comes.
 * Spinning goes through the caller's loop, so that arriving packets are still read at once.
 */
static uint64_t deliver(struct wanlink *link)
{
	for (size_t n_sent = 0; n_sent < WRITE_BATCH; n_sent++) {
		uint64_t due = 0, now;
		size_t direction = first_due(link, &due);

		if (direction == WANSPEC_N)
			return UINT64_MAX;
		now = clock_ns();
		if (due > now)
			return wait_for(link, due, now);
		send_head(link, direction, now);
	}
	return 0;
}

static void apply(struct wanlink *link)
{
	for (size_t direction = 0; direction < WANSPEC_N; direction++)
		link->paths[direction].params = wanspec_params(&link->spec, direction);
}

static void print_direction(const struct wanlink *link, size_t direction)
{
	const struct wanpath_counters *c = &link->paths[direction].counters;
	uint64_t missed = wantun_missed(&link->ends[direction]);

	printf("\"%s\":{\"packets\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"delivered\":%" PRIu64
	       ",\"droppedLoss\":%" PRIu64 ",\"droppedQueue\":%" PRIu64 ",\"droppedStore\":%" PRIu64
	       ",\"undeliverable\":%" PRIu64 ",\"queueMaxBytes\":%" PRIu64 ",\"missed\":",
	       direction == WANSPEC_UP ? "up" : "down", c->packets, c->bytes,
	       link->n_written[direction], c->lost, c->queue_dropped, c->store_dropped,
	       link->n_unwritable[direction], c->queue_max_bytes);
	if (missed == UINT64_MAX)
		printf("null},");
	else
		printf("%" PRIu64 "},", missed);
}

static void print_stats(const struct wanlink *link)
{
	const struct wanstats *lateness = &link->lateness;

	printf("{");
	print_direction(link, WANSPEC_UP);
	print_direction(link, WANSPEC_DOWN);
	printf("\"latenessP50Us\":%" PRIu64 ",\"latenessP99Us\":%" PRIu64
	       ",\"latenessMaxUs\":%" PRIu64 ",\"realtime\":%s}\n",
	       wanstats_quantile_us(lateness, 500), wanstats_quantile_us(lateness, 990),
	       lateness->max_ns / 1000, link->realtime ? "true" : "false");
}

static int change(struct wanlink *link, const char *word, const char *value)
{
	uint64_t seed;
	int r;

	if (!value)
		return -EINVAL;
	if (strcmp(word, "seed") != 0)
		return wanspec_set(&link->spec, word, value);
	r = wanspec_parse_number(value, &seed);
	for (size_t direction = 0; r == 0 && direction < WANSPEC_N; direction++)
		wanpath_seed(&link->paths[direction], seed + direction);
	return r;
}

static void command(struct wanlink *link, char *line)
{
	char *save = NULL, *word = strtok_r(line, " \t", &save);
	int r = 0;

	if (word && strcmp(word, "stats") == 0) {
		print_stats(link);
		return;
	}
	if (word && strcmp(word, "sync") == 0) {
		r = link->syn ? wansyn_flush(link->syn) : 0;
		if (r == 0)
			r = wanlog_flush(link->record);
		if (r == 0)
			r = wanlog_flush(link->late);
		word = NULL;
	}
	for (; r == 0 && word; word = strtok_r(NULL, " \t", &save))
		r = change(link, word, strtok_r(NULL, " \t", &save));
	apply(link);
	if (r < 0)
		printf("error %s\n", strerror(-r));
	else
		printf("ok\n");
}

static void read_commands(struct wanlink *link)
{
	ssize_t n = read(STDIN_FILENO, link->input + link->n_input,
			 sizeof(link->input) - link->n_input);
	char *end;

	if (n <= 0) { /* the end, a failure, or a line that does not fit */
		link->stop = n == 0 || (errno != EAGAIN && errno != EINTR);
		return;
	}
	link->n_input += (size_t)n;
	while ((end = memchr(link->input, '\n', link->n_input)) != NULL) {
		size_t length = (size_t)(end - link->input) + 1;

		*end = '\0';
		command(link, link->input);
		link->n_input -= length;
		memmove(link->input, link->input + length, link->n_input);
	}
	fflush(stdout);
}

/* Makes sure that we slept for some part of each period, by sleeping if we did not. */
static void rest(struct wanlink *link, uint64_t slept_ns, uint64_t now)
{
	const struct timespec pause = {.tv_nsec = REST_NS};

	link->rested_ns += slept_ns;
	if (now - link->rest_checked_ns < REST_PERIOD_NS)
		return;
	if (link->rested_ns < REST_NS)
		(void)nanosleep(&pause, NULL); /* cut short: only a shorter rest */
	link->rested_ns = 0;
	link->rest_checked_ns = now;
}

static void run(struct wanlink *link)
{
	struct pollfd fds[] = {
		[WANSPEC_UP] = {.fd = link->ends[WANSPEC_UP].fd, .events = POLLIN},
		[WANSPEC_DOWN] = {.fd = link->ends[WANSPEC_DOWN].fd, .events = POLLIN},
		{.fd = STDIN_FILENO, .events = POLLIN},
		{.fd = link->signal_fd, .events = POLLIN},
	};

	while (!link->stop) {
		uint64_t wait_ns = deliver(link);
		struct timespec wait = {.tv_sec = (time_t)(wait_ns / 1000000000ULL),
					.tv_nsec = (long)(wait_ns % 1000000000ULL)};
		uint64_t before = clock_ns(), after;

		if (link->coarse_ns > 0 && wait_ns > 0 && wait_ns < UINT64_MAX) {
			(void)nanosleep(&wait, NULL); /* cut short: only more work for us */
			(void)deliver(link); /* so that what answers at once is read at once */
			wait = (struct timespec){0};
		}
		if (ppoll(fds, 4, wait_ns == UINT64_MAX ? NULL : &wait, NULL) < 0)
			continue; /* only EINTR: the descriptors are valid as long as we run */
		after = clock_ns();
		rest(link, wait_ns > 0 ? after - before : 0, after);
		for (size_t direction = 0; direction < WANSPEC_N; direction++)
			if (fds[direction].revents & POLLIN)
				receive(link, direction);
		if (fds[2].revents != 0)
			read_commands(link);
		if (fds[3].revents != 0)
			link->stop = true;
	}
}

static bool become_realtime(void)
{
	struct sched_param param = {.sched_priority = PRIORITY};

	/* On fault: the store is large, and most of it is never used. */
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0)
		fprintf(stderr, "wanlink: memory not locked: %s\n", strerror(errno));
	if (sched_setscheduler(0, SCHED_FIFO, &param) == 0)
		return true;
	fprintf(stderr, "wanlink: no SCHED_FIFO, less accurate: %s\n", strerror(errno));
	return false;
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int open_link(struct wanlink *link, const struct options *options)
{
	int r = 0;

	link->spec = options->spec;
	link->mtu = options->ends[WANSPEC_UP].mtu;
	link->coarse_ns = options->coarse_ns;
	link->signal_fd = open_signals();
	if (link->signal_fd < 0)
		return -errno;
	if (options->syn_file)
		r = wansyn_new(options->syn_file, &link->syn);
	if (r == 0 && options->record_file)
		r = wanlog_new(options->record_file, &link->record);
	if (r == 0 && options->late_file)
		r = wanlog_new(options->late_file, &link->late);
	for (size_t i = 0; r == 0 && i < WANSPEC_N; i++) {
		r = wanpath_init(&link->paths[i], link->mtu, STORE_BYTES / link->mtu,
				 options->seed + i);
		if (r == 0)
			r = wantun_open(&link->ends[i], &options->ends[i]);
	}
	if (r < 0)
		return r;
	apply(link);
	link->realtime = become_realtime();
	return 0;
}

static void close_link(struct wanlink *link)
{
	for (size_t i = 0; i < WANSPEC_N; i++) {
		wantun_close(&link->ends[i]);
		wanpath_clear(&link->paths[i]);
	}
	wansyn_free(link->syn);
	wanlog_free(link->record);
	wanlog_free(link->late);
	if (link->signal_fd >= 0)
		close(link->signal_fd);
}

static int usage(const char *message, const char *detail)
{
	fprintf(stderr,
		"wanlink: %s%s\n"
		"usage: wanlink --host NETNS --peer NETNS [--host-address ADDR/LEN]…\n"
		"       [--peer-address ADDR/LEN]… [--device NAME] [--mtu BYTES] [--seed N]\n"
		"       [--record-syn FILE] [--record FILE] [--record-late FILE] [--coarse TIME]\n"
		"       [--[up-|down-]WORD VALUE]…\n"
		"WORD:  rtt delay jitter rate queue loss\n",
		message, detail);
	return -EINVAL;
}

static int add_address(struct wantun_spec *end, const char *address)
{
	if (end->n_addresses == WANTUN_ADDRESSES_MAX)
		return usage("too many addresses: ", address);
	end->addresses[end->n_addresses++] = address;
	return 0;
}

static int set_mtu(struct options *options, const char *value)
{
	uint64_t mtu;

	if (wanspec_parse_number(value, &mtu) < 0 || mtu < MTU_MIN || mtu > MTU_MAX)
		return usage("bad MTU: ", value);
	options->ends[0].mtu = options->ends[1].mtu = (unsigned)mtu;
	return 0;
}

static int set_option(struct options *options, const char *word, const char *value)
{
	struct wantun_spec *ends = options->ends;

	if (strcmp(word, "host") == 0)
		ends[0].netns = value;
	else if (strcmp(word, "peer") == 0)
		ends[1].netns = value;
	else if (strcmp(word, "host-address") == 0)
		return add_address(&ends[0], value);
	else if (strcmp(word, "peer-address") == 0)
		return add_address(&ends[1], value);
	else if (strcmp(word, "device") == 0)
		ends[0].device = ends[1].device = value;
	else if (strcmp(word, "record-syn") == 0)
		options->syn_file = value;
	else if (strcmp(word, "record") == 0)
		options->record_file = value;
	else if (strcmp(word, "record-late") == 0)
		options->late_file = value;
	else if (strcmp(word, "mtu") == 0)
		return set_mtu(options, value);
	else if (strcmp(word, "coarse") == 0)
		return wanspec_parse_time(value, &options->coarse_ns) < 0
			       ? usage("bad time: ", value)
			       : 0;
	else if (strcmp(word, "seed") == 0)
		return wanspec_parse_number(value, &options->seed) < 0 ? usage("bad seed: ", value)
								       : 0;
	else if (wanspec_set(&options->spec, word, value) < 0)
		return usage("bad word or value: ", word);
	return 0;
}

static int parse_options(int argc, char **argv, struct options *ret)
{
	struct options options = {.seed = 1};
	int r = 0;

	wanspec_init(&options.spec);
	for (size_t i = 0; i < WANSPEC_N; i++) {
		options.ends[i].device = "wan0";
		options.ends[i].mtu = 1500;
	}
	for (int i = 1; i < argc && r == 0; i += 2) {
		if (strncmp(argv[i], "--", 2) != 0)
			return usage("not an option: ", argv[i]);
		if (i + 1 == argc)
			return usage("no value for ", argv[i]);
		r = set_option(&options, argv[i] + 2, argv[i + 1]);
	}
	if (r == 0 && (!options.ends[0].netns || !options.ends[1].netns))
		return usage("needs --host and --peer", "");
	if (r == 0)
		*ret = options;
	return r;
}

int main(int argc, char **argv)
{
	static struct wanlink link = {.ends = {WANTUN_NULL, WANTUN_NULL}, .signal_fd = -1};
	struct options options;
	int r;

	if (parse_options(argc, argv, &options) < 0)
		return 2;
	r = open_link(&link, &options);
	if (r == 0) {
		printf("ready\n");
		fflush(stdout);
		run(&link);
		print_stats(&link);
		fflush(stdout);
	} else
		fprintf(stderr, "wanlink: %s\n", strerror(-r));
	close_link(&link);
	return r == 0 ? 0 : 1;
}
