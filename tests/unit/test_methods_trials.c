/* SPDX-License-Identifier: MIT */
/*
 * What the interface tells of trials, of routes and of what the administrator set; and starting a
 * trial. The shapes of the replies are also in test_methods.c.
 */
#include "daemon/serve/methods.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/method_call.h"

static const Json *tunable_at(const Json *reply, TunableId id)
{
	return json_at(json_get(json_get(reply, "parameters"), "tunables"), id);
}

START_TEST(test_start_trial)
{
	static const struct {
		int status;
		const char *error, *parameter, *value;
	} rows[] = {
		{-ENOENT, INTERFACE_ERROR_NO_SUCH_PATH, "path", "192.0.2.1"},
		{-EBUSY, INTERFACE_ERROR_TRIAL_BUSY, "message", "done as asked"},
		{-EPERM, INTERFACE_ERROR_TRIAL_NOT_ALLOWED, "message", "done as asked"},
		{-ENOMEM, INTERFACE_ERROR_FAILED, "message", "done as asked"},
	};
	_cleanup_json_ Json *good = call_root(
		INTERFACE_START_TRIAL, "{\"kind\":\"aa\",\"path\":\"192.0.2.1\",\"pairs\":9}");
	char address[ADDRESS_TEXT_MAX];

	ck_assert_str_eq(parameter_of(good, "message"), "done as asked");
	ck_assert_str_eq(address_format(&fake.trial_path, address), "192.0.2.1");
	ck_assert_uint_eq(fake.trial_pairs, 9);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ Json *reply = NULL;

		fake.status = rows[i].status;
		reply = call_root(INTERFACE_START_TRIAL,
				  "{\"kind\":\"aa\",\"path\":\"192.0.2.1\"}");
		ck_assert_str_eq(error_of(reply), rows[i].error);
		ck_assert_str_eq(parameter_of(reply, rows[i].parameter), rows[i].value);
		check_error_shape(reply);
	}
	ck_assert_uint_eq(fake.trial_pairs, 20);
	ck_assert_uint_eq(fake.trials, 5);
}
END_TEST

START_TEST(test_routes)
{
	_cleanup_json_ Json *reply = call_root(INTERFACE_LIST_ROUTES, "{\"limit\":1}");
	_cleanup_json_ Json *all = call_root(INTERFACE_LIST_ROUTES, NULL);
	const Json *routes = json_get(json_get(all, "parameters"), "routes");
	const Json *first = json_at(routes, 0), *second = json_at(routes, 1);

	ck_assert_uint_eq(json_length(json_get(json_get(reply, "parameters"), "routes")), 1);
	ck_assert_int_eq(int_at(json_get(reply, "parameters"), "total"), 2);
	ck_assert_str_eq(json_string(json_get(first, "destination")), "198.51.100.7");
	ck_assert_str_eq(json_string(json_get(first, "metrics")), "congctl bbr");
	ck_assert_int_eq(int_at(first, "changeId"), 3);
	ck_assert_int_eq(int_at(first, "sinceAgoUsec"), 90000000);
	ck_assert_str_eq(json_string(json_get(second, "route")), "via fe80::1 dev eth0");
	ck_assert_ptr_null(json_get(second, "changeId"));
	ck_assert_ptr_null(json_get(second, "sinceAgoUsec"));
}
END_TEST

START_TEST(test_administered)
{
	_cleanup_json_ Json *reply = call_root(INTERFACE_LIST_TUNABLES, NULL), *none = NULL;

	ck_assert_str_eq(json_string(json_get(tunable_at(reply, TUNABLE_TCP_WMEM), "administered")),
			 "/etc/sysctl.d/10-net.conf");
	ck_assert_ptr_null(json_get(tunable_at(reply, TUNABLE_TCP_RMEM), "administered"));
	fake.view.administered = NULL;
	none = call_root(INTERFACE_LIST_TUNABLES, NULL);
	ck_assert_ptr_null(json_get(tunable_at(none, TUNABLE_TCP_WMEM), "administered"));
}
END_TEST

