/* SPDX-License-Identifier: MIT */
/*
 * Questions to the engine, and the operator's hand on the answers, on a host made by hand: what is
 * advised changes nothing, what is applied is proven like anything else, what is held stays.
 */
#include "daemon/policy/engine_ask.h"

#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "daemon/policy/controller.h"
#include "tests/unit/harness.h"
#include "tests/unit/sim.h"

static EngineAdvice *advices;
static size_t n_advices;
static char reason[256];

static void setup(void)
{
	sim_setup();
	advices = NULL;
	n_advices = 0;
}

static void teardown(void)
{
	free(advices);
	sim_teardown();
}

static void set_mode(PolicyMode mode)
{
	config.mode = mode;
	sim_configure();
}

static void advise(void)
{
	free(advices);
	advices = NULL;
	ck_assert_int_eq(engine_advise(engine, &host.snapshot, &advices, &n_advices), 0);
}

static int apply(uint64_t id)
{
	int r = engine_apply(engine, &host.snapshot, id, &action, reason, sizeof(reason));

	ck_assert_str_ne(reason, "");
	if (r == 0)
		sim_execute(&action);
	else
		ck_assert_int_eq(action.kind, ENGINE_NOTHING);
	return r;
}

static int hold(uint64_t id, uint64_t until_ns)
{
	int r = engine_hold_change(engine, id, until_ns, host.now_ns, host.now_ns, &action, reason,
				   sizeof(reason));

	ck_assert_str_ne(reason, "");
	if (r == 0)
		sim_execute(&action);
	return r;
}

static bool has_obstacle(const EngineAdvice *advice, EngineObstacleKind kind)
{
	for (size_t i = 0; i < advice->n_obstacles; i++)
		if (advice->obstacles[i].kind == kind) {
			ck_assert_str_ne(advice->obstacles[i].text, "");
			return true;
		}
	return false;
}

/* A path that bbr would serve, watched for long enough; nothing is done. */
static void observe_lossy(double gain)
{
	set_mode(POLICY_OBSERVE);
	sim_lossy_path(gain);
	sim_run(200);
	ck_assert_str_eq(events, "");
	advise();
	ck_assert_uint_eq(n_advices, 1);
}

/* --- advice --- */

START_TEST(test_advice)
{
	const Change *change;
	uint64_t id;

	observe_lossy(10);
	change = &advices[0].change;
	id = change->id;
	ck_assert_str_eq(change->controller, "congestion");
	ck_assert_str_eq(change->tunables[0].new_value.words, "bbr");
	ck_assert_int_eq(change->trial.kind, TRIAL_SWITCHBACK);
	ck_assert_int_eq(change->state, CHANGE_ADVISED);
	ck_assert_str_ne(change->evidence.summary, "");
	ck_assert_str_ne(change->evidence.formula, "");
	ck_assert(has_obstacle(&advices[0], OBSTACLE_MODE));
	ck_assert(!has_obstacle(&advices[0], OBSTACLE_TRIAL));
	/* Nothing has happened, and the same advice is the same. */
	ck_assert_uint_eq(engine_change_count(engine), 0);
	ck_assert_str_eq(sim_congestion(), "cubic");
	sim_run(60);
	advise();
	ck_assert_uint_eq(n_advices, 1);
	ck_assert_uint_eq(advices[0].change.id, id);
	ck_assert_ptr_nonnull(engine_change_find(engine, id));
	ck_assert_uint_eq(engine_change_count(engine), 0);
	ck_assert_str_eq(events, "");
}
END_TEST

/* What the engine has advised by itself has an id already. */
START_TEST(test_advised_by_itself)
{
	set_mode(POLICY_ADVISE);
	sim_lossy_path(10);
	sim_run(200);
	ck_assert_str_eq(events, "1:advised");
	advise();
	ck_assert_uint_eq(n_advices, 1);
	ck_assert_uint_eq(advices[0].change.id, 1);
	/* That it was advised is in nobody's way. */
	ck_assert(!has_obstacle(&advices[0], OBSTACLE_ON_HOLD));
}
END_TEST

START_TEST(test_obstacles)
{
	observe_lossy(10);
	engine_pause(engine, host.now_ns + 60 * SECOND);
	advise();
	ck_assert(has_obstacle(&advices[0], OBSTACLE_PAUSED));
	engine_pause(engine, 0);
	host.snapshot.tunables[TUNABLE_TCP_CONGESTION_CONTROL].administered =
		"/etc/sysctl.d/9.conf";
	advise();
	ck_assert_uint_eq(n_advices, 1);
	ck_assert(has_obstacle(&advices[0], OBSTACLE_ADMINISTERED));
	ck_assert_ptr_nonnull(strstr(advices[0].obstacles[0].text, "/etc/sysctl.d/9.conf"));
	ck_assert_int_eq(apply(advices[0].change.id), -EPERM);
	config.override_sysctl = true;
	sim_configure();
	advise();
	ck_assert(!has_obstacle(&advices[0], OBSTACLE_ADMINISTERED));
	config.switches[POLICY_CONGESTION] = POLICY_OFF;
	sim_configure();
	advise();
	ck_assert_uint_eq(n_advices, 0);
}
END_TEST

