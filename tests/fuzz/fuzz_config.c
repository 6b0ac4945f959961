/* SPDX-License-Identifier: MIT */
/*
 * A configuration either has problems, each at a place in the file and printable, or it is whole:
 * every value in its range, every endpoint with what its kind needs, and no key that its kind has
 * no use for.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "common/address.h"
#include "common/base.h"
#include "common/clock.h"
#include "common/ini.h"
#include "common/text.h"
#include "daemon/config/load.h"

static void check_problem(const ConfigProblem *problem, unsigned lines)
{
	_cleanup_free_ char *text = config_problem_format(problem);

	FUZZ_CHECK(text && text_is_utf8(text, strlen(text)));
	for (const char *c = text; *c != '\0'; c++)
		FUZZ_CHECK((unsigned char)*c >= ' ' && *c != 0x7f);
	FUZZ_CHECK(strcmp(problem->file, "fuzz.conf") == 0);
	FUZZ_CHECK(problem->line <= lines);
	FUZZ_CHECK(problem->line == 0 || problem->column >= 1);
	/* The end of a line, one past its last byte, is a place too. */
	FUZZ_CHECK(problem->column <= INI_LINE_MAX + 1);
	FUZZ_CHECK(problem->message[0] != '\0');
}

static void check_url(const ConfigEndpoint *endpoint)
{
	const char *scheme = endpoint->scheme;
	bool dns = strcmp(scheme, "dns") == 0, icmp = strcmp(scheme, "icmp") == 0;

	FUZZ_CHECK(text_starts_with(endpoint->url, scheme) && strlen(endpoint->url) <= 319);
	FUZZ_CHECK(strstr(endpoint->url, "://") == endpoint->url + strlen(scheme));
	FUZZ_CHECK(endpoint->host[0] != '\0' || dns);
	FUZZ_CHECK((endpoint->port == 0) == icmp);
	FUZZ_CHECK((endpoint->dns_type != 0) == dns);
	FUZZ_CHECK(strstr(endpoint->url, endpoint->host) != NULL);
	FUZZ_CHECK(!strpbrk(endpoint->host, " \t@/[]#?%"));
	Address address;
	FUZZ_CHECK(!strchr(endpoint->host, ':') || address_parse(endpoint->host, &address) == 0);
}

static void check_source(const ConfigEndpoint *endpoint)
{
	switch (endpoint->source.family) {
	case 0:
		break;
	case AF_INET:
		FUZZ_CHECK(endpoint->family == CONFIG_FAMILY_IPV4);
		break;
	default:
		FUZZ_CHECK(endpoint->family == CONFIG_FAMILY_IPV6);
	}
}

static bool in_order(uint64_t a, uint64_t b)
{
	return a == 0 || b == 0 || a <= b;
}

static void check_targets(const ConfigEndpoint *endpoint)
{
	uint64_t p50 = endpoint->target_p50_ns, p95 = endpoint->target_p95_ns,
		 p99 = endpoint->target_p99_ns;

	FUZZ_CHECK(in_order(p50, p95) && in_order(p95, p99) && in_order(p50, p99));
	FUZZ_CHECK(p50 <= endpoint->timeout_ns && p95 <= endpoint->timeout_ns &&
		   p99 <= endpoint->timeout_ns);
}

