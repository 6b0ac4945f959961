/* SPDX-License-Identifier: MIT */
/*
 * The status on one screen, and what differs from before.
 */
#include "cli/cli.h"

#include "cli/width.h"
#include "tests/unit/cli_bench.h"

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void check_fits(size_t width)
{
	for (const char *line = out; *line; line = strchr(line, '\n') + 1)
		ck_assert_msg(width_of(line, strcspn(line, "\n")) <= width, "too wide: %.*s",
			      (int)strcspn(line, "\n"), line);
}

/* With 6 endpoints, of which one is left out, trials, changes, foreign values and idle controllers
 * it is one screen; --full has the rest. */
START_TEST(test_one_screen)
{
	ck_assert_int_eq(setenv("COLUMNS", "80", 1), 0);
	ck_assert_int_eq(run("status", NULL), CLI_OK);
	ck_assert_uint_lt(count_lines(out), 24);
	check_fits(80);
	check_has(out, "netoptd 0.1.0: degraded; up 1 h, pid ");
	check_has(out, "\n  1 endpoint is down\n");
	check_has(out, "\nand 1 more: netoptctl endpoints\n");
	check_has(out, "\nTuning auto, balanced: 1 applied, 1 on trial, 1 advised, "
		       "1 overridden by admin\n");
	check_has(out, "\n  trying   3 congestion: pair 1 of at most 60\n");
	check_has(out, "\n  last     2025-06-15 15:00  2 congestion restored: ");
	check_has(out, "\nNext: netoptctl endpoints down  (why it is down)\n");
	ck_assert_int_eq(run("status", "--full", NULL), CLI_OK);
	check_fits(80);
	check_has(out, "\n  idle     fastopen: few handshakes\n");
	check_has(out, "\n  kept     1 buffers: +88.0 %, net.ipv4.tcp_rmem: ");
	check_has(out, "\nresolver ");
	ck_assert_ptr_null(strstr(out, " more: "));
}
END_TEST

/* Every line more shows one more endpoint. */
START_TEST(test_taller)
{
	ck_assert_int_eq(setenv("LINES", "60", 1), 0);
	ck_assert_int_eq(run("status", NULL), CLI_OK);
	check_has(out, "\nresolver ");
	check_has(out, "\n  idle     fastopen: few handshakes\n");
	ck_assert_int_eq(setenv("LINES", "16", 1), 0);
	ck_assert_int_eq(run("status", NULL), CLI_OK);
	ck_assert_ptr_null(strstr(out, "\n  idle "));
	ck_assert_ptr_null(strstr(out, "\nSlowest\n"));
	check_has(out, "\nNext: ");
}
END_TEST

START_TEST(test_narrow)
{
	ck_assert_int_eq(setenv("COLUMNS", "40", 1), 0);
	ck_assert_int_eq(run("status", NULL), CLI_OK);
	check_fits(40);
	check_has(out, "\nNext: netoptctl endpoints down  (why it\n  is down)\n");
}
END_TEST

#define ENDPOINT(name, state, history)                                                             \
	"{\"name\":\"" name "\",\"state\":\"" state "\",\"slo\":\"none\",\"group\":null,"          \
	"\"headline\":\"connect\",\"windows\":[],\"targets\":[],\"history\":" history "}"
#define STATUS(more)                                                                               \
	"{\"parameters\":{\"version\":\"9\",\"health\":\"ok\",\"mode\":\"auto\",\"objective\":"    \
	"\"latency\",\"uptimeUsec\":1,\"pid\":7,\"kernel\":\"6.1\"," more "}}"

START_TEST(test_sparkline)
{
	fixed_reply = STATUS("\"total\":2,\"endpoints\":[" ENDPOINT(
		"a", "up", "[1000,null,2000]") "," ENDPOINT("b", "up", "[]") "]");
	fork_server(serve_fixed);
	ck_assert_int_eq(run("status", NULL), CLI_OK);
	check_has(out, "  BY MINUTE\n");
	check_has(out, "  ▁ █\n");
	check_has(out, "  -\n");
	ck_assert_ptr_null(strstr(out, "Next:")); /* nothing is wrong */
	ck_assert_int_eq(setenv("LC_ALL", "C", 1), 0);
	ck_assert_int_eq(run("status", NULL), CLI_OK);
	check_has(out, "  _ @\n");
	ck_assert_int_eq(setenv("LC_ALL", "", 1), 0); /* empty is as good as not set */
	ck_assert_int_eq(setenv("LANG", "de_DE.utf8", 1), 0);
	ck_assert_int_eq(unsetenv("LC_CTYPE"), 0);
	ck_assert_int_eq(run("status", NULL), CLI_OK);
	check_has(out, "  ▁ █\n");
	ck_assert_int_eq(run("status", "--plain", NULL), CLI_OK);
	check_has(out, "  _ @\n");
}
END_TEST

/* Of so many only the latest minutes fit. */
START_TEST(test_sparkline_is_cut_at_its_beginning)
{
	static char reply[4096];
	_cleanup_(text_clear) Text history = {.data = NULL};

	for (int i = 0; i < 59; i++)
		text_append(&history, "1,");
	(void)snprintf(reply, sizeof(reply),
		       STATUS("\"total\":1,\"endpoints\":[" ENDPOINT("a", "up", "[%s8]") "]"),
		       text_string(&history));
	fixed_reply = reply;
	fork_server(serve_fixed);
	ck_assert_int_eq(setenv("COLUMNS", "80", 1), 0);
	ck_assert_int_eq(run("status", NULL), CLI_OK);
	check_fits(80);
	check_has(out, "▁▁▁▁▁▁▁▁█\n");
	ck_assert_ptr_null(strstr(out, "..."));
}
END_TEST

