/* SPDX-License-Identifier: MIT */
/* Bursts after pauses: whose window the kernel takes away, and whose it does not. */
#include "tests/unit/controller_bench.h"

static FakeFlow *flow;

static void open_flow(void)
{
	flow = fake_host_open(&host, FAKE_ADDRESS, 0);
	flow->sample.info.raw.rto_us = 300000;
	flow->sample.info.raw.snd_cwnd = 200;
	flow->sample.info.raw.bytes_acked = flow->sample.info.raw.bytes_sent = 1000000;
	fake_host_step(&host, NSEC_PER_SEC);
}

/* Sends so much, and is then seen at rest for ms. */
static void burst(uint64_t bytes, uint32_t pause_ms)
{
	TcpInfoRaw *raw = &flow->sample.info.raw;

	raw->bytes_sent += bytes;
	raw->bytes_acked += bytes;
	raw->last_data_sent_ms = 0;
	fake_host_step(&host, NSEC_PER_SEC);
	raw->last_data_sent_ms = pause_ms;
	fake_host_step(&host, 4 * NSEC_PER_SEC);
}

static void bursts(unsigned n, uint64_t bytes, uint32_t pause_ms)
{
	for (unsigned i = 0; i < n; i++)
		burst(bytes, pause_ms);
}

START_TEST(test_bursts)
{
	open_flow();
	bursts(20, 1000000, 3000);
	ck_assert(bench_ask(&controller_idle));
	ck_assert_int_eq(bench_number(0, 0), 0);
	ck_assert_int_eq(proposal.plan.kind, TRIAL_SWITCHBACK);
	ck_assert_int_eq(proposal.plan.meter, METER_BURST);
	ck_assert(strstr(proposal.evidence.formula, "7 round trips of 100.0 ms"));
	bench_needs(&controller_idle, TUNABLE_TCP_SLOW_START_AFTER_IDLE);
	bench_hold_all = true;
	bench_refuses(&controller_idle, "on hold");
	bench_hold_all = false;
	bench_set(TUNABLE_TCP_SLOW_START_AFTER_IDLE, "0");
	bench_refuses(&controller_idle, "already");
}
END_TEST

START_TEST(test_pause_too_short)
{
	open_flow();
	bursts(20, 1000000, 299);
	bench_refuses(&controller_idle, "no connections");
}
END_TEST

START_TEST(test_burst_too_small)
{
	open_flow();
	bursts(20, 10 * 1448, 3000);
	bench_refuses(&controller_idle, "no connections");
	bursts(20, 10 * 1448 + 1, 3000);
	ck_assert(bench_ask(&controller_idle));
}
END_TEST

/* There is no window to be taken away. */
START_TEST(test_window_small)
{
	open_flow();
	flow->sample.info.raw.snd_cwnd = 10;
	bursts(20, 1000000, 3000);
	bench_refuses(&controller_idle, "no connections");
}
END_TEST

START_TEST(test_bbr)
{
	open_flow();
	(void)text_copy(flow->sample.congestion, sizeof(flow->sample.congestion), "bbr");
	bursts(20, 1000000, 3000);
	bench_refuses(&controller_idle, "no connections");
}
END_TEST

START_TEST(test_near)
{
	flow = fake_host_open(&host, FAKE_ADDRESS, 0);
	flow->sample.info.raw.rtt_us = flow->sample.info.raw.min_rtt_us = 1000;
	flow->sample.info.raw.rto_us = 201000;
	flow->sample.info.raw.snd_cwnd = 200;
	bursts(20, 1000000, 3000);
	bench_refuses(&controller_idle, "no connections");
}
END_TEST

HARNESS_MAIN("idle", HARNESS_FIXTURE(suite, "idle", bench_setup, bench_teardown, test_bursts,
				     test_pause_too_short, test_burst_too_small, test_window_small,
				     test_bbr, test_near);)
