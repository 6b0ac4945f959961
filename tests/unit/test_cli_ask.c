/* SPDX-License-Identifier: MIT */
/*
 * netoptctl explain, advise, apply, hold, verify and log-level, from end to end.
 */
#include <errno.h>

#include "common/interface.h"
#include "tests/unit/cli_bench.h"

static void serve_fake(void (*change)(FakeDaemon *fake))
{
	setup_directory();
	change_fake = change;
	fork_server(serve);
}

/* --- explain --- */

START_TEST(test_explain_kinds)
{
	static const struct {
		const char *word, *begins;
	} rows[] = {
		{"1", "Change 1 by buffers"},
		{"change:1", "Change 1 by buffers"},
		{"web", "Endpoint web (tcp://web.example:443): up\n"},
		{"endpoint:web", "Endpoint web "},
		{"198.51.100.7", "Path 198.51.100.7: 2 connections"},
		{"198.51.100.7/32", "Path 198.51.100.7"},
		{"2001:db8::7", "Path 2001:db8::7"},
		{"path:198.51.100.7", "Path 198.51.100.7"},
		{"net.ipv4.tcp_rmem", "net.ipv4.tcp_rmem: a sysctl"},
		{"tcp_rmem", "net.ipv4.tcp_rmem: a sysctl"},
		{"tunable:route.congctl", "route.congctl: a metric"},
	};

	serve_fake(NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ck_assert_msg(run("explain", rows[i].word, NULL) == CLI_OK, "%s: %s", rows[i].word,
			      err);
		ck_assert_msg(strncmp(out, rows[i].begins, strlen(rows[i].begins)) == 0,
			      "%s: %.200s", rows[i].word, out);
		ck_assert_str_eq(err, "");
	}
}
END_TEST

START_TEST(test_explain_json)
{
	_cleanup_json_ Json *json = NULL;

	serve_fake(NULL);
	ck_assert_int_eq(run("--json", "explain", "tcp_wmem", NULL), CLI_OK);
	json = parse_out();
	ck_assert(json_has(json, "change"));
	ck_assert_ptr_nonnull(json_string(json_get(json, "text")));
}
END_TEST

START_TEST(test_explain_unknown)
{
	serve_fake(NULL);
	ck_assert_int_eq(run("explain", "wbe", NULL), CLI_FAILED);
	check_has(err, "wbe is no endpoint, path, tunable or change; like it: web\n");
	ck_assert_int_eq(run("explain", "tcp_rmme", NULL), CLI_FAILED);
	check_has(err, "net.ipv4.tcp_rmem");
	ck_assert_int_eq(run("explain", "gateway2", NULL), CLI_FAILED);
	check_has(err, "like it: gateway");
	ck_assert_int_eq(run("explain", "zzzzzzzz", NULL), CLI_FAILED);
	check_has(err, "zzzzzzzz is no endpoint, path, tunable or change\n");
	ck_assert_int_eq(run("explain", "203.0.113.99", NULL), CLI_FAILED);
	check_has(err, "no connection to 203.0.113.99 is known");
	ck_assert_int_eq(run("explain", "tunable:x", NULL), CLI_FAILED);
	check_has(err, "there is no tunable x");
	ck_assert_int_eq(run("explain", "endpoint:x", NULL), CLI_FAILED);
	check_has(err, "there is no endpoint x");
	ck_assert_int_eq(run("explain", "change:x", NULL), CLI_USAGE);
}
END_TEST

static void fake_namesakes(FakeDaemon *fake)
{
	(void)text_copy(fake->endpoints[FAKE_WEB]->name, ENDPOINT_NAME_MAX, "198.51.100.7");
	(void)text_copy(fake->endpoints[FAKE_DOWN]->name, ENDPOINT_NAME_MAX, "tcp_rmem");
}

