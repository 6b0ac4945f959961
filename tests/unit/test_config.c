/* SPDX-License-Identifier: MIT */
/*
 * The Config object, the list of problems, the difference of two configurations, and what is
 * derived from the key table: the defaults, the template with conf/netopt.conf, and netopt.conf(5).
 *
 * After a change of the key table, NETOPT_REGENERATE=1 in the environment of this test writes
 * conf/netopt.conf anew.
 */
#include "daemon/config/config.h"

#include <string.h>
#include <syslog.h>

#include "common/base.h"
#include "common/clock.h"
#include "common/text.h"
#include "daemon/config/keys.h"
#include "daemon/config/load.h"
#include "daemon/config/problems.h"
#include "daemon/config/source.h"
#include "tests/unit/harness.h"

static void free_config(Config **config)
{
	config_free(*config);
}
#define _cleanup_config_ _cleanup_(free_config)

static Config *load(const char *text)
{
	_cleanup_(config_problems_clear) ConfigProblems problems = {0};
	Config *config = NULL;

	int r = config_load_text("f", text, strlen(text), &problems, &config);
	for (size_t i = 0; i < problems.n; i++) {
		_cleanup_free_ char *line = config_problem_format(&problems.problems[i]);
		fprintf(stderr, "# %s\n", line);
	}
	ck_assert_msg(r == 0, "refused:\n%s", text);
	return config;
}

static void check_same(const Config *a, const Config *b)
{
	ConfigDiff diff = config_diff(a, b);

	ck_assert(!diff.daemon && !diff.tuning && !diff.needs_restart);
	ck_assert(diff.added == 0 && diff.removed == 0 && diff.changed == 0);
}

START_TEST(test_defaults)
{
	_cleanup_config_ Config *config = NULL;

	ck_assert_int_eq(config_new(&config), 0);
	ck_assert_int_eq(config->mode, CONFIG_MODE_AUTO);
	ck_assert_int_eq(config->on_stop, CONFIG_ON_STOP_RESTORE);
	ck_assert_uint_eq(config->interval_ns, 10 * NSEC_PER_SEC);
	ck_assert_ptr_null(config->state_directory);
	ck_assert_ptr_null(config->socket);
	ck_assert_int_eq(config->log_level, LOG_INFO);
	ck_assert_int_eq(config->discover, CONFIG_DISCOVER_AUTO);
	ck_assert(!config->probe_peers);
	ck_assert(!config->netns_all && config->n_netns == 0);
	ck_assert_uint_eq(config->cpu_budget_ppm, 5000);
	ck_assert_uint_eq(config->prefix_ipv4, 24);
	ck_assert_uint_eq(config->prefix_ipv6, 48);
	ck_assert_int_eq(config->congestion, CONFIG_TUNING_AUTO);
	ck_assert_uint_eq(config->n_congestion_allowed, 2);
	ck_assert_int_eq(config->buffers, CONFIG_TUNING_AUTO);
	ck_assert_int_eq(config->fast_open, CONFIG_TUNING_AUTO);
	ck_assert_uint_eq(config->memory_budget_permille, 500);
	ck_assert_uint_eq(config->memory_budget_bytes, 0);
	ck_assert_int_eq(config->objective, CONFIG_OBJECTIVE_BALANCED);
	for (ConfigKnob knob = 0; knob < _CONFIG_KNOBS; knob++)
		ck_assert_int_eq(config->knobs[knob], CONFIG_TUNING_AUTO);
	ck_assert(config->per_destination && !config->override_sysctl);
	ck_assert_uint_eq(config->exploration_permille, 100);
	ck_assert_uint_eq(config->n_endpoints, 0);
	ck_assert_uint_eq(config->n_files, 0);

	_cleanup_config_ Config *empty = load("");
	check_same(config, empty);
}
END_TEST

