/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Runs a function in a child process and kills it with SIGKILL at a chosen point. The points are
 * either the calls that matter for durability (before and after each fsync, rename, unlink and
 * sysctl write), or every entry into and every exit from every system call, by ptrace(2).
 *
 * A kill at the entry means that the system call does not happen, one at the exit that it did.
 */
#include <stdbool.h>
#include "daemon/kern/sysctl.h"

typedef enum KillerMode {
	KILLER_SEAMS,
	KILLER_SYSCALLS,
} KillerMode;

#define KILLER_NEVER 0

/* What became of the child. */
typedef struct KillerResult {
	bool killed;     /* it reached the point */
	int status;      /* what `run` returned, if not killed; -1 if it died otherwise */
	unsigned points; /* passed */
} KillerResult;

/* Point 1 is the first. The child's descriptors, namespace and memory are copies of the caller's.
 */
KillerResult killer_run(KillerMode mode, unsigned point, int (*run)(void *context), void *context);
/* NULL if this process may trace its children, else the reason. */
const char *killer_cannot_trace(void);

/* The kernel's sysctls, with a point before and after each write. */
extern const SysctlOps killer_sysctl;
