/* SPDX-License-Identifier: MIT */
#include "tests/sim/scenario.h"

#include <check.h>
#include <stdarg.h>

static const struct {
	const char *name;
	double rtt_ms, rate_mbit, queue_bdp, loss;
	unsigned competitors;
} paths[_SCENARIO_PATHS] = {
	[SCENARIO_LFN] = {"lfn", 150, 300, 1, 0, 0},
	[SCENARIO_LOSSY] = {"lossy", 100, 100, 1, 0.005, 0},
	[SCENARIO_BLOAT] = {"bloat", 20, 50, 32, 0, 0},
	[SCENARIO_METRO] = {"metro", 8, 200, 1, 0, 0},
	[SCENARIO_LAN] = {"lan", 0.5, 500, 1, 0, 0},
	[SCENARIO_SHALLOW] = {"shallow", 40, 50, 0.25, 0, 1},
};

static const SimWeather weathers[] = {
	[SCENARIO_CALM] = {.flow_sigma = 0.1},
	[SCENARIO_MIXED] = {.level_sigma = 0.15,
			    .level_minutes = 20,
			    .diurnal = 0.15,
			    .shifts_per_day = 2,
			    .shift_sigma = 0.2,
			    .flow_sigma = 0.2,
			    .tail_share = 0.02,
			    .tail_mean = 0.5,
			    .incidents_per_day = 4,
			    .incident_seconds = 60,
			    .incident_loss = 0.05},
	/* Per transfer of 3 s: AR(1) 0.99, sigma 0.25; a day's wave of 30 %; steps 1e-3, N(0, 0.5);
	 * 5 % with an exponential tail. */
	[SCENARIO_ROUGH] = {.level_sigma = 0.25,
			    .level_minutes = 5,
			    .diurnal = 0.3,
			    .shifts_per_day = 28.8,
			    .shift_sigma = 0.5,
			    .flow_sigma = 0.2,
			    .tail_share = 0.05,
			    .tail_mean = 0.7,
			    .incidents_per_day = 4,
			    .incident_seconds = 60,
			    .incident_loss = 0.05},
};

const char *scenario_path_name(ScenarioPath kind)
{
	return paths[kind].name;
}

FlowPath scenario_physics(ScenarioPath kind)
{
	FlowPath physics = {.rtt_us = paths[kind].rtt_ms * 1e3,
			    .rate_bps = paths[kind].rate_mbit * MBIT,
			    .loss = paths[kind].loss,
			    .competitors = paths[kind].competitors};

	physics.queue_bytes = paths[kind].queue_bdp * flow_bdp_bytes(&physics);
	return physics;
}

void scenario_path(SimPath *path, ScenarioPath kind, ScenarioWeather weather)
{
	path->physics = scenario_physics(kind);
	path->weather = weathers[weather];
	path->traffic = (SimTraffic){.births_per_hour = 1200, .seconds = 6};
}

void scenario_run(Run *run, ScenarioPath kind, ScenarioWeather weather, uint64_t seed)
{
	run_init(run, 1, seed);
	scenario_path(&run->world.paths[0], kind, weather);
}

bool scenario_long(void)
{
	const char *value = getenv("NETOPT_SIM_LONG");

	return value && *value == '1';
}

void scenario_note(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	printf("# ");
	vprintf(format, arguments);
	printf("\n");
	va_end(arguments);
	(void)fflush(stdout);
}

void scenario_end(Run *run)
{
	run_stop(run);
	ck_assert_msg(run->offences == 0, "seed %llu: %s (%u offences)",
		      (unsigned long long)run->seed, run->offence, run->offences);
	run_clear(run);
}
