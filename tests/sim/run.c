/* SPDX-License-Identifier: MIT */
#include "tests/sim/run.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"

#define SECOND_NS NSEC_PER_SEC
/* 2026-01-05, a Monday */
#define REALTIME_NS (UINT64_C(1767571200) * NSEC_PER_SEC)
/* As in daemon/cycle.c. */
#define ACTIONS_MAX (ENGINE_TRIALS_MAX + 1)

static void __attribute__((format(printf, 2, 3))) offend(Run *run, const char *format, ...)
{
	va_list arguments;

	if (run->offences++ > 0)
		return;
	va_start(arguments, format);
	(void)vsnprintf(run->offence, sizeof(run->offence), format, arguments);
	va_end(arguments);
}

double run_hours(const Run *run)
{
	return world_seconds(&run->world) / 3600;
}

/* --- reports --- */

static void note_decision(Run *run, const Change *change)
{
	RunTally *tally = &run->tally;
	uint64_t now_ns = run->world.now_ns;

	if (change->verdict == VERDICT_KEPT) {
		tally->kept++;
		tally->last_kept_ns = now_ns;
		tally->first_kept_ns = tally->first_kept_ns ? tally->first_kept_ns : now_ns;
	} else if (change->verdict == VERDICT_RESTORED) {
		tally->restored++;
		tally->last_restored_ns = now_ns;
	} else {
		tally->inconclusive++;
	}
	tally->pairs += change->trial.n_pairs;
	tally->trial_seconds += (double)(now_ns - change->proposed_ns) / (double)NSEC_PER_SEC;
}

static void on_report(const Change *change, const char *event, void *context)
{
	Run *run = context;
	char value[TUNABLE_WORD_MAX], address[ADDRESS_TEXT_MAX];

	if (text_equal(event, "trial-started")) {
		run->tally.started++;
		if (run->tally.first_start_ns == 0)
			run->tally.first_start_ns = run->world.now_ns;
	} else if (text_equal(event, "advised")) {
		run->tally.advised++;
	} else if (change->state == CHANGE_DECIDED) {
		note_decision(run, change);
	}
	if (!run->verbose || change->n_tunables == 0)
		return;
	printf("# %9.3f h  %s %s %u %s %s=%s: %s\n", run_hours(run),
	       address_format(&change->path, address), event, (unsigned)change->id,
	       change->controller, tunables[change->tunables[0].id].key,
	       tunable_format(&change->tunables[0].new_value, value, sizeof(value)),
	       change->reason);
	(void)fflush(stdout);
}

/* --- the actuator --- */

static bool is_foreign(const Run *run, TunableId id)
{
	return run->owners[id].foreign;
}

static void write_sysctl(Run *run, TunableId id, const TunableValue *value)
{
	RunOwner *owner = &run->owners[id];
	char text[TUNABLE_WORD_MAX];

	if (!owner->ours)
		owner->original = run->world.sysctls[id];
	world_set(&run->world, id, tunable_format(value, text, sizeof(text)));
	owner->expected = run->world.sysctls[id];
	owner->ours = true;
}

/* 0; 1: refused. */
static int apply_sysctl(Run *run, TunableId id, const TunableValue *value, bool restore)
{
	char reason[128];

	if (is_foreign(run, id)) {
		if (!restore)
			offend(run, "%s belongs to somebody else and was to be written",
			       tunables[id].key);
		return 1;
	}
	if (tunable_check(&tunables[id], value, reason, sizeof(reason)) < 0 && !restore) {
		offend(run, "%s: %s", tunables[id].key, reason);
		return -ERANGE;
	}
	write_sysctl(run, id, value);
	if (restore && tunable_equal(value, &run->owners[id].original))
		run->owners[id].ours = false;
	return 0;
}

/* As the actuator does: the path table is told which metrics are in force. */
static void tell_metrics(Run *run, SimPath *path)
{
	PathMetrics metrics = {
		.initcwnd = (uint16_t)sim_path_metric(path, TUNABLE_ROUTE_INITCWND)->numbers[0],
		.rto_min_ms = (uint16_t)sim_path_metric(path, TUNABLE_ROUTE_RTO_MIN)->numbers[0],
		.quickack = sim_path_metric(path, TUNABLE_ROUTE_QUICKACK)->numbers[0] != 0,
		.ecn = sim_path_metric(path, TUNABLE_ROUTE_ECN)->numbers[0] != 0,
	};

	(void)text_copy(metrics.congestion, sizeof(metrics.congestion),
			sim_path_metric(path, TUNABLE_ROUTE_CONGCTL)->words);
	/* No such path any more: nobody to tell. */
	(void)path_table_expect(run->table, &path->address, &metrics);
}

