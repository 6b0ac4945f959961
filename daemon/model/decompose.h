/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Where the latency of an endpoint lives: the median of a window split into parts that add up.
 *
 *   resolve + rounds x (propagation + queueing) + tls + server + transfer + overhead = total
 *
 * propagation is the floor of the path epoch, queueing the median of the bare round trip less the
 * floor; what is left of the TLS handshake after its round trips is the peer's and our own
 * cryptography, what is left of the request is the server's time. Parts that did not take place are
 * absent, and no part is ever negative: a remainder below zero is 0, and says that the phase was
 * nothing but network.
 */
#include "daemon/model/endpoint.h"

typedef enum DecompositionPart {
	PART_RESOLVE,
	PART_PROPAGATION, /* of all round trips together */
	PART_QUEUEING,    /* likewise */
	PART_TLS,         /* beyond its round trips */
	PART_SERVER,      /* request less one round trip; dns: answer less the least one of a day,
			     queueing      included */
	PART_TRANSFER,
	PART_OVERHEAD, /* this host */
	_PARTS,
} DecompositionPart;

/* "resolve" "propagation" "queueing" "tls" "server" "transfer" "overhead" */
const char *decomposition_part_name(DecompositionPart part);

typedef struct Decomposition {
	uint64_t samples; /* of the headline phase in the window; 0: nothing can be said */
	unsigned rounds;  /* round trips: connect 1, TLS 1 or 2, request 1; echo, answer 1 */
	bool has_floor;
	uint32_t floor_us; /* of one round trip, now; dns: the least answer of a day */
	bool has[_PARTS];
	uint32_t us[_PARTS];
	uint32_t total_us; /* their sum */
} Decomposition;

/* The medians of the phases of some probes, and the floor of their round trip. */
typedef struct DecomposeMedians {
	uint64_t samples;    /* of the headline phase; 0: nothing can be said */
	ProbePhase rtt;      /* the phase that is one bare round trip; _PROBE_PHASES: none */
	unsigned tls_rounds; /* round trips of a full handshake; 0: not known, taken for 1 */
	bool has_floor;
	uint32_t floor_us; /* without a bare round trip: the least answer */
	bool has[_PROBE_PHASES];
	uint32_t us[_PROBE_PHASES];
} DecomposeMedians;

void decompose_medians(const DecomposeMedians *medians, Decomposition *ret);
/* The same of one family over the given window. */
void decompose(const Endpoint *endpoint, const EndpointTarget *target, WindowSpan span,
	       uint64_t now_ns, Decomposition *ret);

/*
 * A sentence that explains what a probe that had to retransmit its SYN took: "1.04 s: one SYN was
 * lost and sent again after 1 s, then 40.0 ms". Linux 6.5 and later wait 1 s that many times more
 * (net.ipv4.tcp_syn_linear_timeouts, 4) before each wait is twice the one before; earlier ones
 * 1, 2, 4 ... s. `linear` is that sysctl's value, 0 where it is absent. Into buffer (160 bytes are
 * always enough); returns it.
 */
char *decompose_syn_retransmits(unsigned retransmits, uint32_t wall_us, unsigned linear,
				char *buffer, unsigned size);
