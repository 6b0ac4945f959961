/* SPDX-License-Identifier: MIT */
/*
 * The engine with several destinations, each with a route of its own: which trials run beside each
 * other, what becomes of what was kept, and what is remembered of it.
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/policy/engine.h"
#include "tests/unit/fake_host.h"
#include "tests/unit/harness.h"

#define SECOND NSEC_PER_SEC
#define HOUR   NSEC_PER_HOUR
#define LANES  3
#define SLOTS  2

/* A destination with transfers of 6 s, a new one every 3 s. */
typedef struct Lane {
	const char *address;
	uint64_t bps; /* 0: no traffic */
	double gain;  /* under bbr */
	double loss;
	bool full_buffer;
	int link;
	FakeFlow *flows[SLOTS];
} Lane;

static FakeHost host;
static Engine *engine;
static EngineAction action;
static PolicyConfig config;
static uint64_t random_state;
static Lane lanes[LANES];
static char events[1024];
static unsigned seconds;
static unsigned most_trials; /* at once */

static void on_report(const Change *change, const char *event, void *context)
{
	size_t used = strlen(events);

	ck_assert_ptr_eq(context, &host);
	(void)text_format(events + used, sizeof(events) - used, "%s%u:%s", used ? " " : "",
			  (unsigned)change->id, event);
}

static void new_engine(Lessons *lessons)
{
	EngineParams params = {.config = config,
			       .random = random_seeded(&random_state),
			       .report = on_report,
			       .lessons = lessons,
			       .context = &host};

	engine_free(engine);
	engine = NULL;
	ck_assert_int_eq(engine_new(&params, &engine), 0);
	path_table_set_observer(host.paths, engine_observe, engine);
}

static void setup(void)
{
	random_state = 42;
	events[0] = '\0';
	seconds = most_trials = 0;
	engine = NULL;
	fake_host_init(&host);
	fake_host_routes(&host);
	config = (PolicyConfig){.mode = POLICY_AUTO,
				.objective = POLICY_BALANCED,
				.memory_budget_permille = 500,
				.per_destination = true,
				.exploration_permille = 100};
	for (PolicyKnob knob = 0; knob < _POLICY_KNOBS; knob++)
		config.switches[knob] = knob == POLICY_CONGESTION ? POLICY_AUTO_TUNE : POLICY_OFF;
	memset(lanes, 0, sizeof(lanes));
	for (size_t i = 0; i < LANES; i++)
		lanes[i] = (Lane){.address = i == 0   ? "192.0.2.1"
					     : i == 1 ? "198.51.100.1"
						      : "203.0.113.1",
				  .gain = 1,
				  .loss = 0.005,
				  .link = (int)i + 2};
	new_engine(NULL);
}

static void teardown(void)
{
	path_table_set_observer(host.paths, NULL, NULL);
	engine_free(engine);
	fake_host_clear(&host);
}

/* --- the loop --- */

static PolicyRoute route_of(const Lane *lane)
{
	Address address = fake_address(lane->address);
	PolicyRoute route;

	ck_assert(host.snapshot.route(host.snapshot.route_context, &address, &route));
	return route;
}

static const char *congestion_of(const Lane *lane)
{
	static char name[TUNABLE_WORD_MAX];
	PolicyRoute route = route_of(lane);

	(void)text_copy(name, sizeof(name),
			route.metrics[TUNABLE_ROUTE_CONGCTL - _TUNABLE_SYSCTLS].words);
	return name;
}

/* Where the route of each lane leaves the host. */
static void tell_links(void)
{
	for (size_t i = 0; i < LANES; i++) {
		Address address = fake_address(lanes[i].address);

		for (size_t k = 0; k < host.n_routes; k++)
			if (address_equal(&host.routes[k].address, &address)) {
				host.routes[k].route.link_index = lanes[i].link;
				host.routes[k].route.fingerprint = (uint64_t)lanes[i].link;
			}
	}
}

