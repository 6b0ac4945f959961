/* SPDX-License-Identifier: MIT */
/*
 * What probes learned besides times, and the parts of a latency. Much of the text was written by
 * the peer, who may send what he likes: that it is UTF-8 is seen to by common/json.h.
 */
#include "daemon/serve/views.h"

#include "common/base.h"

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

static Json *view_tls(const ProbeTlsFacts *tls)
{
	Json *json = json_new_object();

	view_set_text(json, "version", tls->version);
	view_set_text(json, "cipher", tls->cipher);
	view_set_text(json, "alpn", tls->alpn);
	json_set_string(json, "trust", trust_name(tls->trust));
	view_set_text(json, "trustReason", tls->trust_reason);
	if (tls->has_days_left)
		json_set_int(json, "certificateDaysLeft", tls->days_left);
	else
		json_set_null(json, "certificateDaysLeft");
	view_set_known(json, "rounds", tls->rounds > 0, tls->rounds);
	json_set_bool(json, "resumable", tls->resumable);
	json_set_bool(json, "resumed", tls->resumed);
	json_set_string(json, "fastOpen", probe_fastopen_name(tls->fastopen));
	return json;
}

static Json *view_http(const ProbeHttpFacts *http)
{
	Json *json = json_new_object();

	view_set_known(json, "status", http->status > 0, http->status);
	json_set_bool(json, "h2", http->h2);
	json_set_bool(json, "h3", http->h3);
	json_set_bool(json, "reusable", http->reusable);
	json_set_uint(json, "bodyBytes", http->body_bytes);
	view_set_text(json, "location", http->location);
	view_set_text(json, "server", http->server);
	return json;
}

static Json *view_dns(const ProbeDnsFacts *dns)
{
	Json *json = json_new_object();

	json_set_uint(json, "rcode", dns->rcode);
	json_set_uint(json, "answers", dns->answers);
	view_set_known(json, "ttlSec", dns->has_ttl, dns->ttl_s);
	json_set_bool(json, "authoritative", dns->authoritative);
	json_set_bool(json, "cached", dns->cached);
	return json;
}

static Json *view_icmp(const ProbeIcmpFacts *icmp)
{
	Json *json = json_new_object();

	json_set_string(json, "socket", icmp->raw ? "raw" : "ping");
	json_set_bool(json, "kernelStamps", icmp->kernel_stamps);
	view_set_known(json, "ttl", icmp->ttl > 0, icmp->ttl);
	return json;
}

void view_set_facts(Json *target, const ProbeFacts *facts)
{
	json_set(target, "tls", facts && facts->has_tls ? view_tls(&facts->tls) : NULL);
	json_set(target, "http", facts && facts->has_http ? view_http(&facts->http) : NULL);
	json_set(target, "dns", facts && facts->has_dns ? view_dns(&facts->dns) : NULL);
	json_set(target, "icmp", facts && facts->has_icmp ? view_icmp(&facts->icmp) : NULL);
}

static Json *view_parts(const Decomposition *decomposition)
{
	Json *parts = json_new_array();

	for (DecompositionPart part = 0; part < _PARTS; part++) {
		Json *json;

		if (!decomposition->has[part])
			continue;
		json = json_new_object();
		json_set_string(json, "part", decomposition_part_name(part));
		json_set_uint(json, "usec", decomposition->us[part]);
		json_append(parts, json);
	}
	return parts;
}

Json *view_decomposition(const Decomposition *decomposition)
{
	Json *json;

	if (decomposition->samples == 0)
		return NULL;
	json = json_new_object();
	json_set_uint(json, "samples", decomposition->samples);
	json_set_uint(json, "rounds", decomposition->rounds);
	view_set_known(json, "floorUsec", decomposition->has_floor, decomposition->floor_us);
	json_set_uint(json, "totalUsec", decomposition->total_us);
	json_set(json, "parts", view_parts(decomposition));
	return json;
}
