/* SPDX-License-Identifier: MIT */
/*
 * netoptd: keeps a host's network stack tuned. See ARCHITECTURE.md, and netoptd(8).
 */
#include <stdlib.h>

#include "daemon/daemon.h"

#define EXIT_USAGE 2

int main(int argc, char **argv)
{
	Options options;
	int code, r = options_parse(argc, argv, &options, &code);

	if (r == OPTIONS_EXIT)
		return code;
	if (r < 0)
		return EXIT_USAGE;
	if (options.check_config)
		return daemon_check_config(&options);
	return options.recover ? daemon_recover(&options) : daemon_run(&options);
}
