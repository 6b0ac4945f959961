/* SPDX-License-Identifier: MIT */
#include "daemon/probe/stream_probe.h"

#include <errno.h>

#include "common/base.h"

static uint64_t now_of(const StreamProbe *probe)
{
	return clock_monotonic_ns(probe->start.clock);
}

/* --- the report --- */

/* The last use of the probe: the receiver frees it. */
static void report(StreamProbe *probe)
{
	ProbeResult *result = &probe->result;
	uint64_t now_ns = now_of(probe);

	if (!probe->measured)
		result->when_ns = now_ns;
	if (!probe->stream.params.lack) /* then something was sent */
		result->wall_us = (uint32_t)CLAMP((now_ns - probe->begun_ns) / NSEC_PER_USEC,
						  UINT64_C(1), (uint64_t)UINT32_MAX);
	if (probe->facts.has_tls)
		tls_side_facts(probe->memory, &probe->facts.tls);
	if (probe->facts.has_http && probe->memory)
		probe->facts.http.h2 = probe->memory->h2;
	if (probe->facts.has_tls || probe->facts.has_http)
		result->facts = &probe->facts;
	probe->start.done(probe->start.context, result);
}

static void fail(StreamProbe *probe, const StreamFailure *failure)
{
	probe->result = (ProbeResult){
		.outcome = failure->outcome,
		.address = probe->start.address,
		.failed_in = failure->phase,
		.syn_retransmits = failure->syn_retransmits,
		.error = failure->error,
		.explanation = failure->explanation,
	};
	probe->measured = false;
	report(probe);
}

void stream_probe_fail(StreamProbe *probe, ProbeOutcome outcome, const char *explanation)
{
	StreamFailure failure = {
		.outcome = outcome,
		.phase = probe->stream.phase,
		.explanation = explanation,
	};

	fail(probe, &failure);
}

void stream_probe_fail_as_stream(StreamProbe *probe)
{
	fail(probe, &probe->stream.failure);
}

void stream_probe_measured(StreamProbe *probe)
{
	static const ProbePhase parts[] = {PHASE_CONNECT, PHASE_TLS, PHASE_REQUEST, PHASE_TRANSFER};
	uint64_t now_ns = now_of(probe), wall_ns = now_ns - probe->begun_ns, parts_ns = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		uint32_t part_us;

		if (probe_result_get(&probe->result, parts[i], &part_us))
			parts_ns += part_us * NSEC_PER_USEC;
	}
	/* Other clocks than ours measured the parts: their sum may be a little more than the whole.
	 */
	wall_ns = MAX(wall_ns, parts_ns);
	probe_result_set(&probe->result, PHASE_OVERHEAD, wall_ns - parts_ns);
	probe_result_set(&probe->result, PHASE_TOTAL, wall_ns);
	probe->result.when_ns = now_ns;
	probe->measured = true;
}

/* --- after the measurement --- */

static void conclude(StreamProbe *probe)
{
	if (stamp_clock_stepped(probe->clock_offset, stamp_clock_offset())) {
		stream_probe_fail(probe, PROBE_LOCAL, "the clock was set during the probe");
		return;
	}
	if (probe->side.has_resumed)
		probe_result_set(&probe->result, PHASE_RESUMED, probe->side.resumed_ns);
	report(probe);
}

static void on_side_over(void *context)
{
	conclude(context);
}

static void parted(StreamProbe *probe)
{
	probe->side = (TlsSide){
		.params = probe->stream.params,
		.memory = probe->memory,
		.rtt_us = probe->stream.rtt_us,
		.ask_alpn = probe->hooks->speaks,
		.over = on_side_over,
		.context = probe,
	};
	if (probe->memory)
		tls_side_keep_session(probe->memory, &probe->stream);
	stream_close(&probe->stream);
	if (!probe->memory || !tls_side_start(&probe->side))
		conclude(probe);
}

void stream_probe_finish(StreamProbe *probe)
{
	assert(probe->measured);
	if (probe->stream.state == STREAM_OPEN)
		stream_part(&probe->stream);
	else
		parted(probe);
}

/* --- the connection --- */

/* Whether the probe may go on. */
static bool learn_tls(StreamProbe *probe)
{
	ProbeTlsFacts *facts = &probe->facts.tls;

	probe->facts.has_tls = true;
	tls_socket_facts(probe->stream.tls, facts);
	facts->rounds = probe->stream.rounds;
	if (!probe->start.spec->verify || facts->trust == TRUST_VERIFIED)
		return true;
	tls_socket_shutdown(probe->stream.tls);
	stream_probe_fail(probe, PROBE_CERTIFICATE,
			  facts->trust == TRUST_REJECTED ? facts->trust_reason : "no certificate");
	return false;
}

static void opened(StreamProbe *probe)
{
	if (probe->hooks->tls && !learn_tls(probe))
		return;
	probe_result_set(&probe->result, PHASE_CONNECT, probe->stream.rtt_us * NSEC_PER_USEC);
	if (probe->hooks->tls)
		probe_result_set(&probe->result, PHASE_TLS, probe->stream.tls_ns);
	probe->stream.phase = probe->hooks->phase;
	probe->hooks->opened(probe);
}

static void on_stream(void *context, StreamEvent event)
{
	StreamProbe *probe = context;

	switch (event) {
	case STREAM_OPENED:
		opened(probe);
		break;
	case STREAM_READY:
		probe->hooks->ready(probe);
		break;
	case STREAM_PARTED:
		parted(probe);
		break;
	case STREAM_FAILED:
		if (!probe->hooks->failed || !probe->hooks->failed(probe))
			stream_probe_fail_as_stream(probe);
		break;
	}
}

/* --- starting --- */

/* A lack of roots is told like any other outcome, from the loop. */
static int prepare_tls(StreamProbe *probe, StreamParams *params)
{
	const ProbeStart *start = &probe->start;
	int r = tls_side_remember(start, &probe->memory);

	if (r == 0 && !start->shared->tls)
		r = tls_context_new(&start->shared->tls);
	if (r < 0)
		return r;
	params->tls = start->shared->tls;
	params->offer.host = start->spec->host;
	params->offer.alpn = probe->hooks->speaks ? TLS_ALPN_HTTP_1 : TLS_ALPN_HTTP_ANY;
	r = tls_context_roots(params->tls, start->spec->ca_file, &params->offer.roots,
			      &params->lack);
	if (r < 0)
		params->lack_error = -r;
	return 0;
}

int stream_probe_start(StreamProbe *probe, const StreamProbeHooks *hooks, const ProbeStart *start)
{
	StreamParams params = {.start = &probe->start, .event = on_stream, .context = probe};
	int r = 0;

	probe->hooks = hooks;
	probe->start = *start;
	probe->result.address = start->address;
	stamp_keep(&start->shared->stamps);
	if (hooks->tls)
		r = prepare_tls(probe, &params);
	if (r < 0)
		return r;
	probe->clock_offset = stamp_clock_offset();
	probe->begun_ns = now_of(probe);
	params.deadline_ns = probe->begun_ns + start->spec->timeout_ns;
	return stream_start(&probe->stream, &params);
}

void stream_probe_clear(StreamProbe *probe)
{
	stream_close(&probe->stream);
	tls_side_clear(&probe->side);
}
