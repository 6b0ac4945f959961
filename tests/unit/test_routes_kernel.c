/* SPDX-License-Identifier: MIT */
/*
 * The table of our routes on the kernel, in a network namespace of the test's own with a peer
 * behind a link; what others do is done by ip(8). Whether metrics are felt is in test_route.c, the
 * rules one by one in test_routes.c.
 */
#include "daemon/tune/routes.h"

#include <errno.h>

#include "common/base.h"
#include "tests/unit/harness.h"
#include "tests/unit/peer_netns.h"

#define WANTED4 "198.51.100.20"
#define WANTED6 "2001:db8:1::20"

typedef struct Bench {
	Peer peer;
	RouteKernel *kernel;
	Rtnl *rtnl;
	Routes *routes;
	RouteEvent last_event;
	char last_reason[ROUTE_REASON_MAX];
	size_t reports;
	char reason[ROUTE_REASON_MAX];
} Bench;

static Bench bench;

static void on_report(const RouteReport *report, void *context)
{
	(void)context;
	bench.reports++;
	bench.last_event = report->event;
	(void)snprintf(bench.last_reason, sizeof(bench.last_reason), "%s", report->reason);
}

static Routes *new_routes(void)
{
	RoutesParams params = {
		.ops = route_kernel_ops(bench.kernel), .clock = clock_system, .report = on_report};
	Routes *routes;
	ck_assert_int_eq(routes_new(&params, &routes), 0);
	return routes;
}

#define NEED_PEER()                                                                                \
	do {                                                                                       \
		if (!peer_netns_make(&bench.peer))                                                 \
			HARNESS_SKIP("no network namespaces with a link can be made here");        \
		ck_assert_int_eq(route_kernel_new(&bench.kernel), 0);                              \
		ck_assert_int_eq(rtnl_new(&bench.rtnl), 0);                                        \
		ck_assert_int_eq(rtnl_refresh(bench.rtnl), 0);                                     \
		bench.routes = new_routes();                                                       \
	} while (0)

static void tear_down(void)
{
	if (!bench.kernel)
		return;
	routes_free(bench.routes);
	rtnl_free(bench.rtnl);
	route_kernel_free(bench.kernel);
	peer_netns_end(&bench.peer);
}

static Address address(const char *text)
{
	Address parsed;
	ck_assert_int_eq(address_parse(text, &parsed), 0);
	return parsed;
}

static int apply(const char *destination, TunableId id, int64_t number)
{
	Address parsed = address(destination);
	TunableChange change = {.id = id, .value = tunable_unset(id)};
	change.value.numbers[0] = number;
	return routes_apply(bench.routes, &parsed, &change, 1, 1, bench.reason,
			    sizeof(bench.reason));
}

static void install(const char *destination)
{
	ck_assert_msg(apply(destination, TUNABLE_ROUTE_INITCWND, 20) == 0, "%s: %s", destination,
		      bench.reason);
}

/* What the daemon does when the socket is readable, until nothing is pending. */
static void follow(void)
{
	uint64_t next = 1;
	for (unsigned i = 0; i < 100 && next > 0; i++) {
		int changes = rtnl_read(bench.rtnl);
		ck_assert_int_ge(changes, 0);
		next = routes_event(bench.routes, changes);
		if (next > 0)
			(void)poll(NULL, 0, (int)(next / NSEC_PER_MSEC) + 1);
	}
	ck_assert_uint_eq(next, 0);
}

static RouteEntry lookup(const char *destination)
{
	RouteOps ops = route_kernel_ops(bench.kernel);
	Address parsed = address(destination);
	RouteEntry entry = {0};
	(void)ops.lookup(ops.context, &parsed, 0, &entry); /* all zero if nothing leads there */
	return entry;
}

static bool is_installed(const char *destination)
{
	Address parsed = address(destination);
	bool here = lookup(destination).protocol == ROUTE_PROTOCOL;
	ck_assert_int_eq(here, routes_get(bench.routes, &parsed) != NULL);
	return here;
}

static RouteFacts facts_of(const char *destination)
{
	Address parsed = address(destination);
	RouteFacts facts;
	ck_assert_int_eq(routes_facts(bench.routes, &parsed, &facts), 0);
	return facts;
}

