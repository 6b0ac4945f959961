/* SPDX-License-Identifier: MIT */
/*
 * The report, from end to end: what the daemon says becomes a page that is well-formed, needs
 * nothing from elsewhere, and holds no markup of other people's.
 */
#include "tests/unit/cli_bench.h"

#define PAGE_MAX ((size_t)500 * 1000)

static void read_page(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	slurp(fd, out);
}

/* Tags close in the order in which they were opened, but for those that HTML never closes. */
static void check_well_formed(const char *page)
{
	static char open_tags[64][16];
	size_t depth = 0;

	for (const char *at = strchr(page, '<'); at; at = strchr(at + 1, '<')) {
		size_t length = strcspn(at + 1, " >/");
		const char *end = strchr(at, '>');

		ck_assert_ptr_nonnull(end);
		if (at[1] == '!' || strncmp(at, "<meta", 5) == 0 || strncmp(at, "<link", 5) == 0 ||
		    end[-1] == '/')
			continue;
		if (at[1] != '/') {
			ck_assert_uint_lt(depth, ARRAY_SIZE(open_tags));
			(void)snprintf(open_tags[depth++], 16, "%.*s", (int)length, at + 1);
			continue;
		}
		ck_assert_uint_gt(depth, 0);
		length = strcspn(at + 2, " >");
		ck_assert_msg(strlen(open_tags[depth - 1]) == length &&
				      strncmp(open_tags[depth - 1], at + 2, length) == 0,
			      "%.20s closes <%s>", at, open_tags[depth - 1]);
		depth--;
	}
	ck_assert_uint_eq(depth, 0);
}

static void check_self_contained(const char *page)
{
	static const char *const never[] = {"<script", "src=", "@import", "url(", "http-equiv"};

	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		ck_assert_msg(strstr(page, never[i]) == NULL, "%s in the page", never[i]);
	for (const char *at = strstr(page, "href="); at; at = strstr(at + 1, "href="))
		ck_assert_int_eq(strncmp(at, "href=\"data:", 11), 0);
}

START_TEST(test_page)
{
	char name[128];

	(void)snprintf(name, sizeof(name), "%s/report.html", directory);
	ck_assert_int_eq(run("report", "--html", name, NULL), CLI_OK);
	check_has(err, "kB; open it in a browser");
	ck_assert_str_eq(out, "");
	read_page(name);
	ck_assert_uint_lt(strlen(out), PAGE_MAX);
	check_well_formed(out);
	check_self_contained(out);
	check_has(out, "<h2 id=\"endpoints\">Endpoints</h2>");
	check_has(out, "<h2 id=\"time\">Latency over time</h2>");
	check_has(out, "<h2 id=\"parts\">Where the latency comes from</h2>");
	check_has(out, "<h3>#1 buffers <span class=\"good\">kept</span></h3>");
	check_has(out, "Goodput");
	check_has(out, "class=\"line p50\"");
	check_has(out, "It could not be made"); /* the audit, which is not beside this program */
	ck_assert_int_eq(unlink(name), 0);
}
END_TEST

START_TEST(test_standard_output)
{
	ck_assert_int_eq(run("report", "--html", "-", NULL), CLI_OK);
	check_has(out, "<!DOCTYPE html>\n");
	check_well_formed(out);
}
END_TEST

static void fake_markup(FakeDaemon *fake)
{
	(void)text_copy(fake->engine.changes[0].evidence.summary,
			sizeof(fake->engine.changes[0].evidence.summary),
			"</article><script>alert(1)</script>");
}

START_TEST(test_markup_of_others)
{
	setup_directory();
	change_fake = fake_markup;
	fork_server(serve);
	ck_assert_int_eq(run("report", "--html", "-", NULL), CLI_OK);
	check_has(out, "&lt;script&gt;");
	check_self_contained(out);
	check_well_formed(out);
}
END_TEST

START_TEST(test_unwritable)
{
	char name[128];

	(void)snprintf(name, sizeof(name), "%s/none/report.html", directory);
	ck_assert_int_eq(run("report", "--html", name, NULL), CLI_FAILED);
	check_has(err, "cannot write ");
	check_has(err, "No such file or directory");
}
END_TEST

START_TEST(test_terminal_and_json)
{
	_cleanup_json_ Json *json = NULL;

	ck_assert_int_eq(run("report", NULL), CLI_OK);
	check_has(out, "ENDPOINT");
	check_has(out, "kept");
	check_has(out, "netoptctl report --html FILE");
	ck_assert_int_eq(run("report", "--json", NULL), CLI_OK);
	json = parse_out();
	ck_assert_uint_eq(json_length(json_get(json, "endpoints")), FAKE_ENDPOINTS);
	ck_assert_uint_eq(json_length(json_get(json, "changes")), 4);
	ck_assert(json_has(json_get(json, "history"), "series"));
	ck_assert_int_eq(run("report", "--span", "3d", NULL), CLI_USAGE);
	ck_assert_int_eq(run("report", "--span", "1d", NULL), CLI_OK);
}
END_TEST

static void add_all(Suite *suite)
{
	TCase *all = tcase_create("report"), *special = tcase_create("special");

	tcase_add_checked_fixture(all, setup, teardown);
	tcase_add_test(all, test_page);
	tcase_add_test(all, test_standard_output);
	tcase_add_test(all, test_unwritable);
	tcase_add_test(all, test_terminal_and_json);
	suite_add_tcase(suite, all);
	tcase_add_checked_fixture(special, NULL, teardown);
	tcase_add_test(special, test_markup_of_others);
	suite_add_tcase(suite, special);
}

HARNESS_MAIN("cli_report", add_all(suite);)
