/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Who is at the other end of a Unix socket, as the kernel recorded it when they connected, and
 * whether they may change things.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/base.h"

typedef struct Peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;     /* 0: in a pid namespace we cannot see */
	gid_t *groups; /* supplementary; owned */
	size_t n_groups;
} Peer;

void peer_clear(Peer *peer);
#define _cleanup_peer_ _cleanup_(peer_clear)

/* SO_PEERCRED and SO_PEERGROUPS of a connected socket (unix(7)). Negative errno. */
int peer_read(int fd, Peer *ret_peer);
/* Root, or a member of the group. */
bool peer_may_change(const Peer *peer, bool has_group, gid_t group);
/* The id of a group by name. -ENOENT: there is none. It may ask a directory service: at start only.
 */
int peer_find_group(const char *name, gid_t *ret_group);
