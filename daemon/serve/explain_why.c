/* SPDX-License-Identifier: MIT */
#include "daemon/serve/explain_why.h"

#include <inttypes.h>
#include <math.h>

#include "common/human.h"
#include "daemon/policy/hold.h"
#include "daemon/serve/views.h"

#define CHANGES_SHOWN 5

void explain_title(Text *text, const char *title)
{
	text_appendf(text, "\n%s\n", title);
}

void explain_item_line(Text *text, const char *label, const char *format, ...)
{
	va_list arguments;

	text_appendf(text, "  %-14s ", label);
	va_start(arguments, format);
	text_appendv(text, format, arguments);
	va_end(arguments);
	text_append(text, "\n");
}

/* --- what was done --- */

static bool is_about(const ExplainedSubject *subject, const Address *path, TunableId id)
{
	if (subject->id != _TUNABLES && id != subject->id)
		return false;
	if (!subject->path)
		return true;
	return path->family != 0 && path_covers(subject->path, path);
}

static bool change_is_about(const ExplainedSubject *subject, const Change *change)
{
	for (size_t i = 0; i < change->n_tunables; i++)
		if (is_about(subject, &change->path, change->tunables[i].id))
			return true;
	return false;
}

static const char *outcome(const Change *change)
{
	return change->state == CHANGE_DECIDED ? change_verdict_name(change->verdict)
					       : change_state_name(change->state);
}

static void explain_values(const Change *change, Text *text)
{
	char old_text[TUNABLE_WORD_MAX], new_text[TUNABLE_WORD_MAX], address[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < change->n_tunables; i++) {
		const ChangeTunable *tunable = &change->tunables[i];

		text_append(text, i ? ", " : "");
		if (tunable_is_route(tunable->id))
			text_appendf(text, "%s ", address_format(&change->path, address));
		text_appendf(
			text, "%s: %s -> %s", tunables[tunable->id].key,
			view_value(tunable->id, &tunable->old_value, old_text, sizeof(old_text)),
			view_value(tunable->id, &tunable->new_value, new_text, sizeof(new_text)));
	}
}

static void explain_held(const Change *change, uint64_t now_ns, Text *text)
{
	char span[HUMAN_MAX];

	if (!change_is_held(change, now_ns))
		return;
	if (change->held_until_ns == UINT64_MAX)
		text_append(text, ", held until told otherwise");
	else
		text_appendf(text, ", held for another %s",
			     human_span((change->held_until_ns - now_ns) / NSEC_PER_USEC, span));
}

static void explain_brief(const Change *change, uint64_t now_ns, Text *text)
{
	char gain_text[HUMAN_MAX];
	int64_t gain;

	text_appendf(text, "  change %-7" PRIu64 " %s: %s%s", change->id, change->controller,
		     outcome(change), change->in_force ? ", in force" : "");
	if (change->in_force && change->provisional)
		text_append(text, " (provisional)");
	explain_held(change, now_ns, text);
	if (view_gain(&change->trial, &gain))
		text_appendf(text, ", %s", human_permille(gain, true, gain_text));
	text_append(text, "; ");
	explain_values(change, text);
	text_append(text, "\n");
	if (change->state == CHANGE_TRIAL && *change->trial.phase)
		text_appendf(text, "%17s%s\n", "", change->trial.phase);
	else if (*change->reason)
		text_appendf(text, "%17s%s\n", "", change->reason);
}

void explain_done(const Explained *explained, const ExplainedSubject *subject)
{
	const ControlView *view = explained->view;
	size_t shown = 0, n = 0;

	explain_title(explained->text, "What was done");
	for (size_t i = 0; i < engine_change_count(view->engine); i++) {
		const Change *change = engine_change_at(view->engine, i);

		if (!change_is_about(subject, change))
			continue;
		n++;
		/* What is in force is shown however old. */
		if (shown >= CHANGES_SHOWN && !change->in_force)
			continue;
		explain_brief(change, view->now_ns, explained->text);
		shown++;
	}
	if (n == 0)
		text_append(explained->text, "  nothing\n");
	else if (n > shown)
		text_appendf(explained->text, "  (and %zu older ones)\n", n - shown);
}

