/* SPDX-License-Identifier: MIT */
#include "daemon/model/history.h"

#include "common/base.h"
#include "common/clock.h"
#include "daemon/model/endpoint.h"
#include "tests/unit/harness.h"

#define BEGIN_NS  (3 * NSEC_PER_DAY)
#define MINUTE(n) (BEGIN_NS + (n)*NSEC_PER_MIN)

static Endpoint *endpoint;
static Address v4, v6;

static void setup(void)
{
	const EndpointSpec spec = {.name = "web",
				   .url = "tcp://web.example:80",
				   .scheme = "tcp",
				   .group = "",
				   .objective = "latency",
				   .headline = PHASE_CONNECT,
				   .rtt = PHASE_CONNECT};

	ck_assert_int_eq(endpoint_new(&spec, &endpoint), 0);
	ck_assert_int_eq(address_parse("192.0.2.1", &v4), 0);
	ck_assert_int_eq(address_parse("2001:db8::1", &v6), 0);
	endpoint_set_address(endpoint, AF_INET, &v4);
	endpoint_set_address(endpoint, AF_INET6, &v6);
}

static void teardown(void)
{
	endpoint_free(endpoint);
}

/* us 0: a timeout. */
static void add(const Address *address, uint64_t when_ns, uint32_t us)
{
	ProbeResult result = {.outcome = us > 0 ? PROBE_OK : PROBE_TIMEOUT,
			      .address = *address,
			      .when_ns = when_ns,
			      .failed_in = PHASE_CONNECT};

	if (us > 0)
		probe_result_set(&result, PHASE_CONNECT, us * NSEC_PER_USEC);
	ck_assert_int_ge(endpoint_add_result(endpoint, &result), 0);
}

static HistoryPoint at(HistoryScale scale, uint64_t when_ns)
{
	HistoryPoint point;

	endpoint_history_at(endpoint, scale, when_ns / history_step_ns(scale), &point);
	return point;
}

static void check_near(uint32_t us, uint32_t wanted)
{
	ck_assert_uint_ge(us, wanted - wanted / 64);
	ck_assert_uint_le(us, wanted + wanted / 64);
}

START_TEST(test_nothing)
{
	uint64_t first;
	HistoryPoint point = at(HISTORY_MINUTE, BEGIN_NS);

	ck_assert(!endpoint_history_begin(endpoint, HISTORY_MINUTE, &first));
	ck_assert(!point.has_p50 && !point.has_p95);
	ck_assert_uint_eq(point.count, 0);
}
END_TEST

/* Six a minute, each minute 1 ms more; then every minute is known, also those that have just ended
 * and the one in progress. */
START_TEST(test_minutes)
{
	uint64_t first;

	for (unsigned i = 0; i < 6 * 60; i++)
		add(&v4, BEGIN_NS + i * 10 * NSEC_PER_SEC, 10000 + i / 6 * 1000 + i % 6);
	ck_assert(endpoint_history_begin(endpoint, HISTORY_MINUTE, &first));
	ck_assert_uint_eq(first, BEGIN_NS / NSEC_PER_MIN);
	for (unsigned minute = 0; minute < 60; minute++) {
		HistoryPoint point = at(HISTORY_MINUTE, MINUTE(minute));

		ck_assert_uint_eq(point.count, 6);
		ck_assert_uint_eq(point.failures, 0);
		ck_assert(point.has_p50 && !point.has_p95); /* of six it is not known */
		check_near(point.p50_us, 10000 + minute * 1000);
	}
	ck_assert_uint_eq(at(HISTORY_MINUTE, MINUTE(60)).count, 0);
	ck_assert_uint_eq(at(HISTORY_QUARTER, MINUTE(0)).count, 90);
	check_near(at(HISTORY_QUARTER, MINUTE(0)).p50_us, 17000);
	check_near(at(HISTORY_QUARTER, MINUTE(0)).p95_us, 24000);
	check_near(at(HISTORY_QUARTER, MINUTE(45)).p50_us, 62000);
}
END_TEST

/* Both families together, and a failure has no latency. */
START_TEST(test_families_and_failures)
{
	for (unsigned i = 0; i < 10; i++) {
		add(&v4, MINUTE(0) + i * NSEC_PER_SEC, 10000);
		add(&v6, MINUTE(0) + i * NSEC_PER_SEC, i < 5 ? 0 : 20000);
	}
	add(&v4, MINUTE(1), 0);
	for (unsigned later = 0; later < 40; later += 20) { /* from the windows, from the ring */
		HistoryPoint point = at(HISTORY_MINUTE, MINUTE(0)),
			     lost = at(HISTORY_MINUTE, MINUTE(1));

		ck_assert_uint_eq(point.count, 20);
		ck_assert_uint_eq(point.failures, 5);
		check_near(point.p50_us, 10000);
		ck_assert_uint_eq(lost.count, 1);
		ck_assert_uint_eq(lost.failures, 1);
		ck_assert(!lost.has_p50);
		add(&v4, MINUTE(20 + later), 10000);
	}
}
END_TEST

