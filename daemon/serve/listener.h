/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The listening Unix socket at a path: made so that nobody ever finds it half-made, and removed
 * only if it is still the one we made.
 */
#include <stdbool.h>
#include <sys/stat.h>

#include "common/base.h"

typedef struct Listener {
	int fd;
	char *path; /* NULL: the fd was given to us, and nothing is removed */
	dev_t device;
	ino_t inode;
} Listener;

/* Takes fd if it is not -1 (socket activation; must be a listening AF_UNIX stream socket: else
 * -EINVAL). Otherwise makes a socket at `path`, 0666. -EEXIST: something there is not a socket;
 * -ENAMETOOLONG; other negative errno. An older socket at `path` is replaced: whether its daemon
 * still runs is for the instance lock to say. */
int listener_open(const char *path, int fd, Listener *ret_listener);
/* Closes, and removes the path if it is ours. */
void listener_close(Listener *listener);
