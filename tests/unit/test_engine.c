/* SPDX-License-Identifier: MIT */
/*
 * Each change followed to its end in a closed loop: both kinds of trial, fixed values, advice, the
 * modes, and writes that fail. What comes from outside is in test_engine_hands.c.
 */
#include "daemon/policy/engine.h"

#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "tests/unit/sim.h"
#include "tests/unit/harness.h"

/* --- switchback --- */

START_TEST(test_kept)
{
	const Change *kept;

	sim_lossy_path(10);
	sim_run_to_report(200);
	ck_assert_str_eq(events, "1:trial-started");
	kept = sim_change(1);
	ck_assert_ptr_eq(engine_running(engine), kept);
	ck_assert_int_eq(kept->state, CHANGE_TRIAL);
	ck_assert_str_eq(kept->controller, "congestion");
	ck_assert(!kept->in_force);
	ck_assert_uint_eq(engine_next_ns(engine), host.now_ns + SECOND);
	ck_assert_str_eq(sim_idle("congestion"), "");

	sim_run_to_report(600);
	ck_assert_str_eq(events, "1:trial-started 1:kept");
	sim_run(1);
	ck_assert_str_eq(sim_congestion(), "bbr");
	ck_assert_int_eq(kept->verdict, VERDICT_KEPT);
	ck_assert_int_eq(kept->state, CHANGE_DECIDED);
	ck_assert(kept->in_force);
	ck_assert_uint_le(kept->trial.n_pairs, 9);
	ck_assert_uint_gt(kept->decided_ns, kept->proposed_ns);
	ck_assert_uint_gt(kept->decided_realtime_ns, kept->proposed_realtime_ns);
	ck_assert_str_eq(kept->trial.phase, "");
	ck_assert_ptr_null(engine_running(engine));
	ck_assert_uint_eq(engine_next_ns(engine), UINT64_MAX);
}
END_TEST

/* The kept value is in the kernel in whichever block the trial ended. */
START_TEST(test_kept_is_written)
{
	unsigned arms = 0;

	for (uint64_t seed = 9; seed <= 12; seed++) {
		sim_teardown();
		sim_setup();
		random_state = seed;
		sim_lossy_path(10);
		sim_run_to_report(200);
		while (!sim_change(1)->in_force)
			sim_run(1);
		ck_assert_str_eq(sim_congestion(), "bbr");
		arms |= action.kind == ENGINE_APPLY ? 1 : 2;
	}
	ck_assert_uint_eq(arms, 3); /* both ends were seen */
}
END_TEST

START_TEST(test_restored)
{
	sim_lossy_path(0.85);
	sim_run_to_report(200);
	sim_run_to_report(1500);
	ck_assert_str_eq(events, "1:trial-started 1:restored");
	ck_assert_str_eq(sim_congestion(), "cubic");
	ck_assert_int_eq(sim_change(1)->verdict, VERDICT_RESTORED);
	ck_assert(!sim_change(1)->in_force);

	sim_run(600);
	ck_assert_uint_eq(engine_change_count(engine), 1);
	ck_assert_str_eq(sim_idle("congestion"), "bbr was tried on this path and is on hold");
	sim_pass(7 * NSEC_PER_DAY);
	sim_run_to_report(200);
	ck_assert(text_starts_with(events, "1:trial-started 1:restored 2:trial-started"));
}
END_TEST

/* What was proven on a path is not tried the other way round there for a day. */
START_TEST(test_way_back)
{
	sim_lossy_path(10);
	traffic.loss = 0.011;
	sim_run_to_report(200);
	sim_run_to_report(600);
	traffic.loss = 0.032; /* bbr overruns something, within three times of what it did */
	sim_run(600);
	ck_assert_uint_eq(engine_change_count(engine), 1);
	ck_assert_str_eq(sim_idle("congestion"), "cubic was tried on this path and is on hold");
	sim_pass(NSEC_PER_DAY);
	sim_run_to_report(200);
	ck_assert_uint_eq(sim_change(2)->retest_of, 1);
}
END_TEST

/* The first pair may only begin with windows that no verdict has spoiled. */
START_TEST(test_cool_down)
{
	sim_lossy_path(0.85);
	sim_run_to_report(200);
	sim_run_to_report(1500);
	sim_run(14);
	ck_assert_str_eq(sim_idle("buffers"), "cooling down after the last verdict");
	sim_run(2);
	ck_assert_str_ne(sim_idle("buffers"), "cooling down after the last verdict");
}
END_TEST

