/* SPDX-License-Identifier: MIT */
#include "daemon/model/endpoint.h"

#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "tests/unit/harness.h"

#define MS(ms) ((ms)*UINT32_C(1000)) /* in us */

static Endpoint *endpoint;
static Address v4, v6, none;
static uint64_t now = 3 * NSEC_PER_DAY;

static void setup(void)
{
	ck_assert_int_eq(endpoint_new("web", "tcp://web.example:443", 0, &endpoint), 0);
	ck_assert_int_eq(address_parse("192.0.2.1", &v4), 0);
	ck_assert_int_eq(address_parse("2001:db8::1", &v6), 0);
}

static void teardown(void)
{
	endpoint_free(endpoint);
}

static void resolve(const Address *ipv4, const Address *ipv6)
{
	endpoint->resolving = false;
	endpoint_set_address(endpoint, AF_INET, ipv4);
	endpoint_set_address(endpoint, AF_INET6, ipv6);
}

static void add(const Address *address, ProbeOutcome outcome, uint32_t rtt_us)
{
	ProbeResult result = {
		.outcome = outcome,
		.address = *address,
		.when_ns = now,
		.rtt_us = rtt_us,
		.overhead_us = outcome == PROBE_OK ? 77 : 0,
		.syn_retransmits = outcome == PROBE_SYN_RETRANSMIT,
	};

	ck_assert_int_eq(endpoint_add_result(endpoint, &result), 0);
}

static void add_times(unsigned n, const Address *address, ProbeOutcome outcome, uint32_t rtt_us)
{
	while (n-- > 0)
		add(address, outcome, rtt_us);
}

static WindowSummary summary(WindowSpan span)
{
	WindowSummary s;

	endpoint_summarise(endpoint, span, now, &s);
	return s;
}

#define ck_assert_state(expected)                                                                  \
	ck_assert_str_eq(endpoint_state_name(endpoint_state(endpoint)), expected)

START_TEST(test_new)
{
	ck_assert_str_eq(endpoint->name, "web");
	ck_assert_str_eq(endpoint->url, "tcp://web.example:443");
	ck_assert(endpoint->resolving);
	ck_assert_state("pending");
	ck_assert_int_eq(endpoint_slo(endpoint, now), ENDPOINT_SLO_NONE);
	ck_assert_uint_eq(summary(WINDOW_24H).count, 0);
	endpoint_free(NULL);
}
END_TEST

START_TEST(test_too_long_names_are_refused_not_cut)
{
	char name[ENDPOINT_NAME_MAX + 1];
	Endpoint *other = NULL;

	memset(name, 'n', sizeof(name));
	name[ENDPOINT_NAME_MAX] = '\0';
	ck_assert_int_eq(endpoint_new(name, "tcp://a:1", 0, &other), -ENAMETOOLONG);
	ck_assert_ptr_null(other);
	name[ENDPOINT_NAME_MAX - 1] = '\0';
	ck_assert_int_eq(endpoint_new(name, "tcp://a:1", 0, &other), 0);
	endpoint_free(other);
}
END_TEST

START_TEST(test_pending_until_measured_unresolved_without_address)
{
	resolve(&v4, &none);
	ck_assert_state("pending");
	resolve(&none, &none);
	ck_assert_state("unresolved");
	add(&none, PROBE_UNRESOLVED, 0);
	ck_assert_state("unresolved");
	resolve(&v4, &none);
	ck_assert_state("pending");
	add(&v4, PROBE_OK, MS(20));
	ck_assert_state("up");
	resolve(&none, &none);
	ck_assert_state("unresolved");
}
END_TEST

START_TEST(test_down_after_three_failures_in_a_row_and_up_after_one_success)
{
	resolve(&v4, &none);
	add(&v4, PROBE_OK, MS(20));
	add_times(2, &v4, PROBE_TIMEOUT, 0);
	ck_assert_state("up");
	add(&v4, PROBE_REFUSED, 0);
	ck_assert_state("down");
	add(&v4, PROBE_OK, MS(20));
	ck_assert_state("up");
	add_times(2, &v4, PROBE_UNREACHABLE, 0);
	ck_assert_state("up"); /* counted anew */
}
END_TEST

