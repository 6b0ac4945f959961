/* SPDX-License-Identifier: MIT */
/*
 * One pass over all processes into a hash table of inodes with linear probing: the walk meets
 * sockets in no order, and the same one in every process of a server that forks. Eight bytes for a
 * socket; a process is described once, and only if it has one.
 *
 * Processes come and go under the walk. One that is gone is as if it had never been; a descriptor
 * that is closed between two steps likewise. What is told was true at some moment of the walk.
 */
#include "daemon/kern/process.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "common/base.h"
#include "common/parse.h"
#include "common/text.h"
#include "daemon/kern/proc.h"

#define PID_MAX      4194304 /* PID_MAX_LIMIT, include/linux/threads.h */
#define CGROUP_SIZE  8192    /* of /proc/PID/cgroup, with the twelve hierarchies of version 1 */
#define SLOTS_MIN    256
#define LINK_PREFIX  "socket:["
#define GROUP_PREFIX "0::"

typedef struct Slot {
	uint32_t inode; /* 0: free */
	uint32_t process;
} Slot;

struct ProcessTable {
	Slot *slots;
	size_t n_slots, n_sockets; /* n_slots: a power of two, less than three quarters taken */
	Process *processes;
	size_t n_processes, allocated;
};

typedef struct Walk {
	const char *proc;
	ProcessTable *table;
	ProcessStats stats;
	size_t files;
} Walk;

static void close_directory(DIR **directory)
{
	if (*directory)
		(void)closedir(*directory);
}
#define _cleanup_closedir_ _cleanup_(close_directory)

/* That of the inode, or the free one where it belongs. */
static Slot *slot_of(const ProcessTable *table, uint32_t inode)
{
	/* Inodes rise one by one: they need no mixing to be spread evenly. */
	size_t at = inode & (table->n_slots - 1);
	while (table->slots[at].inode != 0 && table->slots[at].inode != inode)
		at = (at + 1) & (table->n_slots - 1);
	return &table->slots[at];
}

static int slots_grow(ProcessTable *table)
{
	const ProcessTable old = *table;
	const size_t wanted = MAX(old.n_slots * 2, (size_t)SLOTS_MIN);
	Slot *slots = calloc(wanted, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	table->slots = slots;
	table->n_slots = wanted;
	for (size_t i = 0; i < old.n_slots; i++)
		if (old.slots[i].inode != 0)
			*slot_of(table, old.slots[i].inode) = old.slots[i];
	free(old.slots);
	return 0;
}

static void make_printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

static void read_comm(const char *proc, Process *process)
{
	char path[PATH_MAX], comm[64];
	size_t length;
	if (!text_format(path, sizeof(path), "%s/%d/comm", proc, (int)process->pid) ||
	    proc_read(path, comm, sizeof(comm), &length) < 0)
		return;
	if (length > 0 && comm[length - 1] == '\n')
		comm[length - 1] = '\0';
	(void)text_copy(process->comm, sizeof(process->comm), comm);
	make_printable(process->comm);
}

static void read_cgroup(const char *proc, Process *process)
{
	char path[PATH_MAX], groups[CGROUP_SIZE], *rest = groups;
	size_t length;
	if (!text_format(path, sizeof(path), "%s/%d/cgroup", proc, (int)process->pid) ||
	    proc_read(path, groups, sizeof(groups), &length) < 0)
		return;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		if (!text_starts_with(line, GROUP_PREFIX))
			continue;
		const char *group = line + strlen(GROUP_PREFIX);
		length = strlen(group);
		if (length >= sizeof(process->cgroup))
			group += length - (sizeof(process->cgroup) - 1);
		(void)text_copy(process->cgroup, sizeof(process->cgroup), group);
		make_printable(process->cgroup);
		return;
	}
}

