/* SPDX-License-Identifier: MIT */
/*
 * Options may stand before or after the command. They are read with getopt_long(3), whose tables
 * are made from ours; what is wrong is said in our words and ends with status 2.
 */
#include "cli/cli.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/help.h"
#include "cli/output.h"
#include "common/clock.h"
#include "common/interface.h"
#include "common/parse.h"
#include "netopt-build.h"

#define OPTIONS_MAX     32
#define TIMEOUT_DEFAULT (10 * NSEC_PER_SEC)
#define TIMEOUT_MAX     NSEC_PER_HOUR
#define LIMIT_MAX       1000 /* that of the daemon */
#define PAIRS_MAX       60   /* likewise */

/* Of measure. Three seconds tell a lost SYN, sent again after one, from silence. */
#define COUNT_DEFAULT    20
#define COUNT_MAX        100000
#define INTERVAL_DEFAULT (200 * NSEC_PER_MSEC)
#define INTERVAL_MIN     (10 * NSEC_PER_MSEC) /* faster is load, not measurement */
#define PROBE_TIMEOUT    (3 * NSEC_PER_SEC)

/* Of audit. */
#define LOOK_DEFAULT (10 * NSEC_PER_SEC)
#define LOOK_MIN     NSEC_PER_SEC
#define ERROR_USAGE  "org.netopt.Client.Usage"

typedef struct Parsed {
	Settings settings;
	bool help, version;
	bool given[OPTIONS_MAX]; /* by index of the table: those that not every command takes */
	const char *own_name;    /* the command that this program is; NULL: none */
	CliCommand own_run;
} Parsed;

/* getopt's tables from ours. `short_options` has room for every letter with a colon. */
static void make_tables(struct option *long_options, char *short_options)
{
	size_t n = 0;

	assert(n_command_options < OPTIONS_MAX);
	short_options[n++] = ':'; /* a missing value is told apart from an unknown option */
	for (size_t i = 0; i < n_command_options; i++) {
		const CommandOption *option = &command_options[i];

		long_options[i] = (struct option){
			.name = option->name,
			.has_arg = !option->value            ? no_argument
				   : option->value[0] == '[' ? optional_argument
							     : required_argument,
			.val = (int)(256 + i),
		};
		if (option->letter)
			short_options[n++] = option->letter;
		if (option->letter && option->value)
			short_options[n++] = ':';
	}
	long_options[n_command_options] = (struct option){.name = NULL};
	short_options[n] = '\0';
}

static const CommandOption *find_option(const Command *command, int value)
{
	if (value < 256)
		return command_letter(command, (char)value);
	return (size_t)value - 256 < n_command_options ? &command_options[value - 256] : NULL;
}

static bool read_json(const char *value, Settings *settings)
{
	if (!value)
		settings->format = isatty(STDOUT_FILENO) ? FORMAT_JSON_PRETTY : FORMAT_JSON_SHORT;
	else if (text_equal(value, "short"))
		settings->format = FORMAT_JSON_SHORT;
	else if (text_equal(value, "pretty"))
		settings->format = FORMAT_JSON_PRETTY;
	else
		return false;
	return true;
}

static bool read_colour(const char *value, Settings *settings)
{
	if (text_equal(value, "auto"))
		return true;
	settings->colour = text_equal(value, "always");
	return settings->colour || text_equal(value, "never");
}

static bool read_timeout(const char *value, Settings *settings)
{
	uint64_t ns;

	if (parse_duration(value, &ns) < 0 || ns == 0 || ns > TIMEOUT_MAX)
		return false;
	settings->timeout_ns = settings->probe_timeout_ns = ns;
	return true;
}

static bool read_interval(const char *value, Settings *settings)
{
	uint64_t ns;

	if (parse_duration(value, &ns) < 0 || ns < INTERVAL_MIN || ns > NSEC_PER_HOUR)
		return false;
	settings->interval_ns = ns;
	return true;
}

static bool read_look(const char *value, Settings *settings)
{
	uint64_t ns;

	if (parse_duration(value, &ns) < 0 || ns < LOOK_MIN || ns > NSEC_PER_HOUR)
		return false;
	settings->duration_ns = ns;
	return true;
}

