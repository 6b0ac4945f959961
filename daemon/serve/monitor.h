/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One reply of Monitor: what was asked for, and how it is answered. When, and to whom, is for
 * monitors.h.
 */
#include "daemon/serve/call.h"
#include "daemon/serve/change_marks.h"

#define MONITOR_INTERVAL_NS     NSEC_PER_SEC
#define MONITOR_INTERVAL_MIN_NS (100 * NSEC_PER_MSEC)
#define MONITOR_INTERVAL_MAX_NS NSEC_PER_HOUR
#define MONITOR_LIMIT           20
#define MONITOR_LIMIT_MAX       100

/* Why a reply is sent, and what is new in it. */
typedef struct MonitorOccasion {
	const char *reason;       /* "interval" "change" */
	const ChangeMarks *marks; /* NULL: the first reply */
	uint64_t sequence;        /* of the marks, that the client has seen */
	uint64_t skipped;         /* intervals before this one */
} MonitorOccasion;

/* Of the checked arguments intervalUsec, endpoints, paths, limit. */
MonitorWant monitor_want(const ArgumentValue *arguments);
/* The parameters of one reply. */
void monitor_fill(Json *parameters, const ControlView *view, const MonitorWant *want,
		  const MonitorOccasion *occasion);
/* The handler: the first reply. */
void monitor(Call *call);
