/* SPDX-License-Identifier: MIT */
/*
 * Endpoints, paths and sockets as they are told: what is unknown is null, what failed has no
 * latency, and what adds up in the model still adds up in the reply.
 */
#include "daemon/serve/views.h"

#include <stdio.h>

#include "common/probe_facts.h"
#include "tests/unit/method_call.h"

/* The reply's element of a list of objects whose member `key` is `value`. */
static const Json *find(const Json *array, const char *key, const char *value)
{
	for (size_t i = 0; i < json_length(array); i++)
		if (text_equal(string_at(json_at(array, i), key), value))
			return json_at(array, i);
	ck_abort_msg("no %s %s", key, value);
	return NULL;
}

static const Json *endpoint_at(const Json *reply, size_t which)
{
	return element(reply, "endpoints", which);
}

static const Json *target_at(const Json *endpoint, size_t i)
{
	return json_at(json_get(endpoint, "targets"), i);
}

static const Json *ten_minutes(const Json *object)
{
	return find(json_get(object, "windows"), "span", "10min");
}

START_TEST(test_endpoints)
{
	_cleanup_json_ Json *reply = call_root(INTERFACE_LIST_ENDPOINTS, NULL);
	const Json *up = endpoint_at(reply, FAKE_WEB), *lost = endpoint_at(reply, FAKE_LOST);
	const Json *target = target_at(up, 0), *window = ten_minutes(target);
	static const char *const unknown[] = {"targetP50Usec", "targetP95Usec", "targetP99Usec",
					      "group"};

	ck_assert_uint_eq(length_of(reply, "endpoints"), FAKE_ENDPOINTS);
	ck_assert_str_eq(string_at(up, "name"), "web");
	ck_assert_str_eq(string_at(up, "headline"), "connect");
	ck_assert_int_eq(int_at(up, "targetP99Usec"), 50000);
	ck_assert_int_eq(int_at(window, "count"), 151);
	ck_assert_int_eq(int_at(window, "failures"), 1);
	ck_assert_int_eq(int_at(window, "lossPermille"), 6);
	ck_assert_int_eq(int_at(window, "minUsec"), 20001);
	ck_assert_int_ge(int_at(window, "p99Usec"), 19000);
	/* Too few samples, no samples, no target: absent, never 0. */
	ck_assert_ptr_null(json_get(json_at(json_get(target, "windows"), 0), "p99Usec"));
	check_null(lost, unknown, ARRAY_SIZE(unknown));
	ck_assert_uint_eq(json_length(json_get(lost, "targets")), 0);
	ck_assert_str_eq(string_at(lost, "resolveError"), "no such name");
	ck_assert_ptr_null(json_get(json_at(json_get(lost, "windows"), 0), "lossPermille"));
}
END_TEST

START_TEST(test_identity)
{
	_cleanup_json_ Json *reply = call_root(INTERFACE_LIST_ENDPOINTS, NULL);
	const Json *site = endpoint_at(reply, FAKE_SITE);

	ck_assert_str_eq(string_at(site, "scheme"), "https");
	ck_assert_str_eq(string_at(site, "origin"), "configured");
	ck_assert_str_eq(string_at(site, "group"), "eu");
	ck_assert_str_eq(string_at(site, "objective"), "balanced");
	ck_assert_str_eq(string_at(site, "headline"), "total");
	ck_assert_int_eq(int_at(site, "targetP50Usec"), 50000);
	ck_assert_str_eq(string_at(site, "slo"), "missed");
	ck_assert_str_eq(string_at(endpoint_at(reply, FAKE_GATEWAY), "origin"), "gateway");
	ck_assert_str_eq(string_at(endpoint_at(reply, FAKE_RESOLVER), "origin"), "resolver");
}
END_TEST

START_TEST(test_phases)
{
	_cleanup_json_ Json *reply = call_root(INTERFACE_LIST_ENDPOINTS, "{\"name\":\"site\"}");
	const Json *target = target_at(endpoint_at(reply, 0), 1);
	const Json *phases = json_get(target, "phases");
	const Json *connect = ten_minutes(find(phases, "phase", "connect"));
	const Json *total = ten_minutes(find(phases, "phase", "total"));

	ck_assert_str_eq(string_at(target, "family"), "ipv6");
	ck_assert_uint_eq(json_length(phases), 7); /* what did not take place is not there */
	ck_assert_int_eq(int_at(connect, "count"), 120);
	ck_assert_int_eq(int_at(connect, "minUsec"), 40000);
	ck_assert_int_eq(int_at(connect, "maxUsec"), 40200);
	ck_assert_int_eq(int_at(ten_minutes(find(phases, "phase", "overhead")), "p50Usec"), 100);
	/* Losses are those of the headline, and only there. */
	ck_assert(json_has(connect, "lossPermille"));
	ck_assert_ptr_null(json_get(connect, "lossPermille"));
	ck_assert_int_eq(int_at(total, "lossPermille"), 0);
	ck_assert_int_eq(int_at(ten_minutes(target), "p50Usec"), int_at(total, "p50Usec"));
}
END_TEST

