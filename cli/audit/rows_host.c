/* SPDX-License-Identifier: MIT */
/*
 * What concerns the host as a whole.
 */
#include "cli/audit/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/human.h"
#include "common/parse.h"

#define CACHED_US      1000 /* an answer from this host: its cache needs no packet */
#define PORTS_PERMILLE 700

void audit_dns_cache(const AuditInput *input, AuditFindings *ret)
{
	const Observation *seen = input->seen;
	size_t answered = 0;
	char cost[HUMAN_MAX];

	for (size_t i = 0; i < seen->n_names; i++) {
		const ObservedName *name = &seen->names[i];
		AuditFinding *finding;

		answered += !name->failed;
		if (name->failed || name->again_us < CACHED_US)
			continue;
		finding = audit_add(ret, AUDIT_IMPROVE);
		(void)text_copy(finding->subject, sizeof(finding->subject), name->name);
		finding->cost_us = (int64_t)name->again_us;
		(void)text_format(
			finding->finding, sizeof(finding->finding),
			"looked up again and again, and it still took %s: no cache on this "
			"host, and every new connection waits that long first",
			human_latency(name->again_us, cost));
		(void)text_copy(finding->remedy, sizeof(finding->remedy),
				"netoptctl audit --fix dns-cache (systemd-resolved as a cache; "
				"--fix dns-cache-undo takes it back)");
	}
	if (ret->n > 0)
		return;
	if (answered > 0)
		audit_say(ret, AUDIT_OK,
			  "names are answered in less than 1 ms from the second time on");
	else
		audit_say(ret, AUDIT_UNKNOWN, "%s",
			  seen->n_names > 0 ? "no name could be looked up: see the name servers in "
					      "/etc/resolv.conf"
					    : "no name to look up: give one with --name, or add "
					      "endpoints with names");
}

static void judge_listener(const Observation *seen, const ObservedListener *listener,
			   AuditFindings *ret)
{
	uint32_t drops = listener->drops - listener->drops_before;
	uint64_t somaxconn = 0;
	AuditFinding *finding;

	if (drops == 0 && (listener->backlog == 0 || listener->queue_most < listener->backlog))
		return;
	finding = audit_add(ret, AUDIT_IMPROVE);
	(void)parse_uint64(seen->somaxconn, 1, UINT32_MAX, &somaxconn);
	audit_name(listener->comm, " at ", &listener->local, listener->port, finding->subject,
		   sizeof(finding->subject));
	/* A client whose handshake is dropped tries again after a second. */
	if (drops > 0)
		finding->cost_us = 1000000;
	(void)text_format(
		finding->finding, sizeof(finding->finding),
		"%u connections found the accept queue full (%u of %u waited at most): each "
		"waits a second for its next try",
		drops, listener->queue_most, listener->backlog);
	if (listener->backlog < somaxconn)
		(void)text_format(finding->remedy, sizeof(finding->remedy),
				  "listen(fd, %" PRIu64
				  ") in %s instead of %u (nginx: \"listen ... "
				  "backlog=%" PRIu64 "\"), or accept faster; then restart it",
				  somaxconn, *listener->comm ? listener->comm : "the application",
				  listener->backlog, somaxconn);
	else
		(void)text_format(
			finding->remedy, sizeof(finding->remedy),
			"sysctl -w net.core.somaxconn=%" PRIu64
			", a larger backlog in %s, and restart it: a queue keeps the size "
			"it was made with",
			2 * somaxconn, *listener->comm ? listener->comm : "the application");
}

void audit_listen(const AuditInput *input, AuditFindings *ret)
{
	const Observation *seen = input->seen;

	for (size_t i = 0; i < seen->n_listeners; i++)
		judge_listener(seen, &seen->listeners[i], ret);
	if (ret->n == 0)
		audit_say(ret, *seen->flows_why ? AUDIT_UNKNOWN : AUDIT_OK, "%s, %zu listeners",
			  *seen->flows_why ? seen->flows_why : "no connection was turned away",
			  seen->n_listeners);
}

