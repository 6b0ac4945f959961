/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A daemon made by hand, for tests of what is served: an engine, a registry and a table of paths
 * whose contents are set directly, behind the real headers, and ControlOps that record what was
 * asked. Replaces daemon/policy/engine.c, daemon/model/path_table.c and daemon/tune/registry.c at
 * link time.
 */
#include "daemon/serve/control.h"
#include "tests/unit/fake_kernel.h"

enum { FAKE_WEB, FAKE_LOST, FAKE_DOWN, FAKE_SITE, FAKE_GATEWAY, FAKE_RESOLVER, FAKE_ENDPOINTS };

struct Engine {
	Change changes[4]; /* newest first */
	size_t n_changes;
	const Change *running;
	uint64_t paused_until_ns;
};

struct Registry {
	TunableState states[_TUNABLES];
};

struct PathTable {
	Path *paths[3];
	size_t n_paths;
};

typedef struct FakeDaemon {
	uint64_t now_ns;
	Config config;
	char *files[1];
	HostIdentity identity;
	Endpoint *endpoints[FAKE_ENDPOINTS];
	Engine engine;
	Registry registry;
	PathTable paths;
	FakeKernel kernel;
	ControlView view; /* handed out as it is, with the time set */

	/* What the changing verbs answer, and what they were asked. */
	int status;
	const char *message;
	unsigned parts; /* of the last view */
	unsigned views, reverts, pauses, resumes, reloads, trials;
	uint64_t reverted_id, paused_ns;
	Address trial_path;
	unsigned trial_pairs;
	ControlRoute routes[2];
	const char *administered[_TUNABLE_SYSCTLS];
} FakeDaemon;

/* Endpoints: "web" up with 150 samples, "lost" unresolved, "down", "site" with every phase of https
 * over both families, "gateway" and "resolver" discovered. Two paths, two routes, every owner of a
 * tunable, tcp_wmem set by the administrator, and changes 4 (advised), 3 (in trial), 2 (restored),
 * 1 (kept, in force). */
void fake_daemon_init(FakeDaemon *daemon);
void fake_daemon_clear(FakeDaemon *daemon);
ControlOps fake_daemon_ops(FakeDaemon *daemon);
