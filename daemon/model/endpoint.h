/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What is known of one configured endpoint: per address family a target with its latency windows,
 * last result and failures. Pure: results come in with their time; nothing is scheduled here.
 */
#include "common/probe_result.h"
#include "common/window.h"
#include "daemon/model/floor.h"
#include "daemon/model/history.h"

#define ENDPOINT_NAME_MAX 64
#define ENDPOINT_URL_MAX  320

typedef enum EndpointState {
	ENDPOINT_PENDING,    /* nothing measured yet */
	ENDPOINT_UNRESOLVED, /* no address now */
	ENDPOINT_UP,         /* the last probe of some family succeeded (or only lost its SYN) */
	ENDPOINT_DOWN,       /* the last ENDPOINT_DOWN_AFTER probes of every family failed */
} EndpointState;

#define ENDPOINT_DOWN_AFTER 3

typedef enum EndpointSlo {
	ENDPOINT_SLO_NONE, /* no target configured, or too few samples to say */
	ENDPOINT_SLO_MET,
	ENDPOINT_SLO_MISSED,
} EndpointSlo;

typedef enum EndpointOrigin {
	ENDPOINT_CONFIGURED,
	ENDPOINT_GATEWAY,  /* discovered: a default gateway */
	ENDPOINT_RESOLVER, /* discovered: a name server in use */
	ENDPOINT_PEER,     /* discovered: a busy destination of the host's own flows */
	_ENDPOINT_ORIGINS,
} EndpointOrigin;

enum { ENDPOINT_IPV4, ENDPOINT_IPV6, _ENDPOINT_FAMILIES };

/* What an endpoint is, as the configuration or the discovery says. Copied; an objective that is
 * none of the three is "balanced". */
typedef struct EndpointSpec {
	const char *name, *url, *scheme, *group; /* none is NULL; group "": none */
	const char *objective;                   /* "latency" "balanced" "throughput" */
	EndpointOrigin origin;
	ProbePhase headline; /* the phase its percentiles, its losses and its targets are about */
	ProbePhase rtt;      /* the phase that is one bare round trip; _PROBE_PHASES: none */
	uint64_t target_p50_ns, target_p95_ns, target_p99_ns; /* 0: none */
} EndpointSpec;

typedef struct EndpointTarget {
	Address address;               /* family 0: this family is not in use */
	Window *phases[_PROBE_PHASES]; /* NULL: this phase never took place. The losses stand in
					  that of the headline. */
	Floor floor;                   /* of the rtt phase */
	bool has_last;
	ProbeResult last;  /* its facts and explanation are those below, or NULL */
	ProbeFacts *facts; /* the last that were told; NULL: never */
	char explanation[96];
	uint32_t consecutive_failures;
	uint64_t failures[_PROBE_OUTCOMES]; /* since start; [PROBE_OK] counts successes */
} EndpointTarget;

typedef struct Endpoint {
	char name[ENDPOINT_NAME_MAX];
	char url[ENDPOINT_URL_MAX];
	char scheme[8];
	char group[ENDPOINT_NAME_MAX];
	const char *objective; /* static */
	EndpointOrigin origin;
	ProbePhase headline, rtt;
	uint64_t target_p50_ns, target_p95_ns, target_p99_ns; /* 0: none */
	bool resolving;                                       /* no answer yet since start */
	char resolve_error[96];                               /* "" when resolved */
	uint64_t resolved_ns; /* last successful resolution; 0 never */
	EndpointTarget targets[_ENDPOINT_FAMILIES];
	History *history;     /* of the headline; NULL until the first attempt */
	uint64_t late_probes; /* schedule slots missed because this process did not run */
} Endpoint;

/* -ENOMEM, -ENAMETOOLONG */
int endpoint_new(const EndpointSpec *spec, Endpoint **ret);
void endpoint_free(Endpoint *endpoint);
/* "configured" "gateway" "resolver" "peer" */
const char *endpoint_origin_name(EndpointOrigin origin);
/* Which target an address belongs to, by family. What has no address (family 0) counts with IPv4,
 * unless only IPv6 was ever probed. */
EndpointTarget *endpoint_target(Endpoint *endpoint, int family);
/* The resolver's answer for a family; family stays known (with its history) if the address changes.
 * An address of family 0 means: no address of that family. */
void endpoint_set_address(Endpoint *endpoint, int family, const Address *address);

enum { ENDPOINT_PATH_CHANGED = 1 };
/* Counts it. ENDPOINT_PATH_CHANGED: with this sample a path epoch ended; targets[].floor says from
 * what to what. -ENOMEM. */
int endpoint_add_result(Endpoint *endpoint, const ProbeResult *result);
/* One sample of a phase that came without a probe: a lookup's time, the RTT of the host's own
 * flows. Of the headline phase it counts as a success, of the rtt phase it may say
 * ENDPOINT_PATH_CHANGED. -ENOMEM */
int endpoint_add_phase(Endpoint *endpoint, int family, ProbePhase phase, uint64_t now_ns,
		       uint32_t us);
/* With fewer failures in a row than make it DOWN, the state before them holds. What was discovered
 * and never answered stays PENDING. */
EndpointState endpoint_state(const Endpoint *endpoint);
const char *endpoint_state_name(EndpointState state);
/* Whether the attempts of the last hour met every target that is set: of p99, that 99 % of all
 * attempts succeeded within it, and so on. One that is missed decides; otherwise one that has too
 * few attempts (WINDOW_MIN_...) to be judged. */
EndpointSlo endpoint_slo(const Endpoint *endpoint, uint64_t now_ns);
/* The headline of both families together. */
void endpoint_summarise(const Endpoint *endpoint, WindowSpan span, uint64_t now_ns,
			WindowSummary *ret);
/* One phase of one family; an empty summary if it never took place. */
void endpoint_summarise_phase(const EndpointTarget *target, ProbePhase phase, WindowSpan span,
			      uint64_t now_ns, WindowSummary *ret);

/* The headline of both families over time. The steps that are kept are those from *ret_first on, to
 * the one of now, which is in progress. False: nothing was attempted yet. */
bool endpoint_history_begin(const Endpoint *endpoint, HistoryScale scale, uint64_t *ret_first);
void endpoint_history_at(const Endpoint *endpoint, HistoryScale scale, uint64_t number,
			 HistoryPoint *ret);
