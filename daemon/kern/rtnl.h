/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Links, addresses and default routes of a network namespace over rtnetlink (libnl-route), and word
 * of every change as soon as the kernel has it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"

typedef struct Rtnl Rtnl;

#define RTNL_LINKS_MAX 4096 /* kept; more are counted */

#define LINK_NAME_MAX  16
#define LINK_QDISC_MAX 16
#define LINK_KIND_MAX  16

typedef struct Link {
	int index;
	char name[LINK_NAME_MAX];
	char kind[LINK_KIND_MAX];   /* "veth", "tun", "bond"; "" a plain device */
	char qdisc[LINK_QDISC_MAX]; /* root qdisc, "fq_codel", "noqueue" */
	bool up, running, loopback; /* IFF_UP, IFF_RUNNING (carrier), IFF_LOOPBACK */
	uint32_t mtu_bytes;
	uint64_t speed_bps; /* 0: unknown (virtual, or no carrier) */
	uint64_t rx_bytes, tx_bytes, rx_packets, tx_packets;
	uint64_t rx_drops, tx_drops, rx_errors,
		tx_errors;    /* rx_drops: those missed by the device too */
	bool has_qdisc_stats; /* of the root qdisc: */
	uint64_t qdisc_drops, qdisc_overlimits, qdisc_requeues;
	uint32_t qdisc_backlog_bytes, qdisc_length_packets;
} Link;

/* A default route of the main table; each next hop of several is one. Those that cannot be used now
 * (dead, blackhole) are not told. */
typedef struct Gateway {
	Address address; /* family 0: on-link, there is no gateway to ask */
	int family;
	int link_index;
	char link_name[LINK_NAME_MAX];
	uint32_t metric;
} Gateway;

enum {
	RTNL_CHANGED_LINK = 1,
	RTNL_CHANGED_ADDRESS = 2,
	RTNL_CHANGED_ROUTE = 4,
	RTNL_CHANGED_RULE = 8,
	RTNL_CHANGED_LOST = 16, /* messages were lost: anything may have changed */
	RTNL_CHANGED_OWN = 32,  /* a route that has our protocol number (route.h) */
};

/* Of the network namespace the caller is in; subscribed from now on. -EPROTONOSUPPORT, -ENOMEM … */
int rtnl_new(Rtnl **ret_rtnl);
void rtnl_free(Rtnl *rtnl);
/* Becomes readable when something changed; goes into the loop. */
int rtnl_fd(const Rtnl *rtnl);
/* Reads what is queued, never blocks; the bits above, or negative errno. Changes of neighbours,
 * statistics and the like are no changes. */
int rtnl_read(Rtnl *rtnl);
/* Reads all again. What the getters return stays as it was on failure. */
int rtnl_refresh(Rtnl *rtnl);
/* As of the last refresh; valid until the next. Links by index; gateways by family, best metric
 * first. */
const Link *rtnl_links(const Rtnl *rtnl, size_t *ret_n);
const Gateway *rtnl_gateways(const Rtnl *rtnl, size_t *ret_n);
size_t rtnl_links_dropped(const Rtnl *rtnl);
const Link *rtnl_find_link(const Rtnl *rtnl, int index);
