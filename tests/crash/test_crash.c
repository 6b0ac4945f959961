/* SPDX-License-Identifier: MIT */
/*
 * Killed everywhere. A child applies, switches, fails, restores or recovers on the real sysctls of
 * a network namespace of its own; it is killed at each point in turn (killer.h), and a new process
 * recovers. Then every sysctl of the namespace must be byte for byte what it was, the journal gone,
 * and what the dead one left behind must never have been a value that nobody wrote.
 *
 * For OnStop=keep the promise is all or nothing: everything is back, or everything is kept.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base.h"
#include "common/clock.h"
#include "common/text.h"
#include "daemon/kern/host.h"
#include "daemon/tune/journal.h"
#include "daemon/tune/registry.h"
#include "tests/crash/killer.h"

#define POINTS_MAX 20000

static HostIdentity identity;
static int directory = -1;
static char path[64];
static int tests, failures;

/* Congestion controls the namespace may use: the original, and ours. */
static char cc_original[TUNABLE_WORD_MAX], cc_ours[TUNABLE_WORD_MAX];

/* Every value one of our tunables may be seen with. */
static const char *const rmem_values[] = {"4096 131072 6291456", "4096 131072 12582912",
					  "8192 262144 25165824", NULL};
static const char *const wmem_values[] = {"4096 16384 4194304", "4096 65536 8388608", NULL};
static const char *const tfo_values[] = {"1", "3", NULL};
static const char *const cc_values[] = {cc_original, cc_ours, NULL};

static const struct {
	TunableId id;
	const char *const *values; /* the first is the original */
} watched[] = {
	{TUNABLE_TCP_CONGESTION_CONTROL, cc_values},
	{TUNABLE_TCP_RMEM, rmem_values},
	{TUNABLE_TCP_WMEM, wmem_values},
	{TUNABLE_TCP_FASTOPEN, tfo_values},
};

static void ok(bool passed, const char *name, const char *detail)
{
	printf("%s %d - %s%s%s\n", passed ? "ok" : "not ok", ++tests, name, *detail ? ": " : "",
	       detail);
	failures += !passed;
}

/* What a child runs */

static Registry *open_registry(void)
{
	RegistryParams params = {
		.sysctl = killer_sysctl,
		.identity = identity,
		.clock = clock_system,
		.state_directory_fd = directory,
	};
	Registry *registry = NULL;

	return registry_new(&params, &registry) == 0 ? registry : NULL;
}

static int apply(Registry *registry, size_t n, const TunableId *ids, const char *const *texts)
{
	TunableChange changes[_TUNABLE_SYSCTLS];

	for (size_t i = 0; i < n; i++) {
		changes[i].id = ids[i];
		if (tunable_parse(&tunables[ids[i]], texts[i], &changes[i].value) < 0)
			return -EINVAL;
	}
	return registry_apply(registry, changes, n, 1, NULL, 0);
}

static int apply_four(Registry *registry)
{
	const TunableId ids[] = {TUNABLE_TCP_RMEM, TUNABLE_TCP_CONGESTION_CONTROL, TUNABLE_TCP_WMEM,
				 TUNABLE_TCP_FASTOPEN};
	const char *const texts[] = {rmem_values[2], cc_ours, wmem_values[1], tfo_values[1]};

	return apply(registry, 4, ids, texts);
}

static int apply_cc(Registry *registry, const char *name)
{
	const TunableId id = TUNABLE_TCP_CONGESTION_CONTROL;

	return apply(registry, 1, &id, &name);
}

static int script_apply(void *context)
{
	Registry *registry = open_registry();

	(void)context;
	return !registry || apply_four(registry) != 0;
}

static int script_restore(void *context)
{
	Registry *registry = open_registry();

	(void)context;
	return !registry || apply_four(registry) != 0 || registry_restore_all(registry) != 0;
}

