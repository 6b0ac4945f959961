/* SPDX-License-Identifier: MIT */
#include "tests/unit/fake_routes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/kern/route_message.h"

static bool covers(const RouteEntry *entry, const Address *address)
{
	if (entry->prefix.family != address->family)
		return false;
	for (unsigned bit = 0; bit < entry->prefix_length; bit++)
		if ((entry->prefix.bytes[bit / 8] ^ address->bytes[bit / 8]) & (0x80 >> bit % 8))
			return false;
	return true;
}

static RouteEntry *best(FakeRoutes *fake, uint32_t table, const Address *destination)
{
	RouteEntry *found = NULL;

	for (size_t i = 0; i < fake->n; i++) {
		RouteEntry *entry = &fake->entries[i];
		if (entry->table != table || !covers(entry, destination))
			continue;
		if (!found || entry->prefix_length > found->prefix_length ||
		    (entry->prefix_length == found->prefix_length &&
		     entry->priority < found->priority))
			found = entry;
	}
	return found;
}

/* Whether this call fails, and what then. */
static bool fails(FakeRoutes *fake, FakeRouteOp op, int *ret_error)
{
	fake->calls[op]++;
	if (fake->faults[op].failures == 0)
		return false;
	if (fake->faults[op].after > 0) {
		fake->faults[op].after--;
		return false;
	}
	fake->faults[op].failures--;
	*ret_error = fake->faults[op].error;
	return !fake->faults[op].acts;
}

static bool has_shadow_rule(const FakeRoutes *fake, int family)
{
	for (size_t i = 0; i < fake->n_rules; i++)
		if (fake->rules[i].family == family && fake->rules[i].table == ROUTE_SHADOW_TABLE &&
		    fake->rules[i].mark == ROUTE_MARK)
			return true;
	return false;
}

static RouteEntry *resolve(FakeRoutes *fake, const Address *destination, uint32_t mark)
{
	RouteEntry *found = best(fake, RT_TABLE_LOCAL, destination);

	if (!found && mark == ROUTE_MARK && has_shadow_rule(fake, destination->family))
		found = best(fake, ROUTE_SHADOW_TABLE, destination);
	if (!found && address_equal(destination, &fake->diverted))
		found = best(fake, fake->divert_table, destination);
	return found ? found : best(fake, RT_TABLE_MAIN, destination);
}

static int fake_lookup(void *context, const Address *destination, uint32_t mark,
		       RouteEntry *ret_entry)
{
	FakeRoutes *fake = context;
	RouteEntry *found;
	int error = 0;

	if (fails(fake, FAKE_LOOKUP, &error))
		return error;
	found = resolve(fake, destination, mark);
	if (!found)
		return -ENETUNREACH;
	if (found->type == RTN_UNREACHABLE)
		return -EHOSTUNREACH;
	*ret_entry = *found;
	return error;
}

static int fake_cached(void *context, const Address *destination, RouteEntry *ret_entry)
{
	FakeRoutes *fake = context;
	RouteEntry *found;
	int error = 0;

	if (fails(fake, FAKE_CACHED, &error))
		return error;
	found = resolve(fake, destination, 0);
	if (!found)
		return -ENETUNREACH;
	*ret_entry = *found;
	if (address_equal(destination, &fake->taught)) {
		ret_entry->cached_expires = 100;
		if (fake->taught_mtu)
			ret_entry->metrics[RTAX_MTU] = fake->taught_mtu;
		if (fake->taught_gateway.family)
			ret_entry->gateway = fake->taught_gateway;
	}
	return error;
}

static RouteEntry *same_place(FakeRoutes *fake, const RouteEntry *entry)
{
	for (size_t i = 0; i < fake->n; i++) {
		RouteEntry *other = &fake->entries[i];
		if (other->table == entry->table && other->priority == entry->priority &&
		    other->prefix_length == entry->prefix_length && other->tos == entry->tos &&
		    address_equal(&other->prefix, &entry->prefix))
			return other;
	}
	return NULL;
}

