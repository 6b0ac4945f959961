/* SPDX-License-Identifier: MIT */
/*
 * Routes of our own against the kernel, in a network namespace of the test's own with a peer behind
 * a link: whether what we set is felt by connections, and nothing else is touched.
 */
#include "daemon/kern/route.h"

#include <errno.h>
#include <sys/ioctl.h>

#include "common/base.h"
#include "tests/unit/harness.h"
#include "tests/unit/peer_netns.h"

typedef struct Bench {
	Peer peer;
	RouteKernel *kernel;
	RouteOps ops;
} Bench;

static Bench bench;

#define NEED_PEER()                                                                                \
	do {                                                                                       \
		if (!peer_netns_make(&bench.peer))                                                 \
			HARNESS_SKIP("no network namespaces with a link can be made here");        \
		ck_assert_int_eq(route_kernel_new(&bench.kernel), 0);                              \
		bench.ops = route_kernel_ops(bench.kernel);                                        \
	} while (0)

static void tear_down(void)
{
	if (!bench.kernel)
		return;
	route_kernel_free(bench.kernel);
	peer_netns_end(&bench.peer);
}

static Address address(const char *text)
{
	Address parsed;
	ck_assert_int_eq(address_parse(text, &parsed), 0);
	return parsed;
}

static RouteEntry lookup(const char *text, uint32_t mark)
{
	Address destination = address(text);
	RouteEntry entry;
	ck_assert_int_eq(bench.ops.lookup(bench.ops.context, &destination, mark, &entry), 0);
	return entry;
}

static RouteOwn copy_of(const char *text, RouteMetrics metrics)
{
	RouteOwn own = {
		.destination = address(text), .covering = lookup(text, 0), .metrics = metrics};
	own.table = own.covering.table;
	return own;
}

static int set(RouteVerb verb, const RouteOwn *own)
{
	return bench.ops.set(bench.ops.context, verb, own);
}

static int remove_own(const RouteOwn *own)
{
	RouteKey key = route_key(&own->destination, own->table, own->covering.tos);
	return bench.ops.remove(bench.ops.context, &key);
}

/* A congestion control that may be used here and is not the default. */
static const char *other_control(void)
{
	char text[64] = "";
	int fd = open("/proc/sys/net/ipv4/tcp_congestion_control", O_RDONLY);
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return strncmp(text, "reno", 4) == 0 ? "bbr" : "reno";
}

static int connected(const char *text, uint32_t mark)
{
	Address destination = address(text);
	struct sockaddr_storage to;
	socklen_t length = address_to_sockaddr(&destination, PEER_PORT, &to);
	int fd = socket(destination.family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (mark)
		ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)), 0);
	ck_assert_msg(connect(fd, (struct sockaddr *)&to, length) == 0, "%s: %m", text);
	return fd;
}

static struct tcp_info info_of(int fd)
{
	struct tcp_info info = {0};
	socklen_t length = sizeof(info);
	ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length), 0);
	return info;
}

static void assert_control(int fd, const char *expected)
{
	char name[ROUTE_CONGCTL_MAX] = "";
	socklen_t length = sizeof(name);
	ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &length), 0);
	ck_assert_str_eq(name, expected);
}

static void assert_not_control(int fd, const char *other)
{
	char name[ROUTE_CONGCTL_MAX] = "";
	socklen_t length = sizeof(name);
	ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &length), 0);
	ck_assert_str_ne(name, other);
}

static const char *const families[] = {"198.51.100.20", "2001:db8:1::20"};

static RouteMetrics all_metrics(void)
{
	RouteMetrics metrics = {.initcwnd = 33, .rto_min_ms = 20, .quickack = true, .ecn = true};
	(void)snprintf(metrics.congctl, sizeof(metrics.congctl), "%s", other_control());
	return metrics;
}

