/* SPDX-License-Identifier: MIT */
/*
 * The family's number is given at boot, so it is asked for once, by name
 * (net/netlink/genetlink.c:ctrl_getfamily). Reading needs no privilege.
 *
 * The requests are so small that they are structs; libnl's builders would allocate a page for each.
 */
#include "daemon/kern/tcp_metrics.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/tcp_metrics.h>
#include <string.h>

#include "common/base.h"
#include "daemon/kern/netlink.h"

/* The kernel does not say of this dump that it was interrupted, so a second try is rare. */
#define DUMP_TRIES 3

struct TcpMetrics {
	Netlink netlink;
	uint16_t family;
};

/* One attribute with the longest of our values: the family's name, an IPv6 address. */
typedef struct Request {
	struct nlmsghdr header;
	struct genlmsghdr body;
	struct nlattr attribute;
	uint8_t value[16];
} Request;

_Static_assert(sizeof(TCP_METRICS_GENL_NAME) <= sizeof(((Request *)NULL)->value), "fits");

static Request request_new(uint16_t family, uint8_t command)
{
	return (Request){
		.header = {.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN), .nlmsg_type = family},
		.body = {.cmd = command, .version = TCP_METRICS_GENL_VERSION},
	};
}

static void request_put(Request *request, uint16_t type, const void *value, size_t length)
{
	assert(length <= sizeof(request->value));
	request->attribute = (struct nlattr){.nla_len = (uint16_t)(sizeof(struct nlattr) + length),
					     .nla_type = type};
	memcpy(request->value, value, length);
	request->header.nlmsg_len += (uint32_t)NLMSG_ALIGN(sizeof(struct nlattr) + length);
}

static void take_family(const struct nlmsghdr *message, void *context)
{
	uint16_t *family = context;
	if (message->nlmsg_len < NLMSG_LENGTH(GENL_HDRLEN))
		return;
	const uint8_t *rest = (const uint8_t *)message + NLMSG_LENGTH(GENL_HDRLEN);
	size_t length = message->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN);
	NetlinkAttribute attribute;
	while (netlink_attribute_next(&rest, &length, &attribute) == 0)
		if (attribute.type == CTRL_ATTR_FAMILY_ID && attribute.length >= sizeof(*family))
			memcpy(family, attribute.data, sizeof(*family));
}

static int resolve(TcpMetrics *metrics)
{
	Request request = request_new(GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	request_put(&request, CTRL_ATTR_FAMILY_NAME, TCP_METRICS_GENL_NAME,
		    sizeof(TCP_METRICS_GENL_NAME));
	int r = netlink_ask(&metrics->netlink, &request.header, take_family, &metrics->family);
	if (r == -ENOENT || (r >= 0 && metrics->family == 0))
		return -EPROTONOSUPPORT;
	return MIN(r, 0);
}

int tcp_metrics_new(TcpMetrics **ret_metrics)
{
	TcpMetrics *metrics = calloc(1, sizeof(*metrics));
	if (!metrics)
		return -ENOMEM;
	int r = netlink_open(&metrics->netlink, NETLINK_GENERIC);
	if (r == 0)
		r = resolve(metrics);
	if (r < 0) {
		tcp_metrics_free(metrics);
		return r;
	}
	*ret_metrics = metrics;
	return 0;
}

void tcp_metrics_free(TcpMetrics *metrics)
{
	if (!metrics)
		return;
	netlink_close(&metrics->netlink);
	free(metrics);
}

typedef struct Dump {
	TcpMetricCallback callback;
	void *context;
	unsigned undecoded;
} Dump;

static void take_metric(const struct nlmsghdr *message, void *context)
{
	Dump *dump = context;
	TcpMetric metric;
	if (tcp_metrics_decode(message, &metric) < 0)
		dump->undecoded++;
	else
		dump->callback(&metric, dump->context);
}

int tcp_metrics_dump(TcpMetrics *metrics, TcpMetricCallback callback, void *context,
		     unsigned *ret_undecoded)
{
	int r = NETLINK_TORN;
	Dump dump = {callback, context, 0};
	for (unsigned i = 0; i < DUMP_TRIES && r == NETLINK_TORN; i++) {
		Request request = request_new(metrics->family, TCP_METRICS_CMD_GET);
		request.header.nlmsg_flags = NLM_F_DUMP;
		r = netlink_ask(&metrics->netlink, &request.header, take_metric, &dump);
	}
	if (r < 0)
		return r;
	*ret_undecoded = dump.undecoded + (r == NETLINK_TORN);
	return 0;
}

typedef struct Got {
	TcpMetric metric;
	int result;
} Got;

static void take_one(const struct nlmsghdr *message, void *context)
{
	Got *got = context;
	got->result = tcp_metrics_decode(message, &got->metric);
}

int tcp_metrics_get(TcpMetrics *metrics, const Address *destination, TcpMetric *ret_metric)
{
	Request request = request_new(metrics->family, TCP_METRICS_CMD_GET);
	Got got = {.result = -ENOENT};
	if (destination->family == AF_INET)
		request_put(&request, TCP_METRICS_ATTR_ADDR_IPV4, destination->bytes,
			    sizeof(struct in_addr));
	else if (destination->family == AF_INET6)
		request_put(&request, TCP_METRICS_ATTR_ADDR_IPV6, destination->bytes,
			    sizeof(struct in6_addr));
	else
		return -EINVAL;
	int r = netlink_ask(&metrics->netlink, &request.header, take_one, &got);
	if (r == -ESRCH)
		return -ENOENT;
	if (r < 0 || got.result < 0)
		return r < 0 ? r : got.result;
	*ret_metric = got.metric;
	return 0;
}
