/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Those who follow the daemon by Monitor: when each gets its next reply. It owns neither
 * connections nor what is shown.
 *
 * What they may cost is bounded. A client that has not yet taken its last reply is passed over, so
 * nobody has more than one waiting (and who takes nothing for CONNECTION_TIMEOUT_NS is dropped, as
 * any client is); nor is anybody served while the replies to all clients together are too many.
 * Those whose interval is the same are served at the same time, with the same text if they asked
 * for the same; and all of them together never take more than a fifth of a processor: after a turn
 * there is a rest of four times its length, and intervals that pass meanwhile are skipped.
 */
#include "daemon/run/loop.h"
#include "daemon/serve/connection.h"

typedef struct Monitors Monitors;

typedef struct MonitorsParams {
	Loop *loop;
	Clock clock;
	ControlOps ops;
	/* Whether there is room for another reply. */
	bool (*room)(void *context);
	void *context;
} MonitorsParams;

int monitors_new(const MonitorsParams *params, Monitors **ret_monitors); /* -ENOMEM */
void monitors_free(Monitors *monitors);
/* The connection has just been given its first reply. -ENOMEM */
int monitors_add(Monitors *monitors, Connection *connection, const MonitorWant *want);
/* It need not be one. */
void monitors_remove(Monitors *monitors, const Connection *connection);
/* Something may have become of a change: looks at once. Cheap if nobody follows. */
void monitors_changed(Monitors *monitors);
size_t monitors_count(const Monitors *monitors);