START_TEST(test_metrics_are_felt_by_new_connections)
{
	NEED_PEER();
	ck_assert(own_netns_write("/proc/sys/net/ipv4/tcp_ecn", "0"));
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		RouteOwn own = copy_of(families[i], all_metrics());
		ck_assert_int_eq(set(ROUTE_ADD, &own), 0);
		int fd = connected(families[i], 0);
		struct tcp_info info = info_of(fd);
		assert_control(fd, own.metrics.congctl);
		ck_assert_uint_eq(info.tcpi_snd_cwnd, 33);
		ck_assert_uint_lt(info.tcpi_rto, 100000); /* of at least 200 ms without it */
		ck_assert(info.tcpi_options & TCPI_OPT_ECN);
		ck_assert_int_eq(remove_own(&own), 0);
		/* And not any more when it is gone. */
		int later = connected(families[i], 0);
		assert_not_control(later, own.metrics.congctl);
		ck_assert_uint_ne(info_of(later).tcpi_snd_cwnd, 33);
		ck_assert_uint_ge(info_of(later).tcpi_rto, 200000);
		ck_assert(!(info_of(later).tcpi_options & TCPI_OPT_ECN));
	}
}
END_TEST

START_TEST(test_it_reads_back_as_it_was_made)
{
	NEED_PEER();
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		RouteOwn own = copy_of(families[i], all_metrics());
		ck_assert_int_eq(set(ROUTE_ADD, &own), 0);
		RouteEntry entry = lookup(families[i], 0);
		ck_assert(route_is_own(&entry, &own));
		RouteMetrics metrics = route_metrics_of(&entry);
		ck_assert(route_metrics_equal(&metrics, &own.metrics));
		ck_assert_uint_eq(entry.metrics[RTAX_LOCK], 1U << RTAX_RTO_MIN);
		/* Any difference is seen. */
		own.metrics.initcwnd++;
		ck_assert(!route_is_own(&entry, &own));
	}
}
END_TEST

START_TEST(test_what_the_route_had_is_copied)
{
	NEED_PEER();
	OWN_NETNS_DO("ip address add 192.0.2.3/24 dev eth0");
	OWN_NETNS_DO(
		"ip route replace default via 192.0.2.1 src 192.0.2.3 mtu lock 1400 advmss 1300 "
		"hoplimit 50 initrwnd 20 realm 7");
	RouteOwn own = copy_of("198.51.100.20", (RouteMetrics){.quickack = true});
	ck_assert_uint_eq(own.covering.metrics[RTAX_MTU], 1400);
	ck_assert_uint_eq(own.covering.metrics[RTAX_ADVMSS], 1300);
	ck_assert_uint_eq(own.covering.realms, 7);
	ck_assert_int_eq(set(ROUTE_ADD, &own), 0);
	RouteEntry entry = lookup("198.51.100.20", 0);
	ck_assert(route_is_own(&entry, &own));
	ck_assert_uint_eq(entry.metrics[RTAX_HOPLIMIT], 50);
	ck_assert_uint_eq(entry.metrics[RTAX_INITRWND], 20);
	ck_assert_uint_eq(entry.metrics[RTAX_LOCK], 1U << RTAX_MTU);
	struct sockaddr_in local;
	socklen_t length = sizeof(local);
	int fd = connected("198.51.100.20", 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&local, &length), 0);
	ck_assert_str_eq(inet_ntoa(local.sin_addr), "192.0.2.3");
}
END_TEST

START_TEST(test_gateway_of_another_family)
{
	NEED_PEER();
	OWN_NETNS_DO("ip address add fe80::2/64 dev eth0 nodad"); /* to ask for neighbours with */
	OWN_NETNS_DO("ip route add 198.51.100.0/24 via inet6 2001:db8::1 dev eth0");
	RouteOwn own = copy_of("198.51.100.20", (RouteMetrics){.initcwnd = 20});
	ck_assert_uint_eq(own.covering.gateway.family, AF_INET6);
	ck_assert_int_eq(set(ROUTE_ADD, &own), 0);
	RouteEntry entry = lookup("198.51.100.20", 0);
	ck_assert(route_is_own(&entry, &own));
	ck_assert_uint_eq(info_of(connected("198.51.100.20", 0)).tcpi_snd_cwnd, 20);
}
END_TEST

START_TEST(test_gateway_that_is_declared_on_the_link)
{
	NEED_PEER();
	OWN_NETNS_DO("ip route replace default via 203.0.113.1 dev eth0 onlink");
	RouteOwn own = copy_of("198.51.100.20", (RouteMetrics){.initcwnd = 20});
	ck_assert(own.covering.onlink);
	ck_assert_int_eq(set(ROUTE_ADD, &own), 0);
	RouteEntry entry = lookup("198.51.100.20", 0);
	ck_assert(route_is_own(&entry, &own));
}
END_TEST

