/* SPDX-License-Identifier: MIT */
/*
 * GetHistory, and the few points of a sparkline.
 */
#include "daemon/serve/history.h"

#include <string.h>

#include "tests/unit/method_call.h"

#define WEB "{\"name\":\"web\"}"

static int64_t value_at(const Json *object, const char *key, size_t i)
{
	return json_int(json_at(json_get(object, key), i), -1);
}

/* "web" was probed each second for 151 s, the first time in vain; now is 20 s into a minute. */
START_TEST(test_minutes)
{
	_cleanup_json_ Json *reply = call_root(INTERFACE_GET_HISTORY, WEB);
	const Json *web = element(reply, "series", 0);
	size_t n = json_length(json_get(web, "count"));
	int64_t attempts = 0;

	check_shape(interface_idl, INTERFACE_GET_HISTORY, reply);
	ck_assert_int_eq(int_at(json_get(reply, "parameters"), "stepUsec"), 60000000);
	ck_assert_int_eq(int_at(json_get(reply, "parameters"), "total"), FAKE_ENDPOINTS);
	ck_assert_uint_eq(length_of(reply, "series"), 1);
	ck_assert_str_eq(string_at(web, "name"), "web");
	ck_assert_uint_eq(n, 4); /* 11 s, two whole minutes, 20 s */
	ck_assert_uint_eq(json_length(json_get(web, "p50Usec")), n);
	ck_assert_uint_eq(json_length(json_get(web, "p95Usec")), n);
	ck_assert_uint_eq(json_length(json_get(web, "lossPermille")), n);
	for (size_t i = 0; i < n; i++)
		attempts += value_at(web, "count", i);
	ck_assert_int_eq(attempts, 151);
	ck_assert_int_eq(value_at(web, "count", 1), 60);
	ck_assert_int_eq(value_at(web, "lossPermille", 0), 1000 / value_at(web, "count", 0));
	ck_assert_int_eq(value_at(web, "lossPermille", 1), 0);
	ck_assert_int_ge(value_at(web, "p50Usec", 2), 19500);
	ck_assert_int_le(value_at(web, "p50Usec", 2), 20500);
	ck_assert_ptr_null(json_at(json_get(web, "p95Usec"), 0)); /* too few */
	ck_assert_ptr_nonnull(json_at(json_get(web, "p95Usec"), 1));
}
END_TEST

/* The first step began where the clocks say. */
START_TEST(test_start)
{
	_cleanup_json_ Json *reply = call_root(INTERFACE_GET_HISTORY, WEB);
	uint64_t begin_ns = (fake.now_ns / NSEC_PER_MIN - 3) * NSEC_PER_MIN;
	uint64_t realtime_ns = fake.view.realtime_ns - (fake.now_ns - begin_ns);

	ck_assert_int_eq(int_at(element(reply, "series", 0), "startRealtimeUsec"),
			 (int64_t)(realtime_ns / NSEC_PER_USEC));
}
END_TEST

START_TEST(test_quarters)
{
	_cleanup_json_ Json *reply =
		call_root(INTERFACE_GET_HISTORY, "{\"name\":\"web\",\"spanUsec\":10800000001}");
	const Json *web = element(reply, "series", 0);

	ck_assert_int_eq(int_at(json_get(reply, "parameters"), "stepUsec"), 900000000);
	ck_assert_uint_ge(json_length(json_get(web, "count")), 1);
	ck_assert_uint_le(json_length(json_get(web, "count")), 2);
}
END_TEST

/* No more than was asked for. */
START_TEST(test_span)
{
	_cleanup_json_ Json *reply =
		call_root(INTERFACE_GET_HISTORY, "{\"name\":\"web\",\"spanUsec\":60000001}");

	ck_assert_uint_eq(json_length(json_get(element(reply, "series", 0), "count")), 2);
}
END_TEST

