/* SPDX-License-Identifier: MIT */
/*
 * The check: thresholds, statuses, and the line of a plugin.
 */
#include "cli/cli.h"

#include <errno.h>

#include "tests/unit/cli_bench.h"

/* "web" has a median of 20.1 ms, losses of 0.6 % and a target of 50 ms at the 99th percentile. */

static const struct {
	const char *words[4];
	int status, plugin;
	const char *text;
} rows[] = {
	{{"--endpoint=web"}, CLI_OK, PLUGIN_OK, "1 of 1 endpoints are well\n"},
	{{"--endpoint=down"}, CLI_EXCEEDED, PLUGIN_CRITICAL, "critical down: down\n"},
	{{"--endpoint=lost"},
	 CLI_EXCEEDED,
	 PLUGIN_CRITICAL,
	 "critical lost: unresolved (no such name)\n"},
	{{"--endpoint=site"}, CLI_EXCEEDED, PLUGIN_CRITICAL, "critical site: p50 "},
	{{"--endpoint=web", "--max-p50=20ms"},
	 CLI_EXCEEDED,
	 PLUGIN_CRITICAL,
	 "critical web: p50 20.1 ms > 20.0 ms\n"},
	{{"--endpoint=web", "--max-p50=20ms,1s"},
	 CLI_EXCEEDED,
	 PLUGIN_WARNING,
	 "warning web: p50 20.1 ms > 20.0 ms\n"},
	{{"--endpoint=web", "--max-p50=30ms", "--max-p95=30ms"}, CLI_OK, PLUGIN_OK, "1 of 1"},
	{{"--endpoint=web", "--max-loss=0.5%"},
	 CLI_EXCEEDED,
	 PLUGIN_CRITICAL,
	 "critical web: loss 0.6 % > 0.5 %\n"},
	{{"--endpoint=web", "--max-loss=1"}, CLI_OK, PLUGIN_OK, "1 of 1"},
	{{"--endpoint=gateway", "--max-p99=1s"},
	 CLI_FAILED,
	 PLUGIN_UNKNOWN,
	 "unknown gateway: p99: too few samples\n"},
	{{"--endpoint=gateway"}, CLI_OK, PLUGIN_OK, "1 of 1"}, /* it has no target */
	{{"--endpoint=gateway", "--endpoint=web", "--max-p99=1s"},
	 CLI_FAILED,
	 PLUGIN_UNKNOWN,
	 "1 of 2 endpoints are well\n"},
};

START_TEST(test_row)
{
	const char *const *words = rows[_i].words;
	char line[64];

	ck_assert_int_eq(run("check", words[0], words[1], words[2], NULL), rows[_i].status);
	check_has(out, rows[_i].text);
	ck_assert_str_eq(err, "");
	ck_assert_int_eq(run("check", "--nagios", words[0], words[1], words[2], NULL),
			 rows[_i].plugin);
	(void)snprintf(
		line, sizeof(line), "NETOPT %s - ",
		(const char *const[]){"OK", "WARNING", "CRITICAL", "UNKNOWN"}[rows[_i].plugin]);
	ck_assert(text_starts_with(out, line));
	ck_assert_ptr_eq(strchr(out, '\n'), out + strlen(out) - 1);
}
END_TEST

START_TEST(test_all)
{
	_cleanup_json_ Json *json = NULL;

	ck_assert_int_eq(run("check", NULL), CLI_EXCEEDED);
	ck_assert(text_starts_with(out, "critical "));
	check_has(out, "\n3 of 6 endpoints are well\n");
	ck_assert_int_eq(run("check", "--json", NULL), CLI_EXCEEDED);
	json = parse_out();
	ck_assert_str_eq(json_string(json_get(json, "state")), "critical");
	ck_assert_uint_eq(json_length(json_get(json, "endpoints")), 6);
	ck_assert_int_eq(run("check", "-q", "--endpoint=web", NULL), CLI_OK);
	ck_assert_str_eq(out, "");
}
END_TEST

START_TEST(test_performance_data)
{
	ck_assert_int_eq(run("check", "--nagios", "--endpoint=web", "--max-p50=10ms,50ms",
			     "--max-loss=2%,5%", NULL),
			 PLUGIN_WARNING);
	check_has(out, " | 'web p50'=20");
	check_has(out, "us;10000;50000;0 'web p95'=20");
	check_has(out, "us;;;0 'web loss'=0.6%;2.0;5.0;0;100\n");
	ck_assert_int_eq(run("check", "--nagios", "--endpoint=web", NULL), PLUGIN_OK);
	check_has(out, "us;;50000;0"); /* its target */
}
END_TEST

