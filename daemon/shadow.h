/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Before a metric is tried on the connections of others, connections of our own meet it: marked
 * ones, which a shadow of the route table gives the candidate, in turn with others that go the
 * usual way. What keeps the marked ones from being made, and not the others, is never let loose.
 *
 * Only where an endpoint of ours lies, since netopt sends nothing to anybody else. One at a time.
 */
#include "daemon/hands.h"
#include "daemon/watch.h"

typedef struct Shadow Shadow;

typedef struct ShadowParams {
	Loop *loop;
	Clock clock;
	Hands *hands;
	const Watch *watch;
	Config *const *config; /* the one in force */
	/* harm: a sentence; NULL: none was seen. Never from inside of shadow_begin(). */
	void (*done)(void *context, uint64_t change_id, const char *harm);
	void *context;
} ShadowParams;

int shadow_new(const ShadowParams *params, Shadow **ret_shadow); /* -ENOMEM */
void shadow_free(Shadow *shadow); /* ends what is under way, without a word */
/* Whether there is an endpoint at this address that connections can be made to. */
bool shadow_is_possible(const Shadow *shadow, const Address *address);
/* For an action of kind ENGINE_SHADOW. Positive: refused, with the reason; -EBUSY: one is under
 * way; or negative errno. */
int shadow_begin(Shadow *shadow, const EngineAction *action, char *reason, size_t size);
