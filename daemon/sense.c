/* SPDX-License-Identifier: MIT */
/*
 * What could not be read is absent from the reading, and a window without it says so. No failure
 * here is worth a line in the log: each has its consequence where it is used, as a sentence of the
 * controller that goes without.
 */
#include "daemon/sense.h"

#include <errno.h>

#include "common/base.h"
#include "daemon/kern/neigh.h"
#include "daemon/kern/softnet.h"

#define LISTENERS_NS (10 * NSEC_PER_SEC)
#define PEERS_NS     (30 * NSEC_PER_SEC)
#define SETTINGS_NS  (10 * NSEC_PER_MIN)
/* All states in which a connection occupies its local port. */
#define DIAG_STATES_PORTS (DIAG_STATES_FLOWS | 1U << 2 | 1U << 6)

static const struct {
	HostCounter host;
	Counter kernel;
} counter_rows[] = {
	{HOST_LISTEN_OVERFLOWS, COUNTER_LISTEN_OVERFLOWS},
	{HOST_LISTEN_DROPS, COUNTER_LISTEN_DROPS},
	{HOST_REQUEST_QUEUE_FULL, COUNTER_TCP_REQ_Q_FULL_DO_COOKIES},
	{HOST_REQUEST_QUEUE_FULL, COUNTER_TCP_REQ_Q_FULL_DROP},
	{HOST_COOKIES_SENT, COUNTER_SYNCOOKIES_SENT},
	{HOST_COOKIES_RECEIVED, COUNTER_SYNCOOKIES_RECV},
	{HOST_PASSIVE_OPENS, COUNTER_TCP_PASSIVE_OPENS},
	{HOST_ACTIVE_OPENS, COUNTER_TCP_ACTIVE_OPENS},
	{HOST_ATTEMPT_FAILS, COUNTER_TCP_ATTEMPT_FAILS},
	{HOST_SYN_RETRANS, COUNTER_TCP_SYN_RETRANS},
	{HOST_IN_SEGMENTS, COUNTER_TCP_IN_SEGS},
	{HOST_OUT_SEGMENTS, COUNTER_TCP_OUT_SEGS},
	{HOST_RETRANS_SEGMENTS, COUNTER_TCP_RETRANS_SEGS},
	{HOST_TIMEOUTS, COUNTER_TCP_TIMEOUTS},
	{HOST_SPURIOUS_TIMEOUTS, COUNTER_TCP_SPURIOUS_RTOS},
	{HOST_MEMORY_PRESSURES, COUNTER_TCP_MEMORY_PRESSURES},
	{HOST_RECEIVE_COLLAPSED, COUNTER_TCP_RCV_COLLAPSED},
	{HOST_PRUNE_CALLED, COUNTER_PRUNE_CALLED},
	{HOST_RECEIVE_PRUNED, COUNTER_RCV_PRUNED},
	{HOST_OFO_PRUNED, COUNTER_OFO_PRUNED},
	{HOST_RECEIVE_QUEUE_DROPS, COUNTER_TCP_RCV_Q_DROP},
	{HOST_ZERO_WINDOWS, COUNTER_TCP_TO_ZERO_WINDOW_ADV},
	{HOST_MTU_FAILS, COUNTER_TCP_MTUP_FAIL},
	{HOST_MTU_SUCCESSES, COUNTER_TCP_MTUP_SUCCESS},
	{HOST_DELAYED_ACKS, COUNTER_DELAYED_ACKS},
	{HOST_UDP_IN, COUNTER_UDP_IN_DATAGRAMS},
	{HOST_UDP_IN, COUNTER_UDP6_IN_DATAGRAMS},
	{HOST_UDP_OUT, COUNTER_UDP_OUT_DATAGRAMS},
	{HOST_UDP_OUT, COUNTER_UDP6_OUT_DATAGRAMS},
	{HOST_UDP_RECEIVE_ERRORS, COUNTER_UDP_RCVBUF_ERRORS},
	{HOST_UDP_RECEIVE_ERRORS, COUNTER_UDP6_RCVBUF_ERRORS},
	{HOST_UDP_SEND_ERRORS, COUNTER_UDP_SNDBUF_ERRORS},
	{HOST_UDP_SEND_ERRORS, COUNTER_UDP6_SNDBUF_ERRORS},
};

static void put_counter(HostReading *reading, HostCounter counter, uint64_t value)
{
	reading->counters[counter] += value;
	reading->has_counter[counter] = true;
}

static void put_gauge(HostReading *reading, HostGauge gauge, uint64_t value)
{
	reading->gauges[gauge] = value;
	reading->has_gauge[gauge] = true;
}

/* Where two counters make one, that of IPv6 may be absent. */
static void read_counters(const Counters *counters, HostReading *reading)
{
	for (size_t i = 0; counters && i < ARRAY_SIZE(counter_rows); i++)
		if (counters->present[counter_rows[i].kernel])
			put_counter(reading, counter_rows[i].host,
				    counters->values[counter_rows[i].kernel]);
}

static void read_processors(HostReading *reading)
{
	Softnet softnet;
	CpuTime time;

	if (softnet_read(&softnet) == 0) {
		reading->processors = softnet.processors;
		put_counter(reading, HOST_SOFTNET_PROCESSED, softnet.processed);
		put_counter(reading, HOST_SOFTNET_DROPPED, softnet.dropped);
		put_counter(reading, HOST_SOFTNET_SQUEEZED, softnet.squeezed);
	}
	if (cpu_time_read(&time) == 0) {
		put_counter(reading, HOST_CPU_TIME, time.total);
		put_counter(reading, HOST_SOFTIRQ_TIME, time.softirq);
	}
}

