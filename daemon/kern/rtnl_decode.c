/* SPDX-License-Identifier: MIT */
/*
 * libnl-route has no public parser of a single link or qdisc, but its cache machinery has: the
 * message is wrapped (and copied) into a struct nl_msg, and the object comes out of a callback. It
 * takes microseconds, which matters for the million routes of a router; so those are told from
 * others by their rtmsg, and never wrapped.
 *
 * Lost packets: rx_dropped (no buffer, no protocol) and rx_missed_errors (the ring was full) are
 * one to us, both mean that the host was too slow.
 */
#include "daemon/kern/rtnl_decode.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/addr.h>
#include <netlink/cache.h>
#include <netlink/msg.h>
#include <netlink/object.h>
#include <netlink/route/link.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/route.h>
#include <netlink/route/tc.h>
#include <string.h>

#include "common/base.h"
#include "common/text.h"
#include "daemon/kern/netlink.h"
#include "daemon/kern/route.h"

/* An address with one of these cannot be a source, or soon cannot. */
#define ADDRESS_FLAGS (IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_DEPRECATED | IFA_F_OPTIMISTIC)

static void put_object(struct nl_object **object)
{
	nl_object_put(*object);
}

static void put_route(struct rtnl_route **route)
{
	rtnl_route_put(*route);
}

static void keep_object(struct nl_object *object, void *context)
{
	struct nl_object **kept = context;
	nl_object_get(object);
	*kept = object;
}

/* The fixed part that follows the header, or NULL if the message is too short for it. */
static const void *body(const struct nlmsghdr *message, size_t size)
{
	return message->nlmsg_len >= NLMSG_LENGTH(size) ? (const uint8_t *)message + NLMSG_HDRLEN
							: NULL;
}

static int parse_object(const struct nlmsghdr *message, struct nl_object **ret_object)
{
	/* libnl takes the message writable, and copies it. */
	struct nl_msg *wrapped = nlmsg_convert((struct nlmsghdr *)(uintptr_t)message);
	if (!wrapped)
		return -ENOMEM;
	nlmsg_set_proto(wrapped, NETLINK_ROUTE);
	int r = nl_msg_parse(wrapped, keep_object, ret_object);
	nlmsg_free(wrapped);
	if (r < 0)
		return netlink_errno(r) == -ENOMEM ? -ENOMEM : -EBADMSG;
	return *ret_object ? 0 : -EBADMSG;
}

static void copy_name(char *buffer, size_t size, const char *name)
{
	(void)text_copy(buffer, size, name ? name : ""); /* longer ones are cut: only shown */
}

int rtnl_decode_link(const struct nlmsghdr *message, Link *ret_link)
{
	const struct ifinfomsg *header = body(message, sizeof(*header));
	if (!header)
		return -EBADMSG;
	if (header->ifi_family != AF_UNSPEC)
		return RTNL_NOT_OURS;
	_cleanup_(put_object) struct nl_object *object = NULL;
	int r = parse_object(message, &object);
	if (r < 0)
		return r;
	struct rtnl_link *parsed = (struct rtnl_link *)object;
	unsigned flags = rtnl_link_get_flags(parsed);
	Link link = {
		.index = header->ifi_index,
		.up = flags & IFF_UP,
		.running = flags & IFF_RUNNING,
		.loopback = flags & IFF_LOOPBACK,
		.mtu_bytes = rtnl_link_get_mtu(parsed),
		.rx_bytes = rtnl_link_get_stat(parsed, RTNL_LINK_RX_BYTES),
		.tx_bytes = rtnl_link_get_stat(parsed, RTNL_LINK_TX_BYTES),
		.rx_packets = rtnl_link_get_stat(parsed, RTNL_LINK_RX_PACKETS),
		.tx_packets = rtnl_link_get_stat(parsed, RTNL_LINK_TX_PACKETS),
		.rx_drops = rtnl_link_get_stat(parsed, RTNL_LINK_RX_DROPPED) +
			    rtnl_link_get_stat(parsed, RTNL_LINK_RX_MISSED_ERR),
		.tx_drops = rtnl_link_get_stat(parsed, RTNL_LINK_TX_DROPPED),
		.rx_errors = rtnl_link_get_stat(parsed, RTNL_LINK_RX_ERRORS),
		.tx_errors = rtnl_link_get_stat(parsed, RTNL_LINK_TX_ERRORS),
	};
	copy_name(link.name, sizeof(link.name), rtnl_link_get_name(parsed));
	copy_name(link.kind, sizeof(link.kind), rtnl_link_get_type(parsed));
	copy_name(link.qdisc, sizeof(link.qdisc), rtnl_link_get_qdisc(parsed));
	*ret_link = link;
	return 0;
}

int rtnl_decode_qdisc(const struct nlmsghdr *message, RtnlQdisc *ret_qdisc)
{
	const struct tcmsg *header = body(message, sizeof(*header));
	if (!header)
		return -EBADMSG;
	if (header->tcm_parent != TC_H_ROOT)
		return RTNL_NOT_OURS;
	_cleanup_(put_object) struct nl_object *object = NULL;
	int r = parse_object(message, &object);
	if (r < 0)
		return r;
	struct rtnl_tc *tc = (struct rtnl_tc *)object;
	*ret_qdisc = (RtnlQdisc){
		.link_index = header->tcm_ifindex,
		.drops = rtnl_tc_get_stat(tc, RTNL_TC_DROPS),
		.overlimits = rtnl_tc_get_stat(tc, RTNL_TC_OVERLIMITS),
		.requeues = rtnl_tc_get_stat(tc, RTNL_TC_REQUEUES),
		.backlog_bytes = (uint32_t)rtnl_tc_get_stat(tc, RTNL_TC_BACKLOG),
		.length_packets = (uint32_t)rtnl_tc_get_stat(tc, RTNL_TC_QLEN),
	};
	return 0;
}

