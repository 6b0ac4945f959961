/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The simulated world of one host: paths with their physics, traffic and weather, the flows that
 * live on them, and the kernel's settings that new flows are born with. It moves when told to, by
 * any span, and shows its flows to a path table as a sweep of sock_diag does, the dead ones as
 * destroy events.
 *
 * What a flow achieves is physics (flowmodel.h) under the settings of its birth, times the weather,
 * which falls on all flows of a path alike: an AR(1) level, the hour of the day, level shifts,
 * incidents. Seeded sources apart keep the weather and the times of births the same whatever the
 * settings are, so that two runs with one seed differ by what was set.
 *
 * Not modelled: settings that reach living flows (a larger tcp_wmem, rto_min), loss of destroy
 * events, CPU.
 */
#include "daemon/model/path_table.h"
#include "daemon/model/tunable.h"
#include "tests/sim/lifepool.h"
#include "tests/sim/simflow.h"

#define ROUTE_METRICS (_TUNABLES - _TUNABLE_SYSCTLS)

typedef struct SimTraffic {
	double births_per_hour; /* Poisson, swings with the hour of the day; 0: none */
	bool regular;           /* evenly spaced instead */
	double bytes;           /* median size; 0: each lives for `seconds` */
	double bytes_sigma;     /* of its logarithm */
	double seconds;         /* of flows without a size */
	bool receiving;
	double swing;        /* of the births with the hour of the day, 0 to 1 */
	double warm_packets; /* each is a burst after an idle time: FlowPlan */
} SimTraffic;

/* In logarithms of speed. All zero: always as the model says. */
typedef struct SimWeather {
	double level_sigma, level_minutes; /* AR(1): how far, and how long it remembers */
	double diurnal;                    /* amplitude of the daily wave */
	double shifts_per_day, shift_sigma;
	double flow_sigma;            /* of one flow among others */
	double tail_share, tail_mean; /* flows that meet with something of their own */
	double incidents_per_day, incident_seconds, incident_loss;
} SimWeather;

typedef struct SimPath {
	/* Set before it is used; change physics only by world_change_physics(). */
	Address address;
	int link_index;
	FlowPath physics;
	SimTraffic traffic;
	SimWeather weather;
	bool indifferent; /* A/A: flows behave as by default, whatever is set */
	/* If indifferent: so many times as fast are flows with another congestion control than
	 * cubic. 0: as fast. */
	double effect;
	bool down; /* nothing gets through, nobody connects */

	/* The kernel's route to it, as far as metrics go. */
	TunableValue metrics[ROUTE_METRICS];
	bool ineligible; /* a tunnel, or somebody else's host route */

	/* Of the world. */
	uint64_t weather_state;
	double level, shift;
	uint64_t weather_ns, incident_end_ns, next_birth_ns;
	unsigned revision;
	LifePools lives;
	double bytes, retrans_bytes, flow_seconds; /* all that moved; time of living flows */
	double competitor_byte_sum; /* of all competitors, per living flow and second */
	uint64_t births, deaths;
	double completion_sum_s; /* of those that had a size */
	uint64_t completions;
} SimPath;

typedef struct World {
	uint64_t now_ns, start_ns;
	SimPath *paths;
	size_t n_paths;
	uint32_t *heap; /* paths by next birth */
	SimFlow *flows; /* living, and those who died since the last sweep */
	size_t n_flows, flows_capacity;
	uint64_t last_cookie;
	uint64_t birth_state, life_state;
	Random births, life;
	TunableValue sysctls[_TUNABLE_SYSCTLS]; /* the kernel's, as they are now */
	char congestion[CONGESTION_NAME_MAX];
	uint64_t writes;           /* to sysctls, by whomever */
	double other_memory_bytes; /* TCP memory of sockets that are not simulated */
	uint64_t pressure_bytes, pressures;
	bool under_pressure;
} World;

void world_init(World *world, size_t n_paths, uint64_t seed);
void world_clear(World *world);
/* After the paths were described: the first births are drawn. */
void world_start(World *world);
/* The address of path i, one /24 each. */
Address world_address(size_t i);
/* NULL: none of ours. */
SimPath *world_find(World *world, const Address *address);

void world_advance(World *world, uint64_t to_ns);
/* One sweep of all flows into the table. */
void world_sweep(World *world, PathTable *table);
/* From now on flows are born to this; living ones go on as they were. */
void world_change_physics(SimPath *path, const FlowPath *physics);
/* A write to the kernel, by whomever. */
void world_set(World *world, TunableId id, const char *text);
double world_memory_bytes(const World *world);
/* Simulated seconds since the start. */
double world_seconds(const World *world);
/* The value of a route metric in force: number, or word. */
static inline TunableValue *sim_path_metric(SimPath *path, TunableId id)
{
	return &path->metrics[id - _TUNABLE_SYSCTLS];
}
