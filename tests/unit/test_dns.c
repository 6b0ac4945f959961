/* SPDX-License-Identifier: MIT */
/*
 * The DNS probe against a server made by hand on loopback, which answers each query as told.
 */
#include "daemon/probe/kind.h"

#include "tests/unit/dns_server.h"
#include "tests/unit/fake_router.h"

static FakeRouter router;

static void setup(void)
{
	bench_setup(&probe_kind_dns);
	spec.target = "www.example";
	spec.dns_type = 1;
	server = (Server){.ttl = 300, .ttl_again = 300, .flags = RESPONSE};
	server_start(AF_INET);
}

static void teardown(void)
{
	fake_router_stop(&router);
	server_stop();
	bench_teardown();
}

static void answer_well(Server *s)
{
	begin(s, s->flags, 2);
	dns_put_cname(&s->message, "@12", 4000, "b@16");
	dns_put_a(&s->message, "b@16", s->queries % 2 == 1 ? s->ttl : s->ttl_again);
	finish(s);
}

static void answer_code(Server *s)
{
	begin(s, s->flags, 0);
	finish(s);
}

static void answer_cut(Server *s)
{
	begin(s, s->flags, 1);
	dns_put_a(&s->message, "@12", 300);
	s->message.length -= 2;
	finish(s);
}

static void answer_loop(Server *s)
{
	begin(s, s->flags, 1);
	dns_put_a(&s->message, "@29", 300);
	finish(s);
}

static void answer_huge(Server *s)
{
	begin(s, s->flags, 300);
	for (int i = 0; i < 300; i++)
		dns_put_a(&s->message, "@12", 300);
	finish(s);
}

static void answer_echo(Server *s)
{
	memcpy(s->message.bytes, s->query, s->length);
	s->message.length = s->length;
	finish(s);
}

static void answer_other_id(Server *s)
{
	begin(s, s->flags, 1);
	dns_put_a(&s->message, "@12", 300);
	s->message.bytes[0] ^= 0x80;
	finish(s);
}

static void answer_other_question(Server *s)
{
	begin(s, s->flags, 1);
	dns_put_a(&s->message, "@12", 300);
	s->message.bytes[13] ^= 1;
	finish(s);
}

static void answer_strangely_then_well(Server *s)
{
	answer_other_id(s);
	answer_other_question(s);
	answer_well(s);
}

static void answer_first_only(Server *s)
{
	if (s->queries == 1)
		answer_well(s);
}

/* The first answer once more, instead of the second. */
static void answer_first_twice(Server *s)
{
	s->id = s->first_id;
	answer_well(s);
}

static void answer_first_then_fail(Server *s)
{
	s->flags = s->queries == 1 ? RESPONSE : RESPONSE | 2;
	answer_well(s);
}

static bool has(ProbePhase phase)
{
	uint32_t us;

	return probe_result_get(&result, phase, &us);
}

static void check_answered(const Address *address)
{
	server.answer = answer_well;
	run(address);
	ck_assert_int_eq(result.outcome, PROBE_OK);
	ck_assert_uint_eq(result.phases,
			  1U << PHASE_ANSWER | 1U << PHASE_CACHED | 1U << PHASE_OVERHEAD);
	ck_assert_uint_le(result.phases_us[PHASE_ANSWER] + result.phases_us[PHASE_CACHED] +
				  result.phases_us[PHASE_OVERHEAD],
			  result.wall_us);
	ck_assert_uint_eq(server.queries, 2);
	ck_assert_uint_ne(server.id, server.first_id);
	ck_assert(facts.has_dns);
	ck_assert_uint_eq(facts.dns.rcode, 0);
	ck_assert_uint_eq(facts.dns.answers, 1);
	ck_assert(facts.dns.has_ttl);
	ck_assert_uint_eq(facts.dns.ttl_s, 300);
	ck_assert(!facts.dns.authoritative);
}

START_TEST(test_answered)
{
	check_answered(&loopback);
}
END_TEST

START_TEST(test_answered_over_ipv6)
{
	server_stop();
	server_start(AF_INET6);
	check_answered(&loopback6);
}
END_TEST

START_TEST(test_query_is_what_was_asked_for)
{
	static const uint8_t expected[] = "\x01\0\0\1\0\0\0\0\0\1\3www\7example\0\0\1\0\1"
					  "\0\0\x29\x04\xd0\0\0\0\0\0";

	server.answer = answer_well;
	run(&loopback);
	ck_assert_uint_eq(server.length, 2 + sizeof(expected));
	ck_assert_mem_eq(server.query + 2, expected, sizeof(expected));
}
END_TEST

