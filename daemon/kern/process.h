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
#define PROCESS_CGROUP_MAX  256 /* that of a pod's container takes about 190 */
#define PROCESS_SOCKETS_MAX 65536
#define PROCESS_FILES_MAX   524288 /* descriptors looked at: about a third of a second */

/* Texts in printable ASCII ('?' for all else); "" where unknown. */
typedef struct Process {
	pid_t pid;
	char comm[PROCESS_COMM_MAX];
	/* Of the unified hierarchy, "/system.slice/nginx.service"; of one that is longer, the end.
	 */
	char cgroup[PROCESS_CGROUP_MAX];
} Process;

typedef struct ProcessTable ProcessTable;

typedef struct ProcessStats {
	size_t processes; /* whose descriptors were looked at */
	size_t sockets;   /* different ones */
	size_t denied;  /* processes whose descriptors we may not see: CAP_SYS_PTRACE is missing */
	size_t dropped; /* sockets beyond PROCESS_SOCKETS_MAX; one twice if two share it */
	bool cut;       /* PROCESS_FILES_MAX was reached, the rest not looked at */
} ProcessStats;

/* Blocks for about 0.7 us a descriptor. `proc` NULL: "/proc". -ENOENT and the like: it cannot be
 * read; -ENOMEM. The caller frees the table with process_table_free(). */
int process_table_read(const char *proc, ProcessTable **ret_table, ProcessStats *ret_stats);
void process_table_free(ProcessTable *table);
/* NULL: unknown. A socket shared by several processes is that of the least pid. Inode 0 (a socket
 * that no process has any more) is never known. */
const Process *process_table_find(const ProcessTable *table, uint32_t inode);
