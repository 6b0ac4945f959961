/* SPDX-License-Identifier: MIT */
#include "cli/table.h"

#include <string.h>

#include "tests/unit/harness.h"

static Settings settings;
static Text text;

static void setup(void)
{
	settings = (Settings){.legend = true, .width = SIZE_MAX};
	text = (Text){.data = NULL};
}

static void teardown(void)
{
	text_clear(&text);
}

static const TableColumn columns[] = {{.title = "NAME", .flexible = true},
				      {.title = "N", .right = true},
				      {.title = "TEXT", .flexible = true}};

static void render(const char *const cells[], size_t n, size_t indent)
{
	_cleanup_table_ Table table;

	table_init(&table, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < n; i++)
		table_add(&table, STYLE_PLAIN, cells[i]);
	text_clear(&text);
	table_append(&table, &settings, indent, &text);
}

START_TEST(test_alignment)
{
	static const char *const cells[] = {"a", "1", "x", "longer", "1234", "y"};

	render(cells, ARRAY_SIZE(cells), 0);
	ck_assert_str_eq(text_string(&text), "NAME       N  TEXT\n"
					     "a          1  x\n"
					     "longer  1234  y\n");
	settings.legend = false;
	render(cells, ARRAY_SIZE(cells), 2);
	ck_assert_str_eq(text_string(&text), "  a          1  x\n"
					     "  longer  1234  y\n");
}
END_TEST

START_TEST(test_absent)
{
	static const char *const cells[] = {NULL, "", "z"};

	render(cells, ARRAY_SIZE(cells), 0);
	ck_assert_str_eq(text_string(&text), "NAME  N  TEXT\n-     -  z\n");
}
END_TEST

START_TEST(test_empty)
{
	render(NULL, 0, 0);
	ck_assert_str_eq(text_string(&text), "NAME  N  TEXT\n");
	settings.legend = false;
	render(NULL, 0, 0);
	ck_assert_str_eq(text_string(&text), "");
}
END_TEST

/* The last flexible column gives way first, each to its minimum; the number never. */
START_TEST(test_cut)
{
	static const char *const cells[] = {"a-rather-long-name", "123456", "abcdefghijklmnop"};

	settings.legend = false;
	settings.width = 40;
	render(cells, ARRAY_SIZE(cells), 0);
	ck_assert_str_eq(text_string(&text), "a-rather-long-name  123456  abcdefghi...\n");
	settings.width = 30;
	render(cells, ARRAY_SIZE(cells), 0);
	ck_assert_str_eq(text_string(&text), "a-rather-...  123456  abcde...\n");
	settings.width = 5;
	render(cells, ARRAY_SIZE(cells), 0);
	ck_assert_str_eq(text_string(&text), "a-rat...  123456  abcde...\n");
}
END_TEST

static const TableColumn droppable[] = {{.title = "NAME", .flexible = true, .least = 10},
					{.title = "A", .drop = 1},
					{.title = "B", .right = true, .drop = 2},
					{.title = "C"}};

static void render_droppable(size_t width)
{
	static const char *const cells[] = {"a-rather-long-name", "aaaa", "bbbb", "cccc"};
	_cleanup_table_ Table table;

	table_init(&table, droppable, ARRAY_SIZE(droppable));
	for (size_t i = 0; i < ARRAY_SIZE(cells); i++)
		table_add(&table, STYLE_PLAIN, cells[i]);
	settings.width = width;
	text_clear(&text);
	table_append(&table, &settings, 0, &text);
}

/* First the name is cut; then columns go, the highest number first, and the name gets their room.
 */
START_TEST(test_drop)
{
	static const struct {
		size_t width;
		const char *line;
	} rows[] = {
		{36, "a-rather-long-name  aaaa  bbbb  cccc\n"},
		{35, "a-rather-long-...  aaaa  bbbb  cccc\n"},
		{28, "a-rathe...  aaaa  bbbb  cccc\n"},
		{27, "a-rather-lon...  aaaa  cccc\n"},
		{22, "a-rathe...  aaaa  cccc\n"},
		{21, "a-rather-lon...  cccc\n"},
		{16, "a-rathe...  cccc\n"},
		{5, "a-rathe...  cccc\n"},
	};

	settings.legend = false;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		render_droppable(rows[i].width);
		ck_assert_str_eq(text_string(&text), rows[i].line);
	}
	settings.legend = true;
	render_droppable(22);
	ck_assert_str_eq(text_string(&text), "NAME        A     C\na-rathe...  aaaa  cccc\n");
}
END_TEST

START_TEST(test_utf8)
{
	static const char ten[] = "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
				  "\xc3\xa9\xc3\xa9\xc3\xa9";
	static const char *const cells[] = {ten, "1", "x"};

	settings.legend = false;
	render(cells, ARRAY_SIZE(cells), 0);
	ck_assert_ptr_nonnull(strstr(text_string(&text), "\xc3\xa9  1  x\n"));
	settings.width = 14;
	render(cells, ARRAY_SIZE(cells), 0); /* cut between characters, not inside of one */
	ck_assert(text_is_utf8(text.data, text.length));
	ck_assert_str_eq(text_string(&text), "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9...  1  x\n");
}
END_TEST

START_TEST(test_style)
{
	_cleanup_table_ Table table;

	settings.colour = true;
	settings.legend = false;
	table_init(&table, columns, ARRAY_SIZE(columns));
	table_add(&table, STYLE_GOOD, "a\033[2J");
	table_add(&table, STYLE_PLAIN, "1");
	table_add(&table, STYLE_BAD, "x");
	table_append(&table, &settings, 0, &text);
	ck_assert_str_eq(text_string(&text), "\033[32ma?[2J\033[0m  1  \033[1;31mx\033[0m\n");
}
END_TEST

static void add_all(Suite *suite)
{
	TTest const *const tests[] = {test_alignment, test_absent, test_empty, test_cut,
				      test_drop,      test_utf8,   test_style};
	TCase *all = tcase_create("table");

	tcase_add_checked_fixture(all, setup, teardown);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(all, tests[i]);
	suite_add_tcase(suite, all);
}

HARNESS_MAIN("cli_table", add_all(suite);)