static int apply_route(Run *run, TunableId id, const Address *destination,
		       const TunableValue *value, bool restore)
{
	SimPath *path = world_find(&run->world, destination);

	if (!path) {
		offend(run, "%s for a destination that is none", tunables[id].key);
		return 1;
	}
	if (path->ineligible) {
		if (!restore && !tunable_is_unset(value))
			offend(run, "%s on a route that cannot carry it", tunables[id].key);
		return restore ? 0 : 1;
	}
	*sim_path_metric(path, id) = *value;
	tell_metrics(run, path);
	return 0;
}

static int perform(Run *run, const EngineAction *action)
{
	bool restore = action->kind == ENGINE_RESTORE;
	int result = 0;

	for (size_t i = 0; i < action->n_changes; i++) {
		TunableId id = action->changes[i].id;
		int r = tunable_is_route(id)
				? apply_route(run, id, &action->changes[i].path,
					      &action->changes[i].value, restore)
				: apply_sysctl(run, id, &action->changes[i].value, restore);

		result = r != 0 ? r : result;
	}
	return result;
}

static void execute(Run *run, const EngineAction *action)
{
	int r;

	if (action->kind == ENGINE_NOTHING)
		return;
	if (action->kind == ENGINE_SHADOW) { /* no endpoint of ours is anywhere */
		engine_done(run->engine, action, 1, "no probes", run->world.now_ns);
		return;
	}
	r = perform(run, action);
	run->switches++;
	world_sweep(&run->world, run->table);
	path_table_set_epoch(run->table, action->epoch);
	engine_done(run->engine, action, r, r ? "refused" : "", run->world.now_ns);
}

static void find_foreign(Run *run)
{
	World *world = &run->world;

	if (run->writes_seen == world->writes)
		return;
	run->writes_seen = world->writes;
	for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++) {
		RunOwner *owner = &run->owners[id];

		if (owner->foreign || tunable_equal(&owner->expected, &world->sysctls[id]))
			continue;
		owner->foreign = true;
		owner->ours = false;
		run->foreign_found++;
		engine_foreign(run->engine, id, world->now_ns, REALTIME_NS + world->now_ns);
	}
}

/* --- the snapshot --- */

static bool route_of(const void *context, const Address *destination, PolicyRoute *ret)
{
	const Run *run = context;
	SimPath *path = world_find((World *)&run->world, destination);

	if (!path)
		return false;
	*ret = (PolicyRoute){.eligible = !path->ineligible, .link_index = path->link_index};
	if (path->ineligible)
		(void)text_copy(ret->reason, sizeof(ret->reason), "it leaves by a tunnel");
	memcpy(ret->metrics, path->metrics, sizeof(ret->metrics));
	return true;
}

static void take_snapshot(Run *run, Snapshot *ret)
{
	World *world = &run->world;

	*ret = (Snapshot){.now_ns = world->now_ns,
			  .realtime_ns = REALTIME_NS + world->now_ns,
			  .paths = run->table,
			  .route = route_of,
			  .route_context = run,
			  .congestion_available = "reno cubic bbr",
			  .memory_total_bytes = UINT64_C(16) << 30,
			  .tcp_memory_bytes = (uint64_t)world_memory_bytes(world),
			  .tcp_pressure_bytes = world->pressure_bytes,
			  .memory_pressures = world->pressures - run->pressures_told};
	run->pressures_told = world->pressures;
	for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++) {
		const RunOwner *owner = &run->owners[id];

		ret->tunables[id] = (PolicyTunable){.present = true,
						    .writable = true,
						    .foreign = owner->foreign,
						    .current = world->sysctls[id],
						    .original = owner->ours ? owner->original
									    : world->sysctls[id]};
	}
}

/* --- the loop --- */

