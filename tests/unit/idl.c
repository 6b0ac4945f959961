/* SPDX-License-Identifier: MIT */
/*
 * A walk of the definition's text beside the value. With no value (NULL checker state) the same
 * walk merely skips a type, which is how the end of one is found.
 */
#include "tests/unit/idl.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define MEMBERS_MAX 64

typedef struct Walk {
	const char *idl, *at;
	Text *problem;
} Walk;

static void walk_type(Walk *walk, const Json *value, bool present, const char *where);

static void complain(Walk *walk, const char *where, const char *what)
{
	if (walk->problem->length == 0)
		text_appendf(walk->problem, "%s: %s", where, what);
}

static void skip_blank(Walk *walk)
{
	for (;;) {
		while (isspace((unsigned char)*walk->at))
			walk->at++;
		if (*walk->at != '#')
			return;
		while (*walk->at && *walk->at != '\n')
			walk->at++;
	}
}

static bool take(Walk *walk, const char *token)
{
	skip_blank(walk);
	if (strncmp(walk->at, token, strlen(token)) != 0)
		return false;
	walk->at += strlen(token);
	return true;
}

static void take_name(Walk *walk, char *name, size_t size)
{
	size_t n = 0;

	skip_blank(walk);
	while (isalnum((unsigned char)*walk->at) && n + 1 < size)
		name[n++] = *walk->at++;
	name[n] = '\0';
	if (n == 0)
		complain(walk, "definition", "a name is missing");
}

static void expect(Walk *walk, JsonType type, const Json *value, bool present, const char *where)
{
	if (present && json_type(value) != type)
		complain(walk, where, "has another type");
}

/* After "(": an enum when a comma or parenthesis follows the first name, else a struct. */
static bool is_enum(const Walk *walk)
{
	Walk ahead = *walk;
	char name[64];

	if (take(&ahead, ")"))
		return false;
	take_name(&ahead, name, sizeof(name));
	skip_blank(&ahead);
	return *ahead.at != ':';
}

static void walk_enum(Walk *walk, const Json *value, bool present, const char *where)
{
	const char *given = json_string(value);
	bool found = false;

	do {
		char name[64];

		take_name(walk, name, sizeof(name));
		found = found || text_equal(given, name);
	} while (take(walk, ","));
	if (!take(walk, ")"))
		complain(walk, where, "the definition lacks )");
	if (present && !found)
		complain(walk, where, "is none of the names declared");
}

static void walk_struct(Walk *walk, const Json *value, bool present, const char *where)
{
	char names[MEMBERS_MAX][64];
	const char *pointers[MEMBERS_MAX];
	size_t n = 0;
	const char *unknown;

	expect(walk, JSON_OBJECT, value, present, where);
	if (!take(walk, ")")) {
		do {
			char inside[256];

			take_name(walk, names[n], sizeof(names[n]));
			(void)snprintf(inside, sizeof(inside), "%s.%s", where, names[n]);
			if (present && !json_has(value, names[n]))
				complain(walk, inside, "is missing");
			if (!take(walk, ":"))
				complain(walk, inside, "the definition lacks :");
			walk_type(walk, json_get(value, names[n]), present, inside);
			pointers[n] = names[n];
			n++;
		} while (n < MEMBERS_MAX && take(walk, ","));
		if (!take(walk, ")"))
			complain(walk, where, "the definition lacks )");
	}
	unknown = present ? json_unknown_key(value, pointers, n) : NULL;
	if (unknown)
		complain(walk, where, unknown);
}

static const char *find(const char *idl, const char *keyword, const char *name)
{
	char line[96];
	const char *at;

	(void)snprintf(line, sizeof(line), "\n%s %s", keyword, name);
	for (at = strstr(idl, line); at; at = strstr(at + 1, line))
		if (!isalnum((unsigned char)at[strlen(line)]))
			return at + strlen(line);
	return NULL;
}

static void walk_named(Walk *walk, const Json *value, bool present, const char *where)
{
	char name[64];
	Walk inner = *walk;

	take_name(walk, name, sizeof(name));
	if (text_equal(name, "int"))
		expect(walk, JSON_INT, value, present, where);
	else if (text_equal(name, "bool"))
		expect(walk, JSON_BOOL, value, present, where);
	else if (text_equal(name, "string"))
		expect(walk, JSON_STRING, value, present, where);
	else if (text_equal(name, "object")) /* as our definition means it: an integer or null */
		expect(walk, JSON_INT, value, present && value, where);
	else if (!(inner.at = find(walk->idl, "type", name)))
		complain(walk, where, "has a type that is not defined");
	else if (present)
		walk_type(&inner, value, true, where);
}

static void walk_type(Walk *walk, const Json *value, bool present, const char *where)
{
	if (take(walk, "?")) {
		walk_type(walk, value, present && value, where);
	} else if (take(walk, "[]")) {
		const char *element = walk->at;
		size_t n = present ? json_length(value) : 0;

		expect(walk, JSON_ARRAY, value, present, where);
		for (size_t i = 0; i < n; i++) {
			char inside[256];

			(void)snprintf(inside, sizeof(inside), "%s[%zu]", where, i);
			walk->at = element;
			walk_type(walk, json_at(value, i), true, inside);
		}
		walk->at = element;
		walk_type(walk, NULL, false, where);
	} else if (!take(walk, "(")) {
		walk_named(walk, value, present, where);
	} else if (is_enum(walk)) {
		walk_enum(walk, value, present, where);
	} else {
		walk_struct(walk, value, present, where);
	}
}

void idl_check_reply(const char *idl, const char *method, const Json *parameters, Text *problem)
{
	Walk walk = {.idl = idl, .at = find(idl, "method", method), .problem = problem};

	if (!walk.at) {
		complain(&walk, method, "is not defined");
		return;
	}
	walk_type(&walk, NULL, false, method);
	if (!take(&walk, "->"))
		complain(&walk, method, "the definition lacks ->");
	walk_type(&walk, parameters, true, method);
}

void idl_check_error(const char *idl, const char *error, const Json *parameters, Text *problem)
{
	Walk walk = {.idl = idl, .at = find(idl, "error", error), .problem = problem};

	if (!walk.at)
		complain(&walk, error, "is not defined");
	else
		walk_type(&walk, parameters, true, error);
}
