/* SPDX-License-Identifier: MIT */
/*
 * The table of sections and keys, in the order of the template.
 *
 * Its help texts are what an administrator reads in /etc/netopt.conf: what the key does, what it
 * can be, and what it costs. netopt.conf(5) says the same at length.
 */
#include "daemon/config/keys.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>
#include <syslog.h>

#include "common/base.h"
#include "common/clock.h"
#include "common/text.h"
#include "daemon/config/value.h"

#define MIB UINT64_C(1048576)

/* A state directory is joined with file names, and those must stay below PATH_MAX. */
#define DIRECTORY_LENGTH_MAX 1000
/* unix(7): sun_path, less its NUL. */
#define SOCKET_LENGTH_MAX (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1)

/* From the kernel's own tcp_rmem[1], since a maximum below the default makes no sense, to four
 * times what ESnet advises for hosts of 10 to 100 Gbit/s (fasterdata.es.net, Linux tuning). */
#define BUFFERS_MIN (128 * UINT64_C(1024))
#define BUFFERS_MAX (512 * MIB)

/* Less than one connection's buffers is a mistake; so is more than any host has. */
#define BUDGET_MIN MIB
#define BUDGET_MAX (1024 * 1024 * MIB)

static const ConfigWord modes[] = {
	{"auto", CONFIG_MODE_AUTO},
	{"advise", CONFIG_MODE_ADVISE},
	{"observe", CONFIG_MODE_OBSERVE},
	{NULL, 0},
};

static const ConfigWord on_stops[] = {
	{"restore", CONFIG_ON_STOP_RESTORE},
	{"keep", CONFIG_ON_STOP_KEEP},
	{NULL, 0},
};

static const ConfigWord log_levels[] = {
	{"debug", LOG_DEBUG},     {"info", LOG_INFO}, {"notice", LOG_NOTICE},
	{"warning", LOG_WARNING}, {"error", LOG_ERR}, {NULL, 0},
};

static const ConfigWord objectives[] = {
	{"latency", CONFIG_OBJECTIVE_LATENCY},
	{"balanced", CONFIG_OBJECTIVE_BALANCED},
	{"throughput", CONFIG_OBJECTIVE_THROUGHPUT},
	{NULL, 0},
};

/* The bits of tcp_fastopen, ip-sysctl.rst: 1 client, 2 server. */
static const ConfigWord fast_opens[] = {
	{"client", 1},
	{"server", 2},
	{"both", 3},
	{NULL, 0},
};

const ConfigSection config_sections[CONFIG_SECTIONS] = {
	[CONFIG_SECTION_DAEMON] = {.name = "Daemon", .title = "[Daemon]"},
	[CONFIG_SECTION_TUNING] =
		{
			.name = "Tuning",
			.title = "[Tuning]",
			.help = "What may be tuned. 'auto': netoptd tries on evidence, measures, "
				"and "
				"keeps only what\nhelps. 'off': it is left as it is. Anything else "
				"is "
				"set and held.",
		},
	[CONFIG_SECTION_ENDPOINT] =
		{
			.name = "Endpoint",
			.title = "[Endpoint NAME]",
			.help = "A destination whose latency is measured. One section for each, "
				"with a "
				"NAME of its own:\nletters, digits, '.', '_' and '-'.",
		},
};