/* A rejected value is told with what keeps it from being tried. */
START_TEST(test_rejected)
{
	sim_lossy_path(0.5);
	sim_run_to_report(200);
	sim_run_to_report(4000);
	ck_assert_str_eq(events, "1:trial-started 1:restored");
	sim_run(300);
	ck_assert_str_eq(events, "1:trial-started 1:restored");
	advise();
	ck_assert_uint_eq(n_advices, 1);
	ck_assert(has_obstacle(&advices[0], OBSTACLE_ON_HOLD));
	ck_assert(!has_obstacle(&advices[0], OBSTACLE_MODE));
	ck_assert_uint_ne(advices[0].change.id, 1);
}
END_TEST

/* A question does not make anybody wait. */
START_TEST(test_asking_in_a_trial)
{
	sim_lossy_path(10);
	sim_run_to_report(200);
	for (unsigned i = 0; i < 40; i++) {
		advise();
		sim_run(10);
		if (!engine_running(engine))
			break;
	}
	if (engine_running(engine))
		sim_run_to_report(2000);
	ck_assert_str_eq(events, "1:trial-started 1:kept");
}
END_TEST

/* --- reasons --- */

static const EngineReason *reason_of(const EngineReason *reasons, size_t n, const char *controller)
{
	for (size_t i = 0; i < n; i++)
		if (text_equal(reasons[i].controller, controller))
			return &reasons[i];
	return NULL;
}

START_TEST(test_reasons_of_a_path)
{
	EngineReason reasons[ENGINE_REASONS_MAX];
	const EngineReason *found;
	Address address = fake_address(FAKE_ADDRESS);
	const Path *path;
	size_t n;

	set_mode(POLICY_OBSERVE);
	sim_lossy_path(10);
	sim_run(40);
	path = path_table_find(host.paths, &address);
	ck_assert_ptr_nonnull(path);
	n = engine_reasons(engine, &host.snapshot, path, _TUNABLES, reasons);
	ck_assert_ptr_null(reason_of(reasons, n, "memory")); /* no matter of paths */
	found = reason_of(reasons, n, "congestion");
	ck_assert_ptr_nonnull(found);
	ck_assert(!found->proposes);
	ck_assert_msg(strstr(found->text, "waits for evidence: 1 of 3 windows"), "%s", found->text);
	sim_run(160);
	n = engine_reasons(engine, &host.snapshot, path, _TUNABLES, reasons);
	found = reason_of(reasons, n, "congestion");
	ck_assert(found->proposes);
	ck_assert_msg(strstr(found->text, "retransmitted") && strstr(found->text, "Mode=observe"),
		      "%s", found->text);
	found = reason_of(reasons, n, "buffers");
	ck_assert(!found->proposes);
	ck_assert_msg(strstr(found->text, "the send buffer of") && strstr(found->text, "30 %"),
		      "%s", found->text);
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(*reasons[i].text, "%s", reasons[i].controller);
	ck_assert_str_eq(events, "");
}
END_TEST

/* The reason is that path's own, whatever another one would deserve. */
START_TEST(test_reasons_of_another_path)
{
	EngineReason reasons[ENGINE_REASONS_MAX];
	Address other = fake_address("198.51.100.77");
	FakeFlow *flow;
	size_t n;

	set_mode(POLICY_OBSERVE);
	sim_lossy_path(10);
	sim_run(4); /* the transfers have their places */
	flow = fake_host_open(&host, "198.51.100.77", 200000);
	flow->sample.info.raw.rtt_us = flow->sample.info.raw.min_rtt_us = 300;
	sim_run(200);
	advise();
	ck_assert_uint_eq(n_advices, 1);
	n = engine_reasons(engine, &host.snapshot, path_table_find(host.paths, &other), _TUNABLES,
			   reasons);
	ck_assert(!reason_of(reasons, n, "congestion")->proposes);
	ck_assert_msg(strstr(reason_of(reasons, n, "congestion")->text, "floor is 0.300 ms"), "%s",
		      reason_of(reasons, n, "congestion")->text);
}
END_TEST

