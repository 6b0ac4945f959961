/* SPDX-License-Identifier: MIT */
/*
 * The table is an array in the order of learning, so that the oldest is the first; a thousand
 * entries are searched once for each trial that begins, which needs no index.
 *
 * There is one way to write each table down, as with the journal: what was decoded is encoded again
 * and must give the same bytes. So nothing torn, edited or rotten is ever taken for a lesson.
 */
#include "daemon/model/lessons.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "common/base.h"
#include "common/parse.h"
#include "common/text.h"

#define LINE_VERSION "netopt-lessons 1"
#define FIELDS_FIXED 10 /* of a lesson line, "lesson" included, before keys and values */
#define FIELDS_MAX   (FIELDS_FIXED + 2 * LESSON_TUNABLES_MAX)
/* An effect beyond a factor of e^100 is no effect; evidence beyond ln 10^5 no evidence. */
#define EFFECT_MICRO_MAX INT64_C(100000000)
#define LOG_E_MICRO_MAX  INT64_C(100000000000)
#define PAIRS_MAX        UINT64_C(1000000)
#define USEC_MAX         (UINT64_MAX / NSEC_PER_USEC)

struct Lessons {
	LessonsIdentity identity;
	Lesson *lessons;
	size_t n, allocated;
	uint64_t evicted, generation;
};

int lessons_new(const LessonsIdentity *identity, Lessons **ret_lessons)
{
	Lessons *lessons = calloc(1, sizeof(*lessons));

	if (!lessons)
		return -ENOMEM;
	lessons->identity = *identity;
	*ret_lessons = lessons;
	return 0;
}

void lessons_free(Lessons *lessons)
{
	if (!lessons)
		return;
	free(lessons->lessons);
	free(lessons);
}

size_t lessons_count(const Lessons *lessons)
{
	return lessons->n;
}

const Lesson *lessons_at(const Lessons *lessons, size_t index)
{
	return index < lessons->n ? &lessons->lessons[index] : NULL;
}

uint64_t lessons_evicted(const Lessons *lessons)
{
	return lessons->evicted;
}

uint64_t lessons_generation(const Lessons *lessons)
{
	return lessons->generation;
}

uint64_t lessons_route(const Address *gateway, const char *link_name, int link_index)
{
	char address[ADDRESS_TEXT_MAX], text[128];
	uint64_t hash;

	(void)text_format(text, sizeof(text), "%s %s %d", address_format(gateway, address),
			  link_name, link_index);
	hash = text_checksum(text, strlen(text));
	return hash ? hash : 1;
}

/* --- the table --- */

static bool name_is_valid(const char *name)
{
	size_t length = strnlen(name, LESSON_CONTROLLER_MAX);

	return length > 0 && length < LESSON_CONTROLLER_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == length;
}

/* False: not finite, or out of range. */
static bool to_micro(double value, int64_t limit, int64_t *ret)
{
	double scaled = round(value * 1e6);

	if (!isfinite(scaled) || fabs(scaled) > (double)limit)
		return false;
	*ret = (int64_t)scaled;
	return true;
}

static bool subject_is_valid(const LessonSubject *subject)
{
	if (!name_is_valid(subject->controller) || subject->n_tunables < 1 ||
	    subject->n_tunables > LESSON_TUNABLES_MAX)
		return false;
	for (size_t i = 0; i < subject->n_tunables; i++) {
		const LessonTunable *tunable = &subject->tunables[i];

		TunableKind kind = tunable->value.kind;

		if ((unsigned)tunable->id >= _TUNABLES || kind != tunables[tunable->id].kind ||
		    ((kind == TUNABLE_WORD || kind == TUNABLE_WORDS) && !*tunable->value.words))
			return false;
	}
	return true;
}

static bool lesson_is_valid(const Lesson *lesson)
{
	int64_t micro;

	return subject_is_valid(&lesson->subject) && lesson->pairs <= PAIRS_MAX &&
	       to_micro(lesson->effect, EFFECT_MICRO_MAX, &micro) &&
	       to_micro(lesson->log_e, LOG_E_MICRO_MAX, &micro);
}

