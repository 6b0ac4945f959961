/* SPDX-License-Identifier: MIT */
/*
 * Two sockets, of the namespace that both were opened in: one asks, one is subscribed. A refresh
 * fills a new view and puts it in the place of the old one when it is whole.
 *
 * Reading the routes of a router takes a second, so a refresh leaves them alone as long as nothing
 * has happened that could change the default ones. Those events are: a default route or a nexthop
 * changed, a link or an address changed (with which IPv4 routes go without a word), messages were
 * lost; or there are messages that nobody has read yet, which may be any of these.
 *
 * The kernel repeats itself: a wireless driver sends RTM_NEWLINK with each scan, IPv6 sends
 * RTM_NEWADDR with each router advertisement that renews a lifetime. What is no news to the view
 * of the last refresh is no change. The root qdisc is part of that message, but a qdisc's change is
 * not announced by one; it is seen at the next refresh.
 */
#include "daemon/kern/rtnl.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base.h"
#include "daemon/kern/netlink.h"
#include "daemon/kern/rtnl_decode.h"
#include "daemon/kern/rtnl_view.h"

/* Some 500 messages between two turns of the loop; charged to us only when used. */
#define RECEIVE_BUFFER (512 * 1024)

/* Datagrams per call: the socket stays readable, so the rest is read in the next turn of the loop,
 * and a storm of routes cannot keep the daemon from its other work. */
#define READ_MAX 512

/* One notification: links with many attributes have 2 KiB. */
#define MESSAGE_MAX 16384

struct Rtnl {
	Netlink ask, listen;
	RtnlView view;
	bool routes_stale;
};

