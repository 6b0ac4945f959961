/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Which process owns a socket: /proc/PID/fd holds "socket:[INODE]". A walk over all processes, so
 * made only when somebody asks; bounded, and what may not be looked at is counted.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCESS_COMM_MAX    16
#define PROCESS_CGROUP_MAX  128
#define PROCESS_SOCKETS_MAX 65536

typedef struct Process {
	pid_t pid;
	char comm[PROCESS_COMM_MAX];
	char cgroup[PROCESS_CGROUP_MAX]; /* of the unified hierarchy, "/system.slice/nginx.service"
					  */
} Process;

typedef struct ProcessTable ProcessTable;

typedef struct ProcessStats {
	size_t processes, sockets;
	size_t denied;  /* processes whose descriptors we may not see: CAP_SYS_PTRACE is missing */
	size_t dropped; /* sockets beyond PROCESS_SOCKETS_MAX */
} ProcessStats;

/* `proc` NULL: "/proc". */
int process_table_read(const char *proc, ProcessTable **ret_table, ProcessStats *ret_stats);
void process_table_free(ProcessTable *table);
/* NULL: unknown. A socket shared by several processes is that of the least pid. */
const Process *process_table_find(const ProcessTable *table, uint32_t inode);