/* Several trials, one of them for a destination. */
START_TEST(test_status_trials)
{
	Change *second = &fake.engine.changes[0];
	_cleanup_json_ Json *reply = NULL;
	const Json *trials;

	second->state = CHANGE_TRIAL;
	ck_assert_int_eq(address_parse("192.0.2.1", &second->path), 0);
	reply = call_root(INTERFACE_GET_STATUS, NULL);
	trials = json_get(json_get(reply, "parameters"), "trials");
	ck_assert_uint_eq(json_length(trials), 2);
	ck_assert_int_eq(int_at(json_at(trials, 0), "changeId"), 3);
	ck_assert_ptr_null(json_get(json_at(trials, 0), "path"));
	ck_assert_str_eq(json_string(json_get(json_at(trials, 1), "path")), "192.0.2.1");
	ck_assert_int_eq(int_at(json_get(json_get(reply, "parameters"), "running"), "changeId"), 3);
	check_shape(interface_idl, INTERFACE_GET_STATUS, reply);
}
END_TEST

/* A metric of a route, provisional, with a prior and a threshold. */
static void make_route_change(Change *change)
{
	change->path = fake.routes[0].destination;
	change->n_tunables = 1;
	change->tunables[0] = (ChangeTunable){.id = TUNABLE_ROUTE_CONGCTL,
					      .old_value = tunable_unset(TUNABLE_ROUTE_CONGCTL)};
	ck_assert_int_eq(tunable_parse(&tunables[TUNABLE_ROUTE_CONGCTL], "bbr",
				       &change->tunables[0].new_value),
			 0);
	change->trial.n_pairs = 9;
	change->trial.log_e_benefit = 2.5;
	change->provisional = true;
	change->retests = 1;
	change->retest_ns = fake.now_ns + 3600 * NSEC_PER_SEC;
	change->retest_of = 1;
}

START_TEST(test_route_change)
{
	static const char *const expected[] = {
		"198.51.100.7 route.congctl: unset -> bbr\n",
		"prior   +0.250, of an earlier trial",
		"e-value ln 2.50 for a benefit (ln 3.00 to keep), ln 0.00 for harm\n",
		"this is a re-test of change 1\n",
		"provisional until one in another part of the day confirms it\n",
		"confirmed 1 time\n",
		"the next one is due in 1 h",
		"hours of the day covered (UTC): 3, 17\n",
	};
	_cleanup_json_ Json *reply = NULL;
	const Json *change, *trial;
	const char *text;

	make_route_change(&fake.engine.changes[1]);
	reply = call_root(INTERFACE_EXPLAIN, "{\"id\":3}");
	check_shape(interface_idl, INTERFACE_EXPLAIN, reply);
	change = json_get(json_get(reply, "parameters"), "change");
	trial = json_get(change, "trial");
	ck_assert_str_eq(json_string(json_get(json_at(json_get(change, "tunables"), 0), "old")),
			 "unset");
	ck_assert_int_eq(int_at(trial, "logEKeepMilli"), 2996);
	ck_assert_int_eq(int_at(trial, "priorMilliLog"), 250);
	ck_assert(json_bool(json_get(change, "provisional"), false));
	ck_assert_int_eq(int_at(change, "retestUsec"), 3600000000);
	ck_assert_int_eq(int_at(change, "retestOf"), 1);
	ck_assert_uint_eq(json_length(json_get(change, "hoursUtc")), 2);
	ck_assert_int_eq(json_int(json_at(json_get(change, "hoursUtc"), 1), 0), 17);
	text = parameter_of(reply, "text");
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		ck_assert_msg(strstr(text, expected[i]) != NULL, "no \"%s\" in:\n%s", expected[i],
			      text);
}
END_TEST

/* What is counted has no goodput to show. */
START_TEST(test_counter_trial)
{
	_cleanup_json_ Json *reply = NULL;

	fake.engine.changes[1].trial.kind = TRIAL_COUNTER;
	reply = call_root(INTERFACE_EXPLAIN, "{\"id\":3}");
	check_shape(interface_idl, INTERFACE_EXPLAIN, reply);
	ck_assert_ptr_nonnull(strstr(parameter_of(reply, "text"), "faults that the kernel counts"));
	ck_assert_ptr_null(strstr(parameter_of(reply, "text"), "goodput"));
}
END_TEST

HARNESS_MAIN("methods_trials", HARNESS_FIXTURE(suite, "trials", setup, teardown, test_start_trial,
					       test_routes, test_administered, test_status_trials,
					       test_route_change, test_counter_trial);)