static void check_endpoint(const Config *config, const ConfigEndpoint *endpoint)
{
	bool http = text_starts_with(endpoint->scheme, "http");
	bool tls = !strcmp(endpoint->scheme, "tls") || !strcmp(endpoint->scheme, "https");

	FUZZ_CHECK(endpoint->name[0] != '\0' && memchr(endpoint->name, '\0', CONFIG_NAME_MAX));
	check_url(endpoint);
	check_source(endpoint);
	check_targets(endpoint);
	FUZZ_CHECK(endpoint->interval_ns >= 100 * NSEC_PER_MSEC &&
		   endpoint->interval_ns <= NSEC_PER_HOUR);
	FUZZ_CHECK(endpoint->timeout_ns >= 50 * NSEC_PER_MSEC &&
		   endpoint->timeout_ns <= NSEC_PER_MIN);
	FUZZ_CHECK(tls || (endpoint->verify && endpoint->ca_file[0] == '\0'));
	FUZZ_CHECK(endpoint->ca_file[0] == '\0' || endpoint->ca_file[0] == '/');
	FUZZ_CHECK(http || endpoint->body_limit_bytes == 1 << 20);
	FUZZ_CHECK(endpoint->body_limit_bytes >= 1024 && endpoint->body_limit_bytes <= 64 << 20);
	FUZZ_CHECK(memchr(endpoint->group, '\0', CONFIG_NAME_MAX));
	FUZZ_CHECK(config_find_endpoint(config, endpoint->name) == endpoint);
	FUZZ_CHECK(endpoint->file == config->files[0] && endpoint->line >= 1);
}

static void check_sensors(const Config *config)
{
	FUZZ_CHECK(!config->probe_peers || config->discover != CONFIG_DISCOVER_NO);
	FUZZ_CHECK(config->cpu_budget_ppm >= 100 && config->cpu_budget_ppm <= 1000000);
	FUZZ_CHECK(config->prefix_ipv4 >= 8 && config->prefix_ipv4 <= 32);
	FUZZ_CHECK(config->prefix_ipv6 >= 16 && config->prefix_ipv6 <= 128);
	FUZZ_CHECK(config->n_netns <= CONFIG_NETNS_MAX);
	FUZZ_CHECK(!config->netns_all || config->n_netns == 0);
	for (size_t i = 0; i < config->n_netns; i++) {
		FUZZ_CHECK(memchr(config->netns[i], '\0', CONFIG_NAME_MAX));
		FUZZ_CHECK(config->netns[i][0] != '\0' && !strchr(config->netns[i], '/'));
		FUZZ_CHECK(strcmp(config->netns[i], ".") && strcmp(config->netns[i], ".."));
	}
}

static void check_config(const Config *config)
{
	ConfigDiff diff = config_diff(config, config);

	FUZZ_CHECK(!diff.daemon && !diff.tuning && !diff.needs_restart);
	FUZZ_CHECK(diff.added + diff.removed + diff.changed == 0);
	FUZZ_CHECK(config->interval_ns >= NSEC_PER_SEC && config->interval_ns <= NSEC_PER_HOUR);
	FUZZ_CHECK(!config->socket || (config->socket[0] == '/' && strlen(config->socket) < 108));
	FUZZ_CHECK(!config->state_directory || config->state_directory[0] == '/');
	FUZZ_CHECK(config->fast_open_bits <= 3 && config->memory_budget_permille <= 1000);
	FUZZ_CHECK((config->memory_budget_permille == 0) != (config->memory_budget_bytes == 0));
	FUZZ_CHECK(config->n_congestion_allowed <= CONFIG_CC_MAX);
	FUZZ_CHECK((config->n_congestion_allowed == 0) ==
		   (config->congestion == CONFIG_TUNING_OFF));
	FUZZ_CHECK(config->n_endpoints <= CONFIG_ENDPOINTS_MAX && config->n_files == 1);
	check_sensors(config);
	for (size_t i = 0; i < config->n_endpoints; i++)
		check_endpoint(config, &config->endpoints[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(config_problems_clear) ConfigProblems problems = {0};
	Config *config = NULL;
	unsigned lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';

	int r = config_load_text("fuzz.conf", (const char *)data, size, &problems, &config);
	FUZZ_CHECK(r == 0 || r == CONFIG_INVALID);
	FUZZ_CHECK((r == 0) == (config != NULL) && (r == 0) == (problems.n == 0));
	for (size_t i = 0; i < problems.n; i++)
		check_problem(&problems.problems[i], lines);
	if (config)
		check_config(config);
	config_free(config);
	return 0;
}