START_TEST(test_destination_on_the_link)
{
	NEED_PEER();
	static const char *const near[] = {"192.0.2.9", "2001:db8::9"};
	for (size_t i = 0; i < ARRAY_SIZE(near); i++) {
		RouteOwn own = copy_of(near[i], (RouteMetrics){.initcwnd = 21});
		ck_assert_uint_eq(own.covering.gateway.family, 0);
		ck_assert_int_eq(set(ROUTE_ADD, &own), 0);
		RouteEntry entry = lookup(near[i], 0);
		ck_assert(route_is_own(&entry, &own));
		ck_assert_uint_eq(info_of(connected(near[i], 0)).tcpi_snd_cwnd, 21);
	}
}
END_TEST

START_TEST(test_a_host_route_of_somebody_else_is_not_touched)
{
	NEED_PEER();
	OWN_NETNS_DO("ip route add 198.51.100.20 via 192.0.2.9 metric 4294967096");
	OWN_NETNS_DO("ip -6 route add 2001:db8:1::20 via 2001:db8::9 metric 4294967096");
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		RouteOwn own = copy_of(families[i], (RouteMetrics){.initcwnd = 20});
		ck_assert_int_eq(set(ROUTE_ADD, &own), -EEXIST);
		/* Nor deleted, as its protocol is not ours. */
		ck_assert_int_eq(remove_own(&own), -ESRCH);
		RouteEntry entry = lookup(families[i], 0);
		ck_assert_uint_ne(entry.protocol, ROUTE_PROTOCOL);
		ck_assert_uint_eq(entry.metrics[RTAX_INITCWND], 0);
	}
}
END_TEST

/* With the priority that a route has if none is said, this failed with EEXIST. */
START_TEST(test_whatever_somebody_else_adds_has_the_say)
{
	NEED_PEER();
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		RouteOwn own = copy_of(families[i], (RouteMetrics){.initcwnd = 20});
		ck_assert_int_eq(set(ROUTE_ADD, &own), 0);
	}
	OWN_NETNS_DO("ip route add 198.51.100.20 via 192.0.2.9 metric 3000");
	OWN_NETNS_DO("ip -6 route add 2001:db8:1::20 via 2001:db8::9");
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		RouteEntry entry = lookup(families[i], 0);
		ck_assert_uint_ne(entry.protocol, ROUTE_PROTOCOL);
		ck_assert_uint_eq(entry.gateway.bytes[entry.gateway.family == AF_INET ? 3 : 15], 9);
	}
	OWN_NETNS_DO("ip route replace 198.51.100.20 via 192.0.2.1");
	ck_assert_uint_ne(lookup("198.51.100.20", 0).protocol, ROUTE_PROTOCOL);
}
END_TEST

START_TEST(test_replacing_what_is_not_there)
{
	NEED_PEER();
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		RouteOwn own = copy_of(families[i], (RouteMetrics){.initcwnd = 20});
		ck_assert_int_eq(set(ROUTE_REPLACE, &own), -ENOENT);
		ck_assert_uint_lt(lookup(families[i], 0).prefix_length, 32);
	}
}
END_TEST

/* The kernel drops what it cached, but no connection feels that. */
START_TEST(test_a_connection_lives_through_all_of_it)
{
	NEED_PEER();
	char block[4096] = {0};
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		RouteOwn own = copy_of(families[i], (RouteMetrics){.initcwnd = 20});
		RouteOwn other = copy_of(families[i], (RouteMetrics){.quickack = true});
		int fd = connected(families[i], 0), queued = 1;
		ck_assert_int_eq(set(ROUTE_ADD, &own), 0);
		for (unsigned k = 0; k < 300; k++) {
			ck_assert_int_eq(set(ROUTE_REPLACE, k % 2 ? &own : &other), 0);
			ck_assert_int_eq(send(fd, block, sizeof(block), 0), sizeof(block));
			if (k % 10 == 9) {
				ck_assert_int_eq(remove_own(&own), 0);
				ck_assert_int_eq(send(fd, block, sizeof(block), 0), sizeof(block));
				ck_assert_int_eq(set(ROUTE_ADD, &own), 0);
			}
		}
		for (unsigned k = 0; k < 5000 && queued > 0; k++) {
			ck_assert_int_eq(ioctl(fd, TIOCOUTQ, &queued), 0);
			(void)poll(NULL, 0, 1);
		}
		ck_assert_int_eq(queued, 0);
		ck_assert_uint_eq(info_of(fd).tcpi_state, TCP_ESTABLISHED);
		close(fd);
	}
}
END_TEST