static void assert_refused(const char *destination, const char *why)
{
	RouteFacts facts = facts_of(destination);
	ck_assert(!facts.eligible);
	ck_assert_msg(strstr(facts.reason, why), "%s: %s", destination, facts.reason);
	ck_assert_int_eq(apply(destination, TUNABLE_ROUTE_INITCWND, 20), ROUTES_REFUSED);
}

static void assert_dropped(const char *destination, RouteEvent event, const char *why)
{
	ck_assert(!is_installed(destination));
	ck_assert_int_eq(bench.last_event, event);
	ck_assert_msg(strstr(bench.last_reason, why), "%s", bench.last_reason);
}

START_TEST(test_set_change_and_take_back)
{
	NEED_PEER();
	static const char *const wanted[] = {WANTED4, WANTED6};
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		install(wanted[i]);
		ck_assert_int_eq(apply(wanted[i], TUNABLE_ROUTE_RTO_MIN, 30), 0);
		ck_assert_int_eq(apply(wanted[i], TUNABLE_ROUTE_ECN, 1), 0);
		ck_assert_int_eq(apply(wanted[i], TUNABLE_ROUTE_INITCWND, 0), 0);
		RouteEntry entry = lookup(wanted[i]);
		ck_assert_uint_eq(entry.metrics[RTAX_RTO_MIN], 30);
		ck_assert_uint_eq(entry.metrics[RTAX_INITCWND], 0);
		ck_assert_uint_eq(entry.metrics[RTAX_FEATURES], RTAX_FEATURE_ECN);
		ck_assert(facts_of(wanted[i]).metrics.ecn);
		follow(); /* our own doing changes nothing */
		ck_assert(is_installed(wanted[i]));
	}
	ck_assert_int_eq(routes_restore_all(bench.routes), 0);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		ck_assert(!is_installed(wanted[i]));
	follow();
}
END_TEST

START_TEST(test_who_may_not_have_one)
{
	NEED_PEER();
	OWN_NETNS_DO("ip route add 198.51.100.1 via 192.0.2.9");
	OWN_NETNS_DO("ip -6 route add 2001:db8:1::1 via 2001:db8::9 metric 5");
	OWN_NETNS_DO("ip route add 198.51.100.32/30 nexthop via 192.0.2.1 nexthop via 192.0.2.9");
	OWN_NETNS_DO("ip -6 route add 2001:db8:1::30/124 nexthop via 2001:db8::1 nexthop via "
		     "2001:db8::9");
	OWN_NETNS_DO("ip nexthop add id 5 via 192.0.2.1 dev eth0");
	OWN_NETNS_DO("ip route add 198.51.100.36/30 nhid 5");
	OWN_NETNS_DO("ip nexthop add id 6 via 2001:db8::1 dev eth0");
	OWN_NETNS_DO("ip -6 route add 2001:db8:1::40/124 nhid 6");
	OWN_NETNS_DO("ip route add default via 192.0.2.9 table 77");
	OWN_NETNS_DO("ip rule add to 198.51.100.40 lookup 77");
	OWN_NETNS_DO("ip route add blackhole 198.51.100.44");
	OWN_NETNS_DO("ip -6 route add unreachable 2001:db8:1::50");
	assert_refused("198.51.100.1", "host route of somebody else");
	assert_refused("2001:db8:1::1", "host route of somebody else");
	assert_refused("198.51.100.33", "several next hops");
	assert_refused("2001:db8:1::31", "several next hops");
	ck_assert(facts_of("198.51.100.37").eligible);
	ck_assert(facts_of("2001:db8:1::41").eligible);
	OWN_NETNS_DO("sysctl -qw net.ipv4.nexthop_compat_mode=0");
	assert_refused("198.51.100.37", "nexthop object");
	assert_refused("2001:db8:1::41", "nexthop object");
	assert_refused("198.51.100.40", "another table");
	assert_refused("192.0.2.2", "address of this host");
	assert_refused("2001:db8::2", "address of this host");
	assert_refused("127.0.0.1", "address of this host");
	assert_refused("198.51.100.44", "no route");
	assert_refused("2001:db8:1::50", "");
	assert_refused("224.0.0.1", "");
	assert_refused("192.0.2.255", "");
	ck_assert(facts_of("198.51.100.41").eligible);
	ck_assert_str_eq(facts_of(WANTED6).link_name, "eth0");
}
END_TEST

