/* SPDX-License-Identifier: MIT */
/*
 * netoptctl. Everything is in the library beside it, so that tests can run it without a process.
 */
#include "cli/cli.h"

int main(int argc, char *argv[])
{
	return cli_run(argc, argv);
}
