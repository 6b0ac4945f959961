/* SPDX-License-Identifier: MIT */
/*
 * The engine in a closed loop with a host made by hand: transfers run back to back, actions are
 * executed as daemon/cycle.c does (write, sweep, raise the epoch, report), and what becomes of each
 * change is followed to its end. Also everything that may come between: failing writes, somebody
 * else's hand, the operator, memory pressure, lost events.
 */
#include "daemon/policy/engine.h"

#include <errno.h>

#include "common/text.h"
#include "tests/unit/fake_host.h"
#include "tests/unit/harness.h"

#define MIB    INT64_C(1048576)
#define SECOND NSEC_PER_SEC

static FakeHost host;
static Engine *engine;
static EngineAction action;
static PolicyConfig config;
static uint64_t random_state;

/* What was reported, newest last. */
static char events[512];
/* What a write answers; 0: it is done. */
static int write_status;

/* The traffic: transfers of 6 s, a new one every 3 s. */
static struct {
	uint64_t bps; /* under the old setting; 0: none */
	double gain;  /* under bbr, or with a larger send buffer */
	double loss;
	uint32_t floor_us;
	bool buffer_limited;
	unsigned seconds;
} traffic;

static void on_report(const Change *change, const char *event, void *context)
{
	size_t used = strlen(events);

	ck_assert_ptr_eq(context, &host);
	(void)text_format(events + used, sizeof(events) - used, "%s%u:%s", used ? " " : "",
			  (unsigned)change->id, event);
}

static void configure(void)
{
	engine_set_config(engine, &config);
}

static void setup(void)
{
	EngineParams params;

	random_state = 42;
	events[0] = '\0';
	write_status = 0;
	fake_host_init(&host);
	config = (PolicyConfig){
		.mode = POLICY_AUTO, .objective = POLICY_BALANCED, .memory_budget_permille = 500};
	params = (EngineParams){.config = config,
				.random = random_seeded(&random_state),
				.report = on_report,
				.context = &host};
	ck_assert_int_eq(engine_new(&params, &engine), 0);
	path_table_set_observer(host.paths, engine_observe, engine);
	memset(&traffic, 0, sizeof(traffic));
	traffic.floor_us = 100000;
	traffic.gain = 1;
}

static void teardown(void)
{
	path_table_set_observer(host.paths, NULL, NULL);
	engine_free(engine);
	fake_host_clear(&host);
}

static const TunableValue *current(TunableId id)
{
	return &host.snapshot.tunables[id].current;
}

static int64_t wmem(void)
{
	return current(TUNABLE_TCP_WMEM)->numbers[2];
}

static const char *congestion(void)
{
	return current(TUNABLE_TCP_CONGESTION_CONTROL)->words;
}

static bool under_new_setting(void)
{
	return traffic.buffer_limited ? wmem() > 4 * MIB : text_equal(congestion(), "bbr");
}

static void open_transfer(void)
{
	double gain = under_new_setting() ? traffic.gain : 1;
	uint64_t bps = (uint64_t)((double)traffic.bps * gain);
	FakeFlow *flow = fake_host_open(&host, FAKE_ADDRESS, bps);
	TcpInfoRaw *raw = &flow->sample.info.raw;

	flow->loss = traffic.loss;
	raw->rtt_us = raw->min_rtt_us = traffic.floor_us;
	raw->unacked = (uint32_t)(bps / 8 * traffic.floor_us / 1000000 / 1448);
	if (traffic.buffer_limited) {
		flow->sample.sndbuf = (uint32_t)wmem();
		flow->sample.wmem_queued = (uint32_t)(wmem() * 7 / 10);
	}
}

/* Lets `ns` pass, with the transfers that end and begin in it. */
static void pass(uint64_t ns)
{
	unsigned slot = traffic.seconds % 6;

	if (traffic.bps && slot % 3 == 0) {
		if (host.flows[slot / 3].open)
			fake_host_close(&host, &host.flows[slot / 3]);
		open_transfer();
	}
	traffic.seconds++;
	fake_host_step(&host, ns);
}

