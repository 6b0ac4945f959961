/* SPDX-License-Identifier: MIT */
#include "cli/watch_link.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cli/watch_skim.h"
#include "common/wire.h"

/* That of client.c: no reply of ours comes near it. */
#define REPLY_MAX ((size_t)16 * 1024 * 1024)

void watch_link_close(WatchLink *link)
{
	base_close(&link->fd);
	link->fd = -1;
	text_clear(&link->out);
	text_clear(&link->in);
	link->searched = 0;
}

int watch_link_open(WatchLink *link, const char *socket_path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = -1;

	if (!text_copy(address.sun_path, sizeof(address.sun_path), socket_path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	link->fd = base_steal_fd(&fd);
	return 0;
}

int watch_link_call(WatchLink *link, const char *method, Json *parameters, bool more)
{
	_cleanup_free_ char *bytes = NULL;
	size_t length;
	int r = wire_encode_call(method, parameters, more, &bytes, &length);

	if (r < 0)
		return r;
	text_append_bytes(&link->out, bytes, length);
	return link->out.failed ? -ENOMEM : 0;
}

short watch_link_events(const WatchLink *link)
{
	return (short)(POLLIN | (link->out.length > 0 ? POLLOUT : 0));
}

static int send_some(WatchLink *link)
{
	ssize_t n = send(link->fd, link->out.data, link->out.length, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	text_consume(&link->out, (size_t)n);
	return 0;
}

static int receive_some(WatchLink *link)
{
	char bytes[64 * 1024];
	ssize_t n = recv(link->fd, bytes, sizeof(bytes), 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -ECONNRESET;
	if (link->in.length + (size_t)n > REPLY_MAX)
		return -EMSGSIZE;
	text_append_bytes(&link->in, bytes, (size_t)n);
	return link->in.failed ? -ENOMEM : 0;
}

int watch_link_step(WatchLink *link, short revents)
{
	int r = 0;

	if (revents & POLLOUT && link->out.length > 0)
		r = send_some(link);
	if (r == 0 && revents & (POLLIN | POLLHUP | POLLERR))
		r = receive_some(link);
	return r;
}

int watch_link_next(WatchLink *link, Json **ret_reply)
{
	const char *nul = NULL;
	size_t length;
	int r;

	if (link->in.length > link->searched)
		nul = memchr(link->in.data + link->searched, '\0',
			     link->in.length - link->searched);
	if (!nul) {
		link->searched = link->in.length;
		return 0;
	}
	length = (size_t)(nul - link->in.data);
	r = json_parse(link->in.data,
		       link->unread ? watch_skim(link->in.data, length, link->unread) : length,
		       ret_reply);
	text_consume(&link->in, length + 1);
	link->searched = 0;
	return r < 0 ? r : 1;
}
