/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The kernel's routing, made by hand: tables with the longest prefix and then the least priority
 * first, rules, links, what ICMP taught; and every fault that a netlink socket may have.
 */
#include "daemon/kern/route.h"

#define FAKE_ROUTES_MAX 1024
#define FAKE_LINKS_MAX  8
#define FAKE_RULES_MAX  8

typedef enum FakeRouteOp {
	FAKE_LOOKUP,
	FAKE_CACHED,
	FAKE_SET,
	FAKE_REMOVE,
	FAKE_LIST,
	FAKE_RULE,
	FAKE_RULES,
	FAKE_LINK,
	_FAKE_ROUTE_OPS,
} FakeRouteOp;

typedef struct FakeRoutes {
	RouteEntry entries[FAKE_ROUTES_MAX];
	size_t n;
	RouteRule rules[FAKE_RULES_MAX];
	size_t n_rules;
	Link links[FAKE_LINKS_MAX];
	size_t n_links;
	/* All that goes to `diverted` is looked up in `divert_table`; family 0: none. */
	Address diverted;
	uint32_t divert_table;
	/* For `taught` a path MTU or another gateway was learned; family 0: none. */
	Address taught, taught_gateway;
	uint32_t taught_mtu;
	/* The next `failures` calls of each fail with `error`, after `after` that do not. */
	struct {
		unsigned failures, after;
		int error;
		bool acts; /* it is done all the same: only the acknowledgement is lost */
	} faults[_FAKE_ROUTE_OPS];
	bool forgets_congctl; /* what is set lacks it, as if the kernel had another idea */
	unsigned calls[_FAKE_ROUTE_OPS];
} FakeRoutes;

/* eth0 (2) and eth1 (3) of 1500, lo (1), wg0 (4); default routes over 192.0.2.1 and 2001:db8::1,
 * and what is on the link. */
void fake_routes_init(FakeRoutes *fake);
RouteOps fake_routes_ops(FakeRoutes *fake);
/* prefix: "198.51.100.0/24"; gateway NULL: on the link. The main table. It may be changed. */
RouteEntry *fake_routes_add(FakeRoutes *fake, const char *prefix, const char *gateway, int link);
/* The first of that prefix that has this protocol; NULL: none. */
RouteEntry *fake_routes_find(FakeRoutes *fake, const char *prefix, uint8_t protocol);
/* All of that prefix and protocol. */
void fake_routes_delete(FakeRoutes *fake, const char *prefix, uint8_t protocol);
size_t fake_routes_own(const FakeRoutes *fake);
