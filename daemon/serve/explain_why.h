/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The parts that explanations of endpoints, paths and tunables share: what was done, why nothing
 * more is, what is on hold, and what earlier runs have taught. And the explanations themselves, as
 * text to read: each appends lines, and memory failures stay in `text`.
 */
#include "common/text.h"
#include "daemon/serve/control.h"

/* What an explanation may look at. */
typedef struct Explained {
	const ControlView *view;
	const ControlOps *ops;
	Text *text;
} Explained;

/* Whether a change, hold or lesson about this tunable of this path belongs to the subject. */
typedef struct ExplainedSubject {
	const Path *path; /* NULL: any */
	TunableId id;     /* _TUNABLES: any */
} ExplainedSubject;

/* "\nTitle\n" */
void explain_title(Text *text, const char *title);
/* "  label          text\n" */
void explain_item_line(Text *text, const char *label, const char *format, ...) _printf_(3, 4);

/* The newest changes about it, under a title; with "nothing" if there are none. */
void explain_done(const Explained *explained, const ExplainedSubject *subject);
/* One line for each controller. */
void explain_reasons(const Explained *explained, const ExplainedSubject *subject);
/* Nothing at all if there are none. */
void explain_holds(const Explained *explained, const ExplainedSubject *subject);
void explain_lessons(const Explained *explained, const ExplainedSubject *subject);

void explain_path(const Explained *explained, const Path *path);
void explain_tunable(const Explained *explained, TunableId id);
void explain_endpoint(const Explained *explained, const Endpoint *endpoint);
