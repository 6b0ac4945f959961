/* SPDX-License-Identifier: MIT */
/*
 * The engine with several destinations, each with a route of its own: which trials run beside each
 * other, what becomes of what was kept, and what is remembered of it.
 */
#include "tests/unit/lanes_bench.h"

/* --- who runs beside whom --- */

START_TEST(test_two_links)
{
	lossy(&lanes[0], 10);
	lossy(&lanes[1], 10);
	run(900);
	ck_assert_uint_eq(most_trials, 2);
	ck_assert_str_eq(congestion_of(&lanes[0]), "bbr");
	ck_assert_str_eq(congestion_of(&lanes[1]), "bbr");
	ck_assert_str_eq(host.congestion, "cubic");
	/* With more than one under test, one of them must be more convincing. */
	ck_assert(change(1)->trial.e_keep > 40 || change(2)->trial.e_keep > 40);
}
END_TEST

START_TEST(test_one_link)
{
	lossy(&lanes[0], 10);
	lossy(&lanes[1], 10);
	lanes[1].link = lanes[0].link;
	run(1500);
	ck_assert_uint_eq(most_trials, 1);
	ck_assert_str_eq(congestion_of(&lanes[0]), "bbr");
	ck_assert_str_eq(congestion_of(&lanes[1]), "bbr");
}
END_TEST

START_TEST(test_no_more_than_two)
{
	for (size_t i = 0; i < LANES; i++)
		lossy(&lanes[i], 10);
	run(1500);
	ck_assert_uint_eq(most_trials, 2);
	for (size_t i = 0; i < LANES; i++)
		ck_assert_str_eq(congestion_of(&lanes[i]), "bbr");
}
END_TEST

START_TEST(test_abort_ends_all)
{
	lossy(&lanes[0], 10);
	lossy(&lanes[1], 10);
	run(130);
	ck_assert_uint_eq(most_trials, 2);
	while (engine_abort(engine, "stop", host.now_ns, 1, &action))
		execute(&action);
	ck_assert_ptr_null(engine_running(engine));
	ck_assert_str_eq(congestion_of(&lanes[0]), "");
	ck_assert_str_eq(congestion_of(&lanes[1]), "");
}
END_TEST

START_TEST(test_budget)
{
	config.exploration_permille = 1; /* 86 s */
	engine_set_config(engine, &config);
	lossy(&lanes[0], 1.02);
	run_to_report(200);
	run_to_report(900);
	ck_assert_int_eq(change(1)->verdict, VERDICT_INCONCLUSIVE);
	ck_assert(strstr(change(1)->reason, "budget"));
	ck_assert_str_eq(congestion_of(&lanes[0]), "");
}
END_TEST

/* --- what becomes of it --- */

START_TEST(test_confirmed)
{
	keep_one();
	sleep_for(6 * HOUR);
	run_to_report(200);
	ck_assert_uint_eq(change(2)->retest_of, 1);
	run_to_report(2400);
	ck_assert_int_eq(change(2)->verdict, VERDICT_KEPT);
	ck_assert(!change(2)->in_force);
	ck_assert(change(1)->in_force);
	ck_assert_uint_eq(change(1)->retests, 1);
	ck_assert_str_eq(congestion_of(&lanes[0]), "bbr");
	for (unsigned i = 2; i < 4 && change(1)->provisional; i++) {
		sleep_for(6 * HOUR);
		run(1500);
	}
	ck_assert(!change(1)->provisional);
	ck_assert(change(1)->retest_ns > host.now_ns + 6 * NSEC_PER_DAY);
}
END_TEST

START_TEST(test_vanished)
{
	keep_one();
	lanes[0].gain = 1;
	sleep_for(6 * HOUR);
	run_to_report(200);
	run_to_report(4000);
	ck_assert_int_eq(change(2)->verdict, VERDICT_RESTORED);
	ck_assert(!change(1)->in_force);
	ck_assert_int_eq(change(1)->verdict, VERDICT_RESTORED);
	ck_assert(strstr(change(1)->reason, "re-test"));
	ck_assert_str_eq(congestion_of(&lanes[0]), "");
}
END_TEST

START_TEST(test_late_harm)
{
	keep_one();
	lanes[0].loss = 0.08;
	run_to_report(200);
	ck_assert_str_eq(events, "1:trial-started 1:kept 1:restored");
	ck_assert(strstr(change(1)->reason, "guardrail"));
	ck_assert_str_eq(congestion_of(&lanes[0]), "");
}
END_TEST

START_TEST(test_silence)
{
	keep_one();
	lanes[0].bps = 0;
	sleep_for(25 * HOUR);
	run(1);
	ck_assert(!change(1)->in_force);
	ck_assert_str_eq(congestion_of(&lanes[0]), "");
}
END_TEST

