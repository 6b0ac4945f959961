/* SPDX-License-Identifier: MIT */
#include "tests/unit/fake_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"

static void *run(void *context)
{
	FakeServer *server = context;
	int on = 1;

	for (;;) {
		struct sockaddr_in client;
		socklen_t length = sizeof(client);
		int fd = accept4(server->listener, (struct sockaddr *)&client, &length,
				 SOCK_CLOEXEC);

		if (fd < 0)
			return NULL;
		/* As servers do: else the answer would wait for our ACK of the session tickets. */
		assert(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0);
		server->client = client.sin_addr.s_addr;
		server->connections++;
		server->serve(server, fd);
		close(fd);
	}
}

void fake_server_start(FakeServer *server)
{
	/* Everywhere only where everywhere is a namespace of the test. */
	struct sockaddr_in any = {.sin_family = AF_INET,
				  .sin_addr.s_addr =
					  htonl(server->fastopen ? INADDR_ANY : INADDR_LOOPBACK)};
	socklen_t length = sizeof(any);
	int queue = 16;

	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert(server->listener >= 0);
	assert(bind(server->listener, (struct sockaddr *)&any, sizeof(any)) == 0);
	if (server->fastopen)
		assert(setsockopt(server->listener, IPPROTO_TCP, TCP_FASTOPEN, &queue,
				  sizeof(queue)) == 0);
	assert(listen(server->listener, server->backlog ? server->backlog : 16) == 0);
	assert(getsockname(server->listener, (struct sockaddr *)&any, &length) == 0);
	server->port = ntohs(any.sin_port);
	if (server->serve)
		assert(pthread_create(&server->thread, NULL, run, server) == 0);
}

void fake_server_stop(FakeServer *server)
{
	if (server->listener <= 0)
		return;
	if (server->serve) {
		(void)shutdown(server->listener, SHUT_RDWR); /* ends accept() */
		pthread_join(server->thread, NULL);
	}
	close(server->listener);
	server->listener = 0;
}

SSL *fake_server_accept_tls(FakeServer *server, int fd)
{
	SSL *ssl = SSL_new(server->tls);

	assert(ssl && SSL_set_fd(ssl, fd) == 1);
	if (SSL_accept(ssl) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	server->tls_connections++;
	server->tls_resumed += SSL_session_reused(ssl) ? 1 : 0;
	return ssl;
}

static ssize_t read_some(int fd, SSL *ssl, void *buffer, size_t size)
{
	return ssl ? SSL_read(ssl, buffer, (int)size) : read(fd, buffer, size);
}

void fake_server_until_end(FakeServer *server, int fd, SSL *ssl)
{
	char waste[4096];
	ssize_t n;

	do
		n = read_some(fd, ssl, waste, sizeof(waste));
	while (n > 0);
	if (ssl ? SSL_get_error(ssl, (int)n) == SSL_ERROR_ZERO_RETURN : n == 0) {
		if (ssl)
			(void)SSL_shutdown(ssl);
		/* What follows the good-bye is the end, no reset. */
		(void)shutdown(fd, SHUT_WR);
		if (read(fd, waste, sizeof(waste)) == 0)
			server->closed_politely++;
	}
	SSL_free(ssl);
}

bool fake_server_read_request(FakeServer *server, int fd, SSL *ssl)
{
	size_t have = 0;

	while (have < sizeof(server->request) - 1) {
		ssize_t n = read_some(fd, ssl, server->request + have, 1);

		if (n <= 0)
			return false;
		server->request[++have] = '\0';
		if (have >= 4 && strcmp(server->request + have - 4, "\r\n\r\n") == 0)
			return true;
	}
	return false;
}

bool fake_server_write(int fd, SSL *ssl, const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length > 0) {
		ssize_t n =
			ssl ? SSL_write(ssl, at, (int)length) : send(fd, at, length, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		at += n;
		length -= (size_t)n;
	}
	return true;
}

void fake_server_reset(int fd)
{
	struct linger reset = {.l_onoff = 1};

	assert(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) == 0);
}

void fake_server_delay(unsigned ms)
{
	(void)poll(NULL, 0, (int)ms);
}
