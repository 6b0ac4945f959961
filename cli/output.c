/* SPDX-License-Identifier: MIT */
#include "cli/output.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "cli/cli.h"
#include "cli/fold.h"
#include "cli/pager.h"
#include "cli/width.h"
#include "common/parse.h"

#define WIDTH_MIN 20
#define WIDTH_MAX 1000
#define LINES_MIN 5

/* Of this process' stdout; as output_prepare() was told. */
static struct {
	size_t width, height;
	bool pager;
} terminal = {.width = SIZE_MAX};

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

static bool wants_colour(int fd)
{
	if (is_set("NO_COLOR"))
		return false;
	if (is_set("FORCE_COLOR"))
		return true;
	return isatty(fd) && !text_equal(getenv("TERM"), "dumb");
}

/* COLUMNS or LINES, else the terminal's; `otherwise` if it is none. */
static size_t extent(int fd, const char *name, size_t minimum, size_t otherwise)
{
	bool columns = text_equal(name, "COLUMNS");
	struct winsize size;
	uint64_t value;

	if (is_set(name) && parse_uint64(getenv(name), minimum, WIDTH_MAX, &value) == 0)
		return (size_t)value;
	if (!isatty(fd) || ioctl(fd, TIOCGWINSZ, &size) < 0)
		return otherwise;
	value = columns ? size.ws_col : size.ws_row;
	return value < minimum ? otherwise : (size_t)value;
}

/* By its name: what setlocale(3) would load takes longer than the rest of a command. */
bool output_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!is_set(names[i]))
			continue;
		return strcasestr(getenv(names[i]), "utf-8") ||
		       strcasestr(getenv(names[i]), "utf8");
	}
	return false;
}

size_t output_width(int fd)
{
	return extent(fd, "COLUMNS", WIDTH_MIN, SIZE_MAX);
}

void output_detect(Settings *settings)
{
	settings->width = output_width(STDOUT_FILENO);
	settings->height = extent(STDOUT_FILENO, "LINES", LINES_MIN, 0);
	settings->colour = wants_colour(STDOUT_FILENO);
	settings->ascii = !output_utf8();
	settings->pager = isatty(STDOUT_FILENO);
}

void output_prepare(const Settings *settings)
{
	terminal.width = settings->width;
	terminal.height = settings->height;
	terminal.pager = settings->pager;
}

/* C0 and DEL, and C1 in UTF-8 (c2 80 .. c2 9f): what a terminal may take for a command. */
static size_t control_length(const unsigned char *at)
{
	if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f)
		return 2;
	return (at[0] < 0x20 && at[0] != '\n') || at[0] == 0x7f ? 1 : 0;
}

static void append_clean(Text *text, const char *string, bool ascii)
{
	while (*string) {
		size_t length = control_length((const unsigned char *)string), columns = 1;

		if (length > 0) {
			text_append(text, "?");
			string += length;
			continue;
		}
		length = width_step(string, &columns);
		if (ascii && !isascii((unsigned char)*string))
			text_append_bytes(text, "??", columns);
		else
			text_append_bytes(text, string, length);
		string += length;
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
	append_clean(text, string, settings->ascii);
	if (coloured)
		text_append(text, "\033[0m");
}

static int write_out(const Text *text)
{
	bool failed = text->failed;

	if (text->length > 0 && fwrite(text_string(text), 1, text->length, stdout) != text->length)
		failed = true;
	if (fflush(stdout) != 0)
		failed = true;
	if (!failed)
		return CLI_OK;
	fprintf(stderr, "netoptctl: cannot write: %s\n", strerror(errno ? errno : ENOMEM));
	return CLI_FAILED;
}

/* One line is left for the prompt of the shell. */
static bool is_long(const Text *text)
{
	size_t lines = 0;

	for (size_t i = 0; i < text->length; i++)
		lines += text->data[i] == '\n';
	return lines >= terminal.height;
}

int output_text(Text *text)
{
	_cleanup_(text_clear) Text folded = {.data = NULL};
	int r;

	fold_lines(text_string(text), terminal.width, &folded);
	folded.failed = folded.failed || text->failed;
	text_clear(text);
	if (terminal.pager && terminal.height > 0 && is_long(&folded) && !folded.failed) {
		r = pager_show(text_string(&folded), folded.length);
		if (r == 0)
			return CLI_OK;
	}
	return write_out(&folded);
}

int output_raw(Text *text)
{
	int r = write_out(text);

	text_clear(text);
	return r;
}

int output_json(const Settings *settings, const Json *json)
{
	_cleanup_free_ char *formatted = json_format(json, settings->format == FORMAT_JSON_PRETTY);
	Text text = {.data = NULL};

	text_append(&text, formatted ? formatted : "");
	text_append(&text, "\n");
	text.failed = text.failed || !formatted;
	return output_raw(&text);
}

int output_content(const Settings *settings, Text *text, bool raw)
{
	_cleanup_json_ Json *json = NULL;

	if (settings->format == FORMAT_TEXT)
		return raw ? output_raw(text) : output_text(text);
	json = json_new_object();
	json_set_string(json, "text", text_string(text));
	text_clear(text);
	return output_json(settings, json);
}

static void say(const Settings *settings, const char *message)
{
	_cleanup_(text_clear) Text clean = {.data = NULL};
	_cleanup_(text_clear) Text folded = {.data = NULL};
	size_t width = isatty(STDERR_FILENO) ? output_width(STDERR_FILENO) : SIZE_MAX;

	text_append(&clean, "netoptctl: ");
	append_clean(&clean, message, settings->ascii);
	fold_lines(text_string(&clean), width, &folded);
	fprintf(stderr, "%s\n", text_string(&folded));
}

/* What a monitoring system wants of a plugin that cannot tell: one line on stdout. */
static int say_unknown(const char *message)
{
	_cleanup_(text_clear) Text line = {.data = NULL};

	text_append(&line, "NETOPT UNKNOWN - ");
	for (; *message; message++)
		text_append_bytes(&line, *message == '\n' || *message == '|' ? " " : message, 1);
	text_append(&line, "\n");
	(void)output_raw(&line); /* the status says it too */
	return PLUGIN_UNKNOWN;
}

static void set_details(Json *json, const OutputDetails *details)
{
	json_set_string(json, "socket", details->socket);
	if (details->error)
		json_set_int(json, "errno", details->error);
	else
		json_set_null(json, "errno");
	json_set_string(json, "unitState", details->unit_state);
}

int output_failure(const Settings *settings, int status, const char *error,
		   const OutputDetails *details, const char *message)
{
	_cleanup_json_ Json *json = NULL;

	if (settings->nagios && settings->format == FORMAT_TEXT)
		return say_unknown(message);
	if (settings->format == FORMAT_TEXT) {
		say(settings, message);
		return status;
	}
	json = json_new_object();
	json_set_string(json, "error", error);
	json_set_string(json, "message", message);
	if (details)
		set_details(json, details);
	(void)output_json(settings, json); /* the status already says that it failed */
	return settings->nagios ? PLUGIN_UNKNOWN : status;
}

int output_error(const Settings *settings, int status, const char *error, const char *format, ...)
{
	_cleanup_(text_clear) Text message = {.data = NULL};
	va_list arguments;

	va_start(arguments, format);
	text_appendv(&message, format, arguments);
	va_end(arguments);
	return output_failure(settings, status, error, NULL, text_string(&message));
}
