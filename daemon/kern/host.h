/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Facts of the host that bound what may be tuned, and its identity, which says whether a journal
 * left by another process speaks of this kernel and this network namespace.
 */
#include <stdbool.h>
#include <stdint.h>

typedef struct HostMemory {
	uint64_t total_bytes, available_bytes; /* /proc/meminfo */
	uint64_t tcp_bytes;                    /* sockstat "TCP: mem": host-wide, in use now */
	uint64_t tcp_pressure_bytes; /* tcp_mem[1]; where the sysctl is absent (child network
					namespace) the kernel's default, 1/16 of RAM */
	bool tcp_pressure_known;     /* false: it is that default */
} HostMemory;

#define HOST_BOOT_ID_MAX 37

typedef struct HostIdentity {
	char boot_id[HOST_BOOT_ID_MAX]; /* /proc/sys/kernel/random/boot_id */
	uint64_t netns;                 /* SO_NETNS_COOKIE, else the inode of /proc/self/ns/net */
	bool initial_netns; /* the init network namespace: global sysctls are ours too */
	char kernel[65];    /* uname release */
} HostIdentity;

/* Negative errno; -EBADMSG if a file is not as the kernel writes it. */
int host_memory_read(HostMemory *ret_memory);
int host_identity_read(HostIdentity *ret_identity);

/* Pure: from the text of the files. `tcp_mem` is NULL where absent. -EBADMSG. */
int host_memory_parse(const char *meminfo, const char *sockstat, const char *tcp_mem,
		      uint64_t page_size, HostMemory *ret_memory);
