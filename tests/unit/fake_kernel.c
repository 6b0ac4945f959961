/* SPDX-License-Identifier: MIT */
#include "tests/unit/fake_kernel.h"

#include <stdio.h>
#include <string.h>

/* The kernel readers. */

const char *counter_name(Counter counter)
{
	static char name[16];

	(void)snprintf(name, sizeof(name), "Counter%u", (unsigned)counter);
	return name;
}

const Process *process_table_find(const ProcessTable *table, uint32_t inode)
{
	return table->inode == inode ? &table->process : NULL;
}

void process_table_free(ProcessTable *table)
{
	(void)table;
}

/* The contents. */

static Address address_of(const char *text)
{
	Address address;

	if (address_parse(text, &address) < 0)
		abort();
	return address;
}

static FlowSample make_flow(uint64_t cookie, const char *remote, uint16_t port, uint64_t bytes)
{
	FlowSample flow = {.cookie = cookie,
			   .local = address_of("192.0.2.100"),
			   .remote = address_of(remote),
			   .local_port = 443,
			   .remote_port = port,
			   .state = TCP_STATE_ESTABLISHED,
			   .inode = (uint32_t)(1000 + cookie),
			   .uid = 33,
			   .congestion = "cubic"};
	TcpInfoRaw raw = {.rtt_us = 20500,
			  .rttvar_us = 900,
			  .min_rtt_us = 20000,
			  .rto_us = 220000,
			  .snd_cwnd = 100,
			  .snd_ssthresh = 0x7fffffff,
			  .snd_mss = 1448,
			  .pacing_rate = UINT64_MAX,
			  .delivery_rate = 1250000,
			  .bytes_acked = bytes,
			  .bytes_sent = bytes + 1000,
			  .bytes_retrans = 1000,
			  .data_segs_out = 7,
			  .last_data_sent_ms = 5,
			  .busy_time_us = 1000000,
			  .rwnd_limited_us = 500000};

	tcp_info_set(&flow.info, &raw, sizeof(raw));
	return flow;
}

static void make_flows(FakeKernel *kernel)
{
	FlowSample *idle = &kernel->flows[0], *busy = &kernel->flows[1], *old = &kernel->flows[2];

	*idle = make_flow(1, "198.51.100.1", 50001, 900000000);
	idle->info.raw.last_data_sent_ms = 60000;
	*busy = make_flow(2, "2001:db8::2", 50002, 5000000);
	busy->has_skmeminfo = busy->has_bbr = busy->has_dctcp = true;
	busy->sndbuf = 87040;
	busy->drops = 3;
	busy->bbr_bw = 1000000;
	busy->bbr_min_rtt_us = 19000;
	busy->bbr_pacing_gain = 739;
	busy->bbr_cwnd_gain = 512;
	busy->dctcp_alpha = 512;
	*old = make_flow(3, "198.51.100.3", 50003, 1000);
	old->info.length = offsetof(TcpInfoRaw, pacing_rate);
	old->congestion[0] = '\0';
	old->state = 8;
	kernel->n_flows = 3;
	kernel->processes = (ProcessTable){.inode = 1002,
					   .process = {.pid = 77,
						       .comm = "ngi\xffnx",
						       .cgroup = "/system.slice/nginx.service"}};
}

static void make_listeners(FakeKernel *kernel)
{
	kernel->listeners[0] = (FlowSample){.cookie = 10,
					    .local = address_of("0.0.0.0"),
					    .local_port = 22,
					    .state = TCP_STATE_LISTEN,
					    .wqueue = 128,
					    .inode = 1002};
	kernel->listeners[1] = (FlowSample){.cookie = 11,
					    .local = address_of("::"),
					    .local_port = 8080,
					    .state = TCP_STATE_LISTEN,
					    .rqueue = 5,
					    .wqueue = 10,
					    .has_skmeminfo = true,
					    .drops = 9};
	kernel->n_listeners = 2;
}

static void make_metrics(FakeKernel *kernel)
{
	kernel->metrics[0] = (TcpMetric){.destination = address_of("198.51.100.1"), .age_ms = 5000};
	kernel->metrics[1] = (TcpMetric){.destination = address_of("2001:db8::2"),
					 .source = address_of("2001:db8::1"),
					 .age_ms = 10,
					 .rtt_us = 20000,
					 .rttvar_us = 1000,
					 .ssthresh = 40,
					 .cwnd = 80,
					 .has_cookie = true,
					 .fastopen_mss = 1440,
					 .fastopen_syn_drops = 1,
					 .fastopen_drop_age_ms = 7000};
	kernel->n_metrics = 2;
}