/* Executes an action as daemon/cycle.c does. */
static void execute(const EngineAction *to_do)
{
	if (to_do->kind == ENGINE_NOTHING)
		return;
	for (size_t i = 0; i < to_do->n_changes && write_status == 0; i++)
		fake_host_set(&host, to_do->changes[i].id, &to_do->changes[i].value);
	fake_host_step(&host, 0);
	path_table_set_epoch(host.paths, to_do->epoch);
	engine_done(engine, to_do, write_status, "no such luck", host.now_ns);
}

static void step(void)
{
	engine_step(engine, &host.snapshot, &action);
	host.snapshot.memory_pressures = 0;
	host.snapshot.destroyed_lost = false;
}

static void run(unsigned seconds)
{
	for (unsigned i = 0; i < seconds; i++) {
		pass(SECOND);
		step();
		execute(&action);
	}
}

/* Until something more is reported. */
static void run_to_report(unsigned at_most)
{
	size_t before = strlen(events);

	for (unsigned i = 0; strlen(events) == before; i++) {
		ck_assert_msg(i < at_most, "nothing happened: %s",
			      engine_controller_idle_reason(engine, 1));
		run(1);
	}
}

static const Change *change(uint64_t id)
{
	const Change *found = engine_change_find(engine, id);

	ck_assert_ptr_nonnull(found);
	return found;
}

static const char *idle(const char *name)
{
	for (size_t i = 0; i < engine_controller_count(); i++)
		if (text_equal(engine_controller_name(i), name))
			return engine_controller_idle_reason(engine, i);
	ck_abort_msg("no controller %s", name);
	return NULL;
}

/* 0.5 % loss without a queue, 2 Mbit/s by cubic. */
static void lossy_path(double gain)
{
	traffic.bps = 2 * MBIT;
	traffic.loss = 0.005;
	traffic.gain = gain;
}

/* 4 MiB are too small for it. */
static void small_buffer(double gain)
{
	traffic.bps = 150 * MBIT;
	traffic.floor_us = 150000;
	traffic.buffer_limited = true;
	traffic.gain = gain;
}

/* --- switchback --- */

START_TEST(test_kept)
{
	const Change *kept;

	lossy_path(10);
	run_to_report(200);
	ck_assert_str_eq(events, "1:trial-started");
	kept = change(1);
	ck_assert_ptr_eq(engine_running(engine), kept);
	ck_assert_int_eq(kept->state, CHANGE_TRIAL);
	ck_assert_str_eq(kept->controller, "congestion");
	ck_assert(!kept->in_force);
	ck_assert_uint_eq(engine_next_ns(engine), host.now_ns + SECOND);
	ck_assert_str_eq(idle("congestion"), "");

	run_to_report(600);
	ck_assert_str_eq(events, "1:trial-started 1:kept");
	run(1);
	ck_assert_str_eq(congestion(), "bbr");
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
		teardown();
		setup();
		random_state = seed;
		lossy_path(10);
		run_to_report(200);
		while (!change(1)->in_force)
			run(1);
		ck_assert_str_eq(congestion(), "bbr");
		arms |= action.kind == ENGINE_APPLY ? 1 : 2;
	}
	ck_assert_uint_eq(arms, 3); /* both ends were seen */
}
END_TEST

START_TEST(test_restored)
{
	lossy_path(0.85);
	run_to_report(200);
	run_to_report(1500);
	ck_assert_str_eq(events, "1:trial-started 1:restored");
	ck_assert_str_eq(congestion(), "cubic");
	ck_assert_int_eq(change(1)->verdict, VERDICT_RESTORED);
	ck_assert(!change(1)->in_force);

	run(600);
	ck_assert_uint_eq(engine_change_count(engine), 1);
	ck_assert_str_eq(idle("congestion"), "bbr was tried on this path and is on hold");
	pass(7 * NSEC_PER_DAY);
	run_to_report(200);
	ck_assert(text_starts_with(events, "1:trial-started 1:restored 2:trial-started"));
}
END_TEST

/* What was proven on a path is not tried the other way round there for a day. */
START_TEST(test_way_back)
{
	lossy_path(10);
	run_to_report(200);
	run_to_report(600);
	traffic.loss = 0.04; /* bbr overruns something */
	run(600);
	ck_assert_uint_eq(engine_change_count(engine), 1);
	ck_assert_str_eq(idle("congestion"), "cubic was tried on this path and is on hold");
	pass(NSEC_PER_DAY);
	run_to_report(200);
	ck_assert_str_eq(change(2)->tunables[0].new_value.words, "cubic");
}
END_TEST

