/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One connection of a probe, with or without TLS: made, shaken hands on, used, and left politely,
 * all by one deadline. It tells its owner when something happened and keeps the times and the
 * reason of a failure; what they mean is the owner's.
 *
 * After the deadline the socket is asked once more, since what came in time but was noticed late is
 * no timeout; then it is one, whatever else would still come.
 */
#include "daemon/probe/connect.h"
#include "daemon/probe/tls_socket.h"

struct event;

typedef enum StreamEvent {
	STREAM_OPENED, /* connected, and hands shaken if it is TLS */
	STREAM_READY,  /* after stream_wait(): try again */
	STREAM_PARTED, /* after stream_part(): over, however it went */
	STREAM_FAILED, /* `failure` says why; nothing more will come */
} StreamEvent;

typedef struct StreamFailure {
	ProbeOutcome outcome;
	ProbePhase phase;
	int error; /* positive errno or 0 */
	uint32_t syn_retransmits;
	const char *explanation; /* static, or NULL */
} StreamFailure;

typedef struct StreamParams {
	const ProbeStart *start; /* borrowed: address, spec, loop, clock */
	uint64_t deadline_ns;
	TlsContext *tls; /* NULL: without TLS */
	TlsOffer offer;
	bool fastopen; /* TCP_FASTOPEN_CONNECT: the first bytes go with the SYN if possible */
	/* Fails with PROBE_LOCAL at once, since this is wrong; static, or NULL. */
	const char *lack;
	int lack_error; /* positive errno */
	/* Never from inside a function of this file; the stream may be closed in it. */
	void (*event)(void *context, StreamEvent event);
	void *context;
} StreamParams;

typedef enum StreamState {
	STREAM_UNUSED, /* zeroed, or closed */
	STREAM_CONNECTING,
	STREAM_SHAKING,
	STREAM_OPEN,
	STREAM_PARTING,
	STREAM_OVER,
} StreamState;

typedef struct Stream {
	StreamParams params;
	StreamState state;
	int fd; /* -1: none */
	struct event *event;
	int connect_error; /* what connect_begin() said */
	bool had_cookie;   /* fastopen: the kernel knows one and delays the SYN for our data */
	short wants;       /* EV_READ or EV_WRITE */
	bool expired;
	ProbePhase
		phase; /* under way: where a failure is said to be. The owner sets it when open */
	Turns turns;
	TlsSocket *tls;
	uint64_t deadline_ns;
	size_t parting_bytes;
	StreamFailure failure;
	/* Once opened: */
	uint32_t rtt_us;
	uint64_t tls_ns;
	uint8_t rounds;
} Stream;

/* Negative errno if there is no socket to be had; then nothing needs to be closed. */
int stream_start(Stream *stream, const StreamParams *params);
/* Frees without a word to the peer. A zeroed or closed one is fine. */
void stream_close(Stream *stream);

/* Bytes taken, perhaps not all; -EAGAIN: stream_wait(). Other negative errno: failed, and told in
 * `failure`; no event comes of it. */
ssize_t stream_send(Stream *stream, const void *bytes, size_t length);
/* Bytes, 0 the end, errors as above. ret_stamp: when the first of them arrived, as exactly as the
 * kernel tells (of several segments that it joined, the last one's arrival). */
ssize_t stream_receive(Stream *stream, void *buffer, size_t size, Stamp *ret_stamp);
/* STREAM_READY or STREAM_FAILED will come. */
void stream_wait(Stream *stream);
/* STREAM_READY will come, at once: there was more to read than should be in one go. */
void stream_again(Stream *stream);
/* Ends our side, and waits, briefly and for a bounded number of bytes, until the peer has ended its
 * own: what it sends late (session tickets) is taken, and the connection ends by FIN, not by the
 * reset that unread bytes would cause. STREAM_PARTED will come. */
void stream_part(Stream *stream);
