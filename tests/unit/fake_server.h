/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A server on 127.0.0.1 (or, of Fast Open, everywhere) in a thread, which does with each connection
 * what a test says.
 */
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct FakeServer FakeServer;

struct FakeServer {
	/* In the thread, one connection at a time; the server closes it afterwards. */
	void (*serve)(FakeServer *server, int fd);
	void *context;
	SSL_CTX *tls; /* for fake_server_accept_tls() */
	/* Before fake_server_start(), if not the usual: */
	bool fastopen;
	int backlog;

	uint16_t port;
	int listener;
	pthread_t thread;
	_Atomic unsigned connections, tls_connections, tls_resumed;
	_Atomic unsigned closed_politely; /* of fake_server_until_end(): ended without a reset */
	_Atomic uint32_t client;          /* address of the last client, network order */
	char request[2048];               /* of fake_server_read_request(): the last one */
};

void fake_server_start(FakeServer *server);
void fake_server_stop(FakeServer *server);

/* NULL if the handshake failed. */
SSL *fake_server_accept_tls(FakeServer *server, int fd);
/* Reads until the client ends, then ends too; frees ssl (NULL: without TLS). */
void fake_server_until_end(FakeServer *server, int fd, SSL *ssl);
/* Reads up to an empty line. False: the client ended before. */
bool fake_server_read_request(FakeServer *server, int fd, SSL *ssl);
/* False: the client is gone. */
bool fake_server_write(int fd, SSL *ssl, const void *bytes, size_t length);
/* The next close resets. */
void fake_server_reset(int fd);
/* The server's own slowness. */
void fake_server_delay(unsigned ms);