static void answer_then_dawdle(Server *s)
{
	answer_well(s);
	let_time_pass(20 * NSEC_PER_MSEC); /* during which the probe cannot look */
}

START_TEST(test_noticing_late_is_overhead_of_both_answers)
{
	server.answer = answer_well;
	run(&loopback);
	server.answer = answer_then_dawdle;
	run(&loopback);
	ck_assert_int_eq(result.outcome, PROBE_OK);
	ck_assert_uint_lt(result.phases_us[PHASE_ANSWER], 20000);
	ck_assert_uint_lt(result.phases_us[PHASE_CACHED], 20000);
	ck_assert_uint_ge(result.phases_us[PHASE_OVERHEAD], 39000);
	ck_assert_uint_ge(result.wall_us, 40000);
}
END_TEST

/* The answer was there, then time and the deadline passed, then we ran. */
START_TEST(test_noticed_late_is_still_a_success)
{
	server.answer = answer_well;
	run(&loopback);
	spec.timeout_ns = 10 * NSEC_PER_MSEC;
	ck_assert_int_eq(start(&loopback), 0);
	on_query(&server);
	let_time_pass(20 * NSEC_PER_MSEC);
	ck_assert(run_for(NSEC_PER_SEC));
	ck_assert_int_eq(result.outcome, PROBE_OK);
	ck_assert_uint_lt(result.phases_us[PHASE_ANSWER], 10000);
	ck_assert_uint_ge(result.phases_us[PHASE_OVERHEAD], 10000);
}
END_TEST

START_TEST(test_source)
{
	Address peer;

	server.answer = answer_well;
	ck_assert_int_eq(address_parse("127.0.0.9", &spec.source), 0);
	run(&loopback);
	ck_assert_int_eq(result.outcome, PROBE_OK);
	ck_assert_int_eq(address_from_sockaddr((struct sockaddr *)&server.peer, &peer, NULL), 0);
	ck_assert(address_equal(&peer, &spec.source));
	spec.source = loopback6;
	run(&loopback);
	ck_assert_failure(PROBE_LOCAL, EAFNOSUPPORT);
}
END_TEST

START_TEST(test_second_answer_lost_is_no_failure)
{
	spec.timeout_ns = 30 * NSEC_PER_MSEC;
	server.answer = answer_first_only;
	run(&loopback);
	ck_assert_int_eq(result.outcome, PROBE_OK);
	ck_assert(has(PHASE_ANSWER) && !has(PHASE_CACHED));
	/* Waiting in vain is no overhead. */
	ck_assert_uint_lt(result.phases_us[PHASE_OVERHEAD], 30000);
	ck_assert_uint_ge(result.wall_us, 30000);

	server.queries = 0;
	server.answer = answer_first_twice;
	run(&loopback);
	ck_assert_int_eq(result.outcome, PROBE_OK);
	ck_assert(has(PHASE_ANSWER) && !has(PHASE_CACHED));

	server.queries = 0;
	server.answer = answer_first_then_fail;
	run(&loopback);
	ck_assert_int_eq(result.outcome, PROBE_OK);
	ck_assert(has(PHASE_ANSWER) && !has(PHASE_CACHED));
	ck_assert(!facts.dns.cached);
}
END_TEST

START_TEST(test_silence_is_a_timeout)
{
	spec.timeout_ns = 30 * NSEC_PER_MSEC;
	run(&loopback);
	ck_assert_failure(PROBE_TIMEOUT, ETIMEDOUT);
	ck_assert_uint_eq(result.failed_in, PHASE_ANSWER);
	ck_assert_uint_ge(result.wall_us, 30000);
	ck_assert_uint_eq(server.queries, 1); /* nothing is sent twice */
	ck_assert(!facts.has_dns);
}
END_TEST

START_TEST(test_closed_port_is_refused)
{
	server_stop();
	run(&loopback);
	ck_assert_failure(PROBE_REFUSED, ECONNREFUSED);
	ck_assert_str_eq(explanation, "ICMP: port unreachable");
	ck_assert_uint_lt(result.wall_us, 4000000);
}
END_TEST

START_TEST(test_closed_port_is_refused_over_ipv6)
{
	server_stop();
	run(&loopback6);
	ck_assert_failure(PROBE_REFUSED, ECONNREFUSED);
	ck_assert_str_eq(explanation, "ICMPv6: port unreachable");
}
END_TEST

START_TEST(test_no_route)
{
	Address far;

	if (!enter_empty_network())
		HARNESS_SKIP("no network namespace may be made");
	ck_assert_int_eq(address_parse("192.0.2.2", &far), 0);
	run(&far);
	ck_assert_failure(PROBE_UNREACHABLE, ENETUNREACH);
	ck_assert_uint_eq(result.wall_us, 0); /* nothing was sent */
}
END_TEST

