/* SPDX-License-Identifier: MIT */
/*
 * A namespace is known by the inode that stat(2) gives of any file that stands for it: a link
 * /proc/PID/ns/net, or the file that ip-netns(8) has it mounted on. A file under /run/netns on
 * which nothing is mounted (its namespace was lost with the boot, or is just being made) is on
 * another device than ours, and is none.
 *
 * The walk keeps of each namespace only what is needed to choose; names and paths are made of the
 * chosen. A process may end, and its number be given to another, between any two steps: what then
 * comes out is a path that leads elsewhere, which netns_enter() notices.
 */
#include "daemon/kern/netns.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base.h"
#include "common/parse.h"
#include "common/text.h"
#include "daemon/kern/proc.h"

#define PID_MAX       4194304 /* PID_MAX_LIMIT, include/linux/threads.h */
#define STAT_SIZE     1024    /* of /proc/PID/stat */
#define STARTED_FIELD 22      /* of it: starttime, proc_pid_stat(5) */

typedef struct Found {
	uint64_t inode, started; /* started: of `pid`, UINT64_MAX if unknown */
	pid_t pid;
	char name[NETNS_NAME_MAX]; /* "": no name */
	bool ours;
} Found;

typedef struct Walk {
	const char *root;
	struct stat ours;
	Found *found; /* sorted by inode; as many as there are names and processes at most */
	size_t n, allocated;
} Walk;

static void close_directory(DIR **directory)
{
	if (*directory)
		(void)closedir(*directory);
}
#define _cleanup_closedir_ _cleanup_(close_directory)