START_TEST(test_decomposition)
{
	_cleanup_json_ Json *reply = call_root(INTERFACE_LIST_ENDPOINTS, NULL);
	const Json *target = target_at(endpoint_at(reply, FAKE_SITE), 1);
	const Json *decomposition = json_get(target, "decomposition");
	const Json *parts = json_get(decomposition, "parts");
	const Json *down = target_at(endpoint_at(reply, FAKE_DOWN), 0);
	int64_t sum = 0;

	for (size_t i = 0; i < json_length(parts); i++)
		sum += int_at(json_at(parts, i), "usec");
	ck_assert_int_eq(sum, int_at(decomposition, "totalUsec"));
	ck_assert_int_eq(int_at(decomposition, "floorUsec"), 40000);
	ck_assert_int_eq(int_at(decomposition, "rounds"), 3);
	ck_assert_int_eq(int_at(find(parts, "part", "propagation"), "usec"), 120000);
	ck_assert_int_gt(int_at(decomposition, "samples"), 0);
	ck_assert(json_has(down, "decomposition"));
	ck_assert_ptr_null(json_get(down, "decomposition"));
}
END_TEST

START_TEST(test_floor)
{
	static const char *const unknown[] = {"floorUsec", "floorPreviousUsec", "pathEpoch",
					      "pathSinceAgoUsec"};
	_cleanup_json_ Json *object = json_new_object(), *fresh = json_new_object();
	Floor floor;

	floor_init(&floor);
	view_set_floor(fresh, &floor, 10 * NSEC_PER_SEC);
	check_null(fresh, unknown, ARRAY_SIZE(unknown));
	(void)floor_add(&floor, NSEC_PER_SEC, 20000);
	view_set_floor(object, &floor, 10 * NSEC_PER_SEC);
	ck_assert_int_eq(int_at(object, "floorUsec"), 20000);
	ck_assert_int_eq(int_at(object, "pathEpoch"), 1);
	ck_assert_int_eq(int_at(object, "pathSinceAgoUsec"), 9000000);
	ck_assert_ptr_null(json_get(object, "floorPreviousUsec"));
	floor.previous_us = 15000;
	view_set_floor(object, &floor, 10 * NSEC_PER_SEC);
	ck_assert_int_eq(int_at(object, "floorPreviousUsec"), 15000);
}
END_TEST

START_TEST(test_last_good)
{
	_cleanup_json_ Json *reply = call_root(INTERFACE_LIST_ENDPOINTS, "{\"name\":\"web\"}");
	const Json *last = json_get(target_at(endpoint_at(reply, 0), 0), "last");
	const Json *phases = json_get(last, "phases");
	static const char *const unknown[] = {"failedIn", "error", "explanation"};

	ck_assert_str_eq(string_at(last, "outcome"), "ok");
	ck_assert_int_eq(int_at(last, "wallUsec"), 20180);
	ck_assert_uint_eq(json_length(phases), 2);
	ck_assert_int_eq(int_at(find(phases, "phase", "connect"), "usec"), 20150);
	ck_assert_int_eq(int_at(find(phases, "phase", "overhead"), "usec"), 30);
	check_null(last, unknown, ARRAY_SIZE(unknown));
}
END_TEST

/* A failed probe is a loss with its reason and has no latency. */
START_TEST(test_last_failed)
{
	_cleanup_json_ Json *reply = call_root(INTERFACE_LIST_ENDPOINTS, "{\"name\":\"down\"}");
	const Json *target = target_at(endpoint_at(reply, 0), 0), *last = json_get(target, "last");
	const Json *failure = json_at(json_get(target, "failuresByReason"), 0);

	ck_assert_str_eq(string_at(last, "outcome"), "refused");
	ck_assert_str_eq(string_at(last, "failedIn"), "connect");
	ck_assert_str_eq(string_at(last, "error"), "Connection refused");
	ck_assert_uint_eq(json_length(json_get(last, "phases")), 0);
	ck_assert_ptr_null(json_get(ten_minutes(target), "minUsec"));
	ck_assert_str_eq(string_at(failure, "reason"), "refused");
	ck_assert_int_eq(int_at(failure, "count"), 4);
}
END_TEST

