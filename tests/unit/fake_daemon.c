/* SPDX-License-Identifier: MIT */
#include "tests/unit/fake_daemon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NOW_NS      (UINT64_C(5000) * NSEC_PER_SEC)
#define REALTIME_NS (UINT64_C(1750000000) * NSEC_PER_SEC)

/* The engine. */

size_t engine_change_count(const Engine *engine)
{
	return engine->n_changes;
}

const Change *engine_change_at(const Engine *engine, size_t index)
{
	return index < engine->n_changes ? &engine->changes[index] : NULL;
}

const Change *engine_change_find(const Engine *engine, uint64_t id)
{
	for (size_t i = 0; i < engine->n_changes; i++)
		if (engine->changes[i].id == id)
			return &engine->changes[i];
	return NULL;
}

const Change *engine_running(const Engine *engine)
{
	return engine->running;
}

size_t engine_trials(const Engine *engine, const Change *ret_changes[ENGINE_TRIALS_MAX])
{
	size_t n = 0;

	for (size_t i = engine->n_changes; i-- > 0 && n < ENGINE_TRIALS_MAX;)
		if (engine->changes[i].state == CHANGE_TRIAL)
			ret_changes[n++] = &engine->changes[i];
	return n;
}

uint64_t engine_paused_until(const Engine *engine)
{
	return engine->paused_until_ns;
}

size_t engine_controller_count(void)
{
	return 2;
}

const char *engine_controller_name(size_t index)
{
	return index == 0 ? "buffers" : "fastopen";
}

const char *engine_controller_summary(size_t index)
{
	return index == 0 ? "socket buffers" : "TCP Fast Open";
}

const char *engine_controller_idle_reason(const Engine *engine, size_t index)
{
	(void)engine;
	return index == 0 ? "" : "few handshakes";
}

/* The registry and the paths. */

const TunableState *registry_get(const Registry *registry, TunableId id)
{
	return &registry->states[id];
}

size_t path_table_count(const PathTable *table)
{
	return table->n_paths;
}

size_t path_table_flow_count(const PathTable *table)
{
	(void)table;
	return 7;
}

uint64_t path_table_paths_evicted(const PathTable *table)
{
	(void)table;
	return 3;
}

uint64_t path_table_flows_evicted(const PathTable *table)
{
	(void)table;
	return 0;
}

size_t path_table_top(const PathTable *table, const Path *ret_paths[], size_t n)
{
	size_t i;

	for (i = 0; i < table->n_paths && i < n; i++)
		ret_paths[i] = table->paths[i];
	return i;
}

/* The contents. */

static Address address_of(const char *text)
{
	Address address;

	if (address_parse(text, &address) < 0)
		abort();
	return address;
}

static Endpoint *make_endpoint(const char *name, const char *url, const char *scheme,
			       ProbePhase headline, ProbePhase rtt)
{
	EndpointSpec spec = {.name = name,
			     .url = url,
			     .scheme = scheme,
			     .group = "",
			     .objective = "balanced",
			     .headline = headline,
			     .rtt = rtt};
	Endpoint *endpoint;

	if (endpoint_new(&spec, &endpoint) < 0)
		abort();
	endpoint->resolving = false;
	return endpoint;
}

static void set_address(Endpoint *endpoint, int family, const char *text)
{
	Address address = address_of(text);

	endpoint_set_address(endpoint, family, &address);
	endpoint->resolved_ns = NSEC_PER_SEC;
}

static void add_result(Endpoint *endpoint, const ProbeResult *result)
{
	if (endpoint_add_result(endpoint, result) < 0)
		abort();
}

/* A hundred and fifty good probes and one that timed out. */
static Endpoint *make_web(const FakeDaemon *daemon)
{
	Endpoint *web =
		make_endpoint("web", "tcp://web.example:443", "tcp", PHASE_CONNECT, PHASE_CONNECT);

	web->target_p99_ns = 50 * NSEC_PER_MSEC;
	set_address(web, AF_INET, "192.0.2.1");
	for (uint32_t i = 0; i < 151; i++) {
		ProbeResult result = {.outcome = i == 0 ? PROBE_TIMEOUT : PROBE_OK,
				      .address = address_of("192.0.2.1"),
				      .when_ns = daemon->now_ns - (151 - i) * NSEC_PER_SEC,
				      .failed_in = PHASE_CONNECT};

		if (i > 0) {
			result.wall_us = 20030 + i;
			probe_result_set(&result, PHASE_CONNECT, (20000 + i) * NSEC_PER_USEC);
			probe_result_set(&result, PHASE_OVERHEAD, 30 * NSEC_PER_USEC);
		}
		add_result(web, &result);
	}
	return web;
}

