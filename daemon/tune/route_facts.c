/* SPDX-License-Identifier: MIT */
/*
 * Whether a destination may have a route of ours. A copy must be as good as what it copies, now and
 * whatever happens next, so everything that does more than send to one gateway on one link is left
 * alone.
 *
 * Policy rules: one for some sources, marks or users may lead past the main table, and then past
 * our copy; that is no harm. One that suppresses short prefixes (as VPNs use it, so that only the
 * host's own networks are taken from the main table) is: a copy of the default route has the
 * longest prefix there is, and would lead past the VPN. So such a rule ends it for all.
 *
 * Tunnels send by another route, that of their far end, and what changes that one comes with no
 * event for ours. A `tun` device is none to the kernel: its far end is a program.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/text.h"
#include "daemon/tune/route_book.h"

static const char *const tunnel_kinds[] = {
	"ipip", "sit",       "ip6tnl",    "gre",   "gretap",  "ip6gre",  "ip6gretap", "erspan",
	"vti",  "vti6",      "wireguard", "vxlan", "geneve",  "bareudp", "gtp",       "amt",
	"xfrm", "ip6erspan", "ovpn",      "ipip6", "l2tpeth", "vrf",
};

static bool refuse(char *reason, size_t size, const char *why)
{
	(void)text_copy(reason, size, why);
	return false;
}

bool route_facts_may_copy(const Routes *routes, const RouteEntry *entry, char *reason, size_t size)
{
	const bool host = entry->prefix_length == route_host_length(entry->prefix.family);

	(void)routes;
	switch (entry->type) {
	case RTN_UNICAST:
		break;
	case RTN_LOCAL:
		return refuse(reason, size, "it is an address of this host");
	case RTN_BROADCAST:
	case RTN_ANYCAST:
	case RTN_MULTICAST:
		return refuse(reason, size, "it is not the address of one host");
	default:
		return refuse(reason, size, "nothing is sent there");
	}
	if (host && entry->protocol == ROUTE_PROTOCOL)
		return refuse(reason, size, "there is a route of netopt's number that is not ours");
	if (host)
		return refuse(reason, size, "there is a host route of somebody else");
	if (entry->table != RT_TABLE_MAIN)
		return refuse(reason, size, "a policy rule leads to another table than main");
	if (entry->multipath)
		return refuse(reason, size, "its route has several next hops");
	/* One next hop is told along with its object (nexthop_compat_mode). A change of the object
	 * is an event, upon which this is looked at again. */
	if (entry->nexthop_id && entry->link_index == 0)
		return refuse(reason, size, "its route uses a nexthop object, and hides where to");
	if (entry->encap)
		return refuse(reason, size, "its route encapsulates");
	if (entry->source_length || entry->tos)
		return refuse(reason, size, "its route is for some packets only");
	if (entry->strange || entry->link_index == 0)
		return refuse(reason, size, "its route has something that is not known here");
	return true;
}

static bool link_may(const Link *link, char *reason, size_t size)
{
	if (link->loopback)
		return refuse(reason, size, "it is on this host");
	if (!link->up)
		return refuse(reason, size, "its link is down");
	for (size_t i = 0; i < ARRAY_SIZE(tunnel_kinds); i++) {
		if (!text_equal(link->kind, tunnel_kinds[i]))
			continue;
		(void)text_format(reason, size, "%s is a tunnel (%s)", link->name, link->kind);
		return false;
	}
	return true;
}

bool route_facts_taught(const RouteEntry *entry, const RouteEntry *cached, uint32_t mtu_bytes,
			char *reason, size_t size)
{
	uint32_t mtu = cached->metrics[RTAX_MTU];

	if (cached->cached_expires && mtu && mtu < mtu_bytes) {
		(void)text_format(reason, size,
				  "a path MTU of %" PRIu32 " was learned, below the %" PRIu32
				  " of the link, which a route of ours would hide",
				  mtu, mtu_bytes);
		return true;
	}
	if (cached->gateway.family && !address_equal(&cached->gateway, &entry->gateway)) {
		(void)text_copy(reason, size, "a redirect was learned for it");
		return true;
	}
	return false;
}

static void on_rule(const RouteRule *rule, void *context)
{
	bool *suppress = context;

	*suppress |= rule->suppresses;
}

