/* SPDX-License-Identifier: MIT */
#include "tests/unit/stream_bench.h"

#include <check.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "common/base.h"
#include "common/text.h"

StreamBench bench;

static LoopTimer *deadline, *stall;
static int blackhole;

static void on_done(void *context, const ProbeResult *result)
{
	ck_assert_ptr_eq(context, &bench);
	bench.reports++;
	bench.result = *result;
	if (result->facts)
		bench.facts = *result->facts;
	(void)text_copy(bench.explanation, sizeof(bench.explanation),
			result->explanation ? result->explanation : "");
	/* Frees at once, as the prober does. */
	bench.kind->cancel(bench.probe);
	bench.probe = NULL;
	loop_stop(bench.loop, 0);
}

static void on_deadline(void *context)
{
	(void)context;
	loop_stop(bench.loop, 1);
}

static void on_stall(void *context)
{
	uint64_t until = clock_monotonic_ns(&clock_system) + bench.stall_ns;

	(void)context;
	while (clock_monotonic_ns(&clock_system) < until)
		;
}

void stream_bench_setup(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	bench = (StreamBench){
		.spec = {.host = "localhost",
			 .target = "/",
			 .timeout_ns = NSEC_PER_SEC,
			 .ca_file = "",
			 .body_limit_bytes = 1024 * 1024},
	};
	ck_assert_int_eq(address_parse("127.0.0.1", &bench.address), 0);
	ck_assert_int_eq(loop_new(&bench.loop), 0);
	ck_assert_int_eq(loop_timer_new(bench.loop, on_deadline, NULL, &deadline), 0);
	ck_assert_int_eq(loop_timer_new(bench.loop, on_stall, NULL, &stall), 0);
}

void stream_bench_teardown(void)
{
	if (bench.kind)
		bench.kind->cancel(bench.probe);
	if (bench.kind && bench.kind->forget)
		bench.kind->forget(bench.memory);
	probe_shared_clear(&bench.shared);
	loop_timer_free(deadline);
	loop_timer_free(stall);
	loop_free(bench.loop);
}

int stream_bench_start(const ProbeKind *kind, uint16_t port)
{
	ProbeStart start = {
		.loop = bench.loop,
		.clock = &clock_system,
		.address = bench.address,
		.spec = &bench.spec,
		.shared = &bench.shared,
		.memory = &bench.memory,
		.done = on_done,
		.context = &bench,
	};
	int r;

	bench.kind = kind;
	bench.spec.port = port;
	bench.reports = 0;
	bench.facts = (ProbeFacts){0};
	r = kind->start(&start, &bench.probe);
	ck_assert_uint_eq(bench.reports, 0); /* never from inside */
	return r;
}

bool stream_bench_run_for(uint64_t ns)
{
	ck_assert_int_eq(loop_timer_set(deadline, ns), 0);
	if (bench.stall_ns > 0)
		ck_assert_int_eq(loop_timer_set(stall, bench.stall_after_ns), 0);
	(void)loop_run(bench.loop);
	loop_timer_disarm(deadline);
	loop_timer_disarm(stall);
	return bench.reports > 0;
}

void stream_bench_run(const ProbeKind *kind, uint16_t port)
{
	uint64_t before = clock_monotonic_ns(&clock_system), wall_us;

	ck_assert_int_eq(stream_bench_start(kind, port), 0);
	ck_assert(stream_bench_run_for(10 * NSEC_PER_SEC));
	wall_us = (clock_monotonic_ns(&clock_system) - before) / NSEC_PER_USEC;
	ck_assert_uint_eq(bench.reports, 1);
	ck_assert(address_equal(&bench.result.address, &bench.address));
	ck_assert_uint_ge(bench.result.when_ns, before);
	ck_assert(bench.result.wall_us > 0 || bench.result.outcome == PROBE_LOCAL);
	ck_assert_uint_le(bench.result.wall_us, wall_us + 1);
}

bool stream_bench_has(ProbePhase phase)
{
	return bench.result.phases & 1U << phase;
}

uint32_t stream_bench_us(ProbePhase phase)
{
	uint32_t us = 0;

	ck_assert_msg(probe_result_get(&bench.result, phase, &us), "no phase %s",
		      probe_phase_name(phase));
	return us;
}

void stream_bench_expect(ProbeOutcome outcome, ProbePhase failed_in, const char *explanation)
{
	ck_assert_uint_eq(bench.reports, 1);
	ck_assert_str_eq(probe_outcome_name(bench.result.outcome), probe_outcome_name(outcome));
	ck_assert_str_eq(probe_phase_name(bench.result.failed_in), probe_phase_name(failed_in));
	if (explanation)
		ck_assert_str_eq(bench.explanation, explanation);
	/* A failure is never a number. */
	ck_assert_uint_eq(bench.result.phases, 0);
	for (ProbePhase phase = 0; phase < _PROBE_PHASES; phase++)
		ck_assert_uint_eq(bench.result.phases_us[phase], 0);
}

void stream_bench_expect_ok(void)
{
	ck_assert_msg(bench.result.outcome == PROBE_OK, "%s in %s: %s",
		      probe_outcome_name(bench.result.outcome),
		      probe_phase_name(bench.result.failed_in), bench.explanation);
	ck_assert_uint_gt(stream_bench_us(PHASE_CONNECT), 0);
	ck_assert_uint_le(stream_bench_us(PHASE_TOTAL), bench.result.wall_us);
}

static void fill(const struct sockaddr_in *name)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(connect(fd, (const struct sockaddr *)name, sizeof(*name)), 0);
}

uint16_t stream_bench_blackhole(void)
{
	struct sockaddr_in name = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(name);

	blackhole = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(blackhole, (struct sockaddr *)&name, sizeof(name)), 0);
	ck_assert_int_eq(listen(blackhole, 0), 0);
	ck_assert_int_eq(getsockname(blackhole, (struct sockaddr *)&name, &length), 0);
	fill(&name);
	return ntohs(name.sin_port);
}

void stream_bench_open_blackhole(void)
{
	close(accept(blackhole, NULL, NULL));
}

bool stream_bench_enter_empty_network(void)
{
	return unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
}

void stream_bench_bring_loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
}
