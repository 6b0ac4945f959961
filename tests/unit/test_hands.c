/* SPDX-License-Identifier: MIT */
/*
 * The hands of the daemon on the kernel, in a network namespace of the test's own with a peer
 * behind a link: an action of the engine becomes routes and goes again, a change of the network
 * reaches them, and what a stop leaves behind is known to the next start.
 */
#include "daemon/hands.h"

#include <errno.h>
#include <stdlib.h>

#include "common/base.h"
#include "tests/unit/harness.h"
#include "tests/unit/peer_netns.h"
#include "tests/unit/registry_fixture.h"

#define WANTED "198.51.100.20"

static Peer peer;
static Hands *hands;
static RouteKernel *kernel;
static unsigned told;
static RouteEvent last_event;

static void on_report(const RouteReport *report, void *context)
{
	(void)context;
	last_event = report->event;
}

static void on_lost(void *context)
{
	(void)context;
	told++;
}

static void begin(bool recover)
{
	HandsParams params = {.clock = clock_system,
			      .registry = fixture.registry,
			      .state_directory_fd = fixture.params.state_directory_fd,
			      .recover = recover,
			      .report = on_report,
			      .lost = on_lost};
	ck_assert_int_eq(hands_new(&params, &hands), 0);
}

#define NEED_PEER()                                                                                \
	do {                                                                                       \
		if (!peer_netns_make(&peer))                                                       \
			HARNESS_SKIP("no network namespaces with a link can be made here");        \
		ck_assert_int_eq(route_kernel_new(&kernel), 0);                                    \
		begin(false);                                                                      \
	} while (0)

static Address address(const char *text)
{
	Address parsed;
	ck_assert_int_eq(address_parse(text, &parsed), 0);
	return parsed;
}

static EngineAction action_of(EngineActionKind kind, TunableId id, const char *text)
{
	EngineAction action = {.kind = kind, .change_id = 3, .n_changes = 1};
	action.changes[0].id = id;
	action.changes[0].value = tunable_unset(id);
	action.changes[0].path = address(WANTED);
	if (text)
		ck_assert_int_eq(tunable_parse(&tunables[id], text, &action.changes[0].value), 0);
	return action;
}

static int perform(EngineActionKind kind, TunableId id, const char *text)
{
	EngineAction action = action_of(kind, id, text);
	char reason[256] = "";
	return hands_perform(hands, &action, reason, sizeof(reason));
}

static RouteEntry lookup(uint32_t mark)
{
	RouteOps ops = route_kernel_ops(kernel);
	Address destination = address(WANTED);
	RouteEntry entry;
	ck_assert_int_eq(ops.lookup(ops.context, &destination, mark, &entry), 0);
	return entry;
}

