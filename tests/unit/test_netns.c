/* SPDX-License-Identifier: MIT */
/*
 * The rules of listing over a tree made by hand, in which a namespace is an ordinary file and hard
 * links to it are what the kernel has as magic ones; then the real thing in forked children, where
 * namespaces may be made.
 */
#include "daemon/kern/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/base.h"
#include "common/text.h"
#include "daemon/kern/diag.h"
#include "tests/unit/harness.h"

static char root[32];
static Netns *list;
static size_t n, dropped;

static const char *below(const char *path)
{
	static char full[256];
	ck_assert(text_format(full, sizeof(full), "%s/%s", root, path));
	return full;
}

static void make_directory(const char *path)
{
	ck_assert_msg(mkdir(below(path), 0755) == 0 || errno == EEXIST, "%s: %s", path,
		      strerror(errno));
}

static void put(const char *path, const char *content)
{
	int fd = open(below(path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	(void)close(fd);
}

/* A namespace, as the file `space`/NAME. */
static uint64_t inode_of(const char *space)
{
	struct stat status;
	char path[64];
	ck_assert(text_format(path, sizeof(path), "space/%s", space));
	ck_assert_int_eq(stat(below(path), &status), 0);
	return status.st_ino;
}

static void link_space(const char *space, const char *path)
{
	char from[256];
	ck_assert(text_format(from, sizeof(from), "%s/space/%s", root, space));
	if (access(from, F_OK) < 0) {
		char file[64];
		ck_assert(text_format(file, sizeof(file), "space/%s", space));
		put(file, "");
	}
	ck_assert_msg(link(from, below(path)) == 0, "%s: %s", path, strerror(errno));
}

static void add_process(int pid, const char *space, const char *comm, unsigned started)
{
	char path[64], text[512];
	(void)snprintf(path, sizeof(path), "proc/%d", pid);
	make_directory(path);
	(void)snprintf(path, sizeof(path), "proc/%d/ns", pid);
	make_directory(path);
	(void)snprintf(path, sizeof(path), "proc/%d/ns/net", pid);
	link_space(space, path);
	(void)snprintf(path, sizeof(path), "proc/%d/comm", pid);
	(void)snprintf(text, sizeof(text), "%s\n", comm);
	put(path, text);
	(void)snprintf(path, sizeof(path), "proc/%d/stat", pid);
	(void)snprintf(text, sizeof(text),
		       "%d (%s) S 1 2 2 0 -1 4194560 7 7 0 0 0 0 0 0 20 0 1 0 %u 17 18 19\n", pid,
		       comm, started);
	put(path, text);
}

static void add_name(const char *name, const char *space)
{
	char path[256];
	ck_assert(text_format(path, sizeof(path), "run/netns/%s", name));
	link_space(space, path);
}

static void setup(void)
{
	static const char *const directories[] = {"space", "proc", "run", "run/netns"};
	(void)text_copy(root, sizeof(root), "/tmp/netns-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		make_directory(directories[i]);
	add_process(100, "ours", "netoptd", 50);
	ck_assert_int_eq(symlink("100", below("proc/self")), 0);
	list = NULL;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status, (void)kind, (void)walk;
	return remove(path);
}

static void teardown(void)
{
	(void)nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(list);
}

static void read_list(void)
{
	free(list);
	ck_assert_int_eq(netns_list(root, &list, &n, &dropped), 0);
	for (size_t i = 1; i < n; i++)
		ck_assert_uint_lt(list[i - 1].inode, list[i].inode);
	size_t ours = 0;
	for (size_t i = 0; i < n; i++) {
		ours += list[i].ours;
		ck_assert(list[i].name[0] != '\0');
	}
	ck_assert_uint_eq(ours, 1);
}

static const Netns *find(const char *space)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].inode == inode_of(space))
			return &list[i];
	return NULL;
}

