/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A TLS server on loopback beside the bench, with a certificate of an authority made for the test:
 * a fixture.
 */
#include "tests/unit/fake_certificate.h"
#include "tests/unit/fake_server.h"
#include "tests/unit/stream_bench.h"

typedef struct TlsBench {
	FakeServer server; /* to be started by the test */
	FakeCertificate authority, certificate;
	char ca_file[32];  /* of the authority; the probe's */
	unsigned delay_ms; /* before the server begins the handshake */
} TlsBench;

extern TlsBench tls_bench;

void tls_bench_setup(void);
void tls_bench_teardown(void);
/* Shakes hands, and waits for the client's end. */
void tls_bench_serve(FakeServer *server, int fd);
/* Before the start of the server, instead of the usual certificate. */
void tls_bench_use_certificate(const char *name, int first_day, int last_day, bool own);
/* Runs a tls probe to its report. */
void tls_bench_run(void);