static void transfer(Lane *lane)
{
	unsigned slot = seconds / 3 % SLOTS;
	double gain = text_equal(congestion_of(lane), "bbr") ? lane->gain : 1;

	if (seconds % 3 != 0)
		return;
	if (lane->flows[slot])
		fake_host_close(&host, lane->flows[slot]);
	lane->flows[slot] = NULL;
	if (lane->bps == 0)
		return;
	lane->flows[slot] =
		fake_host_open(&host, lane->address, (uint64_t)((double)lane->bps * gain));
	lane->flows[slot]->loss = lane->loss;
	if (lane->full_buffer) {
		uint32_t bytes = (uint32_t)host.caps.wmem_max_bytes;

		lane->flows[slot]->sample.sndbuf = bytes;
		lane->flows[slot]->sample.wmem_queued = bytes / 10 * 7;
	}
	lane->flows[slot]->sample.info.raw.unacked =
		(uint32_t)((double)lane->bps * gain / 8 / 10 / 1448);
}

static void execute(const EngineAction *to_do)
{
	char address[ADDRESS_TEXT_MAX], text[TUNABLE_WORD_MAX];

	if (to_do->kind == ENGINE_NOTHING)
		return;
	for (size_t i = 0; i < to_do->n_changes && to_do->kind != ENGINE_SHADOW; i++) {
		const TunableValue *value = &to_do->changes[i].value;

		if (!tunable_is_route(to_do->changes[i].id)) {
			fake_host_set(&host, to_do->changes[i].id, value);
			continue;
		}
		fake_host_metric(
			&host, address_format(&to_do->changes[i].path, address),
			to_do->changes[i].id,
			tunable_is_unset(value) ? NULL : tunable_format(value, text, sizeof(text)));
	}
	fake_host_step(&host, 0);
	if (to_do->kind != ENGINE_SHADOW)
		path_table_set_epoch(host.paths, to_do->epoch);
	engine_done(engine, to_do, 0, "", host.now_ns);
}

static void ask(void)
{
	for (unsigned i = 0; i < 4; i++) {
		const Change *trials[ENGINE_TRIALS_MAX];

		engine_step(engine, &host.snapshot, &action);
		most_trials = MAX(most_trials, (unsigned)engine_trials(engine, trials));
		if (action.kind == ENGINE_NOTHING)
			return;
		execute(&action);
	}
}

static void run(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		for (size_t k = 0; k < LANES; k++)
			transfer(&lanes[k]);
		tell_links();
		seconds++;
		fake_host_step(&host, SECOND);
		ask();
	}
}

/* Until something more is reported. */
static void run_to_report(unsigned at_most)
{
	size_t before = strlen(events);

	for (unsigned i = 0; strlen(events) == before; i++) {
		ck_assert_msg(i < at_most, "nothing happened: %s", events);
		run(1);
	}
}

/* A long time without traffic. */
static void sleep_for(uint64_t ns)
{
	for (size_t i = 0; i < LANES; i++)
		for (size_t k = 0; k < SLOTS; k++) {
			if (lanes[i].flows[k])
				fake_host_close(&host, lanes[i].flows[k]);
			lanes[i].flows[k] = NULL;
		}
	fake_host_step(&host, ns);
}

static const Change *change(uint64_t id)
{
	const Change *found = engine_change_find(engine, id);

	ck_assert_ptr_nonnull(found);
	return found;
}

static void lossy(Lane *lane, double gain)
{
	lane->bps = 2 * MBIT;
	lane->gain = gain;
}

/* One lane, on which bbr was kept. */
static void keep_one(void)
{
	lossy(&lanes[0], 10);
	run_to_report(200);
	run_to_report(900);
	ck_assert_str_eq(events, "1:trial-started 1:kept");
	ck_assert_str_eq(congestion_of(&lanes[0]), "bbr");
	ck_assert(change(1)->provisional);
}

