/* SPDX-License-Identifier: MIT */
/*
 * The TLS probe: how it fails, how it ends, and its tries of TCP Fast Open.
 */
#include "daemon/probe/kind.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/harness.h"
#include "tests/unit/tls_bench.h"

/* --- failures --- */

START_TEST(test_refused)
{
	fake_server_start(&tls_bench.server);
	fake_server_stop(&tls_bench.server);
	tls_bench_run();
	stream_bench_expect(PROBE_REFUSED, PHASE_CONNECT, NULL);
	ck_assert_int_eq(bench.result.error, ECONNREFUSED);
	ck_assert(!bench.facts.has_tls);
}
END_TEST

START_TEST(test_blackhole)
{
	bench.spec.timeout_ns = 50 * NSEC_PER_MSEC;
	stream_bench_run(&probe_kind_tls, stream_bench_blackhole());
	stream_bench_expect(PROBE_TIMEOUT, PHASE_CONNECT, NULL);
	ck_assert_uint_lt(bench.result.wall_us, 500000);
}
END_TEST

/* The kernel sends the second SYN after 1 s; this test takes as long. */
START_TEST(test_syn_retransmit)
{
	bench.spec.timeout_ns = 5 * NSEC_PER_SEC;
	ck_assert_int_eq(stream_bench_start(&probe_kind_tls, stream_bench_blackhole()), 0);
	ck_assert(!stream_bench_run_for(50 * NSEC_PER_MSEC));
	stream_bench_open_blackhole();
	ck_assert(stream_bench_run_for(3 * NSEC_PER_SEC));
	stream_bench_expect(PROBE_SYN_RETRANSMIT, PHASE_CONNECT, NULL);
	ck_assert_uint_eq(bench.result.syn_retransmits, 1);
}
END_TEST

START_TEST(test_unreachable)
{
	if (!stream_bench_enter_empty_network())
		HARNESS_SKIP("no network namespace may be made");
	ck_assert_int_eq(address_parse("192.0.2.1", &bench.address), 0);
	stream_bench_run(&probe_kind_tls, 443);
	stream_bench_expect(PROBE_UNREACHABLE, PHASE_CONNECT, NULL);
}
END_TEST

START_TEST(test_slow_tls)
{
	tls_bench.delay_ms = 500;
	bench.spec.timeout_ns = 50 * NSEC_PER_MSEC;
	fake_server_start(&tls_bench.server);
	tls_bench_run();
	stream_bench_expect(PROBE_TIMEOUT, PHASE_TLS, NULL);
	ck_assert_uint_lt(bench.result.wall_us, 480000);
}
END_TEST

/* One byte each 5 ms is progress, and must not put the end off. */
static void serve_trickle(FakeServer *self, int fd)
{
	static const char start_of_record[5] = {0x16, 3, 3, 0x3f, 0};
	bool there = fake_server_write(fd, NULL, start_of_record, sizeof(start_of_record));

	(void)self;
	for (unsigned i = 0; there && i < 200; i++) {
		fake_server_delay(5);
		there = fake_server_write(fd, NULL, "", 1);
	}
}

START_TEST(test_a_trickle_is_bounded)
{
	bench.spec.timeout_ns = 60 * NSEC_PER_MSEC;
	tls_bench.server.serve = serve_trickle;
	fake_server_start(&tls_bench.server);
	tls_bench_run();
	ck_assert_int_ne(bench.result.outcome, PROBE_OK);
	ck_assert_uint_lt(bench.result.wall_us, 800000);
}
END_TEST

static void serve_garbage(FakeServer *self, int fd)
{
	static const char text[] = "220 mail.test ESMTP, who are you?\r\n";

	(void)fake_server_write(fd, NULL, text, sizeof(text) - 1);
	fake_server_until_end(self, fd, NULL);
}

START_TEST(test_garbage)
{
	tls_bench.server.serve = serve_garbage;
	fake_server_start(&tls_bench.server);
	tls_bench_run();
	stream_bench_expect(PROBE_TLS, PHASE_TLS, "wrong version number");
	ck_assert(!bench.facts.has_tls);
}
END_TEST

