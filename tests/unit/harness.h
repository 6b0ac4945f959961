/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The main() of every unit test: a Check suite that speaks TAP on stdout, so that meson counts each
 * test by name. Run one by hand with CK_RUN_CASE=name ./test_x; debug with CK_FORK=no.
 *
 * Check knows no skipping: a test that cannot run here calls HARNESS_SKIP("reason"), which leaves a
 * note in shared memory (tests are forked) and returns; the note turns its TAP line into a SKIP.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HARNESS_SKIPS_MAX 64

typedef struct HarnessSkip {
	char test[96];
	char reason[160];
} HarnessSkip;

typedef struct HarnessSkips {
	unsigned n;
	HarnessSkip skips[HARNESS_SKIPS_MAX];
} HarnessSkips;

static HarnessSkips *harness_skips;

/* Check names the function of START_TEST(x) "x_fn". */
__attribute__((unused)) static void harness_note_skip(const char *function, const char *reason)
{
	HarnessSkip *skip;

	if (!harness_skips || harness_skips->n >= HARNESS_SKIPS_MAX)
		return;
	skip = &harness_skips->skips[harness_skips->n++];
	(void)snprintf(skip->test, sizeof(skip->test), "%.*s", (int)strcspn(function, " "),
		       function);
	if (strlen(skip->test) > 3 && strcmp(skip->test + strlen(skip->test) - 3, "_fn") == 0)
		skip->test[strlen(skip->test) - 3] = '\0';
	(void)snprintf(skip->reason, sizeof(skip->reason), "%s", reason);
}

/* Only in the body of a START_TEST, which it leaves. */
#define HARNESS_SKIP(why)                                                                          \
	do {                                                                                       \
		harness_note_skip(__func__, why);                                                  \
		return;                                                                            \
	} while (0)

__attribute__((unused)) static const HarnessSkip *harness_find_skip(const char *line)
{
	for (unsigned i = 0; i < harness_skips->n; i++) {
		const HarnessSkip *skip = &harness_skips->skips[i];
		const char *at = strstr(line, skip->test);

		if (at && at[-1] == ':' && at[strlen(skip->test)] == ':')
			return skip;
	}
	return NULL;
}

/* Check's TAP with the skipped tests marked. */
__attribute__((unused)) static void harness_print(FILE *tap)
{
	char line[8192];

	rewind(tap);
	while (fgets(line, sizeof(line), tap)) {
		const HarnessSkip *skip =
			strncmp(line, "ok ", 3) == 0 ? harness_find_skip(line) : NULL;

		if (skip)
			printf("%.*s # SKIP %s\n", (int)strcspn(line, "\n"), line, skip->reason);
		else
			fputs(line, stdout);
	}
	fflush(stdout);
}

__attribute__((unused)) static int harness_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	char name[] = "/tmp/netopt-tap-XXXXXX";
	int fd = mkstemp(name), failed;
	FILE *tap = fd >= 0 ? fdopen(fd, "r") : NULL;

	harness_skips = mmap(NULL, sizeof(*harness_skips), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (harness_skips == MAP_FAILED || !tap) {
		perror("harness");
		return EXIT_FAILURE;
	}
	srunner_set_tap(runner, name);
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	harness_print(tap);
	fclose(tap);
	remove(name);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#define HARNESS_CASE(suite, name, ...) HARNESS_FIXTURE(suite, name, NULL, NULL, __VA_ARGS__)

/* With what to do before and after each test; NULL: nothing. The timeout is for what hangs: a few
 * seconds of computing take minutes on a machine that is busy with other tests. */
#define HARNESS_FIXTURE(suite, name, setup, teardown, ...)                                         \
	do {                                                                                       \
		TCase *case_ = tcase_create(name);                                                 \
		TTest const *const tests_[] = {__VA_ARGS__};                                       \
		tcase_set_timeout(case_, 240);                                                     \
		tcase_add_checked_fixture(case_, setup, teardown);                                 \
		for (size_t i_ = 0; i_ < sizeof(tests_) / sizeof(tests_[0]); i_++)                 \
			tcase_add_test(case_, tests_[i_]);                                         \
		suite_add_tcase(suite, case_);                                                     \
	} while (0)

/* HARNESS_MAIN("parse", HARNESS_CASE(suite, "duration", test_a, test_b); HARNESS_CASE(…);) */
#define HARNESS_MAIN(suite_name, ...)                                                              \
	int main(void)                                                                             \
	{                                                                                          \
		Suite *suite = suite_create(suite_name);                                           \
		__VA_ARGS__                                                                        \
		return harness_run(suite);                                                         \
	}
