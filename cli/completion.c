/* SPDX-License-Identifier: MIT */
/*
 * Completion scripts, written from the table of commands: what is completed cannot drift from what
 * is understood. Ids of changes and names of endpoints are asked of the daemon when a key is
 * pressed; without a daemon there are none.
 */
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "common/base.h"
#include "common/text.h"

/* The first column of a list, never cut. bash and zsh run it where it stands in double quotes or in
 * none, fish when it completes, from single quotes. */
#define ASK_SH                                                                                     \
	"$(COLUMNS= netoptctl --no-legend --timeout 1s %s 2>/dev/null"                             \
	" | awk '!seen[$1]++ {print $1}')"
#define ASK_FISH                                                                                   \
	"(env COLUMNS= netoptctl --no-legend --timeout 1s %s 2>/dev/null"                          \
	" | string trim | string split -f1 \" \")"

static void append_ask(Text *text, const char *list, bool fish)
{
	if (fish)
		text_appendf(text, ASK_FISH, list);
	else
		text_appendf(text, ASK_SH, list);
}

static void append_command_names(Text *text)
{
	for (size_t i = 0; i < n_commands; i++)
		text_appendf(text, "%s%s", i ? " " : "", commands[i].name);
}

/* The words a command takes, as shell source; "" for none. */
static void append_words(Text *text, const Command *command, bool fish)
{
	switch (command->argument) {
	case ARGUMENT_CHANGE:
		append_ask(text, "changes", fish);
		break;
	case ARGUMENT_CHANGE_OR_ALL:
		text_append(text, "all ");
		append_ask(text, "changes", fish);
		break;
	case ARGUMENT_ENDPOINT:
		append_ask(text, "endpoints", fish);
		break;
	case ARGUMENT_TRIAL:
		text_append(text, "aa ");
		append_ask(text, "paths", fish);
		break;
	case ARGUMENT_DURATION:
		text_append(text, "5min 15min 1h 1d");
		break;
	case ARGUMENT_COMMAND:
		append_command_names(text);
		break;
	case ARGUMENT_URL:
		text_append(text, "https:// http:// tcp:// tls:// icmp:// dns://");
		break;
	case ARGUMENT_SHELL:
		text_append(text, COMMAND_SHELLS);
		break;
	case ARGUMENT_NONE:
		break;
	}
}

/* Of options that share a letter, only the first has it. */
static bool has_letter(const CommandOption *option)
{
	return command_letter(NULL, option->letter) == option;
}

static void append_bash_options(Text *text)
{
	for (size_t i = 0; i < n_command_options; i++) {
		if (has_letter(&command_options[i]))
			text_appendf(text, "-%c ", command_options[i].letter);
		text_appendf(text, "--%s%s", command_options[i].name,
			     i + 1 < n_command_options ? " " : "");
	}
}

static void append_bash_values(Text *text)
{
	for (size_t i = 0; i < n_command_options; i++) {
		const CommandOption *option = &command_options[i];

		if (option->choices)
			text_appendf(
				text,
				"\t--%s) COMPREPLY=($(compgen -W '%s' -- \"$cur\")); return ;;\n",
				option->name, option->choices);
		else if (text_equal(option->value, "PATH"))
			text_appendf(text,
				     "\t--%s) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n",
				     option->name);
		else if (option->value)
			text_appendf(text, "\t--%s) return ;;\n", option->name);
	}
}

/* The words of readline split at "=", so that of "--json=p" the last three are "--json" "=" "p". */
static void append_bash(Text *text)
{
	text_append(text, "# bash completion for netoptctl\n_netoptctl() {\n"
			  "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} "
			  "verb= i\n"
			  "\t[[ $cur == = ]] && cur=\n"
			  "\t[[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
			  "\tcase $prev in\n");
	append_bash_values(text);
	text_append(text, "\tesac\n\tif [[ $cur == -* ]]; then\n\t\tCOMPREPLY=($(compgen -W '");
	append_bash_options(text);
	text_append(text, "' -- \"$cur\"))\n\t\treturn\n\tfi\n"
			  "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
			  "\t\tcase ${COMP_WORDS[i]} in\n\t\t");
	for (size_t i = 0; i < n_commands; i++)
		text_appendf(text, "%s%s", i ? "|" : "", commands[i].name);
	text_append(text, ") verb=${COMP_WORDS[i]}; break ;;\n\t\tesac\n\tdone\n"
			  "\tcase $verb in\n\t'') COMPREPLY=($(compgen -W '");
	append_command_names(text);
	text_append(text, "' -- \"$cur\")) ;;\n");
	for (size_t i = 0; i < n_commands; i++) {
		if (commands[i].argument == ARGUMENT_NONE)
			continue;
		text_appendf(text, "\t%s) COMPREPLY=($(compgen -W \"", commands[i].name);
		append_words(text, &commands[i], false);
		text_append(text, "\" -- \"$cur\"))");
		if (commands[i].argument == ARGUMENT_URL) /* it goes on after the "//" */
			text_append(text, "; compopt -o nospace 2>/dev/null");
		text_append(text, " ;;\n");
	}
	text_append(text, "\tesac\n}\ncomplete -F _netoptctl netoptctl\n");
}

