/* SPDX-License-Identifier: MIT */
#include "daemon/probe/turns.h"

#include <errno.h>
#include <sys/socket.h>

#include "common/base.h"

void turns_init(Turns *turns, int fd, bool stamps)
{
	*turns = (Turns){.fd = fd};
	if (stamps)
		(void)stamp_enable(fd, SOCK_STREAM); /* without, our own clock stands in */
}

uint64_t turns_between(Stamp from, Stamp to)
{
	return to > from ? to - from : 0;
}

void turns_collect(Turns *turns)
{
	(void)stamp_collect(turns->fd, &turns->send); /* an ICMP error shows in send or receive */
}

void turns_close(Turns *turns)
{
	if (!turns->waiting || !turns->answered)
		return;
	turns_collect(turns);
	turns->waited_ns += turns_between(stamp_of_send(&turns->send), turns->received);
	if (turns->rounds < UINT8_MAX)
		turns->rounds++;
	turns->waiting = turns->answered = false;
}

/* Only `again` is worth another try; a connect that is still deferred says EINPROGRESS. */
static ssize_t note_error(Turns *turns, ssize_t n)
{
	if (n == -EAGAIN || n == -EINTR || n == -EINPROGRESS)
		return -EAGAIN;
	turns->error = (int)-n;
	return n;
}

ssize_t turns_send(Turns *turns, const void *bytes, size_t length)
{
	ssize_t n;

	turns_close(turns);
	n = stamp_send(turns->fd, bytes, length, &turns->send);
	if (n < 0)
		return note_error(turns, n);
	turns->waiting = true;
	turns->answered = false;
	return n;
}

ssize_t turns_receive(Turns *turns, void *buffer, size_t size)
{
	Stamp stamp;
	bool kernel;
	ssize_t n = stamp_receive(turns->fd, buffer, size, &stamp, &kernel);

	if (n < 0)
		return note_error(turns, n);
	if (n == 0) {
		turns->ended = true;
		return 0;
	}
	turns->received = stamp;
	turns->answered = true;
	return n;
}
