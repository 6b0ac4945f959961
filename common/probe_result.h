/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The outcome of one probe: either latencies, one for each phase that took place, or a failure with
 * its reason and the phase it happened in; never both, never a zero that stands for a failure.
 *
 * A phase is the network's and the peer's share of the time: it runs between the kernel's own time
 * stamps of packets (or is the kernel's RTT), so that this host's scheduling is not in it. What
 * this host added is a phase of its own, PHASE_OVERHEAD.
 */
#include <stdbool.h>

#include "common/address.h"

typedef enum ProbeOutcome {
	PROBE_OK,
	PROBE_SYN_RETRANSMIT, /* connected, but the SYN was sent more than once: the RTT is unknown
			       */
	PROBE_TIMEOUT,        /* failed_in says in which phase */
	PROBE_REFUSED,        /* RST to the SYN; ICMP port unreachable */
	PROBE_UNREACHABLE,    /* ICMP or no route */
	PROBE_UNRESOLVED,     /* no address; counted per schedule slot, like any failed attempt */
	PROBE_LOCAL,       /* our own lack: descriptors, ports, memory; says nothing of the path */
	PROBE_PERMISSION,  /* our own lack, too: this process may not open such a socket */
	PROBE_CLOSED,      /* the peer closed or reset a connection that was up */
	PROBE_TLS,         /* the handshake failed: alert, version, garbage */
	PROBE_CERTIFICATE, /* the handshake was fine, the certificate is not to be trusted */
	PROBE_PROTOCOL,    /* an answer that is none: malformed HTTP, DNS, ICMP */
	PROBE_LIMIT,       /* an answer larger than we are willing to read */
	PROBE_STATUS,      /* HTTP 4xx, 5xx */
	PROBE_NXDOMAIN,    /* DNS: no such name (RFC 2308) */
	PROBE_NODATA,      /* DNS: the name has no record of this type (RFC 2308, 2.2) */
	PROBE_SERVFAIL,    /* DNS: rcode 2 */
	PROBE_DNS_ERROR,   /* DNS: any other rcode */
	PROBE_TRUNCATED,   /* DNS: TC; the answer does not fit a datagram */
	_PROBE_OUTCOMES,
} ProbeOutcome;

/* "ok", "syn-retransmit", "timeout", "refused", "unreachable", "unresolved", "local", "permission",
 * "closed", "tls", "certificate", "protocol", "limit", "status", "nxdomain", "nodata", "servfail",
 * "dns-error", "truncated" */
const char *probe_outcome_name(ProbeOutcome outcome);
/* Whether it is a lack of our own, which counts neither as latency nor as loss. */
bool probe_outcome_is_local(ProbeOutcome outcome);

typedef enum ProbePhase {
	PHASE_RESOLVE,  /* the name to an address; only of probes that follow a lookup */
	PHASE_CONNECT,  /* TCP handshake: tcpi_rtt at ESTABLISHED, SYN to SYN-ACK */
	PHASE_TLS,      /* full TLS handshake: the waits for the peer's flights, summed */
	PHASE_RESUMED,  /* the same of a resumed session, on a connection of its own */
	PHASE_REQUEST,  /* last byte of the request sent to first byte of the response */
	PHASE_TRANSFER, /* first to last byte of the response */
	PHASE_REUSED,   /* PHASE_REQUEST of a second request on the same connection */
	PHASE_ECHO,     /* ICMP echo request to reply */
	PHASE_ANSWER,   /* DNS query to answer */
	PHASE_CACHED,   /* PHASE_ANSWER of the same query asked again at once */
	PHASE_FLOW,     /* smoothed RTT of the host's own flows; no probe was sent */
	PHASE_OVERHEAD, /* this host: wall time of the probe less all phases of it */
	PHASE_TOTAL,    /* what a client waits: connect + tls + request + transfer, with overhead */
	_PROBE_PHASES,
} ProbePhase;

/* "resolve", "connect", "tls", "resumed", "request", "transfer", "reused", "echo", "answer",
 * "cached", "flow", "overhead", "total" */
const char *probe_phase_name(ProbePhase phase);

/* Who said that the certificate is good. */
typedef enum ProbeTrust {
	TRUST_UNKNOWN,  /* the handshake did not get that far */
	TRUST_VERIFIED, /* chain and name */
	TRUST_REJECTED, /* trust_reason says why */
} ProbeTrust;

typedef enum ProbeFastOpen {
	FASTOPEN_UNKNOWN, /* not tried, or not decided */
	FASTOPEN_COOKIE,  /* the peer gave a cookie; data in the SYN was not yet accepted 3 times */
	FASTOPEN_WORKS,   /* data in the SYN was acknowledged by the SYN-ACK, 3 of 3 times */
	FASTOPEN_NONE,    /* the peer gives no cookie */
	FASTOPEN_IGNORED, /* a cookie, but the data had to be sent again */
	FASTOPEN_BLACKHOLE, /* SYNs with data get lost: not tried again for a day and more */
	_FASTOPEN_STATES,
} ProbeFastOpen;
/* "unknown", "cookie", "works", "none", "ignored", "blackhole" */
const char *probe_fastopen_name(ProbeFastOpen state);

typedef struct ProbeTlsFacts {
	char version[12]; /* "TLSv1.3" */
	char cipher[40];  /* as OpenSSL names it */
	char alpn[12];    /* "h2", "http/1.1", "" none */
	ProbeTrust trust;
	char trust_reason[64]; /* "certificate has expired"; "" unless rejected */
	bool has_days_left;
	int32_t days_left; /* of the server's own certificate; negative: expired since */
	uint8_t rounds;    /* round trips the full handshake took: 1 TLS 1.3, 2 TLS 1.2, +1 HRR */
	bool resumable;    /* the peer gave a session */
	bool resumed;      /* ... and took it back: PHASE_RESUMED is of a true resumption */
	ProbeFastOpen fastopen;
} ProbeTlsFacts;

typedef struct ProbeHttpFacts {
	uint16_t status;     /* 200 */
	bool h2, h3;         /* ALPN offers h2; Alt-Svc offers h3 */
	bool reusable;       /* the second request was answered on the same connection */
	uint64_t body_bytes; /* read of the first response */
	char location[128];  /* of a redirect, cut to fit; "" otherwise */
	char server[40];     /* Server:, cut; "" absent */
} ProbeHttpFacts;

typedef struct ProbeDnsFacts {
	uint8_t rcode;
	uint16_t answers;
	bool has_ttl;
	uint32_t ttl_s; /* least of the answers */
	bool authoritative;
	bool cached; /* the second answer came from a cache: its TTL had not been renewed */
} ProbeDnsFacts;

typedef struct ProbeIcmpFacts {
	bool raw;           /* raw socket; false: ping socket */
	bool kernel_stamps; /* both ends of PHASE_ECHO are the kernel's time stamps */
	uint8_t ttl;        /* of the reply; 0: not told */
} ProbeIcmpFacts;

/* What a probe learned besides times. A part is present with its flag. */
typedef struct ProbeFacts {
	bool has_tls, has_http, has_dns, has_icmp;
	ProbeTlsFacts tls;
	ProbeHttpFacts http;
	ProbeDnsFacts dns;
	ProbeIcmpFacts icmp;
} ProbeFacts;

typedef struct ProbeResult {
	ProbeOutcome outcome;
	Address address;
	uint64_t when_ns; /* monotonic, end of the probe */
	uint32_t wall_us; /* whole time it took, whatever the outcome; 0: nothing was sent */
	/* Only when PROBE_OK: those with their bit (1 << phase) in `phases`. */
	uint32_t phases;
	uint32_t phases_us[_PROBE_PHASES];
	/* Otherwise: */
	ProbePhase failed_in;
	uint32_t syn_retransmits;
	int error;               /* positive errno or 0 */
	const char *explanation; /* more than the outcome says, or NULL; static, or valid only
				    during the callback that brings the result */
	/* Always; NULL: nothing learned. Valid only during that callback. */
	const ProbeFacts *facts;
} ProbeResult;

/* Sets a phase, saturating. */
void probe_result_set(ProbeResult *result, ProbePhase phase, uint64_t ns);
/* False if the phase did not take place. */
static inline bool probe_result_get(const ProbeResult *result, ProbePhase phase, uint32_t *ret_us)
{
	if (!(result->phases & 1U << phase))
		return false;
	*ret_us = result->phases_us[phase];
	return true;
}
