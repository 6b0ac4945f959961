/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The audit: the questions that every guide to low latency asks, answered for this host from
 * evidence. Each row is one file with one pure function from what was seen to findings; what is
 * seen is gathered before, in a few seconds of looking (observe.h) and from the daemon if it runs.
 *
 * A row says "ok" only if it has seen enough to know, "improve" with the number that shows it, what
 * it costs and the exact remedy, else "unknown" with what is missing (no traffic, no permission, no
 * daemon). A fault is never guessed.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/json.h"
#include "common/text.h"

#define AUDIT_FINDINGS_MAX 8 /* of one row: culprits, the worst first */

typedef enum AuditVerdict {
	AUDIT_UNKNOWN,
	AUDIT_OK,
	AUDIT_IMPROVE,
	_AUDIT_VERDICTS,
} AuditVerdict;

typedef struct AuditFinding {
	AuditVerdict verdict;
	char subject[96];  /* process, listener, destination, endpoint, key; "": the host */
	char finding[256]; /* one sentence, with its numbers */
	char remedy[256];  /* a command or a line of configuration, exactly; "" if none is needed */
	/* What it costs: us for each exchange or connection, us lost in each second, bit/s not
	 * reached. Negative: not known, or does not apply. */
	int64_t cost_us, cost_us_per_s, cost_bps;
} AuditFinding;

struct Observation; /* observe.h */

typedef struct AuditInput {
	const Json *endpoints;          /* of the daemon; NULL without one */
	const struct Observation *seen; /* never NULL; what could not be seen says why */
} AuditInput;

typedef struct AuditFindings {
	AuditFinding list[AUDIT_FINDINGS_MAX];
	size_t n, left_out;
} AuditFindings;

typedef struct AuditRow {
	const char *name;  /* for programs and --row: "nodelay" */
	const char *title; /* "TCP_NODELAY on interactive connections" */
	const char
		*question; /* what is asked, and how it is found out: as the manual page has it */
	void (*assess)(const AuditInput *input, AuditFindings *ret);
	bool takes_time; /* its evidence is what happens while one looks; else one look is enough */
} AuditRow;

/* In the order in which they are shown: rows.c. */
extern const AuditRow audit_rows[];
extern const size_t n_audit_rows;

/* The next finding to fill in, with costs unknown; the least costly gives way when there are too
 * many (what is counted in left_out). */
AuditFinding *audit_add(AuditFindings *findings, AuditVerdict verdict);
/* A row that has one thing to say. */
void audit_say(AuditFindings *findings, AuditVerdict verdict, const char *format, ...)
	_printf_(3, 4);
