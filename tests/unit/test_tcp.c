/* SPDX-License-Identifier: MIT */
/*
 * The TCP probe against real sockets: loopback, and for what loopback cannot do, an empty network
 * namespace (each test is a process of its own, so it may leave for one).
 */
#include "daemon/probe/kind.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/harness.h"
#include "tests/unit/own_netns.h"

static Loop *loop;
static Probe *probe;
static LoopTimer *deadline;
static ProbeResult result;
static unsigned reports;
static Address loopback;

static void on_done(void *context, const ProbeResult *done)
{
	ck_assert_ptr_eq(context, &reports);
	result = *done;
	reports++;
	loop_stop(loop, 0);
}

static void on_deadline(void *context)
{
	(void)context;
	loop_stop(loop, 1);
}

static void setup(void)
{
	ck_assert_int_eq(loop_new(&loop), 0);
	ck_assert_int_eq(loop_timer_new(loop, on_deadline, NULL, &deadline), 0);
	ck_assert_int_eq(address_parse("127.0.0.1", &loopback), 0);
}

static void teardown(void)
{
	probe_kind_tcp.cancel(probe);
	loop_timer_free(deadline);
	loop_free(loop);
}

/* True if the probe reported within the time. */
static bool run_for(uint64_t ns)
{
	ck_assert_int_eq(loop_timer_set(deadline, ns), 0);
	(void)loop_run(loop);
	loop_timer_disarm(deadline);
	return reports > 0;
}

static Address source; /* family 0: the kernel chooses */
static uint32_t mark;  /* 0: none */

static int start(const Address *address, uint16_t port, uint64_t timeout_ns)
{
	static ProbeSpec spec;
	static ProbeMemory *memory;
	static ProbeShared shared;
	ProbeStart start = {
		.loop = loop,
		.clock = &clock_system,
		.address = *address,
		.spec = &spec,
		.shared = &shared,
		.memory = &memory,
		.done = on_done,
		.context = &reports,
	};

	spec = (ProbeSpec){.host = "",
			   .port = port,
			   .target = "",
			   .timeout_ns = timeout_ns,
			   .ca_file = "",
			   .source = source,
			   .mark = mark};
	int r = probe_kind_tcp.start(&start, &probe);

	ck_assert_uint_eq(reports, 0); /* never from inside */
	return r;
}

static int listener(int family, int backlog, uint16_t *ret_port)
{
	struct sockaddr_storage sockaddr = {.ss_family = (sa_family_t)family};
	socklen_t length = sizeof(sockaddr);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	Address address;

	ck_assert_int_ge(fd, 0);
	((struct sockaddr_in *)&sockaddr)->sin_addr.s_addr =
		family == AF_INET ? htonl(INADDR_LOOPBACK) : 0;
	ck_assert_int_eq(
		bind(fd, (struct sockaddr *)&sockaddr,
		     family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6)),
		0);
	ck_assert_int_eq(listen(fd, backlog), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&sockaddr, &length), 0);
	(void)address_from_sockaddr((struct sockaddr *)&sockaddr, &address, ret_port);
	return fd;
}

/* Fills the accept queue: further SYNs are dropped without an answer, as by a black hole. */
static void fill_backlog(uint16_t port)
{
	struct sockaddr_storage sockaddr;
	socklen_t length = address_to_sockaddr(&loopback, port, &sockaddr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sockaddr, length), 0);
}

static bool enter_empty_network(void)
{
	if (unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)
		return true;
	fprintf(stderr, "skipped: no network namespace: %s\n", strerror(errno));
	return false;
}

static void bring_loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
}

static unsigned open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void ck_assert_failure(ProbeOutcome outcome, int error)
{
	ck_assert_uint_eq(reports, 1);
	ck_assert_str_eq(probe_outcome_name(result.outcome), probe_outcome_name(outcome));
	ck_assert_int_eq(result.error, error);
	/* A failure is never a number. */
	ck_assert_uint_eq(result.phases, 0);
}