START_TEST(test_no_traffic)
{
	sim_lossy_path(10);
	sim_run_to_report(200);
	traffic.bps = 0;
	sim_run_to_report(600);
	ck_assert_str_eq(events, "1:trial-started 1:inconclusive");
	ck_assert_str_eq(sim_congestion(), "cubic");
	ck_assert_uint_eq(sim_change(1)->trial.n_dropped, 3);
	traffic.bps = 2 * MBIT;
	sim_run(1700); /* half an hour later it may be tried again */
	ck_assert_uint_eq(engine_change_count(engine), 1);
	sim_run_to_report(300);
	ck_assert_uint_eq(engine_change_count(engine), 2);
}
END_TEST

/* Lost destroy events cost the pair, and nothing else. */
START_TEST(test_lost_events)
{
	sim_lossy_path(10);
	sim_run_to_report(200);
	sim_run(30);
	ck_assert_uint_eq(sim_change(1)->trial.n_dropped, 0);
	host.snapshot.destroyed_lost = true;
	sim_run_to_report(1200);
	ck_assert_str_eq(events, "1:trial-started 1:kept");
	ck_assert_uint_eq(sim_change(1)->trial.n_dropped, 1);
}
END_TEST

/* --- mechanical --- */

START_TEST(test_buffers_kept)
{
	sim_small_buffer(1.9);
	sim_run_to_report(200);
	ck_assert_str_eq(events, "1:trial-started");
	ck_assert_str_eq(sim_change(1)->controller, "buffers");
	ck_assert_int_eq(sim_wmem(), 8 * MIB);
	sim_run_to_report(60);
	ck_assert_str_eq(events, "1:trial-started 1:kept");
	ck_assert_int_eq(sim_wmem(), 8 * MIB);
	ck_assert(sim_change(1)->in_force);
	ck_assert_int_eq(sim_change(1)->trial.kind, TRIAL_MECHANICAL);
}
END_TEST

START_TEST(test_buffers_restored)
{
	sim_small_buffer(1.0);
	sim_run_to_report(200);
	sim_run_to_report(60);
	ck_assert_str_eq(events, "1:trial-started 1:restored");
	ck_assert_int_eq(sim_wmem(), 4 * MIB);
	sim_run(600);
	ck_assert_uint_eq(engine_change_count(engine), 1);
	ck_assert(strstr(sim_idle("buffers"), "on hold"));
	traffic.bps = 130 * MBIT; /* wants another size now; it is the same step */
	sim_run(600);
	ck_assert_uint_eq(engine_change_count(engine), 1);
}
END_TEST

/* --- writes that fail --- */

START_TEST(test_first_write_fails)
{
	sim_lossy_path(10);
	write_status = -EACCES;
	sim_run_to_report(200);
	ck_assert_str_eq(events, "1:trial-started 1:inconclusive");
	ck_assert_str_eq(sim_change(1)->reason, "no such luck");
	ck_assert_uint_eq(engine_next_ns(engine), host.now_ns + SECOND);
	write_status = 0;
	sim_pass(SECOND);
	sim_ask(); /* an earlier arm may stand: everything goes back */
	ck_assert_int_eq(action.kind, ENGINE_RESTORE);
	ck_assert_str_eq(action.changes[0].value.words, "cubic");
	sim_execute(&action);
	ck_assert_str_eq(events, "1:trial-started 1:inconclusive");
	sim_run(600);
	ck_assert_uint_eq(engine_change_count(engine), 1);
}
END_TEST

START_TEST(test_refused_in_trial)
{
	sim_lossy_path(10);
	sim_run_to_report(200);
	sim_run(30);
	write_status = 1; /* refused, nothing was touched */
	sim_run_to_report(60);
	ck_assert_str_eq(events, "1:trial-started 1:inconclusive");
	write_status = 0;
	sim_run(1);
	ck_assert_str_eq(sim_congestion(), "cubic");
}
END_TEST

/* Kept, but the trial ended with the old value in the kernel, and the new one cannot be written. */
START_TEST(test_last_write_fails)
{
	for (random_state = 1;; random_state++) {
		uint64_t seed = random_state;

		ck_assert_uint_lt(seed, 50);
		sim_lossy_path(10);
		sim_run_to_report(200);
		while (!sim_change(1)->in_force) {
			sim_pass(SECOND);
			sim_ask();
			if (!sim_change(1)->in_force)
				sim_execute(&action);
		}
		if (action.kind == ENGINE_APPLY)
			break;
		sim_teardown();
		sim_setup();
		random_state = seed;
	}
	write_status = -EACCES;
	sim_execute(&action);
	ck_assert_int_eq(sim_change(1)->verdict, VERDICT_INCONCLUSIVE);
	ck_assert(!sim_change(1)->in_force);
	ck_assert_str_eq(events, "1:trial-started 1:kept 1:inconclusive");
}
END_TEST

/* The registry keeps what it could not put back on its list; the engine goes on. */
START_TEST(test_restore_fails)
{
	sim_lossy_path(10);
	sim_run_to_report(200);
	ck_assert(engine_abort(engine, "because", host.now_ns, 1, &action));
	write_status = -EIO;
	sim_execute(&action);
	write_status = 0;
	ck_assert_str_eq(events, "1:trial-started 1:inconclusive");
	sim_run(5);
	ck_assert_int_eq(action.kind, ENGINE_NOTHING);
}
END_TEST