static bool same_tunables(const LessonSubject *a, const LessonSubject *b)
{
	if (a->n_tunables != b->n_tunables)
		return false;
	for (size_t i = 0; i < a->n_tunables; i++)
		if (a->tunables[i].id != b->tunables[i].id ||
		    !tunable_equal(&a->tunables[i].value, &b->tunables[i].value))
			return false;
	return true;
}

/* Whatever the route. */
static bool same_subject(const LessonSubject *a, const LessonSubject *b)
{
	return text_equal(a->controller, b->controller) && address_equal(&a->path, &b->path) &&
	       same_tunables(a, b);
}

static bool same_floor(uint32_t a, uint32_t b)
{
	uint32_t difference = a > b ? a - b : b - a;

	return a == 0 || b == 0 || difference <= LESSON_FLOOR_US ||
	       (uint64_t)difference * 1000 <= (uint64_t)MIN(a, b) * LESSON_FLOOR_PERMILLE;
}

/* Drops those that `unwanted` names; the others keep their order. */
static size_t drop(Lessons *lessons, bool (*unwanted)(const Lesson *lesson, const void *context),
		   const void *context)
{
	size_t kept = 0, dropped;

	for (size_t i = 0; i < lessons->n; i++) {
		if (unwanted(&lessons->lessons[i], context))
			continue;
		if (kept != i)
			lessons->lessons[kept] = lessons->lessons[i];
		kept++;
	}
	dropped = lessons->n - kept;
	lessons->n = kept;
	lessons->generation += dropped > 0;
	return dropped;
}

static bool is_replaced(const Lesson *lesson, const void *context)
{
	const LessonSubject *subject = context;

	return same_subject(&lesson->subject, subject) ||
	       (address_equal(&lesson->subject.path, &subject->path) &&
		lesson->subject.route != subject->route);
}

static bool is_of_path(const Lesson *lesson, const void *context)
{
	const Address *path = context;

	return address_equal(&lesson->subject.path, path);
}

static bool is_old(const Lesson *lesson, const void *context)
{
	const uint64_t *realtime_ns = context;

	return *realtime_ns > lesson->decided_realtime_ns &&
	       *realtime_ns - lesson->decided_realtime_ns >= LESSON_AGE_MAX_NS;
}

size_t lessons_forget_path(Lessons *lessons, const Address *path)
{
	return drop(lessons, is_of_path, path);
}

size_t lessons_forget_old(Lessons *lessons, uint64_t realtime_ns)
{
	return drop(lessons, is_old, &realtime_ns);
}

