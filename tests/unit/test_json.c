/* SPDX-License-Identifier: MIT */
/*
 * The strictness of the reader, case by case, then the tree's contracts. Texts with a NUL or
 * without one at their end are given with their length.
 */
#include "common/json.h"

#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "tests/unit/harness.h"

static int parse(const char *text, Json **ret)
{
	/* An exact copy on the heap: reading one byte past it is seen by the sanitizer. */
	size_t length = strlen(text);
	_cleanup_free_ char *copy = malloc(length + 1);

	ck_assert_ptr_nonnull(copy);
	copy = realloc(copy, length ? length : 1);
	memcpy(copy, text, length);
	return json_parse(copy, length, ret);
}

static void assert_refused(const char *text)
{
	static Json *const untouched = (Json *)&untouched;
	Json *json = untouched;

	ck_assert_msg(parse(text, &json) == -EBADMSG, "accepted: %s", text);
	ck_assert_msg(json == untouched, "result touched: %s", text);
}

/* Parses, prints compactly, and compares; and what was printed reads back as itself. */
static void assert_reads_as(const char *text, const char *expected)
{
	for (unsigned round = 0; round < 2; round++) {
		_cleanup_json_ Json *json = NULL;
		_cleanup_free_ char *printed = NULL;

		ck_assert_msg(parse(round == 0 ? text : expected, &json) == 0, "refused: %s", text);
		printed = json_format(json, false);
		ck_assert_str_eq(printed, expected);
	}
}