/* rto_min and quickack are read from the route at each use. */
START_TEST(test_connections_feel_the_least_rto_at_once)
{
	NEED_PEER();
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		int fd = connected(families[i], 0);
		ck_assert_uint_ge(info_of(fd).tcpi_rto, 200000);
		RouteOwn own = copy_of(families[i], (RouteMetrics){.rto_min_ms = 20});
		ck_assert_int_eq(set(ROUTE_ADD, &own), 0);
		for (unsigned k = 0; k < 500 && info_of(fd).tcpi_rto >= 150000; k++) {
			ck_assert_int_eq(send(fd, "x", 1, 0), 1);
			(void)poll(NULL, 0, 1);
		}
		ck_assert_uint_lt(info_of(fd).tcpi_rto, 150000);
		/* And keep it: the kernel's estimate falls to a new floor, but is not lifted to one
		 * (tcp_rtt_estimator()), so taking the metric back is for later connections. */
		ck_assert_int_eq(remove_own(&own), 0);
		for (unsigned k = 0; k < 500; k++)
			ck_assert_int_eq(send(fd, "x", 1, 0), 1);
		ck_assert_uint_lt(info_of(fd).tcpi_rto, 150000);
		ck_assert_uint_ge(info_of(connected(families[i], 0)).tcpi_rto, 200000);
		close(fd);
	}
}
END_TEST

START_TEST(test_only_the_marked_feel_the_shadow)
{
	NEED_PEER();
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		RouteOwn own = copy_of(families[i], all_metrics());
		int family = own.destination.family;
		own.table = ROUTE_SHADOW_TABLE;
		ck_assert_int_eq(bench.ops.rule(bench.ops.context, ROUTE_ADD, family), 0);
		ck_assert_int_eq(bench.ops.rule(bench.ops.context, ROUTE_ADD, family), -EEXIST);
		ck_assert_int_eq(set(ROUTE_ADD, &own), 0);
		RouteEntry entry = lookup(families[i], ROUTE_MARK);
		ck_assert(route_is_own(&entry, &own));
		int marked = connected(families[i], ROUTE_MARK), plain = connected(families[i], 0);
		assert_control(marked, own.metrics.congctl);
		assert_not_control(plain, own.metrics.congctl);
		ck_assert_uint_eq(info_of(marked).tcpi_snd_cwnd, 33);
		ck_assert_uint_eq(info_of(plain).tcpi_snd_cwnd, 10);
		ck_assert_uint_lt(lookup(families[i], 0).prefix_length, 32);
		/* A marked packet to elsewhere goes as any. */
		ck_assert_uint_eq(lookup(i ? "2001:db8:1::21" : "198.51.100.21", ROUTE_MARK).table,
				  RT_TABLE_MAIN);
		ck_assert_int_eq(remove_own(&own), 0);
		ck_assert_int_eq(bench.ops.rule(bench.ops.context, ROUTE_DELETE, family), 0);
		ck_assert_int_eq(bench.ops.rule(bench.ops.context, ROUTE_DELETE, family), -ESRCH);
	}
}
END_TEST

typedef struct Seen {
	size_t routes, own_rules, suppressing;
} Seen;

static void count_route(const RouteEntry *entry, void *context)
{
	Seen *seen = context;
	ck_assert_uint_eq(entry->protocol, ROUTE_PROTOCOL);
	seen->routes++;
}

static void count_rule(const RouteRule *rule, void *context)
{
	Seen *seen = context;
	seen->own_rules += rule->protocol == ROUTE_PROTOCOL;
	seen->suppressing += rule->suppresses;
}

