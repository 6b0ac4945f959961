/* SPDX-License-Identifier: MIT */
#include "cli/report.h"

#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/endpoint_fetch.h"
#include "common/clock.h"
#include "common/interface.h"

void report_data_clear(ReportData *data)
{
	json_free(data->status);
	json_free(data->endpoints);
	json_free(data->changes);
	json_free(data->history);
	json_free(data->audit);
	*data = (ReportData){.status = NULL};
}

/* The array of that name in a reply, as one of its own. */
static Json *take(const Json *reply, const char *key)
{
	Json *array = json_get(reply, key);

	return array ? json_reference(array) : json_new_array();
}

static int gather_endpoints(Client *client, ReportData *data)
{
	_cleanup_json_ Json *reply = NULL;
	int r = endpoint_fetch_all(client, &reply);

	if (r == CLI_OK)
		data->endpoints = take(reply, "endpoints");
	return r;
}

static int gather_changes(Client *client, ReportData *data)
{
	_cleanup_json_ Json *reply = NULL;
	int r = client_call(client, INTERFACE_LIST_CHANGES, NULL, &reply);

	if (r == CLI_OK)
		data->changes = take(reply, "changes");
	return r;
}

static int gather_history(const Settings *settings, Client *client, ReportData *data)
{
	Json *parameters = json_new_object();

	json_set_uint(parameters, "limit", REPORT_CHARTS_MAX);
	if (settings->span_ns > 0)
		json_set_uint(parameters, "spanUsec", settings->span_ns / NSEC_PER_USEC);
	return client_call(client, INTERFACE_GET_HISTORY, parameters, &data->history);
}

int report_gather(const Settings *settings, ReportData *ret_data)
{
	_cleanup_client_ Client client = CLIENT_NULL;
	int r = client_open(settings, &client);

	*ret_data = (ReportData){.now_s = (int64_t)time(NULL)};
	if (gethostname(ret_data->host, sizeof(ret_data->host) - 1) < 0)
		(void)text_copy(ret_data->host, sizeof(ret_data->host), "this host");
	if (r == CLI_OK)
		r = client_call(&client, INTERFACE_GET_STATUS, NULL, &ret_data->status);
	if (r == CLI_OK)
		r = gather_endpoints(&client, ret_data);
	if (r == CLI_OK)
		r = gather_changes(&client, ret_data);
	if (r == CLI_OK)
		r = gather_history(settings, &client, ret_data);
	return r;
}
