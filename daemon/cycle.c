/* SPDX-License-Identifier: MIT */
/*
 * The order within a step matters and is always the same:
 *
 *   destroy events, sweep → tunables and routes (foreign changes) → snapshot → engine → action
 *
 * Executing an action is: write, then sweep again, then raise the epoch. So every flow that was
 * born before or during the write carries the old label, and only those surely born after it the
 * new.
 */
#include "daemon/cycle.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/text.h"

#define PERIOD_MIN_NS NSEC_PER_SEC
/* Moving less than this between two sweeps is not bulk. */
#define BUSY_BYTES   PATH_BULK_BYTES
#define LOG_INTERVAL (10 * NSEC_PER_MIN)
/* Of one step: each costs a sweep. */
#define ACTIONS_MAX (ENGINE_TRIALS_MAX + 1)

struct Cycle {
	CycleParams params;
	Diag *diag;
	int destroy_fd;
	LoopWatch *destroy_watch;
	LoopTimer *timer;
	PathCaps caps;    /* of the sweep under way */
	uint64_t read_ns; /* one time for all samples of a reading: asking for it costs a part of it
			   */
	char congestion[TUNABLE_WORD_MAX], past_congestion[TUNABLE_WORD_MAX];
	Counters counters, first_counters;
	bool has_counters;
	bool destroy_lost; /* since the last snapshot */
	uint64_t foreign;  /* bit per TunableId, to be told to the engine */
	bool bulk_died;    /* a bulk flow ended: somebody is busy between two sweeps */
	Budget budget;
	unsigned slices; /* of the next sweep; 1: it sees every socket */
	unsigned slice;  /* whose turn it is */
	CycleStats stats;
	LogLimit incomplete_limit;
	Address expected[ROUTES_MAX]; /* whose paths know of metrics of ours */
	size_t n_expected;
	Sense sense;
	bool sensed; /* in this step */
};

static void on_sample(const FlowSample *sample, void *context)
{
	Cycle *cycle = context;

	path_table_add(cycle->params.paths, sample, &cycle->caps, cycle->read_ns);
	census_add(&cycle->sense.census, sample, &cycle->caps, cycle->read_ns);
}

static void on_destroyed(const FlowSample *sample, void *context)
{
	Cycle *cycle = context;

	if (tcp_info_get(&sample->info, bytes_acked, 0) >= PATH_BULK_BYTES ||
	    tcp_info_get(&sample->info, bytes_received, 0) >= PATH_BULK_BYTES)
		cycle->bulk_died = true;
	on_sample(sample, context);
}

static void read_destroyed(Cycle *cycle)
{
	bool lost = false;
	int r;

	cycle->read_ns = clock_monotonic_ns(&cycle->params.clock);
	r = diag_destroy_read(cycle->diag, on_destroyed, cycle, &lost);

	if (r < 0 || lost) {
		cycle->destroy_lost = true;
		cycle->stats.destroy_lost++;
	}
}

/* Destroy events wake the loop; they are only read here, in batches, unless bulk data moved. */
static void on_destroy_readable(void *context)
{
	Cycle *cycle = context;

	read_destroyed(cycle);
	if (cycle->bulk_died && cycle->stats.period_ns > PERIOD_MIN_NS)
		cycle_poke(cycle);
}

static void take_caps(Cycle *cycle)
{
	const TunableState *wmem = registry_get(cycle->params.registry, TUNABLE_TCP_WMEM);
	const TunableState *rmem = registry_get(cycle->params.registry, TUNABLE_TCP_RMEM);
	const TunableState *congestion =
		registry_get(cycle->params.registry, TUNABLE_TCP_CONGESTION_CONTROL);

	if (congestion->present && cycle->congestion[0] &&
	    !text_equal(cycle->congestion, congestion->current.words))
		(void)text_copy(cycle->past_congestion, sizeof(cycle->past_congestion),
				cycle->congestion);
	(void)text_copy(cycle->congestion, sizeof(cycle->congestion),
			congestion->present ? congestion->current.words : "");
	cycle->caps = (PathCaps){
		.wmem_max_bytes = wmem->present ? (uint64_t)wmem->current.numbers[2] : 0,
		.rmem_max_bytes = rmem->present ? (uint64_t)rmem->current.numbers[2] : 0,
		.congestion = cycle->congestion,
		.past_congestion = cycle->past_congestion[0] ? cycle->past_congestion : NULL,
	};
}

