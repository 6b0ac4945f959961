/* SPDX-License-Identifier: MIT */
/*
 * One socket, one question at a time. Reading it back is the caller's: what the kernel made of a
 * message is seen by a lookup, which also tells whether the route has the say.
 *
 * A kernel older than 4.20 does not know strict checking and dumps every route there is; so each is
 * looked at here again.
 */
#include "daemon/kern/route.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base.h"
#include "daemon/kern/netlink.h"
#include "daemon/kern/route_message.h"
#include "daemon/kern/rtnl_decode.h"

#define DUMP_TRIES 5

struct RouteKernel {
	Netlink netlink;
};

int route_kernel_new(RouteKernel **ret_kernel)
{
	const int on = 1;
	RouteKernel *kernel = calloc(1, sizeof(*kernel));
	if (!kernel)
		return -ENOMEM;
	int r = netlink_open(&kernel->netlink, NETLINK_ROUTE);
	if (r < 0) {
		free(kernel);
		return r;
	}
	(void)setsockopt(kernel->netlink.fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	*ret_kernel = kernel;
	return 0;
}

void route_kernel_free(RouteKernel *kernel)
{
	if (!kernel)
		return;
	netlink_close(&kernel->netlink);
	free(kernel);
}

static int ask(RouteKernel *kernel, RouteMessage *message, NetlinkCallback callback, void *context)
{
	return netlink_ask(&kernel->netlink, (struct nlmsghdr *)message->bytes, callback, context);
}

static void ignore(const struct nlmsghdr *message, void *context)
{
	(void)message;
	(void)context;
}

/* Of what changes something; the kernel only acknowledges. */
static int tell(RouteKernel *kernel, RouteMessage *message)
{
	int r = ask(kernel, message, ignore, NULL);
	return r == NETLINK_TORN ? -EAGAIN : r;
}

typedef struct GotRoute {
	RouteEntry entry;
	int result;
} GotRoute;

static void take_route(const struct nlmsghdr *message, void *context)
{
	GotRoute *got = context;
	got->result = route_decode(message, &got->entry);
}

static int look(RouteKernel *kernel, const Address *destination, uint32_t mark, bool entry,
		RouteEntry *ret_entry)
{
	RouteMessage message;
	GotRoute got = {.result = -ENOENT};
	if (destination->family != AF_INET && destination->family != AF_INET6)
		return -EAFNOSUPPORT;
	route_message_lookup(&message, destination, mark, entry);
	int r = ask(kernel, &message, take_route, &got);
	if (r != 0)
		return r == NETLINK_TORN ? -EAGAIN : r;
	if (got.result != 0)
		return got.result < 0 ? got.result : -EBADMSG;
	*ret_entry = got.entry;
	return 0;
}

static int kernel_lookup(void *context, const Address *destination, uint32_t mark,
			 RouteEntry *ret_entry)
{
	return look(context, destination, mark, true, ret_entry);
}

static int kernel_cached(void *context, const Address *destination, RouteEntry *ret_entry)
{
	return look(context, destination, 0, false, ret_entry);
}

static int kernel_set(void *context, RouteVerb verb, const RouteOwn *route)
{
	RouteMessage message;
	route_message_set(&message, verb, route);
	return tell(context, &message);
}

static int kernel_remove(void *context, const RouteKey *key)
{
	RouteMessage message;
	route_message_remove(&message, key);
	return tell(context, &message);
}

typedef struct List {
	RouteCallback each;
	RouteRuleCallback each_rule;
	void *context;
	int result;
} List;

static void take_listed(const struct nlmsghdr *message, void *context)
{
	List *list = context;
	RouteEntry entry;
	int r = route_decode(message, &entry);
	if (r < 0)
		list->result = r;
	if (r == 0 && entry.protocol == ROUTE_PROTOCOL)
		list->each(&entry, list->context);
}

static void take_rule(const struct nlmsghdr *message, void *context)
{
	List *list = context;
	RouteRule rule;
	int r = route_decode_rule(message, &rule);
	if (r < 0)
		list->result = r;
	if (r == 0)
		list->each_rule(&rule, list->context);
}

static int dump(RouteKernel *kernel, void (*build)(RouteMessage *message, int family),
		NetlinkCallback take, List *list)
{
	static const int families[] = {AF_INET, AF_INET6};
	RouteMessage message;
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		build(&message, families[i]);
		int r = ask(kernel, &message, take, list);
		/* A family that is not in this kernel has no routes. */
		if (r == -EOPNOTSUPP || r == -EAFNOSUPPORT)
			continue;
		if (r != 0)
			return r == NETLINK_TORN ? -EAGAIN : r;
	}
	return list->result;
}

static int kernel_list(void *context, RouteCallback each, void *each_context)
{
	int r = -EAGAIN;
	for (unsigned i = 0; i < DUMP_TRIES && r == -EAGAIN; i++) {
		List list = {.each = each, .context = each_context};
		r = dump(context, route_message_list, take_listed, &list);
	}
	return r;
}

static int kernel_rule(void *context, RouteVerb verb, int family)
{
	RouteMessage message;
	route_message_rule(&message, verb, family);
	int r = tell(context, &message);
	/* What the deletion of a rule says for what a route's calls ESRCH. */
	return verb == ROUTE_DELETE && r == -ENOENT ? -ESRCH : r;
}

static int kernel_rules(void *context, RouteRuleCallback each, void *each_context)
{
	int r = -EAGAIN;
	for (unsigned i = 0; i < DUMP_TRIES && r == -EAGAIN; i++) {
		List list = {.each_rule = each, .context = each_context};
		r = dump(context, route_message_rules, take_rule, &list);
	}
	return r;
}

typedef struct GotLink {
	Link link;
	int result;
} GotLink;

static void take_link(const struct nlmsghdr *message, void *context)
{
	GotLink *got = context;
	got->result = rtnl_decode_link(message, &got->link);
}

static int kernel_link(void *context, int index, Link *ret_link)
{
	RouteKernel *kernel = context;
	RouteMessage message;
	GotLink got = {.result = -ENODEV};
	route_message_link(&message, index);
	int r = ask(kernel, &message, take_link, &got);
	if (r != 0)
		return r == NETLINK_TORN ? -EAGAIN : r;
	if (got.result != 0)
		return got.result < 0 ? got.result : -EBADMSG;
	*ret_link = got.link;
	return 0;
}

RouteOps route_kernel_ops(RouteKernel *kernel)
{
	return (RouteOps){
		.lookup = kernel_lookup,
		.cached = kernel_cached,
		.set = kernel_set,
		.remove = kernel_remove,
		.list = kernel_list,
		.rule = kernel_rule,
		.rules = kernel_rules,
		.link = kernel_link,
		.context = kernel,
	};
}
