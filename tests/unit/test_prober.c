/* SPDX-License-Identifier: MIT */
/*
 * The prober with real probes on loopback at intervals of milliseconds, and a clock that can be
 * moved ahead as if this process had been stopped.
 */
#include "daemon/probe/prober.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>

#include "daemon/probe/kind.h"
#include "daemon/probe/resolver.h"
#include "tests/unit/fake_dns.h"
#include "tests/unit/harness.h"

#define SEED UINT64_C(97)

/* One endpoint and what was heard of it. */
typedef struct Watcher {
	ProberEndpoint *endpoint;
	unsigned resolved, results, outcomes[_PROBE_OUTCOMES], families[3];
	uint64_t late;
	ProbeResult last;
	Address ipv4, ipv6;
	char error[96];
} Watcher;

static const ResolverTiming quick = {
	.ttl_min_ns = 10 * NSEC_PER_MSEC,
	.ttl_max_ns = NSEC_PER_SEC,
	.hosts_ns = 10 * NSEC_PER_MSEC,
	.retry_min_ns = 10 * NSEC_PER_MSEC,
	.retry_max_ns = 40 * NSEC_PER_MSEC,
	.keep_ns = 30 * NSEC_PER_MSEC,
};

static char directory[64], resolv_conf[96], hosts[96];
static Loop *loop;
static LoopTimer *deadline;
static Prober *prober;
static FakeDns dns;
static uint64_t random_state = SEED, clock_ahead_ns, clock_step_ns;
static Watcher a, b;
static bool always_longest; /* every gap the longest possible */
static uint16_t port;
static int listening, family; /* of the endpoints; AF_UNSPEC: both */

static uint64_t controlled_random(void *context)
{
	Random seeded = random_seeded(context);

	return always_longest ? UINT64_MAX : seeded.next(seeded.context);
}

static uint64_t movable_monotonic_ns(void *context)
{
	(void)context;
	clock_ahead_ns += clock_step_ns;
	return clock_monotonic_ns(&clock_system) + clock_ahead_ns;
}

static uint64_t no_realtime_ns(void *context)
{
	(void)context;
	ck_abort_msg("wall-clock time has no business in here");
	return 0;
}

static void on_deadline(void *context)
{
	(void)context;
	loop_stop(loop, 1);
}

static void run_for(uint64_t ns)
{
	ck_assert_int_eq(loop_timer_set(deadline, ns), 0);
	(void)loop_run(loop);
}

/* For what must come, but on a busy machine may come later. */
#define RUN_UNTIL(condition)                                                                       \
	do {                                                                                       \
		for (int i_ = 0; i_ < 1000 && !(condition); i_++)                                  \
			run_for(2 * NSEC_PER_MSEC);                                                \
		ck_assert(condition);                                                              \
	} while (0)

static void on_resolved(void *context, const Address *ipv4, const Address *ipv6, const char *error)
{
	Watcher *watcher = context;

	ck_assert_ptr_nonnull(watcher->endpoint); /* not from inside prober_add() */
	watcher->resolved++;
	watcher->ipv4 = *ipv4;
	watcher->ipv6 = *ipv6;
	(void)snprintf(watcher->error, sizeof(watcher->error), "%s", error ? error : "");
}

static void on_result(void *context, const ProbeResult *result)
{
	Watcher *watcher = context;

	ck_assert_ptr_nonnull(watcher->endpoint);
	ck_assert_uint_gt(watcher->resolved, 0);
	watcher->results++;
	watcher->outcomes[result->outcome]++;
	watcher->families[result->address.family == AF_INET    ? 0
			  : result->address.family == AF_INET6 ? 1
							       : 2]++;
	watcher->last = *result;
}

static void on_late(void *context, uint64_t n)
{
	Watcher *watcher = context;

	ck_assert_uint_gt(n, 0);
	watcher->late += n;
}

static const ProberCallbacks callbacks = {
	.resolved = on_resolved,
	.result = on_result,
	.late = on_late,
};

static void setup(void)
{
	ProberParams params = {
		.clock = {.monotonic_ns = movable_monotonic_ns, .realtime_ns = no_realtime_ns},
		.random = {.next = controlled_random, .context = &random_state},
		.resolver_timing = &quick,
	};
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(sin);

	(void)snprintf(directory, sizeof(directory), "/tmp/netopt-prober-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	(void)snprintf(resolv_conf, sizeof(resolv_conf), "%s/resolv.conf", directory);
	(void)snprintf(hosts, sizeof(hosts), "%s/hosts", directory);
	ck_assert_int_eq(loop_new(&loop), 0);
	ck_assert_int_eq(loop_timer_new(loop, on_deadline, NULL, &deadline), 0);
	params.loop = loop;
	params.resolv_conf = resolv_conf;
	params.hosts = hosts;
	ck_assert_int_eq(prober_new(&params, &prober), 0);

	listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listening, (struct sockaddr *)&sin, sizeof(sin)), 0);
	ck_assert_int_eq(listen(listening, 1024), 0);
	ck_assert_int_eq(getsockname(listening, (struct sockaddr *)&sin, &length), 0);
	port = ntohs(sin.sin_port);
}

