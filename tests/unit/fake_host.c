/* SPDX-License-Identifier: MIT */
#include "tests/unit/fake_host.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "tests/unit/sysctl_defaults.h"

#define START_NS (UINT64_C(1000) * NSEC_PER_SEC)
#define MIB      (UINT64_C(1024) * 1024)

TunableValue fake_value(TunableId id, const char *text)
{
	TunableValue value;

	if (tunable_parse(&tunables[id], text, &value) < 0)
		abort();
	return value;
}

Address fake_address(const char *text)
{
	Address address;

	if (address_parse(text, &address) < 0)
		abort();
	return address;
}

FlowSample fake_sample(uint64_t cookie, const char *address)
{
	FlowSample sample = {
		.cookie = cookie,
		.remote = fake_address(address),
		.remote_port = 443,
		.local_port = 40000,
		.state = TCP_STATE_ESTABLISHED,
		.info = {.length = sizeof(TcpInfoRaw)},
		.congestion = "cubic",
		.has_skmeminfo = true,
		.rcvbuf = 131072,
		.sndbuf = 87040,
	};

	sample.info.raw.snd_mss = 1448;
	sample.info.raw.rtt_us = sample.info.raw.min_rtt_us = 100000;
	sample.info.raw.rcv_rtt_us = 100000;
	sample.info.raw.snd_wnd = 64 * MIB;
	sample.info.raw.rcv_wnd = 65536;
	return sample;
}

void fake_host_set(FakeHost *host, TunableId id, const TunableValue *value)
{
	host->snapshot.tunables[id].current = *value;
	if (id == TUNABLE_TCP_WMEM)
		host->caps.wmem_max_bytes = (uint64_t)value->numbers[2];
	if (id == TUNABLE_TCP_RMEM)
		host->caps.rmem_max_bytes = (uint64_t)value->numbers[2];
	if (id != TUNABLE_TCP_CONGESTION_CONTROL || text_equal(host->congestion, value->words))
		return;
	(void)text_copy(host->past_congestion, sizeof(host->past_congestion), host->congestion);
	(void)text_copy(host->congestion, sizeof(host->congestion), value->words);
}

/* Half of the memory is available, and nothing else happens. */
static void init_reading(FakeHost *host)
{
	for (HostCounter counter = 0; counter < _HOST_COUNTERS; counter++)
		host->reading.has_counter[counter] = true;
	for (HostGauge gauge = 0; gauge < _HOST_GAUGES; gauge++)
		host->reading.has_gauge[gauge] = true;
	host->reading.gauges[HOST_MEMORY_AVAILABLE] = 8192 * MIB;
	host->reading.processors = 2;
	for (size_t i = 0; i < host_settings_count; i++) {
		host->settings.values[i] = host_settings[i].low;
		host->settings.known[i] = true;
	}
	host->settings.read_ns = START_NS;
}

void fake_host_init(FakeHost *host)
{
	*host = (FakeHost){.now_ns = START_NS};
	init_reading(host);
	if (path_table_new(64, 1024, &host->paths) < 0)
		abort();
	host->caps.congestion = host->congestion;
	host->caps.past_congestion = host->past_congestion;
	host->snapshot = (Snapshot){
		.paths = host->paths,
		.congestion_available = "reno cubic bbr",
		.memory_total_bytes = 16384 * MIB,
		.tcp_pressure_bytes = 1024 * MIB,
		.host = &host->windows,
		.census = &host->census,
		.settings = &host->settings,
		.page_bytes = 4096,
	};
	for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++) {
		TunableValue value = fake_value(id, sysctl_defaults[id]);

		host->snapshot.tunables[id] =
			(PolicyTunable){.present = true, .writable = true, .original = value};
		fake_host_set(host, id, &value);
	}
	fake_host_step(host, 0);
}

void fake_host_clear(FakeHost *host)
{
	path_table_free(host->paths);
}

static FakeRoute *find_route(FakeHost *host, const Address *address)
{
	for (size_t i = 0; i < host->n_routes; i++)
		if (address_equal(&host->routes[i].address, address))
			return &host->routes[i];
	return NULL;
}

static FakeRoute *add_route(FakeHost *host, const Address *address)
{
	FakeRoute *route = find_route(host, address);

	if (route)
		return route;
	if (host->n_routes == FAKE_FLOWS)
		abort();
	route = &host->routes[host->n_routes++];
	*route = (FakeRoute){.address = *address, .route = {.eligible = true, .link_index = 2}};
	for (TunableId id = _TUNABLE_SYSCTLS; id < _TUNABLES; id++)
		route->route.metrics[id - _TUNABLE_SYSCTLS] = tunable_unset(id);
	return route;
}

static bool tell_route(const void *context, const Address *destination, PolicyRoute *ret)
{
	FakeHost *host = (FakeHost *)(uintptr_t)context;

	host->route_questions++;
	*ret = add_route(host, destination)->route;
	return true;
}

void fake_host_routes(FakeHost *host)
{
	host->snapshot.route = tell_route;
	host->snapshot.route_context = host;
}

static int64_t metric(const FakeRoute *route, TunableId id)
{
	return route->route.metrics[id - _TUNABLE_SYSCTLS].numbers[0];
}