/* Even if somebody left times in it. */
START_TEST(test_failed_has_no_phase)
{
	EndpointTarget *target = &fake.endpoints[FAKE_DOWN]->targets[ENDPOINT_IPV4];
	_cleanup_json_ Json *reply = NULL;
	const Json *last;

	probe_result_set(&target->last, PHASE_CONNECT, NSEC_PER_SEC);
	target->last.explanation = "say \xff what";
	target->last.wall_us = 0;
	reply = call_root(INTERFACE_LIST_ENDPOINTS, "{\"name\":\"down\"}");
	last = json_get(target_at(endpoint_at(reply, 0), 0), "last");
	ck_assert_uint_eq(json_length(json_get(last, "phases")), 0);
	ck_assert_str_eq(string_at(last, "explanation"), "say ? what");
	ck_assert_ptr_null(json_get(last, "wallUsec"));
}
END_TEST

/* With the wait of this kernel, linear or doubling. */
START_TEST(test_syn_retransmit)
{
	_cleanup_json_ Json *reply = call_root(INTERFACE_LIST_ENDPOINTS, "{\"name\":\"site\"}");
	const Json *last = json_get(target_at(endpoint_at(reply, 0), 0), "last");
	ProbeResult *result = &fake.endpoints[FAKE_SITE]->targets[ENDPOINT_IPV4].last;
	_cleanup_json_ Json *doubling = NULL, *linear = NULL;
	char expected[128];

	ck_assert_str_eq(string_at(last, "outcome"), "syn-retransmit");
	ck_assert_int_eq(int_at(last, "synRetransmits"), 1);
	ck_assert_str_eq(string_at(last, "explanation"),
			 decompose_syn_retransmits(1, 1040000, 0, expected, sizeof(expected)));
	result->syn_retransmits = 2;
	result->wall_us = 3040000;
	doubling = call_root(INTERFACE_LIST_ENDPOINTS, "{\"name\":\"site\"}");
	fake.view.syn_linear_timeouts = 4;
	linear = call_root(INTERFACE_LIST_ENDPOINTS, "{\"name\":\"site\"}");
	ck_assert_str_eq(
		string_at(json_get(target_at(endpoint_at(doubling, 0), 0), "last"), "explanation"),
		decompose_syn_retransmits(2, 3040000, 0, expected, sizeof(expected)));
	ck_assert_str_eq(
		string_at(json_get(target_at(endpoint_at(linear, 0), 0), "last"), "explanation"),
		decompose_syn_retransmits(2, 3040000, 4, expected, sizeof(expected)));
}
END_TEST

START_TEST(test_facts)
{
	_cleanup_json_ Json *reply = call_root(INTERFACE_LIST_ENDPOINTS, NULL);
	const Json *site = target_at(endpoint_at(reply, FAKE_SITE), 1);
	const Json *tls = json_get(site, "tls"), *http = json_get(site, "http");
	const Json *icmp = json_get(target_at(endpoint_at(reply, FAKE_GATEWAY), 0), "icmp");
	const Json *dns = json_get(target_at(endpoint_at(reply, FAKE_RESOLVER), 0), "dns");
	static const char *const none[] = {"tls", "http", "dns", "icmp"};

	ck_assert_str_eq(string_at(tls, "version"), "TLSv1.3");
	ck_assert_str_eq(string_at(tls, "alpn"), "h2");
	ck_assert_str_eq(string_at(tls, "trust"), "verified");
	ck_assert_ptr_null(json_get(tls, "trustReason"));
	ck_assert_int_eq(int_at(tls, "certificateDaysLeft"), 80);
	ck_assert_int_eq(int_at(tls, "rounds"), 1);
	ck_assert(json_bool(json_get(tls, "resumed"), false));
	ck_assert_str_eq(string_at(tls, "fastOpen"), "cookie");
	ck_assert_int_eq(int_at(http, "status"), 200);
	ck_assert(json_bool(json_get(http, "h3"), false));
	ck_assert(!json_bool(json_get(http, "reusable"), true));
	ck_assert_int_eq(int_at(http, "bodyBytes"), 1234);
	ck_assert_str_eq(string_at(http, "server"), "n?x"); /* was no UTF-8 */
	ck_assert_ptr_null(json_get(http, "location"));
	ck_assert_ptr_null(json_get(site, "dns"));
	ck_assert_str_eq(string_at(icmp, "socket"), "raw");
	ck_assert_int_eq(int_at(icmp, "ttl"), 64);
	ck_assert_int_eq(int_at(dns, "answers"), 2);
	ck_assert_int_eq(int_at(dns, "ttlSec"), 300);
	ck_assert(json_bool(json_get(dns, "cached"), false));
	check_null(target_at(endpoint_at(reply, FAKE_WEB), 0), none, ARRAY_SIZE(none));
}
END_TEST

