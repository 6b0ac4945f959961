/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * How full the kernel's neighbour tables are: /proc/net/stat/arp_cache (IPv4) and ndisc_cache
 * (IPv6). One table for the whole kernel, shown in the initial network namespace only.
 */
#include <stddef.h>
#include <stdint.h>

typedef struct Neigh {
	uint64_t entries;     /* now */
	uint64_t table_fulls; /* entries refused since boot; 0 before 4.19, which did not count */
	uint64_t forced_runs; /* collections for want of room since boot */
} Neigh;

/* Pure. -EBADMSG: not such a file. */
int neigh_parse(const char *text, size_t length, Neigh *ret_neigh);
/* `family`: AF_INET, AF_INET6. -ENOENT: not shown in this namespace. */
int neigh_read(int family, Neigh *ret_neigh);
