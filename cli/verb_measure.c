/* SPDX-License-Identifier: MIT */
/*
 * "measure" is a program of its own (measure.c): probes take an event loop and OpenSSL.
 */
#include "cli/program.h"
#include "cli/verbs.h"

int verb_measure(const Settings *settings, char *const arguments[], size_t n)
{
	(void)arguments; /* it reads the command line itself */
	(void)n;
	return program_become(settings, "netopt-measure");
}
