/* SPDX-License-Identifier: MIT */
#include "cli/command.h"

#include <string.h>

#include "cli/verbs.h"
#include "common/base.h"
#include "common/text.h"

#define NAMES_MAX 64

const Command commands[] = {
	{"status", "", "Show health, endpoints and tuning on one screen",
	 "Percentiles and loss are of the last 10 minutes; \"-\" stands for too few samples.",
	 ARGUMENT_NONE, 0, 0, verb_status},
	{"endpoints", "[NAME]", "List the endpoints and their latency, or all about one",
	 "Percentiles and loss are of the last 10 minutes; MOSTLY says which part of the latency "
	 "is "
	 "the greatest. With a name: every phase and window, the parts, and what the peer told.",
	 ARGUMENT_ENDPOINT, 0, 1, verb_endpoints},
	{"paths", "", "List the destinations of this host's connections, busiest first", "",
	 ARGUMENT_NONE, 0, 0, verb_paths},
	{"flows", "", "List this host's TCP connections, busiest first",
	 "First those that moved data in the last 10 seconds, by bytes. LIMIT is what held the "
	 "sender back for most of the time.",
	 ARGUMENT_NONE, 0, 0, verb_flows},
	{"listeners", "", "List the listening sockets, those that lost connections first", "",
	 ARGUMENT_NONE, 0, 0, verb_listeners},
	{"links", "", "List the network interfaces and the default routes", "", ARGUMENT_NONE, 0, 0,
	 verb_links},
	{"destinations", "", "List what the kernel remembers of destinations", "", ARGUMENT_NONE, 0,
	 0, verb_destinations},
	{"counters", "", "List the kernel's counters that decisions rest on", "", ARGUMENT_NONE, 0,
	 0, verb_counters},
	{"namespaces", "", "List the other network namespaces that are watched", "", ARGUMENT_NONE,
	 0, 0, verb_namespaces},
	{"tunables", "", "List what netoptd can change, the values and whose they are", "",
	 ARGUMENT_NONE, 0, 0, verb_tunables},
	{"changes", "[ID]", "List the changes, newest first, or one of them", "", ARGUMENT_CHANGE,
	 0, 1, verb_changes},
	{"trials", "", "List the trials under way, and the last ones",
	 "E-VALUE is the evidence for a benefit, of what it takes to keep the change; it grows "
	 "with "
	 "each pair of blocks that agrees.",
	 ARGUMENT_NONE, 0, 0, verb_trials},
	{"routes", "", "List the routes that netoptd installed for single destinations", "",
	 ARGUMENT_NONE, 0, 0, verb_routes},
	{"explain", "SUBJECT",
	 "Explain an endpoint, path, tunable or change, and why nothing was done",
	 "SUBJECT is told by what it looks like: a number is a change, an address or prefix a "
	 "path, a key or the last part of it (tcp_rmem) a tunable, all else an endpoint. Where "
	 "that is not enough: endpoint:NAME, path:ADDRESS, tunable:KEY, change:ID.",
	 ARGUMENT_SUBJECT, 1, 1, verb_explain},
	{"advise", "", "Show what Mode=auto would do now, and what stands in the way",
	 "Nothing is written. An advice keeps its id while it stays the same: \"apply\" takes it.",
	 ARGUMENT_NONE, 0, 0, verb_advise},
	{"apply", "ID", "Begin the trial of an advice now, whatever the mode is",
	 "With the evidence of now, the same proof and the same guards as any other. Needs root or "
	 "membership of the daemon's group.",
	 ARGUMENT_ADVICE, 1, 1, verb_apply},
	{"hold", "ID [DURATION|0]", "Let the values of a change stay as they are for a while",
	 "No re-test, no restoration by itself, no new proposal about its tunables; without a "
	 "duration until \"hold ID 0\". Needs root or membership of the daemon's group.",
	 ARGUMENT_CHANGE, 1, 2, verb_hold},
	{"verify", "", "Check that what is live is what netoptd believes",
	 "Sysctls, routes, the journal on disk, and the congestion control of live connections. "
	 "Exits with 1 if something differs, and says what to do about it.",
	 ARGUMENT_NONE, 0, 0, verb_verify},
	{"revert", "ID|all", "Put back the values of before a change, or of before all",
	 "Needs root or membership of the daemon's group.", ARGUMENT_CHANGE_OR_ALL, 1, 1,
	 verb_revert},
	{"trial", "aa ADDRESS", "Compare a setting with itself on a path, to see the error",
	 "What it finds is chance: an effect that is kept would be a false one. The path is one "
	 "that "
	 "\"paths\" lists. Needs root or membership of the daemon's group.",
	 ARGUMENT_TRIAL, 2, 2, verb_trial},
	{"pause", "[DURATION]", "Change nothing new for a while, or until resumed",
	 "A duration is like 90s, 15min or 1h 30min (quoted). Needs root or membership of the "
	 "daemon's group.",
	 ARGUMENT_DURATION, 0, 1, verb_pause},
	{"resume", "", "End a pause", "Needs root or membership of the daemon's group.",
	 ARGUMENT_NONE, 0, 0, verb_resume},
	{"reload", "", "Read the configuration again",
	 "A bad configuration is refused, with every problem listed, and the old one stays. Needs "
	 "root or membership of the daemon's group.",
	 ARGUMENT_NONE, 0, 0, verb_reload},
	{"log-level", "[LEVEL]", "Show the daemon's log level, or set it until the next start",
	 "LEVEL is err, warning, notice, info or debug. Setting it needs root or membership of the "
	 "daemon's group.",
	 ARGUMENT_LEVEL, 0, 1, verb_log_level},
	{"help", "[COMMAND]", "Show this help, or that of a command", "", ARGUMENT_COMMAND, 0, 1,
	 verb_help},
	{"completion", "bash|zsh|fish", "Print the completion script of a shell", "",
	 ARGUMENT_SHELL, 1, 1, verb_completion},
};
const size_t n_commands = ARRAY_SIZE(commands);

