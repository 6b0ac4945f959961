/* SPDX-License-Identifier: MIT */
#include "cli/endpoint_facts.h"

#include <inttypes.h>

#include "cli/fold.h"
#include "common/human.h"

/* ", LABEL value" if the member is a word; nothing if it is null. */
static void add_word(Text *line, const char *label, const Json *object, const char *key)
{
	const char *string = json_string(json_get(object, key));

	if (string)
		text_appendf(line, "%s%s%s", line->length ? ", " : "", label, string);
}

/* The same of a number, before and after which something may stand. */
static void add_number(Text *line, const char *before, const Json *object, const char *key,
		       const char *after)
{
	const Json *value = json_get(object, key);

	if (value)
		text_appendf(line, "%s%s%" PRId64 "%s", line->length ? ", " : "", before,
			     json_int(value, 0), after);
}

/* What to say if it is so. */
static void add_flag(Text *line, const Json *object, const char *key, const char *yes)
{
	if (json_bool(json_get(object, key), false))
		text_appendf(line, "%s%s", line->length ? ", " : "", yes);
}

static void add_tls(Text *line, const Json *tls)
{
	add_word(line, "", tls, "version");
	add_word(line, "", tls, "cipher");
	add_word(line, "ALPN ", tls, "alpn");
	add_word(line, "certificate ", tls, "trust");
	add_word(line, "", tls, "trustReason");
	add_number(line, "", tls, "certificateDaysLeft", " days left");
	add_number(line, "round trips ", tls, "rounds", "");
	if (json_bool(json_get(tls, "resumed"), false))
		text_append(line, ", resumes sessions");
	else if (json_bool(json_get(tls, "resumable"), false))
		text_append(line, ", gives sessions but does not take them back");
	add_word(line, "Fast Open ", tls, "fastOpen");
}

static void add_http(Text *line, const Json *http)
{
	char buffer[HUMAN_MAX];

	add_number(line, "status ", http, "status", "");
	add_word(line, "to ", http, "location");
	add_flag(line, http, "h2", "speaks h2");
	add_flag(line, http, "h3", "offers h3");
	text_appendf(line, "%s%s", line->length ? ", " : "",
		     json_bool(json_get(http, "reusable"), false) ? "keeps connections"
								  : "closes connections");
	text_appendf(
		line, ", body %s",
		human_bytes((uint64_t)MAX(json_int(json_get(http, "bodyBytes"), 0), INT64_C(0)),
			    buffer));
	add_word(line, "server ", http, "server");
}

static void add_dns(Text *line, const Json *dns)
{
	add_number(line, "rcode ", dns, "rcode", "");
	add_number(line, "answers ", dns, "answers", "");
	add_number(line, "TTL ", dns, "ttlSec", " s");
	add_flag(line, dns, "authoritative", "authoritative");
	add_flag(line, dns, "cached", "cached by the server");
}

static void add_icmp(Text *line, const Json *icmp)
{
	add_word(line, "socket ", icmp, "socket");
	add_flag(line, icmp, "kernelStamps", "stamped by the kernel");
	add_number(line, "TTL ", icmp, "ttl", "");
}

void endpoint_facts_append(const Settings *settings, const Json *target, Text *text)
{
	static const struct {
		const char *key;
		void (*add)(Text *line, const Json *facts);
	} rows[] = {{"tls", add_tls}, {"http", add_http}, {"dns", add_dns}, {"icmp", add_icmp}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(text_clear) Text line = {.data = NULL};
		const Json *facts = json_get(target, rows[i].key);

		if (!facts)
			continue;
		rows[i].add(&line, facts);
		fold_append(settings, rows[i].key, text_string(&line), text);
	}
}