static bool read_number(const char *value, uint64_t minimum, uint64_t maximum, size_t *ret_number)
{
	uint64_t number;

	if (parse_uint64(value, minimum, maximum, &number) < 0)
		return false;
	*ret_number = (size_t)number;
	return true;
}

/* False: the value is not one of this option. */
static bool apply(const char *name, const char *value, Parsed *parsed)
{
	Settings *settings = &parsed->settings;

	if (text_equal(name, "json"))
		return read_json(value, settings);
	if (text_equal(name, "color"))
		return read_colour(value, settings);
	if (text_equal(name, "timeout"))
		return read_timeout(value, settings);
	if (text_equal(name, "limit"))
		return read_number(value, 1, LIMIT_MAX, &settings->limit);
	if (text_equal(name, "pairs"))
		return read_number(value, 1, PAIRS_MAX, &settings->pairs);
	if (text_equal(name, "count"))
		return read_number(value, 0, COUNT_MAX, &settings->count);
	if (text_equal(name, "interval"))
		return read_interval(value, settings);
	if (text_equal(name, "duration"))
		return read_look(value, settings);
	if (text_equal(name, "socket"))
		settings->socket = value;
	else if (text_equal(name, "row"))
		settings->row = value;
	else if (text_equal(name, "fix"))
		settings->fix = value;
	else if (text_equal(name, "name"))
		settings->name = value;
	else if (text_equal(name, "no-legend"))
		settings->legend = false;
	else if (text_equal(name, "quiet"))
		settings->quiet = true;
	else if (text_equal(name, "process"))
		settings->process = true;
	else if (text_equal(name, "csv"))
		settings->csv = true;
	else if (text_equal(name, "ipv4"))
		settings->ipv4 = true;
	else if (text_equal(name, "ipv6"))
		settings->ipv6 = true;
	else if (text_equal(name, "insecure"))
		settings->insecure = true;
	else if (text_equal(name, "help"))
		parsed->help = true;
	else if (text_equal(name, "version"))
		parsed->version = true;
	return true;
}

static int usage_error(const Settings *settings, const char *what, const char *which)
{
	return output_error(settings, CLI_USAGE, ERROR_USAGE, "%s: %s\nTry: netoptctl --help", what,
			    which);
}

/* What getopt did not like: a word of the command line, or one letter in it. */
static const char *culprit(char *argv[], char *buffer, size_t size)
{
	const char *word = argv[optind - 1];

	if (optopt > 0 && optopt < 256 && !text_starts_with(word, "--")) {
		(void)text_format(buffer, size, "-%c", optopt);
		return buffer;
	}
	return word;
}

/* The command that the options are of; NULL: none is named, or an unknown one. In a copy, since
 * getopt changes the order of the words, and with a value missing their meaning. */
static const Command *find_command(int argc, char *argv[], const char *short_options,
				   const struct option *long_options)
{
	_cleanup_free_ char **words = calloc((size_t)argc + 1, sizeof(*words));

	if (!words)
		return NULL;
	memcpy(words, argv, (size_t)argc * sizeof(*words));
	optind = 0; /* glibc: start afresh, also when called again */
	opterr = 0;
	while (getopt_long(argc, words, short_options, long_options, NULL) != -1)
		; /* what is wrong is said when they are read */
	return optind < argc ? command_find(words[optind]) : NULL;
}