static int subscribe(Netlink *netlink)
{
	const int size = RECEIVE_BUFFER;
	int r = nl_socket_add_memberships(
		netlink->socket, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
		RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE, 0);
	if (r < 0)
		return netlink_errno(r);
	/* Kernels before 5.3 have no nexthop objects, and nothing to tell of them. */
	(void)nl_socket_add_membership(netlink->socket, RTNLGRP_NEXTHOP);
	/* Beyond rmem_max only with CAP_NET_ADMIN; without it, as much as is allowed. */
	if (setsockopt(netlink->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(netlink->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return 0;
}

int rtnl_new(Rtnl **ret_rtnl)
{
	const int on = 1;
	Rtnl *rtnl = calloc(1, sizeof(*rtnl));
	if (!rtnl)
		return -ENOMEM;
	int r = netlink_open(&rtnl->listen, NETLINK_ROUTE);
	if (r == 0)
		r = subscribe(&rtnl->listen);
	if (r == 0)
		r = netlink_open(&rtnl->ask, NETLINK_ROUTE);
	if (r < 0) {
		rtnl_free(rtnl);
		return r;
	}
	/* An older kernel sends more, which is then passed over here. */
	(void)setsockopt(rtnl->ask.fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	rtnl->routes_stale = true;
	*ret_rtnl = rtnl;
	return 0;
}

void rtnl_free(Rtnl *rtnl)
{
	if (!rtnl)
		return;
	netlink_close(&rtnl->ask);
	netlink_close(&rtnl->listen);
	rtnl_view_clear(&rtnl->view);
	free(rtnl);
}

int rtnl_fd(const Rtnl *rtnl)
{
	return rtnl->listen.fd;
}

static int link_change(const Rtnl *rtnl, const struct nlmsghdr *message)
{
	Link link;
	int r = rtnl_decode_link(message, &link);
	if (r == RTNL_NOT_OURS)
		return 0;
	const Link *known = r == 0 ? rtnl_view_find(&rtnl->view, link.index) : NULL;
	if (r == 0 && message->nlmsg_type == RTM_NEWLINK && known && known->up == link.up &&
	    known->running == link.running && known->mtu_bytes == link.mtu_bytes &&
	    strcmp(known->name, link.name) == 0 && strcmp(known->qdisc, link.qdisc) == 0)
		return 0;
	return RTNL_CHANGED_LINK;
}

static int address_change(const Rtnl *rtnl, const struct nlmsghdr *message)
{
	RtnlAddress address;
	int r = rtnl_decode_address(message, &address);
	if (r == RTNL_NOT_OURS)
		return 0;
	if (r == 0 && message->nlmsg_type == RTM_NEWADDR)
		for (size_t i = 0; i < rtnl->view.n_addresses; i++)
			if (rtnl_address_equal(&rtnl->view.addresses[i], &address))
				return 0;
	return RTNL_CHANGED_ADDRESS;
}

static int route_change(Rtnl *rtnl, const struct nlmsghdr *message)
{
	if (rtnl_decode_is_internal_route(message))
		return 0;
	if (rtnl_decode_is_own_route(message))
		return RTNL_CHANGED_OWN;
	rtnl->routes_stale |= rtnl_decode_is_default(message);
	return RTNL_CHANGED_ROUTE;
}

static int take_message(Rtnl *rtnl, const struct nlmsghdr *message)
{
	int changes = 0;
	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		changes = link_change(rtnl, message);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		changes = address_change(rtnl, message);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return route_change(rtnl, message);
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP:
		changes = RTNL_CHANGED_ROUTE;
		break;
	case RTM_NEWRULE:
	case RTM_DELRULE:
		return RTNL_CHANGED_RULE;
	}
	rtnl->routes_stale |= changes != 0;
	return changes;
}

static int take_datagram(Rtnl *rtnl, const uint8_t *rest, size_t length)
{
	const struct nlmsghdr *message;
	bool malformed;
	int changes = 0;
	while ((message = netlink_next(&rest, &length, &malformed)))
		changes |= take_message(rtnl, message);
	return changes | (malformed ? RTNL_CHANGED_LOST : 0);
}

int rtnl_read(Rtnl *rtnl)
{
	_Alignas(struct nlmsghdr) uint8_t buffer[MESSAGE_MAX];
	int changes = 0;
	for (unsigned i = 0; i < READ_MAX; i++) {
		bool truncated = false;
		ssize_t n = netlink_receive(rtnl->listen.fd, buffer, sizeof(buffer), MSG_DONTWAIT,
					    &truncated);
		if (n == -EAGAIN)
			break;
		if (n < 0 && n != -ENOBUFS)
			return (int)n;
		if (n < 0 || truncated)
			changes |= RTNL_CHANGED_LOST;
		else
			changes |= take_datagram(rtnl, buffer, (size_t)n);
	}
	rtnl->routes_stale |= (changes & RTNL_CHANGED_LOST) != 0;
	return changes;
}

static bool has_unread(const Rtnl *rtnl)
{
	struct pollfd ready = {.fd = rtnl->listen.fd, .events = POLLIN};
	return poll(&ready, 1, 0) != 0;
}

/* Gives the old gateways to the new view. */
static void keep_gateways(RtnlView *view, RtnlView *old)
{
	view->gateways = STEAL(old->gateways);
	view->n_gateways = old->n_gateways;
	old->n_gateways = 0;
}

int rtnl_refresh(Rtnl *rtnl)
{
	_cleanup_(rtnl_view_clear) RtnlView view = {0};
	bool routes = rtnl->routes_stale || has_unread(rtnl);
	int r = rtnl_view_read_links(&view, &rtnl->ask);
	if (r == 0 && routes)
		r = rtnl_view_read_gateways(&view, &rtnl->ask);
	if (r < 0)
		return r;
	if (!routes)
		keep_gateways(&view, &rtnl->view);
	rtnl_view_name_gateways(&view);
	rtnl->routes_stale = false;
	RtnlView old = rtnl->view;
	rtnl->view = view;
	view = old;
	return 0;
}

const Link *rtnl_links(const Rtnl *rtnl, size_t *ret_n)
{
	*ret_n = rtnl->view.n_links;
	return rtnl->view.links;
}

size_t rtnl_links_dropped(const Rtnl *rtnl)
{
	return rtnl->view.links_dropped;
}

const Gateway *rtnl_gateways(const Rtnl *rtnl, size_t *ret_n)
{
	*ret_n = rtnl->view.n_gateways;
	return rtnl->view.gateways;
}

const Link *rtnl_find_link(const Rtnl *rtnl, int index)
{
	return rtnl_view_find(&rtnl->view, index);
}
