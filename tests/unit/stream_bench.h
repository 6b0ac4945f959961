/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One probe at a time, run to its report: for tests of the kinds over TCP. A fixture of Check, in a
 * process of its own for each test.
 */
#include "daemon/probe/kind.h"

typedef struct StreamBench {
	Loop *loop;
	ProbeShared shared;
	ProbeMemory *memory;
	ProbeSpec spec;  /* "localhost", "/", a second, 1 MiB, not verified */
	Address address; /* 127.0.0.1 */
	const ProbeKind *kind;
	Probe *probe;
	/* Of the last report: */
	unsigned reports;
	ProbeResult result;
	ProbeFacts facts;
	char explanation[128];
	/* At the first turn of the loop after so many ns, this process does not run for so long. */
	uint64_t stall_after_ns, stall_ns;
} StreamBench;

extern StreamBench bench;

void stream_bench_setup(void);
void stream_bench_teardown(void);

/* What start() says. */
int stream_bench_start(const ProbeKind *kind, uint16_t port);
/* Starts, runs to the report, frees. Fails the test if none comes within 10 s. */
void stream_bench_run(const ProbeKind *kind, uint16_t port);
/* Runs for some time; whether the report came. */
bool stream_bench_run_for(uint64_t ns);
bool stream_bench_has(ProbePhase phase);
uint32_t stream_bench_us(ProbePhase phase);
/* The report is of this failure, and has no number. NULL: whatever explanation. */
void stream_bench_expect(ProbeOutcome outcome, ProbePhase failed_in, const char *explanation);
void stream_bench_expect_ok(void);

/* A listener that is full: it answers no SYN. */
uint16_t stream_bench_blackhole(void);
/* Makes room in it. */
void stream_bench_open_blackhole(void);
/* A network namespace of our own, with nothing but lo, down. False: not allowed. */
bool stream_bench_enter_empty_network(void);
void stream_bench_bring_loopback_up(void);
