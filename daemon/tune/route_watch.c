/* SPDX-License-Identifier: MIT */
/*
 * The watchdog. Of each route of ours it asks: has it the say, is it as we made it, and is it still
 * a copy of what would route the destination without it?
 *
 * The last one cannot be asked of the kernel directly, as ours hides the answer. But the address
 * that differs in its last bit only is routed by the same entry, whatever that is, unless it has a
 * host route itself (of ours, of somebody else, or as it is an address of this host): among the
 * prefixes up to one bit less than an address none tells the two apart. So the neighbour is looked
 * up, which is exact and disturbs nothing. If it has a host route, ours is deleted, the
 * destination looked up, and ours added again: for some 50 us new connections do without our
 * metrics. (No connection notices otherwise: it keeps its congestion control and its window, and
 * looks up its route at the next packet.) That is only done after a change, and once a minute.
 *
 * A change of the gateway or the link is another path, of which nothing is known: the route is
 * dropped, at once. If only what was copied changed (source address, metrics), it is copied anew.
 *
 * Not ours any more: a host route that somebody else added (it has the say over ours,
 * see kern/route.h), a route of ours that was altered, or one that is gone while what it was
 * copied from is as it was. Who flushes the routes that he does not know (systemd-networkd with
 * ManageForeignRoutes=, NetworkManager) must find us giving way. What is gone together with its
 * link or source address was removed by the kernel, and is merely dropped.
 */
#include <errno.h>
#include <inttypes.h>

#include "common/text.h"
#include "daemon/tune/route_book.h"

#define TAUGHT_INTERVAL_NS (60 * NSEC_PER_SEC)
/* A look at all takes at most one part of the time in so many. */
#define CHECK_SHARE 50
/* An outdated route is gone within a second, so looking must not wait longer than that. */
#define CHECK_REST_MAX_NS (500 * NSEC_PER_MSEC)
/* A route that is deleted for a look is not disturbed more often than that. */
#define EXACT_REST_NS (250 * NSEC_PER_MSEC)
/* Without an event: so many per cycle. */
#define VERIFY_MAX 32
#define ALL_CHANGES                                                                                \
	(RTNL_CHANGED_LINK | RTNL_CHANGED_ADDRESS | RTNL_CHANGED_ROUTE | RTNL_CHANGED_RULE |       \
	 RTNL_CHANGED_LOST)
/* With these the kernel removes routes by itself. */
#define REMOVING_CHANGES (RTNL_CHANGED_LINK | RTNL_CHANGED_ADDRESS | RTNL_CHANGED_LOST)

static int look(Routes *routes, const Address *destination, RouteEntry *ret_entry)
{
	const RouteOps *ops = &routes->params.ops;

	return ops->lookup(ops->context, destination, 0, ret_entry);
}

static bool is_host_route(const RouteEntry *entry, const RouteOwn *own)
{
	return entry->prefix_length == route_host_length(own->destination.family) &&
	       address_equal(&entry->prefix, &own->destination);
}

static int lose(Routes *routes, RouteState *state, RouteEvent event, const char *why)
{
	/* It has no say any more, but would have again when what overrides it goes. */
	(void)route_book_delete(routes, &state->own);
	route_book_lose(routes, state, event, why);
	return ROUTE_WATCH_LOST;
}

/* Another entry has the say. */
static int overridden(Routes *routes, RouteState *state, const RouteEntry *entry)
{
	if (!is_host_route(entry, &state->own))
		return lose(routes, state, ROUTE_DROPPED,
			    "a policy rule now leads to another table");
	if (entry->type == RTN_LOCAL)
		return lose(routes, state, ROUTE_DROPPED, "it is now an address of this host");
	return lose(routes, state, ROUTE_FOREIGN, "somebody else added a host route");
}

/* Ours is not there; `entry` NULL: nothing leads there. */
static int gone(Routes *routes, RouteState *state, const RouteEntry *entry)
{
	bool by_kernel = !entry || routes->pending & REMOVING_CHANGES ||
			 !route_same_way(entry, &state->own.covering);

	if (by_kernel)
		route_book_lose(routes, state, ROUTE_DROPPED,
				"it went along with the way to this destination");
	else
		route_book_lose(routes, state, ROUTE_FOREIGN, "somebody else removed our route");
	return ROUTE_WATCH_LOST;
}

