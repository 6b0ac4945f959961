/* SPDX-License-Identifier: MIT */
/*
 * DNS queries and answers as bytes: what is asked for, what is ours, what is malformed.
 */
#include "daemon/probe/dns_message.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/dns_builder.h"
#include "tests/unit/harness.h"

#define ID       0x1234
#define RESPONSE 0x8180
#define TC       0x0200
#define AA       0x0400

static DnsQuestion question;
static DnsAnswer answer;
static DnsBuilder message;
static const char *why;

static void setup(void)
{
	ck_assert_int_eq(dns_question_init("www.example", 1, &question), 0);
	memset(&message, 0, sizeof(message));
	memset(&answer, 0x55, sizeof(answer));
	why = NULL;
}

static void begin(unsigned flags, unsigned answers)
{
	setup();
	dns_put_header(&message, ID, flags, 1, answers);
	dns_put_question(&message, "www.example", 1);
}

/* "a.a.", 127 times: the longest name there is, and room for more. */
static void make_longest(char name[300])
{
	for (int i = 0; i < 254; i++)
		name[i] = i % 2 == 0 ? 'a' : '.';
	name[254] = '\0';
}

static DnsMatch decode(void)
{
	return dns_answer_decode(message.bytes, message.length, &question, ID, &answer, &why);
}

static void ck_assert_malformed(void)
{
	ck_assert_int_eq(decode(), DNS_MALFORMED);
	ck_assert_ptr_nonnull(why);
}

static void ck_assert_outcome(ProbeOutcome outcome)
{
	ck_assert_int_eq(decode(), DNS_ANSWER);
	ck_assert_str_eq(probe_outcome_name(dns_answer_outcome(&answer)),
			 probe_outcome_name(outcome));
}

START_TEST(test_query)
{
	static const uint8_t expected[] = "\x12\x34\x01\0\0\1\0\0\0\0\0\1"
					  "\3www\7example\0\0\1\0\1"
					  "\0\0\x29\x04\xd0\0\0\0\0\0";
	uint8_t bytes[DNS_QUERY_BYTES];

	ck_assert_uint_eq(dns_query_encode(&question, ID, bytes), sizeof(expected));
	ck_assert_mem_eq(bytes, expected, sizeof(expected));
}
END_TEST

START_TEST(test_longest_query_fits)
{
	char name[300];
	uint8_t bytes[DNS_QUERY_BYTES];

	make_longest(name);
	ck_assert_int_eq(dns_question_init(name, 28, &question), 0);
	ck_assert_uint_eq(question.name.length, 255);
	ck_assert_uint_eq(dns_query_encode(&question, ID, bytes), sizeof(bytes));
	memcpy(name + 252, "bb", 3); /* one byte too long */
	ck_assert_int_eq(dns_question_init(name, 28, &question), -EINVAL);
	make_longest(name);
	memcpy(name + 254, "a", 2);
	ck_assert_int_eq(dns_question_init(name, 28, &question), -EINVAL);
}
END_TEST

START_TEST(test_names)
{
	static const char *const bad[] = {
		".a",
		"a..b",
		"..",
		"a.b..",
		"0123456789012345678901234567890123456789012345678901234567890123.example",
	};
	DnsQuestion other;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(dns_question_init(bad[i], 1, &other), -EINVAL);
	ck_assert_int_eq(dns_question_init("WWW.eXample.", 1, &other), 0);
	ck_assert_uint_eq(other.name.length, question.name.length);
	ck_assert_mem_eq(other.name.bytes, question.name.bytes, question.name.length);
	ck_assert_int_eq(dns_question_init("", 2, &other), 0);
	ck_assert_uint_eq(other.name.length, 1);
	ck_assert_int_eq(dns_question_init(".", 2, &other), 0);
	ck_assert_uint_eq(other.name.length, 1);
	ck_assert_uint_eq(other.name.bytes[0], 0);
}
END_TEST

START_TEST(test_answer)
{
	begin(RESPONSE, 2);
	dns_put_a(&message, "@12", 300);
	dns_put_a(&message, "WWW.Example", 200);
	ck_assert_outcome(PROBE_OK);
	ck_assert_uint_eq(answer.answers, 2);
	ck_assert(answer.has_ttl);
	ck_assert_uint_eq(answer.ttl_s, 200);
	ck_assert(!answer.authoritative);
	ck_assert_uint_eq(answer.rcode, 0);
	ck_assert_ptr_null(dns_answer_reason(&answer));
	message.bytes[2] |= AA >> 8;
	ck_assert_outcome(PROBE_OK);
	ck_assert(answer.authoritative);
}
END_TEST