static void pin(Run *run)
{
	const Change *trials[ENGINE_TRIALS_MAX];
	Address addresses[ENGINE_TRIALS_MAX];
	size_t n = engine_trials(run->engine, trials);

	if (n > ENGINE_TRIALS_MAX) {
		offend(run, "%zu trials at once", n);
		n = ENGINE_TRIALS_MAX;
	}
	for (size_t i = 0; i < n; i++)
		addresses[i] = trials[i]->path;
	for (size_t i = 1; i < n; i++)
		if (address_equal(&addresses[0], &addresses[i]))
			offend(run, "two trials of one destination");
	path_table_pin(run->table, addresses, n);
}

static bool in_force(Run *run, const Change *change)
{
	const ChangeTunable *tunable = &change->tunables[0];
	SimPath *path = world_find(&run->world, &change->path);

	if (!tunable_is_route(tunable->id))
		return tunable_equal(&run->world.sysctls[tunable->id], &tunable->new_value);
	return path && tunable_equal(sim_path_metric(path, tunable->id), &tunable->new_value);
}

static bool has_change(const Run *run, TunableId id, const Address *path)
{
	for (size_t i = 0; i < engine_change_count(run->engine); i++) {
		const Change *change = engine_change_at(run->engine, i);

		if (!address_equal(&change->path, path) ||
		    (!change->in_force && change->state != CHANGE_TRIAL))
			continue;
		for (size_t t = 0; t < change->n_tunables; t++)
			if (change->tunables[t].id == id)
				return true;
	}
	return false;
}

/* The time in which a setting is in force whose worth is not known. */
static void count_exposure(Run *run, uint64_t ns)
{
	const Change *trials[ENGINE_TRIALS_MAX];
	size_t n = engine_trials(run->engine, trials);

	for (size_t i = 0; i < n; i++)
		if (in_force(run, trials[i]))
			run->tally.new_arm_seconds += (double)ns / (double)NSEC_PER_SEC;
}

/* A metric of ours stands where a change of it is in trial or in force, and nowhere else. Once an
 * hour: it looks at all paths. */
static void check_routes(Run *run)
{
	World *world = &run->world;

	if (world->now_ns < run->check_ns)
		return;
	run->check_ns = world->now_ns + NSEC_PER_HOUR;
	for (size_t i = 0; i < world->n_paths; i++)
		for (TunableId id = _TUNABLE_SYSCTLS; id < _TUNABLES; id++)
			if (!tunable_is_unset(sim_path_metric(&world->paths[i], id)) &&
			    !has_change(run, id, &world->paths[i].address))
				offend(run, "%.1f h: %s of path %zu belongs to no change",
				       run_hours(run), tunables[id].key, i);
}

static bool decide(Run *run)
{
	Snapshot snapshot;
	EngineAction action;
	bool acted = false;

	for (unsigned i = 0; i < ACTIONS_MAX; i++) {
		take_snapshot(run, &snapshot);
		engine_step(run->engine, &snapshot, &action);
		if (action.kind == ENGINE_NOTHING)
			break;
		acted = true;
		execute(run, &action);
	}
	return acted;
}

static void step(Run *run, uint64_t end_ns)
{
	World *world = &run->world;
	bool acted;
	uint64_t wanted_ns;

	if (run->hook)
		run->hook(run, run->hook_context);
	world_sweep(world, run->table);
	find_foreign(run);
	acted = decide(run);
	pin(run);
	check_routes(run);
	run->steps++;
	wanted_ns =
		acted || engine_next_ns(run->engine) != UINT64_MAX ? SECOND_NS : run->interval_ns;
	wanted_ns = MIN(wanted_ns, end_ns - world->now_ns);
	count_exposure(run, wanted_ns);
	world_advance(world, world->now_ns + wanted_ns);
}

void run_for(Run *run, double seconds)
{
	uint64_t end_ns = run->world.now_ns + (uint64_t)(seconds * (double)NSEC_PER_SEC);

	while (run->world.now_ns < end_ns)
		step(run, end_ns);
}

bool run_until_decided(Run *run, double seconds)
{
	uint64_t end_ns = run->world.now_ns + (uint64_t)(seconds * (double)NSEC_PER_SEC);
	const RunTally *tally = &run->tally;
	unsigned before = tally->kept + tally->restored + tally->inconclusive;

	while (run->world.now_ns < end_ns) {
		step(run, end_ns);
		if (tally->kept + tally->restored + tally->inconclusive != before)
			return true;
	}
	return false;
}

