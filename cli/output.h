/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What leaves netoptctl: data on stdout, messages on stderr. With --json an error is data too, so
 * that whoever parses the output always gets JSON.
 */
#include "cli/settings.h"
#include "common/json.h"
#include "common/text.h"

typedef enum OutputStyle {
	STYLE_PLAIN,
	STYLE_BOLD,
	STYLE_GOOD,
	STYLE_WARN,
	STYLE_BAD,
} OutputStyle;

/* NO_COLOR, FORCE_COLOR and TERM of the environment, for --color=auto. */
bool output_wants_colour(int fd);
/* COLUMNS, else the terminal's; SIZE_MAX if fd is no terminal. */
size_t output_width(int fd);

/* Appends text in a style, without the control characters that other people's names may hold. */
void output_append(const Settings *settings, Text *text, OutputStyle style, const char *string);

/* Writes to stdout and clears the text. CLI_FAILED if that did not work (a full disk). */
int output_text(Text *text);
int output_json(const Settings *settings, const Json *json);
/* Says what went wrong, returns `status`. `error` is a name for programs, message for people; it
 * may have several lines. */
int output_error(const Settings *settings, int status, const char *error, const char *format, ...)
	_printf_(4, 5);
