/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What scenarios have in common: the six paths of the WAN bench, three kinds of weather, and how
 * figures are printed. Heavy scenarios run at full length with NETOPT_SIM_LONG=1.
 */
#include "tests/sim/run.h"

#define MBIT  1e6
#define HOUR  3600.0
#define DAY   86400.0
#define SEED  UINT64_C(20240229)
#define SEEDS UINT64_C(0x5851f42d4c957f2d) /* from one run's seed to the next's */

typedef enum ScenarioPath {
	SCENARIO_LFN,     /* 150 ms, 300 Mbit/s */
	SCENARIO_LOSSY,   /* 100 ms, 100 Mbit/s, 0.5 % */
	SCENARIO_BLOAT,   /* 20 ms, 50 Mbit/s, 4 MB */
	SCENARIO_METRO,   /* 8 ms, 200 Mbit/s */
	SCENARIO_LAN,     /* 0.5 ms, 500 Mbit/s */
	SCENARIO_SHALLOW, /* 40 ms, 50 Mbit/s, 0.25 BDP, a competitor */
	_SCENARIO_PATHS,
} ScenarioPath;

typedef enum ScenarioWeather {
	SCENARIO_CALM,  /* flows differ a little */
	SCENARIO_MIXED, /* a path of the Internet: drift, day and night, a few incidents */
	SCENARIO_ROUGH, /* the hardest generator of the verdict's own simulation */
} ScenarioWeather;

const char *scenario_path_name(ScenarioPath kind);
FlowPath scenario_physics(ScenarioPath kind);
/* Physics, weather, and bulk traffic: flows of 6 s, one every 3 s. */
void scenario_path(SimPath *path, ScenarioPath kind, ScenarioWeather weather);
/* A run with one such path, not started. */
void scenario_run(Run *run, ScenarioPath kind, ScenarioWeather weather, uint64_t seed);
bool scenario_long(void);
/* "# ..." */
void scenario_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Stops it, fails on an offence, clears it. */
void scenario_end(Run *run);
