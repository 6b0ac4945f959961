/* SPDX-License-Identifier: MIT */
/*
 * The words are for somebody who has never read a packet trace; what the probe itself said comes
 * with them, for somebody who has.
 */
#include "cli/measure_advice.h"

#include <string.h>

#include "common/base.h"
#include "common/parse.h"

/* The most frequent outcome, of several the first; NULL: there was no probe. */
static const MeasureSample *typical(const MeasureSeries *series)
{
	uint64_t counts[_PROBE_OUTCOMES] = {0};
	const MeasureSample *most = NULL;

	for (size_t i = 0; i < series->n; i++)
		counts[series->samples[i].outcome]++;
	for (size_t i = 0; i < series->n; i++)
		if (!most || counts[series->samples[i].outcome] > counts[most->outcome])
			most = &series->samples[i];
	return most;
}

static bool was_measured(const MeasureSeries *series)
{
	MeasureCounts counts;

	measure_series_count(series, &counts);
	return counts.successes > 0;
}

static void say_unresolved(const MeasureItem *item, Text *text)
{
	const char *host = item->target->url.host;

	if (!*host) {
		text_appendf(text, "%s\nName a server: dns://SERVER/NAME.", item->resolve_error);
		return;
	}
	if (item->family != AF_UNSPEC && text_starts_with(item->resolve_error, "it has no")) {
		text_appendf(text, "%s: %s\nLeave out %s, or name another host.", host,
			     item->resolve_error, item->family == AF_INET6 ? "-6" : "-4");
		return;
	}
	text_appendf(text,
		     "%s does not resolve: %s\n"
		     "Is the name right, and does the name server of /etc/resolv.conf answer? "
		     "See: getent hosts %s",
		     host, item->resolve_error, host);
}

static void say_port(const MeasureItem *item, Text *text)
{
	char address[ADDRESS_TEXT_MAX];

	text_appendf(text, "%s", address_format(&item->series.address, address));
	if (item->target->url.port > 0)
		text_appendf(text, " port %u", item->target->url.port);
}

static void say_refused(const MeasureItem *item, Text *text)
{
	say_port(item, text);
	text_append(text, " refuses connections\nThe host answers, but nothing listens there: is "
			  "the port right, and the service running?");
	if (item->target->assumed && text_equal(item->target->url.scheme, "https"))
		text_appendf(text, " Another: netoptctl measure %s:PORT", item->target->url.host);
}

static void say_timeout(const MeasureItem *item, const MeasureSample *sample, Text *text)
{
	say_port(item, text);
	if (sample->failed_in == PHASE_CONNECT || sample->failed_in == PHASE_ECHO ||
	    sample->failed_in == PHASE_ANSWER) {
		text_append(text, " does not answer\nThe host is down, or a firewall drops what we "
				  "send; if it is only slow, give it more --timeout.");
		return;
	}
	text_appendf(text,
		     " does not answer in time: the phase that was waited for is %s\n"
		     "The connection was made, so it is the service that is slow: give it more "
		     "--timeout.",
		     probe_phase_name(sample->failed_in));
}

/* What the outcome alone says, and what to do; %s is the explanation or the error. */
static const struct {
	ProbeOutcome outcome;
	const char *what, *remedy;
} sayings[] = {
	{PROBE_SYN_RETRANSMIT, "every connection lost its first packet",
	 "The path drops packets, or the server's accept queue is full; more probes will tell: "
	 "-n 100"},
	{PROBE_UNREACHABLE, "cannot be reached", "Is there a route? See: ip route get ADDRESS"},
	{PROBE_LOCAL, "this host cannot make the connection",
	 "Descriptors, ports or memory are short: see ulimit -n, and ss -s"},
	{PROBE_PERMISSION, "this host does not permit it",
	 "As root: sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"; or measure a service: "
	 "netoptctl measure HOST:PORT"},
	{PROBE_CLOSED, "the peer closed the connection",
	 "Is this the right kind of URL for that port?"},
	{PROBE_TLS, "the TLS handshake failed",
	 "Does that port speak TLS? If not, use http:// or "
	 "tcp://"},
	{PROBE_CERTIFICATE, "the certificate is not to be trusted",
	 "To measure all the same: --insecure"},
	{PROBE_PROTOCOL, "what came is no answer", "Is this the right kind of URL for that port?"},
	{PROBE_LIMIT, "the answer is too large", "Measure a smaller page"},
	{PROBE_STATUS, "the server answers with an error",
	 "Measure a page that it has: does the path exist?"},
	{PROBE_NXDOMAIN, "there is no such name", "Is the name right?"},
	{PROBE_NODATA, "the name has no record of this type", "Ask for another: ?type=AAAA"},
	{PROBE_SERVFAIL, "the name server fails", "Ask another server: dns://SERVER/NAME"},
	{PROBE_DNS_ERROR, "the name server answers with an error",
	 "Ask another server: dns://SERVER/NAME"},
	{PROBE_TRUNCATED, "the answer does not fit a datagram", "Ask for another name or type"},
};

static void say_other(const MeasureItem *item, const MeasureSample *sample, Text *text)
{
	const char *what = probe_outcome_name(sample->outcome), *remedy = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(sayings); i++)
		if (sayings[i].outcome == sample->outcome) {
			what = sayings[i].what;
			remedy = sayings[i].remedy;
		}
	say_port(item, text);
	text_appendf(text, ": %s", what);
	if (sample->explanation)
		text_appendf(text, ": %s", sample->explanation);
	else if (sample->error > 0)
		text_appendf(text, ": %s", strerror(sample->error));
	else if (sample->outcome == PROBE_STATUS && item->series.facts.has_http)
		text_appendf(text, ": status %u", item->series.facts.http.status);
	if (remedy)
		text_appendf(text, "\n%s", remedy);
}

bool measure_advice(const MeasureItem *item, Text *text)
{
	const MeasureSample *sample = typical(&item->series);

	if (was_measured(&item->series))
		return false;
	if (*item->resolve_error)
		say_unresolved(item, text);
	else if (!sample)
		text_append(text, "it was ended before the first probe was over");
	else if (sample->outcome == PROBE_REFUSED)
		say_refused(item, text);
	else if (sample->outcome == PROBE_TIMEOUT)
		say_timeout(item, sample, text);
	else
		say_other(item, sample, text);
	return true;
}

bool measure_advice_is_permission(const MeasureItem *item)
{
	const MeasureSample *sample = typical(&item->series);

	return !was_measured(&item->series) && sample && sample->outcome == PROBE_PERMISSION;
}
