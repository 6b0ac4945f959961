/* SPDX-License-Identifier: MIT */
/*
 * What was learned, killed everywhere: a child learns and stores, again and again, and is killed at
 * each point in turn. Whoever starts next must find what was stored last or what was stored before
 * that, whole, and be able to go on; never a mixture, never a damaged file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base.h"
#include "common/text.h"
#include "daemon/tune/lessons_file.h"
#include "tests/crash/killer.h"

#define POINTS_MAX 20000
#define STORES     4

static const LessonsIdentity identity = {.boot_id = "boot", .kernel = "6.1.0", .netns = 1};
static int directory = -1;
static char path[64];
static int tests, failures;

static void ok(bool passed, const char *name, const char *detail)
{
	printf("%s %d - %s%s%s\n", passed ? "ok" : "not ok", ++tests, name, *detail ? ": " : "",
	       detail);
	failures += !passed;
}

/* Of path number i; the effect says which. */
static Lesson make_lesson(size_t i)
{
	uint8_t bytes[4] = {192, 0, 2, (uint8_t)i};
	Lesson lesson = {.kept = true,
			 .effect = (double)i / 10,
			 .pairs = 9,
			 .decided_realtime_ns = i * NSEC_PER_SEC,
			 .subject = {.controller = "congestion", .n_tunables = 1, .route = 1}};

	lesson.subject.path = address_from_bytes(AF_INET, bytes);
	lesson.subject.tunables[0].id = TUNABLE_ROUTE_CONGCTL;
	(void)tunable_parse(&tunables[TUNABLE_ROUTE_CONGCTL], "bbr",
			    &lesson.subject.tunables[0].value);
	return lesson;
}

/* Loads what is there, learns one thing more and stores, STORES times */
static int learn(void *context)
{
	Lessons *lessons = NULL;
	int r = lessons_new(&identity, &lessons);

	(void)context;
	if (r == 0)
		r = lessons_file_load(directory, lessons);
	if (r == LESSONS_FILE_ABSENT)
		r = 0;
	for (size_t i = lessons_count(lessons); r == 0 && i < STORES; i++) {
		Lesson lesson = make_lesson(i);

		r = lessons_add(lessons, &lesson);
		if (r == 0)
			r = lessons_file_store(directory, lessons);
	}
	lessons_free(lessons);
	return r != 0;
}

/* NULL: what is there is one of the tables that were stored. */
static const char *check_file(size_t *ret_n)
{
	const char *error = NULL;
	Lessons *lessons = NULL;
	int r = lessons_new(&identity, &lessons);

	if (r == 0)
		r = lessons_file_load(directory, lessons);
	if (r != 0 && r != LESSONS_FILE_ABSENT)
		error = r == LESSONS_FILE_DAMAGED ? "the file was damaged" : "it cannot be read";
	*ret_n = error ? 0 : lessons_count(lessons);
	for (size_t i = 0; i < *ret_n; i++) {
		Lesson lesson = make_lesson(i);
		LessonPrior prior;

		if (!lessons_find(lessons, &lesson.subject, lesson.decided_realtime_ns, &prior) ||
		    prior.effect != lesson.effect)
			error = "not what was learned";
	}
	lessons_free(lessons);
	return error;
}

static void clear(void)
{
	static const char *const names[] = {LESSONS_FILE, LESSONS_DAMAGED_FILE, ".lessons.tmp"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)unlinkat(directory, names[i], 0);
}

/* One kill, one look, one life after it. */
static const char *run_once(KillerMode mode, unsigned point, KillerResult *ret_result,
			    size_t *ret_n)
{
	const char *error;
	size_t after;

	clear();
	*ret_result = killer_run(mode, point, learn, NULL);
	if (!ret_result->killed && ret_result->status != 0)
		return "the script failed";
	error = check_file(ret_n);
	if (error)
		return error;
	if (killer_run(mode, KILLER_NEVER, learn, NULL).status != 0)
		return "the next life failed";
	error = check_file(&after);
	return error ? error : after == STORES ? NULL : "the next life learned nothing";
}

static void kill_everywhere(KillerMode mode, const char *mode_name)
{
	bool seen[STORES + 1] = {false}, all = true;
	KillerResult result = {.killed = true};
	const char *error = NULL;
	char name[80], detail[120];
	unsigned point = 0;

	while (!error && result.killed && ++point < POINTS_MAX) {
		size_t n = 0;

		error = run_once(mode, point, &result, &n);
		seen[MIN(n, (size_t)STORES)] = true;
	}
	for (size_t i = 0; i <= STORES; i++)
		all = all && seen[i]; /* or the kills were not where it matters */
	(void)text_format(name, sizeof(name), "learning, killed at all %s", mode_name);
	(void)text_format(detail, sizeof(detail), "%s (point %u)",
			  error ? error : "not every state was seen", point);
	printf("# %u points\n", point);
	ok(!error && all, name, error || !all ? detail : "");
}

int main(void)
{
	const char *cannot_trace = killer_cannot_trace();

	(void)setvbuf(stdout, NULL, _IONBF, 0);
	(void)text_copy(path, sizeof(path), "/dev/shm/netopt-crash-XXXXXX");
	if (!mkdtemp(path)) {
		(void)text_copy(path, sizeof(path), "/tmp/netopt-crash-XXXXXX");
		if (!mkdtemp(path)) {
			printf("1..0 # SKIP no place for the file\n");
			return EXIT_SUCCESS;
		}
	}
	directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	kill_everywhere(KILLER_SEAMS, "durability calls");
	if (cannot_trace)
		printf("ok %d - learning, killed at all system calls # SKIP %s\n", ++tests,
		       cannot_trace);
	else
		kill_everywhere(KILLER_SYSCALLS, "system calls");
	clear();
	(void)close(directory);
	(void)rmdir(path);
	printf("1..%d\n", tests);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
