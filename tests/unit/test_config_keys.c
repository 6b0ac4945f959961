/* SPDX-License-Identifier: MIT */
/*
 * What the key table refuses, where and in which words; what it accepts, and as which value.
 *
 * The bad files are in config_bad.h; files with many faults in test_config_load.c; URLs in
 * test_config_url.c.
 */
#include "daemon/config/keys.h"

#include <string.h>
#include <syslog.h>

#include "common/base.h"
#include "common/clock.h"
#include "common/text.h"
#include "daemon/config/load.h"
#include "daemon/config/suggest.h"
#include "tests/unit/config_bad.h"
#include "tests/unit/harness.h"

/* Whether the row is refused as it says; if not, stderr has what happened instead. */
static bool check_bad(const Bad *row)
{
	_cleanup_(config_problems_clear) ConfigProblems problems = {0};
	Config *config = NULL;
	bool good = false;

	int r = config_load_text("f", row->text, strlen(row->text), &problems, &config);
	if (r == CONFIG_INVALID && !config && problems.n == 1) {
		const ConfigProblem *problem = &problems.problems[0];
		good = text_equal(problem->file, "f") && problem->line == row->line &&
		       problem->column == row->column && strstr(problem->message, row->message);
	}
	if (good)
		return true;

	fprintf(stderr, "%s# expected %u:%u: %s\n# got %d, %zu problems\n", row->text, row->line,
		row->column, row->message, r, problems.n);
	for (size_t i = 0; i < problems.n; i++) {
		_cleanup_free_ char *text = config_problem_format(&problems.problems[i]);
		fprintf(stderr, "#   %s\n", text);
	}
	config_free(config);
	return false;
}

START_TEST(test_bad)
{
	unsigned failed = 0;

	ck_assert_uint_ge(ARRAY_SIZE(bad), 230);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		failed += !check_bad(&bad[i]);
	ck_assert_uint_eq(failed, 0);
}
END_TEST

/* The same, but with a NUL, which no string literal can hold for strlen(). */
START_TEST(test_bad_nul)
{
	_cleanup_(config_problems_clear) ConfigProblems problems = {0};
	static const char text[] = D "Mode=au\0to\n";
	Config *config = NULL;

	ck_assert_int_eq(config_load_text("f", text, sizeof(text) - 1, &problems, &config), 1);
	ck_assert_uint_eq(problems.n, 1);
	ck_assert_uint_eq(problems.problems[0].line, 2);
	ck_assert_uint_eq(problems.problems[0].column, 8);
}
END_TEST

static Config *load(const char *text)
{
	_cleanup_(config_problems_clear) ConfigProblems problems = {0};
	Config *config = NULL;

	int r = config_load_text("f", text, strlen(text), &problems, &config);
	ck_assert_msg(r == 0, "%s: %s", text, r == 1 ? problems.problems[0].message : "-ENOMEM");
	ck_assert_uint_eq(problems.n, 0);
	return config;
}

static void free_config(Config **config)
{
	config_free(*config);
}
#define LOAD(name, text) _cleanup_(free_config) Config *name = load(text)

START_TEST(test_words)
{
	LOAD(a, D "Mode=observe\nOnStop=keep\nLogLevel=error\n" T "Objective=throughput\n");
	ck_assert_int_eq(a->mode, CONFIG_MODE_OBSERVE);
	ck_assert_int_eq(a->on_stop, CONFIG_ON_STOP_KEEP);
	ck_assert_int_eq(a->log_level, LOG_ERR);
	ck_assert_int_eq(a->objective, CONFIG_OBJECTIVE_THROUGHPUT);

	LOAD(b, D "Mode=advise\nLogLevel=debug\n" T "Objective = latency\n");
	ck_assert_int_eq(b->mode, CONFIG_MODE_ADVISE);
	ck_assert_int_eq(b->on_stop, CONFIG_ON_STOP_RESTORE);
	ck_assert_int_eq(b->log_level, LOG_DEBUG);
	ck_assert_int_eq(b->objective, CONFIG_OBJECTIVE_LATENCY);
}
END_TEST

