/* SPDX-License-Identifier: MIT */
/*
 * Framing, however the bytes are cut, and the shapes of a call that must drop the connection.
 */
#include "common/wire.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/harness.h"

/* A literal with the NUL that ends its last message. */
#define BYTES(literal) literal, sizeof(literal)

static const char *const messages[] = {
	"{\"method\":\"org.netopt.Daemon.GetStatus\"}",
	"{}",
	"{\"method\":\"a.b\",\"parameters\":{\"id\":3,\"name\":\"\xc3\xa9\\ud83d\\ude00\"},"
	"\"more\":true}",
	" {\"a\" : [ 1, 2 ] } ",
};

/* All messages, each with its NUL. */
static Text stream_of_all(void)
{
	Text stream = {0};

	for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
		text_append_bytes(&stream, messages[i], strlen(messages[i]) + 1);
	return stream;
}

static void assert_next_is(WireReader *reader, const char *text)
{
	_cleanup_json_ Json *expected = NULL, *json = NULL;
	_cleanup_free_ char *expected_text = NULL, *json_text = NULL;

	ck_assert_int_eq(json_parse(text, strlen(text), &expected), 0);
	ck_assert_int_eq(wire_next(reader, &json), 1);
	expected_text = json_format(expected, false);
	json_text = json_format(json, false);
	ck_assert_str_eq(json_text, expected_text);
}

static void assert_nothing_next(WireReader *reader)
{
	Json *json = (Json *)reader;

	ck_assert_int_eq(wire_next(reader, &json), 0);
	ck_assert_ptr_eq(json, (Json *)reader);
}

START_TEST(test_split_at_every_byte)
{
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
		size_t length = strlen(messages[i]) + 1;

		for (size_t cut = 0; cut < length; cut++) {
			WireReader reader = {0};

			ck_assert_int_eq(wire_feed(&reader, messages[i], cut), 0);
			assert_nothing_next(&reader);
			ck_assert_int_eq(wire_feed(&reader, messages[i] + cut, length - cut), 0);
			assert_next_is(&reader, messages[i]);
			assert_nothing_next(&reader);
			wire_reader_clear(&reader);
		}
	}
}
END_TEST

START_TEST(test_byte_by_byte)
{
	Text stream = stream_of_all();
	WireReader reader = {0};
	size_t received = 0;

	for (size_t i = 0; i < stream.length; i++) {
		ck_assert_int_eq(wire_feed(&reader, stream.data + i, 1), 0);
		if (stream.data[i] == '\0')
			assert_next_is(&reader, messages[received++]);
		assert_nothing_next(&reader);
	}
	ck_assert_uint_eq(received, ARRAY_SIZE(messages));
	text_clear(&stream);
	wire_reader_clear(&reader);
}
END_TEST

/* The stream in two parts at every place; messages are taken in between, or only at the end. */
START_TEST(test_pipelined_cut_anywhere)
{
	Text stream = stream_of_all();

	for (size_t cut = 0; cut <= stream.length; cut++)
		for (unsigned take_between = 0; take_between < 2; take_between++) {
			WireReader reader = {0};
			size_t received = 0, complete = 0;

			ck_assert_int_eq(wire_feed(&reader, stream.data, cut), 0);
			for (size_t i = 0; i < cut; i++)
				complete += stream.data[i] == '\0';
			while (take_between && received < complete)
				assert_next_is(&reader, messages[received++]);
			ck_assert_int_eq(wire_feed(&reader, stream.data + cut, stream.length - cut),
					 0);
			while (received < ARRAY_SIZE(messages))
				assert_next_is(&reader, messages[received++]);
			assert_nothing_next(&reader);
			wire_reader_clear(&reader);
		}
	text_clear(&stream);
}
END_TEST

