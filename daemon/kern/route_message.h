/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Messages of rtnetlink about routes and rules: what we send, and what the kernel answers. Pure: no
 * socket. By hand and not by libnl-route, which knows no metric that is text (the congestion
 * control), and of the rest hides what must be copied verbatim.
 */
#include "daemon/kern/netlink.h"
#include "daemon/kern/route.h"

/* The longest: two IPv6 addresses and each metric there may be. */
#define ROUTE_MESSAGE_MAX 640

typedef struct RouteMessage {
	_Alignas(struct nlmsghdr) uint8_t bytes[ROUTE_MESSAGE_MAX];
} RouteMessage;

/* RTM_GETROUTE; for the entry itself if `entry`, else for what packets to that address get. */
void route_message_lookup(RouteMessage *message, const Address *destination, uint32_t mark,
			  bool entry);
/* RTM_GETROUTE of all that has our protocol. */
void route_message_list(RouteMessage *message, int family);
/* RTM_NEWROUTE. */
void route_message_set(RouteMessage *message, RouteVerb verb, const RouteOwn *route);
/* RTM_DELROUTE. */
void route_message_remove(RouteMessage *message, const RouteKey *key);
/* RTM_NEWRULE and RTM_DELRULE of the shadow table. */
void route_message_rule(RouteMessage *message, RouteVerb verb, int family);
/* RTM_GETRULE of all. */
void route_message_rules(RouteMessage *message, int family);
/* RTM_GETLINK of one. */
void route_message_link(RouteMessage *message, int index);

enum { ROUTE_NOT_OURS = 1 };

/* RTM_NEWROUTE. ROUTE_NOT_OURS: another message, or neither IPv4 nor IPv6. -EBADMSG. */
int route_decode(const struct nlmsghdr *message, RouteEntry *ret_entry);
/* RTM_NEWRULE. As above. */
int route_decode_rule(const struct nlmsghdr *message, RouteRule *ret_rule);
/* The metrics that a copy of `covering` has with ours added, by RTAX_…, and its congestion control:
 * `congctl` of ROUTE_CONGCTL_MAX. */
void route_merge(const RouteEntry *covering, const RouteMetrics *metrics,
		 uint32_t ret_metrics[ROUTE_METRICS], char *congctl);