START_TEST(test_durations)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} rows[] = {
		{D "Interval=1s\n", NSEC_PER_SEC},
		{D "Interval=1h\n", NSEC_PER_HOUR},
		{D "Interval=30\n", 30 * NSEC_PER_SEC},
		{D "Interval=1min 30s\n", 90 * NSEC_PER_SEC},
		{D "Interval=2.5s\n", 2500 * NSEC_PER_MSEC},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		LOAD(config, rows[i].text);
		ck_assert_uint_eq(config->interval_ns, rows[i].ns);
	}

	LOAD(low, E "Interval=100ms\nTimeout=50ms\nTargetP99=1us\n");
	ck_assert_uint_eq(low->endpoints[0].interval_ns, 100 * NSEC_PER_MSEC);
	ck_assert_uint_eq(low->endpoints[0].timeout_ns, 50 * NSEC_PER_MSEC);
	ck_assert_uint_eq(low->endpoints[0].target_p99_ns, NSEC_PER_USEC);
	LOAD(high, E "Interval=1h\nTimeout=1min\nTargetP99=60s\n");
	ck_assert_uint_eq(high->endpoints[0].interval_ns, NSEC_PER_HOUR);
	ck_assert_uint_eq(high->endpoints[0].timeout_ns, NSEC_PER_MIN);
	ck_assert_uint_eq(high->endpoints[0].target_p99_ns, NSEC_PER_MIN);
	/* Waiting longer than the interval is the user's choice. */
	LOAD(odd, E "Interval=1s\nTimeout=5s\n");
	ck_assert_uint_eq(odd->endpoints[0].timeout_ns, 5 * NSEC_PER_SEC);
}
END_TEST

START_TEST(test_paths)
{
	LOAD(a, D "StateDirectory=/var/lib/other dir\nSocket=/" X10("0123456789") "123456\n");
	ck_assert_str_eq(a->state_directory, "/var/lib/other dir");
	ck_assert_uint_eq(strlen(a->socket), 107);
	LOAD(b, D "StateDirectory=/a..b/..c/...\n");
	ck_assert_str_eq(b->state_directory, "/a..b/..c/...");
	ck_assert_ptr_null(b->socket);
}
END_TEST

START_TEST(test_congestion)
{
	LOAD(automatic, T "CongestionControl=auto\n");
	ck_assert_int_eq(automatic->congestion, CONFIG_TUNING_AUTO);
	ck_assert_uint_eq(automatic->n_congestion_allowed, 2);
	ck_assert_str_eq(automatic->congestion_allowed[0], "cubic");
	ck_assert_str_eq(automatic->congestion_allowed[1], "bbr");

	LOAD(off, T "CongestionControl=off\n");
	ck_assert_int_eq(off->congestion, CONFIG_TUNING_OFF);
	ck_assert_uint_eq(off->n_congestion_allowed, 0);

	LOAD(one, T "CongestionControl=bbr\n");
	ck_assert_int_eq(one->congestion, CONFIG_TUNING_LIST);
	ck_assert_uint_eq(one->n_congestion_allowed, 1);
	ck_assert_str_eq(one->congestion_allowed[0], "bbr");

	/* Modules that no list knows, a name of full length, and all kinds of blanks. */
	LOAD(many, T "CongestionControl=bbr3 \t cubic  my_own-cc2 fifteen_letters a5 a6 a7 lp\n");
	ck_assert_uint_eq(many->n_congestion_allowed, 8);
	ck_assert_str_eq(many->congestion_allowed[0], "bbr3");
	ck_assert_str_eq(many->congestion_allowed[2], "my_own-cc2");
	ck_assert_str_eq(many->congestion_allowed[3], "fifteen_letters");
	ck_assert_str_eq(many->congestion_allowed[7], "lp");
}
END_TEST