bool rtnl_decode_is_default(const struct nlmsghdr *message)
{
	const struct rtmsg *header = body(message, sizeof(*header));
	return header && (header->rtm_family == AF_INET || header->rtm_family == AF_INET6) &&
	       header->rtm_dst_len == 0 && header->rtm_table == RT_TABLE_MAIN &&
	       header->rtm_type == RTN_UNICAST && !(header->rtm_flags & RTM_F_CLONED);
}

bool rtnl_decode_is_internal_route(const struct nlmsghdr *message)
{
	const struct rtmsg *header = body(message, sizeof(*header));
	return header && (header->rtm_table == RT_TABLE_LOCAL || header->rtm_flags & RTM_F_CLONED);
}

bool rtnl_decode_is_own_route(const struct nlmsghdr *message)
{
	const struct rtmsg *header = body(message, sizeof(*header));
	return header && header->rtm_protocol == ROUTE_PROTOCOL;
}

static Address address_of(const struct nl_addr *address)
{
	if (!address)
		return (Address){0};
	int family = nl_addr_get_family(address);
	size_t length = family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	if (nl_addr_get_len(address) < length)
		return (Address){0};
	return address_from_bytes(family, nl_addr_get_binary_addr(address));
}

static uint32_t nexthop_id(const struct nlmsghdr *message)
{
	const struct nlattr *attribute = nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)message,
							 sizeof(struct rtmsg), RTA_NH_ID);
	return attribute && nla_len(attribute) == sizeof(uint32_t) ? nla_get_u32(attribute) : 0;
}

static void take_hops(struct rtnl_route *parsed, RtnlDefault *route)
{
	int n = MIN(rtnl_route_get_nnexthops(parsed), RTNL_HOPS_MAX);
	for (int i = 0; i < n; i++) {
		struct rtnl_nexthop *hop = rtnl_route_nexthop_n(parsed, i);
		if (rtnl_route_nh_get_flags(hop) & RTNH_F_DEAD)
			continue;
		const struct nl_addr *address = rtnl_route_nh_get_gateway(hop);
		/* RTA_VIA: a gateway of another family than the route's (RFC 8950). */
		route->hops[route->n_hops++] = (Gateway){
			.address = address_of(address ? address : rtnl_route_nh_get_via(hop)),
			.family = rtnl_route_get_family(parsed),
			.link_index = rtnl_route_nh_get_ifindex(hop),
			.metric = rtnl_route_get_priority(parsed),
		};
	}
}

int rtnl_decode_default(const struct nlmsghdr *message, RtnlDefault *ret_route)
{
	if (!body(message, sizeof(struct rtmsg)))
		return -EBADMSG;
	if (!rtnl_decode_is_default(message))
		return RTNL_NOT_OURS;
	_cleanup_(put_route) struct rtnl_route *parsed = NULL;
	int r = rtnl_route_parse((struct nlmsghdr *)(uintptr_t)message, &parsed);
	if (r < 0)
		return netlink_errno(r) == -ENOMEM ? -ENOMEM : -EBADMSG;
	ret_route->n_hops = 0;
	ret_route->nexthop_id = 0;
	take_hops(parsed, ret_route);
	if (rtnl_route_get_nnexthops(parsed) > 0)
		return 0;
	ret_route->nexthop_id = nexthop_id(message);
	if (ret_route->nexthop_id == 0)
		return 0;
	ret_route->hops[ret_route->n_hops++] = (Gateway){
		.family = rtnl_route_get_family(parsed),
		.metric = rtnl_route_get_priority(parsed),
	};
	return 0;
}

static void take_address_attribute(const NetlinkAttribute *attribute, int family,
				   RtnlAddress *address, bool *have_local)
{
	size_t length = family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	switch (attribute->type) {
	case IFA_FLAGS:
		if (attribute->length >= sizeof(address->flags))
			memcpy(&address->flags, attribute->data, sizeof(address->flags));
		break;
	case IFA_LOCAL:
	case IFA_ADDRESS:
		/* On a point-to-point link IFA_ADDRESS is the peer's. */
		if (attribute->length < length || (attribute->type == IFA_ADDRESS && *have_local))
			break;
		*have_local |= attribute->type == IFA_LOCAL;
		address->address = address_from_bytes(family, attribute->data);
		break;
	}
}

int rtnl_decode_address(const struct nlmsghdr *message, RtnlAddress *ret_address)
{
	const struct ifaddrmsg *header = body(message, sizeof(*header));
	if (!header)
		return -EBADMSG;
	if (header->ifa_family != AF_INET && header->ifa_family != AF_INET6)
		return RTNL_NOT_OURS;
	RtnlAddress address = {.link_index = (int)header->ifa_index,
			       .prefix_length = header->ifa_prefixlen,
			       .flags = header->ifa_flags};
	const uint8_t *rest = (const uint8_t *)header + NLMSG_ALIGN(sizeof(*header));
	size_t length = message->nlmsg_len - NLMSG_LENGTH(sizeof(*header));
	NetlinkAttribute attribute;
	bool have_local = false;
	int r;
	while ((r = netlink_attribute_next(&rest, &length, &attribute)) == 0)
		take_address_attribute(&attribute, header->ifa_family, &address, &have_local);
	if (r < 0 || address.address.family == AF_UNSPEC)
		return -EBADMSG;
	address.flags &= ADDRESS_FLAGS;
	*ret_address = address;
	return 0;
}

bool rtnl_address_equal(const RtnlAddress *a, const RtnlAddress *b)
{
	return a->link_index == b->link_index && a->prefix_length == b->prefix_length &&
	       a->flags == b->flags && address_equal(&a->address, &b->address);
}