/* What the peer did not tell is null; expired since is negative. */
START_TEST(test_facts_unknown)
{
	static const char *const tls_unknown[] = {"version", "cipher", "alpn", "trustReason",
						  "rounds"};
	ProbeFacts facts = {.has_tls = true, .has_http = true, .has_dns = true, .has_icmp = true};
	_cleanup_json_ Json *target = json_new_object();

	facts.tls.trust = TRUST_REJECTED;
	facts.tls.has_days_left = true;
	facts.tls.days_left = -3;
	probe_facts_set(target, &facts);
	check_null(json_get(target, "tls"), tls_unknown, ARRAY_SIZE(tls_unknown));
	ck_assert_int_eq(json_int(json_get(json_get(target, "tls"), "certificateDaysLeft"), 0), -3);
	ck_assert_str_eq(string_at(json_get(target, "tls"), "trust"), "rejected");
	ck_assert_ptr_null(json_get(json_get(target, "http"), "status"));
	ck_assert_ptr_null(json_get(json_get(target, "dns"), "ttlSec"));
	ck_assert_ptr_null(json_get(json_get(target, "icmp"), "ttl"));
	ck_assert_str_eq(string_at(json_get(target, "icmp"), "socket"), "ping");
}
END_TEST

START_TEST(test_paths)
{
	_cleanup_json_ Json *reply = call_root(INTERFACE_LIST_PATHS, "{\"limit\":1}");
	_cleanup_json_ Json *all = call_root(INTERFACE_LIST_PATHS, NULL);
	const Json *first = element(reply, "paths", 0), *fresh = element(all, "paths", 1);
	const Json *series;
	static const char *const unknown[] = {"congestion",     "minRttUsec", "srttUsec",
					      "mssBytes",       "lossPpm",    "goodputBps",
					      "bestGoodputBps", "floorUsec",  "maxDeliveryBps"};

	ck_assert_uint_eq(length_of(reply, "paths"), 1);
	ck_assert_int_eq(int_at(json_get(reply, "parameters"), "total"), 2);
	ck_assert_int_eq(int_at(json_get(reply, "parameters"), "evicted"), 3);
	ck_assert_str_eq(string_at(first, "address"), "198.51.100.7");
	ck_assert_int_eq(int_at(first, "prefixLength"), 32);
	ck_assert_int_eq(int_at(fresh, "prefixLength"), 128);
	ck_assert_int_eq(int_at(first, "minRttUsec"), 100000);
	ck_assert_int_eq(int_at(first, "floorUsec"), 100000);
	ck_assert_int_eq(int_at(first, "bestGoodputBps"), 94200000);
	ck_assert_int_eq(int_at(first, "lastSeenAgoUsec"), 2000000);
	series = json_get(first, "series");
	ck_assert_uint_eq(json_length(series), 1);
	ck_assert_str_eq(string_at(json_at(series, 0), "series"), "queueing");
	ck_assert_int_eq(int_at(ten_minutes(json_at(series, 0)), "count"), 100);
	ck_assert_int_eq(int_at(ten_minutes(json_at(series, 0)), "p50Usec"), 4000);
	ck_assert_ptr_null(json_get(ten_minutes(json_at(series, 0)), "lossPermille"));
	ck_assert_uint_eq(json_length(json_get(fresh, "series")), 0);
	check_null(fresh, unknown, ARRAY_SIZE(unknown));
}
END_TEST

