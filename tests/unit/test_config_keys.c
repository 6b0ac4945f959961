/* SPDX-License-Identifier: MIT */
/*
 * What the key table refuses, where and in which words; what it accepts, and as which value.
 *
 * The bad files are in config_bad.h; files with many faults in test_config_load.c.
 */
#include "daemon/config/keys.h"

#include <string.h>
#include <syslog.h>

#include "common/base.h"
#include "common/clock.h"
#include "common/text.h"
#include "daemon/config/load.h"
#include "daemon/config/suggest.h"
#include "daemon/config/url.h"
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

	ck_assert_uint_ge(ARRAY_SIZE(bad), 150);
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

START_TEST(test_urls)
{
	static const struct {
		const char *url, *host;
		unsigned port;
	} rows[] = {
		{"tcp://www.example.net:443", "www.example.net", 443},
		{"tcp://localhost:1", "localhost", 1},
		{"tcp://A-b_c.Example.:65535", "A-b_c.Example.", 65535},
		{"tcp://_service._tcp.x:80", "_service._tcp.x", 80},
		{"tcp://3com.com:80", "3com.com", 80},
		{"tcp://1.2.3.4x:80", "1.2.3.4x", 80},
		{"tcp://xn--mnchen-3ya.de:80", "xn--mnchen-3ya.de", 80},
		{"tcp://127.0.0.1:8080", "127.0.0.1", 8080},
		{"tcp://[::1]:53", "::1", 53},
		{"tcp://[2001:db8::1]:443", "2001:db8::1", 443},
		{"tcp://" X60("x") "xxx.net:7", X60("x") "xxx.net", 7},
		{"tcp://" X60("abc.") "abc.abc.abc.a:7", X60("abc.") "abc.abc.abc.a", 7},
		{"tcp://" X60("abc.") "abc.abc.abc.a.:7", X60("abc.") "abc.abc.abc.a.", 7},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char host[CONFIG_HOST_MAX];
		ConfigFault fault;
		uint16_t port;
		int r = config_url_parse(rows[i].url, host, &port, &fault);
		ck_assert_msg(r == 0, "%s: %s", rows[i].url, fault.text);
		ck_assert_str_eq(host, rows[i].host);
		ck_assert_uint_eq(port, rows[i].port);
	}

	LOAD(config, "[Endpoint Web-1_a.b]\nUrl=tcp://[::1]:443\n");
	ck_assert_str_eq(config->endpoints[0].name, "Web-1_a.b");
	ck_assert_str_eq(config->endpoints[0].url, "tcp://[::1]:443");
	ck_assert_str_eq(config->endpoints[0].host, "::1");
	ck_assert_uint_eq(config->endpoints[0].port, 443);
	ck_assert_str_eq(config->endpoints[0].file, "f");
	ck_assert_uint_eq(config->endpoints[0].line, 1);
}
END_TEST

START_TEST(test_url_untouched)
{
	char host[CONFIG_HOST_MAX] = "before";
	uint16_t port = 7;
	ConfigFault fault;

	ck_assert_int_eq(config_url_parse("tcp://a:0", host, &port, &fault), CONFIG_INVALID);
	ck_assert_int_eq(config_url_parse("tcp://-:80", host, &port, &fault), CONFIG_INVALID);
	ck_assert_str_eq(host, "before");
	ck_assert_uint_eq(port, 7);
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

HARNESS_MAIN("config_keys", HARNESS_CASE(suite, "bad", test_bad, test_bad_nul);
	     HARNESS_CASE(suite, "values", test_words, test_durations, test_paths, test_congestion,
			  test_buffers, test_fast_open, test_memory_budget, test_urls,
			  test_url_untouched);
	     HARNESS_CASE(suite, "table", test_table, test_suggest, test_quote);)
