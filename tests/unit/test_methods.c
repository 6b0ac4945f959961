/* SPDX-License-Identifier: MIT */
/*
 * Every method against a daemon made by hand: the shape of each reply is compared with the
 * interface definition, so the two cannot drift apart.
 */
#include "daemon/serve/methods.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "daemon/serve/explain.h"
#include "daemon/serve/views.h"
#include "tests/unit/method_call.h"

static const MethodCaller nobody = {.uid = 1000, .pid = 2, .may_change = false};

static const struct {
	const char *method, *parameters;
	bool changes;
} calls[] = {
	{INTERFACE_GET_STATUS, NULL, false},
	{INTERFACE_LIST_ENDPOINTS, "{}", false},
	{INTERFACE_LIST_PATHS, NULL, false},
	{INTERFACE_LIST_PATHS, "{\"limit\":1}", false},
	{INTERFACE_LIST_ENDPOINTS, "{\"offset\":1,\"limit\":2}", false},
	{INTERFACE_LIST_ENDPOINTS, "{\"name\":\"site\"}", false},
	{INTERFACE_LIST_FLOWS, NULL, false},
	{INTERFACE_LIST_FLOWS, "{\"limit\":2,\"process\":true}", false},
	{INTERFACE_LIST_LISTENERS, NULL, false},
	{INTERFACE_LIST_LISTENERS, "{\"process\":true}", false},
	{INTERFACE_LIST_METRICS, NULL, false},
	{INTERFACE_LIST_LINKS, NULL, false},
	{INTERFACE_LIST_COUNTERS, NULL, false},
	{INTERFACE_LIST_NAMESPACES, NULL, false},
	{INTERFACE_LIST_TUNABLES, NULL, false},
	{INTERFACE_LIST_CHANGES, NULL, false},
	{INTERFACE_LIST_CHANGES, "{\"id\":2}", false},
	{INTERFACE_LIST_CHANGES, "{\"id\":null}", false},
	{INTERFACE_LIST_ROUTES, NULL, false},
	{INTERFACE_LIST_ROUTES, "{\"limit\":1}", false},
	{INTERFACE_MONITOR, NULL, false},
	{INTERFACE_MONITOR, "{\"endpoints\":true,\"paths\":true,\"limit\":100}", false},
	{INTERFACE_GET_HISTORY, NULL, false},
	{INTERFACE_GET_HISTORY, "{\"name\":\"site\",\"spanUsec\":172800000000}", false},
	{INTERFACE_EXPLAIN, "{\"id\":1}", false},
	{INTERFACE_EXPLAIN, "{\"id\":2}", false},
	{INTERFACE_REVERT, "{\"id\":1}", true},
	{INTERFACE_REVERT, "{\"all\":true}", true},
	{INTERFACE_REVERT, "{\"id\":1,\"all\":false}", true},
	{INTERFACE_START_TRIAL, "{\"kind\":\"aa\",\"path\":\"192.0.2.1\"}", true},
	{INTERFACE_START_TRIAL, "{\"kind\":\"aa\",\"path\":\"::1\",\"pairs\":60}", true},
	{INTERFACE_PAUSE, NULL, true},
	{INTERFACE_PAUSE, "{\"durationUsec\":5}", true},
	{INTERFACE_RESUME, NULL, true},
	{INTERFACE_RELOAD, NULL, true},
};

START_TEST(test_shapes)
{
	_cleanup_json_ Json *reply = call_root(calls[_i].method, calls[_i].parameters);

	check_shape(interface_idl, calls[_i].method, reply);
}
END_TEST

