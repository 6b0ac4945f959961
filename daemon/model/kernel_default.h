/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What Linux itself would have in a tunable, so that a value that somebody has set can be told from
 * one that nobody has. Only what the release and the memory say for certain: what depends on the
 * configuration of the kernel, on its timer or on the number of pages at boot is not known here.
 */
#include <stdint.h>

#include "daemon/model/tunable.h"

/* `release` as of uname(2): "6.1.0-18-amd64"; memory_bytes 0: not known. NULL: no such default is
 * known. Sources: net/ipv4/tcp.c:tcp_init(), net/ipv4/tcp_ipv4.c:tcp_sk_init(),
 * net/ipv4/af_inet.c:inet_init_net(), net/core/sock.c, net/core/dev.c, net/ipv4/arp.c. */
const char *kernel_default(TunableId id, const char *release, uint64_t memory_bytes);
