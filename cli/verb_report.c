/* SPDX-License-Identifier: MIT */
/*
 * The report: as a page in a file, as JSON, or in short on the terminal. The file is written beside
 * its place and renamed, so a page that is being looked at is never half of one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cell.h"
#include "cli/change.h"
#include "cli/cli.h"
#include "cli/endpoint.h"
#include "cli/program.h"
#include "cli/report.h"
#include "cli/verbs.h"
#include "common/durable.h"

/* Long enough for what goes on all the time; who wants to see more runs the audit itself. */
#define AUDIT_DURATION "3s"

#define PAGE_MODE 0644

/* 0 or negative errno, with nothing left behind. */
static int replace_file(const char *path, const Text *page)
{
	_cleanup_(text_clear) Text folder = {.data = NULL};
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	_cleanup_close_ int directory = -1;
	mode_t mask = umask(0);

	(void)umask(mask);
	text_append_bytes(&folder, path, (size_t)(name - path));
	if (folder.failed || page->failed)
		return -ENOMEM;
	directory = open(slash ? text_string(&folder) : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return -errno;
	return durable_replace(directory, name, page->data, page->length, PAGE_MODE & ~mask);
}

static int write_page(const Settings *settings, const ReportData *data)
{
	_cleanup_(text_clear) Text page = {.data = NULL};
	int r;

	report_page(data, &page);
	if (text_equal(settings->html, "-"))
		return output_raw(&page);
	r = replace_file(settings->html, &page);
	if (r < 0)
		return output_error(settings, CLI_FAILED, "org.netopt.Client.Failed",
				    "cannot write %s: %s", settings->html, strerror(-r));
	if (!settings->quiet)
		fprintf(stderr, "%s: %zu kB; open it in a browser\n", settings->html,
			(page.length + 999) / 1000);
	return CLI_OK;
}

static int print_json(const Settings *settings, const ReportData *data)
{
	_cleanup_json_ Json *json = json_new_object();

	json_set_string(json, "host", data->host);
	json_set_int(json, "realtimeUsec", data->now_s * 1000000);
	json_set(json, "status", json_reference(data->status));
	json_set(json, "endpoints", json_reference(data->endpoints));
	json_set(json, "history", json_reference(data->history));
	json_set(json, "changes", json_reference(data->changes));
	json_set(json, "audit", data->audit ? json_reference(data->audit) : json_new_array());
	return output_json(settings, json);
}

/* In short. */

static const TableColumn endpoint_columns[] = {
	{.title = "ENDPOINT", .flexible = true, .least = 12},
	{.title = "STATE"},
	{.title = "P50", .right = true},
	{.title = "P95", .right = true, .drop = 2},
	{.title = "P99", .right = true},
	{.title = "MAX", .right = true, .drop = 3},
	{.title = "LOSS", .right = true},
	{.title = "N", .right = true, .drop = 1},
};

static const TableColumn change_columns[] = {
	{.title = "ID", .right = true},
	{.title = "OUTCOME"},
	{.title = "EFFECT", .right = true, .drop = 1},
	{.title = "VALUES", .flexible = true, .least = 24},
};

static void append_endpoints(const Settings *settings, const Json *endpoints, Text *text)
{
	_cleanup_table_ Table table = {.cells = NULL};

	if (json_length(endpoints) == 0)
		return;
	text_append(text, "\n");
	table_init(&table, endpoint_columns, ARRAY_SIZE(endpoint_columns));
	for (size_t i = 0; i < json_length(endpoints); i++) {
		const Json *endpoint = json_at(endpoints, i);

		cell_text(&table, endpoint, "name");
		cell_judged(&table, endpoint, "state");
		endpoint_cells(&table, endpoint_window(endpoint));
	}
	table_append(&table, settings, 0, text);
}

static void append_changes(const Settings *settings, const Json *changes, Text *text)
{
	_cleanup_table_ Table table = {.cells = NULL};

	if (json_length(changes) == 0)
		return;
	text_append(text, "\n");
	table_init(&table, change_columns, ARRAY_SIZE(change_columns));
	for (size_t i = 0; i < json_length(changes); i++) {
		_cleanup_(text_clear) Text values = {.data = NULL};
		const Json *change = json_at(changes, i);
		const char *outcome = change_outcome(change);

		cell_count(&table, change, "id");
		table_add(&table, cell_style(outcome), outcome);
		cell_permille(&table, json_get(change, "trial"), "gainPermille", true);
		change_values(change, &values);
		table_add(&table, STYLE_PLAIN, text_string(&values));
	}
	table_append(&table, settings, 0, text);
}

static int print_text(const Settings *settings, const ReportData *data)
{
	Text text = {.data = NULL};
	const char *health = json_string(json_get(data->status, "health"));
	const Json *reasons = json_get(data->status, "healthReasons");

	output_append(settings, &text, STYLE_BOLD, data->host);
	text_append(&text, ", ");
	report_time(data->now_s * 1000000, &text);
	text_append(&text, ": ");
	output_append(settings, &text, cell_style(health), health ? health : "-");
	text_append(&text, "\n");
	for (size_t i = 0; i < json_length(reasons); i++) {
		text_append(&text, "  ");
		output_append(settings, &text, STYLE_BAD, json_string(json_at(reasons, i)));
		text_append(&text, "\n");
	}
	append_endpoints(settings, data->endpoints, &text);
	append_changes(settings, data->changes, &text);
	if (settings->legend)
		text_append(&text, "\nWith plots, as one page: netoptctl report --html FILE\n");
	return output_text(&text);
}

/* What the audit finds, with those of its own exit statuses that are no failure. Without it the
 * report has one section less, which it says. */
static void gather_audit(const Settings *settings, ReportData *data)
{
	char *const argv[] = {(char *)"netoptctl", (char *)"audit",          (char *)"--json=short",
			      (char *)"--quiet",   (char *)"--duration",     (char *)AUDIT_DURATION,
			      (char *)"--socket",  (char *)settings->socket, NULL};
	_cleanup_(text_clear) Text output = {.data = NULL};
	_cleanup_json_ Json *reply = NULL;
	int r;

	if (!settings->quiet && isatty(STDERR_FILENO))
		fprintf(stderr, "looking at this host for " AUDIT_DURATION "\n");
	r = program_capture("netopt-audit", argv, &output);
	if ((r == CLI_OK || r == CLI_EXCEEDED) &&
	    json_parse(text_string(&output), output.length, &reply) == 0 &&
	    json_get(reply, "findings"))
		data->audit = json_reference(json_get(reply, "findings"));
}

int verb_report(const Settings *settings, char *const arguments[], size_t n)
{
	_cleanup_report_data_ ReportData data = {.status = NULL};
	int r = report_gather(settings, &data);

	(void)arguments;
	(void)n;
	if (r != CLI_OK)
		return r;
	if (settings->html || settings->format != FORMAT_TEXT)
		gather_audit(settings, &data);
	if (settings->html)
		return write_page(settings, &data);
	return settings->format == FORMAT_TEXT ? print_text(settings, &data)
					       : print_json(settings, &data);
}
