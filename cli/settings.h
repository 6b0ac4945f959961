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

/* What --max-p50 and the like allow: more than `warning` is a warning, more than `critical` is
 * critical. In usec, or permille of losses; -1: no such limit. */
typedef struct SettingsLimit {
	int64_t warning, critical;
} SettingsLimit;

typedef enum SettingsMeasure {
	MEASURE_P50,
	MEASURE_P95,
	MEASURE_P99,
	MEASURE_LOSS,
	_MEASURES,
} SettingsMeasure;

#define SETTINGS_ENDPOINTS_MAX 64

typedef struct Settings {
	const char *socket;
	uint64_t timeout_ns; /* for one call */
	SettingsFormat format;
	bool help, version;
	bool legend;   /* headings of tables */
	bool quiet;    /* no message when all went well */
	bool colour;   /* on stdout */
	bool ascii;    /* the locale has no other characters */
	bool pager;    /* what is longer than the terminal may go through one */
	bool process;  /* --process */
	bool full;     /* --full */
	bool defaults; /* --defaults */
	bool nagios;   /* --nagios */
	bool yes;      /* --yes: ask nothing */
	bool dry_run;  /* --dry-run: change nothing */
	size_t limit;  /* --limit; 0: the daemon's default */
	size_t pairs;  /* --pairs; 0: the daemon's default */
	size_t width;  /* of the terminal; SIZE_MAX: not a terminal, nothing is cut */
	size_t height; /* of the terminal; 0: not a terminal */
	SettingsLimit limits[_MEASURES];               /* --max-p50 and so on */
	const char *endpoints[SETTINGS_ENDPOINTS_MAX]; /* --endpoint, each time it is given */
	size_t n_endpoints;
	const char *export_as; /* --format; NULL: the default */

	/* report */
	const char *html; /* --html: the file; NULL: none */
	uint64_t span_ns; /* --span; 0: the daemon's default */

	/* measure */
	size_t count;              /* --count; 0: until interrupted */
	uint64_t interval_ns;      /* --interval */
	uint64_t probe_timeout_ns; /* --timeout, of one probe */
	bool csv, ipv4, ipv6, insecure;
	uint64_t update_ns; /* --interval, of watch */

	/* audit */
	uint64_t duration_ns;         /* --duration */
	const char *row, *fix, *name; /* --row, --fix, --name; NULL: not given */

	/* As netoptctl got it, for the programs that it becomes (program.h). */
	int argc;
	char **argv;
} Settings;
