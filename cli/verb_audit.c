/* SPDX-License-Identifier: MIT */
#include "cli/program.h"
#include "cli/verbs.h"

int verb_audit(const Settings *settings, char *const arguments[], size_t n)
{
	(void)arguments;
	(void)n;
	return program_become(settings, "netopt-audit");
}
