/* SPDX-License-Identifier: MIT */
/*
 * The growing buffer at every length around its growth, the bounded copies at every size, and the
 * classic malformed UTF-8.
 */
#include "common/text.h"

#include <string.h>

#include "tests/unit/harness.h"

START_TEST(empty_text)
{
	Text text = {0};

	ck_assert_str_eq(text_string(&text), "");
	text_append(&text, "");
	ck_assert_str_eq(text_string(&text), "");
	text_append_bytes(&text, NULL, 0);
	ck_assert_uint_eq(text.length, 0);
	text_consume(&text, 0);
	text_clear(&text);
	ck_assert_ptr_null(text.data);
	text_clear(&text);
	text_clear(NULL);
}
END_TEST

START_TEST(appends_of_every_kind)
{
	Text text = {0};

	text_append(&text, "a");
	text_append_bytes(&text, "b\0c", 3);
	text_appendf(&text, "%d-%s", 42, "x");
	ck_assert_uint_eq(text.length, 8);
	ck_assert_mem_eq(text.data, "ab\0c42-x", 9);
	ck_assert(!text.failed);
	text_clear(&text);
}
END_TEST

/* One byte more or less than what is allocated is where such code breaks. */
START_TEST(formatted_lengths_around_growth)
{
	for (int prefix = 0; prefix < 3; prefix++)
		for (int width = 0; width < 300; width++) {
			Text text = {0};
			text_append_bytes(&text, "abc", (size_t)prefix);
			text_appendf(&text, "%*s|", width, "");
			ck_assert_uint_eq(text.length, (size_t)(prefix + width + 1));
			ck_assert_uint_eq(strlen(text.data), text.length);
			ck_assert_uint_lt(text.length, text.allocated);
			ck_assert_int_eq(text.data[text.length - 1], '|');
			text_clear(&text);
		}
}
END_TEST

START_TEST(byte_by_byte)
{
	Text text = {0};

	for (int i = 0; i < 5000; i++) {
		text_append_bytes(&text, &"abcdefg"[i % 7], 1);
		ck_assert_int_eq(text.data[text.length], '\0');
	}
	ck_assert_uint_eq(text.length, 5000);
	for (int i = 0; i < 5000; i++)
		ck_assert_int_eq(text.data[i], "abcdefg"[i % 7]);
	ck_assert_uint_le(text.allocated, 16384);
	text_clear(&text);
}
END_TEST

START_TEST(consume_drops_the_front)
{
	Text text = {0};

	text_append(&text, "hello world");
	text_consume(&text, 6);
	ck_assert_str_eq(text_string(&text), "world");
	ck_assert_uint_eq(text.length, 5);
	text_consume(&text, 0);
	ck_assert_str_eq(text_string(&text), "world");
	text_consume(&text, 5);
	ck_assert_str_eq(text_string(&text), "");
	text_append(&text, "again");
	ck_assert_str_eq(text_string(&text), "again");
	text_clear(&text);
}
END_TEST

/* An impossible length stands in for an exhausted heap: it is refused before malloc sees it. */
START_TEST(failure_is_sticky_and_leaves_the_text)
{
	static const size_t impossible[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2, SIZE_MAX - 4};

	for (size_t i = 0; i < ARRAY_SIZE(impossible); i++) {
		Text text = {0};
		text_append(&text, "kept");
		text_append_bytes(&text, "x", impossible[i]);
		ck_assert(text.failed);
		ck_assert_str_eq(text_string(&text), "kept");

		text_append(&text, "ignored");
		text_appendf(&text, "%s", "ignored");
		ck_assert(text.failed);
		ck_assert_str_eq(text_string(&text), "kept");
		ck_assert_uint_eq(text.length, 4);
		text_clear(&text);
		ck_assert(!text.failed);
	}
}
END_TEST

START_TEST(format_and_copy_at_every_size)
{
	for (size_t size = 0; size < 8; size++) {
		char buffer[9];

		memset(buffer, '#', sizeof(buffer));
		ck_assert_int_eq(text_copy(buffer, size, "12345"), size > 5);
		ck_assert_int_eq(buffer[size], '#');
		if (size > 0) {
			ck_assert_uint_eq(strlen(buffer), MIN(size - 1, (size_t)5));
			ck_assert_int_eq(strncmp(buffer, "12345", strlen(buffer)), 0);
		}

		memset(buffer, '#', sizeof(buffer));
		ck_assert_int_eq(text_format(buffer, size, "%d", 12345), size > 5);
		ck_assert_int_eq(buffer[size], '#');
		if (size > 0)
			ck_assert_uint_eq(strlen(buffer), MIN(size - 1, (size_t)5));
	}
}
END_TEST

