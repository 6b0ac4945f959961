/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Which name servers a resolv.conf(5) names: those that this host's programs ask. evdns reads the
 * same file for its own queries but does not tell what it found.
 */
#include <stddef.h>

#include "common/address.h"

/* The C library's own limit (MAXNS, resolv.h): it asks no server beyond the third. */
#define RESOLV_CONF_SERVERS_MAX 3

/*
 * The first n servers, in their order, without repetitions; how many there are. 0 also if there is
 * no such file. A server with a zone (fe80::1%eth0) is passed over. Negative errno: it could not be
 * read.
 */
int resolv_conf_servers(const char *path, Address *ret_servers, size_t n);
