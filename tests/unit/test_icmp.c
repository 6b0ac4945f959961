/* SPDX-License-Identifier: MIT */
/*
 * The ICMP probe on real sockets, raw ones and ping sockets, in a network namespace of each test's
 * own: over loopback, where the kernel answers, and over a link whose other end is made by hand.
 */
#include "daemon/probe/kind.h"

#include <arpa/inet.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "daemon/probe/stamp.h"
#include "tests/unit/fake_router.h"
#include "tests/unit/probe_bench.h"

static FakeRouter router;
static Address far, far6;
static bool namespace;

static void setup(void)
{
	bench_setup(&probe_kind_icmp);
	ck_assert_int_eq(address_parse("192.0.2.2", &far), 0);
	ck_assert_int_eq(address_parse("2001:db8::2", &far6), 0);
	namespace = enter_empty_network();
	if (namespace)
		bring_loopback_up();
}

static void teardown(void)
{
	fake_router_stop(&router);
	bench_teardown();
}

/* Groups that may open ping sockets; a new namespace allows none. */
static bool allow_ping(void)
{
	int fd = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY | O_CLOEXEC);
	bool allowed = fd >= 0 && write(fd, "0 2147483647", 12) == 12;

	close(fd);
	return allowed;
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}};

	ck_assert_int_eq(syscall(SYS_capset, &header, none), 0);
}

/* The kernel begins to stamp arrivals soon after it was asked to. */
static void await_stamping(const Address *address)
{
	for (int i = 0; i < 2000 && !facts.icmp.kernel_stamps; i++)
		run(address);
	ck_assert(facts.icmp.kernel_stamps);
}

static void check_echo(const Address *address, bool raw)
{
	uint32_t echo_us, overhead_us;

	await_stamping(address);
	run(address);
	ck_assert_int_eq(result.outcome, PROBE_OK);
	ck_assert_uint_eq(result.phases, 1U << PHASE_ECHO | 1U << PHASE_OVERHEAD);
	ck_assert(probe_result_get(&result, PHASE_ECHO, &echo_us));
	ck_assert(probe_result_get(&result, PHASE_OVERHEAD, &overhead_us));
	ck_assert_uint_le(echo_us + overhead_us, result.wall_us);
	ck_assert_uint_ge(echo_us + overhead_us + 2, result.wall_us);
	ck_assert(facts.has_icmp);
	ck_assert(facts.icmp.kernel_stamps);
	ck_assert_int_eq(facts.icmp.raw, raw);
	ck_assert_uint_eq(facts.icmp.ttl, 64);
	ck_assert_ptr_nonnull(shared.stamps); /* stamping stays on between probes */
	/* As after SIGSTOP: the reply was there, then time and the deadline passed, then we ran. */
	spec.timeout_ns = 5 * NSEC_PER_MSEC;
	ck_assert_int_eq(start(address), 0);
	let_time_pass(20 * NSEC_PER_MSEC);
	ck_assert(run_for(NSEC_PER_SEC));
	ck_assert_int_eq(result.outcome, PROBE_OK);
	ck_assert_uint_lt(result.phases_us[PHASE_ECHO], 5000);
	ck_assert_uint_ge(result.phases_us[PHASE_OVERHEAD], 15000);
}

START_TEST(test_raw_ipv4)
{
	if (!namespace)
		HARNESS_SKIP("no network namespace may be made");
	check_echo(&loopback, true);
}
END_TEST

START_TEST(test_raw_ipv6)
{
	if (!namespace)
		HARNESS_SKIP("no network namespace may be made");
	check_echo(&loopback6, true);
}
END_TEST

START_TEST(test_ping_socket_ipv4)
{
	if (!namespace || !allow_ping())
		HARNESS_SKIP("no network namespace in which ping sockets may be allowed");
	drop_capabilities();
	check_echo(&loopback, false);
}
END_TEST

START_TEST(test_ping_socket_ipv6)
{
	if (!namespace || !allow_ping())
		HARNESS_SKIP("no network namespace in which ping sockets may be allowed");
	drop_capabilities();
	check_echo(&loopback6, false);
}
END_TEST