static Endpoint *make_down(const FakeDaemon *daemon)
{
	Endpoint *down =
		make_endpoint("down", "tcp://192.0.2.9:25", "tcp", PHASE_CONNECT, PHASE_CONNECT);

	set_address(down, AF_INET, "192.0.2.9");
	for (uint32_t i = 0; i < 4; i++) {
		ProbeResult result = {.outcome = PROBE_REFUSED,
				      .address = address_of("192.0.2.9"),
				      .when_ns = daemon->now_ns - (4 - i) * NSEC_PER_SEC,
				      .failed_in = PHASE_CONNECT,
				      .wall_us = 20000,
				      .error = 111};

		add_result(down, &result);
	}
	return down;
}

static const ProbeFacts site_facts = {
	.has_tls = true,
	.has_http = true,
	.tls = {.version = "TLSv1.3",
		.cipher = "TLS_AES_256_GCM_SHA384",
		.alpn = "h2",
		.trust = TRUST_VERIFIED,
		.has_days_left = true,
		.days_left = 80,
		.rounds = 1,
		.resumable = true,
		.resumed = true,
		.fastopen = FASTOPEN_COOKIE},
	.http = {.status = 200, .h2 = true, .h3 = true, .body_bytes = 1234, .server = "n\xffx"},
};

static void add_site_result(Endpoint *site, const char *address, uint64_t when_ns, uint32_t rtt_us)
{
	ProbeResult result = {.outcome = PROBE_OK,
			      .address = address_of(address),
			      .when_ns = when_ns,
			      .facts = &site_facts};
	const struct {
		ProbePhase phase;
		uint32_t us;
	} times[] = {{PHASE_CONNECT, rtt_us},          {PHASE_TLS, rtt_us + 5000},
		     {PHASE_RESUMED, rtt_us + 900},    {PHASE_REQUEST, rtt_us + 30000},
		     {PHASE_TRANSFER, 2000},           {PHASE_OVERHEAD, 100},
		     {PHASE_TOTAL, 3 * rtt_us + 37100}};

	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		probe_result_set(&result, times[i].phase, times[i].us * NSEC_PER_USEC);
	result.wall_us = 3 * rtt_us + 37100;
	add_result(site, &result);
}

/* Over both families: the old with a SYN that was lost last, the new with everything. */
static Endpoint *make_site(const FakeDaemon *daemon)
{
	Endpoint *site =
		make_endpoint("site", "https://site.example/", "https", PHASE_TOTAL, PHASE_CONNECT);
	ProbeResult retransmit = {.outcome = PROBE_SYN_RETRANSMIT,
				  .address = address_of("192.0.2.3"),
				  .when_ns = daemon->now_ns - NSEC_PER_SEC,
				  .wall_us = 1040000,
				  .failed_in = PHASE_CONNECT,
				  .syn_retransmits = 1};

	(void)snprintf(site->group, sizeof(site->group), "eu");
	site->target_p50_ns = 50 * NSEC_PER_MSEC;
	set_address(site, AF_INET, "192.0.2.3");
	set_address(site, AF_INET6, "2001:db8::3");
	for (uint32_t i = 0; i < 120; i++) {
		uint64_t when_ns = daemon->now_ns - (130 - i) * NSEC_PER_SEC;

		add_site_result(site, "2001:db8::3", when_ns, 40000 + i % 3 * 100);
		if (i < 30)
			add_site_result(site, "192.0.2.3", when_ns, 10000);
	}
	add_result(site, &retransmit);
	return site;
}

static Endpoint *make_found(const FakeDaemon *daemon, const char *name, const char *scheme,
			    EndpointOrigin origin, ProbePhase phase, const ProbeFacts *facts)
{
	Endpoint *endpoint = make_endpoint(name, "", scheme, phase, phase);

	(void)snprintf(endpoint->url, sizeof(endpoint->url), "%s://192.0.2.254", scheme);
	endpoint->origin = origin;
	set_address(endpoint, AF_INET, "192.0.2.254");
	for (uint32_t i = 0; i < 3; i++) {
		ProbeResult result = {.outcome = PROBE_OK,
				      .address = address_of("192.0.2.254"),
				      .when_ns = daemon->now_ns - (3 - i) * NSEC_PER_SEC,
				      .wall_us = 400,
				      .facts = facts};

		probe_result_set(&result, phase, 350 * NSEC_PER_USEC);
		add_result(endpoint, &result);
	}
	return endpoint;
}

