/* SPDX-License-Identifier: MIT */
/*
 * What the daemon's probes know of its endpoints, in the windows of the last 10 minutes.
 */
#include "cli/audit/rows.h"

#include <inttypes.h>
#include <string.h>

#include "cli/endpoint.h"
#include "cli/reply.h"
#include "common/human.h"
#include "common/parse.h"

#define PROPAGATION_PERMILLE 700 /* of the latency */
#define FAR_US               30000
#define NEARER_PERMILLE      700 /* of the median of the far one */
#define TAIL_FACTOR          5
#define TAIL_US              20000

static int64_t number(const Json *object, const char *key)
{
	return json_int(json_get(object, key), -1);
}

/* Nothing is known, and why. */
static bool is_blind(const AuditInput *input, AuditFindings *ret)
{
	if (input->endpoints && json_length(input->endpoints) > 0)
		return false;
	audit_say(ret, AUDIT_UNKNOWN, "%s",
		  input->endpoints ? "the daemon has no endpoints: add some to /etc/netopt.conf"
				   : "the daemon does not run: systemctl start netoptd");
	return true;
}

static AuditFinding *add_for(const Json *endpoint, AuditFindings *ret)
{
	AuditFinding *finding = audit_add(ret, AUDIT_IMPROVE);

	(void)text_copy(finding->subject, sizeof(finding->subject), reply_text(endpoint, "name"));
	return finding;
}

/* The median of one phase of a target in the last 10 minutes; -1: none. */
static int64_t phase_usec(const Json *target, const char *phase)
{
	const Json *phases = json_get(target, "phases");

	for (size_t i = 0; i < json_length(phases); i++)
		if (text_equal(reply_text(json_at(phases, i), "phase"), phase))
			return number(endpoint_window(json_at(phases, i)), "p50Usec");
	return -1;
}

/* The first target that has such facts. */
static const Json *target_with(const Json *endpoint, const char *facts)
{
	const Json *targets = json_get(endpoint, "targets");

	for (size_t i = 0; i < json_length(targets); i++)
		if (json_get(json_at(targets, i), facts))
			return json_at(targets, i);
	return NULL;
}

static void judge_http(const Json *endpoint, const Json *target, AuditFindings *ret)
{
	const Json *http = json_get(target, "http");
	int64_t connect = phase_usec(target, "connect"), tls = phase_usec(target, "tls");
	AuditFinding *finding;
	char cost[HUMAN_MAX];

	if (json_bool(json_get(http, "h2"), false) || json_bool(json_get(http, "h3"), false))
		return;
	finding = add_for(endpoint, ret);
	if (connect >= 0 && tls >= 0)
		finding->cost_us = connect + tls;
	(void)text_format(finding->finding, sizeof(finding->finding),
			  "speaks HTTP/1.1 only: each further request at the same time takes a "
			  "connection of its own, %s",
			  finding->cost_us < 0 ? "a handshake"
					       : human_latency((uint64_t)finding->cost_us, cost));
	(void)text_copy(finding->remedy, sizeof(finding->remedy),
			"on the server: nginx \"listen 443 ssl http2;\", Apache \"Protocols h2 "
			"http/1.1\", or a proxy in front that speaks HTTP/2");
}

void audit_http(const AuditInput *input, AuditFindings *ret)
{
	size_t seen = 0;

	if (is_blind(input, ret))
		return;
	for (size_t i = 0; i < json_length(input->endpoints); i++) {
		const Json *endpoint = json_at(input->endpoints, i);
		const Json *target = target_with(endpoint, "http");

		if (!target || !text_equal(reply_text(endpoint, "scheme"), "https"))
			continue;
		seen++;
		judge_http(endpoint, target, ret);
	}
	if (ret->n == 0)
		audit_say(ret, seen > 0 ? AUDIT_OK : AUDIT_UNKNOWN, "%s",
			  seen > 0 ? "every https endpoint offers HTTP/2 or HTTP/3"
				   : "no https endpoint has answered yet: look again in a minute, "
				     "or add one to "
				     "/etc/netopt.conf");
}

static void judge_fast_open(const AuditInput *input, const Json *endpoint, const Json *target,
			    AuditFindings *ret)
{
	const char *state = reply_text(json_get(target, "tls"), "fastOpen");
	uint64_t bits = 0;
	AuditFinding *finding;
	char cost[HUMAN_MAX];
	int64_t connect = phase_usec(target, "connect");

	(void)parse_uint64(input->seen->fast_open, 0, UINT32_MAX, &bits);
	if (!text_equal(state, "works") || (bits & 1))
		return;
	finding = add_for(endpoint, ret);
	finding->cost_us = connect;
	(void)text_format(
		finding->finding, sizeof(finding->finding),
		"takes data with the SYN, but this host does not send any: a round trip of "
		"%s for each connection",
		connect < 0 ? "-" : human_latency((uint64_t)connect, cost));
	(void)text_copy(finding->remedy, sizeof(finding->remedy),
			"sysctl -w net.ipv4.tcp_fastopen=1; applications must ask for it "
			"(TCP_FASTOPEN_CONNECT)");
}

