/* SPDX-License-Identifier: MIT */
/*
 * The list of actuators and the adapters of both kinds.
 *
 * A change of several parts is carried out part by part, a part being what one actuator does for
 * one destination in one transaction. When one fails, those before it go back to what they had
 * before, the last first.
 */
#include "daemon/tune/actuator.h"

#include <errno.h>

#include "common/base.h"
#include "common/text.h"

static int worse(int a, int b)
{
	if (a < 0 || b < 0)
		return a < 0 ? a : b;
	return MAX(a, b);
}

/* --- sysctls --- */

static bool sysctl_takes(TunableId id)
{
	return (unsigned)id < _TUNABLE_SYSCTLS;
}

static int sysctl_apply(void *context, const Address *path, const TunableChange *changes, size_t n,
			uint64_t change_id, char *reason, size_t reason_size)
{
	(void)path; /* they are the host's */
	return registry_apply(context, changes, n, change_id, reason, reason_size);
}

static int sysctl_restore(void *context, const Address *path, const TunableId *ids, size_t n)
{
	(void)path;
	return registry_restore(context, ids, n);
}

static bool sysctl_values(void *context, const Address *path, TunableId id,
			  TunableValue *ret_current, TunableValue *ret_original)
{
	const TunableState *state = registry_get(context, id);

	(void)path;
	*ret_current = state->current;
	*ret_original = state->original;
	return state->present;
}

static int sysctl_restore_all(void *context)
{
	return registry_restore_all(context);
}

static int sysctl_keep_all(void *context)
{
	return registry_keep_all(context);
}

static int sysctl_verify(void *context)
{
	return MIN(registry_refresh(context), 0);
}

const Actuator actuator_sysctl = {
	.name = "sysctl",
	.takes = sysctl_takes,
	.apply = sysctl_apply,
	.restore = sysctl_restore,
	.values = sysctl_values,
	.restore_all = sysctl_restore_all,
	.keep_all = sysctl_keep_all,
	.verify = sysctl_verify,
};

/* --- route metrics --- */

static int route_apply(void *context, const Address *path, const TunableChange *changes, size_t n,
		       uint64_t change_id, char *reason, size_t reason_size)
{
	return routes_apply(context, path, changes, n, change_id, reason, reason_size);
}

static int route_restore(void *context, const Address *path, const TunableId *ids, size_t n)
{
	return routes_restore(context, path, ids, n);
}

static bool route_values(void *context, const Address *path, TunableId id,
			 TunableValue *ret_current, TunableValue *ret_original)
{
	const RouteState *state = routes_get(context, path);

	*ret_original = tunable_unset(id);
	*ret_current = state ? routes_value(&state->own.metrics, id) : *ret_original;
	return true;
}

static int route_restore_all(void *context)
{
	return routes_restore_all(context);
}

static int route_keep_all(void *context)
{
	return routes_keep_all(context);
}

static int route_verify(void *context)
{
	routes_verify(context);
	return 0;
}

const Actuator actuator_route = {
	.name = "route",
	.takes = tunable_is_route,
	.apply = route_apply,
	.restore = route_restore,
	.values = route_values,
	.restore_all = route_restore_all,
	.keep_all = route_keep_all,
	.verify = route_verify,
};

/* --- the list --- */

void actuators_add(Actuators *actuators, const Actuator *actuator, void *context)
{
	assert(actuators->n < ACTUATORS_MAX);
	actuators->items[actuators->n].actuator = actuator;
	actuators->items[actuators->n++].context = context;
}

/* What one actuator does for one destination. */
typedef struct Part {
	const Actuator *actuator;
	void *context;
	Address path;
	TunableChange changes[ACTUATOR_CHANGES_MAX];
	TunableChange before[ACTUATOR_CHANGES_MAX];
	bool was_original[ACTUATOR_CHANGES_MAX];
	size_t n;
} Part;

static size_t find_actuator(const Actuators *actuators, TunableId id)
{
	size_t i = 0;

	while (i < actuators->n && !actuators->items[i].actuator->takes(id))
		i++;
	return i;
}

static void part_add(Part *part, const ActuatorChange *change)
{
	TunableValue current, original;
	bool known =
		part->actuator->values(part->context, &part->path, change->id, &current, &original);

	part->changes[part->n] = (TunableChange){change->id, change->value};
	if (known) {
		part->before[part->n] = (TunableChange){change->id, current};
		part->was_original[part->n] = tunable_equal(&current, &original);
	} else {
		part->before[part->n] = part->changes[part->n];
		part->was_original[part->n] = true;
	}
	part->n++;
}

/* Takes out of `changes` those that belong to the same part as the first that is not done. False:
 * all are done. */