static const struct {
	const char *reply, *next;
} advice[] = {
	{STATUS("\"lastReloadError\":\"x\",\"endpointsDown\":1"),
	 "netoptd --check-config && sudo netoptctl reload"},
	{STATUS("\"tuning\":{\"possible\":false,\"reason\":\"r\"}"), "systemctl status netoptd"},
	{STATUS("\"endpointsDown\":3"), "netoptctl endpoints  (which are down)"},
	{STATUS("\"endpoints\":[" ENDPOINT("x", "unresolved", "[]") "]"),
	 "netoptctl endpoints x  (why it is unresolved)"},
	{STATUS("\"paused\":true"), "sudo netoptctl resume"},
	{STATUS("\"tunablesForeign\":1"), "netoptctl diff"},
	{STATUS("\"changesAdvised\":2"), "netoptctl changes  (2 advised, not made)"},
};

START_TEST(test_next)
{
	fixed_reply = advice[_i].reply;
	fork_server(serve_fixed);
	ck_assert_int_eq(run("status", NULL), CLI_OK);
	check_has(out, "\nNext: ");
	check_has(out, advice[_i].next);
}
END_TEST

START_TEST(test_no_endpoints)
{
	fixed_reply = STATUS("\"total\":0,\"endpoints\":[]");
	fork_server(serve_fixed);
	ck_assert_int_eq(run("status", NULL), CLI_OK);
	check_has(out, "\nNo endpoint is configured");
	check_has(out, ": 0 applied\n");
}
END_TEST

START_TEST(test_tunables)
{
	ck_assert_int_eq(run("tunables", NULL), CLI_OK);
	check_has(out, "KEY                                      CURRENT");
	check_has(out, "  ORIGINAL             KERNEL DEFAULT       SET BY ");
	check_has(out, "net.ipv4.tcp_rmem                        4096 131072 12582912  "
		       "4096 131072 6291456  4096 131072 6291456  netopt ");
	check_has(out, "  4096 16384 4194304   /etc/sysctl.d/10-net.conf  ");
	check_has(out, "  cubic                -                    foreign ");
	check_has(out, "  absent  ");
}
END_TEST

START_TEST(test_diff)
{
	_cleanup_json_ Json *json = NULL;

	ck_assert_int_eq(run("diff", NULL), CLI_OK);
	check_has(out, "net.ipv4.tcp_congestion_control  (foreign)\n- cubic\n+ reno\n");
	check_has(out, "net.ipv4.tcp_rmem  (netopt, change 1: buffers)\n"
		       "- 4096 131072 6291456\n+ 4096 131072 12582912\n");
	check_has(out, "route 198.51.100.7  (netopt, change 3: congestion)\n"
		       "+ via 192.0.2.254 dev eth0 congctl bbr\n");
	ck_assert_ptr_null(strstr(out, "tcp_wmem"));
	ck_assert_int_eq(run("diff", "--defaults", NULL), CLI_OK);
	check_has(out, "net.ipv4.tcp_rmem  (netopt, change 1)\n");
	ck_assert_ptr_null(strstr(out, "congestion_control")); /* not known for certain */
	ck_assert_int_eq(run("diff", "--json", NULL), CLI_OK);
	json = parse_out();
	ck_assert_uint_eq(json_length(json_get(json, "tunables")), 2);
	ck_assert_uint_eq(json_length(json_get(json, "routes")), 2);
	ck_assert_str_eq(json_string(json_get(json, "from")), "original");
}
END_TEST

START_TEST(test_no_diff)
{
	fixed_reply = "{\"parameters\":{\"tunables\":[{\"key\":\"a\",\"current\":\"1\","
		      "\"original\":\"1\",\"kernelDefault\":null}],\"changes\":[],\"routes\":[]}}";
	fork_server(serve_fixed);
	ck_assert_int_eq(run("diff", NULL), CLI_OK);
	ck_assert_str_eq(out, "Everything is as it was before netoptd.\n");
	ck_assert_int_eq(run("diff", "--defaults", NULL), CLI_OK);
	ck_assert_str_eq(out, "Everything is as the kernel has it by default.\n");
	ck_assert_int_eq(run("diff", "-q", NULL), CLI_OK);
	ck_assert_str_eq(out, "");
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *served = tcase_create("served"), *alone = tcase_create("alone");

	tcase_add_checked_fixture(served, setup, teardown);
	tcase_add_test(served, test_one_screen);
	tcase_add_test(served, test_taller);
	tcase_add_test(served, test_narrow);
	tcase_add_test(served, test_tunables);
	tcase_add_test(served, test_diff);
	suite_add_tcase(suite, served);
	tcase_add_checked_fixture(alone, setup_directory, teardown);
	tcase_add_test(alone, test_sparkline);
	tcase_add_test(alone, test_sparkline_is_cut_at_its_beginning);
	tcase_add_loop_test(alone, test_next, 0, (int)ARRAY_SIZE(advice));
	tcase_add_test(alone, test_no_endpoints);
	tcase_add_test(alone, test_no_diff);
	suite_add_tcase(suite, alone);
}

HARNESS_MAIN("cli_status", add_cases(suite);)