/* Inside '...[...]' of zsh. */
static void append_zsh_quoted(Text *text, const char *string)
{
	for (; *string; string++) {
		if (*string == '[' || *string == ']' || *string == ':' || *string == '\\')
			text_append(text, "\\");
		text_append_bytes(text, *string == '\'' ? "`" : string, 1);
	}
}

static void append_zsh_option(Text *text, const CommandOption *option)
{
	bool optional = option->value && option->value[0] == '[';
	const char *equals = optional ? "=-" : option->value ? "=" : "";

	if (has_letter(option)) {
		text_appendf(text, "\t\t'-%c[", option->letter);
		append_zsh_quoted(text, option->summary);
		text_append(text, "]' \\\n");
	}
	text_appendf(text, "\t\t'--%s%s[", option->name, equals);
	append_zsh_quoted(text, option->summary);
	text_append(text, "]");
	if (option->choices)
		text_appendf(text, "%s:value:(%s)", optional ? ":" : "", option->choices);
	else if (text_equal(option->value, "PATH"))
		text_append(text, ":path:_files");
	else if (option->value)
		text_append(text, ":value: ");
	text_append(text, "' \\\n");
}

static void append_zsh(Text *text)
{
	text_append(text,
		    "#compdef netoptctl\n_netoptctl() {\n\tlocal state\n\tlocal -a line verbs\n"
		    "\tverbs=(\n");
	for (size_t i = 0; i < n_commands; i++) {
		text_appendf(text, "\t\t'%s:", commands[i].name);
		append_zsh_quoted(text, commands[i].summary);
		text_append(text, "'\n");
	}
	text_append(text, "\t)\n\t_arguments -C \\\n");
	for (size_t i = 0; i < n_command_options; i++)
		append_zsh_option(text, &command_options[i]);
	text_append(text, "\t\t'1: :->verb' \\\n\t\t'2: :->argument' \\\n"
			  "\t\t'3: :->argument'\n\tcase $state in\n"
			  "\tverb) _describe command verbs ;;\n\targument)\n"
			  "\t\tcase $line[1] in\n");
	for (size_t i = 0; i < n_commands; i++) {
		if (commands[i].argument == ARGUMENT_NONE)
			continue;
		text_appendf(text, "\t\t%s) compadd -- ", commands[i].name);
		append_words(text, &commands[i], false);
		text_append(text, " ;;\n");
	}
	text_append(text, "\t\tesac ;;\n\tesac\n}\n_netoptctl \"$@\"\n");
}

/* Inside '...' of fish. */
static void append_fish_quoted(Text *text, const char *string)
{
	for (; *string; string++) {
		if (*string == '\'' || *string == '\\')
			text_append(text, "\\");
		text_append_bytes(text, string, 1);
	}
}

static void append_fish_option(Text *text, const CommandOption *option)
{
	text_append(text, "complete -c netoptctl");
	if (option->commands)
		text_appendf(text, " -n '__fish_seen_subcommand_from %s'", option->commands);
	if (option->letter)
		text_appendf(text, " -s %c", option->letter);
	text_appendf(text, " -l %s", option->name);
	if (option->choices)
		text_appendf(text, " %s -a '%s'", option->value[0] == '[' ? "-f" : "-x",
			     option->choices);
	else if (option->value)
		text_append(text, text_equal(option->value, "PATH") ? " -r -F" : " -x");
	text_append(text, " -d '");
	append_fish_quoted(text, option->summary);
	text_append(text, "'\n");
}

static void append_fish(Text *text)
{
	text_append(text, "# fish completion for netoptctl\ncomplete -c netoptctl -f\n");
	for (size_t i = 0; i < n_command_options; i++)
		append_fish_option(text, &command_options[i]);
	for (size_t i = 0; i < n_commands; i++) {
		text_appendf(text, "complete -c netoptctl -n __fish_use_subcommand -a %s -d '",
			     commands[i].name);
		append_fish_quoted(text, commands[i].summary);
		text_append(text, "'\n");
		if (commands[i].argument == ARGUMENT_NONE)
			continue;
		text_appendf(text, "complete -c netoptctl -n '__fish_seen_subcommand_from %s' -a '",
			     commands[i].name);
		append_words(text, &commands[i], true);
		text_append(text, "'\n");
	}
}

int verb_completion(const Settings *settings, char *const arguments[], size_t n)
{
	static const struct {
		const char *name;
		void (*append)(Text *text);
	} shells[] = {{"bash", append_bash}, {"zsh", append_zsh}, {"fish", append_fish}};
	Text text = {.data = NULL};

	(void)n; /* one, says the table */
	for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
		if (text_equal(shells[i].name, arguments[0])) {
			shells[i].append(&text);
			return output_text(&text);
		}
	return output_error(settings, CLI_USAGE, "org.netopt.Client.Usage",
			    "there is no completion for %s; there is for: " COMMAND_SHELLS,
			    arguments[0]);
}