const ConfigKey config_keys[CONFIG_KEYS] = {
	{
		.section = CONFIG_SECTION_DAEMON,
		.name = "Mode",
		.fallback = "auto",
		.help = "auto: measure, decide, change, and keep what proves better.\n"
			"advise: measure and decide, but only log what would be done.\n"
			"observe: only measure.",
		.set = config_set_word,
		.offset = offsetof(Config, mode),
		.words = modes,
	},
	{
		.section = CONFIG_SECTION_DAEMON,
		.name = "Interval",
		.fallback = "10s",
		.help = "The longest time between two looks at the kernel's TCP state: 1s to 1h.",
		.set = config_set_duration,
		.offset = offsetof(Config, interval_ns),
		.minimum = NSEC_PER_SEC,
		.maximum = NSEC_PER_HOUR,
	},
	{
		.section = CONFIG_SECTION_DAEMON,
		.name = "OnStop",
		.fallback = "restore",
		.help = "What becomes of changed settings when netoptd stops.\n"
			"restore: each gets its original value back. keep: they stay until the "
			"next "
			"boot.",
		.set = config_set_word,
		.offset = offsetof(Config, on_stop),
		.words = on_stops,
	},
	{
		.section = CONFIG_SECTION_DAEMON,
		.name = "StateDirectory",
		.fallback = "",
		.help = "Where the originals of changed settings are recorded, as an absolute "
			"path.\n"
			"Empty: what systemd gives, or else /var/lib/netopt. Needs a restart.",
		.set = config_set_path,
		.offset = offsetof(Config, state_directory),
		.maximum = DIRECTORY_LENGTH_MAX,
	},
	{
		.section = CONFIG_SECTION_DAEMON,
		.name = "Socket",
		.fallback = "",
		.help = "Where netoptctl finds netoptd, as an absolute path of at most 107 bytes.\n"
			"Empty: /run/netopt/netoptd.sock. Needs a restart.",
		.set = config_set_path,
		.offset = offsetof(Config, socket),
		.maximum = SOCKET_LENGTH_MAX,
	},
	{
		.section = CONFIG_SECTION_DAEMON,
		.name = "LogLevel",
		.fallback = "info",
		.help = "The least important messages to log: debug, info, notice, warning, error.",
		.set = config_set_word,
		.offset = offsetof(Config, log_level),
		.words = log_levels,
	},
	{
		.section = CONFIG_SECTION_TUNING,
		.name = "CongestionControl",
		.fallback = "auto",
		.help = "How fast connections send: auto (among cubic, bbr and what is in use), "
			"off,\n"
			"or names separated by blanks: one is set and held, of several the best is "
			"found.",
		.set = config_set_congestion,
	},
	{
		.section = CONFIG_SECTION_TUNING,
		.name = "Buffers",
		.fallback = "auto",
		.help = "The maximum of the TCP buffers of a connection: auto, off,\n"
			"or a size of 128K to 512M, which is set and held.",
		.set = config_set_buffers,
		.minimum = BUFFERS_MIN,
		.maximum = BUFFERS_MAX,
	},
	{
		.section = CONFIG_SECTION_TUNING,
		.name = "FastOpen",
		.fallback = "auto",
		.help = "TCP Fast Open: auto, off, or what is set and held: client (1), server "
			"(2), "
			"both (3),\nor 0, for neither.",
		.set = config_set_fast_open,
		.words = fast_opens,
	},
	{
		.section = CONFIG_SECTION_TUNING,
		.name = "MemoryBudget",
		.fallback = "50%",
		.help = "The most memory that all TCP buffers together may be expected to take: a "
			"percentage\nof where the kernel begins to save TCP memory (the second "
			"number "
			"of tcp_mem),\nor a size as 256M.",
		.set = config_set_memory_budget,
		.minimum = BUDGET_MIN,
		.maximum = BUDGET_MAX,
	},
	{
		.section = CONFIG_SECTION_TUNING,
		.name = "Objective",
		.fallback = "balanced",
		.help = "What counts as better: latency, throughput, or balanced between them.",
		.set = config_set_word,
		.offset = offsetof(Config, objective),
		.words = objectives,
	},
	{
		.section = CONFIG_SECTION_ENDPOINT,
		.name = "Url",
		.fallback = "",
		.example = "tcp://www.example.net:443",
		.help = "Required: tcp://HOST:PORT, with an IPv6 address in brackets.",
		.set = config_set_url,
	},
	{
		.section = CONFIG_SECTION_ENDPOINT,
		.name = "Interval",
		.fallback = "10s",
		.help = "The mean time between two measurements, which come at random: 100ms to "
			"1h.\n"
			"Below 1s is impolite to hosts that are not yours.",
		.set = config_set_duration,
		.offset = offsetof(ConfigEndpoint, interval_ns),
		.minimum = 100 * NSEC_PER_MSEC,
		.maximum = NSEC_PER_HOUR,
	},
	{
		.section = CONFIG_SECTION_ENDPOINT,
		.name = "Timeout",
		.fallback = "3s",
		.help = "After this long without an answer a measurement counts as lost: 50ms to "
			"60s.",
		.set = config_set_duration,
		.offset = offsetof(ConfigEndpoint, timeout_ns),
		.minimum = 50 * NSEC_PER_MSEC,
		.maximum = 60 * NSEC_PER_SEC,
	},
	{
		.section = CONFIG_SECTION_ENDPOINT,
		.name = "TargetP99",
		.fallback = "",
		.help = "What 99 of 100 measurements should stay below, as 80ms; status shows "
			"whether "
			"they do.\nEmpty: no target. 1us to 60s.",
		.set = config_set_duration,
		.offset = offsetof(ConfigEndpoint, target_p99_ns),
		.minimum = NSEC_PER_USEC,
		.maximum = 60 * NSEC_PER_SEC,
	},
};

const ConfigKey *config_key_find(ConfigSectionId section, const char *name)
{
	for (size_t i = 0; i < CONFIG_KEYS; i++)
		if (config_keys[i].section == section && text_equal(config_keys[i].name, name))
			return &config_keys[i];
	return NULL;
}

int config_key_set(const ConfigKey *key, const char *text, void *target, ConfigFault *ret_fault)
{
	return key->set(key, text[0] != '\0' ? text : key->fallback, target, ret_fault);
}

int config_keys_reset(ConfigSectionId section, void *target)
{
	ConfigFault fault;

	for (size_t i = 0; i < CONFIG_KEYS; i++) {
		if (config_keys[i].section != section)
			continue;
		int r = config_key_set(&config_keys[i], "", target, &fault);
		if (r < 0)
			return r;
		assert(r == 0); /* a default of the table that its own parser refuses */
	}
	return 0;
}
