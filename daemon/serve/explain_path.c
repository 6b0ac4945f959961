/* SPDX-License-Identifier: MIT */
/*
 * A path: what its connections say, what was done there, and why nothing more is.
 */
#include <inttypes.h>

#include "common/base.h"
#include "common/human.h"
#include "daemon/serve/explain_why.h"

static void explain_round_trip(const Path *path, Text *text)
{
	char floor[HUMAN_MAX], srtt[HUMAN_MAX], queue[HUMAN_MAX];

	if (path->min_rtt_us == UINT32_MAX) {
		explain_item_line(text, "round trip", "not known yet");
		return;
	}
	human_latency(path->min_rtt_us, floor);
	if (path->srtt_us == 0)
		explain_item_line(text, "round trip", "%s at least: distance and equipment", floor);
	else
		explain_item_line(text, "round trip",
				  "%s now: %s of it distance and equipment (the floor), %s queues",
				  human_latency(path->srtt_us, srtt), floor,
				  human_latency(path->srtt_us > path->min_rtt_us
							? path->srtt_us - path->min_rtt_us
							: 0,
						queue));
}

static void explain_rates(const Path *path, Text *text)
{
	char goodput[HUMAN_MAX], best[HUMAN_MAX], delivery[HUMAN_MAX], loss_text[HUMAN_MAX];
	uint64_t bps;
	double loss;

	if (path_goodput_bps(path, &bps))
		explain_item_line(text, "goodput", "%s lately, %s at best",
				  human_rate(bps, goodput),
				  human_rate(MAX(bps, path->best_goodput_bps), best));
	if (path->max_delivery_bps > 0)
		explain_item_line(text, "delivery",
				  "%s at best, when the application was not the "
				  "limit",
				  human_rate(path->max_delivery_bps, delivery));
	if (path_loss(path, &loss))
		explain_item_line(text, "retransmitted", "%s of the bytes sent lately",
				  human_ppm((uint64_t)(loss * 1e6 + 0.5), loss_text));
}

/* What held the bulk transfers back, over the windows that are kept. */
static void explain_limits(const Path *path, Text *text)
{
	uint32_t samples = 0, send = 0, receive = 0, peer = 0, application = 0, reader = 0;

	for (unsigned i = 0; i < PATH_WINDOWS; i++) {
		const PathWindow *window = path_window(path, i);

		if (!window)
			continue;
		samples += window->samples;
		send += window->samples_send_at_cap;
		receive += window->samples_receive_at_cap;
		peer += window->samples_peer_limited;
		application += window->samples_app_limited;
		reader += window->samples_slow_reader;
	}
	if (samples == 0) {
		explain_item_line(text, "bulk",
				  "none in the last two minutes: most controllers "
				  "have nothing to judge by");
		return;
	}
	explain_item_line(
		text, "limited by",
		"of %u samples of bulk transfers: send buffer %u, receive buffer %u, the "
		"peer's window %u, the application %u (it does not send), %u (it does not "
		"read)",
		samples, send, receive, peer, application, reader);
}

static void explain_route(const ControlView *view, const Path *path, Text *text)
{
	for (size_t i = 0; i < view->n_routes; i++) {
		const ControlRoute *route = &view->routes[i];
		char span[HUMAN_MAX];

		if (!path_covers(path, &route->destination))
			continue;
		explain_item_line(
			text, "route of ours", "%s, a copy of: %s%s%s", route->metrics,
			route->route, route->since_ns ? ", since " : "",
			route->since_ns
				? human_span((view->now_ns - route->since_ns) / NSEC_PER_USEC, span)
				: "");
	}
}

void explain_path(const Explained *explained, const Path *path)
{
	ExplainedSubject subject = {.path = path, .id = _TUNABLES};
	Text *text = explained->text;
	char address[ADDRESS_TEXT_MAX];

	text_appendf(text, "Path %s", address_format(&path->address, address));
	if (path_is_prefix(path))
		text_appendf(text, "/%u (many addresses that begin alike: no route of its own)",
			     path->prefix_length);
	text_appendf(text, ": %u connection%s%s%s\n", path->flows, path->flows == 1 ? "" : "s",
		     path->congestion[0] ? ", congestion control " : "", path->congestion);
	explain_title(text, "What its connections say");
	explain_round_trip(path, text);
	explain_rates(path, text);
	explain_limits(path, text);
	explain_route(explained->view, path, text);
	explain_done(explained, &subject);
	explain_reasons(explained, &subject);
	explain_holds(explained, &subject);
	explain_lessons(explained, &subject);
}