START_TEST(test_a_tunnel_has_none)
{
	NEED_PEER();
	if (!own_netns_run("ip link add tunnel0 type sit remote 192.0.2.1 local 192.0.2.2") &&
	    !own_netns_run("ip link add tunnel0 type ipip remote 192.0.2.1 local 192.0.2.2") &&
	    !own_netns_run("ip link add tunnel0 type wireguard") &&
	    !own_netns_run("ip link add tunnel0 type vxlan id 5 dstport 4789 remote 192.0.2.1"))
		HARNESS_SKIP("this kernel has no tunnel");
	OWN_NETNS_DO("ip link set tunnel0 up");
	OWN_NETNS_DO("ip route add 203.0.113.0/24 dev tunnel0");
	assert_refused("203.0.113.1", "is a tunnel");
}
END_TEST

START_TEST(test_the_gateway_changes)
{
	NEED_PEER();
	install(WANTED4);
	install(WANTED6);
	install("192.0.2.9"); /* on the link, which does not change */
	follow();
	OWN_NETNS_DO("ip route replace default via 192.0.2.9");
	OWN_NETNS_DO("ip -6 route replace default via 2001:db8::9");
	follow();
	assert_dropped(WANTED6, ROUTE_DROPPED, "the way to it changed");
	assert_dropped(WANTED4, ROUTE_DROPPED, "the way to it changed");
	ck_assert(is_installed("192.0.2.9"));
	ck_assert_uint_eq(lookup(WANTED4).gateway.bytes[3], 9);
	install(WANTED4);
	ck_assert_uint_eq(lookup(WANTED4).gateway.bytes[3], 9);
}
END_TEST

/* Their addresses differ in the last bit only: each is asked about without it. */
START_TEST(test_neighbours)
{
	NEED_PEER();
	install("198.51.100.20");
	install("198.51.100.21");
	install("192.0.2.3"); /* whose neighbour is this host */
	install("2001:db8:1::20");
	install("2001:db8:1::21");
	OWN_NETNS_DO("ip route add 203.0.113.0/24 via 192.0.2.1"); /* of no consequence */
	follow();
	ck_assert_uint_eq(routes_count(bench.routes), 5);
	ck_assert_int_eq(bench.last_event, ROUTE_INSTALLED);
	OWN_NETNS_DO("ip route replace default via 192.0.2.9");
	OWN_NETNS_DO("ip -6 route add 2001:db8:1::/64 via 2001:db8::9");
	follow();
	ck_assert(is_installed("192.0.2.3"));
	ck_assert_uint_eq(routes_count(bench.routes), 1);
}
END_TEST

START_TEST(test_a_more_specific_route_over_another_gateway)
{
	NEED_PEER();
	install(WANTED4);
	install(WANTED6);
	OWN_NETNS_DO("ip route add 198.51.100.16/28 via 192.0.2.1"); /* the same */
	follow();
	ck_assert(is_installed(WANTED4));
	OWN_NETNS_DO("ip route add 198.51.100.20/31 via 192.0.2.9");
	OWN_NETNS_DO("ip -6 route add 2001:db8:1::20/127 via 2001:db8::9");
	follow();
	assert_dropped(WANTED4, ROUTE_DROPPED, "the way to it changed");
	assert_dropped(WANTED6, ROUTE_DROPPED, "the way to it changed");
}
END_TEST

START_TEST(test_what_was_copied_changes)
{
	NEED_PEER();
	OWN_NETNS_DO("ip address add 192.0.2.3/24 dev eth0");
	install(WANTED4);
	OWN_NETNS_DO("ip route change default via 192.0.2.1 src 192.0.2.3 mtu lock 1400");
	follow();
	ck_assert(is_installed(WANTED4));
	ck_assert_int_eq(bench.last_event, ROUTE_CHANGED);
	ck_assert_uint_eq(lookup(WANTED4).source.bytes[3], 3);
	ck_assert_uint_eq(lookup(WANTED4).metrics[RTAX_MTU], 1400);
	ck_assert_uint_eq(lookup(WANTED4).metrics[RTAX_INITCWND], 20);
}
END_TEST

START_TEST(test_the_link_goes_down)
{
	NEED_PEER();
	install(WANTED4);
	install(WANTED6);
	OWN_NETNS_DO("ip link set eth0 down");
	follow();
	assert_dropped(WANTED4, ROUTE_DROPPED, "");
	assert_dropped(WANTED6, ROUTE_DROPPED, "");
	OWN_NETNS_DO("ip link set eth0 up");
	OWN_NETNS_DO("ip route add default via 192.0.2.1");
	follow();
	ck_assert_uint_eq(routes_count(bench.routes), 0);
	install(WANTED4); /* it is not held against anybody */
}
END_TEST

