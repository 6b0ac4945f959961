/* SPDX-License-Identifier: MIT */
/*
 * What netoptctl shows of endpoints and of the kernel: at every width, with nothing, one and many.
 */
#include "cli/cli.h"

#include "common/interface.h"
#include "tests/unit/cli_bench.h"

static void check_lacks(const char *unexpected)
{
	ck_assert_msg(strstr(out, unexpected) == NULL, "\"%s\" in:\n%.3000s", unexpected, out);
}

static void start_with(void (*change)(FakeDaemon *fake))
{
	change_fake = change;
	fork_server(serve);
}

/* One endpoint at length. */

START_TEST(test_endpoint)
{
	ck_assert_int_eq(run("endpoints", "site", NULL), CLI_OK);
	ck_assert_str_eq(err, "");
	check_has(out, "site: up\n  url       https://site.example/\n");
	check_has(out, "\n  origin    configured, objective balanced, group eu\n");
	check_has(out, "\n  target    p50 50.0 ms of total: missed\n");
	check_has(out, "\nipv4 192.0.2.3\n  last      syn-retransmit, 1 s ago, in connect: 1.04 "
		       "s: one SYN was lost");
	check_has(out, "\n  failures  syn-retransmit 1\n");
	check_has(out, "\nipv6 2001:db8::3\n  last      ok, 11 s ago: connect 40.2 ms, "
		       "tls 45.2 ms,");
	check_has(out, "\n  floor     40.0 ms since 2 min 10 s, path epoch 1\n");
	check_has(out,
		  "\n  tls       TLSv1.3, TLS_AES_256_GCM_SHA384, ALPN h2, certificate verified, "
		  "80 days left, round trips 1, resumes sessions, Fast Open cookie\n");
	check_has(out, "\n  http      status 200, speaks h2, offers h3, closes connections, body "
		       "1.21 KiB, server n?x\n");
	check_has(out, "\n  connect   1min ");
	check_has(out, "\n  total     24h ");
}
END_TEST

/* The parts as they are shown add up to the total as it is shown. */
START_TEST(test_parts_add_up)
{
	unsigned long sum = 0, total = 0;
	const char *line;

	ck_assert_int_eq(run("endpoints", "site", NULL), CLI_OK);
	line = strstr(out, "ipv6 2001:db8::3\n");
	ck_assert_ptr_nonnull(line);
	line = strstr(line, "  PART ");
	ck_assert_ptr_nonnull(line);
	for (line = strchr(line, '\n') + 1; *line != '\n'; line = strchr(line, '\n') + 1) {
		unsigned long whole, fraction;
		char name[16];

		ck_assert_int_eq(sscanf(line, "  %15s %lu.%3lu ms", name, &whole, &fraction), 3);
		if (text_equal(name, "total"))
			total = whole * 1000 + fraction;
		else
			sum += whole * 1000 + fraction;
	}
	ck_assert_uint_gt(total, 100000);
	ck_assert_uint_eq(sum, total);
	check_has(line - strlen("100.0 %  ####################\n"),
		  "100.0 %  ####################\n");
	check_has(out, "\n  propagation  120.000 ms   76.1 %  ###############\n");
}
END_TEST

START_TEST(test_endpoint_failed)
{
	ck_assert_int_eq(run("endpoints", "down", NULL), CLI_OK);
	check_has(out, "down: down\n");
	check_has(out, "\n  last      refused, 1 s ago, in connect, after 20.0 ms: Connection "
		       "refused\n");
	check_has(out, "\n  failures  refused 4\n");
	check_has(out, "\n  connect  1min     -    -    -    -  100.0 %  4\n");
	check_lacks("PART");
	check_lacks("floor");
	check_lacks("target");
	ck_assert_int_eq(run("endpoints", "lost", NULL), CLI_OK);
	check_has(out, "\n  resolve   no such name\n");
	check_lacks("PHASE");
}
END_TEST

START_TEST(test_endpoint_facts)
{
	ck_assert_int_eq(run("endpoints", "gateway", NULL), CLI_OK);
	check_has(out, "\n  icmp      socket raw, TTL 64\n");
	check_has(out, "\n  origin    gateway, ");
	ck_assert_int_eq(run("endpoints", "resolver", NULL), CLI_OK);
	check_has(out, "\n  dns       rcode 0, answers 2, TTL 300 s, cached by the server\n");
}
END_TEST

