/* SPDX-License-Identifier: MIT */
/*
 * The resolver and its evdns against a DNS server on loopback that lies as told. The resolver's
 * minutes are milliseconds here (ResolverTiming), so that the whole takes about a second.
 */
#include "daemon/probe/resolver.h"

#include <dirent.h>
#include <string.h>

#include "tests/unit/fake_dns.h"
#include "tests/unit/harness.h"

#define ANSWERS_MAX 64

typedef struct Heard {
	char ipv4[ADDRESS_TEXT_MAX], ipv6[ADDRESS_TEXT_MAX];
	char error[96];
	uint64_t when_ns;
} Heard;

static const ResolverTiming quick = {
	.ttl_min_ns = 10 * NSEC_PER_MSEC,
	.ttl_max_ns = 200 * NSEC_PER_MSEC,
	.hosts_ns = 10 * NSEC_PER_MSEC,
	.retry_min_ns = 10 * NSEC_PER_MSEC,
	.retry_max_ns = 40 * NSEC_PER_MSEC,
	.keep_ns = 150 * NSEC_PER_MSEC,
};

static char directory[64], resolv_conf[96], hosts[96];
static Loop *loop;
static LoopTimer *deadline;
static FakeDns dns, second_dns;
static Resolver *resolver;
static ResolverName *name;
static Heard heard[ANSWERS_MAX];
static unsigned n_heard, n_wanted;

static void on_deadline(void *context)
{
	(void)context;
	loop_stop(loop, 1);
}

static void on_answer(void *context, const Address *ipv4, const Address *ipv6, const char *error)
{
	Heard *h = &heard[n_heard];

	ck_assert_ptr_eq(context, heard);
	ck_assert_uint_lt(n_heard, ANSWERS_MAX);
	(void)address_format(ipv4, h->ipv4);
	(void)address_format(ipv6, h->ipv6);
	(void)snprintf(h->error, sizeof(h->error), "%s", error ? error : "");
	h->when_ns = clock_monotonic_ns(&clock_system);
	if (++n_heard == n_wanted)
		loop_stop(loop, 0);
}

static void new_resolver(void)
{
	ResolverParams params = {
		.loop = loop,
		.clock = clock_system,
		.resolv_conf = resolv_conf,
		.hosts = hosts,
		.timing = &quick,
	};

	ck_assert_int_eq(resolver_new(&params, &resolver), 0);
}

