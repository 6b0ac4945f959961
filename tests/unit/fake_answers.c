/* SPDX-License-Identifier: MIT */
/*
 * The part of the fake daemon that answers questions, and takes an operator's word for the answers.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "daemon/policy/hold.h"
#include "tests/unit/fake_daemon.h"

/* The engine. */

const HoldTable *engine_holds(const Engine *engine)
{
	return &engine->holds;
}

const Lessons *engine_lessons(const Engine *engine)
{
	return engine->lessons;
}

const char *engine_obstacle_name(EngineObstacleKind kind)
{
	return kind == OBSTACLE_MODE ? "mode" : "operator";
}

/* What is asked. */

static int fake_advise(void *context, EngineAdvice **ret, size_t *ret_n)
{
	FakeDaemon *daemon = context;
	EngineAdvice *advices = calloc(2, sizeof(*advices));

	if (!advices)
		return -ENOMEM;
	if (daemon->status < 0) {
		free(advices);
		return daemon->status;
	}
	advices[0].change = daemon->engine.changes[3];
	advices[0].change.id = 5;
	advices[0].change.state = CHANGE_ADVISED;
	advices[0].n_obstacles = 1;
	advices[0].obstacles[0] = (EngineObstacle){.kind = OBSTACLE_MODE,
						   .until_ns = daemon->now_ns + 5 * NSEC_PER_SEC};
	(void)text_copy(advices[0].obstacles[0].text, sizeof(advices[0].obstacles[0].text),
			"Mode=advise: nothing is begun unasked");
	advices[1].change = daemon->engine.changes[0];
	*ret = advices;
	*ret_n = daemon->engine.n_changes > 0 ? 2 : 0;
	if (*ret_n == 0) {
		free(advices);
		*ret = NULL;
	}
	return 0;
}

static size_t fake_reasons(void *context, const Path *path, TunableId id,
			   EngineReason ret[ENGINE_REASONS_MAX])
{
	(void)context;
	if (id == TUNABLE_TCP_ALLOWED_CONGESTION_CONTROL)
		return 0;
	ret[0] = (EngineReason){.controller = "buffers"};
	(void)text_copy(ret[0].text, sizeof(ret[0].text),
			path ? "the send buffer was full in 3 % of the samples"
			     : "no bulk flow has been limited by a buffer");
	ret[1] = (EngineReason){.controller = "congestion", .proposes = true};
	(void)text_copy(ret[1].text, sizeof(ret[1].text), "it would act: loss without a queue");
	return 2;
}

static int answer(FakeDaemon *daemon, Text *message)
{
	text_append(message, daemon->message);
	return daemon->status;
}

static int fake_apply(void *context, uint64_t id, Text *message)
{
	FakeDaemon *daemon = context;

	daemon->applies++;
	daemon->applied_id = id;
	return id == 4 || id == 5 ? answer(daemon, message) : -ENOENT;
}

static int fake_hold(void *context, uint64_t id, uint64_t duration_ns, Text *message)
{
	FakeDaemon *daemon = context;

	daemon->holds++;
	daemon->held_id = id;
	daemon->held_ns = duration_ns;
	return engine_change_find(&daemon->engine, id) ? answer(daemon, message) : -ENOENT;
}

static int fake_set_log_level(void *context, int level, Text *message)
{
	FakeDaemon *daemon = context;

	daemon->log_level = level;
	return answer(daemon, message);
}

static int fake_verify(void *context, Verification *ret)
{
	FakeDaemon *daemon = context;

	daemon->verifies++;
	*ret = daemon->verification;
	return daemon->status;
}

void fake_answers_ops(ControlOps *ops)
{
	ops->advise = fake_advise;
	ops->reasons = fake_reasons;
	ops->apply = fake_apply;
	ops->hold = fake_hold;
	ops->set_log_level = fake_set_log_level;
	ops->verify = fake_verify;
}

/* The contents. */

static void make_lesson(FakeDaemon *daemon)
{
	static const LessonsIdentity identity = {
		.boot_id = "0c5f1f66-7b7a-4b0e-9a39-2f6e3a9f2f11", .kernel = "6.1.0", .netns = 1};
	Lesson lesson = {.kept = true, .effect = 0.2, .log_e = 4, .pairs = 12};
	const Change *restored = &daemon->engine.changes[2];

	(void)text_copy(lesson.subject.controller, sizeof(lesson.subject.controller), "congestion");
	lesson.subject.path = daemon->paths.paths[0]->address;
	lesson.subject.route = 1;
	lesson.subject.tunables[0] =
		(LessonTunable){restored->tunables[0].id, restored->tunables[0].new_value};
	lesson.subject.n_tunables = 1;
	lesson.decided_realtime_ns = daemon->view.realtime_ns - 3600 * NSEC_PER_SEC;
	if (lessons_new(&identity, &daemon->engine.lessons) < 0 ||
	    lessons_add(daemon->engine.lessons, &lesson) < 0)
		abort();
}

void fake_answers_init(FakeDaemon *daemon)
{
	const Change *restored = &daemon->engine.changes[2];

	hold_add(&daemon->engine.holds, HOLD_REJECTED, "congestion",
		 &daemon->paths.paths[0]->address, &restored->tunables[0], daemon->now_ns);
	make_lesson(daemon);
	daemon->log_level = -1;
	daemon->verification = (Verification){.sysctls = 1, .routes = 2, .journal_entries = 1};
	(void)text_copy(daemon->verification.default_qdisc,
			sizeof(daemon->verification.default_qdisc), "fq");
}

void fake_answers_clear(FakeDaemon *daemon)
{
	lessons_free(daemon->engine.lessons);
	daemon->engine.lessons = NULL;
}
