/* SPDX-License-Identifier: MIT */
/*
 * The life of the table, its moves, and how it is shown. Whether a destination may have a route is
 * in route_facts.c, setting and taking back in route_apply.c, the watchdog in route_watch.c, the
 * shadow in route_shadow.c.
 */
#include "daemon/tune/routes.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/text.h"
#include "daemon/tune/route_book.h"

/* More rules of ours than that no instance leaves: one of each family. */
#define RULES_MAX 16U

uint64_t route_book_now(const Routes *routes)
{
	return clock_monotonic_ns(&routes->params.clock);
}

/* --- words --- */

const char *routes_format_metrics(const RouteMetrics *metrics, char *buffer)
{
	Text text = {0};

	if (metrics->congctl[0])
		text_appendf(&text, " congctl %s", metrics->congctl);
	if (metrics->initcwnd)
		text_appendf(&text, " initcwnd %" PRIu32, metrics->initcwnd);
	if (metrics->rto_min_ms)
		text_appendf(&text, " rto_min %" PRIu32 "ms", metrics->rto_min_ms);
	if (metrics->quickack)
		text_append(&text, " quickack 1");
	if (metrics->ecn)
		text_append(&text, " features ecn");
	(void)text_copy(buffer, ROUTE_METRICS_TEXT, /* all of them fit */
			text_string(&text)[0] ? text_string(&text) + 1 : "none");
	text_clear(&text);
	return buffer;
}

const char *routes_format_way(const RouteEntry *entry, const char *link_name, char *buffer)
{
	char prefix[ADDRESS_TEXT_MAX], gateway[ADDRESS_TEXT_MAX];
	Text text = {0};

	if (entry->prefix_length == 0)
		text_append(&text, "default");
	else
		text_appendf(&text, "%s/%u", address_format(&entry->prefix, prefix),
			     entry->prefix_length);
	if (entry->gateway.family)
		text_appendf(&text, " via %s", address_format(&entry->gateway, gateway));
	if (link_name[0])
		text_appendf(&text, " dev %s", link_name);
	else if (entry->link_index)
		text_appendf(&text, " dev %d", entry->link_index);
	(void)text_copy(buffer, ROUTE_WAY_TEXT, text_string(&text));
	text_clear(&text);
	return buffer;
}

TunableValue routes_value(const RouteMetrics *metrics, TunableId id)
{
	TunableValue value = tunable_unset(id);

	switch (id) {
	case TUNABLE_ROUTE_CONGCTL:
		(void)text_copy(value.words, sizeof(value.words), metrics->congctl);
		break;
	case TUNABLE_ROUTE_INITCWND:
		value.numbers[0] = metrics->initcwnd;
		break;
	case TUNABLE_ROUTE_RTO_MIN:
		value.numbers[0] = metrics->rto_min_ms;
		break;
	case TUNABLE_ROUTE_QUICKACK:
		value.numbers[0] = metrics->quickack;
		break;
	case TUNABLE_ROUTE_ECN:
		value.numbers[0] = metrics->ecn;
		break;
	default:
		assert(false); /* not a route metric */
	}
	return value;
}

void routes_set_value(RouteMetrics *metrics, TunableId id, const TunableValue *value)
{
	switch (id) {
	case TUNABLE_ROUTE_CONGCTL:
		/* Its length was checked. */
		(void)text_copy(metrics->congctl, sizeof(metrics->congctl), value->words);
		break;
	case TUNABLE_ROUTE_INITCWND:
		metrics->initcwnd = (uint32_t)value->numbers[0];
		break;
	case TUNABLE_ROUTE_RTO_MIN:
		metrics->rto_min_ms = (uint32_t)value->numbers[0];
		break;
	case TUNABLE_ROUTE_QUICKACK:
		metrics->quickack = value->numbers[0] != 0;
		break;
	case TUNABLE_ROUTE_ECN:
		metrics->ecn = value->numbers[0] != 0;
		break;
	default:
		assert(false); /* not a route metric */
	}
}

/* --- moves --- */

RouteState *route_book_find(Routes *routes, const Address *destination)
{
	for (size_t i = 0; i < routes->n; i++)
		if (address_equal(&routes->states[i].own.destination, destination))
			return &routes->states[i];
	return NULL;
}

RouteState *route_book_add(Routes *routes, const RouteOwn *own)
{
	RouteState *state;

	if (routes->n == ROUTES_MAX)
		return NULL;
	state = &routes->states[routes->n++];
	*state = (RouteState){.own = *own};
	return state;
}

void route_book_forget(Routes *routes, RouteState *state)
{
	*state = routes->states[--routes->n];
}

static uint32_t ids_of(const RouteMetrics *metrics)
{
	uint32_t ids = 0;

	for (TunableId id = _TUNABLE_SYSCTLS; id < _TUNABLES; id++) {
		TunableValue value = routes_value(metrics, id);

		if (!tunable_is_unset(&value))
			ids |= 1U << (id - _TUNABLE_SYSCTLS);
	}
	return ids;
}

