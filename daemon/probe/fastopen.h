/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Whether a peer takes data in the SYN (TCP Fast Open, RFC 7413), learned from quiet tries on
 * connections that measure nothing. Pure: what became of a try comes in, a state comes out.
 *
 * A cookie is seen at the next try, when the kernel has one to send. Data in the SYN must have been
 * acknowledged by the SYN-ACK 3 of 3 times before it is said to work. Middleboxes that drop such a
 * SYN are the known harm: two of those within ten tries, while plain connections to the same peer
 * were made without a retransmission just before, and it is left alone for a day, then two, four,
 * up to 30 (the field reports of RFC 7413, 7 and later measurements).
 */
#include <stdbool.h>
#include <stdint.h>

#include "common/probe_result.h"

typedef struct FastOpen {
	ProbeFastOpen state;
	uint8_t works;        /* in a row, up to 3 */
	uint8_t fruitless;    /* asked for a cookie, and at the next try there was none, in a row */
	uint8_t ignored;      /* in a row */
	bool asked;           /* the last try asked for a cookie */
	uint16_t losses;      /* bit i: the try before i others was lost */
	uint8_t refusals;     /* how often it was left alone, for the back-off */
	uint64_t retry_at_ns; /* 0: any time */
	uint64_t next_probe;  /* number of the probe after which to try next */
} FastOpen;

/* What became of one connection with TCP_FASTOPEN_CONNECT. */
typedef struct FastOpenTry {
	bool had_cookie; /* the kernel sent data in the SYN, rather than ask for a cookie */
	bool established;
	bool acknowledged;    /* TCPI_OPT_SYN_DATA: the SYN-ACK acknowledged the data */
	unsigned client_fail; /* tcpi_fastopen_client_fail: 1 no cookie, 2 data not acked, 3 SYN
				 sent again */
	bool stalled;         /* established, then sent again and again without an answer */
} FastOpenTry;

#define FASTOPEN_EVERY_UNDECIDED 8 /* probes from try to try */
#define FASTOPEN_EVERY           32

/* Whether a try is due after this probe of the lane (the first is 1). */
bool fastopen_is_due(const FastOpen *fastopen, uint64_t probe, uint64_t now_ns);
void fastopen_learn(FastOpen *fastopen, const FastOpenTry *attempt, uint64_t probe,
		    uint64_t now_ns);