/* One action at a time: until it is done, nothing else. */
START_TEST(test_pending)
{
	sim_lossy_path(10);
	do {
		sim_pass(SECOND);
		sim_ask();
	} while (action.kind == ENGINE_NOTHING);
	for (unsigned i = 0; i < 200; i++) {
		EngineAction next;

		sim_pass(SECOND);
		host.snapshot.memory_pressures = 1;
		engine_step(engine, &host.snapshot, &next);
		ck_assert_int_eq(next.kind, ENGINE_NOTHING);
	}
	host.snapshot.memory_pressures = 0;
	ck_assert_uint_eq(engine_change_count(engine), 1);
	sim_execute(&action);
	sim_run_to_report(600);
	ck_assert_str_eq(events, "1:trial-started 1:kept");
}
END_TEST

/* What has a counter of its own is tried by that. */
static void drops(void)
{
	host.rates[HOST_SOFTNET_PROCESSED] = 100000;
	host.rates[HOST_SOFTNET_DROPPED] = 50;
	sim_run_to_report(200);
	ck_assert_str_eq(events, "1:trial-started");
	ck_assert_int_eq(sim_change(1)->trial.kind, TRIAL_COUNTER);
	sim_run(1);
	ck_assert_int_eq(sim_value(TUNABLE_NETDEV_MAX_BACKLOG)->numbers[0], 2000);
}

START_TEST(test_counter_kept)
{
	drops();
	host.rates[HOST_SOFTNET_DROPPED] = 0;
	sim_run_to_report(200);
	ck_assert_str_eq(events, "1:trial-started 1:kept");
	ck_assert_int_eq(sim_value(TUNABLE_NETDEV_MAX_BACKLOG)->numbers[0], 2000);
}
END_TEST

START_TEST(test_counter_restored)
{
	drops();
	sim_run_to_report(200);
	ck_assert_str_eq(events, "1:trial-started 1:restored");
	sim_run(1);
	ck_assert_int_eq(sim_value(TUNABLE_NETDEV_MAX_BACKLOG)->numbers[0], 1000);
	sim_run(200);
	ck_assert(strstr(sim_idle("softnet"), "on hold"));
}
END_TEST

/* Of a change that is no longer in the ring. */
START_TEST(test_done_unknown)
{
	EngineAction unknown = {.kind = ENGINE_APPLY, .change_id = 77};

	engine_done(engine, &unknown, -EIO, "x", host.now_ns);
	engine_done(engine, &unknown, 0, "", host.now_ns);
	ck_assert_str_eq(events, "");
}
END_TEST

/* --- modes --- */

START_TEST(test_advise)
{
	config.mode = POLICY_ADVISE;
	sim_configure();
	sim_lossy_path(10);
	sim_run_to_report(200);
	ck_assert_str_eq(events, "1:advised");
	ck_assert_int_eq(sim_change(1)->state, CHANGE_ADVISED);
	ck_assert(!sim_change(1)->in_force);
	ck_assert_str_eq(sim_change(1)->reason, "Mode=advise: nothing is written");
	ck_assert_ptr_null(engine_running(engine));
	ck_assert_str_eq(sim_congestion(), "cubic");
	sim_run(600); /* said once */
	ck_assert_uint_eq(engine_change_count(engine), 1);
	sim_pass(NSEC_PER_DAY);
	sim_run_to_report(200);
	ck_assert_str_eq(events, "1:advised 2:advised");
}
END_TEST

/* Only what would be compared has to wait. */
START_TEST(test_patience)
{
	sim_run(1);
	ck_assert_str_eq(sim_idle("latency"), "lets those go first that may gain more");
	config.mode = POLICY_ADVISE;
	sim_configure();
	sim_run(1);
	ck_assert(strstr(sim_idle("latency"), "no answers wait"));
}
END_TEST

/* Fast Open is advised in every mode, and does not keep the others from acting. */
START_TEST(test_advice)
{
	sim_lossy_path(10);
	host.snapshot.fastopen_cookie_requests = 100;
	sim_run_to_report(1);
	ck_assert_str_eq(events, "1:advised");
	ck_assert_str_eq(sim_change(1)->reason, "advice: for the operator to decide");
	ck_assert_str_eq(sim_idle("fastopen"), "");
	sim_run(1);
	ck_assert_str_eq(sim_idle("fastopen"), "advice was given");
	sim_run_to_report(200);
	ck_assert_str_eq(events, "1:advised 2:trial-started");
}
END_TEST