START_TEST(test_explain_ambiguous)
{
	_cleanup_json_ Json *json = NULL;

	serve_fake(fake_namesakes);
	ck_assert_int_eq(run("explain", "198.51.100.7", NULL), CLI_USAGE);
	check_has(err, "say which: endpoint:198.51.100.7, path:198.51.100.7");
	ck_assert_int_eq(run("explain", "endpoint:198.51.100.7", NULL), CLI_OK);
	check_has(out, "Endpoint 198.51.100.7 ");
	ck_assert_int_eq(run("explain", "tcp_rmem", NULL), CLI_USAGE);
	check_has(err, "endpoint:tcp_rmem, tunable:net.ipv4.tcp_rmem");
	/* One key for each family. */
	ck_assert_int_eq(run("--json", "explain", "default.gc_thresh2", NULL), CLI_USAGE);
	json = parse_out();
	ck_assert_str_eq(json_string(json_get(json, "error")), "org.netopt.Client.Ambiguous");
}
END_TEST

/* Nothing is cut, and no line is wider than the terminal but for words that are. */
START_TEST(test_explain_narrow)
{
	serve_fake(NULL);
	ck_assert_int_eq(setenv("COLUMNS", "60", 1), 0);
	ck_assert_int_eq(run("explain", "198.51.100.7", NULL), CLI_OK);
	for (const char *line = out; *line; line += strcspn(line, "\n") + 1)
		ck_assert_msg(strcspn(line, "\n") <= 60, "%.*s", (int)strcspn(line, "\n"), line);
	check_has(out, "  congestion     it would act: loss without a queue\n");
}
END_TEST

/* --- advise --- */

START_TEST(test_advise)
{
	serve_fake(NULL);
	ck_assert_int_eq(run("advise", NULL), CLI_OK);
	check_has(out, "5 buffers: net.ipv4.tcp_rmem: 4096 131072 6291456 -> 4096 131072 12582912\n"
		       "  why       the buffers held the path back\n"
		       "  formula   2 x 100 Mbit/s x 100 ms = 2.5 MB\n"
		       "  evidence  minRttUsec 100000, windows 3\n"
		       "  proof     a limit is removed");
	check_has(out, "\n  obstacle  Mode=advise: nothing is begun unasked\n");
	check_has(out, "\n4 fastopen: ");
	check_has(out, "  obstacle  nothing: it begins with the next step");
	check_has(out, "\nNothing to propose\n  congestion  it would act");
	ck_assert_int_eq(run("--no-legend", "advise", NULL), CLI_OK);
	ck_assert_ptr_null(strstr(out, "Nothing to propose"));
	ck_assert_int_eq(run("advise", "5", NULL), CLI_USAGE);
}
END_TEST

START_TEST(test_steering)
{
	serve_fake(NULL);
	ck_assert_int_eq(run("apply", "5", NULL), CLI_OK);
	check_has(out, "done as asked\n");
	ck_assert_int_eq(run("apply", "77", NULL), CLI_FAILED);
	check_has(err, "there is no change 77");
	ck_assert_int_eq(run("apply", "x", NULL), CLI_USAGE);
	ck_assert_int_eq(run("hold", "1", NULL), CLI_OK);
	ck_assert_int_eq(run("hold", "1", "2h", NULL), CLI_OK);
	ck_assert_int_eq(run("hold", "1", "0", NULL), CLI_OK);
	ck_assert_int_eq(run("hold", "1", "soon", NULL), CLI_USAGE);
	check_has(err, "soon is not a duration");
	ck_assert_int_eq(run("hold", "77", NULL), CLI_FAILED);
	ck_assert_int_eq(run("log-level", NULL), CLI_OK);
	ck_assert_uint_gt(strlen(out), 3);
	ck_assert_int_eq(run("log-level", "err", NULL), CLI_OK);
	ck_assert_int_eq(run("log-level", "loud", NULL), CLI_USAGE);
	check_has(err, "err, warning, notice, info, debug");
}
END_TEST

static void fake_busy(FakeDaemon *fake)
{
	fake->status = -EBUSY;
	fake->message = "waits for the trial under way to end";
}

