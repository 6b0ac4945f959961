/* SPDX-License-Identifier: MIT */
/*
 * Other hands on the engine: values that somebody else changes, the operator who takes back, aborts
 * and reverts what others were built upon, and a kernel that runs out of memory for TCP.
 */
#include "daemon/policy/engine.h"

#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "tests/unit/sim.h"
#include "tests/unit/harness.h"

/* --- somebody else's hand --- */

START_TEST(test_foreign_in_trial)
{
	TunableValue reno = fake_value(TUNABLE_TCP_CONGESTION_CONTROL, "reno");

	sim_lossy_path(10);
	sim_run_to_report(200);
	sim_run(25);
	fake_host_set(&host, TUNABLE_TCP_CONGESTION_CONTROL, &reno);
	host.snapshot.tunables[TUNABLE_TCP_CONGESTION_CONTROL].foreign = true;
	engine_foreign(engine, TUNABLE_TCP_CONGESTION_CONTROL, host.now_ns, 1);
	ck_assert_str_eq(events, "1:trial-started 1:inconclusive");
	ck_assert_str_eq(sim_change(1)->reason,
			 "net.ipv4.tcp_congestion_control was changed by somebody else");
	ck_assert_ptr_null(engine_running(engine));
	write_status = 1; /* the registry does not touch it */
	sim_run(1);
	ck_assert_int_eq(action.kind, ENGINE_RESTORE);
	write_status = 0;
	sim_run(300);
	ck_assert_str_eq(sim_congestion(), "reno");
	ck_assert(strstr(sim_idle("congestion"), "somebody else"));
	ck_assert_uint_eq(engine_change_count(engine), 1);
}
END_TEST

START_TEST(test_foreign_in_force)
{
	sim_fix_buffers(16 * MIB);
	sim_run(1);
	ck_assert(sim_change(1)->in_force);
	engine_foreign(engine, TUNABLE_TCP_CONGESTION_CONTROL, host.now_ns, 1);
	ck_assert(sim_change(1)->in_force); /* not its own */
	engine_foreign(engine, TUNABLE_TCP_RMEM, host.now_ns, 1);
	ck_assert(!sim_change(1)->in_force);
	ck_assert_int_eq(sim_change(1)->verdict, VERDICT_KEPT); /* it was */
	ck_assert_str_eq(sim_change(1)->reason, "net.ipv4.tcp_rmem was changed by somebody else");
	ck_assert_int_eq(engine_revert(engine, 1, host.now_ns, 1, &action), -ENOENT);
}
END_TEST

/* What was measured under another value is no evidence for this one. */
START_TEST(test_foreign_spoils_evidence)
{
	sim_lossy_path(10);
	config.mode = POLICY_OBSERVE;
	sim_configure();
	sim_run(150);
	config.mode = POLICY_AUTO;
	sim_configure();
	engine_foreign(engine, TUNABLE_TCP_RMEM, host.now_ns, 1);
	sim_run(85);
	ck_assert_str_eq(events, "");
	sim_run_to_report(60);
	ck_assert_str_eq(events, "1:trial-started");
}
END_TEST

/* A trial of something else is none of its business. */
START_TEST(test_foreign_elsewhere)
{
	sim_lossy_path(10);
	sim_run_to_report(200);
	engine_foreign(engine, TUNABLE_TCP_FASTOPEN, host.now_ns, 1);
	ck_assert_ptr_nonnull(engine_running(engine));
	sim_run_to_report(600);
	ck_assert_str_eq(events, "1:trial-started 1:kept");
}
END_TEST

/* --- the operator --- */

static int revert(uint64_t id)
{
	int r = engine_revert(engine, id, host.now_ns, host.now_ns, &action);

	if (r == 0)
		sim_execute(&action);
	return r;
}

START_TEST(test_revert_unknown)
{
	ck_assert_int_eq(revert(1), -ENOENT);
	ck_assert_int_eq(revert(0), 0);
	ck_assert_uint_eq(action.n_changes, 0);
}
END_TEST