START_TEST(test_observe)
{
	config.mode = POLICY_OBSERVE;
	sim_configure();
	ck_assert_str_eq(sim_idle("buffers"), "not asked yet");
	sim_lossy_path(10);
	sim_run(300);
	ck_assert_uint_eq(engine_change_count(engine), 0);
	ck_assert_str_eq(sim_idle("congestion"), "Mode=observe");
}
END_TEST

START_TEST(test_switched_off)
{
	for (PolicyKnob knob = 0; knob < _POLICY_KNOBS; knob++)
		config.switches[knob] = POLICY_OFF;
	sim_configure();
	host.snapshot.fastopen_cookie_requests = 100;
	sim_lossy_path(10);
	sim_run(200);
	ck_assert_uint_eq(engine_change_count(engine), 0);
	for (size_t i = 0; i < engine_controller_count(); i++) {
		ck_assert_str_eq(engine_controller_idle_reason(engine, i),
				 "switched off in the configuration");
		ck_assert(engine_controller_summary(i)[0]);
	}
}
END_TEST

START_TEST(test_paused)
{
	sim_lossy_path(10);
	engine_pause(engine, host.now_ns + 300 * SECOND);
	sim_run(299);
	ck_assert_uint_eq(engine_change_count(engine), 0);
	ck_assert_str_eq(sim_idle("congestion"), "paused by the operator");
	sim_run_to_report(2);
	ck_assert_str_eq(events, "1:trial-started");

	engine_pause(engine, UINT64_MAX); /* what runs goes on */
	ck_assert_uint_eq(engine_paused_until(engine), UINT64_MAX);
	sim_run_to_report(600);
	ck_assert_str_eq(events, "1:trial-started 1:kept");
	sim_run(30);
	ck_assert_str_eq(sim_idle("buffers"), "paused by the operator");
	engine_pause(engine, 0);
	sim_run(1);
	ck_assert_str_ne(sim_idle("buffers"), "paused by the operator");
}
END_TEST

/* --- fixed values --- */

START_TEST(test_fixed)
{
	sim_fix_buffers(16 * MIB);
	config.switches[POLICY_CONGESTION] = POLICY_FIXED;
	(void)text_copy(config.congestion_allowed[0], CONGESTION_NAME_MAX, "reno");
	sim_configure();
	sim_run(2); /* no evidence is asked for, and no cool-down */
	ck_assert_str_eq(events, "1:kept 2:kept");
	ck_assert_int_eq(sim_wmem(), 16 * MIB);
	ck_assert_int_eq(sim_value(TUNABLE_TCP_RMEM)->numbers[2], 16 * MIB);
	ck_assert_str_eq(sim_congestion(), "reno");
	ck_assert_str_eq(sim_change(1)->reason, "fixed by configuration");
	ck_assert_int_eq(sim_change(1)->trial.kind, TRIAL_NONE);
	ck_assert(sim_change(1)->in_force && sim_change(2)->in_force);
	sim_run(100);
	ck_assert_uint_eq(engine_change_count(engine), 2);
	ck_assert(strstr(sim_idle("buffers"), "fixed by Buffers="));
}
END_TEST

/* A value that cannot be written is not written once a second for ever. */
START_TEST(test_fixed_fails)
{
	write_status = -EACCES;
	sim_fix_buffers(16 * MIB);
	sim_run(600);
	ck_assert_str_eq(events, "1:inconclusive");
	ck_assert(strstr(sim_idle("buffers"), "on hold"));
	write_status = 0;
	sim_configure(); /* the operator may have seen to it */
	sim_run(1);
	ck_assert_str_eq(events, "1:inconclusive 2:kept");
}
END_TEST

START_TEST(test_fixed_advised)
{
	config.mode = POLICY_ADVISE;
	sim_fix_buffers(16 * MIB);
	sim_run(60);
	ck_assert_str_eq(events, "1:advised");
	ck_assert_int_eq(sim_wmem(), 4 * MIB);
}
END_TEST

HARNESS_MAIN("engine", HARNESS_FIXTURE(suite, "switchback", sim_setup, sim_teardown, test_kept,
				       test_kept_is_written, test_restored, test_way_back,
				       test_cool_down, test_no_traffic, test_lost_events);
	     HARNESS_FIXTURE(suite, "mechanical", sim_setup, sim_teardown, test_buffers_kept,
			     test_buffers_restored);
	     HARNESS_FIXTURE(suite, "failures", sim_setup, sim_teardown, test_first_write_fails,
			     test_refused_in_trial, test_last_write_fails, test_restore_fails,
			     test_pending, test_counter_kept, test_counter_restored,
			     test_done_unknown);
	     HARNESS_FIXTURE(suite, "modes", sim_setup, sim_teardown, test_advise, test_patience,
			     test_advice, test_observe, test_switched_off, test_paused, test_fixed,
			     test_fixed_fails, test_fixed_advised);)
