/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One name looked up in a file of the form of /etc/hosts (hosts(5)).
 *
 * evdns knows such files only through its getaddrinfo, which hides the time to live of answers;
 * and it keeps the whole file in memory, which on hosts that block advertisements is megabytes.
 * Here the file is read when a name is resolved, and only the answer is kept.
 */
#include "common/address.h"

enum { HOSTS_ABSENT = 1 };

/*
 * The first address of each family that the file gives for `name` (case does not matter, nor does
 * a final dot); family 0 where it gives none. HOSTS_ABSENT: the name is not there at all, or there
 * is no such file. Negative errno: the file could not be read.
 */
int hosts_find(const char *path, const char *name, Address *ret_ipv4, Address *ret_ipv6);
