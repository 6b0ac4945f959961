/* SPDX-License-Identifier: MIT */
#include "daemon/model/endpoint.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "common/clock.h"
#include "tests/unit/harness.h"

#define MS(ms) ((ms)*UINT32_C(1000)) /* in us */

static Endpoint *endpoint;
static Address v4, v6, none;
static uint64_t now = 3 * NSEC_PER_DAY;

static const EndpointSpec web = {.name = "web",
				 .url = "https://web.example",
				 .scheme = "https",
				 .group = "europe",
				 .objective = "latency",
				 .origin = ENDPOINT_CONFIGURED,
				 .headline = PHASE_TOTAL,
				 .rtt = PHASE_CONNECT};

static void setup(void)
{
	ck_assert_int_eq(endpoint_new(&web, &endpoint), 0);
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

/* A success takes total_us, of which 77 are this host's. */
static int add_result(const Address *address, ProbeOutcome outcome, uint32_t total_us)
{
	ProbeResult result = {
		.outcome = outcome,
		.address = *address,
		.when_ns = now,
		.syn_retransmits = outcome == PROBE_SYN_RETRANSMIT,
	};

	if (outcome == PROBE_OK) {
		probe_result_set(&result, PHASE_TOTAL, total_us * NSEC_PER_USEC);
		probe_result_set(&result, PHASE_CONNECT, total_us / 2 * NSEC_PER_USEC);
		probe_result_set(&result, PHASE_OVERHEAD, 77 * NSEC_PER_USEC);
	}
	return endpoint_add_result(endpoint, &result);
}

static void add(const Address *address, ProbeOutcome outcome, uint32_t total_us)
{
	ck_assert_int_eq(add_result(address, outcome, total_us), 0);
}

static void add_times(unsigned n, const Address *address, ProbeOutcome outcome, uint32_t total_us)
{
	while (n-- > 0)
		add(address, outcome, total_us);
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
	ck_assert_str_eq(endpoint->url, "https://web.example");
	ck_assert_str_eq(endpoint->scheme, "https");
	ck_assert_str_eq(endpoint->group, "europe");
	ck_assert_str_eq(endpoint->objective, "latency");
	ck_assert_int_eq(endpoint->headline, PHASE_TOTAL);
	ck_assert(endpoint->resolving);
	ck_assert_state("pending");
	ck_assert_int_eq(endpoint_slo(endpoint, now), ENDPOINT_SLO_NONE);
	ck_assert_uint_eq(summary(WINDOW_24H).count, 0);
	endpoint_free(NULL);
}
END_TEST

START_TEST(test_too_long_names_are_refused_not_cut)
{
	static const struct {
		size_t member, size;
	} texts[] = {{offsetof(EndpointSpec, name), sizeof(endpoint->name)},
		     {offsetof(EndpointSpec, url), sizeof(endpoint->url)},
		     {offsetof(EndpointSpec, scheme), sizeof(endpoint->scheme)},
		     {offsetof(EndpointSpec, group), sizeof(endpoint->group)}};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char text[ENDPOINT_URL_MAX + 1] = "";
		EndpointSpec spec = web;
		Endpoint *other = NULL;

		*(const char **)((char *)&spec + texts[i].member) = text;
		memset(text, 'n', texts[i].size);
		ck_assert_int_eq(endpoint_new(&spec, &other), -ENAMETOOLONG);
		ck_assert_ptr_null(other);
		text[texts[i].size - 1] = '\0';
		ck_assert_int_eq(endpoint_new(&spec, &other), 0);
		endpoint_free(other);
	}
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

/* What was only discovered may be one that answers nobody. */
START_TEST(test_discovered_and_never_reached_is_pending)
{
	endpoint->origin = ENDPOINT_GATEWAY;
	resolve(&v4, &none);
	for (unsigned i = 0; i < 2 * ENDPOINT_DOWN_AFTER; i++)
		(void)add_result(&v4, PROBE_TIMEOUT, 0);
	ck_assert_state("pending");
	(void)add_result(&v4, PROBE_OK, MS(1));
	ck_assert_state("up");
	for (unsigned i = 0; i < ENDPOINT_DOWN_AFTER; i++)
		(void)add_result(&v4, PROBE_TIMEOUT, 0);
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
	add_times(2, &v4, PROBE_PERMISSION, 0);
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
	ck_assert_double_eq_tol(s.p50_us, MS(10), MS(10) / 128.0);
	ck_assert_double_eq_tol(s.p95_us, MS(30), MS(30) / 128.0);
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
	endpoint_summarise_phase(&endpoint->targets[ENDPOINT_IPV4], PHASE_OVERHEAD, WINDOW_1MIN,
				 now, &s);
	ck_assert_uint_eq(s.count, 3);
	ck_assert_uint_eq(s.min_us, 77);
	ck_assert_uint_eq(s.max_us, 77);
}
END_TEST

START_TEST(test_windows_are_made_for_what_took_place)
{
	EndpointTarget *ipv4 = &endpoint->targets[ENDPOINT_IPV4];
	WindowSummary s;

	resolve(&v4, &v6);
	endpoint_summarise_phase(ipv4, PHASE_TLS, WINDOW_1H, now, &s);
	ck_assert_uint_eq(s.count, 0);
	ck_assert(!s.has_latency);
	add(&v4, PROBE_TIMEOUT, 0);
	for (ProbePhase phase = 0; phase < _PROBE_PHASES; phase++)
		ck_assert_int_eq(ipv4->phases[phase] != NULL, phase == PHASE_TOTAL);
	add(&v4, PROBE_OK, MS(20));
	for (ProbePhase phase = 0; phase < _PROBE_PHASES; phase++)
		ck_assert_int_eq(ipv4->phases[phase] != NULL, phase == PHASE_TOTAL ||
								      phase == PHASE_CONNECT ||
								      phase == PHASE_OVERHEAD);
	endpoint_summarise_phase(ipv4, PHASE_CONNECT, WINDOW_1H, now, &s);
	ck_assert_uint_eq(s.count, 1); /* the loss stands with the headline */
	ck_assert_uint_eq(s.min_us, MS(10));
	for (ProbePhase phase = 0; phase < _PROBE_PHASES; phase++)
		ck_assert_ptr_null(endpoint->targets[ENDPOINT_IPV6].phases[phase]);
}
END_TEST

/* What the result points to is gone after the callback. */
START_TEST(test_facts_and_explanation_are_copied)
{
	EndpointTarget *ipv4 = &endpoint->targets[ENDPOINT_IPV4];
	ProbeFacts facts = {.has_http = true, .http = {.status = 503}};
	char explanation[200];
	ProbeResult result = {.outcome = PROBE_STATUS,
			      .address = v4,
			      .when_ns = now,
			      .explanation = explanation,
			      .facts = &facts};

	memset(explanation, 'x', sizeof(explanation));
	explanation[sizeof(explanation) - 1] = '\0';
	ck_assert_int_eq(endpoint_add_result(endpoint, &result), 0);
	explanation[0] = 'y';
	facts.http.status = 0;
	ck_assert_ptr_eq(ipv4->last.explanation, ipv4->explanation);
	ck_assert_ptr_eq(ipv4->last.facts, ipv4->facts);
	ck_assert_uint_eq(strlen(ipv4->explanation), sizeof(ipv4->explanation) - 1);
	ck_assert_int_eq(ipv4->explanation[0], 'x');
	ck_assert_uint_eq(ipv4->facts->http.status, 503);
	/* The next one tells neither: what was learned stays, but is not of the last. */
	add(&v4, PROBE_TIMEOUT, 0);
	ck_assert_ptr_null(ipv4->last.explanation);
	ck_assert_ptr_null(ipv4->last.facts);
	ck_assert_str_eq(ipv4->explanation, "");
	ck_assert_uint_eq(ipv4->facts->http.status, 503);
}
END_TEST

/* Of the rtt phase only, told once, and per family. */
START_TEST(test_a_path_epoch_ends)
{
	EndpointTarget *ipv4 = &endpoint->targets[ENDPOINT_IPV4];
	unsigned changed = 0;

	resolve(&v4, &v6);
	for (unsigned i = 0; i < 720; i++) {
		int r = add_result(&v4, PROBE_OK, i < 360 ? MS(20) : MS(30));

		ck_assert(r == 0 || r == ENDPOINT_PATH_CHANGED);
		changed += r == ENDPOINT_PATH_CHANGED;
		ck_assert(changed == 0 || i > 360);
		now += 10 * NSEC_PER_SEC;
	}
	ck_assert_uint_eq(changed, 1);
	ck_assert_uint_eq(ipv4->floor.previous_us, MS(10));
	ck_assert_uint_eq(ipv4->floor.floor_us, MS(15));
	ck_assert_uint_eq(ipv4->floor.epoch, 2);
	ck_assert_uint_eq(endpoint->targets[ENDPOINT_IPV6].floor.epoch, 0);
}
END_TEST

/* What the host's own flows say of a peer that nobody probes. */
START_TEST(test_phases_without_probes)
{
	WindowSummary s;
	EndpointSpec peer = web;

	endpoint_free(endpoint);
	peer.origin = ENDPOINT_PEER;
	peer.headline = peer.rtt = PHASE_FLOW;
	peer.objective = NULL;
	ck_assert_int_eq(endpoint_new(&peer, &endpoint), 0);
	ck_assert_str_eq(endpoint->objective, "balanced");
	resolve(&none, &v6);
	ck_assert_state("pending");
	ck_assert_int_eq(endpoint_add_phase(endpoint, AF_INET6, PHASE_FLOW, now, MS(30)), 0);
	ck_assert_state("up");
	ck_assert_uint_eq(endpoint->targets[ENDPOINT_IPV6].floor.floor_us, MS(30));
	/* A lookup is neither the path nor an attempt. */
	ck_assert_int_eq(endpoint_add_phase(endpoint, AF_INET6, PHASE_RESOLVE, now, MS(1)), 0);
	ck_assert_uint_eq(endpoint->targets[ENDPOINT_IPV6].floor.floor_us, MS(30));
	ck_assert_uint_eq(endpoint->targets[ENDPOINT_IPV6].failures[PROBE_OK], 1);
	ck_assert_uint_eq(summary(WINDOW_1MIN).count, 1);
	endpoint_summarise_phase(&endpoint->targets[ENDPOINT_IPV6], PHASE_RESOLVE, WINDOW_1MIN, now,
				 &s);
	ck_assert_uint_eq(s.count, 1);
}
END_TEST

START_TEST(test_origin_names)
{
	ck_assert_str_eq(endpoint_origin_name(ENDPOINT_CONFIGURED), "configured");
	ck_assert_str_eq(endpoint_origin_name(ENDPOINT_GATEWAY), "gateway");
	ck_assert_str_eq(endpoint_origin_name(ENDPOINT_RESOLVER), "resolver");
	ck_assert_str_eq(endpoint_origin_name(ENDPOINT_PEER), "peer");
}
END_TEST

START_TEST(test_slo_of_three_targets)
{
	resolve(&v4, &none);
	endpoint->target_p50_ns = 15 * NSEC_PER_MSEC;
	add_times(2, &v4, PROBE_OK, MS(10));
	ck_assert_int_eq(endpoint_slo(endpoint, now), ENDPOINT_SLO_NONE);
	add(&v4, PROBE_OK, MS(10));
	ck_assert_int_eq(endpoint_slo(endpoint, now), ENDPOINT_SLO_MET);
	endpoint->target_p95_ns = 30 * NSEC_PER_MSEC;
	ck_assert_int_eq(endpoint_slo(endpoint, now), ENDPOINT_SLO_NONE); /* not all known */
	add_times(92, &v4, PROBE_OK, MS(10));
	add_times(5, &v4, PROBE_OK, MS(100));
	ck_assert_int_eq(endpoint_slo(endpoint, now), ENDPOINT_SLO_MET);
	add(&v4, PROBE_OK, MS(100));
	ck_assert_int_eq(endpoint_slo(endpoint, now), ENDPOINT_SLO_MISSED);
	endpoint->target_p95_ns = 0;
	ck_assert_int_eq(endpoint_slo(endpoint, now), ENDPOINT_SLO_MET);
	endpoint->target_p99_ns = 90 * NSEC_PER_MSEC;
	ck_assert_int_eq(endpoint_slo(endpoint, now), ENDPOINT_SLO_MISSED);
	/* One that is missed for certain needs no others. */
	teardown();
	setup();
	endpoint->target_p50_ns = 15 * NSEC_PER_MSEC;
	endpoint->target_p99_ns = 90 * NSEC_PER_MSEC;
	add_times(10, &v4, PROBE_OK, MS(20));
	ck_assert_int_eq(endpoint_slo(endpoint, now), ENDPOINT_SLO_MISSED);
	endpoint->target_p50_ns = 25 * NSEC_PER_MSEC;
	ck_assert_int_eq(endpoint_slo(endpoint, now), ENDPOINT_SLO_NONE);
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

HARNESS_MAIN("endpoint",
	     HARNESS_FIXTURE(suite, "state", setup, teardown, test_new,
			     test_too_long_names_are_refused_not_cut,
			     test_pending_until_measured_unresolved_without_address,
			     test_down_after_three_failures_in_a_row_and_up_after_one_success,
			     test_never_reached_is_pending_then_down,
			     test_discovered_and_never_reached_is_pending,
			     test_a_lost_syn_is_a_loss_but_not_down,
			     test_one_family_up_is_up_both_down_is_down,
			     test_our_own_lack_says_nothing_of_the_path,
			     test_what_comes_back_starts_without_verdict);
	     HARNESS_FIXTURE(suite, "counts", setup, teardown,
			     test_windows_are_made_for_what_took_place,
			     test_facts_and_explanation_are_copied, test_a_path_epoch_ends,
			     test_phases_without_probes, test_origin_names,
			     test_reasons_are_counted_per_family,
			     test_what_has_no_address_counts_where_there_is_history,
			     test_history_survives_a_change_of_address,
			     test_summary_joins_both_families,
			     test_too_few_samples_have_no_percentile, test_windows_forget,
			     test_overhead_is_of_successes_only);
	     HARNESS_FIXTURE(suite, "slo", setup, teardown, test_slo_of_three_targets,
			     test_slo_needs_a_target_and_enough_attempts,
			     test_slo_is_about_one_attempt_in_a_hundred,
			     test_slo_counts_failures_as_too_slow);)
