/* SPDX-License-Identifier: MIT */
/*
 * The real kernel, with sockets of this process on loopback, in a network namespace of its own
 * where that is allowed.
 */
#include "daemon/kern/diag.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>

#include "common/base.h"
#include "tests/unit/diag_bytecode.h"
#include "tests/unit/harness.h"

#define CROWD_MAX 1024

typedef struct Pair {
	int listener, client, server;
	uint16_t listen_port, client_port;
} Pair;

/* By cookie: ports are reused towards different destinations. A listener: by its port. */
typedef struct Find {
	uint64_t cookie;
	uint16_t listen_port;
	uint8_t state;
	FlowSample sample;
	unsigned found;
} Find;

/* Sockets of a dump, in the order of their cookies. */
typedef struct Crowd {
	FlowSample samples[CROWD_MAX];
	size_t n;
} Crowd;

static Diag *diag;
static DiagStats stats;
static bool alone; /* in a network namespace of our own */

static void find(const FlowSample *sample, void *context)
{
	Find *wanted = context;
	if (sample->state != wanted->state ||
	    (wanted->cookie && sample->cookie != wanted->cookie) ||
	    (wanted->listen_port && sample->local_port != wanted->listen_port))
		return;
	wanted->sample = *sample;
	wanted->found++;
}

static void count(const FlowSample *sample, void *context)
{
	ck_assert(sample->destroyed);
	++*(size_t *)context;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage bound;
	socklen_t length = sizeof(bound);
	Address address;
	uint16_t port;
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&bound, &length), 0);
	ck_assert_int_eq(address_from_sockaddr((struct sockaddr *)&bound, &address, &port), 0);
	return port;
}

static Pair pair_new(int family, const char *text, const char *congestion)
{
	Address address;
	struct sockaddr_storage to;
	Pair pair;
	ck_assert_int_eq(address_parse(text, &address), 0);
	socklen_t length = address_to_sockaddr(&address, 0, &to);
	pair.listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(pair.listener, 0);
	ck_assert_int_eq(bind(pair.listener, (struct sockaddr *)&to, length), 0);
	ck_assert_int_eq(listen(pair.listener, 5), 0);
	pair.listen_port = port_of(pair.listener);
	pair.client = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(setsockopt(pair.client, IPPROTO_TCP, TCP_CONGESTION, congestion,
				    (socklen_t)strlen(congestion)),
			 0);
	length = address_to_sockaddr(&address, pair.listen_port, &to);
	ck_assert_int_eq(connect(pair.client, (struct sockaddr *)&to, length), 0);
	pair.client_port = port_of(pair.client);
	pair.server = accept4(pair.listener, NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_ge(pair.server, 0);
	return pair;
}

/* Raises lo in a network namespace of our own, so that nothing of the host is in the way. Where
 * that is not allowed the host's loopback serves as well. */
static void own_namespace(void)
{
	if (unshare(CLONE_NEWNET) < 0) {
		printf("# no network namespace of our own (%s): on the host's loopback\n",
		       strerror(errno));
		return;
	}
	alone = true;
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &request), 0);
}

/* False, with the reason on the output, where there is no sock_diag for us. */
static bool live_setup(void)
{
	own_namespace();
	int r = diag_new(&diag);
	if (r == -EPERM || r == -EACCES || r == -EPROTONOSUPPORT || r == -EAFNOSUPPORT) {
		printf("# skipped: no sock_diag here: %s\n", strerror(-r));
		return false;
	}
	ck_assert_int_eq(r, 0);
	return true;
}

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);
	ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length), 0);
	return cookie;
}