START_TEST(test_no_such_endpoint)
{
	_cleanup_json_ Json *json = NULL;

	ck_assert_int_eq(run("endpoints", "nothing", NULL), CLI_FAILED);
	ck_assert_str_eq(out, "");
	ck_assert_str_eq(err,
			 "netoptctl: there is no endpoint nothing; see: netoptctl endpoints\n");
	ck_assert_int_eq(run("endpoints", "nothing", "--json", NULL), CLI_FAILED);
	json = parse_out();
	ck_assert_str_eq(json_string(json_get(json, "error")), INTERFACE_ERROR_NO_SUCH_ENDPOINT);
}
END_TEST

/* The kernel. */

START_TEST(test_flows)
{
	ck_assert_int_eq(run("flows", NULL), CLI_OK);
	check_has(out, "REMOTE  ");
	check_has(out,
		  "\n[2001:db8::2]:50002  192.0.2.100:443  established  20.5 ms  20.0 ms   100  "
		  "10.0 Mbit/s  0.0200 %  4.77 MiB ");
	check_has(out, "  cubic  receiver\n");
	check_has(out, "\n198.51.100.3:50003   192.0.2.100:443  close-wait ");
	check_lacks("PROCESS");
	ck_assert_int_eq(run("flows", "--process", NULL), CLI_OK);
	check_has(out, "  receiver  ngi?nx (77)\n");
	ck_assert_int_eq(run("flows", "-n", "1", NULL), CLI_OK);
	check_has(out, "\n1 of 3; more with --limit\n");
	ck_assert_int_eq(run("flows", "-n1", "--no-legend", NULL), CLI_OK);
	ck_assert_ptr_eq(strchr(out, '\n'), out + strlen(out) - 1);
}
END_TEST

START_TEST(test_listeners)
{
	ck_assert_int_eq(run("listeners", NULL), CLI_OK);
	ck_assert_str_eq(out, "ADDRESS     QUEUE  BACKLOG  DROPS\n"
			      "[::]:8080       5       10      9\n"
			      "0.0.0.0:22      0      128      -\n");
	ck_assert_int_eq(run("listeners", "-p", NULL), CLI_OK);
	check_has(out, "\n0.0.0.0:22      0      128      -  ngi?nx (77)\n");
}
END_TEST

START_TEST(test_kernel)
{
	ck_assert_int_eq(run("links", NULL), CLI_OK);
	check_has(out, "\nlo    no carrier            - ");
	check_has(out, "\neth0  up          10.0 Gbit/s  1500  1.00 MiB  2.00 MiB      4       0  "
		       "fq_codel           12 ");
	check_has(out, "\n\nGATEWAY      FAMILY  LINK  METRIC\n192.0.2.254  ipv4    eth0     100\n"
		       "on-link      ipv6    tun0       0\n");
	ck_assert_int_eq(run("destinations", NULL), CLI_OK);
	check_has(out, "\n2001:db8::2   <1 s  20.0 ms  1.00 ms    80        40           -  1 SYN "
		       "lost\n");
	check_has(out, "\n198.51.100.1   5 s        -        -     -         -           -  -\n");
	ck_assert_int_eq(run("counters", NULL), CLI_OK);
	check_has(out, "     17\n");
	check_has(out, "\nsockets.tcp  ");
	check_has(out, "\nsockets.tcpTimeWait ");
	ck_assert_int_eq(run("namespaces", NULL), CLI_OK);
	check_has(out,
		  "\nblue       4026532001        8      7      2  <1 s  net.ipv4.tcp_rmem 4096 "
		  "131072 6291456\n");
	check_has(out, "\nre?d       4026532002        0      0      0     -  Operation not "
		       "permitted\n");
}
END_TEST

/* Widths, and nothing, one, many. */

static const char *const verbs[][2] = {
	{"status", NULL},       {"endpoints", NULL},       {"endpoints", "site"},
	{"endpoints", "down"},  {"endpoints", "resolver"}, {"paths", NULL},
	{"flows", NULL},        {"flows", "-p"},           {"listeners", "-p"},
	{"links", NULL},        {"destinations", NULL},    {"counters", NULL},
	{"namespaces", NULL},   {"tunables", NULL},        {"changes", NULL},
	{"paths", "--limit=1"},
};