START_TEST(test_revert_running)
{
	sim_lossy_path(10);
	sim_run_to_report(200);
	ck_assert_int_eq(revert(1), 0);
	ck_assert_str_eq(events, "1:trial-started 1:inconclusive");
	ck_assert_str_eq(sim_change(1)->reason, "reverted by the operator");
	ck_assert_str_eq(sim_congestion(), "cubic");
	ck_assert_int_eq(revert(1), -ENOENT);
	sim_run(3600); /* half an hour is not what the operator meant */
	ck_assert_uint_eq(engine_change_count(engine), 1);
}
END_TEST

START_TEST(test_revert_kept)
{
	sim_small_buffer(1.9);
	sim_run_to_report(200);
	sim_run_to_report(60);
	ck_assert_int_eq(revert(1), 0);
	ck_assert_int_eq(sim_wmem(), 4 * MIB);
	ck_assert_str_eq(events, "1:trial-started 1:kept 1:restored");
	ck_assert(!sim_change(1)->in_force);
	ck_assert_str_eq(sim_change(1)->reason, "reverted by the operator");
	sim_run(600);
	ck_assert_uint_eq(engine_change_count(engine), 1);
}
END_TEST

/* Another path, whose flows are limited by the send buffer, instead of the usual traffic. */
static void other_path(void)
{
	FakeFlow *flow;

	for (size_t i = 0; i < 2; i++)
		fake_host_close(&host, &host.flows[i]);
	traffic.bps = 0;
	flow = fake_host_open(&host, "192.0.2.77", 150 * MBIT);
	flow->sample.info.raw.rtt_us = flow->sample.info.raw.min_rtt_us = 150000;
	flow->sample.sndbuf = 4 * MIB;
	flow->sample.wmem_queued = 3 * MIB;
}

/* Not on any other path either. */
START_TEST(test_revert_holds_everywhere)
{
	sim_small_buffer(1.9);
	sim_run_to_report(200);
	sim_run_to_report(60);
	ck_assert_int_eq(revert(1), 0);
	other_path();
	sim_run(300);
	ck_assert_uint_eq(engine_change_count(engine), 1);
	ck_assert(strstr(sim_idle("buffers"), "on hold"));
	sim_configure();
	sim_run_to_report(2);
	ck_assert_str_eq(events, "1:trial-started 1:kept 1:restored 2:trial-started");
}
END_TEST

/* Change 1: rmem and wmem to 16 MiB. 2: rmem alone to 24. 3: both to 32. */
static void stack(void)
{
	TunableValue value;

	sim_fix_buffers(16 * MIB);
	sim_run(1);
	value = *sim_value(TUNABLE_TCP_WMEM);
	value.numbers[2] = 24 * MIB;
	fake_host_set(&host, TUNABLE_TCP_WMEM, &value);
	sim_fix_buffers(24 * MIB);
	sim_run(1);
	value.numbers[2] = 16 * MIB;
	fake_host_set(&host, TUNABLE_TCP_WMEM, &value);
	sim_fix_buffers(32 * MIB);
	sim_run(1);
	ck_assert_str_eq(events, "1:kept 2:kept 3:kept");
	ck_assert_uint_eq(sim_change(2)->n_tunables, 1);
	ck_assert_int_eq(sim_change(2)->tunables[0].id, TUNABLE_TCP_RMEM);
	config.switches[POLICY_BUFFERS] = POLICY_OFF;
	sim_configure();
}

START_TEST(test_revert_newest)
{
	stack();
	ck_assert_int_eq(revert(3), 0);
	ck_assert_int_eq(sim_wmem(), 16 * MIB);
	ck_assert_int_eq(sim_rmem(), 24 * MIB);
	ck_assert(sim_change(1)->in_force && sim_change(2)->in_force && !sim_change(3)->in_force);
}
END_TEST

/* What was built upon it goes with it: with 2 (rmem) also 3, and with 3 also its wmem. */
START_TEST(test_revert_middle)
{
	stack();
	ck_assert_int_eq(revert(2), 0);
	ck_assert_int_eq(sim_wmem(), 16 * MIB);
	ck_assert_int_eq(sim_rmem(), 16 * MIB);
	ck_assert(sim_change(1)->in_force && !sim_change(2)->in_force && !sim_change(3)->in_force);
}
END_TEST

