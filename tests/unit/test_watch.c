/* SPDX-License-Identifier: MIT */
/*
 * What the screen of `watch` is made of: cells, the line of a trend, folded texts.
 */
#include "cli/watch_frame.h"

#include <locale.h>
#include <string.h>

#include "cli/watch_skim.h"
#include "cli/watch_text.h"
#include "cli/watch_trend.h"
#include "tests/unit/harness.h"

static WatchFrame frame;

static void setup(void)
{
	ck_assert_ptr_nonnull(setlocale(LC_ALL, "C.UTF-8"));
	frame = (WatchFrame){.utf8 = true};
	ck_assert_int_eq(watch_frame_reset(&frame, 3, 20), 0);
}

static void teardown(void)
{
	watch_frame_clear(&frame);
}

static void check_line(size_t row, const char *expected)
{
	_cleanup_(text_clear) Text line = {.data = NULL};

	watch_frame_line(&frame, row, &line);
	ck_assert_str_eq(text_string(&line), expected);
}

START_TEST(test_fields)
{
	watch_frame_put(&frame, 0, 0, 6, false, STYLE_PLAIN, "left");
	watch_frame_put(&frame, 0, 7, 6, true, STYLE_PLAIN, "right");
	check_line(0, "left    right");
	watch_frame_put(&frame, 1, 0, 6, false, STYLE_PLAIN, "a long one");
	watch_frame_put(&frame, 1, 7, 6, true, STYLE_PLAIN, "a long one");
	check_line(1, "a l... a l...");
	watch_frame_put(&frame, 1, 0, 2, false, STYLE_PLAIN, "abc");
	check_line(1, "..l... a l...");
	watch_frame_put(&frame, 2, 0, 0, false, STYLE_PLAIN, "abc");
	check_line(2, "");
}
END_TEST

/* Nothing is written beyond the frame: ASan would see it. */
START_TEST(test_outside)
{
	watch_frame_put(&frame, 2, 15, 40, false, STYLE_PLAIN, "0123456789012345678901234567");
	check_line(2, "               01234");
	watch_frame_put(&frame, 3, 0, 5, false, STYLE_PLAIN, "below");
	watch_frame_put(&frame, 0, 30, 5, true, STYLE_PLAIN, "right");
	check_line(0, "");
	watch_frame_put(&frame, 1, 19, 5, false, STYLE_PLAIN, "漢字");
	check_line(1, "                   ?");
}
END_TEST

/* Other people's text: each cell a column, whatever is in it. */
START_TEST(test_hostile)
{
	static const struct {
		const char *text, *expected;
		size_t width;
	} rows[] = {
		{"a\033[31mb", "a?[31mb", 7},
		{"a\nb\tc\rd\177e", "a?b?c?d?e", 9},
		{"a\xc2\x9b"
		 "31mb",
		 "a?31mb", 6}, /* CSI of 8 bits */
		{"a\xe2\x80\xae"
		 "b",
		 "a?b", 3}, /* right-to-left override */
		{"a\xe2\x80\x8b"
		 "b",
		 "a?b", 3}, /* no width */
		{"a\xcc\x81"
		 "b",
		 "a?b", 3}, /* a combining mark */
		{"n\xc3\xa4h\xe2\x82\xac", "näh€", 4},
		{"漢x", "漢x", 3}, /* wide */
		{"\xff\xfe\xc0\x80", "????", 4},
		{"a\xe2\x82", "a??", 3},         /* cut short */
		{"\xed\xa0\x80", "???", 3},      /* a surrogate: no UTF-8, so byte by byte */
		{"\xf4\x90\x80\x80", "????", 4}, /* beyond Unicode */
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ck_assert_int_eq(watch_frame_reset(&frame, 3, 20), 0);
		ck_assert_msg(watch_frame_width(&frame, rows[i].text) == rows[i].width, "%zu: %zu",
			      i, watch_frame_width(&frame, rows[i].text));
		watch_frame_put(&frame, 0, 0, 20, false, STYLE_PLAIN, rows[i].text);
		check_line(0, rows[i].expected);
	}
}
END_TEST

START_TEST(test_without_utf8)
{
	frame.utf8 = false;
	watch_frame_put(&frame, 0, 0, 20, false, STYLE_PLAIN, "n\xc3\xa4h \xe2\x82\xac 1");
	check_line(0, "n?h ? 1");
}
END_TEST