static void check_live_pair(int family, const char *address, int seen_family)
{
	Pair pair = pair_new(family, address, "reno");
	Find client = {.cookie = cookie_of(pair.client), .state = TCP_STATE_ESTABLISHED};
	ck_assert_int_eq(diag_dump(diag, DIAG_STATES_FLOWS, find, &client, &stats), 0);
	ck_assert_uint_eq(client.found, 1);
	ck_assert(!stats.incomplete);
	ck_assert_uint_eq(stats.undecoded, 0);
	ck_assert_uint_ge(stats.sockets, 2);

	const FlowSample *sample = &client.sample;
	TcpInfo own;
	int sndbuf;
	socklen_t length = sizeof(sndbuf);
	ck_assert_int_eq(sample->local.family, seen_family);
	ck_assert(address_is_loopback(&sample->remote));
	ck_assert_uint_eq(sample->remote_port, pair.listen_port);
	ck_assert_uint_eq(sample->local_port, pair.client_port);
	ck_assert_str_eq(sample->congestion, "reno");
	ck_assert_uint_eq(sample->uid, getuid());
	ck_assert(sample->has_skmeminfo);
	ck_assert_int_eq(getsockopt(pair.client, SOL_SOCKET, SO_SNDBUF, &sndbuf, &length), 0);
	ck_assert_uint_eq(sample->sndbuf, (uint32_t)sndbuf);
	ck_assert_int_eq(tcp_info_from_socket(pair.client, &own), 0);
	ck_assert_uint_eq(sample->info.length, own.length);
	ck_assert_uint_eq(sample->info.raw.rtt_us, own.raw.rtt_us);
	ck_assert_uint_eq(sample->info.raw.advmss, own.raw.advmss);

	Find listener = {.listen_port = pair.listen_port, .state = TCP_STATE_LISTEN};
	ck_assert_int_eq(diag_dump(diag, DIAG_STATES_LISTEN, find, &listener, &stats), 0);
	ck_assert_uint_eq(listener.found, 1);
	ck_assert_uint_eq(listener.sample.rqueue, 0);
	ck_assert_uint_eq(listener.sample.wqueue, 5);
	(void)close(pair.client);
	(void)close(pair.server);
	(void)close(pair.listener);
}

START_TEST(test_live_dump)
{
	if (!live_setup())
		HARNESS_SKIP("no sock_diag for us here");
	check_live_pair(AF_INET, "127.0.0.1", AF_INET);
	_cleanup_close_ int six = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (six < 0)
		printf("# skipped: no IPv6 here: %s\n", strerror(errno));
	else
		check_live_pair(AF_INET6, "::1", AF_INET6);
	diag_free(diag);
}
END_TEST

START_TEST(test_live_destroy)
{
	if (!live_setup())
		HARNESS_SKIP("no sock_diag for us here");
	int fd, again;
	bool lost = true;
	Find ended = {.state = 7 /* CLOSE */};
	ck_assert_int_eq(diag_destroy_read(diag, find, &ended, &lost), -EBADF);
	ck_assert_int_eq(diag_destroy_listen(diag, &fd), 0);
	ck_assert_int_eq(diag_destroy_listen(diag, &again), 0);
	ck_assert_int_eq(again, fd);
	ck_assert_int_eq(diag_destroy_read(diag, find, &ended, &lost), 0); /* does not block */
	ck_assert(!lost);

	Pair pair = pair_new(AF_INET, "127.0.0.1", "reno");
	ended.cookie = cookie_of(pair.client);
	ck_assert_int_eq(write(pair.client, "hello", 5), 5);
	(void)close(pair.client);
	(void)close(pair.server);
	/* The kernel tells from a work queue: wait for it, and for nothing else. */
	for (int i = 0; i < 50 && ended.found == 0; i++) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		ck_assert_int_eq(poll(&ready, 1, 5000), 1);
		ck_assert_int_eq(diag_destroy_read(diag, find, &ended, &lost), 0);
		ck_assert(!lost);
	}
	ck_assert_uint_eq(ended.found, 1);
	ck_assert(ended.sample.destroyed);
	ck_assert_uint_eq(ended.sample.local_port, pair.client_port);
	ck_assert_uint_eq(ended.sample.remote_port, pair.listen_port);
	ck_assert_str_eq(ended.sample.congestion, "");
	ck_assert(tcp_info_has(&ended.sample.info, bytes_acked));
	(void)close(pair.listener);
	diag_free(diag);
	diag_free(NULL);
}
END_TEST

/* More sockets than one datagram holds, and more closings than the queue holds. */
START_TEST(test_live_many)
{
	enum { PAIRS = 150 };
	static Pair pairs[PAIRS];
	if (!live_setup())
		HARNESS_SKIP("no sock_diag for us here");
	for (size_t i = 0; i < PAIRS; i++)
		pairs[i] = pair_new(AF_INET, "127.0.0.1", "reno");
	Find last = {.cookie = cookie_of(pairs[PAIRS - 1].client), .state = TCP_STATE_ESTABLISHED};
	ck_assert_int_eq(diag_dump(diag, DIAG_STATES_FLOWS, find, &last, &stats), 0);
	ck_assert_uint_ge(stats.sockets, (size_t)2 * PAIRS);
	ck_assert_uint_eq(stats.undecoded, 0);
	ck_assert_uint_eq(last.found, 1);

	/* A second listener, with room for all, tells when all has been told. */
	Diag *witness;
	int fd, witness_fd;
	bool lost = false;
	size_t ended = 0;
	const int tiny = 2048;
	ck_assert_int_eq(diag_new(&witness), 0);
	ck_assert_int_eq(diag_destroy_listen(witness, &witness_fd), 0);
	ck_assert_int_eq(diag_destroy_listen(diag, &fd), 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &tiny, sizeof(tiny)), 0);
	for (size_t i = 0; i < PAIRS; i++) {
		(void)close(pairs[i].client);
		(void)close(pairs[i].server);
	}
	while (ended < (size_t)2 * PAIRS && !lost) {
		struct pollfd ready = {.fd = witness_fd, .events = POLLIN};
		ck_assert_int_eq(poll(&ready, 1, 5000), 1);
		ck_assert_int_eq(diag_destroy_read(witness, count, &ended, &lost), 0);
	}
	size_t few = 0;
	lost = false;
	ck_assert_int_eq(diag_destroy_read(diag, count, &few, &lost), 0);
	ck_assert(lost);
	ck_assert_uint_lt(few, (size_t)2 * PAIRS);
	ck_assert_int_eq(diag_destroy_read(diag, count, &few, &lost), 0);
	ck_assert(!lost); /* said once */
	diag_free(witness);
	diag_free(diag);
}
END_TEST

