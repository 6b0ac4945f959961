/* SPDX-License-Identifier: MIT */
#include "tests/unit/sim.h"

#include <check.h>
#include <string.h>

#include "common/text.h"

FakeHost host;
Engine *engine;
EngineAction action;
PolicyConfig config;
uint64_t random_state;
SimTraffic traffic;
char events[512];
int write_status;

static void on_report(const Change *change, const char *event, void *context)
{
	size_t used = strlen(events);

	ck_assert_ptr_eq(context, &host);
	(void)text_format(events + used, sizeof(events) - used, "%s%u:%s", used ? " " : "",
			  (unsigned)change->id, event);
}

void sim_configure(void)
{
	engine_set_config(engine, &config);
}

void sim_setup(void)
{
	EngineParams params;

	random_state = 42;
	events[0] = '\0';
	write_status = 0;
	fake_host_init(&host);
	config = (PolicyConfig){
		.mode = POLICY_AUTO, .objective = POLICY_BALANCED, .memory_budget_permille = 500};
	params = (EngineParams){.config = config,
				.random = random_seeded(&random_state),
				.report = on_report,
				.context = &host};
	ck_assert_int_eq(engine_new(&params, &engine), 0);
	path_table_set_observer(host.paths, engine_observe, engine);
	traffic = (SimTraffic){.floor_us = 100000, .gain = 1};
}

void sim_teardown(void)
{
	path_table_set_observer(host.paths, NULL, NULL);
	engine_free(engine);
	fake_host_clear(&host);
}

const TunableValue *sim_value(TunableId id)
{
	return &host.snapshot.tunables[id].current;
}

int64_t sim_wmem(void)
{
	return sim_value(TUNABLE_TCP_WMEM)->numbers[2];
}

const char *sim_congestion(void)
{
	return sim_value(TUNABLE_TCP_CONGESTION_CONTROL)->words;
}

static bool under_new_setting(void)
{
	return traffic.buffer_limited ? sim_wmem() > 4 * MIB : text_equal(sim_congestion(), "bbr");
}

static void open_transfer(void)
{
	double gain = under_new_setting() ? traffic.gain : 1;
	double noise = traffic.noise ? traffic.noise(traffic.noise_context) : 1;
	uint64_t bps = (uint64_t)((double)traffic.bps * gain * noise);
	FakeFlow *flow = fake_host_open(&host, FAKE_ADDRESS, bps);
	TcpInfoRaw *raw = &flow->sample.info.raw;

	flow->loss = traffic.loss;
	raw->rtt_us = raw->min_rtt_us = traffic.floor_us;
	raw->unacked = (uint32_t)(bps / 8 * traffic.floor_us / 1000000 / 1448);
	if (traffic.buffer_limited) {
		flow->sample.sndbuf = (uint32_t)sim_wmem();
		flow->sample.wmem_queued = (uint32_t)(sim_wmem() * 7 / 10);
	}
}

void sim_pass(uint64_t ns)
{
	unsigned slot = traffic.seconds % 6;

	if (traffic.bps && slot % 3 == 0) {
		if (host.flows[slot / 3].open)
			fake_host_close(&host, &host.flows[slot / 3]);
		open_transfer();
	}
	traffic.seconds++;
	fake_host_step(&host, ns);
}

void sim_execute(const EngineAction *to_do)
{
	if (to_do->kind == ENGINE_NOTHING)
		return;
	for (size_t i = 0; i < to_do->n_changes && write_status == 0; i++)
		fake_host_set(&host, to_do->changes[i].id, &to_do->changes[i].value);
	fake_host_step(&host, 0);
	path_table_set_epoch(host.paths, to_do->epoch);
	engine_done(engine, to_do, write_status, "no such luck", host.now_ns);
}

void sim_ask(void)
{
	engine_step(engine, &host.snapshot, &action);
	host.snapshot.memory_pressures = 0;
	host.snapshot.destroyed_lost = false;
}

void sim_run(unsigned seconds)
{
	for (unsigned i = 0; i < seconds; i++) {
		sim_pass(SECOND);
		sim_ask();
		sim_execute(&action);
	}
}

void sim_run_to_report(unsigned at_most)
{
	size_t before = strlen(events);

	for (unsigned i = 0; strlen(events) == before; i++) {
		ck_assert_msg(i < at_most, "nothing happened: %s",
			      engine_controller_idle_reason(engine, 1));
		sim_run(1);
	}
}

const Change *sim_change(uint64_t id)
{
	const Change *found = engine_change_find(engine, id);

	ck_assert_ptr_nonnull(found);
	return found;
}

const char *sim_idle(const char *name)
{
	for (size_t i = 0; i < engine_controller_count(); i++)
		if (text_equal(engine_controller_name(i), name))
			return engine_controller_idle_reason(engine, i);
	ck_abort_msg("no controller %s", name);
	return NULL;
}

void sim_lossy_path(double gain)
{
	traffic.bps = 2 * MBIT;
	traffic.loss = 0.005;
	traffic.gain = gain;
}

void sim_small_buffer(double gain)
{
	traffic.bps = 150 * MBIT;
	traffic.floor_us = 150000;
	traffic.buffer_limited = true;
	traffic.gain = gain;
}

void sim_fix_buffers(int64_t bytes)
{
	config.switches[POLICY_BUFFERS] = POLICY_FIXED;
	config.buffers_max_bytes = (uint64_t)bytes;
	sim_configure();
}

int64_t sim_rmem(void)
{
	return sim_value(TUNABLE_TCP_RMEM)->numbers[2];
}
