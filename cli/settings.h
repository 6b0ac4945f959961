/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the options of the command line say, as every command sees it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum SettingsFormat {
	FORMAT_TEXT,
	FORMAT_JSON_SHORT,
	FORMAT_JSON_PRETTY,
} SettingsFormat;

typedef struct Settings {
	const char *socket;
	uint64_t timeout_ns; /* for one call */
	SettingsFormat format;
	bool legend;  /* headings of tables */
	bool quiet;   /* no message when all went well */
	bool colour;  /* on stdout */
	bool process; /* --process */
	size_t limit; /* --limit; 0: the daemon's default */
	size_t pairs; /* --pairs; 0: the daemon's default */
	size_t width; /* of the terminal; SIZE_MAX: not a terminal, nothing is cut */

	/* measure */
	size_t count;              /* --count; 0: until interrupted */
	uint64_t interval_ns;      /* --interval */
	uint64_t probe_timeout_ns; /* --timeout, of one probe */
	bool csv, ipv4, ipv6, insecure;

	/* audit */
	uint64_t duration_ns;         /* --duration */
	const char *row, *fix, *name; /* --row, --fix, --name; NULL: not given */

	/* As netoptctl got it, for the programs that it becomes (program.h). */
	int argc;
	char **argv;
} Settings;
