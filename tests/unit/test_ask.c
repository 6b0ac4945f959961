/* SPDX-License-Identifier: MIT */
/*
 * The methods that answer questions, against a daemon made by hand: what Explain says of each kind
 * of thing, what Advise and Verify tell, and what an operator's verbs hand on.
 */
#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "tests/unit/method_call.h"

static const MethodCaller nobody = {.uid = 1000, .pid = 2, .may_change = false};

#define says(reply, part)                                                                          \
	ck_assert_msg(strstr(parameter_of(reply, "text"), part), "no \"%s\" in:\n%s", part,        \
		      parameter_of(reply, "text"))

/* --- Explain --- */

START_TEST(test_endpoint)
{
	_cleanup_json_ Json *reply = call_as(&nobody, INTERFACE_EXPLAIN, "{\"endpoint\":\"site\"}");
	_cleanup_json_ Json *web = call_as(&nobody, INTERFACE_EXPLAIN, "{\"endpoint\":\"web\"}");
	_cleanup_json_ Json *lost = call_as(&nobody, INTERFACE_EXPLAIN, "{\"endpoint\":\"lost\"}");
	_cleanup_json_ Json *none = call_as(&nobody, INTERFACE_EXPLAIN, "{\"endpoint\":\"x\"}");

	check_shape(interface_idl, INTERFACE_EXPLAIN, reply);
	ck_assert_ptr_null(json_get(json_get(reply, "parameters"), "change"));
	says(reply, "Endpoint site (https://site.example/): up\n");
	says(reply, "\nBy 2001:db8::3\n");
	says(reply, "mostly propagation:\n");
	says(reply, "  server ");
	says(reply, "the server thinks");
	says(reply, "1 of 31 probes since the start");
	says(reply, "1 syn-retransmit\n");
	says(reply, "one SYN was lost");
	says(reply, "there is nothing to tune");
	says(reply, "target         p50 50.0 ms: ");
	says(web, "target         p99 50.0 ms: ");
	says(lost, "target         none\n");
	says(web, "1 timeout\n");
	says(lost, "no such name");
	says(lost, "It has no address now");
	ck_assert_str_eq(error_of(none), INTERFACE_ERROR_NO_SUCH_ENDPOINT);
	check_error_shape(none);
}
END_TEST

START_TEST(test_path)
{
	_cleanup_json_ Json *reply =
		call_as(&nobody, INTERFACE_EXPLAIN, "{\"path\":\"198.51.100.7\"}");
	_cleanup_json_ Json *same =
		call_as(&nobody, INTERFACE_EXPLAIN, "{\"path\":\"198.51.100.7/32\"}");

	check_shape(interface_idl, INTERFACE_EXPLAIN, reply);
	says(reply, "Path 198.51.100.7: 2 connections, congestion control cubic\n");
	says(reply, "104 ms now: 100 ms of it distance and equipment (the floor), 4.00 ms queues");
	says(reply, "congctl bbr, a copy of: via 192.0.2.254 dev eth0, since 1 min 30 s");
	says(reply, "change 1       buffers: kept, in force, +88.0 %; net.ipv4.tcp_rmem");
	says(reply, "buffers        the send buffer was full in 3 %");
	says(reply, "congestion     it would act: loss without a queue");
	says(reply, "Not tried for a while\n  congestion     net.ipv4.tcp_congestion_control bbr "
		    "because of 198.51.100.7: a verdict or the operator was against it; for "
		    "another 7 d");
	says(reply, "was worth keeping, +22.1 % over 12 pairs, 1 h ago");
	ck_assert_str_eq(parameter_of(same, "text"), parameter_of(reply, "text"));
}
END_TEST

START_TEST(test_no_path)
{
	static const char *const wrong[] = {
		"{\"path\":\"203.0.113.77\"}",
		"{\"path\":\"198.51.100.0/24\"}",
		"{\"path\":\"198.51.100.7/129\"}",
		"{\"path\":\"198.51.100.7/\"}",
		"{\"path\":\"here\"}",
		"{\"path\":\"\"}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		_cleanup_json_ Json *reply = call_root(INTERFACE_EXPLAIN, wrong[i]);

		ck_assert_str_eq(error_of(reply), INTERFACE_ERROR_NO_SUCH_PATH);
		check_error_shape(reply);
	}
}
END_TEST

