/* SPDX-License-Identifier: MIT */
/*
 * Messages recorded from Linux 6.18 and such as are put together here. Every one is decoded from a
 * copy of exactly its length.
 */
#include "daemon/kern/rtnl_decode.h"

#include <linux/if_addr.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "common/base.h"
#include "daemon/kern/rtnl_nexthop.h"
#include "tests/unit/harness.h"
#include "tests/unit/recorded.h"

static void check_address(const Address *address, const char *expected)
{
	char text[ADDRESS_TEXT_MAX];
	ck_assert_str_eq(address_format(address, text), expected);
}

static int decode_link(const Recorded *message, Link *ret_link)
{
	_cleanup_free_ struct nlmsghdr *copy = recorded_copy(message, message->length);
	return rtnl_decode_link(copy, ret_link);
}

static int decode_default(const Recorded *message, RtnlDefault *ret_route)
{
	_cleanup_free_ struct nlmsghdr *copy = recorded_copy(message, message->length);
	return rtnl_decode_default(copy, ret_route);
}

static int decode_address(const Recorded *message, RtnlAddress *ret_address)
{
	_cleanup_free_ struct nlmsghdr *copy = recorded_copy(message, message->length);
	return rtnl_decode_address(copy, ret_address);
}

START_TEST(test_link)
{
	Recorded message = recorded("rtnl/link-veth");
	Link link;
	memset(&link, 0xa5, sizeof(link));
	ck_assert_int_eq(decode_link(&message, &link), 0);
	ck_assert_int_eq(link.index, 3);
	ck_assert_str_eq(link.name, "eth0");
	ck_assert_str_eq(link.kind, "veth");
	ck_assert_str_eq(link.qdisc, "tbf");
	ck_assert(link.up && link.running && !link.loopback);
	ck_assert_uint_eq(link.mtu_bytes, 1500);
	ck_assert_uint_eq(link.tx_bytes, 1638);
	ck_assert_uint_eq(link.tx_packets, 5);
	ck_assert_uint_eq(link.rx_bytes, 266);
	ck_assert_uint_eq(link.rx_packets, 3);
	ck_assert_uint_eq(link.speed_bps, 0);
	ck_assert(!link.has_qdisc_stats);
	message = recorded("rtnl/link-loopback");
	ck_assert_int_eq(decode_link(&message, &link), 0);
	ck_assert_str_eq(link.name, "lo");
	ck_assert_str_eq(link.kind, "");
	ck_assert(link.loopback);
}
END_TEST

START_TEST(test_link_statistics)
{
	struct ifinfomsg header = {.ifi_index = 7, .ifi_flags = IFF_UP};
	struct rtnl_link_stats64 stats = {.rx_dropped = 1ULL << 40,
					  .rx_missed_errors = 5,
					  .tx_dropped = 6,
					  .rx_errors = 7,
					  .tx_errors = 8,
					  .rx_bytes = 9,
					  .tx_bytes = 10};
	Link link;
	Recorded message = recorded_start(RTM_NEWLINK, &header, sizeof(header));
	recorded_put(&message, IFLA_IFNAME, "wan0", 5);
	recorded_put(&message, IFLA_STATS64, &stats, sizeof(stats));
	ck_assert_int_eq(decode_link(&message, &link), 0);
	ck_assert_uint_eq(link.rx_drops, (1ULL << 40) + 5);
	ck_assert_uint_eq(link.tx_drops, 6);
	ck_assert_uint_eq(link.rx_errors, 7);
	ck_assert_uint_eq(link.tx_errors, 8);
	ck_assert_uint_eq(link.rx_bytes, 9);
	ck_assert_uint_eq(link.tx_bytes, 10);
	ck_assert(link.up && !link.running);
	ck_assert_str_eq(link.qdisc, "");

	/* The same device as a port of a bridge: without half of its attributes. */
	header.ifi_family = AF_BRIDGE;
	message = recorded_start(RTM_NEWLINK, &header, sizeof(header));
	recorded_put(&message, IFLA_IFNAME, "wan0", 5);
	ck_assert_int_eq(decode_link(&message, &link), RTNL_NOT_OURS);
	message.length = NLMSG_LENGTH(sizeof(header)) - 1;
	ck_assert_int_eq(decode_link(&message, &link), -EBADMSG);
}
END_TEST