START_TEST(test_never_reached_is_pending_then_down)
{
	resolve(&v4, &none);
	add_times(2, &v4, PROBE_TIMEOUT, 0);
	ck_assert_state("pending");
	add(&v4, PROBE_TIMEOUT, 0);
	ck_assert_state("down");
}
END_TEST

START_TEST(test_a_lost_syn_is_a_loss_but_not_down)
{
	resolve(&v4, &none);
	add_times(2, &v4, PROBE_TIMEOUT, 0);
	add(&v4, PROBE_SYN_RETRANSMIT, 0);
	ck_assert_state("up");
	add_times(5, &v4, PROBE_SYN_RETRANSMIT, 0);
	ck_assert_state("up");
	ck_assert_uint_eq(summary(WINDOW_1MIN).failures, 8);
	ck_assert(!summary(WINDOW_1MIN).has_latency);
}
END_TEST

START_TEST(test_one_family_up_is_up_both_down_is_down)
{
	resolve(&v4, &v6);
	add_times(5, &v6, PROBE_UNREACHABLE, 0);
	ck_assert_state("pending"); /* of IPv4 nothing is known yet */
	add(&v4, PROBE_OK, MS(10));
	ck_assert_state("up");
	add_times(3, &v4, PROBE_TIMEOUT, 0);
	ck_assert_state("down");
	add(&v6, PROBE_OK, MS(10));
	ck_assert_state("up");
	/* A family that is not in use has no say. */
	resolve(&v4, &none);
	ck_assert_state("down");
}
END_TEST

START_TEST(test_our_own_lack_says_nothing_of_the_path)
{
	resolve(&v4, &none);
	add_times(5, &v4, PROBE_LOCAL, 0);
	ck_assert_state("pending");
	ck_assert_uint_eq(summary(WINDOW_1MIN).count, 0);
	ck_assert_uint_eq(endpoint->targets[ENDPOINT_IPV4].failures[PROBE_LOCAL], 5);
	add(&v4, PROBE_OK, MS(10));
	add_times(5, &v4, PROBE_LOCAL, 0);
	ck_assert_state("up");
	ck_assert_int_eq(endpoint->targets[ENDPOINT_IPV4].last.outcome, PROBE_LOCAL);
	/* and neither ends a row of failures */
	add_times(2, &v4, PROBE_TIMEOUT, 0);
	add(&v4, PROBE_LOCAL, 0);
	add(&v4, PROBE_TIMEOUT, 0);
	ck_assert_state("down");
}
END_TEST

START_TEST(test_reasons_are_counted_per_family)
{
	const EndpointTarget *ipv4 = &endpoint->targets[ENDPOINT_IPV4];
	const EndpointTarget *ipv6 = &endpoint->targets[ENDPOINT_IPV6];

	resolve(&v4, &v6);
	for (int outcome = 0; outcome < _PROBE_OUTCOMES; outcome++)
		add_times((unsigned)outcome + 1, &v4, (ProbeOutcome)outcome, MS(1));
	add(&v6, PROBE_REFUSED, 0);
	for (int outcome = 0; outcome < _PROBE_OUTCOMES; outcome++) {
		ck_assert_uint_eq(ipv4->failures[outcome], (unsigned)outcome + 1);
		ck_assert_uint_eq(ipv6->failures[outcome], outcome == PROBE_REFUSED);
	}
	ck_assert(ipv6->has_last);
	ck_assert_int_eq(ipv6->last.outcome, PROBE_REFUSED);
	ck_assert(address_equal(&ipv6->last.address, &v6));
}
END_TEST

START_TEST(test_what_has_no_address_counts_where_there_is_history)
{
	add(&none, PROBE_UNRESOLVED, 0);
	ck_assert_uint_eq(endpoint->targets[ENDPOINT_IPV4].failures[PROBE_UNRESOLVED], 1);
	teardown();
	setup();
	resolve(&none, &v6);
	add(&v6, PROBE_OK, MS(1));
	resolve(&none, &none);
	add(&none, PROBE_UNRESOLVED, 0);
	ck_assert_uint_eq(endpoint->targets[ENDPOINT_IPV6].failures[PROBE_UNRESOLVED], 1);
	ck_assert_uint_eq(summary(WINDOW_1MIN).failures, 1);
}
END_TEST

