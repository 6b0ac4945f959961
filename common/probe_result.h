/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The outcome of one probe: either a latency, or a failure with its reason; never both, never a
 * zero that stands for a failure.
 */
#include "common/address.h"

typedef enum ProbeOutcome {
	PROBE_OK,
	PROBE_SYN_RETRANSMIT, /* connected, but the SYN was sent more than once: the RTT is unknown
			       */
	PROBE_TIMEOUT,
	PROBE_REFUSED,     /* RST to the SYN */
	PROBE_UNREACHABLE, /* ICMP or no route */
	PROBE_UNRESOLVED,  /* no address; counted per schedule slot, like any failed attempt */
	PROBE_LOCAL,       /* our own lack: descriptors, ports, memory; says nothing of the path */
	_PROBE_OUTCOMES,
} ProbeOutcome;

/* "ok", "syn-retransmit", "timeout", "refused", "unreachable", "unresolved", "local" */
const char *probe_outcome_name(ProbeOutcome outcome);

typedef struct ProbeResult {
	ProbeOutcome outcome;
	Address address;
	uint64_t when_ns; /* monotonic, end of the probe */
	/* Only when PROBE_OK: */
	uint32_t rtt_us;      /* tcpi_rtt at ESTABLISHED: SYN to SYN-ACK as the kernel saw it */
	uint32_t overhead_us; /* wall time of connect minus rtt_us: this host's scheduling */
	/* Otherwise: */
	uint32_t syn_retransmits;
	int error; /* positive errno or 0 */
} ProbeResult;
