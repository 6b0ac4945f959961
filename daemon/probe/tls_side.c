/* SPDX-License-Identifier: MIT */
#include "daemon/probe/tls_side.h"

#include <errno.h>
#include <netinet/tcp.h>

#include "common/base.h"
#include "common/tcp_info.h"
#include "common/text.h"

/* With less time left than for a connection of so many round trips none is begun. */
#define ROUNDS_MIN 8
/* A SYN with data that gets lost is sent again, without, after 1 s. */
#define FASTOPEN_NS       (3 * NSEC_PER_SEC)
#define FASTOPEN_LEAST_NS (NSEC_PER_SEC / 2)

static bool next_leg(TlsSide *side);

int tls_side_remember(const ProbeStart *start, ProbeMemory **ret_memory)
{
	ProbeMemory *memory;

	if (!*start->memory)
		*start->memory = calloc(1, sizeof(**start->memory));
	if (!*start->memory)
		return -ENOMEM;
	memory = *start->memory;
	memory->probes++;
	if (memory->probes > 1 && !address_equal(&memory->address, &start->address))
		memory->fastopen = (FastOpen){
			.next_probe = memory->probes + FASTOPEN_EVERY_UNDECIDED,
		};
	memory->address = start->address;
	*ret_memory = memory;
	return 0;
}

void tls_side_forget(ProbeMemory *memory)
{
	if (!memory)
		return;
	tls_session_free(memory->session);
	free(memory);
}

void tls_side_keep_session(ProbeMemory *memory, Stream *stream)
{
	TlsSession *session = stream->tls ? tls_socket_take_session(stream->tls) : NULL;

	if (!session)
		return;
	tls_session_free(memory->session);
	memory->session = session;
	memory->resumable = true;
}

void tls_side_facts(const ProbeMemory *memory, ProbeTlsFacts *facts)
{
	facts->resumable = memory->resumable;
	facts->resumed = memory->resumed;
	facts->fastopen = memory->fastopen.state;
}

static uint64_t now_of(const TlsSide *side)
{
	return clock_monotonic_ns(side->params.start->clock);
}

/* --- resumption --- */

static bool resumption_is_due(const TlsSide *side)
{
	uint64_t probe = side->memory->probes;

	return (probe == 2 || probe % TLS_SIDE_RESUME_EVERY == 0) &&
	       (side->memory->session || side->ask_alpn);
}

static void learn_resumption(TlsSide *side)
{
	ProbeTlsFacts facts = {0};
	bool offered = side->stream.params.offer.session;

	tls_socket_facts(side->stream.tls, &facts);
	side->memory->h2 = text_equal(facts.alpn, "h2");
	if (!offered)
		return;
	side->has_resumed = tls_socket_resumed(side->stream.tls);
	side->memory->resumed = side->has_resumed;
	if (side->has_resumed)
		side->resumed_ns = side->stream.tls_ns;
}

/* --- Fast Open --- */

static void learn_fastopen(TlsSide *side)
{
	const Stream *stream = &side->stream;
	FastOpenTry attempt = {.had_cookie = stream->had_cookie};
	TcpInfo info;
	uint32_t received;

	if (stream->failure.outcome == PROBE_LOCAL || stream->fd < 0 ||
	    tcp_info_from_socket(stream->fd, &info) < 0)
		return;
	received = (uint32_t)MIN(tcp_info_get(&info, bytes_received, 0), (uint64_t)UINT32_MAX);
	attempt.established =
		received > 0 || (info.raw.state != TCP_SYN_SENT && info.raw.state != TCP_CLOSE);
	attempt.acknowledged = info.raw.options & TCP_INFO_OPT_SYN_DATA;
	attempt.client_fail = tcp_info_fastopen_client_fail(&info);
	attempt.stalled = received == 0 && tcp_info_get(&info, total_rto, 0) >= 2;
	fastopen_learn(&side->memory->fastopen, &attempt, side->memory->probes, now_of(side));
}

/* --- one after the other --- */

static void learn(TlsSide *side)
{
	if (side->leg == TLS_SIDE_FASTOPEN)
		learn_fastopen(side);
	else if (side->stream.state == STREAM_OPEN)
		learn_resumption(side);
}

static void on_stream(void *context, StreamEvent event)
{
	TlsSide *side = context;

	switch (event) {
	case STREAM_OPENED:
		learn(side);
		stream_part(&side->stream);
		return;
	case STREAM_FAILED:
		learn(side);
		break;
	case STREAM_PARTED:
		tls_side_keep_session(side->memory, &side->stream);
		break;
	case STREAM_READY: /* never waited for */
		return;
	}
	stream_close(&side->stream);
	if (!next_leg(side))
		side->over(side->context);
}

static bool begin(TlsSide *side, uint64_t least_ns, uint64_t most_ns)
{
	uint64_t now_ns = now_of(side), deadline_ns = side->params.deadline_ns;
	StreamParams params = side->params;

	least_ns += ROUNDS_MIN * side->rtt_us * NSEC_PER_USEC;
	if (deadline_ns < now_ns + least_ns)
		return false;
	params.deadline_ns = MIN(deadline_ns, now_ns + MAX(most_ns, least_ns));
	params.fastopen = side->leg == TLS_SIDE_FASTOPEN;
	params.offer.session = side->leg == TLS_SIDE_RESUMPTION ? side->memory->session : NULL;
	params.offer.alpn = TLS_ALPN_HTTP_ANY;
	params.event = on_stream;
	params.context = side;
	return stream_start(&side->stream, &params) == 0;
}

/* This host's sysctl may not want it, or there is no time: another day. */
static bool begin_fastopen(TlsSide *side)
{
	if (begin(side, FASTOPEN_LEAST_NS, FASTOPEN_NS))
		return true;
	side->memory->fastopen.next_probe = side->memory->probes + FASTOPEN_EVERY;
	return false;
}

/* Whether one is under way. What cannot be begun is left out. */
static bool next_leg(TlsSide *side)
{
	if (side->leg == TLS_SIDE_NONE) {
		side->leg = TLS_SIDE_RESUMPTION;
		if (resumption_is_due(side) && begin(side, 0, UINT32_MAX * NSEC_PER_USEC))
			return true;
	}
	if (side->leg == TLS_SIDE_RESUMPTION) {
		side->leg = TLS_SIDE_FASTOPEN;
		if (fastopen_is_due(&side->memory->fastopen, side->memory->probes, now_of(side)) &&
		    begin_fastopen(side))
			return true;
	}
	side->leg = TLS_SIDE_OVER;
	return false;
}

bool tls_side_start(TlsSide *side)
{
	side->leg = TLS_SIDE_NONE;
	return next_leg(side);
}

void tls_side_clear(TlsSide *side)
{
	stream_close(&side->stream);
}