static void note_incomplete(Cycle *cycle, uint64_t now_ns, const char *why)
{
	uint64_t suppressed;

	cycle->stats.incomplete++;
	if (log_limit(&cycle->incomplete_limit, now_ns, 1, LOG_INTERVAL, &suppressed))
		log_warning("reading the kernel's TCP sockets was incomplete: %s", why);
}

/* The paths that trials under way are about; returns how many. */
static size_t paths_on_trial(const Cycle *cycle, const Path *ret_paths[ENGINE_TRIALS_MAX])
{
	const Change *trials[ENGINE_TRIALS_MAX];
	size_t n = engine_trials(cycle->params.engine, trials), found = 0;

	for (size_t i = 0; i < n; i++) {
		const Path *path = trials[i]->path.family != 0
					   ? path_table_find(cycle->params.paths, &trials[i]->path)
					   : NULL;

		if (path)
			ret_paths[found++] = path;
	}
	return found;
}

/* The paths on trial are seen in every sweep, also of those that see only a part. */
static DiagFilter filter_of(const Cycle *cycle, unsigned slices,
			    DiagPrefix prefixes[ENGINE_TRIALS_MAX])
{
	const Path *paths[ENGINE_TRIALS_MAX];
	size_t n = slices > 1 ? paths_on_trial(cycle, paths) : 0;

	for (size_t i = 0; i < n; i++)
		prefixes[i] = (DiagPrefix){paths[i]->address, paths[i]->prefix_length};
	return (DiagFilter){.slices = slices,
			    .slice = slices > 1 ? cycle->slice % slices : 0,
			    .prefixes = prefixes,
			    .n_prefixes = n};
}

static PathMetrics metrics_of(const RouteState *route)
{
	const RouteMetrics *ours = &route->own.metrics;
	PathMetrics metrics = {.initcwnd = (uint16_t)ours->initcwnd,
			       .rto_min_ms = (uint16_t)ours->rto_min_ms,
			       .quickack = ours->quickack,
			       .ecn = ours->ecn};

	(void)text_copy(metrics.congestion, sizeof(metrics.congestion), ours->congctl);
	return metrics;
}

/* Tells the paths what their routes give their connections, and those that had something before
 * that they have it no more. */
static void expect_metrics(Cycle *cycle)
{
	const Routes *routes = hands_routes(cycle->params.hands);
	size_t n = routes ? routes_count(routes) : 0;

	for (size_t i = 0; i < cycle->n_expected; i++)
		if (!routes_get(routes, &cycle->expected[i]))
			(void)path_table_expect(cycle->params.paths, &cycle->expected[i], NULL);
	for (size_t i = 0; i < n; i++) {
		const RouteState *route = routes_at(routes, i);
		PathMetrics metrics = metrics_of(route);

		/* A path that is not there has no flows to be mistaken. */
		(void)path_table_expect(cycle->params.paths, &route->own.destination, &metrics);
		cycle->expected[i] = route->own.destination;
	}
	cycle->n_expected = n;
}

/* What is on trial, or has a route of ours, keeps a path of its own. */
static void pin_paths(Cycle *cycle)
{
	const Path *paths[ENGINE_TRIALS_MAX];
	Address pinned[ENGINE_TRIALS_MAX + ROUTES_MAX];
	const Routes *routes = hands_routes(cycle->params.hands);
	size_t n = paths_on_trial(cycle, paths), n_routes = routes ? routes_count(routes) : 0;

	for (size_t i = 0; i < n; i++)
		pinned[i] = paths[i]->address;
	for (size_t i = 0; i < n_routes; i++)
		pinned[n++] = routes_at(routes, i)->own.destination;
	path_table_pin(cycle->params.paths, pinned, n);
	expect_metrics(cycle);
}

static void count_sweep(Cycle *cycle, uint64_t begin_ns, uint64_t end_ns, uint64_t cpu_ns,
			unsigned slices)
{
	budget_account(&cycle->budget, end_ns, cpu_ns, slices, cycle->stats.sockets);
	cycle->stats.sweeps++;
	cycle->stats.at_ns = end_ns;
	cycle->stats.duration_ns = end_ns - begin_ns;
	cycle->stats.cpu_ns = cpu_ns;
	cycle->stats.slices = slices;
}

