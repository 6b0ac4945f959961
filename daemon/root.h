/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the composition root owns. Only daemon.c (building) and operate.c (running) see it.
 */
#include "common/text.h"
#include "daemon/administered.h"
#include "daemon/config/config.h"
#include "daemon/cycle.h"
#include "daemon/discover.h"
#include "daemon/hands.h"
#include "daemon/namespaces.h"
#include "daemon/options.h"
#include "daemon/remember.h"
#include "daemon/serve/control.h"
#include "daemon/shadow.h"
#include "daemon/watch.h"

typedef struct Root {
	const Options *options;
	Config *config;
	char *state_directory, *socket;
	int state_fd, lock_fd;
	HostIdentity identity;
	uint64_t memory_bytes; /* of the host at the start; 0: not known */
	Loop *loop;
	Administered administered;
	Registry *registry;
	Hands *hands;
	Remember *remember;
	PathTable *paths;
	Engine *engine;
	Cycle *cycle;
	Prober *prober;
	Watch *watch;
	Shadow *shadow;
	Discover *discover; /* NULL: the kernel does not tell of its links */
	Namespaces *namespaces;
	TcpMetrics *metrics;        /* NULL: opened when somebody asks */
	SocketCounts socket_counts; /* for the view under way */
	Control *control;
	LoopTimer *watchdog;
	uint64_t started_ns;
	bool log_level_asked;    /* an operator has set it: a reload does not */
	bool journal_failed;     /* the journal of an earlier instance could not be used */
	char tuning_reason[256]; /* why nothing can be tuned; "" otherwise */
	Text reload_error;       /* of the last reload */
} Root;
