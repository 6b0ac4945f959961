/* SPDX-License-Identifier: MIT */
/*
 * A number is a change, whatever else has that name. Everything else is looked up, since names are
 * free: an endpoint may be called like an address, or like a sysctl. Whoever means one of several
 * writes its kind before it.
 */
#include "cli/subject.h"

#include <string.h>

#include "cli/cli.h"
#include "cli/output.h"
#include "common/address.h"
#include "common/base.h"
#include "common/interface.h"
#include "common/parse.h"

#define ERROR_AMBIGUOUS "org.netopt.Client.Ambiguous"
#define ERROR_UNKNOWN   "org.netopt.Client.Unknown"

#define NEAREST_MAX 5
/* One page of endpoints is 100; who has more than 1,000 gets the nearest of those. */
#define PAGES_MAX 10

const char *subject_kind_name(SubjectKind kind)
{
	static const char *const names[_SUBJECT_KINDS] = {
		[SUBJECT_CHANGE] = "change",
		[SUBJECT_ENDPOINT] = "endpoint",
		[SUBJECT_PATH] = "path",
		[SUBJECT_TUNABLE] = "tunable",
	};

	return names[kind];
}

/* --- what it may be --- */

#define FOUND_MAX 8
typedef struct Finding {
	Client *client;
	const char *word;
	Subject found[FOUND_MAX];
	size_t n;
	/* Those most like it, the nearest first. */
	char nearest[NEAREST_MAX][SUBJECT_NAME_MAX];
	size_t distances[NEAREST_MAX];
	size_t n_nearest;
} Finding;

static void add_found(Finding *finding, SubjectKind kind, const char *name)
{
	if (finding->n == FOUND_MAX)
		return;
	finding->found[finding->n].kind = kind;
	(void)text_copy(finding->found[finding->n++].name, SUBJECT_NAME_MAX, name);
}

/* How unlike two names are; SIZE_MAX: too much. One that holds the other is like it. */
static size_t unlikeness(const char *word, const char *name)
{
	size_t distance = text_distance(word, name), limit = MAX((size_t)1, strlen(word) / 3);

	if (distance <= limit)
		return distance;
	return strlen(word) >= 3 && strcasestr(name, word) ? limit + 1 : SIZE_MAX;
}

static void add_near(Finding *finding, const char *name, size_t distance)
{
	size_t at = finding->n_nearest;

	if (distance == SIZE_MAX)
		return;
	while (at > 0 && finding->distances[at - 1] > distance)
		at--;
	if (at == NEAREST_MAX)
		return;
	finding->n_nearest = MIN(finding->n_nearest + 1, (size_t)NEAREST_MAX);
	for (size_t i = finding->n_nearest - 1; i > at; i--) {
		memcpy(finding->nearest[i], finding->nearest[i - 1], SUBJECT_NAME_MAX);
		finding->distances[i] = finding->distances[i - 1];
	}
	(void)text_copy(finding->nearest[at], SUBJECT_NAME_MAX, name);
	finding->distances[at] = distance;
}

static int try_endpoint(Finding *finding)
{
	_cleanup_json_ Json *reply = NULL;
	Json *parameters = json_new_object();
	char error[CLIENT_ERROR_MAX];
	int r;

	json_set_string(parameters, "name", finding->word);
	r = client_ask(finding->client, INTERFACE_LIST_ENDPOINTS, parameters, &reply, error);
	if (r != CLI_OK)
		return r;
	if (!*error)
		add_found(finding, SUBJECT_ENDPOINT, finding->word);
	else if (!text_equal(error, INTERFACE_ERROR_NO_SUCH_ENDPOINT))
		return client_say_error(finding->client, INTERFACE_LIST_ENDPOINTS, error, reply);
	return CLI_OK;
}

/* The whole key, or what stands after a dot of it. */
static int try_tunables(Finding *finding)
{
	_cleanup_json_ Json *reply = NULL;
	size_t length = strlen(finding->word);
	const Json *list;
	int r = client_call(finding->client, INTERFACE_LIST_TUNABLES, NULL, &reply);

	if (r != CLI_OK)
		return r;
	list = json_get(reply, "tunables");
	for (size_t i = 0; i < json_length(list); i++) {
		const char *key = json_string(json_get(json_at(list, i), "key"));
		const char *last = key ? strrchr(key, '.') : NULL;
		size_t key_length = key ? strlen(key) : 0;

		if (!key || length == 0)
			continue;
		if (text_equal(key, finding->word) ||
		    (key_length > length && key[key_length - length - 1] == '.' &&
		     text_equal(key + key_length - length, finding->word)))
			add_found(finding, SUBJECT_TUNABLE, key);
		add_near(finding, key,
			 MIN(unlikeness(finding->word, key),
			     last ? unlikeness(finding->word, last + 1) : SIZE_MAX));
	}
	return CLI_OK;
}

