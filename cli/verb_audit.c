/* SPDX-License-Identifier: MIT */
/*
 * "audit" is a program of its own (audit/main.c): it reads the kernel as the daemon does.
 */
#include "cli/program.h"
#include "cli/verbs.h"

int verb_audit(const Settings *settings, char *const arguments[], size_t n)
{
	(void)arguments; /* it reads the command line itself */
	(void)n;
	return program_become(settings, "netopt-audit");
}
