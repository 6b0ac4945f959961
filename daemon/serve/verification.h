/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What came of comparing what is live with what netoptd believes: each sysctl and each route of
 * ours as the kernel has it now, the journal on disk, and the congestion control of the sockets.
 * Filled in by the composition root, shown by the method Verify.
 */
#include "common/address.h"
#include "common/flow_sample.h"

typedef enum VerificationKind {
	VERIFY_SYSCTL,
	VERIFY_ROUTE,
	VERIFY_JOURNAL,
	VERIFY_CONNECTIONS,
	_VERIFY_KINDS,
} VerificationKind;

/* One thing that is not as believed. Every text is set. */
typedef struct Difference {
	VerificationKind kind;
	char subject[160]; /* a key, a destination, the name of a file */
	char believed[192], live[192], remedy[256];
} Difference;

/* The connections that ought to have a congestion control because of us. */
typedef struct LiveUse {
	Address destination; /* family 0: all that no route of ours is about */
	char congestion[CONGESTION_NAME_MAX];
	unsigned connections;
	unsigned following; /* that algorithm */
	unsigned older;     /* another one, since they were born before the change */
	unsigned other;     /* another one, though they are younger */
} LiveUse;

typedef struct LiveQueue {
	char link[32], qdisc[32]; /* qdisc "": not known */
} LiveQueue;

#define VERIFY_DIFFERENCES_MAX 64
#define VERIFY_QUEUES_MAX      64
#define VERIFY_USES_MAX        257 /* every route of ours, and the host */

typedef struct Verification {
	unsigned sysctls, routes, journal_entries; /* that were compared */
	Difference differences[VERIFY_DIFFERENCES_MAX];
	size_t n_differences, more_differences; /* those beyond the maximum */
	LiveUse uses[VERIFY_USES_MAX];
	size_t n_uses;
	char default_qdisc[32]; /* net.core.default_qdisc; "": absent */
	LiveQueue queues[VERIFY_QUEUES_MAX];
	size_t n_queues;
} Verification;
