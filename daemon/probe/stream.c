/* SPDX-License-Identifier: MIT */
#include "daemon/probe/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "common/base.h"

/* How long to wait for the peer's end: two round trips and what a busy server takes to close. */
#define PART_RTTS   2
#define PART_NS     (50 * NSEC_PER_MSEC)
#define PART_MAX_NS (500 * NSEC_PER_MSEC)
#define PART_BYTES  (64 * 1024)
#define RECORD_MAX  (16 * 1024) /* RFC 8446, 5.1 */

static void on_event(evutil_socket_t fd, short what, void *context);

static uint64_t now_of(const Stream *stream)
{
	return clock_monotonic_ns(stream->params.start->clock);
}

/* The event has its memory in libevent's heap since stream_start(), which saw it succeed. */
static void arm(Stream *stream)
{
	uint64_t now_ns = now_of(stream);
	struct timeval timeout;

	if (now_ns >= stream->deadline_ns) {
		stream->expired = true;
		event_active(stream->event, EV_TIMEOUT, 0);
		return;
	}
	timeout = loop_timeval(stream->deadline_ns - now_ns);
	(void)event_del(stream->event); /* not pending, but for the first time */
	(void)event_assign(stream->event, loop_base(stream->params.start->loop), stream->fd,
			   stream->wants, on_event, stream);
	(void)event_add(stream->event, &timeout);
}

void stream_wait(Stream *stream)
{
	turns_collect(&stream->turns);
	arm(stream);
}

void stream_again(Stream *stream)
{
	if (now_of(stream) >= stream->deadline_ns)
		stream->expired = true;
	event_active(stream->event, EV_READ, 0);
}

static void note_failure(Stream *stream, ProbeOutcome outcome, int error, const char *explanation)
{
	stream->state = STREAM_OVER;
	stream->failure = (StreamFailure){
		.outcome = outcome,
		.phase = stream->phase,
		.error = error,
		.explanation = explanation,
	};
}

static void tell(Stream *stream, StreamEvent event)
{
	stream->params.event(stream->params.context, event);
}

static void fail(Stream *stream, ProbeOutcome outcome, int error, const char *explanation)
{
	note_failure(stream, outcome, error, explanation);
	tell(stream, STREAM_FAILED);
}

/* --- TLS --- */

/* A failure of TLS may be the connection's: then that is the reason. */
static void note_tls_failure(Stream *stream)
{
	const Turns *turns = &stream->turns;

	if (turns->error > 0)
		note_failure(stream, connect_outcome_of_error(turns->error, true), turns->error,
			     NULL);
	else if (turns->ended && !tls_socket_problem(stream->tls))
		note_failure(stream, PROBE_CLOSED, 0, NULL);
	else
		note_failure(stream, PROBE_TLS, 0, tls_socket_problem(stream->tls));
}

/* -EAGAIN, with what to wait for; or failed. */
static ssize_t again_or_fail(Stream *stream, TlsStep step)
{
	if (step == TLS_STEP_READ || step == TLS_STEP_WRITE) {
		stream->wants = step == TLS_STEP_READ ? EV_READ : EV_WRITE;
		return -EAGAIN;
	}
	note_tls_failure(stream);
	return -EIO;
}

static void shake_hands(Stream *stream)
{
	TlsStep step = tls_socket_handshake(stream->tls);

	if (step == TLS_STEP_DONE) {
		turns_close(&stream->turns);
		stream->tls_ns = stream->turns.waited_ns;
		stream->rounds = stream->turns.rounds;
		stream->state = STREAM_OPEN;
		tell(stream, STREAM_OPENED);
	} else if (again_or_fail(stream, step) == -EAGAIN) {
		stream_wait(stream);
	} else {
		tell(stream, STREAM_FAILED);
	}
}

static void begin_tls(Stream *stream)
{
	stream->phase = PHASE_TLS;
	stream->state = STREAM_SHAKING;
	if (tls_socket_new(stream->params.tls, &stream->params.offer, &stream->turns,
			   &stream->tls) < 0)
		fail(stream, PROBE_LOCAL, ENOMEM, NULL);
	else
		shake_hands(stream);
}

/* --- connecting --- */

