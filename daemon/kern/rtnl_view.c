/* SPDX-License-Identifier: MIT */
/*
 * Messages become entries of our own one by one and no cache of libnl's is filled: the routing
 * table of a router of the Internet has a million routes, of which one or two are default ones.
 * With strict checking (since 4.20) the kernel itself leaves out other tables and types.
 *
 * What changes during a dump is announced to the subscriber, who then comes back; so a dump that
 * stays torn after some tries is taken for what it is.
 */
#include "daemon/kern/rtnl_view.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "common/base.h"
#include "common/text.h"
#include "daemon/kern/link_speed.h"
#include "daemon/kern/rtnl_nexthop.h"

#define DUMP_TRIES 3

/* A message of the family header that the dump's kind wants, all zero but for what is set. */
typedef struct Request {
	struct nlmsghdr header;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg address;
		struct tcmsg qdisc;
		struct rtmsg route;
	} body;
} Request;

typedef struct Filling {
	RtnlView *view;
	uint32_t *nexthop_ids; /* of each gateway; 0: none */
	int error;
} Filling;

typedef void (*Forget)(RtnlView *view);

static void *grown(void *array, size_t n, size_t size, size_t first)
{
	if (n != 0 && (n < first || (n & (n - 1)) != 0))
		return array;
	return reallocarray(array, n == 0 ? first : MAX(2 * n, first), size);
}

/* Makes room for one more; false if there is no memory. */
#define GROW(array, n)                                                                             \
	({                                                                                         \
		void *grown_ = grown(array, n, sizeof(*(array)), 8);                               \
		if (grown_)                                                                        \
			(array) = grown_;                                                          \
		grown_ != NULL;                                                                    \
	})

void rtnl_view_clear(RtnlView *view)
{
	free(view->links);
	free(view->gateways);
	free(view->addresses);
	*view = (RtnlView){0};
}

static void forget_links(RtnlView *view)
{
	view->n_links = 0;
	view->links_dropped = 0;
}

static void forget_addresses(RtnlView *view)
{
	view->n_addresses = 0;
	view->addresses_dropped = false;
}

static void forget_gateways(RtnlView *view)
{
	view->n_gateways = 0;
}

static void forget_nothing(RtnlView *view)
{
	(void)view; /* the same link's figures are written again */
}

static int dump(Netlink *netlink, const Request *request, size_t length, NetlinkCallback callback,
		Forget forget, Filling *filling)
{
	int r = NETLINK_TORN;
	for (unsigned i = 0; i < DUMP_TRIES && r == NETLINK_TORN; i++) {
		Request copy = *request;
		copy.header.nlmsg_len = (uint32_t)NLMSG_LENGTH(length);
		copy.header.nlmsg_flags = NLM_F_DUMP;
		forget(filling->view);
		r = netlink_ask(netlink, &copy.header, callback, filling);
	}
	return filling->error < 0 ? filling->error : MIN(r, 0);
}

/* Damaged messages are passed over, as there is no better source; a lack of memory is not. */
static bool take_result(Filling *filling, int r)
{
	if (r == -ENOMEM)
		filling->error = r;
	return r == 0;
}

static void take_link(const struct nlmsghdr *message, void *context)
{
	Filling *filling = context;
	RtnlView *view = filling->view;
	Link link;
	if (message->nlmsg_type != RTM_NEWLINK ||
	    !take_result(filling, rtnl_decode_link(message, &link)))
		return;
	if (view->n_links >= RTNL_LINKS_MAX)
		view->links_dropped++;
	else if (!GROW(view->links, view->n_links))
		filling->error = -ENOMEM;
	else
		view->links[view->n_links++] = link;
}

static void take_qdisc(const struct nlmsghdr *message, void *context)
{
	Filling *filling = context;
	RtnlQdisc qdisc;
	if (message->nlmsg_type != RTM_NEWQDISC ||
	    !take_result(filling, rtnl_decode_qdisc(message, &qdisc)))
		return;
	Link *link = (Link *)(uintptr_t)rtnl_view_find(filling->view, qdisc.link_index);
	if (!link)
		return;
	link->has_qdisc_stats = true;
	link->qdisc_drops = qdisc.drops;
	link->qdisc_overlimits = qdisc.overlimits;
	link->qdisc_requeues = qdisc.requeues;
	link->qdisc_backlog_bytes = qdisc.backlog_bytes;
	link->qdisc_length_packets = qdisc.length_packets;
}

static void take_address(const struct nlmsghdr *message, void *context)
{
	Filling *filling = context;
	RtnlView *view = filling->view;
	RtnlAddress address;
	if (message->nlmsg_type != RTM_NEWADDR ||
	    !take_result(filling, rtnl_decode_address(message, &address)))
		return;
	if (view->n_addresses >= RTNL_ADDRESSES_MAX)
		view->addresses_dropped = true;
	else if (!GROW(view->addresses, view->n_addresses))
		filling->error = -ENOMEM;
	else
		view->addresses[view->n_addresses++] = address;
}

static void add_gateway(Filling *filling, const Gateway *gateway, uint32_t nexthop_id)
{
	RtnlView *view = filling->view;
	if (view->n_gateways >= RTNL_GATEWAYS_MAX)
		return;
	if (!GROW(view->gateways, view->n_gateways) ||
	    !GROW(filling->nexthop_ids, view->n_gateways)) {
		filling->error = -ENOMEM;
		return;
	}
	filling->nexthop_ids[view->n_gateways] = nexthop_id;
	view->gateways[view->n_gateways++] = *gateway;
}