/* The third SYN finds a queue with room for one, and another behind it. */
START_TEST(test_live_overflow)
{
	enum { TRIES = 4 };
	if (!live_setup())
		HARNESS_SKIP("no sock_diag for us here");
	Pair pair = pair_new(AF_INET, "127.0.0.1", "reno");
	int more[TRIES];
	ck_assert_int_eq(listen(pair.listener, 1), 0);
	struct sockaddr_in to;
	socklen_t length = sizeof(to);
	ck_assert_int_eq(getsockname(pair.listener, (struct sockaddr *)&to, &length), 0);
	for (size_t i = 0; i < TRIES; i++) {
		more[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		int r = connect(more[i], (struct sockaddr *)&to, sizeof(to));
		ck_assert(r == 0 || errno == EINPROGRESS);
	}
	/* On loopback a SYN is dealt with before connect(2) is back, unless the softirq is busy. */
	Find listener;
	for (int i = 0; i < 1000; i++) {
		listener = (Find){.listen_port = pair.listen_port, .state = TCP_STATE_LISTEN};
		ck_assert_int_eq(diag_dump(diag, DIAG_STATES_LISTEN, find, &listener, &stats), 0);
		if (listener.sample.drops > 0)
			break;
		(void)sched_yield();
	}
	ck_assert_uint_eq(listener.found, 1);
	ck_assert_uint_eq(listener.sample.rqueue, 2); /* one more than its maximum, always */
	ck_assert_uint_eq(listener.sample.wqueue, 1);
	ck_assert_uint_eq(listener.sample.info.raw.unacked, 2);
	ck_assert_uint_eq(listener.sample.info.raw.sacked, 1);
	ck_assert_uint_ge(listener.sample.drops, 1);
	for (size_t i = 0; i < TRIES; i++)
		(void)close(more[i]);
	diag_free(diag);
}
END_TEST

static int by_cookie(const void *a, const void *b)
{
	const FlowSample *one = a, *other = b;
	return one->cookie < other->cookie ? -1 : one->cookie > other->cookie;
}

static void join(const FlowSample *sample, void *context)
{
	Crowd *crowd = context;
	ck_assert_uint_lt(crowd->n, CROWD_MAX);
	crowd->samples[crowd->n++] = *sample;
}

static void dump_crowd(const DiagFilter *filter, Crowd *crowd)
{
	ck_assert_int_eq(diag_dump_filtered(diag, DIAG_STATES_FLOWS | DIAG_STATES_LISTEN, filter,
					    join, crowd, &stats),
			 0);
	ck_assert(!stats.incomplete && stats.undecoded == 0);
}

static bool accepts(const uint8_t *bytecode, int length, const FlowSample *sample)
{
	BytecodeSocket socket = {.family = sample->remote.family,
				 .local_port = sample->local_port,
				 .remote_port = sample->remote_port};
	memcpy(socket.local, sample->local.bytes, sizeof(socket.local));
	memcpy(socket.remote, sample->remote.bytes, sizeof(socket.remote));
	return bytecode_run(bytecode, length, &socket, NULL);
}

/* What the kernel delivers is what its rules, as we have them, say of each socket. */
static size_t check_kernel_agrees(const Crowd *all, const DiagFilter *filter)
{
	static Crowd some;
	uint8_t bytecode[DIAG_FILTER_SIZE_MAX];
	int length = diag_filter_compile(filter, bytecode, sizeof(bytecode));
	size_t at = 0;
	ck_assert_int_gt(length, 0);
	some.n = 0;
	dump_crowd(filter, &some);
	qsort(some.samples, some.n, sizeof(*some.samples), by_cookie);
	for (size_t i = 0; i < all->n; i++)
		if (accepts(bytecode, length, &all->samples[i])) {
			ck_assert_uint_lt(at, some.n);
			ck_assert_uint_eq(some.samples[at++].cookie, all->samples[i].cookie);
		}
	ck_assert_uint_eq(at, some.n);
	return some.n;
}

static void check_slices(const Crowd *all, unsigned slices)
{
	static Crowd parts;
	size_t largest = 0;
	parts.n = 0;
	for (unsigned i = 0; i < slices; i++) {
		const size_t before = parts.n;
		dump_crowd(&(DiagFilter){.slice = i, .slices = slices}, &parts);
		largest = MAX(largest, parts.n - before);
	}
	ck_assert_uint_eq(parts.n, all->n);
	ck_assert(slices == 1 || largest < all->n);
	qsort(parts.samples, parts.n, sizeof(*parts.samples), by_cookie);
	for (size_t i = 0; i < all->n; i++)
		ck_assert_uint_eq(parts.samples[i].cookie, all->samples[i].cookie);
}

static void check_prefixes(const Crowd *all)
{
	static const struct {
		const char *address;
		uint8_t length;
	} wanted[] = {{"127.0.0.1", 32}, {"127.0.0.2", 31}, {"0.0.0.0", 0}, {"::", 0},
		      {"::1", 128},      {"10.0.0.0", 8},   {"fe80::", 10}};
	DiagPrefix prefixes[ARRAY_SIZE(wanted)];
	size_t n[ARRAY_SIZE(wanted)];
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		ck_assert_int_eq(address_parse(wanted[i].address, &prefixes[i].address), 0);
		prefixes[i].length = wanted[i].length;
		DiagFilter filter = {
			.prefixes = &prefixes[i], .n_prefixes = 1, .only_prefixes = true};
		n[i] = check_kernel_agrees(all, &filter);
		filter = (DiagFilter){
			.prefixes = prefixes, .n_prefixes = i + 1, .slice = 3, .slices = 9};
		(void)check_kernel_agrees(all, &filter);
		filter.only_prefixes = true;
		(void)check_kernel_agrees(all, &filter);
	}
	ck_assert_uint_gt(n[0], 0);
	ck_assert_uint_gt(n[1], 0);
	/* Each socket speaks one of both. */
	ck_assert_uint_eq(n[2] + n[3], all->n);
	ck_assert_uint_ge(n[2], n[0] + n[1]);
	ck_assert_uint_gt(n[4], 0);
	ck_assert_uint_le(n[4], n[3]);
	ck_assert_uint_eq(n[5] + n[6], 0);
	ck_assert_uint_eq(check_kernel_agrees(all, &(DiagFilter){.only_prefixes = true}), 0);
}

