/* SPDX-License-Identifier: MIT */
/*
 * Setting and taking back. All metrics of a destination are in one route, so a change of several is
 * one message, and all or nothing by nature: the old route is in force until the new one is, and no
 * packet finds neither.
 *
 * A replacement can only hit a route of our prefix, priority and table; and that it is the one we
 * know is looked up before. If the kernel made something else of it, the old one is put in its
 * place again; if that fails too, it is taken away, because an unknown state is worse than none.
 */
#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "daemon/tune/route_book.h"

typedef struct Request {
	Routes *routes;
	const Address *destination;
	RouteMetrics metrics; /* wanted */
	uint32_t ids;         /* that are named; bit 1 << (id - _TUNABLE_SYSCTLS) */
	uint64_t change_id;
	char *reason;
	size_t reason_size;
} Request;

static int refuse(const Request *request, const char *why)
{
	if (request->reason)
		(void)text_copy(request->reason, request->reason_size, why);
	return ROUTES_REFUSED;
}

static uint32_t bit_of(TunableId id)
{
	return 1U << (id - _TUNABLE_SYSCTLS);
}

static int take_change(Request *request, TunableId id, const TunableValue *value)
{
	char why[ROUTE_REASON_MAX] = "";
	int r;

	if (!tunable_is_route(id) || request->ids & bit_of(id))
		return -EINVAL;
	r = tunable_is_unset(value) && value->kind == tunables[id].kind
		    ? 0
		    : tunable_check(&tunables[id], value, why, sizeof(why));
	if (r < 0) {
		if (request->reason)
			(void)text_format(request->reason, request->reason_size, "%s: %s",
					  tunables[id].key, why);
		return r;
	}
	request->ids |= bit_of(id);
	routes_set_value(&request->metrics, id, value);
	return 0;
}

/* Somebody who set a metric on the route that we would copy means it. */
static int check_set_here(const Request *request, const RouteMetrics *set_here)
{
	char why[ROUTE_REASON_MAX];

	for (TunableId id = _TUNABLE_SYSCTLS; id < _TUNABLES; id++) {
		TunableValue theirs = routes_value(set_here, id);
		TunableValue ours = routes_value(&request->metrics, id);

		if (tunable_is_unset(&theirs) || tunable_is_unset(&ours))
			continue;
		(void)text_format(why, sizeof(why), "%s: the route to it already sets one",
				  tunables[id].key);
		return refuse(request, why);
	}
	return 0;
}

static void note_change(const Request *request, RouteState *state)
{
	for (TunableId id = _TUNABLE_SYSCTLS; id < _TUNABLES; id++) {
		TunableValue value = routes_value(&state->own.metrics, id);
		uint64_t *change_id = &state->change_ids[id - _TUNABLE_SYSCTLS];

		if (tunable_is_unset(&value))
			*change_id = 0;
		else if (request->ids & bit_of(id))
			*change_id = request->change_id;
	}
	state->since_ns = route_book_now(request->routes);
}

static int install(const Request *request)
{
	Routes *routes = request->routes;
	RouteFacts facts = {0};
	RouteOwn own = {.destination = *request->destination, .metrics = request->metrics};
	RouteState *state;
	Link link;
	int r = route_facts_resolve(routes, request->destination, &facts, &own.covering, &link);

	if (r != 0)
		return r < 0 ? r : refuse(request, facts.reason);
	if (routes->n == ROUTES_MAX)
		return refuse(request, "the table of our routes is full");
	r = check_set_here(request, &facts.set_here);
	if (r != 0)
		return r;
	own.table = own.covering.table;
	r = route_book_put(routes, ROUTE_ADD, &own, 0);
	if (r == -EEXIST)
		return refuse(request, "there is a host route of somebody else");
	if (r < 0) {
		(void)route_book_delete(routes, &own); /* it may be there after all */
		return r;
	}
	state = route_book_add(routes, &own);
	(void)text_copy(state->link_name, sizeof(state->link_name), link.name);
	state->checked_ns = route_book_now(routes);
	note_change(request, state);
	route_book_report(routes, ROUTE_INSTALLED, state, NULL, &own.metrics, request->change_id,
			  NULL, 0);
	return 0;
}

/* The old one again; if not even that, none. */
static void back_out(Routes *routes, RouteState *state, int error)
{
	RouteState gone = *state;

	if (route_book_put(routes, ROUTE_REPLACE, &state->own, 0) == 0)
		return;
	(void)route_book_delete(routes, &state->own);
	route_book_forget(routes, state);
	route_book_report(routes, ROUTE_FAILED, &gone, &gone.own.metrics, NULL, 0,
			  "it could not be changed, nor put back as it was", error);
}

