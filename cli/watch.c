/* SPDX-License-Identifier: MIT */
/*
 * netopt-watch: "netoptctl watch", which netoptctl becomes (program.h).
 */
#include "cli/watch.h"

#include "cli/cli.h"
#include "cli/output.h"
#include "common/clock.h"

#define INTERVAL_MIN (100 * NSEC_PER_MSEC) /* that of Monitor */

static int run(const Settings *settings, char *const arguments[], size_t n)
{
	(void)arguments; /* none, says the table of commands */
	(void)n;
	if (settings->update_ns < INTERVAL_MIN)
		return output_error(settings, CLI_USAGE, "org.netopt.Client.Usage",
				    "watch: the interval is from 100ms to 1h");
	return settings->format == FORMAT_TEXT ? watch_screen(settings) : watch_lines(settings);
}

int main(int argc, char *argv[])
{
	return cli_run_command(argc, argv, "watch", run);
}