START_TEST(test_endpoint_defaults)
{
	_cleanup_config_ Config *config = load("[Endpoint a]\nUrl=tcp://a:1\n");
	const ConfigEndpoint *endpoint = &config->endpoints[0];

	ck_assert_uint_eq(endpoint->interval_ns, 10 * NSEC_PER_SEC);
	ck_assert_uint_eq(endpoint->timeout_ns, 3 * NSEC_PER_SEC);
	ck_assert_int_eq(endpoint->family, CONFIG_FAMILY_BOTH);
	ck_assert_uint_eq(endpoint->source.family, 0);
	ck_assert(!endpoint->has_objective);
	ck_assert_uint_eq(endpoint->target_p50_ns, 0);
	ck_assert_uint_eq(endpoint->target_p95_ns, 0);
	ck_assert_uint_eq(endpoint->target_p99_ns, 0);
	ck_assert_str_eq(endpoint->group, "");
	ck_assert(endpoint->verify);
	ck_assert_str_eq(endpoint->ca_file, "");
	ck_assert_uint_eq(endpoint->body_limit_bytes, 1 << 20);
}
END_TEST

START_TEST(test_names)
{
	ck_assert_str_eq(config_mode_name(CONFIG_MODE_OBSERVE), "observe");
	ck_assert_str_eq(config_mode_name(CONFIG_MODE_ADVISE), "advise");
	ck_assert_str_eq(config_mode_name(CONFIG_MODE_AUTO), "auto");
	ck_assert_str_eq(config_mode_name((ConfigMode)99), "?");
	ck_assert_str_eq(config_on_stop_name(CONFIG_ON_STOP_RESTORE), "restore");
	ck_assert_str_eq(config_on_stop_name(CONFIG_ON_STOP_KEEP), "keep");
	ck_assert_str_eq(config_objective_name(CONFIG_OBJECTIVE_LATENCY), "latency");
	ck_assert_str_eq(config_objective_name(CONFIG_OBJECTIVE_BALANCED), "balanced");
	ck_assert_str_eq(config_objective_name(CONFIG_OBJECTIVE_THROUGHPUT), "throughput");
}
END_TEST

START_TEST(test_find)
{
	_cleanup_config_ Config *config =
		load("[Endpoint b]\nUrl=tcp://x:1\n[Endpoint a]\nUrl=tcp://y:2\n");

	ck_assert_uint_eq(config->n_endpoints, 2);
	ck_assert_str_eq(config_find_endpoint(config, "a")->host, "y");
	ck_assert_str_eq(config_find_endpoint(config, "b")->host, "x");
	ck_assert_ptr_null(config_find_endpoint(config, "c"));
	ck_assert_ptr_null(config_find_endpoint(config, "A"));
	config_free(NULL);
}
END_TEST

