/* SPDX-License-Identifier: MIT */
/*
 * A /proc made by hand: descriptors are links that lead nowhere, which is all that the kernel's are
 * to us. Then the sockets of this very process in the real one.
 */
#include "daemon/kern/process.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/base.h"
#include "common/text.h"
#include "tests/unit/harness.h"

static char root[32];
static ProcessTable *table;
static ProcessStats stats;

static const char *below(int pid, const char *name)
{
	static char path[512];
	ck_assert(text_format(path, sizeof(path), "%s/%d/%s", root, pid, name));
	return path;
}

static void put(int pid, const char *name, const char *content)
{
	_cleanup_close_ int fd = open(below(pid, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
}

static void add_process(int pid, const char *comm, const char *cgroup)
{
	ck_assert_int_eq(mkdir(below(pid, ""), 0755), 0);
	ck_assert_int_eq(mkdir(below(pid, "fd"), 0755), 0);
	if (comm)
		put(pid, "comm", comm);
	if (cgroup)
		put(pid, "cgroup", cgroup);
}

static void add_file(int pid, const char *target)
{
	static unsigned number;
	char name[32];
	(void)snprintf(name, sizeof(name), "fd/%u", number++);
	ck_assert_int_eq(symlink(target, below(pid, name)), 0);
}

static void add_socket(int pid, unsigned inode)
{
	char target[32];
	(void)snprintf(target, sizeof(target), "socket:[%u]", inode);
	add_file(pid, target);
}

/* In memory where there is such a place: there will be 65,541 links in one test. */
static void setup(void)
{
	(void)text_copy(root, sizeof(root),
			access("/dev/shm", W_OK) == 0 ? "/dev/shm/process-XXXXXX"
						      : "/tmp/process-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status, (void)kind, (void)walk;
	return remove(path);
}

static void teardown(void)
{
	process_table_free(table);
	(void)nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void read_table(void)
{
	process_table_free(table);
	memset(&stats, 0xa5, sizeof(stats));
	ck_assert_int_eq(process_table_read(root, &table, &stats), 0);
}

static void check(unsigned inode, pid_t pid, const char *comm, const char *cgroup)
{
	const Process *process = process_table_find(table, inode);
	ck_assert_msg(process != NULL, "inode %u is not known", inode);
	ck_assert_int_eq(process->pid, pid);
	ck_assert_str_eq(process->comm, comm);
	ck_assert_str_eq(process->cgroup, cgroup);
}

START_TEST(owners)
{
	add_process(10, "nginx\n", "0::/system.slice/nginx.service\n");
	add_process(300, "a very long nam\n",
		    "12:cpu:/old\n1:name=systemd:/older\n0::/user.slice\n");
	add_process(301, "idle\n", "0::/\n"); /* no socket */
	add_socket(10, 1000);
	add_socket(10, 4294967295U);
	add_file(10, "/var/log/nginx.log");
	add_socket(300, 7);
	read_table();
	check(1000, 10, "nginx", "/system.slice/nginx.service");
	check(4294967295U, 10, "nginx", "/system.slice/nginx.service");
	check(7, 300, "a very long nam", "/user.slice");
	ck_assert_ptr_null(process_table_find(table, 0));
	ck_assert_ptr_null(process_table_find(table, 8));
	ck_assert_ptr_null(process_table_find(table, 1001));
	ck_assert_uint_eq(stats.processes, 3);
	ck_assert_uint_eq(stats.sockets, 3);
	ck_assert_uint_eq(stats.denied, 0);
	ck_assert_uint_eq(stats.dropped, 0);
	ck_assert(!stats.cut);
}
END_TEST

START_TEST(nobody)
{
	read_table();
	ck_assert_uint_eq(stats.processes + stats.sockets, 0);
	ck_assert_ptr_null(process_table_find(table, 0));
	ck_assert_ptr_null(process_table_find(table, 1));

	ProcessTable *untouched = (ProcessTable *)root;
	ck_assert_int_eq(process_table_read("/nonexistent", &untouched, &stats), -ENOENT);
	ck_assert_ptr_eq(untouched, root);
	process_table_free(NULL);
}
END_TEST

/* In whatever order a directory gives them. */
START_TEST(shared)
{
	static const int pids[] = {500, 20, 40, 19, 900, 21};
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		char comm[16];
		(void)snprintf(comm, sizeof(comm), "worker %d\n", pids[i]);
		add_process(pids[i], comm, NULL);
		add_socket(pids[i], 77);
		add_socket(pids[i], 1000U + (unsigned)pids[i]);
		add_socket(pids[i], 77); /* dup(2) */
	}
	read_table();
	check(77, 19, "worker 19", "");
	check(1019, 19, "worker 19", "");
	check(1900, 900, "worker 900", "");
	ck_assert_uint_eq(stats.sockets, 1 + ARRAY_SIZE(pids));
}
END_TEST

START_TEST(no_sockets)
{
	static const char *const targets[] = {
		"socket:[]",
		"socket:[0]",
		"socket:[12",
		"socket:[12]x",
		"socket:[-1]",
		"socket:[ 12]",
		"socket:[4294967296]",
		"socket:12",
		"pipe:[12]",
		"xsocket:[12]",
		"/tmp/socket:[12]",
		"anon_inode:[12]",
		"socket:[12a]",
		"socket:[0x12]",
		"]",
		"socket:[12345678901234567890123456789012345678901234567890123456789]",
	};
	add_process(10, "odd\n", NULL);
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		add_file(10, targets[i]);
	/* Nor are these processes. */
	ck_assert_int_eq(mkdir(below(11, ""), 0755), 0); /* ended under the walk: no fd */
	char path[64];
	(void)snprintf(path, sizeof(path), "%s/self", root);
	ck_assert_int_eq(symlink("10", path), 0);
	add_process(99999999, "beyond\n", NULL);
	add_socket(99999999, 12);
	read_table();
	ck_assert_uint_eq(stats.sockets, 0);
	ck_assert_uint_eq(stats.processes, 1);
	ck_assert_ptr_null(process_table_find(table, 12));
	ck_assert_ptr_null(process_table_find(table, 1));
}
END_TEST

START_TEST(texts_of_others)
{
	char groups[600];
	ck_assert(text_format(groups, sizeof(groups), "0::/begin%0300d/end\n", 7));
	add_process(10, "new\nline\x1b\xff\n", "1:cpu:/x\n");
	add_process(11, "far too long a comm for the kernel\n", groups);
	add_process(12, NULL, NULL);
	add_process(13, "\n", "0::/a\x01\"b c\n");
	add_process(14, "", "");
	for (int i = 10; i <= 14; i++)
		add_socket(i, (unsigned)i);
	read_table();
	check(10, 10, "new?line??", "");
	const Process *process = process_table_find(table, 11);
	ck_assert_ptr_nonnull(process);
	ck_assert_str_eq(process->comm, "far too long a ");
	ck_assert_uint_eq(strlen(process->cgroup), PROCESS_CGROUP_MAX - 1);
	ck_assert_str_eq(process->cgroup + PROCESS_CGROUP_MAX - 5, "/end");
	check(12, 12, "", "");
	check(13, 13, "", "/a?\"b c");
	check(14, 14, "", "");
}
END_TEST

/* Growing, and inodes that all want the same place. */
START_TEST(many)
{
	enum { SOCKETS = 3000 };
	add_process(10, "many\n", NULL);
	for (unsigned i = 0; i < SOCKETS; i++)
		add_socket(10, 1 + i * 65536);
	read_table();
	ck_assert_uint_eq(stats.sockets, SOCKETS);
	for (unsigned i = 0; i < SOCKETS; i++)
		if (!process_table_find(table, 1 + i * 65536) ||
		    process_table_find(table, 2 + i * 65536))
			ck_abort_msg("socket %u", i);
}
END_TEST

START_TEST(more_than_there_is_room_for)
{
	/* One of these is read when all the room is taken, and owns what it shares all the same. */
	add_process(5, "first\n", NULL);
	add_socket(5, 30000);
	add_process(10, "too many\n", NULL);
	for (unsigned i = 0; i < PROCESS_SOCKETS_MAX + 5; i++) {
		char name[32], target[32];
		(void)snprintf(name, sizeof(name), "fd/%u", i);
		(void)snprintf(target, sizeof(target), "socket:[%u]", 1000 + i);
		if (symlink(target, below(10, name)) < 0)
			ck_abort_msg("%s", strerror(errno));
	}
	add_process(4, "last\n", NULL);
	add_socket(4, 30001);
	read_table();
	check(30000, 5, "first", "");
	check(30001, 4, "last", "");
	ck_assert_uint_eq(stats.sockets, PROCESS_SOCKETS_MAX);
	ck_assert_uint_eq(stats.dropped, 5);
	ck_assert(!stats.cut);
	size_t known = 0;
	for (unsigned i = 0; i < PROCESS_SOCKETS_MAX + 5; i++)
		known += process_table_find(table, 1000 + i) != NULL;
	ck_assert_uint_eq(known, PROCESS_SOCKETS_MAX);
}
END_TEST

START_TEST(denied)
{
	add_process(10, "ours\n", NULL);
	add_process(11, "theirs\n", NULL);
	add_socket(10, 1);
	add_socket(11, 2);
	ck_assert_int_eq(chmod(root, 0755), 0);
	ck_assert_int_eq(chmod(below(11, "fd"), 0), 0);
	pid_t child = fork();
	if (child == 0) { /* root may look anywhere */
		if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
			_exit(77);
		int r = process_table_read(root, &table, &stats);
		_exit(r == 0 && stats.denied == 1 && stats.processes == 1 && stats.sockets == 1 &&
				      process_table_find(table, 1) && !process_table_find(table, 2)
			      ? 0
			      : 1);
	}
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(chmod(below(11, "fd"), 0755), 0);
	if (WEXITSTATUS(status) == 77)
		HARNESS_SKIP("root, and may not be anybody else");
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

START_TEST(live)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat status;
	char comm[PROCESS_COMM_MAX] = "";
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &status), 0);
	int r = process_table_read(NULL, &table, &stats);
	ck_assert_int_eq(r, 0);
	const Process *process = process_table_find(table, (uint32_t)status.st_ino);
	ck_assert_ptr_nonnull(process);
	ck_assert_int_eq(process->pid, getpid());
	_cleanup_close_ int file = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
	ssize_t length = read(file, comm, sizeof(comm) - 1);
	ck_assert_int_gt(length, 0);
	comm[strcspn(comm, "\n")] = '\0';
	ck_assert_str_eq(process->comm, comm);
	ck_assert_uint_ge(stats.processes, 1);
	ck_assert_uint_ge(stats.sockets, 1);
}
END_TEST

HARNESS_MAIN("process", {
	HARNESS_FIXTURE(suite, "tree", setup, teardown, owners, nobody, shared, no_sockets,
			texts_of_others, many, more_than_there_is_room_for, denied);
	HARNESS_CASE(suite, "live", live);
})