/* --- who runs beside whom --- */

START_TEST(test_two_links)
{
	lossy(&lanes[0], 10);
	lossy(&lanes[1], 10);
	run(900);
	ck_assert_uint_eq(most_trials, 2);
	ck_assert_str_eq(congestion_of(&lanes[0]), "bbr");
	ck_assert_str_eq(congestion_of(&lanes[1]), "bbr");
	ck_assert_str_eq(host.congestion, "cubic");
	/* With more than one under test, one of them must be more convincing. */
	ck_assert(change(1)->trial.e_keep > 40 || change(2)->trial.e_keep > 40);
}
END_TEST

START_TEST(test_one_link)
{
	lossy(&lanes[0], 10);
	lossy(&lanes[1], 10);
	lanes[1].link = lanes[0].link;
	run(1500);
	ck_assert_uint_eq(most_trials, 1);
	ck_assert_str_eq(congestion_of(&lanes[0]), "bbr");
	ck_assert_str_eq(congestion_of(&lanes[1]), "bbr");
}
END_TEST

START_TEST(test_no_more_than_two)
{
	for (size_t i = 0; i < LANES; i++)
		lossy(&lanes[i], 10);
	run(1500);
	ck_assert_uint_eq(most_trials, 2);
	for (size_t i = 0; i < LANES; i++)
		ck_assert_str_eq(congestion_of(&lanes[i]), "bbr");
}
END_TEST

START_TEST(test_abort_ends_all)
{
	lossy(&lanes[0], 10);
	lossy(&lanes[1], 10);
	run(130);
	ck_assert_uint_eq(most_trials, 2);
	while (engine_abort(engine, "stop", host.now_ns, 1, &action))
		execute(&action);
	ck_assert_ptr_null(engine_running(engine));
	ck_assert_str_eq(congestion_of(&lanes[0]), "");
	ck_assert_str_eq(congestion_of(&lanes[1]), "");
}
END_TEST

START_TEST(test_budget)
{
	config.exploration_permille = 1; /* 86 s */
	engine_set_config(engine, &config);
	lossy(&lanes[0], 1.02);
	run_to_report(200);
	run_to_report(900);
	ck_assert_int_eq(change(1)->verdict, VERDICT_INCONCLUSIVE);
	ck_assert(strstr(change(1)->reason, "budget"));
	ck_assert_str_eq(congestion_of(&lanes[0]), "");
}
END_TEST

/* --- what becomes of it --- */

START_TEST(test_confirmed)
{
	keep_one();
	sleep_for(6 * HOUR);
	run_to_report(200);
	ck_assert_uint_eq(change(2)->retest_of, 1);
	run_to_report(2400);
	ck_assert_int_eq(change(2)->verdict, VERDICT_KEPT);
	ck_assert(!change(2)->in_force);
	ck_assert(change(1)->in_force);
	ck_assert_uint_eq(change(1)->retests, 1);
	ck_assert_str_eq(congestion_of(&lanes[0]), "bbr");
	for (unsigned i = 2; i < 4 && change(1)->provisional; i++) {
		sleep_for(6 * HOUR);
		run(1500);
	}
	ck_assert(!change(1)->provisional);
	ck_assert(change(1)->retest_ns > host.now_ns + 6 * NSEC_PER_DAY);
}
END_TEST

START_TEST(test_vanished)
{
	keep_one();
	lanes[0].gain = 1;
	sleep_for(6 * HOUR);
	run_to_report(200);
	run_to_report(4000);
	ck_assert_int_eq(change(2)->verdict, VERDICT_RESTORED);
	ck_assert(!change(1)->in_force);
	ck_assert_int_eq(change(1)->verdict, VERDICT_RESTORED);
	ck_assert(strstr(change(1)->reason, "re-test"));
	ck_assert_str_eq(congestion_of(&lanes[0]), "");
}
END_TEST

