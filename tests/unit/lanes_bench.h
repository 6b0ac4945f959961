/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * An engine in a closed loop with a host of three destinations, each with a route of its own. One
 * of each, as variables, since a test program has one loop.
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/policy/engine.h"
#include "tests/unit/fake_host.h"
#include "tests/unit/harness.h"

#define SECOND NSEC_PER_SEC
#define HOUR   NSEC_PER_HOUR
#define LANES  3
#define SLOTS  2

/* A destination with transfers of 6 s, a new one every 3 s. */
typedef struct Lane {
	const char *address;
	uint64_t bps; /* 0: no traffic */
	double gain;  /* under bbr */
	double loss;
	bool full_buffer;
	int link;
	FakeFlow *flows[SLOTS];
} Lane;

static FakeHost host;
static Engine *engine;
static EngineAction action;
static PolicyConfig config;
static uint64_t random_state;
static Lane lanes[LANES];
static char events[1024];
static unsigned seconds;
static unsigned most_trials; /* at once */

__attribute__((unused)) static void on_report(const Change *change, const char *event,
					      void *context)
{
	size_t used = strlen(events);

	ck_assert_ptr_eq(context, &host);
	(void)text_format(events + used, sizeof(events) - used, "%s%u:%s", used ? " " : "",
			  (unsigned)change->id, event);
}

__attribute__((unused)) static void new_engine(Lessons *lessons)
{
	EngineParams params = {.config = config,
			       .random = random_seeded(&random_state),
			       .report = on_report,
			       .lessons = lessons,
			       .context = &host};

	engine_free(engine);
	engine = NULL;
	ck_assert_int_eq(engine_new(&params, &engine), 0);
	path_table_set_observer(host.paths, engine_observe, engine);
}

__attribute__((unused)) static void setup(void)
{
	random_state = 42;
	events[0] = '\0';
	seconds = most_trials = 0;
	engine = NULL;
	fake_host_init(&host);
	fake_host_routes(&host);
	config = (PolicyConfig){.mode = POLICY_AUTO,
				.objective = POLICY_BALANCED,
				.memory_budget_permille = 500,
				.per_destination = true,
				.exploration_permille = 100};
	for (PolicyKnob knob = 0; knob < _POLICY_KNOBS; knob++)
		config.switches[knob] = knob == POLICY_CONGESTION ? POLICY_AUTO_TUNE : POLICY_OFF;
	memset(lanes, 0, sizeof(lanes));
	for (size_t i = 0; i < LANES; i++)
		lanes[i] = (Lane){.address = i == 0   ? "192.0.2.1"
					     : i == 1 ? "198.51.100.1"
						      : "203.0.113.1",
				  .gain = 1,
				  .loss = 0.005,
				  .link = (int)i + 2};
	new_engine(NULL);
}

__attribute__((unused)) static void teardown(void)
{
	path_table_set_observer(host.paths, NULL, NULL);
	engine_free(engine);
	fake_host_clear(&host);
}

/* --- the loop --- */

__attribute__((unused)) static PolicyRoute route_of(const Lane *lane)
{
	Address address = fake_address(lane->address);
	PolicyRoute route;

	ck_assert(host.snapshot.route(host.snapshot.route_context, &address, &route));
	return route;
}

__attribute__((unused)) static const char *congestion_of(const Lane *lane)
{
	static char name[TUNABLE_WORD_MAX];
	PolicyRoute route = route_of(lane);

	(void)text_copy(name, sizeof(name),
			route.metrics[TUNABLE_ROUTE_CONGCTL - _TUNABLE_SYSCTLS].words);
	return name;
}

/* Where the route of each lane leaves the host. */
__attribute__((unused)) static void tell_links(void)
{
	for (size_t i = 0; i < LANES; i++) {
		Address address = fake_address(lanes[i].address);

		for (size_t k = 0; k < host.n_routes; k++)
			if (address_equal(&host.routes[k].address, &address)) {
				host.routes[k].route.link_index = lanes[i].link;
				host.routes[k].route.fingerprint = (uint64_t)lanes[i].link;
			}
	}
}

