/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One daemon per state directory: a flock(2) on its file `lock`, which holds the pid of the owner.
 * The kernel drops the lock when the process dies, however it dies.
 */
#include <sys/types.h>

enum { INSTANCE_HELD = 1 };
/* 0: ours until *ret_fd is closed. INSTANCE_HELD: *ret_holder has it (0 if it cannot be read). */
int instance_acquire(int directory_fd, int *ret_fd, pid_t *ret_holder);
