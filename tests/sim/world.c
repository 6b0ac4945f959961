/* SPDX-License-Identifier: MIT */
#include "tests/sim/world.h"

#include <math.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "tests/unit/sysctl_defaults.h"

/* A Monday, 00:00 of the world's own day, is the start. */
#define START_NS (UINT64_C(1000) * NSEC_PER_SEC)
#define DAY_S    86400.0
#define NEVER    UINT64_MAX
/* Weather is never looked at in steps longer than this. */
#define WEATHER_STEP_S 60.0
#define FIRST_PORT     32768
#define PORTS          28000

/* --- addresses --- */

Address world_address(size_t i)
{
	uint8_t bytes[4] = {10, (uint8_t)(i >> 8), (uint8_t)i, 1};

	return address_from_bytes(AF_INET, bytes);
}

SimPath *world_find(World *world, const Address *address)
{
	size_t i = (size_t)address->bytes[1] << 8 | address->bytes[2];

	return address->family == AF_INET && i < world->n_paths &&
			       address_equal(&world->paths[i].address, address)
		       ? &world->paths[i]
		       : NULL;
}

/* --- births in the order of their times --- */

static uint64_t key(const World *world, size_t at)
{
	return world->paths[world->heap[at]].next_birth_ns;
}

static void sift_down(World *world, size_t at)
{
	for (;;) {
		size_t least = at, left = 2 * at + 1;
		uint32_t path;

		if (left < world->n_paths && key(world, left) < key(world, least))
			least = left;
		if (left + 1 < world->n_paths && key(world, left + 1) < key(world, least))
			least = left + 1;
		if (least == at)
			return;
		path = world->heap[at];
		world->heap[at] = world->heap[least];
		world->heap[least] = path;
		at = least;
	}
}

static double hour_wave(uint64_t ns)
{
	return sin(2 * M_PI * (double)ns / (double)NSEC_PER_SEC / DAY_S);
}

static void draw_birth(World *world, SimPath *path, uint64_t after_ns)
{
	const SimTraffic *traffic = &path->traffic;
	double rate = traffic->births_per_hour / 3600 * (1 + traffic->swing * hour_wave(after_ns));
	double gap;

	if (rate <= 0) {
		path->next_birth_ns = NEVER;
		return;
	}
	gap = traffic->regular ? 1 / rate : random_exponential(&world->births, 1 / rate);
	path->next_birth_ns = after_ns + (uint64_t)(gap * (double)NSEC_PER_SEC) + 1;
}

/* --- weather --- */

static void weather_step(SimPath *path, double seconds)
{
	const SimWeather *weather = &path->weather;
	Random source = random_seeded(&path->weather_state);
	const Random *random = &source;

	if (weather->level_sigma > 0) {
		double rho = exp(-seconds / 60 / MAX(weather->level_minutes, 1e-3));

		path->level = rho * path->level +
			      weather->level_sigma * sqrt(1 - rho * rho) * random_normal(random);
	}
	if (weather->shifts_per_day > 0 &&
	    random_unit(random) < weather->shifts_per_day * seconds / DAY_S)
		path->shift = weather->shift_sigma * random_normal(random);
	if (weather->incidents_per_day > 0 &&
	    random_unit(random) < weather->incidents_per_day * seconds / DAY_S)
		path->incident_end_ns =
			path->weather_ns +
			(uint64_t)(random_exponential(random, weather->incident_seconds) *
				   (double)NSEC_PER_SEC);
}

/* In steps that begin at the same times whoever asks: as the settings differ, so do the flows that
 * ask, and the weather must not. */
static void weather_until(SimPath *path, uint64_t now_ns)
{
	uint64_t step_ns = (uint64_t)(WEATHER_STEP_S * (double)NSEC_PER_SEC);

	while (path->weather_ns + step_ns <= now_ns) {
		path->weather_ns += step_ns;
		weather_step(path, WEATHER_STEP_S);
	}
}

static bool incident(const SimPath *path, uint64_t now_ns)
{
	return now_ns < path->incident_end_ns;
}

static SimSky sky_of(SimPath *path, uint64_t now_ns)
{
	weather_until(path, now_ns);
	if (path->down)
		return (SimSky){0};
	return (SimSky){
		.speed = exp(path->level + path->shift + path->weather.diurnal * hour_wave(now_ns)),
		.extra_loss = incident(path, now_ns) ? path->weather.incident_loss : 0};
}

/* --- flows --- */

static FlowCongestion congestion_for(const World *world, SimPath *path)
{
	const char *route = sim_path_metric(path, TUNABLE_ROUTE_CONGCTL)->words;

	return flow_congestion_from(*route ? route : world->congestion);
}

