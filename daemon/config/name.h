/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The syntax of names in URLs: of hosts, and of what a name server is asked for. Both are limited
 * as RFC 1035 2.3.4 and RFC 1123 2.1 have it, with underscores, and may end in the root's dot.
 */
#include <stddef.h>

#include "daemon/config/problems.h"

/*
 * Labels separated by dots. `what` is how messages call it: "the host name"; `offset` is where the
 * name begins in the value. 0, or CONFIG_INVALID with the fault.
 */
int config_name_check(const char *name, const char *what, size_t offset, ConfigFault *ret_fault);
/* A host: as above, and what looks like an IPv4 address is one. */
int config_host_check(const char *host, size_t offset, ConfigFault *ret_fault);