START_TEST(test_problem_format)
{
	static const struct {
		unsigned line, column;
		const char *text;
	} rows[] = {
		{3, 7, "/etc/x:3:7: why"},
		{3, 0, "/etc/x:3: why"},
		{0, 0, "/etc/x: why"},
		{0, 7, "/etc/x: why"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(config_problems_clear) ConfigProblems problems = {0};
		ck_assert_int_eq(config_problems_add(&problems, "/etc/x", rows[i].line,
						     rows[i].column, "w%sy", "h"),
				 0);
		_cleanup_free_ char *text = config_problem_format(&problems.problems[0]);
		ck_assert_str_eq(text, rows[i].text);
	}
}
END_TEST

START_TEST(test_problems_bounded)
{
	_cleanup_(config_problems_clear) ConfigProblems problems = {0};

	for (unsigned i = 1; i <= CONFIG_PROBLEMS_MAX + 3; i++)
		ck_assert_int_eq(config_problems_add(&problems, "f", i, 1, "x"), 0);
	ck_assert_uint_eq(problems.n, CONFIG_PROBLEMS_MAX);
	ck_assert_uint_eq(problems.dropped, 3);
	ck_assert_uint_eq(problems.problems[CONFIG_PROBLEMS_MAX - 1].line, CONFIG_PROBLEMS_MAX);

	config_problems_clear(&problems);
	ck_assert_uint_eq(problems.n + problems.allocated + problems.dropped, 0);
	ck_assert_ptr_null(problems.problems);
	config_problems_clear(NULL);
}
END_TEST

START_TEST(test_diff_sections)
{
	static const struct {
		const char *text;
		bool daemon, tuning, restart;
	} rows[] = {
		{"[Daemon]\nMode=advise\n", true, false, false},
		{"[Daemon]\nInterval=11s\n", true, false, false},
		{"[Daemon]\nOnStop=keep\n", true, false, false},
		{"[Daemon]\nLogLevel=debug\n", true, false, false},
		{"[Daemon]\nDiscover=no\n", true, false, false},
		{"[Daemon]\nProbePeers=yes\n", true, false, false},
		{"[Daemon]\nNetns=all\n", true, false, false},
		{"[Daemon]\nNetns=blue\n", true, false, false},
		{"[Daemon]\nCpuBudget=1%\n", true, false, false},
		{"[Daemon]\nPrefixIPv4=25\n", true, false, false},
		{"[Daemon]\nPrefixIPv6=49\n", true, false, false},
		{"[Daemon]\nStateDirectory=/x\n", true, false, true},
		{"[Daemon]\nSocket=/x\n", true, false, true},
		{"[Tuning]\nCongestionControl=off\n", false, true, false},
		{"[Tuning]\nCongestionControl=cubic bbr\n", false, true, false},
		{"[Tuning]\nBuffers=off\n", false, true, false},
		{"[Tuning]\nBuffers=1M\n", false, true, false},
		{"[Tuning]\nFastOpen=off\n", false, true, false},
		{"[Tuning]\nFastOpen=0\n", false, true, false},
		{"[Tuning]\nMemoryBudget=51%\n", false, true, false},
		{"[Tuning]\nInitialWindow=off\n", false, true, false},
		{"[Tuning]\nDeviations=off\n", false, true, false},
		{"[Tuning]\nPerDestination=no\n", false, true, false},
		{"[Tuning]\nExplorationBudget=11%\n", false, true, false},
		{"[Tuning]\nOverrideSysctl=yes\n", false, true, false},
		{"[Tuning]\nMemoryBudget=1G\n", false, true, false},
		{"[Tuning]\nObjective=latency\n", false, true, false},
		{"[Daemon]\nMode=auto\n[Tuning]\nBuffers=auto\n", false, false, false},
	};
	_cleanup_config_ Config *defaults = load("");

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_config_ Config *config = load(rows[i].text);
		ConfigDiff there = config_diff(defaults, config);
		ConfigDiff back = config_diff(config, defaults);
		ck_assert_msg(there.daemon == rows[i].daemon && there.tuning == rows[i].tuning &&
				      there.needs_restart == rows[i].restart,
			      "%s", rows[i].text);
		ck_assert_msg(there.daemon == back.daemon && there.tuning == back.tuning &&
				      there.needs_restart == back.needs_restart,
			      "%s", rows[i].text);
		check_same(config, config);
	}
}
END_TEST

