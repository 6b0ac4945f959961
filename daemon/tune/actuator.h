/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What carries out a change, whatever it is a change of: the sysctls of the host (registry.h), the
 * metrics of a destination's route (routes.h), or a third kind to come. Each has the same verbs; a
 * list of them splits what it is given by kind, and keeps the promise of each for the whole: all or
 * nothing.
 */
#include "daemon/tune/registry.h"
#include "daemon/tune/routes.h"

#define ACTUATORS_MAX 4
/* A change of several kinds, or of several destinations, has no more parts than that. */
#define ACTUATOR_CHANGES_MAX _TUNABLES

typedef struct ActuatorChange {
	TunableId id;
	TunableValue value;
	Address path; /* of the destination; family 0: the host */
} ActuatorChange;

enum { ACTUATOR_REFUSED = 1 /* REGISTRY_REFUSED, ROUTES_REFUSED: nothing was touched */ };

/* `path` is the one of all changes of a call. Outcomes as those of registry_apply(). */
typedef struct Actuator {
	const char *name; /* "sysctl", "route" */
	bool (*takes)(TunableId id);
	int (*apply)(void *context, const Address *path, const TunableChange *changes, size_t n,
		     uint64_t change_id, char *reason, size_t reason_size);
	int (*restore)(void *context, const Address *path, const TunableId *ids, size_t n);
	/* What is there now as far as we know, and what restore() would put there. False: it is not
	 * known. */
	bool (*values)(void *context, const Address *path, TunableId id, TunableValue *ret_current,
		       TunableValue *ret_original);
	int (*restore_all)(void *context);
	int (*keep_all)(void *context);
	/* Looks for what others did; negative errno if it could not look. */
	int (*verify)(void *context);
} Actuator;

extern const Actuator actuator_sysctl; /* context: Registry */
extern const Actuator actuator_route;  /* context: Routes */

typedef struct Actuators {
	struct {
		const Actuator *actuator;
		void *context;
	} items[ACTUATORS_MAX];
	size_t n;
} Actuators;

/* Those added last are the first to be taken down. */
void actuators_add(Actuators *actuators, const Actuator *actuator, void *context);
/* All or none, over all kinds and destinations: what went before is undone when a later one fails.
 * -EOPNOTSUPP: nobody takes one of them. */
int actuators_apply(const Actuators *actuators, const ActuatorChange *changes, size_t n,
		    uint64_t change_id, char *reason, size_t reason_size);
/* Goes back to earlier values, each as far as it can: one that equals the original ends our
 * ownership, another is written. The worst outcome of all. */
int actuators_go_back(const Actuators *actuators, const ActuatorChange *changes, size_t n,
		      uint64_t change_id, char *reason, size_t reason_size);
int actuators_restore_all(const Actuators *actuators);
int actuators_keep_all(const Actuators *actuators);
int actuators_verify(const Actuators *actuators);
