/* SPDX-License-Identifier: MIT */
#include "cli/help.h"

#include "cli/cli.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "common/base.h"
#include "common/text.h"

static void append_commands(Text *text)
{
	for (size_t i = 0; i < n_commands; i++) {
		char left[40];

		(void)text_format(left, sizeof(left), "%s%s%s", commands[i].name,
				  *commands[i].usage ? " " : "", commands[i].usage);
		text_appendf(text, "  %-26s%s\n", left, commands[i].summary);
	}
}

/* Those of a command; NULL: all. */
static void append_options(const Command *command, Text *text)
{
	for (size_t i = 0; i < n_command_options; i++) {
		const CommandOption *option = &command_options[i];
		char letter[8] = "", left[40];
		const char *value = option->value ? option->value : "";

		if (command && !command_takes(command, option))
			continue;
		if (option->letter)
			(void)text_format(letter, sizeof(letter), "-%c, ", option->letter);
		(void)text_format(left, sizeof(left), "%s--%s%s%s", letter, option->name,
				  *value && *value != '[' ? " " : "", value);
		text_appendf(text, "  %-26s%s\n", left, option->summary);
	}
}

static void append_all(const Settings *settings, Text *text)
{
	text_append(text,
		    "netoptctl [OPTION...] COMMAND [ARGUMENT]\n\n"
		    "Show and steer netoptd, which keeps this host's network stack tuned.\n\n");
	output_append(settings, text, STYLE_BOLD, "Commands:\n");
	append_commands(text);
	output_append(settings, text, STYLE_BOLD, "\nOptions:\n");
	append_options(NULL, text);
	text_append(text, "\nExit status: 0 done, 1 failed, 2 usage, 3 the daemon is not running, "
			  "4 no permission,\n6 threshold exceeded. See netoptctl(1).\n");
}

int help_print(const Settings *settings, const Command *command)
{
	Text text = {.data = NULL};

	if (!command) {
		append_all(settings, &text);
		return output_content(settings, &text, false);
	}
	text_appendf(&text, "netoptctl [OPTION...] %s%s%s\n\n%s.\n", command->name,
		     *command->usage ? " " : "", command->usage, command->summary);
	if (*command->details)
		text_appendf(&text, "%s\n", command->details);
	output_append(settings, &text, STYLE_BOLD, "\nOptions:\n");
	append_options(command, &text);
	return output_content(settings, &text, false);
}

int help_unknown_command(const Settings *settings, const char *name)
{
	const char *nearest = command_nearest(name);

	if (nearest)
		return output_error(settings, CLI_USAGE, "org.netopt.Client.Usage",
				    "unknown command: %s\nDid you mean: netoptctl %s", name,
				    nearest);
	return output_error(settings, CLI_USAGE, "org.netopt.Client.Usage",
			    "unknown command: %s\nTry: netoptctl --help", name);
}

int verb_help(const Settings *settings, char *const arguments[], size_t n)
{
	const Command *command = n > 0 ? command_find(arguments[0]) : NULL;

	if (n > 0 && !command)
		return help_unknown_command(settings, arguments[0]);
	return help_print(settings, command);
}