static void check_width(long width)
{
	for (const char *line = out; *line; line = strchr(line, '\n') + 1)
		ck_assert_msg(strchr(line, '\n') - line <= width, "over %ld: %.*s", width,
			      (int)(strchr(line, '\n') - line), line);
}

/* What is said in sentences is not folded: that of status. */
static bool is_prose(const char *verb)
{
	return text_equal(verb, "status");
}

START_TEST(test_widths)
{
	static const struct {
		const char *columns;
		long width;
	} widths[] = {{"40", 40}, {"80", 80}, {"200", 200}};
	size_t length = 0;

	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		ck_assert_int_eq(setenv("COLUMNS", widths[i].columns, 1), 0);
		ck_assert_int_eq(run(verbs[_i][0], verbs[_i][1], NULL), CLI_OK);
		ck_assert_str_eq(err, "");
		ck_assert_ptr_nonnull(strchr(out, '\n'));
		if (!is_prose(verbs[_i][0]))
			check_width(widths[i].width);
	}
	length = strlen(out);
	ck_assert_int_eq(unsetenv("COLUMNS"), 0);
	ck_assert_int_eq(run(verbs[_i][0], verbs[_i][1], NULL), CLI_OK);
	if (!is_prose(verbs[_i][0]))
		ck_assert_uint_ge(strlen(out), length); /* without a terminal nothing is cut */
	check_lacks("...");
}
END_TEST

/* What people came for is there even at 40. */
START_TEST(test_narrow)
{
	ck_assert_int_eq(setenv("COLUMNS", "40", 1), 0);
	ck_assert_int_eq(run("endpoints", NULL), CLI_OK);
	check_has(out, "NAME      STATE            P50     LOSS\n");
	ck_assert_int_eq(run("status", "--full", NULL), CLI_OK);
	check_has(out, "\nENDPOINT  STATE            P50     LOSS\n");
	check_has(out, "\n  site ipv6: 158 ms: propagation 76.1 %\n");
	ck_assert_int_eq(run("listeners", NULL), CLI_OK);
	check_has(out, "ADDRESS     QUEUE  BACKLOG  DROPS\n");
	ck_assert_int_eq(run("namespaces", NULL), CLI_OK);
	check_has(out, "Operation not per...\n");
}
END_TEST

static void make_empty(FakeDaemon *fake)
{
	fake->view.n_endpoints = fake->view.n_links = fake->view.n_gateways = 0;
	fake->view.n_netns = fake->paths.n_paths = fake->engine.n_changes = 0;
	fake->engine.running = NULL;
	fake->view.counters = NULL;
	fake->view.sockets = NULL;
	fake->kernel.n_flows = fake->kernel.n_listeners = fake->kernel.n_metrics = 0;
}

/* Titles and nothing more; without titles nothing at all. */
START_TEST(test_empty)
{
	static const char *const lists[] = {"endpoints",    "paths",    "flows",     "listeners",
					    "destinations", "counters", "namespaces"};

	start_with(make_empty);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		ck_assert_int_eq(run(lists[i], NULL), CLI_OK);
		ck_assert_ptr_eq(strchr(out, '\n'), out + strlen(out) - 1);
		ck_assert_int_eq(run(lists[i], "--no-legend", NULL), CLI_OK);
		ck_assert_str_eq(out, "");
	}
	ck_assert_int_eq(run("links", NULL), CLI_OK);
	check_lacks("GATEWAY");
	ck_assert_int_eq(run("status", NULL), CLI_OK);
	check_has(out, "\nNo endpoint is configured");
	check_lacks("Slowest");
	check_lacks("Sweeps");
}
END_TEST

static void make_many(FakeDaemon *fake)
{
	static Endpoint *many[251];

	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = fake->endpoints[i == 250 ? FAKE_SITE : FAKE_DOWN];
	fake->view.endpoints = many;
	fake->view.n_endpoints = ARRAY_SIZE(many);
	for (size_t i = 3; i < FAKE_FLOWS_MAX; i++) {
		fake->kernel.flows[i] = fake->kernel.flows[0];
		fake->kernel.flows[i].cookie = i + 1;
	}
	fake->kernel.n_flows = FAKE_FLOWS_MAX;
}

static size_t count_lines(void)
{
	size_t n = 0;

	for (const char *at = out; (at = strchr(at, '\n')); at++)
		n++;
	return n;
}

