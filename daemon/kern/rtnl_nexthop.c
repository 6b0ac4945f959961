/* SPDX-License-Identifier: MIT */
/*
 * libnl-route of Debian 12 knows nexthop objects, but not their groups; so these few attributes are
 * read here (net/ipv4/nexthop.c:nh_fill_node). A blackhole shows in the type of its routes, and an
 * object whose link is down is deleted, so neither is looked for.
 */
#include "daemon/kern/rtnl_nexthop.h"

#include <errno.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "common/base.h"

typedef struct Request {
	struct nlmsghdr header;
	struct nhmsg body;
	struct nlattr attribute;
	uint32_t id;
} Request;

static void take_gateway(const NetlinkAttribute *attribute, RtnlNexthop *nexthop)
{
	if (attribute->length == sizeof(struct in_addr))
		nexthop->address = address_from_bytes(AF_INET, attribute->data);
	else if (attribute->length == sizeof(struct in6_addr))
		nexthop->address = address_from_bytes(AF_INET6, attribute->data);
}

static void take_group(const NetlinkAttribute *attribute, RtnlNexthop *nexthop)
{
	size_t n = MIN(attribute->length / sizeof(struct nexthop_grp),
		       (size_t)RTNL_NEXTHOP_MEMBERS_MAX);
	for (size_t i = 0; i < n; i++) {
		struct nexthop_grp member;
		memcpy(&member, attribute->data + i * sizeof(member), sizeof(member));
		nexthop->members[i] = member.id;
	}
	nexthop->n_members = n;
}

static void take_attribute(const NetlinkAttribute *attribute, RtnlNexthop *nexthop)
{
	switch (attribute->type) {
	case NHA_OIF:
		if (attribute->length >= sizeof(nexthop->link_index))
			memcpy(&nexthop->link_index, attribute->data, sizeof(nexthop->link_index));
		break;
	case NHA_GATEWAY:
		take_gateway(attribute, nexthop);
		break;
	case NHA_GROUP:
		take_group(attribute, nexthop);
		break;
	}
}

int rtnl_nexthop_decode(const struct nlmsghdr *message, RtnlNexthop *ret_nexthop)
{
	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(struct nhmsg)))
		return -EBADMSG;
	const uint8_t *rest = (const uint8_t *)message + NLMSG_LENGTH(sizeof(struct nhmsg));
	size_t length = message->nlmsg_len - NLMSG_LENGTH(sizeof(struct nhmsg));
	RtnlNexthop nexthop = {0};
	NetlinkAttribute attribute;
	int r;
	while ((r = netlink_attribute_next(&rest, &length, &attribute)) == 0)
		take_attribute(&attribute, &nexthop);
	if (r < 0)
		return r;
	*ret_nexthop = nexthop;
	return 0;
}

typedef struct Got {
	RtnlNexthop nexthop;
	int result;
} Got;

static void take(const struct nlmsghdr *message, void *context)
{
	Got *got = context;
	got->result = rtnl_nexthop_decode(message, &got->nexthop);
}

int rtnl_nexthop_get(Netlink *netlink, uint32_t id, RtnlNexthop *ret_nexthop)
{
	Request request = {
		.header = {.nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETNEXTHOP},
		.attribute = {.nla_len = sizeof(request.attribute) + sizeof(request.id),
			      .nla_type = NHA_ID},
		.id = id,
	};
	Got got = {.result = -ENOENT};
	int r = netlink_ask(netlink, &request.header, take, &got);
	if (r < 0 || got.result < 0)
		return r < 0 ? r : got.result;
	*ret_nexthop = got.nexthop;
	return 0;
}