static int grow(Lessons *lessons)
{
	size_t wanted = lessons->allocated ? 2 * lessons->allocated : 16;
	Lesson *grown;

	if (lessons->n < lessons->allocated || lessons->allocated == LESSONS_MAX)
		return 0;
	wanted = MIN(wanted, (size_t)LESSONS_MAX);
	grown = reallocarray(lessons->lessons, wanted, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	lessons->lessons = grown;
	lessons->allocated = wanted;
	return 0;
}

static void drop_oldest(Lessons *lessons)
{
	lessons->n--;
	memmove(lessons->lessons, lessons->lessons + 1, lessons->n * sizeof(lessons->lessons[0]));
	lessons->evicted++;
}

/* As it will be read again. */
static Lesson normal_form(const Lesson *lesson)
{
	Lesson normal = *lesson;
	int64_t effect = 0, log_e = 0;

	(void)to_micro(lesson->effect, EFFECT_MICRO_MAX, &effect); /* the lesson is valid */
	(void)to_micro(lesson->log_e, LOG_E_MICRO_MAX, &log_e);
	normal.effect = (double)effect / 1e6;
	normal.log_e = (double)log_e / 1e6;
	normal.decided_realtime_ns -= normal.decided_realtime_ns % NSEC_PER_USEC;
	return normal;
}

int lessons_add(Lessons *lessons, const Lesson *lesson)
{
	Lesson normal; /* first, as `lesson` may be one of the table */
	int r;

	if (!lesson_is_valid(lesson))
		return -EINVAL;
	normal = normal_form(lesson);
	r = grow(lessons);
	if (r < 0)
		return r;
	(void)drop(lessons, is_replaced, &normal.subject);
	if (lessons->n == LESSONS_MAX)
		drop_oldest(lessons);
	lessons->lessons[lessons->n++] = normal;
	lessons->generation++;
	return 0;
}

static bool is_near(int64_t a, int64_t b)
{
	int64_t low = MIN(a, b), high = MAX(a, b);

	return high == low || (low > 0 && (high - low) * 1000 <= high * LESSON_NEAR_PERMILLE);
}

static bool same_trial(const LessonTunable *a, const LessonTunable *b)
{
	if (a->id != b->id)
		return false;
	if (tunables[a->id].kind != TUNABLE_TRIPLE)
		return tunable_equal(&a->value, &b->value);
	for (size_t i = 0; i < ARRAY_SIZE(a->value.numbers); i++)
		if (!is_near(a->value.numbers[i], b->value.numbers[i]))
			return false;
	return true;
}

static bool same_place(const Lesson *lesson, const LessonSubject *subject)
{
	return text_equal(lesson->subject.controller, subject->controller) &&
	       address_equal(&lesson->subject.path, &subject->path);
}

static bool is_exactly(const Lesson *lesson, const LessonSubject *subject)
{
	return same_subject(&lesson->subject, subject);
}

static bool is_led(const Lesson *lesson, const LessonSubject *subject)
{
	return same_place(lesson, subject) &&
	       same_trial(&lesson->subject.tunables[0], &subject->tunables[0]);
}

static bool is_kept(const Lesson *lesson, const LessonSubject *subject)
{
	return lesson->kept && same_place(lesson, subject) &&
	       lesson->subject.tunables[0].id == subject->tunables[0].id;
}

/* The newest of them, if it holds here and now. */
static bool find(const Lessons *lessons, const LessonSubject *subject, uint64_t realtime_ns,
		 bool (*is_meant)(const Lesson *lesson, const LessonSubject *subject),
		 LessonPrior *ret_prior)
{
	for (size_t i = lessons->n; i-- > 0;) {
		const Lesson *lesson = &lessons->lessons[i];
		uint64_t age_ns = realtime_ns - lesson->decided_realtime_ns;

		if (!is_meant(lesson, subject))
			continue;
		if (lesson->subject.route != subject->route ||
		    !same_floor(lesson->subject.floor_us, subject->floor_us) ||
		    realtime_ns < lesson->decided_realtime_ns || age_ns >= LESSON_AGE_MAX_NS)
			return false;
		*ret_prior = (LessonPrior){
			.effect = lesson->effect * (1 - (double)age_ns / (double)LESSON_AGE_MAX_NS),
			.age_ns = age_ns,
			.lesson = lesson,
		};
		return true;
	}
	return false;
}

bool lessons_find(const Lessons *lessons, const LessonSubject *subject, uint64_t realtime_ns,
		  LessonPrior *ret_prior)
{
	return find(lessons, subject, realtime_ns, is_exactly, ret_prior);
}

bool lessons_find_led(const Lessons *lessons, const LessonSubject *subject, uint64_t realtime_ns,
		      LessonPrior *ret_prior)
{
	return find(lessons, subject, realtime_ns, is_led, ret_prior);
}

bool lessons_find_kept(const Lessons *lessons, const LessonSubject *subject, uint64_t realtime_ns,
		       LessonPrior *ret_prior)
{
	return find(lessons, subject, realtime_ns, is_kept, ret_prior);
}

/* --- text --- */

/* Something that stands on a line of its own, as the kernel writes it. */
static bool word_is_valid(const char *word, size_t size)
{
	size_t length = strnlen(word, size);

	if (length == 0 || length == size)
		return false;
	for (size_t i = 0; i < length; i++)
		if (word[i] <= ' ' || word[i] > '~')
			return false;
	return true;
}

static void encode_lesson(const Lesson *lesson, Text *text)
{
	const LessonSubject *subject = &lesson->subject;
	char address[ADDRESS_TEXT_MAX], value[TUNABLE_WORD_MAX];
	int64_t effect = 0, log_e = 0;

	(void)to_micro(lesson->effect, EFFECT_MICRO_MAX, &effect); /* all in the table are valid */
	(void)to_micro(lesson->log_e, LOG_E_MICRO_MAX, &log_e);
	text_appendf(text, "lesson\t%s\t%s\t%016" PRIx64 "\t%" PRIu32 "\t%s", subject->controller,
		     address_format(&subject->path, address), subject->route, subject->floor_us,
		     lesson->kept ? "kept" : "rejected");
	text_appendf(text, "\t%" PRId64 "\t%" PRId64 "\t%u\t%" PRIu64, effect, log_e, lesson->pairs,
		     lesson->decided_realtime_ns / NSEC_PER_USEC);
	for (size_t i = 0; i < subject->n_tunables; i++)
		text_appendf(text, "\t%s\t%s", tunables[subject->tunables[i].id].key,
			     tunable_format(&subject->tunables[i].value, value, sizeof(value)));
	text_append(text, "\n");
}

int lessons_encode(const Lessons *lessons, char **ret_text, size_t *ret_length)
{
	const LessonsIdentity *identity = &lessons->identity;
	_cleanup_(text_clear) Text text = {0};

	if (!word_is_valid(identity->boot_id, sizeof(identity->boot_id)) ||
	    !word_is_valid(identity->kernel, sizeof(identity->kernel)))
		return -EINVAL;
	text_appendf(&text, LINE_VERSION "\nboot %s\nkernel %s\nnetns %" PRIu64 "\n",
		     identity->boot_id, identity->kernel, identity->netns);
	for (size_t i = 0; i < lessons->n; i++)
		encode_lesson(&lessons->lessons[i], &text);
	text_appendf(&text, "checksum %016" PRIx64 "\n",
		     text_checksum(text_string(&text), text.length));
	if (text.failed)
		return -ENOMEM;
	*ret_length = text.length;
	*ret_text = STEAL(text.data);
	return 0;
}

/* 16 digits of the lower case. */
static bool parse_route(const char *text, uint64_t *ret_route)
{
	uint64_t route = 0;

	if (strlen(text) != 16)
		return false;
	for (; *text; text++) {
		int digit = parse_hex_digit(*text);

		if (digit < 0)
			return false;
		route = route << 4 | (uint64_t)digit;
	}
	*ret_route = route;
	return true;
}

static bool decode_subject(char *const fields[], size_t n, LessonSubject *ret)
{
	uint64_t floor_us;

	if (!text_copy(ret->controller, sizeof(ret->controller), fields[1]) ||
	    (!text_equal(fields[2], "-") && address_parse(fields[2], &ret->path) < 0) ||
	    !parse_route(fields[3], &ret->route) ||
	    parse_uint64(fields[4], 0, UINT32_MAX, &floor_us) < 0)
		return false;
	ret->floor_us = (uint32_t)floor_us;
	for (size_t i = FIELDS_FIXED; i + 1 < n; i += 2) {
		LessonTunable *to = &ret->tunables[ret->n_tunables++];
		const Tunable *tunable = tunable_find(fields[i], &to->id);

		if (!tunable || tunable_parse(tunable, fields[i + 1], &to->value) < 0)
			return false;
	}
	return true;
}

static int decode_lesson(char *line, Lesson *ret)
{
	char *fields[FIELDS_MAX];
	int64_t effect, log_e;
	uint64_t pairs, usec;
	size_t n = 0;

	while (line) {
		if (n == FIELDS_MAX)
			return -EBADMSG;
		fields[n++] = strsep(&line, "\t");
	}
	if (n < FIELDS_FIXED + 2 || (n - FIELDS_FIXED) % 2 != 0 ||
	    !text_equal(fields[0], "lesson") || !decode_subject(fields, n, &ret->subject) ||
	    parse_int64(fields[6], -EFFECT_MICRO_MAX, EFFECT_MICRO_MAX, &effect) < 0 ||
	    parse_int64(fields[7], -LOG_E_MICRO_MAX, LOG_E_MICRO_MAX, &log_e) < 0 ||
	    parse_uint64(fields[8], 0, PAIRS_MAX, &pairs) < 0 ||
	    parse_uint64(fields[9], 0, USEC_MAX, &usec) < 0)
		return -EBADMSG;
	ret->kept = text_equal(fields[5], "kept"); /* any other word is not what we write */
	ret->effect = (double)effect / 1e6;
	ret->log_e = (double)log_e / 1e6;
	ret->pairs = (unsigned)pairs;
	ret->decided_realtime_ns = usec * NSEC_PER_USEC;
	return 0;
}

/* The rest of a line that begins with `word` and a blank. */
static bool decode_word(char **cursor, const char *word, char *buffer, size_t size)
{
	const char *line = strsep(cursor, "\n");
	size_t length = strlen(word);

	return line && text_starts_with(line, word) && line[length] == ' ' &&
	       text_copy(buffer, size, line + length + 1);
}

static int decode_header(char **cursor, LessonsIdentity *ret)
{
	char netns[24];

	if (!text_equal(strsep(cursor, "\n"), LINE_VERSION) ||
	    !decode_word(cursor, "boot", ret->boot_id, sizeof(ret->boot_id)) ||
	    !decode_word(cursor, "kernel", ret->kernel, sizeof(ret->kernel)) ||
	    !decode_word(cursor, "netns", netns, sizeof(netns)) ||
	    parse_uint64(netns, 0, UINT64_MAX, &ret->netns) < 0)
		return -EBADMSG;
	return 0;
}

static int decode_lines(char *text, Lessons *lessons)
{
	char *cursor = text;
	int r = decode_header(&cursor, &lessons->identity);

	while (r == 0) {
		char *line = strsep(&cursor, "\n");
		Lesson lesson = {0};

		if (!line || text_starts_with(line, "checksum "))
			return 0;
		r = lessons->n == LESSONS_MAX ? -EBADMSG : decode_lesson(line, &lesson);
		if (r == 0)
			r = lessons_add(lessons, &lesson);
	}
	return r == -ENOMEM ? r : -EBADMSG;
}

static bool same_identity(const LessonsIdentity *a, const LessonsIdentity *b)
{
	return text_equal(a->boot_id, b->boot_id) && text_equal(a->kernel, b->kernel) &&
	       a->netns == b->netns;
}

static void free_lessons(Lessons **lessons)
{
	lessons_free(*lessons);
}

int lessons_decode(Lessons *lessons, const char *text, size_t length)
{
	_cleanup_(free_lessons) Lessons *read = NULL;
	_cleanup_free_ char *copy = NULL, *again = NULL;
	size_t again_length;
	int r;

	if (length == 0 || length > LESSONS_SIZE_MAX || memchr(text, '\0', length))
		return -EBADMSG;
	copy = strndup(text, length);
	if (!copy)
		return -ENOMEM;
	r = lessons_new(&(LessonsIdentity){.netns = 0}, &read);
	if (r == 0)
		r = decode_lines(copy, read);
	if (r == 0)
		r = lessons_encode(read, &again, &again_length);
	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	if (again_length != length || memcmp(again, text, length) != 0)
		return -EBADMSG;
	if (!same_identity(&read->identity, &lessons->identity))
		return LESSONS_STALE;
	assert(lessons->n == 0);
	free(lessons->lessons);
	lessons->lessons = STEAL(read->lessons);
	lessons->n = read->n;
	lessons->allocated = read->allocated;
	return 0;
}
