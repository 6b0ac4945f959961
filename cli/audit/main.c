/* SPDX-License-Identifier: MIT */
/*
 * netopt-audit: "netoptctl audit", which netoptctl becomes (cli/program.h). Looks, asks the daemon
 * if it runs, judges each row, and says what to do.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/audit/fix.h"
#include "cli/audit/observe.h"
#include "cli/audit/show.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/endpoint_fetch.h"
#include "cli/output.h"
#include "common/address.h"
#include "common/interface.h"
#include "common/log.h"

#define ERROR_USAGE  "org.netopt.Client.Usage"
#define ERROR_FAILED "org.netopt.Client.AuditFailed"
#define ROWS_MAX     32

typedef struct Audit {
	const Settings *settings;
	Json *endpoints; /* NULL: no daemon */
	Observation *seen;
	AuditResult results[ROWS_MAX];
	size_t n;
} Audit;

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

static const AuditRow *find_row(const char *name)
{
	for (size_t i = 0; i < n_audit_rows; i++)
		if (text_equal(audit_rows[i].name, name))
			return &audit_rows[i];
	return NULL;
}

static int say_unknown_row(const Settings *settings, const char *name)
{
	_cleanup_(text_clear) Text names = {.data = NULL};

	for (size_t i = 0; i < n_audit_rows; i++)
		text_appendf(&names, " %s", audit_rows[i].name);
	return output_error(settings, CLI_USAGE, ERROR_USAGE,
			    "%s is no row of the audit; there are:%s", name, text_string(&names));
}

/* All, or the one that was asked for. Returns a CliExit. */
static int select_rows(Audit *audit)
{
	const char *name = audit->settings->row;
	const AuditRow *row = name ? find_row(name) : NULL;

	if (name && !row)
		return say_unknown_row(audit->settings, name);
	assert(n_audit_rows <= ROWS_MAX);
	for (size_t i = 0; i < n_audit_rows; i++)
		if (!row || row == &audit_rows[i])
			audit->results[audit->n++].row = &audit_rows[i];
	return CLI_OK;
}

/* The daemon is a help and no need: that it does not run is what some rows say. */
static void ask_daemon(Audit *audit)
{
	_cleanup_client_ Client client = CLIENT_NULL;
	_cleanup_json_ Json *reply = NULL;

	if (access(audit->settings->socket, F_OK) < 0 ||
	    client_open(audit->settings, &client) != CLI_OK)
		return;
	if (endpoint_fetch_all(&client, &reply) == CLI_OK && json_get(reply, "endpoints"))
		audit->endpoints = json_reference(json_get(reply, "endpoints"));
}

/* Between "//" and what ends a host; "" if it is an address, which needs no lookup. */
static void host_of(const char *url, char *buffer, size_t size)
{
	const char *start = strstr(url, "//");
	size_t length;
	Address address;

	start = start ? start + 2 : url;
	length = strcspn(start, *start == '[' ? "]" : ":/");
	if (!text_format(buffer, size, "%.*s", (int)length, start) ||
	    address_parse(buffer, &address) == 0 || *buffer == '[')
		buffer[0] = '\0';
}

static void look_up_names(Audit *audit)
{
	char name[256];

	if (audit->settings->name)
		observe_name(audit->seen, audit->settings->name);
	for (size_t i = 0; i < json_length(audit->endpoints); i++) {
		const char *url = json_string(json_get(json_at(audit->endpoints, i), "url"));

		host_of(url ? url : "", name, sizeof(name));
		if (*name)
			observe_name(audit->seen, name);
	}
}

static bool on_progress(unsigned permille, void *context)
{
	const Settings *settings = context;

	if (!settings->quiet && isatty(STDERR_FILENO))
		fprintf(stderr, "\rlooking at this host: %3u %%", permille / 10);
	return !interrupted;
}

static void end_progress(const Settings *settings)
{
	if (!settings->quiet && isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
}

static bool is_selected(const Audit *audit, const char *name)
{
	for (size_t i = 0; i < audit->n; i++)
		if (text_equal(audit->results[i].row->name, name))
			return true;
	return false;
}

/* No longer than any of the rows needs. */
static uint64_t looking_ns(const Audit *audit)
{
	for (size_t i = 0; i < audit->n; i++)
		if (audit->results[i].row->takes_time)
			return audit->settings->duration_ns;
	return 0;
}

static void judge(Audit *audit)
{
	AuditInput input = {.endpoints = audit->endpoints, .seen = audit->seen};

	for (size_t i = 0; i < audit->n; i++)
		audit->results[i].row->assess(&input, &audit->results[i].findings);
}

/* Returns a CliExit. */
static int show(const Audit *audit)
{
	Text text = {.data = NULL};
	AuditVerdict worst = AUDIT_UNKNOWN;
	int r;

	for (size_t i = 0; i < audit->n; i++)
		worst = MAX(worst, audit_verdict(&audit->results[i].findings));
	if (audit->settings->format != FORMAT_TEXT) {
		_cleanup_json_ Json *json = audit_to_json(audit->results, audit->n);

		r = output_json(audit->settings, json);
	} else {
		audit_show(audit->settings, audit->results, audit->n, &text);
		r = output_text(&text);
	}
	return r == CLI_OK && worst == AUDIT_IMPROVE ? CLI_EXCEEDED : r;
}

static int run(const Settings *settings, char *const arguments[], size_t n)
{
	static Audit audit;
	static Observation seen;
	int r;

	(void)arguments;
	(void)n;
	if (settings->fix)
		return fix_run(settings, settings->fix);
	audit.settings = settings;
	audit.seen = &seen;
	r = select_rows(&audit);
	if (r != CLI_OK)
		return r;
	(void)signal(SIGINT, on_signal); /* ends the looking; what was seen is judged */
	r = observe(looking_ns(&audit), on_progress, (void *)settings, &seen);
	end_progress(settings);
	if (r < 0) {
		observation_clear(&seen);
		return output_error(settings, CLI_FAILED, ERROR_FAILED, "audit: %s", strerror(-r));
	}
	ask_daemon(&audit);
	if (is_selected(&audit, "dns-cache"))
		look_up_names(&audit);
	judge(&audit);
	r = show(&audit);
	observation_clear(&seen);
	json_free(audit.endpoints);
	return r;
}

int main(int argc, char *argv[])
{
	return cli_run_command(argc, argv, "audit", run);
}
