/* SPDX-License-Identifier: MIT */
#include "cli/audit/observe.h"

#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/parse.h"
#include "common/text.h"
#include "daemon/administered.h"
#include "daemon/kern/diag.h"
#include "daemon/kern/proc.h"
#include "daemon/kern/process.h"
#include "daemon/kern/sysctl.h"

#define GAP_NS              (5 * NSEC_PER_MSEC)
#define COST_SHARE          3 /* of four parts of the time we rest three */
#define OWNERS_GAP_NS       NSEC_PER_SEC
#define TCP_STATE_TIME_WAIT 6
#define LOOKUPS_AGAIN       4

/* Programs that set the same sysctls. */
static const char *const tuner_names[] = {"tuned", "bpftune", "netoptimizer"};

typedef struct Look {
	Observation *observation;
	Diag *diag;
	int destroy_fd;
	uint64_t now_ns, owners_ns;
	bool first;
	int error;
} Look;

/* Sockets. */

static void on_flow(const FlowSample *sample, void *context)
{
	Look *look = context;

	if (observation_add_flow(look->observation, sample, look->now_ns) < 0)
		look->error = -ENOMEM;
}

static void on_listener(const FlowSample *sample, void *context)
{
	Look *look = context;

	observation_add_listener(look->observation, sample, look->first);
}

static void on_closed(const FlowSample *sample, void *context)
{
	observation_add_closed(((Look *)context)->observation, sample);
}

static void on_peer(const FlowSample *sample, void *context)
{
	observation_add_peer(((Look *)context)->observation, sample);
}

static void name_owner(const ProcessTable *table, const FlowSample *sample, ObservedComm comm)
{
	const Process *process = process_table_find(table, sample->inode);

	if (process)
		(void)text_copy(comm, OBSERVED_COMM_MAX, process->comm);
}

/* Short-lived sockets are gone at the end, so their owners are looked for once a second. */
static void name_owners(Look *look)
{
	ProcessTable *table;
	ProcessStats stats;
	DiagStats dumped;

	if (process_table_read(NULL, &table, &stats) < 0)
		return;
	/* Once more, for what was opened while the table was read. */
	(void)diag_dump(look->diag, DIAG_STATES_FLOWS, on_flow, look, &dumped);
	for (size_t i = 0; i < look->observation->n_flows; i++) {
		ObservedFlow *flow = &look->observation->flows[i];

		if (!*flow->comm)
			name_owner(table, &flow->last, flow->comm);
	}
	process_table_free(table);
}

static void name_listener(const FlowSample *sample, void *context)
{
	const ProcessTable *table = ((void **)context)[0];
	Observation *observation = ((void **)context)[1];

	for (size_t i = 0; i < observation->n_listeners; i++) {
		ObservedListener *listener = &observation->listeners[i];

		if (listener->port == sample->local_port &&
		    address_equal(&listener->local, &sample->local))
			name_owner(table, sample, listener->comm);
	}
}

static void name_listeners(Look *look)
{
	ProcessTable *table;
	ProcessStats stats;
	DiagStats dumped;

	if (process_table_read(NULL, &table, &stats) < 0)
		return;
	(void)diag_dump(look->diag, DIAG_STATES_LISTEN, name_listener,
			(void *[]){table, look->observation}, &dumped);
	process_table_free(table);
}

/* One reading of everything that moves; the processor time that it took: with others at work it
 * may last longer, and that is no reason to look less often. */
