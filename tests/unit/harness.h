/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The main() of every unit test: a Check suite that speaks TAP on stdout, so that meson counts each
 * test by name. Run one by hand with CK_RUN_CASE=name ./test_x; debug with CK_FORK=no.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define HARNESS_CASE(suite, name, ...)                                                             \
	do {                                                                                       \
		TCase *case_ = tcase_create(name);                                                 \
		TTest const *const tests_[] = {__VA_ARGS__};                                       \
		tcase_set_timeout(case_, 60);                                                      \
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
		SRunner *runner = srunner_create(suite);                                           \
		srunner_set_tap(runner, "-");                                                      \
		srunner_run_all(runner, CK_SILENT);                                                \
		int failed = srunner_ntests_failed(runner);                                        \
		srunner_free(runner);                                                              \
		return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;                                  \
	}