START_TEST(test_question_may_come_back_in_capitals)
{
	dns_put_header(&message, ID, RESPONSE, 1, 1);
	dns_put_question(&message, "WwW.EXAMPLE", 1);
	dns_put_a(&message, "@12", 1);
	ck_assert_outcome(PROBE_OK);
}
END_TEST

START_TEST(test_cname_chain_is_followed_in_any_order)
{
	begin(RESPONSE, 4);
	dns_put_a(&message, "c.example", 300);
	dns_put_cname(&message, "b.example", 70, "c.example");
	dns_put_a(&message, "unrelated.example", 1);
	dns_put_cname(&message, "@12", 80, "b@16");
	ck_assert_outcome(PROBE_OK);
	ck_assert_uint_eq(answer.answers, 1);
	ck_assert_uint_eq(answer.ttl_s, 70);
}
END_TEST

START_TEST(test_chain_without_end_record_is_no_data)
{
	begin(RESPONSE, 1);
	dns_put_cname(&message, "@12", 80, "b.example");
	ck_assert_outcome(PROBE_NODATA);
	ck_assert_uint_eq(answer.answers, 0);
	ck_assert(!answer.has_ttl);
	ck_assert_uint_eq(answer.ttl_s, 0);
}
END_TEST

START_TEST(test_cname_asked_for_is_the_answer)
{
	begin(RESPONSE, 1);
	dns_put_cname(&message, "@12", 80, "b.example");
	question.type = 5;
	message.bytes[12 + 13 + 1] = 5;
	ck_assert_outcome(PROBE_OK);
	ck_assert_uint_eq(answer.ttl_s, 80);
	question.type = message.bytes[12 + 13 + 1] = 255; /* ANY */
	ck_assert_outcome(PROBE_OK);
}
END_TEST

START_TEST(test_cname_circle)
{
	begin(RESPONSE, 2);
	dns_put_cname(&message, "@12", 80, "b.example");
	dns_put_cname(&message, "b.example", 80, "@12");
	ck_assert_malformed();
	begin(RESPONSE, 1);
	dns_put_cname(&message, "@12", 80, "@12");
	ck_assert_malformed();
}
END_TEST

START_TEST(test_cname_chain_of_16_is_followed_of_17_not)
{
	for (int links = 16; links <= 17; links++) {
		char from[24] = "@12", to[24];

		begin(RESPONSE, (unsigned)links + 1);
		for (int i = 0; i < links; i++) {
			(void)snprintf(to, sizeof(to), "n%d.example", i);
			dns_put_cname(&message, from, 9, to);
			(void)snprintf(from, sizeof(from), "%s", to);
		}
		dns_put_a(&message, from, 9);
		ck_assert_int_eq(decode(), links == 16 ? DNS_ANSWER : DNS_MALFORMED);
	}
}
END_TEST

START_TEST(test_no_data)
{
	begin(RESPONSE, 0);
	ck_assert_outcome(PROBE_NODATA);
	begin(RESPONSE, 1); /* a record, but of another type, class, name */
	dns_put_fixed(&message, "@12", 16, 5, 2);
	dns_put16(&message, 0x0141);
	ck_assert_outcome(PROBE_NODATA);
	begin(RESPONSE, 1);
	dns_put_a(&message, "@12", 5);
	message.bytes[message.length - 11] = 3; /* CHAOS */
	ck_assert_outcome(PROBE_NODATA);
	begin(RESPONSE, 1);
	dns_put_a(&message, "@16", 5); /* "example" */
	ck_assert_outcome(PROBE_NODATA);
}
END_TEST

START_TEST(test_codes)
{
	static const ProbeOutcome outcomes[16] = {
		PROBE_NODATA,
		PROBE_DNS_ERROR,
		PROBE_SERVFAIL,
		PROBE_NXDOMAIN,
		[4 ... 15] = PROBE_DNS_ERROR,
	};

	for (unsigned rcode = 0; rcode < 16; rcode++) {
		begin(RESPONSE | rcode, 0);
		ck_assert_outcome(outcomes[rcode]);
		ck_assert_uint_eq(answer.rcode, rcode);
		ck_assert((dns_answer_reason(&answer) != NULL) ==
			  (outcomes[rcode] == PROBE_DNS_ERROR));
	}
	ck_assert_int_eq(strncmp(dns_answer_reason(&(DnsAnswer){.rcode = 5}), "REFUSED:", 8), 0);
}
END_TEST

