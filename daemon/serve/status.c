/* SPDX-License-Identifier: MIT */
/*
 * Health is "degraded" when something the user configured does not work: an endpoint that is down,
 * does not resolve or misses its target; tuning asked for but impossible; a reload that was
 * refused; a kernel that is no longer read. A value somebody else changed is not ill health: it is
 * theirs, and only counted.
 */
#include "daemon/serve/status.h"

#include <inttypes.h>
#include <unistd.h>

#include "common/base.h"
#include "daemon/serve/slowest.h"
#include "daemon/serve/views.h"
#include "netopt-build.h"

/* A sweep is missed, not merely late, after this many periods and a grace for short ones. */
#define SWEEP_STALE_PERIODS 3
#define SWEEP_STALE_GRACE   (10 * NSEC_PER_SEC)

typedef struct EndpointCounts {
	size_t up, down, unresolved, pending, missed;
} EndpointCounts;

static EndpointCounts count_endpoints(const ControlView *view)
{
	EndpointCounts counts = {.up = 0};

	for (size_t i = 0; i < view->n_endpoints; i++) {
		switch (endpoint_state(view->endpoints[i])) {
		case ENDPOINT_UP:
			counts.up++;
			break;
		case ENDPOINT_DOWN:
			counts.down++;
			break;
		case ENDPOINT_UNRESOLVED:
			counts.unresolved++;
			break;
		case ENDPOINT_PENDING:
			counts.pending++;
			break;
		}
		if (endpoint_slo(view->endpoints[i], view->now_ns) == ENDPOINT_SLO_MISSED)
			counts.missed++;
	}
	return counts;
}

static bool sweep_is_stale(const ControlView *view)
{
	uint64_t since = view->sweep_last_ns ? view->sweep_last_ns : view->started_ns;

	return view->now_ns >
	       since + SWEEP_STALE_PERIODS * view->sweep_period_ns + SWEEP_STALE_GRACE;
}

static void add_counted(Json *reasons, size_t n, const char *one, const char *many)
{
	char text[96];

	if (n == 0)
		return;
	(void)text_format(text, sizeof(text), "%zu %s", n, n == 1 ? one : many);
	json_append_string(reasons, text);
}

static void set_health(Json *status, const ControlView *view, const EndpointCounts *counts)
{
	Json *reasons = json_new_array();

	add_counted(reasons, counts->down, "endpoint is down", "endpoints are down");
	add_counted(reasons, counts->unresolved, "endpoint does not resolve",
		    "endpoints do not resolve");
	add_counted(reasons, counts->missed, "endpoint misses its target",
		    "endpoints miss their target");
	if (!view->tuning_possible && view->config->mode == CONFIG_MODE_AUTO && !view->dry_run)
		json_append_string(reasons, "tuning is configured but not possible");
	if (*view->last_reload_error)
		json_append_string(reasons, "the last reload was refused, the configuration "
					    "of before is in use");
	if (sweep_is_stale(view))
		json_append_string(reasons, "the kernel's TCP state is not being read");
	json_set_string(status, "health", json_length(reasons) == 0 ? "ok" : "degraded");
	json_set(status, "healthReasons", reasons);
}

void status_set_health(Json *json, const ControlView *view)
{
	EndpointCounts counts = count_endpoints(view);

	set_health(json, view, &counts);
}

static void set_tuning(Json *status, const ControlView *view)
{
	Json *tuning = json_new_object();

	json_set_bool(tuning, "possible", view->tuning_possible);
	view_set_text(tuning, "reason", view->tuning_reason);
	json_set(status, "tuning", tuning);
}

static void set_endpoints(Json *status, const ControlView *view, const EndpointCounts *counts)
{
	json_set_uint(status, "endpointsTotal", view->n_endpoints);
	json_set_uint(status, "endpointsUp", counts->up);
	json_set_uint(status, "endpointsDown", counts->down);
	json_set_uint(status, "endpointsUnresolved", counts->unresolved);
	json_set_uint(status, "endpointsPending", counts->pending);
}

static void set_changes(Json *status, const Engine *engine)
{
	uint64_t by_verdict[VERDICT_INCONCLUSIVE + 1] = {0}, in_force = 0, advised = 0;
	size_t n = engine_change_count(engine);

	for (size_t i = 0; i < n; i++) {
		const Change *change = engine_change_at(engine, i);

		by_verdict[change->verdict]++;
		in_force += change->in_force;
		advised += change->state == CHANGE_ADVISED;
	}
	json_set_uint(status, "changesTotal", n);
	json_set_uint(status, "changesInForce", in_force);
	json_set_uint(status, "changesKept", by_verdict[VERDICT_KEPT]);
	json_set_uint(status, "changesRestored", by_verdict[VERDICT_RESTORED]);
	json_set_uint(status, "changesInconclusive", by_verdict[VERDICT_INCONCLUSIVE]);
	json_set_uint(status, "changesAdvised", advised);
}

static void set_foreign(Json *status, const Registry *registry)
{
	uint64_t foreign = 0;

	for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++)
		foreign += registry_get(registry, id)->owner == OWNER_FOREIGN;
	json_set_uint(status, "tunablesForeign", foreign);
}