__attribute__((unused)) static void transfer(Lane *lane)
{
	unsigned slot = seconds / 3 % SLOTS;
	double gain = text_equal(congestion_of(lane), "bbr") ? lane->gain : 1;

	if (seconds % 3 != 0)
		return;
	if (lane->flows[slot])
		fake_host_close(&host, lane->flows[slot]);
	lane->flows[slot] = NULL;
	if (lane->bps == 0)
		return;
	lane->flows[slot] =
		fake_host_open(&host, lane->address, (uint64_t)((double)lane->bps * gain));
	lane->flows[slot]->loss = lane->loss;
	if (lane->full_buffer) {
		uint32_t bytes = (uint32_t)host.caps.wmem_max_bytes;

		lane->flows[slot]->sample.sndbuf = bytes;
		lane->flows[slot]->sample.wmem_queued = bytes / 10 * 7;
	}
	lane->flows[slot]->sample.info.raw.unacked =
		(uint32_t)((double)lane->bps * gain / 8 / 10 / 1448);
}

__attribute__((unused)) static void execute(const EngineAction *to_do)
{
	char address[ADDRESS_TEXT_MAX], text[TUNABLE_WORD_MAX];

	if (to_do->kind == ENGINE_NOTHING)
		return;
	for (size_t i = 0; i < to_do->n_changes && to_do->kind != ENGINE_SHADOW; i++) {
		const TunableValue *value = &to_do->changes[i].value;

		if (!tunable_is_route(to_do->changes[i].id)) {
			fake_host_set(&host, to_do->changes[i].id, value);
			continue;
		}
		fake_host_metric(
			&host, address_format(&to_do->changes[i].path, address),
			to_do->changes[i].id,
			tunable_is_unset(value) ? NULL : tunable_format(value, text, sizeof(text)));
	}
	fake_host_step(&host, 0);
	if (to_do->kind != ENGINE_SHADOW)
		path_table_set_epoch(host.paths, to_do->epoch);
	engine_done(engine, to_do, 0, "", host.now_ns);
}

__attribute__((unused)) static void ask(void)
{
	for (unsigned i = 0; i < 4; i++) {
		const Change *trials[ENGINE_TRIALS_MAX];

		engine_step(engine, &host.snapshot, &action);
		most_trials = MAX(most_trials, (unsigned)engine_trials(engine, trials));
		if (action.kind == ENGINE_NOTHING)
			return;
		execute(&action);
	}
}

__attribute__((unused)) static void run(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		for (size_t k = 0; k < LANES; k++)
			transfer(&lanes[k]);
		tell_links();
		seconds++;
		fake_host_step(&host, SECOND);
		ask();
	}
}

/* Until something more is reported. */
__attribute__((unused)) static void run_to_report(unsigned at_most)
{
	size_t before = strlen(events);

	for (unsigned i = 0; strlen(events) == before; i++) {
		ck_assert_msg(i < at_most, "nothing happened: %s", events);
		run(1);
	}
}

/* A long time without traffic. */
__attribute__((unused)) static void sleep_for(uint64_t ns)
{
	for (size_t i = 0; i < LANES; i++)
		for (size_t k = 0; k < SLOTS; k++) {
			if (lanes[i].flows[k])
				fake_host_close(&host, lanes[i].flows[k]);
			lanes[i].flows[k] = NULL;
		}
	fake_host_step(&host, ns);
}

__attribute__((unused)) static const Change *change(uint64_t id)
{
	const Change *found = engine_change_find(engine, id);

	ck_assert_ptr_nonnull(found);
	return found;
}

__attribute__((unused)) static void lossy(Lane *lane, double gain)
{
	lane->bps = 2 * MBIT;
	lane->gain = gain;
}

/* One lane, on which bbr was kept. */
__attribute__((unused)) static void keep_one(void)
{
	lossy(&lanes[0], 10);
	run_to_report(200);
	run_to_report(900);
	ck_assert_str_eq(events, "1:trial-started 1:kept");
	ck_assert_str_eq(congestion_of(&lanes[0]), "bbr");
	ck_assert(change(1)->provisional);
}
