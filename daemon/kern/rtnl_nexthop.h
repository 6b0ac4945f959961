/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Nexthop objects (linux/nexthop.h, since 5.3). With net.ipv4.nexthop_compat_mode=0 a route tells
 * only the number of its object, which then is to be asked for: one hop, or a group of them.
 */
#include <linux/netlink.h>

#include "daemon/kern/netlink.h"
#include "daemon/kern/rtnl.h"

#define RTNL_NEXTHOP_MEMBERS_MAX 64 /* of one group; those beyond are passed over */

typedef struct RtnlNexthop {
	Address address; /* family 0: on-link */
	int link_index;
	uint32_t members[RTNL_NEXTHOP_MEMBERS_MAX];
	size_t n_members; /* 0: a single hop */
} RtnlNexthop;

/* Pure. RTM_NEWNEXTHOP. -EBADMSG. */
int rtnl_nexthop_decode(const struct nlmsghdr *message, RtnlNexthop *ret_nexthop);
/* -ENOENT: there is none of that number any more. */
int rtnl_nexthop_get(Netlink *netlink, uint32_t id, RtnlNexthop *ret_nexthop);