START_TEST(test_buffers)
{
	static const struct {
		const char *text;
		ConfigTuningKind kind;
		uint64_t bytes;
	} rows[] = {
		{T "Buffers=auto\n", CONFIG_TUNING_AUTO, 0},
		{T "Buffers=off\n", CONFIG_TUNING_OFF, 0},
		{T "Buffers=128K\n", CONFIG_TUNING_FIXED, 131072},
		{T "Buffers=16M\n", CONFIG_TUNING_FIXED, 16777216},
		{T "Buffers=512M\n", CONFIG_TUNING_FIXED, 536870912},
		{T "Buffers=33554432\n", CONFIG_TUNING_FIXED, 33554432},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		LOAD(config, rows[i].text);
		ck_assert_int_eq(config->buffers, rows[i].kind);
		ck_assert_uint_eq(config->buffers_max_bytes, rows[i].bytes);
	}
}
END_TEST

START_TEST(test_fast_open)
{
	static const struct {
		const char *text;
		ConfigTuningKind kind;
		unsigned bits;
	} rows[] = {
		{T "FastOpen=auto\n", CONFIG_TUNING_AUTO, 0},
		{T "FastOpen=off\n", CONFIG_TUNING_OFF, 0},
		{T "FastOpen=client\n", CONFIG_TUNING_FIXED, 1},
		{T "FastOpen=server\n", CONFIG_TUNING_FIXED, 2},
		{T "FastOpen=both\n", CONFIG_TUNING_FIXED, 3},
		{T "FastOpen=0\n", CONFIG_TUNING_FIXED, 0},
		{T "FastOpen=1\n", CONFIG_TUNING_FIXED, 1},
		{T "FastOpen=2\n", CONFIG_TUNING_FIXED, 2},
		{T "FastOpen=3\n", CONFIG_TUNING_FIXED, 3},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		LOAD(config, rows[i].text);
		ck_assert_int_eq(config->fast_open, rows[i].kind);
		ck_assert_uint_eq(config->fast_open_bits, rows[i].bits);
	}
}
END_TEST

START_TEST(test_memory_budget)
{
	static const struct {
		const char *text;
		unsigned permille;
		uint64_t bytes;
	} rows[] = {
		{T "MemoryBudget=25%\n", 250, 0},    {T "MemoryBudget=12.5%\n", 125, 0},
		{T "MemoryBudget=0.1%\n", 1, 0},     {T "MemoryBudget=100%\n", 1000, 0},
		{T "MemoryBudget=1M\n", 0, 1 << 20}, {T "MemoryBudget=1T\n", 0, UINT64_C(1) << 40},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		LOAD(config, rows[i].text);
		ck_assert_uint_eq(config->memory_budget_permille, rows[i].permille);
		ck_assert_uint_eq(config->memory_budget_bytes, rows[i].bytes);
	}
}
END_TEST

START_TEST(test_switches)
{
	static const char *const names[_CONFIG_KNOBS] = {
		[CONFIG_INITIAL_WINDOW] = "InitialWindow",   [CONFIG_IDLE_RESTART] = "IdleRestart",
		[CONFIG_SEND_QUEUE] = "SendQueue",           [CONFIG_QUICK_ACK] = "QuickAck",
		[CONFIG_MINIMUM_RTO] = "MinimumRto",         [CONFIG_ECN] = "Ecn",
		[CONFIG_MTU_PROBING] = "MtuProbing",         [CONFIG_BACKLOG] = "Backlog",
		[CONFIG_TCP_MEMORY] = "TcpMemory",           [CONFIG_PORT_RANGE] = "PortRange",
		[CONFIG_UDP_BUFFERS] = "UdpBuffers",         [CONFIG_SOFTNET] = "Softnet",
		[CONFIG_NEIGHBOUR_TABLE] = "NeighbourTable", [CONFIG_DEVIATIONS] = "Deviations",
	};

	for (ConfigKnob knob = 0; knob < _CONFIG_KNOBS; knob++) {
		char text[64];

		(void)text_format(text, sizeof(text), T "%s=off\n", names[knob]);
		LOAD(config, text);
		for (ConfigKnob other = 0; other < _CONFIG_KNOBS; other++)
			ck_assert_int_eq(config->knobs[other],
					 other == knob ? CONFIG_TUNING_OFF : CONFIG_TUNING_AUTO);
	}
}
END_TEST