static void setup(void)
{
	(void)snprintf(directory, sizeof(directory), "/tmp/netopt-resolver-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	(void)snprintf(resolv_conf, sizeof(resolv_conf), "%s/resolv.conf", directory);
	(void)snprintf(hosts, sizeof(hosts), "%s/hosts", directory);
	ck_assert_int_eq(loop_new(&loop), 0);
	ck_assert_int_eq(loop_timer_new(loop, on_deadline, NULL, &deadline), 0);
	fake_dns_start(&dns, loop);
	fake_dns_write_resolv_conf(&dns, resolv_conf, "");
	new_resolver();
}

static void teardown(void)
{
	resolver_remove(name);
	resolver_free(resolver);
	if (dns.watch)
		fake_dns_stop(&dns);
	if (second_dns.watch)
		fake_dns_stop(&second_dns);
	loop_timer_free(deadline);
	loop_free(loop);
	(void)unlink(resolv_conf);
	(void)unlink(hosts);
	ck_assert_int_eq(rmdir(directory), 0);
}

static void ask(const char *host)
{
	ck_assert_int_eq(resolver_add(resolver, host, on_answer, heard, &name), 0);
	ck_assert_uint_eq(n_heard, 0); /* never from inside */
}

static void run_for(uint64_t ns)
{
	ck_assert_int_eq(loop_timer_set(deadline, ns), 0);
	(void)loop_run(loop);
	loop_timer_disarm(deadline);
}

/* Runs until n more answers came; returns the last. */
static const Heard *hear(unsigned n)
{
	n_wanted = n_heard + n;
	run_for(2 * NSEC_PER_SEC);
	ck_assert_msg(n_heard == n_wanted, "heard %u of %u answers", n_heard, n_wanted);
	return &heard[n_heard - 1];
}

#define ck_assert_heard(h, expect_ipv4, expect_ipv6, expect_error)                                 \
	do {                                                                                       \
		const Heard *h_ = (h);                                                             \
		ck_assert_str_eq(h_->error, expect_error);                                         \
		ck_assert_str_eq(h_->ipv4, expect_ipv4);                                           \
		ck_assert_str_eq(h_->ipv6, expect_ipv6);                                           \
	} while (0)

static unsigned open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

START_TEST(test_numeric_needs_no_dns_and_is_told_once)
{
	static const struct {
		const char *host, *ipv4, *ipv6;
	} cases[] = {
		{"192.0.2.7", "192.0.2.7", "-"},
		{"2001:db8::7", "-", "2001:db8::7"},
		{"[2001:db8::7]", "-", "2001:db8::7"},
	};
	unsigned before = open_descriptors();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n_heard = 0;
		ask(cases[i].host);
		ck_assert_heard(hear(1), cases[i].ipv4, cases[i].ipv6, "");
		run_for(30 * NSEC_PER_MSEC);
		ck_assert_uint_eq(n_heard, 1);
		resolver_remove(name);
	}
	name = NULL;
	ck_assert_uint_eq(open_descriptors(), before); /* evdns was not even set up */
	ck_assert_uint_eq(dns.asked_ipv4 + dns.asked_ipv6, 0);
}
END_TEST

START_TEST(test_hosts_goes_before_dns_and_is_read_again)
{
	dns.ipv4[0] = "192.0.2.1";
	fake_file_write(hosts, "192.0.2.50 web.example\n2001:db8::50 web.example\n");
	ask("web.example");
	ck_assert_heard(hear(1), "192.0.2.50", "2001:db8::50", "");
	fake_file_write(hosts, "192.0.2.51 web.example\n");
	ck_assert_heard(hear(1), "192.0.2.51", "-", "");
	ck_assert_uint_eq(dns.asked_ipv4, 0);
	fake_file_write(hosts, "");
	ck_assert_heard(hear(1), "192.0.2.1", "-", "");
	ck_assert_uint_eq(dns.asked_ipv4, 1);
}
END_TEST

START_TEST(test_no_name_is_the_name_server)
{
	fake_file_write(resolv_conf, "nameserver 192.0.2.53\nnameserver 192.0.2.54\n");
	ask("");
	ck_assert_heard(hear(1), "192.0.2.53", "-", "");
	fake_file_write(resolv_conf, "nameserver 2001:db8::53\n");
	ck_assert_heard(hear(1), "-", "2001:db8::53", "");
	fake_file_write(resolv_conf, "");
	ck_assert_str_eq(hear(1)->error, "resolv.conf names no name server");
}
END_TEST

START_TEST(test_what_dns_took_is_known)
{
	uint64_t took_ns = 0;

	fake_file_write(hosts, "192.0.2.7 local.example\n");
	ask("local.example");
	(void)hear(1);
	ck_assert(!resolver_took(name, &took_ns));
	resolver_remove(name);
	name = NULL;
	n_heard = 0;

	dns.ipv4[0] = "192.0.2.1";
	ask("dual.example");
	(void)hear(1);
	ck_assert(resolver_took(name, &took_ns));
	ck_assert_uint_gt(took_ns, 0);
	ck_assert_uint_lt(took_ns, 2 * NSEC_PER_SEC);
}
END_TEST