/* How many local ports there are; 0: not known. */
static uint64_t port_count(const char *range)
{
	const char *blank = strchr(range, ' ');
	uint64_t low, high;
	char first[8];

	if (!blank || !text_format(first, sizeof(first), "%.*s", (int)(blank - range), range) ||
	    parse_uint64(first, 0, UINT16_MAX, &low) < 0 ||
	    parse_uint64(blank + 1, low, UINT16_MAX, &high) < 0)
		return 0;
	return high - low + 1;
}

void audit_ports(const AuditInput *input, AuditFindings *ret)
{
	const Observation *seen = input->seen;
	uint64_t ports = port_count(seen->port_range);
	const ObservedPeer *worst = NULL;
	char peer[ADDRESS_TEXT_MAX + 16];
	uint32_t most = 0;

	if (ports == 0 || *seen->flows_why) {
		audit_say(ret, AUDIT_UNKNOWN, "%s",
			  ports == 0 ? "the range of local ports cannot be read" : seen->flows_why);
		return;
	}
	for (size_t i = 0; i < seen->n_peers; i++)
		if (seen->peers[i].connections > most) {
			worst = &seen->peers[i];
			most = worst->connections;
		}
	if (!worst || most * UINT64_C(1000) < ports * PORTS_PERMILLE) {
		audit_say(ret, AUDIT_OK, "at most %u of %" PRIu64 " local ports go to one peer",
			  most, ports);
		return;
	}
	audit_name("", "", &worst->remote, worst->remote_port, peer, sizeof(peer));
	audit_say(ret, AUDIT_IMPROVE,
		  "%u of %" PRIu64 " local ports are taken by connections to %s: soon connect() "
		  "fails with EADDRNOTAVAIL",
		  most, ports, peer);
	(void)text_copy(
		ret->list[0].remedy, sizeof(ret->list[0].remedy),
		"sysctl -w net.ipv4.ip_local_port_range=\"15000 60999\", and use connections "
		"again instead of opening new ones");
}

void audit_settings(const AuditInput *input, AuditFindings *ret)
{
	const HostSettings *settings = &input->seen->settings;
	size_t known = 0;

	for (size_t i = 0; i < host_settings_count; i++) {
		const HostSetting *setting = &host_settings[i];
		int64_t value = settings->values[i];
		AuditFinding *finding;

		known += settings->known[i];
		if (!settings->known[i] || (value >= setting->low && value <= setting->high))
			continue;
		finding = audit_add(ret, AUDIT_IMPROVE);
		(void)text_copy(finding->subject, sizeof(finding->subject), setting->key);
		(void)text_format(finding->finding, sizeof(finding->finding),
				  "is %" PRId64 " where the kernel has %" PRId64 ": %s", value,
				  setting->low, setting->consequence);
		(void)text_format(finding->remedy, sizeof(finding->remedy),
				  "sysctl -w %s=%" PRId64 ", and remove it from sysctl.d",
				  setting->key, setting->low);
	}
	if (ret->n == 0)
		audit_say(ret, known > 0 ? AUDIT_OK : AUDIT_UNKNOWN,
			  known > 0
				  ? "%zu settings are as the kernel has them"
				  : "none of the settings could be read (%zu): is /proc/sys there?",
			  known);
}

void audit_tuners(const AuditInput *input, AuditFindings *ret)
{
	const Observation *seen = input->seen;
	AuditFinding *finding;

	for (size_t i = 0; i < seen->n_tuners; i++) {
		finding = audit_add(ret, AUDIT_IMPROVE);
		(void)text_copy(finding->subject, sizeof(finding->subject), seen->tuners[i].comm);
		(void)text_format(
			finding->finding, sizeof(finding->finding),
			"process %d sets network sysctls too; netoptd yields to it, key by "
			"key",
			(int)seen->tuners[i].pid);
		(void)text_format(finding->remedy, sizeof(finding->remedy),
				  "decide for one: systemctl disable --now %s, or Mode=observe in "
				  "/etc/netopt.conf",
				  seen->tuners[i].comm);
	}
	if (*seen->administered) {
		finding = audit_add(ret, AUDIT_OK);
		(void)text_format(finding->finding, sizeof(finding->finding),
				  "%s: set by the administrator, and left alone unless "
				  "OverrideSysctl=yes",
				  seen->administered);
	}
	if (ret->n == 0)
		audit_say(ret, AUDIT_OK,
			  "no other tuner runs, and no file of sysctl.d sets what netopt "
			  "tunes");
}