/* `slices` 1: sees every socket. */
static void sweep(Cycle *cycle, unsigned slices)
{
	uint64_t begin_ns = clock_monotonic_ns(&cycle->params.clock), end_ns;
	uint64_t cpu_ns = clock_cpu_ns();
	DiagPrefix prefixes[ENGINE_TRIALS_MAX];
	DiagFilter filter = filter_of(cycle, slices, prefixes);
	DiagStats stats = {0};
	int r;

	take_caps(cycle);
	path_table_set_slices(cycle->params.paths, slices);
	path_table_sweep_begin(cycle->params.paths, begin_ns);
	read_destroyed(cycle);
	census_begin(&cycle->sense.census, slices);
	r = diag_dump_filtered(cycle->diag, DIAG_STATES_FLOWS, &filter, on_sample, cycle, &stats);
	read_destroyed(
		cycle); /* who died meanwhile was born before: still under the present epoch */
	end_ns = clock_monotonic_ns(&cycle->params.clock);
	path_table_sweep_end(cycle->params.paths, end_ns, r >= 0 && !stats.incomplete);
	census_end(&cycle->sense.census, end_ns);
	if (r < 0 || stats.incomplete)
		note_incomplete(cycle, end_ns, r < 0 ? strerror(-r) : "it kept changing");
	cycle->stats.sockets = stats.sockets;
	count_sweep(cycle, begin_ns, end_ns, clock_cpu_ns() - cpu_ns, slices);
}

static uint64_t delta(const Cycle *cycle, const Counters *now, Counter counter)
{
	uint64_t value;

	return cycle->has_counters && counters_delta(&cycle->counters, now, counter, &value) ? value
											     : 0;
}

static void take_counters(Cycle *cycle, Snapshot *snapshot)
{
	Counters now = {0};

	if (counters_read(&now) < 0)
		return;
	if (!cycle->has_counters)
		cycle->first_counters = now;
	snapshot->memory_pressures = delta(cycle, &now, COUNTER_TCP_MEMORY_PRESSURES);
	if (!counters_delta(&cycle->first_counters, &now, COUNTER_FASTOPEN_COOKIE_REQD,
			    &snapshot->fastopen_cookie_requests))
		snapshot->fastopen_cookie_requests = 0;
	cycle->counters = now;
	cycle->has_counters = true;
}

static bool route_of(const void *context, const Address *destination, PolicyRoute *ret)
{
	const Cycle *cycle = context;

	if (!hands_route(cycle->params.hands, destination, ret))
		return false;
	ret->probed =
		cycle->params.probed && cycle->params.probed(cycle->params.context, destination);
	return true;
}

/* Once in a step, however often the engine is asked. */
static void take_host(Cycle *cycle, const HostMemory *memory, Snapshot *snapshot)
{
	const TunableState *ports =
		registry_get(cycle->params.registry, TUNABLE_IP_LOCAL_PORT_RANGE);
	SenseInput input = {
		.counters = cycle_counters(cycle),
		.memory = memory,
		.diag = cycle->diag,
		.sysctl = &cycle->params.sysctl,
		.clock = &cycle->params.clock,
		.local_ports = ports->present ? (uint64_t)(ports->current.numbers[1] -
							   ports->current.numbers[0] + 1)
					      : 0,
	};

	if (!cycle->sensed)
		sense_step(&cycle->sense, &input);
	cycle->sensed = true;
	snapshot->host = &cycle->sense.windows;
	snapshot->census = &cycle->sense.census;
	snapshot->settings = &cycle->sense.settings;
	snapshot->page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
}

static void take_snapshot(Cycle *cycle, Snapshot *ret)
{
	HostMemory memory = {0};

	*ret = (Snapshot){.now_ns = clock_monotonic_ns(&cycle->params.clock),
			  .realtime_ns = clock_realtime_ns(&cycle->params.clock),
			  .paths = cycle->params.paths,
			  .route = hands_routes(cycle->params.hands) ? route_of : NULL,
			  .route_context = cycle,
			  .destroyed_lost = cycle->destroy_lost};
	cycle->destroy_lost = false;
	for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++) {
		const TunableState *state = registry_get(cycle->params.registry, id);

		ret->tunables[id] = (PolicyTunable){.present = state->present,
						    .writable = state->writable,
						    .foreign = state->owner == OWNER_FOREIGN,
						    .administered = cycle->params.administered[id],
						    .current = state->current,
						    .original = state->original};
	}
	if (sysctl_read(&cycle->params.sysctl, "net.ipv4.tcp_available_congestion_control",
			ret->congestion_available, sizeof(ret->congestion_available)) < 0)
		ret->congestion_available[0] = '\0';
	/* Without it the budget is 0, and nothing grows. */
	if (host_memory_read(&memory) < 0)
		memory = (HostMemory){0};
	ret->memory_total_bytes = memory.total_bytes;
	ret->tcp_memory_bytes = memory.tcp_bytes;
	ret->tcp_pressure_bytes = memory.tcp_pressure_bytes;
	take_counters(cycle, ret);
	take_host(cycle, &memory, ret);
}

