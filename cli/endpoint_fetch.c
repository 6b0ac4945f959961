/* SPDX-License-Identifier: MIT */
#include "cli/endpoint_fetch.h"

#include "cli/cli.h"
#include "common/interface.h"

/* Pages of the daemon's own size. The most it can have is 1024 and what it discovered. */
#define PAGES_MAX 64

static void move_page(Json *all, const Json *page)
{
	for (size_t i = 0; i < json_length(page); i++)
		json_append(all, json_reference(json_at(page, i)));
}

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
	move_page(all, page);
	*ret_more = json_length(page) > 0 &&
		    json_int(json_get(reply, "total"), 0) > (int64_t)json_length(all);
	return CLI_OK;
}

static Json *reply_of(Json *all)
{
	Json *reply = json_new_object();

	json_set_uint(reply, "total", json_length(all));
	json_set(reply, "endpoints", json_reference(all));
	return reply;
}

int endpoint_fetch_all(Client *client, Json **ret_reply)
{
	_cleanup_json_ Json *all = json_new_array();
	bool more = true;
	int r = CLI_OK;

	for (unsigned i = 0; r == CLI_OK && more && i < PAGES_MAX; i++)
		r = fetch_page(client, all, &more);
	if (r == CLI_OK)
		*ret_reply = reply_of(all);
	return r;
}

int endpoint_fetch_one(Client *client, const char *name, Json **ret_reply)
{
	Json *parameters = json_new_object();

	json_set_string(parameters, "name", name);
	return client_call(client, INTERFACE_LIST_ENDPOINTS, parameters, ret_reply);
}

int endpoint_fetch_chosen(Client *client, Json **ret_reply)
{
	const Settings *settings = client->settings;
	_cleanup_json_ Json *all = NULL;

	if (settings->n_endpoints == 0)
		return endpoint_fetch_all(client, ret_reply);
	all = json_new_array();
	for (size_t i = 0; i < settings->n_endpoints; i++) {
		_cleanup_json_ Json *one = NULL;
		int r = endpoint_fetch_one(client, settings->endpoints[i], &one);

		if (r != CLI_OK)
			return r;
		move_page(all, json_get(one, "endpoints"));
	}
	*ret_reply = reply_of(all);
	return CLI_OK;
}
