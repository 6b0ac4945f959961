/* SPDX-License-Identifier: MIT */
/*
 * Termination and bounds: a compression pointer must point before the name it is part of, and
 * before the pointer that led there; so names end. Hops, links of the CNAME chain and the message's
 * own length bound the work for the worst message to some 10^5 steps.
 *
 * Errors of the server (FORMERR, REFUSED, ...) are accepted without their question, since a server
 * that could not read it need not repeat it.
 */
#include "daemon/probe/dns_message.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"

#define DNS_HEADER_BYTES 12
#define DNS_LABEL_BYTES  63
/* BIND and Unbound stop at 11 and 16 CNAMEs. */
#define DNS_LINKS_MAX 16
/* More than a name has labels that could each be a pointer in an honest message. */
#define DNS_HOPS_MAX 128

enum { CLASS_IN = 1, TYPE_A = 1, TYPE_CNAME = 5, TYPE_AAAA = 28, TYPE_OPT = 41, TYPE_ANY = 255 };
enum { NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED };
enum {
	FLAG_QR = 0x8000,
	FLAG_OPCODE = 0x7800,
	FLAG_AA = 0x0400,
	FLAG_TC = 0x0200,
	FLAG_RD = 0x0100
};

typedef struct Message {
	const uint8_t *bytes;
	size_t length;
} Message;

typedef struct Record {
	DnsName owner;
	uint16_t type, class;
	uint32_t ttl_s;
	size_t data, data_length; /* offset in the message */
} Record;

static uint16_t read16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static uint32_t read32(const uint8_t *bytes)
{
	return (uint32_t)read16(bytes) << 16 | read16(bytes + 2);
}

