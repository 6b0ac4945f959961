/* SPDX-License-Identifier: MIT */
#include "cli/measure_csv.h"

#include <inttypes.h>
#include <string.h>

#include "common/clock.h"

/* Those a probe can have, in the order in which they take place. */
static const ProbePhase columns[] = {
	PHASE_CONNECT, PHASE_TLS,    PHASE_REQUEST, PHASE_TRANSFER, PHASE_ECHO,     PHASE_ANSWER,
	PHASE_TOTAL,   PHASE_REUSED, PHASE_RESUMED, PHASE_CACHED,   PHASE_OVERHEAD,
};

void measure_csv_header(Text *text)
{
	text_append(text, "url,address,probe,at_usec,outcome,failed_in,explanation");
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		text_appendf(text, ",%s_usec", probe_phase_name(columns[i]));
	text_append(text, "\n");
}

/* A comma and the field, quoted if it has to be; what would break the line is a blank. */
static void append_field(const char *field, Text *text)
{
	bool quoted = strpbrk(field, ",\"\r\n") != NULL;

	text_append(text, quoted ? ",\"" : ",");
	for (; *field; field++) {
		if (*field == '"')
			text_append(text, "\"");
		text_append_bytes(text, *field == '\r' || *field == '\n' ? " " : field, 1);
	}
	if (quoted)
		text_append(text, "\"");
}

void measure_csv_append(const MeasureItem *item, Text *text)
{
	const MeasureSeries *series = &item->series;
	const MeasureSample *sample = &series->samples[series->n - 1];
	bool failed = sample->outcome != PROBE_OK;
	const char *explanation = sample->explanation ? sample->explanation
				  : sample->error > 0 ? strerror(sample->error)
						      : "";
	_cleanup_(text_clear) Text line = {.data = NULL};
	char address[ADDRESS_TEXT_MAX];

	append_field(item->target->text, &line);
	append_field(address_format(&series->address, address), &line);
	text_appendf(&line, ",%zu,%" PRIu64, series->n, sample->at_ns / NSEC_PER_USEC);
	append_field(probe_outcome_name(sample->outcome), &line);
	append_field(failed ? probe_phase_name(sample->failed_in) : "", &line);
	append_field(explanation, &line);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		text_append(&line, ",");
		if (sample->phases & 1U << columns[i])
			text_appendf(&line, "%" PRIu32, sample->phases_us[columns[i]]);
	}
	text_appendf(text, "%s\n", text_string(&line) + 1);
	text->failed = text->failed || line.failed;
}
