/* SPDX-License-Identifier: MIT */
/*
 * The DNS probe: one question to one server over UDP, then the same question again at once.
 *
 * The first answer takes what users wait for; it may have come from the server's cache or from far
 * behind it. The second can come from the cache of whoever has one. So with a cache on this host
 * PHASE_CACHED is a tenth of a millisecond whatever PHASE_ANSWER was; with none it is at least the
 * round trip to the resolver, and that is what every lookup on this host pays for want of one.
 *
 * Whether the second answer is from a cache at all shows in its time to live, which a cache counts
 * down and only an authority renews. A full one says nothing by itself, since the first question
 * may have filled the cache within the same second. Hence the lane remembers the greatest TTL it
 * saw, which is the zone's, and whether it ever saw a lesser one:
 *  - authoritative, or a TTL of 0: not cached;
 *  - if this lane ever saw less than the greatest, now or before: cached;
 *  - always full: cached only if the second answer took less than half of the first one's time.
 * A zone may lower its TTL; then the greatest is not seen again, and is forgotten after twice its
 * time.
 *
 * An answer with another id or question is a late one or forged: it is left lying and waited on.
 * What fails in the second question is no failure of the probe, which has its answer: the phase is
 * just missing, and losses are counted of one datagram per probe. Nothing is sent again.
 */
#include "daemon/probe/kind.h"

#include <errno.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "common/base.h"
#include "common/random.h"
#include "daemon/probe/connect.h"
#include "daemon/probe/datagram.h"
#include "daemon/probe/dns_message.h"
#include "daemon/probe/icmp_packet.h"

/* How long the greatest TTL is remembered at the least: TTLs of seconds are never seen whole. */
#define DNS_GREATEST_MIN_NS (10 * NSEC_PER_MIN)

/* Against a flood of forged answers: more than that is no DNS server. */
#define DNS_STRANGERS_MAX 1024

enum { FIRST, AGAIN };

struct ProbeMemory {
	uint32_t greatest_ttl_s;
	uint64_t seen_ns; /* when it was last seen */
	bool runs_down;   /* a lesser one was seen, too */
};

struct Probe {
	Datagram datagram;
	ProbeStart start;
	uint64_t start_ns;
	DnsQuestion question;
	uint16_t id;
	int turn; /* FIRST or AGAIN */
	unsigned strangers;
	DatagramReply reply; /* of this turn */
	DnsAnswer answer;
	bool sent, failed;
	ProbeFacts facts;
	/* When FIRST is over: */
	uint64_t first_ns, first_busy_ns;
	/* When failed: */
	ProbeOutcome outcome;
	int error;
	const char *explanation;
};

static void fail(Probe *probe, ProbeOutcome outcome, int error, const char *explanation)
{
	probe->failed = true;
	probe->outcome = outcome;
	probe->error = error;
	probe->explanation = explanation;
}

/* Allocates when first needed; without memory a flag stays false. */
static ProbeMemory *memory_of(Probe *probe)
{
	ProbeMemory **memory = probe->start.memory;

	if (!*memory)
		*memory = calloc(1, sizeof(**memory));
	return *memory;
}

static void remember_ttl(ProbeMemory *memory, uint32_t ttl_s, uint64_t now_ns)
{
	uint64_t keep_ns =
		MAX(UINT64_C(2) * memory->greatest_ttl_s * NSEC_PER_SEC, DNS_GREATEST_MIN_NS);

	if (ttl_s >= memory->greatest_ttl_s) {
		memory->greatest_ttl_s = ttl_s;
		memory->seen_ns = now_ns;
	} else if (now_ns - memory->seen_ns > keep_ns) {
		*memory = (ProbeMemory){.greatest_ttl_s = ttl_s, .seen_ns = now_ns};
	} else {
		memory->runs_down = true;
	}
}

static bool is_cached(const ProbeMemory *memory, const DnsAnswer *answer, uint64_t first_ns,
		      uint64_t again_ns)
{
	if (answer->authoritative || answer->ttl_s == 0)
		return false;
	return memory->runs_down || again_ns < first_ns / 2;
}

static void note_facts(Probe *probe, const DnsAnswer *answer)
{
	ProbeDnsFacts *facts = &probe->facts.dns;

	probe->facts.has_dns = true;
	facts->rcode = (uint8_t)MIN(answer->rcode, (uint16_t)UINT8_MAX);
	facts->answers = answer->answers;
	facts->has_ttl = answer->has_ttl;
	facts->ttl_s = answer->ttl_s;
	facts->authoritative = answer->authoritative;
}