START_TEST(test_all)
{
	_cleanup_json_ Json *reply = call_root(INTERFACE_GET_HISTORY, NULL);
	_cleanup_json_ Json *two = call_root(INTERFACE_GET_HISTORY, "{\"offset\":1,\"limit\":2}");

	ck_assert_uint_eq(length_of(reply, "series"), FAKE_ENDPOINTS);
	/* One that was never tried has a history of nothing. */
	ck_assert_uint_eq(json_length(json_get(element(reply, "series", FAKE_LOST), "count")), 0);
	/* One that never answered has losses, and no latency. */
	ck_assert_int_eq(value_at(element(reply, "series", FAKE_DOWN), "lossPermille", 0), 1000);
	ck_assert_ptr_null(json_at(json_get(element(reply, "series", FAKE_DOWN), "p50Usec"), 0));
	ck_assert_uint_eq(length_of(two, "series"), 2);
	ck_assert_str_eq(string_at(element(two, "series", 0), "name"), "lost");
	ck_assert_int_eq(int_at(json_get(two, "parameters"), "total"), FAKE_ENDPOINTS);
}
END_TEST

START_TEST(test_unknown)
{
	_cleanup_json_ Json *reply = call_root(INTERFACE_GET_HISTORY, "{\"name\":\"nothing\"}");

	ck_assert_str_eq(error_of(reply), INTERFACE_ERROR_NO_SUCH_ENDPOINT);
	check_error_shape(reply);
}
END_TEST

START_TEST(test_sparkline)
{
	_cleanup_json_ Json *endpoints = call_root(INTERFACE_LIST_ENDPOINTS, NULL);
	_cleanup_json_ Json *status = call_root(INTERFACE_GET_STATUS, NULL);
	const Json *web = json_get(element(endpoints, "endpoints", FAKE_WEB), "history");
	const Json *lost = json_get(element(endpoints, "endpoints", FAKE_LOST), "history");
	const Json *slow = element(status, "slowest", 0);

	ck_assert_uint_eq(json_length(web), 4);
	ck_assert_int_ge(json_int(json_at(web, 3), -1), 20000);
	ck_assert_uint_eq(json_length(lost), 0);
	ck_assert_str_eq(string_at(slow, "endpoint"), "site");
	ck_assert_str_eq(string_at(slow, "state"), "up");
	ck_assert_str_eq(string_at(slow, "slo"), "missed");
	ck_assert_str_eq(string_at(json_get(slow, "window"), "span"), "10min");
	ck_assert_uint_ge(json_length(json_get(slow, "history")), 3);
}
END_TEST

/* Half an hour of minutes, and no more; those without an answer are null. */
START_TEST(test_sparkline_is_short)
{
	Endpoint *web = fake.endpoints[FAKE_WEB];
	_cleanup_json_ Json *history = NULL;

	for (unsigned minute = 0; minute < 100; minute++) {
		ProbeResult result = {.outcome = minute % 2 ? PROBE_OK : PROBE_TIMEOUT,
				      .address = web->targets[ENDPOINT_IPV4].address,
				      .when_ns = fake.now_ns += NSEC_PER_MIN,
				      .failed_in = PHASE_CONNECT};

		if (minute % 2)
			probe_result_set(&result, PHASE_CONNECT, 5 * NSEC_PER_MSEC);
		ck_assert_int_ge(endpoint_add_result(web, &result), 0);
	}
	history = history_recent(web, fake.now_ns);
	ck_assert_uint_eq(json_length(history), HISTORY_RECENT);
	ck_assert_int_ge(json_int(json_at(history, HISTORY_RECENT - 1), -1), 4900);
	ck_assert_ptr_null(json_at(history, HISTORY_RECENT - 2));
	ck_assert_ptr_null(json_at(history, 0));
}
END_TEST

HARNESS_MAIN("serve_history",
	     HARNESS_FIXTURE(suite, "history", setup, teardown, test_minutes, test_start,
			     test_quarters, test_span, test_all, test_unknown, test_sparkline,
			     test_sparkline_is_short);)
