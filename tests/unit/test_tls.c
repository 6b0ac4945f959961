/* SPDX-License-Identifier: MIT */
/*
 * The TLS probe against true servers on loopback, with certificates made for the test.
 */
#include "daemon/probe/kind.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/probe/tls_context.h"
#include "tests/unit/fake_certificate.h"
#include "tests/unit/fake_server.h"
#include "tests/unit/harness.h"
#include "tests/unit/stream_bench.h"

static FakeServer server;
static FakeCertificate authority, certificate;
static char ca_file[] = "/tmp/netopt-ca-XXXXXX";
static unsigned delay_ms;

static void serve_tls(FakeServer *self, int fd)
{
	SSL *ssl;

	fake_server_delay(delay_ms);
	ssl = fake_server_accept_tls(self, fd);
	if (ssl)
		fake_server_until_end(self, fd, ssl);
}

static void setup(void)
{
	int fd;

	stream_bench_setup();
	authority = fake_certificate_make("authority.test", -1, 30, NULL);
	certificate = fake_certificate_make("localhost", -1, 20, &authority);
	fd = mkstemp(ca_file);
	ck_assert_int_ge(fd, 0);
	close(fd);
	fake_certificate_write(&authority, ca_file);
	bench.spec.ca_file = ca_file;
	server.tls = fake_certificate_server(&certificate);
	server.serve = serve_tls;
}

static void teardown(void)
{
	fake_server_stop(&server);
	stream_bench_teardown();
	SSL_CTX_free(server.tls);
	fake_certificate_free(&certificate);
	fake_certificate_free(&authority);
	unlink(ca_file);
}

/* Before the start of the server, instead of the usual certificate. */
static void use_certificate(const char *name, int first_day, int last_day, bool own)
{
	fake_certificate_free(&certificate);
	certificate = fake_certificate_make(name, first_day, last_day, own ? NULL : &authority);
	SSL_CTX_free(server.tls);
	server.tls = fake_certificate_server(&certificate);
}

static void run(void)
{
	stream_bench_run(&probe_kind_tls, server.port);
}

/* --- what is learned --- */

START_TEST(test_handshake)
{
	const ProbeTlsFacts *tls = &bench.facts.tls;
	uint32_t parts;

	fake_server_start(&server);
	bench.spec.verify = true;
	run();
	stream_bench_expect_ok();
	ck_assert(bench.facts.has_tls);
	ck_assert(!bench.facts.has_http);
	ck_assert_str_eq(tls->version, "TLSv1.3");
	ck_assert_str_eq(tls->cipher, "TLS_AES_256_GCM_SHA384");
	ck_assert_str_eq(tls->alpn, "h2");
	ck_assert_int_eq(tls->trust, TRUST_VERIFIED);
	ck_assert_str_eq(tls->trust_reason, "");
	ck_assert(tls->has_days_left);
	ck_assert_int_eq(tls->days_left, 20);
	ck_assert_uint_eq(tls->rounds, 1);
	ck_assert(tls->resumable);
	ck_assert(!tls->resumed);
	ck_assert_int_eq(tls->fastopen, FASTOPEN_UNKNOWN);
	ck_assert(!stream_bench_has(PHASE_RESUMED));
	parts = stream_bench_us(PHASE_CONNECT) + stream_bench_us(PHASE_TLS) +
		stream_bench_us(PHASE_OVERHEAD);
	ck_assert_uint_gt(stream_bench_us(PHASE_TLS), 0);
	ck_assert_int_le(labs((long)parts - (long)stream_bench_us(PHASE_TOTAL)), 2);
}
END_TEST

START_TEST(test_two_rounds_of_tls_1_2)
{
	SSL_CTX_set_max_proto_version(server.tls, TLS1_2_VERSION);
	fake_server_start(&server);
	run();
	stream_bench_expect_ok();
	ck_assert_str_eq(bench.facts.tls.version, "TLSv1.2");
	ck_assert_uint_eq(bench.facts.tls.rounds, 2);
	ck_assert(bench.facts.tls.resumable);
}
END_TEST

