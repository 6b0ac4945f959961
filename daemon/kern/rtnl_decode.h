/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Messages of rtnetlink, one at a time. Pure: no socket. Links, queueing disciplines and routes are
 * taken apart by libnl-route; what decides whether a message is worth that is read from its header.
 */
#include <linux/netlink.h>

#include "daemon/kern/rtnl.h"

enum { RTNL_NOT_OURS = 1 };

/* RTM_NEWLINK and RTM_DELLINK. `speed_bps` and what belongs to the qdisc are left 0.
 * RTNL_NOT_OURS: of a bridge's port table and the like. -EBADMSG, -ENOMEM. */
int rtnl_decode_link(const struct nlmsghdr *message, Link *ret_link);

typedef struct RtnlQdisc {
	int link_index;
	uint64_t drops, overlimits, requeues;
	uint32_t backlog_bytes, length_packets;
} RtnlQdisc;
/* RTM_NEWQDISC. RTNL_NOT_OURS: not the root. -EBADMSG, -ENOMEM. */
int rtnl_decode_qdisc(const struct nlmsghdr *message, RtnlQdisc *ret_qdisc);

#define RTNL_HOPS_MAX 64 /* of one route; those beyond are passed over */

typedef struct RtnlDefault {
	uint32_t nexthop_id;         /* not 0: the kernel tells only that, see rtnl_nexthop.h */
	Gateway hops[RTNL_HOPS_MAX]; /* without link_name */
	size_t n_hops; /* those that the kernel would use. With nexthop_id: one, to be filled */
} RtnlDefault;
/* RTM_NEWROUTE. RTNL_NOT_OURS: no default route of the main table. -EBADMSG, -ENOMEM. */
int rtnl_decode_default(const struct nlmsghdr *message, RtnlDefault *ret_route);

/* Whether this route's change may change the default gateways; without libnl, as it is asked of
 * each of the many routes that a router has. */
bool rtnl_decode_is_default(const struct nlmsghdr *message);
/* A change of the kernel's table of its own addresses, or of what it learned: no news. */
bool rtnl_decode_is_internal_route(const struct nlmsghdr *message);
/* A route with the protocol number of ours: mostly our own doing. */
bool rtnl_decode_is_own_route(const struct nlmsghdr *message);

typedef struct RtnlAddress {
	int link_index;
	Address address;
	uint8_t prefix_length;
	uint32_t flags; /* IFA_F_…, only those that say whether it can be used */
} RtnlAddress;
/* RTM_NEWADDR and RTM_DELADDR. RTNL_NOT_OURS: neither IPv4 nor IPv6. -EBADMSG. */
int rtnl_decode_address(const struct nlmsghdr *message, RtnlAddress *ret_address);
bool rtnl_address_equal(const RtnlAddress *a, const RtnlAddress *b);
