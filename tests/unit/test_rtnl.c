/* SPDX-License-Identifier: MIT */
/*
 * Against the kernel, in a network namespace of the test's own with veth links, in which whatever
 * is done is done by ip(8) and tc(8). The decoders on messages put together by hand are in
 * test_rtnl_decode.c.
 */
#include "daemon/kern/rtnl.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include "common/base.h"
#include "daemon/kern/link_speed.h"
#include "tests/unit/harness.h"
#include "tests/unit/own_netns.h"

/* IPv6 without what it does by itself and later: link-local addresses, solicitations. Where there
 * is no IPv6 there is nothing to be switched off. */
static bool ready(void)
{
	if (!own_netns_enter())
		return false;
	(void)own_netns_write("/proc/sys/net/ipv6/conf/default/addr_gen_mode", "1");
	(void)own_netns_write("/proc/sys/net/ipv6/conf/default/router_solicitations", "0");
	(void)own_netns_write("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
	return own_netns_run("ip link set lo up") &&
	       own_netns_run("ip link add eth0 type veth peer name far0") &&
	       own_netns_run("ip link set far0 up") && own_netns_run("ip link set eth0 up") &&
	       own_netns_run("ip address add 192.0.2.2/24 dev eth0");
}

#define NEED_NETNS()                                                                               \
	do {                                                                                       \
		if (!ready())                                                                      \
			HARNESS_SKIP("no network namespace with veth links can be made here");     \
	} while (0)

/* What is queued now. The kernel queues within the system call that causes it, but for what it says
 * of the carrier, which comes up to a second later. */
static int changes(Rtnl *rtnl)
{
	int r = rtnl_read(rtnl);
	ck_assert_int_ge(r, 0);
	return r;
}

static const Link *link_named(const Rtnl *rtnl, const char *name)
{
	size_t n;
	const Link *links = rtnl_links(rtnl, &n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(links[i].name, name) == 0)
			return &links[i];
	return NULL;
}

/* Until both ends have their carrier, and that was told; afterwards there is nothing queued. */
static void settle(Rtnl *rtnl)
{
	struct pollfd fd = {.fd = rtnl_fd(rtnl), .events = POLLIN};
	do {
		(void)changes(rtnl);
		ck_assert_int_eq(rtnl_refresh(rtnl), 0);
	} while ((!link_named(rtnl, "eth0")->running || !link_named(rtnl, "far0")->running) &&
		 poll(&fd, 1, 5000) == 1);
	while (poll(&fd, 1, 20) == 1)
		(void)changes(rtnl);
	ck_assert(link_named(rtnl, "eth0")->running);
}

static Rtnl *opened(void)
{
	Rtnl *rtnl = NULL;
	ck_assert_int_eq(rtnl_new(&rtnl), 0);
	ck_assert_int_eq(rtnl_refresh(rtnl), 0);
	return rtnl;
}

static void check_gateway(const Rtnl *rtnl, size_t i, const char *address, const char *link,
			  uint32_t metric)
{
	char text[ADDRESS_TEXT_MAX];
	size_t n;
	const Gateway *gateways = rtnl_gateways(rtnl, &n);
	ck_assert_uint_lt(i, n);
	ck_assert_str_eq(address_format(&gateways[i].address, text), address);
	ck_assert_str_eq(gateways[i].link_name, link);
	ck_assert_uint_eq(gateways[i].metric, metric);
}

static size_t n_gateways(const Rtnl *rtnl)
{
	size_t n;
	(void)rtnl_gateways(rtnl, &n);
	return n;
}

START_TEST(test_links)
{
	NEED_NETNS();
	Rtnl *rtnl = opened();
	size_t n;
	settle(rtnl);
	const Link *links = rtnl_links(rtnl, &n);
	ck_assert_uint_eq(n, 3);
	ck_assert_uint_eq(rtnl_links_dropped(rtnl), 0);
	for (size_t i = 1; i < n; i++)
		ck_assert_int_lt(links[i - 1].index, links[i].index);
	ck_assert_str_eq(links[0].name, "lo");
	ck_assert(links[0].loopback && links[0].up);
	ck_assert_str_eq(links[0].kind, "");
	ck_assert_uint_eq(links[0].mtu_bytes, 65536);
	const Link *eth = link_named(rtnl, "eth0");
	ck_assert_ptr_nonnull(eth);
	ck_assert_str_eq(eth->kind, "veth");
	ck_assert_str_eq(eth->qdisc, "noqueue");
	ck_assert(eth->up && eth->running && !eth->loopback);
	ck_assert_uint_eq(eth->mtu_bytes, 1500);
	ck_assert_uint_eq(eth->speed_bps, 0); /* what veth says is invented */
	ck_assert_uint_eq(link_speed_bps(rtnl_fd(rtnl), "eth0", ""), 10000000000ULL);
	ck_assert_uint_eq(link_speed_bps(rtnl_fd(rtnl), "none0", ""), 0);
	ck_assert_uint_eq(link_speed_bps(rtnl_fd(rtnl), "lo", ""), 0);
	ck_assert_ptr_eq(rtnl_find_link(rtnl, eth->index), eth);
	ck_assert_ptr_null(rtnl_find_link(rtnl, 4711));
	ck_assert_uint_eq(n_gateways(rtnl), 0);
	rtnl_free(rtnl);
	rtnl_free(NULL);
}
END_TEST

START_TEST(test_qdisc)
{
	NEED_NETNS();
	OWN_NETNS_DO("tc qdisc add dev eth0 root tbf rate 8kbit burst 2000 limit 2000");
	OWN_NETNS_DO("ip neighbour add 192.0.2.9 lladdr 02:00:00:00:00:01 dev eth0");
	Rtnl *rtnl = opened();
	settle(rtnl);
	const Link *eth = link_named(rtnl, "eth0");
	ck_assert_str_eq(eth->qdisc, "tbf");
	ck_assert(eth->has_qdisc_stats);
	ck_assert_uint_eq(eth->qdisc_drops, 0);
	uint64_t sent = eth->tx_packets;

	/* The first fits into the burst, the second into the queue, the others are dropped. */
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	Address to;
	struct sockaddr_storage sa;
	char data[1200] = {0};
	ck_assert_int_eq(address_parse("192.0.2.9", &to), 0);
	socklen_t length = address_to_sockaddr(&to, 9, &sa);
	for (int i = 0; i < 8; i++)
		(void)sendto(fd, data, sizeof(data), 0, (struct sockaddr *)&sa, length);
	ck_assert_int_eq(rtnl_refresh(rtnl), 0);
	eth = link_named(rtnl, "eth0");
	ck_assert_uint_ge(eth->tx_packets, sent + 1);
	ck_assert_uint_ge(eth->qdisc_drops, 1);
	ck_assert_uint_ge(eth->qdisc_overlimits, 1);
	ck_assert_uint_ge(eth->qdisc_backlog_bytes, 1200);
	ck_assert_uint_ge(eth->qdisc_length_packets, 1);
	/* The peer's counters are its own. */
	ck_assert_uint_eq(link_named(rtnl, "far0")->qdisc_drops, 0);
	close(fd);
	rtnl_free(rtnl);
}
END_TEST

START_TEST(test_link_changes)
{
	NEED_NETNS();
	Rtnl *rtnl = opened();
	settle(rtnl);
	ck_assert_int_eq(changes(rtnl), 0);

	OWN_NETNS_DO("ip link set eth0 down");
	int seen = changes(rtnl);
	ck_assert(seen & RTNL_CHANGED_LINK);
	ck_assert(!(seen & (RTNL_CHANGED_RULE | RTNL_CHANGED_LOST)));
	ck_assert_int_eq(changes(rtnl), 0);      /* told once */
	ck_assert(link_named(rtnl, "eth0")->up); /* as of the last refresh */
	ck_assert_int_eq(rtnl_refresh(rtnl), 0);
	ck_assert(!link_named(rtnl, "eth0")->up);
	OWN_NETNS_DO("ip link set eth0 up");
	ck_assert(changes(rtnl) & RTNL_CHANGED_LINK);
	settle(rtnl);

	/* Messages without news: of attributes that are none of ours. */
	OWN_NETNS_DO("ip link set eth0 alias uplink");
	OWN_NETNS_DO("ip link set eth0 txqueuelen 555");
	ck_assert_int_eq(changes(rtnl), 0);
	OWN_NETNS_DO("ip link set eth0 mtu 1400");
	ck_assert_int_eq(changes(rtnl) & RTNL_CHANGED_LINK, RTNL_CHANGED_LINK);
	OWN_NETNS_DO("ip link add new0 type veth peer name new1");
	ck_assert_int_eq(changes(rtnl) & RTNL_CHANGED_LINK, RTNL_CHANGED_LINK);
	ck_assert_int_eq(rtnl_refresh(rtnl), 0);
	ck_assert_uint_eq(link_named(rtnl, "eth0")->mtu_bytes, 1400);
	ck_assert_ptr_nonnull(link_named(rtnl, "new1"));
	OWN_NETNS_DO("ip link delete new0");
	ck_assert_int_eq(changes(rtnl) & RTNL_CHANGED_LINK, RTNL_CHANGED_LINK);
	ck_assert_int_eq(rtnl_refresh(rtnl), 0);
	ck_assert_ptr_null(link_named(rtnl, "new1"));
	rtnl_free(rtnl);
}
END_TEST

START_TEST(test_address_and_rule_changes)
{
	NEED_NETNS();
	Rtnl *rtnl = opened();
	settle(rtnl);
	/* One that is on the link already brings no route but that to itself, in the local table.
	 */
	OWN_NETNS_DO("ip address add 192.0.2.3/32 dev eth0");
	ck_assert_int_eq(changes(rtnl), RTNL_CHANGED_ADDRESS);
	ck_assert_int_eq(rtnl_refresh(rtnl), 0);
	OWN_NETNS_DO("ip address change 192.0.2.3/32 dev eth0 valid_lft 1000 preferred_lft 900");
	ck_assert_int_eq(changes(rtnl), 0); /* a lifetime renewed */
	OWN_NETNS_DO("ip address delete 192.0.2.3/32 dev eth0");
	ck_assert_int_eq(changes(rtnl), RTNL_CHANGED_ADDRESS);
	OWN_NETNS_DO("ip -6 address add 2001:db8::5/128 dev lo nodad");
	ck_assert(changes(rtnl) & RTNL_CHANGED_ADDRESS);
	settle(rtnl); /* the kernel tells it again when it is done with it: no news then */

	OWN_NETNS_DO("ip neighbour add 192.0.2.77 lladdr 02:00:00:00:00:01 dev eth0");
	ck_assert_int_eq(changes(rtnl), 0);
	OWN_NETNS_DO("ip rule add fwmark 7 lookup 77");
	ck_assert_int_eq(changes(rtnl), RTNL_CHANGED_RULE);
	rtnl_free(rtnl);
}
END_TEST

START_TEST(test_default_routes)
{
	NEED_NETNS();
	Rtnl *rtnl = opened();
	settle(rtnl);
	OWN_NETNS_DO("ip route add default via 192.0.2.1 dev eth0 metric 200");
	ck_assert_int_eq(changes(rtnl), RTNL_CHANGED_ROUTE);
	ck_assert_uint_eq(n_gateways(rtnl), 0); /* as of the last refresh */
	ck_assert_int_eq(rtnl_refresh(rtnl), 0);
	ck_assert_uint_eq(n_gateways(rtnl), 1);
	check_gateway(rtnl, 0, "192.0.2.1", "eth0", 200);

	OWN_NETNS_DO("ip route add default via 192.0.2.7 dev eth0 metric 100");
	ck_assert_int_eq(changes(rtnl), RTNL_CHANGED_ROUTE);
	ck_assert_int_eq(rtnl_refresh(rtnl), 0);
	ck_assert_uint_eq(n_gateways(rtnl), 2);
	check_gateway(rtnl, 0, "192.0.2.7", "eth0", 100);
	check_gateway(rtnl, 1, "192.0.2.1", "eth0", 200);

	OWN_NETNS_DO("ip route replace default via 192.0.2.8 dev eth0 metric 100");
	OWN_NETNS_DO("ip route delete default via 192.0.2.1 dev eth0 metric 200");
	ck_assert_int_eq(changes(rtnl), RTNL_CHANGED_ROUTE);
	ck_assert_int_eq(rtnl_refresh(rtnl), 0);
	ck_assert_uint_eq(n_gateways(rtnl), 1);
	check_gateway(rtnl, 0, "192.0.2.8", "eth0", 100);

	/* None of these leads anywhere by a gateway of the main table. */
	OWN_NETNS_DO("ip route add default via 192.0.2.9 dev eth0 table 77");
	OWN_NETNS_DO("ip route add unreachable default metric 4000");
	OWN_NETNS_DO("ip route add 0.0.0.0/1 via 192.0.2.10 dev eth0");
	OWN_NETNS_DO("ip route add default dev far0 metric 300"); /* on-link */
	ck_assert_int_eq(changes(rtnl), RTNL_CHANGED_ROUTE);
	ck_assert_int_eq(rtnl_refresh(rtnl), 0);
	ck_assert_uint_eq(n_gateways(rtnl), 2);
	check_gateway(rtnl, 1, "-", "far0", 300);
	size_t n;
	ck_assert_int_eq(rtnl_gateways(rtnl, &n)[1].address.family, 0);
	ck_assert_int_eq(rtnl_gateways(rtnl, &n)[1].family, AF_INET);
	rtnl_free(rtnl);
}
END_TEST

START_TEST(test_default_routes6)
{
	NEED_NETNS();
	Rtnl *rtnl = opened();
	settle(rtnl);
	if (!own_netns_run("ip -6 address add 2001:db8::2/64 dev eth0 nodad"))
		HARNESS_SKIP("this kernel has no IPv6");
	settle(rtnl); /* the kernel tells it again when it is done with it: no news then */
	OWN_NETNS_DO("ip -6 route add default via 2001:db8::1 dev eth0 metric 512");
	OWN_NETNS_DO("ip -6 route add default via fe80::1 dev eth0 metric 1024");
	OWN_NETNS_DO("ip route add default via 192.0.2.1 dev eth0 metric 9000");
	ck_assert_int_eq(changes(rtnl), RTNL_CHANGED_ROUTE);
	ck_assert_int_eq(rtnl_refresh(rtnl), 0);
	ck_assert_uint_eq(n_gateways(rtnl), 3);
	check_gateway(rtnl, 0, "192.0.2.1", "eth0", 9000);
	check_gateway(rtnl, 1, "2001:db8::1", "eth0", 512);
	check_gateway(rtnl, 2, "fe80::1", "eth0", 1024);
	size_t n;
	ck_assert_int_eq(rtnl_gateways(rtnl, &n)[1].family, AF_INET6);
	rtnl_free(rtnl);
}
END_TEST

START_TEST(test_several_hops)
{
	NEED_NETNS();
	OWN_NETNS_DO("ip address add 198.51.100.2/24 dev far0");
	Rtnl *rtnl = opened();
	settle(rtnl);
	OWN_NETNS_DO("ip route add default nexthop via 192.0.2.1 dev eth0 weight 2 "
		     "nexthop via 198.51.100.1 dev far0");
	ck_assert_int_eq(changes(rtnl), RTNL_CHANGED_ROUTE);
	ck_assert_int_eq(rtnl_refresh(rtnl), 0);
	ck_assert_uint_eq(n_gateways(rtnl), 2);
	check_gateway(rtnl, 0, "198.51.100.1", "far0", 0); /* it has the lower index */
	check_gateway(rtnl, 1, "192.0.2.1", "eth0", 0);

	/* A gateway of the other family. */
	OWN_NETNS_DO("ip -4 route replace default via inet6 fe80::7 dev eth0");
	ck_assert_int_eq(rtnl_refresh(rtnl), 0); /* without reading first: it is looked at all the
						    same */
	ck_assert_uint_eq(n_gateways(rtnl), 1);
	check_gateway(rtnl, 0, "fe80::7", "eth0", 0);
	size_t n;
	ck_assert_int_eq(rtnl_gateways(rtnl, &n)[0].family, AF_INET);
	rtnl_free(rtnl);
}
END_TEST

static void check_nexthop_objects(const char *compat)
{
	ck_assert(own_netns_write("/proc/sys/net/ipv4/nexthop_compat_mode", compat));
	Rtnl *rtnl = opened();
	settle(rtnl);
	OWN_NETNS_DO("ip nexthop add id 1 via 192.0.2.1 dev eth0");
	OWN_NETNS_DO("ip nexthop add id 2 via 198.51.100.1 dev far0");
	OWN_NETNS_DO("ip nexthop add id 3 blackhole");
	OWN_NETNS_DO("ip nexthop add id 10 group 1/2,5");
	OWN_NETNS_DO("ip route add default nhid 10 metric 50");
	OWN_NETNS_DO("ip route add default nhid 2 metric 60");
	OWN_NETNS_DO("ip route add default nhid 3 metric 70");
	ck_assert_int_eq(changes(rtnl), RTNL_CHANGED_ROUTE);
	ck_assert_int_eq(rtnl_refresh(rtnl), 0);
	ck_assert_uint_eq(n_gateways(rtnl), 3);
	check_gateway(rtnl, 0, "198.51.100.1", "far0", 50);
	check_gateway(rtnl, 1, "192.0.2.1", "eth0", 50);
	check_gateway(rtnl, 2, "198.51.100.1", "far0", 60);

	/* The route stays as it is, only what it leads to changes. */
	OWN_NETNS_DO("ip nexthop replace id 1 via 192.0.2.5 dev eth0");
	ck_assert_int_eq(changes(rtnl), RTNL_CHANGED_ROUTE);
	ck_assert_int_eq(rtnl_refresh(rtnl), 0);
	check_gateway(rtnl, 1, "192.0.2.5", "eth0", 50);
	rtnl_free(rtnl);
}

START_TEST(test_nexthop_objects)
{
	NEED_NETNS();
	OWN_NETNS_DO("ip address add 198.51.100.2/24 dev far0");
	if (!own_netns_run("ip nexthop add id 4711 blackhole"))
		HARNESS_SKIP("this kernel has no nexthop objects");
	check_nexthop_objects(_i == 0 ? "0" : "1");
}
END_TEST

START_TEST(test_routes_go_with_link)
{
	NEED_NETNS();
	OWN_NETNS_DO("ip route add default via 192.0.2.1 dev eth0");
	Rtnl *rtnl = opened();
	settle(rtnl);
	ck_assert_uint_eq(n_gateways(rtnl), 1);
	OWN_NETNS_DO("ip link set eth0 down"); /* IPv4 does not tell of the route */
	(void)changes(rtnl);
	ck_assert_int_eq(rtnl_refresh(rtnl), 0);
	ck_assert_uint_eq(n_gateways(rtnl), 0);
	rtnl_free(rtnl);
}
END_TEST

static void churn(const char *verb, int from, int to)
{
	char name[] = "/tmp/netopt-churn-XXXXXX", command[128];
	int fd = mkstemp(name);
	ck_assert_int_ge(fd, 0);
	for (int i = from; i < to; i++)
		(void)dprintf(fd, "route %s 10.%d.%d.0/24 via 192.0.2.1 dev eth0\n", verb, i / 250,
			      i % 250);
	(void)snprintf(command, sizeof(command), "ip -batch %s", name);
	bool done = own_netns_run(command);
	close(fd);
	(void)unlink(name);
	ck_assert(done);
}

START_TEST(test_churn)
{
	NEED_NETNS();
	OWN_NETNS_DO("ip route add default via 192.0.2.1 dev eth0");
	Rtnl *rtnl = opened();
	settle(rtnl);
	churn("add", 0, 300);
	ck_assert_int_eq(changes(rtnl), RTNL_CHANGED_ROUTE);
	ck_assert_int_eq(changes(rtnl), 0);
	ck_assert_int_eq(rtnl_refresh(rtnl), 0);
	ck_assert_uint_eq(n_gateways(rtnl), 1);
	check_gateway(rtnl, 0, "192.0.2.1", "eth0", 0);
	churn("delete", 0, 300);
	OWN_NETNS_DO("ip route replace default via 192.0.2.6 dev eth0");
	ck_assert_int_eq(changes(rtnl), RTNL_CHANGED_ROUTE);
	ck_assert_int_eq(rtnl_refresh(rtnl), 0);
	check_gateway(rtnl, 0, "192.0.2.6", "eth0", 0);
	rtnl_free(rtnl);
}
END_TEST

START_TEST(test_lost)
{
	NEED_NETNS();
	Rtnl *rtnl = opened();
	settle(rtnl);
	const int small = 4096;
	ck_assert_int_eq(setsockopt(rtnl_fd(rtnl), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)),
			 0);
	churn("add", 0, 300);
	/* Lost with the rest, so only the loss tells that it must be looked for. */
	OWN_NETNS_DO("ip route add default via 192.0.2.6 dev eth0");
	ck_assert(changes(rtnl) & RTNL_CHANGED_LOST);
	ck_assert_int_eq(rtnl_refresh(rtnl), 0);
	ck_assert_uint_eq(n_gateways(rtnl), 1);
	ck_assert_int_eq(changes(rtnl) & RTNL_CHANGED_LOST, 0); /* said once */
	rtnl_free(rtnl);
}
END_TEST