static void take_route(const struct nlmsghdr *message, void *context)
{
	Filling *filling = context;
	RtnlDefault route;
	if (message->nlmsg_type != RTM_NEWROUTE || !rtnl_decode_is_default(message) ||
	    !take_result(filling, rtnl_decode_default(message, &route)))
		return;
	for (size_t i = 0; i < route.n_hops; i++)
		add_gateway(filling, &route.hops[i], route.nexthop_id);
}

static int compare_links(const void *a, const void *b)
{
	const Link *first = a, *second = b;
	return (first->index > second->index) - (first->index < second->index);
}

static int compare_gateways(const void *a, const void *b)
{
	const Gateway *first = a, *second = b;
	if (first->family != second->family)
		return first->family - second->family;
	if (first->metric != second->metric)
		return first->metric < second->metric ? -1 : 1;
	if (first->link_index != second->link_index)
		return first->link_index - second->link_index;
	return memcmp(first->address.bytes, second->address.bytes, sizeof(first->address.bytes));
}

const Link *rtnl_view_find(const RtnlView *view, int index)
{
	const Link key = {.index = index};
	if (view->n_links == 0)
		return NULL;
	return bsearch(&key, view->links, view->n_links, sizeof(key), compare_links);
}

void rtnl_view_name_gateways(RtnlView *view)
{
	for (size_t i = 0; i < view->n_gateways; i++) {
		Gateway *gateway = &view->gateways[i];
		const Link *link = rtnl_view_find(view, gateway->link_index);
		/* Gone since, or beyond the links that are kept. */
		(void)text_copy(gateway->link_name, sizeof(gateway->link_name),
				link ? link->name : "");
	}
}

int rtnl_view_read_links(RtnlView *view, Netlink *netlink)
{
	Filling filling = {.view = view};
	Request links = {.header = {.nlmsg_type = RTM_GETLINK}};
	Request qdiscs = {.header = {.nlmsg_type = RTM_GETQDISC}};
	Request addresses = {.header = {.nlmsg_type = RTM_GETADDR}};
	int r = dump(netlink, &links, sizeof(links.body.link), take_link, forget_links, &filling);
	if (r < 0)
		return r;
	if (view->n_links > 0)
		qsort(view->links, view->n_links, sizeof(Link), compare_links);
	for (size_t i = 0; i < view->n_links; i++)
		view->links[i].speed_bps =
			link_speed_bps(netlink->fd, view->links[i].name, view->links[i].kind);
	r = dump(netlink, &qdiscs, sizeof(qdiscs.body.qdisc), take_qdisc, forget_nothing, &filling);
	/* A kernel without CONFIG_NET_SCHED has no qdiscs to tell of. */
	if (r < 0 && r != -EOPNOTSUPP)
		return r;
	return dump(netlink, &addresses, sizeof(addresses.body.address), take_address,
		    forget_addresses, &filling);
}

static int dump_routes(Netlink *netlink, uint8_t family, Forget forget, Filling *filling)
{
	Request request = {.header = {.nlmsg_type = RTM_GETROUTE},
			   .body.route = {.rtm_family = family,
					  .rtm_table = RT_TABLE_MAIN,
					  .rtm_type = RTN_UNICAST}};
	int r = dump(netlink, &request, sizeof(request.body.route), take_route, forget, filling);
	/* The table is made with its first route. */
	return r == -ENOENT ? 0 : r;
}

/* Puts the members of a group behind the gateways, and the only or first hop in its place. */
static int resolve(Filling *filling, size_t i, Netlink *netlink)
{
	Gateway gateway = filling->view->gateways[i];
	RtnlNexthop group, hop;
	bool placed = false;
	int r = rtnl_nexthop_get(netlink, filling->nexthop_ids[i], &group);
	size_t n = r < 0 ? 0 : MAX(group.n_members, (size_t)1);
	for (size_t k = 0; k < n; k++) {
		hop = group;
		if (group.n_members > 0)
			r = rtnl_nexthop_get(netlink, group.members[k], &hop);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			continue;
		gateway.address = hop.address;
		gateway.link_index = hop.link_index;
		if (placed)
			add_gateway(filling, &gateway, 0);
		else
			filling->view->gateways[i] = gateway;
		placed = true;
	}
	/* Gone since: marked by the link that no hop has, for removal. */
	if (!placed)
		filling->view->gateways[i].link_index = 0;
	return filling->error;
}

static void drop_unresolved(RtnlView *view)
{
	size_t kept = 0;
	for (size_t i = 0; i < view->n_gateways; i++)
		if (view->gateways[i].link_index != 0)
			view->gateways[kept++] = view->gateways[i];
	view->n_gateways = kept;
}

int rtnl_view_read_gateways(RtnlView *view, Netlink *netlink)
{
	_cleanup_free_ uint32_t *nexthop_ids = NULL;
	Filling filling = {.view = view};
	int r = dump_routes(netlink, AF_INET, forget_gateways, &filling);
	if (r == 0)
		r = dump_routes(netlink, AF_INET6, forget_nothing, &filling);
	nexthop_ids = filling.nexthop_ids;
	for (size_t i = 0, n = view->n_gateways; r == 0 && i < n; i++)
		if (nexthop_ids[i] != 0) {
			r = resolve(&filling, i, netlink);
			nexthop_ids = filling.nexthop_ids;
		}
	if (r < 0)
		return r;
	drop_unresolved(view);
	if (view->n_gateways > 0)
		qsort(view->gateways, view->n_gateways, sizeof(Gateway), compare_gateways);
	return 0;
}