/* --- why nothing more --- */

void explain_reasons(const Explained *explained, const ExplainedSubject *subject)
{
	EngineReason reasons[ENGINE_REASONS_MAX];
	size_t n = explained->ops->reasons(explained->ops->context, subject->path, subject->id,
					   reasons);

	explain_title(explained->text, "What each controller says now");
	if (n == 0)
		text_append(explained->text,
			    "  none changes it by itself: it is only ever put back\n");
	for (size_t i = 0; i < n; i++)
		explain_item_line(explained->text, reasons[i].controller, "%s", reasons[i].text);
}

/* --- holds and lessons --- */

void explain_holds(const Explained *explained, const ExplainedSubject *subject)
{
	const HoldTable *holds = engine_holds(explained->view->engine);
	bool titled = false;

	for (size_t i = 0; i < holds->n; i++) {
		const Hold *hold = &holds->holds[i];
		char value[TUNABLE_WORD_MAX], span[HUMAN_MAX], address[ADDRESS_TEXT_MAX];

		if (hold->until_ns <= explained->view->now_ns || hold->tunable.id >= _TUNABLES ||
		    !(hold->path.family == 0
			      ? subject->id == _TUNABLES || hold->tunable.id == subject->id
			      : is_about(subject, &hold->path, hold->tunable.id)))
			continue;
		if (!titled)
			explain_title(explained->text, "Not tried for a while");
		titled = true;
		explain_item_line(
			explained->text, hold->controller, "%s %s%s%s: %s; for another %s",
			tunables[hold->tunable.id].key,
			view_value(hold->tunable.id, &hold->tunable.new_value, value,
				   sizeof(value)),
			hold->path.family ? " because of " : "",
			hold->path.family ? address_format(&hold->path, address) : "",
			hold_kind_reason(hold->kind),
			human_span((hold->until_ns - explained->view->now_ns) / NSEC_PER_USEC,
				   span));
	}
}

static bool lesson_is_about(const ExplainedSubject *subject, const Lesson *lesson)
{
	for (size_t i = 0; i < lesson->subject.n_tunables; i++)
		if (is_about(subject, &lesson->subject.path, lesson->subject.tunables[i].id))
			return true;
	return false;
}

static void explain_lesson(const Lesson *lesson, uint64_t realtime_ns, Text *text)
{
	const LessonTunable *tunable = &lesson->subject.tunables[0];
	char value[TUNABLE_WORD_MAX], span[HUMAN_MAX], gain[HUMAN_MAX], address[ADDRESS_TEXT_MAX];
	uint64_t age_ns = realtime_ns > lesson->decided_realtime_ns
				  ? realtime_ns - lesson->decided_realtime_ns
				  : 0;

	explain_item_line(
		text, lesson->subject.controller, "%s %s%s%s: %s, %s over %u pairs, %s ago",
		tunables[tunable->id].key,
		view_value(tunable->id, &tunable->value, value, sizeof(value)),
		lesson->subject.path.family ? " to " : "",
		lesson->subject.path.family ? address_format(&lesson->subject.path, address) : "",
		lesson->kept ? "was worth keeping" : "was not worth keeping",
		human_permille((int64_t)lround(expm1(lesson->effect) * 1000), true, gain),
		lesson->pairs, human_span(age_ns / NSEC_PER_USEC, span));
}

void explain_lessons(const Explained *explained, const ExplainedSubject *subject)
{
	const Lessons *lessons = engine_lessons(explained->view->engine);
	bool titled = false;

	for (size_t i = 0; lessons && i < lessons_count(lessons); i++) {
		const Lesson *lesson = lessons_at(lessons, i);

		if (!lesson_is_about(subject, lesson))
			continue;
		if (!titled)
			explain_title(explained->text,
				      "What trials have taught, earlier runs included");
		titled = true;
		explain_lesson(lesson, explained->view->realtime_ns, explained->text);
	}
}
