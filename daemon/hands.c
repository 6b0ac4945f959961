/* SPDX-License-Identifier: MIT */
/*
 * A change in the network is looked at in the same turn of the loop in which the kernel says it;
 * what the table of routes puts off, because looking has its price, is looked at by a timer.
 *
 * OnStop=keep leaves the routes behind when the daemon stops. As nothing but their number says
 * whose they are, and whatever runs next removes all of that number, a file beside the journal
 * tells `netoptd --recover`, which the service manager runs after each stop, that they were left on
 * purpose. The next start proper removes them and it.
 */
#include "daemon/hands.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/text.h"
#include "daemon/model/lessons.h"

#define KEPT_FILE "routes.kept"

struct Hands {
	HandsParams params;
	RouteKernel *kernel;
	Routes *routes; /* NULL: there is no rtnetlink */
	Actuators actuators;
	LoopTimer *timer;
	HandsLost lost[ROUTES_MAX];
	size_t n_lost;
	ControlRoute shown[ROUTES_MAX];
};

static void note_lost(Hands *hands, const RouteReport *report)
{
	HandsLost *lost;

	for (size_t i = 0; i < hands->n_lost; i++)
		if (address_equal(&hands->lost[i].destination, &report->destination))
			return;
	if (hands->n_lost == ROUTES_MAX)
		return; /* more than there can be routes: it was told before */
	lost = &hands->lost[hands->n_lost++];
	lost->destination = report->destination;
	(void)text_copy(lost->reason, sizeof(lost->reason), report->reason);
	if (hands->params.lost)
		hands->params.lost(hands->params.context);
}

static void on_report(const RouteReport *report, void *context)
{
	Hands *hands = context;

	if (hands->params.report)
		hands->params.report(report, hands->params.context);
	if (report->event == ROUTE_FOREIGN || report->event == ROUTE_DROPPED ||
	    (report->event == ROUTE_FAILED && text_equal(report->new_metrics, "none")))
		note_lost(hands, report);
}

bool hands_take_lost(Hands *hands, HandsLost *ret_lost)
{
	if (hands->n_lost == 0)
		return false;
	*ret_lost = hands->lost[--hands->n_lost];
	return true;
}

static void look(Hands *hands, int changes)
{
	uint64_t next_ns = routes_event(hands->routes, changes);

	/* If it cannot be set, the next cycle sees what there is to see. */
	if (next_ns > 0 && hands->timer)
		(void)loop_timer_set(hands->timer, next_ns);
}

static void on_timer(void *context)
{
	look(context, 0);
}

void hands_changed(Hands *hands, int changes)
{
	if (hands->routes && changes != 0)
		look(hands, changes);
}

static bool were_kept(const Hands *hands)
{
	int fd = hands->params.state_directory_fd;

	return fd >= 0 && faccessat(fd, KEPT_FILE, F_OK, 0) == 0;
}

static int build_routes(Hands *hands)
{
	RoutesParams params = {.clock = hands->params.clock,
			       .dry_run = hands->params.dry_run ||
					  hands->params.state_directory_fd < 0 ||
					  (hands->params.recover && were_kept(hands)),
			       .report = on_report,
			       .context = hands};
	int r = route_kernel_new(&hands->kernel);

	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		log_warning("no routes can be set, as there is no rtnetlink: %s", strerror(-r));
		return 0;
	}
	params.ops = route_kernel_ops(hands->kernel);
	r = routes_new(&params, &hands->routes);
	if (r < 0)
		return r;
	if (!params.dry_run && !hands->params.recover)
		(void)unlinkat(hands->params.state_directory_fd, KEPT_FILE, 0); /* if any */
	actuators_add(&hands->actuators, &actuator_route, hands->routes);
	return 0;
}

int hands_new(const HandsParams *params, Hands **ret_hands)
{
	Hands *hands = calloc(1, sizeof(*hands));
	int r;

	if (!hands)
		return -ENOMEM;
	hands->params = *params;
	actuators_add(&hands->actuators, &actuator_sysctl, params->registry);
	r = build_routes(hands);
	if (r >= 0 && params->loop)
		r = loop_timer_new(params->loop, on_timer, hands, &hands->timer);
	if (r < 0) {
		hands_free(hands);
		return r;
	}
	*ret_hands = hands;
	return 0;
}

void hands_free(Hands *hands)
{
	if (!hands)
		return;
	loop_timer_free(hands->timer);
	routes_free(hands->routes);
	route_kernel_free(hands->kernel);
	free(hands);
}

bool hands_are_clean(const Hands *hands)
{
	return !hands->routes || routes_are_clean(hands->routes);
}

