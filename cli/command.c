/* SPDX-License-Identifier: MIT */
#include "cli/command.h"

#include <string.h>

#include "cli/export.h"
#include "cli/verbs.h"
#include "common/base.h"
#include "common/text.h"

#define NAMES_MAX 64
#define URLS_MAX  16

const Command commands[] = {
	{"status", "", "Show health, endpoints and tuning on one screen",
	 "Percentiles and loss are of the last 10 minutes; \"-\" stands for too few samples.",
	 ARGUMENT_NONE, 0, 0, .run = verb_status},
	{"endpoints", "[NAME]", "List the endpoints and their latency, or all about one",
	 "Percentiles and loss are of the last 10 minutes; MOSTLY says which part of the latency "
	 "is "
	 "the greatest. With a name: every phase and window, the parts, and what the peer told.",
	 ARGUMENT_ENDPOINT, 0, 1, .run = verb_endpoints},
	{"paths", "", "List the destinations of this host's connections, busiest first", "",
	 ARGUMENT_NONE, 0, 0, .list = &list_of_paths},
	{"flows", "", "List this host's TCP connections, busiest first",
	 "First those that moved data in the last 10 seconds, by bytes. LIMIT is what held the "
	 "sender back for most of the time.",
	 ARGUMENT_NONE, 0, 0, .list = &list_of_flows},
	{"listeners", "", "List the listening sockets, those that lost connections first", "",
	 ARGUMENT_NONE, 0, 0, .list = &list_of_listeners},
	{"links", "", "List the network interfaces and the default routes", "", ARGUMENT_NONE, 0, 0,
	 .run = verb_links},
	{"destinations", "", "List what the kernel remembers of destinations", "", ARGUMENT_NONE, 0,
	 0, .list = &list_of_destinations},
	{"counters", "", "List the kernel's counters that decisions rest on", "", ARGUMENT_NONE, 0,
	 0, .run = verb_counters},
	{"namespaces", "", "List the other network namespaces that are watched", "", ARGUMENT_NONE,
	 0, 0, .list = &list_of_namespaces},
	{"tunables", "", "List what netoptd can change, the values and whose they are", "",
	 ARGUMENT_NONE, 0, 0, .list = &list_of_tunables},
	{"diff", "", "Show what differs from before netoptd, and whose it is",
	 "With --defaults: from what the kernel has where nobody sets anything, as far as that is "
	 "certain.",
	 ARGUMENT_NONE, 0, 0, .run = verb_diff},
	{"changes", "[ID]", "List the changes, newest first, or one of them", "", ARGUMENT_CHANGE,
	 0, 1, .run = verb_changes},
	{"trials", "", "List the trials under way, and the last ones",
	 "E-VALUE is the evidence for a benefit, of what it takes to keep the change; it grows "
	 "with "
	 "each pair of blocks that agrees.",
	 ARGUMENT_NONE, 0, 0, .run = verb_trials},
	{"routes", "", "List the routes that netoptd installed for single destinations", "",
	 ARGUMENT_NONE, 0, 0, .list = &list_of_routes},
	{"check", "", "Check endpoints against thresholds, for a monitoring system",
	 "Without a threshold: against their own targets. Ends with 6 if one is exceeded or an "
	 "endpoint is down, with 1 if too little is known; with --nagios as a plugin: 0 ok, 1 "
	 "warning, 2 critical, 3 unknown. Thresholds are CRITICAL or WARNING,CRITICAL.",
	 ARGUMENT_NONE, 0, 0, .run = verb_check},
	{"compare", "[GROUP]", "Rank the endpoints of a group, or list the groups",
	 "The interval is that of the median, with 95 % confidence; where two of them overlap, no "
	 "difference is shown.",
	 ARGUMENT_GROUP, 0, 1, .run = verb_compare},
	{"export", "", "Print what was proven as a file of another tool",
	 "Kept changes that are in force, with their evidence as comments: as a file of sysctl.d, "
	 "a "
	 "profile of tuned, or commands of ip(8).",
	 ARGUMENT_NONE, 0, 0, .run = verb_export},
	{"explain", "SUBJECT",
	 "Explain an endpoint, path, tunable or change, and why nothing was done",
	 "SUBJECT is told by what it looks like: a number is a change, an address or prefix a "
	 "path, a key or the last part of it (tcp_rmem) a tunable, all else an endpoint. Where "
	 "that is not enough: endpoint:NAME, path:ADDRESS, tunable:KEY, change:ID.",
	 ARGUMENT_SUBJECT, 1, 1, .run = verb_explain},
	{"advise", "", "Show what Mode=auto would do now, and what stands in the way",
	 "Nothing is written. An advice keeps its id while it stays the same: \"apply\" takes it.",
	 ARGUMENT_NONE, 0, 0, .run = verb_advise},
	{"apply", "ID", "Begin the trial of an advice now, whatever the mode is",
	 "With the evidence of now, the same proof and the same guards as any other. Needs root or "
	 "membership of the daemon's group.",
	 ARGUMENT_ADVICE, 1, 1, .run = verb_apply},
	{"hold", "ID [DURATION|0]", "Let the values of a change stay as they are for a while",
	 "No re-test, no restoration by itself, no new proposal about its tunables; without a "
	 "duration until \"hold ID 0\". Needs root or membership of the daemon's group.",
	 ARGUMENT_CHANGE, 1, 2, .run = verb_hold},
	{"verify", "", "Check that what is live is what netoptd believes",
	 "Sysctls, routes, the journal on disk, and the congestion control of live connections. "
	 "Exits with 1 if something differs, and says what to do about it.",
	 ARGUMENT_NONE, 0, 0, .run = verb_verify},
	{"revert", "ID|all", "Put back the values of before a change, or of before all",
	 "Needs root or membership of the daemon's group.", ARGUMENT_CHANGE_OR_ALL, 1, 1,
	 .run = verb_revert},
	{"release", "KEY|ADDRESS", "Let netoptd change again what somebody else has changed",
	 "A tunable by its key, as \"tunables\" lists it, or the destination of a route by its "
	 "address. Needs root or membership of the daemon's group.",
	 ARGUMENT_TUNABLE, 1, 1, .run = verb_release},
	{"trial", "aa ADDRESS", "Compare a setting with itself on a path, to see the error",
	 "What it finds is chance: an effect that is kept would be a false one. The path is one "
	 "that "
	 "\"paths\" lists. Needs root or membership of the daemon's group.",
	 ARGUMENT_TRIAL, 2, 2, .run = verb_trial},
	{"report", "", "Print a report of this host, or write it as a page",
	 "With --html: one page with plots of latency over time, of its parts and of each change, "
	 "which needs nothing else to be looked at; \"-\" writes it to the standard output.",
	 ARGUMENT_NONE, 0, 0, .run = verb_report},
	{"pause", "[DURATION]", "Change nothing new for a while, or until resumed",
	 "A duration is like 90s, 15min or 1h 30min (quoted). Needs root or membership of the "
	 "daemon's group.",
	 ARGUMENT_DURATION, 0, 1, .run = verb_pause},
	{"resume", "", "End a pause", "Needs root or membership of the daemon's group.",
	 ARGUMENT_NONE, 0, 0, .run = verb_resume},
	{"reload", "", "Read the configuration again",
	 "A bad configuration is refused, with every problem listed, and the old one stays. Needs "
	 "root or membership of the daemon's group.",
	 ARGUMENT_NONE, 0, 0, .run = verb_reload},
	{"log-level", "[LEVEL]", "Show the daemon's log level, or set it until the next start",
	 "LEVEL is err, warning, notice, info or debug. Setting it needs root or membership of the "
	 "daemon's group.",
	 ARGUMENT_LEVEL, 0, 1, .run = verb_log_level},
	{"measure", "URL...", "Measure the latency to URLs now, without the daemon",
	 "A URL is tcp://HOST:PORT, tls://HOST, http://HOST/PATH, https://HOST/PATH, icmp://HOST "
	 "or "
	 "dns://SERVER/NAME; NAME alone is https://NAME/, ADDRESS alone icmp://ADDRESS, HOST:PORT "
	 "alone tcp://HOST:PORT. Ctrl-C ends it and prints what was measured.",
	 ARGUMENT_URL, 1, URLS_MAX, .run = verb_measure},
	{"watch", "", "Show endpoints, paths and changes as they happen, full screen",
	 "Keys: tab and arrows move, enter explains what is selected, s sorts, / filters, p "
	 "pauses, ? "
	 "helps, q quits. With --json it prints a line for each update, for as long as somebody "
	 "reads.",
	 ARGUMENT_NONE, 0, 0, .run = verb_watch},
	{"audit", "", "Look at this host and say what makes it slow, with the remedy",
	 "Looks for some seconds, at best while the applications are at work, and asks the daemon "
	 "if it runs; as root it sees whose connections these are. Nothing is changed, unless "
	 "--fix is given.",
	 ARGUMENT_NONE, 0, 0, .run = verb_audit},
	{"help", "[COMMAND]", "Show this help, or that of a command", "", ARGUMENT_COMMAND, 0, 1,
	 .run = verb_help},
	{"completion", "bash|zsh|fish", "Print the completion script of a shell", "",
	 ARGUMENT_SHELL, 1, 1, .run = verb_completion},
};
const size_t n_commands = ARRAY_SIZE(commands);

