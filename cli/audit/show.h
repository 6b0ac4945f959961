/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the audit found, as a table with the remedies under it, or as JSON.
 */
#include "cli/audit/audit.h"
#include "cli/settings.h"

typedef struct AuditResult {
	const AuditRow *row;
	AuditFindings findings;
} AuditResult;

/* The verdict of a row is its worst finding's. */
AuditVerdict audit_verdict(const AuditFindings *findings);
const char *audit_verdict_name(AuditVerdict verdict);
void audit_show(const Settings *settings, const AuditResult results[], size_t n, Text *text);
/* {"findings": [...]}; one element for each finding. */
Json *audit_to_json(const AuditResult results[], size_t n);
