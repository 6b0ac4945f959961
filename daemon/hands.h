/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What carries out the decisions of the engine: the actuators (sysctls, routes), of which it owns
 * those that are more than a registry, and the word of every change in the network, which it hands
 * to the table of our routes at once.
 *
 * Without rtnetlink there are no routes, and all else works.
 */
#include "daemon/policy/engine.h"
#include "daemon/run/loop.h"
#include "daemon/serve/control.h"
#include "daemon/tune/actuator.h"

typedef struct Hands Hands;

typedef struct HandsParams {
	Loop *loop; /* NULL: nothing happens by itself (--recover) */
	Clock clock;
	Registry *registry;
	int state_directory_fd; /* borrowed; -1: none, and no route is installed */
	bool dry_run;
	/* --recover: routes that OnStop=keep left stay, until the next start proper. */
	bool recover;
	void (*report)(const RouteReport *report, void *context);
	/* hands_take_lost() has something. May come from inside of any call but that. */
	void (*lost)(void *context);
	void *context;
} HandsParams;

/* Removes the routes of a dead instance first. Fails only for lack of memory. */
int hands_new(const HandsParams *params, Hands **ret_hands);
void hands_free(Hands *hands);
/* Whether nothing of a dead instance is left, as far as can be known. */
bool hands_are_clean(const Hands *hands);
/* What rtnl_read() said. */
void hands_changed(Hands *hands, int changes);

/* Outcomes as those of actuators_apply(); for ENGINE_SHADOW as those of routes_shadow_set(). */
int hands_perform(Hands *hands, const EngineAction *action, char *reason, size_t reason_size);
int hands_restore_all(Hands *hands);
int hands_keep_all(Hands *hands);
/* Looks for what others did. */
int hands_verify(Hands *hands);

/* As Snapshot.route; `hands` is a Hands. */
bool hands_route(const void *hands, const Address *destination, PolicyRoute *ret_route);
/* NULL: there is no rtnetlink. */
Routes *hands_routes(Hands *hands);
/* Our routes, by destination, for those who ask; valid until the next call. */
const ControlRoute *hands_view(Hands *hands, size_t *ret_n);

typedef struct HandsLost {
	Address destination;
	char reason[128];
} HandsLost;
/* The next destination whose metrics are no longer in force, though nobody here took them back.
 * False: none. */
bool hands_take_lost(Hands *hands, HandsLost *ret_lost);