/* Starts a probe beyond a router, and reads its query there. False: skip. */
static bool query_beyond_router(uint8_t packet[FAKE_ROUTER_MTU])
{
	Address far;

	if (!enter_empty_network() || !fake_router_start(&router, loop))
		return false;
	loop_watch_free(STEAL(router.watch));
	ck_assert_int_eq(address_parse("192.0.2.2", &far), 0);
	spec.port = 53;
	ck_assert_int_eq(start(&far), 0);
	do
		ck_assert_int_gt(read(router.fd, packet, FAKE_ROUTER_MTU), 0);
	while (packet[0] != 0x45 || packet[9] != IPPROTO_UDP);
	return true;
}

START_TEST(test_unreachable_by_icmp)
{
	uint8_t packet[FAKE_ROUTER_MTU];

	if (!query_beyond_router(packet))
		HARNESS_SKIP("no network namespace with a TUN device may be made");
	fake_router_send_error(&router, packet, _i == 0 ? 8 : 8 + 12, 3, 13);
	ck_assert(run_for(NSEC_PER_SEC));
	ck_assert_failure(PROBE_UNREACHABLE, EHOSTUNREACH);
	ck_assert_str_eq(explanation, "ICMP: communication administratively prohibited");
}
END_TEST

START_TEST(test_error_about_another_query_is_not_ours)
{
	uint8_t packet[FAKE_ROUTER_MTU];

	spec.timeout_ns = 20 * NSEC_PER_MSEC;
	if (!query_beyond_router(packet))
		HARNESS_SKIP("no network namespace with a TUN device may be made");
	packet[20 + 8] ^= 1; /* its id */
	fake_router_send_error(&router, packet, 8 + 12, 3, 13);
	ck_assert(run_for(NSEC_PER_SEC));
	ck_assert_failure(PROBE_TIMEOUT, ETIMEDOUT);
}
END_TEST

START_TEST(test_codes)
{
	static const struct {
		unsigned flags;
		ProbeOutcome outcome;
		const char *explanation;
	} cases[] = {
		{0, PROBE_NODATA, ""},
		{1, PROBE_DNS_ERROR, "FORMERR: the server could not read the query (no EDNS?)"},
		{2, PROBE_SERVFAIL, ""},
		{3, PROBE_NXDOMAIN, ""},
		{5, PROBE_DNS_ERROR,
		 "REFUSED: the server does not answer this host, or not for this name"},
		{TC, PROBE_TRUNCATED, ""},
	};

	server.answer = answer_code;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		server.flags = RESPONSE | cases[i].flags;
		server.queries = 0;
		run(&loopback);
		ck_assert_failure(cases[i].outcome, 0);
		ck_assert_str_eq(explanation, cases[i].explanation);
		ck_assert(facts.has_dns);
		ck_assert_uint_eq(facts.dns.rcode, cases[i].flags & 15);
		ck_assert_uint_eq(server.queries, 1); /* there is nothing to be cached */
	}
}
END_TEST

START_TEST(test_malformed)
{
	void (*const answers[])(Server *) = {answer_cut, answer_loop, answer_echo};

	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		server.answer = answers[i];
		run(&loopback);
		ck_assert_failure(PROBE_PROTOCOL, EBADMSG);
		ck_assert_int_gt(strlen(explanation), 0);
	}
}
END_TEST

START_TEST(test_more_than_we_read)
{
	server.answer = answer_huge;
	run(&loopback);
	ck_assert_failure(PROBE_LIMIT, EMSGSIZE);
}
END_TEST

START_TEST(test_forged_answers_are_waited_out)
{
	server.answer = answer_strangely_then_well;
	run(&loopback);
	ck_assert_int_eq(result.outcome, PROBE_OK);
	ck_assert(has(PHASE_CACHED));
	spec.timeout_ns = 20 * NSEC_PER_MSEC;
	server.answer = answer_other_id;
	run(&loopback);
	ck_assert_failure(PROBE_TIMEOUT, ETIMEDOUT);
	server.answer = answer_other_question;
	run(&loopback);
	ck_assert_failure(PROBE_TIMEOUT, ETIMEDOUT);
}
END_TEST

static void flood(void *context)
{
	(void)context;
	for (int i = 0; i < 64; i++)
		answer_other_id(&server);
	ck_assert_int_eq(loop_timer_set(deadline, NSEC_PER_USEC), 0);
}

