/* SPDX-License-Identifier: MIT */
/*
 * An endpoint: where its latency comes from, in words; why probes failed; and what is done about
 * the path there.
 */
#include <inttypes.h>
#include <string.h>

#include "common/human.h"
#include "daemon/model/decompose.h"
#include "daemon/serve/explain_why.h"
#include "daemon/serve/views.h"

/* What each part is, and who could make it less. */
static const char *const meanings[_PARTS] = {
	[PART_RESOLVE] = "the name to an address: a resolver nearby, with a cache, makes it less",
	[PART_PROPAGATION] = "distance and equipment: only fewer round trips, or a nearer server",
	[PART_QUEUEING] = "queues on the way, our own included: shaping, or a congestion control "
			  "that leaves them short",
	[PART_TLS] = "cryptography and the certificate beyond the round trips: resumed sessions "
		     "save it",
	[PART_SERVER] = "the server thinks: only its operator can make it less",
	[PART_TRANSFER] = "the answer's bytes: buffers, windows and congestion control",
	[PART_OVERHEAD] = "this host: processor and scheduling",
};

static void explain_parts(const Decomposition *parts, Text *text)
{
	char total[HUMAN_MAX], time[HUMAN_MAX], share[HUMAN_MAX];
	DecompositionPart greatest = PART_RESOLVE;

	for (DecompositionPart part = 0; part < _PARTS; part++)
		if (parts->has[part] &&
		    (!parts->has[greatest] || parts->us[part] > parts->us[greatest]))
			greatest = part;
	if (!parts->has[greatest] || parts->total_us == 0)
		return;
	text_appendf(text,
		     "  half of the attempts take %s or less, in %u round trip%s; mostly %s:\n",
		     human_latency(parts->total_us, total), parts->rounds,
		     parts->rounds == 1 ? "" : "s", decomposition_part_name(greatest));
	for (DecompositionPart part = 0; part < _PARTS; part++)
		if (parts->has[part])
			explain_item_line(
				text, decomposition_part_name(part), "%s (%s): %s",
				human_latency(parts->us[part], time),
				human_permille((int64_t)parts->us[part] * 1000 / parts->total_us,
					       false, share),
				meanings[part]);
}

static void explain_failures(const EndpointTarget *target, Text *text)
{
	uint64_t failed = 0;
	char share[HUMAN_MAX];

	for (ProbeOutcome outcome = PROBE_OK + 1; outcome < _PROBE_OUTCOMES; outcome++)
		failed += target->failures[outcome];
	if (failed == 0) {
		explain_item_line(text, "failures", "none of %" PRIu64 " probes",
				  target->failures[PROBE_OK]);
		return;
	}
	explain_item_line(
		text, "failures", "%" PRIu64 " of %" PRIu64 " probes since the start (%s):", failed,
		failed + target->failures[PROBE_OK],
		human_permille((int64_t)(failed * 1000 / (failed + target->failures[PROBE_OK])),
			       false, share));
	for (ProbeOutcome outcome = PROBE_OK + 1; outcome < _PROBE_OUTCOMES; outcome++)
		if (target->failures[outcome] > 0)
			text_appendf(text, "%17s%" PRIu64 " %s\n", "", target->failures[outcome],
				     probe_outcome_name(outcome));
}

static void explain_last(const ControlView *view, const EndpointTarget *target, Text *text)
{
	const ProbeResult *last = &target->last;
	char buffer[160];

	if (!target->has_last || last->outcome == PROBE_OK)
		return;
	if (last->outcome == PROBE_SYN_RETRANSMIT && last->syn_retransmits > 0)
		explain_item_line(text, "the last", "%s",
				  decompose_syn_retransmits(last->syn_retransmits, last->wall_us,
							    view->syn_linear_timeouts, buffer,
							    sizeof(buffer)));
	else
		explain_item_line(text, "the last", "%s in %s%s%s",
				  probe_outcome_name(last->outcome),
				  probe_phase_name(last->failed_in),
				  target->explanation[0] ? ": " : "", target->explanation);
}