START_TEST(test_flow)
{
	_cleanup_json_ Json *flow = view_flow(&fake.kernel.flows[1], NULL);
	const Json *memory = json_get(flow, "memory"), *bbr = json_get(flow, "bbr");
	static const char *const unknown[] = {"ssthreshPackets", "pacingBps", "receiveRttUsec",
					      "lastReceivedAgoUsec", "process"};

	ck_assert_str_eq(string_at(flow, "local"), "192.0.2.100");
	ck_assert_int_eq(int_at(flow, "localPort"), 443);
	ck_assert_str_eq(string_at(flow, "remote"), "2001:db8::2");
	ck_assert_str_eq(string_at(flow, "state"), "established");
	ck_assert_str_eq(string_at(flow, "congestionState"), "open");
	ck_assert_int_eq(int_at(flow, "srttUsec"), 20500);
	ck_assert_int_eq(int_at(flow, "minRttUsec"), 20000);
	ck_assert_int_eq(int_at(flow, "cwndPackets"), 100);
	ck_assert_int_eq(int_at(flow, "deliveryBps"), 10000000); /* from bytes */
	ck_assert_int_eq(int_at(flow, "retransmittedBytes"), 1000);
	ck_assert_int_eq(int_at(flow, "lastSentAgoUsec"), 5000);
	ck_assert_int_eq(int_at(flow, "receiverLimitedUsec"), 500000);
	ck_assert_int_eq(int_at(flow, "uid"), 33);
	ck_assert_int_eq(int_at(memory, "sendBufferBytes"), 87040);
	ck_assert_int_eq(int_at(memory, "drops"), 3);
	ck_assert_int_eq(int_at(bbr, "bandwidthBps"), 8000000);
	ck_assert_int_eq(int_at(bbr, "pacingGainPermille"), 2886);
	ck_assert_int_eq(int_at(bbr, "cwndGainPermille"), 2000);
	ck_assert_int_eq(int_at(json_get(flow, "dctcp"), "alphaPpm"), 500000);
	check_null(flow, unknown, ARRAY_SIZE(unknown));
}
END_TEST

/* What an older kernel does not deliver. */
START_TEST(test_flow_old)
{
	_cleanup_json_ Json *flow = view_flow(&fake.kernel.flows[2], NULL);
	static const char *const unknown[] = {"congestion",
					      "limitedBy",
					      "minRttUsec",
					      "busyUsec",
					      "deliveryBps",
					      "ackedBytes",
					      "sentBytes",
					      "receivedBytes",
					      "retransmittedBytes",
					      "sendWindowBytes",
					      "receiveWindowBytes",
					      "timeouts",
					      "lastSentAgoUsec",
					      "notSentBytes",
					      "memory",
					      "receiverLimitedUsec",
					      "bbr",
					      "dctcp"};

	ck_assert_str_eq(string_at(flow, "state"), "close-wait");
	ck_assert_int_eq(int_at(flow, "srttUsec"), 20500);
	check_null(flow, unknown, ARRAY_SIZE(unknown));
}
END_TEST

static const struct {
	uint64_t busy_us, rwnd_us, sndbuf_us;
	bool app_limited;
	const char *limit; /* "": null */
} limits[] = {
	{0, 0, 0, true, ""},
	{1000, 500, 0, true, "receiver"},
	{1000, 499, 0, false, "cwnd"},
	{1001, 500, 0, false, "cwnd"},
	{1001, 501, 0, false, "receiver"},
	{1000, 0, 500, true, "sendbuffer"},
	{1000, 0, 499, true, "application"},
	{1000, 0, 0, false, "cwnd"},
	{UINT64_MAX, UINT64_MAX, 0, false, "receiver"},
};

START_TEST(test_limits)
{
	FlowSample *flow = &fake.kernel.flows[0];
	_cleanup_json_ Json *json = NULL;

	flow->info.raw.busy_time_us = limits[_i].busy_us;
	flow->info.raw.rwnd_limited_us = limits[_i].rwnd_us;
	flow->info.raw.sndbuf_limited_us = limits[_i].sndbuf_us;
	flow->info.raw.flags = limits[_i].app_limited;
	json = view_flow(flow, NULL);
	ck_assert_str_eq(string_at(json, "limitedBy"), limits[_i].limit);
	ck_assert(json_has(json, "limitedBy"));
}
END_TEST

