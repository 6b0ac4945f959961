/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * DNS messages byte by byte, right ones and wrong ones, for the tests of the codec and the probe.
 * Zero-initialise; names are text ("a.example"), or a pointer: "@12".
 */
#include <stdint.h>
#include <string.h>

#define DNS_BUILDER_BYTES 8192

typedef struct DnsBuilder {
	uint8_t bytes[DNS_BUILDER_BYTES];
	size_t length;
} DnsBuilder;

static inline void dns_put8(DnsBuilder *b, unsigned value)
{
	b->bytes[b->length++] = (uint8_t)value;
}

static inline void dns_put16(DnsBuilder *b, unsigned value)
{
	dns_put8(b, value >> 8);
	dns_put8(b, value);
}

static inline void dns_put32(DnsBuilder *b, uint32_t value)
{
	dns_put16(b, value >> 16);
	dns_put16(b, value & 0xffff);
}

/* Labels, then the root or, after "@", a pointer. */
static inline void dns_put_name(DnsBuilder *b, const char *name)
{
	unsigned target = 0;

	while (*name != '\0' && *name != '@') {
		size_t n = strcspn(name, ".@");

		dns_put8(b, (unsigned)n);
		memcpy(b->bytes + b->length, name, n);
		b->length += n;
		name += n + (name[n] == '.' ? 1 : 0);
	}
	if (*name++ != '@') {
		dns_put8(b, 0);
		return;
	}
	for (; *name != '\0'; name++)
		target = target * 10 + (unsigned)(*name - '0');
	dns_put16(b, 0xc000 | target);
}

static inline void dns_put_header(DnsBuilder *b, unsigned id, unsigned flags, unsigned questions,
				  unsigned answers)
{
	dns_put16(b, id);
	dns_put16(b, flags);
	dns_put16(b, questions);
	dns_put16(b, answers);
	dns_put16(b, 0); /* authority */
	dns_put16(b, 0); /* additional */
}

static inline void dns_put_question(DnsBuilder *b, const char *name, unsigned type)
{
	dns_put_name(b, name);
	dns_put16(b, type);
	dns_put16(b, 1);
}

/* Up to the length of the data. */
static inline void dns_put_fixed(DnsBuilder *b, const char *name, unsigned type, uint32_t ttl,
				 unsigned length)
{
	dns_put_name(b, name);
	dns_put16(b, type);
	dns_put16(b, 1);
	dns_put32(b, ttl);
	dns_put16(b, length);
}

static inline void dns_put_a(DnsBuilder *b, const char *name, uint32_t ttl)
{
	dns_put_fixed(b, name, 1, ttl, 4);
	dns_put32(b, 0xc0000201);
}

static inline void dns_put_cname(DnsBuilder *b, const char *name, uint32_t ttl, const char *to)
{
	size_t length;

	dns_put_fixed(b, name, 5, ttl, 0);
	length = b->length;
	dns_put_name(b, to);
	b->bytes[length - 2] = (uint8_t)((b->length - length) >> 8);
	b->bytes[length - 1] = (uint8_t)(b->length - length);
}

/* EDNS, with the upper bits of the code. */
static inline void dns_put_opt(DnsBuilder *b, unsigned rcode)
{
	dns_put8(b, 0);
	dns_put16(b, 41);
	dns_put16(b, 1232);
	dns_put8(b, rcode >> 4);
	dns_put8(b, 0);
	dns_put16(b, 0);
	dns_put16(b, 0);
}