void cycle_look(Cycle *cycle, Snapshot *ret)
{
	Counters counters = cycle->counters;
	bool has_counters = cycle->has_counters, destroy_lost = cycle->destroy_lost;

	take_snapshot(cycle, ret);
	cycle->counters = counters;
	cycle->has_counters = has_counters;
	cycle->destroy_lost = destroy_lost;
}

static void tell_foreign(Cycle *cycle)
{
	uint64_t foreign = cycle->foreign;
	HandsLost lost;

	while (hands_take_lost(cycle->params.hands, &lost))
		engine_route_lost(cycle->params.engine, &lost.destination, lost.reason,
				  clock_monotonic_ns(&cycle->params.clock),
				  clock_realtime_ns(&cycle->params.clock));
	cycle->foreign = 0;
	for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++)
		if (foreign & (UINT64_C(1) << id))
			engine_foreign(cycle->params.engine, id,
				       clock_monotonic_ns(&cycle->params.clock),
				       clock_realtime_ns(&cycle->params.clock));
}

void cycle_foreign(Cycle *cycle, TunableId id)
{
	cycle->foreign |= UINT64_C(1) << id;
}

/* Nobody else's connections feel it, so nothing is to be swept or labelled. */
static int execute_shadow(Cycle *cycle, const EngineAction *action)
{
	char reason[256] = "";
	int r = cycle->params.shadow ? cycle->params.shadow(cycle->params.context, action, reason,
							    sizeof(reason))
				     : -EOPNOTSUPP;

	engine_done(cycle->params.engine, action, r, reason,
		    clock_monotonic_ns(&cycle->params.clock));
	return r;
}

void cycle_shadowed(Cycle *cycle, uint64_t change_id, const char *harm)
{
	EngineAction action;

	engine_shadow_result(cycle->params.engine, change_id, harm,
			     clock_monotonic_ns(&cycle->params.clock),
			     clock_realtime_ns(&cycle->params.clock), &action);
	(void)cycle_execute(cycle, &action); /* the engine was told */
	cycle_poke(cycle);
}

int cycle_execute(Cycle *cycle, const EngineAction *action)
{
	char reason[256] = "";
	int r;

	if (action->kind == ENGINE_NOTHING)
		return 0;
	if (action->kind == ENGINE_SHADOW)
		return execute_shadow(cycle, action);

	r = hands_perform(cycle->params.hands, action, reason, sizeof(reason));
	sweep(cycle, 1); /* whoever was born before must carry the old label */
	path_table_set_epoch(cycle->params.paths, action->epoch);
	expect_metrics(cycle);
	engine_done(cycle->params.engine, action, r, reason,
		    clock_monotonic_ns(&cycle->params.clock));
	tell_foreign(cycle);
	return r;
}

/* acted: the engine does one thing at a time, and may have waited with the next. A bulk flow that
 * lived and died between two sweeps counts as busy, or repeated transfers shorter than the period
 * would never be seen alive. */
static uint64_t next_delay(Cycle *cycle, bool acted)
{
	bool busy = acted || cycle->bulk_died ||
		    path_table_last_sweep_bytes(cycle->params.paths) >= BUSY_BYTES ||
		    engine_next_ns(cycle->params.engine) != UINT64_MAX;
	uint64_t wanted = busy ? PERIOD_MIN_NS : 2 * cycle->stats.period_ns;

	cycle->bulk_died = false;
	return MAX(wanted, PERIOD_MIN_NS);
}

static void plan(Cycle *cycle, bool acted)
{
	BudgetPlan next =
		budget_plan(&cycle->budget, next_delay(cycle, acted), cycle->params.interval_ns);

	if (next.slices != cycle->slices)
		log_info(
			next.slices > 1
				? "too many sockets for CpuBudget=: each look sees one of %u parts "
				  "of them"
				: "each look sees all sockets again (parts: %u)",
			next.slices);
	cycle->slices = next.slices;
	cycle->slice++;
	cycle->stats.period_ns = next.period_ns;
	cycle->stats.used_ppm =
		budget_used_ppm(&cycle->budget, clock_monotonic_ns(&cycle->params.clock));
}

