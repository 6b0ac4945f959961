/* SPDX-License-Identifier: MIT */
/*
 * Raw events rather than a bufferevent: the rules of when to read are the point of this file.
 *
 * After every event advance() runs: handle what is complete (a batch at a time, so that one client
 * with a thousand pipelined calls does not hold up the probes), write what can be written, then
 * decide what to wait for: room to write, more bytes, or merely the next turn of the loop.
 *
 * A client that follows (Monitor) has had its last answer: replies come from the owner, and a call
 * behind that one waits for ever, as Varlink has it. It is still read, until a whole call waits, to
 * learn of its end. A client may shut down its own side and go on listening; whether it is gone
 * altogether is then seen when it is next looked at, or written to.
 */
#include "daemon/serve/connection.h"

#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base.h"

#define READ_SIZE   ((size_t)64 * 1024)
#define BATCH_CALLS 16
#define OVER        1 /* the connection is over, in good order */

struct Connection {
	int fd;
	struct event *readable, *writable, *again;
	const Clock *clock;
	MethodCaller caller;
	ConnectionOps ops;
	WireReader reader;
	Text output;
	bool starved;              /* no complete message waits in the reader */
	bool follows;              /* replies come from the owner */
	bool end_of_input;         /* the client shut down its side; it still reads */
	uint64_t partial_since_ns; /* a message is half received; 0: none */
	uint64_t blocked_since_ns; /* the client does not read; 0: it does */
};

static void advance(Connection *connection);

const MethodCaller *connection_caller(const Connection *connection)
{
	return &connection->caller;
}

size_t connection_unsent(const Connection *connection)
{
	return connection->output.length;
}

static bool is_gone(const Connection *connection)
{
	struct pollfd hangup = {.fd = connection->fd};

	return poll(&hangup, 1, 0) > 0 && hangup.revents & (POLLHUP | POLLERR);
}

bool connection_expired(const Connection *connection, uint64_t now_ns)
{
	uint64_t partial = connection->partial_since_ns, blocked = connection->blocked_since_ns;

	if (connection->follows && is_gone(connection))
		return true;
	/* While it is blocked we do not read, so that its half message is not its fault. */
	if (blocked)
		return now_ns >= blocked + CONNECTION_TIMEOUT_NS;
	return partial && now_ns >= partial + CONNECTION_TIMEOUT_NS;
}

void connection_follow(Connection *connection)
{
	connection->follows = true;
}

int connection_send(Connection *connection, const char *bytes, size_t length)
{
	static const struct timeval now = {0, 0};

	text_append_bytes(&connection->output, bytes, length);
	if (connection->output.failed || event_add(connection->again, &now) < 0)
		return -ENOMEM;
	return 0;
}

/* 0, or negative errno: end the connection. */
static int queue_reply(Connection *connection, const Json *reply)
{
	_cleanup_free_ char *bytes = NULL;
	size_t length;
	int r = wire_encode(reply, &bytes, &length);

	if (r < 0)
		return r;
	text_append_bytes(&connection->output, bytes, length);
	return connection->output.failed ? -ENOMEM : 0;
}

static int handle_message(Connection *connection, Json *message)
{
	_cleanup_json_ Json *reply = NULL;
	WireCall call;
	int r = wire_decode_call(message, &call);

	if (r < 0)
		return r;
	reply = connection->ops.call(connection, &call, connection->ops.context);
	if (!reply)
		return -ECONNABORTED;
	return call.oneway ? 0 : queue_reply(connection, reply);
}

static int handle_batch(Connection *connection)
{
	connection->starved = connection->reader.consumed == connection->reader.tail;
	if (connection->follows)
		return 0;
	connection->starved = false;
	for (unsigned i = 0; i < BATCH_CALLS; i++) {
		_cleanup_json_ Json *message = NULL;
		int r;

		if (connection->output.length >= CONNECTION_OUTPUT_PAUSE)
			return 0;
		r = wire_next(&connection->reader, &message);
		if (r < 0)
			return r;
		if (r == 0) {
			connection->starved = true;
			return 0;
		}
		r = handle_message(connection, message);
		if (r < 0)
			return r;
		if (connection->follows)
			break;
	}
	connection->starved = connection->reader.consumed == connection->reader.tail;
	return 0;
}

