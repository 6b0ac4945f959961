/* SPDX-License-Identifier: MIT */
/*
 * What netoptctl shows of trials, routes and the administrator's values, and what it says when a
 * trial is asked for; from end to end.
 */
#include <errno.h>

#include "common/interface.h"
#include "tests/unit/cli_bench.h"

static void fake_two_trials(FakeDaemon *fake)
{
	Change *other = &fake->engine.changes[0], *trial = &fake->engine.changes[1];

	other->state = CHANGE_TRIAL;
	other->trial.kind = TRIAL_COUNTER;
	(void)text_copy(other->trial.phase, sizeof(other->trial.phase), "counting");
	trial->path = fake->routes[0].destination;
	trial->tunables[0] = (ChangeTunable){.id = TUNABLE_ROUTE_CONGCTL,
					     .old_value = tunable_unset(TUNABLE_ROUTE_CONGCTL)};
	(void)tunable_parse(&tunables[TUNABLE_ROUTE_CONGCTL], "bbr", &trial->tunables[0].new_value);
	trial->provisional = true;
	trial->trial.n_pairs = 3;
	trial->trial.log_e_benefit = 1.609438;
	trial->trial.effect = 0.0953102;
}

static void serve_fake(void (*change)(FakeDaemon *fake))
{
	setup_directory();
	change_fake = change;
	fork_server(serve);
}

START_TEST(test_trials)
{
	const char *second;

	serve_fake(fake_two_trials);
	ck_assert_int_eq(run("trials", NULL), CLI_OK);
	check_has(out, "ID  CONTROLLER  PATH          KIND        PAIRS  E-VALUE   EFFECT  STATE ");
	check_has(out,
		  "\n 4  fastopen    -             counter         0        -        -  trial");
	check_has(out,
		  "\n 3  congestion  198.51.100.7  switchback      3  5 of 20  +10.0 %  trial");
	check_has(out, "  pair 1 of at most 60\n");
	check_has(out, "  the new value was worse\n");
	check_has(out, "\n 1  buffers     198.51.100.7  mechanical ");
	/* Those under way stand first. */
	second = strchr(strchr(out, '\n') + 1, '\n');
	ck_assert_ptr_nonnull(strstr(second, "  trial "));
	ck_assert_int_eq(run("trials", "--limit", "1", "--no-legend", NULL), CLI_OK);
	ck_assert_ptr_null(strchr(strchr(out, '\n') + 1, '\n'));
	ck_assert_int_eq(run("status", NULL), CLI_OK);
	check_has(out, "\n  trying   3 congestion for 198.51.100.7: pair 1 of at most 60\n");
	check_has(out, "\n  trying   4 fastopen: counting\n");
	ck_assert_int_eq(run("changes", "3", NULL), CLI_OK);
	check_has(out, "  provisional  198.51.100.7 route.congctl: unset -> bbr");
}
END_TEST

START_TEST(test_trials_json)
{
	_cleanup_json_ Json *json = NULL;
	const Json *trials;

	serve_fake(NULL);
	ck_assert_int_eq(run("trials", "--json", NULL), CLI_OK);
	json = parse_out();
	trials = json_get(json, "trials");
	ck_assert_uint_eq(json_length(trials), 3); /* change 4 has none */
	ck_assert_int_eq(json_int(json_get(json_at(trials, 0), "id"), 0), 3);
}
END_TEST

START_TEST(test_routes)
{
	serve_fake(NULL);
	ck_assert_int_eq(run("routes", NULL), CLI_OK);
	check_has(out, "DESTINATION   METRICS                  CHANGE       SINCE  ROUTE\n");
	check_has(out,
		  "198.51.100.7  congctl bbr                   3  1 min 30 s  via 192.0.2.254 ");
	check_has(out,
		  "2001:db8::7   congctl bbr initcwnd 20       -           -  via fe80::1 dev ");
	ck_assert_int_eq(run("routes", "--limit=1", NULL), CLI_OK);
	check_has(out, "1 of 2; more with --limit\n");
}
END_TEST

