/* SPDX-License-Identifier: MIT */
/*
 * The view against a kernel played on the other end of a socket pair, which has queued its answers
 * before it is asked: what the real one does too rarely to be waited for.
 */
#include "daemon/kern/rtnl_view.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common/base.h"
#include "tests/unit/harness.h"
#include "tests/unit/recorded.h"

static Netlink netlink;
static int kernel_fd;

static void setup(void)
{
	const struct timeval soon = {.tv_usec = 10000};
	int fds[2];
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	ck_assert_int_eq(setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)), 0);
	netlink = (Netlink){.fd = fds[0]};
	kernel_fd = fds[1];
}

static void teardown(void)
{
	close(netlink.fd);
	close(kernel_fd);
}

/* The recorded message as part of the answer to the nth question. */
static void say(uint32_t sequence, const char *name, uint16_t flags)
{
	Recorded message = recorded(name);
	struct nlmsghdr *header = (struct nlmsghdr *)message.bytes;
	header->nlmsg_seq = sequence;
	header->nlmsg_flags |= flags;
	ck_assert_int_gt(send(kernel_fd, message.bytes, message.length, 0), 0);
}

static void end(uint32_t sequence, uint16_t type, int error)
{
	struct {
		struct nlmsghdr header;
		int error;
	} message = {{.nlmsg_len = sizeof(message), .nlmsg_type = type, .nlmsg_seq = sequence},
		     error};
	ck_assert_int_eq(send(kernel_fd, &message, sizeof(message), 0), sizeof(message));
}

START_TEST(test_torn_dump)
{
	_cleanup_(rtnl_view_clear) RtnlView view = {0};
	say(1, "rtnl/link-veth", 0);
	say(1, "rtnl/link-loopback", NLM_F_DUMP_INTR);
	end(1, NLMSG_DONE, 0);
	say(2, "rtnl/link-veth", 0); /* asked again */
	say(2, "rtnl/link-loopback", 0);
	end(2, NLMSG_DONE, 0);
	say(3, "rtnl/qdisc-tbf", 0);
	end(3, NLMSG_DONE, 0);
	say(4, "rtnl/address", NLM_F_DUMP_INTR);
	end(4, NLMSG_DONE, 0);
	say(5, "rtnl/address", NLM_F_DUMP_INTR);
	end(5, NLMSG_DONE, 0);
	say(6, "rtnl/address", NLM_F_DUMP_INTR); /* for the last time */
	end(6, NLMSG_DONE, 0);
	ck_assert_int_eq(rtnl_view_read_links(&view, &netlink), 0);
	ck_assert_uint_eq(view.n_links, 2);
	ck_assert_str_eq(view.links[0].name, "lo");
	ck_assert_str_eq(view.links[1].name, "eth0");
	ck_assert(view.links[1].has_qdisc_stats && !view.links[0].has_qdisc_stats);
	ck_assert_uint_eq(view.links[1].qdisc_drops, 6);
	ck_assert_uint_eq(view.n_addresses, 1);
}
END_TEST

START_TEST(test_no_qdiscs)
{
	_cleanup_(rtnl_view_clear) RtnlView view = {0};
	say(1, "rtnl/link-veth", 0);
	end(1, NLMSG_DONE, 0);
	end(2, NLMSG_ERROR, -EOPNOTSUPP); /* a kernel without them */
	end(3, NLMSG_DONE, 0);
	ck_assert_int_eq(rtnl_view_read_links(&view, &netlink), 0);
	ck_assert_uint_eq(view.n_links, 1);
	ck_assert(!view.links[0].has_qdisc_stats);
	end(4, NLMSG_ERROR, -EPERM);
	ck_assert_int_eq(rtnl_view_read_links(&view, &netlink), -EPERM);
}
END_TEST

START_TEST(test_nexthop_gone)
{
	_cleanup_(rtnl_view_clear) RtnlView view = {0};
	say(1, "rtnl/route-plain", 0);
	say(1, "rtnl/route-nexthop-id", 0);
	end(1, NLMSG_DONE, 0);
	end(2, NLMSG_DONE, -ENOENT);  /* no IPv6 table yet */
	end(3, NLMSG_ERROR, -ENOENT); /* deleted between both questions */
	ck_assert_int_eq(rtnl_view_read_gateways(&view, &netlink), 0);
	ck_assert_uint_eq(view.n_gateways, 1);
	ck_assert_uint_eq(view.gateways[0].metric, 200);
}
END_TEST

START_TEST(test_nexthop_group)
{
	_cleanup_(rtnl_view_clear) RtnlView view = {0};
	say(1, "rtnl/route-nexthop-id", 0);
	end(1, NLMSG_DONE, 0);
	say(2, "rtnl/route6-plain", 0);
	end(2, NLMSG_DONE, 0);
	say(3, "rtnl/nexthop-group", 0);
	end(3, NLMSG_ERROR, 0);
	end(4, NLMSG_ERROR, -ENOENT); /* one of its members has gone */
	say(5, "rtnl/nexthop-hop", 0);
	end(5, NLMSG_ERROR, 0);
	ck_assert_int_eq(rtnl_view_read_gateways(&view, &netlink), 0);
	ck_assert_uint_eq(view.n_gateways, 2);
	ck_assert_uint_eq(view.gateways[0].metric, 700);
	ck_assert_int_eq(view.gateways[0].link_index, 3);
	ck_assert_int_eq(view.gateways[1].family, AF_INET6);
}
END_TEST

START_TEST(test_caps)
{
	_cleanup_(rtnl_view_clear) RtnlView view = {0};
	for (int i = 0; i < RTNL_GATEWAYS_MAX / 2 + 8; i++)
		say(1, "rtnl/route-multipath", 0);
	end(1, NLMSG_DONE, 0);
	end(2, NLMSG_DONE, 0);
	ck_assert_int_eq(rtnl_view_read_gateways(&view, &netlink), 0);
	ck_assert_uint_eq(view.n_gateways, RTNL_GATEWAYS_MAX);
	ck_assert_ptr_null(rtnl_view_find(&view, 3));
	rtnl_view_name_gateways(&view); /* their links are not there */
	ck_assert_str_eq(view.gateways[0].link_name, "");
}
END_TEST

HARNESS_MAIN("rtnl_view", {
	HARNESS_FIXTURE(suite, "view", setup, teardown, test_torn_dump, test_no_qdiscs,
			test_nexthop_gone, test_nexthop_group, test_caps);
})
