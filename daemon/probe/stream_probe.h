/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the probes over one connection (tls, http, https) have in common: the connection proper, its
 * times and facts, the connections beside it, and the one report at the end. A kind embeds it first
 * in its Probe and adds what it does with an open connection.
 */
#include "daemon/probe/tls_side.h"

typedef struct StreamProbe StreamProbe;

typedef struct StreamProbeHooks {
	bool tls;
	bool speaks;      /* HTTP/1.1 is spoken, so ALPN must offer nothing else */
	ProbePhase phase; /* the one that begins once the connection is open */
	/* Open, the certificate accepted as far as it must be. Ends in one of the verbs below. */
	void (*opened)(StreamProbe *probe);
	/* After stream_wait(); NULL if never waited for. */
	void (*ready)(StreamProbe *probe);
	/* The connection failed though it had been open. True: that does not matter any more, and
	 * the probe goes on. NULL: it always does. */
	bool (*failed)(StreamProbe *probe);
} StreamProbeHooks;

struct StreamProbe {
	const StreamProbeHooks *hooks;
	ProbeStart start;
	Stream stream;
	ProbeMemory *memory; /* the lane's; NULL without TLS */
	TlsSide side;
	ProbeResult result;
	ProbeFacts facts;
	uint64_t begun_ns;
	int64_t clock_offset;
	bool measured;
};

/* The caller frees, and clears, whatever the outcome. Negative errno: nothing will be reported. */
int stream_probe_start(StreamProbe *probe, const StreamProbeHooks *hooks, const ProbeStart *start);
void stream_probe_clear(StreamProbe *probe);

/* Reports a failure in the phase under way. The probe may be gone afterwards. */
void stream_probe_fail(StreamProbe *probe, ProbeOutcome outcome, const char *explanation);
/* Reports why the connection failed. The probe may be gone afterwards. */
void stream_probe_fail_as_stream(StreamProbe *probe);
/* All phases that a client waits for are in the result: now is the end of PHASE_TOTAL. */
void stream_probe_measured(StreamProbe *probe);
/* Measured, and nothing more to do with the connection: parts, sees to the connections beside it,
 * and reports. From a callback of the stream only. The probe may be gone afterwards. */
void stream_probe_finish(StreamProbe *probe);
