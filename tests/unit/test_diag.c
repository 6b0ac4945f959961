/* SPDX-License-Identifier: MIT */
/*
 * The dump protocol against a kernel played by a script of datagrams and errors, and the real one
 * with sockets of this process on loopback, in a network namespace of its own where that is
 * allowed.
 */
#include "daemon/kern/diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>

#include "common/base.h"
#include "daemon/kern/diag_dump.h"
#include "tests/unit/harness.h"

#define STEPS_MAX 64

/* One thing that the played kernel does when it is read from. */
typedef struct Step {
	int error; /* if not 0 */
	uint8_t data[1024];
	size_t length;
	bool truncated;
} Step;

typedef struct Kernel {
	Step steps[STEPS_MAX];
	size_t n_steps, next;
	int request_error;
	unsigned requests, resets;
	struct nlmsghdr asked;
	struct inet_diag_req_v2 body[STEPS_MAX];
} Kernel;

static Kernel kernel;
static DiagDumper dumper;
static DiagStats stats;
static uint64_t seen[256];
static size_t n_seen;

static int play_request(void *context, const void *message, size_t length)
{
	(void)context;
	ck_assert_uint_eq(length, sizeof(struct nlmsghdr) + sizeof(struct inet_diag_req_v2));
	memcpy(&kernel.asked, message, sizeof(kernel.asked));
	memcpy(&kernel.body[kernel.requests++], (const uint8_t *)message + NLMSG_HDRLEN,
	       sizeof(kernel.body[0]));
	return kernel.request_error;
}

static ssize_t play_receive(void *context, void *buffer, size_t size, bool *ret_truncated)
{
	(void)context;
	ck_assert_msg(kernel.next < kernel.n_steps, "read once more than the kernel had to say");
	Step *step = &kernel.steps[kernel.next++];
	if (step->error)
		return -step->error;
	ck_assert_uint_le(step->length, size);
	memcpy(buffer, step->data, step->length);
	/* All messages answer the request under way, unless the step says otherwise (sequence 1).
	 */
	for (size_t at = 0; at + NLMSG_HDRLEN <= step->length;) {
		struct nlmsghdr *message = (struct nlmsghdr *)((uint8_t *)buffer + at);
		if (message->nlmsg_seq == 0)
			message->nlmsg_seq = kernel.asked.nlmsg_seq;
		if (message->nlmsg_len < NLMSG_HDRLEN)
			break;
		at += NLMSG_ALIGN(message->nlmsg_len);
	}
	*ret_truncated = step->truncated;
	return (ssize_t)step->length;
}

static void play_reset(void *context)
{
	(void)context;
	kernel.resets++;
}

static Step *step_new(void)
{
	ck_assert_uint_lt(kernel.n_steps, STEPS_MAX);
	return &kernel.steps[kernel.n_steps++];
}

static struct nlmsghdr *put(Step *step, uint16_t type, uint16_t flags, const void *body,
			    size_t length)
{
	struct nlmsghdr header = {.nlmsg_len = (uint32_t)NLMSG_LENGTH(length),
				  .nlmsg_type = type,
				  .nlmsg_flags = flags};
	ck_assert_uint_le(step->length + NLMSG_SPACE(length), sizeof(step->data));
	uint8_t *at = step->data + step->length;
	memcpy(at, &header, sizeof(header));
	memcpy(at + NLMSG_HDRLEN, body, length);
	step->length += NLMSG_SPACE(length);
	return (struct nlmsghdr *)at;
}

static void put_socket(Step *step, uint32_t cookie, uint16_t flags)
{
	struct inet_diag_msg body = {.idiag_family = AF_INET, .idiag_state = 1};
	body.id.idiag_cookie[0] = cookie;
	put(step, SOCK_DIAG_BY_FAMILY, flags | NLM_F_MULTI, &body, sizeof(body));
}

static void put_done(Step *step, int error, uint16_t flags)
{
	put(step, NLMSG_DONE, flags | NLM_F_MULTI, &error, sizeof(error));
}