static void put16(uint8_t *bytes, size_t *at, uint16_t value)
{
	bytes[(*at)++] = (uint8_t)(value >> 8);
	bytes[(*at)++] = (uint8_t)value;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

static bool name_equal(const DnsName *a, const DnsName *b)
{
	return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

/* Room for the root's label, too, unless this is it. */
static bool name_append(DnsName *name, const uint8_t *label, size_t length)
{
	size_t needed = name->length + 1 + length + (length > 0 ? 1 : 0);

	if (length > DNS_LABEL_BYTES || needed > DNS_NAME_BYTES)
		return false;
	name->bytes[name->length++] = (uint8_t)length;
	for (size_t i = 0; i < length; i++)
		name->bytes[name->length++] = lower(label[i]);
	return true;
}

int dns_question_init(const char *name, uint16_t type, DnsQuestion *ret_question)
{
	DnsQuestion question = {.type = type};
	size_t length;

	if (strcmp(name, ".") == 0)
		name++;
	for (; *name != '\0'; name += length + (name[length] == '.' ? 1 : 0)) {
		length = strcspn(name, ".");
		if (length == 0 || !name_append(&question.name, (const uint8_t *)name, length))
			return -EINVAL;
	}
	if (!name_append(&question.name, NULL, 0))
		return -EINVAL;

	*ret_question = question;
	return 0;
}

size_t dns_query_encode(const DnsQuestion *question, uint16_t id,
			uint8_t ret_bytes[DNS_QUERY_BYTES])
{
	size_t n = 0;

	put16(ret_bytes, &n, id);
	put16(ret_bytes, &n, FLAG_RD);
	put16(ret_bytes, &n, 1); /* questions */
	put16(ret_bytes, &n, 0);
	put16(ret_bytes, &n, 0);
	put16(ret_bytes, &n, 1); /* additional: OPT */
	memcpy(ret_bytes + n, question->name.bytes, question->name.length);
	n += question->name.length;
	put16(ret_bytes, &n, question->type);
	put16(ret_bytes, &n, CLASS_IN);
	ret_bytes[n++] = 0; /* OPT: the root, type, our size, rcode and flags, no options */
	put16(ret_bytes, &n, TYPE_OPT);
	put16(ret_bytes, &n, DNS_EDNS_BYTES);
	put16(ret_bytes, &n, 0);
	put16(ret_bytes, &n, 0);
	put16(ret_bytes, &n, 0);
	return n;
}

/* Expands the name at *at, and moves *at beyond it. */
static bool read_name(const Message *message, size_t *at, DnsName *ret_name)
{
	DnsName name = {0};
	size_t here = *at, lowest = *at, after = 0;

	for (unsigned hops = 0; hops <= DNS_HOPS_MAX;) {
		if (here >= message->length)
			return false;
		size_t length = message->bytes[here];
		if ((length & 0xc0) == 0xc0) {
			if (here + 2 > message->length)
				return false;
			size_t target = read16(message->bytes + here) & 0x3fff;
			after = hops++ == 0 ? here + 2 : after;
			if (target >= lowest || target < DNS_HEADER_BYTES)
				return false;
			lowest = here = target;
			continue;
		}
		if (length > message->length - here - 1 ||
		    !name_append(&name, message->bytes + here + 1, length))
			return false;
		here += 1 + length;
		if (length == 0) {
			*at = hops == 0 ? here : after;
			*ret_name = name;
			return true;
		}
	}
	return false;
}

static bool read_record(const Message *message, size_t *at, Record *ret_record)
{
	Record record;
	const uint8_t *fixed;

	if (!read_name(message, at, &record.owner) || message->length - *at < 10)
		return false;
	fixed = message->bytes + *at;
	record.type = read16(fixed);
	record.class = read16(fixed + 2);
	record.ttl_s = read32(fixed + 4);
	record.data = *at + 10;
	record.data_length = read16(fixed + 8);
	if (record.data_length > message->length - record.data)
		return false;
	*at = record.data + record.data_length;
	*ret_record = record;
	return true;
}

/* Data of the types that are looked into, or whose size is fixed. */
static bool data_is_sound(const Message *message, const Record *record)
{
	size_t at = record->data;
	DnsName name;

	if (record->class != CLASS_IN)
		return true;
	switch (record->type) {
	case TYPE_A:
		return record->data_length == 4;
	case TYPE_AAAA:
		return record->data_length == 16;
	case TYPE_CNAME:
		return read_name(message, &at, &name) && at == record->data + record->data_length;
	default:
		return true;
	}
}

/* All records of all sections; takes the upper bits of the code from OPT. */
static bool check_records(const Message *message, size_t at, DnsAnswer *answer)
{
	unsigned n = (unsigned)read16(message->bytes + 6) + read16(message->bytes + 8) +
		     read16(message->bytes + 10);
	Record record;

	for (; n > 0; n--) {
		if (!read_record(message, &at, &record) || !data_is_sound(message, &record))
			return false;
		if (record.type == TYPE_OPT)
			answer->rcode =
				(uint16_t)((record.ttl_s >> 24) << 4 | (answer->rcode & 0xf));
	}
	return true;
}

/* RFC 2181, 8: with the highest bit set it is 0. */
static void learn_ttl(DnsAnswer *answer, uint32_t ttl_s)
{
	answer->ttl_s = MIN(answer->ttl_s, ttl_s > INT32_MAX ? 0 : ttl_s);
}

/* Counts what `name` has of the type asked for. False if it has none but a CNAME, which *name then
 * becomes. The records were checked before. */
static bool find_records(const Message *message, size_t at, uint16_t type, DnsName *name,
			 DnsAnswer *answer)
{
	DnsName alias = {0};
	uint32_t alias_ttl_s = 0;
	Record record;

	for (unsigned n = read16(message->bytes + 6); n > 0; n--) {
		if (!read_record(message, &at, &record) || record.class != CLASS_IN ||
		    !name_equal(&record.owner, name))
			continue;
		if (record.type == type || type == TYPE_ANY) {
			answer->answers++;
			learn_ttl(answer, record.ttl_s);
		} else if (record.type == TYPE_CNAME) {
			size_t data = record.data;
			(void)read_name(message, &data, &alias); /* is sound */
			alias_ttl_s = record.ttl_s;
		}
	}
	if (answer->answers > 0 || alias.length == 0)
		return true;
	learn_ttl(answer, alias_ttl_s);
	*name = alias;
	return false;
}

static bool follow(const Message *message, size_t at, const DnsQuestion *question,
		   DnsAnswer *answer)
{
	DnsName name = question->name;

	answer->ttl_s = UINT32_MAX;
	for (unsigned links = 0; links <= DNS_LINKS_MAX; links++) {
		if (!find_records(message, at, question->type, &name, answer))
			continue;
		answer->has_ttl = answer->answers > 0;
		answer->ttl_s = answer->has_ttl ? answer->ttl_s : 0;
		return true;
	}
	return false;
}

/* Whether the question section is ours, or may be missing. */
static DnsMatch match_question(const Message *message, const DnsQuestion *question, uint16_t rcode,
			       size_t *at)
{
	unsigned questions = read16(message->bytes + 4);
	DnsName name;

	if (questions == 0)
		return rcode != NOERROR && rcode != NXDOMAIN ? DNS_ANSWER : DNS_MALFORMED;
	if (questions > 1 || !read_name(message, at, &name) || message->length - *at < 4)
		return DNS_MALFORMED;
	if (!name_equal(&name, &question->name) || read16(message->bytes + *at) != question->type ||
	    read16(message->bytes + *at + 2) != CLASS_IN)
		return DNS_STRANGER;
	*at += 4;
	return DNS_ANSWER;
}

static DnsMatch malformed(const char **ret_why, const char *why)
{
	*ret_why = why;
	return DNS_MALFORMED;
}

DnsMatch dns_answer_decode(const uint8_t *bytes, size_t length, const DnsQuestion *question,
			   uint16_t id, DnsAnswer *ret_answer, const char **ret_why)
{
	Message message = {bytes, length};
	DnsAnswer answer = {0};
	size_t at = DNS_HEADER_BYTES;
	uint16_t flags;
	DnsMatch match;

	if (length < 2 || read16(bytes) != id)
		return DNS_STRANGER;
	if (length < DNS_HEADER_BYTES)
		return malformed(ret_why, "the answer is shorter than a DNS header");
	flags = read16(bytes + 2);
	if (!(flags & FLAG_QR))
		return malformed(ret_why, "the query came back, not an answer");
	if (flags & FLAG_OPCODE)
		return malformed(ret_why, "the answer is to another kind of request");
	answer.rcode = flags & 0xf;
	answer.authoritative = flags & FLAG_AA;
	answer.truncated = flags & FLAG_TC;
	match = match_question(&message, question, answer.rcode, &at);
	if (match == DNS_MALFORMED)
		return malformed(ret_why, "the question in the answer is malformed or missing");
	if (match == DNS_STRANGER)
		return match;
	/* A cut message may end anywhere. */
	if (!answer.truncated && !check_records(&message, at, &answer))
		return malformed(ret_why, "a record of the answer is malformed");
	if (!answer.truncated && !follow(&message, at, question, &answer))
		return malformed(ret_why, "the CNAMEs of the answer go in a circle");

	*ret_answer = answer;
	return DNS_ANSWER;
}

ProbeOutcome dns_answer_outcome(const DnsAnswer *answer)
{
	switch (answer->rcode) {
	case NXDOMAIN:
		return PROBE_NXDOMAIN;
	case SERVFAIL:
		return PROBE_SERVFAIL;
	case NOERROR:
		if (answer->truncated)
			return PROBE_TRUNCATED;
		return answer->answers > 0 ? PROBE_OK : PROBE_NODATA;
	default:
		return PROBE_DNS_ERROR;
	}
}

const char *dns_answer_reason(const DnsAnswer *answer)
{
	switch (answer->rcode) {
	case NOERROR:
	case SERVFAIL:
	case NXDOMAIN:
		return NULL;
	case FORMERR:
		return "FORMERR: the server could not read the query (no EDNS?)";
	case NOTIMP:
		return "NOTIMP: the server does not do such queries";
	case REFUSED:
		return "REFUSED: the server does not answer this host, or not for this name";
	case 9:
		return "NOTAUTH: the server is not authoritative for the name";
	case 16:
		return "BADVERS: the server does not know EDNS version 0";
	default:
		return "an error code that DNS queries do not have";
	}
}
