/* SPDX-License-Identifier: MIT */
/* The receive path: drops, squeezes, noise, and processors that can do no more. */
#include "tests/unit/controller_bench.h"

START_TEST(test_drops)
{
	host.rates[HOST_SOFTNET_PROCESSED] = 100000;
	host.rates[HOST_SOFTNET_DROPPED] = 50;
	host.rates[HOST_CPU_TIME] = 200;
	host.rates[HOST_SOFTIRQ_TIME] = 40;
	fake_host_windows(&host, 3);
	ck_assert(bench_ask(&controller_softnet));
	ck_assert_uint_eq(proposal.n_tunables, 1);
	ck_assert_uint_eq(proposal.tunables[0].id, TUNABLE_NETDEV_MAX_BACKLOG);
	ck_assert_int_eq(bench_number(0, 0), 2000);
	ck_assert_int_eq(proposal.plan.counter.fault, HOST_SOFTNET_DROPPED);
	ck_assert_uint_eq(proposal.plan.counter.n_guards, 2);
	ck_assert(!proposal.plan.counter.new_only);
	bench_needs(&controller_softnet, TUNABLE_NETDEV_MAX_BACKLOG);
	bench_set(TUNABLE_NETDEV_MAX_BACKLOG, "65536");
	bench_refuses(&controller_softnet, "as far as it goes");
}
END_TEST

START_TEST(test_squeezes)
{
	host.rates[HOST_SOFTNET_PROCESSED] = 100000;
	host.rates[HOST_SOFTNET_SQUEEZED] = 20; /* 20 * 300 packets: 6 % */
	fake_host_windows(&host, 3);
	ck_assert(bench_ask(&controller_softnet));
	ck_assert_uint_eq(proposal.n_tunables, 2);
	ck_assert_int_eq(bench_number(0, 0), 600);
	ck_assert_int_eq(bench_number(1, 0), 16000);
	ck_assert_int_eq(proposal.plan.counter.fault, HOST_SOFTNET_SQUEEZED);
	host.snapshot.tunables[TUNABLE_NETDEV_BUDGET_USECS].present = false; /* before 4.12 */
	ck_assert(bench_ask(&controller_softnet));
	ck_assert_uint_eq(proposal.n_tunables, 1);
	host.rates[HOST_SOFTNET_PROCESSED] = 200000; /* 3 % */
	fake_host_windows(&host, 3);
	bench_refuses(&controller_softnet, "no packets are dropped");
}
END_TEST

START_TEST(test_saturated)
{
	host.rates[HOST_SOFTNET_PROCESSED] = 100000;
	host.rates[HOST_SOFTNET_DROPPED] = 50;
	host.rates[HOST_CPU_TIME] = 200;
	host.rates[HOST_SOFTIRQ_TIME] = 101;
	fake_host_windows(&host, 3);
	bench_refuses(&controller_softnet, "50 % of all processor time: spread them");
}
END_TEST

START_TEST(test_nothing)
{
	bench_refuses(&controller_softnet, "not been watched");
	fake_host_windows(&host, 3);
	bench_refuses(&controller_softnet, "no packets are dropped");
	host.rates[HOST_SOFTNET_PROCESSED] = 100;
	fake_host_windows(&host, 2);
	host.reading.counters[HOST_SOFTNET_DROPPED] += 1000; /* once */
	fake_host_windows(&host, 1);
	bench_refuses(&controller_softnet, "no packets are dropped");
}
END_TEST

HARNESS_MAIN("softnet_policy",
	     HARNESS_FIXTURE(suite, "softnet", bench_setup, bench_teardown, test_drops,
			     test_squeezes, test_saturated, test_nothing);)
