/* SPDX-License-Identifier: MIT */
/*
 * Building. A message is appended to; each has room for the longest that can be made, so running
 * over is a fault of ours and not of the network's.
 *
 * The kernel checks requests strictly on our socket (NETLINK_GET_STRICT_CHK), so that what a filter
 * says is heeded, and not ignored: fields that a request does not use are 0.
 */
#include "daemon/kern/route_message.h"

#include <linux/fib_rules.h>

#include "common/text.h"

static struct nlmsghdr *header_of(RouteMessage *message)
{
	return (struct nlmsghdr *)message->bytes;
}

static void begin(RouteMessage *message, uint16_t type, uint16_t flags, const void *body,
		  size_t size)
{
	memset(message, 0, sizeof(*message));
	*header_of(message) = (struct nlmsghdr){.nlmsg_len = (uint32_t)NLMSG_LENGTH(size),
						.nlmsg_type = type,
						.nlmsg_flags = flags};
	memcpy(message->bytes + NLMSG_HDRLEN, body, size);
}

static void put(RouteMessage *message, uint16_t type, const void *data, size_t size)
{
	struct nlmsghdr *header = header_of(message);
	struct nlattr attribute = {.nla_len = (uint16_t)(sizeof(attribute) + size),
				   .nla_type = type};
	size_t at = NLMSG_ALIGN(header->nlmsg_len);
	assert(at + NLMSG_ALIGN(sizeof(attribute) + size) <= sizeof(message->bytes));
	memcpy(message->bytes + at, &attribute, sizeof(attribute));
	if (size > 0)
		memcpy(message->bytes + at + sizeof(attribute), data, size);
	header->nlmsg_len = (uint32_t)(at + NLMSG_ALIGN(sizeof(attribute) + size));
}

static void put_number(RouteMessage *message, uint16_t type, uint32_t value)
{
	put(message, type, &value, sizeof(value));
}

static size_t address_length(int family)
{
	return family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
}

static void put_address(RouteMessage *message, uint16_t type, const Address *address)
{
	put(message, type, address->bytes, address_length(address->family));
}

uint8_t route_host_length(int family)
{
	return (uint8_t)(8 * address_length(family));
}

void route_message_lookup(RouteMessage *message, const Address *destination, uint32_t mark,
			  bool entry)
{
	struct rtmsg body = {.rtm_family = destination->family,
			     .rtm_dst_len = route_host_length(destination->family)};
	/* Without RTM_F_LOOKUP_TABLE, IPv4 answers "main" for every table; IPv6 refuses it. */
	if (destination->family == AF_INET)
		body.rtm_flags |= RTM_F_LOOKUP_TABLE;
	if (entry)
		body.rtm_flags |= RTM_F_FIB_MATCH;
	begin(message, RTM_GETROUTE, 0, &body, sizeof(body));
	put_address(message, RTA_DST, destination);
	if (mark)
		put_number(message, RTA_MARK, mark);
}

void route_message_list(RouteMessage *message, int family)
{
	const struct rtmsg body = {.rtm_family = (uint8_t)family, .rtm_protocol = ROUTE_PROTOCOL};
	begin(message, RTM_GETROUTE, NLM_F_DUMP, &body, sizeof(body));
}

void route_merge(const RouteEntry *covering, const RouteMetrics *metrics,
		 uint32_t ret_metrics[ROUTE_METRICS], char *congctl)
{
	memcpy(ret_metrics, covering->metrics, sizeof(covering->metrics));
	(void)text_copy(congctl, ROUTE_CONGCTL_MAX, /* fits: both are that long */
			metrics->congctl[0] ? metrics->congctl : covering->congctl);
	if (metrics->initcwnd)
		ret_metrics[RTAX_INITCWND] = metrics->initcwnd;
	if (metrics->rto_min_ms) {
		ret_metrics[RTAX_RTO_MIN] = metrics->rto_min_ms;
		/* net/ipv4/tcp_output.c:tcp_rto_min() looks at it only then. */
		ret_metrics[RTAX_LOCK] |= 1U << RTAX_RTO_MIN;
	}
	if (metrics->quickack)
		ret_metrics[RTAX_QUICKACK] = 1;
	if (metrics->ecn)
		ret_metrics[RTAX_FEATURES] |= RTAX_FEATURE_ECN;
}

