/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A report of the host: what was asked of the daemon, and the page made of it. The page is one HTML
 * file that needs nothing else: no script, no font and no image from anywhere.
 */
#include "cli/settings.h"
#include "common/json.h"
#include "common/text.h"

/* About 7 kB each. */
#define REPORT_CHARTS_MAX 24

typedef struct ReportData {
	Json *status;    /* of GetStatus */
	Json *endpoints; /* array */
	Json *changes;   /* array, newest first */
	Json *history;   /* of GetHistory */
	Json *audit;     /* array of findings; NULL: there is none */
	char host[256];  /* its name */
	int64_t now_s;   /* CLOCK_REALTIME */
} ReportData;

void report_data_clear(ReportData *data);
#define _cleanup_report_data_ _cleanup_(report_data_clear)

/* Asks for all of it. Returns a CliExit, having said what went wrong. */
int report_gather(const Settings *settings, ReportData *ret_data);

/* The sections of the page, in this order. */
void report_page(const ReportData *data, Text *page);
void report_changes(const ReportData *data, Text *page);
void report_charts(const ReportData *data, Text *page);
/* A heading for a section, which a link can point to. */
void report_heading(const char *id, const char *title, Text *page);
/* "2026-11-28 14:03" in the time zone of this process; "-" for 0 and less. */
void report_time(int64_t usec, Text *page);