static void say_socket(uint32_t cookie, uint16_t flags)
{
	put_socket(step_new(), cookie, flags);
}

static void say_done(int error, uint16_t flags)
{
	put_done(step_new(), error, flags);
}

static void say_refused(int error)
{
	struct nlmsgerr body = {.error = -error};
	put(step_new(), NLMSG_ERROR, 0, &body, sizeof(body));
}

static void say_error(int error)
{
	step_new()->error = error;
}

static void note(const FlowSample *sample, void *context)
{
	ck_assert_ptr_eq(context, &kernel);
	ck_assert_uint_lt(n_seen, ARRAY_SIZE(seen));
	seen[n_seen++] = sample->cookie;
}

static void setup(void)
{
	memset(&kernel, 0, sizeof(kernel));
	memset(&dumper, 0, sizeof(dumper));
	memset(&stats, 0xa5, sizeof(stats));
	n_seen = 0;
	dumper.transport = (DiagTransport){play_request, play_receive, play_reset, NULL};
}

static int run(void)
{
	return diag_dumper_run(&dumper, DIAG_STATES_FLOWS, note, &kernel, &stats);
}

static void check(size_t sockets, unsigned retries, bool incomplete, unsigned undecoded)
{
	ck_assert_uint_eq(stats.sockets, sockets);
	ck_assert_uint_eq(stats.retries, retries);
	ck_assert(stats.incomplete == incomplete);
	ck_assert_uint_eq(stats.undecoded, undecoded);
	ck_assert_uint_eq(kernel.next, kernel.n_steps);
}

