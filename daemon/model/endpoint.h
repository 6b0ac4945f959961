/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What is known of one configured endpoint: per address family a target with its latency windows,
 * last result and failures. Pure: results come in with their time; nothing is scheduled here.
 */
#include "common/probe_result.h"
#include "common/window.h"

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

typedef struct EndpointTarget {
	Address address; /* family 0: this family is not in use */
	Window rtt;
	Window overhead; /* successes only */
	bool has_last;
	ProbeResult last;
	uint32_t consecutive_failures;
	uint64_t failures[_PROBE_OUTCOMES]; /* since start; [PROBE_OK] counts successes */
} EndpointTarget;

enum { ENDPOINT_IPV4, ENDPOINT_IPV6, _ENDPOINT_FAMILIES };

typedef struct Endpoint {
	char name[ENDPOINT_NAME_MAX];
	char url[ENDPOINT_URL_MAX];
	uint64_t target_p99_ns; /* 0: none */
	bool resolving;         /* no answer yet since start */
	char resolve_error[96]; /* "" when resolved */
	uint64_t resolved_ns;   /* last successful resolution; 0 never */
	EndpointTarget targets[_ENDPOINT_FAMILIES];
	uint64_t late_probes; /* schedule slots missed because this process did not run */
} Endpoint;

/* -ENOMEM, -ENAMETOOLONG */
int endpoint_new(const char *name, const char *url, uint64_t target_p99_ns, Endpoint **ret);
void endpoint_free(Endpoint *endpoint);
/* Which target an address belongs to, by family. What has no address (family 0) counts with IPv4,
 * unless only IPv6 was ever probed. */
EndpointTarget *endpoint_target(Endpoint *endpoint, int family);
/* The resolver's answer for a family; family stays known (with its history) if the address changes.
 * An address of family 0 means: no address of that family. */
void endpoint_set_address(Endpoint *endpoint, int family, const Address *address);
int endpoint_add_result(Endpoint *endpoint, const ProbeResult *result); /* -ENOMEM */
/* With fewer failures in a row than make it DOWN, the state before them holds. */
EndpointState endpoint_state(const Endpoint *endpoint);
const char *endpoint_state_name(EndpointState state);
/* Whether 99 % of the attempts of the last hour succeeded within the target. */
EndpointSlo endpoint_slo(const Endpoint *endpoint, uint64_t now_ns);
/* Both families together. */
void endpoint_summarise(const Endpoint *endpoint, WindowSpan span, uint64_t now_ns,
			WindowSummary *ret);