static void make_links(FakeKernel *kernel)
{
	kernel->links[0] =
		(Link){.index = 1, .name = "lo", .qdisc = "noqueue", .up = true, .loopback = true};
	kernel->links[1] = (Link){.index = 2,
				  .name = "eth0",
				  .qdisc = "fq_codel",
				  .up = true,
				  .running = true,
				  .mtu_bytes = 1500,
				  .speed_bps = 10000000000,
				  .rx_bytes = 1048576,
				  .tx_bytes = 2097152,
				  .rx_drops = 4,
				  .has_qdisc_stats = true,
				  .qdisc_drops = 12};
	kernel->gateways[0] = (Gateway){.address = address_of("192.0.2.254"),
					.family = AF_INET,
					.link_index = 2,
					.link_name = "eth0",
					.metric = 100};
	kernel->gateways[1] = (Gateway){.family = AF_INET6, .link_name = "tun0"};
}

static void make_netns(FakeKernel *kernel)
{
	TunableId id = TUNABLE_TCP_RMEM;

	if (tunable_parse(&tunables[id], "4096 131072 6291456", &kernel->tunables[id]) < 0)
		abort();
	kernel->tunables_present[id] = true;
	kernel->netns[0] = (ControlNetns){.inode = 4026532001,
					  .name = "blue",
					  .error = "",
					  .sockets = 8,
					  .counters = &kernel->counters,
					  .tunables = kernel->tunables,
					  .tunables_present = kernel->tunables_present};
	kernel->netns[1] = (ControlNetns){.inode = 4026532002,
					  .name = "re\xff"
						  "d",
					  .error = "Operation not permitted"};
}

void fake_kernel_init(FakeKernel *kernel)
{
	make_flows(kernel);
	make_listeners(kernel);
	make_metrics(kernel);
	make_links(kernel);
	kernel->counters.present[COUNTER_TCP_TIMEOUTS] = true;
	kernel->counters.values[COUNTER_TCP_TIMEOUTS] = 0;
	kernel->counters.present[COUNTER_LISTEN_DROPS] = true;
	kernel->counters.values[COUNTER_LISTEN_DROPS] = 17;
	kernel->sockets = (SocketCounts){.tcp_in_use = 21, .tcp_time_wait = 300};
	make_netns(kernel);
}

void fake_kernel_view(FakeKernel *kernel, const PathTable *paths, uint64_t now_ns,
		      ControlView *view)
{
	kernel->netns[0].paths = paths;
	kernel->netns[0].sweep_ns = now_ns - 3000000;
	view->links = kernel->links;
	view->n_links = ARRAY_SIZE(kernel->links);
	view->gateways = kernel->gateways;
	view->n_gateways = ARRAY_SIZE(kernel->gateways);
	view->counters = &kernel->counters;
	view->sockets = &kernel->sockets;
	view->netns = kernel->netns;
	view->n_netns = ARRAY_SIZE(kernel->netns);
}

/* What is asked of it. */

static void tell(const FlowSample *samples, size_t n, DiagCallback each, void *each_context)
{
	for (size_t i = 0; i < n; i++)
		each(&samples[i], each_context);
}

int fake_kernel_flows(FakeKernel *kernel, DiagCallback each, void *each_context)
{
	tell(kernel->flows, kernel->n_flows, each, each_context);
	return kernel->status;
}

int fake_kernel_listeners(FakeKernel *kernel, DiagCallback each, void *each_context)
{
	tell(kernel->listeners, kernel->n_listeners, each, each_context);
	return kernel->status;
}

int fake_kernel_metrics(FakeKernel *kernel, TcpMetricCallback each, void *each_context)
{
	for (size_t i = 0; i < kernel->n_metrics; i++)
		each(&kernel->metrics[i], each_context);
	return kernel->status;
}

int fake_kernel_processes(FakeKernel *kernel, ProcessTable **ret_table, ProcessStats *ret_stats)
{
	kernel->walks++;
	if (kernel->processes_status < 0)
		return kernel->processes_status;
	*ret_table = &kernel->processes;
	*ret_stats = (ProcessStats){.processes = 9, .denied = 4};
	return 0;
}