START_TEST(test_tunable)
{
	_cleanup_json_ Json *ours =
		call_as(&nobody, INTERFACE_EXPLAIN, "{\"tunable\":\"net.ipv4.tcp_rmem\"}");
	_cleanup_json_ Json *set =
		call_as(&nobody, INTERFACE_EXPLAIN, "{\"tunable\":\"net.ipv4.tcp_wmem\"}");
	_cleanup_json_ Json *foreign = call_as(&nobody, INTERFACE_EXPLAIN,
					       "{\"tunable\":\"net.ipv4.tcp_congestion_control\"}");
	_cleanup_json_ Json *absent =
		call_as(&nobody, INTERFACE_EXPLAIN, "{\"tunable\":\"net.ipv4.tcp_fastopen\"}");
	_cleanup_json_ Json *metric =
		call_as(&nobody, INTERFACE_EXPLAIN, "{\"tunable\":\"route.congctl\"}");
	_cleanup_json_ Json *list =
		call_as(&nobody, INTERFACE_EXPLAIN,
			"{\"tunable\":\"net.ipv4.tcp_allowed_congestion_control\"}");
	_cleanup_json_ Json *none =
		call_as(&nobody, INTERFACE_EXPLAIN, "{\"tunable\":\"kernel.panic\"}");

	check_shape(interface_idl, INTERFACE_EXPLAIN, ours);
	says(ours, "now            4096 131072 12582912\n");
	says(ours, "original       4096 131072 6291456\n");
	says(ours, "kernel default 4096 131072 6291456\n");
	says(ours, "owner          netopt, by change 1, 1 s ago\n");
	says(ours, "change 1       buffers: kept, in force");
	says(set, "owner          the host: as it was found\n");
	says(set,
	     "set in         /etc/sysctl.d/10-net.conf: not changed without OverrideSysctl=yes");
	says(set, "What was done\n  nothing\n");
	says(foreign, "somebody else, who changed it 1 s ago");
	says(foreign, "Not tried for a while");
	says(absent, "absent: this kernel");
	says(metric, "unset: that of net.ipv4.tcp_congestion_control");
	says(list, "none changes it by itself");
	ck_assert_str_eq(error_of(none), INTERFACE_ERROR_NO_SUCH_TUNABLE);
	check_error_shape(none);
}
END_TEST

START_TEST(test_held_change)
{
	_cleanup_json_ Json *reply = NULL, *list = NULL, *tunable = NULL, *status = NULL;

	fake.engine.changes[3].held_until_ns = fake.now_ns + 3600 * NSEC_PER_SEC;
	fake.engine.changes[3].by_operator = true;
	fake.engine.changes[2].held_until_ns = UINT64_MAX;
	reply = call_root(INTERFACE_EXPLAIN, "{\"id\":1}");
	check_shape(interface_idl, INTERFACE_EXPLAIN, reply);
	says(reply, "Held\n  by an operator");
	says(reply, "for another 1 h\n");
	says(reply, "Asked for\n  by an operator");
	list = call_root(INTERFACE_LIST_CHANGES, NULL);
	ck_assert(json_bool(json_get(element(list, "changes", 3), "held"), false));
	ck_assert_int_eq(int_at(element(list, "changes", 3), "heldUsec"), INT64_C(3600000000));
	ck_assert(json_bool(json_get(element(list, "changes", 2), "held"), false));
	ck_assert_ptr_null(json_get(element(list, "changes", 2), "heldUsec"));
	ck_assert(!json_bool(json_get(element(list, "changes", 1), "held"), true));
	tunable = call_root(INTERFACE_EXPLAIN, "{\"tunable\":\"net.ipv4.tcp_rmem\"}");
	says(tunable, "held for another 1 h");
	status = call_root(INTERFACE_GET_STATUS, NULL);
	ck_assert_int_eq(int_at(json_get(status, "parameters"), "changesHeld"), 2);
}
END_TEST

