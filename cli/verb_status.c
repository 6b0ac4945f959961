/* SPDX-License-Identifier: MIT */
/*
 * One screen: is it well, what do the endpoints look like, what is tuned, what to type next. Parts
 * that do not fit are left out, the least important first; --full shows everything. With --json it
 * is the reply of GetStatus as it came.
 */
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/endpoint_fetch.h"
#include "cli/fold.h"
#include "cli/reply.h"
#include "cli/status.h"
#include "cli/verbs.h"
#include "common/interface.h"

#define PARTS_MAX       16
#define HEIGHT_DEFAULT  24 /* of a terminal, and where there is none */
#define ENDPOINTS_SHOWN 5  /* on that many lines; each further line shows one more */
#define ENDPOINTS_MAX   100

static void screen_clear(Screen *screen)
{
	json_free(screen->status);
	json_free(screen->endpoints);
	json_free(screen->tunables);
	json_free(screen->changes);
}

typedef struct Parts {
	Text texts[PARTS_MAX];
} Parts;

static void parts_clear(Parts *parts)
{
	for (size_t i = 0; i < PARTS_MAX; i++)
		text_clear(&parts->texts[i]);
}

static size_t count_lines(const Text *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->length; i++)
		n += text->data[i] == '\n';
	return n;
}

static void make_parts(const Screen *screen, Text *parts)
{
	const Settings *settings = screen->settings;

	for (size_t i = 0; i < n_status_parts; i++) {
		_cleanup_(text_clear) Text text = {.data = NULL};

		if (status_parts[i].full && !settings->full)
			continue;
		status_parts[i].append(screen, &text);
		if (status_parts[i].folded || settings->full)
			fold_lines(text_string(&text), settings->width, &parts[i]);
		else
			fold_clip(text_string(&text), settings->width, &parts[i]);
		parts[i].failed = parts[i].failed || text.failed;
	}
}

/* The part that is to be left out next; n_status_parts: none. */
static size_t least_important(const Text *parts)
{
	size_t least = n_status_parts;

	for (size_t i = 0; i < n_status_parts; i++)
		if (parts[i].length > 0 && status_parts[i].drop > 0 &&
		    (least == n_status_parts || status_parts[i].drop > status_parts[least].drop))
			least = i;
	return least;
}

static void drop_parts(Text *parts, size_t height)
{
	size_t lines = 0, i;

	for (i = 0; i < n_status_parts; i++)
		lines += count_lines(&parts[i]);
	while (lines >= height && (i = least_important(parts)) < n_status_parts) {
		lines -= count_lines(&parts[i]);
		text_clear(&parts[i]);
	}
}

static size_t screen_height(const Settings *settings)
{
	return settings->height > 0 ? settings->height : HEIGHT_DEFAULT;
}

static int show(const Screen *screen)
{
	_cleanup_(parts_clear) Parts parts = {.texts = {{.data = NULL}}};
	Text text = {.data = NULL};

	assert(n_status_parts <= PARTS_MAX);
	make_parts(screen, parts.texts);
	if (!screen->settings->full)
		drop_parts(parts.texts, screen_height(screen->settings));
	for (size_t i = 0; i < n_status_parts; i++) {
		text_append(&text, text_string(&parts.texts[i]));
		text.failed = text.failed || parts.texts[i].failed;
	}
	return output_text(&text);
}

static int fetch_endpoints(Client *client, Screen *screen)
{
	size_t height = screen_height(screen->settings);
	Json *parameters;

	if (screen->settings->full) {
		screen->endpoints_shown = SIZE_MAX;
		return endpoint_fetch_all(client, &screen->endpoints);
	}
	screen->endpoints_shown = ENDPOINTS_SHOWN;
	if (height > HEIGHT_DEFAULT)
		screen->endpoints_shown += height - HEIGHT_DEFAULT;
	screen->endpoints_shown = MIN(screen->endpoints_shown, (size_t)ENDPOINTS_MAX);
	parameters = json_new_object();
	json_set_uint(parameters, "limit", screen->endpoints_shown);
	return client_call(client, INTERFACE_LIST_ENDPOINTS, parameters, &screen->endpoints);
}

int verb_status(const Settings *settings, char *const arguments[], size_t n)
{
	_cleanup_client_ Client client = CLIENT_NULL;
	_cleanup_(screen_clear) Screen screen = {.settings = settings};
	int r = client_open(settings, &client);

	(void)arguments;
	(void)n;
	if (r == CLI_OK)
		r = client_call(&client, INTERFACE_GET_STATUS, NULL, &screen.status);
	if (r == CLI_OK && settings->format != FORMAT_TEXT)
		return output_json(settings, screen.status);
	if (r == CLI_OK)
		r = fetch_endpoints(&client, &screen);
	if (r == CLI_OK && reply_number(screen.status, "tunablesForeign") > 0)
		r = client_call(&client, INTERFACE_LIST_TUNABLES, NULL, &screen.tunables);
	if (r == CLI_OK && reply_number(screen.status, "changesTotal") > 0)
		r = client_call(&client, INTERFACE_LIST_CHANGES, NULL, &screen.changes);
	return r == CLI_OK ? show(&screen) : r;
}