START_TEST(test_scope)
{
	LOAD(config, T "PerDestination=no\nExplorationBudget=2.5%\nOverrideSysctl=yes\n");
	ck_assert(!config->per_destination && config->override_sysctl);
	ck_assert_uint_eq(config->exploration_permille, 25);
	LOAD(low, T "ExplorationBudget=1%\n");
	ck_assert_uint_eq(low->exploration_permille, 10);
	LOAD(high, T "PerDestination=yes\nExplorationBudget=50%\nOverrideSysctl=off\n");
	ck_assert(high->per_destination && !high->override_sysctl);
	ck_assert_uint_eq(high->exploration_permille, 500);
}
END_TEST

START_TEST(test_discovery)
{
	static const struct {
		const char *text;
		ConfigDiscover discover;
	} rows[] = {
		{"", CONFIG_DISCOVER_AUTO},
		{D "Discover=auto\n", CONFIG_DISCOVER_AUTO},
		{D "Discover=yes\n", CONFIG_DISCOVER_YES},
		{D "Discover=True\n", CONFIG_DISCOVER_YES},
		{D "Discover=1\n", CONFIG_DISCOVER_YES},
		{D "Discover=no\n", CONFIG_DISCOVER_NO},
		{D "Discover=off\n", CONFIG_DISCOVER_NO},
		{D "Discover=0\n", CONFIG_DISCOVER_NO},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		LOAD(config, rows[i].text);
		ck_assert_int_eq(config->discover, rows[i].discover);
		ck_assert(!config->probe_peers);
	}
	LOAD(peers, D "ProbePeers=yes\n");
	ck_assert(peers->probe_peers);
	LOAD(quiet, D "Discover=no\nProbePeers=no\n");
	ck_assert(!quiet->probe_peers);
	LOAD(back, D "Discover=no\nProbePeers=\n");
	ck_assert(!back->probe_peers);
}
END_TEST

START_TEST(test_netns)
{
	LOAD(none, D "Netns=\n");
	ck_assert(!none->netns_all && none->n_netns == 0);
	LOAD(all, D "Netns=all\n");
	ck_assert(all->netns_all && all->n_netns == 0);
	LOAD(some, D "Netns=blue \t my-ns_1.x  " X60("x") "xxx all2\n");
	ck_assert(!some->netns_all);
	ck_assert_uint_eq(some->n_netns, 4);
	ck_assert_str_eq(some->netns[0], "blue");
	ck_assert_str_eq(some->netns[1], "my-ns_1.x");
	ck_assert_uint_eq(strlen(some->netns[2]), 63);
	ck_assert_str_eq(some->netns[3], "all2");
	LOAD(most, D "Netns=a1 a2 a3 a4 a5 a6 a7 a8 b1 b2 b3 b4 b5 b6 b7 b8 "
		     "c1 c2 c3 c4 c5 c6 c7 c8 d1 d2 d3 d4 d5 d6 d7 d8\n");
	ck_assert_uint_eq(most->n_netns, CONFIG_NETNS_MAX);
	ck_assert_str_eq(most->netns[31], "d8");
}
END_TEST