START_TEST(test_dns_gives_both_families)
{
	dns.ipv4[0] = "192.0.2.1";
	dns.ipv6[0] = "2001:db8::1";
	ask("web.example");
	ck_assert_heard(hear(1), "192.0.2.1", "2001:db8::1", "");
	ck_assert_int_eq(strcasecmp(dns.last_name, "web.example"), 0);
	ck_assert_uint_eq(dns.asked_ipv4, 1);
	ck_assert_uint_eq(dns.asked_ipv6, 1);
}
END_TEST

START_TEST(test_one_family_alone_is_resolved)
{
	dns.ipv6[0] = "2001:db8::1";
	ask("six.example");
	ck_assert_heard(hear(1), "-", "2001:db8::1", "");
	dns.ipv6[0] = NULL;
	dns.ipv4[0] = "192.0.2.1";
	/* A definite "none" ends the use of the old one. */
	ck_assert_heard(hear(1), "192.0.2.1", "-", "");
}
END_TEST

START_TEST(test_mapped_addresses_are_not_ipv6)
{
	dns.ipv4[0] = "192.0.2.1";
	dns.ipv6[0] = "::ffff:192.0.2.1";
	ask("web.example");
	ck_assert_heard(hear(1), "192.0.2.1", "-", "");
}
END_TEST

START_TEST(test_asks_again_and_follows_a_change_of_address)
{
	dns.ipv4[0] = "192.0.2.1";
	ask("web.example");
	ck_assert_heard(hear(1), "192.0.2.1", "-", "");
	dns.ipv4[0] = "192.0.2.2";
	ck_assert_heard(hear(1), "192.0.2.2", "-", "");
}
END_TEST

START_TEST(test_rotated_answers_keep_the_address_in_use)
{
	dns.ipv4[0] = "192.0.2.1";
	dns.ipv4[1] = "192.0.2.2";
	dns.ipv4[2] = "192.0.2.3";
	ask("web.example");
	ck_assert_heard(hear(1), "192.0.2.1", "-", "");
	dns.ipv4[0] = "192.0.2.3";
	dns.ipv4[2] = "192.0.2.1";
	ck_assert_heard(hear(1), "192.0.2.1", "-", "");
	dns.ipv4[2] = "192.0.2.4";
	ck_assert_heard(hear(1), "192.0.2.3", "-", "");
}
END_TEST

START_TEST(test_64_addresses)
{
	static char text[FAKE_DNS_ADDRESSES][ADDRESS_TEXT_MAX];

	for (unsigned i = 0; i < FAKE_DNS_ADDRESSES; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "198.51.100.%u", i);
		dns.ipv4[i] = text[i];
	}
	ask("many.example");
	ck_assert_heard(hear(1), "198.51.100.0", "-", "");
}
END_TEST

START_TEST(test_time_to_live_has_bounds)
{
	dns.ipv4[0] = "192.0.2.1";
	ask("web.example");
	hear(2);
	ck_assert_uint_ge(heard[1].when_ns - heard[0].when_ns, 5 * NSEC_PER_MSEC); /* of 0 s */
	dns.ttl = 0x7fffffff;
	hear(1);
	run_for(100 * NSEC_PER_MSEC);
	ck_assert_uint_eq(n_heard, 3);
	hear(1);
	ck_assert_uint_ge(heard[3].when_ns - heard[2].when_ns, 190 * NSEC_PER_MSEC);
}
END_TEST

START_TEST(test_no_such_name_is_retried_ever_more_slowly)
{
	uint64_t waited_ns;

	dns.flags = FAKE_DNS_NXDOMAIN;
	ask("nowhere.example");
	for (int i = 0; i < 9; i++)
		ck_assert_heard(hear(1), "-", "-", "no such name");
	/* 10, 20, 6 times 40: 270 ms. Never doubling gives 80, ever doubling 2550. */
	waited_ns = heard[8].when_ns - heard[0].when_ns;
	ck_assert_uint_gt(waited_ns, 200 * NSEC_PER_MSEC);
	ck_assert_uint_lt(waited_ns, 2000 * NSEC_PER_MSEC);
	dns.flags = 0;
	dns.ipv4[0] = "192.0.2.1";
	ck_assert_heard(hear(1), "192.0.2.1", "-", "");
	dns.flags = FAKE_DNS_NXDOMAIN;
	hear(3);
	/* The pace of retries starts over with a new failure: 10 and 20 ms, not twice 40. */
	ck_assert_uint_lt(heard[n_heard - 1].when_ns - heard[n_heard - 3].when_ns,
			  75 * NSEC_PER_MSEC);
}
END_TEST

