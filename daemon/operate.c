/* SPDX-License-Identifier: MIT */
/*
 * The verbs. Each ends what it must end first (a running trial), then changes what it was asked to
 * change, and answers in one sentence.
 */
#include "daemon/operate.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/log.h"
#include "common/parse.h"
#include "daemon/run/notify.h"
#include "netopt-build.h"

static PolicySwitch policy_switch(ConfigTuningKind kind, bool single)
{
	switch (kind) {
	case CONFIG_TUNING_OFF:
		return POLICY_OFF;
	case CONFIG_TUNING_FIXED:
		return POLICY_FIXED;
	case CONFIG_TUNING_LIST:
		return single ? POLICY_FIXED : POLICY_AUTO_TUNE;
	case CONFIG_TUNING_AUTO:
		break;
	}
	return POLICY_AUTO_TUNE;
}

static PolicyMode policy_mode(const Root *root)
{
	static const PolicyMode modes[] = {
		[CONFIG_MODE_OBSERVE] = POLICY_OBSERVE,
		[CONFIG_MODE_ADVISE] = POLICY_ADVISE,
		[CONFIG_MODE_AUTO] = POLICY_AUTO,
	};
	PolicyMode mode = modes[root->config->mode];
	bool may_write = !root->options->dry_run && !root->tuning_reason[0];

	return mode == POLICY_AUTO && !may_write ? POLICY_ADVISE : mode;
}

/* Those that are auto or off and no more. */
static void policy_knobs(const Config *config, PolicySwitch switches[_POLICY_KNOBS])
{
	static const PolicyKnob knobs[_CONFIG_KNOBS] = {
		[CONFIG_INITIAL_WINDOW] = POLICY_INITCWND,
		[CONFIG_IDLE_RESTART] = POLICY_IDLE,
		[CONFIG_SEND_QUEUE] = POLICY_LATENCY_KNOB,
		[CONFIG_QUICK_ACK] = POLICY_QUICKACK,
		[CONFIG_MINIMUM_RTO] = POLICY_RTO_MIN,
		[CONFIG_ECN] = POLICY_ECN,
		[CONFIG_MTU_PROBING] = POLICY_MTU,
		[CONFIG_BACKLOG] = POLICY_BACKLOG,
		[CONFIG_TCP_MEMORY] = POLICY_MEMORY,
		[CONFIG_PORT_RANGE] = POLICY_PORTS,
		[CONFIG_UDP_BUFFERS] = POLICY_UDP,
		[CONFIG_SOFTNET] = POLICY_SOFTNET,
		[CONFIG_NEIGHBOUR_TABLE] = POLICY_NEIGHBOURS,
		[CONFIG_DEVIATIONS] = POLICY_DEVIATIONS,
	};

	for (ConfigKnob knob = 0; knob < _CONFIG_KNOBS; knob++)
		switches[knobs[knob]] = policy_switch(config->knobs[knob], false);
}

void operate_policy(const Root *root, PolicyConfig *ret_config)
{
	static const PolicyObjective objectives[] = {
		[CONFIG_OBJECTIVE_LATENCY] = POLICY_LATENCY,
		[CONFIG_OBJECTIVE_BALANCED] = POLICY_BALANCED,
		[CONFIG_OBJECTIVE_THROUGHPUT] = POLICY_THROUGHPUT,
	};
	const Config *config = root->config;

	*ret_config = (PolicyConfig){
		.mode = policy_mode(root),
		.objective = objectives[config->objective],
		.switches =
			{
				[POLICY_CONGESTION] = policy_switch(
					config->congestion, config->n_congestion_allowed == 1),
				[POLICY_BUFFERS] = policy_switch(config->buffers, false),
				[POLICY_FASTOPEN] = policy_switch(config->fast_open, false),
			},
		.buffers_max_bytes = config->buffers_max_bytes,
		.fastopen_bits = config->fast_open_bits,
		.memory_budget_permille = config->memory_budget_permille,
		.memory_budget_bytes = config->memory_budget_bytes,
		.per_destination = config->per_destination,
		.exploration_permille = config->exploration_permille,
		.override_sysctl = config->override_sysctl,
	};
	policy_knobs(config, ret_config->switches);
	for (size_t i = 0; i < config->n_congestion_allowed && i < POLICY_CC_MAX; i++) {
		(void)text_copy(ret_config->congestion_allowed[i],
				sizeof(ret_config->congestion_allowed[i]),
				config->congestion_allowed[i]);
		ret_config->n_congestion_allowed++;
	}
}

/* --- what is shown --- */