static int read_options(int argc, char *argv[], Parsed *parsed)
{
	struct option long_options[OPTIONS_MAX];
	char short_options[2 * OPTIONS_MAX], buffer[8];
	const Command *command;
	int value;

	make_tables(long_options, short_options);
	command = find_command(argc, argv, short_options, long_options);
	optind = 0;
	while ((value = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
		const CommandOption *option;

		if (value == ':')
			return usage_error(&parsed->settings, "this option needs a value",
					   culprit(argv, buffer, sizeof(buffer)));
		option = value == '?' ? NULL : find_option(command, value);
		if (!option)
			return usage_error(&parsed->settings,
					   "unknown option, or one that takes no value",
					   culprit(argv, buffer, sizeof(buffer)));
		if (!apply(option->name, optarg, parsed))
			return output_error(&parsed->settings, CLI_USAGE, ERROR_USAGE,
					    "--%s does not take %s\nTry: netoptctl --help",
					    option->name, optarg);
		parsed->given[option - command_options] = true;
	}
	return CLI_OK;
}

static int say_version(const Settings *settings)
{
	Text text = {.data = NULL};

	if (settings->format != FORMAT_TEXT) {
		_cleanup_json_ Json *json = json_new_object();

		json_set_string(json, "version", NETOPT_VERSION);
		return output_json(settings, json);
	}
	text_append(&text, "netoptctl " NETOPT_VERSION "\n");
	return output_text(&text);
}

static int say_unknown_command(const Settings *settings, const char *name)
{
	const char *nearest = command_nearest(name);

	if (nearest)
		return output_error(settings, CLI_USAGE, ERROR_USAGE,
				    "unknown command: %s\nDid you mean: netoptctl %s", name,
				    nearest);
	return usage_error(settings, "unknown command", name);
}

/* NULL, or an option that was given but is none of this command. */
static const CommandOption *find_misplaced(const Parsed *parsed, const Command *command)
{
	for (size_t i = 0; i < n_command_options; i++)
		if (parsed->given[i] && !command_takes(command, &command_options[i]))
			return &command_options[i];
	return NULL;
}

static int run_command(const Parsed *parsed, char *const words[], size_t n)
{
	const Command *command = command_find(words[0]);
	const CommandOption *misplaced;

	if (!command)
		return say_unknown_command(&parsed->settings, words[0]);
	misplaced = find_misplaced(parsed, command);
	if (misplaced)
		return output_error(&parsed->settings, CLI_USAGE, ERROR_USAGE,
				    "--%s is no option of %s\nTry: netoptctl help %s",
				    misplaced->name, command->name, command->name);
	if (parsed->help)
		return help_print(&parsed->settings, command);
	n--;
	if (n < command->minimum)
		return output_error(&parsed->settings, CLI_USAGE, ERROR_USAGE,
				    "%s needs %s\nUsage: netoptctl %s %s", command->name,
				    command->minimum == 1 ? "an argument" : "more arguments",
				    command->name, command->usage);
	if (n > command->maximum)
		return output_error(&parsed->settings, CLI_USAGE, ERROR_USAGE,
				    "%s: one argument too many: %s\nUsage: netoptctl %s %s",
				    command->name, words[1 + command->maximum], command->name,
				    command->usage);
	if (text_equal(command->name, parsed->own_name))
		return parsed->own_run(&parsed->settings, words + 1, n);
	return command->run(&parsed->settings, words + 1, n);
}

int cli_run(int argc, char *argv[])
{
	return cli_run_command(argc, argv, NULL, NULL);
}

int cli_run_command(int argc, char *argv[], const char *name, CliCommand run)
{
	Parsed parsed = {
		.own_name = name,
		.own_run = run,
		.settings = {.socket = NETOPT_RUNTIME_DIRECTORY "/" INTERFACE_SOCKET_NAME,
			     .timeout_ns = TIMEOUT_DEFAULT,
			     .legend = true,
			     .colour = output_wants_colour(STDOUT_FILENO),
			     .width = output_width(STDOUT_FILENO),
			     .count = COUNT_DEFAULT,
			     .interval_ns = INTERVAL_DEFAULT,
			     .probe_timeout_ns = PROBE_TIMEOUT,
			     .duration_ns = LOOK_DEFAULT,
			     .argc = argc,
			     .argv = argv},
	};
	int r = read_options(argc, argv, &parsed);

	if (r != CLI_OK)
		return r;
	if (parsed.version)
		return say_version(&parsed.settings);
	if (optind < argc)
		return run_command(&parsed, argv + optind, (size_t)(argc - optind));
	if (parsed.help)
		return help_print(&parsed.settings, NULL);
	return output_error(&parsed.settings, CLI_USAGE, ERROR_USAGE,
			    "a command is needed\nTry: netoptctl --help");
}
