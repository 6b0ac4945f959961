/* SPDX-License-Identifier: MIT */
/*
 * What the engine does with what was learned before (model/lessons.h). A lesson of a gain is a
 * prior of the next trial of the same, no more: the trial still has to see it. A lesson of a
 * rejection is a hold that outlives a restart, whatever kind of trial it was, of one tunable or of
 * several. What was learned over another route is not asked.
 */
#include "daemon/policy/engine_private.h"

#include <string.h>

#include "common/clock.h"
#include "common/text.h"

/* As long as a first hold on a rejected value. */
#define REJECTED_NS (7 * NSEC_PER_DAY)

/* Of the whole host there is none, and no need of one. */
static uint64_t route_of(const Engine *engine, const Address *path)
{
	PolicyRoute route;

	return engine_route(engine, path, &route) ? route.fingerprint : 0;
}

/* False: there is no memory, or the way there is not known. */
static bool subject_of(const Engine *engine, const char *controller, const Address *path,
		       const ChangeTunable *changed, size_t n, LessonSubject *ret)
{
	const Path *known =
		engine->snapshot ? path_table_find(engine->snapshot->paths, path) : NULL;

	*ret = (LessonSubject){.path = *path};
	if (!engine->params.lessons || n > LESSON_TUNABLES_MAX ||
	    !text_copy(ret->controller, sizeof(ret->controller), controller))
		return false;
	ret->route = route_of(engine, path);
	if (ret->route == 0 && path->family != 0)
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

/* By the first tunable, as holds are: what is asked about may not know yet what goes with it. */
bool engine_was_rejected(const Engine *engine, const char *controller, const Address *path,
			 const ChangeTunable *tunable)
{
	LessonSubject subject;
	LessonPrior prior;

	return tunable->id < _TUNABLES &&
	       subject_of(engine, controller, path, tunable, 1, &subject) &&
	       lessons_find_led(engine->params.lessons, &subject, engine->realtime_ns, &prior) &&
	       !prior.lesson->kept && prior.age_ns < REJECTED_NS;
}

bool engine_learned(const void *context, const char *controller, const Address *path, TunableId id,
		    TunableValue *ret)
{
	const Engine *engine = context;
	LessonSubject subject;
	LessonPrior prior;

	if (!subject_of(engine, controller, path, &(ChangeTunable){.id = id}, 1, &subject) ||
	    !lessons_find_kept(engine->params.lessons, &subject, engine->realtime_ns, &prior))
		return false;
	*ret = prior.lesson->subject.tunables[0].value;
	return true;
}

void engine_learn(const Engine *engine, const Change *change, bool kept)
{
	const TrialRecord *trial = &change->trial;
	bool compared = trial->kind == TRIAL_SWITCHBACK && trial->n_pairs > 0;
	Lesson lesson = {.kept = kept,
			 .effect = trial->effect,
			 .log_e = kept ? trial->log_e_benefit : trial->log_e_harm,
			 .pairs = trial->n_pairs,
			 .decided_realtime_ns = engine->realtime_ns};

	if ((kept && !compared) || trial->kind == TRIAL_NONE ||
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