/* The first pair may only begin with windows that no verdict has spoiled. */
START_TEST(test_cool_down)
{
	lossy_path(0.85);
	run_to_report(200);
	run_to_report(1500);
	run(14);
	ck_assert_str_eq(idle("buffers"), "cooling down after the last verdict");
	run(2);
	ck_assert_str_ne(idle("buffers"), "cooling down after the last verdict");
}
END_TEST

START_TEST(test_no_traffic)
{
	lossy_path(10);
	run_to_report(200);
	traffic.bps = 0;
	run_to_report(600);
	ck_assert_str_eq(events, "1:trial-started 1:inconclusive");
	ck_assert_str_eq(congestion(), "cubic");
	ck_assert_uint_eq(change(1)->trial.n_dropped, 3);
	traffic.bps = 2 * MBIT;
	run(1700); /* half an hour later it may be tried again */
	ck_assert_uint_eq(engine_change_count(engine), 1);
	run_to_report(300);
	ck_assert_uint_eq(engine_change_count(engine), 2);
}
END_TEST

/* Lost destroy events cost the pair, and nothing else. */
START_TEST(test_lost_events)
{
	lossy_path(10);
	run_to_report(200);
	run(30);
	ck_assert_uint_eq(change(1)->trial.n_dropped, 0);
	host.snapshot.destroyed_lost = true;
	run_to_report(1200);
	ck_assert_str_eq(events, "1:trial-started 1:kept");
	ck_assert_uint_eq(change(1)->trial.n_dropped, 1);
}
END_TEST

/* --- mechanical --- */

START_TEST(test_buffers_kept)
{
	small_buffer(1.9);
	run_to_report(200);
	ck_assert_str_eq(events, "1:trial-started");
	ck_assert_str_eq(change(1)->controller, "buffers");
	ck_assert_int_eq(wmem(), 8 * MIB);
	run_to_report(60);
	ck_assert_str_eq(events, "1:trial-started 1:kept");
	ck_assert_int_eq(wmem(), 8 * MIB);
	ck_assert(change(1)->in_force);
	ck_assert_int_eq(change(1)->trial.kind, TRIAL_MECHANICAL);
}
END_TEST

START_TEST(test_buffers_restored)
{
	small_buffer(1.0);
	run_to_report(200);
	run_to_report(60);
	ck_assert_str_eq(events, "1:trial-started 1:restored");
	ck_assert_int_eq(wmem(), 4 * MIB);
	run(600);
	ck_assert_uint_eq(engine_change_count(engine), 1);
	ck_assert(strstr(idle("buffers"), "on hold"));
	traffic.bps = 130 * MBIT; /* wants another size now; it is the same step */
	run(600);
	ck_assert_uint_eq(engine_change_count(engine), 1);
}
END_TEST

/* --- writes that fail --- */

START_TEST(test_first_write_fails)
{
	lossy_path(10);
	write_status = -EACCES;
	run_to_report(200);
	ck_assert_str_eq(events, "1:trial-started 1:inconclusive");
	ck_assert_str_eq(change(1)->reason, "no such luck");
	ck_assert_uint_eq(engine_next_ns(engine), host.now_ns + SECOND);
	write_status = 0;
	pass(SECOND);
	step(); /* an earlier arm may stand: everything goes back */
	ck_assert_int_eq(action.kind, ENGINE_RESTORE);
	ck_assert_str_eq(action.changes[0].value.words, "cubic");
	execute(&action);
	ck_assert_str_eq(events, "1:trial-started 1:inconclusive");
	run(600);
	ck_assert_uint_eq(engine_change_count(engine), 1);
}
END_TEST

START_TEST(test_refused_in_trial)
{
	lossy_path(10);
	run_to_report(200);
	run(30);
	write_status = 1; /* refused, nothing was touched */
	run_to_report(60);
	ck_assert_str_eq(events, "1:trial-started 1:inconclusive");
	write_status = 0;
	run(1);
	ck_assert_str_eq(congestion(), "cubic");
}
END_TEST