/* How many SYNs are sent a second apart before the waits double (since Linux 6.5). */
static unsigned syn_linear_timeouts(void)
{
	char text[SYSCTL_VALUE_MAX];
	uint64_t value;

	if (sysctl_read(&sysctl_kernel, "net.ipv4.tcp_syn_linear_timeouts", text, sizeof(text)) <
		    0 ||
	    parse_uint64(text, 0, UINT8_MAX, &value) < 0)
		return 0;
	return (unsigned)value;
}

static void fill_view(void *context, unsigned parts, ControlView *ret_view)
{
	Root *root = context;
	CycleStats stats = cycle_stats(root->cycle);

	*ret_view = (ControlView){
		.now_ns = clock_monotonic_ns(&clock_system),
		.realtime_ns = clock_realtime_ns(&clock_system),
		.started_ns = root->started_ns,
		.config = root->config,
		.identity = &root->identity,
		.paths = root->paths,
		.registry = root->registry,
		.engine = root->engine,
		.dry_run = root->options->dry_run,
		.tuning_possible = !root->tuning_reason[0],
		.tuning_reason = root->tuning_reason,
		.last_reload_error = text_string(&root->reload_error),
		.sweeps = stats.sweeps,
		.sweep_last_ns = stats.at_ns,
		.sweep_period_ns = stats.period_ns,
		.sweep_incomplete = stats.incomplete,
		.sweep_sockets = stats.sockets,
		.destroy_lost = stats.destroy_lost,
		.sweep_cpu_ns = stats.cpu_ns,
		.cpu_budget_ppm = root->config->cpu_budget_ppm,
		.cpu_used_ppm = stats.used_ppm,
		.sweep_slices = stats.slices,
		.sweep_reason = stats.slices > 1 ? "all sockets at once would cost more than "
						   "CpuBudget= allows"
						 : "",
		.counters = cycle_counters(root->cycle),
		.administered = root->administered.files,
		.schedule = prober_schedule(root->prober),
		.syn_linear_timeouts = parts & CONTROL_PART_SYN ? syn_linear_timeouts() : 0,
	};
	ret_view->endpoints = watch_endpoints(root->watch, &ret_view->n_endpoints);
	if (parts & CONTROL_PART_ROUTES)
		ret_view->routes = hands_view(root->hands, &ret_view->n_routes);
	ret_view->netns = namespaces_view(root->namespaces, &ret_view->n_netns);
	if (parts & CONTROL_PART_SOCKETS && socket_counts_read(&root->socket_counts) >= 0)
		ret_view->sockets = &root->socket_counts;
	if (root->discover) {
		const Rtnl *rtnl = discover_rtnl(root->discover);

		ret_view->links = rtnl_links(rtnl, &ret_view->n_links);
		ret_view->gateways = rtnl_gateways(rtnl, &ret_view->n_gateways);
	}
}

typedef struct Tally {
	size_t endpoints, up, in_force, foreign;
} Tally;

static Tally tally(const Root *root)
{
	Tally t = {0};
	Endpoint *const *endpoints = NULL;

	if (root->watch)
		endpoints = watch_endpoints(root->watch, &t.endpoints);
	for (size_t i = 0; i < t.endpoints; i++)
		t.up += endpoint_state(endpoints[i]) == ENDPOINT_UP;
	for (size_t i = 0; i < engine_change_count(root->engine); i++)
		t.in_force += engine_change_at(root->engine, i)->in_force;
	for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++)
		t.foreign += registry_get(root->registry, id)->owner == OWNER_FOREIGN;
	return t;
}

static void format_status(const Root *root, Text *text)
{
	const Change *trials[ENGINE_TRIALS_MAX];
	size_t n = root->engine ? engine_trials(root->engine, trials) : 0;
	Tally t = tally(root);

	text_appendf(text, "Mode=%s; %zu of %zu endpoints up; %zu changes in force",
		     config_mode_name(root->config->mode), t.up, t.endpoints, t.in_force);
	if (t.foreign)
		text_appendf(text, "; %zu tunables left to somebody else", t.foreign);
	for (size_t i = 0; i < n; i++)
		text_appendf(text, "; change %" PRIu64 " (%s) in trial", trials[i]->id,
			     trials[i]->controller);
}

void operate_status(Root *root)
{
	Text text = {0};

	if (!root->engine)
		return;
	format_status(root, &text);
	notify_status(text_string(&text));
	text_clear(&text);
}

void operate_ready(Root *root)
{
	Text text = {0};

	format_status(root, &text);
	notify_ready(text_string(&text));
	text_clear(&text);
}

