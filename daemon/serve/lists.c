/* SPDX-License-Identifier: MIT */
#include "daemon/serve/lists.h"

#include "common/base.h"
#include "common/interface.h"
#include "daemon/serve/views.h"

size_t list_limit(const ArgumentValue *limit, size_t otherwise)
{
	return limit->given ? (size_t)limit->integer : otherwise;
}

bool list_choose(Call *call, const ControlView *view, const ArgumentValue *name,
		 const ArgumentValue *offset, const ArgumentValue *limit, size_t *ret_begin,
		 size_t *ret_end)
{
	size_t n = view->n_endpoints, i = 0;

	if (!name->given) {
		*ret_begin = MIN(list_limit(offset, 0), n);
		*ret_end =
			*ret_begin + MIN(list_limit(limit, LIST_ENDPOINTS_DEFAULT), n - *ret_begin);
		return true;
	}
	while (i < n && !text_equal(view->endpoints[i]->name, name->string))
		i++;
	if (i == n) {
		call_fail(call, INTERFACE_ERROR_NO_SUCH_ENDPOINT, "name", name->string);
		return false;
	}
	*ret_begin = i;
	*ret_end = i + 1;
	return true;
}

void list_endpoints(Call *call)
{
	ControlView view = call_view(call);
	Json *endpoints;
	size_t begin, end;

	if (!list_choose(call, &view, &call->arguments[0], &call->arguments[1], &call->arguments[2],
			 &begin, &end))
		return;
	endpoints = json_new_array();
	for (size_t i = begin; i < end; i++)
		json_append(endpoints, view_endpoint(view.endpoints[i], view.syn_linear_timeouts,
						     view.now_ns));
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