START_TEST(test_one_round_more_after_a_hello_retry_request)
{
	ck_assert_int_eq(SSL_CTX_set1_groups_list(server.tls, "P-384"), 1);
	fake_server_start(&server);
	run();
	stream_bench_expect_ok();
	ck_assert_str_eq(bench.facts.tls.version, "TLSv1.3");
	ck_assert_uint_eq(bench.facts.tls.rounds, 2);
}
END_TEST

static void check_resumption(void)
{
	for (unsigned probe = 1; probe <= 8; probe++) {
		bool due = probe == 2 || probe == 8;

		run();
		stream_bench_expect_ok();
		ck_assert_msg(stream_bench_has(PHASE_RESUMED) == due, "probe %u", probe);
		ck_assert_int_eq(bench.facts.tls.resumed, probe >= 2);
		if (due)
			ck_assert_uint_gt(stream_bench_us(PHASE_RESUMED), 0);
	}
	ck_assert_uint_eq(server.tls_resumed, 2);
}

START_TEST(test_resumption)
{
	fake_server_start(&server);
	check_resumption();
}
END_TEST

START_TEST(test_resumption_of_tls_1_2)
{
	SSL_CTX_set_max_proto_version(server.tls, TLS1_2_VERSION);
	fake_server_start(&server);
	check_resumption();
}
END_TEST