START_TEST(test_qdisc)
{
	Recorded message = recorded("rtnl/qdisc-tbf");
	_cleanup_free_ struct nlmsghdr *copy = recorded_copy(&message, message.length);
	RtnlQdisc qdisc;
	ck_assert_int_eq(rtnl_decode_qdisc(copy, &qdisc), 0);
	ck_assert_int_eq(qdisc.link_index, 3);
	ck_assert_uint_eq(qdisc.drops, 6);
	ck_assert_uint_eq(qdisc.overlimits, 7);
	ck_assert_uint_eq(qdisc.requeues, 0);
	ck_assert_uint_eq(qdisc.backlog_bytes, 1242);
	ck_assert_uint_eq(qdisc.length_packets, 1);
	/* A class's qdisc below the root. */
	((struct tcmsg *)NLMSG_DATA(copy))->tcm_parent = 0x10001;
	ck_assert_int_eq(rtnl_decode_qdisc(copy, &qdisc), RTNL_NOT_OURS);
	copy->nlmsg_len = NLMSG_HDRLEN + 8;
	ck_assert_int_eq(rtnl_decode_qdisc(copy, &qdisc), -EBADMSG);
}
END_TEST

START_TEST(test_routes)
{
	RtnlDefault route;
	memset(&route, 0xa5, sizeof(route));
	Recorded message = recorded("rtnl/route-plain");
	ck_assert_int_eq(decode_default(&message, &route), 0);
	ck_assert_uint_eq(route.n_hops, 1);
	check_address(&route.hops[0].address, "192.0.2.1");
	ck_assert_int_eq(route.hops[0].family, AF_INET);
	ck_assert_int_eq(route.hops[0].link_index, 3);
	ck_assert_uint_eq(route.hops[0].metric, 200);
	ck_assert_uint_eq(route.nexthop_id, 0);

	message = recorded("rtnl/route-multipath");
	ck_assert_int_eq(decode_default(&message, &route), 0);
	ck_assert_uint_eq(route.n_hops, 2);
	check_address(&route.hops[0].address, "192.0.2.1");
	check_address(&route.hops[1].address, "198.51.100.1");
	ck_assert_int_eq(route.hops[1].link_index, 2);
	ck_assert_uint_eq(route.hops[1].metric, 300);

	message = recorded("rtnl/route-via");
	ck_assert_int_eq(decode_default(&message, &route), 0);
	check_address(&route.hops[0].address, "fe80::7");
	ck_assert_int_eq(route.hops[0].family, AF_INET);

	message = recorded("rtnl/route-on-link");
	ck_assert_int_eq(decode_default(&message, &route), 0);
	check_address(&route.hops[0].address, "-");

	message = recorded("rtnl/route6-plain");
	ck_assert_int_eq(decode_default(&message, &route), 0);
	check_address(&route.hops[0].address, "2001:db8::1");
	ck_assert_int_eq(route.hops[0].family, AF_INET6);
	ck_assert_uint_eq(route.hops[0].metric, 512);

	message = recorded("rtnl/route-nexthop-id");
	ck_assert_int_eq(decode_default(&message, &route), 0);
	ck_assert_uint_eq(route.nexthop_id, 10);
	ck_assert_uint_eq(route.n_hops, 1);
	ck_assert_uint_eq(route.hops[0].metric, 700);
}
END_TEST

START_TEST(test_other_routes)
{
	static const char *const others[] = {"rtnl/route-unreachable", "rtnl/route-prefix",
					     "rtnl/route-local"};
	RtnlDefault route;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		Recorded message = recorded(others[i]);
		ck_assert_msg(decode_default(&message, &route) == RTNL_NOT_OURS, "%s", others[i]);
		_cleanup_free_ struct nlmsghdr *copy = recorded_copy(&message, message.length);
		ck_assert(rtnl_decode_is_internal_route(copy) == (i == 2));
	}
	Recorded message = recorded("rtnl/route-plain");
	struct rtmsg *header = (struct rtmsg *)(message.bytes + NLMSG_HDRLEN);
	header->rtm_flags |= RTM_F_CLONED; /* an exception that IPv6 keeps beside its routes */
	ck_assert_int_eq(decode_default(&message, &route), RTNL_NOT_OURS);
	header->rtm_flags = RTNH_F_DEAD;
	ck_assert_int_eq(decode_default(&message, &route), 0);
	ck_assert_uint_eq(route.n_hops, 0);
	header->rtm_table = 77;
	ck_assert_int_eq(decode_default(&message, &route), RTNL_NOT_OURS);
	message.length = NLMSG_HDRLEN + 4;
	ck_assert_int_eq(decode_default(&message, &route), -EBADMSG);
}
END_TEST