START_TEST(test_handshake_gives_the_kernels_rtt)
{
	uint16_t port;
	int fd = listener(AF_INET, 8, &port);
	uint64_t before = clock_monotonic_ns(&clock_system), wall_us;

	ck_assert_int_eq(start(&loopback, port, NSEC_PER_SEC), 0);
	ck_assert(run_for(NSEC_PER_SEC));
	wall_us = (clock_monotonic_ns(&clock_system) - before) / NSEC_PER_USEC;

	ck_assert_uint_eq(reports, 1);
	ck_assert_int_eq(result.outcome, PROBE_OK);
	ck_assert(address_equal(&result.address, &loopback));
	ck_assert_uint_gt(result.phases_us[PHASE_CONNECT], 0);
	ck_assert_uint_le(result.phases_us[PHASE_CONNECT] + result.phases_us[PHASE_OVERHEAD],
			  wall_us);
	ck_assert_uint_ge(result.when_ns, before);
	ck_assert_uint_eq(result.syn_retransmits, 0);
	ck_assert_int_eq(result.error, 0);
	close(fd);
}
END_TEST

START_TEST(test_ipv6)
{
	int probe_fd = socket(AF_INET6, SOCK_STREAM, 0), fd;
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	Address loopback6;
	uint16_t port;

	if (probe_fd < 0 || bind(probe_fd, (struct sockaddr *)&sin6, sizeof(sin6)) < 0) {
		HARNESS_SKIP("no IPv6 loopback");
	}
	close(probe_fd);
	fd = listener(AF_INET6, 8, &port);
	ck_assert_int_eq(address_parse("::1", &loopback6), 0);
	ck_assert_int_eq(start(&loopback6, port, NSEC_PER_SEC), 0);
	ck_assert(run_for(NSEC_PER_SEC));
	ck_assert_int_eq(result.outcome, PROBE_OK);
	ck_assert_int_eq(result.address.family, AF_INET6);
	close(fd);
}
END_TEST

START_TEST(test_a_chosen_source_is_used)
{
	struct sockaddr_in peer;
	socklen_t length = sizeof(peer);
	uint16_t port;
	int fd = listener(AF_INET, 8, &port), accepted;

	ck_assert_int_eq(address_parse("127.0.0.9", &source), 0);
	ck_assert_int_eq(start(&loopback, port, NSEC_PER_SEC), 0);
	ck_assert(run_for(NSEC_PER_SEC));
	ck_assert_int_eq(result.outcome, PROBE_OK);
	accepted = accept4(fd, (struct sockaddr *)&peer, &length, SOCK_CLOEXEC);
	ck_assert_int_ge(accepted, 0);
	ck_assert_uint_eq(ntohl(peer.sin_addr.s_addr), 0x7f000009);
	close(accepted);
	close(fd);
}
END_TEST

START_TEST(test_a_source_that_is_not_ours_is_local)
{
	ck_assert_int_eq(address_parse("192.0.2.77", &source), 0);
	ck_assert_int_eq(start(&loopback, 9, NSEC_PER_SEC), 0);
	ck_assert(run_for(NSEC_PER_SEC));
	ck_assert_failure(PROBE_LOCAL, EADDRNOTAVAIL);
	ck_assert_ptr_nonnull(result.explanation);
}
END_TEST

START_TEST(test_closed_with_fin_not_reset)
{
	uint16_t port;
	int fd = listener(AF_INET, 8, &port), peer;
	char byte;

	ck_assert_int_eq(start(&loopback, port, NSEC_PER_SEC), 0);
	ck_assert(run_for(NSEC_PER_SEC));
	peer = accept(fd, NULL, NULL);
	ck_assert_int_ge(peer, 0);
	probe_kind_tcp.cancel(probe);
	probe = NULL;
	ck_assert_int_eq(read(peer, &byte, 1), 0); /* end of file, not ECONNRESET */
	close(peer);
	close(fd);
}
END_TEST

START_TEST(test_refused)
{
	uint16_t port;

	close(listener(AF_INET, 8, &port));
	ck_assert_int_eq(start(&loopback, port, NSEC_PER_SEC), 0);
	ck_assert(run_for(NSEC_PER_SEC));
	ck_assert_failure(PROBE_REFUSED, ECONNREFUSED);
}
END_TEST

START_TEST(test_unreachable)
{
	Address address;

	if (!enter_empty_network())
		HARNESS_SKIP("no network namespace may be made");
	ck_assert_int_eq(address_parse("192.0.2.1", &address), 0);
	ck_assert_int_eq(start(&address, 80, NSEC_PER_SEC), 0);
	ck_assert(run_for(NSEC_PER_SEC));
	ck_assert_failure(PROBE_UNREACHABLE, ENETUNREACH);
	ck_assert(address_equal(&result.address, &address));
}
END_TEST

