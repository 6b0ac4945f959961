/* SPDX-License-Identifier: MIT */
/*
 * Order of building: configuration, state directory and its lock, registry and routes (which first
 * recover what a dead instance left), what earlier runs learned, model, engine, loop, sweeps,
 * probes, control socket; then READY. Nothing of this waits for the network.
 *
 * What is missing limits what is done, and says so: without a state directory or without permission
 * nothing is tuned, but measuring goes on; without sock_diag there is nothing to run for.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/interface.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/announce.h"
#include "daemon/config/config.h"
#include "daemon/cycle.h"
#include "daemon/operate.h"
#include "daemon/places.h"
#include "daemon/root.h"
#include "daemon/run/instance.h"
#include "daemon/run/journal_sink.h"
#include "daemon/run/notify.h"
#include "netopt-build.h"

static void print_problems(const ConfigProblems *problems)
{
	for (size_t i = 0; i < problems->n; i++) {
		_cleanup_free_ char *line = config_problem_format(&problems->problems[i]);

		log_error("%s", line ? line : "(out of memory)");
	}
	if (problems->dropped > 0)
		log_error("and %zu more problems", problems->dropped);
}

static int load_config(const Options *options, Config **ret_config)
{
	_cleanup_(config_problems_clear) ConfigProblems problems = {0};
	int r = config_load(options->config_file ? options->config_file : NETOPT_CONFIG_FILE,
			    options->config_file != NULL, &problems, ret_config);

	if (r == CONFIG_INVALID)
		print_problems(&problems);
	else if (r < 0)
		log_error("reading the configuration: %s", strerror(-r));
	return r;
}

int daemon_check_config(const Options *options)
{
	Config *config = NULL;

	if (load_config(options, &config) != 0)
		return EXIT_FAILURE;
	for (size_t i = 0; i < config->n_files; i++)
		printf("%s\n", config->files[i]);
	printf("The configuration is valid (files: %zu, endpoints: %zu).\n", config->n_files,
	       config->n_endpoints);
	config_free(config);
	return EXIT_SUCCESS;
}

/* --- building --- */

/* Whether the change is in a trial that goes to and fro. */
static bool is_switching(const Root *root, uint64_t change_id)
{
	const Change *trials[ENGINE_TRIALS_MAX];
	size_t n = root->engine ? engine_trials(root->engine, trials) : 0;

	for (size_t i = 0; i < n; i++)
		if (trials[i]->id == change_id && trials[i]->trial.kind == TRIAL_SWITCHBACK &&
		    trials[i]->trial.phase[0])
			return true;
	return false;
}

static void on_report(const RegistryReport *report, void *context)
{
	Root *root = context;
	const Change *running =
		root->engine ? engine_change_find(root->engine, report->change_id) : NULL;
	bool switching = running && running->state == CHANGE_TRIAL &&
			 running->trial.kind == TRIAL_SWITCHBACK && running->trial.phase[0];

	announce_registry(report, switching && report->event == REGISTRY_WRITTEN);
	if (report->event == REGISTRY_FAILED && report->id == _TUNABLES)
		root->journal_failed = true;
	else if ((report->event == REGISTRY_FOREIGN || report->event == REGISTRY_LEFT_ALONE) &&
		 root->cycle)
		cycle_foreign(root->cycle, report->id);
}

static void on_change(const Change *change, const char *event, void *context)
{
	const Root *root = context;

	announce_change(change, event);
	operate_status(context);
	if (root->control)
		control_changed(root->control);
}