START_TEST(test_exactly_one)
{
	static const struct {
		const char *parameters, *wrong;
	} rows[] = {
		{"{\"id\":1,\"path\":\"192.0.2.1\"}", "path"},
		{"{\"endpoint\":\"web\",\"tunable\":\"x\"}", "tunable"},
		{"{\"id\":null}", "id"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ Json *reply = call_root(INTERFACE_EXPLAIN, rows[i].parameters);

		ck_assert_str_eq(error_of(reply), INTERFACE_ERROR_INVALID_PARAMETER);
		ck_assert_str_eq(parameter_of(reply, "parameter"), rows[i].wrong);
	}
}
END_TEST

/* --- Advise --- */

START_TEST(test_advise)
{
	_cleanup_json_ Json *reply = call_as(&nobody, INTERFACE_ADVISE, NULL);
	const Json *advice = element(reply, "advices", 0), *obstacle;

	check_shape(interface_idl, INTERFACE_ADVISE, reply);
	ck_assert_uint_eq(length_of(reply, "advices"), 2);
	ck_assert_int_eq(int_at(advice, "id"), 5);
	ck_assert_str_eq(string_at(advice, "controller"), "buffers");
	ck_assert_str_eq(string_at(advice, "trial"), "mechanical");
	ck_assert_uint_eq(json_length(json_get(advice, "evidence")), 2);
	obstacle = json_at(json_get(advice, "obstacles"), 0);
	ck_assert_str_eq(string_at(obstacle, "kind"), "mode");
	ck_assert_int_eq(int_at(obstacle, "endsUsec"), 5000000);
	ck_assert_uint_eq(json_length(json_get(element(reply, "advices", 1), "obstacles")), 0);
	/* Who has advice has no reason for having none. */
	ck_assert_ptr_null(json_get(element(reply, "controllers", 0), "idleReason"));
	ck_assert_str_eq(string_at(element(reply, "controllers", 1), "idleReason"),
			 "it would act: loss without a queue");
}
END_TEST

START_TEST(test_advise_dry_run)
{
	_cleanup_json_ Json *dry = NULL, *impossible = NULL, *failed = NULL;

	fake.view.dry_run = true;
	dry = call_root(INTERFACE_ADVISE, NULL);
	ck_assert_str_eq(
		string_at(json_at(json_get(element(dry, "advices", 1), "obstacles"), 0), "kind"),
		"permission");
	fake.view.dry_run = false;
	fake.view.tuning_possible = false;
	fake.view.tuning_reason = "no state directory";
	impossible = call_root(INTERFACE_ADVISE, NULL);
	check_shape(interface_idl, INTERFACE_ADVISE, impossible);
	ck_assert_str_eq(
		string_at(json_at(json_get(element(impossible, "advices", 1), "obstacles"), 0),
			  "text"),
		"no state directory");
	fake.status = -ENOMEM;
	failed = call_root(INTERFACE_ADVISE, NULL);
	ck_assert_str_eq(error_of(failed), INTERFACE_ERROR_FAILED);
}
END_TEST

/* --- Verify --- */

START_TEST(test_verify)
{
	_cleanup_json_ Json *equal = call_as(&nobody, INTERFACE_VERIFY, NULL), *other = NULL;
	Verification *verification = &fake.verification;

	check_shape(interface_idl, INTERFACE_VERIFY, equal);
	ck_assert(json_bool(json_get(json_get(equal, "parameters"), "equal"), false));
	ck_assert_str_eq(parameter_of(equal, "defaultQdisc"), "fq");
	verification->differences[0] = (Difference){
		.kind = VERIFY_ROUTE, .subject = "192.0.2.1", .believed = "a", .live = "b"};
	verification->n_differences = 1;
	verification->more_differences = 3;
	verification->uses[0] = (LiveUse){.destination = fake.paths.paths[0]->address,
					  .congestion = "bbr",
					  .connections = 5,
					  .following = 3,
					  .older = 2};
	verification->uses[1] = (LiveUse){.congestion = "bbr"};
	verification->n_uses = 2;
	verification->queues[0] = (LiveQueue){.link = "eth0", .qdisc = "fq_codel"};
	verification->queues[1] = (LiveQueue){.link = "eth1"};
	verification->n_queues = 2;
	other = call_as(&nobody, INTERFACE_VERIFY, NULL);
	check_shape(interface_idl, INTERFACE_VERIFY, other);
	ck_assert(!json_bool(json_get(json_get(other, "parameters"), "equal"), true));
	ck_assert_int_eq(int_at(json_get(other, "parameters"), "differencesTotal"), 4);
	ck_assert_str_eq(string_at(element(other, "differences", 0), "kind"), "route");
	ck_assert_int_eq(int_at(element(other, "destinations", 0), "older"), 2);
	ck_assert_ptr_null(json_get(element(other, "destinations", 1), "destination"));
	ck_assert_ptr_null(json_get(element(other, "queues", 1), "qdisc"));
}
END_TEST

/* More differences than there is room for are not "equal". */
START_TEST(test_verify_overflow)
{
	_cleanup_json_ Json *reply = NULL, *failed = NULL;

	fake.verification.more_differences = 1;
	reply = call_root(INTERFACE_VERIFY, NULL);
	ck_assert(!json_bool(json_get(json_get(reply, "parameters"), "equal"), true));
	fake.status = -EIO;
	failed = call_root(INTERFACE_VERIFY, NULL);
	ck_assert_str_eq(error_of(failed), INTERFACE_ERROR_FAILED);
}
END_TEST

/* --- the operator --- */

START_TEST(test_apply)
{
	_cleanup_json_ Json *denied = call_as(&nobody, INTERFACE_APPLY, "{\"id\":5}");
	_cleanup_json_ Json *done = call_root(INTERFACE_APPLY, "{\"id\":5}");
	_cleanup_json_ Json *unknown = call_root(INTERFACE_APPLY, "{\"id\":77}");
	static const struct {
		int status;
		const char *error;
	} rows[] = {
		{-EBUSY, INTERFACE_ERROR_TRIAL_BUSY},
		{-EPERM, INTERFACE_ERROR_TRIAL_NOT_ALLOWED},
		{-ESTALE, INTERFACE_ERROR_TRIAL_NOT_ALLOWED},
		{-EIO, INTERFACE_ERROR_FAILED},
	};

	ck_assert_str_eq(error_of(denied), INTERFACE_ERROR_PERMISSION_DENIED);
	check_shape(interface_idl, INTERFACE_APPLY, done);
	ck_assert_uint_eq(fake.applies, 2);
	ck_assert_str_eq(error_of(unknown), INTERFACE_ERROR_NO_SUCH_CHANGE);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ Json *reply = NULL;

		fake.status = rows[i].status;
		reply = call_root(INTERFACE_APPLY, "{\"id\":5}");
		ck_assert_str_eq(error_of(reply), rows[i].error);
		ck_assert_str_eq(parameter_of(reply, "message"), "done as asked");
		check_error_shape(reply);
	}
	ck_assert_uint_eq(fake.applied_id, 5);
}
END_TEST