START_TEST(test_missing_permission_says_which)
{
	char expected[160];

	if (!namespace)
		HARNESS_SKIP("no network namespace may be made");
	drop_capabilities();
	(void)snprintf(expected, sizeof(expected),
		       "net.ipv4.ping_group_range does not contain group %u, and CAP_NET_RAW is "
		       "missing: one of them is needed",
		       (unsigned)getegid());
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		run(ipv6 ? &loopback6 : &loopback);
		ck_assert_failure(PROBE_PERMISSION, EPERM);
		ck_assert_str_eq(explanation, expected);
		ck_assert_uint_eq(result.wall_us, 0); /* nothing was sent */
		ck_assert(!facts.has_icmp);
	}
}
END_TEST

START_TEST(test_no_route)
{
	if (!namespace)
		HARNESS_SKIP("no network namespace may be made");
	run(&far);
	ck_assert_failure(PROBE_UNREACHABLE, ENETUNREACH);
	ck_assert_uint_eq(result.failed_in, PHASE_ECHO);
	ck_assert_uint_eq(result.wall_us, 0);
}
END_TEST

START_TEST(test_source)
{
	if (!namespace)
		HARNESS_SKIP("no network namespace may be made");
	ck_assert_int_eq(address_parse("127.0.0.9", &spec.source), 0);
	run(&loopback);
	ck_assert_int_eq(result.outcome, PROBE_OK);
	spec.source = far; /* not of this host */
	run(&loopback);
	ck_assert_failure(PROBE_LOCAL, EADDRNOTAVAIL);
	spec.source = loopback6;
	run(&loopback);
	ck_assert_failure(PROBE_LOCAL, EAFNOSUPPORT);
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
	ck_assert_int_lt(start(&loopback), 0);
	ck_assert_ptr_null(probe);
	ck_assert(!run_for(10 * NSEC_PER_MSEC));
}
END_TEST

START_TEST(test_cancelled_in_flight_reports_nothing_and_leaves_nothing)
{
	unsigned before;

	if (!namespace)
		HARNESS_SKIP("no network namespace may be made");
	run(&loopback);
	kind->cancel(probe);
	before = open_descriptors();
	probe = NULL;
	ck_assert_int_eq(start(&loopback), 0);
	ck_assert_uint_eq(open_descriptors(), before + 1);
	kind->cancel(probe);
	probe = NULL;
	ck_assert_uint_eq(open_descriptors(), before);
	ck_assert(!run_for(20 * NSEC_PER_MSEC));
	kind->cancel(NULL);
}
END_TEST

/* What the other end does. */

static uint8_t reply[FAKE_ROUTER_MTU];
static size_t payload_at; /* of the byte to change, from the ICMP header on */
static uint8_t error_type, error_code;

static void answer_well(FakeRouter *r)
{
	fake_router_send(r, reply, fake_router_reply(r, reply));
}

static void answer_changed(FakeRouter *r)
{
	size_t n = fake_router_reply(r, reply);

	reply[(fake_router_is_ipv6(reply) ? 40 : 20) + payload_at] ^= 1;
	fake_router_finish(reply, n);
	fake_router_send(r, reply, n);
}

static void answer_changed_then_well(FakeRouter *r)
{
	answer_changed(r);
	answer_well(r);
}

static void answer_with_bad_checksum(FakeRouter *r)
{
	size_t n = fake_router_reply(r, reply);

	reply[n - 1] ^= 1;
	fake_router_send(r, reply, n);
}

static void answer_from_another(FakeRouter *r)
{
	size_t n = fake_router_reply(r, reply);

	reply[fake_router_is_ipv6(reply) ? 23 : 15] = 3;
	fake_router_finish(reply, n);
	fake_router_send(r, reply, n);
}

static void answer_with_error(FakeRouter *r)
{
	fake_router_send_error(r, r->packet, 8, error_type, error_code);
}

