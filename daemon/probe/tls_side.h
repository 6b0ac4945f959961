/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a lane of TLS probes remembers, and the connections beside the probe proper, which follow it
 * and never decide its outcome: one that offers the session of an earlier handshake (on the second
 * probe and every eighth), and rarer one that tries TCP Fast Open. Only the first contributes a
 * time, PHASE_RESUMED. It also offers ALPN h2, since the connection that speaks HTTP/1.1 must not.
 */
#include "daemon/probe/fastopen.h"
#include "daemon/probe/stream.h"

#define TLS_SIDE_RESUME_EVERY 8

struct ProbeMemory {
	uint64_t probes; /* begun, this one included */
	Address address; /* of the last one */
	TlsSession *session;
	bool resumable, resumed, h2;
	FastOpen fastopen;
};

typedef enum TlsSideLeg {
	TLS_SIDE_NONE,
	TLS_SIDE_RESUMPTION,
	TLS_SIDE_FASTOPEN,
	TLS_SIDE_OVER,
} TlsSideLeg;

typedef struct TlsSide {
	StreamParams params; /* those of the probe proper */
	ProbeMemory *memory;
	uint32_t rtt_us; /* of the probe proper */
	bool ask_alpn;   /* whether h2 is offered is worth a connection of its own */
	void (*over)(void *context);
	void *context;
	/* What came of it, once over: */
	bool has_resumed;
	uint64_t resumed_ns;

	TlsSideLeg leg;
	Stream stream;
} TlsSide;

/* The lane's, made if this is its first probe. What was learned of another address than the one to
 * be probed is forgotten: Fast Open is of an address, not of a name. -ENOMEM */
int tls_side_remember(const ProbeStart *start, ProbeMemory **ret_memory);
/* Frees; NULL is fine. */
void tls_side_forget(ProbeMemory *memory);
/* Takes the session that a connection got, if any, and what it told. */
void tls_side_keep_session(ProbeMemory *memory, Stream *stream);
/* What the lane knows. */
void tls_side_facts(const ProbeMemory *memory, ProbeTlsFacts *facts);

/* Whether something is due after this probe, with params, memory and rtt_us set; then over() will
 * come, not from inside. False: nothing is. */
bool tls_side_start(TlsSide *side);
/* Cancels what is under way; a zeroed one is fine. */
void tls_side_clear(TlsSide *side);