/* Its index. Of the last one that was described the pid is all that is needed. */
static int describe(Walk *walk, pid_t pid, size_t *ret_index)
{
	ProcessTable *table = walk->table;
	if (table->n_processes > 0 && table->processes[table->n_processes - 1].pid == pid) {
		*ret_index = table->n_processes - 1;
		return 0;
	}
	if (table->n_processes == table->allocated) {
		size_t wanted = MAX(table->allocated * 2, (size_t)16);
		Process *grown = reallocarray(table->processes, wanted, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		table->processes = grown;
		table->allocated = wanted;
	}
	Process *process = &table->processes[table->n_processes];
	*process = (Process){.pid = pid};
	read_comm(walk->proc, process);
	read_cgroup(walk->proc, process);
	*ret_index = table->n_processes++;
	return 0;
}

/* Only what somebody is to be told is described: of a hundred workers with one listener, one. */
static int add_socket(Walk *walk, uint32_t inode, pid_t pid)
{
	ProcessTable *table = walk->table;
	size_t index;
	int r = (table->n_sockets + 1) * 4 > table->n_slots * 3 ? slots_grow(table) : 0;
	if (r < 0)
		return r;
	Slot *slot = slot_of(table, inode);
	const bool known = slot->inode == inode;
	if (known && table->processes[slot->process].pid <= pid)
		return 0;
	if (!known && table->n_sockets == PROCESS_SOCKETS_MAX) {
		walk->stats.dropped++;
		return 0;
	}
	r = describe(walk, pid, &index);
	if (r < 0)
		return r;
	*slot = (Slot){.inode = inode, .process = (uint32_t)index};
	table->n_sockets += !known;
	return 0;
}

/* "socket:[12345]" */
static bool parse_link(char *link, size_t length, uint32_t *ret_inode)
{
	uint64_t inode;
	if (length == 0 || link[length - 1] != ']' || !text_starts_with(link, LINK_PREFIX))
		return false;
	link[length - 1] = '\0';
	if (parse_uint64(link + strlen(LINK_PREFIX), 1, UINT32_MAX, &inode) < 0)
		return false;
	*ret_inode = (uint32_t)inode;
	return true;
}

static int walk_file(Walk *walk, int directory, const char *name, pid_t pid)
{
	char link[64];
	uint32_t inode;
	ssize_t n = readlinkat(directory, name, link, sizeof(link) - 1);
	if (n < 0)
		return 0; /* "." and "..", and what has been closed */
	link[n] = '\0';
	walk->files++;
	return parse_link(link, (size_t)n, &inode) ? add_socket(walk, inode, pid) : 0;
}

static int walk_process(Walk *walk, pid_t pid)
{
	char path[PATH_MAX];
	int r = 0;
	if (!text_format(path, sizeof(path), "%s/%d/fd", walk->proc, (int)pid))
		return -ENAMETOOLONG;
	_cleanup_closedir_ DIR *files = opendir(path);
	if (!files) {
		walk->stats.denied += errno == EACCES || errno == EPERM;
		return errno == ENOMEM || errno == EMFILE || errno == ENFILE ? -errno : 0;
	}
	walk->stats.processes++;
	const struct dirent *entry;
	while (r == 0 && (entry = readdir(files)) != NULL) {
		if (walk->files == PROCESS_FILES_MAX)
			walk->stats.cut = true;
		if (walk->stats.cut)
			break;
		r = walk_file(walk, dirfd(files), entry->d_name, pid);
	}
	return r;
}

static int walk_all(Walk *walk)
{
	_cleanup_closedir_ DIR *directory = opendir(walk->proc);
	if (!directory)
		return -errno;
	while (!walk->stats.cut) {
		uint64_t pid;
		errno = 0;
		const struct dirent *entry = readdir(directory);
		if (!entry)
			return -errno;
		if (parse_uint64(entry->d_name, 1, PID_MAX, &pid) < 0)
			continue;
		int r = walk_process(walk, (pid_t)pid);
		if (r < 0)
			return r;
	}
	return 0;
}

int process_table_read(const char *proc, ProcessTable **ret_table, ProcessStats *ret_stats)
{
	ProcessTable *table = calloc(1, sizeof(*table));
	Walk walk = {.proc = proc ? proc : "/proc", .table = table};
	int r = table ? walk_all(&walk) : -ENOMEM;
	if (r < 0) {
		process_table_free(table);
		return r;
	}
	walk.stats.sockets = table->n_sockets;
	*ret_table = table;
	*ret_stats = walk.stats;
	return 0;
}

void process_table_free(ProcessTable *table)
{
	if (!table)
		return;
	free(table->slots);
	free(table->processes);
	free(table);
}

const Process *process_table_find(const ProcessTable *table, uint32_t inode)
{
	if (inode == 0 || table->n_slots == 0)
		return NULL;
	const Slot *slot = slot_of(table, inode);
	return slot->inode == inode ? &table->processes[slot->process] : NULL;
}
