/* SPDX-License-Identifier: MIT */
/* Black holes for large packets, and what only looks like one. */
#include "tests/unit/controller_bench.h"

/* A flow whose full-size segments do not arrive. */
static FakeFlow *stall(void)
{
	FakeFlow *flow = fake_host_open(&host, FAKE_ADDRESS, 0);
	TcpInfoRaw *raw = &flow->sample.info.raw;

	raw->ca_state = 4;
	raw->retransmits = raw->backoff = 4;
	raw->unacked = 10;
	raw->pmtu = 1500;
	raw->bytes_acked = 1;
	raw->bytes_received = 300;
	raw->bytes_retrans = 4 * 1448;
	raw->bytes_sent = 1 + 14 * 1448;
	raw->last_data_sent_ms = 2000;
	raw->last_ack_recv_ms = 8000; /* in each sample: as if new ones took its place */
	return flow;
}

START_TEST(test_black_hole)
{
	host.rates[HOST_OUT_SEGMENTS] = 100;
	(void)stall();
	fake_host_windows(&host, 3);
	bench_refuses(&controller_mtu, "no peer looks like"); /* one flow may have died */
	(void)stall();
	fake_host_windows(&host, 1);
	ck_assert(bench_ask(&controller_mtu));
	ck_assert_uint_eq(proposal.tunables[0].id, TUNABLE_TCP_MTU_PROBING);
	ck_assert_int_eq(bench_number(0, 0), 1);
	ck_assert_int_eq(proposal.plan.kind, TRIAL_COUNTER);
	ck_assert_int_eq(proposal.plan.counter.fault, HOST_STALLS);
	ck_assert_uint_gt(proposal.plan.counter.before_faults, 9);
	ck_assert(strstr(proposal.evidence.summary, "1448 bytes to " FAKE_ADDRESS));
	bench_needs(&controller_mtu, TUNABLE_TCP_MTU_PROBING);
	bench_hold_all = true;
	bench_refuses(&controller_mtu, "on hold");
	bench_hold_all = false;
	bench_set(TUNABLE_TCP_MTU_PROBING, "1");
	bench_refuses(&controller_mtu, "on already");
}
END_TEST

/* Small ones do not pass either. */
START_TEST(test_outage)
{
	FakeFlow *small;

	(void)stall();
	(void)stall();
	small = stall();
	small->sample.info.raw.unacked = 1;
	small->sample.info.raw.bytes_sent = 1 + 4 * 1448 + 90;
	fake_host_windows(&host, 3);
	bench_refuses(&controller_mtu, "no peer looks like");
}
END_TEST

/* Nothing was heard of the peer since, whatever was before; then it is there again. */
START_TEST(test_outage_of_all)
{
	FakeFlow *flows[2];

	(void)fake_host_open(&host, FAKE_ADDRESS, MBIT);
	fake_host_windows(&host, 2);
	host.flows[0].open = false;
	for (size_t i = 0; i < ARRAY_SIZE(flows); i++)
		flows[i] = stall();
	for (unsigned s = 2; s < 60; s++) {
		for (size_t i = 0; i < ARRAY_SIZE(flows); i++)
			flows[i]->sample.info.raw.last_ack_recv_ms = 1000 * s;
		fake_host_step(&host, NSEC_PER_SEC);
	}
	ck_assert_uint_eq(host.census.suspects[0].flows, 2);
	ck_assert_uint_eq(host.census.suspects[0].sightings, 2 * 58);
	bench_refuses(&controller_mtu, "no peer looks like");
	/* The peer speaks before its packets are repeated. */
	for (size_t i = 0; i < ARRAY_SIZE(flows); i++) {
		flows[i]->sample.info.raw.last_ack_recv_ms = 500;
		flows[i]->sample.info.raw.last_data_sent_ms = 9000;
	}
	fake_host_step(&host, NSEC_PER_SEC);
	ck_assert_uint_gt(host.census.suspects[0].heard_ns, 0);
	bench_refuses(&controller_mtu, "no peer looks like");
}
END_TEST

START_TEST(test_nothing)
{
	bench_refuses(&controller_mtu, "not been watched");
	(void)fake_host_open(&host, FAKE_ADDRESS, MBIT);
	fake_host_windows(&host, 3);
	bench_refuses(&controller_mtu, "no peer looks like");
}
END_TEST

HARNESS_MAIN("mtu", HARNESS_FIXTURE(suite, "mtu", bench_setup, bench_teardown, test_black_hole,
				    test_outage, test_outage_of_all, test_nothing);)
