/* SPDX-License-Identifier: MIT */
/*
 * The credentials are of the process that called connect(2), taken at that moment: a descriptor
 * passed on to somebody else carries the rights of who connected, as with every Unix service.
 *
 * An id that does not exist in our user namespace arrives as the overflow id, which may also be a
 * real nobody or nogroup; hence that id never matches anything. Root inside another user namespace
 * arrives as the id it has outside, and has no rights here.
 */
#include "daemon/serve/peer.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/socket.h>

#define OVERFLOW_GID ((gid_t)65534) /* DEFAULT_OVERFLOWGID, include/linux/highuid.h */

/* NGROUPS_MAX is 65536; a peer in more groups than this is not asked for more memory. */
#define GROUPS_MAX 4096

#define GROUP_BUFFER_MAX (1024 * 1024)

void peer_clear(Peer *peer)
{
	free(peer->groups);
	*peer = (Peer){.pid = 0};
}

/* Doubles until the kernel is content; it says ERANGE and the length it needs. */
static int read_groups(int fd, Peer *peer)
{
	socklen_t size = 32 * sizeof(gid_t);

	for (;;) {
		_cleanup_free_ gid_t *groups = malloc(size);

		if (!groups)
			return -ENOMEM;
		if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0) {
			peer->groups = STEAL(groups);
			peer->n_groups = size / sizeof(gid_t);
			return 0;
		}
		if (errno != ERANGE)
			return -errno;
		if (size > GROUPS_MAX * sizeof(gid_t))
			return -E2BIG;
	}
}

int peer_read(int fd, Peer *ret_peer)
{
	struct ucred credentials;
	socklen_t size = sizeof(credentials);
	Peer peer;
	int r;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
		return -errno;
	peer = (Peer){
		.uid = credentials.uid,
		.gid = credentials.gid,
		.pid = credentials.pid,
	};
	r = read_groups(fd, &peer);
	/* Without the list the primary group still counts: less permission, never more. */
	if (r < 0 && r != -ENOPROTOOPT && r != -E2BIG && r != -ENODATA)
		return r;
	*ret_peer = peer;
	return 0;
}

bool peer_may_change(const Peer *peer, bool has_group, gid_t group)
{
	if (peer->uid == 0)
		return true;
	if (!has_group || group == OVERFLOW_GID)
		return false;
	if (peer->gid == group)
		return true;
	for (size_t i = 0; i < peer->n_groups; i++)
		if (peer->groups[i] == group)
			return true;
	return false;
}

int peer_find_group(const char *name, gid_t *ret_group)
{
	for (size_t size = 4096; size <= GROUP_BUFFER_MAX; size *= 2) {
		_cleanup_free_ char *buffer = malloc(size);
		struct group group, *found = NULL;
		int r;

		if (!buffer)
			return -ENOMEM;
		r = getgrnam_r(name, &group, buffer, size, &found);
		if (r == ERANGE)
			continue;
		if (found) {
			*ret_group = group.gr_gid;
			return 0;
		}
		/* The ways of saying "none", getgrnam(3). */
		return r == 0 || r == EPERM || r == ESRCH || r == EBADF ? -ENOENT : -r;
	}
	return -ERANGE;
}
