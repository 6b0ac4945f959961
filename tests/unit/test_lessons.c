/* SPDX-License-Identifier: MIT */
/*
 * What was learned must come back as it was, be found only where it holds (kernel, boot, namespace,
 * route, floor, value, age), and never grow beyond its table; and its text, torn, flipped or
 * edited, must never be taken for a lesson.
 */
#include "daemon/model/lessons.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

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

static void free_lessons(Lessons **table)
{
	lessons_free(*table);
}
#define _cleanup_lessons_ _cleanup_(free_lessons)

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

START_TEST(test_found)
{
	Lesson lesson = sample(), host = host_sample();
	LessonPrior prior = {0};

	ck_assert(!lessons_find(lessons, &lesson.subject, NOW, &prior));
	add(&lesson);
	add(&host);
	ck_assert(lessons_find(lessons, &lesson.subject, NOW, &prior));
	ck_assert_double_eq_tol(prior.effect, 0.182321, 1e-9);
	ck_assert_uint_eq(prior.age_ns, 0);
	ck_assert_uint_eq(prior.lesson->pairs, 12);
	ck_assert(prior.lesson->kept);
	ck_assert(lessons_find(lessons, &host.subject, NOW, &prior));
	ck_assert(!prior.lesson->kept);
	ck_assert_double_lt(prior.effect, 0);
	ck_assert_uint_eq(prior.age_ns, NSEC_PER_DAY);
}
END_TEST

START_TEST(test_only_of_the_same)
{
	Lesson lesson = sample();
	LessonSubject others[8];
	LessonPrior prior;

	add(&lesson);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		others[i] = lesson.subject;
	others[0].controller[0] = 'k';
	others[1].path = address_of("192.0.2.2");
	others[2].tunables[0] = tunable_of(TUNABLE_ROUTE_CONGCTL, "cubic");
	others[3].tunables[0] = tunable_of(TUNABLE_TCP_CONGESTION_CONTROL, "bbr");
	others[4].tunables[1] = tunable_of(TUNABLE_ROUTE_INITCWND, "20");
	others[4].n_tunables = 2;
	others[5].route++;
	others[6].floor_us = 120000;
	others[7].path = address_of("");
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		ck_assert_msg(!lessons_find(lessons, &others[i], NOW, &prior), "%zu", i);
	ck_assert(lessons_find(lessons, &lesson.subject, NOW, &prior));
}
END_TEST

