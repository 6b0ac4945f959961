/* SPDX-License-Identifier: MIT */
/*
 * Choosing costs one look at each endpoint's headline; only the few that are chosen are decomposed.
 */
#include "daemon/serve/slowest.h"

#include <string.h>

#include "common/base.h"
#include "daemon/serve/views.h"

typedef struct Candidate {
	size_t index;
	bool failing, missed;
	uint32_t p50_us; /* 0: not known */
} Candidate;

static bool is_worse(const Candidate *a, const Candidate *b)
{
	if (a->failing != b->failing)
		return a->failing;
	return a->missed != b->missed ? a->missed : a->p50_us > b->p50_us;
}

/* Among the worst, of which there are n and may be `most`. Returns how many there are now. */
static size_t add(Candidate *worst, size_t n, size_t most, const Candidate *candidate)
{
	size_t at = n;

	while (at > 0 && is_worse(candidate, &worst[at - 1]))
		at--;
	if (at == most)
		return n;
	n = MIN(n + 1, most);
	memmove(&worst[at + 1], &worst[at], (n - at - 1) * sizeof(*worst));
	worst[at] = *candidate;
	return n;
}

static Candidate look_at(const ControlView *view, size_t index)
{
	const Endpoint *endpoint = view->endpoints[index];
	Candidate candidate = {.index = index};
	WindowSummary summary;

	endpoint_summarise(endpoint, VIEW_SPAN, view->now_ns, &summary);
	candidate.p50_us = summary.has_p50 ? summary.p50_us : 0;
	candidate.missed = endpoint_slo(endpoint, view->now_ns) == ENDPOINT_SLO_MISSED;
	return candidate;
}

/* Those with the worst latency; one of which it is not known is not slow. */
static size_t choose(const ControlView *view, Candidate *worst)
{
	size_t n = 0;

	for (size_t i = 0; i < view->n_endpoints; i++) {
		Candidate candidate = look_at(view, i);

		if (candidate.p50_us > 0)
			n = add(worst, n, SLOWEST_MAX, &candidate);
	}
	return n;
}

static int by_index(const void *a, const void *b)
{
	const Candidate *left = a, *right = b;

	return left->index < right->index ? -1 : left->index > right->index;
}

size_t slowest_attention(const ControlView *view, size_t n, size_t *ret_indices)
{
	Candidate worst[ATTENTION_MAX];
	size_t found = 0;

	n = MIN(n, (size_t)ATTENTION_MAX);
	for (size_t i = 0; i < view->n_endpoints; i++) {
		Candidate candidate = {.index = i};

		if (view->n_endpoints > n) {
			EndpointState state = endpoint_state(view->endpoints[i]);

			candidate = look_at(view, i);
			candidate.failing = state == ENDPOINT_DOWN || state == ENDPOINT_UNRESOLVED;
		}
		found = add(worst, found, n, &candidate);
	}
	qsort(worst, found, sizeof(worst[0]), by_index);
	for (size_t i = 0; i < found; i++)
		ret_indices[i] = worst[i].index;
	return found;
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
	return worse ? view_slow(endpoint, worse, &of_worse, now_ns) : NULL;
}

Json *slowest_view(const ControlView *view)
{
	Candidate worst[SLOWEST_MAX];
	size_t n = choose(view, worst);
	Json *array = json_new_array();

	for (size_t i = 0; i < n; i++) {
		Json *slow = view_worse_family(view->endpoints[worst[i].index], view->now_ns);

		if (slow)
			json_append(array, slow);
	}
	return array;
}
