/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The network namespaces of this host: those with a name under /run/netns, and those of processes
 * (containers), found through /proc. The key of a namespace is its inode: names and pids change.
 *
 * Sockets keep the namespace they were opened in, and /proc/net and /proc/sys/net show that of the
 * thread that looks; so a reader goes in, opens or reads, and comes back. That needs CAP_SYS_ADMIN.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define NETNS_NAME_MAX 64
#define NETNS_MAX      256 /* found at once; more are counted, not listed */

typedef struct Netns {
	uint64_t inode;
	char name[NETNS_NAME_MAX]; /* under /run/netns; else "pid:N" or the comm of its oldest
				      process */
	char path[64];             /* to open: "/run/netns/blue", "/proc/4711/ns/net" */
	pid_t pid;                 /* one process in it; 0: none known */
	bool ours;                 /* the one this process lives in */
} Netns;

/* Sorted by inode. `root` NULL: "/" (tests give a tree of their own). ret_dropped: beyond
 * NETNS_MAX. Processes that may not be looked at are skipped. Free *ret_list with free(). */
int netns_list(const char *root, Netns **ret_list, size_t *ret_n, size_t *ret_dropped);

typedef struct NetnsVisit {
	int back_fd;
} NetnsVisit;
/* -EPERM: CAP_SYS_ADMIN is missing; -ENOENT: it is gone; -ESTALE: the path leads to another one. */
int netns_enter(const Netns *netns, NetnsVisit *ret_visit);
/* Cannot fail without leaving the process in the wrong place: then it aborts. */
void netns_leave(NetnsVisit *visit);