static uint64_t read_sockets(Look *look)
{
	Observation *observation = look->observation;
	DiagStats stats;
	uint64_t start_ns = clock_cpu_ns(), cost_ns;
	bool lost;

	look->now_ns = clock_monotonic_ns(&clock_system);
	observation->hint = 0;
	if (diag_dump(look->diag, DIAG_STATES_FLOWS, on_flow, look, &stats) < 0)
		(void)text_copy(observation->flows_why, sizeof(observation->flows_why),
				"the kernel did not list the sockets");
	if (look->destroy_fd >= 0)
		(void)diag_destroy_read(look->diag, on_closed, look, &lost);
	cost_ns = clock_cpu_ns() - start_ns;
	if (look->now_ns - look->owners_ns >= OWNERS_GAP_NS) {
		look->owners_ns = look->now_ns;
		name_owners(look);
		(void)diag_dump(look->diag, DIAG_STATES_LISTEN, on_listener, look, &stats);
	}
	return cost_ns;
}

static void rest(uint64_t ns)
{
	struct timespec span = {.tv_sec = (time_t)(ns / NSEC_PER_SEC),
				.tv_nsec = (long)(ns % NSEC_PER_SEC)};

	(void)nanosleep(&span, NULL); /* a signal ends it, and the next reading comes sooner */
}

static void watch_sockets(Look *look, uint64_t duration_ns, ObserveProgress progress, void *context)
{
	uint64_t start_ns = clock_monotonic_ns(&clock_system), told_ns = 0, elapsed_ns = 0;

	do {
		uint64_t cost_ns = read_sockets(look);

		look->first = false;
		if (duration_ns == 0)
			break;
		rest(MAX(GAP_NS, COST_SHARE * cost_ns));
		elapsed_ns = clock_monotonic_ns(&clock_system) - start_ns;
		if (elapsed_ns - told_ns < 100 * NSEC_PER_MSEC)
			continue;
		told_ns = elapsed_ns;
		if (progress &&
		    !progress((unsigned)MIN(1000 * elapsed_ns / duration_ns, (uint64_t)1000),
			      context))
			break;
	} while (elapsed_ns < duration_ns && look->error == 0);
	look->observation->duration_ns = elapsed_ns;
}

static int observe_sockets(uint64_t duration_ns, ObserveProgress progress, void *context,
			   Observation *observation)
{
	Look look = {.observation = observation, .destroy_fd = -1, .first = true};
	DiagStats stats;
	int r = diag_new(&look.diag);

	if (r < 0) {
		(void)text_format(observation->flows_why, sizeof(observation->flows_why),
				  "sock_diag: %s", strerror(-r));
		(void)text_copy(observation->closed_why, sizeof(observation->closed_why),
				observation->flows_why);
		return 0;
	}
	r = diag_destroy_listen(look.diag, &look.destroy_fd);
	if (r < 0) {
		look.destroy_fd = -1;
		(void)text_format(
			observation->closed_why, sizeof(observation->closed_why),
			"connections that close are not told to this user (%s): run it as "
			"root",
			strerror(-r));
	}
	(void)diag_dump(look.diag, DIAG_STATES_LISTEN, on_listener, &look, &stats);
	watch_sockets(&look, duration_ns, progress, context);
	(void)diag_dump(look.diag, DIAG_STATES_LISTEN, on_listener, &look, &stats);
	(void)diag_dump(look.diag, DIAG_STATES_FLOWS | 1U << TCP_STATE_TIME_WAIT, on_peer, &look,
			&stats);
	name_listeners(&look);
	diag_free(look.diag);
	return look.error;
}

/* The host. */

static void read_value(const char *key, char *buffer, size_t size)
{
	char value[SYSCTL_VALUE_MAX];

	if (sysctl_read(&sysctl_kernel, key, value, sizeof(value)) < 0 ||
	    !text_copy(buffer, size, value))
		buffer[0] = '\0';
	for (char *at = buffer; *at; at++)
		*at = *at == '\t' ? ' ' : *at;
}

