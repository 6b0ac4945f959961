/* SPDX-License-Identifier: MIT */
/*
 * When lessons are stored and when not, and what is said about a disk that fails: one line when it
 * begins, however often it is tried, and one more only after it has worked again.
 */
#include "daemon/remember.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "common/log.h"
#include "common/text.h"
#include "daemon/tune/lessons_file.h"
#include "tests/unit/harness.h"

#define NOW (100 * NSEC_PER_DAY)

static const HostIdentity identity = {.boot_id = "boot", .netns = 7, .kernel = "6.1.0"};

static char path[] = "/tmp/netopt-remember-XXXXXX";
static int directory = -1;
static unsigned warnings;
static char last_line[512];
static Remember *memory;

static void on_log(const LogRecord *record, void *context)
{
	(void)context;
	warnings += record->level <= LOG_WARNING;
	(void)text_copy(last_line, sizeof(last_line), record->message);
}

static Remember *begin(int fd)
{
	Remember *remember;

	ck_assert_int_eq(remember_new(fd, &identity, NOW, &remember), 0);
	return remember;
}

static void open_directory(void)
{
	directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(directory, 0);
}

static void setup(void)
{
	memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(path));
	open_directory();
	log_set_sink(on_log, NULL);
	log_set_level(LOG_DEBUG);
	warnings = 0;
	memory = begin(directory);
}

static void teardown(void)
{
	remember_free(memory);
	(void)unlinkat(directory, LESSONS_FILE, 0);
	(void)unlinkat(directory, LESSONS_DAMAGED_FILE, 0);
	(void)close(directory);
	(void)rmdir(path);
}

static void learn(Remember *remember, const char *address, uint64_t when_ns)
{
	Lesson lesson = {.kept = true,
			 .effect = 0.5,
			 .pairs = 9,
			 .decided_realtime_ns = when_ns,
			 .subject = {.controller = "congestion", .n_tunables = 1, .route = 1}};

	ck_assert_int_eq(address_parse(address, &lesson.subject.path), 0);
	lesson.subject.tunables[0].id = TUNABLE_ROUTE_CONGCTL;
	ck_assert_int_eq(tunable_parse(&tunables[TUNABLE_ROUTE_CONGCTL], "bbr",
				       &lesson.subject.tunables[0].value),
			 0);
	ck_assert_int_eq(lessons_add(remember_lessons(remember), &lesson), 0);
}

static bool is_stored(void)
{
	return faccessat(directory, LESSONS_FILE, F_OK, 0) == 0;
}

static size_t known_to_next(void)
{
	Remember *next = begin(directory);
	size_t n = lessons_count(remember_lessons(next));

	remember_free(next);
	return n;
}

START_TEST(test_stored_when_it_grew)
{
	remember_store(memory, NOW, false);
	ck_assert(!is_stored());
	learn(memory, "192.0.2.1", NOW);
	ck_assert_uint_eq(known_to_next(), 0);
	remember_store(memory, NOW, false);
	ck_assert_uint_eq(known_to_next(), 1);
	/* Nothing new, nothing written, also at the end. */
	ck_assert_int_eq(unlinkat(directory, LESSONS_FILE, 0), 0);
	remember_store(memory, NOW, false);
	remember_store(memory, NOW, true);
	ck_assert(!is_stored());
	learn(memory, "192.0.2.2", NOW);
	remember_store(memory, NOW, true);
	ck_assert_uint_eq(known_to_next(), 2);
	ck_assert_uint_eq(warnings, 0);
}
END_TEST

START_TEST(test_known_is_not_stored_again)
{
	Remember *next;

	learn(memory, "192.0.2.1", NOW);
	remember_store(memory, NOW, false);
	next = begin(directory);
	ck_assert_int_eq(unlinkat(directory, LESSONS_FILE, 0), 0);
	remember_store(next, NOW, true);
	ck_assert(!is_stored());
	remember_free(next);
}
END_TEST

/* What is too old is neither loaded nor stored. */
START_TEST(test_old)
{
	learn(memory, "192.0.2.1", NOW - LESSON_AGE_MAX_NS);
	learn(memory, "192.0.2.2", NOW - LESSON_AGE_MAX_NS + NSEC_PER_HOUR);
	remember_store(memory, NOW - NSEC_PER_DAY, false);
	ck_assert_uint_eq(known_to_next(), 1);
	learn(memory, "192.0.2.3", NOW);
	remember_store(memory, NOW + NSEC_PER_DAY, false);
	ck_assert_uint_eq(lessons_count(remember_lessons(memory)), 1);
	ck_assert_uint_eq(known_to_next(), 1);
}
END_TEST

START_TEST(test_failing_is_said_once)
{
	ck_assert_int_eq(rmdir(path), 0); /* the disk is gone: every store fails */
	learn(memory, "192.0.2.1", NOW);
	remember_store(memory, NOW, false);
	ck_assert_uint_eq(warnings, 1);
	ck_assert_ptr_nonnull(strstr(last_line, "cannot be stored"));
	remember_store(memory, NOW, false);
	learn(memory, "192.0.2.2", NOW);
	remember_store(memory, NOW, false);
	remember_store(memory, NOW, true);
	ck_assert_uint_eq(warnings, 1);
}
END_TEST

/* At the stop it is tried once more, though nothing was learned since. */
START_TEST(test_last_chance)
{
	int gone = dup(directory);

	learn(memory, "192.0.2.1", NOW);
	ck_assert_int_ge(dup2(STDIN_FILENO, directory), 0); /* no directory */
	remember_store(memory, NOW, false);
	ck_assert_uint_eq(warnings, 1);
	ck_assert_int_ge(dup2(gone, directory), 0);
	(void)close(gone);
	remember_store(memory, NOW, false);
	ck_assert(!is_stored());
	remember_store(memory, NOW, true);
	ck_assert_uint_eq(known_to_next(), 1);
	ck_assert_uint_eq(warnings, 1);
}
END_TEST

START_TEST(test_no_directory)
{
	Remember *nowhere = begin(-1);

	learn(nowhere, "192.0.2.1", NOW);
	remember_store(nowhere, NOW, true);
	ck_assert_uint_eq(lessons_count(remember_lessons(nowhere)), 1);
	ck_assert_uint_eq(warnings, 0);
	remember_free(nowhere);
	remember_free(NULL);
}
END_TEST

START_TEST(test_damaged)
{
	int fd = openat(directory, LESSONS_FILE, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_eq(write(fd, "garbage", 7), 7);
	(void)close(fd);
	ck_assert_uint_eq(known_to_next(), 0);
	ck_assert_uint_eq(warnings, 1);
	ck_assert_ptr_nonnull(strstr(last_line, "damaged"));
	ck_assert_uint_eq(known_to_next(), 0);
	ck_assert_uint_eq(warnings, 1); /* it was set aside */
}
END_TEST

HARNESS_MAIN("remember",
	     HARNESS_FIXTURE(suite, "remember", setup, teardown, test_stored_when_it_grew,
			     test_known_is_not_stored_again, test_old, test_failing_is_said_once,
			     test_last_chance, test_no_directory, test_damaged);)
