/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The commands and options of netoptctl: two tables, from which come the dispatch, the help, the
 * completion of three shells and the test of the manual page.
 */
#include "cli/settings.h"

/* What completes the argument of a command. */
typedef enum CommandArgument {
	ARGUMENT_NONE,
	ARGUMENT_CHANGE, /* the id of a change */
	ARGUMENT_CHANGE_OR_ALL,
	ARGUMENT_DURATION,
	ARGUMENT_COMMAND,
	ARGUMENT_ENDPOINT, /* the name of one */
	ARGUMENT_TRIAL,    /* a kind of trial, and a path */
	ARGUMENT_URL,
	ARGUMENT_SHELL,
} CommandArgument;

typedef struct Command {
	const char *name;
	const char *usage; /* its arguments, as in the synopsis: "[ID]"; "" for none */
	const char *summary;
	const char *details; /* further help; "" for none */
	CommandArgument argument;
	size_t minimum, maximum; /* number of arguments */
	/* Returns a CliExit. */
	int (*run)(const Settings *settings, char *const arguments[], size_t n);
} Command;

typedef struct CommandOption {
	char letter; /* 0: only long */
	const char *name;
	const char *value;   /* "PATH"; NULL: takes none; "[=short|pretty]": optional */
	const char *choices; /* separated by blanks, for completion; NULL */
	const char *summary;
	const char *commands; /* that take it, separated by blanks; NULL: all */
} CommandOption;

extern const Command commands[];
extern const size_t n_commands;
extern const CommandOption command_options[];
extern const size_t n_command_options;

const Command *command_find(const char *name); /* NULL: none */
/* The option of that letter: of several commands' the one that this command (NULL: none) takes.
 * NULL: there is none. */
const CommandOption *command_letter(const Command *command, char letter);
bool command_takes(const Command *command, const CommandOption *option);
/* The name most like it, or NULL. */
const char *command_nearest(const char *name);

#define COMMAND_SHELLS "bash zsh fish"