START_TEST(test_diff_within_kind)
{
	static const char *const pairs[][2] = {
		{"[Tuning]\nCongestionControl=bbr\n", "[Tuning]\nCongestionControl=reno\n"},
		{"[Tuning]\nCongestionControl=bbr\n", "[Tuning]\nCongestionControl=bbr lp\n"},
		{"[Tuning]\nBuffers=1M\n", "[Tuning]\nBuffers=2M\n"},
		{"[Tuning]\nFastOpen=client\n", "[Tuning]\nFastOpen=server\n"},
		{"[Tuning]\nMemoryBudget=1G\n", "[Tuning]\nMemoryBudget=2G\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		_cleanup_config_ Config *a = load(pairs[i][0]);
		_cleanup_config_ Config *b = load(pairs[i][1]);
		ck_assert_msg(config_diff(a, b).tuning, "%s", pairs[i][1]);
	}

	_cleanup_config_ Config *blue = load("[Daemon]\nNetns=blue\n");
	_cleanup_config_ Config *red = load("[Daemon]\nNetns=red\n");
	ck_assert(config_diff(blue, red).daemon && !config_diff(blue, blue).daemon);
}
END_TEST

START_TEST(test_diff_endpoints)
{
	_cleanup_config_ Config *a = load("[Endpoint same]\nUrl=tcp://a:1\n"
					  "[Endpoint gone]\nUrl=tcp://a:1\n"
					  "[Endpoint url]\nUrl=tcp://a:1\n"
					  "[Endpoint interval]\nUrl=tcp://a:1\n"
					  "[Endpoint timeout]\nUrl=tcp://a:1\n"
					  "[Endpoint target]\nUrl=tcp://a:1\n");
	_cleanup_config_ Config *b = load("[Endpoint target]\nUrl=tcp://a:1\nTargetP99=1s\n"
					  "[Endpoint timeout]\nUrl=tcp://a:1\nTimeout=2s\n"
					  "[Endpoint interval]\nUrl=tcp://a:1\nInterval=2s\n"
					  "[Endpoint url]\nUrl=tcp://a:2\n"
					  "[Endpoint new]\nUrl=tcp://a:1\n"
					  "[Endpoint new2]\nUrl=tcp://a:1\n"
					  "\n[Endpoint same]\nUrl=tcp://a:1\n");

	ConfigDiff diff = config_diff(a, b);
	ck_assert_uint_eq(diff.added, 2);
	ck_assert_uint_eq(diff.removed, 1);
	ck_assert_uint_eq(diff.changed, 4);
	ck_assert(!diff.daemon && !diff.tuning && !diff.needs_restart);
	/* On another line, but the same. */
	ck_assert(config_endpoint_equal(config_find_endpoint(a, "same"),
					config_find_endpoint(b, "same")));
	ck_assert(!config_endpoint_equal(&a->endpoints[0], &a->endpoints[1]));
}
END_TEST

/* Each key by itself: is it a difference, and does it need other probes? */
START_TEST(test_endpoint_difference)
{
	static const struct {
		const char *url, *other;
		bool same_probe;
	} rows[] = {
		{"https://a/", "Url=https://b/\n", false},
		{"https://a/", "Url=http://a/\n", false},
		{"https://a/", "Url=https://a:444/\n", false},
		{"https://a/", "Url=https://a/x\n", false},
		{"dns:///a", "Url=dns:///a?type=AAAA\n", false},
		{"dns:///a", "Url=dns:///b\n", false},
		{"dns:///a", "Url=dns://b/a\n", false},
		{"https://a", "Url=https://a:443/\n", true},
		{"https://a", "Url=https://a\nInterval=9s\n", false},
		{"https://a", "Url=https://a\nTimeout=4s\n", false},
		{"https://a", "Url=https://a\nFamily=ipv4\n", false},
		{"https://a", "Url=https://a\nFamily=ipv6\n", false},
		{"https://a", "Url=https://a\nSource=192.0.2.1\n", false},
		{"https://a", "Url=https://a\nVerify=no\n", false},
		{"https://a", "Url=https://a\nTrustedCertificates=/x\n", false},
		{"https://a", "Url=https://a\nBodyLimit=2M\n", false},
		{"https://a", "Url=https://a\nTargetP50=1s\n", true},
		{"https://a", "Url=https://a\nTargetP95=1s\n", true},
		{"https://a", "Url=https://a\nTargetP99=1s\n", true},
		{"https://a", "Url=https://a\nGroup=x\n", true},
		{"https://a", "Url=https://a\nObjective=latency\n", true},
		{"https://a", "Url=https://a\nObjective=balanced\n", true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(text_clear) Text before = {0}, after = {0};
		text_appendf(&before, "[Endpoint x]\nUrl=%s\n", rows[i].url);
		text_appendf(&after, "[Endpoint x]\n%s", rows[i].other);
		_cleanup_config_ Config *a = load(text_string(&before));
		_cleanup_config_ Config *b = load(text_string(&after));
		const ConfigEndpoint *x = &a->endpoints[0], *y = &b->endpoints[0];

		ck_assert(config_endpoint_equal(x, x) && config_endpoint_same_probe(y, y));
		ck_assert_msg(!config_endpoint_equal(x, y) && !config_endpoint_equal(y, x), "%s",
			      rows[i].other);
		ck_assert_msg(config_endpoint_same_probe(x, y) == rows[i].same_probe &&
				      config_endpoint_same_probe(y, x) == rows[i].same_probe,
			      "%s", rows[i].other);
		ck_assert_uint_eq(config_diff(a, b).changed, 1);
	}

	/* Nor are two sources of one family the same. */
	_cleanup_config_ Config *a = load("[Endpoint x]\nUrl=tls://a\nSource=192.0.2.1\n");
	_cleanup_config_ Config *b = load("[Endpoint x]\nUrl=tls://a\nSource=192.0.2.2\n");
	ck_assert(!config_endpoint_same_probe(&a->endpoints[0], &b->endpoints[0]));
	/* A name is no reason for other probes. */
	_cleanup_config_ Config *c = load("[Endpoint y]\nUrl=tls://a\nSource=192.0.2.1\n");
	ck_assert(config_endpoint_same_probe(&a->endpoints[0], &c->endpoints[0]));
	ck_assert(!config_endpoint_equal(&a->endpoints[0], &c->endpoints[0]));
}
END_TEST

/* The template with "#Key=" and "#[Section]" uncommented, and the prose removed. */
static char *uncomment(const char *template)
{
	Text text = {0};

	while (*template != '\0') {
		size_t length = strcspn(template, "\n");
		if (template[0] == '#' && template[1] != ' ' && length > 1)
			text_append_bytes(&text, template + 1, length);
		else if (template[0] != '#')
			text_append_bytes(&text, template, length + 1);
		template += length + 1;
	}
	return text.data;
}

START_TEST(test_template_as_it_is)
{
	_cleanup_free_ char *template = config_template();
	_cleanup_config_ Config *defaults = load("");
	_cleanup_config_ Config *config = load(template);

	check_same(defaults, config);
	for (size_t i = 0; i < CONFIG_KEYS; i++) {
		_cleanup_(text_clear) Text line = {0};
		text_appendf(&line, "\n#%s=", config_keys[i].name);
		ck_assert_ptr_nonnull(strstr(template, text_string(&line)));
	}
	for (const char *line = template; *line; line += strcspn(line, "\n") + 1)
		ck_assert_msg(strcspn(line, "\n") <= 100, "too wide: %s", line);
}
END_TEST

START_TEST(test_template_uncommented)
{
	_cleanup_free_ char *template = config_template();
	_cleanup_free_ char *text = uncomment(template);
	_cleanup_config_ Config *config = load(text);
	_cleanup_config_ Config *defaults =
		load("[Endpoint example]\nUrl=https://www.example.net/\n");

	check_same(defaults, config);
	/* Each key is really set there, and not only absent. */
	for (size_t i = 0; i < CONFIG_KEYS; i++) {
		_cleanup_(text_clear) Text line = {0};
		text_appendf(&line, "\n%s=", config_keys[i].name);
		ck_assert_msg(strstr(text, text_string(&line)), "%s", config_keys[i].name);
	}
}
END_TEST

/* A file of the source tree. */
static char *read_source(const char *name)
{
	const char *root = getenv("NETOPT_SOURCE");
	_cleanup_(text_clear) Text path = {0};
	char *data = NULL;
	size_t length;

	ck_assert_msg(root, "NETOPT_SOURCE is not set; run this test by meson");
	text_appendf(&path, "%s/%s", root, name);
	int r = config_source_read(text_string(&path), &data, &length);
	ck_assert_msg(r == 0, "%s: %s", text_string(&path), strerror(-r));
	return data;
}

static void regenerate(const char *template)
{
	_cleanup_(text_clear) Text path = {0};

	text_appendf(&path, "%s/conf/netopt.conf", getenv("NETOPT_SOURCE"));
	FILE *file = fopen(text_string(&path), "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(template, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

START_TEST(test_conf_file)
{
	_cleanup_free_ char *template = config_template();

	if (getenv("NETOPT_REGENERATE"))
		regenerate(template);
	_cleanup_free_ char *conf = read_source("conf/netopt.conf");
	ck_assert_str_eq(conf, template);
}
END_TEST

/* The key of a line ".It Cm KEY=", into `name`. */
static bool man_key(const char *line, char *name, size_t size)
{
	static const char item[] = ".It Cm ";
	size_t length = strcspn(line, "\n");

	if (!text_starts_with(line, item) || line[length - 1] != '=')
		return false;
	length -= strlen(item) + 1;
	ck_assert_uint_lt(length, size);
	memcpy(name, line + strlen(item), length);
	name[length] = '\0';
	return true;
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line == '\n' ? line + 1 : line;
}

/* The page says what the default is, in the words of the table. */
static void check_man_default(const ConfigKey *key, const char *entry, size_t length)
{
	_cleanup_(text_clear) Text body = {0}, expected = {0};

	text_append_bytes(&body, entry, length);
	if (key->fallback[0] != '\0')
		text_appendf(&expected, "The default is\n.Cm %s .\n", key->fallback);
	else if (key->example)
		text_append(&expected, "it has no default");
	else
		text_append(&expected, "The default is empty:");
	ck_assert_msg(strstr(text_string(&body), text_string(&expected)),
		      "netopt.conf(5), %s=: expected '%s'", key->name, text_string(&expected));
}

/* Each key of the page is one of the table, stands in its section, and in the table's order. */
START_TEST(test_man_page_keys)
{
	_cleanup_free_ char *page = read_source("man/netopt.conf.5");
	const char *section = NULL, *entry = NULL;
	const ConfigKey *key = NULL;
	size_t n = 0;

	for (const char *line = page; *line != '\0'; line = next_line(line)) {
		char name[64];
		bool is_key = man_key(line, name, sizeof(name));
		bool is_section = text_starts_with(line, ".Ss ") || text_starts_with(line, ".Sh ");

		if (key && (is_key || is_section)) {
			check_man_default(key, entry, (size_t)(line - entry));
			key = NULL;
		}
		if (is_section)
			section = line + strlen(".Ss ");
		if (!is_key)
			continue;
		ck_assert_msg(n < CONFIG_KEYS, "%s= is one too many", name);
		key = &config_keys[n++];
		entry = line;
		ck_assert_str_eq(name, key->name);
		ck_assert_msg(text_starts_with(section, config_sections[key->section].title),
			      "%s= stands in the wrong section", name);
	}
	ck_assert_uint_eq(n, CONFIG_KEYS);
}
END_TEST

/* Each literal display of EXAMPLES is a configuration. */
START_TEST(test_man_page_examples)
{
	_cleanup_free_ char *page = read_source("man/netopt.conf.5");
	const char *line = strstr(page, "\n.Sh EXAMPLES\n");
	unsigned n = 0;

	ck_assert_ptr_nonnull(line);
	while ((line = strstr(line, "\n.Bd -literal")) != NULL) {
		const char *start = next_line(line + 1), *end = strstr(start, ".Ed\n");
		_cleanup_(text_clear) Text example = {0};
		_cleanup_config_ Config *config = NULL;

		ck_assert_ptr_nonnull(end);
		text_append_bytes(&example, start, (size_t)(end - start));
		config = load(text_string(&example));
		line = end;
		n++;
	}
	ck_assert_uint_ge(n, 4);
}
END_TEST

HARNESS_MAIN("config", HARNESS_CASE(suite, "object", test_defaults, test_endpoint_defaults,
				    test_names, test_find);
	     HARNESS_CASE(suite, "problems", test_problem_format, test_problems_bounded);
	     HARNESS_CASE(suite, "diff", test_diff_sections, test_diff_within_kind,
			  test_diff_endpoints, test_endpoint_difference);
	     HARNESS_CASE(suite, "template", test_template_as_it_is, test_template_uncommented,
			  test_conf_file);
	     HARNESS_CASE(suite, "man", test_man_page_keys, test_man_page_examples);)