START_TEST(test_a_server_without_sessions)
{
	SSL_CTX_set_session_cache_mode(server.tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(server.tls, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(server.tls, 0);
	fake_server_start(&server);
	for (unsigned probe = 1; probe <= 2; probe++) {
		run();
		stream_bench_expect_ok();
		ck_assert(!bench.facts.tls.resumable);
		ck_assert(!bench.facts.tls.resumed);
		ck_assert(!stream_bench_has(PHASE_RESUMED));
	}
	ck_assert_uint_eq(server.connections, 2);
}
END_TEST

/* Gives tickets, and takes none back: each connection has keys of its own. */
static void serve_forgetful(FakeServer *self, int fd)
{
	unsigned char keys[80] = {(unsigned char)self->connections};

	ck_assert_int_eq(SSL_CTX_set_tlsext_ticket_keys(self->tls, keys, sizeof(keys)), 1);
	serve_tls(self, fd);
}

START_TEST(test_a_session_that_is_not_taken_back)
{
	server.serve = serve_forgetful;
	fake_server_start(&server);
	run();
	run();
	stream_bench_expect_ok();
	ck_assert(bench.facts.tls.resumable);
	ck_assert(!bench.facts.tls.resumed);
	ck_assert(!stream_bench_has(PHASE_RESUMED));
	ck_assert_uint_eq(server.tls_connections, 3);
}
END_TEST

static void serve_not_the_third(FakeServer *self, int fd)
{
	if (self->connections == 3)
		fake_server_reset(fd);
	else
		serve_tls(self, fd);
}

START_TEST(test_the_connection_beside_decides_nothing)
{
	server.serve = serve_not_the_third;
	fake_server_start(&server);
	run();
	run();
	stream_bench_expect_ok();
	ck_assert_uint_eq(server.connections, 3);
	ck_assert(!stream_bench_has(PHASE_RESUMED));
	for (unsigned probe = 3; probe <= 8; probe++)
		run();
	ck_assert(stream_bench_has(PHASE_RESUMED));
}
END_TEST

/* --- times --- */

/* The server's slowness is the peer's share; our own absence is not. */
START_TEST(test_our_own_absence_is_overhead)
{
	delay_ms = 30;
	bench.stall_after_ns = 5 * NSEC_PER_MSEC;
	bench.stall_ns = 90 * NSEC_PER_MSEC;
	fake_server_start(&server);
	run();
	stream_bench_expect_ok();
	ck_assert_uint_ge(stream_bench_us(PHASE_TLS), 29000);
	ck_assert_uint_lt(stream_bench_us(PHASE_TLS), 75000);
	ck_assert_uint_ge(stream_bench_us(PHASE_TOTAL), 90000);
	ck_assert_uint_ge(stream_bench_us(PHASE_OVERHEAD), 15000);
}
END_TEST

START_TEST(test_noticed_after_the_deadline_is_still_a_success)
{
	delay_ms = 10;
	bench.spec.timeout_ns = 50 * NSEC_PER_MSEC;
	bench.stall_after_ns = 3 * NSEC_PER_MSEC;
	bench.stall_ns = 90 * NSEC_PER_MSEC;
	fake_server_start(&server);
	run();
	stream_bench_expect_ok();
	ck_assert_uint_ge(stream_bench_us(PHASE_TLS), 9000);
	ck_assert_uint_lt(stream_bench_us(PHASE_TLS), 50000);
	ck_assert_uint_ge(stream_bench_us(PHASE_TOTAL), 90000);
}
END_TEST

/* --- trust --- */

START_TEST(test_expired)
{
	use_certificate("localhost", -20, -2, false);
	fake_server_start(&server);
	run();
	stream_bench_expect_ok(); /* a fact, no more, unless asked to verify */
	ck_assert_int_eq(bench.facts.tls.trust, TRUST_REJECTED);
	ck_assert_str_eq(bench.facts.tls.trust_reason, "certificate has expired");
	ck_assert_int_eq(bench.facts.tls.days_left, -2);
	bench.spec.verify = true;
	run();
	stream_bench_expect(PROBE_CERTIFICATE, PHASE_TLS, "certificate has expired");
	ck_assert(bench.facts.has_tls);
	ck_assert_int_eq(bench.facts.tls.trust, TRUST_REJECTED);
}
END_TEST

START_TEST(test_wrong_name)
{
	use_certificate("example.test", -1, 20, false);
	fake_server_start(&server);
	bench.spec.verify = true;
	run();
	stream_bench_expect(PROBE_CERTIFICATE, PHASE_TLS, "hostname mismatch");
}
END_TEST

START_TEST(test_self_signed)
{
	use_certificate("localhost", -1, 20, true);
	fake_server_start(&server);
	bench.spec.verify = true;
	run();
	stream_bench_expect(PROBE_CERTIFICATE, PHASE_TLS, "self-signed certificate");
}
END_TEST

START_TEST(test_numeric_address_as_name)
{
	use_certificate("127.0.0.1", -1, 20, false);
	fake_server_start(&server);
	bench.spec.verify = true;
	bench.spec.host = "127.0.0.1";
	run();
	stream_bench_expect_ok();
	bench.spec.host = "127.0.0.2";
	run();
	stream_bench_expect(PROBE_CERTIFICATE, PHASE_TLS, "IP address mismatch");
}
END_TEST

START_TEST(test_name_with_a_final_dot)
{
	fake_server_start(&server);
	bench.spec.verify = true;
	bench.spec.host = "localhost.";
	run();
	stream_bench_expect_ok();
}
END_TEST

START_TEST(test_system_roots_do_not_know_it)
{
	fake_server_start(&server);
	bench.spec.ca_file = "";
	bench.spec.verify = true;
	run();
	stream_bench_expect(PROBE_CERTIFICATE, PHASE_TLS, "unable to get local issuer certificate");
}
END_TEST

START_TEST(test_roots_that_cannot_be_read)
{
	fake_server_start(&server);
	bench.spec.ca_file = "/nonexistent/ca.pem";
	run();
	stream_bench_expect(PROBE_LOCAL, PHASE_CONNECT, "the file of trusted roots cannot be read");
	ck_assert_int_eq(bench.result.error, ENOENT);
	bench.spec.ca_file = "/dev/null";
	run();
	stream_bench_expect(PROBE_LOCAL, PHASE_CONNECT,
			    "the file of trusted roots holds no certificate in PEM form");
	ck_assert_uint_eq(server.connections, 0);
}
END_TEST

START_TEST(test_changed_roots_are_read_again)
{
	FakeCertificate other = fake_certificate_make("other.test", -1, 30, NULL);

	fake_server_start(&server);
	bench.spec.verify = true;
	fake_certificate_write(&other, ca_file);
	run();
	stream_bench_expect(PROBE_CERTIFICATE, PHASE_TLS, NULL);
	unlink(ca_file); /* another inode, whatever the grain of the clock */
	fake_certificate_write(&authority, ca_file);
	run();
	stream_bench_expect_ok();
	fake_certificate_free(&other);
}
END_TEST

/* --- failures --- */

START_TEST(test_refused)
{
	fake_server_start(&server);
	fake_server_stop(&server);
	run();
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
	delay_ms = 200;
	bench.spec.timeout_ns = 50 * NSEC_PER_MSEC;
	fake_server_start(&server);
	run();
	stream_bench_expect(PROBE_TIMEOUT, PHASE_TLS, NULL);
	ck_assert_uint_lt(bench.result.wall_us, 190000);
}
END_TEST

/* One byte each 5 ms is progress, and must not put the end off. */
static void serve_trickle(FakeServer *self, int fd)
{
	static const char start_of_record[5] = {0x16, 3, 3, 0x3f, 0};
	bool there = fake_server_write(fd, NULL, start_of_record, sizeof(start_of_record));

	(void)self;
	for (unsigned i = 0; there && i < 100; i++) {
		fake_server_delay(5);
		there = fake_server_write(fd, NULL, "", 1);
	}
}

START_TEST(test_a_trickle_is_bounded)
{
	bench.spec.timeout_ns = 60 * NSEC_PER_MSEC;
	server.serve = serve_trickle;
	fake_server_start(&server);
	run();
	ck_assert_int_ne(bench.result.outcome, PROBE_OK);
	ck_assert_uint_lt(bench.result.wall_us, 300000);
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
	server.serve = serve_garbage;
	fake_server_start(&server);
	run();
	stream_bench_expect(PROBE_TLS, PHASE_TLS, "wrong version number");
	ck_assert(!bench.facts.has_tls);
}
END_TEST

START_TEST(test_nothing_in_common)
{
	SSL_CTX_set_max_proto_version(server.tls, TLS1_2_VERSION);
	ck_assert_int_eq(SSL_CTX_set_cipher_list(server.tls, "ECDHE-RSA-AES128-SHA"), 1);
	fake_server_start(&server);
	run();
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
	server.serve = serve_close;
	fake_server_start(&server);
	run();
	stream_bench_expect(PROBE_CLOSED, PHASE_TLS, NULL);
}
END_TEST

START_TEST(test_reset_in_the_handshake)
{
	server.serve = serve_reset;
	fake_server_start(&server);
	run();
	stream_bench_expect(PROBE_CLOSED, PHASE_TLS, NULL);
	ck_assert_int_eq(bench.result.error, ECONNRESET);
}
END_TEST

START_TEST(test_no_descriptor_left_cannot_start)
{
	struct rlimit limit;
	int lowest;

	fake_server_start(&server);
	run(); /* what is made once is made */
	lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(lowest);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = (rlim_t)lowest;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(stream_bench_start(&probe_kind_tls, server.port), -EMFILE);
	ck_assert_ptr_null(bench.probe);
}
END_TEST

/* --- source, end, cancelling --- */

START_TEST(test_source)
{
	fake_server_start(&server);
	ck_assert_int_eq(address_parse("127.0.0.9", &bench.spec.source), 0);
	run();
	stream_bench_expect_ok();
	ck_assert_uint_eq(server.client, inet_addr("127.0.0.9"));
	ck_assert_int_eq(address_parse("192.0.2.77", &bench.spec.source), 0);
	run();
	stream_bench_expect(PROBE_LOCAL, PHASE_CONNECT,
			    "no free port, or the source address is not of this host");
	ck_assert_int_eq(address_parse("::1", &bench.spec.source), 0);
	run();
	stream_bench_expect(PROBE_LOCAL, PHASE_CONNECT, "the source address is of another family");
}
END_TEST

START_TEST(test_ends_without_reset)
{
	fake_server_start(&server);
	run();
	run();
	fake_server_stop(&server);
	ck_assert_uint_eq(server.connections, 3); /* one to resume */
	ck_assert_uint_eq(server.closed_politely, 3);
}
END_TEST

/* A server that never ends its side holds nothing up for long. */
static void serve_without_end(FakeServer *self, int fd)
{
	SSL *ssl = fake_server_accept_tls(self, fd);

	fake_server_delay(400);
	SSL_free(ssl);
}

START_TEST(test_a_server_that_does_not_end)
{
	server.serve = serve_without_end;
	fake_server_start(&server);
	run();
	stream_bench_expect_ok();
	ck_assert_uint_lt(bench.result.wall_us, 300000);
	ck_assert_uint_lt(stream_bench_us(PHASE_TOTAL), 40000); /* parting is not in it */
}
END_TEST

START_TEST(test_cancelled_in_every_phase)
{
	static const unsigned after_us[] = {0, 100, 300, 1000, 3000, 10000};

	delay_ms = 2;
	fake_server_start(&server);
	for (size_t i = 0; i < sizeof(after_us) / sizeof(after_us[0]); i++) {
		ck_assert_int_eq(stream_bench_start(&probe_kind_tls, server.port), 0);
		(void)stream_bench_run_for(after_us[i] * NSEC_PER_USEC);
		probe_kind_tls.cancel(bench.probe);
		bench.probe = NULL;
	}
	probe_kind_tls.cancel(NULL);
	run();
	stream_bench_expect_ok();
}
END_TEST

START_TEST(test_openssl_is_made_by_the_first_probe)
{
	fake_server_start(&server);
	stream_bench_run(&probe_kind_http, stream_bench_blackhole());
	stream_bench_expect(PROBE_TIMEOUT, PHASE_CONNECT, NULL);
	ck_assert_ptr_null(bench.shared.tls);
	run();
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
		run();
		stream_bench_expect_ok();
	}
	return bench.facts.tls.fastopen;
}

START_TEST(test_fastopen_works)
{
	if (!begin_fastopen("3"))
		HARNESS_SKIP("no network namespace with a sysctl of its own");
	server.fastopen = true;
	fake_server_start(&server);
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
	fake_server_start(&server);
	ck_assert_int_eq(fastopen_after(11), FASTOPEN_UNKNOWN);
	ck_assert_int_eq(fastopen_after(8), FASTOPEN_NONE);
}
END_TEST

START_TEST(test_fastopen_not_wanted_here)
{
	if (!begin_fastopen("2"))
		HARNESS_SKIP("no network namespace with a sysctl of its own");
	server.fastopen = true;
	fake_server_start(&server);
	ck_assert_int_eq(fastopen_after(20), FASTOPEN_UNKNOWN);
}
END_TEST

HARNESS_MAIN("tls",
	     HARNESS_FIXTURE(suite, "learned", setup, teardown, test_handshake,
			     test_two_rounds_of_tls_1_2,
			     test_one_round_more_after_a_hello_retry_request, test_resumption,
			     test_resumption_of_tls_1_2, test_a_server_without_sessions,
			     test_a_session_that_is_not_taken_back,
			     test_the_connection_beside_decides_nothing);
	     HARNESS_FIXTURE(suite, "times", setup, teardown, test_our_own_absence_is_overhead,
			     test_noticed_after_the_deadline_is_still_a_success);
	     HARNESS_FIXTURE(suite, "trust", setup, teardown, test_expired, test_wrong_name,
			     test_self_signed, test_numeric_address_as_name,
			     test_name_with_a_final_dot, test_system_roots_do_not_know_it,
			     test_roots_that_cannot_be_read, test_changed_roots_are_read_again);
	     HARNESS_FIXTURE(suite, "failures", setup, teardown, test_refused, test_blackhole,
			     test_syn_retransmit, test_unreachable, test_slow_tls,
			     test_a_trickle_is_bounded, test_garbage, test_nothing_in_common,
			     test_closed_in_the_handshake, test_reset_in_the_handshake,
			     test_no_descriptor_left_cannot_start);
	     HARNESS_FIXTURE(suite, "life", setup, teardown, test_source, test_ends_without_reset,
			     test_a_server_that_does_not_end, test_cancelled_in_every_phase,
			     test_openssl_is_made_by_the_first_probe);
	     HARNESS_FIXTURE(suite, "fastopen", setup, teardown, test_fastopen_works,
			     test_fastopen_without_cookie, test_fastopen_not_wanted_here);)