static void read_neighbours(Sense *sense, HostReading *reading)
{
	Neigh neigh;
	int r;

	if (sense->no_neigh)
		return;
	r = neigh_read(AF_INET, &neigh);
	if (r == 0) {
		put_gauge(reading, HOST_NEIGH_ENTRIES, neigh.entries);
		put_counter(reading, HOST_NEIGH_FULLS, neigh.table_fulls);
	}
	sense->no_neigh = r == -ENOENT;
	if (neigh_read(AF_INET6, &neigh) == 0) {
		put_gauge(reading, HOST_NEIGH6_ENTRIES, neigh.entries);
		put_counter(reading, HOST_NEIGH6_FULLS, neigh.table_fulls);
	}
}

static void read_sockets(const Sense *sense, const SenseInput *input, HostReading *reading)
{
	const CensusCount *count = &sense->census.counted;
	SocketCounts counts;

	if (input->memory && input->memory->total_bytes > 0)
		put_gauge(reading, HOST_MEMORY_AVAILABLE, input->memory->available_bytes);
	if (socket_counts_read(&counts) == 0) {
		put_gauge(reading, HOST_TCP_MEMORY_PAGES, counts.tcp_memory_pages);
		put_gauge(reading, HOST_TIME_WAIT, counts.tcp_time_wait);
		put_gauge(reading, HOST_TCP_SOCKETS, counts.tcp_in_use + counts.tcp6_in_use);
	}
	put_counter(reading, HOST_STALLS, sense->census.stalls);
	if (!sense->census.has_counted)
		return;
	put_gauge(reading, HOST_BIG_SOCKETS, count->big);
	put_gauge(reading, HOST_QUEUED_BYTES, count->queued_bytes);
	put_gauge(reading, HOST_QUEUED_TOP_BYTES,
		  count->top_bytes[0] + count->top_bytes[1] + count->top_bytes[2]);
}

static void on_listener(const FlowSample *sample, void *context)
{
	census_listener_add(context, sample);
}

static void on_connection(const FlowSample *sample, void *context)
{
	census_peer_add(context, sample);
}

static void on_request(const FlowSample *sample, void *context)
{
	census_request_add(context, sample);
}

static bool rose(const HostReading *before, const HostReading *now, HostCounter counter)
{
	return before->has_counter[counter] && now->counters[counter] > before->counters[counter];
}

static bool is_due(uint64_t last_ns, uint64_t now_ns, uint64_t period_ns)
{
	return last_ns == 0 || now_ns - last_ns >= period_ns;
}

/* Handshakes are counted before the listeners, which are sorted by them, too. */
static void ask_listeners(Sense *sense, const SenseInput *input, const HostReading *before,
			  const HostReading *now, uint64_t now_ns)
{
	bool requests = rose(before, now, HOST_REQUEST_QUEUE_FULL);
	Census *census = &sense->census;
	DiagStats stats;

	if (!(requests || rose(before, now, HOST_LISTEN_DROPS)) ||
	    !is_due(census->listeners_ns, now_ns, LISTENERS_NS))
		return;
	census_listeners_begin(census, now_ns);
	if (requests)
		(void)diag_dump(input->diag, DIAG_STATES_REQUESTS, on_request, census, &stats);
	(void)diag_dump(input->diag, DIAG_STATES_LISTEN, on_listener, census, &stats);
}

static void ask_peers(Sense *sense, const SenseInput *input, const HostReading *now,
		      uint64_t now_ns)
{
	Census *census = &sense->census;
	DiagStats stats;

	if (input->local_ports > 0 && is_due(census->peers_ns, now_ns, PEERS_NS) &&
	    (now->gauges[HOST_TIME_WAIT] + now->gauges[HOST_TCP_SOCKETS]) * 2 >
		    input->local_ports) {
		census_peers_begin(census, now_ns);
		(void)diag_dump(input->diag, DIAG_STATES_PORTS, on_connection, census, &stats);
	}
}

static void read_settings(HostSettings *settings, const SysctlOps *sysctl, uint64_t now_ns)
{
	char text[SYSCTL_VALUE_MAX];

	for (size_t i = 0; i < host_settings_count; i++)
		settings->known[i] =
			sysctl_read(sysctl, host_settings[i].key, text, sizeof(text)) >= 0 &&
			host_setting_parse(text, &settings->values[i]);
	settings->read_ns = now_ns;
}

void sense_step(Sense *sense, const SenseInput *input)
{
	uint64_t now_ns = clock_monotonic_ns(input->clock), cpu_ns = clock_cpu_ns();
	HostReading reading = {0}, before = sense->windows.last;

	read_counters(input->counters, &reading);
	read_processors(&reading);
	read_neighbours(sense, &reading);
	read_sockets(sense, input, &reading);
	host_windows_add(&sense->windows, &reading, now_ns);
	ask_listeners(sense, input, &before, &reading, now_ns);
	ask_peers(sense, input, &reading, now_ns);
	if (is_due(sense->settings.read_ns, now_ns, SETTINGS_NS))
		read_settings(&sense->settings, input->sysctl, now_ns);
	sense->cost_ns = clock_cpu_ns() - cpu_ns;
}