START_TEST(test_the_list_has_ours_of_all_tables_and_no_other)
{
	NEED_PEER();
	Seen seen = {0};
	OWN_NETNS_DO("ip route add 198.51.100.1 via 192.0.2.1 proto 199");
	OWN_NETNS_DO("ip route add 198.51.100.2 via 192.0.2.1 proto 199 table 7703 metric 5");
	OWN_NETNS_DO("ip route add unreachable 198.51.100.4/30 proto 199 table 99");
	OWN_NETNS_DO("ip route add 198.51.100.3 via 192.0.2.1 proto 200");
	OWN_NETNS_DO("ip -6 route add 2001:db8:1::1 via 2001:db8::1 proto 199");
	ck_assert_int_eq(bench.ops.list(bench.ops.context, count_route, &seen), 0);
	ck_assert_uint_eq(seen.routes, 4);
}
END_TEST

START_TEST(test_rules_are_read)
{
	NEED_PEER();
	Seen seen = {0};
	ck_assert_int_eq(bench.ops.rules(bench.ops.context, count_rule, &seen), 0);
	ck_assert_uint_eq(seen.own_rules + seen.suppressing, 0);
	OWN_NETNS_DO("ip rule add lookup main suppress_prefixlength 0");
	ck_assert_int_eq(bench.ops.rule(bench.ops.context, ROUTE_ADD, AF_INET6), 0);
	ck_assert_int_eq(bench.ops.rules(bench.ops.context, count_rule, &seen), 0);
	ck_assert_uint_eq(seen.own_rules, 1);
	ck_assert_uint_eq(seen.suppressing, 1);
}
END_TEST

START_TEST(test_other_kinds_of_ways_are_told)
{
	NEED_PEER();
	OWN_NETNS_DO("ip route add 198.51.100.32/30 nexthop via 192.0.2.1 nexthop via 192.0.2.9");
	OWN_NETNS_DO("ip nexthop add id 5 via 192.0.2.1 dev eth0");
	OWN_NETNS_DO("ip route add 198.51.100.36/30 nhid 5");
	OWN_NETNS_DO("ip -6 route add 2001:db8:1::20/126 nexthop via 2001:db8::1 nexthop via "
		     "2001:db8::9");
	OWN_NETNS_DO("ip rule add to 198.51.100.40 lookup 77");
	OWN_NETNS_DO("ip route add default via 192.0.2.9 table 77");
	ck_assert(lookup("198.51.100.33", 0).multipath);
	ck_assert(lookup("2001:db8:1::21", 0).multipath);
	ck_assert_uint_eq(lookup("198.51.100.37", 0).nexthop_id, 5);
	ck_assert_uint_eq(lookup("198.51.100.40", 0).table, 77);
	ck_assert_uint_eq(lookup("192.0.2.2", 0).type, RTN_LOCAL);
	ck_assert(!lookup("198.51.100.20", 0).strange);
	ck_assert(!lookup("2001:db8:1::30", 0).strange);
}
END_TEST

static RouteEntry cached(const char *text)
{
	Address destination = address(text);
	RouteEntry entry;
	ck_assert_int_eq(bench.ops.cached(bench.ops.context, &destination, &entry), 0);
	return entry;
}

static void on_peer(const char *what)
{
	char command[160];
	(void)snprintf(command, sizeof(command), "nsenter -t %d -n %s", (int)bench.peer.pid, what);
	OWN_NETNS_DO(command);
}

/* The far end becomes a router with a link that carries less. */
static void make_thin_link(void)
{
	on_peer("sysctl -qw net.ipv4.ip_forward=1");
	on_peer("sysctl -qw net.ipv6.conf.all.forwarding=1");
	on_peer("ip link add thin0 mtu 1300 type veth peer name thin1");
	on_peer("ip link set thin1 up");
	on_peer("ip link set thin0 up");
	on_peer("ip route add 203.0.113.0/24 dev thin0");
	on_peer("ip -6 route add 2001:db8:2::/64 dev thin0");
}

