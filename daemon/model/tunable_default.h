/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the kernel itself would have: of the present one (include/net/tcp.h, net/ipv4/tcp.c,
 * net/core/dev.c, ip-sysctl.rst). Some depend on the memory of the host, on how the kernel was
 * built, or on its version; then the text says so. Only ever shown: what is restored is what was
 * found.
 */
#include "daemon/model/tunable.h"

/* "1"; "4096 131072 6291456 (the last less on hosts with little memory)". Never NULL. */
const char *tunable_default(TunableId id);