/* Whether ours is beneath or not there is told by deleting it. */
static int not_in_force(Routes *routes, RouteState *state, const RouteEntry *entry)
{
	const RouteOps *ops = &routes->params.ops;
	RouteKey key =
		route_key(&state->own.destination, state->own.table, state->own.covering.tos);
	int r;

	if (entry && is_host_route(entry, &state->own))
		return overridden(routes, state, entry);
	r = ops->remove(ops->context, &key);
	if (r == -ESRCH)
		return gone(routes, state, entry);
	if (r < 0)
		return r;
	if (entry)
		return overridden(routes, state, entry);
	route_book_lose(routes, state, ROUTE_DROPPED, "nothing is sent there any more");
	return ROUTE_WATCH_LOST;
}

int route_watch_confirm(Routes *routes, RouteState *state)
{
	RouteEntry entry;
	int r = look(routes, &state->own.destination, &entry);

	if (route_book_no_way(r))
		return not_in_force(routes, state, NULL);
	if (r < 0)
		return r;
	if (route_is_own(&entry, &state->own))
		return 0;
	if (entry.protocol != ROUTE_PROTOCOL || !is_host_route(&entry, &state->own))
		return not_in_force(routes, state, &entry);
	/* Of our number, but not ours: it is left as it is. */
	route_book_lose(routes, state, ROUTE_FOREIGN, "somebody else altered our route");
	return ROUTE_WATCH_LOST;
}

static Address neighbour_of(const Address *address)
{
	Address neighbour = *address;

	neighbour.bytes[route_host_length(address->family) / 8 - 1] ^= 1;
	return neighbour;
}

static void describe_move(const RouteState *state, const RouteEntry *now, char *why, size_t size)
{
	char before[ROUTE_WAY_TEXT], after[ROUTE_WAY_TEXT];
	bool same_link = now && now->link_index == state->own.covering.link_index;

	(void)routes_format_way(&state->own.covering, state->link_name, before);
	if (now)
		(void)routes_format_way(now, same_link ? state->link_name : "", after);
	(void)text_format(why, size, "the way to it changed: %.100s -> %.100s", before,
			  now ? after : "none");
}

static bool same_path(const RouteEntry *a, const RouteEntry *b)
{
	return a->link_index == b->link_index && address_equal(&a->gateway, &b->gateway);
}

/* What would route it without us is `now`, NULL: nothing. Ours is in force, or `removed`. */
static int follow(Routes *routes, RouteState *state, const RouteEntry *now, bool removed)
{
	char why[ROUTE_REASON_MAX];
	RouteOwn own = state->own;
	bool same = now && route_same_way(now, &own.covering);
	int r;

	if (same && !removed) {
		state->own.covering = *now; /* its prefix may be another */
		return 0;
	}
	if (!now || !same_path(now, &own.covering) ||
	    !route_facts_may_copy(routes, now, why, sizeof(why))) {
		describe_move(state, now, why, sizeof(why));
		return lose(routes, state, ROUTE_DROPPED, why);
	}
	own.covering = *now;
	r = route_book_put(routes, removed ? ROUTE_ADD : ROUTE_REPLACE, &own, 0);
	if (r < 0)
		return lose(routes, state, ROUTE_DROPPED, "it could not be copied anew");
	state->own = own;
	if (!same)
		route_book_report(routes, ROUTE_CHANGED, state, &own.metrics, &own.metrics, 0,
				  "copied anew: the route to it changed", 0);
	return 0;
}

/* Looks without ours. */
static int check_exactly(Routes *routes, RouteState *state)
{
	RouteEntry entry;
	int r = route_book_delete(routes, &state->own);

	if (r < 0)
		return r;
	r = look(routes, &state->own.destination, &entry);
	state->exact_due = false;
	routes->looked_exactly = true;
	if (r < 0 && !route_book_no_way(r))
		return lose(routes, state, ROUTE_DROPPED, "the kernel does not tell the way to it");
	return follow(routes, state, r == 0 ? &entry : NULL, true);
}

