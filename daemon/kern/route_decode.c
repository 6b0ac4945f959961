/* SPDX-License-Identifier: MIT */
/*
 * Decoding, and the comparisons of what was decoded (net/ipv4/fib_semantics.c:fib_dump_info(),
 * net/ipv4/route.c:rt_fill_info(), net/ipv6/route.c:rt6_fill_node(),
 * net/core/fib_rules.c:fib_nl_fill_rule()).
 *
 * An attribute that is shorter than it must be makes the message bad; one that is not known makes
 * the route strange, so that it is never copied.
 */
#include <linux/fib_rules.h>

#include "common/text.h"
#include "daemon/kern/route_message.h"

static int take_number(const NetlinkAttribute *attribute, uint32_t *ret_value)
{
	if (attribute->length < sizeof(*ret_value))
		return -EBADMSG;
	memcpy(ret_value, attribute->data, sizeof(*ret_value));
	return 0;
}

static int take_address(const NetlinkAttribute *attribute, int family, Address *ret_address)
{
	if (attribute->length < route_host_length(family) / 8U)
		return -EBADMSG;
	*ret_address = address_from_bytes(family, attribute->data);
	return 0;
}

/* struct rtvia: a family, and as many bytes as it has. */
static int take_via(const NetlinkAttribute *attribute, RouteEntry *entry)
{
	uint16_t family;
	NetlinkAttribute address = *attribute;
	if (attribute->length < sizeof(family))
		return -EBADMSG;
	memcpy(&family, attribute->data, sizeof(family));
	if (family != AF_INET && family != AF_INET6) {
		entry->strange = true;
		return 0;
	}
	address.data += sizeof(family);
	address.length -= sizeof(family);
	return take_address(&address, family, &entry->gateway);
}

static int take_congctl(const NetlinkAttribute *attribute, RouteEntry *entry)
{
	size_t length = strnlen((const char *)attribute->data, attribute->length);
	if (length == 0 || length >= sizeof(entry->congctl))
		return -EBADMSG;
	memcpy(entry->congctl, attribute->data, length);
	entry->congctl[length] = '\0';
	return 0;
}

static int take_metrics(const NetlinkAttribute *nest, RouteEntry *entry)
{
	const uint8_t *rest = nest->data;
	size_t length = nest->length;
	NetlinkAttribute attribute;
	int r;
	while ((r = netlink_attribute_next(&rest, &length, &attribute)) == 0) {
		if (attribute.type == RTAX_CC_ALGO)
			r = take_congctl(&attribute, entry);
		else if (attribute.type == 0 || attribute.type >= ROUTE_METRICS)
			entry->strange = true;
		else
			r = take_number(&attribute, &entry->metrics[attribute.type]);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : 0;
}

static int take_cache(const NetlinkAttribute *attribute, RouteEntry *entry)
{
	struct rta_cacheinfo info;
	if (attribute->length < sizeof(info))
		return -EBADMSG;
	memcpy(&info, attribute->data, sizeof(info));
	entry->cached_expires = (uint32_t)MAX(info.rta_expires, 0);
	return 0;
}

/* What leads to another way than one gateway on one link. */
static bool take_other_way(const NetlinkAttribute *attribute, RouteEntry *entry)
{
	switch (attribute->type) {
	case RTA_MULTIPATH:
		entry->multipath = true;
		return true;
	case RTA_ENCAP:
	case RTA_ENCAP_TYPE:
	case RTA_NEWDST:
		entry->encap = true;
		return true;
	/* Of the question, or of no consequence for a copy. */
	case RTA_IIF:
	case RTA_MARK:
	case RTA_UID:
	case RTA_PREF:
	case RTA_EXPIRES:
	case RTA_PAD:
	case RTA_UNSPEC:
		return true;
	default:
		return false;
	}
}

static int take_attribute(const NetlinkAttribute *attribute, int family, RouteEntry *entry)
{
	uint32_t index = 0;
	int r;
	switch (attribute->type) {
	case RTA_DST:
		return take_address(attribute, family, &entry->prefix);
	case RTA_SRC: /* its length is in the header */
		return 0;
	case RTA_OIF:
		r = take_number(attribute, &index);
		entry->link_index = (int)index;
		return r;
	case RTA_GATEWAY:
		return take_address(attribute, family, &entry->gateway);
	case RTA_VIA:
		return take_via(attribute, entry);
	case RTA_PREFSRC:
		return take_address(attribute, family, &entry->source);
	case RTA_PRIORITY:
		return take_number(attribute, &entry->priority);
	case RTA_TABLE:
		return take_number(attribute, &entry->table);
	case RTA_FLOW:
		return take_number(attribute, &entry->realms);
	case RTA_NH_ID:
		return take_number(attribute, &entry->nexthop_id);
	case RTA_METRICS:
		return take_metrics(attribute, entry);
	case RTA_CACHEINFO:
		return take_cache(attribute, entry);
	}
	entry->strange |= !take_other_way(attribute, entry);
	return 0;
}

int route_decode(const struct nlmsghdr *message, RouteEntry *ret_entry)
{
	struct rtmsg body;
	if (message->nlmsg_type != RTM_NEWROUTE)
		return ROUTE_NOT_OURS;
	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(body)))
		return -EBADMSG;
	memcpy(&body, (const uint8_t *)message + NLMSG_HDRLEN, sizeof(body));
	if (body.rtm_family != AF_INET && body.rtm_family != AF_INET6)
		return ROUTE_NOT_OURS;
	if (body.rtm_dst_len > route_host_length(body.rtm_family))
		return -EBADMSG;
	RouteEntry entry = {
		.prefix = {.family = body.rtm_family}, /* there is no RTA_DST of length 0 */
		.prefix_length = body.rtm_dst_len,
		.source_length = body.rtm_src_len,
		.tos = body.rtm_tos,
		.scope = body.rtm_scope,
		.type = body.rtm_type,
		.protocol = body.rtm_protocol,
		.onlink = body.rtm_flags & RTNH_F_ONLINK,
		.table = body.rtm_table,
	};
	const uint8_t *rest = (const uint8_t *)message + NLMSG_LENGTH(sizeof(body));
	size_t length = message->nlmsg_len - NLMSG_LENGTH(sizeof(body));
	NetlinkAttribute attribute;
	int r;
	while ((r = netlink_attribute_next(&rest, &length, &attribute)) == 0) {
		r = take_attribute(&attribute, body.rtm_family, &entry);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	*ret_entry = entry;
	return 0;
}