START_TEST(test_silence_is_a_timeout)
{
	uint16_t port;
	int fd = listener(AF_INET, 0, &port);
	uint64_t before = clock_monotonic_ns(&clock_system);

	fill_backlog(port);
	ck_assert_int_eq(start(&loopback, port, 50 * NSEC_PER_MSEC), 0);
	ck_assert(run_for(NSEC_PER_SEC));
	ck_assert_failure(PROBE_TIMEOUT, ETIMEDOUT);
	ck_assert_uint_eq(result.syn_retransmits, 0);
	ck_assert_uint_ge(result.when_ns - before, 49 * NSEC_PER_MSEC);
	close(fd);
}
END_TEST

/* The kernel sends the second SYN after 1 s; this test takes as long. */
START_TEST(test_a_retransmitted_syn_is_a_loss_not_a_latency)
{
	uint16_t port;
	int fd = listener(AF_INET, 0, &port);

	fill_backlog(port);
	ck_assert_int_eq(start(&loopback, port, 5 * NSEC_PER_SEC), 0);
	ck_assert(!run_for(50 * NSEC_PER_MSEC));
	close(accept(fd, NULL, NULL)); /* from now on there is room */
	ck_assert(run_for(3 * NSEC_PER_SEC));
	ck_assert_failure(PROBE_SYN_RETRANSMIT, 0);
	ck_assert_uint_eq(result.syn_retransmits, 1);
	close(fd);
}
END_TEST

static void let_time_pass(uint64_t ns)
{
	uint64_t until = clock_monotonic_ns(&clock_system) + ns;

	while (clock_monotonic_ns(&clock_system) < until)
		;
}

/* As after SIGSTOP: the connection was made, then the deadline passed, then we got to run. */
START_TEST(test_noticed_after_the_deadline_is_still_a_success)
{
	uint16_t port;
	int fd = listener(AF_INET, 8, &port);

	ck_assert_int_eq(start(&loopback, port, 5 * NSEC_PER_MSEC), 0);
	let_time_pass(20 * NSEC_PER_MSEC);
	ck_assert(run_for(NSEC_PER_SEC));
	ck_assert_int_eq(result.outcome, PROBE_OK);
	ck_assert_uint_ge(result.phases_us[PHASE_OVERHEAD], 15000); /* ours */
	ck_assert_uint_lt(result.phases_us[PHASE_CONNECT], 5000);   /* the path's */
	close(fd);
}
END_TEST