static FlowSetting setting_for(const World *world, SimPath *path)
{
	const TunableValue *sysctls = world->sysctls;

	if (path->indifferent)
		return (FlowSetting){.congestion = FLOW_CUBIC};
	if (path->traffic.receiving)
		return (FlowSetting){
			.congestion = FLOW_CUBIC,
			.rcvbuf_bytes = (double)sysctls[TUNABLE_TCP_RMEM].numbers[2],
		};
	return (FlowSetting){
		.congestion = congestion_for(world, path),
		.initcwnd = (unsigned)sim_path_metric(path, TUNABLE_ROUTE_INITCWND)->numbers[0],
		.sndbuf_bytes = (double)sysctls[TUNABLE_TCP_WMEM].numbers[2],
		.rto_min_us =
			1e3 * (double)sim_path_metric(path, TUNABLE_ROUTE_RTO_MIN)->numbers[0],
		.keep_after_idle = sysctls[TUNABLE_TCP_SLOW_START_AFTER_IDLE].numbers[0] == 0,
		.ecn = sim_path_metric(path, TUNABLE_ROUTE_ECN)->numbers[0] != 0,
	};
}

static FlowLife draw_life(World *world, SimPath *path, const FlowSetting *setting, uint64_t now_ns)
{
	const SimTraffic *traffic = &path->traffic;
	FlowPlan plan = {.bytes = traffic->bytes,
			 .seconds = traffic->seconds,
			 .warm_packets = traffic->warm_packets};
	FlowPath physics = path->physics;
	unsigned variant = path->revision * 2;

	if (traffic->bytes > 0)
		plan.bytes = MAX(traffic->bytes *
					 exp(traffic->bytes_sigma * random_normal(&world->life)),
				 200.0);
	if (incident(path, now_ns)) {
		physics.loss = MIN(physics.loss + path->weather.incident_loss, 0.5);
		variant++;
	}
	return life_pools_draw(&path->lives, &physics, setting, variant, &plan, &world->life);
}

static SimFlow *new_flow(World *world)
{
	if (world->n_flows == world->flows_capacity) {
		world->flows_capacity = MAX(2 * world->flows_capacity, (size_t)64);
		world->flows = realloc(world->flows, world->flows_capacity * sizeof(*world->flows));
		if (!world->flows)
			abort();
	}
	return &world->flows[world->n_flows++];
}

static double own_speed(World *world, const SimWeather *weather)
{
	double ln = 0;

	if (weather->flow_sigma > 0)
		ln += weather->flow_sigma * random_normal(&world->life);
	if (weather->tail_share > 0 && random_unit(&world->life) < weather->tail_share)
		ln -= random_exponential(&world->life, weather->tail_mean);
	return exp(ln);
}

static void move_flow(World *world, SimFlow *flow, uint64_t from_ns, uint64_t to_ns)
{
	SimPath *path = &world->paths[flow->path];
	SimSky sky = sky_of(path, to_ns);
	double acked = flow->acked, retrans = flow->retrans, busy_s = flow->busy_s;

	sim_flow_move(flow, (double)(to_ns - from_ns) / (double)NSEC_PER_SEC, &sky);
	if (!flow->bounded && to_ns >= flow->end_ns)
		flow->ended = true;
	path->bytes += flow->acked - acked;
	path->retrans_bytes += flow->retrans - retrans;
	path->flow_seconds += flow->busy_s - busy_s;
	path->competitor_byte_sum += flow->life.competitors_bps / 8 * (flow->busy_s - busy_s);
	if (!flow->ended)
		return;
	path->deaths++;
	if (flow->bounded) {
		path->completions++;
		path->completion_sum_s += flow->busy_s;
	}
}

static void bear(World *world, SimPath *path, uint64_t to_ns)
{
	uint64_t birth_ns = path->next_birth_ns, seconds_ns;
	SimFlow *flow;

	draw_birth(world, path, birth_ns);
	weather_until(path, birth_ns);
	if (path->down)
		return;
	path->births++;
	flow = new_flow(world);
	*flow = (SimFlow){.cookie = ++world->last_cookie,
			  .birth_ns = birth_ns,
			  .path = (uint32_t)(path - world->paths),
			  .receiving = path->traffic.receiving,
			  .bounded = path->traffic.bytes > 0,
			  .setting = setting_for(world, path),
			  .speed = own_speed(world, &path->weather)};
	flow->local_port = (uint16_t)(FIRST_PORT + flow->cookie % PORTS);
	flow->life = draw_life(world, path, &flow->setting, birth_ns);
	if (path->effect > 0 && congestion_for(world, path) != FLOW_CUBIC)
		flow->speed *= path->effect;
	seconds_ns = (uint64_t)(path->traffic.seconds * (double)NSEC_PER_SEC);
	flow->end_ns = birth_ns + seconds_ns;
	move_flow(world, flow, birth_ns, flow->bounded ? to_ns : MIN(to_ns, flow->end_ns));
}