static int flush(Connection *connection)
{
	Text *output = &connection->output;

	while (output->length > 0) {
		ssize_t n = send(connection->fd, output->data, output->length, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			if (!connection->blocked_since_ns)
				connection->blocked_since_ns =
					clock_monotonic_ns(connection->clock);
			return 0;
		}
		if (n < 0)
			return -errno;
		connection->blocked_since_ns = 0;
		text_consume(output, (size_t)n);
	}
	connection->blocked_since_ns = 0;
	text_clear(output); /* an idle client holds no memory */
	return 0;
}

/* Persistent events are switched by add and del; both are cheap if nothing changes. */
static int switch_event(struct event *event, bool on)
{
	return (on ? event_add(event, NULL) : event_del(event)) < 0 ? -ENOMEM : 0;
}

static int wait_for_more(Connection *connection)
{
	static const struct timeval now = {0, 0};
	bool unsent = connection->output.length > 0;
	bool paused = connection->output.length >= CONNECTION_OUTPUT_PAUSE;

	if (connection->end_of_input && connection->starved && !unsent &&
	    (!connection->follows || is_gone(connection)))
		return OVER;
	if (!connection->starved && !paused && !connection->follows &&
	    event_add(connection->again, &now) < 0)
		return -ENOMEM;
	if (switch_event(connection->writable, unsent) < 0)
		return -ENOMEM;
	return switch_event(connection->readable,
			    connection->starved && !paused && !connection->end_of_input);
}

static void advance(Connection *connection)
{
	int r = handle_batch(connection);

	if (r == 0)
		r = flush(connection);
	if (r == 0)
		r = wait_for_more(connection);
	if (r != 0) {
		/* What was answered before the fault is sent, as far as it goes at once. */
		(void)flush(connection);
		connection->ops.ended(connection, connection->ops.context);
	}
}

/* Since when the last message is half there: from its first byte, so that a trickle does not help.
 */
static void note_partial(Connection *connection, bool message_ended)
{
	const WireReader *reader = &connection->reader;

	if (reader->buffer.length == reader->tail)
		connection->partial_since_ns = 0;
	else if (message_ended || !connection->partial_since_ns)
		connection->partial_since_ns = clock_monotonic_ns(connection->clock);
}

/* 0, or negative errno: end the connection. */
static int receive(Connection *connection)
{
	_cleanup_free_ char *bytes = malloc(READ_SIZE);
	ssize_t n;
	int r;

	if (!bytes)
		return -ENOMEM;
	n = recv(connection->fd, bytes, READ_SIZE, 0);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
	if (n == 0) {
		connection->end_of_input = true;
		return 0;
	}
	r = wire_feed(&connection->reader, bytes, (size_t)n);
	if (r < 0)
		return r;
	note_partial(connection, memchr(bytes, '\0', (size_t)n) != NULL);
	return 0;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	Connection *connection = context;

	(void)fd;
	(void)what;
	if (receive(connection) < 0)
		connection->ops.ended(connection, connection->ops.context);
	else
		advance(connection);
}

static void on_turn(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	advance(context);
}

int connection_new(struct event_base *base, const Clock *clock, int fd, const MethodCaller *caller,
		   const ConnectionOps *ops, Connection **ret_connection)
{
	Connection *connection = calloc(1, sizeof(*connection));

	if (!connection) {
		(void)close(fd);
		return -ENOMEM;
	}
	*connection = (Connection){
		.fd = fd, .clock = clock, .caller = *caller, .ops = *ops, .starved = true};
	connection->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, connection);
	connection->writable = event_new(base, fd, EV_WRITE | EV_PERSIST, on_turn, connection);
	connection->again = evtimer_new(base, on_turn, connection);
	if (!connection->readable || !connection->writable || !connection->again ||
	    event_add(connection->readable, NULL) < 0) {
		connection_free(connection);
		return -ENOMEM;
	}
	*ret_connection = connection;
	return 0;
}

void connection_free(Connection *connection)
{
	struct event **events[3];

	if (!connection)
		return;
	events[0] = &connection->readable;
	events[1] = &connection->writable;
	events[2] = &connection->again;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		if (*events[i])
			event_free(*events[i]);
	wire_reader_clear(&connection->reader);
	text_clear(&connection->output);
	(void)close(connection->fd); /* nothing more can be done about it */
	free(connection);
}
