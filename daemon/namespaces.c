/* SPDX-License-Identifier: MIT */
/*
 * One Space per namespace. Its sockets (sock_diag) are opened inside it and stay of it, but a dump
 * that had to be given up opens its own anew; and what /proc shows depends on the thread that
 * looks. So each round goes in, reads everything, and comes back: no event of the loop ever runs
 * inside.
 *
 * A round visits every space; when the next is due follows from what the last one cost.
 */
#include "daemon/namespaces.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/kern/netns.h"
#include "daemon/model/budget.h"

/* A full table takes some 900 KiB: more than so many would not be small any more. */
#define SPACES_MAX     64
#define SPACE_PATHS    256
#define SPACE_FLOWS    4096
#define ROUND_MIN_NS   (10 * NSEC_PER_SEC)
#define ROUND_MAX_NS   (5 * NSEC_PER_MIN)
#define ERROR_MAX      96
#define ERROR_LOG_WAIT (10 * NSEC_PER_MIN)

typedef struct Space {
	Netns netns; /* inode 0: it is named, and does not exist */
	bool found;  /* in the round under way */
	char error[ERROR_MAX];
	Diag *diag;
	PathTable *paths;
	Counters counters;
	bool has_counters;
	TunableValue tunables[_TUNABLE_SYSCTLS];
	bool present[_TUNABLE_SYSCTLS];
	uint64_t sockets, sweep_ns;
} Space;

struct Namespaces {
	Loop *loop;
	Clock clock;
	LoopTimer *timer;
	Budget budget;
	bool all;
	char names[CONFIG_NETNS_MAX][CONFIG_NAME_MAX];
	size_t n_names;
	Space *spaces[SPACES_MAX];
	size_t n;
	ControlNetns views[SPACES_MAX];
	LogLimit error_limit;
};

static void space_free(Space *space)
{
	if (!space)
		return;

	diag_free(space->diag);
	path_table_free(space->paths);
	free(space);
}

static void on_sample(const FlowSample *sample, void *context)
{
	static const PathCaps caps = {.congestion = ""}; /* nothing is tuned here: no cap */
	Space *space = context;

	path_table_add(space->paths, sample, &caps, space->sweep_ns);
}

static void read_destroyed(Space *space)
{
	bool lost;

	/* What was lost is only missing from the sums of short flows. */
	(void)diag_destroy_read(space->diag, on_sample, space, &lost);
}

static int sweep(Space *space, uint64_t now_ns)
{
	DiagStats stats = {0};
	int r;

	space->sweep_ns = now_ns;
	path_table_sweep_begin(space->paths, now_ns);
	read_destroyed(space);
	r = diag_dump(space->diag, DIAG_STATES_FLOWS, on_sample, space, &stats);
	read_destroyed(space);
	path_table_sweep_end(space->paths, now_ns, r >= 0 && !stats.incomplete);
	space->sockets = stats.sockets;
	return r;
}

/* Both of what was made when the space was first seen, or nothing. Called inside. */
static int open_inside(Space *space)
{
	int fd, r;

	if (space->diag)
		return 0;
	r = path_table_new(SPACE_PATHS, SPACE_FLOWS, &space->paths);
	if (r >= 0)
		r = diag_new(&space->diag);
	if (r >= 0)
		r = diag_destroy_listen(space->diag, &fd); /* read in each round, not watched */
	if (r < 0) {
		diag_free(STEAL(space->diag));
		path_table_free(STEAL(space->paths));
	}
	return r;
}

static void read_sysctls(Space *space)
{
	char text[SYSCTL_VALUE_MAX];

	for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++)
		space->present[id] =
			sysctl_read(&sysctl_kernel, tunables[id].key, text, sizeof(text)) >= 0 &&
			tunable_parse(&tunables[id], text, &space->tunables[id]) >= 0;
}

static int visit(Space *space, uint64_t now_ns)
{
	NetnsVisit stay;
	int r = netns_enter(&space->netns, &stay);

	if (r < 0)
		return r;
	r = open_inside(space);
	space->has_counters = counters_read(&space->counters) >= 0;
	read_sysctls(space);
	if (r >= 0)
		r = sweep(space, now_ns);
	netns_leave(&stay);
	return r;
}

static void explain(Space *space, int error)
{
	if (error == -EPERM)
		(void)text_copy(space->error, sizeof(space->error),
				"CAP_SYS_ADMIN is missing, or RestrictNamespaces= forbids it; see "
				"netoptd(8)");
	else
		(void)text_format(space->error, sizeof(space->error), "%s", strerror(-error));
}

static void look_at(Namespaces *namespaces, Space *space)
{
	uint64_t now_ns = clock_monotonic_ns(&namespaces->clock), suppressed;
	int r = visit(space, now_ns);

	if (r >= 0) {
		space->error[0] = '\0';
		return;
	}
	explain(space, r);
	if (log_limit(&namespaces->error_limit, now_ns, 1, ERROR_LOG_WAIT, &suppressed))
		log_warning("network namespace %s: %s", space->netns.name, space->error);
}

/* --- which there are --- */

static bool is_wanted(const Namespaces *namespaces, const Netns *netns)
{
	if (netns->ours)
		return false;
	if (namespaces->all)
		return true;
	/* Without a name of its own it is called after a program, which may call itself anything.
	 */
	for (size_t i = 0; netns->named && i < namespaces->n_names; i++)
		if (text_equal(namespaces->names[i], netns->name))
			return true;
	return false;
}

static Space *find(const Namespaces *namespaces, uint64_t inode)
{
	for (size_t i = 0; i < namespaces->n; i++)
		if (namespaces->spaces[i]->netns.inode == inode && inode != 0)
			return namespaces->spaces[i];
	return NULL;
}

