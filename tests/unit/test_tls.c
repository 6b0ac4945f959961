/* SPDX-License-Identifier: MIT */
/*
 * The TLS probe against true servers on loopback, with certificates made for the test: what it
 * learns, its times, whom it trusts. Failures: test_tls_failures.c.
 */
#include "daemon/probe/kind.h"

#include <errno.h>
#include <unistd.h>

#include "tests/unit/harness.h"
#include "tests/unit/tls_bench.h"

/* --- what is learned --- */

START_TEST(test_handshake)
{
	const ProbeTlsFacts *tls = &bench.facts.tls;
	uint32_t parts;

	fake_server_start(&tls_bench.server);
	bench.spec.verify = true;
	tls_bench_run();
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
	SSL_CTX_set_max_proto_version(tls_bench.server.tls, TLS1_2_VERSION);
	fake_server_start(&tls_bench.server);
	tls_bench_run();
	stream_bench_expect_ok();
	ck_assert_str_eq(bench.facts.tls.version, "TLSv1.2");
	ck_assert_uint_eq(bench.facts.tls.rounds, 2);
	ck_assert(bench.facts.tls.resumable);
}
END_TEST

START_TEST(test_one_round_more_after_a_hello_retry_request)
{
	ck_assert_int_eq(SSL_CTX_set1_groups_list(tls_bench.server.tls, "P-384"), 1);
	fake_server_start(&tls_bench.server);
	tls_bench_run();
	stream_bench_expect_ok();
	ck_assert_str_eq(bench.facts.tls.version, "TLSv1.3");
	ck_assert_uint_eq(bench.facts.tls.rounds, 2);
}
END_TEST

static void check_resumption(void)
{
	for (unsigned probe = 1; probe <= 8; probe++) {
		bool due = probe == 2 || probe == 8;

		tls_bench_run();
		stream_bench_expect_ok();
		ck_assert_msg(stream_bench_has(PHASE_RESUMED) == due, "probe %u", probe);
		ck_assert_int_eq(bench.facts.tls.resumed, probe >= 2);
		if (due)
			ck_assert_uint_gt(stream_bench_us(PHASE_RESUMED), 0);
	}
	ck_assert_uint_eq(tls_bench.server.tls_resumed, 2);
}

START_TEST(test_resumption)
{
	fake_server_start(&tls_bench.server);
	check_resumption();
}
END_TEST

START_TEST(test_resumption_of_tls_1_2)
{
	SSL_CTX_set_max_proto_version(tls_bench.server.tls, TLS1_2_VERSION);
	fake_server_start(&tls_bench.server);
	check_resumption();
}
END_TEST

/* Ends with the handshake, without a word of good-bye (close_notify): rude, and common. */
static void serve_rudely(FakeServer *server, int fd)
{
	char waste[256];

	SSL_free(fake_server_accept_tls(server, fd));
	(void)shutdown(fd, SHUT_WR);
	while (read(fd, waste, sizeof(waste)) > 0)
		;
}

START_TEST(test_resumption_after_a_rude_end)
{
	tls_bench.server.serve = serve_rudely;
	fake_server_start(&tls_bench.server);
	check_resumption();
}
END_TEST

