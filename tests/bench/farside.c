/* SPDX-License-Identifier: MIT */
/*
 * farside: the servers at the far end of an emulated link, for every kind of probe. ICMP echo is
 * answered by the kernel.
 *
 *   farside --certificate FILE --key FILE [--think TIME] [--pause TIME]
 *
 *   port   what
 *   7000   tcp     accepts, waits for the other side's end
 *   7443   tls     the handshake with two session tickets, then the same
 *   7080   http    HTTP/1.1, connections kept: thinks, sends head and half of the body, pauses,
 * sends the rest 7444   https   the same over TLS, without session tickets, so that the first bytes
 * to come after a request are the response 7053   dns     over UDP: one A record for whatever is
 * asked
 *
 * A blocking thread for each connection, to be run under SCHED_FIFO: what these servers take is
 * little and steady, and it is part of what the link recorded anyway, hence of the truth.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/net/wanspec.h"

#define STACK_BYTES   (256U << 10)
#define REQUEST_BYTES 4096
#define HALF_BYTES    1000 /* of a body: less than a packet */
#define DNS_PORT      7053
#define DNS_BYTES     512

static const struct service {
	uint16_t port;
	bool tls, http;
	unsigned n_tickets;
} services[] = {
	{7000, .tls = false},
	{7443, .tls = true, .n_tickets = 2},
	{7080, .http = true},
	{7444, .tls = true, .http = true},
};

static struct {
	const char *certificate, *key;
	uint64_t think_ns, pause_ns;
} options;

struct listener {
	const struct service *service;
	int fd;
	SSL_CTX *context; /* NULL: not TLS */
};

struct connection {
	const struct listener *listener;
	int fd;
	SSL *ssl;
};

static int receive(struct connection *connection, char *buffer, size_t size)
{
	if (connection->ssl)
		return SSL_read(connection->ssl, buffer, (int)size);
	return (int)recv(connection->fd, buffer, size, 0);
}

static bool transmit(struct connection *connection, const char *bytes, size_t length)
{
	if (connection->ssl)
		return SSL_write(connection->ssl, bytes, (int)length) == (int)length;
	return send(connection->fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

static void wait_ns(uint64_t ns)
{
	const struct timespec pause = {.tv_sec = (time_t)(ns / 1000000000ULL),
				       .tv_nsec = (long)(ns % 1000000000ULL)};

	if (ns > 0)
		(void)nanosleep(&pause, NULL); /* no signal interrupts: they all end us */
}

static bool respond(struct connection *connection)
{
	char response[256 + HALF_BYTES];
	int head = snprintf(response, 256,
			    "HTTP/1.1 200 OK\r\nServer: farside\r\nContent-Type: text/plain\r\n"
			    "Content-Length: %d\r\n\r\n",
			    2 * HALF_BYTES);

	memset(response + head, '.', HALF_BYTES);
	wait_ns(options.think_ns);
	if (!transmit(connection, response, (size_t)head + HALF_BYTES))
		return false;
	wait_ns(options.pause_ns);
	return transmit(connection, response + head, HALF_BYTES);
}

static void serve_http(struct connection *connection)
{
	char request[REQUEST_BYTES + 1];
	size_t length = 0;
	int n;

	while ((n = receive(connection, request + length, REQUEST_BYTES - length)) > 0) {
		length += (size_t)n;
		request[length] = '\0';
		if (length == REQUEST_BYTES)
			return;
		if (!strstr(request, "\r\n\r\n"))
			continue;
		if (!respond(connection))
			return;
		length = 0;
	}
}

static void *serve(void *argument)
{
	struct connection *connection = argument;
	const struct listener *listener = connection->listener;
	char discard[256];
	bool good = true;

	if (listener->context) {
		connection->ssl = SSL_new(listener->context);
		good = connection->ssl && SSL_set_fd(connection->ssl, connection->fd) == 1 &&
		       SSL_accept(connection->ssl) == 1;
	}
	if (good && listener->service->http)
		serve_http(connection);
	while (good && receive(connection, discard, sizeof(discard)) > 0)
		;
	if (connection->ssl && good)
		(void)SSL_shutdown(connection->ssl); /* the answer is not waited for */
	SSL_free(connection->ssl);
	close(connection->fd);
	free(connection);
	return NULL;
}

static int start_thread(void *(*function)(void *), void *argument)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int r;

	(void)pthread_attr_init(&attributes); /* cannot fail on Linux */
	(void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	(void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
	r = pthread_create(&thread, &attributes, function, argument);
	(void)pthread_attr_destroy(&attributes);
	return -r;
}

static void *accept_all(void *argument)
{
	const struct listener *listener = argument;
	int one = 1, fd;

	while ((fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		struct connection *connection = calloc(1, sizeof(*connection));

		if (!connection)
			break;
		*connection = (struct connection){.listener = listener, .fd = fd};
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* cannot fail */
		if (start_thread(serve, connection) < 0) {
			close(fd);
			free(connection);
		}
	}
	perror("farside: accept");
	exit(1);
}

/* Both families: an IPv6 socket that takes IPv4, too. */
static int open_socket(int type, uint16_t port)
{
	const struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0), one = 1, zero = 0;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)); /* bind tells */
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 256) < 0)) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

