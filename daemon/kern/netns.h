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

#define NETNS_NAME_MAX 64  /* a longer name under /run/netns is as none */
#define NETNS_PATH_MAX 128 /* "/run/netns/", the longest name, and the root of a test */
#define NETNS_MAX      256 /* found at once; more are counted, not listed */

typedef struct Netns {
	uint64_t inode;
	/* The first under /run/netns in the order of bytes; else "self" if it is ours, the comm of
	 * its oldest process, in printable ASCII ('?' for all else), or "pid:N" where that cannot
	 * be read. Never empty; not unique, and a comm is chosen by whoever runs in there. */
	char name[NETNS_NAME_MAX];
	bool named;                /* under /run/netns */
	char path[NETNS_PATH_MAX]; /* to open: "/run/netns/blue", "/proc/4711/ns/net" */
	pid_t pid;                 /* its oldest process (of ours: the least pid); 0: none known */
	bool ours;                 /* the one this process lives in */
} Netns;

/* Sorted by inode. `root` NULL: "/" (tests give a tree of their own). ret_dropped: beyond
 * NETNS_MAX; ours and those with a name are the last to be. Processes that may not be looked at are
 * skipped (without CAP_SYS_PTRACE that is all but our own user's). Free *ret_list with free().
 * -ENOENT and the like: no /proc; -ENAMETOOLONG: the root is; -ENOMEM. */
int netns_list(const char *root, Netns **ret_list, size_t *ret_n, size_t *ret_dropped);

typedef struct NetnsVisit {
	int back_fd;
} NetnsVisit;
/* The calling thread is in there until it leaves. Where it is already there is nothing to do, and
 * nothing needed. -EPERM: CAP_SYS_ADMIN is missing (-EPERM also if the process may not be looked
 * at); -ENOENT: it is gone; -ESTALE: the path leads to another one. */
int netns_enter(const Netns *netns, NetnsVisit *ret_visit);
/* Cannot fail without leaving the process in the wrong place: then it aborts. */
void netns_leave(NetnsVisit *visit);