static void read_settings(Observation *observation)
{
	HostSettings *settings = &observation->settings;
	char value[SYSCTL_VALUE_MAX];

	for (size_t i = 0; i < host_settings_count; i++)
		settings->known[i] = sysctl_read(&sysctl_kernel, host_settings[i].key, value,
						 sizeof(value)) >= 0 &&
				     host_setting_parse(value, &settings->values[i]);
	read_value("net.ipv4.tcp_rmem", observation->rmem, sizeof(observation->rmem));
	read_value("net.ipv4.tcp_wmem", observation->wmem, sizeof(observation->wmem));
	read_value("net.core.somaxconn", observation->somaxconn, sizeof(observation->somaxconn));
	read_value("net.ipv4.ip_local_port_range", observation->port_range,
		   sizeof(observation->port_range));
	read_value("net.ipv4.tcp_fastopen", observation->fast_open, sizeof(observation->fast_open));
}

static void note_tuner(Observation *observation, const char *pid)
{
	char path[64], comm[64];
	size_t length;
	int64_t number;

	if (parse_int64(pid, 1, INT32_MAX, &number) < 0 ||
	    !text_format(path, sizeof(path), "/proc/%s/comm", pid) ||
	    proc_read(path, comm, sizeof(comm), &length) < 0)
		return;
	(void)text_strip(comm);
	for (size_t i = 0; i < ARRAY_SIZE(tuner_names); i++)
		if (text_equal(comm, tuner_names[i]) &&
		    observation->n_tuners < OBSERVED_TUNERS_MAX) {
			ObservedTuner *tuner = &observation->tuners[observation->n_tuners++];

			tuner->pid = (pid_t)number;
			(void)text_copy(tuner->comm, sizeof(tuner->comm), comm);
		}
}

static void find_tuners(Observation *observation)
{
	DIR *directory = opendir("/proc");
	const struct dirent *entry;

	if (!directory)
		return;
	while ((entry = readdir(directory)) != NULL)
		note_tuner(observation, entry->d_name);
	(void)closedir(directory);
}

/* The first of the files that set something netopt tunes. */
static void find_administered(Observation *observation)
{
	static Administered administered;
	size_t n = 0;

	administered_read(&administered);
	for (size_t i = 0; i < _TUNABLE_SYSCTLS; i++) {
		if (!administered.files[i])
			continue;
		if (n++ == 0)
			(void)text_format(observation->administered,
					  sizeof(observation->administered), "%s in %s",
					  tunables[i].key, administered.files[i]);
	}
	if (n > 1) {
		size_t length = strlen(observation->administered);

		(void)text_format(observation->administered + length,
				  sizeof(observation->administered) - length, " and %zu more",
				  n - 1);
	}
}

int observe(uint64_t duration_ns, ObserveProgress progress, void *context, Observation *ret)
{
	int r;

	memset(ret, 0, sizeof(*ret));
	read_settings(ret);
	find_tuners(ret);
	find_administered(ret);
	r = observe_sockets(duration_ns, progress, context, ret);
	return r;
}

/* Names. */

/* Microseconds; UINT64_MAX: it failed. */
static uint64_t look_up(const char *name)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found;
	uint64_t start_ns = clock_monotonic_ns(&clock_system), end_ns;

	if (getaddrinfo(name, NULL, &hints, &found) != 0)
		return UINT64_MAX;
	end_ns = clock_monotonic_ns(&clock_system);
	freeaddrinfo(found);
	return (end_ns - start_ns) / NSEC_PER_USEC;
}

void observe_name(Observation *observation, const char *name)
{
	ObservedName *observed;

	if (observation->n_names >= OBSERVED_NAMES_MAX)
		return;
	for (size_t i = 0; i < observation->n_names; i++)
		if (text_equal(observation->names[i].name, name))
			return;
	observed = &observation->names[observation->n_names++];
	(void)text_copy(observed->name, sizeof(observed->name), name);
	observed->first_us = look_up(name);
	observed->again_us = UINT64_MAX;
	for (unsigned i = 0; i < LOOKUPS_AGAIN && observed->first_us != UINT64_MAX; i++)
		observed->again_us = MIN(observed->again_us, look_up(name));
	observed->failed = observed->again_us == UINT64_MAX;
}