/* Kept, but the trial ended with the old value in the kernel, and the new one cannot be written. */
START_TEST(test_last_write_fails)
{
	for (random_state = 1;; random_state++) {
		uint64_t seed = random_state;

		ck_assert_uint_lt(seed, 50);
		lossy_path(10);
		run_to_report(200);
		while (!change(1)->in_force) {
			pass(SECOND);
			step();
			if (!change(1)->in_force)
				execute(&action);
		}
		if (action.kind == ENGINE_APPLY)
			break;
		teardown();
		setup();
		random_state = seed;
	}
	write_status = -EACCES;
	execute(&action);
	ck_assert_int_eq(change(1)->verdict, VERDICT_INCONCLUSIVE);
	ck_assert(!change(1)->in_force);
	ck_assert_str_eq(events, "1:trial-started 1:kept 1:inconclusive");
}
END_TEST

/* The registry keeps what it could not put back on its list; the engine goes on. */
START_TEST(test_restore_fails)
{
	lossy_path(10);
	run_to_report(200);
	ck_assert(engine_abort(engine, "because", host.now_ns, 1, &action));
	write_status = -EIO;
	execute(&action);
	write_status = 0;
	ck_assert_str_eq(events, "1:trial-started 1:inconclusive");
	run(5);
	ck_assert_int_eq(action.kind, ENGINE_NOTHING);
}
END_TEST

/* One action at a time: until it is done, nothing else. */
START_TEST(test_pending)
{
	lossy_path(10);
	do {
		pass(SECOND);
		step();
	} while (action.kind == ENGINE_NOTHING);
	for (unsigned i = 0; i < 200; i++) {
		EngineAction next;

		pass(SECOND);
		host.snapshot.memory_pressures = 1;
		engine_step(engine, &host.snapshot, &next);
		ck_assert_int_eq(next.kind, ENGINE_NOTHING);
	}
	host.snapshot.memory_pressures = 0;
	ck_assert_uint_eq(engine_change_count(engine), 1);
	execute(&action);
	run_to_report(600);
	ck_assert_str_eq(events, "1:trial-started 1:kept");
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
	configure();
	lossy_path(10);
	run_to_report(200);
	ck_assert_str_eq(events, "1:advised");
	ck_assert_int_eq(change(1)->state, CHANGE_ADVISED);
	ck_assert(!change(1)->in_force);
	ck_assert_str_eq(change(1)->reason, "Mode=advise: nothing is written");
	ck_assert_ptr_null(engine_running(engine));
	ck_assert_str_eq(congestion(), "cubic");
	run(600); /* said once */
	ck_assert_uint_eq(engine_change_count(engine), 1);
	pass(NSEC_PER_DAY);
	run_to_report(200);
	ck_assert_str_eq(events, "1:advised 2:advised");
}
END_TEST

/* Fast Open is advised in every mode, and does not keep the others from acting. */
START_TEST(test_advice)
{
	lossy_path(10);
	host.snapshot.fastopen_cookie_requests = 100;
	run_to_report(1);
	ck_assert_str_eq(events, "1:advised");
	ck_assert_str_eq(change(1)->reason, "advice: for the operator to decide");
	ck_assert_str_eq(idle("fastopen"), "");
	run(1);
	ck_assert_str_eq(idle("fastopen"), "advice was given");
	run_to_report(200);
	ck_assert_str_eq(events, "1:advised 2:trial-started");
}
END_TEST

START_TEST(test_observe)
{
	config.mode = POLICY_OBSERVE;
	configure();
	ck_assert_str_eq(idle("buffers"), "not asked yet");
	lossy_path(10);
	run(300);
	ck_assert_uint_eq(engine_change_count(engine), 0);
	ck_assert_str_eq(idle("congestion"), "Mode=observe");
}
END_TEST

START_TEST(test_switched_off)
{
	config.congestion = config.buffers = config.fastopen = POLICY_OFF;
	configure();
	host.snapshot.fastopen_cookie_requests = 100;
	lossy_path(10);
	run(200);
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
	lossy_path(10);
	engine_pause(engine, host.now_ns + 300 * SECOND);
	run(299);
	ck_assert_uint_eq(engine_change_count(engine), 0);
	ck_assert_str_eq(idle("congestion"), "paused by the operator");
	run_to_report(2);
	ck_assert_str_eq(events, "1:trial-started");

	engine_pause(engine, UINT64_MAX); /* what runs goes on */
	ck_assert_uint_eq(engine_paused_until(engine), UINT64_MAX);
	run_to_report(600);
	ck_assert_str_eq(events, "1:trial-started 1:kept");
	run(30);
	ck_assert_str_eq(idle("buffers"), "paused by the operator");
	engine_pause(engine, 0);
	run(1);
	ck_assert_str_ne(idle("buffers"), "paused by the operator");
}
END_TEST

