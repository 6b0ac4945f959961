/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * All links, addresses and default routes of a network namespace at one time, made by dumps.
 */
#include "daemon/kern/netlink.h"
#include "daemon/kern/rtnl_decode.h"

#define RTNL_GATEWAYS_MAX  256
#define RTNL_ADDRESSES_MAX 4096

typedef struct RtnlView {
	Link *links; /* by index */
	size_t n_links, links_dropped;
	Gateway *gateways; /* by family, metric */
	size_t n_gateways;
	RtnlAddress *addresses;
	size_t n_addresses;
	bool addresses_dropped;
} RtnlView;

void rtnl_view_clear(RtnlView *view);
/* Links with qdiscs and speeds, and addresses. */
int rtnl_view_read_links(RtnlView *view, Netlink *netlink);
/* The gateways; their links' names are those of `links`. */
int rtnl_view_read_gateways(RtnlView *view, Netlink *netlink);
/* Names the links of gateways. */
void rtnl_view_name_gateways(RtnlView *view);
const Link *rtnl_view_find(const RtnlView *view, int index);
