/* SPDX-License-Identifier: MIT */
#include "daemon/probe/tls_socket.h"

#include <errno.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "common/base.h"
#include "common/text.h"

#define RECORD_HEADER 5 /* RFC 8446, 5.1: type, version, length */

struct TlsSocket {
	Turns *turns;
	SSL *ssl;
	TlsSession *session;
	const char *problem;
	/* The record under way, for the stamp of its first byte. */
	uint8_t header[RECORD_HEADER];
	size_t header_have, body_left;
	Stamp begun;
};

/* OpenSSL reads a header, then the body it announces, and never beyond: so each receive has the
 * stamp of its own last byte, and a record's first byte can be told. */
static void follow_records(TlsSocket *socket, const uint8_t *bytes, size_t length)
{
	while (length > 0) {
		size_t n;

		if (socket->body_left > 0) {
			n = MIN(length, socket->body_left);
			socket->body_left -= n;
		} else {
			if (socket->header_have == 0)
				socket->begun = socket->turns->received;
			n = 1;
			socket->header[socket->header_have++] = *bytes;
			if (socket->header_have == RECORD_HEADER) {
				socket->body_left =
					(size_t)socket->header[3] << 8 | socket->header[4];
				socket->header_have = 0;
			}
		}
		bytes += n;
		length -= n;
	}
}

static int transport_write(BIO *bio, const char *bytes, int length)
{
	const TlsSocket *socket = BIO_get_data(bio);
	ssize_t n = turns_send(socket->turns, bytes, (size_t)length);

	BIO_clear_retry_flags(bio);
	if (n >= 0)
		return (int)n;
	if (n == -EAGAIN)
		BIO_set_retry_write(bio);
	return -1;
}

static int transport_read(BIO *bio, char *buffer, int size)
{
	TlsSocket *socket = BIO_get_data(bio);
	ssize_t n = turns_receive(socket->turns, buffer, (size_t)size);

	BIO_clear_retry_flags(bio);
	if (n > 0)
		follow_records(socket, (const uint8_t *)buffer, (size_t)n);
	if (n >= 0)
		return (int)n;
	if (n == -EAGAIN)
		BIO_set_retry_read(bio);
	return -1;
}

static long transport_control(BIO *bio, int command, long number, void *pointer)
{
	const TlsSocket *socket = BIO_get_data(bio);

	(void)number;
	(void)pointer;
	switch (command) {
	case BIO_CTRL_FLUSH: /* nothing is held back here */
		return 1;
	case BIO_CTRL_EOF:
		return socket->turns->ended;
	default:
		return 0;
	}
}

static BIO_METHOD *transport_method(TlsContext *context)
{
	BIO_METHOD *method = tls_context_method(context);

	if (method)
		return method;
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stamped socket");
	if (!method)
		return NULL;
	(void)BIO_meth_set_write(method, transport_write); /* these cannot fail */
	(void)BIO_meth_set_read(method, transport_read);
	(void)BIO_meth_set_ctrl(method, transport_control);
	tls_context_set_method(context, method);
	return method;
}

/* With TLS 1.3 several come, after the handshake; the last one is as good as any. */
/* A copy: a peer that ends the connection without a close_notify makes OpenSSL declare the session
 * of the connection not resumable, and many do. Nothing was read that could have been cut. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
	TlsSocket *socket = SSL_get_app_data(ssl);
	SSL_SESSION *copy;

	if (!SSL_SESSION_is_resumable(session))
		return 0;
	copy = SSL_SESSION_dup(session);
	if (!copy)
		return 0; /* no memory: the next probe may have better luck */
	tls_session_free(socket->session);
	socket->session = copy;
	return 0; /* theirs still */
}

/* The name as it is in a certificate and in SNI: no trailing dot. SNI takes no numeric address
 * (RFC 6066, 3). */