static int change(const Request *request, RouteState *state)
{
	RouteMetrics before = state->own.metrics;
	RouteMetrics set_here = route_metrics_of(&state->own.covering);
	RouteOwn own = state->own;
	int r = check_set_here(request, &set_here);

	if (r != 0)
		return r;
	own.metrics = request->metrics;
	r = route_book_put(request->routes, ROUTE_REPLACE, &own, 0);
	if (r < 0) {
		back_out(request->routes, state, r);
		return r;
	}
	state->own = own;
	note_change(request, state);
	route_book_report(request->routes, ROUTE_CHANGED, state, &before, &own.metrics,
			  request->change_id, NULL, 0);
	return 0;
}

static int take_away(Routes *routes, RouteState *state, uint64_t change_id)
{
	RouteState gone = *state;
	int r = route_book_delete(routes, &state->own);

	if (r < 0) {
		route_book_report(routes, ROUTE_FAILED, state, &state->own.metrics,
				  &state->own.metrics, change_id, "it could not be removed", r);
		return r;
	}
	route_book_forget(routes, state);
	route_book_report(routes, ROUTE_REMOVED, &gone, &gone.own.metrics, NULL, change_id, NULL,
			  0);
	return 0;
}

/* The wanted metrics are in request->metrics. */
static int carry_out(const Request *request, RouteState *state)
{
	int r;

	if (!state)
		return route_metrics_empty(&request->metrics) ? 0 : install(request);
	r = route_watch_confirm(request->routes, state);
	if (r == ROUTE_WATCH_LOST)
		return refuse(request, "our route to it was just removed or overridden");
	if (r < 0)
		return r;
	if (route_metrics_empty(&request->metrics))
		return take_away(request->routes, state, request->change_id);
	if (route_metrics_equal(&request->metrics, &state->own.metrics)) {
		note_change(request, state);
		return 0;
	}
	r = route_watch_taught(request->routes, state);
	if (r == ROUTE_WATCH_LOST)
		return refuse(request, "a path MTU or a redirect was learned for it");
	return r < 0 ? r : change(request, state);
}

int routes_apply(Routes *routes, const Address *destination, const TunableChange *changes, size_t n,
		 uint64_t change_id, char *reason, size_t reason_size)
{
	RouteState *state = route_book_find(routes, destination);
	Request request = {.routes = routes,
			   .destination = destination,
			   .change_id = change_id,
			   .reason = reason,
			   .reason_size = reason_size};

	if (state)
		request.metrics = state->own.metrics;
	for (size_t i = 0; i < n; i++) {
		int r = take_change(&request, changes[i].id, &changes[i].value);
		if (r < 0)
			return r;
	}
	return routes->params.dry_run ? -EPERM : carry_out(&request, state);
}

int routes_restore(Routes *routes, const Address *destination, const TunableId *ids, size_t n)
{
	RouteState *state = route_book_find(routes, destination);
	Request request = {.routes = routes, .destination = destination};

	if (!state)
		return routes_is_foreign(routes, destination) ? ROUTES_REFUSED : 0;
	request.metrics = state->own.metrics;
	for (size_t i = 0; i < n; i++) {
		TunableValue unset;

		if (!tunable_is_route(ids[i]))
			return -EINVAL;
		unset = tunable_unset(ids[i]);
		routes_set_value(&request.metrics, ids[i], &unset);
	}
	for (size_t i = 0; i < ROUTE_TUNABLES; i++)
		request.change_id = MAX(request.change_id, state->change_ids[i]);
	return carry_out(&request, state);
}

int routes_restore_all(Routes *routes)
{
	int result = 0;

	routes_shadow_clear(routes);
	/* From the end, whose place nobody takes. */
	for (size_t i = routes->n; i-- > 0;) {
		Address destination = routes->states[i].own.destination;
		Request request = {.routes = routes, .destination = &destination};
		int r = carry_out(&request, &routes->states[i]);

		result = r < 0 || result < 0 ? MIN(r, result) : MAX(r, result);
	}
	return result;
}

int routes_keep_all(Routes *routes)
{
	routes_shadow_clear(routes);
	for (size_t i = routes->n; i-- > 0;) {
		RouteState *state = &routes->states[i];

		/* What cannot be asked about is kept, too: that was the wish. */
		if (route_watch_confirm(routes, state) == ROUTE_WATCH_LOST)
			continue;
		route_book_report(routes, ROUTE_KEPT, state, &state->own.metrics,
				  &state->own.metrics, 0, NULL, 0);
		route_book_forget(routes, state);
	}
	return 0;
}