START_TEST(test_extended_code)
{
	begin(RESPONSE, 0);
	message.bytes[11] = 1; /* additional */
	dns_put_opt(&message, 16);
	ck_assert_outcome(PROBE_DNS_ERROR);
	ck_assert_uint_eq(answer.rcode, 16);
	ck_assert_int_eq(strncmp(dns_answer_reason(&answer), "BADVERS:", 8), 0);
}
END_TEST

START_TEST(test_truncated_wherever_it_was_cut)
{
	begin(RESPONSE | TC, 7);
	dns_put_fixed(&message, "@12", 1, 5, 4);
	ck_assert_outcome(PROBE_TRUNCATED);
	begin(RESPONSE | TC | 3, 0);
	ck_assert_outcome(PROBE_NXDOMAIN);
}
END_TEST

START_TEST(test_ttl_with_the_highest_bit_is_0)
{
	begin(RESPONSE, 1);
	dns_put_a(&message, "@12", 0x80000001);
	ck_assert_outcome(PROBE_OK);
	ck_assert(answer.has_ttl);
	ck_assert_uint_eq(answer.ttl_s, 0);
	begin(RESPONSE, 1);
	dns_put_a(&message, "@12", 0x7fffffff);
	ck_assert_outcome(PROBE_OK);
	ck_assert_uint_eq(answer.ttl_s, 0x7fffffff);
}
END_TEST

START_TEST(test_strangers)
{
	begin(RESPONSE, 0);
	message.bytes[0] ^= 1;
	ck_assert_int_eq(decode(), DNS_STRANGER);
	begin(RESPONSE, 0);
	message.bytes[1] ^= 1;
	ck_assert_int_eq(decode(), DNS_STRANGER);
	begin(RESPONSE, 0);
	message.bytes[13] = 'x'; /* name */
	ck_assert_int_eq(decode(), DNS_STRANGER);
	begin(RESPONSE, 0);
	message.bytes[message.length - 3] = 28; /* type */
	ck_assert_int_eq(decode(), DNS_STRANGER);
	begin(RESPONSE, 0);
	message.bytes[message.length - 1] = 3; /* class */
	ck_assert_int_eq(decode(), DNS_STRANGER);
	message.length = 1;
	ck_assert_int_eq(decode(), DNS_STRANGER);
	message.length = 0;
	ck_assert_int_eq(decode(), DNS_STRANGER);
	ck_assert_uint_eq(answer.rcode, 0x5555); /* untouched */
}
END_TEST

START_TEST(test_query_sent_back_is_malformed)
{
	begin(0x0100, 0);
	ck_assert_malformed();
	begin(RESPONSE | 0x2800, 0); /* UPDATE */
	ck_assert_malformed();
}
END_TEST

/* A server that could not read the question need not repeat it; one that has an answer must. */
START_TEST(test_question_may_be_missing_from_an_error)
{
	for (unsigned rcode = 0; rcode < 16; rcode++) {
		setup();
		dns_put_header(&message, ID, RESPONSE | rcode, 0, 0);
		ck_assert_int_eq(decode(), rcode == 0 || rcode == 3 ? DNS_MALFORMED : DNS_ANSWER);
	}
	setup();
	dns_put_header(&message, ID, RESPONSE, 2, 0);
	dns_put_question(&message, "www.example", 1);
	dns_put_question(&message, "www.example", 1);
	ck_assert_malformed();
}
END_TEST

START_TEST(test_cut_anywhere_is_malformed)
{
	size_t whole;

	begin(RESPONSE, 2);
	dns_put_cname(&message, "@12", 80, "b@16");
	dns_put_a(&message, "b@16", 300);
	whole = message.length;
	for (message.length = 2; message.length < whole; message.length++)
		ck_assert_malformed();
	ck_assert_outcome(PROBE_OK);
}
END_TEST

