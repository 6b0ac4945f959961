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

/* What stdout is: its width and height, and, by NO_COLOR, FORCE_COLOR and TERM, LC_ALL, LC_CTYPE
 * and LANG of the environment, whether it wants colour and takes more than ASCII. */
void output_detect(Settings *settings);
/* Whether the locale of the environment (LC_ALL, LC_CTYPE, LANG) is one of UTF-8. */
bool output_utf8(void);
/* COLUMNS, else the terminal's; SIZE_MAX if fd is no terminal. */
size_t output_width(int fd);
/* From here on, whatever is written fits into that width and may go through a pager. */
void output_prepare(const Settings *settings);

/* Appends text in a style, without the control characters that other people's names may hold, and
 * where only ASCII is wanted with a "?" for everything else. */
void output_append(const Settings *settings, Text *text, OutputStyle style, const char *string);

/* Writes to stdout and clears the text: lines wider than the terminal are folded, and what is
 * longer than it goes through the pager. CLI_FAILED if that did not work (a full disk). */
int output_text(Text *text);
/* The same to the letter: files, scripts, what programs read. */
int output_raw(Text *text);
int output_json(const Settings *settings, const Json *json);
/* Text that is there for its own sake, to the letter or folded; with --json {"text": ...}. */
int output_content(const Settings *settings, Text *text, bool raw);
/* Says what went wrong, returns `status`. `error` is a name for programs, message for people; it
 * may have several lines. */
int output_error(const Settings *settings, int status, const char *error, const char *format, ...)
	_printf_(4, 5);

/* What programs want to know of an error beside it. */
typedef struct OutputDetails {
	const char *socket;
	int error;              /* errno; 0: none */
	const char *unit_state; /* as of unit_append_state(); NULL: not known */
} OutputDetails;
/* The same, with details for --json; the message has them already. */
int output_failure(const Settings *settings, int status, const char *error,
		   const OutputDetails *details, const char *message);
