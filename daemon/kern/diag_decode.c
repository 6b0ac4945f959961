/* SPDX-License-Identifier: MIT */
/*
 * One message is a struct inet_diag_msg and attributes (linux/inet_diag.h, net/ipv4/inet_diag.c).
 *
 * The walk over the attributes (netlink.h) is the innermost loop of every dump, and its bounds are
 * all that stands between a damaged message and memory that is not ours. The structure must be
 * sound to the last byte, or the message is refused whole; an attribute that is shorter than what
 * it stands for is as if absent; one that is longer comes from a newer kernel, and its beginning
 * means what it always did.
 */
#include "daemon/kern/diag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>

#include "common/base.h"
#include "daemon/kern/netlink.h"

/* SK_MEMINFO_DROPS came last, in 4.7; all up to the backlog is as old as the attribute. */
#define SKMEMINFO_OLD ((SK_MEMINFO_BACKLOG + 1) * sizeof(uint32_t))

/* What is read of a message, each of length 0 if it is absent. */
typedef struct Attributes {
	NetlinkAttribute info, congestion, skmeminfo, bbr, dctcp;
} Attributes;

static uint32_t word_at(const uint8_t *data, size_t index)
{
	uint32_t word;
	memcpy(&word, data + index * sizeof(word), sizeof(word));
	return word;
}

static int attribute_sort(Attributes *attributes, const NetlinkAttribute *attribute)
{
	switch (attribute->type) {
	case INET_DIAG_PROTOCOL:
		/* Sent where it could be in doubt, as in the destroy groups. */
		if (attribute->length < 1 || attribute->data[0] != IPPROTO_TCP)
			return -EBADMSG;
		break;
	case INET_DIAG_INFO:
		attributes->info = *attribute;
		break;
	case INET_DIAG_CONG:
		attributes->congestion = *attribute;
		break;
	case INET_DIAG_SKMEMINFO:
		attributes->skmeminfo = *attribute;
		break;
	case INET_DIAG_BBRINFO:
		attributes->bbr = *attribute;
		break;
	case INET_DIAG_DCTCPINFO:
		attributes->dctcp = *attribute;
		break;
	}
	return 0;
}

/* All of them, to the last byte. */
static int attributes_find(const uint8_t *rest, size_t length, Attributes *ret_attributes)
{
	Attributes attributes = {0};
	NetlinkAttribute attribute;
	int r;
	while ((r = netlink_attribute_next(&rest, &length, &attribute)) == 0) {
		r = attribute_sort(&attributes, &attribute);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	*ret_attributes = attributes;
	return 0;
}

/* A name goes into logs and comparisons, so one with odd characters in it is none. */
static void take_congestion(FlowSample *sample, const NetlinkAttribute *attribute)
{
	const char *name = (const char *)attribute->data;
	size_t length = attribute->length > 0 ? strnlen(name, attribute->length) : 0;
	if (length == 0 || length >= sizeof(sample->congestion))
		return;
	for (size_t i = 0; i < length; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return;
	memcpy(sample->congestion, name, length);
	sample->congestion[length] = '\0';
}

static void take_skmeminfo(FlowSample *sample, const NetlinkAttribute *attribute)
{
	const uint8_t *data = attribute->data;
	if (attribute->length < SKMEMINFO_OLD)
		return;
	sample->has_skmeminfo = true;
	sample->rmem_alloc = word_at(data, SK_MEMINFO_RMEM_ALLOC);
	sample->rcvbuf = word_at(data, SK_MEMINFO_RCVBUF);
	sample->wmem_alloc = word_at(data, SK_MEMINFO_WMEM_ALLOC);
	sample->sndbuf = word_at(data, SK_MEMINFO_SNDBUF);
	sample->forward_alloc = word_at(data, SK_MEMINFO_FWD_ALLOC);
	sample->wmem_queued = word_at(data, SK_MEMINFO_WMEM_QUEUED);
	sample->optmem = word_at(data, SK_MEMINFO_OPTMEM);
	sample->backlog = word_at(data, SK_MEMINFO_BACKLOG);
	if (attribute->length >= (SK_MEMINFO_DROPS + 1) * sizeof(uint32_t))
		sample->drops = word_at(data, SK_MEMINFO_DROPS);
}

static void take_bbr(FlowSample *sample, const NetlinkAttribute *attribute)
{
	struct tcp_bbr_info bbr;
	if (attribute->length < sizeof(bbr))
		return;
	memcpy(&bbr, attribute->data, sizeof(bbr));
	sample->has_bbr = true;
	sample->bbr_bw = (uint64_t)bbr.bbr_bw_hi << 32 | bbr.bbr_bw_lo;
	sample->bbr_min_rtt_us = bbr.bbr_min_rtt;
	sample->bbr_pacing_gain = bbr.bbr_pacing_gain;
	sample->bbr_cwnd_gain = bbr.bbr_cwnd_gain;
}

static void take_dctcp(FlowSample *sample, const NetlinkAttribute *attribute)
{
	struct tcp_dctcp_info dctcp;
	if (attribute->length < sizeof(dctcp))
		return;
	memcpy(&dctcp, attribute->data, sizeof(dctcp));
	sample->has_dctcp = true;
	sample->dctcp_enabled = dctcp.dctcp_enabled != 0;
	sample->dctcp_ce_state = dctcp.dctcp_ce_state;
	sample->dctcp_alpha = dctcp.dctcp_alpha;
	sample->dctcp_ab_ecn_bytes = dctcp.dctcp_ab_ecn;
	sample->dctcp_ab_total_bytes = dctcp.dctcp_ab_tot;
}

static void take_identity(FlowSample *sample, const struct inet_diag_msg *header)
{
	const struct inet_diag_sockid *id = &header->id;
	sample->cookie = (uint64_t)id->idiag_cookie[1] << 32 | id->idiag_cookie[0];
	sample->local = address_from_bytes(header->idiag_family, id->idiag_src);
	sample->remote = address_from_bytes(header->idiag_family, id->idiag_dst);
	sample->local_port = ntohs(id->idiag_sport);
	sample->remote_port = ntohs(id->idiag_dport);
	sample->state = header->idiag_state;
	sample->timer = header->idiag_timer;
	sample->inode = header->idiag_inode;
	sample->uid = header->idiag_uid;
	sample->rqueue = header->idiag_rqueue;
	sample->wqueue = header->idiag_wqueue;
}

int diag_decode(const struct nlmsghdr *message, FlowSample *ret_sample)
{
	struct inet_diag_msg header;
	if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    message->nlmsg_len < NLMSG_LENGTH(sizeof(header)))
		return -EBADMSG;
	memcpy(&header, NLMSG_DATA(message), sizeof(header));
	if (header.idiag_family != AF_INET && header.idiag_family != AF_INET6)
		return -EBADMSG;

	Attributes attributes;
	const size_t start = NLMSG_LENGTH(NLMSG_ALIGN(sizeof(header)));
	const size_t length = message->nlmsg_len > start ? message->nlmsg_len - start : 0;
	int r = attributes_find((const uint8_t *)message + start, length, &attributes);
	if (r < 0)
		return r;

	/* Nothing can fail from here on, so that no copy has to be made of it. */
	memset(ret_sample, 0, sizeof(*ret_sample));
	take_identity(ret_sample, &header);
	tcp_info_set(&ret_sample->info, attributes.info.data, attributes.info.length);
	take_congestion(ret_sample, &attributes.congestion);
	take_skmeminfo(ret_sample, &attributes.skmeminfo);
	take_bbr(ret_sample, &attributes.bbr);
	take_dctcp(ret_sample, &attributes.dctcp);
	return 0;
}