/* The worst first, and of each the family that is worse. */
START_TEST(test_slowest)
{
	_cleanup_json_ Json *reply = call_root(INTERFACE_GET_STATUS, NULL);
	const Json *first = element(reply, "slowest", 0), *second = element(reply, "slowest", 1);
	_cleanup_json_ Json *others = NULL;

	ck_assert_uint_eq(length_of(reply, "slowest"), 4);
	ck_assert_str_eq(string_at(first, "endpoint"), "site");
	ck_assert_str_eq(string_at(first, "family"), "ipv6");
	ck_assert_int_eq(int_at(json_get(first, "decomposition"), "floorUsec"), 40000);
	ck_assert_str_eq(string_at(second, "endpoint"), "web");
	/* One that misses its target is worse than one that is merely farther away. */
	fake.endpoints[FAKE_SITE]->target_p50_ns = 0;
	fake.endpoints[FAKE_WEB]->target_p99_ns = NSEC_PER_MSEC;
	others = call_root(INTERFACE_GET_STATUS, NULL);
	ck_assert_str_eq(string_at(element(others, "slowest", 0), "endpoint"), "web");
	ck_assert_str_eq(string_at(element(others, "slowest", 1), "endpoint"), "site");
}
END_TEST

START_TEST(test_slowest_are_few)
{
	static Endpoint *many[20];
	_cleanup_json_ Json *reply = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = fake.endpoints[i == 13 ? FAKE_SITE : i % 2 ? FAKE_WEB : FAKE_GATEWAY];
	fake.view.endpoints = many;
	fake.view.n_endpoints = ARRAY_SIZE(many);
	reply = call_root(INTERFACE_GET_STATUS, NULL);
	ck_assert_uint_eq(length_of(reply, "slowest"), 5);
	ck_assert_str_eq(string_at(element(reply, "slowest", 0), "endpoint"), "site");
	for (size_t i = 1; i < 5; i++)
		ck_assert_str_eq(string_at(element(reply, "slowest", i), "endpoint"), "web");
}
END_TEST

START_TEST(test_sweep_cost)
{
	static ProberSchedule schedule = {.served = 10, .missed = 2, .skipped = 1};
	_cleanup_json_ Json *reply = NULL, *sampled = NULL;
	const Json *sweep, *slots;

	fake.view.sweep_slices = 0; /* before the first sweep */
	reply = call_root(INTERFACE_GET_STATUS, NULL);
	sweep = json_get(json_get(reply, "parameters"), "sweep");
	ck_assert_int_eq(int_at(sweep, "cpuUsec"), 40);
	ck_assert_int_eq(int_at(sweep, "cpuBudgetPpm"), 5000);
	ck_assert_int_eq(int_at(sweep, "cpuUsedPpm"), 20);
	ck_assert_int_eq(int_at(sweep, "slices"), 1);
	ck_assert_ptr_null(json_get(sweep, "reason"));
	ck_assert_int_eq(int_at(json_get(reply, "parameters"), "namespaces"), 2);
	ck_assert_ptr_null(json_get(json_get(reply, "parameters"), "schedule"));
	fake.view.sweep_slices = 4;
	fake.view.sweep_reason = "too many sockets";
	histogram_reset(&schedule.slip);
	for (uint32_t i = 0; i < 100; i++)
		histogram_add(&schedule.slip, 50);
	fake.view.schedule = &schedule;
	sampled = call_root(INTERFACE_GET_STATUS, NULL);
	check_shape(interface_idl, INTERFACE_GET_STATUS, sampled);
	sweep = json_get(json_get(sampled, "parameters"), "sweep");
	slots = json_get(json_get(sampled, "parameters"), "schedule");
	ck_assert_int_eq(int_at(sweep, "slices"), 4);
	ck_assert_str_eq(string_at(sweep, "reason"), "too many sockets");
	ck_assert_int_eq(int_at(slots, "missed"), 2);
	ck_assert_int_eq(int_at(slots, "slipMaxUsec"), 50);
}
END_TEST

static void add_all(Suite *suite)
{
	TTest const *const tests[] = {
		test_endpoints,      test_identity,  test_phases,        test_decomposition,
		test_floor,          test_last_good, test_last_failed,   test_failed_has_no_phase,
		test_syn_retransmit, test_facts,     test_facts_unknown, test_paths,
		test_flow,           test_flow_old,  test_slowest,       test_slowest_are_few,
		test_sweep_cost};
	TCase *all = tcase_create("views");

	tcase_add_checked_fixture(all, setup, teardown);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(all, tests[i]);
	tcase_add_loop_test(all, test_limits, 0, (int)ARRAY_SIZE(limits));
	suite_add_tcase(suite, all);
}

HARNESS_MAIN("views", add_all(suite);)