/* Whatever happens, a plugin says UNKNOWN on stdout. */
START_TEST(test_plugin_errors)
{
	_cleanup_json_ Json *json = NULL;

	ck_assert_int_eq(run("check", "--nagios", "--endpoint=nowhere", NULL), PLUGIN_UNKNOWN);
	check_has(out, "NETOPT UNKNOWN - there is no endpoint nowhere");
	ck_assert_str_eq(err, "");
	ck_assert_int_eq(run("check", "--nagios", "--max-p50=x", NULL), PLUGIN_UNKNOWN);
	check_has(out, "NETOPT UNKNOWN - --max-p50 does not take x");
	ck_assert_int_eq(run("check", "--nagios", "--socket=/nonexistent/s", NULL), PLUGIN_UNKNOWN);
	check_has(out, "NETOPT UNKNOWN - cannot connect to /nonexistent/s: No such file");
	ck_assert_ptr_eq(strchr(out, '\n'), out + strlen(out) - 1);
	ck_assert_int_eq(run("check", "--nagios", "--json", "--socket=/nonexistent/s", NULL),
			 PLUGIN_UNKNOWN);
	json = parse_out();
	ck_assert_str_eq(json_string(json_get(json, "error")), "org.netopt.Client.NotRunning");
	ck_assert_str_eq(json_string(json_get(json, "socket")), "/nonexistent/s");
	ck_assert_int_eq(json_int(json_get(json, "errno"), 0), ENOENT);
}
END_TEST

static const char *const bad[] = {"--max-p50=",     "--max-p50=20",      "--max-p50=2ms,1ms",
				  "--max-p50=,1ms", "--max-loss=101",    "--max-loss=x",
				  "--max-loss=1,",  "--max-p99=1ms,2,3", "--endpoint="};

START_TEST(test_usage)
{
	if (_i == 1) /* a bare number is seconds */
		ck_assert_int_eq(run("check", "--endpoint=web", bad[_i], NULL), CLI_OK);
	else
		ck_assert_int_eq(run("check", bad[_i], NULL), CLI_USAGE);
}
END_TEST

START_TEST(test_many)
{
	fixed_reply = "{\"parameters\":{\"total\":0,\"endpoints\":["
		      "{\"name\":\"a|b='c'\",\"state\":\"down\",\"windows\":[{\"span\":\"10min\","
		      "\"lossPermille\":1000}]},"
		      "{\"name\":\"b\",\"state\":\"down\"},{\"name\":\"c\",\"state\":\"pending\"},"
		      "{\"name\":\"d\",\"state\":\"down\"},{\"name\":\"e\",\"state\":\"down\"}]}}";
	fork_server(serve_fixed);
	ck_assert_int_eq(run("check", "--nagios", NULL), PLUGIN_CRITICAL);
	ck_assert_str_eq(out, "NETOPT CRITICAL - a b='c': down; b: down; d: down; and 2 more | "
			      "'a_b__c_ loss'=100.0%;;;0;100\n");
}
END_TEST

START_TEST(test_none)
{
	fixed_reply = "{\"parameters\":{\"total\":0,\"endpoints\":[]}}";
	fork_server(serve_fixed);
	ck_assert_int_eq(run("check", NULL), CLI_FAILED);
	check_has(out, "no endpoint is configured");
	ck_assert_int_eq(run("check", "--nagios", NULL), PLUGIN_UNKNOWN);
	ck_assert_str_eq(out, "NETOPT UNKNOWN - no endpoint is configured\n");
}
END_TEST

static void add_cases(Suite *suite)
{
	TCase *served = tcase_create("served"), *alone = tcase_create("alone");

	tcase_add_checked_fixture(served, setup, teardown);
	tcase_add_loop_test(served, test_row, 0, (int)ARRAY_SIZE(rows));
	tcase_add_test(served, test_all);
	tcase_add_test(served, test_performance_data);
	tcase_add_test(served, test_plugin_errors);
	tcase_add_loop_test(served, test_usage, 0, (int)ARRAY_SIZE(bad));
	suite_add_tcase(suite, served);
	tcase_add_checked_fixture(alone, setup_directory, teardown);
	tcase_add_test(alone, test_many);
	tcase_add_test(alone, test_none);
	suite_add_tcase(suite, alone);
}

HARNESS_MAIN("cli_check", add_cases(suite);)
