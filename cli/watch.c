/* SPDX-License-Identifier: MIT */
/*
 * netopt-watch: "netoptctl watch", which netoptctl becomes (program.h).
 */
#include "cli/watch.h"

#include "cli/cli.h"

static int run(const Settings *settings, char *const arguments[], size_t n)
{
	(void)arguments; /* none, says the table of commands */
	(void)n;
	return settings->format == FORMAT_TEXT ? watch_screen(settings) : watch_lines(settings);
}

int main(int argc, char *argv[])
{
	return cli_run_command(argc, argv, "watch", run);
}