/* The state directory, and in it the lock. Its lack is not fatal: then nothing is tuned. */
static int open_state(Root *root)
{
	pid_t holder = 0;
	int r = places_state_directory(root->options, root->config, &root->state_directory);

	if (r < 0)
		return r;
	r = places_open_directory(root->state_directory, 0700, &root->state_fd);
	if (r < 0) {
		(void)text_format(root->tuning_reason, sizeof(root->tuning_reason),
				  "the state directory %s cannot be used: %s",
				  root->state_directory, strerror(-r));
		return 0;
	}
	r = instance_acquire(root->state_fd, &root->lock_fd, &holder);
	if (r == INSTANCE_HELD) {
		log_error(
			"another netoptd (pid %d) already uses %s; stop it first, or give this one "
			"another --state-directory and --socket",
			(int)holder, root->state_directory);
		return -EBUSY;
	}
	if (r < 0)
		(void)text_format(root->tuning_reason, sizeof(root->tuning_reason),
				  "%s/lock cannot be locked: %s", root->state_directory,
				  strerror(-r));
	return 0;
}

static int build_registry(Root *root)
{
	RegistryParams params = {.sysctl = sysctl_kernel,
				 .clock = clock_system,
				 .state_directory_fd = root->lock_fd >= 0 ? root->state_fd : -1,
				 .dry_run = root->options->dry_run,
				 .report = on_report,
				 .context = root};
	bool writable = false;
	int r = host_identity_read(&root->identity);

	if (r < 0)
		return r;
	params.identity = root->identity;
	r = registry_new(&params, &root->registry);
	if (r < 0)
		return r;
	for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++)
		writable = writable || registry_get(root->registry, id)->writable;
	if (!writable && !root->tuning_reason[0])
		(void)text_copy(root->tuning_reason, sizeof(root->tuning_reason),
				"no sysctl can be written: CAP_NET_ADMIN is missing");
	if (root->tuning_reason[0])
		log_warning("measuring only: %s", root->tuning_reason);
	return 0;
}

static void on_route(const RouteReport *report, void *context)
{
	announce_route(report,
		       is_switching(context, report->change_id) &&
			       (report->event == ROUTE_INSTALLED ||
				report->event == ROUTE_CHANGED || report->event == ROUTE_REMOVED));
}

/* The engine hears of it in the next step. */
static void on_lost(void *context)
{
	Root *root = context;

	if (root->cycle)
		cycle_poke(root->cycle);
}

static int build_hands(Root *root)
{
	HandsParams params = {.loop = root->loop,
			      .clock = clock_system,
			      .registry = root->registry,
			      .state_directory_fd = root->lock_fd >= 0 ? root->state_fd : -1,
			      .dry_run = root->options->dry_run,
			      .recover = !root->loop,
			      .report = on_route,
			      .lost = on_lost,
			      .context = root};

	return hands_new(&params, &root->hands);
}

static void on_network(void *context, int changes)
{
	Root *root = context;

	hands_changed(root->hands, changes);
}

static void on_step(void *context, uint64_t since_ns)
{
	Root *root = context;

	if (root->watch)
		watch_flows(root->watch, root->paths, since_ns);
	remember_store(root->remember, clock_realtime_ns(&clock_system), false);
}

/* A dry run leaves no trace. */
static int build_memory(Root *root)
{
	bool durable = root->lock_fd >= 0 && !root->options->dry_run;

	administered_read(&root->administered);
	return remember_new(durable ? root->state_fd : -1, &root->identity,
			    clock_realtime_ns(&clock_system), &root->remember);
}

static int on_shadow(void *context, const EngineAction *action, char *reason, size_t size)
{
	Root *root = context;

	return root->shadow ? shadow_begin(root->shadow, action, reason, size) : -EOPNOTSUPP;
}

static bool on_probed(void *context, const Address *address)
{
	Root *root = context;

	return root->shadow && shadow_is_possible(root->shadow, address);
}

static void on_shadowed(void *context, uint64_t change_id, const char *harm)
{
	Root *root = context;

	cycle_shadowed(root->cycle, change_id, harm);
}

