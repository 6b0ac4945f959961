/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Follows the network this host is in: links, addresses and default routes (rtnetlink) at once, the
 * name servers of resolv.conf and the busiest peers every half minute. With Discover= it keeps the
 * watched endpoints in step (model/discovery.h says with what).
 */
#include "daemon/config/config.h"
#include "daemon/kern/rtnl.h"
#include "daemon/run/loop.h"
#include "daemon/watch.h"

typedef struct Discover Discover;

typedef struct DiscoverParams {
	Loop *loop;
	Clock clock;
	Watch *watch;
	const PathTable *paths;
	/* What rtnl_read() said, at once. NULL: nobody wants to know. */
	void (*changed)(void *context, int changes);
	void *context;
} DiscoverParams;

/* -EPROTONOSUPPORT and the like: the kernel does not tell of its links. */
int discover_new(const DiscoverParams *params, Discover **ret_discover);
void discover_free(Discover *discover);
/* Takes effect soon. */
void discover_configure(Discover *discover, const Config *config);
/* The links and gateways as of now, or at most a second ago. */
const Rtnl *discover_rtnl(Discover *discover);
