/* SPDX-License-Identifier: MIT */
/*
 * What the engine and the controllers see of the world in one step: the snapshot, in which each way
 * is looked up once, however many ask for it, and the busiest paths are sorted once. Nothing is
 * written in the middle of a step, so no answer grows old in it.
 */
#include "daemon/policy/engine_private.h"

static const PolicyRoute *looked_up(const Engine *engine, const Address *path)
{
	for (size_t i = 0; i < engine->n_ways; i++)
		if (address_equal(&engine->ways[i].path, path))
			return &engine->ways[i].route;
	return NULL;
}

/* As Snapshot.route. What could not be told is asked again. */
static bool look_up(const void *context, const Address *path, PolicyRoute *ret)
{
	/* It is ours, and only lent as a const. */
	Engine *engine = (Engine *)(uintptr_t)context;
	const PolicyRoute *known = looked_up(engine, path);

	if (known) {
		*ret = *known;
		return true;
	}
	if (!engine->original->route(engine->original->route_context, path, ret))
		return false;
	if (engine->n_ways < ENGINE_WAYS_MAX)
		engine->ways[engine->n_ways++] = (Way){*path, *ret};
	return true;
}

const Snapshot *engine_look(Engine *engine, const Snapshot *snapshot)
{
	engine->original = snapshot;
	engine->n_ways = 0;
	engine->view = *snapshot;
	if (snapshot->route) {
		engine->view.route = look_up;
		engine->view.route_context = engine;
	}
	engine->snapshot = &engine->view;
	return engine->snapshot;
}

void engine_look_away(Engine *engine)
{
	engine->snapshot = engine->original = NULL;
}

void engine_sort_paths(Engine *engine)
{
	engine->view.n_busiest =
		path_table_top(engine->view.paths, engine->busiest, CONTROLLER_PATHS);
	engine->view.busiest = engine->busiest;
}

void engine_stand_at(Engine *engine, const Snapshot *snapshot)
{
	engine->now_ns = snapshot->now_ns;
	engine->realtime_ns = snapshot->realtime_ns;
	(void)engine_look(engine, snapshot);
	engine_sort_paths(engine);
}

bool engine_route(const Engine *engine, const Address *path, PolicyRoute *ret)
{
	const Snapshot *snapshot = engine->snapshot;

	*ret = (PolicyRoute){0};
	return snapshot && snapshot->route && path->family != 0 &&
	       snapshot->route(snapshot->route_context, path, ret);
}
