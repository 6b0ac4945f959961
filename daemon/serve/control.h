/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The control socket: Varlink over AF_UNIX, interface org.netopt.Daemon (common/interface.h holds
 * the IDL). Read methods for everybody, changing methods for root and the group netopt by
 * SO_PEERCRED (supplementary groups: SO_PEERGROUPS). It sees the daemon through const views
 * and asks for changes through function pointers; it owns nothing of what it shows.
 */
#include "common/clock.h"
#include "common/text.h"
#include "daemon/config/config.h"
#include "daemon/kern/diag.h"
#include "daemon/kern/host.h"
#include "daemon/kern/netstat.h"
#include "daemon/kern/process.h"
#include "daemon/kern/rtnl.h"
#include "daemon/kern/tcp_metrics.h"
#include "daemon/model/endpoint.h"
#include "daemon/model/path_table.h"
#include "daemon/policy/engine.h"
#include "daemon/probe/prober.h"
#include "daemon/run/loop.h"
#include "daemon/tune/registry.h"

/* A watched network namespace other than the daemon's own: seen, never tuned. */
typedef struct ControlNetns {
	uint64_t inode;
	const char *name;
	const char *error; /* why it cannot be read; "" otherwise */
	const PathTable *paths;
	uint64_t sockets, sweep_ns;   /* at the last sweep, and when it ended; 0: none yet */
	const Counters *counters;     /* NULL: none yet */
	const TunableValue *tunables; /* _TUNABLES of them, with ... */
	const bool *tunables_present;
} ControlNetns;

/* A route of netoptd's own. */
typedef struct ControlRoute {
	Address destination;
	char metrics[160];  /* as ip-route(8) writes them: "congctl bbr initcwnd 20" */
	char route[192];    /* what it is a copy of: "via 192.0.2.1 dev eth0" */
	uint64_t change_id; /* 0: of more than one */
	uint64_t since_ns;  /* monotonic, when it was installed; 0: not known */
} ControlRoute;

/* What of the view costs something to gather, and is only there if it was asked for. */
typedef enum ControlPart {
	CONTROL_PART_SYN = 1 << 0,     /* syn_linear_timeouts */
	CONTROL_PART_SOCKETS = 1 << 1, /* sockets */
	CONTROL_PART_ROUTES = 1 << 2,  /* routes, n_routes */
} ControlPart;

/* What the daemon shows; filled anew for each call, valid only during it. */
typedef struct ControlView {
	uint64_t now_ns, realtime_ns, started_ns;
	const Config *config;
	const HostIdentity *identity;
	Endpoint *const *endpoints;
	size_t n_endpoints;
	const PathTable *paths;
	const Registry *registry;
	const Engine *engine;
	bool dry_run;
	bool tuning_possible;          /* false: no state directory, or no permission */
	const char *tuning_reason;     /* why not; "" otherwise */
	const char *last_reload_error; /* "" if the last reload was fine */
	uint64_t sweeps, sweep_incomplete;
	uint64_t sweep_last_ns;   /* when the last one ended; 0: none yet */
	uint64_t sweep_period_ns; /* until the next */
	uint64_t sweep_sockets;
	uint64_t destroy_lost;
	uint64_t sweep_cpu_ns;          /* processor time of the last one */
	uint64_t cpu_budget_ppm;        /* of one core; what sweeps may take */
	uint64_t cpu_used_ppm;          /* what they took lately */
	unsigned sweep_slices;          /* 1: each sweep sees every socket; N: one of N parts */
	const char *sweep_reason;       /* why not every socket is seen; "" otherwise */
	const ProberSchedule *schedule; /* how punctual the probes are; NULL: not known */
	const Link *links;              /* of the host's own network namespace */
	size_t n_links;
	const Gateway *gateways;
	size_t n_gateways;
	const Counters *counters;     /* the last read; NULL: none yet */
	const SocketCounts *sockets;  /* /proc/net/sockstat, sockstat6; NULL: none yet */
	unsigned syn_linear_timeouts; /* net.ipv4.tcp_syn_linear_timeouts; 0 where absent */
	const ControlNetns *netns;    /* the other namespaces that are watched */
	size_t n_netns;
	const ControlRoute *routes; /* by destination */
	size_t n_routes;
	/* The file of sysctl.d(5) that sets each tunable, NULL for those that none sets;
	 * _TUNABLE_SYSCTLS of them. NULL: none at all. */
	const char *const *administered;
} ControlView;

typedef struct ControlOps {
	void (*view)(void *context, unsigned parts, ControlView *ret_view); /* ControlPart */
	/* Changing verbs; `message` gets one sentence for the user. 0, -ENOENT, -EBUSY, other
	 * errno. */
	int (*revert)(void *context, uint64_t change_id, Text *message);  /* 0: all */
	int (*pause)(void *context, uint64_t duration_ns, Text *message); /* 0: until resumed */
	int (*resume)(void *context, Text *message);
	int (*reload)(void *context, Text *message); /* -EINVAL: message lists every problem */
	/* A comparison of a setting with itself. -ENOENT: no such path; -EBUSY; -EPERM; others. */
	int (*trial_aa)(void *context, const Address *path, unsigned pairs, Text *message);
	/* Readings of the kernel made because somebody asks; `each` is called for every object.
	 * Negative errno. */
	int (*flows)(void *context, DiagCallback each, void *each_context);
	int (*listeners)(void *context, DiagCallback each, void *each_context);
	int (*metrics)(void *context, TcpMetricCallback each, void *each_context);
	int (*processes)(void *context, ProcessTable **ret_table, ProcessStats *ret_stats);
	void *context;
} ControlOps;

typedef struct Control Control;

typedef struct ControlParams {
	Loop *loop;
	Clock clock;
	const char *path;  /* of the socket; created 0666, beside it and renamed */
	int listen_fd;     /* from socket activation; -1: bind path */
	const char *group; /* may change things; may not exist */
	ControlOps ops;
} ControlParams;

int control_new(const ControlParams *params, Control **ret_control);
/* Closes all clients; removes the socket if it is still ours. */
void control_free(Control *control);
size_t control_client_count(const Control *control);
/* A change began, was decided or is no longer in force: those who follow hear of it at once. */
void control_changed(Control *control);