static Json *view_running(const Change *change)
{
	Json *running = json_new_object();

	json_set_uint(running, "changeId", change->id);
	json_set_string(running, "controller", change->controller);
	view_set_address(running, "path", &change->path);
	json_set_string(running, "phase", change->trial.phase);
	return running;
}

static void set_trials(Json *status, const Engine *engine)
{
	const Change *changes[ENGINE_TRIALS_MAX];
	const Change *first = engine_running(engine);
	size_t n = engine_trials(engine, changes);
	Json *trials = json_new_array();

	for (size_t i = 0; i < n; i++)
		json_append(trials, view_running(changes[i]));
	json_set(status, "running", first ? view_running(first) : NULL);
	json_set(status, "trials", trials);
}

static void set_sweep_cost(Json *sweep, const ControlView *view)
{
	json_set_uint(sweep, "cpuUsec", view->sweep_cpu_ns / NSEC_PER_USEC);
	json_set_uint(sweep, "cpuBudgetPpm", view->cpu_budget_ppm);
	json_set_uint(sweep, "cpuUsedPpm", view->cpu_used_ppm);
	json_set_uint(sweep, "slices", MAX(view->sweep_slices, 1U));
	view_set_text(sweep, "reason", view->sweep_reason);
}

static void set_sweep(Json *status, const ControlView *view)
{
	Json *sweep = json_new_object();

	json_set_uint(status, "paths", path_table_count(view->paths));
	json_set_uint(status, "pathsEvicted", path_table_paths_evicted(view->paths));
	json_set_uint(status, "flows", path_table_flow_count(view->paths));
	json_set_uint(status, "flowsEvicted", path_table_flows_evicted(view->paths));
	json_set_uint(sweep, "count", view->sweeps);
	json_set_uint(sweep, "incomplete", view->sweep_incomplete);
	json_set_uint(sweep, "sockets", view->sweep_sockets);
	view_set_ago(sweep, "lastAgoUsec", view->now_ns, view->sweep_last_ns);
	json_set_uint(sweep, "periodUsec", view->sweep_period_ns / NSEC_PER_USEC);
	json_set_uint(sweep, "destroyEventsLost", view->destroy_lost);
	set_sweep_cost(sweep, view);
	json_set(status, "sweep", sweep);
}

static void set_slip(Json *json, const char *key, const Histogram *slip, unsigned permille)
{
	uint32_t us = 0;
	bool known = histogram_quantile(slip, permille, &us);

	view_set_known(json, key, known, us);
}

static void set_schedule(Json *status, const ProberSchedule *schedule)
{
	Json *json = schedule ? json_new_object() : NULL;

	if (json) {
		json_set_uint(json, "served", schedule->served);
		json_set_uint(json, "missed", schedule->missed);
		json_set_uint(json, "skipped", schedule->skipped);
		set_slip(json, "slipP50Usec", &schedule->slip, 500);
		set_slip(json, "slipP99Usec", &schedule->slip, 990);
		set_slip(json, "slipMaxUsec", &schedule->slip, 1000);
	}
	json_set(status, "schedule", json);
}

static void set_paused(Json *status, const ControlView *view)
{
	uint64_t until = engine_paused_until(view->engine);
	bool paused = until > view->now_ns;

	json_set_bool(status, "paused", paused);
	if (paused && until != UINT64_MAX)
		json_set_uint(status, "pausedForUsec", (until - view->now_ns) / NSEC_PER_USEC);
	else
		json_set_null(status, "pausedForUsec");
}

static void set_config(Json *status, const ControlView *view)
{
	Json *files = json_new_array();

	view_set_text(status, "lastReloadError", view->last_reload_error);
	for (size_t i = 0; i < view->config->n_files; i++)
		json_append_string(files, view->config->files[i]);
	json_set(status, "configFiles", files);
}

static void set_controllers(Json *status, const Engine *engine)
{
	Json *controllers = json_new_array();

	for (size_t i = 0; i < engine_controller_count(); i++) {
		Json *controller = json_new_object();

		json_set_string(controller, "name", engine_controller_name(i));
		json_set_string(controller, "summary", engine_controller_summary(i));
		view_set_text(controller, "idleReason", engine_controller_idle_reason(engine, i));
		json_append(controllers, controller);
	}
	json_set(status, "controllers", controllers);
}

Json *status_view(const ControlView *view)
{
	EndpointCounts counts = count_endpoints(view);
	Json *status = json_new_object();

	json_set_string(status, "version", NETOPT_VERSION);
	json_set_int(status, "pid", getpid());
	json_set_string(status, "mode", config_mode_name(view->config->mode));
	json_set_string(status, "objective", config_objective_name(view->config->objective));
	json_set_bool(status, "dryRun", view->dry_run);
	set_paused(status, view);
	json_set_uint(status, "uptimeUsec", (view->now_ns - view->started_ns) / NSEC_PER_USEC);
	json_set_string(status, "kernel", view->identity->kernel);
	set_health(status, view, &counts);
	set_tuning(status, view);
	set_endpoints(status, view, &counts);
	set_changes(status, view->engine);
	set_foreign(status, view->registry);
	set_trials(status, view->engine);
	set_sweep(status, view);
	set_schedule(status, view->schedule);
	json_set_uint(status, "namespaces", view->n_netns);
	json_set(status, "slowest", slowest_view(view));
	set_config(status, view);
	set_controllers(status, view->engine);
	return status;
}