static void explain_target(const Explained *explained, const Endpoint *endpoint,
			   const EndpointTarget *target)
{
	const ControlView *view = explained->view;
	char address[ADDRESS_TEXT_MAX], title[ADDRESS_TEXT_MAX + 16];
	Decomposition parts;

	(void)text_format(title, sizeof(title), "By %s", address_format(&target->address, address));
	explain_title(explained->text, title);
	decompose(endpoint, target, VIEW_SPAN, view->now_ns, &parts);
	if (parts.samples > 0)
		explain_parts(&parts, explained->text);
	else
		explain_item_line(explained->text, "latency", "no probe succeeded in ten minutes");
	explain_failures(target, explained->text);
	explain_last(view, target, explained->text);
}

/* Both targets may lead to one path. */
static void explain_paths(const Explained *explained, const Endpoint *endpoint)
{
	const Path *seen = NULL;

	for (size_t i = 0; i < _ENDPOINT_FAMILIES; i++) {
		const Address *address = &endpoint->targets[i].address;
		const Path *path =
			address->family ? path_table_find(explained->view->paths, address) : NULL;
		char buffer[ADDRESS_TEXT_MAX];

		if (address->family && !path) {
			text_appendf(
				explained->text,
				"\nNo connection of this host (but our own probes, whose bytes "
				"are few) is known to go to %s: there is nothing to tune.\n",
				address_format(address, buffer));
		} else if (path && path != seen) {
			text_append(explained->text, "\n");
			explain_path(explained, path);
			seen = path;
		}
	}
}

static void explain_slo(const Endpoint *endpoint, uint64_t now_ns, Text *text)
{
	static const char *const verdicts[] = {
		[ENDPOINT_SLO_NONE] = "too few samples to say",
		[ENDPOINT_SLO_MET] = "met",
		[ENDPOINT_SLO_MISSED] = "missed",
	};
	const struct {
		const char *name;
		uint64_t target_ns;
	} targets[] = {{"p50", endpoint->target_p50_ns},
		       {"p95", endpoint->target_p95_ns},
		       {"p99", endpoint->target_p99_ns}};
	_cleanup_(text_clear) Text line = {.data = NULL};
	char buffer[HUMAN_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		if (targets[i].target_ns > 0)
			text_appendf(&line, "%s%s %s", line.length ? ", " : "", targets[i].name,
				     human_latency(targets[i].target_ns / NSEC_PER_USEC, buffer));
	if (line.length > 0)
		explain_item_line(text, "target", "%s: %s", text_string(&line),
				  verdicts[endpoint_slo(endpoint, now_ns)]);
	else
		explain_item_line(text, "target", "none");
}

void explain_endpoint(const Explained *explained, const Endpoint *endpoint)
{
	uint64_t now_ns = explained->view->now_ns;
	Text *text = explained->text;
	bool any = false;

	text_appendf(text, "Endpoint %s (%s): %s\n", endpoint->name, endpoint->url,
		     endpoint_state_name(endpoint_state(endpoint)));
	explain_title(text, "What is measured");
	explain_item_line(text, "headline", "%s", probe_phase_name(endpoint->headline));
	explain_slo(endpoint, now_ns, text);
	explain_item_line(text, "origin", "%s", endpoint_origin_name(endpoint->origin));
	if (endpoint->resolve_error[0])
		explain_item_line(text, "name", "%s", endpoint->resolve_error);
	for (size_t i = 0; i < _ENDPOINT_FAMILIES; i++) {
		if (endpoint->targets[i].address.family == 0)
			continue;
		explain_target(explained, endpoint, &endpoint->targets[i]);
		any = true;
	}
	if (!any)
		text_append(text, "\nIt has no address now, so nothing is measured.\n");
	explain_paths(explained, endpoint);
}
