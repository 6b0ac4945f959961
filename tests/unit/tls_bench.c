/* SPDX-License-Identifier: MIT */
#include "tests/unit/tls_bench.h"

#include <check.h>
#include <string.h>
#include <unistd.h>

TlsBench tls_bench;

void tls_bench_serve(FakeServer *server, int fd)
{
	SSL *ssl;

	fake_server_delay(tls_bench.delay_ms);
	ssl = fake_server_accept_tls(server, fd);
	if (ssl)
		fake_server_until_end(server, fd, ssl);
}

void tls_bench_setup(void)
{
	int fd;

	stream_bench_setup();
	tls_bench = (TlsBench){.ca_file = "/tmp/netopt-ca-XXXXXX"};
	fd = mkstemp(tls_bench.ca_file);
	ck_assert_int_ge(fd, 0);
	close(fd);
	tls_bench.authority = fake_certificate_make("authority.test", -1, 30, NULL);
	tls_bench.certificate = fake_certificate_make("localhost", -1, 20, &tls_bench.authority);
	fake_certificate_write(&tls_bench.authority, tls_bench.ca_file);
	bench.spec.ca_file = tls_bench.ca_file;
	tls_bench.server.tls = fake_certificate_server(&tls_bench.certificate);
	tls_bench.server.serve = tls_bench_serve;
}

void tls_bench_teardown(void)
{
	fake_server_stop(&tls_bench.server);
	stream_bench_teardown();
	SSL_CTX_free(tls_bench.server.tls);
	fake_certificate_free(&tls_bench.certificate);
	fake_certificate_free(&tls_bench.authority);
	unlink(tls_bench.ca_file);
}

void tls_bench_use_certificate(const char *name, int first_day, int last_day, bool own)
{
	fake_certificate_free(&tls_bench.certificate);
	tls_bench.certificate =
		fake_certificate_make(name, first_day, last_day, own ? NULL : &tls_bench.authority);
	SSL_CTX_free(tls_bench.server.tls);
	tls_bench.server.tls = fake_certificate_server(&tls_bench.certificate);
}

void tls_bench_run(void)
{
	stream_bench_run(&probe_kind_tls, tls_bench.server.port);
}