static int build_deciding(Root *root)
{
	EngineParams params = {.random = random_system, .report = on_change, .context = root};
	CycleParams cycle = {.loop = root->loop,
			     .clock = clock_system,
			     .sysctl = sysctl_kernel,
			     .registry = root->registry,
			     .hands = root->hands,
			     .administered = root->administered.files,
			     .interval_ns = root->config->interval_ns,
			     .cpu_budget_ppm = root->config->cpu_budget_ppm,
			     .shadow = on_shadow,
			     .probed = on_probed,
			     .stepped = on_step,
			     .context = root};
	int r = path_table_new(PATH_TABLE_CAPACITY, FLOW_TABLE_CAPACITY, &root->paths);

	if (r < 0)
		return r;
	path_table_set_prefixes(root->paths, (uint8_t)root->config->prefix_ipv4,
				(uint8_t)root->config->prefix_ipv6);
	operate_policy(root, &params.config);
	params.lessons = remember_lessons(root->remember);
	r = engine_new(&params, &root->engine);
	if (r < 0)
		return r;
	cycle.paths = root->paths;
	cycle.engine = root->engine;
	r = cycle_new(&cycle, &root->cycle);
	if (r < 0)
		log_error("the kernel does not tell of its TCP sockets (sock_diag): %s",
			  strerror(-r));
	return r;
}

static int build_measuring(Root *root)
{
	ProberParams params = {.loop = root->loop, .clock = clock_system, .random = random_system};
	int r = prober_new(&params, &root->prober);

	if (r >= 0)
		r = watch_new(root->prober, &clock_system, &root->watch);
	if (r >= 0)
		r = watch_configure(root->watch, root->config);
	if (r >= 0)
		r = shadow_new(&(ShadowParams){.loop = root->loop,
					       .clock = clock_system,
					       .hands = root->hands,
					       .watch = root->watch,
					       .config = &root->config,
					       .done = on_shadowed,
					       .context = root},
			       &root->shadow);
	return r;
}

/* Without rtnetlink there is no discovery, and all else works. */
static int build_surroundings(Root *root)
{
	DiscoverParams params = {.loop = root->loop,
				 .clock = clock_system,
				 .watch = root->watch,
				 .paths = root->paths,
				 .changed = on_network,
				 .context = root};
	int r = discover_new(&params, &root->discover);

	if (r < 0)
		log_warning("the kernel does not tell of its links and routes (rtnetlink): %s",
			    strerror(-r));
	else
		discover_configure(root->discover, root->config);
	r = namespaces_new(root->loop, &clock_system, &root->namespaces);
	if (r >= 0)
		namespaces_configure(root->namespaces, root->config);
	return r;
}

static int build_control(Root *root)
{
	ControlParams params = {.loop = root->loop,
				.clock = clock_system,
				.listen_fd = notify_listen_fd(),
				.group = NETOPT_GROUP};
	_cleanup_free_ char *directory = NULL;
	_cleanup_close_ int fd = -1;
	int r = places_socket(root->options, root->config, &root->socket);

	if (r < 0)
		return r;
	directory = strndup(root->socket, (size_t)(strrchr(root->socket, '/') - root->socket));
	if (!directory)
		return -ENOMEM;
	(void)places_open_directory(directory, 0755, &fd); /* control_new() says what fails */
	params.path = root->socket;
	operate_ops(root, &params.ops);
	r = control_new(&params, &root->control);
	if (r < 0)
		log_error("control socket %s: %s", root->socket, strerror(-r));
	return r;
}

static void on_watchdog(void *context)
{
	Root *root = context;

	notify_watchdog();
	(void)loop_timer_set(root->watchdog, notify_watchdog_interval_ns());
}

static int build_watchdog(Root *root)
{
	uint64_t interval_ns = notify_watchdog_interval_ns();
	int r = loop_timer_new(root->loop, on_watchdog, root, &root->watchdog);

	if (r < 0 || interval_ns == 0)
		return r;
	return loop_timer_set(root->watchdog, interval_ns);
}

static void on_signal(int number, void *context)
{
	Root *root = context;
	Text message = {0};

	if (number == SIGHUP)
		(void)operate_reload(root, &message); /* it logs; the message is for a client */
	else if (number == SIGUSR1)
		operate_dump(root);
	else
		loop_stop(root->loop, EXIT_SUCCESS);
	text_clear(&message);
}