/* Some messages are taken, more arrive behind those that were not. */
START_TEST(test_feed_behind_unread)
{
	WireReader reader = {0};

	ck_assert_int_eq(wire_feed(&reader, BYTES("{\"n\":1}\0{\"n\":2}\0{\"n\":3}")), 0);
	assert_next_is(&reader, "{\"n\":1}");
	ck_assert_int_eq(wire_feed(&reader, "{\"n\"", 4), 0);
	assert_next_is(&reader, "{\"n\":2}");
	ck_assert_int_eq(wire_feed(&reader, BYTES(":4}\0{\"n\":5}")), 0);
	assert_next_is(&reader, "{\"n\":3}");
	assert_next_is(&reader, "{\"n\":4}");
	assert_next_is(&reader, "{\"n\":5}");
	assert_nothing_next(&reader);
	wire_reader_clear(&reader);
}
END_TEST

START_TEST(test_hundred_pipelined)
{
	WireReader reader = {0};
	Text stream = {0};

	for (unsigned i = 0; i < 100; i++) {
		text_appendf(&stream, "{\"n\":%u}", i);
		text_append_bytes(&stream, "", 1);
	}
	ck_assert_int_eq(wire_feed(&reader, stream.data, stream.length), 0);
	for (unsigned i = 0; i < 100; i++) {
		_cleanup_json_ Json *json = NULL;

		ck_assert_int_eq(wire_next(&reader, &json), 1);
		ck_assert_int_eq(json_int(json_get(json, "n"), -1), i);
	}
	assert_nothing_next(&reader);
	ck_assert_ptr_null(reader.buffer.data); /* an idle connection holds no memory */
	text_clear(&stream);
}
END_TEST

START_TEST(test_malformed)
{
	static const struct {
		const char *bytes;
		size_t length;
	} cases[] = {
		{BYTES("")},
		{BYTES("[]")},
		{BYTES("null")},
		{BYTES("1")},
		{BYTES("\"a\"")},
		{BYTES("true")},
		{BYTES("{")},
		{BYTES("x")},
		{BYTES("{}{}")},
		{BYTES("{'a':1}")},
		{BYTES(" ")},
		{BYTES("{\"a\":\"\xff\"}")},
		{BYTES("{\"a\":1,\"a\":2}")},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		WireReader reader = {0};
		Json *json = NULL;

		/* A good message in front is still delivered; the bad one stays bad. */
		ck_assert_int_eq(wire_feed(&reader, BYTES("{}")), 0);
		ck_assert_int_eq(wire_feed(&reader, cases[i].bytes, cases[i].length), 0);
		ck_assert_int_eq(wire_feed(&reader, BYTES("{}")), 0);
		assert_next_is(&reader, "{}");
		ck_assert_int_eq(wire_next(&reader, &json), -EBADMSG);
		ck_assert_int_eq(wire_next(&reader, &json), -EBADMSG);
		ck_assert_ptr_null(json);
		wire_reader_clear(&reader);
	}
}
END_TEST

/* A message of exactly n bytes, without its NUL. */
static char *message_of_size(size_t n)
{
	char *message = malloc(n + 1);

	ck_assert_ptr_nonnull(message);
	memset(message, 'a', n);
	message[n] = '\0';
	memcpy(message, "{\"k\":\"", 6);
	memcpy(message + n - 2, "\"}", 2);
	return message;
}

START_TEST(test_largest_and_one_more)
{
	static const size_t chunks[] = {1, 4096, 65536, WIRE_MESSAGE_MAX + 2};

	for (unsigned over = 0; over < 2; over++)
		for (size_t c = 0; c < ARRAY_SIZE(chunks); c++) {
			size_t size = WIRE_MESSAGE_MAX + over, sent = 0;
			_cleanup_free_ char *message = message_of_size(size);
			WireReader reader = {0};
			int r = 0;

			while (sent < size + 1 && r == 0) {
				size_t n = MIN(chunks[c], size + 1 - sent);

				r = wire_feed(&reader, message + sent, n);
				sent += n;
			}
			ck_assert_int_eq(r, over ? -EMSGSIZE : 0);
			if (!over)
				assert_next_is(&reader, message);
			wire_reader_clear(&reader);
		}
}
END_TEST