START_TEST(test_a_server_without_sessions)
{
	SSL_CTX_set_session_cache_mode(tls_bench.server.tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(tls_bench.server.tls, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(tls_bench.server.tls, 0);
	fake_server_start(&tls_bench.server);
	for (unsigned probe = 1; probe <= 2; probe++) {
		tls_bench_run();
		stream_bench_expect_ok();
		ck_assert(!bench.facts.tls.resumable);
		ck_assert(!bench.facts.tls.resumed);
		ck_assert(!stream_bench_has(PHASE_RESUMED));
	}
	ck_assert_uint_eq(tls_bench.server.connections, 2);
}
END_TEST

/* Gives tickets, and takes none back: each connection has keys of its own. */
static void serve_forgetful(FakeServer *self, int fd)
{
	unsigned char keys[80] = {(unsigned char)self->connections};

	ck_assert_int_eq(SSL_CTX_set_tlsext_ticket_keys(self->tls, keys, sizeof(keys)), 1);
	tls_bench_serve(self, fd);
}

START_TEST(test_a_session_that_is_not_taken_back)
{
	tls_bench.server.serve = serve_forgetful;
	fake_server_start(&tls_bench.server);
	tls_bench_run();
	tls_bench_run();
	stream_bench_expect_ok();
	ck_assert(bench.facts.tls.resumable);
	ck_assert(!bench.facts.tls.resumed);
	ck_assert(!stream_bench_has(PHASE_RESUMED));
	ck_assert_uint_eq(tls_bench.server.tls_connections, 3);
}
END_TEST

static void serve_not_the_third(FakeServer *self, int fd)
{
	if (self->connections == 3)
		fake_server_reset(fd);
	else
		tls_bench_serve(self, fd);
}

START_TEST(test_the_connection_beside_decides_nothing)
{
	tls_bench.server.serve = serve_not_the_third;
	fake_server_start(&tls_bench.server);
	tls_bench_run();
	tls_bench_run();
	stream_bench_expect_ok();
	ck_assert_uint_eq(tls_bench.server.connections, 3);
	ck_assert(!stream_bench_has(PHASE_RESUMED));
	for (unsigned probe = 3; probe <= 8; probe++)
		tls_bench_run();
	ck_assert(stream_bench_has(PHASE_RESUMED));
}
END_TEST

/* --- times --- */

/* The server's slowness is the peer's share; our own absence is not. */
START_TEST(test_our_own_absence_is_overhead)
{
	tls_bench.delay_ms = 30;
	bench.stall_after_ns = 5 * NSEC_PER_MSEC;
	bench.stall_ns = 400 * NSEC_PER_MSEC;
	fake_server_start(&tls_bench.server);
	tls_bench_run();
	stream_bench_expect_ok();
	ck_assert_uint_ge(stream_bench_us(PHASE_TLS), 29000);
	ck_assert_uint_lt(stream_bench_us(PHASE_TLS), 350000);
	ck_assert_uint_ge(stream_bench_us(PHASE_TOTAL), 400000);
	ck_assert_uint_ge(stream_bench_us(PHASE_OVERHEAD), 50000);
}
END_TEST

START_TEST(test_noticed_after_the_deadline_is_still_a_success)
{
	tls_bench.delay_ms = 10;
	bench.spec.timeout_ns = 50 * NSEC_PER_MSEC;
	bench.stall_after_ns = 3 * NSEC_PER_MSEC;
	bench.stall_ns = 300 * NSEC_PER_MSEC;
	fake_server_start(&tls_bench.server);
	tls_bench_run();
	stream_bench_expect_ok();
	ck_assert_uint_ge(stream_bench_us(PHASE_TLS), 9000);
	ck_assert_uint_lt(stream_bench_us(PHASE_TLS), 250000);
	ck_assert_uint_ge(stream_bench_us(PHASE_TOTAL), 300000);
}
END_TEST

/* --- trust --- */

START_TEST(test_expired)
{
	tls_bench_use_certificate("localhost", -20, -2, false);
	fake_server_start(&tls_bench.server);
	tls_bench_run();
	stream_bench_expect_ok(); /* a fact, no more, unless asked to verify */
	ck_assert_int_eq(bench.facts.tls.trust, TRUST_REJECTED);
	ck_assert_str_eq(bench.facts.tls.trust_reason, "certificate has expired");
	ck_assert_int_eq(bench.facts.tls.days_left, -2);
	bench.spec.verify = true;
	tls_bench_run();
	stream_bench_expect(PROBE_CERTIFICATE, PHASE_TLS, "certificate has expired");
	ck_assert(bench.facts.has_tls);
	ck_assert_int_eq(bench.facts.tls.trust, TRUST_REJECTED);
}
END_TEST

START_TEST(test_wrong_name)
{
	tls_bench_use_certificate("example.test", -1, 20, false);
	fake_server_start(&tls_bench.server);
	bench.spec.verify = true;
	tls_bench_run();
	stream_bench_expect(PROBE_CERTIFICATE, PHASE_TLS, "hostname mismatch");
}
END_TEST

START_TEST(test_self_signed)
{
	tls_bench_use_certificate("localhost", -1, 20, true);
	fake_server_start(&tls_bench.server);
	bench.spec.verify = true;
	tls_bench_run();
	stream_bench_expect(PROBE_CERTIFICATE, PHASE_TLS, "self-signed certificate");
}
END_TEST

START_TEST(test_numeric_address_as_name)
{
	tls_bench_use_certificate("127.0.0.1", -1, 20, false);
	fake_server_start(&tls_bench.server);
	bench.spec.verify = true;
	bench.spec.host = "127.0.0.1";
	tls_bench_run();
	stream_bench_expect_ok();
	bench.spec.host = "127.0.0.2";
	tls_bench_run();
	stream_bench_expect(PROBE_CERTIFICATE, PHASE_TLS, "IP address mismatch");
}
END_TEST

START_TEST(test_name_with_a_final_dot)
{
	fake_server_start(&tls_bench.server);
	bench.spec.verify = true;
	bench.spec.host = "localhost.";
	tls_bench_run();
	stream_bench_expect_ok();
}
END_TEST

START_TEST(test_system_roots_do_not_know_it)
{
	fake_server_start(&tls_bench.server);
	bench.spec.ca_file = "";
	bench.spec.verify = true;
	tls_bench_run();
	stream_bench_expect(PROBE_CERTIFICATE, PHASE_TLS, "unable to get local issuer certificate");
}
END_TEST

START_TEST(test_roots_that_cannot_be_read)
{
	fake_server_start(&tls_bench.server);
	bench.spec.ca_file = "/nonexistent/ca.pem";
	tls_bench_run();
	stream_bench_expect(PROBE_LOCAL, PHASE_CONNECT, "the file of trusted roots cannot be read");
	ck_assert_int_eq(bench.result.error, ENOENT);
	ck_assert_uint_eq(bench.result.wall_us, 0); /* nothing was sent */
	bench.spec.ca_file = "/dev/null";
	tls_bench_run();
	stream_bench_expect(PROBE_LOCAL, PHASE_CONNECT,
			    "the file of trusted roots holds no certificate in PEM form");
	ck_assert_uint_eq(tls_bench.server.connections, 0);
}
END_TEST

START_TEST(test_changed_roots_are_read_again)
{
	FakeCertificate other = fake_certificate_make("other.test", -1, 30, NULL);

	fake_server_start(&tls_bench.server);
	bench.spec.verify = true;
	fake_certificate_write(&other, tls_bench.ca_file);
	tls_bench_run();
	stream_bench_expect(PROBE_CERTIFICATE, PHASE_TLS, NULL);
	unlink(tls_bench.ca_file); /* another inode, whatever the grain of the clock */
	fake_certificate_write(&tls_bench.authority, tls_bench.ca_file);
	tls_bench_run();
	stream_bench_expect_ok();
	fake_certificate_free(&other);
}
END_TEST

HARNESS_MAIN("tls",
	     HARNESS_FIXTURE(suite, "learned", tls_bench_setup, tls_bench_teardown, test_handshake,
			     test_two_rounds_of_tls_1_2,
			     test_one_round_more_after_a_hello_retry_request, test_resumption,
			     test_resumption_of_tls_1_2, test_resumption_after_a_rude_end,
			     test_a_server_without_sessions, test_a_session_that_is_not_taken_back,
			     test_the_connection_beside_decides_nothing);
	     HARNESS_FIXTURE(suite, "times", tls_bench_setup, tls_bench_teardown,
			     test_our_own_absence_is_overhead,
			     test_noticed_after_the_deadline_is_still_a_success);
	     HARNESS_FIXTURE(suite, "trust", tls_bench_setup, tls_bench_teardown, test_expired,
			     test_wrong_name, test_self_signed, test_numeric_address_as_name,
			     test_name_with_a_final_dot, test_system_roots_do_not_know_it,
			     test_roots_that_cannot_be_read, test_changed_roots_are_read_again);)