/* --- fixed values --- */

static void fix_buffers(int64_t bytes)
{
	config.buffers = POLICY_FIXED;
	config.buffers_max_bytes = (uint64_t)bytes;
	configure();
}

START_TEST(test_fixed)
{
	fix_buffers(16 * MIB);
	config.congestion = POLICY_FIXED;
	(void)text_copy(config.congestion_allowed[0], CONGESTION_NAME_MAX, "reno");
	configure();
	run(2); /* no evidence is asked for, and no cool-down */
	ck_assert_str_eq(events, "1:kept 2:kept");
	ck_assert_int_eq(wmem(), 16 * MIB);
	ck_assert_int_eq(current(TUNABLE_TCP_RMEM)->numbers[2], 16 * MIB);
	ck_assert_str_eq(congestion(), "reno");
	ck_assert_str_eq(change(1)->reason, "fixed by configuration");
	ck_assert_int_eq(change(1)->trial.kind, TRIAL_NONE);
	ck_assert(change(1)->in_force && change(2)->in_force);
	run(100);
	ck_assert_uint_eq(engine_change_count(engine), 2);
	ck_assert(strstr(idle("buffers"), "fixed by Buffers="));
}
END_TEST

/* A value that cannot be written is not written once a second for ever. */
START_TEST(test_fixed_fails)
{
	write_status = -EACCES;
	fix_buffers(16 * MIB);
	run(600);
	ck_assert_str_eq(events, "1:inconclusive");
	ck_assert(strstr(idle("buffers"), "on hold"));
	write_status = 0;
	configure(); /* the operator may have seen to it */
	run(1);
	ck_assert_str_eq(events, "1:inconclusive 2:kept");
}
END_TEST

START_TEST(test_fixed_advised)
{
	config.mode = POLICY_ADVISE;
	fix_buffers(16 * MIB);
	run(60);
	ck_assert_str_eq(events, "1:advised");
	ck_assert_int_eq(wmem(), 4 * MIB);
}
END_TEST

/* --- somebody else's hand --- */

START_TEST(test_foreign_in_trial)
{
	TunableValue reno = fake_value(TUNABLE_TCP_CONGESTION_CONTROL, "reno");

	lossy_path(10);
	run_to_report(200);
	run(25);
	fake_host_set(&host, TUNABLE_TCP_CONGESTION_CONTROL, &reno);
	host.snapshot.tunables[TUNABLE_TCP_CONGESTION_CONTROL].foreign = true;
	engine_foreign(engine, TUNABLE_TCP_CONGESTION_CONTROL, host.now_ns, 1);
	ck_assert_str_eq(events, "1:trial-started 1:inconclusive");
	ck_assert_str_eq(change(1)->reason,
			 "net.ipv4.tcp_congestion_control was changed by somebody else");
	ck_assert_ptr_null(engine_running(engine));
	write_status = 1; /* the registry does not touch it */
	run(1);
	ck_assert_int_eq(action.kind, ENGINE_RESTORE);
	write_status = 0;
	run(300);
	ck_assert_str_eq(congestion(), "reno");
	ck_assert(strstr(idle("congestion"), "somebody else"));
	ck_assert_uint_eq(engine_change_count(engine), 1);
}
END_TEST

START_TEST(test_foreign_in_force)
{
	fix_buffers(16 * MIB);
	run(1);
	ck_assert(change(1)->in_force);
	engine_foreign(engine, TUNABLE_TCP_CONGESTION_CONTROL, host.now_ns, 1);
	ck_assert(change(1)->in_force); /* not its own */
	engine_foreign(engine, TUNABLE_TCP_RMEM, host.now_ns, 1);
	ck_assert(!change(1)->in_force);
	ck_assert_int_eq(change(1)->verdict, VERDICT_KEPT); /* it was */
	ck_assert_str_eq(change(1)->reason, "net.ipv4.tcp_rmem was changed by somebody else");
	ck_assert_int_eq(engine_revert(engine, 1, host.now_ns, 1, &action), -ENOENT);
}
END_TEST