/* A listener for both families, and a client that speaks IPv4 to it. */
static void dual_pair(void)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002)};
	int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&any, sizeof(any)), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	to.sin_port = htons(port_of(listener));
	ck_assert_int_eq(connect(client, (struct sockaddr *)&to, sizeof(to)), 0);
	ck_assert_int_ge(accept4(listener, NULL, NULL, SOCK_CLOEXEC), 0);
}

START_TEST(test_live_filter)
{
	static const char *const addresses[] = {"127.0.0.1", "127.0.0.2", "127.0.0.3", "::1"};
	static const unsigned slices[] = {1, 2, 3, 16, 200};
	static Crowd all;
	if (!live_setup())
		HARNESS_SKIP("no sock_diag for us here");
	if (!alone)
		HARNESS_SKIP("no network namespace of our own: others' sockets come and go");
	_cleanup_close_ int six = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (six < 0)
		HARNESS_SKIP("no IPv6 here");
	for (size_t i = 0; i < 120; i++) {
		const char *address = addresses[i % ARRAY_SIZE(addresses)];
		(void)pair_new(strchr(address, ':') ? AF_INET6 : AF_INET, address, "reno");
		if (i % 4 == 0)
			dual_pair();
	}
	dump_crowd(NULL, &all);
	ck_assert_uint_eq(all.n, 3 * 150);
	qsort(all.samples, all.n, sizeof(*all.samples), by_cookie);
	for (size_t i = 0; i < ARRAY_SIZE(slices); i++)
		check_slices(&all, slices[i]);
	check_prefixes(&all);
	diag_free(diag);
}
END_TEST

HARNESS_MAIN("diag", {
	HARNESS_CASE(suite, "live", test_live_dump, test_live_destroy, test_live_many,
		     test_live_overflow, test_live_filter);
})