static int script_switch(void *context)
{
	Registry *registry = open_registry();
	int r = !registry;

	(void)context;
	for (int i = 0; r == 0 && i < 4; i++)
		r = apply_cc(registry, i % 2 ? cc_original : cc_ours) != 0;
	return r || apply_cc(registry, cc_ours) != 0 || registry_restore_all(registry) != 0;
}

/* Step by step up, as the buffers controller does. */
static int script_steps(void *context)
{
	const TunableId id = TUNABLE_TCP_RMEM;
	Registry *registry = open_registry();

	(void)context;
	return !registry || apply(registry, 1, &id, &rmem_values[1]) != 0 ||
	       apply(registry, 1, &id, &rmem_values[2]) != 0 ||
	       registry_restore(registry, &id, 1) != 0;
}

/* The last of three does not exist: the kernel says so, and the first two go back. */
static int script_fail(void *context)
{
	const TunableId ids[] = {TUNABLE_TCP_RMEM, TUNABLE_TCP_WMEM,
				 TUNABLE_TCP_CONGESTION_CONTROL};
	const char *const texts[] = {rmem_values[2], wmem_values[1], "nosuch"};
	Registry *registry = open_registry();

	(void)context;
	return !registry || apply(registry, 3, ids, texts) != -ENOENT;
}

static int script_keep(void *context)
{
	Registry *registry = open_registry();

	(void)context;
	return !registry || apply_four(registry) != 0 || registry_keep_all(registry) != 0;
}

static int script_recover(void *context)
{
	Registry *registry = open_registry();

	(void)context;
	for (TunableId id = 0; registry && id < _TUNABLE_SYSCTLS; id++) {
		if (registry_get(registry, id)->owner == OWNER_NETOPT)
			return 1;
	}
	return !registry;
}

/* What the parent looks at */

static Text tree;

static int read_into_tree(const char *name, const struct stat *status, int type, struct FTW *ftw)
{
	char value[4096];
	ssize_t n;
	int fd;

	(void)ftw;
	/* What is read-only in a namespace is the host's, and may change under us; the number of
	 * tracked connections belongs to the traffic, not to the configuration. */
	if (type != FTW_F || !(status->st_mode & S_IWUSR) || strstr(name, "nf_conntrack_count"))
		return 0;
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0; /* some are only written */
	n = read(fd, value, sizeof(value));
	(void)close(fd);
	text_appendf(&tree, "%s=", name);
	text_append_bytes(&tree, value, (size_t)MAX(n, 0));
	return 0;
}

/* All of /proc/sys/net that is this namespace's own; the caller frees. */
static char *read_tree(void)
{
	text_clear(&tree);
	(void)nftw("/proc/sys/net", read_into_tree, 16, FTW_PHYS);
	return STEAL(tree.data);
}

static bool holds(TunableId id, const char *value)
{
	char text[SYSCTL_VALUE_MAX];

	return sysctl_read(&sysctl_kernel, tunables[id].key, text, sizeof(text)) == 0 &&
	       sysctl_values_equal(text, value);
}

static const char *check_known(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(watched); i++) {
		bool known = false;
		for (const char *const *value = watched[i].values; *value; value++)
			known |= holds(watched[i].id, *value);
		if (!known)
			return "a value that nobody wrote";
	}
	return NULL;
}

static bool all_are(size_t which)
{
	for (size_t i = 0; i < ARRAY_SIZE(watched); i++) {
		size_t last = 0;
		while (watched[i].values[last + 1])
			last++;
		if (!holds(watched[i].id, watched[i].values[MIN(which, last)]))
			return false;
	}
	return true;
}

/* NULL if there is none. */
static const char *first_difference(const char *before, const char *after)
{
	static char line[200];
	size_t at = 0;

	if (strcmp(before, after) == 0)
		return NULL;
	while (before[at] == after[at])
		at++;
	while (at > 0 && after[at - 1] != '\n')
		at--;
	(void)snprintf(line, sizeof(line), "another sysctl has changed: %.*s, was %.*s",
		       (int)strcspn(after + at, "\n"), after + at, (int)strcspn(before + at, "\n"),
		       before + at);
	return line;
}