START_TEST(test_history_survives_a_change_of_address)
{
	Address other;

	ck_assert_int_eq(address_parse("192.0.2.99", &other), 0);
	resolve(&v4, &none);
	add_times(10, &v4, PROBE_OK, MS(20));
	resolve(&other, &none);
	ck_assert(address_equal(&endpoint->targets[ENDPOINT_IPV4].address, &other));
	ck_assert_uint_eq(summary(WINDOW_1MIN).count, 10);
	ck_assert_state("up");
}
END_TEST

START_TEST(test_what_comes_back_starts_without_verdict)
{
	resolve(&v4, &none);
	add(&v4, PROBE_OK, MS(1));
	add_times(3, &v4, PROBE_TIMEOUT, 0);
	resolve(&none, &none);
	resolve(&v4, &none);
	ck_assert_state("up"); /* it was once, and nothing says otherwise since */
	add_times(2, &v4, PROBE_TIMEOUT, 0);
	ck_assert_state("up");
	add(&v4, PROBE_TIMEOUT, 0);
	ck_assert_state("down");
}
END_TEST

START_TEST(test_summary_joins_both_families)
{
	WindowSummary s;

	resolve(&v4, &v6);
	add_times(30, &v4, PROBE_OK, MS(10));
	add_times(10, &v6, PROBE_OK, MS(30));
	add_times(5, &v6, PROBE_TIMEOUT, 0);
	s = summary(WINDOW_1MIN);
	ck_assert_uint_eq(s.count, 45);
	ck_assert_uint_eq(s.failures, 5);
	ck_assert(s.has_latency);
	ck_assert_uint_eq(s.min_us, MS(10));
	ck_assert_uint_eq(s.max_us, MS(30));
	ck_assert_uint_eq(s.mean_us, MS(15));
	ck_assert(s.has_p50 && s.has_p95 && !s.has_p99);
	ck_assert_double_eq_tol(s.p50_us, MS(10), MS(10) / 64.0);
	ck_assert_double_eq_tol(s.p95_us, MS(30), MS(30) / 64.0);
}
END_TEST

START_TEST(test_too_few_samples_have_no_percentile)
{
	WindowSummary s;

	resolve(&v4, &none);
	add_times(50, &v4, PROBE_TIMEOUT, 0); /* attempts, not samples */
	add_times(2, &v4, PROBE_OK, MS(10));
	s = summary(WINDOW_1MIN);
	ck_assert(s.has_latency);
	ck_assert(!s.has_p50 && !s.has_p95 && !s.has_p99);
}
END_TEST

START_TEST(test_windows_forget)
{
	resolve(&v4, &none);
	add(&v4, PROBE_OK, MS(10));
	add(&v4, PROBE_TIMEOUT, 0);
	now += 2 * NSEC_PER_MIN;
	ck_assert_uint_eq(summary(WINDOW_1MIN).count, 0);
	ck_assert_uint_eq(summary(WINDOW_10MIN).count, 2);
	now += 2 * NSEC_PER_HOUR;
	ck_assert_uint_eq(summary(WINDOW_1H).count, 0);
	ck_assert_uint_eq(summary(WINDOW_24H).count, 2);
	ck_assert_uint_eq(endpoint->targets[ENDPOINT_IPV4].failures[PROBE_TIMEOUT], 1);
}
END_TEST

START_TEST(test_overhead_is_of_successes_only)
{
	WindowSummary s;

	resolve(&v4, &none);
	add_times(3, &v4, PROBE_OK, MS(10));
	add_times(4, &v4, PROBE_TIMEOUT, 0);
	add_times(4, &v4, PROBE_SYN_RETRANSMIT, 0);
	window_summarise(&endpoint->targets[ENDPOINT_IPV4].overhead, WINDOW_1MIN, now, &s);
	ck_assert_uint_eq(s.count, 3);
	ck_assert_uint_eq(s.min_us, 77);
	ck_assert_uint_eq(s.max_us, 77);
}
END_TEST

