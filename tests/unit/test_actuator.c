/* SPDX-License-Identifier: MIT */
/*
 * One interface for sysctls and routes: how a change is split, what is undone when a part of it
 * fails, and what going back means for each; over a registry and a table of routes on kernels made
 * by hand.
 */
#include "daemon/tune/actuator.h"

#include "tests/unit/registry_fixture.h"
#include "tests/unit/routes_fixture.h"

static Actuators actuators;

/* Freed by the process's end, as FIXTURE_CASE has one teardown for all. */
static void both(void)
{
	fixture_setup();
	set_up();
	actuators = (Actuators){.n = 0};
	actuators_add(&actuators, &actuator_sysctl, fixture.registry);
	actuators_add(&actuators, &actuator_route, routes);
}

static ActuatorChange on_route(const char *destination, TunableId id, const char *text)
{
	TunableChange change = change_of(id, text);
	return (ActuatorChange){id, change.value, address(destination)};
}

static ActuatorChange on_host(TunableId id, const char *text)
{
	return (ActuatorChange){id, fixture_change_of(id, text).value, {0}};
}

#define APPLY(changes)                                                                             \
	actuators_apply(&actuators, changes, ARRAY_SIZE(changes), 5, reason, sizeof(reason))
#define GO_BACK(changes)                                                                           \
	actuators_go_back(&actuators, changes, ARRAY_SIZE(changes), 5, reason, sizeof(reason))

START_TEST(test_each_kind_goes_to_its_own)
{
	ActuatorChange changes[] = {
		on_route(WANTED, TUNABLE_ROUTE_INITCWND, "20"),
		on_host(TUNABLE_TCP_RMEM, RMEM_NEW),
		on_route("198.51.100.30", TUNABLE_ROUTE_ECN, "1"),
		on_route(WANTED, TUNABLE_ROUTE_CONGCTL, "bbr"),
	};
	ck_assert_int_eq(APPLY(changes), 0);
	fixture_assert_value(RMEM, RMEM_NEW);
	ck_assert_uint_eq(OWN_OF(WANTED)->metrics[RTAX_INITCWND], 20);
	ck_assert_str_eq(OWN_OF(WANTED)->congctl, "bbr");
	ck_assert_ptr_nonnull(OWN_OF("198.51.100.30"));
	/* One message for each destination. */
	ck_assert_uint_eq(fib.calls[FAKE_SET], 2);
	ck_assert_uint_eq(fixture_state_of(TUNABLE_TCP_RMEM)->change_id, 5);
	ck_assert_int_eq(actuators_verify(&actuators), 0);
	ck_assert_int_eq(actuators_restore_all(&actuators), 0);
	fixture_assert_value(RMEM, RMEM_OLD);
	ck_assert_uint_eq(fake_routes_own(&fib), 0);
}
END_TEST

START_TEST(test_when_one_fails_none_is_done)
{
	ActuatorChange first[] = {on_route(WANTED, TUNABLE_ROUTE_INITCWND, "20"),
				  on_host(TUNABLE_TCP_WMEM, WMEM_NEW)};
	ck_assert_int_eq(APPLY(first), 0);
	ActuatorChange changes[] = {
		on_host(TUNABLE_TCP_RMEM, RMEM_NEW),
		on_host(TUNABLE_TCP_WMEM, "4096 16384 16777216"),
		on_route(WANTED, TUNABLE_ROUTE_INITCWND, "30"),
		on_route("192.0.2.2", TUNABLE_ROUTE_INITCWND, "30"), /* this host */
		on_route("198.51.100.30", TUNABLE_ROUTE_INITCWND, "30"),
	};
	ck_assert_int_eq(APPLY(changes), ACTUATOR_REFUSED);
	ck_assert_msg(strstr(reason, "this host"), "%s", reason);
	fixture_assert_value(RMEM, RMEM_OLD);
	fixture_assert_value(WMEM, WMEM_NEW); /* not the original, but what was before */
	ck_assert_uint_eq(fixture_state_of(TUNABLE_TCP_RMEM)->owner, OWNER_HOST);
	ck_assert_uint_eq(fixture_state_of(TUNABLE_TCP_WMEM)->owner, OWNER_NETOPT);
	ck_assert_uint_eq(OWN_OF(WANTED)->metrics[RTAX_INITCWND], 20);
	ck_assert_ptr_null(OWN_OF("198.51.100.30"));
	break_next(FAKE_SET, -ENOBUFS, false);
	ck_assert_int_eq(actuators_apply(&actuators, changes, 3, 5, NULL, 0), -ENOBUFS);
	fixture_assert_value(RMEM, RMEM_OLD);
	fake_sysctl_fail_key(fixture.fake, RMEM, EPERM, FAKE_SYSCTL_UNTOUCHED);
	ActuatorChange reversed[] = {changes[4], changes[0]};
	ck_assert_int_eq(APPLY(reversed), -EPERM);
	ck_assert_ptr_null(OWN_OF("198.51.100.30"));
}
END_TEST

