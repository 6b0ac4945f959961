/* SPDX-License-Identifier: MIT */
/*
 * Lessons are accepted only if they are exactly what we would write for what was read, and hold
 * nothing that a trial could not use: finite numbers, values of their tunable's kind.
 *
 * As with the journal, each input is tried a second time with the right checksum and the identity
 * that is looked for.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "common/base.h"
#include "daemon/model/lessons.h"

static const LessonsIdentity here = {.boot_id = "b", .kernel = "k", .netns = 1};

static void check_lesson(const Lessons *lessons, const Lesson *lesson)
{
	LessonPrior prior;

	FUZZ_CHECK(isfinite(lesson->effect) && isfinite(lesson->log_e));
	FUZZ_CHECK(lesson->subject.controller[0]);
	FUZZ_CHECK(lesson->subject.n_tunables >= 1 &&
		   lesson->subject.n_tunables <= LESSON_TUNABLES_MAX);
	for (size_t i = 0; i < lesson->subject.n_tunables; i++) {
		const LessonTunable *tunable = &lesson->subject.tunables[i];

		FUZZ_CHECK((unsigned)tunable->id < _TUNABLES);
		FUZZ_CHECK(tunable->value.kind == tunables[tunable->id].kind);
	}
	FUZZ_CHECK(lessons_find(lessons, &lesson->subject, lesson->decided_realtime_ns, &prior));
	FUZZ_CHECK(prior.lesson == lesson && prior.age_ns == 0);
}

static void check(const char *text, size_t length)
{
	_cleanup_free_ char *again = NULL;
	size_t again_length;
	Lessons *lessons;
	int r;

	FUZZ_CHECK(lessons_new(&here, &lessons) == 0);
	r = lessons_decode(lessons, text, length);
	FUZZ_CHECK(r == 0 || r == LESSONS_STALE || r == -EBADMSG);
	FUZZ_CHECK(r == 0 || lessons_count(lessons) == 0);
	FUZZ_CHECK(lessons_count(lessons) <= LESSONS_MAX);
	for (size_t i = 0; i < lessons_count(lessons); i++)
		check_lesson(lessons, lessons_at(lessons, i));
	if (r == 0) {
		FUZZ_CHECK(lessons_encode(lessons, &again, &again_length) == 0);
		FUZZ_CHECK(again_length == length && memcmp(again, text, length) == 0);
	}
	lessons_free(lessons);
}

static void check_sealed(const char *body, size_t length)
{
	static const char head[] = "netopt-lessons 1\nboot b\nkernel k\nnetns 1\n";
	size_t n = sizeof(head) - 1 + length;
	uint64_t hash = UINT64_C(14695981039346656037);
	_cleanup_free_ char *text = malloc(n + 32);

	FUZZ_CHECK(text);
	memcpy(text, head, sizeof(head) - 1);
	memcpy(text + sizeof(head) - 1, body, length);
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ (uint8_t)text[i]) * UINT64_C(1099511628211);
	check(text, n + (size_t)snprintf(text + n, 32, "checksum %016" PRIx64 "\n", hash));
}

/* The lesson lines of a file: behind the first four, before the last. */
static void check_lines(const char *text, size_t size)
{
	const char *end = size > 1 ? memrchr(text, '\n', size - 1) : NULL, *begin = text;

	for (int i = 0; i < 4 && begin; i++) {
		begin = memchr(begin, '\n', size - (size_t)(begin - text));
		begin = begin ? begin + 1 : NULL;
	}
	if (begin && end && end + 1 >= begin)
		check_sealed(begin, (size_t)(end + 1 - begin));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;

	check(text, size);
	check_sealed(text, size);
	check_lines(text, size);
	return 0;
}