/* Every page is fetched, and --json is one reply all the same. */
START_TEST(test_many)
{
	_cleanup_json_ Json *json = NULL;

	start_with(make_many);
	ck_assert_int_eq(run("endpoints", "--no-legend", NULL), CLI_OK);
	ck_assert_uint_eq(count_lines(), 252); /* the last has two families */
	ck_assert_int_eq(run("endpoints", "--json=short", NULL), CLI_OK);
	json = parse_out();
	ck_assert_uint_eq(json_length(json_get(json, "endpoints")), 251);
	ck_assert_int_eq(json_int(json_get(json, "total"), 0), 251);
	ck_assert_int_eq(run("status", NULL), CLI_OK);
	check_has(out, "\nand 246 more: netoptctl endpoints\n");
	check_has(out, "\n  site ipv6: "); /* the slowest, though it is not among the first */
	ck_assert_int_eq(run("flows", NULL), CLI_OK);
	check_has(out, "\n50 of 2000; more with --limit\n");
}
END_TEST

static void make_costly(FakeDaemon *fake)
{
	fake->view.cpu_used_ppm = 9000;
	fake->view.sweep_slices = 4;
	fake->view.sweep_reason = "too many sockets";
}

static void make_dear(FakeDaemon *fake)
{
	fake->view.cpu_used_ppm = 5001;
}

static void make_sliced(FakeDaemon *fake)
{
	fake->view.sweep_slices = 2;
}

/* Silent while within the budget and whole. */
static const struct {
	void (*change)(FakeDaemon *fake);
	const char *line;
} costs[] = {
	{NULL, NULL},
	{make_costly,
	 "\nSweeps take 0.900 % of a processor, CpuBudget is 0.500 %; each sees one in "
	 "4 sockets: too many sockets\n"},
	{make_dear, "\nSweeps take 0.500 % of a processor, CpuBudget is 0.500 %\n"},
	{make_sliced,
	 "\nSweeps take 0.0020 % of a processor, CpuBudget is 0.500 %; each sees one in "
	 "2 sockets\n"},
};

START_TEST(test_sweep_cost)
{
	start_with(costs[_i].change);
	ck_assert_int_eq(run("status", NULL), CLI_OK);
	if (costs[_i].line)
		check_has(out, costs[_i].line);
	else
		check_lacks("Sweeps");
}
END_TEST

static void make_starved(FakeDaemon *fake)
{
	fake->kernel.n_flows = 1;
	fake->kernel.flows[0].info.raw.flags = 1;
}

/* A burst is no rate. */
START_TEST(test_application_limited)
{
	start_with(make_starved);
	ck_assert_int_eq(run("flows", NULL), CLI_OK);
	check_has(out, "\n198.51.100.1:50001 ");
	check_lacks("Mbit/s");
}
END_TEST

static void make_merged(FakeDaemon *fake)
{
	fake->paths.paths[0]->prefix_length = 24;
	fake->paths.paths[1]->prefix_length = 48;
}

START_TEST(test_prefixes)
{
	start_with(make_merged);
	ck_assert_int_eq(run("paths", NULL), CLI_OK);
	check_has(out, "\n198.51.100.7/24 ");
	check_has(out, "\n2001:db8::7/48 ");
}
END_TEST

static void add_cases(Suite *suite)
{
	TTest const *const with_server[] = {
		test_endpoint,       test_parts_add_up,     test_endpoint_failed,
		test_endpoint_facts, test_no_such_endpoint, test_flows,
		test_listeners,      test_kernel,           test_narrow};
	TTest const *const others[] = {test_empty, test_many, test_application_limited,
				       test_prefixes};
	TCase *served = tcase_create("served"), *own = tcase_create("own");

	tcase_add_checked_fixture(served, setup, teardown);
	for (size_t i = 0; i < ARRAY_SIZE(with_server); i++)
		tcase_add_test(served, with_server[i]);
	tcase_add_loop_test(served, test_widths, 0, (int)ARRAY_SIZE(verbs));
	suite_add_tcase(suite, served);
	tcase_add_checked_fixture(own, setup_directory, teardown);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		tcase_add_test(own, others[i]);
	tcase_add_loop_test(own, test_sweep_cost, 0, (int)ARRAY_SIZE(costs));
	suite_add_tcase(suite, own);
}

HARNESS_MAIN("cli_sensors", add_cases(suite);)