static SSL_CTX *new_context(unsigned n_tickets)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (context && SSL_CTX_use_certificate_chain_file(context, options.certificate) == 1 &&
	    SSL_CTX_use_PrivateKey_file(context, options.key, SSL_FILETYPE_PEM) == 1 &&
	    SSL_CTX_set_num_tickets(context, n_tickets) == 1)
		return context;
	SSL_CTX_free(context);
	return NULL;
}

static int start(struct listener *listener, const struct service *service)
{
	listener->service = service;
	listener->fd = open_socket(SOCK_STREAM, service->port);
	if (listener->fd < 0)
		return listener->fd;
	if (service->tls) {
		listener->context = new_context(service->n_tickets);
		if (!listener->context)
			return -EINVAL;
	}
	return start_thread(accept_all, listener);
}

/* Answers with the header and the question as they came, and one A record; 0: it was no query. */
static size_t answer_dns(uint8_t message[DNS_BYTES], size_t length)
{
	static const uint8_t header[] = {0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0};
	static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1};
	size_t end = 12;

	while (end < length && message[end] != 0)
		end += (size_t)message[end] + 1;
	end += 5; /* the root label, type, class */
	if (end > length || end + sizeof(record) > DNS_BYTES)
		return 0;
	memcpy(message + 2, header, sizeof(header));
	memcpy(message + end, record, sizeof(record));
	return end + sizeof(record);
}

static int serve_dns(void)
{
	int fd = open_socket(SOCK_DGRAM, DNS_PORT);

	while (fd >= 0) {
		struct sockaddr_in6 from;
		socklen_t size = sizeof(from);
		uint8_t message[DNS_BYTES];
		ssize_t n =
			recvfrom(fd, message, sizeof(message), 0, (struct sockaddr *)&from, &size);
		size_t length = n < 0 ? 0 : answer_dns(message, (size_t)n);

		if (n < 0)
			break;
		if (length > 0) /* one that is lost is one the resolver asks for again */
			(void)sendto(fd, message, length, 0, (struct sockaddr *)&from, size);
	}
	perror("farside: dns");
	return 1;
}

static int set_option(const char *word, const char *value)
{
	if (strcmp(word, "--certificate") == 0)
		options.certificate = value;
	else if (strcmp(word, "--key") == 0)
		options.key = value;
	else if (strcmp(word, "--think") == 0)
		return wanspec_parse_time(value, &options.think_ns);
	else if (strcmp(word, "--pause") == 0)
		return wanspec_parse_time(value, &options.pause_ns);
	else
		return -ENOENT;
	return 0;
}

int main(int argc, char **argv)
{
	static struct listener listeners[sizeof(services) / sizeof(services[0])];
	int r = argc % 2 == 1 ? 0 : -EINVAL;

	for (int i = 1; r == 0 && i < argc; i += 2)
		r = set_option(argv[i], argv[i + 1]);
	if (r < 0 || !options.certificate || !options.key) {
		fprintf(stderr, "usage: farside --certificate FILE --key FILE [--think TIME] "
				"[--pause TIME]\n");
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN); /* cannot fail with a valid signal */
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		r = start(&listeners[i], &services[i]);
		if (r < 0) {
			fprintf(stderr, "farside: port %u: %s\n", services[i].port, strerror(-r));
			return 1;
		}
	}
	printf("ready\n");
	fflush(stdout);
	return serve_dns();
}
