/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The configuration as typed values. One key table (keys.c) gives the parser, the defaults, the
 * commented template (conf/netopt.conf is generated from it) and the man page check.
 *
 * Files: the main file, then *.conf of the drop-in directories: /usr/lib/netopt.conf.d,
 * /run/netopt.conf.d, /etc/netopt.conf.d (beside the main file when another one was named: FILE.d),
 * merged by file name as systemd does: same name in a later directory replaces the earlier one.
 * Later files override single keys of earlier ones; the same key twice within one file is an error.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"

typedef enum ConfigMode {
	CONFIG_MODE_OBSERVE, /* measure only */
	CONFIG_MODE_ADVISE,  /* also propose, and log what would be done */
	CONFIG_MODE_AUTO,    /* act */
} ConfigMode;

typedef enum ConfigOnStop {
	CONFIG_ON_STOP_RESTORE,
	CONFIG_ON_STOP_KEEP,
} ConfigOnStop;

typedef enum ConfigObjective {
	CONFIG_OBJECTIVE_LATENCY,
	CONFIG_OBJECTIVE_BALANCED,
	CONFIG_OBJECTIVE_THROUGHPUT,
} ConfigObjective;

/* auto | off | a fixed value (or for CongestionControl: a list of allowed ones). */
typedef enum ConfigTuningKind {
	CONFIG_TUNING_AUTO,
	CONFIG_TUNING_OFF,
	CONFIG_TUNING_FIXED, /* Buffers=, FastOpen=: the value is set and held, without trial */
	CONFIG_TUNING_LIST,  /* CongestionControl=: auto, but only among these; one name: fixed */
} ConfigTuningKind;

/* Keys of [Tuning] that are auto or off and no more. */
typedef enum ConfigKnob {
	CONFIG_INITIAL_WINDOW,
	CONFIG_IDLE_RESTART,
	CONFIG_SEND_QUEUE,
	CONFIG_QUICK_ACK,
	CONFIG_MINIMUM_RTO,
	CONFIG_ECN,
	CONFIG_MTU_PROBING,
	CONFIG_BACKLOG,
	CONFIG_TCP_MEMORY,
	CONFIG_PORT_RANGE,
	CONFIG_UDP_BUFFERS,
	CONFIG_SOFTNET,
	CONFIG_NEIGHBOUR_TABLE,
	CONFIG_DEVIATIONS,
	_CONFIG_KNOBS,
} ConfigKnob;

#define CONFIG_CC_MAX        8
#define CONFIG_CC_NAME_MAX   16
#define CONFIG_ENDPOINTS_MAX 1024
#define CONFIG_NAME_MAX      64
#define CONFIG_URL_MAX       320
#define CONFIG_HOST_MAX      256
#define CONFIG_TARGET_MAX    256
#define CONFIG_PATH_MAX      256
#define CONFIG_NETNS_MAX     32

typedef enum ConfigDiscover {
	CONFIG_DISCOVER_AUTO, /* only while no endpoint is configured */
	CONFIG_DISCOVER_YES,
	CONFIG_DISCOVER_NO,
} ConfigDiscover;

typedef enum ConfigFamily {
	CONFIG_FAMILY_BOTH,
	CONFIG_FAMILY_IPV4,
	CONFIG_FAMILY_IPV6,
} ConfigFamily;

typedef struct ConfigEndpoint {
	char name[CONFIG_NAME_MAX]; /* [A-Za-z0-9._-]+ */
	char url[CONFIG_URL_MAX];   /* as written */
	char scheme[8];             /* "tcp" "tls" "http" "https" "icmp" "dns" */
	char host[CONFIG_HOST_MAX]; /* name or numeric address, without brackets; dns: the server,
				       "" the first one of resolv.conf */
	uint16_t port;              /* 0: the scheme has none (icmp) */
	char target[CONFIG_TARGET_MAX]; /* http, https: path and query; dns: the name; else "" */
	uint16_t dns_type;              /* dns: RFC 1035 TYPE; else 0 */
	uint64_t interval_ns, timeout_ns;
	uint64_t target_p50_ns, target_p95_ns, target_p99_ns; /* 0: none */
	ConfigFamily family; /* with a source: that of its address */
	Address source;      /* family 0: the kernel chooses */
	ConfigObjective objective;
	bool has_objective; /* false: that of [Tuning] holds; this one then is "balanced" */
	char group[CONFIG_NAME_MAX];
	bool verify;
	char ca_file[CONFIG_PATH_MAX]; /* "": the system's */
	uint64_t body_limit_bytes;
	const char *file; /* where [Endpoint NAME] stands (owned by the Config) */
	unsigned line;
} ConfigEndpoint;