static void report(Routes *routes, RouteReport *report, const RouteMetrics *before,
		   const RouteMetrics *after)
{
	const RouteMetrics none = {0};
	char old_metrics[ROUTE_METRICS_TEXT], new_metrics[ROUTE_METRICS_TEXT];

	report->ids = ids_of(before ? before : &none);
	report->old_metrics = routes_format_metrics(before ? before : &none, old_metrics);
	report->new_metrics = routes_format_metrics(after ? after : &none, new_metrics);
	report->reason = report->reason ? report->reason : "";
	if (routes->params.report)
		routes->params.report(report, routes->params.context);
}

void route_book_report(Routes *routes, RouteEvent event, const RouteState *state,
		       const RouteMetrics *before, const RouteMetrics *after, uint64_t change_id,
		       const char *why, int error)
{
	RouteReport said = {.event = event,
			    .destination = state->own.destination,
			    .reason = why,
			    .change_id = change_id,
			    .error = error};

	report(routes, &said, before, after);
}

/* The latest, as that is what the log is read for. */
static uint64_t last_change(const RouteState *state)
{
	uint64_t last = 0;

	for (size_t i = 0; i < ROUTE_TUNABLES; i++)
		last = MAX(last, state->change_ids[i]);
	return last;
}

void route_book_lose(Routes *routes, RouteState *state, RouteEvent event, const char *why)
{
	RouteState lost = *state;

	if (event == ROUTE_FOREIGN)
		route_book_note_foreign(routes, &lost.own.destination);
	route_book_forget(routes, state);
	route_book_report(routes, event, &lost, &lost.own.metrics, NULL, last_change(&lost), why,
			  0);
}

static ForeignWay *find_foreign(Routes *routes, const Address *destination)
{
	for (size_t i = 0; i < routes->n_foreign; i++)
		if (address_equal(&routes->foreign[i].destination, destination))
			return &routes->foreign[i];
	return NULL;
}

bool routes_is_foreign(const Routes *routes, const Address *destination)
{
	const ForeignWay *way = find_foreign((Routes *)(uintptr_t)routes, destination);

	return way && route_book_now(routes) < way->until_ns;
}

void route_book_note_foreign(Routes *routes, const Address *destination)
{
	ForeignWay *way = find_foreign(routes, destination);
	uint64_t times;

	if (!way) {
		way = &routes->foreign[routes->next_foreign];
		*way = (ForeignWay){.destination = *destination};
		routes->next_foreign = (routes->next_foreign + 1) % ROUTES_MAX;
		routes->n_foreign = MIN(routes->n_foreign + 1, (size_t)ROUTES_MAX);
	}
	times = UINT64_C(1) << MIN(way->times, 16U);
	way->times++;
	way->until_ns = route_book_now(routes) +
			ROUTES_FOREIGN_NS * MIN(times, (uint64_t)ROUTES_FOREIGN_TIMES_MAX);
}

void routes_release(Routes *routes, const Address *destination)
{
	for (size_t i = 0; i < routes->n_foreign; i++)
		if (destination->family == 0 ||
		    address_equal(&routes->foreign[i].destination, destination))
			routes->foreign[i] = (ForeignWay){0};
	if (destination->family == 0)
		routes->n_foreign = routes->next_foreign = 0;
}

int route_book_delete(Routes *routes, const RouteOwn *own)
{
	RouteKey key = route_key(&own->destination, own->table, own->covering.tos);
	int r = routes->params.ops.remove(routes->params.ops.context, &key);

	return r == -ESRCH ? 0 : r;
}

bool route_book_no_way(int error)
{
	switch (error) {
	case -ENETUNREACH:
	case -EHOSTUNREACH:
	case -EACCES: /* a route of type prohibit */
	case -EINVAL: /* blackhole */
	case -ENOENT:
	case -ENETDOWN:
	case -ENODEV:
		return true;
	default:
		return false;
	}
}

int route_book_put(Routes *routes, RouteVerb verb, const RouteOwn *own, uint32_t mark)
{
	const RouteOps *ops = &routes->params.ops;
	RouteEntry entry;
	int r = ops->set(ops->context, verb, own), k;

	if (r == -EEXIST)
		return r;
	/* An acknowledgement that was lost is no failure, and one that came is no success. */
	k = ops->lookup(ops->context, &own->destination, mark, &entry);
	if (k == 0 && route_is_own(&entry, own))
		return 0;
	if (r == 0)
		r = k < 0 && !route_book_no_way(k) ? k : -EIO;
	return r;
}

/* --- life --- */

typedef struct Found {
	RouteEntry *entries;
	size_t n, size;
	int error;
} Found;

static void free_found(Found *found)
{
	free(found->entries);
}