static int take_rule_attribute(const NetlinkAttribute *attribute, RouteRule *rule)
{
	uint32_t value = 0;
	int r = 0;
	switch (attribute->type) {
	case FRA_PRIORITY:
		return take_number(attribute, &rule->priority);
	case FRA_TABLE:
		return take_number(attribute, &rule->table);
	case FRA_FWMARK:
		return take_number(attribute, &rule->mark);
	case FRA_PROTOCOL:
		if (attribute->length < sizeof(rule->protocol))
			return -EBADMSG;
		rule->protocol = attribute->data[0];
		return 0;
	case FRA_SUPPRESS_PREFIXLEN: /* always told; -1: it does not */
	case FRA_SUPPRESS_IFGROUP:
		r = take_number(attribute, &value);
		rule->suppresses |= r == 0 && value != UINT32_MAX;
		return r;
	}
	return r;
}

int route_decode_rule(const struct nlmsghdr *message, RouteRule *ret_rule)
{
	struct fib_rule_hdr body;
	if (message->nlmsg_type != RTM_NEWRULE)
		return ROUTE_NOT_OURS;
	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(body)))
		return -EBADMSG;
	memcpy(&body, (const uint8_t *)message + NLMSG_HDRLEN, sizeof(body));
	if (body.family != AF_INET && body.family != AF_INET6)
		return ROUTE_NOT_OURS;
	RouteRule rule = {.family = body.family, .table = body.table};
	const uint8_t *rest = (const uint8_t *)message + NLMSG_LENGTH(sizeof(body));
	size_t length = message->nlmsg_len - NLMSG_LENGTH(sizeof(body));
	NetlinkAttribute attribute;
	int r;
	while ((r = netlink_attribute_next(&rest, &length, &attribute)) == 0) {
		r = take_rule_attribute(&attribute, &rule);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	*ret_rule = rule;
	return 0;
}

bool route_metrics_empty(const RouteMetrics *metrics)
{
	return route_metrics_equal(metrics, &(RouteMetrics){0});
}

bool route_metrics_equal(const RouteMetrics *a, const RouteMetrics *b)
{
	return text_equal(a->congctl, b->congctl) && a->initcwnd == b->initcwnd &&
	       a->rto_min_ms == b->rto_min_ms && a->quickack == b->quickack && a->ecn == b->ecn;
}

RouteMetrics route_metrics_of(const RouteEntry *entry)
{
	RouteMetrics metrics = {
		.initcwnd = entry->metrics[RTAX_INITCWND],
		.rto_min_ms = entry->metrics[RTAX_RTO_MIN],
		.quickack = entry->metrics[RTAX_QUICKACK] != 0,
		.ecn = entry->metrics[RTAX_FEATURES] & RTAX_FEATURE_ECN,
	};
	(void)text_copy(metrics.congctl, sizeof(metrics.congctl), entry->congctl); /* fits */
	return metrics;
}

static bool same_hop(const RouteEntry *a, const RouteEntry *b)
{
	return a->link_index == b->link_index && address_equal(&a->gateway, &b->gateway) &&
	       address_equal(&a->source, &b->source) && a->table == b->table &&
	       a->type == b->type && a->scope == b->scope && a->tos == b->tos &&
	       a->onlink == b->onlink && a->realms == b->realms && a->nexthop_id == b->nexthop_id &&
	       a->multipath == b->multipath && a->encap == b->encap &&
	       a->source_length == b->source_length && a->strange == b->strange;
}

bool route_same_way(const RouteEntry *a, const RouteEntry *b)
{
	return same_hop(a, b) && memcmp(a->metrics, b->metrics, sizeof(a->metrics)) == 0 &&
	       text_equal(a->congctl, b->congctl);
}

bool route_is_own(const RouteEntry *entry, const RouteOwn *route)
{
	RouteEntry copy = route->covering;
	route_merge(&route->covering, &route->metrics, copy.metrics, copy.congctl);
	copy.table = route->table;
	copy.nexthop_id = 0; /* where it leads is copied, not the object */
	return entry->protocol == ROUTE_PROTOCOL && entry->priority == ROUTE_PRIORITY &&
	       entry->prefix_length == route_host_length(route->destination.family) &&
	       address_equal(&entry->prefix, &route->destination) && route_same_way(entry, &copy);
}

RouteKey route_key(const Address *destination, uint32_t table, uint8_t tos)
{
	return (RouteKey){.prefix = *destination,
			  .prefix_length = route_host_length(destination->family),
			  .tos = tos,
			  .table = table,
			  .priority = ROUTE_PRIORITY};
}