static const char *check_restored(const char *before, bool whole_tree)
{
	_cleanup_free_ char *after = NULL;

	if (faccessat(directory, JOURNAL_FILE, F_OK, 0) == 0)
		return "the journal is still there";
	if (faccessat(directory, "journal.damaged", F_OK, 0) == 0)
		return "the journal was damaged";
	if (!all_are(0))
		return "not the originals";
	if (!whole_tree)
		return NULL;
	after = read_tree();
	return after ? first_difference(before, after) : "out of memory";
}

/* One kill and one recovery */

typedef struct Script {
	const char *name;
	int (*run)(void *context);
	int (*prepare)(void *context); /* leaves the state in which it starts */
	bool may_keep;
} Script;

static const Script scripts[] = {
	{"apply", script_apply, NULL, false},
	{"restore", script_restore, NULL, false},
	{"switch", script_switch, NULL, false},
	{"steps", script_steps, NULL, false},
	{"fail", script_fail, NULL, false},
	{"keep", script_keep, NULL, true},
	{"recover", script_recover, script_apply, false},
};

static int write_originals(void *context)
{
	char readback[SYSCTL_VALUE_MAX];

	(void)context;
	for (size_t i = 0; i < ARRAY_SIZE(watched); i++) {
		if (sysctl_write_verified(&sysctl_kernel, tunables[watched[i].id].key,
					  watched[i].values[0], readback) != 0)
			return 1;
	}
	return 0;
}

static const char *recover_and_check(const Script *script, const char *before, bool whole_tree)
{
	KillerResult result = killer_run(KILLER_SEAMS, KILLER_NEVER, script_recover, NULL);

	if (result.status != 0)
		return "the recovery failed";
	if (script->may_keep && all_are(SIZE_MAX))
		return write_originals(NULL) == 0 ? NULL : "cannot go on";
	return check_restored(before, whole_tree);
}

static const char *run_once(const Script *script, KillerMode mode, unsigned point,
			    KillerResult *ret_result)
{
	if (script->prepare &&
	    killer_run(KILLER_SEAMS, KILLER_NEVER, script->prepare, NULL).status != 0)
		return "the preparation failed";
	*ret_result = killer_run(mode, point, script->run, NULL);
	if (!ret_result->killed && ret_result->status != 0)
		return "the script failed";
	return check_known();
}

typedef struct Tally {
	unsigned points, dirty; /* kills; those that left something to restore */
} Tally;

/* The second kill, at each point of the recovery of what the first one left. */
static const char *kill_recovery(const Script *script, unsigned first, Tally *tally)
{
	for (unsigned point = 1; point < POINTS_MAX; point++) {
		KillerResult result;
		const char *error = run_once(script, KILLER_SEAMS, first, &result);

		if (error || !result.killed)
			return error;
		result = killer_run(KILLER_SEAMS, point, script_recover, NULL);
		error = check_known();
		if (!error)
			error = recover_and_check(script, NULL, false);
		if (error || !result.killed)
			return error;
		tally->points++;
	}
	return "no end";
}

static void kill_twice(const Script *script)
{
	KillerResult result = {.killed = true};
	const char *error = NULL;
	char name[64], detail[160];
	Tally tally = {0};
	unsigned first = 1;

	for (; !error && result.killed && first < POINTS_MAX; first++) {
		error = run_once(script, KILLER_SEAMS, first, &result);
		if (!error)
			error = recover_and_check(script, NULL, false);
		if (!error && result.killed)
			error = kill_recovery(script, first, &tally);
	}
	(void)text_format(name, sizeof(name), "%s, and its recovery killed, too", script->name);
	(void)text_format(detail, sizeof(detail), "%s (first point %u)", error ? error : "", first);
	printf("# %s: %u pairs of points\n", name, tally.points);
	ok(!error && tally.points > 0, name, error ? detail : "");
}