/* Where the inode is, or would be put. */
static size_t place_of(const Walk *walk, uint64_t inode)
{
	size_t low = 0, high = walk->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (walk->found[middle].inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The one of this inode, new if it was not there. NULL: no memory. */
static Found *find_or_add(Walk *walk, uint64_t inode)
{
	const size_t at = place_of(walk, inode);
	if (at < walk->n && walk->found[at].inode == inode)
		return &walk->found[at];
	if (walk->n == walk->allocated) {
		size_t wanted = MAX(walk->allocated * 2, (size_t)16);
		Found *grown = reallocarray(walk->found, wanted, sizeof(*grown));
		if (!grown)
			return NULL;
		walk->found = grown;
		walk->allocated = wanted;
	}
	memmove(&walk->found[at + 1], &walk->found[at], (walk->n - at) * sizeof(*walk->found));
	walk->found[at] = (Found){.inode = inode, .started = UINT64_MAX};
	walk->n++;
	return &walk->found[at];
}

/* What the path stands for. False: no namespace, or not to be seen. */
static bool inode_at(const Walk *walk, const char *path, uint64_t *ret_inode)
{
	struct stat status;
	if (stat(path, &status) < 0 || status.st_dev != walk->ours.st_dev)
		return false;
	*ret_inode = status.st_ino;
	return true;
}

static bool is_printable(const char *name)
{
	for (; *name; name++)
		if (*name <= ' ' || *name > '~')
			return false;
	return true;
}

static int walk_name(Walk *walk, const char *name)
{
	char path[NETNS_PATH_MAX];
	uint64_t inode;
	if (name[0] == '.' || strlen(name) >= NETNS_NAME_MAX || !is_printable(name))
		return 0;
	if (!text_format(path, sizeof(path), "%s/run/netns/%s", walk->root, name))
		return -ENAMETOOLONG;
	if (!inode_at(walk, path, &inode))
		return 0;
	Found *found = find_or_add(walk, inode);
	if (!found)
		return -ENOMEM;
	if (found->name[0] == '\0' || strcmp(name, found->name) < 0)
		(void)text_copy(found->name, sizeof(found->name), name);
	return 0;
}

/* In ticks since boot. The comm, second field, may hold anything, parentheses too. */
static uint64_t started_at(const Walk *walk, pid_t pid)
{
	char path[NETNS_PATH_MAX], stat[STAT_SIZE], *rest = NULL;
	size_t length;
	uint64_t started = UINT64_MAX;
	(void)text_format(path, sizeof(path), "%s/proc/%d/stat", walk->root, (int)pid);
	if (proc_read(path, stat, sizeof(stat), &length) < 0)
		return UINT64_MAX;
	char *field = strrchr(stat, ')');
	field = field ? strtok_r(field, " ", &rest) : NULL;
	for (unsigned i = 3; field && i <= STARTED_FIELD; i++)
		field = strtok_r(NULL, " ", &rest);
	if (!field || parse_uint64(field, 0, UINT64_MAX - 1, &started) < 0)
		return UINT64_MAX;
	return started;
}

static int walk_process(Walk *walk, pid_t pid)
{
	char path[NETNS_PATH_MAX];
	uint64_t inode;
	if (!text_format(path, sizeof(path), "%s/proc/%d/ns/net", walk->root, (int)pid))
		return -ENAMETOOLONG;
	if (!inode_at(walk, path, &inode))
		return 0;
	Found *found = find_or_add(walk, inode);
	if (!found)
		return -ENOMEM;
	/* Most processes are in ours, whose name is not theirs; and /proc/PID/stat is dear. */
	const uint64_t started = found->ours ? 0 : started_at(walk, pid);
	if (found->pid == 0 || started < found->started ||
	    (started == found->started && pid < found->pid)) {
		found->pid = pid;
		found->started = started;
	}
	return 0;
}

static int walk_entry(Walk *walk, const char *name)
{
	uint64_t pid;
	return parse_uint64(name, 1, PID_MAX, &pid) == 0 ? walk_process(walk, (pid_t)pid) : 0;
}

static int walk_directory(Walk *walk, const char *below, int (*each)(Walk *walk, const char *name))
{
	char path[NETNS_PATH_MAX];
	if (!text_format(path, sizeof(path), "%s/%s", walk->root, below))
		return -ENAMETOOLONG;
	_cleanup_closedir_ DIR *directory = opendir(path);
	if (!directory)
		return -errno;
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(directory);
		if (!entry)
			return -errno;
		int r = each(walk, entry->d_name);
		if (r < 0)
			return r;
	}
}

static int walk_ours(Walk *walk)
{
	char path[NETNS_PATH_MAX];
	if (!text_format(path, sizeof(path), "%s/proc/self/ns/net", walk->root))
		return -ENAMETOOLONG;
	if (stat(path, &walk->ours) < 0)
		return -errno;
	Found *found = find_or_add(walk, walk->ours.st_ino);
	if (!found)
		return -ENOMEM;
	found->ours = true;
	return 0;
}

static void name_process(const char *root, pid_t pid, char name[NETNS_NAME_MAX])
{
	char path[NETNS_PATH_MAX];
	size_t length;
	(void)text_format(path, sizeof(path), "%s/proc/%d/comm", root, (int)pid);
	int r = proc_read(path, name, NETNS_NAME_MAX, &length);
	if (r == 0 && length > 0 && name[length - 1] == '\n')
		name[length - 1] = '\0';
	if (r < 0 || name[0] == '\0') {
		(void)text_format(name, NETNS_NAME_MAX, "pid:%d", (int)pid);
		return;
	}
	for (; *name; name++)
		if (*name <= ' ' || *name > '~')
			*name = '?';
}

static Netns netns_of(const char *root, const Found *found)
{
	Netns netns = {.inode = found->inode,
		       .named = found->name[0] != '\0',
		       .pid = found->pid,
		       .ours = found->ours};
	/* Paths that went into the same room when they were looked at. */
	if (netns.named)
		(void)text_format(netns.path, sizeof(netns.path), "%s/run/netns/%s", root,
				  found->name);
	else if (netns.ours)
		(void)text_format(netns.path, sizeof(netns.path), "%s/proc/self/ns/net", root);
	else
		(void)text_format(netns.path, sizeof(netns.path), "%s/proc/%d/ns/net", root,
				  (int)netns.pid);
	if (netns.named)
		(void)text_copy(netns.name, sizeof(netns.name), found->name);
	else if (netns.ours)
		(void)text_copy(netns.name, sizeof(netns.name), "self");
	else
		name_process(root, netns.pid, netns.name);
	return netns;
}

static size_t first_choice(const Walk *walk)
{
	size_t n = 0;
	for (size_t i = 0; i < walk->n; i++)
		n += walk->found[i].ours || walk->found[i].name[0] != '\0';
	return n;
}

/* What there is no room for is left out: first of those without a name. */
static int choose(const Walk *walk, Netns **ret_list, size_t *ret_n)
{
	const size_t preferred = first_choice(walk);
	size_t others = preferred < NETNS_MAX ? NETNS_MAX - preferred : 0;
	size_t names = NETNS_MAX - 1, n = 0; /* one is ours */
	Netns *list = calloc(MIN(walk->n, (size_t)NETNS_MAX), sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < walk->n; i++) {
		const Found *found = &walk->found[i];
		size_t *room = found->name[0] != '\0' ? &names : &others;
		if (!found->ours && *room == 0)
			continue;
		if (!found->ours)
			--*room;
		list[n++] = netns_of(walk->root, found);
	}
	*ret_list = list;
	*ret_n = n;
	return 0;
}

static int walk_all(Walk *walk)
{
	int r = walk_ours(walk);
	if (r == 0)
		r = walk_directory(walk, "run/netns", walk_name);
	if (r == 0 || r == -ENOENT || r == -EACCES || r == -ENOTDIR)
		r = walk_directory(walk, "proc", walk_entry);
	return r;
}

int netns_list(const char *root, Netns **ret_list, size_t *ret_n, size_t *ret_dropped)
{
	Walk walk = {.root = root ? root : ""};
	size_t n = 0;
	int r = walk_all(&walk);
	if (r == 0)
		r = choose(&walk, ret_list, &n);
	free(walk.found);
	if (r < 0)
		return r;
	*ret_n = n;
	*ret_dropped = walk.n - n;
	return 0;
}

static int open_netns(const char *path, uint64_t *ret_inode)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) < 0) {
		int r = -errno;
		(void)close(fd);
		return r;
	}
	*ret_inode = status.st_ino;
	return fd;
}

int netns_enter(const Netns *netns, NetnsVisit *ret_visit)
{
	uint64_t inode, here;
	_cleanup_close_ int back = open_netns("/proc/thread-self/ns/net", &here);
	if (back < 0)
		return back;
	if (here == netns->inode) {
		*ret_visit = (NetnsVisit){.back_fd = -1};
		return 0;
	}
	_cleanup_close_ int fd = open_netns(netns->path, &inode);
	if (fd < 0)
		return fd == -EACCES ? -EPERM : fd;
	if (inode != netns->inode)
		return -ESTALE;
	if (setns(fd, CLONE_NEWNET) < 0)
		return errno == EINVAL ? -ENOENT : -errno; /* EINVAL: nothing is mounted there */
	*ret_visit = (NetnsVisit){.back_fd = base_steal_fd(&back)};
	return 0;
}

void netns_leave(NetnsVisit *visit)
{
	if (visit->back_fd < 0)
		return;
	if (setns(visit->back_fd, CLONE_NEWNET) < 0)
		abort();
	(void)close(visit->back_fd);
	visit->back_fd = -1;
}