static int build_signals(Root *root)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
	int r = 0;

	(void)signal(SIGPIPE, SIG_IGN); /* a client that went away is an EPIPE, not an end */
	for (size_t i = 0; i < ARRAY_SIZE(numbers) && r >= 0; i++)
		r = loop_add_signal(root->loop, numbers[i], on_signal, root);
	return r;
}

static int build(Root *root)
{
	static int (*const steps[])(Root * root) = {
		open_state,      build_registry,     build_hands,    build_memory,  build_deciding,
		build_measuring, build_surroundings, build_watchdog, build_signals, build_control,
	};
	int r = loop_new(&root->loop);

	for (size_t i = 0; i < ARRAY_SIZE(steps) && r >= 0; i++)
		r = steps[i](root);
	return r;
}

static void tear_down(Root *root)
{
	control_free(root->control);
	loop_timer_free(root->watchdog);
	tcp_metrics_free(root->metrics);
	namespaces_free(root->namespaces);
	discover_free(root->discover);
	shadow_free(root->shadow);
	watch_free(root->watch);
	prober_free(root->prober);
	cycle_free(root->cycle);
	hands_free(root->hands);
	engine_free(root->engine);
	remember_free(root->remember);
	path_table_free(root->paths);
	registry_free(root->registry);
	loop_free(root->loop);
	base_close(&root->lock_fd);
	base_close(&root->state_fd);
	free(root->state_directory);
	free(root->socket);
	config_free(root->config);
	text_clear(&root->reload_error);
}

static void set_log_level(const Options *options, const Config *config)
{
	log_set_level(options->log_level >= 0 ? options->log_level : config->log_level);
}

int daemon_run(const Options *options)
{
	Root root = {.options = options, .state_fd = -1, .lock_fd = -1};
	int r;

	if (journal_sink_wanted())
		log_set_sink(journal_sink, NULL);
	if (load_config(options, &root.config) != 0)
		return EXIT_FAILURE;
	set_log_level(options, root.config);

	root.started_ns = clock_monotonic_ns(&clock_system);
	r = build(&root);
	if (r < 0) {
		if (r != -EBUSY)
			log_error("cannot start: %s", strerror(-r));
		tear_down(&root);
		return EXIT_FAILURE;
	}

	log_info("netoptd %s, endpoints: %zu, Mode=%s%s, socket %s", NETOPT_VERSION,
		 root.config->n_endpoints, config_mode_name(root.config->mode),
		 options->dry_run ? " (dry run)" : "", root.socket);
	operate_ready(&root);
	r = loop_run(root.loop);
	if (r < 0)
		log_error("the event loop failed: %s", strerror(-r));
	r = operate_stop(&root) < 0 || r != EXIT_SUCCESS ? EXIT_FAILURE : EXIT_SUCCESS;
	tear_down(&root);
	return r;
}

int daemon_recover(const Options *options)
{
	Root root = {.options = options, .state_fd = -1, .lock_fd = -1};
	int r;

	if (journal_sink_wanted())
		log_set_sink(journal_sink, NULL);
	/* A configuration that does not parse must not keep the host from its originals. */
	if (load_config(options, &root.config) != 0 && config_new(&root.config) < 0)
		return EXIT_FAILURE;
	set_log_level(options, root.config);

	r = open_state(&root);
	if (r >= 0 && root.lock_fd < 0) {
		log_error("%s", root.tuning_reason);
		r = -EIO;
	}
	if (r >= 0)
		r = build_registry(&root);
	if (r >= 0)
		r = build_hands(&root);
	if (r >= 0 && !hands_are_clean(root.hands))
		r = -EIO; /* already reported */
	for (TunableId id = 0; r >= 0 && id < _TUNABLE_SYSCTLS; id++)
		if (registry_get(root.registry, id)->owner == OWNER_NETOPT)
			r = -EIO; /* already reported */
	if (r >= 0 && root.journal_failed)
		r = -EBADMSG; /* likewise */
	if (r >= 0)
		log_info("nothing is left changed");
	tear_down(&root);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