START_TEST(test_revert_oldest)
{
	stack();
	ck_assert_int_eq(revert(1), 0);
	ck_assert_int_eq(sim_wmem(), 4 * MIB);
	ck_assert_int_eq(sim_rmem(), 6 * MIB);
	ck_assert(!sim_change(1)->in_force && !sim_change(2)->in_force && !sim_change(3)->in_force);
	ck_assert_int_eq(revert(3), -ENOENT);
}
END_TEST

START_TEST(test_revert_all)
{
	stack();
	config.switches[POLICY_CONGESTION] = POLICY_AUTO_TUNE;
	sim_configure();
	sim_lossy_path(10);
	sim_run_to_report(200);
	sim_run(25);
	ck_assert_int_eq(revert(0), 0);
	ck_assert_int_eq(sim_wmem(), 4 * MIB);
	ck_assert_int_eq(sim_rmem(), 6 * MIB);
	ck_assert_str_eq(sim_congestion(), "cubic");
	ck_assert_uint_eq(action.n_changes, 3);
	ck_assert_ptr_null(engine_running(engine));
	for (size_t i = 0; i < engine_change_count(engine); i++)
		ck_assert(!engine_change_at(engine, i)->in_force);
	ck_assert_ptr_null(engine_change_at(engine, 4));
}
END_TEST

/* Reverting what a running trial stands upon ends the trial. */
START_TEST(test_revert_under_trial)
{
	sim_fix_buffers(5 * MIB);
	sim_run(1);
	config.switches[POLICY_BUFFERS] = POLICY_AUTO_TUNE;
	sim_configure();
	sim_small_buffer(1);
	sim_run_to_report(300);
	ck_assert_str_eq(events, "1:kept 2:trial-started");
	ck_assert_int_gt(sim_wmem(), 5 * MIB);
	ck_assert_int_eq(revert(1), 0);
	ck_assert_int_eq(sim_wmem(), 4 * MIB);
	ck_assert_int_eq(sim_rmem(), 6 * MIB);
	ck_assert_ptr_null(engine_running(engine));
	ck_assert_int_eq(sim_change(2)->verdict, VERDICT_INCONCLUSIVE);
}
END_TEST

/* Reverting something else raises the epoch: the pair is lost, the trial goes on. */
START_TEST(test_revert_beside_trial)
{
	sim_fix_buffers(16 * MIB);
	sim_run(1);
	config.switches[POLICY_BUFFERS] = POLICY_OFF;
	sim_configure();
	sim_lossy_path(10);
	sim_run_to_report(200);
	sim_run(9); /* the block has its flows, and not its time */
	ck_assert_int_eq(revert(1), 0);
	ck_assert_ptr_nonnull(engine_running(engine));
	ck_assert_str_eq(events, "1:kept 2:trial-started 1:restored");
	sim_run_to_report(1200);
	ck_assert_int_eq(sim_change(2)->verdict, VERDICT_KEPT);
	ck_assert_uint_eq(sim_change(2)->trial.n_dropped, 1);
}
END_TEST

START_TEST(test_abort)
{
	ck_assert(!engine_abort(engine, "x", host.now_ns, 1, &action));
	ck_assert_int_eq(action.kind, ENGINE_NOTHING);
	sim_lossy_path(10);
	sim_run_to_report(200);
	sim_run(25);
	ck_assert(engine_abort(engine, "the configuration changed", host.now_ns, 1, &action));
	ck_assert_int_eq(action.kind, ENGINE_RESTORE);
	sim_execute(&action);
	ck_assert_str_eq(sim_congestion(), "cubic");
	ck_assert_str_eq(sim_change(1)->reason, "the configuration changed");
	sim_run(200);
	ck_assert_uint_eq(engine_change_count(engine), 1);
	sim_configure(); /* a new configuration begins anew */
	sim_run_to_report(200);
	ck_assert_uint_eq(engine_change_count(engine), 2);
}
END_TEST

/* --- memory pressure --- */

START_TEST(test_pressure_in_trial)
{
	sim_small_buffer(1.9);
	sim_run_to_report(200);
	host.snapshot.memory_pressures = 1;
	sim_run(1);
	ck_assert_str_eq(events, "1:trial-started 1:restored");
	ck_assert_int_eq(sim_wmem(), 4 * MIB);
	ck_assert_str_eq(sim_change(1)->reason, "the kernel reports TCP memory pressure");
	other_path();
	sim_run(600);
	ck_assert(strstr(sim_idle("buffers"), "on hold"));
	ck_assert_uint_eq(engine_change_count(engine), 1);
}
END_TEST

