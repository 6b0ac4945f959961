/* SPDX-License-Identifier: MIT */
/*
 * What single connections show. Thresholds are those of tuning.md, sections 3.2 and 10.
 */
#include "cli/audit/rows.h"

#include <inttypes.h>

#include "common/clock.h"
#include "common/human.h"

/* Held back in 0.88 of the readings of a write-write-read client, in none with TCP_NODELAY. */
#define HELD_PERMILLE       200
#define HELD_LEAST          10
#define SAMPLES_LEAST       20
#define IDLE_MS             (15 * 60 * 1000)
#define CHURN_PER_S         1.0
#define CHURN_US_PER_S      10000 /* a hundredth of the time */
#define CHURN_BRIEF         2     /* at least one in two */
#define STUCK_RETRANSMITS   3
#define OPTIONS_ALL         (TCP_INFO_OPT_TIMESTAMPS | TCP_INFO_OPT_SACK | TCP_INFO_OPT_WSCALE)
#define OPTIONS_FLOWS_LEAST 3

void audit_name(const char *comm, const char *word, const Address *address, uint16_t port,
		char *buffer, size_t size)
{
	char text[ADDRESS_TEXT_MAX], suffix[16] = "";
	bool brackets = port > 0 && address->family == AF_INET6;

	if (port > 0)
		(void)text_format(suffix, sizeof(suffix), "%s:%u", brackets ? "]" : "", port);
	(void)text_format(buffer, size, "%s%s%s%s%s", comm, *comm ? word : "", brackets ? "[" : "",
			  address_format(address, text), suffix);
}

void audit_name_flow(const ObservedFlow *flow, bool with_port, char *buffer, size_t size)
{
	audit_name(flow->comm, " to ", &flow->last.remote, with_port ? flow->last.remote_port : 0,
		   buffer, size);
}

/* Nothing was seen, and why. */
static bool is_blind(const Observation *seen, AuditFindings *ret)
{
	if (!*seen->flows_why && seen->n_flows > 0)
		return false;
	audit_say(ret, AUDIT_UNKNOWN, "%s",
		  *seen->flows_why ? seen->flows_why
				   : "there were no connections to look at: look again while the "
				     "applications are at "
				     "work");
	return true;
}

/* Lost in each exchange: the share of the time in which a piece is held back, over the answers. */
static int64_t held_back_us(const ObservedFlow *flow)
{
	uint32_t answers = flow->last.info.raw.data_segs_in - flow->first.info.raw.data_segs_in;
	double us = (double)(flow->last_ns - flow->first_ns) / NSEC_PER_USEC;

	return answers > 0 ? (int64_t)(us * flow->held_back / flow->samples / answers) : -1;
}

void audit_nodelay(const AuditInput *input, AuditFindings *ret)
{
	const Observation *seen = input->seen;
	size_t looked_at = 0;
	char cost[HUMAN_MAX];

	if (is_blind(seen, ret))
		return;
	for (size_t i = 0; i < seen->n_flows; i++) {
		const ObservedFlow *flow = &seen->flows[i];
		AuditFinding *finding;

		if (flow->samples < SAMPLES_LEAST)
			continue;
		looked_at++;
		if (flow->held_back < HELD_LEAST ||
		    flow->held_back * 1000 < flow->samples * HELD_PERMILLE)
			continue;
		finding = audit_add(ret, AUDIT_IMPROVE);
		audit_name_flow(flow, true, finding->subject, sizeof(finding->subject));
		finding->cost_us = held_back_us(flow);
		(void)text_format(
			finding->finding, sizeof(finding->finding),
			"a small piece waits for an acknowledgement in %u of %u readings, "
			"%s in each exchange",
			flow->held_back, flow->samples,
			finding->cost_us < 0 ? "an unknown time"
					     : human_latency((uint64_t)finding->cost_us, cost));
		(void)text_format(
			finding->remedy, sizeof(finding->remedy),
			"in %s: setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), "
			"or write each request with one call (writev)",
			*flow->comm ? flow->comm : "the application");
	}
	if (ret->n == 0)
		audit_say(ret, looked_at > 0 ? AUDIT_OK : AUDIT_UNKNOWN,
			  looked_at > 0 ? "none of %zu connections holds small pieces back"
					: "no connection lasted long enough (%zu): look longer, "
					  "with --duration 30s",
			  looked_at);
}