START_TEST(test_administered)
{
	serve_fake(NULL);
	ck_assert_int_eq(run("tunables", NULL), CLI_OK);
	check_has(out, "  SET BY ");
	check_has(out, "  /etc/sysctl.d/10-net.conf  ");
}
END_TEST

START_TEST(test_trial)
{
	serve_fake(NULL);
	ck_assert_int_eq(run("trial", "aa", "192.0.2.1", NULL), CLI_OK);
	ck_assert_str_eq(out, "done as asked\n");
	ck_assert_int_eq(run("trial", "aa", "2001:db8::7", "--pairs=60", "--quiet", NULL), CLI_OK);
	ck_assert_str_eq(out, "");
	run_as = 1000;
	ck_assert_int_eq(run("trial", "aa", "192.0.2.1", NULL), CLI_PERMISSION);
	check_has(err, "permission denied");
}
END_TEST

START_TEST(test_trial_usage)
{
	static const struct {
		const char *words[5], *message;
	} rows[] = {
		{{"trial"}, "trial needs more arguments\nUsage: netoptctl trial aa ADDRESS"},
		{{"trial", "aa"}, "trial needs more arguments"},
		{{"trial", "ab", "192.0.2.1"}, "ab is not a kind of trial; there is: aa"},
		{{"trial", "aa", "example.net"}, "example.net is not an address"},
		{{"trial", "aa", "192.0.2.0/24"}, "192.0.2.0/24 is not an address"},
		{{"trial", "aa", "192.0.2.1", "x"}, "one argument too many: x"},
		{{"trial", "aa", "192.0.2.1", "--pairs", "0"}, "--pairs does not take 0"},
		{{"trial", "aa", "192.0.2.1", "--pairs", "61"}, "--pairs does not take 61"},
		{{"trials", "--pairs", "5"}, "--pairs is no option of trials"},
		{{"trial", "aa", "192.0.2.1", "--limit", "5"}, "--limit is no option of trial"},
	};

	serve_fake(NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *const *words = rows[i].words;

		ck_assert_msg(run(words[0], words[1], words[2], words[3], words[4], NULL) ==
				      CLI_USAGE,
			      "%zu", i);
		check_has(err, rows[i].message);
		ck_assert_str_eq(out, "");
	}
}
END_TEST

static void fake_refusal(FakeDaemon *fake)
{
	fake->status = -EBUSY;
	fake->message = "change 3 is on trial for the same device";
}

static void fake_unknown(FakeDaemon *fake)
{
	fake->status = -ENOENT;
}

START_TEST(test_trial_refused)
{
	_cleanup_json_ Json *json = NULL;

	serve_fake(fake_refusal);
	ck_assert_int_eq(run("trial", "aa", "192.0.2.1", NULL), CLI_FAILED);
	ck_assert_str_eq(err, "netoptctl: change 3 is on trial for the same device\n");
	ck_assert_int_eq(run("trial", "aa", "192.0.2.1", "--json", NULL), CLI_FAILED);
	json = parse_out();
	ck_assert_str_eq(json_string(json_get(json, "error")), INTERFACE_ERROR_TRIAL_BUSY);
}
END_TEST

START_TEST(test_trial_unknown_path)
{
	serve_fake(fake_unknown);
	ck_assert_int_eq(run("trial", "aa", "192.0.2.1", NULL), CLI_FAILED);
	ck_assert_str_eq(err,
			 "netoptctl: no connection to 192.0.2.1 is known; see: netoptctl paths\n");
}
END_TEST

HARNESS_MAIN("cli_trials",
	     HARNESS_FIXTURE(suite, "trials", NULL, teardown, test_trials, test_trials_json,
			     test_routes, test_administered, test_trial, test_trial_usage,
			     test_trial_refused, test_trial_unknown_path);)