START_TEST(test_stays_in_its_namespace)
{
	NEED_NETNS();
	OWN_NETNS_DO("ip route add default via 192.0.2.1 dev eth0");
	Rtnl *rtnl = opened();
	ck_assert(own_netns_enter());
	ck_assert_int_eq(rtnl_refresh(rtnl), 0);
	ck_assert_uint_eq(n_gateways(rtnl), 1);
	ck_assert_ptr_nonnull(link_named(rtnl, "eth0"));
	Rtnl *other = opened();
	ck_assert_ptr_null(link_named(other, "eth0"));
	ck_assert_uint_eq(n_gateways(other), 0);
	rtnl_free(other);
	rtnl_free(rtnl);
}
END_TEST

/* A route of our own is told apart, and its table matters as little as its prefix. */
START_TEST(test_routes_of_our_number)
{
	NEED_NETNS();
	Rtnl *rtnl = opened();
	settle(rtnl);
	OWN_NETNS_DO("ip route add 198.51.100.1 via 192.0.2.1 proto 199");
	ck_assert_int_eq(changes(rtnl), RTNL_CHANGED_OWN);
	OWN_NETNS_DO("ip route add 198.51.100.1 via 192.0.2.1 proto 199 table 7703");
	ck_assert_int_eq(changes(rtnl), RTNL_CHANGED_OWN);
	OWN_NETNS_DO("ip route del 198.51.100.1 via 192.0.2.1 proto 199");
	ck_assert_int_eq(changes(rtnl), RTNL_CHANGED_OWN);
	OWN_NETNS_DO("ip route add 198.51.100.1 via 192.0.2.1");
	ck_assert_int_eq(changes(rtnl), RTNL_CHANGED_ROUTE);
	rtnl_free(rtnl);
}
END_TEST

HARNESS_MAIN("rtnl", {
	HARNESS_CASE(suite, "links", test_links, test_qdisc, test_link_changes,
		     test_address_and_rule_changes);
	HARNESS_CASE(suite, "routes", test_default_routes, test_default_routes6, test_several_hops,
		     test_routes_go_with_link, test_routes_of_our_number, test_churn, test_lost,
		     test_stays_in_its_namespace);
	TCase *objects = tcase_create("nexthop objects");
	tcase_set_timeout(objects, 60);
	tcase_add_loop_test(objects, test_nexthop_objects, 0, 2);
	suite_add_tcase(suite, objects);
})
