/* SPDX-License-Identifier: MIT */
/*
 * A configuration either has problems, each at a place in the file and printable, or it is whole:
 * every value in its range, every endpoint with a host and a port.
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

static void check_endpoint(const Config *config, const ConfigEndpoint *endpoint)
{
	FUZZ_CHECK(endpoint->name[0] != '\0' && memchr(endpoint->name, '\0', CONFIG_NAME_MAX));
	FUZZ_CHECK(text_starts_with(endpoint->url, "tcp://") && strlen(endpoint->url) <= 319);
	FUZZ_CHECK(endpoint->host[0] != '\0' && endpoint->port > 0);
	FUZZ_CHECK(strstr(endpoint->url, endpoint->host) != NULL);
	FUZZ_CHECK(!strpbrk(endpoint->host, " \t@/[]#?%"));
	Address address;
	FUZZ_CHECK(!strchr(endpoint->host, ':') || address_parse(endpoint->host, &address) == 0);
	FUZZ_CHECK(endpoint->interval_ns >= 100 * NSEC_PER_MSEC &&
		   endpoint->interval_ns <= NSEC_PER_HOUR);
	FUZZ_CHECK(endpoint->timeout_ns >= 50 * NSEC_PER_MSEC &&
		   endpoint->timeout_ns <= NSEC_PER_MIN);
	FUZZ_CHECK(endpoint->target_p99_ns <= NSEC_PER_MIN);
	FUZZ_CHECK(config_find_endpoint(config, endpoint->name) == endpoint);
	FUZZ_CHECK(endpoint->file == config->files[0] && endpoint->line >= 1);
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