Routes *hands_routes(Hands *hands)
{
	return hands->routes;
}

/* 0: of more than one. */
static uint64_t change_of(const RouteState *state)
{
	uint64_t change_id = 0;

	for (size_t i = 0; i < ROUTE_TUNABLES; i++) {
		if (state->change_ids[i] == 0 || state->change_ids[i] == change_id)
			continue;
		if (change_id != 0)
			return 0;
		change_id = state->change_ids[i];
	}
	return change_id;
}

static int by_destination(const void *a, const void *b)
{
	const ControlRoute *left = a, *right = b;

	return memcmp(&left->destination, &right->destination, sizeof(left->destination));
}

const ControlRoute *hands_view(Hands *hands, size_t *ret_n)
{
	size_t n = hands->routes ? routes_count(hands->routes) : 0;

	_Static_assert(sizeof(hands->shown[0].metrics) >= ROUTE_METRICS_TEXT, "fits");
	_Static_assert(sizeof(hands->shown[0].route) >= ROUTE_WAY_TEXT, "fits");
	for (size_t i = 0; i < n; i++) {
		const RouteState *state = routes_at(hands->routes, i);
		ControlRoute *route = &hands->shown[i];

		route->destination = state->own.destination;
		(void)routes_format_metrics(&state->own.metrics, route->metrics);
		(void)routes_format_way(&state->own.covering, state->link_name, route->route);
		route->change_id = change_of(state);
		route->since_ns = state->since_ns;
	}
	qsort(hands->shown, n, sizeof(hands->shown[0]), by_destination);
	*ret_n = n;
	return hands->shown;
}

static void convert(const EngineAction *action, ActuatorChange *changes)
{
	for (size_t i = 0; i < action->n_changes; i++)
		changes[i] = (ActuatorChange){action->changes[i].id, action->changes[i].value,
					      tunable_is_route(action->changes[i].id)
						      ? action->changes[i].path
						      : (Address){0}};
}

/* For our own probes only. A metric of the host is none that a mark could make a difference for. */
static int shadow(Hands *hands, const ActuatorChange *changes, size_t n, char *reason, size_t size)
{
	RouteMetrics metrics = {0};

	if (!hands->routes || n == 0)
		return -EOPNOTSUPP;
	for (size_t i = 0; i < n; i++) {
		if (!tunable_is_route(changes[i].id) ||
		    !address_equal(&changes[i].path, &changes[0].path))
			return -EOPNOTSUPP;
		routes_set_value(&metrics, changes[i].id, &changes[i].value);
	}
	return routes_shadow_set(hands->routes, &changes[0].path, &metrics, reason, size);
}

int hands_perform(Hands *hands, const EngineAction *action, char *reason, size_t reason_size)
{
	ActuatorChange changes[_TUNABLES];

	convert(action, changes);
	switch (action->kind) {
	case ENGINE_NOTHING:
		return 0;
	case ENGINE_APPLY:
		return actuators_apply(&hands->actuators, changes, action->n_changes,
				       action->change_id, reason, reason_size);
	case ENGINE_RESTORE:
		return actuators_go_back(&hands->actuators, changes, action->n_changes,
					 action->change_id, reason, reason_size);
	case ENGINE_SHADOW:
		return shadow(hands, changes, action->n_changes, reason, reason_size);
	}
	return -EOPNOTSUPP;
}

int hands_restore_all(Hands *hands)
{
	return actuators_restore_all(&hands->actuators);
}

int hands_keep_all(Hands *hands)
{
	int fd = -1;

	if (hands->routes && routes_count(hands->routes) > 0)
		fd = openat(hands->params.state_directory_fd, KEPT_FILE,
			    O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		(void)close(fd); /* it is empty */
	return actuators_keep_all(&hands->actuators);
}

int hands_verify(Hands *hands)
{
	return actuators_verify(&hands->actuators);
}

bool hands_route(const void *hands, const Address *destination, PolicyRoute *ret_route)
{
	const Hands *self = hands;
	PolicyRoute route = {0};
	RouteFacts facts;

	if (!self->routes || routes_facts(self->routes, destination, &facts) < 0)
		return false;
	route.eligible = facts.eligible;
	(void)text_copy(route.reason, sizeof(route.reason), facts.reason); /* cut, if need be */
	route.link_index = facts.link_index;
	route.fingerprint = lessons_route(&facts.gateway, facts.link_name, facts.link_index);
	for (TunableId id = _TUNABLE_SYSCTLS; id < _TUNABLES; id++)
		route.metrics[id - _TUNABLE_SYSCTLS] = routes_value(&facts.metrics, id);
	*ret_route = route;
	return true;
}