void fake_host_metric(FakeHost *host, const char *address, TunableId id, const char *text)
{
	Address destination = fake_address(address);
	FakeRoute *route = add_route(host, &destination);
	PathMetrics expected;

	route->route.metrics[id - _TUNABLE_SYSCTLS] =
		text ? fake_value(id, text) : tunable_unset(id);
	expected = (PathMetrics){
		.initcwnd = (uint16_t)metric(route, TUNABLE_ROUTE_INITCWND),
		.rto_min_ms = (uint16_t)metric(route, TUNABLE_ROUTE_RTO_MIN),
		.quickack = metric(route, TUNABLE_ROUTE_QUICKACK) != 0,
		.ecn = metric(route, TUNABLE_ROUTE_ECN) != 0,
	};
	(void)text_copy(expected.congestion, sizeof(expected.congestion),
			route->route.metrics[TUNABLE_ROUTE_CONGCTL - _TUNABLE_SYSCTLS].words);
	(void)path_table_expect(host->paths, &destination, &expected);
}

void fake_host_no_route(FakeHost *host, const char *address, const char *reason)
{
	Address destination = fake_address(address);
	FakeRoute *route = add_route(host, &destination);

	route->route.eligible = false;
	(void)text_copy(route->route.reason, sizeof(route->route.reason), reason);
}

FakeFlow *fake_host_open(FakeHost *host, const char *address, uint64_t send_bps)
{
	for (size_t i = 0; i < FAKE_FLOWS; i++) {
		FakeFlow *flow = &host->flows[i];
		const Path *given;

		if (flow->open)
			continue;
		*flow = (FakeFlow){.open = true,
				   .send_bps = send_bps,
				   .sample = fake_sample(++host->last_cookie, address)};
		given = path_table_find(host->paths, &flow->sample.remote);
		(void)text_copy(flow->sample.congestion, sizeof(flow->sample.congestion),
				given && path_metrics(given)->congestion[0]
					? path_metrics(given)->congestion
					: host->congestion);
		return flow;
	}
	abort();
}

static void advance(FakeFlow *flow, uint64_t ns)
{
	TcpInfoRaw *raw = &flow->sample.info.raw;
	double seconds = (double)ns / (double)NSEC_PER_SEC;
	uint64_t acked = (uint64_t)((double)flow->send_bps / 8 * seconds);
	uint64_t again = (uint64_t)((double)acked * flow->loss);

	raw->bytes_acked += acked;
	raw->bytes_sent += acked + again;
	raw->bytes_retrans += again;
	raw->busy_time_us += acked ? ns / NSEC_PER_USEC : 0;
	raw->delivery_rate = (flow->delivery_bps ? flow->delivery_bps : flow->send_bps) / 8;
	raw->bytes_received += (uint64_t)((double)flow->receive_bps / 8 * seconds);
}

void fake_host_close(FakeHost *host, FakeFlow *flow)
{
	flow->open = false;
	flow->sample.destroyed = true;
	flow->sample.has_skmeminfo = false;
	flow->sample.congestion[0] = '\0';
	path_table_add(host->paths, &flow->sample, &host->caps, host->now_ns);
}

static void take_reading(FakeHost *host, uint64_t ns)
{
	const CensusCount *count = &host->census.counted;
	HostReading *reading = &host->reading;

	for (HostCounter counter = 0; counter < _HOST_COUNTERS; counter++)
		reading->counters[counter] += host->rates[counter] * (ns / NSEC_PER_SEC);
	reading->counters[HOST_STALLS] = host->census.stalls;
	reading->gauges[HOST_BIG_SOCKETS] = count->big;
	reading->gauges[HOST_QUEUED_BYTES] = count->queued_bytes;
	reading->gauges[HOST_QUEUED_TOP_BYTES] =
		count->top_bytes[0] + count->top_bytes[1] + count->top_bytes[2];
	host_windows_add(&host->windows, reading, host->now_ns);
}

void fake_host_step(FakeHost *host, uint64_t ns)
{
	host->now_ns += ns;
	host->snapshot.now_ns = host->now_ns;
	host->snapshot.realtime_ns = host->now_ns + UINT64_C(1750000000) * NSEC_PER_SEC;
	path_table_sweep_begin(host->paths, host->now_ns);
	census_begin(&host->census, 1);
	for (size_t i = 0; i < FAKE_FLOWS; i++) {
		if (!host->flows[i].open)
			continue;
		advance(&host->flows[i], ns);
		path_table_add(host->paths, &host->flows[i].sample, &host->caps, host->now_ns);
		census_add(&host->census, &host->flows[i].sample, &host->caps, host->now_ns);
	}
	path_table_sweep_end(host->paths, host->now_ns, true);
	census_end(&host->census, host->now_ns);
	take_reading(host, ns);
}

void fake_host_windows(FakeHost *host, unsigned windows)
{
	for (uint64_t ns = 0; ns < windows * PATH_WINDOW_NS; ns += PATH_WINDOW_NS / 3)
		fake_host_step(host, PATH_WINDOW_NS / 3);
}

static bool never_held(const void *context, const char *controller, const Address *path,
		       const ChangeTunable *tunable)
{
	(void)context;
	(void)controller;
	(void)path;
	(void)tunable;
	return false;
}

ControllerInput fake_host_input(FakeHost *host, const PolicyConfig *config)
{
	return (ControllerInput){.snapshot = &host->snapshot, .config = config, .held = never_held};
}
