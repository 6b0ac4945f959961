/* SPDX-License-Identifier: MIT */
/*
 * What was proven, for those who want to set it by other means: on the next host, or after netopt.
 */
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/export.h"
#include "cli/reply.h"
#include "cli/verbs.h"
#include "common/interface.h"

typedef struct Replies {
	Json *status, *changes, *routes;
} Replies;

static void replies_clear(Replies *replies)
{
	json_free(replies->status);
	json_free(replies->changes);
	json_free(replies->routes);
}

static int fetch(const Settings *settings, Replies *replies)
{
	_cleanup_client_ Client client = CLIENT_NULL;
	Json *parameters;
	int r = client_open(settings, &client);

	if (r == CLI_OK)
		r = client_call(&client, INTERFACE_GET_STATUS, NULL, &replies->status);
	if (r == CLI_OK)
		r = client_call(&client, INTERFACE_LIST_CHANGES, NULL, &replies->changes);
	if (r != CLI_OK)
		return r;
	parameters = json_new_object();
	json_set_uint(parameters, "limit", 1000); /* all the daemon tells of */
	return client_call(&client, INTERFACE_LIST_ROUTES, parameters, &replies->routes);
}

static int print_json(const Settings *settings, const ExportFormat *format, const char *content)
{
	_cleanup_json_ Json *json = json_new_object();

	json_set_string(json, "format", format->name);
	json_set_string(json, "content", content);
	return output_json(settings, json);
}

int verb_export(const Settings *settings, char *const arguments[], size_t n)
{
	const ExportFormat *format = export_find(settings->export_as);
	_cleanup_(replies_clear) Replies replies = {.status = NULL};
	_cleanup_(text_clear) Text text = {.data = NULL};
	Export export;
	int r;

	(void)arguments;
	(void)n;
	if (!format)
		return output_error(settings, CLI_USAGE, "org.netopt.Client.Usage",
				    "there is no format %s; there is: " EXPORT_FORMATS,
				    settings->export_as);
	r = fetch(settings, &replies);
	if (r != CLI_OK)
		return r;
	export = (Export){.changes = json_get(replies.changes, "changes"),
			  .routes = json_get(replies.routes, "routes"),
			  .version = reply_word(replies.status, "version")};
	format->append(&export, &text);
	return settings->format == FORMAT_TEXT ? output_raw(&text)
					       : print_json(settings, format, text_string(&text));
}
