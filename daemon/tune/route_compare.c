/* SPDX-License-Identifier: MIT */
/*
 * What the kernel holds of our routes, beside what we believe: for an operator who asks. The
 * watchdog (route_watch.c) acts upon what it finds; this only tells.
 */
#include <errno.h>
#include <inttypes.h>

#include "common/text.h"
#include "daemon/tune/route_book.h"

typedef void (*Each)(const RouteMismatch *mismatch, void *context);

#define TEXT_MAX (ROUTE_METRICS_TEXT + ROUTE_WAY_TEXT + 16)

static void describe(const RouteMetrics *metrics, const RouteEntry *entry, const char *link_name,
		     char *buffer)
{
	char metrics_text[ROUTE_METRICS_TEXT], way[ROUTE_WAY_TEXT];

	(void)text_format(buffer, TEXT_MAX, "%s: %s", routes_format_metrics(metrics, metrics_text),
			  routes_format_way(entry, link_name, way));
}

static void compare_route(Routes *routes, const RouteState *state, Each each, void *context)
{
	const RouteOps *ops = &routes->params.ops;
	char believed[TEXT_MAX], live[TEXT_MAX] = "";
	RouteMismatch mismatch = {
		.destination = state->own.destination, .believed = believed, .live = live};
	RouteMetrics found;
	RouteEntry entry;
	int r = ops->lookup(ops->context, &state->own.destination, 0, &entry);

	if (r == 0 && route_is_own(&entry, &state->own))
		return;
	describe(&state->own.metrics, &state->own.covering, state->link_name, believed);
	if (r == 0) {
		found = route_metrics_of(&entry);
		describe(&found, &entry, "", live);
	} else if (route_book_no_way(r)) {
		(void)text_copy(live, sizeof(live), "nothing leads there");
	} else {
		mismatch.error = r;
	}
	each(&mismatch, context);
}

typedef struct Leftovers {
	Routes *routes;
	Each each;
	void *context;
} Leftovers;

static void on_route(const RouteEntry *entry, void *context)
{
	Leftovers *leftovers = context;
	Routes *routes = leftovers->routes;
	const RouteState *state = route_book_find(routes, &entry->prefix);
	char live[TEXT_MAX];
	RouteMetrics metrics;
	RouteMismatch mismatch = {
		.destination = entry->prefix, .believed = "none", .live = live, .leftover = true};

	if (state && state->own.table == entry->table &&
	    entry->prefix_length == route_host_length(entry->prefix.family))
		return; /* compared already */
	if (routes->has_shadow && entry->table == ROUTE_SHADOW_TABLE &&
	    address_equal(&routes->shadow.destination, &entry->prefix))
		return;
	metrics = route_metrics_of(entry);
	describe(&metrics, entry, "", live);
	leftovers->each(&mismatch, leftovers->context);
}

int routes_compare(Routes *routes, Each each, void *context)
{
	Leftovers leftovers = {.routes = routes, .each = each, .context = context};
	const RouteOps *ops = &routes->params.ops;

	for (size_t i = 0; i < routes->n; i++)
		compare_route(routes, &routes->states[i], each, context);
	return ops->list(ops->context, on_route, &leftovers);
}
