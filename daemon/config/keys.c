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

/* Below a hundred microseconds each second not even one sweep of an idle host is possible. */
#define CPU_PPM_MIN UINT64_C(100)
#define CPU_PPM_MAX UINT64_C(1000000)

/* Shorter prefixes than registries give to one network would merge what has nothing in common. */
#define PREFIX_IPV4_MIN 8
#define PREFIX_IPV6_MIN 16

/* A page that is worth measuring is larger than its head; 64 MiB take seconds on most links. */
#define BODY_MIN UINT64_C(1024)
#define BODY_MAX (64 * MIB)

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

static const ConfigWord discovers[] = {
	{"auto", CONFIG_DISCOVER_AUTO},
	{"yes", CONFIG_DISCOVER_YES},
	{"no", CONFIG_DISCOVER_NO},
	{NULL, 0},
};

static const ConfigWord families[] = {
	{"both", CONFIG_FAMILY_BOTH},
	{"ipv4", CONFIG_FAMILY_IPV4},
	{"ipv6", CONFIG_FAMILY_IPV6},
	{NULL, 0},
};

static const ConfigWord auto_off[] = {
	{"auto", CONFIG_TUNING_AUTO},
	{"off", CONFIG_TUNING_OFF},
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

#define SWITCH(NAME, KNOB, HELP)                                                                   \
	{                                                                                          \
		.section = CONFIG_SECTION_TUNING, .name = NAME, .fallback = "auto", .help = HELP,  \
		.set = config_set_word, .offset = offsetof(Config, knobs[KNOB]), .words = auto_off \
	}

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
		.help = "The longest time between two looks at the kernel's TCP state: 1s to 1h.\n"
			"Longer if CpuBudget= allows no more.",
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
		.section = CONFIG_SECTION_DAEMON,
		.name = "Discover",
		.fallback = "auto",
		.help = "Whether to watch what the host itself uses: its gateways, its name "
			"servers, "
			"and the\nbusiest peers of its connections. auto: while no endpoint is "
			"configured. yes, no.",
		.set = config_set_discover,
		.words = discovers,
	},
	{
		.section = CONFIG_SECTION_DAEMON,
		.name = "ProbePeers",
		.fallback = "no",
		.help = "Whether peers that were found are sent probes as well: yes, or no: only "
			"their\nconnections are watched. Gateways and name servers are probed in "
			"any "
			"case.",
		.set = config_set_bool,
		.offset = offsetof(Config, probe_peers),
	},
	{
		.section = CONFIG_SECTION_DAEMON,
		.name = "Netns",
		.fallback = "",
		.help = "Network namespaces whose connections are watched besides the host's: "
			"names "
			"of\n'ip netns' separated by blanks, or all, those of containers "
			"included.\n"
			"Empty: only the host's.",
		.set = config_set_netns,
	},
	{
		.section = CONFIG_SECTION_DAEMON,
		.name = "CpuBudget",
		.fallback = "0.5%",
		.help = "The most of one processor core that looks at the kernel's TCP state may "
			"take:\n0.01% to 100%. With many connections they become rarer rather than "
			"dearer.",
		.set = config_set_cpu_budget,
		.minimum = CPU_PPM_MIN,
		.maximum = CPU_PPM_MAX,
	},
	{
		.section = CONFIG_SECTION_DAEMON,
		.name = "PrefixIPv4",
		.fallback = "24",
		.help = "The length of the prefixes to which IPv4 peers that look alike are "
			"merged: "
			"8 to 32.",
		.set = config_set_number,
		.offset = offsetof(Config, prefix_ipv4),
		.minimum = PREFIX_IPV4_MIN,
		.maximum = 32,
	},
	{
		.section = CONFIG_SECTION_DAEMON,
		.name = "PrefixIPv6",
		.fallback = "48",
		.help = "The same for IPv6: 16 to 128.",
		.set = config_set_number,
		.offset = offsetof(Config, prefix_ipv6),
		.minimum = PREFIX_IPV6_MIN,
		.maximum = 128,
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
	SWITCH("InitialWindow", CONFIG_INITIAL_WINDOW,
	       "How much new connections send before the first answer, learned for each "
	       "destination:\nauto, off."),
	SWITCH("IdleRestart", CONFIG_IDLE_RESTART,
	       "Whether connections that paused start slowly again: auto, off."),
	SWITCH("SendQueue", CONFIG_SEND_QUEUE,
	       "How much unsent data may wait in a socket, and so delay what is written next: "
	       "auto, off."),
	SWITCH("QuickAck", CONFIG_QUICK_ACK,
	       "Immediate acknowledgements to destinations that wait for ours: auto, off."),
	SWITCH("MinimumRto", CONFIG_MINIMUM_RTO,
	       "The least time before data is sent again, of very short paths: auto, off."),
	SWITCH("Ecn", CONFIG_ECN,
	       "Explicit congestion notification towards single destinations: auto, off."),
	SWITCH("MtuProbing", CONFIG_MTU_PROBING,
	       "Probing for a smaller packet size where large packets vanish: auto, off."),
	SWITCH("Backlog", CONFIG_BACKLOG,
	       "The queues of connections that wait to be accepted: auto, off."),
	SWITCH("TcpMemory", CONFIG_TCP_MEMORY,
	       "Where the kernel begins to save TCP memory: auto, off."),
	SWITCH("PortRange", CONFIG_PORT_RANGE,
	       "The local ports of outgoing connections, before they run out: auto, off."),
	SWITCH("UdpBuffers", CONFIG_UDP_BUFFERS,
	       "The buffers of UDP sockets, when datagrams are lost in them: auto, off."),
	SWITCH("Softnet", CONFIG_SOFTNET,
	       "The kernel's queue and time for packets received, when it drops some: auto, off."),
	SWITCH("NeighbourTable", CONFIG_NEIGHBOUR_TABLE,
	       "The size of the table of neighbours (ARP, NDP), when it overflows: auto, off."),
	SWITCH("Deviations", CONFIG_DEVIATIONS,
	       "Whether settings of correctness that differ from the kernel's default are "
	       "reported:\nauto, off. They are never changed."),
	{
		.section = CONFIG_SECTION_TUNING,
		.name = "PerDestination",
		.fallback = "yes",
		.help = "Whether what suits one destination is set for that one alone, as metrics "
			"of a\nroute of netoptd's own: yes, or no: only the host's settings are "
			"tuned.",
		.set = config_set_bool,
		.offset = offsetof(Config, per_destination),
	},
	{
		.section = CONFIG_SECTION_TUNING,
		.name = "ExplorationBudget",
		.fallback = "10%",
		.help = "The most of a day that a destination may be under a setting that is not "
			"proven:\n1% to 50%.",
		.set = config_set_exploration,
	},
	{
		.section = CONFIG_SECTION_TUNING,
		.name = "OverrideSysctl",
		.fallback = "no",
		.help = "Whether what is set in sysctl.d or /etc/sysctl.conf may be changed, too: "
			"yes, no.",
		.set = config_set_bool,
		.offset = offsetof(Config, override_sysctl),
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
		.example = "https://www.example.net/",
		.help = "Required. One of, with IPv6 addresses in brackets:\n"
			"tcp://HOST:PORT, tls://HOST, http://HOST/PATH, https://HOST/PATH, "
			"icmp://HOST,\ndns://SERVER/NAME?type=AAAA, or dns:///NAME for the "
			"system's name "
			"server.",
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
		.name = "Family",
		.fallback = "both",
		.help = "Which addresses of the host are measured: both, ipv4, ipv6.",
		.set = config_set_word,
		.offset = offsetof(ConfigEndpoint, family),
		.words = families,
	},
	{
		.section = CONFIG_SECTION_ENDPOINT,
		.name = "Source",
		.fallback = "",
		.help = "The address of this host to measure from; only its family is measured "
			"then."
			"\nEmpty: the kernel chooses.",
		.set = config_set_source,
	},
	{
		.section = CONFIG_SECTION_ENDPOINT,
		.name = "Objective",
		.fallback = "",
		.help = "What counts as better for this endpoint: latency, balanced, throughput.\n"
			"Empty: what [Tuning] says.",
		.set = config_set_endpoint_objective,
		.offset = offsetof(ConfigEndpoint, objective),
		.words = objectives,
	},
	{
		.section = CONFIG_SECTION_ENDPOINT,
		.name = "TargetP50",
		.fallback = "",
		.help = "What half of the measurements should stay below, as 40ms; status shows "
			"whether they\ndo. Empty: no target. 1us to 60s, and not longer than the "
			"timeout.",
		.set = config_set_duration,
		.offset = offsetof(ConfigEndpoint, target_p50_ns),
		.minimum = NSEC_PER_USEC,
		.maximum = 60 * NSEC_PER_SEC,
	},
	{
		.section = CONFIG_SECTION_ENDPOINT,
		.name = "TargetP95",
		.fallback = "",
		.help = "What 95 of 100 measurements should stay below.",
		.set = config_set_duration,
		.offset = offsetof(ConfigEndpoint, target_p95_ns),
		.minimum = NSEC_PER_USEC,
		.maximum = 60 * NSEC_PER_SEC,
	},
	{
		.section = CONFIG_SECTION_ENDPOINT,
		.name = "TargetP99",
		.fallback = "",
		.help = "What 99 of 100 measurements should stay below.",
		.set = config_set_duration,
		.offset = offsetof(ConfigEndpoint, target_p99_ns),
		.minimum = NSEC_PER_USEC,
		.maximum = 60 * NSEC_PER_SEC,
	},
	{
		.section = CONFIG_SECTION_ENDPOINT,
		.name = "Group",
		.fallback = "",
		.help = "A name that endpoints to be compared have in common, as that of a region.",
		.set = config_set_group,
	},
	{
		.section = CONFIG_SECTION_ENDPOINT,
		.name = "Verify",
		.fallback = "yes",
		.help = "tls, https: whether a certificate that cannot be trusted is a failure: "
			"yes, "
			"no.",
		.set = config_set_bool,
		.offset = offsetof(ConfigEndpoint, verify),
	},
	{
		.section = CONFIG_SECTION_ENDPOINT,
		.name = "TrustedCertificates",
		.fallback = "",
		.help = "tls, https: a PEM file of certificates to trust, as an absolute path.\n"
			"Empty: those the system trusts.",
		.set = config_set_path_field,
		.offset = offsetof(ConfigEndpoint, ca_file),
		.maximum = CONFIG_PATH_MAX - 1,
	},
	{
		.section = CONFIG_SECTION_ENDPOINT,
		.name = "BodyLimit",
		.fallback = "1M",
		.help = "http, https: an answer with a longer body is a failure: 1K to 64M.",
		.set = config_set_size,
		.offset = offsetof(ConfigEndpoint, body_limit_bytes),
		.minimum = BODY_MIN,
		.maximum = BODY_MAX,
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
