/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A host made by hand, for tests of what is decided: flows whose counters grow at given rates, the
 * real path table over them, and a snapshot with plausible defaults. Time stands still unless
 * fake_host_step() moves it.
 */
#include "daemon/model/census.h"
#include "daemon/model/host_setting.h"
#include "daemon/model/host_windows.h"
#include "daemon/policy/controller.h"

#define MBIT         UINT64_C(1000000)
#define FAKE_ADDRESS "192.0.2.1"
#define FAKE_FLOWS   32

/* A flow: the sample shown at the next sweep, and how its counters grow per second. */
typedef struct FakeFlow {
	bool open;
	uint64_t send_bps, receive_bps;
	uint64_t delivery_bps; /* 0: as it sends */
	double loss;           /* share of sent bytes that are sent again */
	FlowSample sample;
} FakeFlow;

/* What the actuator would say of a destination; every one it is not told of is eligible. */
typedef struct FakeRoute {
	Address address;
	PolicyRoute route;
} FakeRoute;

typedef struct FakeHost {
	uint64_t now_ns;
	PathTable *paths;
	PathCaps caps;
	FakeFlow flows[FAKE_FLOWS];
	uint64_t last_cookie;
	Snapshot snapshot; /* all tunables present and writable; cubic, 4 and 6 MiB */
	char congestion[TUNABLE_WORD_MAX], past_congestion[TUNABLE_WORD_MAX];
	/* The host's counters grow at these rates, 1/s; gauges stand in the reading (of sockets:
	 * counted by the real census). */
	uint64_t rates[_HOST_COUNTERS];
	HostReading reading;
	HostWindows windows;
	Census census;
	HostSettings settings; /* the kernel's defaults */
	FakeRoute routes[FAKE_FLOWS];
	size_t n_routes;
	unsigned route_questions; /* asked of the kernel so far */
} FakeHost;

TunableValue fake_value(TunableId id, const char *text);
Address fake_address(const char *text);
/* A healthy established flow in the middle of the Internet: 100 ms, no queue, no data yet. */
FlowSample fake_sample(uint64_t cookie, const char *address);

/* The first sweep is done: flows opened now are seen to be born. */
void fake_host_init(FakeHost *host);
void fake_host_clear(FakeHost *host);
/* Writes one tunable as the kernel would see it: snapshot and caps. */
void fake_host_set(FakeHost *host, TunableId id, const TunableValue *value);
/* From now on there are route metrics; before, the snapshot has none. */
void fake_host_routes(FakeHost *host);
/* A metric of ours is in force: what the actuator tells snapshot and path table. The flows that are
 * open keep their congestion control, those opened later get it. */
void fake_host_metric(FakeHost *host, const char *address, TunableId id, const char *text);
/* No metric can be installed, because of `reason`. */
void fake_host_no_route(FakeHost *host, const char *address, const char *reason);
FakeFlow *fake_host_open(FakeHost *host, const char *address, uint64_t send_bps);
/* One last sample, of a destroy event. */
void fake_host_close(FakeHost *host, FakeFlow *flow);
/* Lets the time pass and sweeps. */
void fake_host_step(FakeHost *host, uint64_t ns);
/* Steps of 10 s until `windows` more windows are complete. */
void fake_host_windows(FakeHost *host, unsigned windows);
/* What a controller is given; nothing is held. */
ControllerInput fake_host_input(FakeHost *host, const PolicyConfig *config);
