/* SPDX-License-Identifier: MIT */
/*
 * What the engine remembers of earlier trials, also after a restart, and what a step of it costs.
 */
#include <stdlib.h>

#include "tests/unit/lanes_bench.h"

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

HARNESS_MAIN("engine_learn",
	     HARNESS_FIXTURE(suite, "memory", setup, teardown, test_prior,
			     test_rejection_is_remembered, test_rejection_of_several);
	     HARNESS_FIXTURE(suite, "cost", setup, teardown, test_one_look_up);)
