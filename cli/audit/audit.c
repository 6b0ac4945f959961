/* SPDX-License-Identifier: MIT */
#include "cli/audit/audit.h"

#include <stdarg.h>

#include "common/base.h"

/* What it is worth, to keep the worst where there is no room for all. */
static int64_t weight(const AuditFinding *finding)
{
	int64_t us = MAX(finding->cost_us, finding->cost_us_per_s);

	return MAX(us, finding->cost_bps / 1000);
}

static AuditFinding *least(AuditFindings *findings)
{
	AuditFinding *found = &findings->list[0];

	for (size_t i = 1; i < findings->n; i++)
		if (weight(&findings->list[i]) < weight(found))
			found = &findings->list[i];
	return found;
}

AuditFinding *audit_add(AuditFindings *findings, AuditVerdict verdict)
{
	AuditFinding *finding;

	if (findings->n < AUDIT_FINDINGS_MAX) {
		finding = &findings->list[findings->n++];
	} else {
		findings->left_out++;
		finding = least(findings);
	}
	*finding = (AuditFinding){
		.verdict = verdict, .cost_us = -1, .cost_us_per_s = -1, .cost_bps = -1};
	return finding;
}

void audit_say(AuditFindings *findings, AuditVerdict verdict, const char *format, ...)
{
	AuditFinding *finding = audit_add(findings, verdict);
	va_list arguments;
	Text text = {.data = NULL};

	va_start(arguments, format);
	text_appendv(&text, format, arguments);
	va_end(arguments);
	(void)text_copy(finding->finding, sizeof(finding->finding), text_string(&text));
	text_clear(&text);
}