static int read_rules(Routes *routes)
{
	const RouteOps *ops = &routes->params.ops;
	bool suppress = false;
	int r;

	if (routes->rules_known)
		return 0;
	r = ops->rules(ops->context, on_rule, &suppress);
	if (r < 0)
		return r;
	routes->rules_known = true;
	routes->rules_suppress = suppress;
	return 0;
}

static int not_here(RouteFacts *facts, bool host_wide, const char *why)
{
	(void)text_copy(facts->reason, sizeof(facts->reason), why);
	facts->host_wide = host_wide;
	return ROUTES_REFUSED;
}

/* What needs no question about the destination. */
static int resolve_here(Routes *routes, const Address *destination, RouteFacts *facts)
{
	int r;

	if (destination->family != AF_INET && destination->family != AF_INET6)
		return not_here(facts, false, "it is no address");
	if (routes_is_foreign(routes, destination))
		return not_here(facts, false,
				"somebody else has removed or overridden our route to it");
	if (routes->unflushed)
		return not_here(facts, true, "routes of an earlier instance could not be removed");
	r = read_rules(routes);
	if (r < 0)
		return r;
	if (routes->rules_suppress)
		return not_here(facts, true,
				"a policy rule passes over short prefixes, which a route for one "
				"address would get around");
	return 0;
}

static int resolve_link(Routes *routes, const RouteEntry *entry, RouteFacts *facts, Link *ret_link)
{
	const RouteOps *ops = &routes->params.ops;
	int r = ops->link(ops->context, entry->link_index, ret_link);

	if (r == -ENODEV)
		return not_here(facts, false, "its link is gone");
	if (r < 0)
		return r;
	facts->link_index = entry->link_index;
	(void)text_copy(facts->link_name, sizeof(facts->link_name), ret_link->name);
	return link_may(ret_link, facts->reason, sizeof(facts->reason)) ? 0 : ROUTES_REFUSED;
}

int route_facts_resolve(Routes *routes, const Address *destination, RouteFacts *facts,
			RouteEntry *ret_entry, Link *ret_link)
{
	const RouteOps *ops = &routes->params.ops;
	RouteEntry cached;
	int r = resolve_here(routes, destination, facts);

	if (r != 0)
		return r;
	r = ops->lookup(ops->context, destination, 0, ret_entry);
	if (route_book_no_way(r))
		return not_here(facts, false, "there is no route to it");
	if (r < 0)
		return r;
	facts->gateway = ret_entry->gateway;
	facts->set_here = route_metrics_of(ret_entry);
	if (!route_facts_may_copy(routes, ret_entry, facts->reason, sizeof(facts->reason)))
		return ROUTES_REFUSED;
	r = resolve_link(routes, ret_entry, facts, ret_link);
	if (r != 0)
		return r;
	r = ops->cached(ops->context, destination, &cached);
	if (r < 0)
		return route_book_no_way(r) ? not_here(facts, false, "there is no route to it") : r;
	return route_facts_taught(ret_entry, &cached, ret_link->mtu_bytes, facts->reason,
				  sizeof(facts->reason))
		       ? ROUTES_REFUSED
		       : 0;
}

/* Of a destination that has a route of ours. */
static void facts_of_own(const RouteState *state, RouteFacts *facts)
{
	facts->eligible = true;
	facts->link_index = state->own.covering.link_index;
	(void)text_copy(facts->link_name, sizeof(facts->link_name), state->link_name);
	facts->gateway = state->own.covering.gateway;
	facts->metrics = state->own.metrics;
	facts->set_here = route_metrics_of(&state->own.covering);
}

int routes_facts(Routes *routes, const Address *destination, RouteFacts *ret_facts)
{
	RouteFacts facts = {0};
	RouteState *state = route_book_find(routes, destination);
	RouteEntry entry;
	Link link;
	int r = state ? route_watch_confirm(routes, state) : ROUTE_WATCH_LOST;

	if (r < 0)
		return r;
	if (r == 0) {
		facts_of_own(state, &facts);
		*ret_facts = facts;
		return 0;
	}
	r = route_facts_resolve(routes, destination, &facts, &entry, &link);
	if (r < 0)
		return r;
	if (r == 0 && routes->n == ROUTES_MAX)
		r = not_here(&facts, true, "the table of our routes is full");
	facts.eligible = r == 0;
	*ret_facts = facts;
	return 0;
}