void operate_dump(Root *root)
{
	Text text = {0};
	CycleStats stats = cycle_stats(root->cycle);

	format_status(root, &text);
	log_notice("%s", text_string(&text));
	log_notice("%zu paths (%" PRIu64 " evicted), %zu flows (%" PRIu64 " evicted), %" PRIu64
		   " sweeps, the last of %" PRIu64 " sockets in %" PRIu64 " us, next in %" PRIu64
		   " ms",
		   path_table_count(root->paths), path_table_paths_evicted(root->paths),
		   path_table_flow_count(root->paths), path_table_flows_evicted(root->paths),
		   stats.sweeps, stats.sockets, stats.duration_ns / NSEC_PER_USEC,
		   stats.period_ns / NSEC_PER_MSEC);
	for (size_t i = 0; i < engine_controller_count(); i++)
		log_notice("controller %s: %s", engine_controller_name(i),
			   engine_controller_idle_reason(root->engine, i));
	text_clear(&text);
}

/* --- verbs --- */

static void abort_trials(Root *root, const char *reason)
{
	EngineAction action;

	while (engine_abort(root->engine, reason, clock_monotonic_ns(&clock_system),
			    clock_realtime_ns(&clock_system), &action))
		(void)cycle_execute(root->cycle, &action); /* the registry reports what fails */
}

static int revert(void *context, uint64_t change_id, Text *message)
{
	Root *root = context;
	EngineAction action;
	int r = engine_revert(root->engine, change_id, clock_monotonic_ns(&clock_system),
			      clock_realtime_ns(&clock_system), &action);

	if (r < 0) {
		text_appendf(message, "no change %" PRIu64 " is in force or in trial", change_id);
		return r;
	}
	r = cycle_execute(root->cycle, &action);
	if (change_id == 0) {
		int k = hands_restore_all(root->hands);

		r = r ? r : k;
	}
	operate_status(root);
	if (r < 0) {
		text_appendf(message, "not everything could be put back: %s", strerror(-r));
		return r;
	}
	if (change_id == 0)
		text_append(message, "everything that is still ours is put back");
	else
		text_appendf(message, "change %" PRIu64 " is reverted", change_id);
	if (r > 0)
		text_append(message, "; a value that somebody else changed is left alone");
	return 0;
}

static int pause_tuning(void *context, uint64_t duration_ns, Text *message)
{
	Root *root = context;
	char duration[64];

	abort_trials(root, "paused by the operator");
	engine_pause(root->engine,
		     duration_ns ? clock_monotonic_ns(&clock_system) + duration_ns : UINT64_MAX);
	parse_format_duration(duration_ns, duration, sizeof(duration));
	if (duration_ns)
		text_appendf(message, "paused for %s", duration);
	else
		text_append(message, "paused until resumed");
	log_notice("tuning is %s", text_string(message));
	return 0;
}

static int resume(void *context, Text *message)
{
	Root *root = context;

	engine_pause(root->engine, 0);
	text_append(message, "tuning is resumed");
	log_notice("%s", text_string(message));
	return 0;
}

static int trial_aa(void *context, const Address *path, unsigned pairs, Text *message)
{
	Root *root = context;
	char reason[256] = "";
	int r = cycle_trial_aa(root->cycle, path, pairs, reason, sizeof(reason));

	text_append(message, reason);
	return r;
}

/* Whether both configurations fix this tunable to the same value. */
static bool is_fixed_alike(const PolicyConfig *a, const PolicyConfig *b, TunableId id)
{
	if (a->mode != b->mode)
		return false;
	switch (id) {
	case TUNABLE_TCP_RMEM:
	case TUNABLE_TCP_WMEM:
		return a->switches[POLICY_BUFFERS] == b->switches[POLICY_BUFFERS] &&
		       a->buffers_max_bytes == b->buffers_max_bytes;
	case TUNABLE_TCP_FASTOPEN:
		return a->switches[POLICY_FASTOPEN] == b->switches[POLICY_FASTOPEN] &&
		       a->fastopen_bits == b->fastopen_bits;
	case TUNABLE_TCP_CONGESTION_CONTROL:
		return a->switches[POLICY_CONGESTION] == b->switches[POLICY_CONGESTION] &&
		       text_equal(a->congestion_allowed[0], b->congestion_allowed[0]);
	default:
		break; /* never fixed */
	}
	return false;
}

/* What a Buffers=, CongestionControl= or FastOpen= fixed goes back when the configuration says
 * otherwise. */
static void revert_fixed(Root *root, const PolicyConfig *before, const PolicyConfig *after)
{
	for (size_t i = 0; i < engine_change_count(root->engine); i++) {
		const Change *change = engine_change_at(root->engine, i);
		EngineAction action;

		if (!change->in_force || change->trial.kind != TRIAL_NONE ||
		    is_fixed_alike(before, after, change->tunables[0].id))
			continue;
		if (engine_revert(root->engine, change->id, clock_monotonic_ns(&clock_system),
				  clock_realtime_ns(&clock_system), &action) == 0)
			(void)cycle_execute(root->cycle, &action);
	}
}

