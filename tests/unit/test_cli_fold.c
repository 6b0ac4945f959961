/* SPDX-License-Identifier: MIT */
#include "cli/fold.h"

#include "tests/unit/harness.h"

static const struct {
	size_t width;
	const char *line, *folded;
} rows[] = {
	{SIZE_MAX, "one two three", "  label     one two three\n"},
	{25, "one two three", "  label     one two three\n"},
	{24, "one two three", "  label     one two\n            three\n"},
	{40, "", "  label     \n"},
	{15, "one two", "  label     one\n            two\n"},
	{5, "longer than that", "  label     longer\n            than\n            that\n"},
	{40, "a\033b", "  label     a?b\n"},
};

START_TEST(test_fold)
{
	Settings settings = {.width = rows[_i].width};
	_cleanup_(text_clear) Text text = {.data = NULL};

	fold_append(&settings, "label", rows[_i].line, &text);
	ck_assert_str_eq(text_string(&text), rows[_i].folded);
}
END_TEST

static void add_all(Suite *suite)
{
	TCase *all = tcase_create("fold");

	tcase_add_loop_test(all, test_fold, 0, (int)ARRAY_SIZE(rows));
	suite_add_tcase(suite, all);
}

HARNESS_MAIN("cli_fold", add_all(suite);)
