/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Varlink framing: one JSON object, UTF-8, ended by a single NUL; no length prefix. Pure: bytes in,
 * messages out. Malformed input is -EBADMSG and the connection must be dropped, as systemd does.
 */
#include <stdbool.h>
#include "common/json.h"
#include "common/text.h"

#define WIRE_MESSAGE_MAX (256 * 1024)

/* Zero-initialise. */
typedef struct WireReader {
	Text buffer;
	size_t consumed; /* bytes of the buffer that were handed out */
	size_t tail;     /* where the unfinished message starts: after the last NUL */
} WireReader;

void wire_reader_clear(WireReader *reader);
/* -EMSGSIZE: the message being received exceeds WIRE_MESSAGE_MAX; -ENOMEM. */
int wire_feed(WireReader *reader, const char *bytes, size_t length);
/* 1: *ret_json is the next message (owned by the caller); 0: more bytes are needed; -EBADMSG:
 * empty, not JSON, or not an object; -ENOMEM. */
int wire_next(WireReader *reader, Json **ret_json);

/* A call as Varlink defines it: top-level keys method (string), parameters (object or null),
 * oneway, more, upgrade (booleans); anything else, or oneway with more, is -EBADMSG. So is a true
 * upgrade: any reply would tell the caller that the connection now speaks another protocol. */
typedef struct WireCall {
	const char *method; /* points into the json */
	Json *parameters;   /* borrowed; NULL if none */
	bool oneway, more;
} WireCall;
int wire_decode_call(Json *message, WireCall *ret_call);

/* Text of a message with its NUL; *ret_length includes the NUL. The caller frees. */
int wire_encode(const Json *message, char **ret_bytes, size_t *ret_length);
/* The same of a call. Takes `parameters` (NULL: none). */
int wire_encode_call(const char *method, Json *parameters, bool more, char **ret_bytes,
		     size_t *ret_length);
