/* SPDX-License-Identifier: MIT */
/*
 * Choosing costs one look at each endpoint's headline; only the few that are chosen are decomposed.
 */
#include "daemon/serve/slowest.h"

#include <string.h>

#include "common/base.h"
#include "daemon/serve/views.h"

typedef struct Candidate {
	const Endpoint *endpoint;
	bool missed;
	uint32_t p50_us;
} Candidate;

static bool is_worse(const Candidate *a, const Candidate *b)
{
	return a->missed != b->missed ? a->missed : a->p50_us > b->p50_us;
}

/* Returns the new count. */
static size_t add(Candidate *worst, size_t n, const Candidate *candidate)
{
	size_t at = n;

	while (at > 0 && is_worse(candidate, &worst[at - 1]))
		at--;
	if (at == SLOWEST_MAX)
		return n;
	n = MIN(n + 1, (size_t)SLOWEST_MAX);
	memmove(&worst[at + 1], &worst[at], (n - at - 1) * sizeof(*worst));
	worst[at] = *candidate;
	return n;
}

static size_t choose(const ControlView *view, Candidate *worst)
{
	size_t n = 0;

	for (size_t i = 0; i < view->n_endpoints; i++) {
		Candidate candidate = {.endpoint = view->endpoints[i]};
		WindowSummary summary;

		endpoint_summarise(candidate.endpoint, VIEW_SPAN, view->now_ns, &summary);
		if (!summary.has_p50)
			continue;
		candidate.p50_us = summary.p50_us;
		candidate.missed =
			endpoint_slo(candidate.endpoint, view->now_ns) == ENDPOINT_SLO_MISSED;
		n = add(worst, n, &candidate);
	}
	return n;
}

/* NULL: of neither family enough is known. */
static Json *view_worse_family(const Endpoint *endpoint, uint64_t now_ns)
{
	const EndpointTarget *worse = NULL;
	Decomposition of_worse = {.samples = 0};

	for (size_t i = 0; i < _ENDPOINT_FAMILIES; i++) {
		const EndpointTarget *target = &endpoint->targets[i];
		Decomposition decomposition;

		if (target->address.family == 0)
			continue;
		decompose(endpoint, target, VIEW_SPAN, now_ns, &decomposition);
		if (decomposition.samples == 0 ||
		    (worse && decomposition.total_us <= of_worse.total_us))
			continue;
		worse = target;
		of_worse = decomposition;
	}
	return worse ? view_slow(endpoint, worse, &of_worse) : NULL;
}

Json *slowest_view(const ControlView *view)
{
	Candidate worst[SLOWEST_MAX];
	size_t n = choose(view, worst);
	Json *array = json_new_array();

	for (size_t i = 0; i < n; i++) {
		Json *slow = view_worse_family(worst[i].endpoint, view->now_ns);

		if (slow)
			json_append(array, slow);
	}
	return array;
}