START_TEST(test_nothing_in_common)
{
	SSL_CTX_set_max_proto_version(tls_bench.server.tls, TLS1_2_VERSION);
	ck_assert_int_eq(SSL_CTX_set_cipher_list(tls_bench.server.tls, "ECDHE-RSA-AES128-SHA"), 1);
	fake_server_start(&tls_bench.server);
	tls_bench_run();
	stream_bench_expect(PROBE_TLS, PHASE_TLS, "sslv3 alert handshake failure");
}
END_TEST

static void serve_close(FakeServer *self, int fd)
{
	char hello[512];

	(void)self;
	(void)!read(fd, hello, sizeof(hello));
}

static void serve_reset(FakeServer *self, int fd)
{
	serve_close(self, fd);
	fake_server_reset(fd);
}

START_TEST(test_closed_in_the_handshake)
{
	tls_bench.server.serve = serve_close;
	fake_server_start(&tls_bench.server);
	tls_bench_run();
	stream_bench_expect(PROBE_CLOSED, PHASE_TLS, NULL);
}
END_TEST

START_TEST(test_reset_in_the_handshake)
{
	tls_bench.server.serve = serve_reset;
	fake_server_start(&tls_bench.server);
	tls_bench_run();
	stream_bench_expect(PROBE_CLOSED, PHASE_TLS, NULL);
	ck_assert_int_eq(bench.result.error, ECONNRESET);
}
END_TEST

START_TEST(test_no_descriptor_left_cannot_start)
{
	struct rlimit limit;
	int lowest;

	fake_server_start(&tls_bench.server);
	tls_bench_run(); /* what is made once is made */
	lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(lowest);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = (rlim_t)lowest;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(stream_bench_start(&probe_kind_tls, tls_bench.server.port), -EMFILE);
	ck_assert_ptr_null(bench.probe);
}
END_TEST

/* --- source, end, cancelling --- */

START_TEST(test_source)
{
	fake_server_start(&tls_bench.server);
	ck_assert_int_eq(address_parse("127.0.0.9", &bench.spec.source), 0);
	tls_bench_run();
	stream_bench_expect_ok();
	ck_assert_uint_eq(tls_bench.server.client, inet_addr("127.0.0.9"));
	ck_assert_int_eq(address_parse("192.0.2.77", &bench.spec.source), 0);
	tls_bench_run();
	stream_bench_expect(PROBE_LOCAL, PHASE_CONNECT,
			    "no free port, or the source address is not of this host");
	ck_assert_int_eq(address_parse("::1", &bench.spec.source), 0);
	tls_bench_run();
	stream_bench_expect(PROBE_LOCAL, PHASE_CONNECT, "the source address is of another family");
}
END_TEST

START_TEST(test_ends_without_reset)
{
	fake_server_start(&tls_bench.server);
	tls_bench_run();
	tls_bench_run();
	fake_server_stop(&tls_bench.server);
	ck_assert_uint_eq(tls_bench.server.connections, 3); /* one to resume */
	ck_assert_uint_eq(tls_bench.server.closed_politely, 3);
}
END_TEST

/* A server that never ends its side holds nothing up for long. */
static void serve_without_end(FakeServer *self, int fd)
{
	SSL *ssl = fake_server_accept_tls(self, fd);

	fake_server_delay(900);
	SSL_free(ssl);
}

START_TEST(test_a_server_that_does_not_end)
{
	tls_bench.server.serve = serve_without_end;
	fake_server_start(&tls_bench.server);
	tls_bench_run();
	stream_bench_expect_ok();
	ck_assert_uint_lt(bench.result.wall_us, 850000);
	/* Parting is not in it: it took 50 ms at least. */
	ck_assert_uint_lt(stream_bench_us(PHASE_TOTAL) + 45000, bench.result.wall_us);
}
END_TEST

START_TEST(test_cancelled_in_every_phase)
{
	static const unsigned after_us[] = {0, 100, 300, 1000, 3000, 10000};

	tls_bench.delay_ms = 2;
	fake_server_start(&tls_bench.server);
	for (size_t i = 0; i < sizeof(after_us) / sizeof(after_us[0]); i++) {
		ck_assert_int_eq(stream_bench_start(&probe_kind_tls, tls_bench.server.port), 0);
		(void)stream_bench_run_for(after_us[i] * NSEC_PER_USEC);
		probe_kind_tls.cancel(bench.probe);
		bench.probe = NULL;
	}
	probe_kind_tls.cancel(NULL);
	tls_bench_run();
	stream_bench_expect_ok();
}
END_TEST