/* With nothing known at all the shape is the same. */
START_TEST(test_shapes_empty)
{
	_cleanup_json_ Json *reply = NULL;

	fake.view.n_routes = 0;
	fake.view.n_endpoints = fake.view.n_links = fake.view.n_gateways = fake.view.n_netns = 0;
	fake.view.counters = NULL;
	fake.view.sockets = NULL;
	fake.view.schedule = NULL;
	fake.kernel.n_flows = fake.kernel.n_listeners = fake.kernel.n_metrics = 0;
	fake_daemon_clear(&fake);
	memset(fake.endpoints, 0, sizeof(fake.endpoints));
	fake.paths.n_paths = 0;
	fake.engine.n_changes = 0;
	fake.engine.running = NULL;
	fake.config.n_files = 0;
	fake.view.sweep_last_ns = 0;
	memset(&fake.registry, 0, sizeof(fake.registry));
	if (strstr(calls[_i].parameters ? calls[_i].parameters : "", "\"id\":1") ||
	    strstr(calls[_i].parameters ? calls[_i].parameters : "", "\"id\":2")) {
		reply = call_root(calls[_i].method, calls[_i].parameters);
		ck_assert_str_eq(error_of(reply), INTERFACE_ERROR_NO_SUCH_CHANGE);
		check_error_shape(reply);
		return;
	}
	if (strstr(calls[_i].parameters ? calls[_i].parameters : "", "\"name\"")) {
		reply = call_root(calls[_i].method, calls[_i].parameters);
		ck_assert_str_eq(error_of(reply), INTERFACE_ERROR_NO_SUCH_ENDPOINT);
		ck_assert_str_eq(parameter_of(reply, "name"), "site");
		check_error_shape(reply);
		return;
	}
	reply = call_root(calls[_i].method, calls[_i].parameters);
	check_shape(interface_idl, calls[_i].method, reply);
}
END_TEST

START_TEST(test_service)
{
	_cleanup_json_ Json *info = call_as(&nobody, INTERFACE_SERVICE ".GetInfo", NULL);
	_cleanup_json_ Json *ours = call_as(&nobody, INTERFACE_SERVICE ".GetInterfaceDescription",
					    "{\"interface\":\"" INTERFACE_NAME "\"}");
	_cleanup_json_ Json *service =
		call_as(&nobody, INTERFACE_SERVICE ".GetInterfaceDescription",
			"{\"interface\":\"" INTERFACE_SERVICE "\"}");
	_cleanup_json_ Json *other = call_as(&nobody, INTERFACE_SERVICE ".GetInterfaceDescription",
					     "{\"interface\":\"org.example\"}");

	check_shape(interface_service_idl, "x.GetInfo", info);
	ck_assert_uint_eq(json_length(json_get(json_get(info, "parameters"), "interfaces")), 2);
	ck_assert_str_eq(parameter_of(ours, "description"), interface_idl);
	ck_assert_str_eq(parameter_of(service, "description"), interface_service_idl);
	ck_assert_str_eq(error_of(other), INTERFACE_ERROR_INTERFACE_NOT_FOUND);
	ck_assert_str_eq(parameter_of(other, "interface"), "org.example");
	ck_assert_ptr_nonnull(strstr(interface_idl, "\ninterface " INTERFACE_NAME "\n"));
	ck_assert_ptr_nonnull(strstr(interface_service_idl, "\ninterface " INTERFACE_SERVICE "\n"));
}
END_TEST

START_TEST(test_method_not_found)
{
	static const char *const names[] = {"",
					    ".",
					    "GetStatus",
					    "org.netopt.Daemon",
					    "org.netopt.Daemon.",
					    "org.netopt.Daemon.getStatus",
					    "org.example.Thing.Do",
					    "org.varlink.service.Nothing"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_json_ Json *reply = call_root(names[i], NULL);

		ck_assert_str_eq(error_of(reply), INTERFACE_ERROR_METHOD_NOT_FOUND);
		ck_assert_str_eq(parameter_of(reply, "method"), names[i]);
		check_error_shape(reply);
	}
}
END_TEST