/* Jitter is the same path, another distance is not; of what is not known nothing is concluded. */
START_TEST(test_floor)
{
	static const struct {
		uint32_t learned_us, now_us;
		bool same;
	} rows[] = {
		{81200, 81200, true},   {81200, 100000, true}, {81200, 65000, true},
		{81200, 101600, false}, {81200, 64900, false}, {81200, 0, true},
		{0, 81200, true},       {300, 1200, true},     {300, 1400, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		Lesson lesson = sample();
		LessonPrior prior;

		lesson.subject.floor_us = rows[i].learned_us;
		add(&lesson);
		lesson.subject.floor_us = rows[i].now_us;
		ck_assert_msg(lessons_find(lessons, &lesson.subject, NOW, &prior) == rows[i].same,
			      "%zu", i);
	}
	ck_assert_uint_eq(lessons_count(lessons), 1);
}
END_TEST

START_TEST(test_age)
{
	Lesson lesson = sample();
	LessonPrior prior;

	add(&lesson);
	ck_assert(lessons_find(lessons, &lesson.subject, NOW + 15 * NSEC_PER_DAY, &prior));
	ck_assert_double_eq_tol(prior.effect, 0.182321 / 2, 1e-6);
	ck_assert_uint_eq(prior.age_ns, 15 * NSEC_PER_DAY);
	ck_assert(lessons_find(lessons, &lesson.subject, NOW + LESSON_AGE_MAX_NS - 1, &prior));
	ck_assert_double_lt(prior.effect, 1e-6);
	ck_assert(!lessons_find(lessons, &lesson.subject, NOW + LESSON_AGE_MAX_NS, &prior));
	/* A clock that was set back: nobody knows how old it is. */
	ck_assert(!lessons_find(lessons, &lesson.subject, NOW - 1, &prior));
	ck_assert_uint_eq(lessons_forget_old(lessons, NOW + LESSON_AGE_MAX_NS - 1), 0);
	ck_assert_uint_eq(lessons_forget_old(lessons, NOW + LESSON_AGE_MAX_NS), 1);
	ck_assert_uint_eq(lessons_count(lessons), 0);
}
END_TEST

START_TEST(test_replaced)
{
	Lesson lesson = sample(), other = sample();
	uint64_t generation = lessons_generation(lessons);
	LessonPrior prior;

	add(&lesson);
	other.subject.tunables[0] = tunable_of(TUNABLE_ROUTE_CONGCTL, "reno");
	add(&other);
	ck_assert_uint_gt(lessons_generation(lessons), generation);
	lesson.effect = -0.3;
	lesson.kept = false;
	lesson.subject.floor_us = 90000;
	add(&lesson);
	ck_assert_uint_eq(lessons_count(lessons), 2);
	ck_assert(lessons_find(lessons, &lesson.subject, NOW, &prior));
	ck_assert_double_eq_tol(prior.effect, -0.3, 1e-9);
	ck_assert(lessons_find(lessons, &other.subject, NOW, &prior));
	/* The newest is the last, whatever it replaced. */
	ck_assert(!lessons_at(lessons, 1)->kept);
	ck_assert_ptr_null(lessons_at(lessons, 2));
}
END_TEST

/* What another route taught of a path is gone once something is learned over a new one. */
START_TEST(test_other_route)
{
	Lesson old = sample(), other = sample(), elsewhere = sample();
	LessonPrior prior;

	other.subject.tunables[0] = tunable_of(TUNABLE_ROUTE_CONGCTL, "reno");
	elsewhere.subject.path = address_of("2001:db8::1");
	add(&old);
	add(&elsewhere);
	other.subject.route = ROUTE + 1;
	add(&other);
	ck_assert_uint_eq(lessons_count(lessons), 2);
	ck_assert(!lessons_find(lessons, &old.subject, NOW, &prior));
	ck_assert(lessons_find(lessons, &other.subject, NOW, &prior));
	ck_assert(lessons_find(lessons, &elsewhere.subject, NOW, &prior));
	ck_assert_uint_eq(lessons_forget_path(lessons, &elsewhere.subject.path), 1);
	ck_assert_uint_eq(lessons_forget_path(lessons, &elsewhere.subject.path), 0);
	ck_assert(!lessons_find(lessons, &elsewhere.subject, NOW, &prior));
}
END_TEST

START_TEST(test_refused)
{
	Lesson bad[13];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		bad[i] = sample();
	bad[0].subject.controller[0] = '\0';
	bad[1].subject.controller[0] = '\t';
	memset(bad[2].subject.controller, 'a', LESSON_CONTROLLER_MAX);
	bad[3].subject.n_tunables = 0;
	bad[4].subject.n_tunables = LESSON_TUNABLES_MAX + 1;
	bad[5].subject.tunables[0].id = _TUNABLES;
	bad[6].subject.tunables[0].value.kind = TUNABLE_INTEGER;
	bad[7].subject.tunables[0].value.words[0] = '\0';
	bad[8].effect = NAN;
	bad[9].effect = INFINITY;
	bad[10].log_e = -INFINITY;
	bad[11].effect = 101;
	bad[12].pairs = 2000000;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(lessons_add(lessons, &bad[i]) == -EINVAL, "%zu", i);
	ck_assert_uint_eq(lessons_count(lessons), 0);
	ck_assert_uint_eq(lessons_generation(lessons), 0);
}
END_TEST

static Lesson numbered(uint32_t i)
{
	uint8_t bytes[4] = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
	Lesson lesson = sample();

	lesson.subject.path = address_from_bytes(AF_INET, bytes);
	lesson.effect = (double)i / 1000;
	return lesson;
}

static Lessons *decoded(const char *text, size_t length)
{
	Lessons *again;

	ck_assert_int_eq(lessons_new(&here, &again), 0);
	ck_assert_int_eq(lessons_decode(again, text, length), 0);
	return again;
}

START_TEST(test_full_table)
{
	_cleanup_lessons_ Lessons *again = NULL;
	_cleanup_free_ char *text = NULL;
	LessonPrior prior;
	Lesson lesson;
	size_t length;

	for (uint32_t i = 0; i < LESSONS_MAX + 100; i++) {
		lesson = numbered(i);
		add(&lesson);
	}
	ck_assert_uint_eq(lessons_count(lessons), LESSONS_MAX);
	ck_assert_uint_eq(lessons_evicted(lessons), 100);
	lesson = numbered(99);
	ck_assert(!lessons_find(lessons, &lesson.subject, NOW, &prior));
	lesson = numbered(100);
	ck_assert(lessons_find(lessons, &lesson.subject, NOW, &prior));
	/* What is known already needs no place. */
	add(&lesson);
	ck_assert_uint_eq(lessons_evicted(lessons), 100);
	ck_assert_int_eq(lessons_encode(lessons, &text, &length), 0);
	ck_assert_uint_le(length, LESSONS_SIZE_MAX);
	again = decoded(text, length);
	ck_assert_uint_eq(lessons_count(again), LESSONS_MAX);
	ck_assert(lessons_find(again, &lesson.subject, NOW, &prior));
	ck_assert_double_eq_tol(prior.effect, 0.1, 1e-9);
}
END_TEST

START_TEST(test_route_fingerprint)
{
	Address a = address_of("192.0.2.254"), b = address_of("192.0.2.253"), none = {0};
	uint64_t fingerprints[] = {lessons_route(&a, "eth0", 2), lessons_route(&b, "eth0", 2),
				   lessons_route(&a, "eth1", 2), lessons_route(&a, "eth0", 3),
				   lessons_route(&none, "eth0", 2)};

	ck_assert_uint_eq(fingerprints[0], lessons_route(&a, "eth0", 2));
	for (size_t i = 0; i < ARRAY_SIZE(fingerprints); i++) {
		ck_assert_uint_ne(fingerprints[i], 0);
		for (size_t k = 0; k < i; k++)
			ck_assert_uint_ne(fingerprints[i], fingerprints[k]);
	}
}
END_TEST

/* Text. */

#define HEAD "netopt-lessons 1\nboot " BOOT "\nkernel 6.1.0-18-amd64\nnetns 4026531840\n"
#define BBR                                                                                        \
	"lesson\tcongestion\t192.0.2.1\t00000000deadbeef\t81200\tkept\t182321\t3400000\t12\t"      \
	"1750000000000000\troute.congctl\tbbr\n"
#define HOST                                                                                       \
	"lesson\tbuffers\t-\t0000000000000000\t0\trejected\t-50000\t-1250000\t60\t"                \
	"1749913600000000\tnet.ipv4.tcp_rmem\t4096 131072 12582912\t"                              \
	"net.ipv4.tcp_wmem\t4096 16384 8388608\n"

/* An FNV-1a of its own, so that a mistake in ours is not its own judge. */
static size_t seal(const char *body, char *buffer, size_t size)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (const char *p = body; *p; p++)
		hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
	return (size_t)snprintf(buffer, size, "%schecksum %016" PRIx64 "\n", body, hash);
}

