/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A table of our routes over the routing made by hand, with a clock made by hand, and what it
 * reports.
 */
#include <errno.h>

#include "common/base.h"
#include "daemon/tune/routes.h"
#include "tests/unit/fake_routes.h"
#include "tests/unit/harness.h"

#define REPORTS_MAX 600

typedef struct Reported {
	RouteEvent event;
	Address destination;
	char old_metrics[ROUTE_METRICS_TEXT], new_metrics[ROUTE_METRICS_TEXT];
	char reason[ROUTE_REASON_MAX];
	uint64_t change_id;
	uint32_t ids;
	int error;
} Reported;

static FakeRoutes fib;
static Routes *routes;
static Reported reports[REPORTS_MAX];
static size_t n_reports;
static uint64_t now_ns, tick_ns;
static char reason[ROUTE_REASON_MAX];

/* Each look at the clock takes tick_ns. */
static uint64_t fake_now(void *context)
{
	(void)context;
	now_ns += tick_ns;
	return now_ns;
}

static void on_report(const RouteReport *report, void *context)
{
	Reported *reported = &reports[n_reports++];

	(void)context;
	ck_assert_uint_le(n_reports, REPORTS_MAX);
	*reported = (Reported){.event = report->event,
			       .destination = report->destination,
			       .change_id = report->change_id,
			       .ids = report->ids,
			       .error = report->error};
	(void)snprintf(reported->old_metrics, sizeof(reported->old_metrics), "%s",
		       report->old_metrics);
	(void)snprintf(reported->new_metrics, sizeof(reported->new_metrics), "%s",
		       report->new_metrics);
	(void)snprintf(reported->reason, sizeof(reported->reason), "%s", report->reason);
}

static RoutesParams fixture_params(void)
{
	return (RoutesParams){.ops = fake_routes_ops(&fib),
			      .clock = {.monotonic_ns = fake_now, .realtime_ns = fake_now},
			      .report = on_report};
}

static void set_up(void)
{
	RoutesParams params;

	fake_routes_init(&fib);
	params = fixture_params();
	n_reports = 0;
	now_ns = 1000 * NSEC_PER_SEC;
	tick_ns = 0;
	ck_assert_int_eq(routes_new(&params, &routes), 0);
	ck_assert_uint_eq(n_reports, 0);
}

__attribute__((unused)) static void tear_down(void)
{
	routes_free(routes);
}

__attribute__((unused)) static Address address(const char *text)
{
	Address parsed;

	ck_assert_int_eq(address_parse(text, &parsed), 0);
	return parsed;
}

static TunableChange change_of(TunableId id, const char *text)
{
	TunableChange change = {.id = id, .value = tunable_unset(id)};

	if (text)
		ck_assert_int_eq(tunable_parse(&tunables[id], text, &change.value), 0);
	return change;
}

/* NULL: unset. */
__attribute__((unused)) static int apply(const char *destination, TunableId id, const char *text)
{
	Address parsed = address(destination);
	TunableChange change = change_of(id, text);

	reason[0] = '\0';
	return routes_apply(routes, &parsed, &change, 1, 7, reason, sizeof(reason));
}

__attribute__((unused)) static int restore(const char *destination, TunableId id)
{
	Address parsed = address(destination);

	return routes_restore(routes, &parsed, &id, 1);
}

__attribute__((unused)) static RouteFacts facts_of(const char *destination)
{
	Address parsed = address(destination);
	RouteFacts facts;

	ck_assert_int_eq(routes_facts(routes, &parsed, &facts), 0);
	return facts;
}

__attribute__((unused)) static void assert_reported(RouteEvent event, const char *text)
{
	ck_assert_uint_gt(n_reports, 0);
	ck_assert_int_eq(reports[n_reports - 1].event, event);
	if (text)
		ck_assert_msg(strstr(reports[n_reports - 1].reason, text), "%s",
			      reports[n_reports - 1].reason);
}

/* The next call; `acts`: it is done all the same. */
__attribute__((unused)) static void break_next(FakeRouteOp op, int error, bool acts)
{
	fib.faults[op].failures = 1;
	fib.faults[op].after = 0;
	fib.faults[op].error = error;
	fib.faults[op].acts = acts;
}

#define WANTED              "198.51.100.20"
#define OWN_OF(destination) fake_routes_find(&fib, destination, ROUTE_PROTOCOL)
