/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Which changes became another since when: the engine keeps no such record, and who follows it only
 * wants the news. What is compared is what a person would call news: state, verdict, whether it is
 * in force, pairs, re-tests; not the sentence that counts the seconds of a block.
 */
#include "daemon/policy/engine.h"

typedef struct ChangeMark ChangeMark;

/* Zero-initialise. */
typedef struct ChangeMarks {
	ChangeMark *marks; /* newest change first, as in the engine */
	size_t n;
	uint64_t sequence; /* of the last news */
} ChangeMarks;

void change_marks_clear(ChangeMarks *marks);
/* Compares with the changes of now. Without memory nothing is news until there is some again. */
void change_marks_update(ChangeMarks *marks, const Engine *engine);
/* Whether the change at this index of the engine is news to who has seen `sequence`. */
bool change_marks_is_news(const ChangeMarks *marks, size_t index, uint64_t sequence);