START_TEST(test_hold)
{
	_cleanup_json_ Json *denied = call_as(&nobody, INTERFACE_HOLD, "{\"id\":1}");
	_cleanup_json_ Json *ever = call_root(INTERFACE_HOLD, "{\"id\":1}");
	_cleanup_json_ Json *some = NULL, *ended = NULL, *unknown = NULL, *busy = NULL;

	ck_assert_str_eq(error_of(denied), INTERFACE_ERROR_PERMISSION_DENIED);
	check_shape(interface_idl, INTERFACE_HOLD, ever);
	ck_assert_uint_eq(fake.held_ns, UINT64_MAX);
	some = call_root(INTERFACE_HOLD, "{\"id\":2,\"durationUsec\":7}");
	check_shape(interface_idl, INTERFACE_HOLD, some);
	ck_assert_uint_eq(fake.held_id, 2);
	ck_assert_uint_eq(fake.held_ns, 7000);
	ended = call_root(INTERFACE_HOLD, "{\"id\":2,\"durationUsec\":0}");
	check_shape(interface_idl, INTERFACE_HOLD, ended);
	ck_assert_uint_eq(fake.held_ns, 0);
	unknown = call_root(INTERFACE_HOLD, "{\"id\":77}");
	ck_assert_str_eq(error_of(unknown), INTERFACE_ERROR_NO_SUCH_CHANGE);
	fake.status = -EBUSY;
	busy = call_root(INTERFACE_HOLD, "{\"id\":3}");
	ck_assert_str_eq(error_of(busy), INTERFACE_ERROR_TRIAL_BUSY);
	check_error_shape(busy);
}
END_TEST

START_TEST(test_log_level)
{
	_cleanup_json_ Json *denied =
		call_as(&nobody, INTERFACE_SET_LOG_LEVEL, "{\"level\":\"debug\"}");
	_cleanup_json_ Json *wrong = call_root(INTERFACE_SET_LOG_LEVEL, "{\"level\":\"loud\"}");
	_cleanup_json_ Json *set = NULL, *shown = NULL;

	ck_assert_str_eq(error_of(denied), INTERFACE_ERROR_PERMISSION_DENIED);
	ck_assert_str_eq(error_of(wrong), INTERFACE_ERROR_INVALID_PARAMETER);
	ck_assert_str_eq(parameter_of(wrong, "parameter"), "level");
	ck_assert_int_eq(fake.log_level, -1);
	set = call_root(INTERFACE_SET_LOG_LEVEL, "{\"level\":\"warning\"}");
	check_shape(interface_idl, INTERFACE_SET_LOG_LEVEL, set);
	ck_assert_int_eq(fake.log_level, LOG_WARNING);
	shown = call_as(&nobody, INTERFACE_GET_LOG_LEVEL, NULL);
	check_shape(interface_idl, INTERFACE_GET_LOG_LEVEL, shown);
}
END_TEST

HARNESS_MAIN("ask", HARNESS_FIXTURE(suite, "explain", setup, teardown, test_endpoint, test_path,
				    test_no_path, test_tunable, test_held_change, test_exactly_one);
	     HARNESS_FIXTURE(suite, "advise", setup, teardown, test_advise, test_advise_dry_run);
	     HARNESS_FIXTURE(suite, "verify", setup, teardown, test_verify, test_verify_overflow);
	     HARNESS_FIXTURE(suite, "operator", setup, teardown, test_apply, test_hold,
			     test_log_level);)