static void report(Probe *probe, uint64_t now_ns, const ProbeResult *phases)
{
	uint64_t wall_us = (now_ns - probe->start_ns) / NSEC_PER_USEC;
	ProbeResult result = phases ? *phases : (ProbeResult){0};

	result.address = probe->start.address;
	result.when_ns = now_ns;
	result.wall_us = probe->sent ? (uint32_t)MIN(wall_us, (uint64_t)UINT32_MAX) : 0;
	result.failed_in = PHASE_ANSWER;
	result.facts = &probe->facts;
	if (!phases) {
		result.outcome = probe->outcome;
		result.error = probe->error;
		result.explanation = probe->explanation;
	}
	/* The last use of the probe: the receiver frees it. */
	probe->start.done(probe->start.context, &result);
}

/* With the second answer, or without (cached_ns 0). */
static void report_success(Probe *probe, uint64_t now_ns, uint64_t cached_ns)
{
	uint64_t busy_ns = probe->first_busy_ns, waits_ns = probe->first_ns + cached_ns;
	ProbeResult result = {.outcome = PROBE_OK};

	probe_result_set(&result, PHASE_ANSWER, probe->first_ns);
	if (cached_ns > 0) {
		probe_result_set(&result, PHASE_CACHED, cached_ns);
		busy_ns += probe->reply.noticed_ns - probe->datagram.sent_ns;
	}
	probe_result_set(&result, PHASE_OVERHEAD, busy_ns > waits_ns ? busy_ns - waits_ns : 0);
	report(probe, now_ns, &result);
}

/* Stamps of sending, and ICMP errors: the socket's port is ours alone, so they are about us; but
 * perhaps about the question before. */
static void drain_errors(Probe *probe)
{
	StampError error;

	for (int i = 0; i < DATAGRAM_BURST_MAX; i++) {
		int r = stamp_collect_one(probe->datagram.fd, &probe->datagram.sent, &error);
		if (r < 0)
			return;
		if (r == 0 ||
		    (error.length >= 2 && (error.quoted[0] << 8 | error.quoted[1]) != probe->id))
			continue;
		fail(probe, connect_outcome_of_error(error.error, false), error.error,
		     error.local
			     ? NULL
			     : icmp_reason(probe->start.address.family, error.type, error.code));
	}
}

static void take_packet(Probe *probe, const uint8_t *bytes, size_t length,
			const StampedPacket *packet)
{
	const char *why = NULL;

	switch (dns_answer_decode(bytes, length, &probe->question, probe->id, &probe->answer,
				  &why)) {
	case DNS_STRANGER:
		if (++probe->strangers >= DNS_STRANGERS_MAX)
			fail(probe, PROBE_PROTOCOL, EBADMSG,
			     "nothing but answers to other questions");
		break;
	case DNS_MALFORMED:
		if (packet->truncated)
			fail(probe, PROBE_LIMIT, EMSGSIZE, "an answer of more than 4096 bytes");
		else
			fail(probe, PROBE_PROTOCOL, EBADMSG, why);
		break;
	case DNS_ANSWER:
		probe->reply.packet = *packet;
		probe->reply.noticed_ns = clock_monotonic_ns(probe->start.clock);
		break;
	}
}

static void drain_packets(Probe *probe)
{
	uint8_t bytes[DNS_ANSWER_BYTES];
	StampedPacket packet;

	for (int i = 0; i < DATAGRAM_BURST_MAX && probe->reply.noticed_ns == 0 && !probe->failed;
	     i++) {
		ssize_t n = stamp_receive_packet(probe->datagram.fd, bytes, sizeof(bytes), &packet);
		if (n == -EAGAIN)
			return;
		/* What else goes wrong is on the error queue, with whose fault it is. */
		if (n >= 0)
			take_packet(probe, bytes, (size_t)n, &packet);
	}
}

/* 0 or positive errno. */
static int ask(Probe *probe)
{
	uint8_t bytes[DNS_QUERY_BYTES];
	uint16_t before = probe->id;
	size_t length;
	int error;

	do
		probe->id = (uint16_t)random_system.next(random_system.context);
	while (probe->id == before); /* an answer to the first is none to the second */
	length = dns_query_encode(&probe->question, probe->id, bytes);
	error = datagram_send(&probe->datagram, probe->start.clock, bytes, length);
	if (error == 0)
		drain_errors(probe); /* the stamp, if it is there at once: one event less */
	return error;
}