static const struct {
	const char *method, *parameters, *wrong;
} bad[] = {
	{INTERFACE_GET_STATUS, "{\"x\":1}", "x"},
	{INTERFACE_GET_STATUS, "{\"x\":null}", "x"},
	{INTERFACE_LIST_ENDPOINTS, "{\"id\":1}", "id"},
	{INTERFACE_LIST_ENDPOINTS, "{\"name\":1}", "name"},
	{INTERFACE_LIST_ENDPOINTS, "{\"offset\":-1}", "offset"},
	{INTERFACE_LIST_ENDPOINTS, "{\"limit\":101}", "limit"},
	{INTERFACE_LIST_FLOWS, "{\"limit\":1001}", "limit"},
	{INTERFACE_LIST_FLOWS, "{\"process\":1}", "process"},
	{INTERFACE_LIST_LISTENERS, "{\"limit\":0}", "limit"},
	{INTERFACE_LIST_METRICS, "{\"process\":true}", "process"},
	{INTERFACE_LIST_LINKS, "{\"limit\":1001}", "limit"},
	{INTERFACE_LIST_COUNTERS, "{\"limit\":1}", "limit"},
	{INTERFACE_LIST_NAMESPACES, "{\"limit\":1001}", "limit"},
	{INTERFACE_LIST_PATHS, "{\"limit\":0}", "limit"},
	{INTERFACE_LIST_PATHS, "{\"limit\":1001}", "limit"},
	{INTERFACE_LIST_PATHS, "{\"limit\":-1}", "limit"},
	{INTERFACE_LIST_PATHS, "{\"limit\":\"1\"}", "limit"},
	{INTERFACE_LIST_PATHS, "{\"limit\":1.0}", "limit"},
	{INTERFACE_LIST_PATHS, "{\"limit\":true}", "limit"},
	{INTERFACE_LIST_PATHS, "{\"limit\":[1]}", "limit"},
	{INTERFACE_LIST_PATHS, "{\"limit\":1,\"Limit\":1}", "Limit"},
	{INTERFACE_LIST_TUNABLES, "{\"key\":\"a\"}", "key"},
	{INTERFACE_LIST_CHANGES, "{\"id\":0}", "id"},
	{INTERFACE_LIST_CHANGES, "{\"id\":{}}", "id"},
	{INTERFACE_MONITOR, "{\"intervalUsec\":99999}", "intervalUsec"},
	{INTERFACE_MONITOR, "{\"intervalUsec\":3600000001}", "intervalUsec"},
	{INTERFACE_MONITOR, "{\"endpoints\":1}", "endpoints"},
	{INTERFACE_MONITOR, "{\"paths\":\"true\"}", "paths"},
	{INTERFACE_MONITOR, "{\"limit\":101}", "limit"},
	{INTERFACE_GET_HISTORY, "{\"name\":7}", "name"},
	{INTERFACE_GET_HISTORY, "{\"spanUsec\":0}", "spanUsec"},
	{INTERFACE_GET_HISTORY, "{\"limit\":101}", "limit"},
	{INTERFACE_GET_HISTORY, "{\"offset\":-1}", "offset"},
	{INTERFACE_EXPLAIN, NULL, "id"},
	{INTERFACE_EXPLAIN, "{}", "id"},
	{INTERFACE_EXPLAIN, "{\"id\":null}", "id"},
	{INTERFACE_EXPLAIN, "{\"id\":\"1\"}", "id"},
	{INTERFACE_EXPLAIN, "{\"id\":1,\"more\":1}", "more"},
	{INTERFACE_REVERT, NULL, "id"},
	{INTERFACE_REVERT, "{\"all\":false}", "id"},
	{INTERFACE_REVERT, "{\"id\":1,\"all\":true}", "all"},
	{INTERFACE_REVERT, "{\"all\":1}", "all"},
	{INTERFACE_REVERT, "{\"id\":-5}", "id"},
	{INTERFACE_START_TRIAL, NULL, "kind"},
	{INTERFACE_START_TRIAL, "{\"kind\":\"aa\"}", "path"},
	{INTERFACE_START_TRIAL, "{\"kind\":\"ab\",\"path\":\"192.0.2.1\"}", "kind"},
	{INTERFACE_START_TRIAL, "{\"kind\":\"\",\"path\":\"192.0.2.1\"}", "kind"},
	{INTERFACE_START_TRIAL, "{\"kind\":\"aa\",\"path\":\"192.0.2.0/24\"}", "path"},
	{INTERFACE_START_TRIAL, "{\"kind\":\"aa\",\"path\":\"\"}", "path"},
	{INTERFACE_START_TRIAL, "{\"kind\":\"aa\",\"path\":7}", "path"},
	{INTERFACE_START_TRIAL, "{\"kind\":\"aa\",\"path\":\"192.0.2.1\",\"pairs\":0}", "pairs"},
	{INTERFACE_START_TRIAL, "{\"kind\":\"aa\",\"path\":\"192.0.2.1\",\"pairs\":61}", "pairs"},
	{INTERFACE_LIST_ROUTES, "{\"limit\":1001}", "limit"},
	{INTERFACE_PAUSE, "{\"durationUsec\":0}", "durationUsec"},
	{INTERFACE_PAUSE, "{\"durationUsec\":-1}", "durationUsec"},
	{INTERFACE_PAUSE, "{\"durationUsec\":9223372036854775807}", "durationUsec"},
	{INTERFACE_PAUSE, "{\"duration\":1}", "duration"},
	{INTERFACE_RESUME, "{\"id\":1}", "id"},
	{INTERFACE_RELOAD, "{\"file\":\"/etc/passwd\"}", "file"},
	{INTERFACE_SERVICE ".GetInfo", "{\"a\":1}", "a"},
	{INTERFACE_SERVICE ".GetInterfaceDescription", NULL, "interface"},
	{INTERFACE_SERVICE ".GetInterfaceDescription", "{\"interface\":7}", "interface"},
};