static void on_found(const RouteEntry *entry, void *context)
{
	Found *found = context;

	if (found->n == found->size) {
		size_t size = MAX(found->size * 2, (size_t)64);
		RouteEntry *grown = realloc(found->entries, size * sizeof(*grown));

		if (!grown) {
			found->error = -ENOMEM;
			return;
		}
		found->entries = grown;
		found->size = size;
	}
	found->entries[found->n++] = *entry;
}

static void report_flush(Routes *routes, RouteEvent event, const RouteEntry *entry,
			 const char *what, int error)
{
	RouteReport said = {.event = event, .reason = what, .error = error};
	RouteMetrics metrics = {0};

	if (entry) {
		said.destination = entry->prefix;
		metrics = route_metrics_of(entry);
	}
	report(routes, &said, &metrics, event == ROUTE_FAILED ? &metrics : NULL);
}

static int flush_routes(Routes *routes)
{
	const RouteOps *ops = &routes->params.ops;
	_cleanup_(free_found) Found found = {0};
	int result = ops->list(ops->context, on_found, &found);

	result = result < 0 ? result : found.error;
	if (result < 0)
		report_flush(routes, ROUTE_FAILED, NULL, "the routes cannot be listed", result);
	for (size_t i = 0; i < found.n; i++) {
		const RouteEntry *entry = &found.entries[i];
		RouteKey key = {.prefix = entry->prefix,
				.prefix_length = entry->prefix_length,
				.tos = entry->tos,
				.table = entry->table,
				.priority = entry->priority};
		int r = ops->remove(ops->context, &key);

		if (r == -ESRCH) /* a torn list told it twice, or it went by itself */
			continue;
		report_flush(routes, r < 0 ? ROUTE_FAILED : ROUTE_FLUSHED, entry,
			     "left by an earlier instance", r);
		result = r < 0 ? r : result;
	}
	return result;
}

static void on_rule(const RouteRule *rule, void *context)
{
	unsigned *rules = context;

	if (rule->protocol == ROUTE_PROTOCOL && rule->table == ROUTE_SHADOW_TABLE)
		rules[rule->family == AF_INET6]++;
}

static int flush_rules(Routes *routes)
{
	static const int families[] = {AF_INET, AF_INET6};
	const RouteOps *ops = &routes->params.ops;
	unsigned rules[ARRAY_SIZE(families)] = {0};
	int r = ops->rules(ops->context, on_rule, rules), result = r;

	if (r < 0)
		report_flush(routes, ROUTE_FAILED, NULL, "the rules cannot be listed", r);
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		for (unsigned k = 0; k < MIN(rules[i], RULES_MAX); k++) {
			r = ops->rule(ops->context, ROUTE_DELETE, families[i]);
			if (r == -ESRCH)
				break;
			report_flush(routes, r < 0 ? ROUTE_FAILED : ROUTE_FLUSHED, NULL,
				     "the rule for probes of an earlier instance", r);
			result = r < 0 ? r : result;
		}
	}
	return result;
}

int routes_flush(Routes *routes)
{
	int r, k;

	if (routes->n > 0 || routes->has_shadow)
		return -EBUSY;
	r = flush_routes(routes);
	k = flush_rules(routes);
	routes->unflushed = r < 0 || k < 0;
	routes->flush_rest_ns =
		MIN(MAX(2 * routes->flush_rest_ns, ROUTES_FLUSH_NS), (uint64_t)ROUTES_FLUSH_MAX_NS);
	routes->flush_ns = route_book_now(routes) + routes->flush_rest_ns;
	return r < 0 ? r : k;
}

void route_book_flush_again(Routes *routes)
{
	if (routes->unflushed && route_book_now(routes) >= routes->flush_ns)
		(void)routes_flush(routes); /* reported one by one, and remembered */
}

bool routes_are_clean(const Routes *routes)
{
	return !routes->unflushed;
}

int routes_new(const RoutesParams *params, Routes **ret_routes)
{
	Routes *routes = calloc(1, sizeof(*routes));

	if (!routes)
		return -ENOMEM;
	routes->params = *params;
	if (!params->dry_run)
		(void)routes_flush(routes); /* reported one by one, and remembered */
	*ret_routes = routes;
	return 0;
}

void routes_free(Routes *routes)
{
	if (!routes)
		return;
	routes_shadow_clear(routes);
	free(routes);
}

/* --- views --- */

size_t routes_count(const Routes *routes)
{
	return routes->n;
}

const RouteState *routes_at(const Routes *routes, size_t index)
{
	assert(index < routes->n);
	return &routes->states[index];
}

const RouteState *routes_get(const Routes *routes, const Address *destination)
{
	return route_book_find((Routes *)(uintptr_t)routes, destination);
}

const RouteOwn *routes_shadow(const Routes *routes)
{
	return routes->has_shadow ? &routes->shadow : NULL;
}