static Space *add(Namespaces *namespaces, const Netns *netns)
{
	Space *space;

	if (namespaces->n == SPACES_MAX)
		return NULL;
	space = calloc(1, sizeof(*space));
	if (!space)
		return NULL;
	space->netns = *netns;
	namespaces->spaces[namespaces->n++] = space;
	return space;
}

static bool is_there(const Namespaces *namespaces, const char *name)
{
	for (size_t i = 0; i < namespaces->n; i++)
		if (text_equal(namespaces->spaces[i]->netns.name, name))
			return true;
	return false;
}

/* Those that are named and do not exist are shown as such. */
static void add_missing(Namespaces *namespaces)
{
	for (size_t i = 0; i < namespaces->n_names; i++) {
		Netns netns = {0};
		Space *space;

		if (is_there(namespaces, namespaces->names[i]))
			continue;
		(void)text_copy(netns.name, sizeof(netns.name), namespaces->names[i]);
		space = add(namespaces, &netns);
		if (space) {
			space->found = true;
			(void)text_copy(space->error, sizeof(space->error),
					"there is no such namespace under /run/netns");
		}
	}
}

static void drop_gone(Namespaces *namespaces)
{
	size_t kept = 0;

	for (size_t i = 0; i < namespaces->n; i++) {
		Space *space = namespaces->spaces[i];

		if (space->found && space->netns.inode != 0)
			namespaces->spaces[kept++] = space;
		else
			space_free(space);
	}
	namespaces->n = kept;
}

static void take_list(Namespaces *namespaces, const Netns *list, size_t n)
{
	for (size_t i = 0; i < namespaces->n; i++)
		namespaces->spaces[i]->found = false;
	for (size_t i = 0; i < n; i++) {
		Space *space = find(namespaces, list[i].inode);

		if (!is_wanted(namespaces, &list[i]))
			continue;
		if (!space)
			space = add(namespaces, &list[i]);
		if (!space)
			continue;       /* no room, or no memory: the others are still seen */
		space->netns = list[i]; /* its name and the way to it may have changed */
		space->found = true;
	}
	drop_gone(namespaces);
	add_missing(namespaces);
}

static void look_around(Namespaces *namespaces)
{
	_cleanup_free_ Netns *list = NULL;
	size_t n, dropped;

	if (netns_list(NULL, &list, &n, &dropped) < 0)
		return; /* no memory: the next round tries again */
	take_list(namespaces, list, n);
}

static void on_timer(void *context)
{
	Namespaces *namespaces = context;
	uint64_t cpu_ns = clock_cpu_ns();
	BudgetPlan next;

	look_around(namespaces);
	for (size_t i = 0; i < namespaces->n; i++)
		if (namespaces->spaces[i]->netns.inode != 0)
			look_at(namespaces, namespaces->spaces[i]);
	budget_account(&namespaces->budget, clock_monotonic_ns(&namespaces->clock),
		       clock_cpu_ns() - cpu_ns, 1, 0);
	next = budget_plan(&namespaces->budget, ROUND_MIN_NS, ROUND_MAX_NS);
	if (loop_timer_set(namespaces->timer, next.period_ns) < 0)
		log_error("cannot schedule the next look at the network namespaces");
}

/* --- lifecycle --- */

int namespaces_new(Loop *loop, const Clock *clock, Namespaces **ret_namespaces)
{
	Namespaces *namespaces = calloc(1, sizeof(*namespaces));
	int r;

	if (!namespaces)
		return -ENOMEM;
	namespaces->loop = loop;
	namespaces->clock = *clock;
	r = loop_timer_new(loop, on_timer, namespaces, &namespaces->timer);
	if (r < 0) {
		free(namespaces);
		return r;
	}
	*ret_namespaces = namespaces;
	return 0;
}

static void forget_all(Namespaces *namespaces)
{
	for (size_t i = 0; i < namespaces->n; i++)
		space_free(namespaces->spaces[i]);
	namespaces->n = 0;
}

void namespaces_free(Namespaces *namespaces)
{
	if (!namespaces)
		return;

	forget_all(namespaces);
	loop_timer_free(namespaces->timer);
	free(namespaces);
}

void namespaces_configure(Namespaces *namespaces, const Config *config)
{
	budget_init(&namespaces->budget, config->cpu_budget_ppm,
		    clock_monotonic_ns(&namespaces->clock));
	namespaces->all = config->netns_all;
	namespaces->n_names = config->n_netns;
	memcpy(namespaces->names, config->netns, sizeof(namespaces->names));
	if (!namespaces->all && namespaces->n_names == 0) {
		loop_timer_disarm(namespaces->timer);
		forget_all(namespaces);
	} else if (loop_timer_set(namespaces->timer, 0) < 0) {
		log_error("cannot look at the network namespaces");
	}
}

static ControlNetns view(const Space *space)
{
	return (ControlNetns){
		.inode = space->netns.inode,
		.name = space->netns.name,
		.error = space->error,
		.paths = space->paths,
		.sockets = space->sockets,
		.sweep_ns = space->sweep_ns,
		.counters = space->has_counters ? &space->counters : NULL,
		.tunables = space->tunables,
		.tunables_present = space->present,
	};
}

const ControlNetns *namespaces_view(Namespaces *namespaces, size_t *ret_n)
{
	for (size_t i = 0; i < namespaces->n; i++)
		namespaces->views[i] = view(namespaces->spaces[i]);
	*ret_n = namespaces->n;
	return namespaces->views;
}