START_TEST(test_a_server_that_hangs_up_at_once_was_reached)
{
	struct linger reset = {.l_onoff = 1};
	uint16_t port;
	int fd = listener(AF_INET, 8, &port), peer;

	ck_assert_int_eq(start(&loopback, port, NSEC_PER_SEC), 0);
	peer = accept(fd, NULL, NULL);
	ck_assert_int_ge(peer, 0);
	ck_assert_int_eq(setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
	close(peer);
	ck_assert(run_for(NSEC_PER_SEC));
	ck_assert_int_eq(result.outcome, PROBE_OK);
	ck_assert_uint_gt(result.phases_us[PHASE_CONNECT], 0);
	close(fd);
}
END_TEST

/* Only the marked see a rule for them. */
START_TEST(test_a_mark_chooses_the_route)
{
	Address beyond;
	ck_assert_int_eq(address_parse("192.0.2.1", &beyond), 0);
	if (!own_netns_enter() || !own_netns_run("ip link add eth0 type veth peer name far0"))
		HARNESS_SKIP("no network namespace with veth links can be made here");
	OWN_NETNS_DO("ip link set eth0 up");
	OWN_NETNS_DO("ip address add 192.0.2.2/24 dev eth0");
	OWN_NETNS_DO("ip rule add fwmark 0x4e4f prohibit");
	ck_assert_int_eq(start(&beyond, 7, 50 * NSEC_PER_MSEC), 0);
	ck_assert(run_for(10 * NSEC_PER_SEC));
	ck_assert_int_eq(result.outcome, PROBE_TIMEOUT);
	probe_kind_tcp.cancel(probe);
	reports = 0;
	mark = 0x4e4f;
	ck_assert_int_eq(start(&beyond, 7, 5 * NSEC_PER_SEC), 0);
	ck_assert(run_for(10 * NSEC_PER_SEC));
	ck_assert_int_eq(result.outcome, PROBE_UNREACHABLE);
	ck_assert_int_eq(result.error, EACCES);
}
END_TEST

START_TEST(test_a_mark_that_is_not_allowed_cannot_start)
{
	if (unshare(CLONE_NEWUSER) < 0)
		HARNESS_SKIP("no user namespaces");
	mark = 0x4e4f;
	ck_assert_int_eq(start(&loopback, 7, NSEC_PER_SEC), -EPERM);
}
END_TEST

START_TEST(test_no_descriptor_left_cannot_start)
{
	struct rlimit limit;
	int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(lowest);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = (rlim_t)lowest;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(start(&loopback, 1, NSEC_PER_SEC), -EMFILE);
	ck_assert_ptr_null(probe);
	ck_assert(!run_for(10 * NSEC_PER_MSEC));
}
END_TEST

/* Both of two ports are taken: connect() finds no free one. That is our lack, not the path's. */
START_TEST(test_no_port_left_is_local)
{
	struct sockaddr_storage sockaddr;
	uint16_t port;
	int fd, range;

	if (!enter_empty_network())
		HARNESS_SKIP("no network namespace may be made");
	bring_loopback_up();
	range = open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC);
	if (range < 0 || write(range, "40000 40001", 11) != 11) {
		HARNESS_SKIP("the port range cannot be set");
	}
	close(range);
	for (port = 40000; port <= 40001; port++) {
		Address any = address_from_bytes(AF_INET, "\0\0\0\0");
		socklen_t length = address_to_sockaddr(&any, port, &sockaddr);
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		ck_assert_int_eq(bind(fd, (struct sockaddr *)&sockaddr, length), 0);
		ck_assert_int_eq(listen(fd, 1), 0);
	}
	ck_assert_int_eq(start(&loopback, 9, NSEC_PER_SEC), 0);
	ck_assert(run_for(NSEC_PER_SEC));
	ck_assert_failure(PROBE_LOCAL, EADDRNOTAVAIL);
}
END_TEST

START_TEST(test_cancelled_in_flight_reports_nothing_and_leaves_nothing)
{
	uint16_t port;
	int fd = listener(AF_INET, 0, &port);
	unsigned before;

	fill_backlog(port);
	before = open_descriptors();
	ck_assert_int_eq(start(&loopback, port, 20 * NSEC_PER_MSEC), 0);
	ck_assert_uint_eq(open_descriptors(), before + 1);
	probe_kind_tcp.cancel(probe);
	probe = NULL;
	ck_assert_uint_eq(open_descriptors(), before);
	ck_assert(!run_for(40 * NSEC_PER_MSEC));
	close(fd);
}
END_TEST

START_TEST(test_cancel_null_is_fine)
{
	probe_kind_tcp.cancel(NULL);
}
END_TEST

#define CASE_WITH_FIXTURE(suite, name, ...)                                                        \
	do {                                                                                       \
		TCase *case_ = tcase_create(name);                                                 \
		TTest const *const tests_[] = {__VA_ARGS__};                                       \
		tcase_add_checked_fixture(case_, setup, teardown);                                 \
		for (size_t i_ = 0; i_ < sizeof(tests_) / sizeof(tests_[0]); i_++)                 \
			tcase_add_test(case_, tests_[i_]);                                         \
		suite_add_tcase(suite, case_);                                                     \
	} while (0)

HARNESS_MAIN("tcp", CASE_WITH_FIXTURE(suite, "reached", test_handshake_gives_the_kernels_rtt,
				      test_ipv6, test_a_chosen_source_is_used,
				      test_a_source_that_is_not_ours_is_local,
				      test_closed_with_fin_not_reset, test_a_mark_chooses_the_route,
				      test_a_mark_that_is_not_allowed_cannot_start,
				      test_noticed_after_the_deadline_is_still_a_success,
				      test_a_server_that_hangs_up_at_once_was_reached);
	     CASE_WITH_FIXTURE(suite, "failures", test_refused, test_unreachable,
			       test_silence_is_a_timeout,
			       test_a_retransmitted_syn_is_a_loss_not_a_latency,
			       test_no_descriptor_left_cannot_start, test_no_port_left_is_local);
	     CASE_WITH_FIXTURE(suite, "cancel",
			       test_cancelled_in_flight_reports_nothing_and_leaves_nothing,
			       test_cancel_null_is_fine);)