static RouteEntry entry_of(const FakeRoutes *fake, const RouteOwn *route)
{
	RouteEntry entry = route->covering;

	entry.nexthop_id = 0; /* the message has none */
	route_merge(&route->covering, &route->metrics, entry.metrics, entry.congctl);
	if (fake->forgets_congctl)
		entry.congctl[0] = '\0';
	entry.prefix = route->destination;
	entry.prefix_length = route_host_length(route->destination.family);
	entry.table = route->table;
	entry.priority = ROUTE_PRIORITY;
	entry.protocol = ROUTE_PROTOCOL;
	return entry;
}

static int fake_set(void *context, RouteVerb verb, const RouteOwn *route)
{
	FakeRoutes *fake = context;
	RouteEntry entry = entry_of(fake, route), *old = same_place(fake, &entry);
	int error = 0;

	if (fails(fake, FAKE_SET, &error))
		return error;
	if (verb == ROUTE_ADD && old)
		return -EEXIST;
	if (verb == ROUTE_REPLACE && !old)
		return -ENOENT;
	if (!old && fake->n == FAKE_ROUTES_MAX)
		return -ENOMEM;
	*(old ? old : &fake->entries[fake->n++]) = entry;
	return error;
}

static int fake_remove(void *context, const RouteKey *key)
{
	FakeRoutes *fake = context;
	int error = 0;

	if (fails(fake, FAKE_REMOVE, &error))
		return error;
	for (size_t i = 0; i < fake->n; i++) {
		RouteEntry *entry = &fake->entries[i];
		if (entry->protocol != ROUTE_PROTOCOL || entry->table != key->table ||
		    entry->priority != key->priority || entry->tos != key->tos ||
		    entry->prefix_length != key->prefix_length ||
		    !address_equal(&entry->prefix, &key->prefix))
			continue;
		*entry = fake->entries[--fake->n];
		return error;
	}
	return -ESRCH;
}

static int fake_list(void *context, RouteCallback each, void *each_context)
{
	FakeRoutes *fake = context;
	int error = 0;

	/* A list that ends early was begun. */
	bool broken = fails(fake, FAKE_LIST, &error);
	for (size_t i = 0; i < fake->n; i++)
		if (fake->entries[i].protocol == ROUTE_PROTOCOL && !(broken && i % 2))
			each(&fake->entries[i], each_context);
	return error;
}

static int fake_rule(void *context, RouteVerb verb, int family)
{
	FakeRoutes *fake = context;
	int error = 0;

	if (fails(fake, FAKE_RULE, &error))
		return error;
	for (size_t i = 0; i < fake->n_rules; i++) {
		if (fake->rules[i].protocol != ROUTE_PROTOCOL || fake->rules[i].family != family)
			continue;
		if (verb == ROUTE_ADD)
			return -EEXIST;
		fake->rules[i] = fake->rules[--fake->n_rules];
		return error;
	}
	if (verb == ROUTE_DELETE)
		return -ESRCH;
	fake->rules[fake->n_rules++] = (RouteRule){.family = (uint8_t)family,
						   .protocol = ROUTE_PROTOCOL,
						   .priority = ROUTE_RULE_PRIORITY,
						   .table = ROUTE_SHADOW_TABLE,
						   .mark = ROUTE_MARK};
	return error;
}

static int fake_rules(void *context, RouteRuleCallback each, void *each_context)
{
	FakeRoutes *fake = context;
	int error = 0;

	if (fails(fake, FAKE_RULES, &error))
		return error;
	for (size_t i = 0; i < fake->n_rules; i++)
		each(&fake->rules[i], each_context);
	return error;
}

static int fake_link(void *context, int index, Link *ret_link)
{
	FakeRoutes *fake = context;
	int error = 0;

	if (fails(fake, FAKE_LINK, &error))
		return error;
	for (size_t i = 0; i < fake->n_links; i++) {
		if (fake->links[i].index != index)
			continue;
		*ret_link = fake->links[i];
		return error;
	}
	return -ENODEV;
}

