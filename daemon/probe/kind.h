/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A kind of probe: one row of the table in prober.c, one file each. A probe in flight is owned by
 * the ProberEndpoint that started it; it reports exactly once, never from inside start(), unless
 * cancelled before.
 */
#include "common/clock.h"
#include "common/probe_result.h"
#include "daemon/run/loop.h"

typedef struct Probe Probe; /* opaque to the prober; each kind has its own */

typedef struct ProbeStart {
	Loop *loop;
	const Clock *clock;
	Address address;
	uint16_t port;
	uint64_t timeout_ns;
	void (*done)(void *context, const ProbeResult *result);
	void *context;
} ProbeStart;

typedef struct ProbeKind {
	const char *scheme;
	const char *summary;
	/* Negative errno if it could not even start; then done() is not called. */
	int (*start)(const ProbeStart *start, Probe **ret_probe);
	void (*cancel)(Probe *probe); /* frees; NULL is fine. Also called after done(). */
} ProbeKind;

extern const ProbeKind probe_kind_tcp;

/* The kind of a URL's scheme; NULL if there is none. The table is in prober.c. */
const ProbeKind *probe_kind_find(const char *scheme);