/* An error about somebody else's request to the same host. */
static void answer_with_foreign_error(FakeRouter *r)
{
	uint8_t quoted[FAKE_ROUTER_MTU];
	size_t header = fake_router_is_ipv6(r->packet) ? 40 : 20;

	memcpy(quoted, r->packet, r->length);
	quoted[header + 7] ^= 1; /* sequence */
	fake_router_send_error(r, quoted, 8, error_type, error_code);
}

static void answer_with_reply_and_error(FakeRouter *r)
{
	answer_well(r);
	answer_with_error(r);
}

/* Each of raw and ping socket, IPv4 and IPv6; NULL: skip. */
#define FAR_TESTS 4
static const Address *prepare(int i)
{
	if (!namespace || !fake_router_start(&router, loop) || (i >= 2 && !allow_ping()))
		return NULL;
	return i % 2 == 0 ? &far : &far6;
}

#define PREPARE_OR_SKIP(address)                                                                   \
	const Address *address = prepare(_i);                                                      \
	if (!address)                                                                              \
	HARNESS_SKIP("no network namespace with a TUN device may be made")

START_TEST(test_reply_over_a_link)
{
	PREPARE_OR_SKIP(address);
	router.answer = answer_well;
	await_stamping(address);
	ck_assert_int_eq(result.outcome, PROBE_OK);
	ck_assert_uint_eq(facts.icmp.ttl, 33);
	ck_assert_int_eq(facts.icmp.raw, _i < 2);
	ck_assert_uint_eq(router.length, (_i % 2 == 0 ? 20 : 40) + 64);
}
END_TEST

START_TEST(test_silence_is_a_timeout)
{
	uint64_t before = clock_monotonic_ns(&clock_system);

	PREPARE_OR_SKIP(address);
	spec.timeout_ns = 30 * NSEC_PER_MSEC;
	run(address);
	ck_assert_failure(PROBE_TIMEOUT, ETIMEDOUT);
	ck_assert_uint_ge(result.when_ns - before, spec.timeout_ns);
	ck_assert_uint_ge(result.wall_us, 30000);
	ck_assert_uint_eq(router.requests, 1); /* nothing is sent twice */
}
END_TEST

START_TEST(test_unreachable_with_its_reason)
{
	static const struct {
		uint8_t type, code;
		int error;
		const char *reason;
	} cases[2][4] = {
		{{3, 1, EHOSTUNREACH, "ICMP: host unreachable"},
		 {3, 13, EHOSTUNREACH, "ICMP: communication administratively prohibited"},
		 {3, 3, ECONNREFUSED, "ICMP: port unreachable"},
		 {11, 0, EHOSTUNREACH, "ICMP: time to live exceeded in transit"}},
		{{1, 0, ENETUNREACH, "ICMPv6: no route to destination"},
		 {1, 1, EACCES, "ICMPv6: communication administratively prohibited"},
		 {1, 3, EHOSTUNREACH, "ICMPv6: address unreachable"},
		 {3, 0, EHOSTUNREACH, "ICMPv6: hop limit exceeded in transit"}},
	};

	PREPARE_OR_SKIP(address);
	router.answer = answer_with_error;
	for (int i = 0; i < 4; i++) {
		error_type = cases[_i % 2][i].type;
		error_code = cases[_i % 2][i].code;
		run(address);
		ck_assert_failure(PROBE_UNREACHABLE, cases[_i % 2][i].error);
		ck_assert_str_eq(explanation, cases[_i % 2][i].reason);
		ck_assert_uint_lt(result.wall_us, 4000000); /* not waited for to the end */
	}
}
END_TEST

START_TEST(test_anothers_error_is_not_ours)
{
	PREPARE_OR_SKIP(address);
	error_type = _i % 2 == 0 ? 3 : 1;
	error_code = 1;
	router.answer = answer_with_foreign_error;
	spec.timeout_ns = 20 * NSEC_PER_MSEC;
	run(address);
	ck_assert_failure(PROBE_TIMEOUT, ETIMEDOUT);
}
END_TEST