static void end_first(Probe *probe, uint64_t now_ns)
{
	ProbeOutcome outcome = dns_answer_outcome(&probe->answer);
	bool kernel;

	probe->first_ns = datagram_elapsed(&probe->datagram, &probe->reply, &kernel);
	probe->first_busy_ns = probe->reply.noticed_ns - probe->start_ns;
	note_facts(probe, &probe->answer);
	if (probe->first_ns > probe->start.spec->timeout_ns)
		fail(probe, PROBE_TIMEOUT, ETIMEDOUT, NULL);
	else if (outcome != PROBE_OK)
		fail(probe, outcome, 0, dns_answer_reason(&probe->answer));
	if (probe->failed) {
		report(probe, now_ns, NULL);
		return;
	}

	if (memory_of(probe))
		remember_ttl(memory_of(probe), probe->answer.ttl_s, now_ns);
	probe->turn = AGAIN;
	probe->reply = (DatagramReply){0};
	probe->strangers = 0;
	if (ask(probe) > 0 || probe->failed)
		report_success(probe, now_ns, 0);
	else
		datagram_wait(&probe->datagram, now_ns, false);
}

static void end_again(Probe *probe, uint64_t now_ns)
{
	ProbeMemory *memory = memory_of(probe);
	uint64_t again_ns;
	bool kernel;

	if (probe->failed || dns_answer_outcome(&probe->answer) != PROBE_OK) {
		report_success(probe, now_ns, 0);
		return;
	}
	again_ns = datagram_elapsed(&probe->datagram, &probe->reply, &kernel);
	if (memory) {
		remember_ttl(memory, probe->answer.ttl_s, now_ns);
		probe->facts.dns.cached =
			is_cached(memory, &probe->answer, probe->first_ns, again_ns);
	}
	report_success(probe, now_ns, again_ns);
}

static void end_turn(Probe *probe, uint64_t now_ns)
{
	bool replied = probe->reply.noticed_ns > 0;

	if (replied) /* whatever else came */
		probe->failed = false;
	else if (!probe->failed)
		fail(probe, PROBE_TIMEOUT, ETIMEDOUT, NULL);
	if (probe->turn == AGAIN)
		end_again(probe, now_ns);
	else if (replied)
		end_first(probe, now_ns);
	else
		report(probe, now_ns, NULL);
}

/* The socket is asked before the clock is believed. */
static void on_event(int fd, short what, void *context)
{
	Probe *probe = context;
	uint64_t now_ns;

	(void)fd;
	(void)what;
	drain_errors(probe);
	drain_packets(probe);
	now_ns = clock_monotonic_ns(probe->start.clock);
	if (!datagram_goes_on(&probe->datagram, &probe->reply, probe->failed, now_ns))
		end_turn(probe, now_ns);
}

static void dns_cancel(Probe *probe)
{
	if (!probe)
		return;

	datagram_clear(&probe->datagram);
	free(probe);
}

static void cancel_at_exit(Probe **probe)
{
	dns_cancel(*probe);
}

static void begin(Probe *probe)
{
	int error = datagram_connect(&probe->datagram, &probe->start);

	if (error == 0)
		error = ask(probe);
	if (error > 0)
		fail(probe, connect_outcome_of_error(error, false), error, NULL);
	else
		probe->sent = true;
	/* An immediate failure is reported from the loop like any other. */
	if (probe->failed)
		datagram_hasten(&probe->datagram);
	else
		datagram_wait(&probe->datagram, clock_monotonic_ns(probe->start.clock), false);
}

static int dns_start(const ProbeStart *start, Probe **ret_probe)
{
	_cleanup_(cancel_at_exit) Probe *probe = calloc(1, sizeof(*probe));
	int r;

	if (!probe)
		return -ENOMEM;

	probe->start = *start;
	probe->datagram.fd = -1;
	probe->start_ns = clock_monotonic_ns(start->clock);
	r = dns_question_init(start->spec->target, start->spec->dns_type, &probe->question);
	if (r == 0)
		r = datagram_open(&probe->datagram, start->address.family, SOCK_DGRAM, IPPROTO_UDP,
				  start->shared);
	if (r == 0)
		r = datagram_watch(&probe->datagram, start, on_event, probe);
	if (r < 0)
		return r;
	begin(probe);

	*ret_probe = STEAL(probe);
	return 0;
}

static void dns_forget(ProbeMemory *memory)
{
	free(memory);
}

const ProbeKind probe_kind_dns = {
	.scheme = "dns",
	.summary = "DNS over UDP: time to the answer, and to the same answer from a cache",
	.headline = PHASE_ANSWER,
	.rtt = _PROBE_PHASES,
	.start = dns_start,
	.cancel = dns_cancel,
	.forget = dns_forget,
};