START_TEST(test_invalid_parameter)
{
	_cleanup_json_ Json *reply = call_root(bad[_i].method, bad[_i].parameters);

	ck_assert_str_eq(error_of(reply), INTERFACE_ERROR_INVALID_PARAMETER);
	ck_assert_str_eq(parameter_of(reply, "parameter"), bad[_i].wrong);
	check_error_shape(reply);
	ck_assert_uint_eq(fake.reverts + fake.pauses + fake.resumes + fake.reloads + fake.trials,
			  0);
}
END_TEST

START_TEST(test_permission)
{
	MethodAccess access;

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		_cleanup_json_ Json *reply = call_as(&nobody, calls[i].method, calls[i].parameters);

		ck_assert_int_eq(methods_access(calls[i].method, &access), 0);
		ck_assert_int_eq(access == METHOD_CHANGE, calls[i].changes);
		if (!calls[i].changes) {
			ck_assert_str_eq(error_of(reply), "");
			continue;
		}
		ck_assert_str_eq(error_of(reply), INTERFACE_ERROR_PERMISSION_DENIED);
		check_error_shape(reply);
	}
	ck_assert_uint_eq(fake.reverts + fake.pauses + fake.resumes + fake.reloads + fake.trials,
			  0);
	ck_assert_int_eq(methods_access("org.netopt.Daemon.Nothing", &access), -ENOENT);
}
END_TEST

/* Who may not call a method learns nothing about its parameters. */
START_TEST(test_permission_before_parameters)
{
	_cleanup_json_ Json *reply = call_as(&nobody, INTERFACE_REVERT, "{\"x\":1}");

	ck_assert_str_eq(error_of(reply), INTERFACE_ERROR_PERMISSION_DENIED);
}
END_TEST

START_TEST(test_changing_verbs)
{
	_cleanup_json_ Json *one = call_root(INTERFACE_REVERT, "{\"id\":1}");

	ck_assert_uint_eq(fake.reverted_id, 1);
	ck_assert_str_eq(parameter_of(one, "message"), "done as asked");
	json_free(call_root(INTERFACE_REVERT, "{\"all\":true}"));
	ck_assert_uint_eq(fake.reverted_id, 0);
	ck_assert_uint_eq(fake.reverts, 2);
	json_free(call_root(INTERFACE_PAUSE, "{\"durationUsec\":1500000}"));
	ck_assert_uint_eq(fake.paused_ns, 1500 * NSEC_PER_MSEC);
	json_free(call_root(INTERFACE_PAUSE, NULL));
	ck_assert_uint_eq(fake.paused_ns, 0);
	json_free(call_root(INTERFACE_RESUME, NULL));
	json_free(call_root(INTERFACE_RELOAD, NULL));
	ck_assert_uint_eq(fake.pauses, 2);
	ck_assert_uint_eq(fake.resumes, 1);
	ck_assert_uint_eq(fake.reloads, 1);
}
END_TEST