/* The actuator deletes our route; true if there was one. */
static bool drop_route(Run *run, SimPath *path)
{
	bool had = false;

	for (TunableId id = _TUNABLE_SYSCTLS; id < _TUNABLES; id++) {
		had |= !tunable_is_unset(sim_path_metric(path, id));
		*sim_path_metric(path, id) = tunable_unset(id);
	}
	if (had)
		tell_metrics(run, path);
	return had;
}

static void check_restored(Run *run)
{
	for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++)
		if (!is_foreign(run, id) && run->owners[id].ours)
			offend(run, "%s was left behind", tunables[id].key);
	for (size_t i = 0; i < engine_change_count(run->engine); i++)
		if (engine_change_at(run->engine, i)->in_force)
			offend(run, "change %u is in force after the stop",
			       (unsigned)engine_change_at(run->engine, i)->id);
}

void run_stop(Run *run)
{
	uint64_t now_ns = run->world.now_ns, realtime_ns = REALTIME_NS + now_ns;
	EngineAction action;

	for (unsigned i = 0; i < ENGINE_TRIALS_MAX; i++) {
		if (!engine_abort(run->engine, "the daemon stops", now_ns, realtime_ns, &action))
			break;
		execute(run, &action);
	}
	if (engine_revert(run->engine, 0, now_ns, realtime_ns, &action) >= 0)
		execute(run, &action);
	for (size_t i = 0; i < run->world.n_paths; i++)
		(void)drop_route(run, &run->world.paths[i]);
	check_restored(run);
}

static void lose_route(Run *run, SimPath *path, const char *reason)
{
	uint64_t now_ns = run->world.now_ns;

	if (drop_route(run, path))
		engine_route_lost(run->engine, &path->address, reason, now_ns,
				  REALTIME_NS + now_ns);
}

void run_gateway_change(Run *run, int link_index)
{
	for (size_t i = 0; i < run->world.n_paths; i++) {
		run->world.paths[i].link_index = link_index;
		lose_route(run, &run->world.paths[i], "its gateway changed");
	}
}

void run_foreign_route(Run *run, size_t i)
{
	run->world.paths[i].ineligible = true;
	lose_route(run, &run->world.paths[i], "somebody else has a route to it");
}

/* --- life of a run --- */

void run_init(Run *run, size_t n_paths, uint64_t seed)
{
	*run = (Run){.seed = seed,
		     .engine_state = ~seed,
		     .interval_ns = RUN_INTERVAL_NS,
		     .config = {.mode = POLICY_AUTO,
				.objective = POLICY_BALANCED,
				.per_destination = true,
				.exploration_permille = 100,
				.memory_budget_permille = 500}};
	world_init(&run->world, n_paths, seed);
}

void run_start(Run *run)
{
	EngineParams params = {.config = run->config,
			       .random = random_seeded(&run->engine_state),
			       .report = on_report,
			       .context = run};

	/* A table for few is made and emptied sooner. */
	bool few = run->world.n_paths < 64;

	if (path_table_new(few ? 128 : PATH_TABLE_CAPACITY, few ? 1024 : FLOW_TABLE_CAPACITY,
			   &run->table) < 0 ||
	    engine_new(&params, &run->engine) < 0)
		abort();
	path_table_set_observer(run->table, engine_observe, run->engine);
	for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++)
		run->owners[id].original = run->owners[id].expected = run->world.sysctls[id];
	world_start(&run->world);
}

void run_clear(Run *run)
{
	path_table_free(run->table);
	engine_free(run->engine);
	world_clear(&run->world);
}

const Change *run_last_change(const Run *run, const char *controller)
{
	for (size_t i = 0; i < engine_change_count(run->engine); i++) {
		const Change *change = engine_change_at(run->engine, i);

		if (text_equal(change->controller, controller))
			return change;
	}
	return NULL;
}

const char *run_congestion(Run *run, size_t path)
{
	const char *route = sim_path_metric(&run->world.paths[path], TUNABLE_ROUTE_CONGCTL)->words;

	return *route ? route : run->world.congestion;
}

double run_bytes(const Run *run)
{
	double sum = 0;

	for (size_t i = 0; i < run->world.n_paths; i++)
		sum += run->world.paths[i].bytes;
	return sum;
}
