/* SPDX-License-Identifier: MIT */
/*
 * How text is brought into the width of a terminal, and what a sparkline looks like.
 */
#include "cli/output.h"

#include <string.h>

#include "cli/fold.h"
#include "cli/sparkline.h"
#include "cli/width.h"
#include "tests/unit/harness.h"

static const struct {
	const char *text;
	size_t width;
} widths[] = {
	{"", 0},
	{"abc", 3},
	{"m\xc3\xbcnchen", 7},
	{"\033[1;31mred\033[0m", 3},
	{"\xe6\x9d\xb1\xe4\xba\xac", 4}, /* two of East Asia */
	{"e\xcc\x81", 1},                /* with a combining accent */
	{"\xf0\x9f\x98\x80", 2},         /* a face */
	{"\xe2\x96\x81\xe2\x96\x88", 2}, /* two bars */
	{"a\xff\xc3(b", 5},              /* no UTF-8 */
	{"\033[", 0},
};

START_TEST(test_width)
{
	ck_assert_uint_eq(width_of(widths[_i].text, SIZE_MAX), widths[_i].width);
}
END_TEST

START_TEST(test_prefix)
{
	ck_assert_uint_eq(width_prefix("\xe6\x9d\xb1x", 1), 0); /* half of it is none */
	ck_assert_uint_eq(width_prefix("\xe6\x9d\xb1x", 2), 3);
	ck_assert_uint_eq(width_prefix("abc", 5), 3);
	ck_assert_uint_eq(width_of("abc", 2), 2);
}
END_TEST

static const struct {
	size_t width;
	const char *text, *folded, *clipped;
} lines[] = {
	{80, "one two\n", "one two\n", "one two\n"},
	{SIZE_MAX, "one two\n\nthree", "one two\n\nthree", "one two\n\nthree"},
	{9, "one two three\n", "one two\n  three\n", "one tw...\n"},
	{12, "  one two three\n", "  one two\n    three\n", "  one two...\n"},
	{10, "abcdefghijklmno\n", "abcdefghij\n  klmno\n", "abcdefg...\n"},
	{8, "a bcdefghijkl\n", "a\n  bcdefg\n  hijkl\n", "a bcd...\n"},
	{7, "\033[1mone two\033[0m\n", "\033[1mone two\033[0m\n", "\033[1mone two\033[0m\n"},
	{6, "\033[1mone two\033[0m\n", "\033[1mone\n  two\033[0m\n", "\033[1mone...\033[0m\n"},
	{11, "a  b   cdefgh ij", "a  b\n  cdefgh ij", "a  b   c..."},
};

START_TEST(test_lines)
{
	_cleanup_(text_clear) Text folded = {.data = NULL};
	_cleanup_(text_clear) Text clipped = {.data = NULL};

	fold_lines(lines[_i].text, lines[_i].width, &folded);
	ck_assert_str_eq(text_string(&folded), lines[_i].folded);
	fold_clip(lines[_i].text, lines[_i].width, &clipped);
	ck_assert_str_eq(text_string(&clipped), lines[_i].clipped);
}
END_TEST

/* Whatever the width and the text, nothing is wider, and no word is lost. */
START_TEST(test_fold_never_wider)
{
	static const char text[] = "  alpha beta-gamma/delta \xe6\x9d\xb1\xe4\xba\xac \033[1mbold "
				   "words\033[0m here and_a_very_long_one_that_has_no_blank\n";

	for (size_t width = 4; width < 120; width++) {
		_cleanup_(text_clear) Text folded = {.data = NULL};
		size_t letters = 0, before = 0;

		fold_lines(text, width, &folded);
		for (const char *line = text_string(&folded); *line;) {
			size_t length = strcspn(line, "\n");

			ck_assert_msg(width_of(line, length) <= width, "%zu: %.*s", width,
				      (int)length, line);
			line += length + (line[length] == '\n');
		}
		for (const char *c = text; *c; c++)
			before += *c != ' ' && *c != '\n';
		for (const char *c = text_string(&folded); *c; c++)
			letters += *c != ' ' && *c != '\n';
		ck_assert_uint_eq(letters, before);
	}
}
END_TEST

START_TEST(test_ascii)
{
	Settings settings = {.ascii = true};
	_cleanup_(text_clear) Text text = {.data = NULL};

	output_append(&settings, &text, STYLE_BAD, "m\xc3\xbcn \xe6\x9d\xb1 \xff\033[2J\n");
	ck_assert_str_eq(text_string(&text), "m?n ?? ??[2J\n");
}
END_TEST

static const struct {
	const char *history, *bars, *ascii;
} sparks[] = {
	{"[]", "", ""},
	{"[null,null]", "", ""},
	{"[100,100,100]", "▁▁▁", "___"},
	{"[100,null,150]", "▁ █", "_ @"},
	{"[100,107,150,200]", "▁▁▄█", "__=@"}, /* 7 % of noise are none */
	{"[100,110]", "▁▂", "_."},
	{"[0,0]", "▁▁", "__"},
	{"[0,7]", "▁█", "_@"},
	{"[1,\"x\",-5,3]", "▁  █", "_  @"},
};

START_TEST(test_sparkline)
{
	_cleanup_(text_clear) Text bars = {.data = NULL};
	_cleanup_(text_clear) Text ascii = {.data = NULL};
	_cleanup_json_ Json *history = NULL;

	ck_assert_int_eq(json_parse(sparks[_i].history, strlen(sparks[_i].history), &history), 0);
	sparkline_append(history, false, &bars);
	sparkline_append(history, true, &ascii);
	ck_assert_str_eq(text_string(&bars), sparks[_i].bars);
	ck_assert_str_eq(text_string(&ascii), sparks[_i].ascii);
}
END_TEST

static void add_all(Suite *suite)
{
	TCase *all = tcase_create("output");

	tcase_add_loop_test(all, test_width, 0, (int)ARRAY_SIZE(widths));
	tcase_add_test(all, test_prefix);
	tcase_add_loop_test(all, test_lines, 0, (int)ARRAY_SIZE(lines));
	tcase_add_test(all, test_fold_never_wider);
	tcase_add_test(all, test_ascii);
	tcase_add_loop_test(all, test_sparkline, 0, (int)ARRAY_SIZE(sparks));
	suite_add_tcase(suite, all);
}

HARNESS_MAIN("cli_output", add_all(suite);)
