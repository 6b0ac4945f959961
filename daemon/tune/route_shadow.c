/* SPDX-License-Identifier: MIT */
/*
 * A candidate that only our own probes feel: the same copy as in the main table, but in a table of
 * its own, which marked packets alone look into (SO_MARK needs CAP_NET_ADMIN, so nobody gets there
 * by chance). What it holds no entry for they find in the other tables, as before.
 *
 * The first rule of a namespace makes the kernel give up the short way of looking up routes, for
 * all, so the rule is there only as long as a candidate.
 */
#include <errno.h>

#include "common/text.h"
#include "daemon/tune/route_book.h"

static int give(char *reason, size_t size, const char *why)
{
	if (reason)
		(void)text_copy(reason, size, why);
	return ROUTES_REFUSED;
}

/* What to copy: as for a route of ours, or what the one that we have was copied from. */
static int resolve(Routes *routes, RouteOwn *own, char *reason, size_t size)
{
	RouteState *state = route_book_find(routes, &own->destination);
	RouteFacts facts = {0};
	Link link;
	int r = state ? route_watch_confirm(routes, state) : ROUTE_WATCH_LOST;

	if (r == 0)
		own->covering = state->own.covering;
	if (r <= 0)
		return r;
	r = route_facts_resolve(routes, &own->destination, &facts, &own->covering, &link);
	return r > 0 ? give(reason, size, facts.reason) : r;
}

static int add(Routes *routes)
{
	const RouteOps *ops = &routes->params.ops;
	const RouteOwn *own = &routes->shadow;
	int r = ops->rule(ops->context, ROUTE_ADD, own->destination.family);

	if (r < 0 && r != -EEXIST)
		return r;
	return route_book_put(routes, ROUTE_ADD, own, ROUTE_MARK);
}

int routes_shadow_set(Routes *routes, const Address *destination, const RouteMetrics *metrics,
		      char *reason, size_t reason_size)
{
	RouteOwn own = {
		.destination = *destination, .table = ROUTE_SHADOW_TABLE, .metrics = *metrics};
	int r;

	if (routes->params.dry_run)
		return -EPERM;
	routes_shadow_clear(routes);
	r = resolve(routes, &own, reason, reason_size);
	if (r != 0)
		return r;
	routes->shadow = own;
	routes->has_shadow = true;
	r = add(routes);
	if (r < 0)
		routes_shadow_clear(routes);
	return r == -EEXIST ? give(reason, reason_size,
				   "somebody else uses the routing table for candidates")
			    : r;
}

void routes_shadow_clear(Routes *routes)
{
	const RouteOps *ops = &routes->params.ops;

	if (!routes->has_shadow)
		return;
	routes->has_shadow = false;
	/* What stays behind nobody feels, and the next start removes it. */
	(void)route_book_delete(routes, &routes->shadow);
	(void)ops->rule(ops->context, ROUTE_DELETE, routes->shadow.destination.family);
}

void route_shadow_check(Routes *routes)
{
	const RouteOps *ops = &routes->params.ops;
	const RouteOwn *own = &routes->shadow;
	const RouteState *state;
	RouteEntry marked, plain;

	if (!routes->has_shadow)
		return;
	state = routes_get(routes, &own->destination);
	if (ops->lookup(ops->context, &own->destination, ROUTE_MARK, &marked) < 0 ||
	    ops->lookup(ops->context, &own->destination, 0, &plain) < 0 ||
	    !route_is_own(&marked, own) ||
	    !route_same_way(state ? &state->own.covering : &plain, &own->covering))
		routes_shadow_clear(routes);
}