START_TEST(test_whole)
{
	Step *step = step_new();
	put_socket(step, 1, 0);
	put_socket(step, 2, 0);
	say_socket(3, 0);
	say_done(0, 0);
	step = step_new();
	put_socket(step, 4, 0);
	put_done(step, 0, 0);
	ck_assert_int_eq(run(), 0);
	check(4, 0, false, 0);
	ck_assert_uint_eq(n_seen, 4);
	for (size_t i = 0; i < n_seen; i++)
		ck_assert_uint_eq(seen[i], i + 1);
	ck_assert_uint_eq(kernel.requests, 2);
	ck_assert_uint_eq(kernel.resets, 0);
	ck_assert_uint_eq(kernel.asked.nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	static const uint8_t families[] = {AF_INET, AF_INET6};
	for (size_t i = 0; i < 2; i++) {
		ck_assert_uint_eq(kernel.body[i].sdiag_family, families[i]);
		ck_assert_uint_eq(kernel.body[i].sdiag_protocol, IPPROTO_TCP);
		ck_assert_uint_eq(kernel.body[i].idiag_states, DIAG_STATES_FLOWS);
		ck_assert_uint_eq(kernel.body[i].idiag_ext, 0x4e);
	}
}
END_TEST

START_TEST(test_no_sockets)
{
	say_done(0, 0);
	put(step_new(), NLMSG_DONE, NLM_F_MULTI, "", 0); /* a bare one, of an old kernel */
	ck_assert_int_eq(run(), 0);
	check(0, 0, false, 0);
}
END_TEST

/* The mark may be on any message, on the last as well. */
START_TEST(test_interrupted)
{
	for (int where = 0; where < 3; where++) {
		setup();
		say_socket(1, where == 0 ? NLM_F_DUMP_INTR : 0);
		say_socket(2, where == 1 ? NLM_F_DUMP_INTR : 0);
		say_done(0, where == 2 ? NLM_F_DUMP_INTR : 0);
		say_socket(1, 0);
		say_done(0, 0);
		say_done(0, 0);
		ck_assert_int_eq(run(), 0);
		check(1, 1, false, 0);
		ck_assert_uint_eq(n_seen, 3);
		ck_assert_uint_eq(kernel.resets, 0); /* it was read to its end */
	}
}
END_TEST

START_TEST(test_interrupted_always)
{
	for (int family = 0; family < 2; family++)
		for (int i = 0; i < DIAG_TRIES; i++) {
			say_socket((uint32_t)i, NLM_F_DUMP_INTR);
			say_done(0, 0);
		}
	ck_assert_int_eq(run(), 0);
	check(2, 4, true, 0);
	ck_assert_uint_eq(kernel.requests, 6);
}
END_TEST

START_TEST(test_overrun)
{
	say_socket(1, 0);
	say_error(ENOBUFS);
	say_error(ENOBUFS);
	say_socket(1, 0);
	say_socket(2, 0);
	say_done(0, 0);
	say_done(0, 0);
	ck_assert_int_eq(run(), 0);
	check(2, 2, false, 0);
	ck_assert_uint_eq(kernel.resets, 2);

	setup();
	for (int i = 0; i < DIAG_TRIES; i++) {
		say_socket(7, 0);
		say_error(ENOBUFS);
	}
	put(step_new(), NLMSG_OVERRUN, 0, "", 0);
	say_done(0, 0);
	say_done(0, 0);
	ck_assert_int_eq(run(), 0);
	check(1, 3, true, 0);
}
END_TEST

START_TEST(test_truncated)
{
	for (int i = 0; i < DIAG_TRIES; i++) {
		Step *step = step_new();
		put_socket(step, 1, 0);
		put_socket(step, 2, 0);
		step->length -= 10;
		step->truncated = true;
	}
	say_done(0, 0);
	ck_assert_int_eq(run(), 0);
	check(1, 2, true, 1);
	ck_assert_uint_eq(kernel.resets, 3);
}
END_TEST

START_TEST(test_busy)
{
	say_refused(EBUSY);
	say_socket(1, 0);
	say_done(0, 0);
	say_done(0, 0);
	ck_assert_int_eq(run(), 0);
	check(1, 1, false, 0);
	ck_assert_uint_eq(kernel.resets, 1);
}
END_TEST

static void fails(int expected)
{
	DiagStats before = stats;
	ck_assert_int_eq(run(), expected);
	ck_assert_mem_eq(&before, &stats, sizeof(stats));
	ck_assert_uint_eq(kernel.resets, 1);
}

START_TEST(test_refusals)
{
	say_refused(ENOENT);
	fails(-EPROTONOSUPPORT);
	setup();
	say_refused(EPERM);
	fails(-EPERM);
	setup();
	say_socket(1, 0);
	say_done(-ENOMEM, 0);
	fails(-ENOMEM);
	setup();
	say_socket(1, 0);
	say_error(EAGAIN);
	fails(-ETIMEDOUT);
	setup();
	say_error(EBADF);
	fails(-EBADF);
	setup();
	put(step_new(), NLMSG_ERROR, 0, "ab", 2);
	fails(-EBADMSG);
	setup();
	kernel.request_error = -EACCES;
	fails(-EACCES);
	setup();
	say_done(0, 0);
	say_refused(EINVAL);
	fails(-EINVAL);
}
END_TEST

START_TEST(test_no_ipv6)
{
	say_socket(1, 0);
	say_done(0, 0);
	say_refused(ENOENT);
	ck_assert_int_eq(run(), 0);
	check(1, 0, false, 0);
}
END_TEST

START_TEST(test_strangers)
{
	Step *step = step_new();
	put_socket(step, 1, 0);
	((struct nlmsghdr *)step->data)->nlmsg_seq = 999; /* of another request: not counted */
	put_socket(step, 2, 0);
	put(step, NLMSG_NOOP, 0, "", 0);
	put(step, 77, 0, "what", 4);
	put(step, SOCK_DIAG_BY_FAMILY, 0, "short", 5);
	put_done(step, 0, 0);
	put_socket(step, 3, 0); /* after the end */
	step = step_new();
	put_socket(step, 4, 0);
	put(step, 77, 0, "", 0)->nlmsg_len = 3;
	put_socket(step, 5, 0); /* behind what cannot be walked over */
	step = step_new();
	put(step, 77, 0, "", 0)->nlmsg_len = 1000;
	say_done(0, 0);
	ck_assert_int_eq(run(), 0);
	check(2, 0, false, 4);
	ck_assert_uint_eq(seen[0], 2);
	ck_assert_uint_eq(seen[1], 4);
}
END_TEST

/* The real kernel. */

typedef struct Pair {
	int listener, client, server;
	uint16_t listen_port, client_port;
} Pair;

typedef struct Find {
	uint16_t local_port;
	uint8_t state;
	FlowSample sample;
	unsigned found;
} Find;

static Diag *diag;

static void find(const FlowSample *sample, void *context)
{
	Find *wanted = context;
	if (sample->local_port != wanted->local_port || sample->state != wanted->state)
		return;
	wanted->sample = *sample;
	wanted->found++;
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
	Find client = {.local_port = pair.client_port, .state = TCP_STATE_ESTABLISHED};
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
	ck_assert_uint_eq(sample->cookie, cookie_of(pair.client));
	ck_assert_str_eq(sample->congestion, "reno");
	ck_assert_uint_eq(sample->uid, getuid());
	ck_assert(sample->has_skmeminfo);
	ck_assert_int_eq(getsockopt(pair.client, SOL_SOCKET, SO_SNDBUF, &sndbuf, &length), 0);
	ck_assert_uint_eq(sample->sndbuf, (uint32_t)sndbuf);
	ck_assert_int_eq(tcp_info_from_socket(pair.client, &own), 0);
	ck_assert_uint_eq(sample->info.length, own.length);
	ck_assert_uint_eq(sample->info.raw.rtt_us, own.raw.rtt_us);
	ck_assert_uint_eq(sample->info.raw.advmss, own.raw.advmss);

	Find listener = {.local_port = pair.listen_port, .state = TCP_STATE_LISTEN};
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
		return;
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
		return;
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
	ended.local_port = pair.client_port;
	uint64_t cookie = cookie_of(pair.client);
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
	ck_assert_uint_eq(ended.sample.cookie, cookie);
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
		return;
	for (size_t i = 0; i < PAIRS; i++)
		pairs[i] = pair_new(AF_INET, "127.0.0.1", "reno");
	Find last = {.local_port = pairs[PAIRS - 1].client_port, .state = TCP_STATE_ESTABLISHED};
	ck_assert_int_eq(diag_dump(diag, DIAG_STATES_FLOWS, find, &last, &stats), 0);
	ck_assert_uint_ge(stats.sockets, (size_t)2 * PAIRS);
	ck_assert_uint_eq(stats.undecoded, 0);
	ck_assert_uint_eq(last.found, 1);

	int fd;
	bool lost = false;
	const int tiny = 2048;
	ck_assert_int_eq(diag_destroy_listen(diag, &fd), 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &tiny, sizeof(tiny)), 0);
	for (size_t i = 0; i < PAIRS; i++) {
		(void)close(pairs[i].client);
		(void)close(pairs[i].server);
	}
	for (int i = 0; i < 500 && !lost; i++) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		ck_assert_int_eq(poll(&ready, 1, 5000), 1);
		Find any = {0};
		ck_assert_int_eq(diag_destroy_read(diag, find, &any, &lost), 0);
	}
	ck_assert(lost);
	diag_free(diag);
}
END_TEST

HARNESS_MAIN("diag", {
	TCase *played = tcase_create("played");
	tcase_add_checked_fixture(played, setup, NULL);
	tcase_add_test(played, test_whole);
	tcase_add_test(played, test_no_sockets);
	tcase_add_test(played, test_interrupted);
	tcase_add_test(played, test_interrupted_always);
	tcase_add_test(played, test_overrun);
	tcase_add_test(played, test_truncated);
	tcase_add_test(played, test_busy);
	tcase_add_test(played, test_refusals);
	tcase_add_test(played, test_no_ipv6);
	tcase_add_test(played, test_strangers);
	suite_add_tcase(suite, played);
	HARNESS_CASE(suite, "live", test_live_dump, test_live_destroy, test_live_many);
})