static void make_endpoints(FakeDaemon *daemon)
{
	static const ProbeFacts icmp = {.has_icmp = true, .icmp = {.raw = true, .ttl = 64}};
	static const ProbeFacts dns = {
		.has_dns = true,
		.dns = {.answers = 2, .has_ttl = true, .ttl_s = 300, .cached = true}};
	Endpoint *lost =
		make_endpoint("lost", "tcp://lost.example:80", "tcp", PHASE_CONNECT, PHASE_CONNECT);

	(void)snprintf(lost->resolve_error, sizeof(lost->resolve_error), "no such name");
	daemon->endpoints[FAKE_WEB] = make_web(daemon);
	daemon->endpoints[FAKE_LOST] = lost;
	daemon->endpoints[FAKE_DOWN] = make_down(daemon);
	daemon->endpoints[FAKE_SITE] = make_site(daemon);
	daemon->endpoints[FAKE_GATEWAY] =
		make_found(daemon, "gateway", "icmp", ENDPOINT_GATEWAY, PHASE_ECHO, &icmp);
	daemon->endpoints[FAKE_RESOLVER] =
		make_found(daemon, "resolver", "dns", ENDPOINT_RESOLVER, PHASE_ANSWER, &dns);
}

static void make_paths(FakeDaemon *daemon)
{
	Address busy = address_of("198.51.100.7"), fresh = address_of("2001:db8::7");
	Path *path = path_new(&busy, daemon->now_ns - 60 * NSEC_PER_SEC);
	Path *empty = path_new(&fresh, daemon->now_ns);

	if (!path || !empty)
		abort();
	path->statistics = calloc(1, sizeof(*path->statistics));
	if (!path->statistics)
		abort();
	for (uint32_t i = 0; i < 100; i++)
		path_series_add(path->statistics, PATH_QUEUEING, daemon->now_ns, 4000);
	path->last_seen_ns = daemon->now_ns - 2 * NSEC_PER_SEC;
	path->flows = 2;
	path->min_rtt_us = 100000;
	(void)floor_add(&path->floor, path->first_seen_ns, 100000);
	path->srtt_us = 104000;
	path->mss = 1448;
	(void)snprintf(path->congestion, sizeof(path->congestion), "cubic");
	path->bytes_acked = 123456789;
	path->best_goodput_bps = 94200000;
	path->max_delivery_bps = 97000000;
	daemon->paths = (PathTable){.paths = {path, empty}, .n_paths = 2};
}

static TunableValue value_of(TunableId id, const char *text)
{
	TunableValue value;

	if (tunable_parse(&tunables[id], text, &value) < 0)
		abort();
	return value;
}