START_TEST(test_accepts)
{
	static const char *const cases[][2] = {
		{"{}", "{}"},
		{"[]", "[]"},
		{" \t\r\n{ } \n", "{}"},
		{"null", "null"},
		{"true", "true"},
		{" false ", "false"},
		{"\"\"", "\"\""},
		{"0", "0"},
		{"-0", "0"},
		{"-1", "-1"},
		{"9223372036854775807", "9223372036854775807"},
		{"-9223372036854775808", "-9223372036854775808"},
		{"1.5", "1.5"},
		{"-0.0e-0", "-0.0e-0"},
		{"1E+2", "1E+2"},
		{"1e308", "1e308"},
		{"[1 , 2,3 ]", "[1,2,3]"},
		{"{\"a\":1,\"b\":[{\"a\":null}],\"\":{}}",
		 "{\"a\":1,\"b\":[{\"a\":null}],\"\":{}}"},
		{"{\"a\":{\"a\":{\"a\":1}}}", "{\"a\":{\"a\":{\"a\":1}}}"},
		{"\n{ \"a\"\t:\r[ 1 , { } , [ ] ] , \"b\" : \"c\" }\n",
		 "{\"a\":[1,{},[]],\"b\":\"c\"}"},
		{"[{\"a\":1},{\"a\":2}]", "[{\"a\":1},{\"a\":2}]"},
		{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
		{"\"\\u0041\\u00e9\\u20AC\\ud83d\\uDE00\"",
		 "\"A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
		{"\"\\u007f\\u0080\\u07ff\\u0800\\uffff\"",
		 "\"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\""},
		{"\"\\ud800\\udc00\\udbff\\udfff\"", "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""},
		{"\"\xf0\x9f\x98\x80\"", "\"\xf0\x9f\x98\x80\""},
		{"{\"outer\":{\"inner\":\"value\"},\"last\":\"x\"}",
		 "{\"outer\":{\"inner\":\"value\"},\"last\":\"x\"}"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_reads_as(cases[i][0], cases[i][1]);
}
END_TEST

static const char *const not_json[] = {
	"",
	" ",
	"\n",
	"{",
	"}",
	"[",
	"]",
	"{]",
	"[}",
	"\"",
	"\"abc",
	"\"abc\\\"",
	"\"\\",
	"{'a':1}",
	"['a']",
	"'a'",
	"{a:1}",
	"{1:2}",
	"{null:1}",
	"{[]:1}",
	"[1,]",
	"[,1]",
	"[,]",
	"[1,,2]",
	"[1 2]",
	"{\"a\":1,}",
	"{,}",
	"{\"a\":1,,\"b\":2}",
	"{\"a\"}",
	"{\"a\":}",
	"{\"a\" 1}",
	"{\"a\":1 \"b\":2}",
	"{\"a\":1;\"b\":2}",
	"{:1}",
	"{} {}",
	"{}x",
	"{}}",
	"1 2",
	"null,",
	"[]]",
	"{}\xc2\xa0",
	"\xef\xbb\xbf{}",
	"/* c */ {}",
	"{} // c",
	"[1 /* c */]",
	"# c\n1",
	"nul",
	"nulll",
	"Null",
	"NULL",
	"True",
	"tru",
	"fals",
	"truefalse",
	"undefined",
	"x",
};

START_TEST(test_refuses_what_is_not_json)
{
	for (size_t i = 0; i < ARRAY_SIZE(not_json); i++)
		assert_refused(not_json[i]);
}
END_TEST

START_TEST(test_refuses_numbers)
{
	static const char *const cases[] = {
		"NaN",
		"nan",
		"-NaN",
		"Infinity",
		"-Infinity",
		"inf",
		"-inf",
		"Inf",
		"[NaN]",
		"{\"a\":Infinity}",
		"9223372036854775808",
		"-9223372036854775809",
		"18446744073709551615",
		"18446744073709551616",
		"99999999999999999999999999",
		"-99999999999999999999999999",
		"1e309",
		"-1e400",
		"1e999999999999",
		"01",
		"-01",
		"00",
		"-",
		"+1",
		"--1",
		".5",
		"-.5",
		"1.",
		"1.e1",
		"1e",
		"1e+",
		"1e-",
		"1E",
		"1e1.5",
		"1.5.5",
		"0x10",
		"0b1",
		"0o7",
		"1_000",
		"1,5",
		"1a",
		"١",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_refused(cases[i]);
}
END_TEST

static const char *const bad_strings[] = {
	"\"\\ud800\"",
	"\"\\udbff\"",
	"\"\\udc00\"",
	"\"\\udfff\"",
	"\"\\ud800x\"",
	"\"\\ud800\\n\"",
	"\"\\ud800\\ue000\"",
	"\"\\ud800\\udbff\"",
	"\"\\ud800\\ud800\"",
	"\"\\ud800\\u0041\"",
	"\"\\udc00\\ud800\"",
	"\"\\ud83d\\ude0\"",
	"\"\\ud83d\\",
	"\"\\ud83d",
	"{\"\\ud800\":1}",
	"\"\\u0000\"",
	"{\"a\\u0000b\":1}",
	"\"\\u\"",
	"\"\\u1\"",
	"\"\\u12\"",
	"\"\\u123\"",
	"\"\\u123",
	"\"\\u12g4\"",
	"\"\\u+123\"",
	"\"\\u 123\"",
	"\"\\U0041\"",
	"\"\\x41\"",
	"\"\\a\"",
	"\"\\v\"",
	"\"\\0\"",
	"\"\\'\"",
	"\"\\\n\"",
	"\"\n\"",
	"\"\t\"",
	"\"\r\"",
	"\"\x01\"",
	"\"\x1f\"",
	"{\"a\nb\":1}",
	/* not UTF-8: stray, cut, overlong, surrogate, beyond U+10FFFF */
	"\"\x80\"",
	"\"\xc3\"",
	"\"\xe2\x82\"",
	"\"\xf0\x9f\x98\"",
	"\"\xc0\x80\"",
	"\"\xc1\xbf\"",
	"\"\xe0\x80\x80\"",
	"\"\xed\xa0\x80\"",
	"\"\xf0\x80\x80\x80\"",
	"\"\xf4\x90\x80\x80\"",
	"\"\xf8\x88\x80\x80\x80\"",
	"\"\xff\"",
	"\"\xfe\"",
	"{}\xff",
	"{\"\xc3\":1}",
};

START_TEST(test_refuses_strings)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_strings); i++)
		assert_refused(bad_strings[i]);
}
END_TEST

START_TEST(test_refuses_duplicate_keys)
{
	static const char *const cases[] = {
		"{\"a\":1,\"a\":1}",
		"{\"a\":1,\"b\":2,\"a\":3}",
		"{\"\":1,\"\":2}",
		"{\"a\":1,\"\\u0061\":2}",
		"{\"\\/\":1,\"/\":2}",
		"{\"a\":null,\"a\":null}",
		"[[{\"x\":{\"a\":1,\"a\":2}}]]",
		"{\"x\":1,\"y\":{\"x\":{\"x\":{\"k\":1,\"j\":{},\"k\":2}}}}",
		"{\"\xc3\xa9\":1,\"\\u00e9\":2}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_refused(cases[i]);
}
END_TEST

START_TEST(test_bytes_after_length_and_nul)
{
	Json *json = NULL;

	ck_assert_int_eq(json_parse("1234", 2, &json), 0);
	ck_assert_int_eq(json_int(json, 0), 12);
	json_free(json);
	ck_assert_int_eq(json_parse("truely", 4, &json), 0);
	ck_assert(json_bool(json, false));
	json_free(json);
	ck_assert_int_eq(json_parse("{}\0", 3, &json), -EBADMSG);
	ck_assert_int_eq(json_parse("\0", 1, &json), -EBADMSG);
	ck_assert_int_eq(json_parse("\"a\0b\"", 5, &json), -EBADMSG);
}
END_TEST

static char *nest(unsigned depth, const char *open, const char *middle, const char *close)
{
	Text text = {0};

	for (unsigned i = 0; i < depth; i++)
		text_append(&text, open);
	text_append(&text, middle);
	for (unsigned i = 0; i < depth; i++)
		text_append(&text, close);
	ck_assert(!text.failed);
	return text.data;
}

START_TEST(test_depth)
{
	static const char *const shapes[][3] = {
		{"[", "1", "]"}, {"[", "", "]"}, {"{\"a\":", "1", "}"}, {"[{\"k\":", "null", "}]"}};

	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		unsigned levels = i == 3 ? 16 : 32;
		_cleanup_free_ char *deepest =
			nest(levels, shapes[i][0], shapes[i][1], shapes[i][2]);
		_cleanup_free_ char *deeper =
			nest(levels + 1, shapes[i][0], shapes[i][1], shapes[i][2]);

		assert_reads_as(deepest, deepest);
		assert_refused(deeper);
	}
}
END_TEST

START_TEST(test_depth_is_left_again)
{
	Text text = {0};

	text_append(&text, "[");
	for (unsigned i = 0; i < 100; i++)
		text_append(&text, i ? ",[[]]" : "[[]]");
	text_append(&text, "]");
	assert_reads_as(text.data, text.data);
	text_clear(&text);
}
END_TEST

START_TEST(test_hundred_thousand_brackets)
{
	_cleanup_free_ char *open = nest(100000, "[", "", ""), *both = nest(100000, "[", "", "]");
	_cleanup_free_ char *objects = nest(100000, "{\"a\":", "1", "}");

	assert_refused(open);
	assert_refused(both);
	assert_refused(objects);
}
END_TEST

/* Every prefix of a rich text is refused, whichever token it cuts. */
START_TEST(test_every_truncation)
{
	static const char text[] =
		"{\"a\":[1,-2.5e+3,true,false,null],\"\\ud83d\\ude00\":\"\xe2\x82\xac\"}";
	Json *json;

	for (size_t length = 0; length < sizeof(text) - 1; length++)
		ck_assert_int_eq(json_parse(text, length, &json), -EBADMSG);
	ck_assert_int_eq(json_parse(text, sizeof(text) - 1, &json), 0);
	json_free(json);
}
END_TEST

START_TEST(test_many_keys)
{
	Text text = {0};
	Json *json = NULL;

	text_append(&text, "{");
	for (unsigned i = 0; i < 20000; i++)
		text_appendf(&text, "%s\"key%u\":%u", i ? "," : "", i, i);
	text_append(&text, "}");
	ck_assert_int_eq(json_parse(text.data, text.length, &json), 0);
	ck_assert_int_eq(json_int(json_get(json, "key19999"), -1), 19999);
	json_free(json);
	text.data[text.length - 1] = ',';
	text_append(&text, "\"key7\":0}");
	assert_refused(text.data);
	text_clear(&text);
}
END_TEST

START_TEST(test_build_and_format)
{
	_cleanup_json_ Json *json = json_new_object();
	_cleanup_free_ char *plain = NULL, *pretty = NULL;
	Json *array = json_new_array();

	json_set_int(json, "int", INT64_MIN);
	json_set_uint(json, "uint", UINT64_MAX);
	json_set_bool(json, "bool", true);
	json_set_string(json, "string", "a/\"b\"\n");
	json_set_string(json, "none", NULL);
	json_set_null(json, "null");
	json_append_string(array, "x");
	json_append(array, NULL);
	json_append(array, json_new_object());
	json_set(json, "array", array);
	json_set_int(json, "int", 5); /* replaces, in place */

	ck_assert(!json_failed());
	plain = json_format(json, false);
	ck_assert_str_eq(plain, "{\"int\":5,\"uint\":9223372036854775807,\"bool\":true,"
				"\"string\":\"a/\\\"b\\\"\\n\",\"none\":null,\"null\":null,"
				"\"array\":[\"x\",null,{}]}");
	pretty = json_format(json, true);
	assert_reads_as(pretty, plain);
}
END_TEST

START_TEST(test_pretty)
{
	_cleanup_json_ Json *json = NULL;
	_cleanup_free_ char *text = NULL;

	ck_assert_int_eq(parse("{\"a\":[1,{\"b\":[]}],\"c\":{},\"d\":null}", &json), 0);
	text = json_format(json, true);
	ck_assert_str_eq(text, "{\n"
			       "  \"a\": [\n"
			       "    1,\n"
			       "    {\n"
			       "      \"b\": []\n"
			       "    }\n"
			       "  ],\n"
			       "  \"c\": {},\n"
			       "  \"d\": null\n"
			       "}");
}
END_TEST

/* Every byte that may stand in a C string and is ASCII survives a round trip, as key and as value.
 */
START_TEST(test_every_character)
{
	for (char c = 1; c > 0 && c < 127; c++) {
		const char text[] = {'<', c, '>', '\0'};
		_cleanup_json_ Json *json = json_new_object(), *again = NULL;
		_cleanup_free_ char *printed = NULL;
		const char *value = NULL;

		json_set_string(json, text, text);
		printed = json_format(json, false);
		for (const char *at = printed; *at; at++)
			ck_assert_int_ge(*at, 0x20);
		ck_assert_int_eq(parse(printed, &again), 0);
		ck_assert_int_eq(json_get_string(again, text, &value), 0);
		ck_assert_str_eq(value, text);
	}
}
END_TEST

START_TEST(test_bytes_that_are_not_utf8_do_not_leave)
{
	_cleanup_json_ Json *json = json_new_array();
	_cleanup_free_ char *text = NULL;

	json_append_string(json, "eth\xff\xc3");
	json_append_string(json, "caf\xc3\xa9");
	text = json_format(json, false);
	ck_assert_str_eq(text, "[\"eth??\",\"caf\xc3\xa9\"]");
}
END_TEST

START_TEST(test_failure_is_remembered_once)
{
	Json *value = json_new_object();

	ck_assert(!json_failed());
	json_set(NULL, "key", json_reference(value)); /* a parent that could not be allocated */
	ck_assert(json_failed());
	ck_assert(!json_failed());
	json_append(NULL, value);
	ck_assert(json_failed());
	json_set_int(NULL, "key", 1);
	json_append_string(NULL, "x");
	ck_assert(json_failed());
	ck_assert(!json_failed());
}
END_TEST

START_TEST(test_getters)
{
	_cleanup_json_ Json *json = NULL;
	int64_t i = 77;
	bool b = true;
	const char *s = "untouched";

	ck_assert_int_eq(
		parse("{\"i\":10,\"b\":false,\"s\":\"x\",\"n\":null,\"d\":1.0,\"o\":{}}", &json),
		0);
	ck_assert_int_eq(json_get_int(json, "absent", 0, 100, &i), -ENOENT);
	ck_assert_int_eq(json_get_int(json, "n", 0, 100, &i), -ENOENT);
	ck_assert_int_eq(json_get_int(json, "s", 0, 100, &i), -EINVAL);
	ck_assert_int_eq(json_get_int(json, "d", 0, 100, &i), -EINVAL);
	ck_assert_int_eq(json_get_int(json, "b", 0, 100, &i), -EINVAL);
	ck_assert_int_eq(json_get_int(json, "i", 11, 100, &i), -ERANGE);
	ck_assert_int_eq(json_get_int(json, "i", 0, 9, &i), -ERANGE);
	ck_assert_int_eq(i, 77);
	ck_assert_int_eq(json_get_int(json, "i", 10, 10, &i), 0);
	ck_assert_int_eq(i, 10);

	ck_assert_int_eq(json_get_bool(json, "absent", &b), -ENOENT);
	ck_assert_int_eq(json_get_bool(json, "i", &b), -EINVAL);
	ck_assert(b);
	ck_assert_int_eq(json_get_bool(json, "b", &b), 0);
	ck_assert(!b);

	ck_assert_int_eq(json_get_string(json, "n", &s), -ENOENT);
	ck_assert_int_eq(json_get_string(json, "o", &s), -EINVAL);
	ck_assert_str_eq(s, "untouched");
	ck_assert_int_eq(json_get_string(json, "s", &s), 0);
	ck_assert_str_eq(s, "x");

	ck_assert(json_has(json, "n") && !json_has(json, "absent"));
	ck_assert_ptr_null(json_get(json, "n"));
}
END_TEST

START_TEST(test_scalars_of_any_type)
{
	_cleanup_json_ Json *json = NULL;

	ck_assert_int_eq(parse("[null,true,7,1.5,\"s\",{},[]]", &json), 0);
	for (unsigned i = 0; i < 7; i++) {
		Json *item = json_at(json, i);

		ck_assert_int_eq(json_type(item), (JsonType)i);
		ck_assert_int_eq(json_int(item, -3), i == JSON_INT ? 7 : -3);
		ck_assert_int_eq(json_bool(item, false), i == JSON_BOOL);
		ck_assert_int_eq(json_string(item) != NULL, i == JSON_STRING);
		ck_assert_uint_eq(json_length(item), 0);
		ck_assert(!json_has(item, "x") && !json_get(item, "x"));
		ck_assert_ptr_null(json_unknown_key(item, NULL, 0));
	}
	ck_assert_uint_eq(json_length(json), 7);
	ck_assert_ptr_null(json_at(json, 7));
	ck_assert_int_eq(json_type(NULL), JSON_NULL);
}
END_TEST

START_TEST(test_unknown_key)
{
	static const char *const names[] = {"a", "b"};
	_cleanup_json_ Json *json = NULL;

	ck_assert_int_eq(parse("{\"b\":1,\"a\":2,\"zz\":3,\"A\":4}", &json), 0);
	ck_assert_str_eq(json_unknown_key(json, names, 2), "zz");
	ck_assert_str_eq(json_unknown_key(json, names, 0), "b");
	json_free(json);
	ck_assert_int_eq(parse("{\"b\":1}", &json), 0);
	ck_assert_ptr_null(json_unknown_key(json, names, 2));
}
END_TEST

static void collect_key(const char *key, Json *value, void *context)
{
	text_appendf(context, "%s=%lld ", key, (long long)json_int(value, -1));
}

START_TEST(test_each_in_order)
{
	_cleanup_json_ Json *json = NULL;
	Text seen = {0};

	ck_assert_int_eq(parse("{\"z\":1,\"a\":2,\"m\":null}", &json), 0);
	json_each(json, collect_key, &seen);
	json_each(NULL, collect_key, &seen);
	ck_assert_str_eq(text_string(&seen), "z=1 a=2 m=-1 ");
	text_clear(&seen);
}
END_TEST

HARNESS_MAIN("json",
	     HARNESS_CASE(suite, "parse", test_accepts, test_refuses_what_is_not_json,
			  test_refuses_numbers, test_refuses_strings, test_refuses_duplicate_keys,
			  test_bytes_after_length_and_nul, test_every_truncation, test_many_keys);
	     HARNESS_CASE(suite, "depth", test_depth, test_depth_is_left_again,
			  test_hundred_thousand_brackets);
	     HARNESS_CASE(suite, "build", test_build_and_format, test_pretty, test_every_character,
			  test_bytes_that_are_not_utf8_do_not_leave,
			  test_failure_is_remembered_once);
	     HARNESS_CASE(suite, "look", test_getters, test_scalars_of_any_type, test_unknown_key,
			  test_each_in_order);)