START_TEST(test_slo_needs_a_target_and_enough_attempts)
{
	resolve(&v4, &none);
	add_times(200, &v4, PROBE_OK, MS(10));
	ck_assert_int_eq(endpoint_slo(endpoint, now), ENDPOINT_SLO_NONE);
	endpoint->target_p99_ns = 20 * NSEC_PER_MSEC;
	ck_assert_int_eq(endpoint_slo(endpoint, now), ENDPOINT_SLO_MET);
	teardown();
	setup();
	endpoint->target_p99_ns = 20 * NSEC_PER_MSEC;
	add_times(99, &v4, PROBE_OK, MS(100));
	ck_assert_int_eq(endpoint_slo(endpoint, now), ENDPOINT_SLO_NONE);
	add(&v4, PROBE_OK, MS(100));
	ck_assert_int_eq(endpoint_slo(endpoint, now), ENDPOINT_SLO_MISSED);
	/* An hour later there is nothing to judge. */
	now += 2 * NSEC_PER_HOUR;
	ck_assert_int_eq(endpoint_slo(endpoint, now), ENDPOINT_SLO_NONE);
}
END_TEST

START_TEST(test_slo_is_about_one_attempt_in_a_hundred)
{
	resolve(&v4, &v6);
	endpoint->target_p99_ns = 20 * NSEC_PER_MSEC;
	add_times(500, &v4, PROBE_OK, MS(10));
	add_times(490, &v6, PROBE_OK, MS(10));
	add_times(10, &v6, PROBE_OK, MS(50));
	ck_assert_int_eq(endpoint_slo(endpoint, now), ENDPOINT_SLO_MET);
	add_times(20, &v6, PROBE_OK, MS(50));
	ck_assert_int_eq(endpoint_slo(endpoint, now), ENDPOINT_SLO_MISSED);
}
END_TEST

START_TEST(test_slo_counts_failures_as_too_slow)
{
	resolve(&v4, &none);
	endpoint->target_p99_ns = 20 * NSEC_PER_MSEC;
	add_times(990, &v4, PROBE_OK, MS(10));
	add_times(10, &v4, PROBE_TIMEOUT, 0);
	ck_assert_int_eq(endpoint_slo(endpoint, now), ENDPOINT_SLO_MET);
	add_times(5, &v4, PROBE_TIMEOUT, 0);
	ck_assert_int_eq(endpoint_slo(endpoint, now), ENDPOINT_SLO_MISSED);
	teardown();
	setup();
	/* 0.6 % failed and 0.6 % slow: neither alone misses it, together they do. */
	endpoint->target_p99_ns = 20 * NSEC_PER_MSEC;
	add_times(988, &v4, PROBE_OK, MS(10));
	add_times(6, &v4, PROBE_OK, MS(50));
	ck_assert_int_eq(endpoint_slo(endpoint, now), ENDPOINT_SLO_MET);
	add_times(6, &v4, PROBE_TIMEOUT, 0);
	ck_assert_int_eq(endpoint_slo(endpoint, now), ENDPOINT_SLO_MISSED);
	teardown();
	setup();
	endpoint->target_p99_ns = 20 * NSEC_PER_MSEC;
	add_times(100, &v4, PROBE_REFUSED, 0); /* no latency at all */
	ck_assert_int_eq(endpoint_slo(endpoint, now), ENDPOINT_SLO_MISSED);
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

HARNESS_MAIN("endpoint",
	     CASE_WITH_FIXTURE(suite, "state", test_new, test_too_long_names_are_refused_not_cut,
			       test_pending_until_measured_unresolved_without_address,
			       test_down_after_three_failures_in_a_row_and_up_after_one_success,
			       test_never_reached_is_pending_then_down,
			       test_a_lost_syn_is_a_loss_but_not_down,
			       test_one_family_up_is_up_both_down_is_down,
			       test_our_own_lack_says_nothing_of_the_path,
			       test_what_comes_back_starts_without_verdict);
	     CASE_WITH_FIXTURE(suite, "counts", test_reasons_are_counted_per_family,
			       test_what_has_no_address_counts_where_there_is_history,
			       test_history_survives_a_change_of_address,
			       test_summary_joins_both_families,
			       test_too_few_samples_have_no_percentile, test_windows_forget,
			       test_overhead_is_of_successes_only);
	     CASE_WITH_FIXTURE(suite, "slo", test_slo_needs_a_target_and_enough_attempts,
			       test_slo_is_about_one_attempt_in_a_hundred,
			       test_slo_counts_failures_as_too_slow);)