const CommandOption command_options[] = {
	{'h', "help", NULL, NULL, "Show help, also after a command", NULL},
	{0, "version", NULL, NULL, "Show the version", NULL},
	{0, "json", "[=short|pretty]", "short pretty", "Print JSON, errors too", NULL},
	{0, "socket", "PATH", NULL, "Connect to this socket", NULL},
	{0, "timeout", "DURATION", NULL, "Wait this long for an answer (default 10s)", NULL},
	{0, "no-legend", NULL, NULL, "Print tables without headings", NULL},
	{0, "color", "WHEN", "auto always never", "Use colour: auto, always or never", NULL},
	{'q', "quiet", NULL, NULL, "Print no message when all went well", NULL},
	{'n', "limit", "NUMBER", NULL, "List at most so many, up to 1000",
	 "paths flows listeners links destinations namespaces trials routes"},
	{0, "pairs", "NUMBER", NULL, "Compare so many pairs of blocks, up to 60 (default 20)",
	 "trial"},
	{'p', "process", NULL, NULL, "Show whose each socket is", "flows listeners"},
};
const size_t n_command_options = ARRAY_SIZE(command_options);

const Command *command_find(const char *name)
{
	for (size_t i = 0; i < n_commands; i++)
		if (text_equal(commands[i].name, name))
			return &commands[i];
	return NULL;
}

bool command_takes(const Command *command, const CommandOption *option)
{
	size_t length = strlen(command->name);

	if (!option->commands)
		return true;
	for (const char *at = option->commands; at; at = strchr(at, ' ')) {
		at += *at == ' ';
		if (text_starts_with(at, command->name) &&
		    (at[length] == ' ' || at[length] == '\0'))
			return true;
	}
	return false;
}

const char *command_nearest(const char *name)
{
	const char *names[NAMES_MAX];

	assert(n_commands <= NAMES_MAX);
	for (size_t i = 0; i < n_commands; i++)
		names[i] = commands[i].name;
	return text_nearest(name, names, n_commands);
}
