/* SPDX-License-Identifier: MIT */
/*
 * "watch" is a program of its own (watch.c): a screen takes ncurses.
 */
#include "cli/program.h"
#include "cli/verbs.h"

int verb_watch(const Settings *settings, char *const arguments[], size_t n)
{
	(void)arguments; /* it reads the command line itself */
	(void)n;
	return program_become(settings, "netopt-watch");
}
