/* SPDX-License-Identifier: MIT */
#include "common/probe_facts.h"

static void set_text(Json *object, const char *key, const char *text)
{
	json_set_string(object, key, *text ? text : NULL);
}

static void set_known(Json *object, const char *key, bool known, uint64_t value)
{
	if (known)
		json_set_uint(object, key, value);
	else
		json_set_null(object, key);
}

static const char *trust_name(ProbeTrust trust)
{
	switch (trust) {
	case TRUST_VERIFIED:
		return "verified";
	case TRUST_REJECTED:
		return "rejected";
	case TRUST_UNKNOWN:
		break;
	}
	return "unknown";
}

static Json *tls_json(const ProbeTlsFacts *tls)
{
	Json *json = json_new_object();

	set_text(json, "version", tls->version);
	set_text(json, "cipher", tls->cipher);
	set_text(json, "alpn", tls->alpn);
	json_set_string(json, "trust", trust_name(tls->trust));
	set_text(json, "trustReason", tls->trust_reason);
	if (tls->has_days_left)
		json_set_int(json, "certificateDaysLeft", tls->days_left);
	else
		json_set_null(json, "certificateDaysLeft");
	set_known(json, "rounds", tls->rounds > 0, tls->rounds);
	json_set_bool(json, "resumable", tls->resumable);
	json_set_bool(json, "resumed", tls->resumed);
	json_set_string(json, "fastOpen", probe_fastopen_name(tls->fastopen));
	return json;
}

static Json *http_json(const ProbeHttpFacts *http)
{
	Json *json = json_new_object();

	set_known(json, "status", http->status > 0, http->status);
	json_set_bool(json, "h2", http->h2);
	json_set_bool(json, "h3", http->h3);
	json_set_bool(json, "reusable", http->reusable);
	json_set_uint(json, "bodyBytes", http->body_bytes);
	set_text(json, "location", http->location);
	set_text(json, "server", http->server);
	return json;
}

static Json *dns_json(const ProbeDnsFacts *dns)
{
	Json *json = json_new_object();

	json_set_uint(json, "rcode", dns->rcode);
	json_set_uint(json, "answers", dns->answers);
	set_known(json, "ttlSec", dns->has_ttl, dns->ttl_s);
	json_set_bool(json, "authoritative", dns->authoritative);
	json_set_bool(json, "cached", dns->cached);
	return json;
}

static Json *icmp_json(const ProbeIcmpFacts *icmp)
{
	Json *json = json_new_object();

	json_set_string(json, "socket", icmp->raw ? "raw" : "ping");
	json_set_bool(json, "kernelStamps", icmp->kernel_stamps);
	set_known(json, "ttl", icmp->ttl > 0, icmp->ttl);
	return json;
}

void probe_facts_set(Json *target, const ProbeFacts *facts)
{
	json_set(target, "tls", facts && facts->has_tls ? tls_json(&facts->tls) : NULL);
	json_set(target, "http", facts && facts->has_http ? http_json(&facts->http) : NULL);
	json_set(target, "dns", facts && facts->has_dns ? dns_json(&facts->dns) : NULL);
	json_set(target, "icmp", facts && facts->has_icmp ? icmp_json(&facts->icmp) : NULL);
}
