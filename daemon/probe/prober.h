/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The prober: resolves each endpoint's name, probes each address family on a Poisson schedule (to
 * avoid aliasing with periodic load; RFC 2330 section 11.1.1), and hands results to its owner. It
 * never blocks, never retries a probe, and an endpoint that does not resolve is only that.
 *
 * Kinds of probes are rows of one table (kinds.c), each a const ProbeKind in a file of its own.
 */
#include "common/clock.h"
#include "common/histogram.h"
#include "common/probe_result.h"
#include "common/random.h"
#include "daemon/probe/kind.h"
#include "daemon/run/loop.h"

typedef struct Prober Prober;
typedef struct ProberEndpoint ProberEndpoint;

typedef struct ProberSpec {
	const char *scheme;   /* "tcp" */
	int family;           /* AF_UNSPEC: both, as far as the name has addresses of them */
	uint64_t interval_ns; /* mean gap */
	ProbeSpec probe;      /* host: name or numeric address, "" the system's name server */
} ProberSpec;

typedef struct ProberCallbacks {
	/* An answer of the resolver, new or the same again: the address of each family, of family 0
	 * if there is none. error NULL: resolved. Otherwise resolving failed and error says why;
	 * addresses that are set all the same are the last known ones, still being probed. */
	void (*resolved)(void *context, const Address *ipv4, const Address *ipv6,
			 const char *error);
	void (*result)(void *context, const ProbeResult *result);
	/* n schedule slots passed unserved because this process did not run when they were due:
	 * over 1 s ago, or so long ago that the next one is due too. */
	void (*late)(void *context, uint64_t n);
	/* The last answer came over DNS and took so long. Before resolved(). NULL: of no interest.
	 */
	void (*lookup)(void *context, uint64_t took_ns);
} ProberCallbacks;

typedef struct ProberParams {
	Loop *loop;
	Clock clock;
	Random random;
	const char *resolv_conf;                      /* NULL: /etc/resolv.conf. Copied. */
	const char *hosts;                            /* NULL: /etc/hosts. Copied. */
	const struct ResolverTiming *resolver_timing; /* NULL: the default (resolver.h). Copied. */
} ProberParams;

/* Sets up evdns from /etc/resolv.conf and /etc/hosts (lazily, at the first name to resolve). */
int prober_new(const ProberParams *params, Prober **ret_prober);
void prober_free(Prober *prober); /* all endpoints must have been removed */

/* Starts watching; the first probe is due within min(1 s, interval) of the resolver's first answer
 * (at once for a numeric address). The strings are copied. No callback comes from inside.
 * -EPROTONOSUPPORT: unknown scheme. */
int prober_add(Prober *prober, const ProberSpec *spec, const ProberCallbacks *callbacks,
	       void *context, ProberEndpoint **ret);
/* Cancels what is under way; no callback comes after. NULL is fine. Not from inside a callback. */
void prober_remove(ProberEndpoint *endpoint);

/* How punctual the probes were, since the start. */
typedef struct ProberSchedule {
	uint64_t served;  /* slots that were served */
	uint64_t missed;  /* ... that passed while this process did not run */
	uint64_t skipped; /* ... that found the previous probe still under way */
	Histogram slip;   /* from when a slot was due to when it was served */
} ProberSchedule;
/* Valid until the prober is freed. */
const ProberSchedule *prober_schedule(const Prober *prober);