START_TEST(test_reasons)
{
	static const struct {
		unsigned flags;
		const char *error;
	} cases[] = {
		{0, "the name has no address"},
		{FAKE_DNS_SERVFAIL, "no usable answer from the name servers"},
		{FAKE_DNS_TRUNCATED, "the name server's answer was truncated"},
		{5, "the name server refused"},
		{4, "the name server did not understand the query"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n_heard = 0;
		dns.flags = cases[i].flags;
		ask("web.example");
		ck_assert_heard(hear(1), "-", "-", cases[i].error);
		resolver_remove(name);
	}
	name = NULL;
}
END_TEST

START_TEST(test_silence_ends)
{
	uint64_t before = clock_monotonic_ns(&clock_system);

	dns.silent = true;
	ask("web.example");
	ck_assert_heard(hear(1), "-", "-", "no usable answer from the name servers");
	ck_assert_uint_lt(heard[0].when_ns - before, NSEC_PER_SEC);
	dns.silent = false;
	dns.ipv4[0] = "192.0.2.1";
	ck_assert_heard(hear(1), "192.0.2.1", "-", "");
	ck_assert_int_eq(strcasecmp(dns.last_name, "web.example"), 0); /* no probes of evdns */
}
END_TEST

START_TEST(test_a_dead_server_port_ends)
{
	fake_dns_stop(&dns); /* ICMP port unreachable from now on */
	ask("web.example");
	ck_assert_heard(hear(1), "-", "-", "no usable answer from the name servers");
}
END_TEST

START_TEST(test_spoofed_and_broken_answers_resolve_nothing)
{
	dns.ipv4[0] = "192.0.2.66";
	dns.spoof_id = true;
	ask("web.example");
	ck_assert_heard(hear(1), "-", "-", "no usable answer from the name servers");
	dns.spoof_id = false;
	dns.garbage = true;
	ck_assert_str_eq(hear(1)->ipv4, "-");
	ck_assert_uint_gt(strlen(heard[1].error), 0);
	dns.garbage = false;
	ck_assert_heard(hear(1), "192.0.2.66", "-", "");
}
END_TEST

START_TEST(test_last_addresses_are_kept_for_a_while)
{
	uint64_t resolved_ns;

	dns.ipv4[0] = "192.0.2.1";
	dns.ipv6[0] = "2001:db8::1";
	ask("web.example");
	resolved_ns = hear(1)->when_ns;
	dns.flags = FAKE_DNS_SERVFAIL;
	ck_assert_heard(hear(1), "192.0.2.1", "2001:db8::1",
			"no usable answer from the name servers");
	while (strcmp(hear(1)->ipv4, "-") != 0)
		ck_assert_uint_lt(n_heard, 20);
	ck_assert_str_eq(heard[n_heard - 1].ipv6, "-");
	ck_assert_uint_ge(heard[n_heard - 1].when_ns - resolved_ns, quick.keep_ns);
	ck_assert_uint_lt(heard[n_heard - 2].when_ns - resolved_ns,
			  quick.keep_ns + 5 * NSEC_PER_MSEC);
	dns.flags = 0;
	ck_assert_heard(hear(1), "192.0.2.1", "2001:db8::1", "");
}
END_TEST

START_TEST(test_missing_resolv_conf_is_an_error_until_it_appears)
{
	char expected[128];

	(void)snprintf(expected, sizeof(expected), "no usable name server in %s", resolv_conf);
	expected[95] = '\0';
	ck_assert_int_eq(unlink(resolv_conf), 0);
	ask("web.example");
	ck_assert_heard(hear(1), "-", "-", expected);
	fake_file_write(resolv_conf, "# nothing here\n");
	ck_assert_heard(hear(1), "-", "-", expected);
	dns.ipv4[0] = "192.0.2.1";
	fake_dns_write_resolv_conf(&dns, resolv_conf, "");
	ck_assert_heard(hear(1), "192.0.2.1", "-", "");
}
END_TEST

START_TEST(test_a_changed_resolv_conf_changes_the_server)
{
	unsigned before, asked;

	fake_dns_start(&second_dns, loop);
	second_dns.ipv4[0] = "192.0.2.2";
	dns.ipv4[0] = "192.0.2.1";
	ask("web.example");
	ck_assert_heard(hear(1), "192.0.2.1", "-", "");
	before = open_descriptors();
	fake_dns_write_resolv_conf(&second_dns, resolv_conf, "");
	ck_assert_heard(hear(1), "192.0.2.2", "-", "");
	asked = dns.asked_ipv4;
	hear(3);
	ck_assert_uint_eq(dns.asked_ipv4, asked);
	ck_assert_uint_eq(open_descriptors(), before); /* the old socket is gone */
}
END_TEST

/* The old server owes an answer when the file changes; it comes, or times out, later. */
START_TEST(test_a_change_with_a_query_outstanding)
{
	ResolverName *other;
	unsigned before;

	fake_dns_start(&second_dns, loop);
	second_dns.ipv4[0] = "192.0.2.2";
	dns.silent = true;
	before = open_descriptors();
	ask("slow.example");
	run_for(20 * NSEC_PER_MSEC);
	ck_assert_uint_eq(dns.asked_ipv4, 1);
	fake_dns_write_resolv_conf(&second_dns, resolv_conf, "");
	ck_assert_int_eq(resolver_add(resolver, "web.example", on_answer, heard, &other), 0);
	ck_assert_heard(hear(1), "192.0.2.2", "-", "");
	ck_assert_uint_eq(open_descriptors(), before + 2); /* both servers' sockets */
	resolver_remove(other);
	ck_assert_heard(hear(1), "-", "-", "no usable answer from the name servers");
	ck_assert_heard(hear(1), "192.0.2.2", "-", "");
	ck_assert_uint_eq(open_descriptors(), before + 1);
}
END_TEST

START_TEST(test_removed_with_a_query_outstanding)
{
	dns.ipv4[0] = "192.0.2.1";
	dns.silent = true;
	ask("web.example");
	run_for(20 * NSEC_PER_MSEC);
	ck_assert_uint_eq(dns.asked_ipv4, 1);
	resolver_remove(name);
	name = NULL;
	dns.silent = false;
	run_for(200 * NSEC_PER_MSEC); /* its timeout */
	ck_assert_uint_eq(n_heard, 0);
}
END_TEST

START_TEST(test_freed_with_a_query_outstanding)
{
	dns.silent = true;
	ask("web.example");
	run_for(20 * NSEC_PER_MSEC);
	resolver_remove(name);
	resolver_free(resolver);
	name = NULL;
	resolver = NULL;
	run_for(200 * NSEC_PER_MSEC);
	ck_assert_uint_eq(n_heard, 0);
}
END_TEST

/*
 * run_for(0) is one pass of the loop that ends after the sockets were read but before evdns gets to
 * call back. Stopping after each number of passes hits every state of a query, among them "its
 * answer is queued". The loop may run on afterwards, or never again.
 */
static void free_after_passes(unsigned passes, bool run_on)
{
	n_heard = 0;
	new_resolver();
	ask("web.example");
	for (unsigned i = 0; i < passes; i++)
		run_for(0);
	resolver_remove(name);
	resolver_free(resolver);
	name = NULL;
	resolver = NULL;
	n_heard = 0;
	if (run_on)
		run_for(20 * NSEC_PER_MSEC);
	ck_assert_uint_eq(n_heard, 0);
}

START_TEST(test_freed_in_any_state_of_a_query)
{
	dns.ipv4[0] = "192.0.2.1";
	resolver_free(resolver);
	for (unsigned passes = 0; passes < 8; passes++)
		free_after_passes(passes, true);
	ck_assert_uint_gt(dns.asked_ipv6, 0);
}
END_TEST

START_TEST(test_freed_in_any_state_for_good)
{
	resolver_free(resolver);
	for (unsigned passes = 0; passes < 8; passes++)
		free_after_passes(passes, false);
}
END_TEST

START_TEST(test_search_domains_and_the_final_dot)
{
	dns.ipv4[0] = "192.0.2.1";
	dns.ipv6[0] = "2001:db8::1"; /* without one, the search goes on for it */
	fake_dns_write_resolv_conf(&dns, resolv_conf, "search lan.example\n");
	ask("printer");
	ck_assert_heard(hear(1), "192.0.2.1", "2001:db8::1", "");
	ck_assert_int_eq(strcasecmp(dns.last_name, "printer.lan.example"), 0);
	resolver_remove(name);
	n_heard = 0;
	dns.flags = FAKE_DNS_NXDOMAIN;
	dns.asked_ipv4 = 0;
	ask("printer.");
	ck_assert_heard(hear(1), "-", "-", "no such name");
	ck_assert_int_eq(strcasecmp(dns.last_name, "printer"), 0);
	ck_assert_uint_eq(dns.asked_ipv4, 1); /* and under no other name */
}
END_TEST

START_TEST(test_impossible_names)
{
	char host[400];

	memset(host, 'a', sizeof(host));
	host[300] = '\0';
	ask(host);
	ck_assert_uint_gt(strlen(hear(1)->error), 0);
	ck_assert_str_eq(heard[0].ipv4, "-");
}
END_TEST

#define CASE_WITH_FIXTURE(suite, name, ...)                                                        \
	do {                                                                                       \
		TCase *case_ = tcase_create(name);                                                 \
		TTest const *const tests_[] = {__VA_ARGS__};                                       \
		tcase_add_checked_fixture(case_, setup, teardown);                                 \
		for (size_t i_ = 0; i_ < sizeof(tests_) / sizeof(tests_[0]); i_++)                 \
			tcase_add_test(case_, tests_[i_]);                                         \
		suite_add_tcase(suite, case_);                                                     \
	} while (0)

HARNESS_MAIN("resolver",
	     CASE_WITH_FIXTURE(suite, "answers", test_numeric_needs_no_dns_and_is_told_once,
			       test_hosts_goes_before_dns_and_is_read_again,
			       test_no_name_is_the_name_server, test_what_dns_took_is_known,
			       test_dns_gives_both_families, test_one_family_alone_is_resolved,
			       test_mapped_addresses_are_not_ipv6,
			       test_asks_again_and_follows_a_change_of_address,
			       test_rotated_answers_keep_the_address_in_use, test_64_addresses,
			       test_time_to_live_has_bounds, test_search_domains_and_the_final_dot);
	     CASE_WITH_FIXTURE(suite, "failures", test_no_such_name_is_retried_ever_more_slowly,
			       test_reasons, test_silence_ends, test_a_dead_server_port_ends,
			       test_spoofed_and_broken_answers_resolve_nothing,
			       test_last_addresses_are_kept_for_a_while, test_impossible_names);
	     CASE_WITH_FIXTURE(
		     suite, "lifetime", test_missing_resolv_conf_is_an_error_until_it_appears,
		     test_a_changed_resolv_conf_changes_the_server,
		     test_a_change_with_a_query_outstanding, test_removed_with_a_query_outstanding,
		     test_freed_with_a_query_outstanding, test_freed_in_any_state_of_a_query,
		     test_freed_in_any_state_for_good);)
