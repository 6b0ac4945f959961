/* SPDX-License-Identifier: MIT */
/* TCP under memory pressure: where there is more, where there is not, and where it would not help.
 */
#include "tests/unit/controller_bench.h"

#define MIB UINT64_C(1048576)

START_TEST(test_pressure)
{
	fake_host_windows(&host, 2);
	host.reading.counters[HOST_MEMORY_PRESSURES] += 4;
	host.reading.gauges[HOST_TCP_MEMORY_PAGES] = 260000;
	fake_host_windows(&host, 1);
	ck_assert(bench_ask(&controller_memory));
	ck_assert_uint_eq(proposal.n_tunables, 1);
	ck_assert_int_eq(bench_number(0, 0), 237500);
	ck_assert_int_eq(bench_number(0, 1), 325000);
	ck_assert_int_eq(bench_number(0, 2), 487500);
	ck_assert_uint_eq(proposal.plan.counter.before_faults, 4);
	ck_assert_uint_eq(proposal.plan.counter.available_floor_bytes,
			  host.snapshot.memory_total_bytes / 100 * 10);
	bench_needs(&controller_memory, TUNABLE_TCP_MEM);
	bench_hold_all = true;
	bench_refuses(&controller_memory, "on hold");
}
END_TEST

START_TEST(test_bounds)
{
	host.rates[HOST_MEMORY_PRESSURES] = 1;
	host.reading.gauges[HOST_TCP_MEMORY_PAGES] = 400000;
	bench_set(TUNABLE_TCP_MEM, "190000 480000 600000");
	fake_host_windows(&host, 3);
	ck_assert(bench_ask(&controller_memory));
	/* 12 and 18 % of 4 Mi pages */
	ck_assert_int_eq(bench_number(0, 1), 503316);
	ck_assert_int_eq(bench_number(0, 2), 750000);
	bench_set(TUNABLE_TCP_MEM, "190000 510000 600000");
	host.snapshot.tunables[TUNABLE_TCP_MEM].original =
		host.snapshot.tunables[TUNABLE_TCP_MEM].current;
	bench_refuses(&controller_memory, "12 % and 18 % of RAM");
	bench_set(TUNABLE_TCP_MEM, "190000 480000 900000"); /* the administrator's: not lowered */
	host.snapshot.tunables[TUNABLE_TCP_MEM].original =
		host.snapshot.tunables[TUNABLE_TCP_MEM].current;
	bench_refuses(&controller_memory, "12 % and 18 % of RAM");
}
END_TEST

START_TEST(test_not_available)
{
	host.rates[HOST_MEMORY_PRESSURES] = 1;
	host.reading.gauges[HOST_MEMORY_AVAILABLE] = 4096 * MIB;
	fake_host_windows(&host, 3);
	bench_refuses(&controller_memory, "less than a quarter");
}
END_TEST

START_TEST(test_slow_readers)
{
	FakeFlow *flow = fake_host_open(&host, FAKE_ADDRESS, 0);

	host.rates[HOST_MEMORY_PRESSURES] = 1;
	host.reading.gauges[HOST_TCP_MEMORY_PAGES] = 260000;
	flow->sample.rmem_alloc = 600000000; /* of 1065 MB */
	fake_host_windows(&host, 3);
	bench_refuses(&controller_memory, "unread in three sockets");
}
END_TEST

START_TEST(test_give_back)
{
	bench_set(TUNABLE_TCP_MEM, "237500 325000 487500");
	host.reading.gauges[HOST_MEMORY_AVAILABLE] = 1700 * MIB;
	fake_host_windows(&host, 3);
	bench_refuses(&controller_memory, "not under memory pressure");
	host.reading.gauges[HOST_MEMORY_AVAILABLE] = 1600 * MIB;
	fake_host_windows(&host, 1);
	ck_assert(bench_ask(&controller_memory));
	ck_assert_int_eq(proposal.plan.kind, TRIAL_NONE);
	ck_assert_int_eq(bench_number(0, 1), 260000);
}
END_TEST

START_TEST(test_nothing)
{
	bench_refuses(&controller_memory, "not been watched");
	fake_host_windows(&host, 3);
	bench_refuses(&controller_memory, "not under memory pressure");
}
END_TEST

HARNESS_MAIN("memory", HARNESS_FIXTURE(suite, "memory", bench_setup, bench_teardown, test_pressure,
				       test_bounds, test_not_available, test_slow_readers,
				       test_give_back, test_nothing);)
