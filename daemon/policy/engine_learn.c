/* SPDX-License-Identifier: MIT */
/*
 * What the engine does with what was learned before (model/lessons.h). A lesson of a gain is a
 * prior of the next trial of the same, no more: the trial still has to see it. A lesson of a
 * rejection is a hold that outlives a restart. What was learned over another route is not asked.
 */
#include "daemon/policy/engine_private.h"

#include <string.h>

#include "common/clock.h"
#include "common/text.h"

/* As long as a first hold on a rejected value. */
#define REJECTED_NS (7 * NSEC_PER_DAY)

static uint64_t route_of(const Engine *engine, const Address *path)
{
	const Snapshot *snapshot = engine->snapshot;
	PolicyRoute route = {0};

	if (!snapshot || !snapshot->route || path->family == 0 ||
	    !snapshot->route(snapshot->route_context, path, &route))
		return 0;
	return route.fingerprint;
}

/* False: there is no memory, or the way there is not known. */
static bool subject_of(const Engine *engine, const char *controller, const Address *path,
		       const ChangeTunable *changed, size_t n, LessonSubject *ret)
{
	const Path *known =
		engine->snapshot ? path_table_find(engine->snapshot->paths, path) : NULL;

	*ret = (LessonSubject){.path = *path, .route = route_of(engine, path)};
	if (!engine->params.lessons || ret->route == 0 || n > LESSON_TUNABLES_MAX ||
	    !text_copy(ret->controller, sizeof(ret->controller), controller))
		return false;
	for (size_t i = 0; i < n; i++)
		ret->tunables[i] = (LessonTunable){changed[i].id, changed[i].new_value};
	ret->n_tunables = n;
	if (known && known->min_rtt_us != UINT32_MAX)
		ret->floor_us = known->min_rtt_us;
	return true;
}

double engine_prior(const Engine *engine, const Change *change)
{
	LessonSubject subject;
	LessonPrior prior;

	if (!subject_of(engine, change->controller, &change->path, change->tunables,
			change->n_tunables, &subject) ||
	    !lessons_find(engine->params.lessons, &subject, engine->realtime_ns, &prior) ||
	    !prior.lesson->kept)
		return 0;
	return MAX(prior.effect, 0.0);
}

bool engine_was_rejected(const Engine *engine, const char *controller, const Address *path,
			 const ChangeTunable *tunable)
{
	LessonSubject subject;
	LessonPrior prior;

	return tunable->id < _TUNABLES &&
	       subject_of(engine, controller, path, tunable, 1, &subject) &&
	       lessons_find(engine->params.lessons, &subject, engine->realtime_ns, &prior) &&
	       !prior.lesson->kept && prior.age_ns < REJECTED_NS;
}

void engine_learn(const Engine *engine, const Change *change, bool kept)
{
	const TrialRecord *trial = &change->trial;
	Lesson lesson = {.kept = kept,
			 .effect = trial->effect,
			 .log_e = kept ? trial->log_e_benefit : trial->log_e_harm,
			 .pairs = trial->n_pairs,
			 .decided_realtime_ns = engine->realtime_ns};

	if (trial->kind != TRIAL_SWITCHBACK || trial->n_pairs == 0 ||
	    engine_controller_of(change->controller) == controller_count ||
	    !subject_of(engine, change->controller, &change->path, change->tunables,
			change->n_tunables, &lesson.subject))
		return;
	(void)lessons_add(engine->params.lessons, &lesson); /* a lesson less is no harm */
}

void engine_unlearn(const Engine *engine, const Address *path)
{
	if (engine->params.lessons)
		(void)lessons_forget_path(engine->params.lessons, path);
}