/* What was measured under another value is no evidence for this one. */
START_TEST(test_foreign_spoils_evidence)
{
	lossy_path(10);
	config.mode = POLICY_OBSERVE;
	configure();
	run(150);
	config.mode = POLICY_AUTO;
	configure();
	engine_foreign(engine, TUNABLE_TCP_RMEM, host.now_ns, 1);
	run(85);
	ck_assert_str_eq(events, "");
	run_to_report(60);
	ck_assert_str_eq(events, "1:trial-started");
}
END_TEST

/* A trial of something else is none of its business. */
START_TEST(test_foreign_elsewhere)
{
	lossy_path(10);
	run_to_report(200);
	engine_foreign(engine, TUNABLE_TCP_FASTOPEN, host.now_ns, 1);
	ck_assert_ptr_nonnull(engine_running(engine));
	run_to_report(600);
	ck_assert_str_eq(events, "1:trial-started 1:kept");
}
END_TEST

/* --- the operator --- */

static int revert(uint64_t id)
{
	int r = engine_revert(engine, id, host.now_ns, host.now_ns, &action);

	if (r == 0)
		execute(&action);
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
	lossy_path(10);
	run_to_report(200);
	ck_assert_int_eq(revert(1), 0);
	ck_assert_str_eq(events, "1:trial-started 1:inconclusive");
	ck_assert_str_eq(change(1)->reason, "reverted by the operator");
	ck_assert_str_eq(congestion(), "cubic");
	ck_assert_int_eq(revert(1), -ENOENT);
	run(3600); /* half an hour is not what the operator meant */
	ck_assert_uint_eq(engine_change_count(engine), 1);
}
END_TEST

START_TEST(test_revert_kept)
{
	small_buffer(1.9);
	run_to_report(200);
	run_to_report(60);
	ck_assert_int_eq(revert(1), 0);
	ck_assert_int_eq(wmem(), 4 * MIB);
	ck_assert_str_eq(events, "1:trial-started 1:kept 1:restored");
	ck_assert(!change(1)->in_force);
	ck_assert_str_eq(change(1)->reason, "reverted by the operator");
	run(600);
	ck_assert_uint_eq(engine_change_count(engine), 1);
}
END_TEST

/* Not on any other path either. */
START_TEST(test_revert_holds_everywhere)
{
	FakeFlow *flow;

	small_buffer(1.9);
	run_to_report(200);
	run_to_report(60);
	ck_assert_int_eq(revert(1), 0);
	for (size_t i = 0; i < 2; i++)
		fake_host_close(&host, &host.flows[i]);
	traffic.bps = 0;
	flow = fake_host_open(&host, "192.0.2.77", 150 * MBIT);
	flow->sample.info.raw.rtt_us = flow->sample.info.raw.min_rtt_us = 150000;
	flow->sample.sndbuf = 4 * MIB;
	flow->sample.wmem_queued = 3 * MIB;
	run(300);
	ck_assert_uint_eq(engine_change_count(engine), 1);
	ck_assert(strstr(idle("buffers"), "on hold"));
	configure();
	run_to_report(2);
	ck_assert_str_eq(events, "1:trial-started 1:kept 1:restored 2:trial-started");
}
END_TEST

/* Change 1: rmem and wmem to 16 MiB. 2: rmem alone to 24. 3: both to 32. */
static void stack(void)
{
	TunableValue value;

	fix_buffers(16 * MIB);
	run(1);
	value = *current(TUNABLE_TCP_WMEM);
	value.numbers[2] = 24 * MIB;
	fake_host_set(&host, TUNABLE_TCP_WMEM, &value);
	fix_buffers(24 * MIB);
	run(1);
	value.numbers[2] = 16 * MIB;
	fake_host_set(&host, TUNABLE_TCP_WMEM, &value);
	fix_buffers(32 * MIB);
	run(1);
	ck_assert_str_eq(events, "1:kept 2:kept 3:kept");
	ck_assert_uint_eq(change(2)->n_tunables, 1);
	ck_assert_int_eq(change(2)->tunables[0].id, TUNABLE_TCP_RMEM);
	config.buffers = POLICY_OFF;
	configure();
}

