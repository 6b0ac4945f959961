/* SPDX-License-Identifier: MIT */
/*
 * The seams are wrappers of this program around the functions of libc: common/durable calls fsync()
 * and finds ours.
 */
#include "tests/crash/killer.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned seams, kill_at;

static void seam(void)
{
	if (kill_at != KILLER_NEVER && ++seams == kill_at)
		(void)kill(getpid(), SIGKILL);
}

int fsync(int fd)
{
	seam();
	int r = (int)syscall(SYS_fsync, fd);
	seam();
	return r;
}

int renameat(int from_directory, const char *from, int to_directory, const char *to)
{
	seam();
	int r = (int)syscall(SYS_renameat2, from_directory, from, to_directory, to, 0);
	seam();
	return r;
}

int unlinkat(int directory, const char *name, int flags)
{
	seam();
	int r = (int)syscall(SYS_unlinkat, directory, name, flags);
	seam();
	return r;
}

static int read_kernel(void *context, const char *key, char *buffer, size_t size)
{
	(void)context;
	return sysctl_kernel.read(sysctl_kernel.context, key, buffer, size);
}

static int write_kernel(void *context, const char *key, const char *value)
{
	(void)context;
	seam();
	int r = sysctl_kernel.write(sysctl_kernel.context, key, value);
	seam();
	return r;
}

static bool writable_kernel(void *context, const char *key)
{
	(void)context;
	return sysctl_kernel.writable(sysctl_kernel.context, key);
}

const SysctlOps killer_sysctl = {read_kernel, write_kernel, writable_kernel, NULL};

static int status_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static KillerResult run_seams(pid_t pid)
{
	KillerResult result = {0};
	int status;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	result.killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	result.status = status_of(status);
	return result;
}

/* The tracee has stopped itself before the first instruction that counts. */
static KillerResult run_syscalls(pid_t pid, unsigned point)
{
	KillerResult result = {.status = -1};
	int status, signal_number = 0;

	if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status))
		return result;
	(void)ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	for (;;) {
		if (ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)signal_number) < 0 ||
		    waitpid(pid, &status, 0) < 0)
			return result;
		if (!WIFSTOPPED(status))
			break;
		signal_number = WSTOPSIG(status);
		if (signal_number != (SIGTRAP | 0x80))
			continue; /* a signal of its own: hand it over */
		signal_number = 0;
		if (++result.points != point)
			continue;
		(void)kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
			;
		result.killed = WIFSIGNALED(status);
		return result;
	}
	result.status = status_of(status);
	return result;
}

KillerResult killer_run(KillerMode mode, unsigned point, int (*run)(void *context), void *context)
{
	pid_t pid = fork();

	if (pid < 0)
		return (KillerResult){.status = -1};
	if (pid == 0) {
		seams = 0;
		kill_at = mode == KILLER_SEAMS ? point : KILLER_NEVER;
		if (mode == KILLER_SYSCALLS) {
			(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
			(void)raise(SIGSTOP);
		}
		_exit(run(context));
	}
	return mode == KILLER_SEAMS ? run_seams(pid) : run_syscalls(pid, point);
}

static int do_nothing(void *context)
{
	(void)context;
	return 0;
}

const char *killer_cannot_trace(void)
{
	KillerResult result;
	pid_t pid = fork();

	if (pid < 0)
		return strerror(errno);
	if (pid == 0)
		_exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 ? errno : 0);
	result = run_seams(pid);
	if (result.status != 0)
		return strerror(result.status);
	result = killer_run(KILLER_SYSCALLS, 1, do_nothing, NULL);
	return result.killed ? NULL : "system calls of a child cannot be stopped";
}