START_TEST(test_failures)
{
	_cleanup_json_ Json *unknown = call_root(INTERFACE_REVERT, "{\"id\":99}");
	_cleanup_json_ Json *nothing = NULL, *refused = NULL, *silent = NULL;

	ck_assert_str_eq(error_of(unknown), INTERFACE_ERROR_NO_SUCH_CHANGE);
	ck_assert_int_eq(json_int(json_get(json_get(unknown, "parameters"), "id"), 0), 99);
	fake.status = -ENOENT;
	fake.message = "nothing is in force";
	nothing = call_root(INTERFACE_REVERT, "{\"all\":true}");
	ck_assert_str_eq(error_of(nothing), INTERFACE_ERROR_FAILED);
	ck_assert_str_eq(parameter_of(nothing, "message"), "nothing is in force");
	fake.status = -EINVAL;
	fake.message = "/etc/netopt.conf:3:1: unknown key";
	refused = call_root(INTERFACE_RELOAD, NULL);
	ck_assert_str_eq(error_of(refused), INTERFACE_ERROR_FAILED);
	ck_assert_str_eq(parameter_of(refused, "message"), fake.message);
	check_error_shape(refused);
	fake.status = -EBUSY;
	fake.message = "";
	silent = call_root(INTERFACE_RESUME, NULL);
	ck_assert_str_eq(parameter_of(silent, "message"), strerror(EBUSY));
}
END_TEST

START_TEST(test_status)
{
	_cleanup_json_ Json *reply = call_root(INTERFACE_GET_STATUS, NULL);
	const Json *status = json_get(reply, "parameters");

	ck_assert_str_eq(parameter_of(reply, "mode"), "auto");
	ck_assert_str_eq(parameter_of(reply, "health"), "degraded");
	ck_assert_uint_eq(json_length(json_get(status, "healthReasons")), 3);
	ck_assert_str_eq(json_string(json_at(json_get(status, "healthReasons"), 0)),
			 "1 endpoint is down");
	ck_assert_int_eq(int_at(status, "uptimeUsec"), 3600000000);
	ck_assert_int_eq(int_at(status, "endpointsTotal"), 6);
	ck_assert_int_eq(int_at(status, "endpointsUp"), 4);
	ck_assert_int_eq(int_at(status, "endpointsDown"), 1);
	ck_assert_int_eq(int_at(status, "endpointsUnresolved"), 1);
	ck_assert_int_eq(int_at(status, "changesTotal"), 4);
	ck_assert_int_eq(int_at(status, "changesKept"), 1);
	ck_assert_int_eq(int_at(status, "changesInForce"), 2);
	ck_assert_int_eq(int_at(status, "changesAdvised"), 1);
	ck_assert_int_eq(int_at(status, "tunablesForeign"), 1);
	ck_assert_int_eq(int_at(json_get(status, "running"), "changeId"), 3);
	ck_assert_int_eq(int_at(status, "flows"), 7);
	ck_assert_int_eq(int_at(json_get(status, "sweep"), "lastAgoUsec"), 1000000);
	ck_assert_ptr_null(json_get(status, "pausedForUsec"));
	ck_assert_ptr_null(json_get(json_at(json_get(status, "controllers"), 0), "idleReason"));
}
END_TEST

/* Each cause of ill health, alone. */
START_TEST(test_health)
{
	_cleanup_json_ Json *healthy = NULL, *no_tuning = NULL, *reload = NULL, *stale = NULL;

	fake.view.n_endpoints = 1; /* the one that is up */
	healthy = call_root(INTERFACE_GET_STATUS, NULL);
	ck_assert_str_eq(parameter_of(healthy, "health"), "ok");
	fake.view.tuning_possible = false;
	no_tuning = call_root(INTERFACE_GET_STATUS, NULL);
	ck_assert_str_eq(parameter_of(no_tuning, "health"), "degraded");
	fake.view.tuning_possible = true;
	fake.view.last_reload_error = "bad";
	reload = call_root(INTERFACE_GET_STATUS, NULL);
	ck_assert_str_eq(parameter_of(reload, "health"), "degraded");
	ck_assert_str_eq(parameter_of(reload, "lastReloadError"), "bad");
	fake.view.last_reload_error = "";
	fake.now_ns = fake.view.sweep_last_ns + 17 * NSEC_PER_SEC;
	stale = call_root(INTERFACE_GET_STATUS, NULL);
	ck_assert_str_eq(parameter_of(stale, "health"), "degraded");
}
END_TEST

