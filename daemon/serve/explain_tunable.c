/* SPDX-License-Identifier: MIT */
/*
 * A tunable: what it is, whose it is, where it came from, and why it stays as it is.
 */
#include <inttypes.h>

#include "common/human.h"
#include "daemon/model/kernel_default.h"
#include "daemon/serve/explain_why.h"
#include "daemon/serve/views.h"

static void explain_owner(const ControlView *view, TunableId id, const TunableState *state,
			  Text *text)
{
	const char *file = view->administered ? view->administered[id] : NULL;
	char span[HUMAN_MAX];

	switch (state->owner) {
	case OWNER_NETOPT:
		explain_item_line(
			text, "owner", "netopt, by change %" PRIu64 ", %s ago", state->change_id,
			human_span((view->now_ns - state->changed_ns) / NSEC_PER_USEC, span));
		break;
	case OWNER_FOREIGN:
		explain_item_line(
			text, "owner", "somebody else, who changed it %s ago: it is left alone",
			human_span((view->now_ns - state->changed_ns) / NSEC_PER_USEC, span));
		break;
	case OWNER_HOST:
		explain_item_line(text, "owner", "the host: as it was found");
		break;
	}
	if (file)
		explain_item_line(text, "set in", "%s%s", file,
				  view->config->override_sysctl
					  ? " (OverrideSysctl=yes lets netopt change it)"
					  : ": not changed without OverrideSysctl=yes");
	if (state->present && !state->writable)
		explain_item_line(text, "writable", "no: it cannot be written from here");
}

static void explain_sysctl(const ControlView *view, TunableId id, Text *text)
{
	const TunableState *state = registry_get(view->registry, id);
	const char *otherwise = kernel_default(id, view->identity->kernel, view->memory_bytes);
	char value[TUNABLE_WORD_MAX];

	if (!state->present) {
		explain_item_line(text, "now",
				  "absent: this kernel, or this network namespace, "
				  "does not have it");
	} else {
		explain_item_line(text, "now", "%s",
				  tunable_format(&state->current, value, sizeof(value)));
		explain_item_line(text, "original", "%s",
				  tunable_format(&state->original, value, sizeof(value)));
	}
	explain_item_line(text, "kernel default", "%s",
			  otherwise ? otherwise
				    : "depends on how it was built, or on the memory at boot");
	explain_owner(view, id, state, text);
}

static bool change_sets(const Change *change, TunableId id)
{
	for (size_t i = 0; i < change->n_tunables; i++)
		if (change->tunables[i].id == id)
			return true;
	return false;
}

/* What holds for a route without it. */
static const char *unset_metric(TunableId id)
{
	switch (id) {
	case TUNABLE_ROUTE_CONGCTL:
		return "that of net.ipv4.tcp_congestion_control";
	case TUNABLE_ROUTE_INITCWND:
		return "10 packets";
	case TUNABLE_ROUTE_RTO_MIN:
		return "200 ms";
	case TUNABLE_ROUTE_ECN:
		return "that of net.ipv4.tcp_ecn";
	default:
		return "as the kernel sees fit";
	}
}

static void explain_metric(const ControlView *view, TunableId id, Text *text)
{
	unsigned in_force = 0;

	for (size_t i = 0; i < engine_change_count(view->engine); i++) {
		const Change *change = engine_change_at(view->engine, i);

		in_force += change->in_force && change_sets(change, id);
	}
	explain_item_line(text, "now", "set by netopt for %u destination%s", in_force,
			  in_force == 1 ? "" : "s");
	explain_item_line(text, "kernel default", "unset: %s", unset_metric(id));
	if (!view->config->per_destination)
		explain_item_line(text, "set in", "PerDestination=no: no route of ours is made");
}

void explain_tunable(const Explained *explained, TunableId id)
{
	ExplainedSubject subject = {.id = id};
	const Tunable *tunable = &tunables[id];
	Text *text = explained->text;

	text_appendf(text, "%s: %s\n", tunable->key,
		     tunable_is_route(id) ? "a metric of the route to one destination"
		     : tunable->scope == TUNABLE_SCOPE_HOST ? "a sysctl, one for the whole kernel"
							    : "a sysctl of the network namespace");
	explain_title(text, "What it is");
	if (tunable_is_route(id))
		explain_metric(explained->view, id, text);
	else
		explain_sysctl(explained->view, id, text);
	explain_item_line(text, "changed to", "%s", tunable->reason);
	explain_item_line(text, "affects", "%s", tunable->affects);
	if (tunable->kind != TUNABLE_WORD && tunable->kind != TUNABLE_WORDS)
		explain_item_line(text, "range", "%" PRId64 " to %" PRId64, tunable->minimum,
				  tunable->maximum);
	explain_done(explained, &subject);
	explain_reasons(explained, &subject);
	explain_holds(explained, &subject);
	explain_lessons(explained, &subject);
}
