/* SPDX-License-Identifier: MIT */
/* A trial by counters: faults that vanish, stay or come, at loads that do and do not compare. */
#include "daemon/policy/trial_counter.h"

#include "common/clock.h"
#include "tests/unit/fake_host.h"
#include "tests/unit/harness.h"

static FakeHost host;
static Trial trial;
static TrialRecord record;
static TrialPlan plan;

static void setup(void)
{
	fake_host_init(&host);
	plan = (TrialPlan){.kind = TRIAL_COUNTER,
			   .counter = {.fault = HOST_SOFTNET_DROPPED,
				       .load = HOST_SOFTNET_PROCESSED,
				       .guards = {HOST_TIMEOUTS},
				       .n_guards = 1,
				       .windows = 3,
				       .before_faults = 900,
				       .before_load = 90000,
				       .before_guards = {90}}};
	host.rates[HOST_SOFTNET_PROCESSED] = 1000;
	host.rates[HOST_TIMEOUTS] = 1;
}

static void teardown(void)
{
	trial_clear(&trial);
	fake_host_clear(&host);
}

static TrialStep step(void)
{
	return trial_counter_step(&trial, &host.windows, host.now_ns);
}

static void begin(void)
{
	trial_init(&trial, &plan, &record);
	fake_host_step(&host, 7 * NSEC_PER_SEC); /* not at the edge of a window */
	ck_assert_int_eq(step(), TRIAL_STEP_SWITCH);
	ck_assert_int_eq(trial.arm, TRIAL_ARM_NEW);
	ck_assert_int_eq(step(), TRIAL_STEP_WAIT); /* until it is written */
	trial_switched(&trial, 2, host.now_ns);
}

/* Until it ends, at most so long; the time is a number of seconds. */
static TrialStep run(uint64_t seconds)
{
	for (uint64_t i = 0; i < seconds; i++) {
		TrialStep end = step();

		if (end != TRIAL_STEP_WAIT)
			return end;
		fake_host_step(&host, NSEC_PER_SEC);
	}
	return step();
}

START_TEST(test_vanishes)
{
	begin();
	host.rates[HOST_SOFTNET_DROPPED] = 2;        /* 10 before */
	ck_assert_int_eq(run(100), TRIAL_STEP_WAIT); /* the window under way does not count */
	ck_assert_str_eq(record.phase, "window 3 of 3, 120 faults");
	ck_assert_int_eq(run(40), TRIAL_STEP_KEEP);
	ck_assert(strstr(trial.reason, "180 faults in 3 windows"));
	ck_assert(strstr(trial.reason, "the limit was the cause"));
}
END_TEST

START_TEST(test_stays)
{
	begin();
	host.rates[HOST_SOFTNET_DROPPED] = 3;
	ck_assert_int_eq(run(140), TRIAL_STEP_RESTORE);
	ck_assert(strstr(trial.reason, "not down by 80 %"));
}
END_TEST

/* Less traffic has fewer faults whatever the setting. */
START_TEST(test_load)
{
	begin();
	host.rates[HOST_SOFTNET_PROCESSED] = 799;
	ck_assert_int_eq(run(1799), TRIAL_STEP_WAIT);
	ck_assert_int_eq(run(1), TRIAL_STEP_INCONCLUSIVE);
	ck_assert(strstr(trial.reason, "no three windows had 0.8 of the load"));
}
END_TEST

START_TEST(test_load_comes_back)
{
	begin();
	host.rates[HOST_SOFTNET_PROCESSED] = 10;
	ck_assert_int_eq(run(600), TRIAL_STEP_WAIT);
	host.rates[HOST_SOFTNET_PROCESSED] = 800;
	ck_assert_int_eq(run(140), TRIAL_STEP_KEEP);
}
END_TEST

START_TEST(test_guard)
{
	begin();
	host.rates[HOST_TIMEOUTS] = 30; /* 0.001 to 0.03 per packet */
	ck_assert_int_eq(run(140), TRIAL_STEP_RESTORE);
	ck_assert(strstr(trial.reason, "guardrail: retransmission timeouts rose"));
}
END_TEST

