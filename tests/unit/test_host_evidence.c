/* SPDX-License-Identifier: MIT */
/* Which windows are evidence, what is planned from them, and one step of a number. */
#include "daemon/policy/host_evidence.h"

#include "tests/unit/controller_bench.h"

START_TEST(test_windows)
{
	ControllerInput input;
	HostSum sum;

	host.rates[HOST_TIMEOUTS] = 2;
	fake_host_windows(&host, 1);
	host.rates[HOST_TIMEOUTS] = 1;
	fake_host_windows(&host, 2);
	input = fake_host_input(&host, &config);
	ck_assert(host_evidence_ready(&input, reason));
	ck_assert(host_evidence_counter(&input, HOST_TIMEOUTS, &sum));
	ck_assert_uint_eq(sum.sum, 120);
	ck_assert_uint_eq(sum.least, 30);
	/* Begun under other settings. */
	input.evidence_since_ns = host.windows.history[2].start_ns + 1;
	ck_assert(!host_evidence_counter(&input, HOST_TIMEOUTS, &sum));
	ck_assert(!host_evidence_ready(&input, reason));
	/* Nothing was read lately. */
	input.evidence_since_ns = 0;
	host.snapshot.now_ns += 61 * NSEC_PER_SEC;
	ck_assert(!host_evidence_ready(&input, reason));
	host.snapshot.host = NULL;
	ck_assert(!host_evidence_ready(&input, reason));
	ck_assert_str_eq(reason,
			 "the host has not been watched for 90 s under the present settings");
}
END_TEST

START_TEST(test_gauges)
{
	ControllerInput input = fake_host_input(&host, &config);
	uint64_t value;

	host.reading.gauges[HOST_TIME_WAIT] = 5;
	fake_host_windows(&host, 2);
	host.reading.gauges[HOST_TIME_WAIT] = 9;
	fake_host_windows(&host, 1);
	ck_assert(host_evidence_gauge_max(&input, HOST_TIME_WAIT, &value));
	ck_assert_uint_eq(value, 9);
	ck_assert(host_evidence_gauge_min(&input, HOST_TIME_WAIT, &value));
	ck_assert_uint_eq(value, 5);
	host.reading.has_gauge[HOST_TIME_WAIT] = false;
	fake_host_windows(&host, 1);
	ck_assert(!host_evidence_gauge_max(&input, HOST_TIME_WAIT, &value));
}
END_TEST

START_TEST(test_plan)
{
	static const HostCounter guards[] = {HOST_TIMEOUTS, HOST_SOFTIRQ_TIME};
	ControllerInput input = fake_host_input(&host, &config);
	TrialPlan plan;

	host.rates[HOST_TIMEOUTS] = 1;
	host.rates[HOST_UDP_IN] = 10;
	host.rates[HOST_SOFTIRQ_TIME] = 4;
	host.reading.has_counter[HOST_UDP_OUT] = false;
	fake_host_windows(&host, 3);
	ck_assert(host_evidence_plan(&input, HOST_UDP_IN, HOST_TIMEOUTS, guards, 2, &plan));
	ck_assert_int_eq(plan.kind, TRIAL_COUNTER);
	ck_assert_uint_eq(plan.path.family, 0);
	ck_assert_uint_eq(plan.counter.before_faults, 900);
	ck_assert_uint_eq(plan.counter.before_load, 90);
	ck_assert_uint_eq(plan.counter.n_guards, 2);
	ck_assert_uint_eq(plan.counter.before_guards[1], 360);
	ck_assert(!host_evidence_plan(&input, HOST_UDP_OUT, HOST_TIMEOUTS, NULL, 0, &plan));
	ck_assert(!host_evidence_plan(&input, HOST_UDP_IN, HOST_UDP_OUT, NULL, 0, &plan));
	/* What this host does not count cannot guard. */
	host.reading.has_counter[HOST_TIMEOUTS] = false;
	fake_host_windows(&host, 1);
	ck_assert(host_evidence_plan(&input, HOST_UDP_IN, _HOST_COUNTERS, guards, 2, &plan));
	ck_assert_uint_eq(plan.counter.n_guards, 1);
	ck_assert_int_eq(plan.counter.guards[0], HOST_SOFTIRQ_TIME);
}
END_TEST

START_TEST(test_step)
{
	ControllerInput input = fake_host_input(&host, &config);
	Proposal step = {0};

	ck_assert(host_step_add(&input, "x", TUNABLE_SOMAXCONN, 0, 100000, &step, reason));
	ck_assert_int_eq(step.tunables[0].new_value.numbers[0], 65535);
	ck_assert(host_step_add(&input, "x", TUNABLE_IP_LOCAL_PORT_RANGE, 0, 5, &step, reason));
	ck_assert_int_eq(step.tunables[1].new_value.numbers[0], 1024);
	ck_assert_int_eq(step.tunables[1].new_value.numbers[1], 60999);
	ck_assert(!host_step_add(&input, "x", TUNABLE_SOMAXCONN, 0, 4096, &step, reason));
	ck_assert(strstr(reason, "as far as it goes"));
	host.snapshot.tunables[TUNABLE_SOMAXCONN].present = false;
	ck_assert(!host_step_add(&input, "x", TUNABLE_SOMAXCONN, 0, 8192, &step, reason));
	ck_assert_uint_eq(step.n_tunables, 2);
}
END_TEST

HARNESS_MAIN("host_evidence", HARNESS_FIXTURE(suite, "evidence", bench_setup, bench_teardown,
					      test_windows, test_gauges, test_plan, test_step);)