START_TEST(test_reply_counts_more_than_an_error)
{
	PREPARE_OR_SKIP(address);
	error_type = _i % 2 == 0 ? 3 : 1;
	router.answer = answer_with_reply_and_error;
	run(address);
	ck_assert_int_eq(result.outcome, PROBE_OK);
}
END_TEST

/* Identifier, sequence number, nonce: the next one, which is ours, is taken. */
START_TEST(test_strange_replies_are_waited_out)
{
	static const size_t places[] = {5, 7, 8, 23};

	PREPARE_OR_SKIP(address);
	spec.timeout_ns = 20 * NSEC_PER_MSEC;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		payload_at = places[i];
		router.answer = answer_changed_then_well;
		run(address);
		ck_assert_int_eq(result.outcome, PROBE_OK);
		router.answer = answer_changed;
		run(address);
		ck_assert_failure(PROBE_TIMEOUT, ETIMEDOUT);
	}
	router.answer = answer_with_bad_checksum;
	run(address);
	ck_assert_failure(PROBE_TIMEOUT, ETIMEDOUT);
	router.answer = answer_from_another;
	run(address);
	ck_assert_failure(PROBE_TIMEOUT, ETIMEDOUT);
}
END_TEST

START_TEST(test_damaged_reply)
{
	PREPARE_OR_SKIP(address);
	payload_at = 40;
	router.answer = answer_changed;
	run(address);
	ck_assert_failure(PROBE_PROTOCOL, EBADMSG);
	ck_assert_str_eq(explanation, "the reply's payload is not what was sent");
}
END_TEST

START_TEST(test_reply_of_the_probe_before_is_not_taken)
{
	uint8_t before[FAKE_ROUTER_MTU];
	size_t n;

	PREPARE_OR_SKIP(address);
	spec.timeout_ns = 20 * NSEC_PER_MSEC;
	run(address);
	ck_assert_failure(PROBE_TIMEOUT, ETIMEDOUT);
	n = fake_router_reply(&router, before);
	ck_assert_int_eq(start(address), 0);
	fake_router_send(&router, before, n);
	ck_assert(run_for(NSEC_PER_SEC));
	ck_assert_failure(PROBE_TIMEOUT, ETIMEDOUT);
}
END_TEST

/* It is there when we look, but came after the deadline. */
START_TEST(test_late_reply_is_a_timeout_however_late_we_look)
{
	PREPARE_OR_SKIP(address);
	router.answer = answer_well;
	await_stamping(address);
	router.answer = NULL;
	spec.timeout_ns = 5 * NSEC_PER_MSEC;
	ck_assert_int_eq(start(address), 0);
	let_time_pass(10 * NSEC_PER_MSEC);
	fake_router_run(&router);
	answer_well(&router);
	ck_assert(run_for(NSEC_PER_SEC));
	ck_assert_failure(PROBE_TIMEOUT, ETIMEDOUT);
}
END_TEST

static void add_far(Suite *suite)
{
	TTest const *const tests[] = {
		test_reply_over_a_link,
		test_silence_is_a_timeout,
		test_unreachable_with_its_reason,
		test_anothers_error_is_not_ours,
		test_reply_counts_more_than_an_error,
		test_strange_replies_are_waited_out,
		test_damaged_reply,
		test_reply_of_the_probe_before_is_not_taken,
		test_late_reply_is_a_timeout_however_late_we_look,
	};
	TCase *far_case = tcase_create("link");

	tcase_set_timeout(far_case, 60);
	tcase_add_checked_fixture(far_case, setup, teardown);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_loop_test(far_case, tests[i], 0, FAR_TESTS);
	suite_add_tcase(suite, far_case);
}

HARNESS_MAIN("icmp",
	     HARNESS_FIXTURE(suite, "loopback", setup, teardown, test_raw_ipv4, test_raw_ipv6,
			     test_ping_socket_ipv4, test_ping_socket_ipv6, test_source);
	     HARNESS_FIXTURE(suite, "failures", setup, teardown, test_missing_permission_says_which,
			     test_no_route, test_no_descriptor_left_cannot_start,
			     test_cancelled_in_flight_reports_nothing_and_leaves_nothing);
	     add_far(suite);)