static void add_samples(void)
{
	Lesson lesson = sample(), host = host_sample();

	add(&lesson);
	add(&host);
}

START_TEST(test_format)
{
	_cleanup_lessons_ Lessons *again = NULL;
	_cleanup_free_ char *text = NULL;
	char expected[2048];
	LessonPrior prior;
	size_t length;

	add_samples();
	ck_assert_int_eq(lessons_encode(lessons, &text, &length), 0);
	ck_assert_uint_eq(seal(HEAD BBR HOST, expected, sizeof(expected)), length);
	ck_assert_str_eq(text, expected);
	again = decoded(text, length);
	for (size_t i = 0; i < 2; i++) {
		const Lesson *a = lessons_at(lessons, i), *b = lessons_at(again, i);

		ck_assert(a->kept == b->kept);
		ck_assert_double_eq(a->effect, b->effect);
		ck_assert_double_eq(a->log_e, b->log_e);
		ck_assert_uint_eq(a->pairs, b->pairs);
		ck_assert_uint_eq(a->decided_realtime_ns, b->decided_realtime_ns);
		ck_assert(lessons_find(again, &a->subject, NOW, &prior));
		ck_assert_uint_eq(b->subject.route, a->subject.route);
		ck_assert_uint_eq(b->subject.floor_us, a->subject.floor_us);
	}
}
END_TEST

/* What is rounded is rounded once: a second round trip changes nothing. */
START_TEST(test_rounding)
{
	static const double values[] = {0,      -0.0,  1e-7, -1e-7,   0.1,       1.0 / 3,
					99.999, -77.7, 1e-6, -0.0005, 0.1234565, 2.5e-6};
	Lesson lesson = sample();

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		_cleanup_free_ char *text = NULL, *text_again = NULL;
		_cleanup_lessons_ Lessons *again = NULL;
		size_t length, length_again;

		lesson.effect = lesson.log_e = values[i];
		lesson.decided_realtime_ns = NOW + i; /* ns are not kept */
		add(&lesson);
		ck_assert_int_eq(lessons_encode(lessons, &text, &length), 0);
		again = decoded(text, length);
		ck_assert_int_eq(lessons_encode(again, &text_again, &length_again), 0);
		ck_assert_str_eq(text, text_again);
		ck_assert_double_eq_tol(lessons_at(again, 0)->effect, values[i], 6e-7);
	}
}
END_TEST

