/* SPDX-License-Identifier: MIT */
/* Neighbour tables that fill up. */
#include "tests/unit/controller_bench.h"

START_TEST(test_nearly_full)
{
	host.reading.gauges[HOST_NEIGH_ENTRIES] = 409; /* 0.8 of 512, less one */
	fake_host_windows(&host, 3);
	bench_refuses(&controller_neighbours, "have room");
	host.reading.gauges[HOST_NEIGH_ENTRIES] = 410;
	fake_host_windows(&host, 1);
	ck_assert(bench_ask(&controller_neighbours));
	ck_assert_uint_eq(proposal.n_tunables, 2);
	ck_assert_uint_eq(proposal.tunables[0].id, TUNABLE_NEIGH_GC_THRESH2);
	ck_assert_int_eq(bench_number(0, 0), 1024);
	ck_assert_int_eq(bench_number(1, 0), 2048);
	ck_assert_uint_eq(proposal.plan.counter.before_faults, 0);
	bench_needs(&controller_neighbours, TUNABLE_NEIGH_GC_THRESH2);
}
END_TEST

START_TEST(test_full_ipv6)
{
	host.reading.gauges[HOST_NEIGH6_ENTRIES] = 300;
	host.rates[HOST_NEIGH6_FULLS] = 2;
	bench_set(TUNABLE_NEIGH6_GC_THRESH3, "8192");
	fake_host_windows(&host, 3);
	ck_assert(bench_ask(&controller_neighbours));
	ck_assert_uint_eq(proposal.n_tunables, 1); /* the third has room already */
	ck_assert_uint_eq(proposal.tunables[0].id, TUNABLE_NEIGH6_GC_THRESH2);
	ck_assert_int_eq(proposal.plan.counter.fault, HOST_NEIGH6_FULLS);
	ck_assert_uint_eq(proposal.plan.counter.before_faults, 180);
}
END_TEST

START_TEST(test_memory_bound)
{
	host.reading.gauges[HOST_NEIGH_ENTRIES] = 512;
	host.snapshot.memory_total_bytes = 64 * 512 * UINT64_C(1500);
	fake_host_windows(&host, 3);
	ck_assert(bench_ask(&controller_neighbours));
	ck_assert_int_eq(bench_number(0, 0), 750);
	ck_assert_int_eq(bench_number(1, 0), 1500);
	host.snapshot.memory_total_bytes = 64 * 512 * UINT64_C(1000);
	bench_refuses(&controller_neighbours, "1/64 of the memory");
}
END_TEST

HARNESS_MAIN("neighbours", HARNESS_FIXTURE(suite, "neighbours", bench_setup, bench_teardown,
					   test_nearly_full, test_full_ipv6, test_memory_bound);)