void audit_fast_open(const AuditInput *input, AuditFindings *ret)
{
	size_t works = 0, known = 0;

	if (is_blind(input, ret))
		return;
	for (size_t i = 0; i < json_length(input->endpoints); i++) {
		const Json *endpoint = json_at(input->endpoints, i);
		const Json *target = target_with(endpoint, "tls");
		const char *state = reply_text(json_get(target, "tls"), "fastOpen");

		if (!target || text_equal(state, "unknown"))
			continue;
		known++;
		works += text_equal(state, "works");
		judge_fast_open(input, endpoint, target, ret);
	}
	if (ret->n > 0)
		return;
	if (known == 0)
		audit_say(
			ret, AUDIT_UNKNOWN,
			"no endpoint has shown yet whether it takes Fast Open: that is tried with "
			"each eighth measurement, so look again later");
	else
		audit_say(ret, AUDIT_OK, "%zu of %zu endpoints take it%s", works, known,
			  works > 0 ? ", and this host offers it"
				    : ": there is nothing to gain here");
}

/* The least median of the same group, and whose it is; -1: none. */
static int64_t nearest(const Json *endpoints, const Json *endpoint, const char **ret_name)
{
	int64_t least = -1;

	for (size_t i = 0; i < json_length(endpoints); i++) {
		const Json *other = json_at(endpoints, i);
		int64_t usec = number(endpoint_window(other), "p50Usec");

		if (other == endpoint || usec < 0 || !*reply_text(endpoint, "group") ||
		    !text_equal(reply_text(other, "group"), reply_text(endpoint, "group")) ||
		    (least >= 0 && usec >= least))
			continue;
		least = usec;
		*ret_name = reply_text(other, "name");
	}
	return least;
}

static int64_t propagation_usec(const Json *decomposition)
{
	const Json *parts = json_get(decomposition, "parts");

	for (size_t i = 0; i < json_length(parts); i++)
		if (text_equal(reply_text(json_at(parts, i), "part"), "propagation"))
			return number(json_at(parts, i), "usec");
	return -1;
}

static void judge_distance(const AuditInput *input, const Json *endpoint, AuditFindings *ret)
{
	const Json *decomposition =
		json_get(target_with(endpoint, "decomposition"), "decomposition");
	int64_t total = number(decomposition, "totalUsec"), far = propagation_usec(decomposition);
	const char *other = NULL;
	int64_t near = nearest(input->endpoints, endpoint, &other);
	int64_t median = number(endpoint_window(endpoint), "p50Usec");
	AuditFinding *finding;
	char text[2][HUMAN_MAX];

	if (total <= 0 || far < FAR_US || far * 1000 < total * PROPAGATION_PERMILLE)
		return;
	finding = add_for(endpoint, ret);
	if (near >= 0 && median > 0 && near * 1000 < median * NEARER_PERMILLE)
		finding->cost_us = median - near;
	(void)text_format(finding->finding, sizeof(finding->finding),
			  "%s of %s are distance (%" PRId64 " %%): no setting here shortens it",
			  human_latency((uint64_t)far, text[0]),
			  human_latency((uint64_t)total, text[1]), 100 * far / total);
	if (finding->cost_us >= 0)
		(void)text_format(finding->remedy, sizeof(finding->remedy),
				  "use %s of the same group, which is %s nearer", other,
				  human_latency((uint64_t)finding->cost_us, text[0]));
	else
		(void)text_copy(
			finding->remedy, sizeof(finding->remedy),
			"serve from nearer (a CDN or a second site), or make fewer round trips: "
			"pooling, HTTP/2, TLS 1.3");
}

void audit_distance(const AuditInput *input, AuditFindings *ret)
{
	size_t known = 0;

	if (is_blind(input, ret))
		return;
	for (size_t i = 0; i < json_length(input->endpoints); i++) {
		const Json *endpoint = json_at(input->endpoints, i);

		known += target_with(endpoint, "decomposition") != NULL;
		judge_distance(input, endpoint, ret);
	}
	if (ret->n == 0)
		audit_say(ret, known > 0 ? AUDIT_OK : AUDIT_UNKNOWN, "%s",
			  known > 0 ? "no endpoint is slow for its distance"
				    : "the endpoints were not measured long enough: look again in "
				      "some minutes");
}

static bool judge_tail(const Json *endpoint, AuditFindings *ret)
{
	const Json *window = endpoint_window(endpoint);
	int64_t p99 = number(window, "p99Usec"), mean = number(window, "meanUsec");
	AuditFinding *finding;
	char text[2][HUMAN_MAX];

	if (p99 < 0 || mean <= 0)
		return false;
	if (p99 < TAIL_FACTOR * mean || p99 - mean < TAIL_US)
		return true;
	finding = add_for(endpoint, ret);
	finding->cost_us = p99 - mean;
	(void)text_format(finding->finding, sizeof(finding->finding),
			  "the mean is %s, but one in a hundred takes %s or more",
			  human_latency((uint64_t)mean, text[0]),
			  human_latency((uint64_t)p99, text[1]));
	(void)text_format(
		finding->remedy, sizeof(finding->remedy),
		"look at what the slow ones have in common: netoptctl endpoints %s (a 1 s "
		"step is a lost SYN; 40 ms a delayed acknowledgement; else queueing, or the "
		"server)",
		reply_text(endpoint, "name"));
	return true;
}

void audit_tail(const AuditInput *input, AuditFindings *ret)
{
	size_t known = 0;

	if (is_blind(input, ret))
		return;
	for (size_t i = 0; i < json_length(input->endpoints); i++)
		known += judge_tail(json_at(input->endpoints, i), ret);
	if (ret->n == 0)
		audit_say(ret, known > 0 ? AUDIT_OK : AUDIT_UNKNOWN,
			  known > 0 ? "the tails of %zu endpoints are near their means"
				    : "a 99th percentile takes 100 measurements in 10 minutes (%zu "
				      "endpoints have them): "
				      "give a shorter Interval=",
			  known);
}
