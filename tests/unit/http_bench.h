/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * An HTTP server on loopback beside the bench that answers as it is told: a fixture.
 */
#include "tests/unit/fake_certificate.h"
#include "tests/unit/fake_server.h"
#include "tests/unit/stream_bench.h"

#define HTTP_HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

typedef struct HttpBench {
	FakeServer server; /* started by the first run */
	FakeCertificate certificate;
	/* To the first request of a connection, the second...; it is closed when none is left. */
	const char *answers[4];
	char requests[4][512]; /* the last ones */
	unsigned answer_delay_ms, body_delay_ms;
	bool closes; /* after the first answer */
} HttpBench;

extern HttpBench http_bench;

void http_bench_setup(void);
void http_bench_teardown(void);
/* Makes it an HTTPS server; its certificate is signed by itself. */
void http_bench_with_tls(int last_day);
/* Runs an http or https probe to its report. */
void http_bench_run(void);
/* With this first answer. */
void http_bench_run_answer(const char *text);