START_TEST(test_going_back)
{
	ActuatorChange changes[] = {on_host(TUNABLE_TCP_RMEM, RMEM_NEW),
				    on_route(WANTED, TUNABLE_ROUTE_INITCWND, "30")};
	ActuatorChange earlier[] = {on_host(TUNABLE_TCP_RMEM, "4096 131072 8388608"),
				    on_route(WANTED, TUNABLE_ROUTE_INITCWND, "20")};
	ActuatorChange original[] = {on_host(TUNABLE_TCP_RMEM, RMEM_OLD),
				     on_route(WANTED, TUNABLE_ROUTE_INITCWND, NULL)};
	ck_assert_int_eq(APPLY(changes), 0);
	/* Another value is written, and stays ours; the original ends it. */
	ck_assert_int_eq(GO_BACK(earlier), 0);
	fixture_assert_value(RMEM, "4096 131072 8388608");
	ck_assert_uint_eq(OWN_OF(WANTED)->metrics[RTAX_INITCWND], 20);
	ck_assert_uint_eq(fixture_state_of(TUNABLE_TCP_RMEM)->owner, OWNER_NETOPT);
	ck_assert_int_eq(GO_BACK(original), 0);
	fixture_assert_value(RMEM, RMEM_OLD);
	ck_assert_uint_eq(fixture_state_of(TUNABLE_TCP_RMEM)->owner, OWNER_HOST);
	ck_assert_uint_eq(fake_routes_own(&fib), 0);
}
END_TEST

START_TEST(test_going_back_as_far_as_it_goes)
{
	ActuatorChange changes[] = {on_host(TUNABLE_TCP_RMEM, RMEM_NEW),
				    on_route(WANTED, TUNABLE_ROUTE_INITCWND, "30")};
	ActuatorChange original[] = {on_host(TUNABLE_TCP_RMEM, RMEM_OLD),
				     on_route(WANTED, TUNABLE_ROUTE_INITCWND, NULL)};
	ck_assert_int_eq(APPLY(changes), 0);
	fake_sysctl_set(fixture.fake, RMEM, "4096 131072 7777777");
	ck_assert_int_eq(GO_BACK(original), ACTUATOR_REFUSED);
	fixture_assert_value(RMEM, "4096 131072 7777777");
	ck_assert_uint_eq(fake_routes_own(&fib), 0);
	/* An error is worse than a refusal. */
	ActuatorChange again[] = {on_route(WANTED, TUNABLE_ROUTE_INITCWND, "30")};
	ck_assert_int_eq(APPLY(again), 0);
	break_next(FAKE_REMOVE, -EPERM, false);
	ck_assert_int_eq(GO_BACK(original), -EPERM);
	ck_assert_int_eq(actuators_restore_all(&actuators), ACTUATOR_REFUSED);
	ck_assert_uint_eq(fake_routes_own(&fib), 0);
}
END_TEST

START_TEST(test_keeping)
{
	ActuatorChange changes[] = {on_host(TUNABLE_TCP_RMEM, RMEM_NEW),
				    on_route(WANTED, TUNABLE_ROUTE_INITCWND, "30")};
	ck_assert_int_eq(APPLY(changes), 0);
	ck_assert_int_eq(actuators_keep_all(&actuators), 0);
	fixture_assert_value(RMEM, RMEM_NEW);
	ck_assert_ptr_nonnull(OWN_OF(WANTED));
	ck_assert_int_eq(actuators_restore_all(&actuators), 0);
	fixture_assert_value(RMEM, RMEM_NEW);
	ck_assert_ptr_nonnull(OWN_OF(WANTED));
}
END_TEST

START_TEST(test_what_nobody_takes)
{
	ActuatorChange changes[] = {on_host(TUNABLE_TCP_RMEM, RMEM_NEW),
				    on_route(WANTED, TUNABLE_ROUTE_INITCWND, "30")};
	actuators.n = 1; /* as without rtnetlink */
	ck_assert_int_eq(APPLY(changes), -EOPNOTSUPP);
	ck_assert_msg(strstr(reason, "route.initcwnd"), "%s", reason);
	fixture_assert_value(RMEM, RMEM_OLD);
	ck_assert(!fixture_journal_exists());
	changes[1].id = _TUNABLES;
	ck_assert_int_eq(APPLY(changes), -EINVAL);
	ck_assert_int_eq(GO_BACK(changes), -EINVAL);
	ck_assert_int_eq(actuators_apply(&actuators, NULL, 0, 1, NULL, 0), 0);
}
END_TEST

HARNESS_MAIN("actuator",
	     FIXTURE_CASE(suite, "actuator", both, test_each_kind_goes_to_its_own,
			  test_when_one_fails_none_is_done, test_going_back,
			  test_going_back_as_far_as_it_goes, test_keeping, test_what_nobody_takes);)
