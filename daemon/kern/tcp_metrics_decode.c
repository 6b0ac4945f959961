/* SPDX-License-Identifier: MIT */
/*
 * A genlmsghdr and attributes, as net/ipv4/tcp_metrics.c:tcp_metrics_fill_info() writes them. The
 * structure must be sound to the last byte or the message is refused whole; an attribute shorter
 * than what it stands for is as if absent, and a longer one is read as far as we know it.
 *
 * The kernel keeps RTT as its sockets do: the mean eightfold, the deviation fourfold. Before 3.15
 * it had them in milliseconds; since then it tells both, of which that in microseconds is taken.
 */
#include "daemon/kern/tcp_metrics.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/tcp_metrics.h>
#include <string.h>

#include "common/base.h"
#include "daemon/kern/netlink.h"

/* The scale of srtt and mdev in tcp_sock. */
#define RTT_SHIFT    3
#define RTTVAR_SHIFT 2
#define US_PER_MS    1000

static uint16_t word16(const NetlinkAttribute *attribute)
{
	uint16_t value = 0;
	if (attribute->length >= sizeof(value))
		memcpy(&value, attribute->data, sizeof(value));
	return value;
}

static uint32_t word32(const NetlinkAttribute *attribute)
{
	uint32_t value = 0;
	if (attribute->length >= sizeof(value))
		memcpy(&value, attribute->data, sizeof(value));
	return value;
}

static uint64_t word64(const NetlinkAttribute *attribute)
{
	uint64_t value = 0;
	if (attribute->length >= sizeof(value))
		memcpy(&value, attribute->data, sizeof(value));
	return value;
}

static Address address_of(int family, const NetlinkAttribute *attribute)
{
	size_t length = family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	return address_from_bytes(attribute->length >= length ? family : AF_UNSPEC,
				  attribute->data);
}

static uint32_t scaled(uint32_t value, unsigned unit_us, unsigned shift)
{
	return (uint32_t)MIN((uint64_t)value * unit_us >> shift, (uint64_t)UINT32_MAX);
}

/* Nested attributes whose types are one more than the kernel's index. */
static int take_values(const NetlinkAttribute *nest, TcpMetric *metric)
{
	const uint8_t *rest = nest->data;
	size_t length = nest->length;
	uint32_t values[TCP_METRIC_MAX + 1] = {0};
	NetlinkAttribute attribute;
	int r;
	while ((r = netlink_attribute_next(&rest, &length, &attribute)) == 0)
		if (attribute.type >= 1 && attribute.type - 1 <= TCP_METRIC_MAX)
			values[attribute.type - 1] = word32(&attribute);
	if (r < 0)
		return r;
	metric->rtt_us = values[TCP_METRIC_RTT_US]
				 ? scaled(values[TCP_METRIC_RTT_US], 1, RTT_SHIFT)
				 : scaled(values[TCP_METRIC_RTT], US_PER_MS, RTT_SHIFT);
	metric->rttvar_us = values[TCP_METRIC_RTTVAR_US]
				    ? scaled(values[TCP_METRIC_RTTVAR_US], 1, RTTVAR_SHIFT)
				    : scaled(values[TCP_METRIC_RTTVAR], US_PER_MS, RTTVAR_SHIFT);
	metric->ssthresh = values[TCP_METRIC_SSTHRESH];
	metric->cwnd = values[TCP_METRIC_CWND];
	metric->reordering = values[TCP_METRIC_REORDERING];
	return 0;
}

static int take_attribute(const NetlinkAttribute *attribute, TcpMetric *metric)
{
	switch (attribute->type) {
	case TCP_METRICS_ATTR_ADDR_IPV4:
		metric->destination = address_of(AF_INET, attribute);
		break;
	case TCP_METRICS_ATTR_ADDR_IPV6:
		metric->destination = address_of(AF_INET6, attribute);
		break;
	case TCP_METRICS_ATTR_SADDR_IPV4:
		metric->source = address_of(AF_INET, attribute);
		break;
	case TCP_METRICS_ATTR_SADDR_IPV6:
		metric->source = address_of(AF_INET6, attribute);
		break;
	case TCP_METRICS_ATTR_AGE:
		metric->age_ms = word64(attribute);
		break;
	case TCP_METRICS_ATTR_VALS:
		return take_values(attribute, metric);
	case TCP_METRICS_ATTR_FOPEN_MSS:
		metric->fastopen_mss = word16(attribute);
		break;
	case TCP_METRICS_ATTR_FOPEN_SYN_DROPS:
		metric->fastopen_syn_drops = word16(attribute);
		break;
	case TCP_METRICS_ATTR_FOPEN_SYN_DROP_TS:
		metric->fastopen_drop_age_ms = word64(attribute);
		break;
	case TCP_METRICS_ATTR_FOPEN_COOKIE:
		metric->has_cookie = attribute->length > 0;
		break;
	}
	return 0;
}

int tcp_metrics_decode(const struct nlmsghdr *message, TcpMetric *ret_metric)
{
	struct genlmsghdr header;
	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(header)))
		return -EBADMSG;
	memcpy(&header, (const uint8_t *)message + NLMSG_HDRLEN, sizeof(header));
	if (header.cmd != TCP_METRICS_CMD_GET)
		return -EBADMSG;
	const uint8_t *rest = (const uint8_t *)message + NLMSG_HDRLEN + GENL_HDRLEN;
	size_t length = message->nlmsg_len - NLMSG_LENGTH(sizeof(header));
	TcpMetric metric = {0};
	NetlinkAttribute attribute;
	int r;
	while ((r = netlink_attribute_next(&rest, &length, &attribute)) == 0) {
		r = take_attribute(&attribute, &metric);
		if (r < 0)
			return r;
	}
	if (r < 0 || metric.destination.family == AF_UNSPEC)
		return -EBADMSG;
	if (metric.fastopen_syn_drops == 0)
		metric.fastopen_drop_age_ms = 0;
	*ret_metric = metric;
	return 0;
}