START_TEST(test_openssl_is_made_by_the_first_probe)
{
	fake_server_start(&tls_bench.server);
	stream_bench_run(&probe_kind_http, stream_bench_blackhole());
	stream_bench_expect(PROBE_TIMEOUT, PHASE_CONNECT, NULL);
	ck_assert_ptr_null(bench.shared.tls);
	tls_bench_run();
	ck_assert_ptr_nonnull(bench.shared.tls);
}
END_TEST

/* --- Fast Open: in a namespace, whose sysctl is ours --- */

static bool begin_fastopen(const char *sysctl)
{
	int fd;

	if (!stream_bench_enter_empty_network())
		return false;
	stream_bench_bring_loopback_up();
	fd = open("/proc/sys/net/ipv4/tcp_fastopen", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, sysctl, 1) != 1)
		return false;
	close(fd);
	return true;
}

static ProbeFastOpen fastopen_after(unsigned probes)
{
	for (unsigned i = 0; i < probes; i++) {
		tls_bench_run();
		stream_bench_expect_ok();
	}
	return bench.facts.tls.fastopen;
}

START_TEST(test_fastopen_works)
{
	if (!begin_fastopen("3"))
		HARNESS_SKIP("no network namespace with a sysctl of its own");
	tls_bench.server.fastopen = true;
	fake_server_start(&tls_bench.server);
	ck_assert_int_eq(fastopen_after(3), FASTOPEN_UNKNOWN); /* asked for a cookie */
	ck_assert_int_eq(fastopen_after(8), FASTOPEN_COOKIE);
	ck_assert_int_eq(fastopen_after(8), FASTOPEN_COOKIE);
	ck_assert_int_eq(fastopen_after(8), FASTOPEN_WORKS);
}
END_TEST

START_TEST(test_fastopen_without_cookie)
{
	if (!begin_fastopen("1"))
		HARNESS_SKIP("no network namespace with a sysctl of its own");
	fake_server_start(&tls_bench.server);
	ck_assert_int_eq(fastopen_after(11), FASTOPEN_UNKNOWN);
	ck_assert_int_eq(fastopen_after(8), FASTOPEN_NONE);
}
END_TEST

/* Cookies are of an address. */
START_TEST(test_fastopen_of_another_address)
{
	if (!begin_fastopen("3"))
		HARNESS_SKIP("no network namespace with a sysctl of its own");
	tls_bench.server.fastopen = true;
	fake_server_start(&tls_bench.server);
	ck_assert_int_eq(fastopen_after(11), FASTOPEN_COOKIE);
	ck_assert_int_eq(address_parse("127.0.0.2", &bench.address), 0);
	ck_assert_int_eq(fastopen_after(8), FASTOPEN_UNKNOWN);
	ck_assert_int_eq(fastopen_after(1 + 8), FASTOPEN_COOKIE);
}
END_TEST

START_TEST(test_fastopen_not_wanted_here)
{
	if (!begin_fastopen("2"))
		HARNESS_SKIP("no network namespace with a sysctl of its own");
	tls_bench.server.fastopen = true;
	fake_server_start(&tls_bench.server);
	ck_assert_int_eq(fastopen_after(20), FASTOPEN_UNKNOWN);
}
END_TEST

HARNESS_MAIN("tls_failures",
	     HARNESS_FIXTURE(suite, "failures", tls_bench_setup, tls_bench_teardown, test_refused,
			     test_blackhole, test_syn_retransmit, test_unreachable, test_slow_tls,
			     test_a_trickle_is_bounded, test_garbage, test_nothing_in_common,
			     test_closed_in_the_handshake, test_reset_in_the_handshake,
			     test_no_descriptor_left_cannot_start);
	     HARNESS_FIXTURE(suite, "life", tls_bench_setup, tls_bench_teardown, test_source,
			     test_ends_without_reset, test_a_server_that_does_not_end,
			     test_cancelled_in_every_phase,
			     test_openssl_is_made_by_the_first_probe);
	     HARNESS_FIXTURE(suite, "fastopen", tls_bench_setup, tls_bench_teardown,
			     test_fastopen_works, test_fastopen_without_cookie,
			     test_fastopen_of_another_address, test_fastopen_not_wanted_here);)
