/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Reading and writing /proc/sys, behind a seam. The kernel accepts nonsense and half-applies some
 * errors (a triple whose last number overflows has its first two changed), so a failed write is
 * not a no-op: sysctl_write_verified() always reads back. Keys are dotted ("net.ipv4.tcp_rmem");
 * only keys below "net." made of [a-z0-9_.-] are accepted, so no path trick leaves the tree.
 */
#include <stdbool.h>
#include <stddef.h>

#define SYSCTL_VALUE_MAX 512

typedef struct SysctlOps {
	/* The raw bytes (with the newline stripped), NUL-terminated. -ENOENT, -EACCES, -EMSGSIZE.
	 */
	int (*read)(void *context, const char *key, char *buffer, size_t size);
	/* One write(2) of value and a newline. Returns 0 only if every byte was taken;
	 * -EIO for a short write, else negative errno. */
	int (*write)(void *context, const char *key, const char *value);
	/* Whether a write would be permitted (access(2)); needs no write. */
	bool (*writable)(void *context, const char *key);
	void *context;
} SysctlOps;

/* /proc/sys of the calling thread's network namespace. */
extern const SysctlOps sysctl_kernel;

int sysctl_read(const SysctlOps *ops, const char *key, char *buffer, size_t size);
bool sysctl_writable(const SysctlOps *ops, const char *key);

enum { SYSCTL_DIFFERS = 1 };
/*
 * One write, then read back and compare (white space runs are equal). `readback` (size
 * SYSCTL_VALUE_MAX) always holds what the kernel has afterwards, or "" if it cannot be read.
 * 0: the kernel holds `value`. SYSCTL_DIFFERS: it took the write, but holds something else.
 * Negative errno: the write failed (the value may nevertheless have changed: see readback).
 */
int sysctl_write_verified(const SysctlOps *ops, const char *key, const char *value, char *readback);

/* Equal after folding runs of blanks and tabs and stripping the ends. */
bool sysctl_values_equal(const char *a, const char *b);