static void kill_everywhere(const Script *script, KillerMode mode)
{
	_cleanup_free_ char *before = read_tree();
	const char *error = before ? NULL : "out of memory", *mode_name;
	char name[64], detail[160];
	KillerResult result = {.killed = true};
	Tally tally = {0};
	unsigned point = 0;

	while (!error && result.killed && ++point < POINTS_MAX) {
		error = run_once(script, mode, point, &result);
		tally.points += result.killed;
		tally.dirty += !all_are(0);
		if (!error) /* the whole tree now and then: it is large */
			error = recover_and_check(script, before,
						  !result.killed || point % 16 == 0);
	}
	mode_name = mode == KILLER_SEAMS ? "durability calls" : "system calls";
	(void)text_format(name, sizeof(name), "%s, killed at all %s", script->name, mode_name);
	(void)text_format(detail, sizeof(detail), "%s (point %u)", error ? error : "", point);
	printf("# %s: %u points, %u of them with values of ours in the kernel\n", name,
	       tally.points, tally.dirty);
	ok(!error && tally.points > 0 && tally.dirty > 0, name, error ? detail : "");
	if (error)
		(void)write_originals(NULL);
}

static const char *choose_congestion_controls(void)
{
	static const char *const preferred[] = {"reno", "bbr", "cubic"};
	char readback[SYSCTL_VALUE_MAX];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(preferred) && n < 2; i++) {
		char *name = n == 0 ? cc_original : cc_ours;
		if (sysctl_write_verified(&sysctl_kernel,
					  tunables[TUNABLE_TCP_CONGESTION_CONTROL].key,
					  preferred[i], readback) == 0)
			n += text_copy(name, TUNABLE_WORD_MAX, preferred[i]);
	}
	return n == 2 ? NULL : "fewer than two congestion controls are allowed here";
}

static const char *prepare(void)
{
	const char *missing;

	if (unshare(CLONE_NEWNET) < 0)
		return "no network namespace may be made here";
	if (host_identity_read(&identity) < 0 || identity.initial_netns)
		return "the network namespace cannot be told";
	missing = choose_congestion_controls();
	if (missing)
		return missing;
	if (write_originals(NULL) != 0)
		return "the sysctls of the namespace cannot be written";
	/* A memory file system if there is one: a SIGKILL does not need the disk to spin. */
	(void)text_copy(path, sizeof(path), "/dev/shm/netopt-crash-XXXXXX");
	if (!mkdtemp(path)) {
		(void)text_copy(path, sizeof(path), "/tmp/netopt-crash-XXXXXX");
		if (!mkdtemp(path))
			return "no place for the journal";
	}
	directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return directory < 0 ? "no place for the journal" : NULL;
}

static void clean_up(void)
{
	static const char *const names[] = {JOURNAL_FILE, ".journal.tmp", "journal.damaged"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)unlinkat(directory, names[i], 0);
	(void)close(directory);
	(void)rmdir(path);
}

int main(void)
{
	const char *missing = prepare(), *cannot_trace;

	(void)setvbuf(stdout, NULL, _IONBF, 0);
	if (missing) {
		printf("1..0 # SKIP %s\n", missing);
		return EXIT_SUCCESS;
	}
	cannot_trace = killer_cannot_trace();
	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		kill_everywhere(&scripts[i], KILLER_SEAMS);
		if (cannot_trace)
			printf("ok %d - %s, killed at all system calls # SKIP %s\n", ++tests,
			       scripts[i].name, cannot_trace);
		else
			kill_everywhere(&scripts[i], KILLER_SYSCALLS);
	}
	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		if (!scripts[i].prepare && !scripts[i].may_keep)
			kill_twice(&scripts[i]);
	}
	clean_up();
	printf("1..%d\n", tests);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