START_TEST(test_styles)
{
	frame.reverse = true;
	watch_frame_put(&frame, 0, 2, 4, true, STYLE_BAD, "ab");
	frame.reverse = false;
	watch_frame_put(&frame, 0, 6, 2, false, STYLE_GOOD, "cd");
	for (size_t i = 2; i < 6; i++) {
		ck_assert(frame.cells[i].reverse);
		ck_assert_int_eq(frame.cells[i].style, STYLE_BAD);
	}
	ck_assert(!frame.cells[6].reverse);
	ck_assert_int_eq(frame.cells[7].style, STYLE_GOOD);
	ck_assert_int_eq(frame.cells[8].style, STYLE_PLAIN);
}
END_TEST

static void check_trend(const int64_t *values, size_t n, size_t width, bool utf8,
			const char *expected)
{
	char buffer[128];

	watch_trend(values, n, width, utf8, buffer, sizeof(buffer));
	ck_assert_str_eq(buffer, expected);
}

START_TEST(test_trend)
{
	static const int64_t rising[] = {1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000};
	static const int64_t gap[] = {100, -1, 800, -1};
	static const int64_t noise[] = {10000, 10010, 10020, 10010};
	static const int64_t zero[] = {0, 0};

	check_trend(rising, 8, 8, true, "▁▂▃▄▅▆▇█");
	check_trend(rising, 8, 8, false, "_.:-=+*#");
	check_trend(rising, 8, 10, false, "  _.:-=+*#");
	check_trend(rising, 8, 2, false, "_#"); /* the newest: 7000 and 8000 */
	check_trend(gap, 4, 4, false, "_ # ");
	check_trend(noise, 4, 4, false, "____");
	check_trend(zero, 2, 2, false, "__");
	check_trend(NULL, 0, 3, true, "   ");
}
END_TEST

/* The buffer is never left, and never half a character in it. */
START_TEST(test_trend_buffer)
{
	static const int64_t values[] = {1, 100, 1, 100};
	char buffer[8];

	watch_trend(values, 4, 4, true, buffer, sizeof(buffer));
	ck_assert_str_eq(buffer, "▁█");
	watch_trend(values, 4, 40, false, buffer, sizeof(buffer));
	ck_assert_uint_eq(strlen(buffer), 7);
}
END_TEST

static void check_fold(const char *text, size_t width, const char *expected)
{
	WatchText folded = {.lines = NULL};
	_cleanup_(text_clear) Text found = {.data = NULL};

	ck_assert_int_eq(watch_text_fold(&folded, text, width), 0);
	for (size_t i = 0; i < folded.n; i++) {
		text_appendf(&found, "%*s", (int)folded.lines[i].indent, "");
		text_append_bytes(&found, folded.lines[i].start, folded.lines[i].length);
		text_append(&found, "|");
	}
	ck_assert_str_eq(text_string(&found), expected);
	watch_text_clear(&folded);
}

START_TEST(test_fold)
{
	check_fold("", 10, "");
	check_fold("one two three", 20, "one two three|");
	check_fold("one two three", 10, "one two|three|");
	check_fold("one two three", 7, "one two|three|");
	check_fold("one\n\ntwo\n", 7, "one||two|");
	check_fold("  one two three", 8, "  one|  two|  three|");
	check_fold("0123456789", 4, "0123|4567|89|");
	check_fold("  0123456789", 6, "  0123|  4567|  89|");
	check_fold("ab      cd", 4, "ab|cd|");
	check_fold("näh näh näh", 7, "näh näh|näh|");
}
END_TEST

START_TEST(test_skim)
{
	static const char *const keys[] = {"targets", "b", NULL};
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{"{\"a\":[1],\"targets\":[{\"x\":[\"]\"]}],\"c\":2}",
		 "{\"a\":[1],\"targets\":[],\"c\":2}"},
		{"{\"b\" : {\"x\":\"\\\"}\"} }", "{\"b\" : {} }"},
		{"[\"targets\",[1]]", "[\"targets\",[1]]"},
		{"{\"x\":\"\\\"b\\\":[1]\",\"b\":7}", "{\"x\":\"\\\"b\\\":[1]\",\"b\":7}"},
		{"{\"b\":[1,2", "{\"b\":[1,2"},
		{"{\"b\":[],\"b\":[[]]}", "{\"b\":[],\"b\":[]}"},
		{"", ""},
		{"\"", "\""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *text = strdup(rows[i].text);

		text[watch_skim(text, strlen(text), keys)] = '\0';
		ck_assert_str_eq(text, rows[i].expected);
	}
}
END_TEST

HARNESS_MAIN("watch", HARNESS_FIXTURE(suite, "frame", setup, teardown, test_fields, test_outside,
				      test_hostile, test_without_utf8, test_styles);
	     HARNESS_CASE(suite, "trend", test_trend, test_trend_buffer);
	     HARNESS_CASE(suite, "text", test_fold, test_skim);)