/* "192.0.2.1" or "192.0.2.0/24": whether there is such a path, the daemon says. */
static bool is_address(const char *word)
{
	const char *slash = strchr(word, '/');
	size_t length = slash ? (size_t)(slash - word) : strlen(word);
	char text[ADDRESS_TEXT_MAX];
	uint64_t bits;
	Address address;

	if (length >= sizeof(text) || (slash && parse_uint64(slash + 1, 0, 128, &bits) < 0))
		return false;
	memcpy(text, word, length);
	text[length] = '\0';
	return address_parse(text, &address) == 0;
}

/* --- and what it is like --- */

static int near_endpoints(Finding *finding)
{
	size_t total = 1;

	for (size_t offset = 0, page = 0; offset < total && page < PAGES_MAX; page++) {
		_cleanup_json_ Json *reply = NULL;
		Json *parameters = json_new_object();
		const Json *list;
		int r;

		json_set_uint(parameters, "offset", offset);
		r = client_call(finding->client, INTERFACE_LIST_ENDPOINTS, parameters, &reply);
		if (r != CLI_OK)
			return r;
		list = json_get(reply, "endpoints");
		for (size_t i = 0; i < json_length(list); i++) {
			const char *name = json_string(json_get(json_at(list, i), "name"));

			if (name)
				add_near(finding, name, unlikeness(finding->word, name));
		}
		total = (size_t)json_int(json_get(reply, "total"), 0);
		offset += MAX(json_length(list), (size_t)1);
	}
	return CLI_OK;
}

static int near_paths(Finding *finding)
{
	_cleanup_json_ Json *reply = NULL;
	const Json *list;
	int r = client_call(finding->client, INTERFACE_LIST_PATHS, NULL, &reply);

	if (r != CLI_OK)
		return r;
	list = json_get(reply, "paths");
	for (size_t i = 0; i < json_length(list); i++) {
		const char *address = json_string(json_get(json_at(list, i), "address"));

		if (address)
			add_near(finding, address, unlikeness(finding->word, address));
	}
	return CLI_OK;
}

/* --- saying so --- */

static int say_unknown(Finding *finding)
{
	_cleanup_(text_clear) Text names = {.data = NULL};
	int r = near_endpoints(finding);

	if (r == CLI_OK)
		r = near_paths(finding);
	if (r != CLI_OK)
		return r;
	for (size_t i = 0; i < finding->n_nearest; i++)
		text_appendf(&names, "%s%s", i ? ", " : "", finding->nearest[i]);
	return output_error(finding->client->settings, CLI_FAILED, ERROR_UNKNOWN,
			    "%s is no endpoint, path, tunable or change%s%s\n"
			    "See: netoptctl endpoints, paths, tunables, changes",
			    finding->word, finding->n_nearest ? "; like it: " : "",
			    text_string(&names));
}

static int say_ambiguous(const Finding *finding)
{
	_cleanup_(text_clear) Text names = {.data = NULL};

	for (size_t i = 0; i < finding->n; i++)
		text_appendf(&names, "%s%s:%s", i ? ", " : "",
			     subject_kind_name(finding->found[i].kind), finding->found[i].name);
	return output_error(finding->client->settings, CLI_USAGE, ERROR_AMBIGUOUS,
			    "%s may be more than one thing; say which: %s", finding->word,
			    text_string(&names));
}

/* "path:192.0.2.1" */
static bool is_said(const char *word, Subject *ret)
{
	for (SubjectKind kind = 0; kind < _SUBJECT_KINDS; kind++) {
		size_t length = strlen(subject_kind_name(kind));

		if (!text_starts_with(word, subject_kind_name(kind)) || word[length] != ':')
			continue;
		ret->kind = kind;
		return text_copy(ret->name, sizeof(ret->name), word + length + 1);
	}
	return false;
}

bool subject_guess(const char *word, Subject *ret)
{
	if (is_said(word, ret))
		return true;
	/* Also what is a number to people: that it is not one of ours is said of a change. */
	if (strspn(word, "0123456789") == 0 || strspn(word, "0123456789abcdefx") != strlen(word))
		return false;
	ret->kind = SUBJECT_CHANGE;
	return text_copy(ret->name, sizeof(ret->name), word);
}

int subject_find(Client *client, const char *word, Subject *ret)
{
	Finding finding = {.client = client, .word = word};
	int r = try_endpoint(&finding);

	if (r == CLI_OK)
		r = try_tunables(&finding);
	if (r != CLI_OK)
		return r;
	/* Of an address the daemon says itself that it knows nothing. */
	if (is_address(word))
		add_found(&finding, SUBJECT_PATH, word);
	if (finding.n == 0)
		return say_unknown(&finding);
	if (finding.n > 1)
		return say_ambiguous(&finding);
	*ret = finding.found[0];
	return CLI_OK;
}
