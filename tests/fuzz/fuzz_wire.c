/* SPDX-License-Identifier: MIT */
/*
 * The first byte says how the rest is cut into reads. However it is cut, the same messages must
 * come out, and the stream must break at the same place.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "common/wire.h"

/* Takes all complete messages and logs them; whether the stream is still good. */
static bool drain(WireReader *reader, Text *log)
{
	for (;;) {
		_cleanup_json_ Json *message = NULL;
		_cleanup_free_ char *bytes = NULL;
		size_t length = 0;
		WireCall call;
		int r = wire_next(reader, &message);

		FUZZ_CHECK(r == 1 || r == 0 || r == -EBADMSG);
		FUZZ_CHECK((r == 1) == (message != NULL));
		if (r <= 0)
			return r == 0;
		FUZZ_CHECK(wire_encode(message, &bytes, &length) == 0);
		FUZZ_CHECK(length > 0 && strlen(bytes) == length - 1);
		text_append_bytes(log, bytes, length);
		r = wire_decode_call(message, &call);
		FUZZ_CHECK(r == 0 || r == -EBADMSG);
		if (r == 0)
			text_appendf(log, "%s %d %d %d\n", call.method, call.parameters != NULL,
				     call.oneway, call.more);
	}
}

/* Feeds in pieces of at most `piece` bytes. */
static void run(const char *bytes, size_t size, size_t piece, Text *ret_log)
{
	WireReader reader = {0};
	bool good = true;

	for (size_t at = 0; at < size && good; at += piece) {
		int r = wire_feed(&reader, bytes + at, MIN(piece, size - at));

		FUZZ_CHECK(r == 0 || r == -EMSGSIZE);
		good = r == 0 && drain(&reader, ret_log);
	}
	text_append(ret_log, good ? "good" : "broken");
	wire_reader_clear(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Text whole = {0}, pieces = {0};

	/* Over the limit, bytes in one read are refused where pieces would first deliver. */
	if (size < 2 || size > WIRE_MESSAGE_MAX)
		return 0;
	run((const char *)data + 1, size - 1, size, &whole);
	run((const char *)data + 1, size - 1, (size_t)data[0] + 1, &pieces);
	FUZZ_CHECK(!whole.failed && !pieces.failed && whole.length == pieces.length);
	FUZZ_CHECK(memcmp(whole.data, pieces.data, whole.length) == 0);
	text_clear(&whole);
	text_clear(&pieces);
	return 0;
}
