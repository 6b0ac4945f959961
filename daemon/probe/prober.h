/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The prober: resolves each endpoint's name, probes each address family on a Poisson schedule (to
 * avoid aliasing with periodic load; RFC 2330 section 11.1.1), and hands results to its owner. It
 * never blocks, never retries a probe, and an endpoint that does not resolve is only that.
 *
 * Kinds of probes are rows of one table (probe_kind_find by the URL's scheme), each a const
 * ProbeKind in a file of its own.
 */
#include "common/clock.h"
#include "common/probe_result.h"
#include "common/random.h"
#include "daemon/run/loop.h"

typedef struct Prober Prober;
typedef struct ProberEndpoint ProberEndpoint;

typedef struct ProberSpec {
	const char *scheme; /* "tcp" */
	const char *host;   /* name or numeric address */
	uint16_t port;
	uint64_t interval_ns; /* mean gap */
	uint64_t timeout_ns;
} ProberSpec;

typedef struct ProberCallbacks {
	/* A new answer of the resolver. error NULL: resolved; addresses[] 0 or 1 of each family.
	 * Otherwise nothing is resolved now and error says why. */
	void (*resolved)(void *context, const Address *ipv4, const Address *ipv6, const char *error);
	void (*result)(void *context, const ProbeResult *result);
	/* n schedule slots passed unserved because this process did not run (late > 1 s). */
	void (*late)(void *context, uint64_t n);
} ProberCallbacks;

typedef struct ProberParams {
	Loop *loop;
	Clock clock;
	Random random;
} ProberParams;

/* Sets up evdns from /etc/resolv.conf and /etc/hosts (lazily, at the first name to resolve). */
int prober_new(const ProberParams *params, Prober **ret_prober);
void prober_free(Prober *prober); /* all endpoints must have been removed */

/* Starts watching; the first probe is due within min(1 s, interval). The strings are copied.
 * -EPROTONOSUPPORT: unknown scheme. */
int prober_add(Prober *prober, const ProberSpec *spec, const ProberCallbacks *callbacks,
	       void *context, ProberEndpoint **ret);
/* Cancels what is under way; no callback comes after. */
void prober_remove(ProberEndpoint *endpoint);
