/* SPDX-License-Identifier: MIT */
/*
 * sockets: many established TCP connections within one network namespace, both ends of each.
 *
 *   sockets --connections N --remotes R --port P
 *
 * Connection i goes from 10.65.0.0 + i % R to 10.64.0.0 + i % R, which the caller made local
 * addresses ("ip route add local 10.64.0.0/15 dev lo"): not 127/8, whose flows netoptd ignores, and
 * many, so that there are 2 R destinations. A few bytes have gone each way over each of them, so
 * that the kernel has something to say about every field.
 *
 * A process may hold 20,000 descriptors and there are two for each connection, hence a process for
 * every 4,000 of them, each with a listener of its own at P, P + 1 and so on. Prints "ready" when
 * all are established, and holds them until it is killed; the children die with it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/net/wanspec.h"

#define SERVERS     0x0a400000U /* 10.64.0.0 */
#define CLIENTS     0x0a410000U /* 10.65.0.0 */
#define PER_PROCESS 4000U
#define PAYLOAD     200U

struct options {
	uint64_t n_connections, n_remotes, port;
};

static struct sockaddr_in address(uint32_t ip, uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(ip)};
}

static int listen_at(uint16_t port)
{
	struct sockaddr_in any = address(INADDR_ANY, port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)); /* bind tells */
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 || listen(fd, 64) < 0)
		return -errno;
	return fd;
}

/* The descriptors are kept open by not being closed. */
static int establish(int listener, uint32_t number, uint16_t port)
{
	static const uint8_t payload[PAYLOAD];
	uint8_t discard[PAYLOAD];
	struct sockaddr_in from = address(CLIENTS + number, 0),
			   to = address(SERVERS + number, port);
	int one = 1, server, client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (client < 0)
		return -errno;
	/* The port is chosen by connect(), as the same one may serve many addresses. */
	(void)setsockopt(client, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	if (bind(client, (struct sockaddr *)&from, sizeof(from)) < 0 ||
	    connect(client, (struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (server < 0)
		return -errno;
	if (send(client, payload, sizeof(payload), 0) < 0 ||
	    recv(server, discard, sizeof(discard), MSG_WAITALL) < 0 ||
	    send(server, payload, sizeof(payload), 0) < 0 ||
	    recv(client, discard, sizeof(discard), MSG_WAITALL) < 0)
		return -errno;
	return 0;
}

/* One process' share, from `first` on. Tells `ready` when it is done, then waits to be killed. */
static int hold(const struct options *options, uint64_t first, int ready)
{
	uint64_t end = first + PER_PROCESS;
	uint16_t port = (uint16_t)(options->port + first / PER_PROCESS);
	int listener = listen_at(port), r = listener < 0 ? listener : 0;

	if (end > options->n_connections)
		end = options->n_connections;
	for (uint64_t i = first; r == 0 && i < end; i++)
		r = establish(listener, (uint32_t)(i % options->n_remotes), port);
	if (r < 0) {
		fprintf(stderr, "sockets: %s\n", strerror(-r));
		return 1;
	}
	if (write(ready, "", 1) != 1)
		return 1;
	for (;;)
		(void)pause(); /* until a signal ends us */
}

static int run(const struct options *options)
{
	unsigned n_children = 0;
	pid_t parent = getpid();
	int ready[2];
	char byte;

	if (pipe(ready) < 0)
		return 1;
	for (uint64_t first = 0; first < options->n_connections; first += PER_PROCESS) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (pid == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* cannot fail with this signal */
			return getppid() == parent ? hold(options, first, ready[1]) : 1;
		}
		n_children++;
	}
	close(ready[1]); /* a child that fails is the end of the pipe, once all others are done */
	for (unsigned i = 0; i < n_children; i++)
		if (read(ready[0], &byte, 1) != 1)
			return 1;
	printf("ready\n");
	fflush(stdout);
	(void)wait(NULL); /* no child ends by itself: it is a signal that ends us */
	return 1;
}

static int set_option(struct options *options, const char *word, const char *value)
{
	if (strcmp(word, "--connections") == 0)
		return wanspec_parse_number(value, &options->n_connections);
	if (strcmp(word, "--remotes") == 0)
		return wanspec_parse_number(value, &options->n_remotes);
	if (strcmp(word, "--port") == 0)
		return wanspec_parse_number(value, &options->port);
	return -ENOENT;
}

int main(int argc, char **argv)
{
	struct options options = {.n_connections = 1000, .n_remotes = 128, .port = 9000};
	bool good = argc % 2 == 1;

	for (int i = 1; good && i < argc; i += 2)
		good = set_option(&options, argv[i], argv[i + 1]) == 0;
	if (!good || options.n_remotes == 0 || options.n_remotes > 65536 || options.port > 60000) {
		fprintf(stderr, "usage: sockets [--connections N] [--remotes R] [--port P]\n");
		return 2;
	}
	return run(&options);
}
