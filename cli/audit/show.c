/* SPDX-License-Identifier: MIT */
#include "cli/audit/show.h"

#include "cli/fold.h"
#include "cli/table.h"
#include "common/human.h"

static const TableColumn columns[] = {
	{.title = "ROW"},
	{.title = "VERDICT"},
	{.title = "COST", .right = true, .drop = 1},
	{.title = "WHOSE", .flexible = true, .least = 12, .drop = 2},
	{.title = "FOUND", .flexible = true, .least = 16},
};

AuditVerdict audit_verdict(const AuditFindings *findings)
{
	AuditVerdict worst = AUDIT_UNKNOWN;

	for (size_t i = 0; i < findings->n; i++)
		worst = MAX(worst, findings->list[i].verdict);
	return worst;
}

const char *audit_verdict_name(AuditVerdict verdict)
{
	static const char *const names[_AUDIT_VERDICTS] = {
		[AUDIT_UNKNOWN] = "unknown", [AUDIT_OK] = "ok", [AUDIT_IMPROVE] = "improve"};

	return names[verdict];
}

static OutputStyle style_of(AuditVerdict verdict)
{
	return verdict == AUDIT_OK        ? STYLE_GOOD
	       : verdict == AUDIT_IMPROVE ? STYLE_WARN
					  : STYLE_PLAIN;
}

/* "40.0 ms", "120 ms/s", "12 Mbit/s"; "" where it is not known. */
static void cost(const AuditFinding *finding, char *buffer, size_t size)
{
	char text[HUMAN_MAX];

	buffer[0] = '\0';
	if (finding->cost_us_per_s >= 0)
		(void)text_format(buffer, size, "%s/s",
				  human_latency((uint64_t)finding->cost_us_per_s, text));
	else if (finding->cost_us >= 0)
		(void)text_copy(buffer, size, human_latency((uint64_t)finding->cost_us, text));
	else if (finding->cost_bps >= 0)
		(void)text_copy(buffer, size, human_rate((uint64_t)finding->cost_bps, text));
}

static void fill(Table *table, const AuditResult *result)
{
	for (size_t i = 0; i < result->findings.n; i++) {
		const AuditFinding *finding = &result->findings.list[i];
		char text[HUMAN_MAX + 2];

		cost(finding, text, sizeof(text));
		table_add(table, STYLE_PLAIN, result->row->name);
		table_add(table, style_of(finding->verdict), audit_verdict_name(finding->verdict));
		table_add(table, STYLE_PLAIN, text);
		table_add(table, STYLE_PLAIN, finding->subject);
		table_add(table, STYLE_PLAIN, finding->finding);
	}
}

/* At length what there is to do, since a table cuts what is long. */
static void append_remedies(const Settings *settings, const AuditResult *result, Text *text)
{
	for (size_t i = 0; i < result->findings.n; i++) {
		const AuditFinding *finding = &result->findings.list[i];

		if (finding->verdict != AUDIT_IMPROVE)
			continue;
		text_append(text, "\n");
		output_append(settings, text, STYLE_BOLD, result->row->title);
		if (*finding->subject) {
			text_append(text, ": ");
			output_append(settings, text, STYLE_PLAIN, finding->subject);
		}
		text_append(text, "\n");
		fold_append(settings, "found", finding->finding, text);
		fold_append(settings, "remedy", finding->remedy, text);
	}
	if (result->findings.left_out > 0)
		text_appendf(text, "  and %zu more of these\n", result->findings.left_out);
}

/* Where this row says the same as one before, which has been told. */
static bool is_told(const AuditResult results[], size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (audit_verdict(&results[k].findings) == AUDIT_UNKNOWN &&
		    text_equal(results[k].findings.list[0].finding,
			       results[i].findings.list[0].finding))
			return true;
	return false;
}

/* What is missing, each with the rows that it concerns. */
static void append_unknown(const Settings *settings, const AuditResult results[], size_t n,
			   Text *text)
{
	for (size_t i = 0; i < n; i++) {
		const char *finding = results[i].findings.list[0].finding;
		const char *comma = "";

		if (audit_verdict(&results[i].findings) != AUDIT_UNKNOWN || is_told(results, i))
			continue;
		text_append(text, "\nCannot tell: ");
		for (size_t k = i; k < n; k++) {
			if (audit_verdict(&results[k].findings) != AUDIT_UNKNOWN ||
			    !text_equal(results[k].findings.list[0].finding, finding))
				continue;
			text_appendf(text, "%s%s", comma, results[k].row->name);
			comma = ", ";
		}
		text_append(text, "\n");
		fold_append(settings, "why", finding, text);
	}
}

void audit_show(const Settings *settings, const AuditResult results[], size_t n, Text *text)
{
	_cleanup_table_ Table table = {.cells = NULL};

	table_init(&table, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < n; i++)
		fill(&table, &results[i]);
	table_append(&table, settings, 0, text);
	for (size_t i = 0; i < n; i++)
		append_remedies(settings, &results[i], text);
	append_unknown(settings, results, n, text);
}

static void set_cost(Json *object, const char *key, int64_t value)
{
	if (value < 0)
		json_set_null(object, key);
	else
		json_set_int(object, key, value);
}

static Json *finding_to_json(const AuditRow *row, const AuditFinding *finding)
{
	Json *object = json_new_object();

	json_set_string(object, "row", row->name);
	json_set_string(object, "title", row->title);
	json_set_string(object, "verdict", audit_verdict_name(finding->verdict));
	json_set_string(object, "subject", *finding->subject ? finding->subject : NULL);
	json_set_string(object, "finding", finding->finding);
	set_cost(object, "costUsec", finding->cost_us);
	set_cost(object, "costUsecPerSecond", finding->cost_us_per_s);
	set_cost(object, "costBps", finding->cost_bps);
	json_set_string(object, "remedy", *finding->remedy ? finding->remedy : NULL);
	return object;
}

Json *audit_to_json(const AuditResult results[], size_t n)
{
	Json *json = json_new_object(), *list = json_new_array();

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < results[i].findings.n; k++)
			json_append(list,
				    finding_to_json(results[i].row, &results[i].findings.list[k]));
	json_set(json, "findings", list);
	return json;
}
