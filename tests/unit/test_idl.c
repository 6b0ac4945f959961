/* SPDX-License-Identifier: MIT */
/*
 * The checker of replies itself: that it is content with what is as defined, and not with what is
 * not. All tests of what is served rely on it.
 */
#include "tests/unit/idl.h"

#include <string.h>

#include "common/base.h"
#include "tests/unit/harness.h"

static const char definition[] = "interface a.b\n"
				 "# method Other() -> (x: int)\n"
				 "type Kind (one, two)\n"
				 "type Inner (kind: Kind, deep: ?[]?int)\n"
				 "method Get(a: int) -> (\n"
				 "  number: int, # a comment, with (\n"
				 "  text: ?string,\n"
				 "  flag: bool,\n"
				 "  inner: []Inner,\n"
				 "  place: (here, there)\n"
				 ")\n"
				 "method Nothing() -> ()\n"
				 "error Bad (id: int)\n"
				 "error Worse ()\n";

static const struct {
	const char *reply, *problem;
} replies[] = {
	{"{\"number\":1,\"text\":\"x\",\"flag\":true,\"inner\":[],\"place\":\"here\"}", ""},
	{"{\"number\":1,\"text\":null,\"flag\":true,\"inner\":[{\"kind\":\"two\",\"deep\":[1,null]"
	 "},{\"kind\":\"one\",\"deep\":null}],\"place\":\"there\"}",
	 ""},
	{"{\"number\":1,\"text\":null,\"flag\":true,\"inner\":[]}", "Get.place"},
	{"{\"text\":null,\"flag\":true,\"inner\":[],\"place\":\"here\"}", "Get.number"},
	{"{\"number\":1,\"flag\":true,\"inner\":[],\"place\":\"here\"}", "Get.text"},
	{"{\"number\":null,\"text\":\"x\",\"flag\":true,\"inner\":[],\"place\":\"here\"}",
	 "Get.number"},
	{"{\"number\":1.5,\"text\":\"x\",\"flag\":true,\"inner\":[],\"place\":\"here\"}",
	 "Get.number"},
	{"{\"number\":\"1\",\"text\":\"x\",\"flag\":true,\"inner\":[],\"place\":\"here\"}",
	 "Get.number"},
	{"{\"number\":1,\"text\":7,\"flag\":true,\"inner\":[],\"place\":\"here\"}", "Get.text"},
	{"{\"number\":1,\"text\":\"x\",\"flag\":0,\"inner\":[],\"place\":\"here\"}", "Get.flag"},
	{"{\"number\":1,\"text\":\"x\",\"flag\":true,\"inner\":{},\"place\":\"here\"}",
	 "Get.inner"},
	{"{\"number\":1,\"text\":\"x\",\"flag\":true,\"inner\":[null],\"place\":\"here\"}",
	 "Get.inner[0]"},
	{"{\"number\":1,\"text\":\"x\",\"flag\":true,\"inner\":[{\"kind\":\"three\",\"deep\":[]}],"
	 "\"place\":\"here\"}",
	 "Get.inner[0].kind"},
	{"{\"number\":1,\"text\":\"x\",\"flag\":true,\"inner\":[{\"kind\":\"two\",\"deep\":[\"1\"]"
	 "}],\"place\":\"here\"}",
	 "Get.inner[0].deep[0]"},
	{"{\"number\":1,\"text\":\"x\",\"flag\":true,\"inner\":[],\"place\":\"nowhere\"}",
	 "Get.place"},
	{"{\"number\":1,\"text\":\"x\",\"flag\":true,\"inner\":[],\"place\":\"here\",\"more\":1}",
	 "Get: more"},
};

static Json *parse(const char *text)
{
	Json *json;

	ck_assert_int_eq(json_parse(text, strlen(text), &json), 0);
	return json;
}

START_TEST(test_reply)
{
	_cleanup_json_ Json *json = parse(replies[_i].reply);
	_cleanup_(text_clear) Text problem = {.data = NULL};

	idl_check_reply(definition, "Get", json, &problem);
	if (replies[_i].problem[0])
		ck_assert_msg(text_starts_with(text_string(&problem), replies[_i].problem),
			      "%s: %s", replies[_i].reply, text_string(&problem));
	else
		ck_assert_str_eq(text_string(&problem), "");
}
END_TEST

START_TEST(test_others)
{
	_cleanup_json_ Json *empty = parse("{}"), *full = parse("{\"id\":1}");
	const struct {
		const char *name;
		const Json *json;
		bool error, good;
	} cases[] = {
		{"Nothing", empty, false, true},  {"Nothing", full, false, false},
		{"Unknown", empty, false, false}, {"Other", empty, false, false},
		{"Bad", full, true, true},        {"Bad", empty, true, false},
		{"Worse", empty, true, true},     {"Worse", full, true, false},
		{"Wor", empty, true, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(text_clear) Text problem = {.data = NULL};

		if (cases[i].error)
			idl_check_error(definition, cases[i].name, cases[i].json, &problem);
		else
			idl_check_reply(definition, cases[i].name, cases[i].json, &problem);
		ck_assert_msg((problem.length == 0) == cases[i].good, "%s: %s", cases[i].name,
			      text_string(&problem));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("idl");
	TCase *tests = tcase_create("check");

	tcase_add_loop_test(tests, test_reply, 0, ARRAY_SIZE(replies));
	tcase_add_test(tests, test_others);
	suite_add_tcase(suite, tests);
	return harness_run(suite);
}
