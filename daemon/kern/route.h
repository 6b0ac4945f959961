/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Host routes of our own, behind a seam. The kernel keeps for a destination not only the way to it
 * but also how its connections behave (RTA_METRICS: congestion control, first window, least RTO,
 * quick acknowledgements, ECN). To set these for one address, the entry that routes it is copied
 * into one for that address alone, with these metrics added.
 *
 * What is ours is known by its protocol number, to ip(8) too (rt_protos.d), so that nothing of it
 * can be mistaken for somebody else's, nor be lost when we die.
 *
 * Our routes stand last among those of the same address, not first, as a route without a priority
 * would (measured on 6.18): `ip route add` of the same address by somebody else then fails with
 * EEXIST, or, with a metric, stands behind ours without effect. Standing last, whatever host route
 * somebody adds is in force from that moment; and nobody else's can have the same prefix, priority
 * and table, so that a replacement never hits one.
 */
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/address.h"
#include "daemon/kern/rtnl.h"

/* rtm_protocol and FRA_PROTOCOL. 192 to 255 are taken by nobody we know of (linux/rtnetlink.h). */
#define ROUTE_PROTOCOL 199
/* The last but a few, which leaves room to stand behind us for who really wants to. */
#define ROUTE_PRIORITY (UINT32_MAX - ROUTE_PROTOCOL)
/* Marked sockets ("NO") see the shadow table before all others. */
#define ROUTE_MARK          0x4e4f
#define ROUTE_SHADOW_TABLE  7703
#define ROUTE_RULE_PRIORITY 7703

#define ROUTE_CONGCTL_MAX 16 /* TCP_CA_NAME_MAX */
#define ROUTE_METRICS     32 /* room for RTAX_… of kernels to come */

/* What we set; "", 0 and false: not set. */
typedef struct RouteMetrics {
	char congctl[ROUTE_CONGCTL_MAX];
	uint32_t initcwnd; /* segments */
	/* RTAX_RTO_MIN, which has an effect only when locked. Felt by connections that there are,
	 * too, and not undone for them: their estimate falls to a lower floor, but is not lifted
	 * to a higher one (measured; net/ipv4/tcp_input.c:tcp_rtt_estimator()). */
	uint32_t rto_min_ms;
	bool quickack, ecn;
} RouteMetrics;

/* An entry of a routing table. */
typedef struct RouteEntry {
	Address prefix;
	uint8_t prefix_length;
	uint8_t source_length; /* of an IPv6 route for some sources only */
	uint8_t tos, scope, type, protocol;
	bool onlink; /* RTNH_F_ONLINK: the gateway is on the link, whatever its address */
	uint32_t table, priority;
	int link_index;  /* 0: none */
	Address gateway; /* may be of another family (RTA_VIA); family 0: on the link */
	Address source;  /* RTA_PREFSRC; family 0: none */
	uint32_t realms; /* RTA_FLOW */
	uint32_t nexthop_id;
	bool multipath, encap;
	bool strange;                    /* has an attribute that we do not know how to copy */
	uint32_t metrics[ROUTE_METRICS]; /* by RTAX_…; 0: not set */
	char congctl[ROUTE_CONGCTL_MAX]; /* RTAX_CC_ALGO */
	/* Of the answer for one destination, as learned from ICMP: */
	uint32_t cached_expires; /* RTA_CACHEINFO, in the kernel's ticks; 0: nothing is learned */
} RouteEntry;

/* A route that is, or is to be, ours: a copy of `covering` for one address. */
typedef struct RouteOwn {
	Address destination;
	uint32_t table;
	RouteEntry covering;
	RouteMetrics metrics;
} RouteOwn;

/* What a deletion must match, besides the protocol. */
typedef struct RouteKey {
	Address prefix; /* family set, also for a prefix of length 0 */
	uint8_t prefix_length;
	uint8_t tos;
	uint32_t table, priority;
} RouteKey;

typedef struct RouteRule {
	uint8_t family;
	uint8_t protocol;
	uint32_t priority, table, mark;
	bool suppresses; /* passes over what it finds if its prefix is short */
} RouteRule;

typedef enum RouteVerb {
	ROUTE_ADD,     /* -EEXIST: there is one of that prefix, table and priority */
	ROUTE_REPLACE, /* one message, no moment without. -ENOENT: there is none of that prefix */
	ROUTE_DELETE,  /* -ESRCH: none of ours */
} RouteVerb;

typedef void (*RouteCallback)(const RouteEntry *entry, void *context);
typedef void (*RouteRuleCallback)(const RouteRule *rule, void *context);

/* Each returns 0 or negative errno. -EAGAIN: the answer was not whole, several times over. */
typedef struct RouteOps {
	/* The entry by which a packet of this host goes there, if it has that mark (0: none).
	 * -ENETUNREACH, -EHOSTUNREACH, -EACCES, -EINVAL, -ENOENT: it does not go. */
	int (*lookup)(void *context, const Address *destination, uint32_t mark,
		      RouteEntry *ret_entry);
	/* The same with what was learned from ICMP: RTAX_MTU and another gateway, `cached_expires`.
	 */
	int (*cached)(void *context, const Address *destination, RouteEntry *ret_entry);
	/* ROUTE_ADD and ROUTE_REPLACE. */
	int (*set)(void *context, RouteVerb verb, const RouteOwn *route);
	int (*remove)(void *context, const RouteKey *key);
	/* All that has our protocol, of both families and all tables. */
	int (*list)(void *context, RouteCallback each, void *each_context);
	/* ROUTE_ADD: marked packets of that family look into the shadow table first. ROUTE_DELETE:
	 * one such rule. */
	int (*rule)(void *context, RouteVerb verb, int family);
	/* All, of both families. */
	int (*rules)(void *context, RouteRuleCallback each, void *each_context);
	/* -ENODEV */
	int (*link)(void *context, int index, Link *ret_link);
	void *context;
} RouteOps;

/* The kernel, of the network namespace that the caller is in. */
typedef struct RouteKernel RouteKernel;
int route_kernel_new(RouteKernel **ret_kernel);
void route_kernel_free(RouteKernel *kernel);
/* Valid as long as the kernel. */
RouteOps route_kernel_ops(RouteKernel *kernel);

bool route_metrics_empty(const RouteMetrics *metrics);
bool route_metrics_equal(const RouteMetrics *a, const RouteMetrics *b);
/* What the entry sets of what we may set. */
RouteMetrics route_metrics_of(const RouteEntry *entry);
/* The length of a prefix that is one address. */
uint8_t route_host_length(int family);
/* Whether the entry is the route that we made or would make. */
bool route_is_own(const RouteEntry *entry, const RouteOwn *route);
/* Whether a copy of one is as good as a copy of the other: same way, same source, same metrics. How
 * long their prefixes are, and who made them, does not matter. */
bool route_same_way(const RouteEntry *a, const RouteEntry *b);
/* The key of our route to this address. */
RouteKey route_key(const Address *destination, uint32_t table, uint8_t tos);