START_TEST(test_cpu_budget)
{
	static const struct {
		const char *text;
		uint64_t ppm;
	} rows[] = {
		{D "CpuBudget=0.5%\n", 5000},     {D "CpuBudget=0.01%\n", 100},
		{D "CpuBudget=0.0123%\n", 123},   {D "CpuBudget=2%\n", 20000},
		{D "CpuBudget=12.25%\n", 122500}, {D "CpuBudget=100%\n", 1000000},
		{D "CpuBudget=007.0%\n", 70000},  {D "CpuBudget=99.9999%\n", 999999},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		LOAD(config, rows[i].text);
		ck_assert_uint_eq(config->cpu_budget_ppm, rows[i].ppm);
	}
}
END_TEST

START_TEST(test_prefixes)
{
	LOAD(low, D "PrefixIPv4=8\nPrefixIPv6=16\n");
	ck_assert_uint_eq(low->prefix_ipv4, 8);
	ck_assert_uint_eq(low->prefix_ipv6, 16);
	LOAD(high, D "PrefixIPv4=32\nPrefixIPv6=128\n");
	ck_assert_uint_eq(high->prefix_ipv4, 32);
	ck_assert_uint_eq(high->prefix_ipv6, 128);
}
END_TEST

/* An address and its family, in words of the configuration. */
static void check_source(const char *text, ConfigFamily family, const char *source)
{
	char buffer[ADDRESS_TEXT_MAX];

	LOAD(config, text);
	ck_assert_msg(config->endpoints[0].family == family, "%s", text);
	ck_assert_str_eq(address_format(&config->endpoints[0].source, buffer), source);
}

START_TEST(test_family_source)
{
	check_source(E, CONFIG_FAMILY_BOTH, "-");
	check_source(E "Family=both\nSource=\n", CONFIG_FAMILY_BOTH, "-");
	check_source(E "Family=ipv4\n", CONFIG_FAMILY_IPV4, "-");
	check_source(E "Family=ipv6\n", CONFIG_FAMILY_IPV6, "-");
	/* A source decides. */
	check_source(E "Source=192.0.2.1\n", CONFIG_FAMILY_IPV4, "192.0.2.1");
	check_source(E "Source=2001:db8::1\n", CONFIG_FAMILY_IPV6, "2001:db8::1");
	check_source(E "Source=::ffff:192.0.2.1\n", CONFIG_FAMILY_IPV4, "192.0.2.1");
	check_source(E "Source=::1\nFamily=ipv6\n", CONFIG_FAMILY_IPV6, "::1");
	check_source(E "Source=223.255.255.255\n", CONFIG_FAMILY_IPV4, "223.255.255.255");
	check_source(E "Source=fec0::1\n", CONFIG_FAMILY_IPV6, "fec0::1");
	check_source(E "Source=192.0.2.1\nFamily=\n", CONFIG_FAMILY_IPV4, "192.0.2.1");
	check_source("[Endpoint a]\nUrl=icmp://192.0.2.2\nFamily=ipv4\nSource=192.0.2.1\n",
		     CONFIG_FAMILY_IPV4, "192.0.2.1");
	check_source("[Endpoint a]\nUrl=dns:///a\nSource=2001:db8::1\n", CONFIG_FAMILY_IPV6,
		     "2001:db8::1");
}
END_TEST

START_TEST(test_objective_group)
{
	LOAD(none, E "Objective=\nGroup=\n");
	ck_assert(!none->endpoints[0].has_objective);
	ck_assert_int_eq(none->endpoints[0].objective, CONFIG_OBJECTIVE_BALANCED);
	ck_assert_str_eq(none->endpoints[0].group, "");

	LOAD(set, E "Objective=latency\nGroup=eu-west_1.a\n");
	ck_assert(set->endpoints[0].has_objective);
	ck_assert_int_eq(set->endpoints[0].objective, CONFIG_OBJECTIVE_LATENCY);
	ck_assert_str_eq(set->endpoints[0].group, "eu-west_1.a");
	ck_assert_int_eq(set->objective, CONFIG_OBJECTIVE_BALANCED);
	LOAD(length, E "Group=" X60("g") "ggg\n");
	ck_assert_uint_eq(strlen(length->endpoints[0].group), 63);
}
END_TEST