START_TEST(test_actions_of_the_engine)
{
	NEED_PEER();
	size_t n;
	ck_assert_int_eq(perform(ENGINE_APPLY, TUNABLE_ROUTE_INITCWND, "20"), 0);
	ck_assert_uint_eq(lookup(0).metrics[RTAX_INITCWND], 20);
	ck_assert_int_eq(perform(ENGINE_APPLY, TUNABLE_TCP_RMEM, RMEM_NEW), 0);
	fixture_assert_value(RMEM, RMEM_NEW);
	ck_assert_int_eq(perform(ENGINE_SHADOW, TUNABLE_ROUTE_INITCWND, "30"), 0);
	ck_assert_uint_eq(lookup(0).metrics[RTAX_INITCWND], 20);
	ck_assert_uint_eq(lookup(ROUTE_MARK).metrics[RTAX_INITCWND], 30);
	ck_assert_int_eq(perform(ENGINE_SHADOW, TUNABLE_TCP_RMEM, RMEM_NEW), -EOPNOTSUPP);
	PolicyRoute route;
	Address destination = address(WANTED);
	ck_assert(hands_route(hands, &destination, &route));
	ck_assert(route.eligible);
	ck_assert_int_eq(route.metrics[TUNABLE_ROUTE_INITCWND - _TUNABLE_SYSCTLS].numbers[0], 20);
	const ControlRoute *shown = hands_view(hands, &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(shown[0].metrics, "initcwnd 20");
	ck_assert_str_eq(shown[0].route, "default via 192.0.2.1 dev eth0");
	ck_assert_uint_eq(shown[0].change_id, 3);
	ck_assert_int_eq(hands_verify(hands), 0);
	ck_assert_int_eq(perform(ENGINE_RESTORE, TUNABLE_ROUTE_INITCWND, NULL), 0);
	ck_assert_uint_eq(lookup(0).prefix_length, 0);
	ck_assert_int_eq(hands_restore_all(hands), 0);
	ck_assert_uint_eq(lookup(ROUTE_MARK).prefix_length, 0);
	fixture_assert_value(RMEM, RMEM_OLD);
	ck_assert_uint_eq(told, 0);
	hands_free(hands);
}
END_TEST

START_TEST(test_the_network_changes)
{
	NEED_PEER();
	HandsLost lost;
	Rtnl *rtnl;
	Address destination = address(WANTED);
	ck_assert_int_eq(rtnl_new(&rtnl), 0);
	ck_assert_int_eq(perform(ENGINE_APPLY, TUNABLE_ROUTE_INITCWND, "20"), 0);
	hands_changed(hands, rtnl_read(rtnl));
	ck_assert(!hands_take_lost(hands, &lost));
	(void)poll(NULL, 0, 20); /* what the last look costs is over */
	OWN_NETNS_DO("ip route replace default via 192.0.2.9");
	hands_changed(hands, rtnl_read(rtnl));
	ck_assert_int_eq(last_event, ROUTE_DROPPED);
	ck_assert_uint_eq(lookup(0).gateway.bytes[3], 9);
	ck_assert_uint_eq(told, 1);
	ck_assert(hands_take_lost(hands, &lost));
	ck_assert(address_equal(&lost.destination, &destination));
	ck_assert_msg(strstr(lost.reason, "the way to it changed"), "%s", lost.reason);
	ck_assert(!hands_take_lost(hands, &lost));
	rtnl_free(rtnl);
	hands_free(hands);
}
END_TEST

/* Dies without a word; the next one removes what it left, and so does --recover. */
START_TEST(test_after_a_crash)
{
	NEED_PEER();
	for (unsigned recover = 0; recover < 2; recover++) {
		ck_assert_int_eq(perform(ENGINE_APPLY, TUNABLE_ROUTE_INITCWND, "20"), 0);
		ck_assert_uint_eq(lookup(0).prefix_length, 32);
		hands_free(hands); /* removes nothing */
		ck_assert_uint_eq(lookup(0).prefix_length, 32);
		begin(recover);
		ck_assert(hands_are_clean(hands));
		ck_assert_uint_eq(lookup(0).prefix_length, 0);
		ck_assert_int_eq(last_event, ROUTE_FLUSHED);
	}
	hands_free(hands);
}
END_TEST

START_TEST(test_what_was_kept_on_purpose)
{
	NEED_PEER();
	ck_assert_int_eq(perform(ENGINE_APPLY, TUNABLE_ROUTE_INITCWND, "20"), 0);
	ck_assert_int_eq(hands_keep_all(hands), 0);
	ck_assert_int_eq(last_event, ROUTE_KEPT);
	hands_free(hands);
	/* The service manager puts back after each stop: not these. */
	begin(true);
	ck_assert(hands_are_clean(hands));
	ck_assert_uint_eq(lookup(0).prefix_length, 32);
	hands_free(hands);
	begin(false);
	ck_assert_uint_eq(lookup(0).prefix_length, 0);
	/* And if that one crashes, its own are. */
	ck_assert_int_eq(perform(ENGINE_APPLY, TUNABLE_ROUTE_INITCWND, "20"), 0);
	hands_free(hands);
	begin(true);
	ck_assert_uint_eq(lookup(0).prefix_length, 0);
	hands_free(hands);
}
END_TEST

START_TEST(test_without_a_state_directory_no_route_is_touched)
{
	NEED_PEER();
	hands_free(hands);
	OWN_NETNS_DO("ip route add 198.51.100.1 via 192.0.2.1 proto 199");
	HandsParams params = {
		.clock = clock_system, .registry = fixture.registry, .state_directory_fd = -1};
	ck_assert_int_eq(hands_new(&params, &hands), 0);
	ck_assert_int_eq(perform(ENGINE_APPLY, TUNABLE_ROUTE_INITCWND, "20"), -EPERM);
	OWN_NETNS_DO("ip route del 198.51.100.1 via 192.0.2.1 proto 199"); /* it is there */
	hands_free(hands);
}
END_TEST

HARNESS_MAIN("hands", FIXTURE_CASE(suite, "hands", fixture_setup, test_actions_of_the_engine,
				   test_the_network_changes, test_after_a_crash,
				   test_what_was_kept_on_purpose,
				   test_without_a_state_directory_no_route_is_touched);)