static void put_metrics(RouteMessage *message, const RouteOwn *route)
{
	struct nlmsghdr *header = header_of(message);
	uint32_t metrics[ROUTE_METRICS];
	char congctl[ROUTE_CONGCTL_MAX];
	uint32_t at = header->nlmsg_len;

	route_merge(&route->covering, &route->metrics, metrics, congctl);
	put(message, RTA_METRICS, NULL, 0);
	for (uint16_t i = RTAX_LOCK; i < ROUTE_METRICS; i++)
		if (metrics[i] && i != RTAX_CC_ALGO)
			put_number(message, i, metrics[i]);
	if (congctl[0])
		put(message, RTAX_CC_ALGO, congctl, strlen(congctl) + 1);
	((struct nlattr *)(message->bytes + at))->nla_len = (uint16_t)(header->nlmsg_len - at);
}

static void put_gateway(RouteMessage *message, int family, const Address *gateway)
{
	struct {
		uint16_t family; /* struct rtvia */
		uint8_t bytes[16];
	} via = {gateway->family, {0}};

	if (gateway->family == 0)
		return;
	if (gateway->family == family) {
		put_address(message, RTA_GATEWAY, gateway);
		return;
	}
	memcpy(via.bytes, gateway->bytes, sizeof(via.bytes));
	put(message, RTA_VIA, &via, sizeof(via.family) + address_length(gateway->family));
}

void route_message_set(RouteMessage *message, RouteVerb verb, const RouteOwn *route)
{
	const RouteEntry *covering = &route->covering;
	const int family = route->destination.family;
	const struct rtmsg body = {
		.rtm_family = route->destination.family,
		.rtm_dst_len = route_host_length(family),
		.rtm_tos = covering->tos,
		.rtm_table = RT_TABLE_UNSPEC, /* RTA_TABLE says which */
		.rtm_protocol = ROUTE_PROTOCOL,
		.rtm_scope = covering->scope,
		.rtm_type = covering->type,
		.rtm_flags = covering->onlink ? RTNH_F_ONLINK : 0,
	};
	begin(message, RTM_NEWROUTE,
	      verb == ROUTE_REPLACE ? NLM_F_REPLACE : NLM_F_CREATE | NLM_F_EXCL, &body,
	      sizeof(body));
	put_address(message, RTA_DST, &route->destination);
	put_number(message, RTA_TABLE, route->table);
	put_number(message, RTA_PRIORITY, ROUTE_PRIORITY);
	if (covering->link_index)
		put_number(message, RTA_OIF, (uint32_t)covering->link_index);
	put_gateway(message, family, &covering->gateway);
	if (covering->source.family)
		put_address(message, RTA_PREFSRC, &covering->source);
	if (covering->realms)
		put_number(message, RTA_FLOW, covering->realms);
	put_metrics(message, route);
}

void route_message_remove(RouteMessage *message, const RouteKey *key)
{
	const struct rtmsg body = {
		.rtm_family = key->prefix.family,
		.rtm_dst_len = key->prefix_length,
		.rtm_tos = key->tos,
		.rtm_table = RT_TABLE_UNSPEC,
		.rtm_protocol = ROUTE_PROTOCOL,
		.rtm_scope = RT_SCOPE_NOWHERE, /* any */
	};
	begin(message, RTM_DELROUTE, 0, &body, sizeof(body));
	if (key->prefix_length > 0)
		put_address(message, RTA_DST, &key->prefix);
	put_number(message, RTA_TABLE, key->table);
	put_number(message, RTA_PRIORITY, key->priority);
}

void route_message_rule(RouteMessage *message, RouteVerb verb, int family)
{
	const struct fib_rule_hdr body = {
		.family = (uint8_t)family, .table = RT_TABLE_UNSPEC, .action = FR_ACT_TO_TBL};
	const uint8_t protocol = ROUTE_PROTOCOL;
	begin(message, verb == ROUTE_DELETE ? RTM_DELRULE : RTM_NEWRULE,
	      verb == ROUTE_DELETE ? 0 : NLM_F_CREATE | NLM_F_EXCL, &body, sizeof(body));
	put_number(message, FRA_TABLE, ROUTE_SHADOW_TABLE);
	put_number(message, FRA_PRIORITY, ROUTE_RULE_PRIORITY);
	put_number(message, FRA_FWMARK, ROUTE_MARK);
	put_number(message, FRA_FWMASK, UINT32_MAX);
	put(message, FRA_PROTOCOL, &protocol, sizeof(protocol));
}

void route_message_rules(RouteMessage *message, int family)
{
	const struct fib_rule_hdr body = {.family = (uint8_t)family};
	begin(message, RTM_GETRULE, NLM_F_DUMP, &body, sizeof(body));
}

void route_message_link(RouteMessage *message, int index)
{
	const struct ifinfomsg body = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	begin(message, RTM_GETLINK, 0, &body, sizeof(body));
}
