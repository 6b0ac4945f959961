/* SPDX-License-Identifier: MIT */
/*
 * The HTTP and HTTPS probes: GET, HTTP/1.1, the body counted and thrown away; then the same request
 * once more on the same connection, if the server keeps it. A redirect is an answer, told and not
 * followed. h2 is only asked for, on a connection beside (tls_side.h).
 *
 * PHASE_REQUEST runs from the kernel's stamp of the request's last byte sent to that of the
 * response's first byte; PHASE_TRANSFER from there to the last byte's. While this process does not
 * run, the kernel joins segments that follow each other and keeps the last one's stamp: then some
 * of the transfer is counted as request. Their sum is exact all the same.
 *
 * Memory is this struct and one buffer on the stack, whatever the server sends; what may be read in
 * one go is bounded too, so that a fast and endless answer does not hold up the other probes.
 */
#include "daemon/probe/stream_probe.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "common/text.h"
#include "daemon/probe/http_body.h"
#include "netopt-build.h"

#define READ_SIZE  (16 * 1024) /* a TLS record's plaintext */
#define READS_MAX  16          /* in one go */
#define PORT_HTTP  80
#define PORT_HTTPS 443

typedef enum HttpStage {
	STAGE_SENDING,
	STAGE_HEAD,
	STAGE_BODY,
} HttpStage;

struct Probe {
	StreamProbe common;
	Text request;
	size_t sent;
	bool again; /* the second request on the connection is under way */
	bool reused;
	uint64_t reused_ns;
	HttpStage stage;
	Stamp first;  /* of the response's first byte; 0: not yet */
	bool surplus; /* bytes came after the end of the response */
	HttpHead head;
	HttpBody body;
};

static void go_on(Probe *probe);

static Probe *probe_of(StreamProbe *common)
{
	return CONTAINER_OF(common, Probe, common);
}

/* --- the request --- */

/* Nothing in it may end a line: what the configuration let pass is looked at again here. */
static bool is_sendable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f)
			return false;
	return true;
}

static void write_request(Probe *probe, bool last)
{
	const ProbeSpec *spec = probe->common.start.spec;
	uint16_t usual = probe->common.hooks->tls ? PORT_HTTPS : PORT_HTTP;
	bool brackets = strchr(spec->host, ':') && spec->host[0] != '[';
	Text *request = &probe->request;

	text_clear(request);
	text_appendf(request, "GET %s HTTP/1.1\r\nHost: %s%s%s", spec->target, brackets ? "[" : "",
		     spec->host, brackets ? "]" : "");
	if (spec->port != usual)
		text_appendf(request, ":%u", (unsigned)spec->port);
	text_append(request, "\r\nUser-Agent: netopt/" NETOPT_VERSION "\r\nAccept: */*\r\n");
	if (last)
		text_append(request, "Connection: close\r\n");
	text_append(request, "\r\n");
}

/* False: out of memory. */
static bool begin_request(Probe *probe, bool again)
{
	write_request(probe, again);
	probe->again = again;
	probe->sent = 0;
	probe->stage = STAGE_SENDING;
	probe->first = 0;
	http_head_init(&probe->head);
	return !probe->request.failed;
}

/* --- the end --- */

/* Of the second request nothing is a failure: the first one was the probe. */
static void give_up(Probe *probe, ProbeOutcome outcome, const char *explanation)
{
	if (probe->again)
		stream_probe_finish(&probe->common);
	else
		stream_probe_fail(&probe->common, outcome, explanation);
}

static void give_up_with_stream(Probe *probe)
{
	if (probe->again)
		stream_probe_finish(&probe->common);
	else
		stream_probe_fail_as_stream(&probe->common);
}

static bool on_failed(StreamProbe *common)
{
	Probe *probe = probe_of(common);

	if (!probe->again)
		return false;
	stream_probe_finish(common);
	return true;
}