START_TEST(equality_and_prefix)
{
	ck_assert(text_equal(NULL, NULL));
	ck_assert(!text_equal(NULL, ""));
	ck_assert(!text_equal("", NULL));
	ck_assert(text_equal("", ""));
	ck_assert(text_equal("a", "a"));
	ck_assert(!text_equal("a", "A"));
	ck_assert(!text_equal("a", "ab"));

	ck_assert(text_starts_with("abc", "ab"));
	ck_assert(text_starts_with("abc", "abc"));
	ck_assert(text_starts_with("abc", ""));
	ck_assert(text_starts_with("", ""));
	ck_assert(!text_starts_with("ab", "abc"));
	ck_assert(!text_starts_with("", "a"));
	ck_assert(!text_starts_with("abc", "b"));
}
END_TEST

START_TEST(strip)
{
	static const char *const cases[][2] = {
		{"", ""},           {" ", ""},          {" \t\r\n\f\v ", ""},
		{"a", "a"},         {" a", "a"},        {"a ", "a"},
		{"  a b\t", "a b"}, {"\n\na\r\n", "a"}, {"\xc2\xa0", "\xc2\xa0"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char buffer[16];
		ck_assert(text_copy(buffer, sizeof(buffer), cases[i][0]));
		ck_assert_str_eq(text_strip(buffer), cases[i][1]);
	}
}
END_TEST

START_TEST(distance)
{
	static const struct {
		const char *a, *b;
		size_t distance;
	} cases[] = {
		{"", "", 0},
		{"a", "", 1},
		{"abc", "", 3},
		{"abc", "abc", 0},
		{"abc", "abd", 1},
		{"abc", "ab", 1},
		{"abc", "acb", 1},
		{"abcd", "badc", 2},
		{"ca", "abc", 3},
		{"kitten", "sitting", 3},
		{"Mode", "Moed", 1},
		{"Interval", "Intreval", 1},
		{"a", "A", 1},
		{"abcdef", "ghijkl", 6},
		{"saturday", "sunday", 3},
	};
	char far[66];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ck_assert_msg(text_distance(cases[i].a, cases[i].b) == cases[i].distance, "%s %s",
			      cases[i].a, cases[i].b);
		ck_assert_msg(text_distance(cases[i].b, cases[i].a) == cases[i].distance, "%s %s",
			      cases[i].b, cases[i].a);
	}

	memset(far, 'x', sizeof(far));
	far[64] = '\0';
	ck_assert_uint_eq(text_distance(far, far), 0);
	ck_assert_uint_eq(text_distance(far, ""), 64);
	ck_assert_uint_eq(text_distance("", far), 64);
	far[64] = 'x';
	far[65] = '\0';
	ck_assert_uint_ge(text_distance(far, far), 65);
	ck_assert_uint_ge(text_distance("", far), 65);
}
END_TEST

START_TEST(nearest)
{
	static const char *const keys[] = {"Mode", "Interval", "OnStop", "Url", "Timeout"};
	static const char *const tie[] = {"ab", "ac"};
	char far[301];

	ck_assert_str_eq(text_nearest("Moed", keys, ARRAY_SIZE(keys)), "Mode");
	ck_assert_str_eq(text_nearest("Mode", keys, ARRAY_SIZE(keys)), "Mode");
	ck_assert_str_eq(text_nearest("Intervall", keys, ARRAY_SIZE(keys)), "Interval");
	ck_assert_str_eq(text_nearest("Imtervel", keys, ARRAY_SIZE(keys)), "Interval");
	ck_assert_str_eq(text_nearest("url", keys, ARRAY_SIZE(keys)), "Url");
	ck_assert_ptr_null(text_nearest("uri", keys, ARRAY_SIZE(keys)));
	ck_assert_ptr_null(text_nearest("Imterfel", (const char *const[]){"Interval"}, 0));
	ck_assert_ptr_null(text_nearest("CongestionControl", keys, ARRAY_SIZE(keys)));
	ck_assert_ptr_null(text_nearest("", keys, ARRAY_SIZE(keys)));
	ck_assert_str_eq(text_nearest("ad", tie, 2), "ab");
	ck_assert_str_eq(text_nearest("ac", tie, 2), "ac");

	memset(far, 'x', sizeof(far) - 1);
	far[300] = '\0';
	ck_assert_ptr_null(text_nearest(far, keys, ARRAY_SIZE(keys)));
}
END_TEST

#define BYTES(literal)                                                                             \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}

typedef struct Bytes {
	const char *data;
	size_t length;
} Bytes;

