/* SPDX-License-Identifier: MIT */
/*
 * One line per fault, safe to show on any terminal.
 *
 * A message may carry what the network, a client or a file said, so it is cleaned here, before any
 * sink: control characters and bytes that are not UTF-8 become \n, \t or \xNN, and no log can be
 * forged or a terminal driven by it. A message is at most 2 KiB after that, cut at a character and
 * marked with "...". Logging never allocates, never fails and leaves errno alone.
 *
 * The level and the sink are the only state, process-wide by nature: there is one stderr.
 */
#include "common/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/parse.h"
#include "common/text.h"

#define MESSAGE_MAX 2048 /* with the NUL; far below LINE_MAX of journald (48 KiB) */

static void sink_stderr(const LogRecord *record, void *context);

static int current_level = LOG_INFO;
static LogSink current_sink = sink_stderr;
static void *current_context;

static const char *const level_names[] = {
	[LOG_ERR] = "error", [LOG_WARNING] = "warning", [LOG_NOTICE] = "notice",
	[LOG_INFO] = "info", [LOG_DEBUG] = "debug",
};

void log_set_sink(LogSink sink, void *context)
{
	current_sink = sink ? sink : sink_stderr;
	current_context = sink ? context : NULL;
}

void log_set_level(int level)
{
	current_level = level;
}

int log_get_level(void)
{
	return current_level;
}

int log_parse_level(const char *name, int *ret_level)
{
	for (int level = LOG_ERR; level <= LOG_DEBUG; level++)
		if (text_equal(name, level_names[level])) {
			*ret_level = level;
			return 0;
		}
	return -EINVAL;
}

const char *log_level_name(int level)
{
	return level_names[CLAMP(level, LOG_ERR, LOG_DEBUG)];
}

/* Bytes of one character that may be shown as it is; 0 if it must be escaped. */
static size_t printable_length(const char *bytes, size_t length)
{
	unsigned char first = (unsigned char)bytes[0];

	if (first < 0x20 || first == 0x7f)
		return 0;
	for (size_t n = 1; n <= MIN(length, (size_t)4); n++)
		if (text_is_utf8(bytes, n)) {
			/* C1 controls (U+0080 to U+009F) drive terminals too. */
			bool c1 = n == 2 && first == 0xc2 && (unsigned char)bytes[1] < 0xa0;
			return c1 ? 0 : n;
		}
	return 0;
}

/* Appends one character, escaped if need be; returns how many bytes of the source it took. */
static size_t clean_character(const char *source, size_t length, char *ret_text, size_t size)
{
	size_t n = printable_length(source, length);

	if (n > 0) {
		memcpy(ret_text, source, n);
		ret_text[n] = '\0';
		return n;
	}
	if (source[0] == '\n')
		(void)text_copy(ret_text, size, "\\n"); /* size is ample for every escape */
	else if (source[0] == '\t')
		(void)text_copy(ret_text, size, "\\t"); /* as above */
	else
		(void)text_format(ret_text, size, "\\x%02x", (unsigned char)source[0]);
	return 1;
}

/* Copies `raw` cleaned, cut at a character and marked if it is too long or already was. */
static void clean(const char *raw, bool cut, char *buffer, size_t size)
{
	static const char mark[] = "...";
	size_t length = strlen(raw), used = 0, marked_end = 0;

	while (length > 0) {
		char character[8];
		size_t taken = clean_character(raw, length, character, sizeof(character));
		size_t n = strlen(character);

		if (used + n >= size) {
			cut = true;
			break;
		}
		memcpy(buffer + used, character, n);
		used += n;
		if (used + sizeof(mark) <= size)
			marked_end = used; /* the mark would still fit behind this one */
		raw += taken;
		length -= taken;
	}
	buffer[used] = '\0';
	if (cut)
		memcpy(buffer + marked_end, mark, sizeof(mark));
}

void log_write(int level, const char *message_id, const LogField *fields, size_t n_fields,
	       const char *file, int line, const char *function, const char *format, ...)
{
	char raw[MESSAGE_MAX], message[MESSAGE_MAX];
	int saved_errno = errno;
	va_list arguments;

	if (level > current_level)
		return;

	va_start(arguments, format);
	int n = vsnprintf(raw, sizeof(raw), format, arguments);
	va_end(arguments);
	if (n < 0)
		(void)text_copy(raw, sizeof(raw), format); /* better than nothing */
	clean(raw, n >= (int)sizeof(raw), message, sizeof(message));

	LogRecord record = {
		.level = level,
		.message_id = message_id,
		.message = message,
		.fields = fields,
		.n_fields = n_fields,
		.file = file,
		.function = function,
		.line = line,
	};
	current_sink(&record, current_context);
	errno = saved_errno;
}

/* systemd.exec(5), $JOURNAL_STREAM: "device:inode" of the stream; inherited by children whose
 * stderr may be something else, hence the comparison. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char device[24];
	uint64_t device_number, inode_number;
	struct stat st;

	if (!stream)
		return false;
	const char *colon = strchr(stream, ':');
	if (!colon || (size_t)(colon - stream) >= sizeof(device))
		return false;
	memcpy(device, stream, (size_t)(colon - stream));
	device[colon - stream] = '\0';

	return parse_uint64(device, 0, UINT64_MAX, &device_number) == 0 &&
	       parse_uint64(colon + 1, 0, UINT64_MAX, &inode_number) == 0 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device_number &&
	       st.st_ino == inode_number;
}

static void sink_stderr(const LogRecord *record, void *context)
{
	char text[MESSAGE_MAX + 128], stamp[16] = "";
	time_t now = time(NULL);
	struct tm local;

	(void)context; /* stderr has none */
	if (!stderr_is_journal() && localtime_r(&now, &local))
		(void)strftime(stamp, sizeof(stamp), "%H:%M:%S ", &local); /* empty if it fails */

	/* A name longer than the spare room cuts the line; the newline then still ends it. */
	if (!text_format(text, sizeof(text), "%s%s: %s: %s\n", stamp, program_invocation_short_name,
			 log_level_name(record->level), record->message))
		text[sizeof(text) - 2] = '\n';

	/* One write(2) per line, so that lines of several processes do not interleave. */
	ssize_t written;
	do
		written = write(STDERR_FILENO, text, strlen(text));
	while (written < 0 && errno == EINTR);
}

bool log_limit(LogLimit *limit, uint64_t now_ns, unsigned burst, uint64_t interval_ns,
	       uint64_t *ret_suppressed)
{
	if (now_ns - limit->window_start_ns >= interval_ns) {
		limit->window_start_ns = now_ns;
		limit->used = 0;
	}
	if (limit->used >= burst) {
		limit->suppressed++;
		return false;
	}

	limit->used++;
	*ret_suppressed = limit->suppressed;
	limit->suppressed = 0;
	return true;
}
