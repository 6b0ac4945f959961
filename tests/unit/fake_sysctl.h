/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * /proc/sys/net in memory, with the kernel's quirks, so that tests of everything that reads or
 * writes sysctls need neither privilege nor a particular host. What it does with each kind of
 * nonsense was measured on Linux 6.18 (test_sysctl.c has the table): a triple is applied number by
 * number, and those before the bad one stay changed; what follows the last number is a short
 * write; hexadecimal and octal are taken; congestion control names follow the allowed list.
 *
 * It starts as a child network namespace with the defaults of a fresh kernel: available
 * congestion controls "reno bbr cubic", allowed "reno cubic", current "cubic".
 */
#include <stdbool.h>
#include <stddef.h>
#include "daemon/kern/sysctl.h"

typedef struct FakeSysctl FakeSysctl;

FakeSysctl *fake_sysctl_new(void);
void fake_sysctl_free(FakeSysctl *fake);
/* Valid as long as the fake. */
SysctlOps fake_sysctl_ops(FakeSysctl *fake);

/* As the administrator: stored as given and created if absent; no quirk, no log, no hook, no
 * failure. The congestion controls available are a key like the others. */
void fake_sysctl_set(FakeSysctl *fake, const char *key, const char *value);
void fake_sysctl_remove(FakeSysctl *fake, const char *key); /* as on a kernel that lacks it */
/* NULL if absent. Valid until the key changes. */
const char *fake_sysctl_get(const FakeSysctl *fake, const char *key);
/* Not writable: write gives -EACCES, as tcp_allowed_congestion_control in a child namespace. */
void fake_sysctl_set_writable(FakeSysctl *fake, const char *key, bool writable);
/*
 * In a child what is the kernel's alone is absent (tcp_mem, netdev_*, gc_thresh*) or read-only
 * (core/[rw]mem_*). In the init namespace a write of tcp_congestion_control adds the name to
 * tcp_allowed_congestion_control, which is writable; in a child (the default here) a name that is
 * not allowed is -EPERM, and the list is read-only.
 */
void fake_sysctl_set_initial_netns(FakeSysctl *fake, bool initial);

typedef enum FakeSysctlFault {
	FAKE_SYSCTL_UNTOUCHED, /* the value stays as it was */
	FAKE_SYSCTL_APPLIED,   /* it fails, and yet the value is there */
	FAKE_SYSCTL_HALF,      /* of a triple the first number alone changes; others: untouched */
	FAKE_SYSCTL_IGNORED,   /* it succeeds, and the value stays as it was; `error` is not used */
} FakeSysctlFault;

/* The n-th write from now (1: the next) fails with -error; once. One such order at a time. */
void fake_sysctl_fail_write(FakeSysctl *fake, unsigned n, int error, FakeSysctlFault fault);
/* Every write of this key fails so, until error is 0. */
void fake_sysctl_fail_key(FakeSysctl *fake, const char *key, int error, FakeSysctlFault fault);
/* The n-th read from now fails with -error; once. */
void fake_sysctl_fail_read(FakeSysctl *fake, unsigned n, int error);

typedef enum FakeSysctlPhase {
	FAKE_SYSCTL_BEFORE, /* nothing is written yet */
	FAKE_SYSCTL_AFTER,  /* applied or failed; the writer does not know yet */
} FakeSysctlPhase;

/*
 * Called around each write through the ops. It may use any function here (an administrator who is
 * at work at the same time), and may longjmp() or _exit() away: the fake is whole at both points,
 * so that is a writer who died there.
 */
typedef void (*FakeSysctlHook)(FakeSysctl *fake, FakeSysctlPhase phase, const char *key,
			       const char *value, void *context);
void fake_sysctl_set_hook(FakeSysctl *fake, FakeSysctlHook hook, void *context);

/* Every write that was tried through the ops, in order, with what it returned. */
typedef struct FakeSysctlWrite {
	char key[96], value[SYSCTL_VALUE_MAX];
	int result;
} FakeSysctlWrite;

size_t fake_sysctl_writes(const FakeSysctl *fake);
const FakeSysctlWrite *fake_sysctl_write_at(const FakeSysctl *fake, size_t index);
void fake_sysctl_clear_log(FakeSysctl *fake);
