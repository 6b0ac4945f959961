/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A DNS query and its answer as bytes (RFC 1035, RFC 6891): pure, no socket.
 *
 * Only what measuring needs: one question of class IN; of the answer its code, how many records of
 * the asked type the name has after following CNAMEs, and the least time to live of those. All of
 * the message must be well-formed nevertheless.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/probe_result.h"

#define DNS_NAME_BYTES  255 /* wire form with the root's label; RFC 1035, 2.3.4 */
#define DNS_QUERY_BYTES (12 + DNS_NAME_BYTES + 4 + 11)
/* What we say we take: fits any link unfragmented (DNS flag day 2020). */
#define DNS_EDNS_BYTES 1232
/* What we do take: room for a server that does not listen. */
#define DNS_ANSWER_BYTES 4096

typedef struct DnsName {
	uint8_t length;
	uint8_t bytes[DNS_NAME_BYTES]; /* wire form, uncompressed, lower case */
} DnsName;

typedef struct DnsQuestion {
	DnsName name;
	uint16_t type;
} DnsQuestion;

/* -EINVAL: not a possible name ("" and "." are the root; a final dot is fine; no escapes). */
int dns_question_init(const char *name, uint16_t type, DnsQuestion *ret_question);
/* Returns the length. */
size_t dns_query_encode(const DnsQuestion *question, uint16_t id,
			uint8_t ret_bytes[DNS_QUERY_BYTES]);

typedef struct DnsAnswer {
	uint16_t rcode; /* 12 bits, with those of EDNS */
	bool truncated, authoritative;
	uint16_t answers; /* records of the type asked for, at the end of the CNAME chain */
	bool has_ttl;     /* answers > 0 */
	uint32_t ttl_s;   /* least of them and of the chain */
} DnsAnswer;

typedef enum DnsMatch {
	DNS_STRANGER,  /* to another question or query: a late answer, or forged */
	DNS_MALFORMED, /* to ours, but not DNS; *ret_why says what is wrong (static) */
	DNS_ANSWER,
} DnsMatch;

/* ret_answer only for DNS_ANSWER, ret_why only for DNS_MALFORMED. */
DnsMatch dns_answer_decode(const uint8_t *bytes, size_t length, const DnsQuestion *question,
			   uint16_t id, DnsAnswer *ret_answer, const char **ret_why);
/* PROBE_OK, _NXDOMAIN, _NODATA, _SERVFAIL, _DNS_ERROR, _TRUNCATED. */
ProbeOutcome dns_answer_outcome(const DnsAnswer *answer);
/* What the code says, NULL if the outcome says it all. Static. */
const char *dns_answer_reason(const DnsAnswer *answer);
