/* SPDX-License-Identifier: MIT */
#include "daemon/serve/lists.h"

#include "common/base.h"
#include "common/interface.h"
#include "daemon/model/kernel_default.h"
#include "daemon/serve/views.h"

size_t list_limit(const ArgumentValue *limit, size_t otherwise)
{
	return limit->given ? (size_t)limit->integer : otherwise;
}

/* The part [*begin, *end) of n that `offset` and `limit` ask for. */
static void clip(size_t n, size_t offset, size_t limit, size_t *begin, size_t *end)
{
	*begin = MIN(offset, n);
	*end = *begin + MIN(limit, n - *begin);
}

static void add_endpoint(const ControlView *view, size_t i, Json *endpoints)
{
	json_append(endpoints,
		    view_endpoint(view->endpoints[i], view->syn_linear_timeouts, view->now_ns));
}

static void list_one_endpoint(Call *call, const ControlView *view, const char *name)
{
	for (size_t i = 0; i < view->n_endpoints; i++) {
		Json *endpoints;

		if (!text_equal(view->endpoints[i]->name, name))
			continue;
		endpoints = json_new_array();
		add_endpoint(view, i, endpoints);
		json_set(call->parameters, "endpoints", endpoints);
		json_set_uint(call->parameters, "total", view->n_endpoints);
		return;
	}
	call_fail(call, INTERFACE_ERROR_NO_SUCH_ENDPOINT, "name", name);
}

void list_endpoints(Call *call)
{
	const ArgumentValue *name = &call->arguments[0], *offset = &call->arguments[1];
	size_t limit = list_limit(&call->arguments[2], LIST_ENDPOINTS_DEFAULT), begin, end;
	ControlView view = call_view(call);
	Json *endpoints;

	if (name->given) {
		list_one_endpoint(call, &view, name->string);
		return;
	}
	clip(view.n_endpoints, list_limit(offset, 0), limit, &begin, &end);
	endpoints = json_new_array();
	for (size_t i = begin; i < end; i++)
		add_endpoint(&view, i, endpoints);
	json_set(call->parameters, "endpoints", endpoints);
	json_set_uint(call->parameters, "total", view.n_endpoints);
}

void list_paths(Call *call)
{
	const Path *top[LIST_MAX];
	ControlView view = call_view(call);
	size_t n = path_table_top(view.paths, top,
				  list_limit(&call->arguments[0], LIST_PATHS_DEFAULT));
	Json *paths = json_new_array();

	for (size_t i = 0; i < n; i++)
		json_append(paths, view_path(top[i], view.now_ns));
	json_set(call->parameters, "paths", paths);
	json_set_uint(call->parameters, "total", path_table_count(view.paths));
	json_set_uint(call->parameters, "evicted", path_table_paths_evicted(view.paths));
}

void list_links(Call *call)
{
	ControlView view = call_view(call);
	size_t n = MIN(view.n_links, list_limit(&call->arguments[0], LIST_LINKS_DEFAULT));
	Json *links = json_new_array(), *gateways = json_new_array();

	for (size_t i = 0; i < n; i++)
		json_append(links, view_link(&view.links[i]));
	for (size_t i = 0; i < view.n_gateways; i++)
		json_append(gateways, view_gateway(&view.gateways[i]));
	json_set(call->parameters, "links", links);
	json_set_uint(call->parameters, "total", view.n_links);
	json_set(call->parameters, "gateways", gateways);
}

void list_counters(Call *call)
{
	ControlView view = call_view(call);

	json_set(call->parameters, "counters", view_counters(view.counters));
	json_set(call->parameters, "sockets", view_sockets(view.sockets));
}

void list_namespaces(Call *call)
{
	ControlView view = call_view(call);
	size_t n = MIN(view.n_netns, list_limit(&call->arguments[0], LIST_NETNS_DEFAULT));
	Json *namespaces = json_new_array();

	for (size_t i = 0; i < n; i++)
		json_append(namespaces, view_netns(&view.netns[i], view.now_ns));
	json_set(call->parameters, "namespaces", namespaces);
	json_set_uint(call->parameters, "total", view.n_netns);
}

void list_tunables(Call *call)
{
	ControlView view = call_view(call);
	Json *array = json_new_array();

	for (TunableId id = 0; id < _TUNABLE_SYSCTLS; id++)
		json_append(array, view_tunable(id, registry_get(view.registry, id),
						view.administered ? view.administered[id] : NULL,
						kernel_default(id, view.identity->kernel,
							       view.memory_bytes),
						view.now_ns));
	json_set(call->parameters, "tunables", array);
}

void list_routes(Call *call)
{
	ControlView view = call_view(call);
	size_t n = MIN(view.n_routes, list_limit(&call->arguments[0], LIST_ROUTES_DEFAULT));
	Json *routes = json_new_array();

	for (size_t i = 0; i < n; i++)
		json_append(routes, view_route(&view.routes[i], view.now_ns));
	json_set(call->parameters, "routes", routes);
	json_set_uint(call->parameters, "total", view.n_routes);
}
