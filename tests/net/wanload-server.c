/* SPDX-License-Identifier: MIT */
/*
 * The server half: one epoll loop over all connections. Data is discarded in the kernel
 * (MSG_TRUNC), so that the receiver is never the bottleneck on a machine with two cores; window
 * autotuning counts those bytes as read, as it should. A connection that serves sends zeros until
 * its bytes or its time are used up, then closes its half.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "tests/net/wanload.h"

#define CONNECTIONS_MAX 1024
#define LISTENERS_MAX   1024
#define EVENTS_MAX      64

enum kind { KIND_FREE, KIND_LISTENER, KIND_CONNECTION };

struct slot {
	enum kind kind;
	int fd;
	bool serves;
	uint64_t left_bytes, end_ns;
};

struct server {
	const struct wanload_options *options;
	int epoll;
	struct slot slots[LISTENERS_MAX + CONNECTIONS_MAX];
};

static struct slot *add(struct server *server, int fd, enum kind kind, uint32_t events)
{
	for (size_t i = 0; i < sizeof(server->slots) / sizeof(server->slots[0]); i++) {
		struct slot *slot = &server->slots[i];
		struct epoll_event event = {.events = events, .data.ptr = slot};

		if (slot->kind != KIND_FREE)
			continue;
		if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
			return NULL;
		*slot = (struct slot){.kind = kind, .fd = fd};
		return slot;
	}
	return NULL;
}

static void drop(struct slot *slot)
{
	close(slot->fd);
	slot->kind = KIND_FREE;
}

static int listen_at(struct server *server, const struct wanload_address *address)
{
	const struct sockaddr *sa = (const struct sockaddr *)&address->storage;
	int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)); /* bind tells */
	if (bind(fd, sa, address->length) < 0 || listen(fd, 512) < 0 ||
	    !add(server, fd, KIND_LISTENER, EPOLLIN)) {
		int r = -errno;

		close(fd);
		return r;
	}
	return 0;
}

static void accept_all(struct server *server, const struct slot *listener)
{
	const struct wanload_options *options = server->options;
	bool serves = options->serve_bytes > 0 || options->serve_ns > 0;
	struct slot *slot;
	int fd;

	while ((fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		slot = add(server, fd, KIND_CONNECTION, EPOLLIN | (serves ? EPOLLOUT : 0U));
		if (!slot) {
			close(fd);
			continue;
		}
		slot->serves = serves;
		slot->left_bytes = options->serve_bytes > 0 ? options->serve_bytes : UINT64_MAX;
		slot->end_ns =
			options->serve_ns > 0 ? wanload_clock_ns() + options->serve_ns : UINT64_MAX;
	}
}

static void discard(struct slot *slot)
{
	ssize_t n = recv(slot->fd, NULL, 4U << 20, MSG_TRUNC | MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		drop(slot);
}

static void serve(struct server *server, struct slot *slot)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = slot};
	size_t n_wanted =
		slot->left_bytes < WANLOAD_CHUNK ? (size_t)slot->left_bytes : WANLOAD_CHUNK;
	ssize_t n = 0;

	if (wanload_clock_ns() < slot->end_ns && n_wanted > 0)
		n = send(slot->fd, wanload_zeros, n_wanted, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		drop(slot);
		return;
	}
	slot->left_bytes -= (uint64_t)n;
	if (n > 0)
		return;

	/* Done: from here on it only waits for the other side's end. */
	(void)shutdown(slot->fd, SHUT_WR); /* fails if the peer is gone: recv will tell */
	slot->serves = false;
	if (epoll_ctl(server->epoll, EPOLL_CTL_MOD, slot->fd, &event) < 0)
		drop(slot);
}

static void handle(struct server *server, const struct epoll_event *event)
{
	struct slot *slot = event->data.ptr;

	if (slot->kind == KIND_LISTENER)
		accept_all(server, slot);
	else if (slot->kind == KIND_CONNECTION && slot->serves && (event->events & EPOLLOUT))
		serve(server, slot);
	if (slot->kind == KIND_CONNECTION && (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		discard(slot);
}

static int run(struct server *server)
{
	const struct timespec gap = {.tv_sec = (time_t)(server->options->gap_ns / 1000000000ULL),
				     .tv_nsec = (long)(server->options->gap_ns % 1000000000ULL)};
	struct epoll_event events[EVENTS_MAX];

	printf("ready\n");
	fflush(stdout);
	for (;;) {
		int n = epoll_wait(server->epoll, events, EVENTS_MAX, -1);

		if (n < 0 && errno != EINTR)
			return 1;
		/* Cut short: only more work for us. */
		if (n < EVENTS_MAX && server->options->gap_ns > 0)
			(void)nanosleep(&gap, NULL);
		for (int i = 0; i < n; i++)
			handle(server, &events[i]);
	}
}

static void set_port(struct wanload_address *address, uint64_t offset)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&address->storage;

	/* The port is at the same place for both families. */
	in->sin_port = htons((uint16_t)(ntohs(in->sin_port) + offset));
}

static int start(const struct wanload_options *options, uint64_t n_listeners)
{
	static struct server server;
	int r;

	server.options = options;
	server.epoll = epoll_create1(EPOLL_CLOEXEC);
	for (uint64_t i = 0; i < n_listeners && i < LISTENERS_MAX; i++) {
		struct wanload_address address = options->address;

		set_port(&address, i);
		r = listen_at(&server, &address);
		if (r < 0) {
			fprintf(stderr, "wanload: cannot listen: %s\n", strerror(-r));
			return 1;
		}
	}
	return run(&server);
}

int wanload_serve(const struct wanload_options *options)
{
	return start(options, 1);
}

int wanload_accept(const struct wanload_options *options)
{
	return start(options, options->count);
}