/* The far end says that packets must be smaller: what it can carry on is. */
START_TEST(test_a_path_mtu_that_was_learned_is_told)
{
	NEED_PEER();
	static const char *const behind[] = {"203.0.113.1", "2001:db8:2::1"};
	char block[1400] = {0};
	make_thin_link();
	for (size_t i = 0; i < ARRAY_SIZE(behind); i++) {
		Address destination = address(behind[i]);
		struct sockaddr_storage to;
		socklen_t length = address_to_sockaddr(&destination, 9, &to);
		int fd = socket(destination.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		int on = i ? IPV6_PMTUDISC_DO : IP_PMTUDISC_DO;
		ck_assert_uint_eq(cached(behind[i]).cached_expires, 0);
		ck_assert_int_eq(setsockopt(fd, i ? IPPROTO_IPV6 : IPPROTO_IP,
					    i ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, &on,
					    sizeof(on)),
				 0);
		for (unsigned k = 0; k < 200 && cached(behind[i]).cached_expires == 0; k++) {
			(void)sendto(fd, block, sizeof(block), 0, (struct sockaddr *)&to, length);
			(void)poll(NULL, 0, 5);
		}
		RouteEntry entry = cached(behind[i]);
		ck_assert_uint_ne(entry.cached_expires, 0);
		ck_assert_uint_eq(entry.metrics[RTAX_MTU], 1300);
		/* And a route of ours hides it. */
		RouteOwn own = copy_of(behind[i], (RouteMetrics){.initcwnd = 20});
		ck_assert_uint_eq(own.covering.metrics[RTAX_MTU], 0);
		ck_assert_int_eq(set(ROUTE_ADD, &own), 0);
		ck_assert_uint_eq(cached(behind[i]).cached_expires, 0);
		close(fd);
	}
}
END_TEST

START_TEST(test_there_is_no_way)
{
	NEED_PEER();
	Address destination = address("198.51.100.20");
	RouteEntry entry;
	OWN_NETNS_DO("ip route del default");
	ck_assert_int_eq(bench.ops.lookup(bench.ops.context, &destination, 0, &entry),
			 -ENETUNREACH);
	OWN_NETNS_DO("ip route add unreachable default");
	ck_assert_int_eq(bench.ops.lookup(bench.ops.context, &destination, 0, &entry),
			 -EHOSTUNREACH);
}
END_TEST

START_TEST(test_a_link)
{
	NEED_PEER();
	Link link;
	int index = lookup("198.51.100.20", 0).link_index;
	ck_assert_int_eq(bench.ops.link(bench.ops.context, index, &link), 0);
	ck_assert_str_eq(link.name, "eth0");
	ck_assert_str_eq(link.kind, "veth");
	ck_assert_uint_eq(link.mtu_bytes, 1500);
	ck_assert(link.up && !link.loopback);
	ck_assert_int_eq(bench.ops.link(bench.ops.context, 9999, &link), -ENODEV);
}
END_TEST

START_TEST(test_a_congestion_control_that_there_is_not)
{
	NEED_PEER();
	RouteOwn own = copy_of("198.51.100.20", (RouteMetrics){.congctl = "nosuch"});
	ck_assert_int_lt(set(ROUTE_ADD, &own), 0);
	ck_assert_uint_lt(lookup("198.51.100.20", 0).prefix_length, 32);
}
END_TEST

HARNESS_MAIN(
	"route",
	HARNESS_FIXTURE(suite, "metrics", NULL, tear_down, test_metrics_are_felt_by_new_connections,
			test_it_reads_back_as_it_was_made, test_what_the_route_had_is_copied,
			test_gateway_of_another_family, test_gateway_that_is_declared_on_the_link,
			test_destination_on_the_link, test_connections_feel_the_least_rto_at_once,
			test_a_congestion_control_that_there_is_not);
	HARNESS_FIXTURE(suite, "others", NULL, tear_down,
			test_a_host_route_of_somebody_else_is_not_touched,
			test_whatever_somebody_else_adds_has_the_say,
			test_replacing_what_is_not_there,
			test_a_connection_lives_through_all_of_it);
	HARNESS_FIXTURE(suite, "shadow", NULL, tear_down, test_only_the_marked_feel_the_shadow);
	HARNESS_FIXTURE(suite, "reading", NULL, tear_down,
			test_the_list_has_ours_of_all_tables_and_no_other, test_rules_are_read,
			test_other_kinds_of_ways_are_told, test_a_path_mtu_that_was_learned_is_told,
			test_there_is_no_way, test_a_link);)