static void make_tunables(FakeDaemon *daemon)
{
	static const struct {
		TunableId id;
		TunableOwner owner;
		const char *original, *current;
	} rows[] = {
		{TUNABLE_TCP_CONGESTION_CONTROL, OWNER_FOREIGN, "cubic", "reno"},
		{TUNABLE_TCP_ALLOWED_CONGESTION_CONTROL, OWNER_HOST, "cubic reno", "cubic reno"},
		{TUNABLE_TCP_RMEM, OWNER_NETOPT, "4096 131072 6291456", "4096 131072 12582912"},
		{TUNABLE_TCP_WMEM, OWNER_HOST, "4096 16384 4194304", "4096 16384 4194304"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		TunableState *state = &daemon->registry.states[rows[i].id];

		*state = (TunableState){.present = true,
					.writable = true,
					.owner = rows[i].owner,
					.original = value_of(rows[i].id, rows[i].original),
					.current = value_of(rows[i].id, rows[i].current),
					.ours = value_of(rows[i].id, rows[i].current)};
		if (rows[i].owner != OWNER_HOST)
			state->changed_ns = daemon->now_ns - NSEC_PER_SEC;
		if (rows[i].owner == OWNER_NETOPT)
			state->change_id = 1;
	}
	/* tcp_fastopen stays absent. */
}

static Change make_change(const FakeDaemon *daemon, uint64_t id, const char *controller,
			  TunableId tunable, const char *old_text, const char *new_text)
{
	Change change = {.id = id,
			 .controller = controller,
			 .proposed_ns = daemon->now_ns - 600 * NSEC_PER_SEC,
			 .proposed_realtime_ns = REALTIME_NS - 600 * NSEC_PER_SEC,
			 .n_tunables = 1,
			 .trial = {.before_retrans = -1, .after_retrans = -1}};

	change.tunables[0] = (ChangeTunable){.id = tunable,
					     .old_value = value_of(tunable, old_text),
					     .new_value = value_of(tunable, new_text)};
	(void)snprintf(change.evidence.summary, sizeof(change.evidence.summary),
		       "the %s held the path back", controller);
	(void)snprintf(change.evidence.formula, sizeof(change.evidence.formula),
		       "2 x 100 Mbit/s x 100 ms = 2.5 MB");
	evidence_add(&change.evidence, "minRttUsec", 100000);
	evidence_add(&change.evidence, "windows", 3);
	return change;
}

static void decide(const FakeDaemon *daemon, Change *change, ChangeVerdict verdict,
		   const char *reason)
{
	change->state = CHANGE_DECIDED;
	change->verdict = verdict;
	change->in_force = verdict == VERDICT_KEPT;
	change->decided_ns = daemon->now_ns - 400 * NSEC_PER_SEC;
	change->decided_realtime_ns = REALTIME_NS - 400 * NSEC_PER_SEC;
	(void)snprintf(change->reason, sizeof(change->reason), "%s", reason);
}

static void make_changes(FakeDaemon *daemon)
{
	Change kept = make_change(daemon, 1, "buffers", TUNABLE_TCP_RMEM, "4096 131072 6291456",
				  "4096 131072 12582912");
	Change restored = make_change(daemon, 2, "congestion", TUNABLE_TCP_CONGESTION_CONTROL,
				      "cubic", "bbr");
	Change trial = make_change(daemon, 3, "congestion", TUNABLE_TCP_CONGESTION_CONTROL, "cubic",
				   "bbr");
	Change advised = make_change(daemon, 4, "fastopen", TUNABLE_TCP_FASTOPEN, "1", "3");

	kept.path = address_of("198.51.100.7");
	kept.trial.kind = TRIAL_MECHANICAL;
	kept.trial.before_goodput_bps = 50000000;
	kept.trial.after_goodput_bps = 94000000;
	kept.trial.flows_before = kept.trial.flows_after = 3;
	decide(daemon, &kept, VERDICT_KEPT, "goodput rose by 88 %");
	restored.trial.kind = TRIAL_SWITCHBACK;
	restored.trial.n_pairs = 2;
	restored.trial.differences[0] = -0.1;
	restored.trial.differences[1] = -0.2;
	restored.trial.effect = -0.15;
	restored.trial.effect_low = -0.2;
	restored.trial.effect_high = -0.1;
	decide(daemon, &restored, VERDICT_RESTORED, "the new value was worse");
	trial.state = CHANGE_TRIAL;
	trial.in_force = true;
	trial.trial.kind = TRIAL_SWITCHBACK;
	trial.trial.e_keep = 20;
	trial.trial.prior = 0.25;
	trial.hours = 1U << 3 | 1U << 17;
	(void)snprintf(trial.trial.phase, sizeof(trial.trial.phase), "pair 1 of at most 60");
	advised.state = CHANGE_ADVISED;
	daemon->engine = (Engine){.changes = {advised, trial, restored, kept}, .n_changes = 4};
	daemon->engine.running = &daemon->engine.changes[1];
}

/* One of change 3 and one of several, and a tunable that the administrator set. */
static void make_routes(FakeDaemon *daemon)
{
	daemon->routes[0] = (ControlRoute){.destination = address_of("198.51.100.7"),
					   .metrics = "congctl bbr",
					   .route = "via 192.0.2.254 dev eth0",
					   .change_id = 3,
					   .since_ns = daemon->now_ns - 90 * NSEC_PER_SEC};
	daemon->routes[1] = (ControlRoute){.destination = address_of("2001:db8::7"),
					   .metrics = "congctl bbr initcwnd 20",
					   .route = "via fe80::1 dev eth0"};
	daemon->administered[TUNABLE_TCP_WMEM] = "/etc/sysctl.d/10-net.conf";
	daemon->view.routes = daemon->routes;
	daemon->view.n_routes = ARRAY_SIZE(daemon->routes);
	daemon->view.administered = daemon->administered;
}

void fake_daemon_init(FakeDaemon *daemon)
{
	memset(daemon, 0, sizeof(*daemon));
	daemon->now_ns = NOW_NS;
	daemon->files[0] = (char *)"/etc/netopt.conf";
	daemon->config.mode = CONFIG_MODE_AUTO;
	daemon->config.objective = CONFIG_OBJECTIVE_BALANCED;
	daemon->config.files = daemon->files;
	daemon->config.n_files = 1;
	(void)snprintf(daemon->identity.kernel, sizeof(daemon->identity.kernel), "6.1.0");
	make_endpoints(daemon);
	make_paths(daemon);
	make_tunables(daemon);
	make_changes(daemon);
	fake_kernel_init(&daemon->kernel);
	daemon->view = (ControlView){.realtime_ns = REALTIME_NS,
				     .started_ns = NOW_NS - 3600 * NSEC_PER_SEC,
				     .config = &daemon->config,
				     .identity = &daemon->identity,
				     .endpoints = daemon->endpoints,
				     .n_endpoints = ARRAY_SIZE(daemon->endpoints),
				     .paths = &daemon->paths,
				     .registry = &daemon->registry,
				     .engine = &daemon->engine,
				     .tuning_possible = true,
				     .tuning_reason = "",
				     .last_reload_error = "",
				     .sweeps = 100,
				     .sweep_last_ns = NOW_NS - NSEC_PER_SEC,
				     .sweep_period_ns = 2 * NSEC_PER_SEC,
				     .sweep_sockets = 12,
				     .sweep_cpu_ns = 40 * NSEC_PER_USEC,
				     .cpu_budget_ppm = 5000,
				     .cpu_used_ppm = 20,
				     .sweep_slices = 1,
				     .sweep_reason = ""};
	make_routes(daemon);
	fake_kernel_view(&daemon->kernel, &daemon->paths, daemon->now_ns, &daemon->view);
	daemon->message = "done as asked";
}

void fake_daemon_clear(FakeDaemon *daemon)
{
	for (size_t i = 0; i < ARRAY_SIZE(daemon->endpoints); i++)
		endpoint_free(daemon->endpoints[i]);
	for (size_t i = 0; i < daemon->paths.n_paths; i++)
		path_free(daemon->paths.paths[i]);
}

/* What is asked of it. */

static void fake_view(void *context, unsigned parts, ControlView *ret_view)
{
	FakeDaemon *daemon = context;

	daemon->views++;
	daemon->parts = parts;
	*ret_view = daemon->view;
	if (!(parts & CONTROL_PART_SYN))
		ret_view->syn_linear_timeouts = 0;
	if (!(parts & CONTROL_PART_SOCKETS))
		ret_view->sockets = NULL;
	if (!(parts & CONTROL_PART_ROUTES))
		ret_view->n_routes = 0;
	ret_view->now_ns = daemon->now_ns;
}

static int fake_flows(void *context, DiagCallback each, void *each_context)
{
	return fake_kernel_flows(&((FakeDaemon *)context)->kernel, each, each_context);
}

static int fake_listeners(void *context, DiagCallback each, void *each_context)
{
	return fake_kernel_listeners(&((FakeDaemon *)context)->kernel, each, each_context);
}

static int fake_metrics(void *context, TcpMetricCallback each, void *each_context)
{
	return fake_kernel_metrics(&((FakeDaemon *)context)->kernel, each, each_context);
}

static int fake_processes(void *context, ProcessTable **ret_table, ProcessStats *ret_stats)
{
	return fake_kernel_processes(&((FakeDaemon *)context)->kernel, ret_table, ret_stats);
}

static int answer(FakeDaemon *daemon, Text *message)
{
	text_append(message, daemon->message);
	return daemon->status;
}

static int fake_revert(void *context, uint64_t change_id, Text *message)
{
	FakeDaemon *daemon = context;

	daemon->reverts++;
	daemon->reverted_id = change_id;
	if (change_id > 0 && !engine_change_find(&daemon->engine, change_id))
		return -ENOENT;
	return answer(daemon, message);
}

static int fake_pause(void *context, uint64_t duration_ns, Text *message)
{
	FakeDaemon *daemon = context;

	daemon->pauses++;
	daemon->paused_ns = duration_ns;
	return answer(daemon, message);
}

static int fake_resume(void *context, Text *message)
{
	FakeDaemon *daemon = context;

	daemon->resumes++;
	return answer(daemon, message);
}

static int fake_reload(void *context, Text *message)
{
	FakeDaemon *daemon = context;

	daemon->reloads++;
	return answer(daemon, message);
}

static int fake_trial_aa(void *context, const Address *path, unsigned pairs, Text *message)
{
	FakeDaemon *daemon = context;

	daemon->trials++;
	daemon->trial_path = *path;
	daemon->trial_pairs = pairs;
	return answer(daemon, message);
}

ControlOps fake_daemon_ops(FakeDaemon *daemon)
{
	return (ControlOps){.view = fake_view,
			    .revert = fake_revert,
			    .pause = fake_pause,
			    .resume = fake_resume,
			    .reload = fake_reload,
			    .trial_aa = fake_trial_aa,
			    .flows = fake_flows,
			    .listeners = fake_listeners,
			    .metrics = fake_metrics,
			    .processes = fake_processes,
			    .context = daemon};
}
