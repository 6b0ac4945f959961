/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A daemon made by hand, for tests of what is served: an engine, a registry and a table of paths
 * whose contents are set directly, behind the real headers, and ControlOps that record what was
 * asked. Replaces daemon/policy/engine.c, daemon/model/path_table.c and daemon/tune/registry.c at
 * link time.
 */
#include "daemon/policy/hold.h"
#include "daemon/serve/control.h"
#include "tests/unit/fake_kernel.h"

enum { FAKE_WEB, FAKE_LOST, FAKE_DOWN, FAKE_SITE, FAKE_GATEWAY, FAKE_RESOLVER, FAKE_ENDPOINTS };

struct Engine {
	Change changes[4]; /* newest first */
	size_t n_changes;
	const Change *running;
	uint64_t paused_until_ns;
	HoldTable holds;
	Lessons *lessons;
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
	unsigned views, reverts, releases, pauses, resumes, reloads, trials;
	unsigned applies, holds, verifies;
	uint64_t reverted_id, paused_ns;
	TunableId released; /* _TUNABLES: the destination */
	Address released_destination;
	uint64_t applied_id, held_id, held_ns;
	int log_level;             /* as set; -1: it was not */
	Verification verification; /* handed out as it is */
	Address trial_path;
	unsigned trial_pairs;
	ControlRoute routes[2];
	const char *administered[_TUNABLE_SYSCTLS];
} FakeDaemon;

/* fake_answers.c: what it says when it is asked. A hold and a lesson about change 2's congestion
 * control; advice 5 (buffers, for 198.51.100.7) and 4 (which is the change). */
void fake_answers_init(FakeDaemon *daemon);
void fake_answers_clear(FakeDaemon *daemon);
void fake_answers_ops(ControlOps *ops);

/* Endpoints: "web" up with 150 samples, "lost" unresolved, "down", "site" with every phase of https
 * over both families, "gateway" and "resolver" discovered. Two paths, two routes, every owner of a
 * tunable, tcp_wmem set by the administrator, and changes 4 (advised), 3 (in trial), 2 (restored),
 * 1 (kept, in force). */
void fake_daemon_init(FakeDaemon *daemon);
void fake_daemon_clear(FakeDaemon *daemon);
ControlOps fake_daemon_ops(FakeDaemon *daemon);
/* Its verbs that change something. */
void fake_verbs(ControlOps *ops);

/* For its files. */
Address fake_address(const char *text);
void fake_endpoints_make(FakeDaemon *daemon);