START_TEST(test_flood_of_forged_answers_ends)
{
	ck_assert_int_eq(start(&loopback), 0);
	on_query(&server);
	loop_timer_free(deadline);
	ck_assert_int_eq(loop_timer_new(loop, flood, NULL, &deadline), 0);
	ck_assert(run_for(NSEC_PER_USEC));
	ck_assert_failure(PROBE_PROTOCOL, EBADMSG);
	ck_assert_str_eq(explanation, "nothing but answers to other questions");
}
END_TEST

static bool cached_with(uint32_t ttl, uint32_t ttl_again)
{
	server.ttl = ttl;
	server.ttl_again = ttl_again;
	server.queries = 0;
	run(&loopback);
	ck_assert_int_eq(result.outcome, PROBE_OK);
	return facts.dns.cached;
}

START_TEST(test_running_down_is_cached)
{
	server.answer = answer_well;
	ck_assert(cached_with(300, 299)); /* within one probe */
	ck_assert(cached_with(290, 290)); /* less than was seen before */
	ck_assert(cached_with(300, 300)); /* full again, but it is known to run down */
	server.flags |= AA;
	ck_assert(!cached_with(290, 290)); /* an authority that has shorter times now */
	ck_assert(facts.dns.authoritative);
	server.flags = RESPONSE;
	ck_assert(!cached_with(0, 0));
}
END_TEST

static void answer_first_slowly(Server *s)
{
	if (s->queries == 1)
		let_time_pass(10 * NSEC_PER_MSEC);
	answer_well(s);
}

START_TEST(test_much_faster_the_second_time_is_cached)
{
	server.answer = answer_first_slowly;
	ck_assert(cached_with(300, 300));
	/* And what says so is the phases. */
	ck_assert_uint_ge(result.phases_us[PHASE_ANSWER], 10000);
	ck_assert_uint_lt(result.phases_us[PHASE_CACHED], 10000);
}
END_TEST

static void answer_again_slowly(Server *s)
{
	if (s->queries > 1)
		let_time_pass(30 * NSEC_PER_MSEC);
	answer_well(s);
}

START_TEST(test_always_full_and_as_slow_is_not_cached)
{
	server.answer = answer_again_slowly;
	for (int i = 0; i < 3; i++)
		ck_assert(!cached_with(300, 300));
}
END_TEST

START_TEST(test_impossible_name_cannot_start)
{
	spec.target = "a..b";
	ck_assert_int_eq(start(&loopback), -EINVAL);
	ck_assert_ptr_null(probe);
}
END_TEST

START_TEST(test_cancelled_in_flight_reports_nothing_and_leaves_nothing)
{
	unsigned before;

	server.answer = answer_well;
	run(&loopback);
	kind->cancel(probe);
	probe = NULL;
	before = open_descriptors();
	ck_assert_int_eq(start(&loopback), 0);
	ck_assert_uint_eq(open_descriptors(), before + 1);
	kind->cancel(probe);
	probe = NULL;
	ck_assert_uint_eq(open_descriptors(), before);
	ck_assert(!run_for(20 * NSEC_PER_MSEC));
	kind->cancel(NULL);
}
END_TEST

/* With and without the beginning of the query quoted. */
static void add_unreachable(Suite *suite)
{
	TCase *unreachable = tcase_create("unreachable");

	tcase_add_checked_fixture(unreachable, setup, teardown);
	tcase_add_loop_test(unreachable, test_unreachable_by_icmp, 0, 2);
	suite_add_tcase(suite, unreachable);
}

HARNESS_MAIN("dns", HARNESS_FIXTURE(suite, "answered", setup, teardown, test_answered,
				    test_answered_over_ipv6, test_query_is_what_was_asked_for,
				    test_noticed_late_is_still_a_success,
				    test_noticing_late_is_overhead_of_both_answers, test_source,
				    test_second_answer_lost_is_no_failure);
	     HARNESS_FIXTURE(suite, "failures", setup, teardown, test_silence_is_a_timeout,
			     test_closed_port_is_refused, test_closed_port_is_refused_over_ipv6,
			     test_no_route, test_error_about_another_query_is_not_ours, test_codes,
			     test_malformed, test_more_than_we_read,
			     test_forged_answers_are_waited_out, test_flood_of_forged_answers_ends,
			     test_impossible_name_cannot_start,
			     test_cancelled_in_flight_reports_nothing_and_leaves_nothing);
	     add_unreachable(suite);
	     HARNESS_FIXTURE(suite, "cached", setup, teardown, test_running_down_is_cached,
			     test_much_faster_the_second_time_is_cached,
			     test_always_full_and_as_slow_is_not_cached);)