/* A result that comes a little after its minute counts in it. */
START_TEST(test_late_result)
{
	add(&v4, MINUTE(0), 10000);
	add(&v6, MINUTE(1), 10000);
	add(&v4, MINUTE(1) - 1, 10000);
	add(&v4, MINUTE(3), 10000);
	ck_assert_uint_eq(at(HISTORY_MINUTE, MINUTE(0)).count, 2);
	ck_assert_uint_eq(at(HISTORY_MINUTE, MINUTE(1)).count, 1);
}
END_TEST

/* Silence leaves steps without attempts, which are not steps of loss. */
START_TEST(test_gap)
{
	uint64_t first;

	add(&v4, MINUTE(0), 10000);
	add(&v4, MINUTE(100), 30000);
	ck_assert(endpoint_history_begin(endpoint, HISTORY_MINUTE, &first));
	ck_assert_uint_eq(first, BEGIN_NS / NSEC_PER_MIN);
	ck_assert_uint_eq(at(HISTORY_MINUTE, MINUTE(0)).count, 0); /* the windows had forgotten */
	for (unsigned minute = 1; minute < 100; minute++)
		ck_assert_uint_eq(at(HISTORY_MINUTE, MINUTE(minute)).count, 0);
	check_near(at(HISTORY_MINUTE, MINUTE(100)).p50_us, 30000);
}
END_TEST

/* The ring turns: nothing of a turn ago is taken for something of now. */
START_TEST(test_turns)
{
	uint64_t first;

	for (unsigned minute = 0; minute < 500; minute++)
		add(&v4, MINUTE(minute), 1000 + minute * 100);
	ck_assert(endpoint_history_begin(endpoint, HISTORY_MINUTE, &first));
	ck_assert_uint_le(500 - (first - BEGIN_NS / NSEC_PER_MIN), HISTORY_MINUTES + 1);
	ck_assert_uint_ge(500 - (first - BEGIN_NS / NSEC_PER_MIN), HISTORY_MINUTES);
	for (unsigned minute = 500 - HISTORY_MINUTES; minute < 500; minute++)
		check_near(at(HISTORY_MINUTE, MINUTE(minute)).p50_us, 1000 + minute * 100);
	ck_assert_uint_eq(at(HISTORY_MINUTE, MINUTE(100)).count, 0);
	add(&v4, MINUTE(5000), 7000);
	for (unsigned minute = 5000 - HISTORY_MINUTES; minute < 5000; minute++)
		ck_assert_uint_eq(at(HISTORY_MINUTE, MINUTE(minute)).count, 0);
	check_near(at(HISTORY_MINUTE, MINUTE(5000)).p50_us, 7000);
	ck_assert_uint_eq(at(HISTORY_QUARTER, MINUTE(4000)).count, 0);
}
END_TEST

START_TEST(test_two_days)
{
	uint64_t quarters = 3 * 96, first;

	for (uint64_t i = 0; i < quarters * 30; i++)
		add(&v4, BEGIN_NS + i * 30 * NSEC_PER_SEC, 5000 + (uint32_t)(i / 30) * 10);
	ck_assert(endpoint_history_begin(endpoint, HISTORY_QUARTER, &first));
	ck_assert_uint_le(first, BEGIN_NS / (15 * NSEC_PER_MIN) + quarters - HISTORY_QUARTERS);
	for (uint64_t i = quarters - HISTORY_QUARTERS; i < quarters; i++) {
		HistoryPoint point = at(HISTORY_QUARTER, BEGIN_NS + i * 15 * NSEC_PER_MIN);

		ck_assert_uint_eq(point.count, 30);
		check_near(point.p50_us, 5000 + (uint32_t)i * 10);
		check_near(point.p95_us, 5000 + (uint32_t)i * 10);
	}
}
END_TEST

/* Near the clock's zero there is no ring before it. */
START_TEST(test_at_zero)
{
	uint64_t first;

	add(&v4, 0, 10000);
	add(&v4, 3 * NSEC_PER_MIN, 20000);
	ck_assert(endpoint_history_begin(endpoint, HISTORY_MINUTE, &first));
	ck_assert_uint_eq(first, 0);
	check_near(at(HISTORY_MINUTE, 0).p50_us, 10000);
	check_near(at(HISTORY_MINUTE, 3 * NSEC_PER_MIN).p50_us, 20000);
}
END_TEST

HARNESS_MAIN("history", HARNESS_FIXTURE(suite, "steps", setup, teardown, test_nothing, test_minutes,
					test_families_and_failures, test_late_result, test_gap,
					test_turns, test_two_days, test_at_zero);)