void audit_keepalive(const AuditInput *input, AuditFindings *ret)
{
	const Observation *seen = input->seen;
	size_t idle = 0;

	if (is_blind(seen, ret))
		return;
	for (size_t i = 0; i < seen->n_flows; i++) {
		const ObservedFlow *flow = &seen->flows[i];
		const TcpInfoRaw *info = &flow->last.info.raw;
		uint32_t quiet_ms = MIN(info->last_data_sent_ms, info->last_data_recv_ms);
		AuditFinding *finding;
		char span[HUMAN_MAX];

		if (flow->last.state != TCP_STATE_ESTABLISHED || quiet_ms < IDLE_MS)
			continue;
		idle++;
		if (flow->last.timer == FLOW_TIMER_KEEPALIVE)
			continue;
		finding = audit_add(ret, AUDIT_IMPROVE);
		audit_name_flow(flow, true, finding->subject, sizeof(finding->subject));
		(void)text_format(
			finding->finding, sizeof(finding->finding),
			"idle for %s without keep-alive: a firewall that forgets it, or a "
			"peer that is gone, shows only when it is used again",
			human_span((uint64_t)quiet_ms * 1000, span));
		(void)text_format(
			finding->remedy, sizeof(finding->remedy),
			"in %s: SO_KEEPALIVE, with TCP_KEEPIDLE below the firewall's timeout "
			"(300 is safe)",
			*flow->comm ? flow->comm : "the application");
	}
	if (ret->n == 0)
		audit_say(ret, AUDIT_OK, "of %zu connections %zu are idle, all with keep-alive",
			  seen->n_flows, idle);
}

/* Whether other connections have what this one lacks: then the host offers it. */
static bool others_have(const Observation *seen, uint8_t missing)
{
	for (size_t i = 0; i < seen->n_flows; i++)
		if ((seen->flows[i].last.info.raw.options & missing) == missing)
			return true;
	return false;
}

static const char *name_options(uint8_t options, char buffer[64])
{
	bool timestamps = options & TCP_INFO_OPT_TIMESTAMPS, sack = options & TCP_INFO_OPT_SACK;
	bool scaling = options & TCP_INFO_OPT_WSCALE;

	(void)text_format(buffer, 64, "%s%s%s%s%s", timestamps ? "timestamps" : "",
			  timestamps && (sack || scaling) ? ", " : "", sack ? "SACK" : "",
			  sack && scaling ? ", " : "", scaling ? "window scaling" : "");
	return buffer;
}

static void add_missing(const Observation *seen, const ObservedFlow *flow, uint8_t missing,
			AuditFindings *ret)
{
	AuditFinding *finding = audit_add(ret, AUDIT_IMPROVE);
	bool ours = !others_have(seen, missing);
	char names[64];

	audit_name_flow(flow, true, finding->subject, sizeof(finding->subject));
	(void)text_format(finding->finding, sizeof(finding->finding), "without %s%s",
			  name_options(missing, names),
			  ours ? "" : ", which other connections have: the peer or a box between");
	(void)text_copy(
		finding->remedy, sizeof(finding->remedy),
		ours ? "sysctl -w net.ipv4.tcp_timestamps=1 net.ipv4.tcp_sack=1 "
		       "net.ipv4.tcp_window_scaling=1"
		     : "look for a middlebox that strips TCP options on that path, or at the "
		       "peer's settings");
}

void audit_options(const AuditInput *input, AuditFindings *ret)
{
	const Observation *seen = input->seen;
	uint32_t told = 0;

	if (is_blind(seen, ret))
		return;
	for (size_t i = 0; i < seen->n_flows; i++) {
		const ObservedFlow *flow = &seen->flows[i];
		uint8_t missing = OPTIONS_ALL & (uint8_t)~flow->last.info.raw.options;

		/* One of each peer is enough. */
		if (missing == 0 || (told & UINT32_C(1) << (address_hash(&flow->last.remote) % 32)))
			continue;
		told |= UINT32_C(1) << (address_hash(&flow->last.remote) % 32);
		add_missing(seen, flow, missing, ret);
	}
	if (ret->n == 0)
		audit_say(
			ret, seen->n_flows >= OPTIONS_FLOWS_LEAST ? AUDIT_OK : AUDIT_UNKNOWN,
			seen->n_flows >= OPTIONS_FLOWS_LEAST
				? "all of %zu connections have timestamps, SACK and window scaling"
				: "only %zu connections, which have all of them: look again while "
				  "the applications are at work",
			seen->n_flows);
}

