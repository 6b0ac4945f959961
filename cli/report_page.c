/* SPDX-License-Identifier: MIT */
/*
 * The page from its head to the table of endpoints, and its foot; the plots are in report_charts.c,
 * the changes in report_changes.c. Long names fold and wide tables scroll by themselves, so that
 * the page is as wide as the screen, also on a phone.
 */
#include "cli/report.h"

#include <inttypes.h>
#include <time.h>

#include "cli/endpoint.h"
#include "cli/html.h"
#include "cli/reply.h"
#include "cli/report-style.h"
#include "common/human.h"
#include "netopt-build.h"

void report_heading(const char *id, const char *title, Text *page)
{
	text_appendf(page, "<h2 id=\"%s\">%s</h2>\n", id, title);
}

void report_time(int64_t usec, Text *page)
{
	time_t seconds = (time_t)(usec / 1000000);
	struct tm parts;
	char buffer[32];

	if (usec <= 0 || !localtime_r(&seconds, &parts) ||
	    strftime(buffer, sizeof(buffer), "%Y-%m-%d %H:%M", &parts) == 0)
		(void)text_copy(buffer, sizeof(buffer), "-");
	text_append(page, buffer);
}

static void append_head(const ReportData *data, Text *page)
{
	text_append(page,
		    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
		    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
		    "<meta name=\"generator\" content=\"netoptctl " NETOPT_VERSION "\">\n"
		    "<title>Network report of ");
	html_append(page, data->host);
	text_append(page, "</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>" REPORT_STYLE
			  "</style></head>\n<body>\n<header><h1>Network report of ");
	html_append(page, data->host);
	text_append(page, "</h1>\n<p class=\"dim\">");
	report_time(data->now_s * 1000000, page);
	text_append(page, " · netoptd ");
	html_append(page, reply_word(data->status, "version"));
	text_append(page, " · Linux ");
	html_append(page, reply_word(data->status, "kernel"));
	text_append(page, " · mode ");
	html_append(page, reply_word(data->status, "mode"));
	text_append(page, "</p></header>\n");
}

static void append_health(const ReportData *data, Text *page)
{
	const char *health = reply_word(data->status, "health");
	const Json *reasons = json_get(data->status, "healthReasons");
	bool ok = text_equal(health, "ok");

	text_appendf(page, "<p class=\"health %s\">%s ", ok ? "good" : "bad", ok ? "✔" : "✘");
	html_append(page, ok ? "healthy" : health);
	text_append(page, "</p>\n");
	for (size_t i = 0; i < json_length(reasons); i++)
		html_element(page, "p", "bad", json_string(json_at(reasons, i)));
}

static void append_tile(const ReportData *data, const char *key, const char *what, Text *page)
{
	text_appendf(page, "<div><b>%" PRId64 "</b>%s</div>",
		     json_int(json_get(data->status, key), 0), what);
}

static void append_tiles(const ReportData *data, Text *page)
{
	text_append(page, "<div class=\"tiles\">");
	append_tile(data, "endpointsUp", "endpoints up", page);
	append_tile(data, "endpointsDown", "endpoints down", page);
	append_tile(data, "paths", "paths", page);
	append_tile(data, "changesInForce", "changes in force", page);
	append_tile(data, "changesRestored", "tried and put back", page);
	append_tile(data, "tunablesForeign", "set by others", page);
	text_append(page, "</div>\n");
}

/* The endpoints. */

static void append_latency_cell(const Json *window, const char *key, const char *class, Text *page)
{
	int64_t usec = json_int(json_get(window, key), -1);
	char buffer[HUMAN_MAX];

	html_element(page, "td", class, usec < 0 ? "-" : human_latency((uint64_t)usec, buffer));
}

static const char *state_class(const char *state, const char *slo)
{
	if (text_equal(state, "down") || text_equal(state, "unresolved") ||
	    text_equal(slo, "missed"))
		return "left bad";
	return text_equal(state, "up") ? "left good" : "left dim";
}

