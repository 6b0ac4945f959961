/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Which sockets a dump is to bring, decided inside the kernel: the bytecode of inet_diag
 * (INET_DIAG_REQ_BYTECODE, net/ipv4/inet_diag.c inet_diag_bc_run). A socket that is filtered out
 * costs a fraction of one that is delivered.
 *
 * Slices: the sockets are split into `slices` parts by the port of the side that chose it freely
 * (the larger of both ports), so that busy servers and busy clients are both split evenly, a socket
 * is always in the same slice, and `slices` dumps see every socket exactly once. A server whose own
 * port lies among those of its clients (32768 and above) is split less evenly: of its clients,
 * those with lower ports are all in one slice.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"

#define DIAG_FILTER_PREFIXES_MAX 64
#define DIAG_FILTER_SLICES_MAX   1024

/* Room for every filter that there can be: 63 tests of what prefixes share (28 bytes each), 64
 * prefixes (32), 2 that find the family (20), and 2 * 65 ends of ranges of ports (20). */
#define DIAG_FILTER_SIZE_MAX 6528

typedef struct DiagPrefix {
	Address address; /* what lies behind the prefix is of no importance */
	uint8_t length;
} DiagPrefix;

typedef struct DiagFilter {
	unsigned slice, slices; /* slices <= 1: all sockets */
	/* Remote prefixes that are delivered whatever the slice (those with slices > 1), or that
	 * alone are delivered (only_prefixes; with slices > 1, of them that slice; with no prefix,
	 * nothing is). Sockets of both families that speak IPv4 are in the prefixes of IPv4. */
	const DiagPrefix *prefixes;
	size_t n_prefixes;
	bool only_prefixes;
} DiagFilter;

/* Pure: the bytecode into `buffer`, whose content is undefined on failure. Its length, 0 if
 * everything passes, -E2BIG if `size` is too small, -EINVAL (a slice that there is not, too many
 * slices or prefixes, a prefix that is none). */
int diag_filter_compile(const DiagFilter *filter, void *buffer, size_t size);