START_TEST(test_late_harm)
{
	keep_one();
	lanes[0].loss = 0.08;
	run_to_report(200);
	ck_assert_str_eq(events, "1:trial-started 1:kept 1:restored");
	ck_assert(strstr(change(1)->reason, "guardrail"));
	ck_assert_str_eq(congestion_of(&lanes[0]), "");
}
END_TEST

START_TEST(test_silence)
{
	keep_one();
	lanes[0].bps = 0;
	sleep_for(25 * HOUR);
	run(1);
	ck_assert(!change(1)->in_force);
	ck_assert_str_eq(congestion_of(&lanes[0]), "");
}
END_TEST

START_TEST(test_route_lost)
{
	Address address = fake_address(lanes[0].address);

	keep_one();
	fake_host_metric(&host, lanes[0].address, TUNABLE_ROUTE_CONGCTL, NULL);
	engine_route_lost(engine, &address, "the gateway changed", host.now_ns, 1);
	ck_assert(!change(1)->in_force);
	ck_assert_str_eq(change(1)->reason, "the gateway changed");
}
END_TEST

START_TEST(test_route_lost_in_trial)
{
	Address address = fake_address(lanes[0].address);

	lossy(&lanes[0], 10);
	run_to_report(200);
	run(25);
	engine_route_lost(engine, &address, "the gateway changed", host.now_ns, 1);
	ck_assert_int_eq(change(1)->verdict, VERDICT_INCONCLUSIVE);
	ck_assert_ptr_null(engine_running(engine));
	run(2);
	ck_assert_str_eq(congestion_of(&lanes[0]), "");
}
END_TEST

START_TEST(test_revert_one)
{
	lossy(&lanes[0], 10);
	lossy(&lanes[1], 10);
	run(900);
	ck_assert_int_eq(engine_revert(engine, 1, host.now_ns, 1, &action), 0);
	ck_assert_uint_eq(action.n_changes, 1);
	execute(&action);
	ck_assert_uint_eq(!*congestion_of(&lanes[0]) + !*congestion_of(&lanes[1]), 1);
}
END_TEST

/* --- nothing against nothing --- */

START_TEST(test_aa)
{
	Address address = fake_address(lanes[0].address), unknown = fake_address("10.1.1.1");
	char reason[256] = "";

	ck_assert_int_eq(engine_trial_aa(engine, &host.snapshot, &unknown, 10, &action, reason,
					 sizeof(reason)),
			 -ENOENT);
	ck_assert(*reason);
	lanes[0].bps = 50 * MBIT;
	lanes[0].loss = 0;
	run(30);
	ck_assert_int_eq(engine_trial_aa(engine, &host.snapshot, &address, 10, &action, reason,
					 sizeof(reason)),
			 0);
	execute(&action);
	ck_assert_int_eq(engine_trial_aa(engine, &host.snapshot, &address, 10, &action, reason,
					 sizeof(reason)),
			 -EBUSY);
	ck_assert_str_eq(change(1)->controller, "aa");
	run_to_report(2000);
	ck_assert_uint_eq(change(1)->trial.n_pairs, 10);
	ck_assert_int_eq(change(1)->verdict, VERDICT_RESTORED);
	ck_assert_int_eq(
		route_of(&lanes[0]).metrics[TUNABLE_ROUTE_INITCWND - _TUNABLE_SYSCTLS].numbers[0],
		0);
	config.mode = POLICY_OBSERVE;
	engine_set_config(engine, &config);
	ck_assert_int_eq(engine_trial_aa(engine, &host.snapshot, &address, 10, &action, reason,
					 sizeof(reason)),
			 -EPERM);
}
END_TEST

/* --- our own probes first --- */

static void probe_first(void)
{
	lossy(&lanes[0], 10);
	run(30);
	for (size_t i = 0; i < host.n_routes; i++)
		host.routes[i].route.probed = true;
	run_to_report(200);
	ck_assert_str_eq(events, "1:trial-started");
	ck_assert_str_eq(congestion_of(&lanes[0]), "");
	run(5);
	ck_assert_str_eq(congestion_of(&lanes[0]), "");
}