const CommandOption command_options[] = {
	{'h', "help", NULL, NULL, "Show help, also after a command", NULL},
	{0, "version", NULL, NULL, "Show the version", NULL},
	{0, "json", "[=short|pretty]", "short pretty", "Print JSON, errors too", NULL},
	{0, "socket", "PATH", NULL, "Connect to this socket", NULL},
	{0, "timeout", "DURATION", NULL, "Wait this long for an answer (default 10s; measure 3s)",
	 NULL},
	{0, "no-legend", NULL, NULL, "Print tables without headings", NULL},
	{0, "color", "WHEN", "auto always never", "Use colour: auto, always or never", NULL},
	{'q', "quiet", NULL, NULL, "Print no message when all went well", NULL},
	{'n', "limit", "NUMBER", NULL, "List at most so many, up to 1000",
	 "paths flows listeners links destinations namespaces trials routes watch"},
	{0, "pairs", "NUMBER", NULL, "Compare so many pairs of blocks, up to 60 (default 20)",
	 "trial"},
	{'n', "count", "NUMBER", NULL, "Probe so often (default 20); 0: until Ctrl-C", "measure"},
	{'i', "interval", "DURATION", NULL,
	 "From one probe to the next (default 200ms), "
	 "or one update (1s)",
	 "measure watch"},
	{'4', "ipv4", NULL, NULL, "Use IPv4; with -6: both, compared", "measure"},
	{'6', "ipv6", NULL, NULL, "Use IPv6; with -4: both, compared", "measure"},
	{'k', "insecure", NULL, NULL, "Accept certificates that are not trusted", "measure"},
	{0, "csv", NULL, NULL, "Print each probe as a line of CSV, at once", "measure"},
	{0, "html", "FILE", NULL, "Write the report as a page into this file", "report"},
	{0, "span", "DURATION", NULL, "Look back this far, up to 2d (default 3h)", "report"},
	{0, "duration", "DURATION", NULL, "Look this long (default 10s)", "audit"},
	{0, "row", "NAME",
	 "nodelay http pooling dns-cache fast-open congestion buffers distance keepalive tail "
	 "listen receive-buffer mtu ports options bufferbloat settings tuners",
	 "Judge only this row", "audit"},
	{0, "name", "HOST", NULL, "Look up this name, to see whether names are cached", "audit"},
	{0, "fix", "WHAT", "dns-cache dns-cache-undo", "Cache names on this host, or take it back",
	 "audit"},
	{'p', "process", NULL, NULL, "Show whose each socket is", "flows listeners"},
	{0, "plain", NULL, NULL, "Print ASCII, nothing cut, no colour and no pager", NULL},
	{0, "no-pager", NULL, NULL, "Do not show long output in a pager", NULL},
	{0, "full", NULL, NULL, "Show everything, however long", "status"},
	{0, "defaults", NULL, NULL, "Compare with the kernel's defaults", "diff"},
	{0, "max-p50", "DURATION", NULL, "Allow so much, or so much and so much", "check"},
	{0, "max-p95", "DURATION", NULL, "Likewise", "check"},
	{0, "max-p99", "DURATION", NULL, "Likewise", "check"},
	{0, "max-loss", "PERCENT", NULL, "Likewise", "check"},
	{0, "endpoint", "NAME", NULL, "Only this one; may be given again", "check"},
	{0, "nagios", NULL, NULL, "Print and end as a monitoring plugin", "check"},
	{0, "format", "FORMAT", EXPORT_FORMATS, "As which file: sysctl, tuned or ip", "export"},
	{0, "yes", NULL, NULL, "Do not ask", "revert"},
	{0, "dry-run", NULL, NULL, "Only say what would be put back", "revert"},
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

const CommandOption *command_letter(const Command *command, char letter)
{
	const CommandOption *first = NULL;

	for (size_t i = 0; i < n_command_options; i++) {
		const CommandOption *option = &command_options[i];

		if (letter == '\0' || option->letter != letter)
			continue;
		if (command && command_takes(command, option))
			return option;
		if (!first)
			first = option;
	}
	return first;
}

const char *command_nearest(const char *name)
{
	const char *names[NAMES_MAX];

	assert(n_commands <= NAMES_MAX);
	for (size_t i = 0; i < n_commands; i++)
		names[i] = commands[i].name;
	return text_nearest(name, names, n_commands);
}
