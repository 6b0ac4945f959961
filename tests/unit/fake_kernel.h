/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the daemon made by hand (fake_daemon.h) sees of a kernel: sockets, links, counters, the
 * memory of destinations, namespaces; each set directly. Replaces daemon/kern/process.c and the
 * names of daemon/kern/netstat.c at link time.
 */
#include "daemon/serve/control.h"

#define FAKE_FLOWS_MAX 2000

struct ProcessTable {
	uint32_t inode;
	Process process;
};

typedef struct FakeKernel {
	FlowSample flows[FAKE_FLOWS_MAX], listeners[2];
	size_t n_flows, n_listeners;
	TcpMetric metrics[2];
	size_t n_metrics;
	ProcessTable processes;
	unsigned walks; /* how often processes were read */
	int status;     /* what the readings return */
	int processes_status;
	Link links[2];
	Gateway gateways[2];
	Counters counters;
	SocketCounts sockets;
	ControlNetns netns[2];
	TunableValue tunables[_TUNABLES];
	bool tunables_present[_TUNABLES];
} FakeKernel;

/* Three flows (busiest in bytes, but idle; busy with everything told; one of an old kernel), two
 * listeners, two destinations, a link of each kind, two namespaces (one that cannot be read). */
void fake_kernel_init(FakeKernel *kernel);
void fake_kernel_view(FakeKernel *kernel, const PathTable *paths, uint64_t now_ns,
		      ControlView *view);
int fake_kernel_flows(FakeKernel *kernel, DiagCallback each, void *each_context);
int fake_kernel_listeners(FakeKernel *kernel, DiagCallback each, void *each_context);
int fake_kernel_metrics(FakeKernel *kernel, TcpMetricCallback each, void *each_context);
int fake_kernel_processes(FakeKernel *kernel, ProcessTable **ret_table, ProcessStats *ret_stats);