static int decode_into_empty(const char *text, size_t length)
{
	_cleanup_lessons_ Lessons *table = NULL;
	int r;

	ck_assert_int_eq(lessons_new(&here, &table), 0);
	r = lessons_decode(table, text, length);
	ck_assert(r == 0 || lessons_count(table) == 0);
	return r;
}

START_TEST(test_every_length_and_bit)
{
	_cleanup_free_ char *text = NULL;
	size_t length;

	add_samples();
	ck_assert_int_eq(lessons_encode(lessons, &text, &length), 0);
	for (size_t i = 0; i < length; i++)
		ck_assert_int_eq(decode_into_empty(text, i), -EBADMSG);
	for (size_t i = 0; i < length * 8; i++) {
		text[i / 8] = (char)(text[i / 8] ^ (1 << (i % 8)));
		ck_assert_msg(decode_into_empty(text, length) == -EBADMSG, "bit %zu", i);
		text[i / 8] = (char)(text[i / 8] ^ (1 << (i % 8)));
	}
	ck_assert_int_eq(decode_into_empty(text, length), 0);
}
END_TEST

/* Sealed with a right checksum: by another version of us, or by a clever hand. */
static const char *const refused[] = {
	"",
	"\n",
	"netopt-lessons 2\nboot " BOOT "\nkernel 6.1.0-18-amd64\nnetns 4026531840\n" BBR,
	"netopt-lessons 1\nboot " BOOT "\nnetns 4026531840\n" BBR,
	"netopt-lessons 1\nboot " BOOT "x\nkernel 6.1.0-18-amd64\nnetns 4026531840\n" BBR,
	"netopt-lessons 1\nboot \nkernel 6.1.0-18-amd64\nnetns 4026531840\n" BBR,
	"netopt-lessons 1\nboot " BOOT "\nkernel a b\nnetns 4026531840\n" BBR,
	"netopt-lessons 1\nboot " BOOT "\nkernel \nnetns 4026531840\n" BBR,
	"netopt-lessons 1\nboot " BOOT "\nkernel 6.1.0-18-amd64\nnetns -1\n" BBR,
	HEAD "\n" BBR,
	HEAD BBR BBR,
	HEAD "lesson\n",
	HEAD
	"other\tcongestion\t192.0.2.1\t00000000deadbeef\t1\tkept\t1\t1\t1\t1\troute.congctl\tbbr\n",
	HEAD "lesson\tCongestion\t192.0.2.1\t00000000deadbeef\t1\tkept\t1\t1\t1\t1\troute."
	     "congctl\tbbr\n",
	HEAD "lesson\t\t192.0.2.1\t00000000deadbeef\t1\tkept\t1\t1\t1\t1\troute.congctl\tbbr\n",
	HEAD "lesson\tcongestion\t192.0.2.01\t00000000deadbeef\t1\tkept\t1\t1\t1\t1\troute."
	     "congctl\tbbr\n",
	HEAD
	"lesson\tcongestion\t[::1]\t00000000deadbeef\t1\tkept\t1\t1\t1\t1\troute.congctl\tbbr\n",
	HEAD "lesson\tcongestion\t192.0.2.1\tdeadbeef\t1\tkept\t1\t1\t1\t1\troute.congctl\tbbr\n",
	HEAD "lesson\tcongestion\t192.0.2.1\t00000000DEADBEEF\t1\tkept\t1\t1\t1\t1\troute."
	     "congctl\tbbr\n",
	HEAD "lesson\tcongestion\t192.0.2.1\t00000000deadbeeg\t1\tkept\t1\t1\t1\t1\troute."
	     "congctl\tbbr\n",
	HEAD "lesson\tcongestion\t192.0.2.1\t00000000deadbeef\t4294967296\tkept\t1\t1\t1\t1\troute."
	     "congctl\tbbr\n",
	HEAD "lesson\tcongestion\t192.0.2.1\t00000000deadbeef\t1\tgood\t1\t1\t1\t1\troute."
	     "congctl\tbbr\n",
	HEAD "lesson\tcongestion\t192.0.2.1\t00000000deadbeef\t1\tkept\t0.1\t1\t1\t1\troute."
	     "congctl\tbbr\n",
	HEAD "lesson\tcongestion\t192.0.2.1\t00000000deadbeef\t1\tkept\t01\t1\t1\t1\troute."
	     "congctl\tbbr\n",
	HEAD "lesson\tcongestion\t192.0.2.1\t00000000deadbeef\t1\tkept\t-0\t1\t1\t1\troute."
	     "congctl\tbbr\n",
	HEAD "lesson\tcongestion\t192.0.2.1\t00000000deadbeef\t1\tkept\t999999999\t1\t1\t1\troute."
	     "congctl\tbbr\n",
	HEAD "lesson\tcongestion\t192.0.2.1\t00000000deadbeef\t1\tkept\t1\tnan\t1\t1\troute."
	     "congctl\tbbr\n",
	HEAD "lesson\tcongestion\t192.0.2.1\t00000000deadbeef\t1\tkept\t1\t1\t-1\t1\troute."
	     "congctl\tbbr\n",
	HEAD "lesson\tcongestion\t192.0.2."
	     "1\t00000000deadbeef\t1\tkept\t1\t1\t1\t18446744073709551615\troute.congctl\tbbr\n",
	HEAD "lesson\tcongestion\t192.0.2.1\t00000000deadbeef\t1\tkept\t1\t1\t1\t1\n",
	HEAD
	"lesson\tcongestion\t192.0.2.1\t00000000deadbeef\t1\tkept\t1\t1\t1\t1\troute.congctl\n",
	HEAD
	"lesson\tcongestion\t192.0.2.1\t00000000deadbeef\t1\tkept\t1\t1\t1\t1\troute.congctl\t\n",
	HEAD "lesson\tcongestion\t192.0.2.1\t00000000deadbeef\t1\tkept\t1\t1\t1\t1\troute."
	     "congctl\tbbr\t\n",
	HEAD "lesson\tcongestion\t192.0.2.1\t00000000deadbeef\t1\tkept\t1\t1\t1\t1\tkernel.core_"
	     "pattern\tbbr\n",
	HEAD "lesson\tcongestion\t192.0.2.1\t00000000deadbeef\t1\tkept\t1\t1\t1\t1\troute."
	     "initcwnd\tbbr\n",
};