START_TEST(test_paused)
{
	_cleanup_json_ Json *timed = NULL, *open_ended = NULL;

	fake.engine.paused_until_ns = fake.now_ns + 90 * NSEC_PER_SEC;
	timed = call_root(INTERFACE_GET_STATUS, NULL);
	ck_assert(json_bool(json_get(json_get(timed, "parameters"), "paused"), false));
	ck_assert_int_eq(int_at(json_get(timed, "parameters"), "pausedForUsec"), 90000000);
	fake.engine.paused_until_ns = UINT64_MAX;
	open_ended = call_root(INTERFACE_GET_STATUS, NULL);
	ck_assert(json_bool(json_get(json_get(open_ended, "parameters"), "paused"), false));
	ck_assert_ptr_null(json_get(json_get(open_ended, "parameters"), "pausedForUsec"));
}
END_TEST

static const Json *tunable_at(const Json *reply, TunableId id)
{
	return json_at(json_get(json_get(reply, "parameters"), "tunables"), id);
}

START_TEST(test_tunables)
{
	_cleanup_json_ Json *reply = call_root(INTERFACE_LIST_TUNABLES, NULL);
	const Json *ours = tunable_at(reply, TUNABLE_TCP_RMEM);
	const Json *foreign = tunable_at(reply, TUNABLE_TCP_CONGESTION_CONTROL);
	const Json *absent = tunable_at(reply, TUNABLE_TCP_FASTOPEN);

	ck_assert_str_eq(json_string(json_get(ours, "owner")), "netopt");
	ck_assert_str_eq(json_string(json_get(ours, "original")), "4096 131072 6291456");
	ck_assert_str_eq(json_string(json_get(ours, "ours")), "4096 131072 12582912");
	ck_assert_int_eq(int_at(ours, "changeId"), 1);
	ck_assert_str_eq(json_string(json_get(foreign, "owner")), "foreign");
	ck_assert_str_eq(json_string(json_get(foreign, "current")), "reno");
	ck_assert_ptr_null(json_get(foreign, "ours"));
	ck_assert(!json_bool(json_get(absent, "present"), true));
	ck_assert_ptr_null(json_get(absent, "current"));
}
END_TEST

START_TEST(test_changes)
{
	_cleanup_json_ Json *reply = call_root(INTERFACE_LIST_CHANGES, NULL);
	const Json *changes = json_get(json_get(reply, "parameters"), "changes");
	const Json *restored = json_at(changes, 2), *kept = json_at(changes, 3);
	const Json *trial = json_get(restored, "trial");

	ck_assert_uint_eq(json_length(changes), 4);
	ck_assert_int_eq(int_at(json_at(changes, 0), "id"), 4); /* newest first */
	ck_assert_int_eq(int_at(trial, "pairs"), 2);
	ck_assert_int_eq(int_at(json_get(restored, "trial"), "gainPermille"), -139);
	ck_assert_int_eq(json_int(json_at(json_get(trial, "differencesMilliLog"), 1), 0), -200);
	ck_assert_int_eq(int_at(json_get(kept, "trial"), "gainPermille"), 880);
	ck_assert_ptr_null(json_get(json_get(kept, "trial"), "logEBenefitMilli"));
	ck_assert_ptr_null(json_get(json_get(kept, "trial"), "beforeRetransPpm"));
	ck_assert_int_eq(int_at(kept, "proposedRealtimeUsec"), 1749999400000000);
	ck_assert_ptr_null(json_get(json_at(changes, 0), "decidedRealtimeUsec"));
	ck_assert_str_eq(json_string(json_get(json_at(json_get(kept, "tunables"), 0), "new")),
			 "4096 131072 12582912");
}
END_TEST