static bool next_part(const Actuators *actuators, const ActuatorChange *changes, size_t n,
		      bool *done, Part *part)
{
	size_t first = 0, which;

	while (first < n && done[first])
		first++;
	if (first == n)
		return false;
	which = find_actuator(actuators, changes[first].id);
	part->actuator = actuators->items[which].actuator;
	part->context = actuators->items[which].context;
	part->path = changes[first].path;
	part->n = 0;
	for (size_t i = first; i < n; i++) {
		if (done[i] || find_actuator(actuators, changes[i].id) != which ||
		    !address_equal(&changes[i].path, &part->path))
			continue;
		part_add(part, &changes[i]);
		done[i] = true;
	}
	return true;
}

static int check_changes(const Actuators *actuators, const ActuatorChange *changes, size_t n,
			 char *reason, size_t reason_size)
{
	if (n > ACTUATOR_CHANGES_MAX)
		return -E2BIG;
	for (size_t i = 0; i < n; i++) {
		if ((unsigned)changes[i].id >= _TUNABLES)
			return -EINVAL;
		if (find_actuator(actuators, changes[i].id) < actuators->n)
			continue;
		if (reason)
			(void)text_format(reason, reason_size, "%s cannot be changed here",
					  tunables[changes[i].id].key);
		return -EOPNOTSUPP;
	}
	return 0;
}

static void undo(const Part *part, uint64_t change_id)
{
	for (size_t i = part->n; i-- > 0;) {
		/* What fails is reported by who does it. */
		if (part->was_original[i])
			(void)part->actuator->restore(part->context, &part->path,
						      &part->before[i].id, 1);
		else
			(void)part->actuator->apply(part->context, &part->path, &part->before[i], 1,
						    change_id, NULL, 0);
	}
}

int actuators_apply(const Actuators *actuators, const ActuatorChange *changes, size_t n,
		    uint64_t change_id, char *reason, size_t reason_size)
{
	_cleanup_free_ Part *parts = NULL;
	bool done[ACTUATOR_CHANGES_MAX] = {false};
	size_t n_parts = 0;
	int r = check_changes(actuators, changes, n, reason, reason_size);

	if (r < 0 || n == 0)
		return r;
	parts = calloc(n, sizeof(*parts));
	if (!parts)
		return -ENOMEM;
	while (r == 0 && next_part(actuators, changes, n, done, &parts[n_parts])) {
		Part *part = &parts[n_parts++];

		r = part->actuator->apply(part->context, &part->path, part->changes, part->n,
					  change_id, reason, reason_size);
	}
	if (r != 0)
		for (size_t i = n_parts - 1; i-- > 0;)
			undo(&parts[i], change_id);
	return r;
}

static int go_back_one(const Actuators *actuators, const ActuatorChange *change, uint64_t change_id,
		       char *reason, size_t reason_size)
{
	size_t which = find_actuator(actuators, change->id);
	const Actuator *actuator = actuators->items[which].actuator;
	void *context = actuators->items[which].context;
	TunableChange back = {change->id, change->value};
	TunableValue current, original;

	if (!actuator->values(context, &change->path, change->id, &current, &original) ||
	    tunable_equal(&change->value, &original))
		return actuator->restore(context, &change->path, &change->id, 1);
	return actuator->apply(context, &change->path, &back, 1, change_id, reason, reason_size);
}

int actuators_go_back(const Actuators *actuators, const ActuatorChange *changes, size_t n,
		      uint64_t change_id, char *reason, size_t reason_size)
{
	int result = check_changes(actuators, changes, n, reason, reason_size);

	if (result < 0)
		return result;
	for (size_t i = 0; i < n; i++)
		result = worse(result,
			       go_back_one(actuators, &changes[i], change_id, reason, reason_size));
	return result;
}

typedef int (*Verb)(void *context);

/* Each is asked, whatever the one before says. */
static int each(const Actuators *actuators, Verb (*verb_of)(const Actuator *actuator))
{
	int result = 0;

	for (size_t i = actuators->n; i-- > 0;)
		result = worse(result,
			       verb_of(actuators->items[i].actuator)(actuators->items[i].context));
	return result;
}

static Verb restore_all_of(const Actuator *actuator)
{
	return actuator->restore_all;
}

static Verb keep_all_of(const Actuator *actuator)
{
	return actuator->keep_all;
}

static Verb verify_of(const Actuator *actuator)
{
	return actuator->verify;
}

int actuators_restore_all(const Actuators *actuators)
{
	return each(actuators, restore_all_of);
}

int actuators_keep_all(const Actuators *actuators)
{
	return each(actuators, keep_all_of);
}

int actuators_verify(const Actuators *actuators)
{
	return each(actuators, verify_of);
}