static void take_config(Root *root, Config *config)
{
	ConfigDiff diff = config_diff(root->config, config);
	Config *old_config = root->config;
	PolicyConfig old_policy, policy;

	operate_policy(root, &old_policy);
	root->config = config;
	administered_read(&root->administered);
	operate_policy(root, &policy);
	if (diff.tuning || diff.daemon) {
		abort_trials(root, "the configuration changed");
		revert_fixed(root, &old_policy, &policy);
		engine_set_config(root->engine, &policy);
	}
	if (watch_configure(root->watch, config) < 0)
		log_error("not every endpoint could be set up: out of memory");
	if (root->options->log_level < 0)
		log_set_level(config->log_level);
	cycle_set_interval(root->cycle, config->interval_ns, config->cpu_budget_ppm);
	path_table_set_prefixes(root->paths, (uint8_t)config->prefix_ipv4,
				(uint8_t)config->prefix_ipv6);
	if (root->discover)
		discover_configure(root->discover, config);
	namespaces_configure(root->namespaces, config);
	if (diff.needs_restart)
		log_warning("Socket= and StateDirectory= take effect with the next start");
	log_notice("configuration reloaded: %zu endpoints (%zu new, %zu changed, %zu gone)",
		   config->n_endpoints, diff.added, diff.changed, diff.removed);
	config_free(old_config);
}

static int read_config(Root *root, Text *message, Config **ret_config)
{
	_cleanup_(config_problems_clear) ConfigProblems problems = {0};
	const Options *options = root->options;
	int r = config_load(options->config_file ? options->config_file : NETOPT_CONFIG_FILE,
			    options->config_file != NULL, &problems, ret_config);

	if (r < 0) {
		text_appendf(message, "reading the configuration: %s", strerror(-r));
		return r;
	}
	for (size_t i = 0; i < problems.n; i++) {
		_cleanup_free_ char *line = config_problem_format(&problems.problems[i]);

		text_appendf(message, "%s%s", i ? "\n" : "", line ? line : "out of memory");
		log_error("%s", line ? line : "out of memory");
	}
	return r == CONFIG_INVALID ? -EINVAL : 0;
}

int operate_reload(Root *root, Text *message)
{
	Config *config = NULL;
	int r;

	notify_reloading(clock_monotonic_ns(&clock_system));
	text_clear(&root->reload_error);
	r = read_config(root, message, &config);
	if (r < 0) {
		text_append(&root->reload_error, text_string(message));
		log_error("the configuration was not reloaded: the old one stays in force");
	} else {
		take_config(root, config);
		text_appendf(message, "reloaded: %zu endpoints, Mode=%s", config->n_endpoints,
			     config_mode_name(config->mode));
	}
	operate_ready(root);
	return r;
}

static int reload(void *context, Text *message)
{
	return operate_reload(context, message);
}

/* --- what is read because somebody asks --- */

static int each_flow(void *context, DiagCallback each, void *each_context)
{
	Root *root = context;

	return cycle_dump(root->cycle, DIAG_STATES_FLOWS, each, each_context);
}

static int each_listener(void *context, DiagCallback each, void *each_context)
{
	Root *root = context;

	return cycle_dump(root->cycle, DIAG_STATES_LISTEN, each, each_context);
}

static int each_metric(void *context, TcpMetricCallback each, void *each_context)
{
	Root *root = context;
	unsigned undecoded;
	int r = root->metrics ? 0 : tcp_metrics_new(&root->metrics);

	return r < 0 ? r : tcp_metrics_dump(root->metrics, each, each_context, &undecoded);
}

static int read_processes(void *context, ProcessTable **ret_table, ProcessStats *ret_stats)
{
	(void)context;
	return process_table_read(NULL, ret_table, ret_stats);
}

void operate_ops(Root *root, ControlOps *ret_ops)
{
	*ret_ops = (ControlOps){.view = fill_view,
				.revert = revert,
				.pause = pause_tuning,
				.resume = resume,
				.reload = reload,
				.trial_aa = trial_aa,
				.flows = each_flow,
				.listeners = each_listener,
				.metrics = each_metric,
				.processes = read_processes,
				.context = root};
}

int operate_stop(Root *root)
{
	int r;

	notify_stopping("putting values back");
	abort_trials(root, "netoptd stopped");
	if (root->config->on_stop == CONFIG_ON_STOP_KEEP)
		r = hands_keep_all(root->hands);
	else
		r = hands_restore_all(root->hands);
	if (r < 0)
		log_error("not everything could be put back: %s; 'netoptd --recover' tries again",
			  strerror(-r));
	/* Last: a slow disk must not keep the host from its originals. */
	remember_store(root->remember, clock_realtime_ns(&clock_system), true);
	log_info("stopped");
	return r;
}