static int check_way(Routes *routes, RouteState *state)
{
	Address neighbour = neighbour_of(&state->own.destination);
	RouteEntry entry;
	int r = look(routes, &neighbour, &entry);

	if (r == 0 && entry.prefix_length < route_host_length(neighbour.family))
		return follow(routes, state, &entry, false);
	if (r < 0 && !route_book_no_way(r))
		return r;
	return state->exact_due ? check_exactly(routes, state) : 0;
}

int route_watch_taught(Routes *routes, RouteState *state)
{
	const RouteOps *ops = &routes->params.ops;
	char why[ROUTE_REASON_MAX];
	RouteEntry cached;
	Link link;
	int r = ops->cached(ops->context, &state->own.destination, &cached);

	if (r == 0)
		r = ops->link(ops->context, state->own.covering.link_index, &link);
	if (r < 0)
		return route_book_no_way(r) ? 0 : r; /* then the next look at the way says more */
	state->checked_ns = route_book_now(routes);
	if (!route_facts_taught(&state->own.covering, &cached, link.mtu_bytes, why, sizeof(why)))
		return 0;
	return lose(routes, state, ROUTE_DROPPED, why);
}

/* 0, ROUTE_WATCH_LOST: `state` is another now; or negative errno. */
static int check(Routes *routes, RouteState *state)
{
	int r = route_watch_confirm(routes, state);

	if (r == 0 && routes->rules_known && routes->rules_suppress)
		r = lose(routes, state, ROUTE_DROPPED,
			 "a policy rule now passes over short prefixes");
	if (r == 0)
		r = check_way(routes, state);
	if (r == 0 && route_book_now(routes) - state->checked_ns >= TAUGHT_INTERVAL_NS) {
		state->exact_due = true; /* next time */
		r = route_watch_taught(routes, state);
	}
	return r;
}

static void on_rule(const RouteRule *rule, void *context)
{
	bool *suppress = context;

	*suppress |= rule->suppresses;
}

static void read_rules(Routes *routes)
{
	const RouteOps *ops = &routes->params.ops;
	bool suppress = false;

	routes->rules_known = ops->rules(ops->context, on_rule, &suppress) == 0;
	if (routes->rules_known)
		routes->rules_suppress = suppress;
}

/* True if all could be asked about. */
static bool check_all(Routes *routes, int changes)
{
	bool others = changes & ALL_CHANGES, whole = true;

	if (changes & (RTNL_CHANGED_RULE | RTNL_CHANGED_LOST))
		routes->rules_known = false;
	if (routes->n > 0 && !routes->rules_known)
		read_rules(routes);
	/* From the end, whose place nobody takes. */
	for (size_t i = routes->n; i-- > 0;) {
		RouteState *state = &routes->states[i];

		state->exact_due |= others;
		whole &= (others ? check(routes, state) : route_watch_confirm(routes, state)) >= 0;
	}
	if (others)
		route_shadow_check(routes);
	return whole;
}

uint64_t routes_event(Routes *routes, int changes)
{
	uint64_t now_ns = route_book_now(routes), spent_ns, rest_ns;

	routes->pending |= changes;
	if (changes & (RTNL_CHANGED_RULE | RTNL_CHANGED_LOST))
		routes->rules_known = false;
	if (routes->pending == 0)
		return 0;
	if (now_ns < routes->check_ns)
		return routes->check_ns - now_ns;
	routes->looked_exactly = false;
	if (check_all(routes, routes->pending))
		routes->pending = 0;
	spent_ns = route_book_now(routes) - now_ns;
	rest_ns = MAX(spent_ns * CHECK_SHARE, routes->looked_exactly ? EXACT_REST_NS : 0);
	routes->check_ns = now_ns + MIN(rest_ns, CHECK_REST_MAX_NS);
	return routes->pending ? CHECK_REST_MAX_NS : 0;
}

void routes_verify(Routes *routes)
{
	size_t n = MIN(routes->n, (size_t)VERIFY_MAX);

	route_book_flush_again(routes);
	for (size_t i = 0; i < n && routes->n > 0; i++) {
		routes->turn = routes->turn == 0 ? routes->n - 1 : MIN(routes->turn, routes->n) - 1;
		(void)check(routes, &routes->states[routes->turn]); /* asked again soon */
	}
}