START_TEST(test_the_source_address_goes)
{
	NEED_PEER();
	OWN_NETNS_DO("ip address add 192.0.2.3/32 dev eth0");
	OWN_NETNS_DO("ip route replace default via 192.0.2.1 src 192.0.2.3");
	install(WANTED4);
	OWN_NETNS_DO("ip address del 192.0.2.3/32 dev eth0");
	follow();
	assert_dropped(WANTED4, ROUTE_DROPPED, "");
}
END_TEST

START_TEST(test_somebody_adds_a_host_route)
{
	NEED_PEER();
	install(WANTED4);
	install(WANTED6);
	OWN_NETNS_DO("ip route add " WANTED4 " via 192.0.2.9");
	OWN_NETNS_DO("ip -6 route add " WANTED6 " via 2001:db8::9");
	follow();
	assert_dropped(WANTED4, ROUTE_FOREIGN, "added a host route");
	assert_dropped(WANTED6, ROUTE_FOREIGN, "added a host route");
	OWN_NETNS_DO("ip route del " WANTED4);
	follow();
	ck_assert_uint_eq(lookup(WANTED4).prefix_length, 0); /* nothing of ours resurfaces */
	assert_refused(WANTED4, "somebody else");
}
END_TEST

START_TEST(test_somebody_flushes_ours)
{
	NEED_PEER();
	install(WANTED4);
	install(WANTED6);
	OWN_NETNS_DO("ip route flush proto 199");
	OWN_NETNS_DO("ip -6 route flush proto 199");
	follow();
	assert_dropped(WANTED4, ROUTE_FOREIGN, "removed");
	assert_dropped(WANTED6, ROUTE_FOREIGN, "removed");
}
END_TEST

START_TEST(test_somebody_alters_ours)
{
	NEED_PEER();
	install(WANTED4);
	OWN_NETNS_DO("ip route change " WANTED4
		     " via 192.0.2.1 proto 199 metric 4294967096 initcwnd 5");
	follow();
	ck_assert_int_eq(bench.last_event, ROUTE_FOREIGN);
	ck_assert_uint_eq(lookup(WANTED4).metrics[RTAX_INITCWND], 5); /* it is theirs */
}
END_TEST

START_TEST(test_a_rule_comes)
{
	NEED_PEER();
	install(WANTED4);
	install("198.51.100.30");
	OWN_NETNS_DO("ip route add default via 192.0.2.9 table 77");
	OWN_NETNS_DO("ip rule add to " WANTED4 " lookup 77");
	follow();
	assert_dropped(WANTED4, ROUTE_DROPPED, "policy rule");
	ck_assert(is_installed("198.51.100.30"));
	/* As a VPN does it: only the main table's longer prefixes are taken. */
	OWN_NETNS_DO("ip rule add lookup 77 pref 200");
	OWN_NETNS_DO("ip rule add lookup main suppress_prefixlength 0 pref 100");
	follow();
	assert_dropped("198.51.100.30", ROUTE_DROPPED, "short prefixes");
	ck_assert_uint_eq(lookup("198.51.100.30").table, 77);
}
END_TEST

START_TEST(test_the_table_is_full)
{
	NEED_PEER();
	char text[32];
	for (unsigned i = 0; i < ROUTES_MAX; i++) {
		(void)snprintf(text, sizeof(text), i % 2 ? "203.0.113.%u" : "2001:db8:2::%u", i);
		install(text);
	}
	assert_refused(WANTED4, "full");
	OWN_NETNS_DO("ip route add 198.18.0.0/15 via 192.0.2.1");
	follow();
	ck_assert_uint_eq(routes_count(bench.routes), ROUTES_MAX);
	OWN_NETNS_DO("ip route replace default via 192.0.2.9");
	OWN_NETNS_DO("ip -6 route replace default via 2001:db8::9");
	follow();
	ck_assert_uint_eq(routes_count(bench.routes), 0);
}
END_TEST

static void count(const RouteEntry *entry, void *context)
{
	size_t *n = context;
	(void)entry;
	(*n)++;
}