START_TEST(test_route_lost)
{
	Address address = fake_address(lanes[0].address);

	keep_one();
	fake_host_metric(&host, lanes[0].address, TUNABLE_ROUTE_CONGCTL, NULL);
	engine_route_lost(engine, &address, "the gateway changed", host.now_ns, 1);
	ck_assert(!change(1)->in_force);
	ck_assert_str_eq(change(1)->reason, "the gateway changed");
}
END_TEST

START_TEST(test_route_lost_in_trial)
{
	Address address = fake_address(lanes[0].address);

	lossy(&lanes[0], 10);
	run_to_report(200);
	run(25);
	engine_route_lost(engine, &address, "the gateway changed", host.now_ns, 1);
	ck_assert_int_eq(change(1)->verdict, VERDICT_INCONCLUSIVE);
	ck_assert_ptr_null(engine_running(engine));
	run(2);
	ck_assert_str_eq(congestion_of(&lanes[0]), "");
}
END_TEST

START_TEST(test_revert_one)
{
	lossy(&lanes[0], 10);
	lossy(&lanes[1], 10);
	run(900);
	ck_assert_int_eq(engine_revert(engine, 1, host.now_ns, 1, &action), 0);
	ck_assert_uint_eq(action.n_changes, 1);
	execute(&action);
	ck_assert_uint_eq(!*congestion_of(&lanes[0]) + !*congestion_of(&lanes[1]), 1);
}
END_TEST

/* --- nothing against nothing --- */

START_TEST(test_aa)
{
	Address address = fake_address(lanes[0].address), unknown = fake_address("10.1.1.1");
	char reason[256] = "";

	ck_assert_int_eq(engine_trial_aa(engine, &host.snapshot, &unknown, 10, &action, reason,
					 sizeof(reason)),
			 -ENOENT);
	ck_assert(*reason);
	lanes[0].bps = 50 * MBIT;
	lanes[0].loss = 0;
	run(30);
	ck_assert_int_eq(engine_trial_aa(engine, &host.snapshot, &address, 10, &action, reason,
					 sizeof(reason)),
			 0);
	execute(&action);
	ck_assert_int_eq(engine_trial_aa(engine, &host.snapshot, &address, 10, &action, reason,
					 sizeof(reason)),
			 -EBUSY);
	ck_assert_str_eq(change(1)->controller, "aa");
	run_to_report(2000);
	ck_assert_uint_eq(change(1)->trial.n_pairs, 10);
	ck_assert_int_eq(change(1)->verdict, VERDICT_RESTORED);
	ck_assert_int_eq(
		route_of(&lanes[0]).metrics[TUNABLE_ROUTE_INITCWND - _TUNABLE_SYSCTLS].numbers[0],
		0);
	config.mode = POLICY_OBSERVE;
	engine_set_config(engine, &config);
	ck_assert_int_eq(engine_trial_aa(engine, &host.snapshot, &address, 10, &action, reason,
					 sizeof(reason)),
			 -EPERM);
}
END_TEST

/* --- our own probes first --- */

static void probe_first(void)
{
	lossy(&lanes[0], 10);
	run(30);
	for (size_t i = 0; i < host.n_routes; i++)
		host.routes[i].route.probed = true;
	run_to_report(200);
	ck_assert_str_eq(events, "1:trial-started");
	ck_assert_str_eq(congestion_of(&lanes[0]), "");
	run(5);
	ck_assert_str_eq(congestion_of(&lanes[0]), "");
}

START_TEST(test_shadow_harm)
{
	probe_first();
	engine_shadow_result(engine, 1, "they fail", host.now_ns, 1, &action);
	ck_assert_int_eq(action.kind, ENGINE_RESTORE);
	execute(&action);
	ck_assert_int_eq(change(1)->verdict, VERDICT_RESTORED);
	ck_assert(strstr(change(1)->reason, "they fail"));
}
END_TEST

START_TEST(test_shadow_well)
{
	probe_first();
	engine_shadow_result(engine, 1, NULL, host.now_ns, 1, &action);
	ck_assert_int_eq(action.kind, ENGINE_NOTHING);
	run_to_report(900);
	ck_assert_int_eq(change(1)->verdict, VERDICT_KEPT);
}
END_TEST

START_TEST(test_shadow_silent)
{
	probe_first(); /* and no word ever comes */
	run_to_report(900);
	ck_assert_int_eq(change(1)->verdict, VERDICT_KEPT);
}
END_TEST

HARNESS_MAIN("engine_keep",
	     HARNESS_FIXTURE(suite, "domains", setup, teardown, test_two_links, test_one_link,
			     test_no_more_than_two, test_abort_ends_all, test_budget);
	     HARNESS_FIXTURE(suite, "kept", setup, teardown, test_confirmed, test_vanished,
			     test_late_harm, test_silence, test_route_lost,
			     test_route_lost_in_trial, test_revert_one);
	     HARNESS_FIXTURE(suite, "aa", setup, teardown, test_aa);
	     HARNESS_FIXTURE(suite, "shadow", setup, teardown, test_shadow_harm, test_shadow_well,
			     test_shadow_silent);)