static void begin_use(Stream *stream)
{
	int on = 1;

	/* What we send is complete; holding it back for an ACK would only add our own delay. */
	(void)setsockopt(stream->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* Offsets of stamps count from an established connection on. */
	turns_init(&stream->turns, stream->fd, !stream->params.fastopen);
	if (stream->params.tls) {
		begin_tls(stream);
		return;
	}
	stream->state = STREAM_OPEN;
	tell(stream, STREAM_OPENED);
}

static void finish_connecting(Stream *stream)
{
	ConnectVerdict verdict;

	connect_judge(stream->fd, stream->connect_error, &verdict);
	stream->rtt_us = verdict.rtt_us;
	if (verdict.outcome == PROBE_OK) {
		begin_use(stream);
		return;
	}
	note_failure(stream, verdict.outcome, verdict.error, verdict.explanation);
	stream->failure.syn_retransmits = verdict.syn_retransmits;
	tell(stream, STREAM_FAILED);
}

static int begin_connecting(Stream *stream)
{
	const ProbeStart *start = stream->params.start;
	int on = 1;

	if (stream->params.fastopen &&
	    setsockopt(stream->fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof(on)) < 0)
		return -errno;
	stream->connect_error =
		connect_begin(stream->fd, &start->address, start->spec->port, &start->spec->source);
	/* No error, not even "in progress": the SYN waits until there are bytes to go along. */
	stream->had_cookie = stream->params.fastopen && stream->connect_error == 0;
	return 0;
}

static int begin(Stream *stream)
{
	const ProbeStart *start = stream->params.start;
	int r;

	stream->wants = EV_WRITE;
	stream->phase = PHASE_CONNECT;
	stream->deadline_ns = stream->params.deadline_ns;
	if (!stream->params.lack) {
		r = connect_open(&start->address, start->spec->mark, &stream->fd);
		if (r < 0)
			return r;
	}
	stream->event = event_new(loop_base(start->loop), stream->fd,
				  stream->fd >= 0 ? EV_WRITE : 0, on_event, stream);
	if (!stream->event)
		return -ENOMEM;
	if (stream->params.lack) {
		event_active(stream->event, EV_TIMEOUT, 0);
		return 0;
	}
	r = begin_connecting(stream);
	if (r < 0)
		return r;
	arm(stream);
	if (stream->connect_error != EINPROGRESS)
		event_active(stream->event, EV_WRITE, 0);
	return 0;
}

int stream_start(Stream *stream, const StreamParams *params)
{
	int r;

	*stream = (Stream){.params = *params, .state = STREAM_CONNECTING, .fd = -1};
	r = begin(stream);
	if (r < 0)
		stream_close(stream);
	return r;
}

void stream_close(Stream *stream)
{
	if (stream->state == STREAM_UNUSED)
		return;
	if (stream->event)
		event_free(stream->event);
	tls_socket_free(stream->tls);
	if (stream->fd >= 0)
		(void)close(stream->fd); /* nothing was written that could be lost */
	*stream = (Stream){.fd = -1};
}

/* --- use --- */

static ssize_t plain_result(Stream *stream, ssize_t n, short wants)
{
	if (n == -EAGAIN)
		stream->wants = wants;
	else if (n < 0)
		note_failure(stream, connect_outcome_of_error((int)-n, true), (int)-n, NULL);
	return n;
}

ssize_t stream_send(Stream *stream, const void *bytes, size_t length)
{
	size_t n = 0;
	TlsStep step;

	if (!stream->tls)
		return plain_result(stream, turns_send(&stream->turns, bytes, length), EV_WRITE);
	step = tls_socket_write(stream->tls, bytes, length, &n);
	return step == TLS_STEP_DONE ? (ssize_t)n : again_or_fail(stream, step);
}

ssize_t stream_receive(Stream *stream, void *buffer, size_t size, Stamp *ret_stamp)
{
	size_t n = 0;
	TlsStep step;

	if (!stream->tls) {
		ssize_t r = turns_receive(&stream->turns, buffer, size);

		*ret_stamp = stream->turns.received;
		return plain_result(stream, r, EV_READ);
	}
	step = tls_socket_read(stream->tls, buffer, size, &n, ret_stamp);
	if (step == TLS_STEP_END)
		return 0;
	return step == TLS_STEP_DONE ? (ssize_t)n : again_or_fail(stream, step);
}

/* --- parting --- */

static void over(Stream *stream)
{
	stream->state = STREAM_OVER;
	tell(stream, STREAM_PARTED);
}

static void drain(Stream *stream)
{
	char waste[RECORD_MAX];
	Stamp stamp;
	ssize_t n;

	do {
		n = stream_receive(stream, waste, sizeof(waste), &stamp);
		if (n > 0)
			stream->parting_bytes += (size_t)n;
	} while (n > 0 && stream->parting_bytes < PART_BYTES);
	if (n == -EAGAIN && !stream->expired)
		stream_wait(stream);
	else
		over(stream);
}

void stream_part(Stream *stream)
{
	uint64_t wait_ns = MIN(PART_RTTS * stream->rtt_us * NSEC_PER_USEC + PART_NS, PART_MAX_NS);

	if (stream->tls)
		tls_socket_shutdown(stream->tls);
	(void)shutdown(stream->fd, SHUT_WR); /* a courtesy */
	stream->state = STREAM_PARTING;
	stream->deadline_ns = MIN(stream->deadline_ns, now_of(stream) + wait_ns);
	stream->wants = EV_READ;
	stream_wait(stream);
}

/* --- events --- */

/* The deadline had passed when we last looked, and the socket was asked since. */
static void expire(Stream *stream)
{
	if (stream->state == STREAM_PARTING)
		over(stream);
	else
		fail(stream, PROBE_TIMEOUT, ETIMEDOUT, NULL);
}

static void on_event(evutil_socket_t fd, short what, void *context)
{
	Stream *stream = context;

	(void)fd;
	(void)what;
	if (stream->params.lack) {
		fail(stream, PROBE_LOCAL, stream->params.lack_error, stream->params.lack);
		return;
	}
	if (stream->expired && stream->state != STREAM_CONNECTING) {
		expire(stream);
		return;
	}
	if (stream->state != STREAM_CONNECTING)
		turns_collect(&stream->turns);
	switch (stream->state) {
	case STREAM_CONNECTING:
		if (stream->had_cookie)
			begin_use(stream);
		else
			finish_connecting(stream);
		break;
	case STREAM_SHAKING:
		shake_hands(stream);
		break;
	case STREAM_OPEN:
		tell(stream, STREAM_READY);
		break;
	case STREAM_PARTING:
		drain(stream);
		break;
	case STREAM_UNUSED:
	case STREAM_OVER:
		break;
	}
}