START_TEST(test_oversize_behind_good_ones)
{
	_cleanup_free_ char *message = message_of_size(WIRE_MESSAGE_MAX + 1);
	WireReader reader = {0};

	ck_assert_int_eq(wire_feed(&reader, BYTES("{}\0{\"a\":1}")), 0);
	ck_assert_int_eq(wire_feed(&reader, message, WIRE_MESSAGE_MAX + 2), -EMSGSIZE);
	assert_next_is(&reader, "{}"); /* what was complete before is not lost */
	assert_next_is(&reader, "{\"a\":1}");
	assert_nothing_next(&reader);
	wire_reader_clear(&reader);
}
END_TEST

/* Many messages may together exceed the limit of one, in several reads or in one. */
START_TEST(test_limit_is_per_message)
{
	_cleanup_free_ char *message = message_of_size(WIRE_MESSAGE_MAX / 2);
	WireReader reader = {0};
	Text stream = {0};

	for (unsigned i = 0; i < 5; i++) {
		ck_assert_int_eq(wire_feed(&reader, message, WIRE_MESSAGE_MAX / 2 + 1), 0);
		text_append_bytes(&stream, message, WIRE_MESSAGE_MAX / 2 + 1);
	}
	ck_assert_int_eq(wire_feed(&reader, stream.data, stream.length), 0);
	for (unsigned i = 0; i < 10; i++)
		assert_next_is(&reader, message);
	assert_nothing_next(&reader);
	text_clear(&stream);
	wire_reader_clear(&reader);
}
END_TEST

/* What was unfinished before a read counts for its own message only. */
START_TEST(test_limit_starts_anew_behind_a_nul)
{
	_cleanup_free_ char *message = message_of_size(WIRE_MESSAGE_MAX);
	WireReader reader = {0};
	Text rest = {0};

	text_append_bytes(&rest, message + 1000, WIRE_MESSAGE_MAX - 1000 + 1);
	text_append_bytes(&rest, message, WIRE_MESSAGE_MAX + 1);
	ck_assert_int_eq(wire_feed(&reader, message, 1000), 0);
	ck_assert_int_eq(wire_feed(&reader, rest.data, rest.length), 0);
	assert_next_is(&reader, message);
	assert_next_is(&reader, message);
	assert_nothing_next(&reader);
	text_clear(&rest);
	wire_reader_clear(&reader);
}
END_TEST

START_TEST(test_flood_without_nul)
{
	char bytes[4096];
	WireReader reader = {0};
	size_t accepted = 0;

	memset(bytes, '[', sizeof(bytes));
	while (wire_feed(&reader, bytes, sizeof(bytes)) == 0)
		accepted += sizeof(bytes);
	ck_assert_uint_eq(accepted, WIRE_MESSAGE_MAX);
	assert_nothing_next(&reader);
	for (unsigned i = 0; i < 1000; i++)
		ck_assert_int_eq(wire_feed(&reader, bytes, sizeof(bytes)), -EMSGSIZE);
	ck_assert_uint_eq(reader.buffer.length, accepted); /* refused bytes are not kept */
	wire_reader_clear(&reader);
}
END_TEST

START_TEST(test_flood_of_nuls)
{
	static const char nuls[65536];
	WireReader reader = {0};
	Json *json = NULL;

	ck_assert_int_eq(wire_feed(&reader, nuls, sizeof(nuls)), 0);
	ck_assert_int_eq(wire_next(&reader, &json), -EBADMSG);
	wire_reader_clear(&reader);
}
END_TEST

START_TEST(test_feed_nothing)
{
	WireReader reader = {0};

	ck_assert_int_eq(wire_feed(&reader, "", 0), 0);
	assert_nothing_next(&reader);
	wire_reader_clear(&reader);
}
END_TEST

static int decode(const char *text, Json **ret_message, WireCall *ret_call)
{
	ck_assert_int_eq(json_parse(text, strlen(text), ret_message), 0);
	return wire_decode_call(*ret_message, ret_call);
}

