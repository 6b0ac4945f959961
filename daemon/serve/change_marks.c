/* SPDX-License-Identifier: MIT */
/*
 * Both lists are in the order of their ids, the newest first, so that one walk along both finds
 * each change beside what it was.
 */
#include "daemon/serve/change_marks.h"

#include <string.h>

#include "common/base.h"

/* Without padding, for memcmp(3). */
typedef struct ChangeNews {
	uint64_t decided_ns;
	uint32_t state, verdict;
	uint32_t in_force, provisional;
	uint32_t retests, pairs;
	uint32_t dropped, hours;
} ChangeNews;

struct ChangeMark {
	uint64_t id, sequence;
	ChangeNews news;
};

static ChangeNews news_of(const Change *change)
{
	return (ChangeNews){
		.decided_ns = change->decided_ns,
		.state = change->state,
		.verdict = change->verdict,
		.in_force = change->in_force,
		.provisional = change->provisional,
		.retests = change->retests,
		.pairs = change->trial.n_pairs,
		.dropped = change->trial.n_dropped,
		.hours = change->hours,
	};
}

void change_marks_clear(ChangeMarks *marks)
{
	free(marks->marks);
	*marks = (ChangeMarks){.marks = NULL};
}

void change_marks_update(ChangeMarks *marks, const Engine *engine)
{
	size_t n = engine_change_count(engine), old = 0;
	ChangeMark *now = calloc(MAX(n, (size_t)1), sizeof(*now));
	uint64_t sequence = marks->sequence + 1;
	bool any = false;

	if (!now)
		return;
	for (size_t i = 0; i < n; i++) {
		const Change *change = engine_change_at(engine, i);

		now[i] = (ChangeMark){change->id, sequence, news_of(change)};
		while (old < marks->n && marks->marks[old].id > change->id)
			old++;
		if (old < marks->n && marks->marks[old].id == change->id &&
		    memcmp(&marks->marks[old].news, &now[i].news, sizeof(now[i].news)) == 0)
			now[i].sequence = marks->marks[old].sequence;
		any = any || now[i].sequence == sequence;
	}
	free(marks->marks);
	*marks = (ChangeMarks){now, n, any ? sequence : marks->sequence};
}

bool change_marks_is_news(const ChangeMarks *marks, size_t index, uint64_t sequence)
{
	return index < marks->n && marks->marks[index].sequence > sequence;
}