START_TEST(test_refused)
{
	serve_fake(fake_busy);
	ck_assert_int_eq(run("apply", "5", NULL), CLI_FAILED);
	check_has(err, "waits for the trial under way to end");
	ck_assert_int_eq(run("hold", "3", NULL), CLI_FAILED);
	check_has(err, "waits for the trial");
}
END_TEST

static void fake_held(FakeDaemon *fake)
{
	fake->engine.changes[3].held_until_ns = UINT64_MAX;
}

START_TEST(test_held)
{
	serve_fake(fake_held);
	ck_assert_int_eq(run("changes", "1", NULL), CLI_OK);
	check_has(out, "held");
	ck_assert_int_eq(run("status", NULL), CLI_OK);
	check_has(out, "1 held as they are");
	ck_assert_int_eq(run("explain", "1", NULL), CLI_OK);
	check_has(out, "until told otherwise");
}
END_TEST

/* --- verify --- */

static void fake_differences(FakeDaemon *fake)
{
	Verification *verification = &fake->verification;

	verification->differences[0] = (Difference){.kind = VERIFY_SYSCTL,
						    .subject = "net.ipv4.tcp_rmem",
						    .believed = "1 2 3",
						    .live = "4 5 6",
						    .remedy = "see who wrote it"};
	verification->n_differences = 1;
	verification->uses[0] = (LiveUse){.destination = fake->paths.paths[0]->address,
					  .congestion = "bbr",
					  .connections = 5,
					  .following = 3,
					  .older = 2};
	verification->n_uses = 1;
	verification->queues[0] = (LiveQueue){.link = "eth0", .qdisc = "fq_codel"};
	verification->n_queues = 1;
}

START_TEST(test_verify_equal)
{
	serve_fake(NULL);
	ck_assert_int_eq(run("verify", NULL), CLI_OK);
	check_has(out, "equal: 1 sysctls and 2 routes of ours, 1 entries of the journal\n");
	check_has(out, "queues    fq by default\n");
	ck_assert_int_eq(run("--quiet", "verify", NULL), CLI_OK);
	ck_assert_str_eq(out, "");
}
END_TEST

START_TEST(test_verify_differs)
{
	_cleanup_json_ Json *json = NULL;

	serve_fake(fake_differences);
	ck_assert_int_eq(run("verify", NULL), CLI_FAILED);
	check_has(out, "not equal: ");
	check_has(out, "sysctl net.ipv4.tcp_rmem differs\n  believed  1 2 3\n  live      4 5 6\n"
		       "  remedy    see who wrote it\n");
	check_has(out, "\n198.51.100.7  bbr                   5       3      2          0\n");
	check_has(out, "fq by default; eth0 has fq_codel\n");
	ck_assert_int_eq(run("--quiet", "verify", NULL), CLI_FAILED);
	check_has(out, "differs");
	ck_assert_int_eq(run("--json", "verify", NULL), CLI_FAILED);
	json = parse_out();
	ck_assert(!json_bool(json_get(json, "equal"), true));
}
END_TEST

/* --- without a daemon --- */

START_TEST(test_down)
{
	static const char *const words[][2] = {
		{"explain", "web"}, {"explain", "1"}, {"advise", NULL},   {"apply", "1"},
		{"hold", "1"},      {"verify", NULL}, {"log-level", NULL}};

	setup_directory();
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		ck_assert_int_eq(run(words[i][0], words[i][1], NULL), CLI_NOT_RUNNING);
		check_has(err, path);
		ck_assert_str_eq(out, "");
	}
}
END_TEST

HARNESS_MAIN("cli_ask", HARNESS_FIXTURE(suite, "explain", NULL, teardown, test_explain_kinds,
					test_explain_json, test_explain_unknown,
					test_explain_ambiguous, test_explain_narrow);
	     HARNESS_FIXTURE(suite, "advise", NULL, teardown, test_advise, test_steering,
			     test_refused, test_held);
	     HARNESS_FIXTURE(suite, "verify", NULL, teardown, test_verify_equal,
			     test_verify_differs);
	     HARNESS_FIXTURE(suite, "down", NULL, teardown, test_down);)
