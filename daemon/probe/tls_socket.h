/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * TLS on a connected socket whose sends and receives are stamped by the kernel (turns.h). Nothing
 * blocks: each verb does what it can and says what it waits for.
 *
 * How long a handshake took is the sum of the turns' waits, so that neither our own cryptography
 * nor our waiting for a processor is in it; the peer's is.
 */
#include "daemon/probe/tls_context.h"
#include "daemon/probe/turns.h"

typedef struct TlsSocket TlsSocket;
typedef struct ssl_session_st TlsSession; /* OpenSSL's */

typedef enum TlsStep {
	TLS_STEP_DONE,
	TLS_STEP_READ,  /* waits for the peer */
	TLS_STEP_WRITE, /* waits for room */
	TLS_STEP_END,   /* the peer has ended the stream; only when reading */
	TLS_STEP_FAILED,
} TlsStep;

/* What to offer ALPN: names with their length before each, "\x02h2". RFC 7301 */
#define TLS_ALPN_HTTP_1   "\x08http/1.1"
#define TLS_ALPN_HTTP_ANY "\x02h2\x08http/1.1"

typedef struct TlsOffer {
	struct ssl_ctx_st *roots;
	const char *host; /* name (for SNI too) or numeric address that the certificate must have */
	const char *alpn; /* one of the above */
	TlsSession *session; /* to be resumed; NULL: a full handshake. Borrowed. */
} TlsOffer;

/* `turns` is borrowed. -ENOMEM */
int tls_socket_new(TlsContext *context, const TlsOffer *offer, Turns *turns,
		   TlsSocket **ret_socket);
/* Frees without a word to the peer; NULL is fine. */
void tls_socket_free(TlsSocket *socket);

TlsStep tls_socket_handshake(TlsSocket *socket);
/* Done: ret_written bytes of it, perhaps not all. */
TlsStep tls_socket_write(TlsSocket *socket, const void *bytes, size_t length, size_t *ret_written);
/* Done: ret_read bytes; ret_begun: the stamp of the first byte of the record they came in. */
TlsStep tls_socket_read(TlsSocket *socket, void *buffer, size_t size, size_t *ret_read,
			Stamp *ret_begun);
/* Says good-bye (close_notify), as far as there is room. Reading is still possible. */
void tls_socket_shutdown(TlsSocket *socket);

/* What OpenSSL says was wrong, after TLS_STEP_FAILED; static, NULL if it says nothing. */
const char *tls_socket_problem(const TlsSocket *socket);
/* After the handshake; `rounds`, `resumable`, `resumed` and `fastopen` are left alone. */
void tls_socket_facts(const TlsSocket *socket, ProbeTlsFacts *facts);
/* Whether the offered session was taken back. */
bool tls_socket_resumed(const TlsSocket *socket);
/* The newest session the peer gave, the caller's from now on; NULL: none came since. */
TlsSession *tls_socket_take_session(TlsSocket *socket);
void tls_session_free(TlsSession *session);