START_TEST(test_refused_text)
{
	char text[4096];

	ck_assert_int_eq(decode_into_empty(text, seal(HEAD, text, sizeof(text))), 0);
	ck_assert_int_eq(decode_into_empty(text, seal(HEAD BBR HOST, text, sizeof(text))), 0);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		ck_assert_msg(decode_into_empty(text, seal(refused[i], text, sizeof(text))) ==
				      -EBADMSG,
			      "%zu: %s", i, refused[i]);
}
END_TEST

/* Another boot, kernel or namespace: whole files that say nothing of this one. */
START_TEST(test_stale)
{
	_cleanup_free_ char *text = NULL;
	LessonsIdentity others[3] = {here, here, here};
	size_t length;

	add_samples();
	ck_assert_int_eq(lessons_encode(lessons, &text, &length), 0);
	others[0].boot_id[0] = '1';
	others[1].kernel[0] = '7';
	others[2].netns++;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		_cleanup_lessons_ Lessons *table = NULL;

		ck_assert_int_eq(lessons_new(&others[i], &table), 0);
		ck_assert_int_eq(lessons_decode(table, text, length), LESSONS_STALE);
		ck_assert_uint_eq(lessons_count(table), 0);
	}
}
END_TEST

START_TEST(test_identity_that_fits_no_line)
{
	LessonsIdentity bad[3] = {here, here, here};

	bad[0].boot_id[0] = '\0';
	(void)text_copy(bad[1].kernel, sizeof(bad[1].kernel), "6.1\nnetns 1");
	memset(bad[2].kernel, 'x', sizeof(bad[2].kernel));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_lessons_ Lessons *table = NULL;
		char *text = NULL;
		size_t length;

		ck_assert_int_eq(lessons_new(&bad[i], &table), 0);
		ck_assert_msg(lessons_encode(table, &text, &length) == -EINVAL, "%zu", i);
		ck_assert_ptr_null(text);
	}
}
END_TEST

HARNESS_MAIN("lessons",
	     HARNESS_FIXTURE(suite, "table", setup, teardown, test_found, test_only_of_the_same,
			     test_floor, test_age, test_replaced, test_other_route, test_refused,
			     test_full_table, test_route_fingerprint);
	     HARNESS_FIXTURE(suite, "text", setup, teardown, test_format, test_rounding,
			     test_every_length_and_bit, test_refused_text, test_stale,
			     test_identity_that_fits_no_line);)