static void learn_response(Probe *probe)
{
	ProbeHttpFacts *facts = &probe->common.facts.http;

	probe->common.facts.has_http = true;
	facts->status = probe->head.status;
	facts->h3 = probe->head.h3;
	(void)text_copy(facts->location, sizeof(facts->location), probe->head.location);
	(void)text_copy(facts->server, sizeof(facts->server), probe->head.server);
}

/* The whole first response was read. */
static void first_done(Probe *probe, bool ended)
{
	Stream *stream = &probe->common.stream;
	uint64_t transfer_ns = turns_between(probe->first, stream->turns.received);

	probe_result_set(&probe->common.result, PHASE_TRANSFER, transfer_ns);
	stream_probe_measured(&probe->common);
	if (ended || probe->surplus || !http_head_keeps_alive(&probe->head) ||
	    !begin_request(probe, true)) {
		stream_probe_finish(&probe->common);
		return;
	}
	stream->phase = PHASE_REUSED;
	go_on(probe);
}

static void response_done(Probe *probe, bool ended)
{
	if (probe->again)
		stream_probe_finish(&probe->common);
	else
		first_done(probe, ended);
}

/* --- the response --- */

static void first_byte(Probe *probe, Stamp stamp)
{
	Stream *stream = &probe->common.stream;
	uint64_t waited_ns;

	turns_collect(&stream->turns);
	waited_ns = turns_between(stamp_of_send(&stream->turns.send), stamp);
	probe->first = stamp;
	if (probe->again) {
		probe->reused_ns = waited_ns;
		return;
	}
	probe_result_set(&probe->common.result, PHASE_REQUEST, waited_ns);
	stream->phase = PHASE_TRANSFER;
}

/* HTTP_DONE: there is no body to come. */
static HttpResult head_done(Probe *probe)
{
	HttpResult result = http_body_init(&probe->body, &probe->head,
					   probe->common.start.spec->body_limit_bytes);

	probe->stage = STAGE_BODY;
	if (!probe->again)
		learn_response(probe);
	else if (probe->head.status < 400) {
		probe_result_set(&probe->common.result, PHASE_REUSED, probe->reused_ns);
		probe->common.facts.http.reusable = true;
	}
	return result;
}

static HttpResult feed_head(Probe *probe, const char **bytes, size_t *length)
{
	size_t used;
	HttpResult result = http_head_feed(&probe->head, *bytes, *length, &used);

	*bytes += used;
	*length -= used;
	return result == HTTP_DONE ? head_done(probe) : result;
}

static HttpResult feed_body(Probe *probe, const char *bytes, size_t length)
{
	size_t used;
	HttpResult result = http_body_feed(&probe->body, bytes, length, &used);

	if (!probe->again)
		probe->common.facts.http.body_bytes = probe->body.bytes;
	probe->surplus = used < length;
	return result;
}

static HttpResult feed(Probe *probe, const char *bytes, size_t length)
{
	HttpResult result = HTTP_MORE;

	if (probe->stage == STAGE_HEAD)
		result = feed_head(probe, &bytes, &length);
	if (result == HTTP_DONE)
		probe->surplus = length > 0;
	if (result == HTTP_MORE && probe->stage == STAGE_BODY && length > 0)
		result = feed_body(probe, bytes, length);
	return result;
}

static const char *problem_of(const Probe *probe)
{
	return probe->stage == STAGE_HEAD ? probe->head.problem : probe->body.problem;
}

static void ended(Probe *probe)
{
	if (probe->stage == STAGE_BODY && http_body_ends_by_close(&probe->body))
		response_done(probe, true);
	else
		give_up(probe, PROBE_CLOSED, "closed before the end of the answer");
}

/* Whether there is more to be read: else the probe may be gone. */
static bool take(Probe *probe, const char *bytes, size_t length)
{
	HttpResult result = feed(probe, bytes, length);

	if (probe->stage == STAGE_BODY && probe->head.status >= 400) {
		give_up(probe, PROBE_STATUS, NULL);
		return false;
	}
	switch (result) {
	case HTTP_MORE:
		return true;
	case HTTP_DONE:
		response_done(probe, false);
		return false;
	case HTTP_MALFORMED:
		give_up(probe, PROBE_PROTOCOL, problem_of(probe));
		return false;
	default:
		give_up(probe, PROBE_LIMIT, problem_of(probe));
		return false;
	}
}