START_TEST(test_reasons_of_a_tunable)
{
	EngineReason reasons[ENGINE_REASONS_MAX];

	ck_assert_uint_eq(engine_reasons(engine, &host.snapshot, NULL, TUNABLE_TCP_MEM, reasons),
			  1);
	ck_assert_str_eq(reasons[0].controller, "memory");
	ck_assert_uint_eq(engine_reasons(engine, &host.snapshot, NULL,
					 TUNABLE_TCP_ALLOWED_CONGESTION_CONTROL, reasons),
			  0);
	config.switches[POLICY_MEMORY] = POLICY_OFF;
	sim_configure();
	(void)engine_reasons(engine, &host.snapshot, NULL, TUNABLE_TCP_MEM, reasons);
	ck_assert_str_eq(reasons[0].text, "switched off in the configuration");
	ck_assert_uint_eq(engine_reasons(engine, &host.snapshot, NULL, _TUNABLES, reasons),
			  controller_count);
}
END_TEST

/* What may be proposed has who may propose it. */
START_TEST(test_subjects)
{
	uint64_t all = 0;

	for (size_t i = 0; i < controller_count; i++)
		all |= controller_table[i]->subjects;
	for (TunableId id = 0; id < _TUNABLES; id++)
		ck_assert_msg(tunables[id].proposable == ((all & CONTROLLER_SETS(id)) != 0), "%s",
			      tunables[id].key);
}
END_TEST

/* The re-test of a day is due after six hours; this lets it come. */
static void pass_hours(unsigned hours)
{
	for (unsigned i = 0; i < hours * 60; i++) {
		host.snapshot.now_ns = host.now_ns += 60 * SECOND;
		sim_ask();
		sim_execute(&action);
	}
}

/* --- apply --- */

START_TEST(test_apply)
{
	uint64_t id;

	observe_lossy(10);
	id = advices[0].change.id;
	ck_assert_int_eq(apply(id), 0);
	ck_assert_str_eq(events, "1:trial-started");
	ck_assert(sim_change(id)->by_operator);
	ck_assert_uint_eq(engine_change_count(engine), 1);
	ck_assert_int_eq(apply(id), -EPERM); /* it is a change now */
	sim_run_to_report(2000);
	ck_assert_str_eq(events, "1:trial-started 1:kept");
	ck_assert_str_eq(sim_congestion(), "bbr");
	ck_assert(sim_change(id)->in_force);
	/* Nobody asked for anything else. */
	sim_run(300);
	ck_assert_uint_eq(engine_change_count(engine), 1);
	/* It is looked after like any other. */
	traffic.bps = 0;
	pass_hours(7);
	ck_assert_ptr_nonnull(strstr(events, "2:trial-started"));
}
END_TEST

/* The same proof: what does harm goes back. */
START_TEST(test_apply_harm)
{
	observe_lossy(0.4);
	ck_assert_int_eq(apply(advices[0].change.id), 0);
	sim_run_to_report(4000);
	ck_assert_str_eq(events, "1:trial-started 1:restored");
	ck_assert_str_eq(sim_congestion(), "cubic");
}
END_TEST

START_TEST(test_apply_advised)
{
	set_mode(POLICY_ADVISE);
	sim_lossy_path(10);
	sim_run(200);
	ck_assert_str_eq(events, "1:advised");
	ck_assert_int_eq(apply(1), 0);
	ck_assert_str_eq(events, "1:advised 1:trial-started");
	ck_assert_uint_eq(engine_change_count(engine), 1);
}
END_TEST

START_TEST(test_apply_refused)
{
	uint64_t id;

	ck_assert_int_eq(apply(1), -ENOENT);
	observe_lossy(10);
	id = advices[0].change.id;
	engine_pause(engine, UINT64_MAX);
	ck_assert_int_eq(apply(id), -EPERM);
	ck_assert_ptr_nonnull(strstr(reason, "paused"));
	engine_pause(engine, 0);
	traffic.bps = 0;
	fake_host_close(&host, &host.flows[0]);
	fake_host_close(&host, &host.flows[1]);
	sim_run(200);
	ck_assert_int_eq(apply(id), -ESTALE);
	ck_assert_str_eq(events, "");
	ck_assert_uint_eq(engine_change_count(engine), 0);
}
END_TEST

/* It was rejected, but a person may want to see it again. */
START_TEST(test_apply_rejected)
{
	sim_lossy_path(0.5);
	sim_run_to_report(200);
	sim_run_to_report(4000);
	sim_run(300);
	advise();
	ck_assert_int_eq(apply(advices[0].change.id), 0);
	ck_assert_ptr_nonnull(engine_running(engine));
}
END_TEST

/* --- hold --- */