static int64_t rmem(void)
{
	return current(TUNABLE_TCP_RMEM)->numbers[2];
}

START_TEST(test_revert_newest)
{
	stack();
	ck_assert_int_eq(revert(3), 0);
	ck_assert_int_eq(wmem(), 16 * MIB);
	ck_assert_int_eq(rmem(), 24 * MIB);
	ck_assert(change(1)->in_force && change(2)->in_force && !change(3)->in_force);
}
END_TEST

/* What was built upon it goes with it: with 2 (rmem) also 3, and with 3 also its wmem. */
START_TEST(test_revert_middle)
{
	stack();
	ck_assert_int_eq(revert(2), 0);
	ck_assert_int_eq(wmem(), 16 * MIB);
	ck_assert_int_eq(rmem(), 16 * MIB);
	ck_assert(change(1)->in_force && !change(2)->in_force && !change(3)->in_force);
}
END_TEST

START_TEST(test_revert_oldest)
{
	stack();
	ck_assert_int_eq(revert(1), 0);
	ck_assert_int_eq(wmem(), 4 * MIB);
	ck_assert_int_eq(rmem(), 6 * MIB);
	ck_assert(!change(1)->in_force && !change(2)->in_force && !change(3)->in_force);
	ck_assert_int_eq(revert(3), -ENOENT);
}
END_TEST

START_TEST(test_revert_all)
{
	stack();
	config.congestion = POLICY_AUTO_TUNE;
	configure();
	lossy_path(10);
	run_to_report(200);
	run(25);
	ck_assert_int_eq(revert(0), 0);
	ck_assert_int_eq(wmem(), 4 * MIB);
	ck_assert_int_eq(rmem(), 6 * MIB);
	ck_assert_str_eq(congestion(), "cubic");
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
	fix_buffers(5 * MIB);
	run(1);
	config.buffers = POLICY_AUTO_TUNE;
	configure();
	small_buffer(1);
	run_to_report(300);
	ck_assert_str_eq(events, "1:kept 2:trial-started");
	ck_assert_int_gt(wmem(), 5 * MIB);
	ck_assert_int_eq(revert(1), 0);
	ck_assert_int_eq(wmem(), 4 * MIB);
	ck_assert_int_eq(rmem(), 6 * MIB);
	ck_assert_ptr_null(engine_running(engine));
	ck_assert_int_eq(change(2)->verdict, VERDICT_INCONCLUSIVE);
}
END_TEST

/* Reverting something else raises the epoch: the pair is lost, the trial goes on. */
START_TEST(test_revert_beside_trial)
{
	fix_buffers(16 * MIB);
	run(1);
	config.buffers = POLICY_OFF;
	configure();
	lossy_path(10);
	run_to_report(200);
	run(3);
	ck_assert_int_eq(revert(1), 0);
	ck_assert_ptr_nonnull(engine_running(engine));
	ck_assert_str_eq(events, "1:kept 2:trial-started 1:restored");
	run_to_report(1200);
	ck_assert_int_eq(change(2)->verdict, VERDICT_KEPT);
	ck_assert_uint_eq(change(2)->trial.n_dropped, 1);
}
END_TEST

START_TEST(test_abort)
{
	ck_assert(!engine_abort(engine, "x", host.now_ns, 1, &action));
	ck_assert_int_eq(action.kind, ENGINE_NOTHING);
	lossy_path(10);
	run_to_report(200);
	run(25);
	ck_assert(engine_abort(engine, "the configuration changed", host.now_ns, 1, &action));
	ck_assert_int_eq(action.kind, ENGINE_RESTORE);
	execute(&action);
	ck_assert_str_eq(congestion(), "cubic");
	ck_assert_str_eq(change(1)->reason, "the configuration changed");
	run(200);
	ck_assert_uint_eq(engine_change_count(engine), 1);
	configure(); /* a new configuration begins anew */
	run_to_report(200);
	ck_assert_uint_eq(engine_change_count(engine), 2);
}
END_TEST

/* --- memory pressure --- */

