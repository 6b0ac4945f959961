/* SPDX-License-Identifier: MIT */
/* Data that waits unsent: who minds, and how low the mark goes. */
#include "tests/unit/controller_bench.h"

/* 200 Mbit/s and so many bytes waiting. */
static FakeFlow *bulk(uint32_t notsent)
{
	FakeFlow *flow = fake_host_open(&host, FAKE_ADDRESS, 200 * MBIT);

	flow->sample.info.raw.notsent_bytes = notsent;
	return flow;
}

START_TEST(test_latency)
{
	config.objective = POLICY_LATENCY;
	(void)bulk(8000000);
	fake_host_windows(&host, 4);
	ck_assert(bench_ask(&controller_latency));
	ck_assert_int_eq(bench_number(0, 0), 131072);
	ck_assert_int_eq(proposal.plan.kind, TRIAL_SWITCHBACK);
	ck_assert_int_eq(proposal.plan.meter, METER_QUEUE);
	ck_assert(address_equal(&proposal.plan.path, &(Address){0}) == false);
	bench_needs(&controller_latency, TUNABLE_TCP_NOTSENT_LOWAT);
	bench_hold_all = true;
	bench_refuses(&controller_latency, "on hold");
	bench_hold_all = false;
	bench_set(TUNABLE_TCP_NOTSENT_LOWAT, "131072");
	bench_refuses(&controller_latency, "as low as it should be");
}
END_TEST

/* 2 ms of 10 Gbit/s. */
START_TEST(test_fast_path)
{
	FakeFlow *flow;

	config.objective = POLICY_LATENCY;
	flow = fake_host_open(&host, FAKE_ADDRESS, 10000 * MBIT);
	flow->sample.info.raw.notsent_bytes = 80000000;
	fake_host_windows(&host, 4);
	ck_assert(bench_ask(&controller_latency));
	ck_assert_int_eq(bench_number(0, 0), 2500000);
}
END_TEST

START_TEST(test_balanced)
{
	FakeFlow *flow = bulk(8000000);

	fake_host_windows(&host, 4);
	bench_refuses(&controller_latency, "no answers wait");
	flow->receive_bps = MBIT; /* the peer asks */
	fake_host_windows(&host, 4);
	ck_assert(bench_ask(&controller_latency));
	config.objective = POLICY_THROUGHPUT;
	bench_refuses(&controller_latency, "does not mind");
	host.snapshot.tcp_memory_bytes = host.snapshot.tcp_pressure_bytes / 2;
	ck_assert(bench_ask(&controller_latency));
}
END_TEST

START_TEST(test_short_wait)
{
	config.objective = POLICY_LATENCY;
	(void)bulk(1250000); /* 50 ms */
	fake_host_windows(&host, 4);
	bench_refuses(&controller_latency, "no answers wait");
}
END_TEST

/* One of two flows waits: not more than half of the samples. */
START_TEST(test_median)
{
	config.objective = POLICY_LATENCY;
	(void)bulk(8000000);
	(void)bulk(0);
	fake_host_windows(&host, 4);
	bench_refuses(&controller_latency, "no answers wait");
	(void)bulk(8000000);
	fake_host_windows(&host, 4);
	ck_assert(bench_ask(&controller_latency));
}
END_TEST

HARNESS_MAIN("latency",
	     HARNESS_FIXTURE(suite, "latency", bench_setup, bench_teardown, test_latency,
			     test_fast_path, test_balanced, test_short_wait, test_median);)
