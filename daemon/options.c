/* SPDX-License-Identifier: MIT */
/*
 * One table gives getopt_long(3) its options and --help its lines; tests hold the manual page
 * netoptd(8) against the output of --help.
 */
#include "daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "common/base.h"
#include "common/log.h"
#include "netopt-build.h"

typedef struct Row {
	const char *name;
	int code;
	const char *argument; /* NULL: none */
	const char *help;
} Row;

static const Row rows[] = {
	{"config", 'c', "FILE", "read FILE (and FILE.d/*.conf) instead of " NETOPT_CONFIG_FILE},
	{"check-config", 'C', NULL, "read the configuration, print every problem, exit 1 if any"},
	{"dry-run", 'n', NULL, "measure and propose, write nothing"},
	{"recover", 'r', NULL, "put back what an earlier instance left changed, and exit"},
	{"socket", 's', "PATH", "control socket"},
	{"state-directory", 'd', "DIR", "where the journal of changes is kept"},
	{"log-level", 'l', "LEVEL", "debug, info, notice, warning or error"},
	{"help", 'h', NULL, "show this help"},
	{"version", 'V', NULL, "show the version"},
};

static void print_help(void)
{
	printf("netoptd [OPTION]...\n\n"
	       "Measures latency and the kernel's TCP state, tunes the network stack on evidence,\n"
	       "proves each change, and keeps it or puts it back.\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char left[40];

		(void)snprintf(left, sizeof(left), "--%s%s%s", rows[i].name,
			       rows[i].argument ? " " : "",
			       rows[i].argument ? rows[i].argument : "");
		printf("  %s%s%-24s %s\n", rows[i].code == 'c' || rows[i].code == 'h' ? "-" : "  ",
		       rows[i].code == 'c'   ? "c, "
		       : rows[i].code == 'h' ? "h, "
					     : "  ",
		       left, rows[i].help);
	}
	printf("\nSignals: SIGTERM and SIGINT stop, SIGHUP reloads, SIGUSR1 logs the status.\n"
	       "Ask the running daemon with netoptctl(1). See netoptd(8), netopt.conf(5).\n");
}

static int set_option(int code, Options *options)
{
	switch (code) {
	case 'c':
		options->config_file = optarg;
		return 0;
	case 'C':
		options->check_config = true;
		return 0;
	case 'n':
		options->dry_run = true;
		return 0;
	case 'r':
		options->recover = true;
		return 0;
	case 's':
		options->socket = optarg;
		return 0;
	case 'd':
		options->state_directory = optarg;
		return 0;
	case 'l':
		if (log_parse_level(optarg, &options->log_level) == 0)
			return 0;
		fprintf(stderr,
			"netoptd: unknown log level '%s': debug, info, notice, warning or error\n",
			optarg);
		return -EINVAL;
	default:
		fprintf(stderr, "Try 'netoptd --help'.\n");
		return -EINVAL;
	}
}

int options_parse(int argc, char **argv, Options *ret_options, int *ret_code)
{
	struct option long_options[ARRAY_SIZE(rows) + 1] = {0};
	Options options = {.log_level = -1};
	int code;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		long_options[i] = (struct option){
			rows[i].name, rows[i].argument ? required_argument : no_argument, NULL,
			rows[i].code};

	while ((code = getopt_long(argc, argv, "c:hV", long_options, NULL)) != -1) {
		if (code == 'h' || code == 'V') {
			if (code == 'h')
				print_help();
			else
				printf("netoptd %s\n", NETOPT_VERSION);
			*ret_code = 0;
			return OPTIONS_EXIT;
		}
		if (set_option(code, &options) < 0)
			return -EINVAL;
	}
	if (optind < argc) {
		fprintf(stderr, "netoptd: unexpected argument '%s'\nTry 'netoptd --help'.\n",
			argv[optind]);
		return -EINVAL;
	}
	*ret_options = options;
	return 0;
}