START_TEST(valid_utf8)
{
	static const Bytes good[] = {
		BYTES(""),
		BYTES("plain"),
		BYTES("\x01\x7f"),
		BYTES("\xc2\x80"),         /* U+0080 */
		BYTES("\xdf\xbf"),         /* U+07FF */
		BYTES("\xe0\xa0\x80"),     /* U+0800 */
		BYTES("\xed\x9f\xbf"),     /* U+D7FF */
		BYTES("\xee\x80\x80"),     /* U+E000 */
		BYTES("\xef\xbf\xbd"),     /* U+FFFD */
		BYTES("\xef\xbf\xbf"),     /* U+FFFF: a noncharacter, but well-formed */
		BYTES("\xf0\x90\x80\x80"), /* U+10000 */
		BYTES("\xf3\xbf\xbf\xbf"),
		BYTES("\xf4\x8f\xbf\xbf"), /* U+10FFFF */
		BYTES("a\xc3\xa9"
		      "b\xe2\x82\xac"
		      "c\xf0\x9f\x98\x80"),
		BYTES("\xef\xbb\xbf"), /* a BOM is a character like any other here */
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		ck_assert_msg(text_is_utf8(good[i].data, good[i].length), "case %zu", i);
}
END_TEST

/* After Markus Kuhn's UTF-8 decoder stress test. */
START_TEST(invalid_utf8)
{
	static const Bytes bad[] = {
		BYTES("\0"),
		BYTES("a\0b"),
		BYTES("\x80"),
		BYTES("\xbf"),
		BYTES("a\x80"),
		BYTES("\x80\xbf\x80\xbf"),
		BYTES("\xc2"), /* cut short */
		BYTES("\xe0\xa0"),
		BYTES("\xe1"),
		BYTES("\xf0\x90\x80"),
		BYTES("\xf0\x90"),
		BYTES("\xf4"),
		BYTES("\xc2 "), /* followed by something else */
		BYTES("\xe1\x80 "),
		BYTES("\xe1 \x80"),
		BYTES("\xf1\x80\x80 "),
		BYTES("\xf1\x80 \x80"),
		BYTES("\xc2\xc2\x80"),
		BYTES("\xc0\xaf"), /* overlong slash */
		BYTES("\xe0\x80\xaf"),
		BYTES("\xf0\x80\x80\xaf"),
		BYTES("\xf8\x80\x80\x80\xaf"),
		BYTES("\xfc\x80\x80\x80\x80\xaf"),
		BYTES("\xc1\xbf"), /* the largest overlong ones */
		BYTES("\xe0\x9f\xbf"),
		BYTES("\xf0\x8f\xbf\xbf"),
		BYTES("\xc0\x80"), /* overlong NUL */
		BYTES("\xe0\x80\x80"),
		BYTES("\xed\xa0\x80"), /* surrogates */
		BYTES("\xed\xad\xbf"),
		BYTES("\xed\xae\x80"),
		BYTES("\xed\xbf\xbf"),
		BYTES("\xed\xa0\x80\xed\xb0\x80"),
		BYTES("\xf4\x90\x80\x80"), /* beyond U+10FFFF */
		BYTES("\xf5\x80\x80\x80"),
		BYTES("\xf7\xbf\xbf\xbf"),
		BYTES("\xfe"),
		BYTES("\xff"),
		BYTES("good\xc3\xa9 then \xff"),
		BYTES("latin\xe9 1"),
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ck_assert_msg(!text_is_utf8(bad[i].data, bad[i].length), "case %zu", i);
}
END_TEST

/* Every two-byte text, against the definition. */
START_TEST(all_pairs)
{
	for (unsigned a = 0; a < 256; a++)
		for (unsigned b = 0; b < 256; b++) {
			char pair[2] = {(char)a, (char)b};
			bool ascii = a >= 1 && a <= 0x7f && b >= 1 && b <= 0x7f;
			bool two = a >= 0xc2 && a <= 0xdf && b >= 0x80 && b <= 0xbf;
			ck_assert_msg(text_is_utf8(pair, 2) == (ascii || two), "%02x %02x", a, b);
		}
}
END_TEST

HARNESS_MAIN("text", HARNESS_CASE(suite, "buffer", empty_text, appends_of_every_kind,
				  formatted_lengths_around_growth, byte_by_byte,
				  consume_drops_the_front, failure_is_sticky_and_leaves_the_text);
	     HARNESS_CASE(suite, "strings", format_and_copy_at_every_size, equality_and_prefix,
			  strip, distance, nearest);
	     HARNESS_CASE(suite, "utf8", valid_utf8, invalid_utf8, all_pairs);)
