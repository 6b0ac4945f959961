/* SPDX-License-Identifier: MIT */
/* Local ports to one peer: plenty, few, and as many as there can be. */
#include "tests/unit/controller_bench.h"

static void connect_to(const char *address, uint16_t port, unsigned n)
{
	FlowSample sample = fake_sample(1, address);

	sample.remote_port = port;
	for (unsigned i = 0; i < n; i++)
		census_peer_add(&host.census, &sample);
}

static void look(unsigned n)
{
	fake_host_windows(&host, 3);
	census_peers_begin(&host.census, host.now_ns);
	connect_to("192.0.2.7", 80, 10);
	connect_to("192.0.2.8", 5432, n);
}

START_TEST(test_widen)
{
	host.rates[HOST_ACTIVE_OPENS] = 300;
	look(19763); /* 70 % of 28232 are 19762.4 */
	ck_assert(bench_ask(&controller_ports));
	ck_assert_int_eq(bench_number(0, 0), 15000);
	ck_assert_int_eq(bench_number(0, 1), 60999);
	ck_assert(proposal.plan.counter.preventive);
	ck_assert(strstr(proposal.evidence.summary, "192.0.2.8 port 5432"));
	bench_needs(&controller_ports, TUNABLE_IP_LOCAL_PORT_RANGE);
	bench_hold_all = true;
	bench_refuses(&controller_ports, "on hold");
	bench_hold_all = false;
	host.snapshot.now_ns += 121 * NSEC_PER_SEC; /* too long ago to matter */
	host.windows.history[0].start_ns += 121 * NSEC_PER_SEC;
	bench_refuses(&controller_ports, "no peer has more");
}
END_TEST

START_TEST(test_enough)
{
	bench_refuses(&controller_ports, "not been watched");
	look(19762);
	bench_refuses(&controller_ports, "no peer has more");
}
END_TEST

START_TEST(test_wide_already)
{
	bench_set(TUNABLE_IP_LOCAL_PORT_RANGE, "20000 60999");
	look(30000);
	bench_refuses(&controller_ports, "as wide as it should be");
	/* Wider than ours: only ever widened. */
	bench_set(TUNABLE_IP_LOCAL_PORT_RANGE, "1024 65535");
	look(60000);
	bench_refuses(&controller_ports, "as wide as it should be");
}
END_TEST

HARNESS_MAIN("ports", HARNESS_FIXTURE(suite, "ports", bench_setup, bench_teardown, test_widen,
				      test_enough, test_wide_already);)