static bool set_host(SSL *ssl, const char *host)
{
	X509_VERIFY_PARAM *check = SSL_get0_param(ssl);
	char name[256];
	size_t length;
	Address numeric;

	if (address_parse(host, &numeric) == 0)
		return X509_VERIFY_PARAM_set1_ip(check, numeric.bytes,
						 numeric.family == AF_INET ? 4 : 16) == 1;
	if (!text_copy(name, sizeof(name), host))
		return false;
	length = strlen(name);
	if (length > 1 && name[length - 1] == '.')
		name[length - 1] = '\0';
	X509_VERIFY_PARAM_set_hostflags(check, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

static bool set_offer(SSL *ssl, const TlsOffer *offer)
{
	if (!set_host(ssl, offer->host))
		return false;
	if (SSL_set_alpn_protos(ssl, (const unsigned char *)offer->alpn,
				(unsigned)strlen(offer->alpn)) != 0)
		return false;
	/* A session that cannot be offered any more only makes the handshake a full one. */
	if (offer->session)
		(void)SSL_set_session(ssl, offer->session);
	return true;
}

static void free_at_exit(TlsSocket **socket)
{
	tls_socket_free(*socket);
}

int tls_socket_new(TlsContext *context, const TlsOffer *offer, Turns *turns, TlsSocket **ret_socket)
{
	_cleanup_(free_at_exit) TlsSocket *socket = calloc(1, sizeof(*socket));
	BIO_METHOD *method = transport_method(context);
	BIO *bio;

	if (!socket || !method)
		return -ENOMEM;
	ERR_clear_error();
	socket->turns = turns;
	socket->ssl = SSL_new(offer->roots);
	bio = socket->ssl ? BIO_new(method) : NULL;
	if (!bio)
		return -ENOMEM;
	BIO_set_data(bio, socket);
	BIO_set_init(bio, 1);
	SSL_set_bio(socket->ssl, bio, bio);
	SSL_set_app_data(socket->ssl, socket);
	SSL_CTX_sess_set_new_cb(offer->roots, on_session);
	if (!set_offer(socket->ssl, offer))
		return -ENOMEM;
	SSL_set_connect_state(socket->ssl);
	*ret_socket = STEAL(socket);
	return 0;
}

void tls_socket_free(TlsSocket *socket)
{
	if (!socket)
		return;
	SSL_free(socket->ssl);
	tls_session_free(socket->session);
	free(socket);
}

static TlsStep step_of(TlsSocket *socket, int r)
{
	unsigned long code;

	switch (SSL_get_error(socket->ssl, r)) {
	case SSL_ERROR_NONE:
		return TLS_STEP_DONE;
	case SSL_ERROR_WANT_READ:
		return TLS_STEP_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_STEP_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_STEP_END;
	default:
		code = ERR_peek_error();
		socket->problem = code ? ERR_reason_error_string(code) : NULL;
		return TLS_STEP_FAILED;
	}
}

TlsStep tls_socket_handshake(TlsSocket *socket)
{
	TlsStep step;

	ERR_clear_error();
	step = step_of(socket, SSL_do_handshake(socket->ssl));
	return step == TLS_STEP_END ? TLS_STEP_FAILED : step;
}

TlsStep tls_socket_write(TlsSocket *socket, const void *bytes, size_t length, size_t *ret_written)
{
	TlsStep step;

	ERR_clear_error();
	step = step_of(socket, SSL_write_ex(socket->ssl, bytes, length, ret_written));
	return step == TLS_STEP_END ? TLS_STEP_FAILED : step;
}

TlsStep tls_socket_read(TlsSocket *socket, void *buffer, size_t size, size_t *ret_read,
			Stamp *ret_begun)
{
	TlsStep step;

	ERR_clear_error();
	step = step_of(socket, SSL_read_ex(socket->ssl, buffer, size, ret_read));
	if (step == TLS_STEP_DONE)
		*ret_begun = socket->begun;
	return step;
}

void tls_socket_shutdown(TlsSocket *socket)
{
	ERR_clear_error();
	(void)SSL_shutdown(socket->ssl); /* a courtesy; nothing depends on it */
	ERR_clear_error();
}

const char *tls_socket_problem(const TlsSocket *socket)
{
	return socket->problem;
}

/* Whole days, rounded down: what expires in an hour has none left, what expired an hour ago -1. */
static bool days_left(const X509 *certificate, int32_t *ret_days)
{
	int days, seconds;

	if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)) != 1)
		return false;
	*ret_days = seconds < 0 ? days - 1 : days;
	return true;
}

static void trust_facts(const SSL *ssl, ProbeTlsFacts *facts)
{
	const X509 *certificate = SSL_get0_peer_certificate(ssl);
	long verdict = SSL_get_verify_result(ssl);

	facts->trust = TRUST_UNKNOWN;
	facts->trust_reason[0] = '\0';
	facts->has_days_left = false;
	if (!certificate)
		return;
	facts->has_days_left = days_left(certificate, &facts->days_left);
	facts->trust = verdict == X509_V_OK ? TRUST_VERIFIED : TRUST_REJECTED;
	if (verdict != X509_V_OK)
		(void)text_copy(facts->trust_reason, sizeof(facts->trust_reason),
				X509_verify_cert_error_string(verdict));
}

void tls_socket_facts(const TlsSocket *socket, ProbeTlsFacts *facts)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(socket->ssl);
	const unsigned char *alpn;
	unsigned length;

	(void)text_copy(facts->version, sizeof(facts->version), SSL_get_version(socket->ssl));
	(void)text_copy(facts->cipher, sizeof(facts->cipher),
			cipher ? SSL_CIPHER_get_name(cipher) : "");
	/* A peer could select what was not offered. */
	SSL_get0_alpn_selected(socket->ssl, &alpn, &length);
	facts->alpn[0] = '\0';
	if (length == 2 && memcmp(alpn, "h2", 2) == 0)
		(void)text_copy(facts->alpn, sizeof(facts->alpn), "h2");
	else if (length == 8 && memcmp(alpn, "http/1.1", 8) == 0)
		(void)text_copy(facts->alpn, sizeof(facts->alpn), "http/1.1");
	trust_facts(socket->ssl, facts);
}

bool tls_socket_resumed(const TlsSocket *socket)
{
	return SSL_session_reused(socket->ssl) == 1;
}

TlsSession *tls_socket_take_session(TlsSocket *socket)
{
	return STEAL(socket->session);
}

void tls_session_free(TlsSession *session)
{
	SSL_SESSION_free(session);
}
