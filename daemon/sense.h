/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The senses for the host as a whole: once in a step the kernel's files become one reading of the
 * host's counters and gauges. What costs a dump of sockets is only looked at when something else
 * says that it is worth it: the listeners, when a handshake was dropped or found no room; the peers
 * to which many connections go, when more than half of the local ports are in use. Settings that
 * are only ever reported are read once in ten minutes.
 */
#include "common/clock.h"
#include "daemon/kern/diag.h"
#include "daemon/kern/host.h"
#include "daemon/kern/netstat.h"
#include "daemon/kern/sysctl.h"
#include "daemon/model/census.h"
#include "daemon/model/host_setting.h"
#include "daemon/model/host_windows.h"

typedef struct Sense {
	HostWindows windows;
	Census census; /* fed with each sample of a sweep by the caller */
	HostSettings settings;
	uint64_t cost_ns; /* processor time of the last step */
	bool no_neigh;    /* this namespace does not show the tables */
} Sense;

typedef struct SenseInput {
	const Counters *counters; /* NULL: they could not be read */
	const struct HostMemory *memory;
	Diag *diag;
	const SysctlOps *sysctl;
	const Clock *clock;
	uint64_t local_ports; /* how many there are to choose from; 0: not known */
} SenseInput;

void sense_step(Sense *sense, const SenseInput *input);