RouteOps fake_routes_ops(FakeRoutes *fake)
{
	return (RouteOps){fake_lookup, fake_cached, fake_set,  fake_remove, fake_list,
			  fake_rule,   fake_rules,  fake_link, fake};
}

static void parse_prefix(const char *prefix, Address *ret_address, uint8_t *ret_length)
{
	char text[64];
	char *slash;

	(void)snprintf(text, sizeof(text), "%s", prefix);
	slash = strchr(text, '/');
	if (slash)
		*slash = '\0';
	if (address_parse(text, ret_address) < 0)
		abort();
	*ret_length = route_host_length(ret_address->family);
	if (slash) {
		unsigned length = 0;
		(void)sscanf(slash + 1, "%u", &length);
		*ret_length = (uint8_t)length;
	}
}

RouteEntry *fake_routes_add(FakeRoutes *fake, const char *prefix, const char *gateway, int link)
{
	RouteEntry *entry = &fake->entries[fake->n++];

	*entry = (RouteEntry){.type = RTN_UNICAST,
			      .protocol = RTPROT_BOOT,
			      .table = RT_TABLE_MAIN,
			      .scope = gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
			      .link_index = link};
	parse_prefix(prefix, &entry->prefix, &entry->prefix_length);
	if (gateway && address_parse(gateway, &entry->gateway) < 0)
		abort();
	return entry;
}

static bool is_of(const RouteEntry *entry, const char *prefix, uint8_t protocol)
{
	Address address;
	uint8_t length;

	parse_prefix(prefix, &address, &length);
	return entry->protocol == protocol && entry->prefix_length == length &&
	       address_equal(&entry->prefix, &address);
}

RouteEntry *fake_routes_find(FakeRoutes *fake, const char *prefix, uint8_t protocol)
{
	for (size_t i = 0; i < fake->n; i++)
		if (is_of(&fake->entries[i], prefix, protocol))
			return &fake->entries[i];
	return NULL;
}

void fake_routes_delete(FakeRoutes *fake, const char *prefix, uint8_t protocol)
{
	for (size_t i = fake->n; i-- > 0;)
		if (is_of(&fake->entries[i], prefix, protocol))
			fake->entries[i] = fake->entries[--fake->n];
}

size_t fake_routes_own(const FakeRoutes *fake)
{
	size_t n = 0;

	for (size_t i = 0; i < fake->n; i++)
		n += fake->entries[i].protocol == ROUTE_PROTOCOL;
	return n;
}

static void add_link(FakeRoutes *fake, const char *name, const char *kind, bool loopback)
{
	Link *link = &fake->links[fake->n_links++];

	*link = (Link){.index = (int)fake->n_links,
		       .up = true,
		       .running = true,
		       .loopback = loopback,
		       .mtu_bytes = loopback ? 65536 : 1500};
	(void)snprintf(link->name, sizeof(link->name), "%s", name);
	(void)snprintf(link->kind, sizeof(link->kind), "%s", kind);
}

void fake_routes_init(FakeRoutes *fake)
{
	*fake = (FakeRoutes){0};
	add_link(fake, "lo", "", true);
	add_link(fake, "eth0", "", false);
	add_link(fake, "eth1", "", false);
	add_link(fake, "wg0", "wireguard", false);
	(void)fake_routes_add(fake, "0.0.0.0/0", "192.0.2.1", 2);
	(void)fake_routes_add(fake, "192.0.2.0/24", NULL, 2);
	(void)fake_routes_add(fake, "::/0", "2001:db8::1", 2);
	RouteEntry *local = fake_routes_add(fake, "192.0.2.2", NULL, 1);
	local->table = RT_TABLE_LOCAL;
	local->type = RTN_LOCAL;
}