static void append_endpoint_row(const Json *endpoint, Text *page)
{
	const Json *window = endpoint_window(endpoint);
	const char *state = reply_word(endpoint, "state"), *slo = reply_word(endpoint, "slo");
	int64_t loss = json_int(json_get(window, "lossPermille"), -1);
	char buffer[HUMAN_MAX];

	text_append(page, "<tr><td>");
	html_append(page, reply_word(endpoint, "name"));
	text_append(page, " <small class=\"wide\">");
	html_append(page, reply_word(endpoint, "url"));
	text_append(page, "</small></td>");
	html_element(page, "td", state_class(state, slo),
		     text_equal(slo, "missed") ? "target missed" : state);
	append_latency_cell(window, "p50Usec", NULL, page);
	append_latency_cell(window, "p95Usec", NULL, page);
	append_latency_cell(window, "p99Usec", NULL, page);
	append_latency_cell(window, "maxUsec", "wide", page);
	html_element(page, "td", loss > 0 ? "bad" : NULL,
		     loss < 0 ? "-" : human_permille(loss, false, buffer));
	(void)text_format(buffer, sizeof(buffer), "%" PRId64,
			  json_int(json_get(window, "count"), 0));
	html_element(page, "td", "wide", buffer);
	text_append(page, "</tr>\n");
}

/* More rows than anybody reads; the rest is counted. */
#define ROWS_MAX 200

static void append_endpoints(const ReportData *data, Text *page)
{
	size_t n = json_length(data->endpoints);

	report_heading("endpoints", "Endpoints", page);
	if (n == 0) {
		text_append(page, "<p class=\"dim\">None are configured or discovered.</p>\n");
		return;
	}
	text_append(page, "<p class=\"dim\">The last 10 minutes; \"-\" stands for too few samples."
			  "</p>\n<div class=\"scroll\"><table><thead><tr><th>Endpoint</th>"
			  "<th class=\"left\">State</th><th>p50</th><th>p95</th><th>p99</th>"
			  "<th class=\"wide\">max</th><th>Loss</th><th class=\"wide\">n</th></tr>"
			  "</thead><tbody>\n");
	for (size_t i = 0; i < MIN(n, (size_t)ROWS_MAX); i++)
		append_endpoint_row(json_at(data->endpoints, i), page);
	text_append(page, "</tbody></table></div>\n");
	if (n > ROWS_MAX)
		text_appendf(page, "<p class=\"dim\">and %zu more.</p>\n", n - ROWS_MAX);
}

static void append_finding(const Json *finding, Text *page)
{
	const char *verdict = reply_word(finding, "verdict");

	text_appendf(page, "<tr><td>");
	html_append(page, reply_word(finding, "title"));
	text_append(page, "</td>");
	html_element(page, "td",
		     text_equal(verdict, "improve") ? "left warn"
		     : text_equal(verdict, "ok")    ? "left good"
						    : "left dim",
		     verdict);
	html_element(page, "td", "left words", reply_word(finding, "finding"));
	html_element(page, "td", "left words", reply_word(finding, "remedy"));
	text_append(page, "</tr>\n");
}

static void append_audit(const ReportData *data, Text *page)
{
	report_heading("audit", "Audit", page);
	if (json_length(data->audit) == 0) {
		text_append(page, "<p class=\"dim\">It could not be made: see <code>netoptctl "
				  "audit</code>.</p>\n");
		return;
	}
	text_append(page, "<div class=\"scroll\"><table><thead><tr><th>What</th>"
			  "<th class=\"left\">Verdict</th><th class=\"left\">Found</th>"
			  "<th class=\"left\">Remedy</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < json_length(data->audit); i++)
		append_finding(json_at(data->audit, i), page);
	text_append(page, "</tbody></table></div>\n");
}

void report_page(const ReportData *data, Text *page)
{
	append_head(data, page);
	append_health(data, page);
	append_tiles(data, page);
	append_endpoints(data, page);
	report_charts(data, page);
	report_changes(data, page);
	append_audit(data, page);
	text_append(page, "<footer><p class=\"dim\">p50, p95 and p99 are percentiles of single "
			  "probes; a failed probe counts as lost and never as a latency. A change "
			  "is kept only if paired blocks of traffic with and without it show a "
			  "benefit, and is put back otherwise.</p></footer>\n</body></html>\n");
}
