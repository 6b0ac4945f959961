/* SPDX-License-Identifier: MIT */
/* Datagrams that are lost for want of buffers, and those that are not. */
#include "tests/unit/controller_bench.h"

START_TEST(test_receive)
{
	bench_refuses(&controller_udp, "not been watched for 90 s");
	host.rates[HOST_UDP_IN] = 5000;
	host.rates[HOST_UDP_RECEIVE_ERRORS] = 20;
	fake_host_windows(&host, 2);
	bench_refuses(&controller_udp, "not been watched for 90 s");
	fake_host_windows(&host, 1);
	ck_assert(bench_ask(&controller_udp));
	ck_assert_uint_eq(proposal.n_tunables, 2);
	ck_assert_uint_eq(proposal.tunables[0].id, TUNABLE_RMEM_DEFAULT);
	ck_assert_int_eq(bench_number(0, 0), 425984);
	ck_assert_uint_eq(proposal.tunables[1].id, TUNABLE_RMEM_MAX);
	ck_assert_int_eq(bench_number(1, 0), 851968);
	ck_assert_int_eq(proposal.plan.kind, TRIAL_COUNTER);
	ck_assert(proposal.plan.counter.new_only);
	ck_assert_int_eq(proposal.plan.counter.fault, HOST_UDP_RECEIVE_ERRORS);
	ck_assert_uint_eq(proposal.plan.counter.before_faults, 1800);
	ck_assert_uint_eq(proposal.plan.counter.before_load, 450000);
	bench_hold_all = true;
	bench_refuses(&controller_udp, "on hold");
	bench_hold_all = false;
	bench_needs(&controller_udp, TUNABLE_RMEM_DEFAULT);
	bench_needs(&controller_udp, TUNABLE_RMEM_MAX);
}
END_TEST

START_TEST(test_send)
{
	bench_set(TUNABLE_WMEM_MAX, "4194304");
	host.rates[HOST_UDP_OUT] = 100;
	host.rates[HOST_UDP_SEND_ERRORS] = 1;
	fake_host_windows(&host, 3);
	ck_assert(bench_ask(&controller_udp));
	ck_assert_uint_eq(proposal.n_tunables, 1);
	ck_assert_uint_eq(proposal.tunables[0].id, TUNABLE_WMEM_DEFAULT);
	ck_assert_int_eq(bench_number(0, 0), 425984);
	ck_assert_int_eq(proposal.plan.counter.load, HOST_UDP_OUT);
}
END_TEST

START_TEST(test_bound)
{
	host.rates[HOST_UDP_IN] = 5000;
	host.rates[HOST_UDP_RECEIVE_ERRORS] = 20;
	bench_set(TUNABLE_RMEM_DEFAULT, "3000000");
	bench_set(TUNABLE_RMEM_MAX, "67108864");
	fake_host_windows(&host, 3);
	ck_assert(bench_ask(&controller_udp));
	ck_assert_int_eq(bench_number(0, 0), 4194304);
	bench_set(TUNABLE_RMEM_DEFAULT, "4194304");
	bench_refuses(&controller_udp, "at its bound of 4 MiB");
}
END_TEST

START_TEST(test_nothing)
{
	host.rates[HOST_UDP_IN] = 100000;
	fake_host_windows(&host, 3);
	bench_refuses(&controller_udp, "no UDP datagrams are lost");
	/* One in 20,000. */
	host.rates[HOST_UDP_RECEIVE_ERRORS] = 5;
	fake_host_windows(&host, 3);
	bench_refuses(&controller_udp, "no UDP datagrams are lost");
	/* A burst of one window. */
	host.rates[HOST_UDP_RECEIVE_ERRORS] = 5000;
	fake_host_windows(&host, 1);
	host.rates[HOST_UDP_RECEIVE_ERRORS] = 0;
	fake_host_windows(&host, 1);
	bench_refuses(&controller_udp, "no UDP datagrams are lost");
}
END_TEST

HARNESS_MAIN("udp", HARNESS_FIXTURE(suite, "udp", bench_setup, bench_teardown, test_receive,
				    test_send, test_bound, test_nothing);)
