/* SPDX-License-Identifier: MIT */
/*
 * One sd_journal_sendv(3) per record. If the journal does not take it (its socket is missing or
 * full), the plain line goes to stderr instead, which the manager captures by another way.
 */
#include "daemon/run/journal_sink.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include "common/text.h"

#define FIELDS_MAX 24
#define FIXED      6

bool journal_sink_wanted(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[64];
	struct stat status;

	if (!stream || fstat(STDERR_FILENO, &status) < 0)
		return false;
	(void)text_format(ours, sizeof(ours), "%ju:%ju", (uintmax_t)status.st_dev,
			  (uintmax_t)status.st_ino);
	return text_equal(stream, ours);
}

static void add(struct iovec *fields, int *n, Text *text)
{
	if (*n < FIELDS_MAX && !text->failed)
		fields[(*n)++] = (struct iovec){text->data, text->length};
}

void journal_sink(const LogRecord *record, void *context)
{
	Text texts[FIELDS_MAX] = {0};
	struct iovec fields[FIELDS_MAX];
	int n = 0;

	(void)context;
	text_appendf(&texts[0], "MESSAGE=%s", record->message);
	text_appendf(&texts[1], "PRIORITY=%d", record->level);
	text_appendf(&texts[2], "CODE_FILE=%s", record->file);
	text_appendf(&texts[3], "CODE_LINE=%d", record->line);
	text_appendf(&texts[4], "CODE_FUNC=%s", record->function);
	if (record->message_id)
		text_appendf(&texts[5], "MESSAGE_ID=%s", record->message_id);
	for (size_t i = 0; i < record->n_fields && i + FIXED < FIELDS_MAX; i++)
		if (record->fields[i].value)
			text_appendf(&texts[FIXED + i], "%s=%s", record->fields[i].name,
				     record->fields[i].value);
	for (size_t i = 0; i < FIELDS_MAX; i++)
		if (texts[i].data)
			add(fields, &n, &texts[i]);

	if (sd_journal_sendv(fields, n) < 0)
		(void)fprintf(stderr, "<%d>%s\n", record->level, record->message);
	for (size_t i = 0; i < FIELDS_MAX; i++)
		text_clear(&texts[i]);
}