/* A process that installs and is killed, as if by power cut. */
START_TEST(test_what_a_killed_process_left_is_removed)
{
	NEED_PEER();
	RouteOps ops = route_kernel_ops(bench.kernel);
	RouteMetrics metrics = {.initcwnd = 40};
	int ready[2];
	size_t n = 0;
	char byte;
	ck_assert_int_eq(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0) {
		Address shadow = address("198.51.100.40");
		ck_assert_int_eq(route_kernel_new(&bench.kernel), 0);
		bench.routes = new_routes();
		install(WANTED4);
		install(WANTED6);
		ck_assert_int_eq(routes_shadow_set(bench.routes, &shadow, &metrics, NULL, 0), 0);
		(void)!write(ready[1], "", 1);
		(void)pause();
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	ck_assert_int_eq(ops.list(ops.context, count, &n), 0);
	ck_assert_uint_eq(n, 3);
	bench.reports = 0;
	Routes *next = new_routes();
	ck_assert(routes_are_clean(next));
	ck_assert_uint_eq(bench.reports, 4); /* and the rule */
	ck_assert_int_eq(bench.last_event, ROUTE_FLUSHED);
	n = 0;
	ck_assert_int_eq(ops.list(ops.context, count, &n), 0);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(ops.rule(ops.context, ROUTE_DELETE, AF_INET), -ESRCH);
	ck_assert_uint_eq(lookup(WANTED4).prefix_length, 0);
	routes_free(next);
}
END_TEST

/* In a user namespace without rights over this network. */
START_TEST(test_without_the_capability)
{
	NEED_PEER();
	install(WANTED4);
	if (unshare(CLONE_NEWUSER) < 0)
		HARNESS_SKIP("no user namespaces");
	ck_assert_int_eq(apply("198.51.100.30", TUNABLE_ROUTE_INITCWND, 20), -EPERM);
	ck_assert(facts_of("198.51.100.30").eligible);
	ck_assert_int_eq(routes_restore_all(bench.routes), -EPERM);
	ck_assert_int_eq(bench.last_event, ROUTE_FAILED);
	ck_assert_uint_eq(routes_count(bench.routes), 1);
	Routes *next = new_routes();
	ck_assert(!routes_are_clean(next));
	routes_free(next);
}
END_TEST

/* What the loop pays for it, in processor time; generous, as machines differ. */
START_TEST(test_it_is_cheap)
{
	NEED_PEER();
	enum { TIMES = 200 };
	uint64_t begin = clock_cpu_ns(), facts, applies, look;
	char text[32];
	for (unsigned i = 0; i < TIMES; i++)
		ck_assert(facts_of(WANTED4).eligible);
	facts = (clock_cpu_ns() - begin) / TIMES;
	begin = clock_cpu_ns();
	for (unsigned i = 0; i < TIMES; i++) {
		(void)snprintf(text, sizeof(text), "203.0.113.%u", i);
		install(text);
	}
	applies = (clock_cpu_ns() - begin) / TIMES;
	ck_assert_int_ge(rtnl_read(bench.rtnl), 0);
	begin = clock_cpu_ns();
	ck_assert_uint_eq(routes_event(bench.routes, RTNL_CHANGED_OWN), 0);
	look = (clock_cpu_ns() - begin) / TIMES;
	ck_assert_msg(facts < NSEC_PER_MSEC && applies < 2 * NSEC_PER_MSEC && look < NSEC_PER_MSEC,
		      "ns: facts %lu, apply %lu, look %lu", facts, applies, look);
	if (getenv("NETOPT_PRINT"))
		fprintf(stderr, "us: facts %.1f, apply %.1f, look %.1f\n", (double)facts / 1000,
			(double)applies / 1000, (double)look / 1000);
}
END_TEST

HARNESS_MAIN("routes_kernel",
	     HARNESS_FIXTURE(suite, "set", NULL, tear_down, test_set_change_and_take_back,
			     test_who_may_not_have_one, test_a_tunnel_has_none,
			     test_the_table_is_full, test_without_the_capability, test_it_is_cheap);
	     HARNESS_FIXTURE(suite, "way", NULL, tear_down, test_the_gateway_changes,
			     test_neighbours, test_a_more_specific_route_over_another_gateway,
			     test_what_was_copied_changes, test_the_link_goes_down,
			     test_the_source_address_goes, test_a_rule_comes);
	     HARNESS_FIXTURE(suite, "others", NULL, tear_down, test_somebody_adds_a_host_route,
			     test_somebody_flushes_ours, test_somebody_alters_ours,
			     test_what_a_killed_process_left_is_removed);)
