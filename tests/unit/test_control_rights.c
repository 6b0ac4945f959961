/* SPDX-License-Identifier: MIT */
/*
 * Every method asked by everybody: who may change things, and what is logged about it.
 */
#include "daemon/serve/peer.h"

#include <string.h>

#include "tests/unit/control_bench.h"
#include "tests/unit/harness.h"

/* Authorisation. */

static const struct {
	const char *call;
	bool changes;
} verbs[] = {
	{"{\"method\":\"" INTERFACE_GET_STATUS "\"}", false},
	{"{\"method\":\"" INTERFACE_LIST_ENDPOINTS "\"}", false},
	{"{\"method\":\"" INTERFACE_LIST_PATHS "\"}", false},
	{"{\"method\":\"" INTERFACE_LIST_TUNABLES "\"}", false},
	{"{\"method\":\"" INTERFACE_LIST_CHANGES "\"}", false},
	{"{\"method\":\"" INTERFACE_EXPLAIN "\",\"parameters\":{\"id\":1}}", false},
	{"{\"method\":\"" INTERFACE_LIST_ROUTES "\"}", false},
	{"{\"method\":\"" INTERFACE_START_TRIAL
	 "\",\"parameters\":{\"kind\":\"aa\",\"path\":\"192.0.2.1\"}}",
	 true},
	{"{\"method\":\"" INTERFACE_REVERT "\",\"parameters\":{\"id\":1}}", true},
	{"{\"method\":\"" INTERFACE_REVERT "\",\"parameters\":{\"all\":true}}", true},
	{"{\"method\":\"" INTERFACE_RELEASE "\",\"parameters\":{\"subject\":\"192.0.2.1\"}}", true},
	{"{\"method\":\"" INTERFACE_PAUSE "\"}", true},
	{"{\"method\":\"" INTERFACE_RESUME "\"}", true},
	{"{\"method\":\"" INTERFACE_ADVISE "\"}", false},
	{"{\"method\":\"" INTERFACE_VERIFY "\"}", false},
	{"{\"method\":\"" INTERFACE_GET_LOG_LEVEL "\"}", false},
	{"{\"method\":\"" INTERFACE_APPLY "\",\"parameters\":{\"id\":4}}", true},
	{"{\"method\":\"" INTERFACE_HOLD "\",\"parameters\":{\"id\":1}}", true},
	{"{\"method\":\"" INTERFACE_SET_LOG_LEVEL "\",\"parameters\":{\"level\":\"info\"}}", true},
	{"{\"method\":\"" INTERFACE_RELOAD "\"}", true},
};

static void check_rights(int fd, bool may_change)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		unsigned notices_before = bench.notices;
		Json *reply;
		const char *error;

		bench_say_call(fd, verbs[i].call);
		reply = bench_hear_one(fd);
		error = json_string(json_get(reply, "error"));
		if (verbs[i].changes && !may_change)
			ck_assert_str_eq(error, INTERFACE_ERROR_PERMISSION_DENIED);
		else
			ck_assert_msg(!error, "%s: %s", verbs[i].call, error);
		json_free(reply);
		ck_assert_uint_eq(bench.notices - notices_before, verbs[i].changes);
	}
	(void)close(fd);
}

START_TEST(test_authorisation)
{
	gid_t group;
	gid_t groups[] = {4, 0, 20};

	if (!bench_running_as_root() || peer_find_group("daemon", &group) < 0)
		HARNESS_SKIP("needs root and a group daemon");
	groups[1] = group;
	check_rights(bench_client_as(0, 0, NULL, 0), true);
	check_rights(bench_client_as(OTHER_UID, OTHER_GID, NULL, 0), false);
	ck_assert_ptr_nonnull(strstr(bench.last_notice, "permission denied to uid 1000 (pid "));
	ck_assert_ptr_nonnull(strstr(bench.last_notice, INTERFACE_RELOAD));
	check_rights(bench_client_as(OTHER_UID, group, NULL, 0), true);
	check_rights(bench_client_as(OTHER_UID, OTHER_GID, groups, ARRAY_SIZE(groups)), true);
	groups[1] = OTHER_GID;
	bench.fake.now_ns += 2 * NSEC_PER_MIN; /* a new interval of the log limit */
	check_rights(bench_client_as(OTHER_UID, OTHER_GID, groups, ARRAY_SIZE(groups)), false);
	bench.fake.now_ns += 2 * NSEC_PER_MIN;
	check_rights(bench_client_as(OTHER_UID, 0, NULL, 0),
		     false); /* the group of root is not root */
}
END_TEST

/* A descriptor passed on carries the rights of who connected. */
START_TEST(test_rights_are_of_who_connected)
{
	int theirs;

	if (!bench_running_as_root())
		HARNESS_SKIP("needs root");
	theirs = bench_client_as(OTHER_UID, OTHER_GID, NULL, 0);
	check_rights(theirs, false); /* though root is speaking through it now */
}
END_TEST

START_TEST(test_denials_are_rate_limited)
{
	int fd;

	if (!bench_running_as_root())
		HARNESS_SKIP("needs root");
	fd = bench_client_as(OTHER_UID, OTHER_GID, NULL, 0);
	for (unsigned i = 0; i < 500; i++) {
		bench_say_call(fd, "{\"method\":\"" INTERFACE_RESUME "\"}");
		json_free(bench_hear_one(fd));
	}
	ck_assert_uint_le(bench.notices, 10);
	bench.fake.now_ns += 2 * NSEC_PER_MIN;
	bench_say_call(fd, "{\"method\":\"" INTERFACE_RESUME "\"}");
	json_free(bench_hear_one(fd));
	ck_assert_ptr_nonnull(strstr(bench.last_notice, "(490 more like this)"));
	(void)close(fd);
}
END_TEST

START_TEST(test_group_missing)
{
	ControlParams params = bench_params();

	control_free(bench.control);
	params.group = "no-such-group-at-all";
	ck_assert_int_eq(control_new(&params, &bench.control), 0);
	if (bench_running_as_root())
		check_rights(bench_client_as(OTHER_UID, 1, NULL, 0), false);
	bench_check_served();
}
END_TEST

START_TEST(test_peer_may_change)
{
	gid_t groups[] = {5, 6};
	const Peer member = {.uid = 1, .gid = 2, .groups = groups, .n_groups = 2};
	const Peer super = {.uid = 0, .gid = 2};
	const Peer outsider = {.uid = 65534, .gid = 65534};

	ck_assert(peer_may_change(&super, false, 0));
	ck_assert(peer_may_change(&member, true, 2));
	ck_assert(peer_may_change(&member, true, 6));
	ck_assert(!peer_may_change(&member, true, 7));
	ck_assert(!peer_may_change(&member, false, 6));
	ck_assert(!peer_may_change(&outsider, true, 65534)); /* an id unknown to our namespace */
}
END_TEST

static void add_all(Suite *suite)
{
	TTest const *const tests[] = {test_authorisation, test_rights_are_of_who_connected,
				      test_denials_are_rate_limited, test_group_missing,
				      test_peer_may_change};
	TCase *all = tcase_create("control_rights");

	tcase_add_checked_fixture(all, bench_setup, bench_teardown);
	tcase_set_timeout(all, 60);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tcase_add_test(all, tests[i]);
	suite_add_tcase(suite, all);
}

HARNESS_MAIN("control_rights", add_all(suite);)