static void check(const char *space, const char *name, const char *path, pid_t pid)
{
	const Netns *netns = find(space);
	ck_assert_msg(netns != NULL, "%s is not listed", space);
	ck_assert_str_eq(netns->name, name);
	ck_assert_str_eq(netns->path, below(path));
	ck_assert_int_eq(netns->pid, pid);
	ck_assert_int_eq(netns->named, text_starts_with(path, "run/netns/"));
	ck_assert_int_eq(netns->ours, strcmp(space, "ours") == 0);
}

START_TEST(only_ours)
{
	read_list();
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(dropped, 0);
	check("ours", "self", "proc/self/ns/net", 100);
	/* Without /run/netns, as where nobody has ever made one. */
	ck_assert_int_eq(rmdir(below("run/netns")), 0);
	read_list();
	ck_assert_uint_eq(n, 1);
}
END_TEST

START_TEST(named_and_not)
{
	add_name("blue", "blue");   /* and no process in it */
	add_name("red", "red");     /* and two processes */
	add_name("crimson", "red"); /* two names: the first in the alphabet */
	add_process(7, "red", "old", 10);
	add_process(8, "red", "older", 9);
	add_process(20, "pod", "worker", 700);
	add_process(300, "pod", "pause", 600); /* the older one, though its number is higher */
	add_process(30, "pod", "worker", 700);
	add_process(99, "ours", "init", 60);
	read_list();
	ck_assert_uint_eq(n, 4);
	ck_assert_uint_eq(dropped, 0);
	check("blue", "blue", "run/netns/blue", 0);
	check("red", "crimson", "run/netns/crimson", 8);
	check("pod", "pause", "proc/300/ns/net", 300);
	check("ours", "self", "proc/self/ns/net", 99);
	add_name("host", "ours");
	read_list();
	check("ours", "host", "run/netns/host", 99);
}
END_TEST

START_TEST(as_old_as_another)
{
	add_process(30, "pod", "b", 700);
	add_process(20, "pod", "a", 700);
	add_process(40, "pod", "c", 700);
	read_list();
	check("pod", "a", "proc/20/ns/net", 20);
	/* What cannot be read is no older than anything. */
	put("proc/20/stat", "20 (a");
	put("proc/30/stat", "30 (b) S 1 2 3");
	read_list();
	check("pod", "c", "proc/40/ns/net", 40);
	put("proc/40/stat", "");
	read_list();
	check("pod", "a", "proc/20/ns/net", 20);
}
END_TEST

/* A process calls itself what it likes. */
START_TEST(names_of_others)
{
	add_process(20, "a", "x) S 1 1 1 (", 700);
	add_process(21, "a", "y", 600);
	add_process(30, "b", "new\nline \"quoted\"\x1b[0m\xff", 1);
	add_process(40, "c", "gone", 1);
	add_process(50, "d", "", 1);
	ck_assert_int_eq(unlink(below("proc/40/comm")), 0);
	read_list();
	check("a", "y", "proc/21/ns/net", 21);
	check("b", "new?line?\"quoted\"?[0m?", "proc/30/ns/net", 30);
	check("c", "pid:40", "proc/40/ns/net", 40);
	check("d", "pid:50", "proc/50/ns/net", 50);
}
END_TEST

START_TEST(no_namespaces)
{
	static const char longest[] =
		"a23456789b123456789c123456789d123456789e123456789f123456789g123";
	static const char too_long[] =
		"a23456789b123456789c123456789d123456789e123456789f123456789g1234";
	_Static_assert(sizeof(longest) == NETNS_NAME_MAX, "63 bytes");
	/* On another device, as a file that nothing is mounted on. */
	ck_assert_int_eq(symlink("/dev/null", below("run/netns/stale")), 0);
	ck_assert_int_eq(symlink("nowhere", below("run/netns/dangling")), 0);
	make_directory("proc/200"); /* ended while we looked */
	make_directory("proc/abc");
	make_directory("proc/abc/ns");
	link_space("strange", "proc/abc/ns/net");
	make_directory("proc/99999999");
	make_directory("proc/99999999/ns");
	link_space("strange", "proc/99999999/ns/net");
	add_name(".hidden", "hidden");
	add_name("with space", "spaced");
	add_name("with\nnewline", "spaced");
	add_name(too_long, "long");
	read_list();
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(dropped, 0);
	add_name(longest, "long");
	add_process(60, "spaced", "sleep", 1);
	read_list();
	ck_assert_uint_eq(n, 3);
	ck_assert_str_eq(find("long")->name, longest);
	check("spaced", "sleep", "proc/60/ns/net", 60);
}
END_TEST