static void keep_one(void)
{
	sim_lossy_path(10);
	sim_run_to_report(200);
	sim_run_to_report(2000);
	ck_assert_str_eq(events, "1:trial-started 1:kept");
	traffic.bps = 0;
}

START_TEST(test_hold)
{
	keep_one();
	ck_assert_int_eq(hold(1, UINT64_MAX), 0);
	ck_assert(change_is_held(sim_change(1), host.now_ns));
	sim_configure(); /* a reload */
	pass_hours(9);
	ck_assert_str_eq(events, "1:trial-started 1:kept");
	ck_assert_str_eq(sim_congestion(), "bbr");
	ck_assert_int_eq(hold(1, 0), 0);
	pass_hours(1);
	ck_assert_ptr_nonnull(strstr(events, "2:trial-started"));
}
END_TEST

START_TEST(test_hold_ends)
{
	keep_one();
	ck_assert_int_eq(hold(1, host.now_ns + 8 * 3600 * SECOND), 0);
	pass_hours(7);
	ck_assert_str_eq(events, "1:trial-started 1:kept");
	pass_hours(2);
	ck_assert_ptr_nonnull(strstr(events, "2:trial-started"));
}
END_TEST

/* A re-test under way ends, and the new values are in force. */
START_TEST(test_hold_in_retest)
{
	keep_one();
	pass_hours(7);
	ck_assert_ptr_nonnull(strstr(events, "2:trial-started"));
	ck_assert_int_eq(hold(1, UINT64_MAX), 0);
	ck_assert_ptr_null(engine_running(engine));
	ck_assert_str_eq(sim_congestion(), "bbr");
	ck_assert(sim_change(1)->in_force);
}
END_TEST

START_TEST(test_hold_pressure)
{
	sim_small_buffer(1.5);
	sim_run_to_report(200);
	sim_run_to_report(600);
	ck_assert_str_eq(events, "1:trial-started 1:kept");
	ck_assert_int_eq(hold(1, UINT64_MAX), 0);
	host.snapshot.memory_pressures = 1;
	sim_run(2);
	ck_assert(sim_change(1)->in_force);
	ck_assert_int_eq(hold(1, 0), 0);
	host.snapshot.memory_pressures = 1;
	sim_run(2);
	ck_assert(!sim_change(1)->in_force);
}
END_TEST

/* Advice that is held is not taken, by the engine or by a person, until the hold ends. */
START_TEST(test_hold_advice)
{
	uint64_t id;

	observe_lossy(10);
	id = advices[0].change.id;
	ck_assert_int_eq(hold(id, UINT64_MAX), 0);
	ck_assert_uint_eq(engine_change_count(engine), 1);
	set_mode(POLICY_AUTO);
	sim_run(300);
	ck_assert_str_eq(events, "");
	advise();
	ck_assert_uint_eq(n_advices, 1);
	ck_assert_uint_eq(advices[0].change.id, id);
	ck_assert(has_obstacle(&advices[0], OBSTACLE_HELD));
	ck_assert_int_eq(apply(id), -EPERM);
	ck_assert_int_eq(hold(id, 0), 0);
	sim_run_to_report(10);
	ck_assert_ptr_nonnull(strstr(events, "trial-started"));
}
END_TEST

START_TEST(test_hold_refused)
{
	ck_assert_int_eq(hold(1, UINT64_MAX), -ENOENT);
	sim_lossy_path(10);
	sim_run_to_report(200);
	ck_assert_int_eq(hold(1, UINT64_MAX), -EBUSY);
	sim_run_to_report(2000);
	ck_assert_int_eq(hold(1, UINT64_MAX), 0);
	/* Who takes it back does not want it held. */
	ck_assert_int_eq(engine_revert(engine, 1, host.now_ns, host.now_ns, &action), 0);
	sim_execute(&action);
	ck_assert(!change_is_held(sim_change(1), host.now_ns));
	ck_assert_str_eq(sim_congestion(), "cubic");
}
END_TEST

HARNESS_MAIN("engine_ask",
	     HARNESS_FIXTURE(suite, "advice", setup, teardown, test_advice, test_advised_by_itself,
			     test_obstacles, test_rejected, test_asking_in_a_trial);
	     HARNESS_FIXTURE(suite, "reasons", setup, teardown, test_reasons_of_a_path,
			     test_reasons_of_another_path, test_reasons_of_a_tunable,
			     test_subjects);
	     HARNESS_FIXTURE(suite, "apply", setup, teardown, test_apply, test_apply_harm,
			     test_apply_advised, test_apply_refused, test_apply_rejected);
	     HARNESS_FIXTURE(suite, "hold", setup, teardown, test_hold, test_hold_ends,
			     test_hold_in_retest, test_hold_pressure, test_hold_advice,
			     test_hold_refused);)