START_TEST(test_pressure_in_trial)
{
	small_buffer(1.9);
	run_to_report(200);
	host.snapshot.memory_pressures = 1;
	run(1);
	ck_assert_str_eq(events, "1:trial-started 1:restored");
	ck_assert_int_eq(wmem(), 4 * MIB);
	ck_assert_str_eq(change(1)->reason, "the kernel reports TCP memory pressure");
	run(600);
	ck_assert_uint_eq(engine_change_count(engine), 1);
}
END_TEST

/* Newest first, one step for each report. */
START_TEST(test_pressure_in_force)
{
	stack();
	host.snapshot.memory_pressures = 5;
	run(1);
	ck_assert_int_eq(rmem(), 24 * MIB);
	ck_assert_int_eq(wmem(), 16 * MIB);
	run(60);
	ck_assert_int_eq(rmem(), 24 * MIB);
	for (int64_t expected = 16; expected >= 6; expected -= 10) {
		host.snapshot.memory_pressures = 1;
		run(1);
		ck_assert_int_eq(rmem(), expected * MIB);
	}
	ck_assert_int_eq(wmem(), 4 * MIB);
	host.snapshot.memory_pressures = 1;
	run(1);
	ck_assert_int_eq(action.kind, ENGINE_NOTHING);
}
END_TEST

/* It does not wait for the end of a trial of something else. */
START_TEST(test_pressure_beside_trial)
{
	fix_buffers(16 * MIB);
	run(1);
	config.buffers = POLICY_OFF;
	configure();
	lossy_path(10);
	run_to_report(200);
	run(3);
	host.snapshot.memory_pressures = 1;
	run(1);
	ck_assert_int_eq(wmem(), 4 * MIB);
	ck_assert_str_eq(events, "1:kept 2:trial-started 1:restored");
	run_to_report(1200);
	ck_assert_int_eq(change(2)->verdict, VERDICT_KEPT);
	ck_assert_uint_eq(change(2)->trial.n_dropped, 1);
}
END_TEST

/* In whatever mode; and it does nothing about what is not ours. */
START_TEST(test_pressure_modes)
{
	fix_buffers(16 * MIB);
	run(1);
	config.mode = POLICY_OBSERVE;
	configure();
	host.snapshot.memory_pressures = 1;
	run(1);
	ck_assert_int_eq(wmem(), 4 * MIB);
	config.mode = POLICY_AUTO;
	config.buffers = POLICY_OFF;
	configure();
	lossy_path(10);
	run_to_report(200);
	host.snapshot.memory_pressures = 1;
	run_to_report(600);
	ck_assert_int_eq(change(2)->verdict, VERDICT_KEPT);
}
END_TEST

HARNESS_MAIN("engine", HARNESS_FIXTURE(suite, "switchback", setup, teardown, test_kept,
				       test_kept_is_written, test_restored, test_way_back,
				       test_cool_down, test_no_traffic, test_lost_events);
	     HARNESS_FIXTURE(suite, "mechanical", setup, teardown, test_buffers_kept,
			     test_buffers_restored);
	     HARNESS_FIXTURE(suite, "failures", setup, teardown, test_first_write_fails,
			     test_refused_in_trial, test_last_write_fails, test_restore_fails,
			     test_pending, test_done_unknown);
	     HARNESS_FIXTURE(suite, "modes", setup, teardown, test_advise, test_advice,
			     test_observe, test_switched_off, test_paused, test_fixed,
			     test_fixed_fails, test_fixed_advised);
	     HARNESS_FIXTURE(suite, "foreign", setup, teardown, test_foreign_in_trial,
			     test_foreign_in_force, test_foreign_spoils_evidence,
			     test_foreign_elsewhere);
	     HARNESS_FIXTURE(suite, "operator", setup, teardown, test_revert_unknown,
			     test_revert_running, test_revert_kept, test_revert_holds_everywhere,
			     test_revert_newest, test_revert_middle, test_revert_oldest,
			     test_revert_all, test_revert_under_trial, test_revert_beside_trial,
			     test_abort);
	     HARNESS_FIXTURE(suite, "pressure", setup, teardown, test_pressure_in_trial,
			     test_pressure_in_force, test_pressure_beside_trial,
			     test_pressure_modes);)
