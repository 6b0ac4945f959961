/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A kind of probe: one row of the table in kinds.c, one file each. A probe in flight is owned by
 * the lane of the prober that started it; it reports exactly once, never from inside start(),
 * unless cancelled before.
 *
 * What outlives a probe is of two sorts: what all probes share (the TLS context), and what one lane
 * remembers from probe to probe (a TLS session, how many probes went before). Both are made by the
 * first probe that needs them, so that a daemon without TLS endpoints never initialises OpenSSL.
 */
#include "common/clock.h"
#include "common/probe_result.h"
#include "daemon/run/loop.h"

typedef struct Probe Probe;             /* opaque to the prober; each kind has its own */
typedef struct ProbeMemory ProbeMemory; /* of one lane; each kind has its own */

typedef struct TlsContext TlsContext;   /* tls_context.h */
typedef struct StampKeeper StampKeeper; /* stamp.h */

typedef struct ProbeShared {
	TlsContext *tls;     /* NULL until the first TLS probe */
	StampKeeper *stamps; /* NULL until the first probe that uses time stamps */
} ProbeShared;

/* What the endpoint says of its probes. Owned by the prober's endpoint, outlives every probe. */
typedef struct ProbeSpec {
	const char *host; /* as written: SNI, Host:, the name in the certificate */
	uint16_t port;    /* 0: the kind has none */
	const char
		*target; /* http, https: path and query, "/..."; dns: the name asked for; else "" */
	uint16_t dns_type; /* dns: the type asked for, host order (1 A, 28 AAAA) */
	uint64_t timeout_ns;
	bool verify;               /* tls, https: a certificate that is not trusted is a failure */
	const char *ca_file;       /* tls, https: PEM file of trusted roots; "" the system's */
	uint64_t body_limit_bytes; /* http, https: reading stops, and the probe fails, beyond it */
	Address source;            /* family 0: the kernel chooses */
	uint32_t mark;             /* SO_MARK of the connections of tcp, tls, http; 0: none */
} ProbeSpec;

typedef struct ProbeStart {
	Loop *loop;
	const Clock *clock;
	Address address;
	const ProbeSpec *spec;
	ProbeShared *shared;
	ProbeMemory **memory; /* *memory is NULL at first; the kind allocates it if it wants to */
	void (*done)(void *context, const ProbeResult *result);
	void *context;
} ProbeStart;

typedef struct ProbeKind {
	const char *scheme;
	const char *summary;
	ProbePhase headline; /* what this kind's percentiles and targets are about */
	ProbePhase rtt;      /* the phase that is one bare round trip; _PROBE_PHASES: none */
	/* Negative errno if it could not even start; then done() is not called. */
	int (*start)(const ProbeStart *start, Probe **ret_probe);
	void (*cancel)(Probe *probe);        /* frees; NULL is fine. Also called after done(). */
	void (*forget)(ProbeMemory *memory); /* frees; NULL if this kind remembers nothing */
} ProbeKind;

extern const ProbeKind probe_kind_tcp;
extern const ProbeKind probe_kind_tls;
extern const ProbeKind probe_kind_http;
extern const ProbeKind probe_kind_https;
extern const ProbeKind probe_kind_icmp;
extern const ProbeKind probe_kind_dns;

/* The kind of a URL's scheme; NULL if there is none. The table is in kinds.c. */
const ProbeKind *probe_kind_find(const char *scheme);
/* Frees what the probes made. No probe may be in flight. */
void probe_shared_clear(ProbeShared *shared);