START_TEST(test_calls)
{
	static const struct {
		const char *text;
		bool has_parameters, oneway, more;
	} cases[] = {
		{"{\"method\":\"a.b.C\"}", false, false, false},
		{"{\"method\":\"a.b.C\",\"parameters\":null}", false, false, false},
		{"{\"method\":\"a.b.C\",\"parameters\":{}}", true, false, false},
		{"{\"parameters\":{\"x\":1},\"method\":\"a.b.C\"}", true, false, false},
		{"{\"method\":\"a.b.C\",\"more\":true}", false, false, true},
		{"{\"method\":\"a.b.C\",\"oneway\":true,\"more\":false}", false, true, false},
		{"{\"method\":\"a.b.C\",\"oneway\":false,\"more\":true,\"upgrade\":false}", false,
		 false, true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ Json *message = NULL;
		WireCall call;

		ck_assert_int_eq(decode(cases[i].text, &message, &call), 0);
		ck_assert_str_eq(call.method, "a.b.C");
		ck_assert_int_eq(call.parameters != NULL, cases[i].has_parameters);
		ck_assert_int_eq(call.oneway, cases[i].oneway);
		ck_assert_int_eq(call.more, cases[i].more);
	}
}
END_TEST

START_TEST(test_bad_calls)
{
	static const char *const cases[] = {
		"{}",
		"[]",
		"null",
		"{\"parameters\":{}}",
		"{\"method\":null}",
		"{\"method\":1}",
		"{\"method\":[\"a\"]}",
		"{\"method\":\"a\",\"parameters\":[]}",
		"{\"method\":\"a\",\"parameters\":1}",
		"{\"method\":\"a\",\"parameters\":\"x\"}",
		"{\"method\":\"a\",\"parameters\":false}",
		"{\"method\":\"a\",\"unknown\":1}",
		"{\"method\":\"a\",\"unknown\":null}",
		"{\"method\":\"a\",\"Method\":\"b\"}",
		"{\"method\":\"a\",\"error\":\"b\"}",
		"{\"method\":\"a\",\"continues\":true}",
		"{\"method\":\"a\",\"oneway\":true,\"more\":true}",
		"{\"method\":\"a\",\"oneway\":1}",
		"{\"method\":\"a\",\"oneway\":null}",
		"{\"method\":\"a\",\"more\":\"true\"}",
		"{\"method\":\"a\",\"more\":null}",
		"{\"method\":\"a\",\"upgrade\":0}",
		"{\"method\":\"a\",\"upgrade\":true}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ Json *message = NULL;
		WireCall call = {.method = "untouched"};

		ck_assert_msg(decode(cases[i], &message, &call) == -EBADMSG, "accepted: %s",
			      cases[i]);
		ck_assert_str_eq(call.method, "untouched");
	}
}
END_TEST

START_TEST(test_encode_reads_back)
{
	_cleanup_json_ Json *message = json_new_object();
	_cleanup_free_ char *bytes = NULL;
	WireReader reader = {0};
	size_t length = 0;

	json_set_string(message, "error", "org.varlink.service.MethodNotFound");
	json_set(message, "parameters", json_new_object());
	ck_assert_int_eq(wire_encode(message, &bytes, &length), 0);
	ck_assert_uint_eq(length, strlen(bytes) + 1);
	ck_assert_ptr_null(strchr(bytes, '\n'));
	ck_assert_int_eq(wire_feed(&reader, bytes, length), 0);
	assert_next_is(&reader, bytes);
	assert_nothing_next(&reader);
	wire_reader_clear(&reader);
}
END_TEST

HARNESS_MAIN("wire", HARNESS_CASE(suite, "framing", test_split_at_every_byte, test_byte_by_byte,
				  test_pipelined_cut_anywhere, test_feed_behind_unread,
				  test_hundred_pipelined, test_malformed, test_feed_nothing);
	     HARNESS_CASE(suite, "limits", test_largest_and_one_more,
			  test_oversize_behind_good_ones, test_limit_is_per_message,
			  test_limit_starts_anew_behind_a_nul, test_flood_without_nul,
			  test_flood_of_nuls);
	     HARNESS_CASE(suite, "calls", test_calls, test_bad_calls, test_encode_reads_back);)
