/* SPDX-License-Identifier: MIT */
/*
 * Messages are cut at NUL bytes. The size limit is applied to what arrives, before it is kept, so
 * a peer can make us hold one message of WIRE_MESSAGE_MAX bytes, plus what one wire_feed() brings.
 *
 * Everything is linear in the bytes received, however they are cut: arriving bytes are searched
 * once for NULs to know where the unfinished message starts, and messages handed out are skipped
 * by an offset, not by moving the rest. A reader that has handed out everything holds no memory.
 */
#include "common/wire.h"

#include <errno.h>
#include <string.h>

void wire_reader_clear(WireReader *reader)
{
	text_clear(&reader->buffer);
	*reader = (WireReader){0};
}

static void drop_consumed(WireReader *reader)
{
	if (reader->consumed == 0)
		return;
	text_consume(&reader->buffer, reader->consumed);
	reader->tail -= reader->consumed;
	reader->consumed = 0;
}

int wire_feed(WireReader *reader, const char *bytes, size_t length)
{
	size_t unfinished = reader->buffer.length - reader->tail, tail = reader->tail;
	const char *at = bytes, *end = bytes + length;

	while (at < end) {
		const char *nul = memchr(at, '\0', (size_t)(end - at));
		size_t piece = (size_t)((nul ? nul : end) - at);

		if (unfinished + piece > WIRE_MESSAGE_MAX)
			return -EMSGSIZE;
		if (!nul)
			break;
		at = nul + 1;
		tail = reader->buffer.length + (size_t)(at - bytes);
		unfinished = 0;
	}
	if (length == 0)
		return 0;
	text_append_bytes(&reader->buffer, bytes, length);
	if (reader->buffer.failed)
		return -ENOMEM;
	reader->tail = tail;
	drop_consumed(reader);
	return 0;
}

int wire_next(WireReader *reader, Json **ret_json)
{
	_cleanup_json_ Json *json = NULL;
	const char *message;
	size_t length;
	int r;

	if (reader->consumed == reader->tail)
		return 0;
	message = reader->buffer.data + reader->consumed;
	length = strlen(message); /* a NUL is known to be before tail */
	r = json_parse(message, length, &json);
	if (r < 0)
		return r;
	if (json_type(json) != JSON_OBJECT)
		return -EBADMSG;
	reader->consumed += length + 1;
	if (reader->consumed == reader->buffer.length)
		wire_reader_clear(reader);
	*ret_json = STEAL(json);
	return 1;
}

/* An absent flag is false; null is not a boolean, as in systemd. */
static int decode_flag(const Json *message, const char *key, bool *ret_flag)
{
	if (!json_has(message, key)) {
		*ret_flag = false;
		return 0;
	}
	return json_get_bool(message, key, ret_flag) == 0 ? 0 : -EBADMSG;
}

int wire_decode_call(Json *message, WireCall *ret_call)
{
	static const char *const keys[] = {"method", "parameters", "oneway", "more", "upgrade"};
	WireCall call = {.parameters = json_get(message, "parameters")};
	bool upgrade;

	if (json_type(message) != JSON_OBJECT ||
	    json_unknown_key(message, keys, ARRAY_SIZE(keys)) ||
	    json_get_string(message, "method", &call.method) != 0)
		return -EBADMSG;
	if (call.parameters && json_type(call.parameters) != JSON_OBJECT)
		return -EBADMSG;
	if (decode_flag(message, "oneway", &call.oneway) != 0 ||
	    decode_flag(message, "more", &call.more) != 0 ||
	    decode_flag(message, "upgrade", &upgrade) != 0)
		return -EBADMSG;
	if ((call.oneway && call.more) || upgrade)
		return -EBADMSG;
	*ret_call = call;
	return 0;
}

int wire_encode(const Json *message, char **ret_bytes, size_t *ret_length)
{
	char *text = json_format(message, false);

	if (!text)
		return -ENOMEM;
	*ret_length = strlen(text) + 1;
	*ret_bytes = text;
	return 0;
}

int wire_encode_call(const char *method, Json *parameters, bool more, char **ret_bytes,
		     size_t *ret_length)
{
	_cleanup_json_ Json *call = json_new_object();

	json_set_string(call, "method", method);
	if (parameters)
		json_set(call, "parameters", parameters);
	if (more)
		json_set_bool(call, "more", true);
	if (json_failed())
		return -ENOMEM;
	return wire_encode(call, ret_bytes, ret_length);
}