typedef struct Config {
	/* [Daemon] */
	ConfigMode mode;
	ConfigOnStop on_stop;
	uint64_t interval_ns; /* the longest time between two sweeps of the kernel's TCP state */
	char *state_directory, *socket; /* NULL: STATE_DIRECTORY/RUNTIME_DIRECTORY or the default */
	int log_level;
	ConfigDiscover discover;
	bool probe_peers;
	uint64_t cpu_budget_ppm; /* of one core, for sweeps */
	bool netns_all;
	char netns[CONFIG_NETNS_MAX][CONFIG_NAME_MAX]; /* names under /run/netns */
	size_t n_netns;
	uint64_t prefix_ipv4, prefix_ipv6; /* lengths to which paths are merged */
	/* [Tuning] */
	ConfigTuningKind congestion, buffers, fast_open;
	char congestion_allowed[CONFIG_CC_MAX][CONFIG_CC_NAME_MAX];
	size_t n_congestion_allowed;
	uint64_t buffers_max_bytes;      /* FIXED: the maximum of tcp_rmem and tcp_wmem */
	unsigned fast_open_bits;         /* FIXED: 0..3 */
	unsigned memory_budget_permille; /* of the kernel's TCP memory pressure mark; or */
	uint64_t memory_budget_bytes;    /* an absolute amount if not 0 */
	ConfigObjective objective;
	ConfigTuningKind knobs[_CONFIG_KNOBS]; /* AUTO or OFF */
	bool per_destination;                  /* route metrics may be installed */
	unsigned exploration_permille; /* of a day, per destination, under a setting on trial */
	bool override_sysctl;          /* what sysctl.d sets may be changed */

	ConfigEndpoint *endpoints;
	size_t n_endpoints;

	char **files; /* that were read, in order; n_files entries */
	size_t n_files;
} Config;

/* One problem: "file:line:column: message". Line 0: the whole file. */
typedef struct ConfigProblem {
	char *file;
	unsigned line, column;
	char *message;
} ConfigProblem;

typedef struct ConfigProblems {
	ConfigProblem *problems;
	size_t n, allocated;
	size_t dropped; /* beyond CONFIG_PROBLEMS_MAX */
} ConfigProblems;
#define CONFIG_PROBLEMS_MAX 200

void config_problems_clear(ConfigProblems *problems);
/* "FILE:LINE:COLUMN: message", owned by the caller. */
char *config_problem_format(const ConfigProblem *problem);

/* All defaults, no endpoint. -ENOMEM */
int config_new(Config **ret_config);
void config_free(Config *config);

enum { CONFIG_INVALID = 1 };
/*
 * Reads the main file and the drop-ins. 0; CONFIG_INVALID with every problem in `problems`
 * (nothing is returned: the caller keeps what it has); negative errno only for lack of memory.
 * A missing main file is a problem only if `must_exist`.
 */
int config_load(const char *main_file, bool must_exist, ConfigProblems *problems,
		Config **ret_config);

/* What a reload changes. */
typedef struct ConfigDiff {
	bool daemon, tuning; /* some key of the section differs */
	bool needs_restart;  /* Socket= or StateDirectory= differ: not applied by a reload */
	size_t added, removed, changed; /* endpoints, by name */
} ConfigDiff;
ConfigDiff config_diff(const Config *old_config, const Config *new_config);
/* Every key; where the sections stand does not matter. */
bool config_endpoint_equal(const ConfigEndpoint *a, const ConfigEndpoint *b);
/* Whether the probes of one serve the other: they differ at most in name, spelling of the URL,
 * targets, objective and group, which can be changed in place and cost no history. */
bool config_endpoint_same_probe(const ConfigEndpoint *a, const ConfigEndpoint *b);
const ConfigEndpoint *config_find_endpoint(const Config *config, const char *name);

/* The commented template with every key at its default: what conf/netopt.conf holds. Caller frees.
 */
char *config_template(void);

const char *config_mode_name(ConfigMode mode);
const char *config_on_stop_name(ConfigOnStop on_stop);
const char *config_objective_name(ConfigObjective objective);