START_TEST(test_guard_within_bounds)
{
	begin();
	host.rates[HOST_TIMEOUTS] = 10; /* tenfold, but under a hundredth of the load */
	ck_assert_int_eq(run(140), TRIAL_STEP_KEEP);
}
END_TEST

START_TEST(test_memory)
{
	plan.counter.available_floor_bytes = 1000;
	begin();
	ck_assert_int_eq(run(40), TRIAL_STEP_WAIT);
	host.reading.gauges[HOST_MEMORY_AVAILABLE] = 999;
	ck_assert_int_eq(run(2), TRIAL_STEP_RESTORE);
	ck_assert(strstr(trial.reason, "memory are available"));
}
END_TEST

/* Somebody restarts the program after two hours. */
START_TEST(test_new_only)
{
	plan.counter.new_only = true;
	begin();
	host.rates[HOST_SOFTNET_DROPPED] = 10;
	ck_assert_int_eq(run(7200), TRIAL_STEP_WAIT);
	host.rates[HOST_SOFTNET_DROPPED] = 0;
	ck_assert_int_eq(run(140), TRIAL_STEP_KEEP);
}
END_TEST

START_TEST(test_new_only_never)
{
	plan.counter.new_only = true;
	begin();
	host.rates[HOST_SOFTNET_DROPPED] = 10;
	ck_assert_int_eq(run(6 * 3600 - 1), TRIAL_STEP_WAIT);
	ck_assert_int_eq(run(1), TRIAL_STEP_INCONCLUSIVE);
	ck_assert(strstr(trial.reason, "were the sockets opened anew?"));
}
END_TEST

START_TEST(test_preventive)
{
	plan.counter.before_faults = 0;
	plan.counter.load = _HOST_COUNTERS;
	plan.counter.n_guards = 0;
	begin();
	ck_assert_int_eq(run(140), TRIAL_STEP_KEEP);
	ck_assert(strstr(trial.reason, "preventive"));
	trial_clear(&trial);
	begin();
	host.rates[HOST_SOFTNET_DROPPED] = 1;
	ck_assert_int_eq(run(140), TRIAL_STEP_RESTORE);
	ck_assert(strstr(trial.reason, "have become more"));
}
END_TEST

START_TEST(test_preventive_with_faults)
{
	plan.counter.preventive = true; /* 0.01 per packet before */
	begin();
	host.rates[HOST_SOFTNET_DROPPED] = 19;
	ck_assert_int_eq(run(140), TRIAL_STEP_KEEP);
	trial_clear(&trial);
	begin();
	host.rates[HOST_SOFTNET_DROPPED] = 25;
	ck_assert_int_eq(run(140), TRIAL_STEP_RESTORE);
}
END_TEST

/* A counter made anew spoils one window; without any there is no verdict. */
START_TEST(test_blind)
{
	begin();
	host.reading.has_counter[HOST_SOFTNET_DROPPED] = false;
	ck_assert_int_eq(run(200), TRIAL_STEP_WAIT);
	host.reading.has_counter[HOST_SOFTNET_DROPPED] = true;
	ck_assert_int_eq(run(140), TRIAL_STEP_KEEP);
	trial_clear(&trial);
	begin();
	ck_assert_int_eq(trial_counter_step(&trial, NULL, host.now_ns), TRIAL_STEP_WAIT);
	ck_assert_int_eq(trial_counter_step(&trial, NULL, host.now_ns + TRIAL_COUNTER_NS),
			 TRIAL_STEP_INCONCLUSIVE);
}
END_TEST

HARNESS_MAIN("trial_counter",
	     HARNESS_FIXTURE(suite, "verdict", setup, teardown, test_vanishes, test_stays,
			     test_load, test_load_comes_back, test_guard, test_guard_within_bounds,
			     test_memory, test_new_only, test_new_only_never, test_preventive,
			     test_preventive_with_faults, test_blind);)