START_TEST(test_shadow_harm)
{
	probe_first();
	engine_shadow_result(engine, 1, "they fail", host.now_ns, 1, &action);
	ck_assert_int_eq(action.kind, ENGINE_RESTORE);
	execute(&action);
	ck_assert_int_eq(change(1)->verdict, VERDICT_RESTORED);
	ck_assert(strstr(change(1)->reason, "they fail"));
}
END_TEST

START_TEST(test_shadow_well)
{
	probe_first();
	engine_shadow_result(engine, 1, NULL, host.now_ns, 1, &action);
	ck_assert_int_eq(action.kind, ENGINE_NOTHING);
	run_to_report(900);
	ck_assert_int_eq(change(1)->verdict, VERDICT_KEPT);
}
END_TEST

START_TEST(test_shadow_silent)
{
	probe_first(); /* and no word ever comes */
	run_to_report(900);
	ck_assert_int_eq(change(1)->verdict, VERDICT_KEPT);
}
END_TEST

/* --- memory --- */

static Lessons *new_lessons(void)
{
	LessonsIdentity identity = {.boot_id = "b", .kernel = "k", .netns = 1};
	Lessons *lessons;

	ck_assert_int_eq(lessons_new(&identity, &lessons), 0);
	return lessons;
}

static void forget_metrics(void)
{
	fake_host_metric(&host, lanes[0].address, TUNABLE_ROUTE_CONGCTL, NULL);
	events[0] = '\0';
}

START_TEST(test_prior)
{
	Lessons *lessons = new_lessons();
	unsigned pairs;

	new_engine(lessons);
	lossy(&lanes[0], 1.12);
	run_to_report(200);
	run_to_report(4000);
	ck_assert_int_eq(change(1)->verdict, VERDICT_KEPT);
	ck_assert(change(1)->trial.prior == 0);
	pairs = change(1)->trial.n_pairs;

	forget_metrics(); /* the daemon was restarted */
	new_engine(lessons);
	run_to_report(200);
	run_to_report(4000);
	ck_assert_int_eq(change(1)->verdict, VERDICT_KEPT);
	ck_assert_double_gt(change(1)->trial.prior, 0.05);
	ck_assert_uint_lt(change(1)->trial.n_pairs, pairs);
	ck_assert_uint_ge(change(1)->trial.n_pairs, 3); /* it was proven, not believed */

	forget_metrics(); /* and now by another route */
	lanes[0].link = 9;
	new_engine(lessons);
	run_to_report(200);
	ck_assert(change(1)->trial.prior == 0);
	path_table_set_observer(host.paths, NULL, NULL);
	engine_free(engine);
	engine = NULL;
	lessons_free(lessons);
}
END_TEST

START_TEST(test_rejection_is_remembered)
{
	Lessons *lessons = new_lessons();

	new_engine(lessons);
	lossy(&lanes[0], 0.7);
	run_to_report(200);
	run_to_report(4000);
	ck_assert_int_eq(change(1)->verdict, VERDICT_RESTORED);
	ck_assert_uint_eq(lessons_count(lessons), 1);
	forget_metrics();
	new_engine(lessons);
	run(600);
	ck_assert_str_eq(events, "");
	path_table_set_observer(host.paths, NULL, NULL);
	engine_free(engine);
	engine = NULL;
	lessons_free(lessons);
}
END_TEST

/* What the daemon reads at its next start. */
static Lessons *restart(Lessons *lessons)
{
	Lessons *read = new_lessons();
	size_t length;
	char *text;

	ck_assert_int_eq(lessons_encode(lessons, &text, &length), 0);
	ck_assert_int_eq(lessons_decode(read, text, length), 0);
	free(text);
	lessons_free(lessons);
	new_engine(read);
	events[0] = '\0';
	return read;
}