/* What the stream returned is no progress: to be waited for, or the end of the probe. */
static bool is_held_up(Probe *probe, ssize_t n)
{
	if (n == -EAGAIN)
		stream_wait(&probe->common.stream);
	else if (n < 0)
		give_up_with_stream(probe);
	return n < 0;
}

static void receive(Probe *probe)
{
	Stream *stream = &probe->common.stream;
	char buffer[READ_SIZE];

	for (unsigned i = 0; i < READS_MAX; i++) {
		Stamp stamp;
		ssize_t n = stream_receive(stream, buffer, sizeof(buffer), &stamp);

		if (is_held_up(probe, n))
			return;
		if (n == 0) {
			ended(probe);
			return;
		}
		if (probe->first == 0)
			first_byte(probe, stamp);
		if (!take(probe, buffer, (size_t)n))
			return;
	}
	stream_again(stream);
}

static void go_on(Probe *probe)
{
	Stream *stream = &probe->common.stream;

	while (probe->stage == STAGE_SENDING && probe->sent < probe->request.length) {
		ssize_t n = stream_send(stream, probe->request.data + probe->sent,
					probe->request.length - probe->sent);

		if (is_held_up(probe, n))
			return;
		probe->sent += (size_t)n;
	}
	if (probe->stage == STAGE_SENDING)
		probe->stage = STAGE_HEAD;
	receive(probe);
}

static void ready(StreamProbe *common)
{
	go_on(probe_of(common));
}

static void opened(StreamProbe *common)
{
	Probe *probe = probe_of(common);

	if (begin_request(probe, false))
		go_on(probe);
	else
		stream_probe_fail(common, PROBE_LOCAL, "out of memory");
}

/* --- the kinds --- */

static const StreamProbeHooks http_hooks = {
	.speaks = true,
	.phase = PHASE_REQUEST,
	.opened = opened,
	.ready = ready,
	.failed = on_failed,
};

static const StreamProbeHooks https_hooks = {
	.tls = true,
	.speaks = true,
	.phase = PHASE_REQUEST,
	.opened = opened,
	.ready = ready,
	.failed = on_failed,
};

static void http_cancel(Probe *probe)
{
	if (!probe)
		return;
	stream_probe_clear(&probe->common);
	text_clear(&probe->request);
	free(probe);
}

static int start_with(const StreamProbeHooks *hooks, const ProbeStart *start, Probe **ret_probe)
{
	Probe *probe;
	int r;

	if (!is_sendable(start->spec->host) || !is_sendable(start->spec->target) ||
	    start->spec->target[0] != '/')
		return -EINVAL;
	probe = calloc(1, sizeof(*probe));
	if (!probe)
		return -ENOMEM;
	r = stream_probe_start(&probe->common, hooks, start);
	if (r < 0)
		http_cancel(probe);
	else
		*ret_probe = probe;
	return r;
}

static int http_start(const ProbeStart *start, Probe **ret_probe)
{
	return start_with(&http_hooks, start, ret_probe);
}

static int https_start(const ProbeStart *start, Probe **ret_probe)
{
	return start_with(&https_hooks, start, ret_probe);
}

const ProbeKind probe_kind_http = {
	.scheme = "http",
	.summary = "HTTP/1.1 GET: connect, first byte, transfer, and the same once more",
	.headline = PHASE_TOTAL,
	.rtt = PHASE_CONNECT,
	.start = http_start,
	.cancel = http_cancel,
};

const ProbeKind probe_kind_https = {
	.scheme = "https",
	.summary = "HTTPS GET: connect, TLS, first byte, transfer, and the same once more",
	.headline = PHASE_TOTAL,
	.rtt = PHASE_CONNECT,
	.start = https_start,
	.cancel = http_cancel,
	.forget = tls_side_forget,
};
