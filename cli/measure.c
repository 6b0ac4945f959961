/* SPDX-License-Identifier: MIT */
/*
 * netopt-measure: "netoptctl measure", which netoptctl becomes (program.h). It needs no daemon, no
 * configuration and, but for ICMP on some hosts, no privilege.
 */
#include <errno.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/measure_advice.h"
#include "cli/measure_compare.h"
#include "cli/measure_csv.h"
#include "cli/measure_engine.h"
#include "cli/measure_progress.h"
#include "cli/measure_text.h"
#include "cli/output.h"
#include "common/clock.h"
#include "common/log.h"

#define ERROR_USAGE  "org.netopt.Client.Usage"
#define ERROR_FAILED "org.netopt.Client.MeasureFailed"

typedef struct Measure {
	const Settings *settings;
	MeasureTarget *targets;
	MeasureRun run;
	MeasureProgress progress;
	bool unwritten; /* standard output is full, or gone */
} Measure;

static void measure_clear(Measure *measure)
{
	for (size_t i = 0; i < measure->run.n; i++)
		measure_series_clear(&measure->run.items[i].series);
	free(measure->run.items);
	free(measure->targets);
}

static int say_no_memory(const Settings *settings)
{
	return output_error(settings, CLI_FAILED, ERROR_FAILED, "measure: %s", strerror(ENOMEM));
}

static void add_item(Measure *measure, const MeasureTarget *target, int family)
{
	measure->run.items[measure->run.n++] = (MeasureItem){.target = target, .family = family};
}

/* Returns a CliExit. */
static int add_targets(Measure *measure, char *const words[], size_t n)
{
	const Settings *settings = measure->settings;

	measure->targets = calloc(n, sizeof(*measure->targets));
	measure->run.items = calloc(2 * n, sizeof(*measure->run.items));
	if (!measure->targets || !measure->run.items)
		return say_no_memory(settings);
	for (size_t i = 0; i < n; i++) {
		MeasureTarget *target = &measure->targets[i];
		ConfigFault fault;

		if (measure_target_parse(words[i], target, &fault) != 0)
			return output_error(settings, CLI_USAGE, ERROR_USAGE,
					    "%s: %s\nTry: netoptctl help measure", words[i],
					    fault.text);
		if (settings->ipv4 || !settings->ipv6)
			add_item(measure, target, settings->ipv4 ? AF_INET : AF_UNSPEC);
		if (settings->ipv6)
			add_item(measure, target, AF_INET6);
	}
	return CLI_OK;
}

static void on_sample(void *context, const MeasureRun *run, size_t item)
{
	Measure *measure = context;
	Text text = {.data = NULL};

	measure_progress_draw(&measure->progress, run, item, clock_monotonic_ns(&clock_system));
	if (!measure->settings->csv)
		return;
	measure_csv_append(&run->items[item], &text);
	if (output_raw(&text) != CLI_OK)
		measure->unwritten = true;
}

/* Why those failed of which nothing was measured. Returns a CliExit: that of the first. */
static int say_problems(const Measure *measure)
{
	int status = CLI_OK;

	for (size_t i = 0; i < measure->run.n; i++) {
		const MeasureItem *item = &measure->run.items[i];
		_cleanup_(text_clear) Text problem = {.data = NULL};
		bool permission = measure_advice_is_permission(item);

		if (!measure_advice(item, &problem))
			continue;
		if (status == CLI_OK)
			status = permission ? CLI_PERMISSION : CLI_FAILED;
		/* With --json it is in the document. */
		if (measure->settings->format == FORMAT_TEXT)
			(void)output_error(measure->settings, status, ERROR_FAILED, "%s: %s",
					   item->target->text, text_string(&problem));
	}
	return status;
}

static int print_json(const Measure *measure)
{
	_cleanup_json_ Json *document = measure_document(&measure->run, true);

	if (json_failed())
		return say_no_memory(measure->settings);
	return output_json(measure->settings, document);
}

static int print_text(const Measure *measure)
{
	_cleanup_json_ Json *document = measure_document(&measure->run, false);
	const Json *targets = json_get(document, "targets");
	bool utf8 = !measure->settings->ascii;
	Text text = {.data = NULL};

	if (json_failed())
		return say_no_memory(measure->settings);
	for (size_t i = 0; i < measure->run.n; i++) {
		if (i > 0)
			text_append(&text, "\n");
		measure_text_append(&measure->run, i, json_at(targets, i), measure->settings, utf8,
				    &text);
	}
	if (measure->run.n > 1)
		measure_compare_append(&measure->run, measure->settings, &text);
	return output_text(&text);
}

static int print(const Measure *measure)
{
	if (measure->settings->csv)
		return measure->unwritten ? CLI_FAILED : CLI_OK;
	if (measure->settings->format != FORMAT_TEXT)
		return print_json(measure);
	return print_text(measure);
}

/* Returns a CliExit. */
static int run_all(Measure *measure)
{
	MeasureEngineParams params = {
		.verify = !measure->settings->insecure,
		.sample = on_sample,
		.context = measure,
	};
	int r = measure_engine_run(&params, &measure->run), status;

	measure_progress_clear(&measure->progress);
	if (r < 0)
		return output_error(measure->settings, CLI_FAILED, ERROR_FAILED, "measure: %s",
				    strerror(-r));
	r = print(measure);
	status = say_problems(measure);
	return r != CLI_OK ? r : status;
}

static int measure_run(const Settings *settings, char *const words[], size_t n)
{
	_cleanup_(measure_clear) Measure measure = {
		.settings = settings,
		.run = {.count = settings->count,
			.interval_ns = settings->interval_ns,
			.timeout_ns = settings->probe_timeout_ns},
	};
	int r;

	if (settings->csv && settings->format != FORMAT_TEXT)
		return output_error(settings, CLI_USAGE, ERROR_USAGE,
				    "--csv and --json: only one of them\n"
				    "Try: netoptctl help measure");
	r = add_targets(&measure, words, n);
	if (r != CLI_OK)
		return r;
	log_set_level(LOG_ERR);
	measure_progress_init(&measure.progress, settings);
	if (settings->csv) {
		Text header = {.data = NULL};

		measure_csv_header(&header);
		r = settings->legend ? output_raw(&header) : CLI_OK;
		text_clear(&header);
	}
	return r != CLI_OK ? r : run_all(&measure);
}

int main(int argc, char *argv[])
{
	return cli_run_command(argc, argv, "measure", measure_run);
}