/* Receive queues that are collapsed take it back as well, once they are so for three windows. */
START_TEST(test_collapse)
{
	stack();
	host.rates[HOST_IN_SEGMENTS] = 10000;
	host.rates[HOST_RECEIVE_COLLAPSED] = 50;
	sim_run(89);
	ck_assert_int_eq(sim_rmem(), 32 * MIB);
	sim_run(60);
	ck_assert_int_eq(sim_rmem(), 24 * MIB);
	ck_assert(strstr(sim_change(3)->reason, "collapses"));
	sim_run(40);
	ck_assert_int_eq(sim_rmem(), 24 * MIB); /* windows that began before are no evidence */
}
END_TEST

/* Newest first, one step for each report. */
START_TEST(test_pressure_in_force)
{
	stack();
	host.snapshot.memory_pressures = 5;
	sim_run(1);
	ck_assert_int_eq(sim_rmem(), 24 * MIB);
	ck_assert_int_eq(sim_wmem(), 16 * MIB);
	sim_run(60);
	ck_assert_int_eq(sim_rmem(), 24 * MIB);
	for (int64_t expected = 16; expected >= 6; expected -= 10) {
		host.snapshot.memory_pressures = 1;
		sim_run(1);
		ck_assert_int_eq(sim_rmem(), expected * MIB);
	}
	ck_assert_int_eq(sim_wmem(), 4 * MIB);
	host.snapshot.memory_pressures = 1;
	sim_run(1);
	ck_assert_int_eq(action.kind, ENGINE_NOTHING);
}
END_TEST

/* It does not wait for the end of a trial of something else. */
START_TEST(test_pressure_beside_trial)
{
	sim_fix_buffers(16 * MIB);
	sim_run(1);
	config.switches[POLICY_BUFFERS] = POLICY_OFF;
	sim_configure();
	sim_lossy_path(10);
	sim_run_to_report(200);
	sim_run(9); /* the block has its flows, and not its time */
	host.snapshot.memory_pressures = 1;
	sim_run(1);
	ck_assert_int_eq(sim_wmem(), 4 * MIB);
	ck_assert_str_eq(events, "1:kept 2:trial-started 1:restored");
	sim_run_to_report(1200);
	ck_assert_int_eq(sim_change(2)->verdict, VERDICT_KEPT);
	ck_assert_uint_eq(sim_change(2)->trial.n_dropped, 1);
}
END_TEST

/* In whatever mode; and it does nothing about what is not ours. */
START_TEST(test_pressure_modes)
{
	sim_fix_buffers(16 * MIB);
	sim_run(1);
	config.mode = POLICY_OBSERVE;
	sim_configure();
	host.snapshot.memory_pressures = 1;
	sim_run(1);
	ck_assert_int_eq(sim_wmem(), 4 * MIB);
	config.mode = POLICY_AUTO;
	config.switches[POLICY_BUFFERS] = POLICY_OFF;
	sim_configure();
	sim_lossy_path(10);
	sim_run_to_report(200);
	host.snapshot.memory_pressures = 1;
	sim_run_to_report(600);
	ck_assert_int_eq(sim_change(2)->verdict, VERDICT_KEPT);
}
END_TEST

HARNESS_MAIN("engine_hands", HARNESS_FIXTURE(suite, "foreign", sim_setup, sim_teardown,
					     test_foreign_in_trial, test_foreign_in_force,
					     test_foreign_spoils_evidence, test_foreign_elsewhere);
	     HARNESS_FIXTURE(suite, "operator", sim_setup, sim_teardown, test_revert_unknown,
			     test_revert_running, test_revert_kept, test_revert_holds_everywhere,
			     test_revert_newest, test_revert_middle, test_revert_oldest,
			     test_revert_all, test_revert_under_trial, test_revert_beside_trial,
			     test_abort);
	     HARNESS_FIXTURE(suite, "pressure", sim_setup, sim_teardown, test_pressure_in_trial,
			     test_pressure_in_force, test_pressure_beside_trial, test_collapse,
			     test_pressure_modes);)