START_TEST(more_than_there_is_room_for)
{
	char space[16];
	for (int i = 0; i < NETNS_MAX + 40; i++) {
		(void)snprintf(space, sizeof(space), "p%d", i);
		add_process(1000 + i, space, "sleep", 1);
	}
	add_name("last", "last");
	read_list();
	ck_assert_uint_eq(n, NETNS_MAX);
	ck_assert_uint_eq(dropped, 42); /* 296 of processes, one with a name, ours */
	check("last", "last", "run/netns/last", 0);
	check("ours", "self", "proc/self/ns/net", 100);

	for (int i = 0; i < NETNS_MAX + 10; i++) {
		(void)snprintf(space, sizeof(space), "n%d", i);
		add_name(space, space);
	}
	read_list();
	ck_assert_uint_eq(n, NETNS_MAX);
	ck_assert_uint_eq(dropped, 42 + NETNS_MAX + 10);
	check("ours", "self", "proc/self/ns/net", 100);
	for (size_t i = 0; i < n; i++)
		ck_assert(list[i].named || list[i].ours);
}
END_TEST

START_TEST(no_tree)
{
	char deep[NETNS_PATH_MAX + 1];
	Netns *untouched = (Netns *)root;
	memset(deep, 'a', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	ck_assert_int_eq(netns_list("/nonexistent", &untouched, &n, &dropped), -ENOENT);
	ck_assert_int_eq(netns_list(deep, &untouched, &n, &dropped), -ENAMETOOLONG);
	ck_assert_ptr_eq(untouched, root);
}
END_TEST

/* The real thing. */

static uint64_t here(void)
{
	struct stat status;
	ck_assert_int_eq(stat("/proc/thread-self/ns/net", &status), 0);
	return status.st_ino;
}

typedef struct Child {
	pid_t pid;
	int told, hold; /* it ends when `hold` is closed */
	uint64_t inode;
	bool permitted;
} Child;

/* In a namespace of its own, with a listener on port 4242 of its loopback. */
static _Noreturn void live_in_child(int tell, int wait)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				 .sin_port = htons(4242)};
	char byte;
	if (unshare(CLONE_NEWNET) < 0)
		_exit(1);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0 ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 3) < 0 ||
	    write(tell, "x", 1) != 1)
		_exit(2);
	_exit(read(wait, &byte, 1) == 0 ? 0 : 3);
}

static Child child_new(void)
{
	int tell[2], hold[2];
	struct stat status;
	char path[64], byte;
	ck_assert_int_eq(pipe2(tell, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(hold, O_CLOEXEC), 0);
	Child child = {.pid = fork(), .told = tell[0], .hold = hold[1]};
	if (child.pid == 0) {
		(void)close(hold[1]);
		live_in_child(tell[1], hold[0]);
	}
	(void)close(tell[1]);
	(void)close(hold[0]);
	child.permitted = read(tell[0], &byte, 1) == 1;
	if (!child.permitted)
		return child;
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)child.pid);
	ck_assert_int_eq(stat(path, &status), 0);
	child.inode = status.st_ino;
	return child;
}

static void child_end(Child *child)
{
	(void)close(child->hold);
	(void)close(child->told);
	ck_assert_int_eq(waitpid(child->pid, NULL, 0), child->pid);
}

static const Netns *find_inode(uint64_t inode)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].inode == inode)
			return &list[i];
	return NULL;
}