static void end_of(Lessons *lessons)
{
	path_table_set_observer(host.paths, NULL, NULL);
	engine_free(engine);
	engine = NULL;
	lessons_free(lessons);
}

/* 4 MiB are too small for it, but it gains nothing by more. */
static void limited_by_its_buffer(Lane *lane)
{
	config.switches[POLICY_CONGESTION] = POLICY_OFF;
	config.switches[POLICY_BUFFERS] = POLICY_AUTO_TUNE;
	lane->bps = 150 * MBIT;
	lane->loss = 0;
	lane->full_buffer = true;
}

/* A limit whose removal gained nothing is not removed again after a restart, nor if a lesson speaks
 * of more settings than the one that is asked about; over another route it is. */
START_TEST(test_rejection_of_several)
{
	Lessons *lessons = new_lessons();
	Lesson lesson;

	limited_by_its_buffer(&lanes[0]);
	new_engine(lessons);
	run_to_report(200);
	run_to_report(900);
	ck_assert_str_eq(events, "1:trial-started 1:restored");
	ck_assert_int_eq(change(1)->trial.kind, TRIAL_MECHANICAL);
	ck_assert_uint_eq(lessons_count(lessons), 1);

	lessons = restart(lessons);
	run(300);
	ck_assert_str_eq(events, "");

	lesson = *lessons_at(lessons, 0);
	ck_assert(!lesson.kept);
	lesson.subject.tunables[1] = (LessonTunable){
		TUNABLE_TCP_RMEM, fake_value(TUNABLE_TCP_RMEM, "4096 131072 9000000")};
	lesson.subject.n_tunables = 2;
	(void)lessons_forget_path(lessons, &lesson.subject.path);
	ck_assert_int_eq(lessons_add(lessons, &lesson), 0);
	lessons = restart(lessons);
	run(300);
	ck_assert_str_eq(events, "");

	lanes[0].link = 9;
	lessons = restart(lessons);
	run_to_report(200);
	ck_assert_str_eq(events, "1:trial-started");
	end_of(lessons);
}
END_TEST

/* --- what a step costs --- */

/* However many controllers and questions there are, a way is looked up once in a step. */
START_TEST(test_one_look_up)
{
	unsigned most = 0;

	config.switches[POLICY_ECN] = POLICY_AUTO_TUNE;
	new_engine(NULL);
	for (size_t i = 0; i < LANES; i++)
		lossy(&lanes[i], 1);
	for (unsigned i = 0; i < 400; i++) {
		unsigned before;

		for (size_t k = 0; k < LANES; k++)
			transfer(&lanes[k]);
		tell_links();
		seconds++;
		fake_host_step(&host, SECOND);
		before = host.route_questions;
		engine_step(engine, &host.snapshot, &action);
		most = MAX(most, host.route_questions - before);
		execute(&action);
	}
	ck_assert_uint_gt(most, 0);
	ck_assert_uint_le(most, LANES);
}
END_TEST

HARNESS_MAIN("engine_keep",
	     HARNESS_FIXTURE(suite, "domains", setup, teardown, test_two_links, test_one_link,
			     test_no_more_than_two, test_abort_ends_all, test_budget);
	     HARNESS_FIXTURE(suite, "kept", setup, teardown, test_confirmed, test_vanished,
			     test_late_harm, test_silence, test_route_lost,
			     test_route_lost_in_trial, test_revert_one);
	     HARNESS_FIXTURE(suite, "aa", setup, teardown, test_aa);
	     HARNESS_FIXTURE(suite, "shadow", setup, teardown, test_shadow_harm, test_shadow_well,
			     test_shadow_silent);
	     HARNESS_FIXTURE(suite, "memory", setup, teardown, test_prior,
			     test_rejection_is_remembered, test_rejection_of_several);
	     HARNESS_FIXTURE(suite, "cost", setup, teardown, test_one_look_up);)