/* --- the world --- */

void world_init(World *world, size_t n_paths, uint64_t seed)
{
	*world = (World){.now_ns = START_NS,
			 .start_ns = START_NS,
			 .n_paths = n_paths,
			 .birth_state = seed ^ UINT64_C(0x9e3779b97f4a7c15),
			 .life_state = seed ^ UINT64_C(0xd1b54a32d192ed03),
			 .pressure_bytes = UINT64_C(1) << 30};
	world->births = random_seeded(&world->birth_state);
	world->life = random_seeded(&world->life_state);
	world->paths = calloc(n_paths, sizeof(*world->paths));
	world->heap = calloc(n_paths, sizeof(*world->heap));
	if (!world->paths || !world->heap)
		abort();
	for (size_t i = 0; i < n_paths; i++) {
		SimPath *path = &world->paths[i];

		path->address = world_address(i);
		path->link_index = 2;
		path->weather_ns = START_NS;
		path->weather_state = seed + i * UINT64_C(0x5851f42d4c957f2d);
		for (TunableId id = _TUNABLE_SYSCTLS; id < _TUNABLES; id++)
			*sim_path_metric(path, id) = tunable_unset(id);
	}
	for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++)
		world_set(world, id, sysctl_defaults[id]);
	world_set(world, TUNABLE_TCP_ALLOWED_CONGESTION_CONTROL, "reno cubic bbr");
}

void world_start(World *world)
{
	for (size_t i = 0; i < world->n_paths; i++) {
		SimPath *path = &world->paths[i];

		Random random = random_seeded(&path->weather_state);

		world->heap[i] = (uint32_t)i;
		path->level = path->weather.level_sigma * random_normal(&random);
		draw_birth(world, path, world->now_ns);
	}
	for (size_t i = world->n_paths / 2 + 1; i-- > 0;)
		sift_down(world, i);
}

void world_clear(World *world)
{
	for (size_t i = 0; i < world->n_paths; i++)
		life_pools_clear(&world->paths[i].lives);
	free(world->paths);
	free(world->heap);
	free(world->flows);
}

static void watch_memory(World *world)
{
	bool over = world_memory_bytes(world) > (double)world->pressure_bytes;

	world->pressures += over && !world->under_pressure;
	world->under_pressure = over;
}

void world_advance(World *world, uint64_t to_ns)
{
	size_t n = world->n_flows;

	for (size_t i = 0; i < n; i++) {
		SimFlow *flow = &world->flows[i];

		if (!flow->ended)
			move_flow(world, flow, world->now_ns,
				  flow->bounded ? to_ns : MIN(to_ns, flow->end_ns));
	}
	while (world->n_paths > 0 && key(world, 0) <= to_ns) {
		bear(world, &world->paths[world->heap[0]], to_ns);
		sift_down(world, 0);
	}
	world->now_ns = to_ns;
	watch_memory(world);
}

void world_sweep(World *world, PathTable *table)
{
	PathCaps caps = {
		.wmem_max_bytes = (uint64_t)world->sysctls[TUNABLE_TCP_WMEM].numbers[2],
		.rmem_max_bytes = (uint64_t)world->sysctls[TUNABLE_TCP_RMEM].numbers[2],
		.congestion = world->congestion,
	};
	FlowSample sample;
	size_t alive = 0;

	path_table_sweep_begin(table, world->now_ns);
	for (size_t i = 0; i < world->n_flows; i++) {
		SimFlow *flow = &world->flows[i];
		const SimPath *path = &world->paths[flow->path];

		sim_flow_sample(flow, &path->physics, &path->address, &world->life, &sample);
		path_table_add(table, &sample, &caps, world->now_ns);
		if (!flow->ended)
			world->flows[alive++] = *flow;
	}
	world->n_flows = alive;
	path_table_sweep_end(table, world->now_ns, true);
}

void world_change_physics(SimPath *path, const FlowPath *physics)
{
	path->physics = *physics;
	path->revision++;
	life_pools_clear(&path->lives);
}

void world_set(World *world, TunableId id, const char *text)
{
	if (tunable_parse(&tunables[id], text, &world->sysctls[id]) < 0)
		abort();
	world->writes++;
	if (id == TUNABLE_TCP_CONGESTION_CONTROL)
		(void)text_copy(world->congestion, sizeof(world->congestion),
				world->sysctls[id].words);
}

double world_memory_bytes(const World *world)
{
	double sum = world->other_memory_bytes;

	for (size_t i = 0; i < world->n_flows; i++)
		if (!world->flows[i].ended)
			sum += sim_flow_memory_bytes(&world->flows[i]);
	return sum;
}

double world_seconds(const World *world)
{
	return (double)(world->now_ns - world->start_ns) / (double)NSEC_PER_SEC;
}
