/* SPDX-License-Identifier: MIT */
/*
 * A reply holds a hundred endpoints at most, so that the daemon's answers stay small.
 */
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/endpoint.h"
#include "common/interface.h"

#define PAGES_MAX 64

/* Appends one page to `all`; *ret_more: there is another. */
static int fetch_page(Client *client, Json *all, bool *ret_more)
{
	_cleanup_json_ Json *reply = NULL;
	Json *parameters = json_new_object();
	const Json *page;
	int r;

	json_set_uint(parameters, "offset", json_length(all));
	r = client_call(client, INTERFACE_LIST_ENDPOINTS, parameters, &reply);
	if (r != CLI_OK)
		return r;
	page = json_get(reply, "endpoints");
	for (size_t i = 0; i < json_length(page); i++)
		json_append(all, json_reference(json_at(page, i)));
	*ret_more = json_length(page) > 0 &&
		    json_int(json_get(reply, "total"), 0) > (int64_t)json_length(all);
	return CLI_OK;
}

int endpoint_fetch_all(Client *client, Json **ret_endpoints)
{
	_cleanup_json_ Json *all = json_new_array();
	bool more = true;
	int r = CLI_OK;

	for (unsigned i = 0; r == CLI_OK && more && i < PAGES_MAX; i++)
		r = fetch_page(client, all, &more);
	if (r == CLI_OK)
		*ret_endpoints = json_reference(all);
	return r;
}