static void teardown(void)
{
	prober_remove(a.endpoint);
	prober_remove(b.endpoint);
	prober_free(prober);
	if (dns.watch)
		fake_dns_stop(&dns);
	close(listening);
	loop_timer_free(deadline);
	loop_free(loop);
	(void)unlink(resolv_conf);
	(void)unlink(hosts);
	ck_assert_int_eq(rmdir(directory), 0);
}

static void watch(Watcher *watcher, const char *host, uint64_t interval_ms, uint64_t timeout_ms)
{
	ProberSpec spec = {
		.scheme = "tcp",
		.family = family,
		.interval_ns = interval_ms * NSEC_PER_MSEC,
		.probe = {.host = host, .port = port, .timeout_ns = timeout_ms * NSEC_PER_MSEC},
	};

	ck_assert_int_eq(prober_add(prober, &spec, &callbacks, watcher, &watcher->endpoint), 0);
}

static void become_black_hole(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(listen(listening, 0), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
}

static unsigned open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

START_TEST(test_table_of_kinds)
{
	ProberSpec spec = {
		.scheme = "gopher", .interval_ns = NSEC_PER_SEC, .probe = {.host = "127.0.0.1"}};

	ck_assert_ptr_eq(probe_kind_find("tcp"), &probe_kind_tcp);
	ck_assert_ptr_null(probe_kind_find("TCP"));
	ck_assert_ptr_null(probe_kind_find(""));
	ck_assert_int_eq(prober_add(prober, &spec, &callbacks, &a, &a.endpoint), -EPROTONOSUPPORT);
	ck_assert_ptr_null(a.endpoint);
}
END_TEST

START_TEST(test_probes_on_schedule)
{
	watch(&a, "127.0.0.1", 5, 1000);
	run_for(300 * NSEC_PER_MSEC);
	ck_assert_uint_eq(a.resolved, 1);
	ck_assert_str_eq(a.error, "");
	ck_assert_int_eq(a.ipv4.family, AF_INET);
	ck_assert_int_eq(a.ipv6.family, 0);
	/* 60 expected with a deviation of about 7. On a starved machine some are late instead. */
	ck_assert_uint_gt(a.results + a.late, 20);
	ck_assert_uint_lt(a.results, 95);
	ck_assert_uint_eq(a.outcomes[PROBE_OK] + a.outcomes[PROBE_SYN_RETRANSMIT], a.results);
	ck_assert_uint_eq(a.families[0], a.results);
	ck_assert_uint_gt(a.last.phases_us[PHASE_CONNECT], 0);
}
END_TEST

START_TEST(test_refused_goes_on_without_retries)
{
	close(listening);
	listening = -1;
	watch(&a, "127.0.0.1", 5, 1000);
	run_for(150 * NSEC_PER_MSEC);
	ck_assert_uint_lt(a.results, 60);
	RUN_UNTIL(a.results > 8);
	ck_assert_uint_eq(a.outcomes[PROBE_REFUSED], a.results);
}
END_TEST

START_TEST(test_one_probe_in_flight_at_a_time)
{
	uint64_t start_ns = clock_monotonic_ns(&clock_system), elapsed_ns;
	unsigned before;

	become_black_hole();
	before = open_descriptors();
	watch(&a, "127.0.0.1", 5, 60);
	for (int i = 0; i < 10; i++) {
		run_for(20 * NSEC_PER_MSEC);
		ck_assert_uint_le(open_descriptors(), before + 1);
	}
	elapsed_ns = clock_monotonic_ns(&clock_system) - start_ns;
	ck_assert_uint_le(a.results, elapsed_ns / (60 * NSEC_PER_MSEC)); /* not one in 5 ms */
	ck_assert_uint_eq(a.outcomes[PROBE_TIMEOUT], a.results);
}
END_TEST

START_TEST(test_no_address_is_a_result_of_each_slot)
{
	watch(&a, "nowhere.example", 5, 1000); /* no resolv.conf at all */
	run_for(150 * NSEC_PER_MSEC);
	ck_assert_uint_lt(a.results, 50); /* one lane's 30, not two's 60 */
	RUN_UNTIL(a.resolved > 1 && a.results > 8);
	ck_assert_uint_gt(strlen(a.error), 0);
	ck_assert_uint_eq(a.outcomes[PROBE_UNRESOLVED], a.results);
	ck_assert_uint_eq(a.families[2], a.results);
	ck_assert_uint_eq(a.last.phases, 0);
}
END_TEST

START_TEST(test_both_families_each_on_its_own)
{
	watch(&a, "dual.example", 5, 1000);
	fake_file_write(hosts, "127.0.0.1 dual.example\n::1 dual.example\n");
	RUN_UNTIL(a.families[0] > 8 && a.families[1] > 8);
	ck_assert_uint_eq(a.families[2], 0);
	ck_assert_uint_eq(a.outcomes[PROBE_OK], a.families[0]);
	/* Nobody listens on ::1, or there is no IPv6: one family's trouble is not the other's. */
	ck_assert_uint_eq(a.results - a.outcomes[PROBE_OK], a.families[1]);
}
END_TEST

START_TEST(test_one_family_of_both_if_so_chosen)
{
	fake_file_write(hosts, "127.0.0.1 dual.example\n::1 dual.example\n127.0.0.1 old.example\n");
	family = AF_INET6;
	watch(&a, "dual.example", 5, 1000);
	watch(&b, "old.example", 5, 1000);
	RUN_UNTIL(a.families[1] > 4 && b.results > 2);
	ck_assert_uint_eq(a.families[0], 0);
	ck_assert_int_eq(a.ipv4.family, 0);
	ck_assert_str_eq(b.error, "it has no IPv6 address");
	ck_assert_uint_eq(b.outcomes[PROBE_UNRESOLVED], b.results);
}
END_TEST

START_TEST(test_punctuality_is_counted)
{
	const ProberSchedule *schedule = prober_schedule(prober);
	uint32_t slip_us;

	ck_assert(!histogram_quantile(&schedule->slip, 500, &slip_us));
	watch(&a, "127.0.0.1", 5, 1000);
	RUN_UNTIL(a.results > 20);
	ck_assert_uint_ge(schedule->served, a.results);
	ck_assert_uint_eq(schedule->served, schedule->slip.count);
	ck_assert_uint_eq(schedule->missed, a.late);
	ck_assert(histogram_quantile(&schedule->slip, 500, &slip_us));
	ck_assert_uint_lt(slip_us, 100000);

	clock_ahead_ns += 600 * NSEC_PER_MSEC; /* as if stopped that long: late, but within 1 s */
	RUN_UNTIL(schedule->slip.max_us >= 500000);
}
END_TEST

START_TEST(test_endpoints_do_not_disturb_each_other)
{
	watch(&a, "nowhere.example", 5, 1000);
	watch(&b, "127.0.0.1", 5, 1000);
	RUN_UNTIL(a.results > 5 && b.results > 5);
	ck_assert_uint_eq(a.outcomes[PROBE_UNRESOLVED], a.results);
	ck_assert_uint_eq(b.outcomes[PROBE_OK], b.results);
}
END_TEST

START_TEST(test_follows_the_resolver)
{
	fake_dns_start(&dns, loop);
	fake_dns_write_resolv_conf(&dns, resolv_conf, "");
	dns.ipv4[0] = "127.0.0.1";
	watch(&a, "web.example", 5, 1000);
	RUN_UNTIL(a.outcomes[PROBE_OK] > 0);
	ck_assert_uint_eq(a.outcomes[PROBE_OK], a.results);

	/* Gone: the last address for a while, then nothing. */
	dns.flags = FAKE_DNS_NXDOMAIN;
	RUN_UNTIL(a.outcomes[PROBE_UNRESOLVED] > 0);
	ck_assert_str_eq(a.error, "no such name");
	ck_assert_int_eq(a.ipv4.family, 0);

	/* Back, elsewhere, and probed soon. */
	dns.flags = 0;
	dns.ipv4[0] = "127.0.0.2";
	RUN_UNTIL(a.last.outcome == PROBE_REFUSED);
	ck_assert_str_eq(a.error, "");
	ck_assert_uint_eq(a.last.address.bytes[3], 2);
}
END_TEST

START_TEST(test_a_name_that_appears_is_probed_soon)
{
	always_longest = true;
	watch(&a, "web.example", 100, 1000);
	RUN_UNTIL(a.outcomes[PROBE_UNRESOLVED] == 1); /* at 0.1 s; the next slot is at 0.6 s */
	fake_file_write(hosts, "127.0.0.1 web.example\n");
	run_for(300 * NSEC_PER_MSEC);
	ck_assert_uint_eq(a.outcomes[PROBE_UNRESOLVED], 1);
	ck_assert_uint_eq(a.outcomes[PROBE_OK], 1);
}
END_TEST

START_TEST(test_an_address_that_goes_takes_its_probe_along)
{
	unsigned before;

	fake_dns_start(&dns, loop);
	fake_dns_write_resolv_conf(&dns, resolv_conf, "");
	dns.ipv4[0] = "127.0.0.1";
	become_black_hole();
	before = open_descriptors();
	watch(&a, "web.example", 5, 100);
	RUN_UNTIL(open_descriptors() == before + 2); /* the DNS socket, and the probe's */
	ck_assert_uint_eq(a.results, 0);
	dns.ipv4[0] = NULL;
	dns.ipv6[0] = "::1";
	RUN_UNTIL(a.families[1] > 0);
	run_for(120 * NSEC_PER_MSEC); /* past the timeout of the one in flight */
	ck_assert_uint_eq(a.families[0], 0);
}
END_TEST

START_TEST(test_a_stall_is_counted_and_not_made_up_for)
{
	unsigned before;

	watch(&a, "127.0.0.1", 20, 60000);
	run_for(100 * NSEC_PER_MSEC);
	ck_assert_uint_lt(a.late, 6);
	before = a.results;
	clock_ahead_ns += 10 * NSEC_PER_SEC;
	run_for(100 * NSEC_PER_MSEC);
	ck_assert_uint_gt(a.late, 400); /* of 500 */
	ck_assert_uint_lt(a.late, 600);
	ck_assert_uint_lt(a.results - before, 25);
	RUN_UNTIL(a.results > before);
	/* What was in flight, if anything, shows the stall as our overhead, never as latency. */
	ck_assert_uint_eq(a.outcomes[PROBE_OK], a.results);
	ck_assert_uint_lt(a.last.phases_us[PHASE_CONNECT], 1000000);
}
END_TEST

/* Time leaps between any two looks at the clock, so also between connect() and its completion. */
START_TEST(test_a_stall_with_a_probe_in_flight_is_no_latency)
{
	clock_step_ns = 100 * NSEC_PER_MSEC;
	watch(&a, "127.0.0.1", 50, 60000);
	RUN_UNTIL(a.results > 0);
	ck_assert_uint_eq(a.outcomes[PROBE_OK], a.results);
	ck_assert_uint_lt(a.last.phases_us[PHASE_CONNECT], 50000);
	ck_assert_uint_ge(a.last.phases_us[PHASE_OVERHEAD], 50000);
}
END_TEST

START_TEST(test_no_descriptors_is_our_own_lack)
{
	unsigned before = open_descriptors();
	struct rlimit limit;
	int lowest;

	watch(&a, "127.0.0.1", 5, 1000);
	RUN_UNTIL(a.results > 0 && open_descriptors() == before); /* none in flight */
	lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(lowest);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = (rlim_t)lowest;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	RUN_UNTIL(a.last.outcome == PROBE_LOCAL);
	ck_assert_int_eq(a.last.error, EMFILE);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	RUN_UNTIL(a.last.outcome == PROBE_OK);
}
END_TEST

START_TEST(test_removed_in_flight)
{
	unsigned before, results;

	become_black_hole();
	before = open_descriptors();
	watch(&a, "127.0.0.1", 5, 50);
	RUN_UNTIL(open_descriptors() == before + 1); /* in flight */
	results = a.results;
	prober_remove(a.endpoint);
	a.endpoint = NULL; /* callbacks would assert */
	ck_assert_uint_eq(open_descriptors(), before);
	run_for(100 * NSEC_PER_MSEC);
	ck_assert_uint_eq(a.results, results);
}
END_TEST

START_TEST(test_removed_before_the_first_answer)
{
	watch(&a, "127.0.0.1", 5, 50);
	prober_remove(a.endpoint);
	a.endpoint = NULL;
	run_for(20 * NSEC_PER_MSEC);
	ck_assert_uint_eq(a.resolved, 0);
	prober_remove(NULL);
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

HARNESS_MAIN("prober",
	     CASE_WITH_FIXTURE(
		     suite, "probing", test_table_of_kinds, test_probes_on_schedule,
		     test_refused_goes_on_without_retries, test_one_probe_in_flight_at_a_time,
		     test_both_families_each_on_its_own, test_one_family_of_both_if_so_chosen,
		     test_endpoints_do_not_disturb_each_other, test_no_descriptors_is_our_own_lack);
	     CASE_WITH_FIXTURE(suite, "names", test_no_address_is_a_result_of_each_slot,
			       test_follows_the_resolver, test_a_name_that_appears_is_probed_soon,
			       test_an_address_that_goes_takes_its_probe_along);
	     CASE_WITH_FIXTURE(suite, "time", test_punctuality_is_counted,
			       test_a_stall_is_counted_and_not_made_up_for,
			       test_a_stall_with_a_probe_in_flight_is_no_latency);
	     CASE_WITH_FIXTURE(suite, "removal", test_removed_in_flight,
			       test_removed_before_the_first_answer);)