/* What is no finite number is unknown, and never a huge integer. */
START_TEST(test_change_not_finite)
{
	Change change = fake.engine.changes[2];
	_cleanup_json_ Json *json = NULL;

	change.trial.effect = INFINITY;
	change.trial.effect_low = NAN;
	change.trial.log_e_harm = -INFINITY;
	change.trial.differences[0] = NAN;
	json = view_change(&change, 0);
	ck_assert_ptr_null(json_get(json_get(json, "trial"), "gainPermille"));
	ck_assert_ptr_null(json_get(json_get(json, "trial"), "gainLowPermille"));
	ck_assert_ptr_null(json_get(json_get(json, "trial"), "logEHarmMilli"));
	ck_assert_ptr_null(json_at(json_get(json_get(json, "trial"), "differencesMilliLog"), 0));
}
END_TEST

START_TEST(test_explain)
{
	static const char *const expected[] = {
		"Change 1 by buffers: kept, in force\n",
		"proposed  2025-06-15 14:56:40 UTC\n",
		"decided   2025-06-15 15:00:00 UTC, after 3 min 20 s\n",
		"path      198.51.100.7\n",
		"net.ipv4.tcp_rmem: 4096 131072 6291456 -> 4096 131072 12582912\n",
		"the buffers held the path back\n",
		"minRttUsec                   100000 (100 ms)\n",
		"windows                      3\n",
		"2 x 100 Mbit/s x 100 ms = 2.5 MB\n",
		"before  goodput 50.0 Mbit/s, srtt p90 -, retransmitted -, over 3 connections\n",
		"gain    +88.0 %\n",
		"kept: goodput rose by 88 %\n",
	};
	_cleanup_json_ Json *reply = call_root(INTERFACE_EXPLAIN, "{\"id\":1}");
	const char *text = parameter_of(reply, "text");

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		ck_assert_msg(strstr(text, expected[i]) != NULL, "no \"%s\" in:\n%s", expected[i],
			      text);
	ck_assert_int_eq(int_at(json_get(json_get(reply, "parameters"), "change"), "id"), 1);
}
END_TEST

START_TEST(test_explain_switchback)
{
	_cleanup_json_ Json *decided = call_root(INTERFACE_EXPLAIN, "{\"id\":2}");
	_cleanup_json_ Json *running = call_root(INTERFACE_EXPLAIN, "{\"id\":3}");
	_cleanup_json_ Json *advised = call_root(INTERFACE_EXPLAIN, "{\"id\":4}");

	ck_assert_ptr_nonnull(strstr(parameter_of(decided, "text"), "  -0.100 -0.200\n"));
	ck_assert_ptr_nonnull(strstr(parameter_of(decided, "text"),
				     "effect  -0.150, 95 % between -0.200 and -0.100\n"));
	ck_assert_ptr_nonnull(strstr(parameter_of(running, "text"), "being tried, in force\n"));
	ck_assert_ptr_nonnull(strstr(parameter_of(running, "text"), "phase   pair 1 of at most"));
	ck_assert_ptr_nonnull(strstr(parameter_of(advised, "text"), "advised, not written\n"));
}
END_TEST

static void add_loops(Suite *suite)
{
	TCase *loops = tcase_create("loops");

	tcase_add_checked_fixture(loops, setup, teardown);
	tcase_add_loop_test(loops, test_shapes, 0, (int)ARRAY_SIZE(calls));
	tcase_add_loop_test(loops, test_invalid_parameter, 0, (int)ARRAY_SIZE(bad));
	suite_add_tcase(suite, loops);
}

/* Clears in the test what others clear in teardown. */
static void add_empty(Suite *suite)
{
	TCase *empty = tcase_create("empty");

	tcase_add_checked_fixture(empty, setup, NULL);
	tcase_add_loop_test(empty, test_shapes_empty, 0, (int)ARRAY_SIZE(calls));
	suite_add_tcase(suite, empty);
}

static void add_rest(Suite *suite)
{
	TTest const *const tests[] = {test_service,        test_method_not_found,
				      test_permission,     test_permission_before_parameters,
				      test_changing_verbs, test_failures,
				      test_status,         test_health,
				      test_paused,         test_tunables,
				      test_changes,        test_change_not_finite,
				      test_explain,        test_explain_switchback};
	TCase *rest = tcase_create("methods");

	tcase_add_checked_fixture(rest, setup, teardown);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(rest, tests[i]);
	suite_add_tcase(suite, rest);
}

HARNESS_MAIN("methods", add_loops(suite); add_empty(suite); add_rest(suite);)