START_TEST(test_targets)
{
	LOAD(all, E "TargetP50=10ms\nTargetP95=20ms\nTargetP99=30ms\n");
	ck_assert_uint_eq(all->endpoints[0].target_p50_ns, 10 * NSEC_PER_MSEC);
	ck_assert_uint_eq(all->endpoints[0].target_p95_ns, 20 * NSEC_PER_MSEC);
	ck_assert_uint_eq(all->endpoints[0].target_p99_ns, 30 * NSEC_PER_MSEC);
	/* The same limit for all, up to the timeout, can be meant. */
	LOAD(same, E "TargetP50=3s\nTargetP95=3s\nTargetP99=3s\nTimeout=3s\n");
	ck_assert_uint_eq(same->endpoints[0].target_p50_ns, 3 * NSEC_PER_SEC);
	LOAD(some, E "TargetP95=20ms\n");
	ck_assert_uint_eq(some->endpoints[0].target_p50_ns, 0);
	ck_assert_uint_eq(some->endpoints[0].target_p99_ns, 0);
}
END_TEST

START_TEST(test_certificates)
{
	static const char *const no[] = {"no", "off", "false", "0", "No"};

	LOAD(defaults, S);
	ck_assert(defaults->endpoints[0].verify);
	ck_assert_str_eq(defaults->endpoints[0].ca_file, "");
	for (size_t i = 0; i < ARRAY_SIZE(no); i++) {
		_cleanup_(text_clear) Text text = {0};
		text_appendf(&text, "%sVerify=%s\n", S, no[i]);
		LOAD(config, text_string(&text));
		ck_assert(!config->endpoints[0].verify);
	}
	/* It is still reported who signed it. */
	LOAD(both, "[Endpoint a]\nUrl=tls://a\nVerify=no\nTrustedCertificates=/etc/my ca.pem\n");
	ck_assert_str_eq(both->endpoints[0].ca_file, "/etc/my ca.pem");
	LOAD(length, S "TrustedCertificates=/" X60("abcd") X10("x") "1234\n");
	ck_assert_uint_eq(strlen(length->endpoints[0].ca_file), 255);
}
END_TEST

START_TEST(test_body_limit)
{
	LOAD(defaults, S);
	ck_assert_uint_eq(defaults->endpoints[0].body_limit_bytes, 1 << 20);
	LOAD(low, "[Endpoint a]\nUrl=http://a\nBodyLimit=1K\n");
	ck_assert_uint_eq(low->endpoints[0].body_limit_bytes, 1024);
	LOAD(high, S "BodyLimit=64M\n");
	ck_assert_uint_eq(high->endpoints[0].body_limit_bytes, 64 << 20);
}
END_TEST

/* Any scheme can have any key that is taken back. */
START_TEST(test_taken_back)
{
	LOAD(config, E "Verify=\nTrustedCertificates=\nBodyLimit=\n");
	ck_assert(config->endpoints[0].verify);
}
END_TEST

START_TEST(test_url_fields)
{
	LOAD(config, "[Endpoint Web-1_a.b]\nUrl=tcp://[::1]:443\n"
		     "[Endpoint ask]\nUrl=dns://192.0.2.1/www.example.net?type=MX\n");
	const ConfigEndpoint *tcp = &config->endpoints[0], *dns = &config->endpoints[1];
	ck_assert_str_eq(tcp->name, "Web-1_a.b");
	ck_assert_str_eq(tcp->url, "tcp://[::1]:443");
	ck_assert_str_eq(tcp->scheme, "tcp");
	ck_assert_str_eq(tcp->host, "::1");
	ck_assert_uint_eq(tcp->port, 443);
	ck_assert_str_eq(tcp->target, "");
	ck_assert_uint_eq(tcp->dns_type, 0);
	ck_assert_str_eq(tcp->file, "f");
	ck_assert_uint_eq(tcp->line, 1);
	ck_assert_str_eq(dns->scheme, "dns");
	ck_assert_str_eq(dns->host, "192.0.2.1");
	ck_assert_uint_eq(dns->port, 53);
	ck_assert_str_eq(dns->target, "www.example.net");
	ck_assert_uint_eq(dns->dns_type, 15);
}
END_TEST