START_TEST(test_addresses)
{
	RtnlAddress address, other;
	Recorded message = recorded("rtnl/address");
	ck_assert_int_eq(decode_address(&message, &address), 0);
	check_address(&address.address, "192.0.2.2");
	ck_assert_int_eq(address.link_index, 3);
	ck_assert_uint_eq(address.prefix_length, 24);
	ck_assert_uint_eq(address.flags, 0); /* IFA_F_PERMANENT is no matter */
	message = recorded("rtnl/address6");
	ck_assert_int_eq(decode_address(&message, &other), 0);
	check_address(&other.address, "2001:db8::2");
	ck_assert(!rtnl_address_equal(&address, &other));

	struct ifaddrmsg header = {.ifa_family = AF_INET, .ifa_prefixlen = 32, .ifa_index = 9};
	const uint32_t flags = IFA_F_TENTATIVE | IFA_F_PERMANENT | IFA_F_NOPREFIXROUTE;
	message = recorded_start(RTM_NEWADDR, &header, sizeof(header));
	recorded_put(&message, IFA_LOCAL, "\n\0\0\1", 4);
	recorded_put(&message, IFA_ADDRESS, "\n\0\0\2", 4); /* the peer's */
	recorded_put(&message, IFA_FLAGS, &flags, sizeof(flags));
	ck_assert_int_eq(decode_address(&message, &address), 0);
	check_address(&address.address, "10.0.0.1");
	ck_assert_uint_eq(address.flags, IFA_F_TENTATIVE);
	other = address;
	ck_assert(rtnl_address_equal(&address, &other));
	other.flags = 0;
	ck_assert(!rtnl_address_equal(&address, &other));
	other = address;
	other.link_index = 8;
	ck_assert(!rtnl_address_equal(&address, &other));
	other = address;
	other.prefix_length = 31;
	ck_assert(!rtnl_address_equal(&address, &other));

	for (size_t length = message.length; length-- > NLMSG_HDRLEN;) {
		Recorded cut = message;
		cut.length = length;
		(void)decode_address(&cut, &address);
	}
	header.ifa_family = AF_BRIDGE;
	message = recorded_start(RTM_NEWADDR, &header, sizeof(header));
	ck_assert_int_eq(decode_address(&message, &address), RTNL_NOT_OURS);
	header.ifa_family = AF_INET;
	message = recorded_start(RTM_NEWADDR, &header, sizeof(header));
	ck_assert_int_eq(decode_address(&message, &address), -EBADMSG);
}
END_TEST

static int decode_nexthop(const char *name, RtnlNexthop *ret_nexthop)
{
	Recorded message = recorded(name);
	_cleanup_free_ struct nlmsghdr *copy = recorded_copy(&message, message.length);
	return rtnl_nexthop_decode(copy, ret_nexthop);
}

START_TEST(test_nexthops)
{
	RtnlNexthop nexthop;
	ck_assert_int_eq(decode_nexthop("rtnl/nexthop-hop", &nexthop), 0);
	check_address(&nexthop.address, "192.0.2.1");
	ck_assert_int_eq(nexthop.link_index, 3);
	ck_assert_uint_eq(nexthop.n_members, 0);
	ck_assert_int_eq(decode_nexthop("rtnl/nexthop-blackhole", &nexthop), 0);
	ck_assert_int_eq(nexthop.address.family, AF_UNSPEC);
	ck_assert_int_eq(decode_nexthop("rtnl/nexthop-group", &nexthop), 0);
	ck_assert_uint_eq(nexthop.n_members, 2);
	ck_assert_uint_eq(nexthop.members[0], 1);
	ck_assert_uint_eq(nexthop.members[1], 2);

	struct nhmsg header = {.nh_family = AF_INET6};
	Recorded message = recorded_start(RTM_NEWNEXTHOP, &header, sizeof(header));
	struct nexthop_grp many[RTNL_NEXTHOP_MEMBERS_MAX + 3] = {{.id = 77}};
	recorded_put(&message, NHA_GROUP, many, sizeof(many));
	struct nlmsghdr *copy = recorded_copy(&message, message.length);
	ck_assert_int_eq(rtnl_nexthop_decode(copy, &nexthop), 0);
	ck_assert_uint_eq(nexthop.n_members, RTNL_NEXTHOP_MEMBERS_MAX);
	ck_assert_uint_eq(nexthop.members[0], 77);
	copy->nlmsg_len -= 3;
	ck_assert_int_eq(rtnl_nexthop_decode(copy, &nexthop), -EBADMSG);
	copy->nlmsg_len = NLMSG_HDRLEN;
	ck_assert_int_eq(rtnl_nexthop_decode(copy, &nexthop), -EBADMSG);
	free(copy);
}
END_TEST

HARNESS_MAIN("rtnl_decode", {
	HARNESS_CASE(suite, "links", test_link, test_link_statistics, test_qdisc);
	HARNESS_CASE(suite, "routes", test_routes, test_other_routes, test_nexthops);
	HARNESS_CASE(suite, "addresses", test_addresses);
})
