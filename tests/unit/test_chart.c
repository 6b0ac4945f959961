/* SPDX-License-Identifier: MIT */
/*
 * Escaping and plots, without a page around them.
 */
#include "cli/chart.h"

#include "cli/html.h"
#include "tests/unit/harness.h"

static const struct {
	const char *string, *escaped;
} strings[] = {
	{"plain", "plain"},
	{NULL, "-"},
	{"", ""},
	{"<script>alert(\"1\")</script>&'",
	 "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;"},
	{"a\033[1mb\x7f", "a?[1mb?"},
	{"\xc3\xa9t\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
	 "\xc3\xa9t\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
	{"bad \xff\xfe end", "bad ?? end"},
	{"cut \xe2\x82", "cut ??"},
	{"c1 \xc2\x9b", "c1 ??"},
	{"two\nlines", "two\nlines"},
};

START_TEST(test_html)
{
	_cleanup_(text_clear) Text page = {.data = NULL};

	html_append(&page, strings[_i].string);
	ck_assert_str_eq(text_string(&page), strings[_i].escaped);
}
END_TEST

static const struct {
	double value, ceiling;
} ceilings[] = {{0, 1},    {-3, 1},    {0.3, 0.5}, {1, 1},       {1.01, 2},    {4.9, 5},  {5.1, 10},
		{99, 100}, {100, 100}, {101, 200}, {0.02, 0.02}, {1e-7, 1e-7}, {3e6, 5e6}};

START_TEST(test_ceiling)
{
	ck_assert_double_eq_tol(chart_ceiling(ceilings[_i].value), ceilings[_i].ceiling,
				ceilings[_i].ceiling * 1e-9);
}
END_TEST

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
		n++;
	return n;
}

static void check_has(const Text *page, const char *what)
{
	ck_assert_msg(strstr(text_string(page), what) != NULL, "no %s in %s", what,
		      text_string(page));
}

START_TEST(test_lines)
{
	double p50[] = {10, 20, NAN, 10, NAN, 40}, loss[] = {0, 0, 1, 0, NAN, 0.1};
	ChartLine line = {.name = "<p50>", .class = "p50", .values = p50};
	ChartMark marks[] = {{.at_s = 60, .text = "#1"}, {.at_s = 3600, .text = "#late"}};
	Chart chart = {.title = "a \"b\"",
		       .step_s = 60,
		       .n = ARRAY_SIZE(p50),
		       .lines = &line,
		       .n_lines = 1,
		       .loss = loss,
		       .marks = marks,
		       .n_marks = ARRAY_SIZE(marks)};
	_cleanup_(text_clear) Text page = {.data = NULL};

	chart_lines(&chart, &page);
	check_has(&page, "aria-label=\"a &quot;b&quot;\"");
	check_has(&page, "&lt;p50&gt;");
	/* From 0 to 50: 10 ms is a fifth up, and a gap begins a line anew. */
	check_has(&page, "d=\"M38.0 88.0h0L100.8 68.0M226.4 88.0h0M352.0 28.0h0\"");
	check_has(&page, ">50</text>");
	check_has(&page, "class=\"loss\" d=\"M163.6 108.0v4M352.0 108.0v4\"");
	check_has(&page, "#1</text>");
	ck_assert_ptr_null(strstr(text_string(&page), "#late")); /* it is not of this time */
	ck_assert_ptr_null(strstr(text_string(&page), "nan"));
}
END_TEST

START_TEST(test_lines_of_nothing)
{
	double none[] = {NAN};
	ChartLine line = {.name = "p50", .class = "p50", .values = none};
	Chart chart = {.title = "t", .step_s = 60, .n = 1, .lines = &line, .n_lines = 1};
	_cleanup_(text_clear) Text page = {.data = NULL};

	chart_lines(&chart, &page);
	chart.n = 0;
	chart_lines(&chart, &page);
	ck_assert_ptr_null(strstr(text_string(&page), "nan"));
	ck_assert_ptr_null(strstr(text_string(&page), "inf"));
	ck_assert_uint_eq(count(text_string(&page), "<svg"), 2);
}
END_TEST

START_TEST(test_parts)
{
	ChartPart parts[] = {{.name = "propagation", .value = 30, .text = "30 ms"},
			     {.name = "server", .value = 10, .text = "10 ms"},
			     {.name = "none", .value = -1, .text = "-"}};
	_cleanup_(text_clear) Text page = {.data = NULL};

	chart_parts("t", parts, ARRAY_SIZE(parts), &page);
	check_has(&page, "class=\"p0\" x=\"0.0\" y=\"0\" width=\"270.0\"");
	check_has(&page, "class=\"p1\" x=\"270.0\" y=\"0\" width=\"90.0\"");
	check_has(&page, "server <b>10 ms</b>");
	text_clear(&page);
	chart_parts("t", parts + 2, 1, &page);
	ck_assert_str_eq(text_string(&page), "");
}
END_TEST

START_TEST(test_bars)
{
	ChartPart parts[] = {{.name = "before", .value = 25, .text = "25 Mbit/s"},
			     {.name = "with it", .value = 50, .text = "50 Mbit/s"}};
	_cleanup_(text_clear) Text page = {.data = NULL};

	chart_bars("t", parts, 2, &page);
	check_has(&page, "y=\"0.0\" width=\"90.0\"");
	check_has(&page, "y=\"20.0\" width=\"180.0\"");
	check_has(&page, ">50 Mbit/s</text>");
}
END_TEST

START_TEST(test_pairs)
{
	double values[] = {0.25, -0.25, NAN, 3};
	_cleanup_(text_clear) Text page = {.data = NULL};

	chart_pairs("t", values, ARRAY_SIZE(values), &page);
	ck_assert_uint_eq(count(text_string(&page), "<rect"), 3);
	check_has(&page, "class=\"good\" x=\"49.8\" y=\"22.0\" width=\"24.0\" height=\"18.0\"");
	check_has(&page, "class=\"bad\" x=\"128.3\" y=\"40.0\" width=\"24.0\" height=\"18.0\"");
	check_has(&page, "y=\"4.0\" width=\"24.0\" height=\"36.0\""); /* clipped */
	text_clear(&page);
	chart_pairs("t", values, 0, &page);
	ck_assert_str_eq(text_string(&page), "");
}
END_TEST

static void add_all(Suite *suite)
{
	TCase *all = tcase_create("chart");

	tcase_add_loop_test(all, test_html, 0, (int)ARRAY_SIZE(strings));
	tcase_add_loop_test(all, test_ceiling, 0, (int)ARRAY_SIZE(ceilings));
	tcase_add_test(all, test_lines);
	tcase_add_test(all, test_lines_of_nothing);
	tcase_add_test(all, test_parts);
	tcase_add_test(all, test_bars);
	tcase_add_test(all, test_pairs);
	suite_add_tcase(suite, all);
}

HARNESS_MAIN("chart", add_all(suite);)
