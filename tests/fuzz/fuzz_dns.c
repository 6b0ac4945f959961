/* SPDX-License-Identifier: MIT */
/*
 * What a DNS server sends. The first two bytes are the type asked for, the next one chooses the
 * name; the rest is the answer, whose identifier is taken from it, so that it is always ours.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "daemon/probe/dns_message.h"

static void check_answer(const DnsAnswer *answer)
{
	ProbeOutcome outcome = dns_answer_outcome(answer);

	FUZZ_CHECK(answer->has_ttl == (answer->answers > 0));
	FUZZ_CHECK(answer->has_ttl || answer->ttl_s == 0);
	FUZZ_CHECK(answer->ttl_s <= INT32_MAX);
	FUZZ_CHECK(answer->rcode < 4096);
	FUZZ_CHECK(outcome != PROBE_OK || (answer->answers > 0 && !answer->truncated));
	FUZZ_CHECK((outcome == PROBE_DNS_ERROR) == (dns_answer_reason(answer) != NULL));
}

static void check(const uint8_t *data, size_t size, const DnsQuestion *question, uint16_t id)
{
	DnsAnswer answer = {.rcode = 0xffff};
	const char *why = NULL;

	switch (dns_answer_decode(data, size, question, id, &answer, &why)) {
	case DNS_ANSWER:
		check_answer(&answer);
		FUZZ_CHECK(!why);
		break;
	case DNS_MALFORMED:
		FUZZ_CHECK(why && answer.rcode == 0xffff);
		break;
	case DNS_STRANGER:
		FUZZ_CHECK(!why && answer.rcode == 0xffff);
		break;
	}
}

/* Text that is a name, and the query for it, which is no answer. */
static void check_name(const uint8_t *data, size_t size)
{
	char name[512];
	uint8_t query[DNS_QUERY_BYTES];
	DnsQuestion question;
	size_t length;

	if (size >= sizeof(name))
		return;
	memcpy(name, data, size);
	name[size] = '\0';
	if (dns_question_init(name, 1, &question) < 0)
		return;
	FUZZ_CHECK(question.name.length <= DNS_NAME_BYTES);
	FUZZ_CHECK(question.name.bytes[question.name.length - 1] == 0);
	length = dns_query_encode(&question, 7, query);
	FUZZ_CHECK(length == 12U + question.name.length + 4U + 11U);
	check(query, length, &question, 7);
	query[2] |= 0x80; /* QR: now it is one, without records */
	DnsAnswer answer;
	const char *why;
	FUZZ_CHECK(dns_answer_decode(query, length, &question, 7, &answer, &why) == DNS_ANSWER);
	FUZZ_CHECK(dns_answer_outcome(&answer) == PROBE_NODATA);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"www.example", "", "a", "1.0.0.127.in-addr.arpa"};
	DnsQuestion question;
	uint16_t id = 0;

	check_name(data, size);
	if (size < 3)
		return 0;
	FUZZ_CHECK(dns_question_init(names[data[2] % 4], (uint16_t)(data[0] << 8 | data[1]),
				     &question) == 0);
	if (size >= 5)
		id = (uint16_t)(data[3] << 8 | data[4]);
	check(data + 3, size - 3, &question, id);
	return 0;
}