void audit_mtu(const AuditInput *input, AuditFindings *ret)
{
	const Observation *seen = input->seen;

	if (is_blind(seen, ret))
		return;
	for (size_t i = 0; i < seen->n_flows; i++) {
		const ObservedFlow *flow = &seen->flows[i];
		const TcpInfoRaw *info = &flow->last.info.raw;
		AuditFinding *finding;

		/* What is stuck is full-size, and small segments have passed in both directions. */
		if (info->retransmits < STUCK_RETRANSMITS || info->backoff == 0 ||
		    info->bytes_received == 0 ||
		    info->bytes_sent < info->bytes_acked + info->snd_mss)
			continue;
		finding = audit_add(ret, AUDIT_IMPROVE);
		audit_name_flow(flow, true, finding->subject, sizeof(finding->subject));
		finding->cost_us = (int64_t)info->last_ack_recv_ms * 1000;
		(void)text_format(
			finding->finding, sizeof(finding->finding),
			"segments of %u bytes were sent %u times without an answer, while "
			"small ones passed: a black hole for large packets",
			info->snd_mss, info->retransmits + 1U);
		(void)text_copy(
			finding->remedy, sizeof(finding->remedy),
			"sysctl -w net.ipv4.tcp_mtu_probing=1 (netoptd does so by itself in "
			"mode auto), and let ICMP \"fragmentation needed\" through");
	}
	if (ret->n == 0)
		audit_say(ret, AUDIT_OK, "none of %zu connections is stuck", seen->n_flows);
}

/* What opening a connection costs: a round trip, and those of TLS. */
static double opening_us(const ObservedClosed *closed)
{
	double rtt_us = (double)closed->sum_rtt_us / closed->connections;

	return closed->remote_port == 443 || closed->remote_port == 853 ? 2 * rtt_us : rtt_us;
}

static void add_churn(const ObservedClosed *closed, double per_s, AuditFindings *ret)
{
	AuditFinding *finding = audit_add(ret, AUDIT_IMPROVE);
	char opening[HUMAN_MAX];

	audit_name(closed->comm, " to ", &closed->remote, closed->remote_port, finding->subject,
		   sizeof(finding->subject));
	finding->cost_us = (int64_t)opening_us(closed);
	finding->cost_us_per_s = (int64_t)(per_s * opening_us(closed));
	(void)text_format(
		finding->finding, sizeof(finding->finding),
		"%.1f connections a second, %u of %u for less than 10 kB; opening each takes "
		"%s",
		per_s, closed->brief, closed->connections,
		human_latency((uint64_t)finding->cost_us, opening));
	(void)text_format(
		finding->remedy, sizeof(finding->remedy),
		"keep connections open in %s: a pool, HTTP keep-alive, or one session for "
		"many requests",
		*closed->comm ? closed->comm : "the application");
}

/* New connections are what these are for. */
static bool is_probe(const ObservedClosed *closed)
{
	return text_equal(closed->comm, "netoptd") || text_equal(closed->comm, "netopt-measure");
}

void audit_pooling(const AuditInput *input, AuditFindings *ret)
{
	const Observation *seen = input->seen;
	double seconds = (double)seen->duration_ns / NSEC_PER_SEC;

	if (*seen->closed_why || seconds <= 0) {
		audit_say(ret, AUDIT_UNKNOWN, "%s",
			  *seen->closed_why ? seen->closed_why
					    : "nothing was looked at: give a --duration");
		return;
	}
	for (size_t i = 0; i < seen->n_closed; i++) {
		const ObservedClosed *closed = &seen->closed[i];
		double per_s = closed->connections / seconds;

		if (!is_probe(closed) && per_s >= CHURN_PER_S &&
		    per_s * opening_us(closed) >= CHURN_US_PER_S &&
		    closed->brief * CHURN_BRIEF >= closed->connections)
			add_churn(closed, per_s, ret);
	}
	if (ret->n == 0)
		audit_say(ret, AUDIT_OK,
			  "no peer had short connections that cost a hundredth of the time, in "
			  "%.0f s",
			  seconds);
}
