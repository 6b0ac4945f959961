/* SPDX-License-Identifier: MIT */
/*
 * Lessons that are found by less than all that they are about: by the setting that leads them, and
 * by the gain that a setting was kept for.
 */
#include "daemon/model/lessons.h"

#include "common/base.h"
#include "common/text.h"
#include "tests/unit/harness.h"

#define BOOT  "0c5f1f66-7b7a-4b0e-9a39-2f6e3a9f2f11"
#define NOW   (UINT64_C(1750000000) * NSEC_PER_SEC)
#define ROUTE UINT64_C(0xdeadbeef)

static const LessonsIdentity here = {
	.boot_id = BOOT, .kernel = "6.1.0-18-amd64", .netns = 4026531840};

static Lessons *lessons;

static void setup(void)
{
	ck_assert_int_eq(lessons_new(&here, &lessons), 0);
}

static void teardown(void)
{
	lessons_free(lessons);
}

static Address address_of(const char *text)
{
	Address address = {0};

	if (*text)
		ck_assert_int_eq(address_parse(text, &address), 0);
	return address;
}

static LessonTunable tunable_of(TunableId id, const char *text)
{
	LessonTunable tunable = {.id = id};

	ck_assert_msg(tunable_parse(&tunables[id], text, &tunable.value) == 0, "%s", text);
	return tunable;
}

/* "bbr was 20 % better to 192.0.2.1" */
static Lesson sample(void)
{
	Lesson lesson = {.kept = true,
			 .effect = 0.182321,
			 .log_e = 3.4,
			 .pairs = 12,
			 .decided_realtime_ns = NOW};

	(void)text_copy(lesson.subject.controller, LESSON_CONTROLLER_MAX, "congestion");
	lesson.subject.path = address_of("192.0.2.1");
	lesson.subject.tunables[0] = tunable_of(TUNABLE_ROUTE_CONGCTL, "bbr");
	lesson.subject.n_tunables = 1;
	lesson.subject.route = ROUTE;
	lesson.subject.floor_us = 81200;
	return lesson;
}

static Lesson host_sample(void)
{
	Lesson lesson = {.effect = -0.05,
			 .log_e = -1.25,
			 .pairs = 60,
			 .decided_realtime_ns = NOW - NSEC_PER_DAY};

	(void)text_copy(lesson.subject.controller, LESSON_CONTROLLER_MAX, "buffers");
	lesson.subject.tunables[0] = tunable_of(TUNABLE_TCP_RMEM, "4096 131072 12582912");
	lesson.subject.tunables[1] = tunable_of(TUNABLE_TCP_WMEM, "4096 16384 8388608");
	lesson.subject.n_tunables = 2;
	return lesson;
}

static void add(const Lesson *lesson)
{
	ck_assert_int_eq(lessons_add(lessons, lesson), 0);
}

/* By what leads it, whatever goes with it; of sizes that follow a rate, within a fifth. */
START_TEST(test_led)
{
	static const struct {
		const char *rmem;
		bool found;
	} rows[] = {
		{"4096 131072 12582912", true},  {"4096 131072 10485761", true},
		{"4096 131072 15000000", true},  {"4096 131072 10000000", false},
		{"4096 131072 16000000", false}, {"4096 262144 12582912", false},
	};
	Lesson lesson = host_sample();
	LessonSubject subject = lesson.subject;
	LessonPrior prior;

	add(&lesson);
	subject.n_tunables = 1;
	ck_assert(!lessons_find(lessons, &subject, NOW, &prior));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		subject.tunables[0] = tunable_of(TUNABLE_TCP_RMEM, rows[i].rmem);
		ck_assert_msg(lessons_find_led(lessons, &subject, NOW, &prior) == rows[i].found,
			      "%s", rows[i].rmem);
	}
	subject.tunables[0] = lesson.subject.tunables[1]; /* it does not lead */
	ck_assert(!lessons_find_led(lessons, &subject, NOW, &prior));
	lesson = sample();
	add(&lesson);
	subject = lesson.subject;
	ck_assert(lessons_find_led(lessons, &subject, NOW, &prior));
	subject.tunables[0] = tunable_of(TUNABLE_ROUTE_CONGCTL, "cubic");
	ck_assert(!lessons_find_led(lessons, &subject, NOW, &prior));
	subject = lesson.subject;
	subject.route++;
	ck_assert(!lessons_find_led(lessons, &subject, NOW, &prior));
}
END_TEST

static Lesson window_of(const char *packets, bool kept)
{
	Lesson lesson = sample();

	(void)text_copy(lesson.subject.controller, LESSON_CONTROLLER_MAX, "initcwnd");
	lesson.subject.tunables[0] = tunable_of(TUNABLE_ROUTE_INITCWND, packets);
	lesson.kept = kept;
	return lesson;
}

/* The value of the newest trial that was won, here and now. */
START_TEST(test_kept)
{
	Lesson steps[] = {window_of("16", true), window_of("44", true), window_of("24", false)};
	Lesson other = sample();
	LessonSubject subject = window_of("1", true).subject;
	LessonPrior prior;

	add(&other);
	ck_assert(!lessons_find_kept(lessons, &subject, NOW, &prior));
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		add(&steps[i]);
	ck_assert(lessons_find_kept(lessons, &subject, NOW, &prior));
	ck_assert_int_eq(prior.lesson->subject.tunables[0].value.numbers[0], 44);
	ck_assert(!lessons_find_kept(lessons, &subject, NOW + LESSON_AGE_MAX_NS, &prior));
	subject.floor_us *= 2;
	ck_assert(!lessons_find_kept(lessons, &subject, NOW, &prior));
	subject = steps[0].subject;
	subject.route++;
	ck_assert(!lessons_find_kept(lessons, &subject, NOW, &prior));
	steps[1].kept = false; /* it was taken back, and is known as that now */
	add(&steps[1]);
	subject = steps[0].subject;
	ck_assert(lessons_find_kept(lessons, &subject, NOW, &prior));
	ck_assert_int_eq(prior.lesson->subject.tunables[0].value.numbers[0], 16);
}
END_TEST

HARNESS_MAIN("lessons_find", HARNESS_FIXTURE(suite, "find", setup, teardown, test_led, test_kept);)
