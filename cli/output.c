/* SPDX-License-Identifier: MIT */
#include "cli/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "cli/cli.h"
#include "common/parse.h"

#define WIDTH_MIN 40
#define WIDTH_MAX 1000

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

bool output_wants_colour(int fd)
{
	if (is_set("NO_COLOR"))
		return false;
	if (is_set("FORCE_COLOR"))
		return true;
	return isatty(fd) && !text_equal(getenv("TERM"), "dumb");
}

size_t output_width(int fd)
{
	struct winsize size;
	uint64_t columns;

	if (is_set("COLUMNS") &&
	    parse_uint64(getenv("COLUMNS"), WIDTH_MIN, WIDTH_MAX, &columns) == 0)
		return (size_t)columns;
	if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col < WIDTH_MIN)
		return SIZE_MAX;
	return size.ws_col;
}

/* C0 and DEL, and C1 in UTF-8 (c2 80 .. c2 9f): what a terminal may take for a command. */
static size_t control_length(const unsigned char *at)
{
	if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f)
		return 2;
	return (at[0] < 0x20 && at[0] != '\n') || at[0] == 0x7f ? 1 : 0;
}

static void append_clean(Text *text, const char *string)
{
	while (*string) {
		size_t length = control_length((const unsigned char *)string);

		text_append_bytes(text, length ? "?" : string, 1);
		string += length ? length : 1;
	}
}

void output_append(const Settings *settings, Text *text, OutputStyle style, const char *string)
{
	static const char *const codes[] = {
		[STYLE_PLAIN] = "",        [STYLE_BOLD] = "\033[1m",   [STYLE_GOOD] = "\033[32m",
		[STYLE_WARN] = "\033[33m", [STYLE_BAD] = "\033[1;31m",
	};
	bool coloured = settings->colour && style != STYLE_PLAIN;

	if (coloured)
		text_append(text, codes[style]);
	append_clean(text, string);
	if (coloured)
		text_append(text, "\033[0m");
}

int output_text(Text *text)
{
	bool failed = text->failed;
	size_t length = text->length;

	if (length > 0 && fwrite(text_string(text), 1, length, stdout) != length)
		failed = true;
	if (fflush(stdout) != 0)
		failed = true;
	text_clear(text);
	if (!failed)
		return CLI_OK;
	fprintf(stderr, "netoptctl: cannot write: %s\n", strerror(errno ? errno : ENOMEM));
	return CLI_FAILED;
}

int output_json(const Settings *settings, const Json *json)
{
	_cleanup_free_ char *formatted = json_format(json, settings->format == FORMAT_JSON_PRETTY);
	Text text = {.data = NULL};

	text_append(&text, formatted ? formatted : "");
	text_append(&text, "\n");
	text.failed = text.failed || !formatted;
	return output_text(&text);
}

int output_error(const Settings *settings, int status, const char *error, const char *format, ...)
{
	_cleanup_(text_clear) Text message = {.data = NULL};
	_cleanup_(text_clear) Text clean = {.data = NULL};
	_cleanup_json_ Json *json = NULL;
	va_list arguments;

	va_start(arguments, format);
	text_appendv(&message, format, arguments);
	va_end(arguments);
	if (settings->format == FORMAT_TEXT) {
		append_clean(&clean, text_string(&message));
		fprintf(stderr, "netoptctl: %s\n", text_string(&clean));
		return status;
	}
	json = json_new_object();
	json_set_string(json, "error", error);
	json_set_string(json, "message", text_string(&message));
	(void)output_json(settings, json); /* the status already says that it failed */
	return status;
}