/* Asks the engine until it has nothing more to do, but for so many actions: each trial may have
 * one, and then what was decided makes place for the next. True if there was any. */
static bool decide(Cycle *cycle)
{
	Snapshot snapshot;
	EngineAction action;
	bool acted = false;

	for (unsigned i = 0; i < ACTIONS_MAX; i++) {
		take_snapshot(cycle, &snapshot);
		engine_step(cycle->params.engine, &snapshot, &action);
		if (action.kind == ENGINE_NOTHING)
			break;
		acted = true;
		(void)cycle_execute(cycle,
				    &action); /* the engine was told, the registry reported */
	}
	return acted;
}

int cycle_trial_aa(Cycle *cycle, const Address *path, unsigned pairs, char *reason, size_t size)
{
	Snapshot snapshot;
	EngineAction action;
	int r;

	cycle_look(cycle, &snapshot);
	r = engine_trial_aa(cycle->params.engine, &snapshot, path, pairs, &action, reason, size);
	if (r == 0 && action.kind != ENGINE_NOTHING)
		(void)cycle_execute(cycle, &action); /* the engine was told */
	cycle_poke(cycle);
	return r;
}

static void on_timer(void *context)
{
	Cycle *cycle = context;
	uint64_t since_ns = clock_monotonic_ns(&cycle->params.clock);
	bool acted;
	int r;

	sweep(cycle, cycle->slices);
	r = hands_verify(cycle->params.hands);
	if (r < 0)
		log_debug("reading the tunables and routes: %s", strerror(-r));
	tell_foreign(cycle);
	cycle->sensed = false;
	acted = decide(cycle);
	pin_paths(cycle);
	if (cycle->params.stepped)
		cycle->params.stepped(cycle->params.context, since_ns);
	plan(cycle, acted);
	r = loop_timer_set(cycle->timer, cycle->stats.period_ns);
	if (r < 0)
		log_error("cannot schedule the next sweep: %s", strerror(-r));
}

void cycle_poke(Cycle *cycle)
{
	if (loop_timer_set(cycle->timer, 0) < 0)
		log_debug("cannot bring the next sweep forward");
}

int cycle_new(const CycleParams *params, Cycle **ret_cycle)
{
	Cycle *cycle = calloc(1, sizeof(*cycle));
	int r;

	if (!cycle)
		return -ENOMEM;

	cycle->params = *params;
	cycle->destroy_fd = -1;
	cycle->stats.period_ns = PERIOD_MIN_NS;
	cycle->slices = cycle->stats.slices = 1;
	budget_init(&cycle->budget, params->cpu_budget_ppm, clock_monotonic_ns(&params->clock));
	r = diag_new(&cycle->diag);
	if (r >= 0)
		r = diag_destroy_listen(cycle->diag, &cycle->destroy_fd);
	if (r >= 0)
		r = loop_watch_new(params->loop, cycle->destroy_fd, on_destroy_readable, cycle,
				   &cycle->destroy_watch);
	if (r >= 0)
		r = loop_timer_new(params->loop, on_timer, cycle, &cycle->timer);
	if (r >= 0)
		r = loop_timer_set(cycle->timer, 0);
	if (r < 0) {
		cycle_free(cycle);
		return r;
	}

	path_table_set_observer(params->paths, engine_observe, params->engine);
	*ret_cycle = cycle;
	return 0;
}

void cycle_free(Cycle *cycle)
{
	if (!cycle)
		return;

	path_table_set_observer(cycle->params.paths, NULL, NULL);
	loop_timer_free(cycle->timer);
	loop_watch_free(cycle->destroy_watch);
	diag_free(cycle->diag);
	free(cycle);
}

void cycle_set_interval(Cycle *cycle, uint64_t interval_ns, uint64_t cpu_budget_ppm)
{
	cycle->params.interval_ns = interval_ns;
	cycle->budget.ppm = cpu_budget_ppm;
	cycle_poke(cycle);
}

CycleStats cycle_stats(const Cycle *cycle)
{
	return cycle->stats;
}

const Sense *cycle_sense(const Cycle *cycle)
{
	return &cycle->sense;
}

const Counters *cycle_counters(const Cycle *cycle)
{
	return cycle->has_counters ? &cycle->counters : NULL;
}

int cycle_dump(Cycle *cycle, uint32_t states, DiagCallback each, void *context)
{
	DiagStats stats;

	return diag_dump(cycle->diag, states, each, context, &stats);
}