START_TEST(test_compression_loops)
{
	static const char *const names[] = {
		"@29",           /* itself */
		"a@29",          /* its own beginning */
		"@31",           /* forward */
		"@16383",        /* far out */
		"@0",     "@11", /* the header */
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		begin(RESPONSE, 1);
		ck_assert_uint_eq(message.length, 29);
		dns_put_a(&message, names[i], 1);
		ck_assert_malformed();
	}
	begin(RESPONSE, 2); /* a pointer to a pointer that comes back */
	dns_put_a(&message, "a@12", 1);
	message.bytes[12 + 12] = 0xc0; /* the root of the question's name */
	message.bytes[12 + 13] = 29;
	ck_assert_int_ne(decode(), DNS_ANSWER);
}
END_TEST

START_TEST(test_pointers_to_pointers_end)
{
	/* 200 pointers in a row, each to the one before: honest by direction, absurd by number. */
	for (unsigned hops = 100; hops <= 200; hops += 100) {
		begin(RESPONSE, 2);
		dns_put_fixed(&message, "@12", 16, 5, hops * 2);
		dns_put16(&message, 0xc00c);
		for (unsigned i = 1; i < hops; i++)
			dns_put16(&message, 0xc000 | (unsigned)(message.length - 2));
		char last[16];
		(void)snprintf(last, sizeof(last), "@%zu", message.length - 2);
		dns_put_a(&message, last, 1);
		ck_assert_int_eq(decode(), hops == 100 ? DNS_ANSWER : DNS_MALFORMED);
	}
}
END_TEST

START_TEST(test_bad_labels_and_names)
{
	static const uint8_t lengths[] = {0x40, 0x80, 0xbf};
	char longest[300];

	for (size_t i = 0; i < sizeof(lengths); i++) {
		begin(RESPONSE, 1);
		dns_put_a(&message, "x", 1);
		memset(message.bytes + message.length, 0, 300);
		message.length += 300;
		message.bytes[29] = lengths[i];
		ck_assert_malformed();
	}
	make_longest(longest);
	begin(RESPONSE, 1);
	dns_put_a(&message, longest, 1);
	ck_assert_outcome(PROBE_NODATA);
	memcpy(longest + 254, "b", 2);
	begin(RESPONSE, 1);
	dns_put_a(&message, longest, 1);
	ck_assert_malformed();
}
END_TEST

START_TEST(test_data_of_the_wrong_size)
{
	begin(RESPONSE, 1);
	dns_put_fixed(&message, "@12", 1, 5, 5);
	dns_put32(&message, 0);
	dns_put8(&message, 0);
	ck_assert_malformed();
	begin(RESPONSE, 1);
	dns_put_fixed(&message, "@12", 28, 5, 4);
	dns_put32(&message, 0);
	ck_assert_malformed();
	begin(RESPONSE, 1); /* the name does not fill the data */
	dns_put_fixed(&message, "@12", 5, 5, 3);
	dns_put8(&message, 0);
	dns_put16(&message, 0);
	ck_assert_malformed();
}
END_TEST

START_TEST(test_later_sections_count)
{
	begin(RESPONSE, 1);
	dns_put_a(&message, "@12", 5);
	message.bytes[9] = 1; /* an authority record that is not there */
	ck_assert_malformed();
	dns_put_fixed(&message, "@16", 2, 5, 2);
	dns_put16(&message, 0xc00c);
	ck_assert_outcome(PROBE_OK);
	ck_assert_uint_eq(answer.answers, 1);
}
END_TEST

HARNESS_MAIN("dns_message", HARNESS_FIXTURE(suite, "query", setup, NULL, test_query,
					    test_longest_query_fits, test_names);
	     HARNESS_FIXTURE(suite, "answer", setup, NULL, test_answer,
			     test_question_may_come_back_in_capitals,
			     test_cname_chain_is_followed_in_any_order,
			     test_chain_without_end_record_is_no_data,
			     test_cname_asked_for_is_the_answer,
			     test_cname_chain_of_16_is_followed_of_17_not, test_no_data, test_codes,
			     test_extended_code, test_truncated_wherever_it_was_cut,
			     test_ttl_with_the_highest_bit_is_0);
	     HARNESS_FIXTURE(suite, "wrong", setup, NULL, test_strangers,
			     test_query_sent_back_is_malformed,
			     test_question_may_be_missing_from_an_error,
			     test_cut_anywhere_is_malformed, test_cname_circle,
			     test_compression_loops, test_pointers_to_pointers_end,
			     test_bad_labels_and_names, test_data_of_the_wrong_size,
			     test_later_sections_count);)