static void note_listener(const FlowSample *sample, void *context)
{
	if (sample->local_port == 4242 && sample->wqueue == 3)
		++*(unsigned *)context;
}

static unsigned listeners(Diag *diag)
{
	DiagStats stats;
	unsigned found = 0;
	ck_assert_int_eq(diag_dump(diag, DIAG_STATES_LISTEN, note_listener, &found, &stats), 0);
	return found;
}

START_TEST(live_visit)
{
	Child child = child_new();
	if (!child.permitted) {
		child_end(&child);
		HARNESS_SKIP("no network namespace may be made here");
	}
	const uint64_t home = here();
	ck_assert_int_eq(netns_list(NULL, &list, &n, &dropped), 0);
	const Netns *there = find_inode(child.inode);
	ck_assert_ptr_nonnull(there);
	ck_assert(!there->ours);
	ck_assert_int_eq(there->pid, child.pid);
	ck_assert(find_inode(home)->ours);

	NetnsVisit visit;
	Diag *before, *inside;
	ck_assert_int_eq(diag_new(&before), 0);
	ck_assert_int_eq(netns_enter(there, &visit), 0);
	ck_assert_uint_eq(here(), child.inode);
	ck_assert_int_eq(diag_new(&inside), 0);
	netns_leave(&visit);
	ck_assert_uint_eq(here(), home);
	netns_leave(&visit); /* once is enough */
	/* Each sees where it was opened, wherever we are now. */
	ck_assert_uint_eq(listeners(inside), 1);
	ck_assert_uint_eq(listeners(before), 0);
	diag_free(inside);
	diag_free(before);

	Netns other = *there;
	other.inode++;
	ck_assert_int_eq(netns_enter(&other, &visit), -ESTALE);
	ck_assert_uint_eq(here(), home);
	child_end(&child);
	ck_assert_int_eq(netns_enter(there, &visit), -ENOENT);
	ck_assert_uint_eq(here(), home);
}
END_TEST

/* No right is needed to stay. */
START_TEST(live_ours)
{
	const uint64_t home = here();
	Netns ours = {.inode = home, .path = "/nonexistent", .ours = true};
	NetnsVisit visit = {.back_fd = 77};
	ck_assert_int_eq(netns_enter(&ours, &visit), 0);
	ck_assert_int_eq(visit.back_fd, -1);
	netns_leave(&visit);
	ck_assert_uint_eq(here(), home);
	/* A file, and no namespace. */
	struct stat status;
	ck_assert_int_eq(stat("/proc/version", &status), 0);
	Netns file = {.inode = status.st_ino, .path = "/proc/version"};
	ck_assert_int_eq(netns_enter(&file, &visit), -ENOENT);
}
END_TEST

START_TEST(live_without_rights)
{
	Child child = child_new();
	if (!child.permitted || setresuid(65534, 65534, 65534) < 0) {
		child_end(&child);
		HARNESS_SKIP("no network namespace may be made, or no user be, here");
	}
	Netns there = {.inode = child.inode, .pid = child.pid};
	NetnsVisit visit = {.back_fd = 77};
	(void)snprintf(there.path, sizeof(there.path), "/proc/%d/ns/net", (int)child.pid);
	ck_assert_int_eq(netns_enter(&there, &visit), -EPERM);
	ck_assert_int_eq(visit.back_fd, 77);
	/* It is not listed either: we may not look. */
	ck_assert_int_eq(netns_list(NULL, &list, &n, &dropped), 0);
	ck_assert_ptr_null(find_inode(child.inode));
	child_end(&child);
}
END_TEST

HARNESS_MAIN("netns", {
	HARNESS_FIXTURE(suite, "tree", setup, teardown, only_ours, named_and_not, as_old_as_another,
			names_of_others, no_namespaces, more_than_there_is_room_for, no_tree);
	HARNESS_CASE(suite, "live", live_visit, live_ours, live_without_rights);
})