START_TEST(test_table)
{
	for (size_t i = 0; i < CONFIG_KEYS; i++) {
		const ConfigKey *key = &config_keys[i];
		ck_assert_ptr_eq(config_key_find(key->section, key->name), key);
		ck_assert_ptr_nonnull(key->set);
		ck_assert_msg(strlen(key->help) > 20, "%s= has no help", key->name);
		/* The rows of a section stand together: the template is written in this order. */
		ck_assert(i == 0 || config_keys[i - 1].section <= key->section);
	}
	ck_assert_ptr_null(config_key_find(CONFIG_SECTION_DAEMON, "Url"));
	ck_assert_ptr_null(config_key_find(CONFIG_SECTION_DAEMON, ""));
}
END_TEST

START_TEST(test_suggest)
{
	static const char *const words[] = {"auto", "off", "OnStop"};

	ck_assert_str_eq(config_suggest("AUTO", words, 3), "auto");
	ck_assert_str_eq(config_suggest("on-stop_", words, 3), "OnStop");
	ck_assert_str_eq(config_suggest("of", words, 3), "off");
	ck_assert_str_eq(config_suggest("Disabled", words, 3), "off");
	ck_assert_str_eq(config_suggest("true", words, 3), "auto");
	ck_assert_ptr_null(config_suggest("true", words + 1, 2));
	ck_assert_ptr_null(config_suggest("something", words, 3));
	ck_assert_ptr_null(config_suggest("", words, 3));
}
END_TEST

START_TEST(test_quote)
{
	char buffer[CONFIG_QUOTE_MAX];

	ck_assert_str_eq(config_quote("a b", buffer), "'a b'");
	ck_assert_str_eq(config_quote("", buffer), "''");
	ck_assert_str_eq(config_quote("\033[1m\x7f\n", buffer), "'?[1m?"
								"?'");
	ck_assert_str_eq(config_quote("\xc2\x9b[1m\xc3\xa9", buffer), "'?"
								      "?[1m\xc3\xa9'");

	(void)config_quote(X60("x") X60("y"), buffer);
	ck_assert_uint_eq(strlen(buffer), CONFIG_QUOTE_MAX - 1);
	ck_assert_str_eq(buffer + CONFIG_QUOTE_MAX - 5, "...'");
	/* Never half of a character. */
	(void)config_quote("x" X60("\xe2\x82\xac"), buffer);
	ck_assert(text_is_utf8(buffer, strlen(buffer)));
	(void)config_quote("xx" X60("\xe2\x82\xac"), buffer);
	ck_assert(text_is_utf8(buffer, strlen(buffer)));
}
END_TEST

HARNESS_MAIN(
	"config_keys", HARNESS_CASE(suite, "bad", test_bad, test_bad_nul);
	HARNESS_CASE(suite, "values", test_words, test_durations, test_paths, test_congestion,
		     test_buffers, test_fast_open, test_memory_budget, test_switches, test_scope);
	HARNESS_CASE(suite, "sensors", test_discovery, test_netns, test_cpu_budget, test_prefixes);
	HARNESS_CASE(suite, "endpoints", test_family_source, test_objective_group, test_targets,
		     test_certificates, test_body_limit, test_taken_back, test_url_fields);
	HARNESS_CASE(suite, "table", test_table, test_suggest, test_quote);)
