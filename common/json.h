/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The one door to json-c, made strict. json-c, even with its strict flag, accepts single quotes,
 * NaN, clamps 2^64 and lets the last duplicate win; here all of these are errors. Integers are
 * int64 and range-checked; there is no floating point in the interface.
 *
 * Building never returns an error: when memory runs out the failure is remembered, and
 * json_failed() says so once, before the text is sent. Single-threaded, as the daemon is.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/base.h"

typedef struct json_object Json;

/* An empty object or array with one reference, the caller's. NULL: no memory (json_failed). */
Json *json_new_object(void);
Json *json_new_array(void);
/* One more reference to the same value; returns it. */
Json *json_reference(Json *json);
void json_free(Json *json); /* drops one reference; NULL is fine */
static inline void json_freep(Json **json)
{
	json_free(*json);
}
#define _cleanup_json_ _cleanup_(json_freep)

void json_set(Json *object, const char *key, Json *value); /* takes the reference; NULL: null */
void json_set_int(Json *object, const char *key, int64_t value);
void json_set_uint(Json *object, const char *key, uint64_t value); /* above INT64_MAX: clamped */
void json_set_bool(Json *object, const char *key, bool value);
void json_set_string(Json *object, const char *key, const char *value); /* NULL: null */
void json_set_null(Json *object, const char *key);
void json_append(Json *array, Json *value); /* takes the reference */
void json_append_string(Json *array, const char *value);
void json_append_uint(Json *array, uint64_t value); /* above INT64_MAX: clamped */
/* Returns and clears the memory of a failed allocation. */
bool json_failed(void);

typedef enum JsonType {
	JSON_NULL,
	JSON_BOOL,
	JSON_INT,
	JSON_DOUBLE,
	JSON_STRING,
	JSON_OBJECT,
	JSON_ARRAY,
} JsonType;

/* Strict parse of exactly one value. -EBADMSG: not JSON (or nested deeper than 32, duplicate key,
 * single quotes, NaN, number out of int64, lone surrogate, bad UTF-8); -ENOMEM. */
int json_parse(const char *text, size_t length, Json **ret);

JsonType json_type(const Json *json); /* of NULL: JSON_NULL */
/* NULL if absent (or null); *json stays owner. */
Json *json_get(const Json *object, const char *key);
bool json_has(const Json *object, const char *key); /* present, even if null */
/* 0; -ENOENT absent or null; -EINVAL wrong type; -ERANGE. */
int json_get_int(const Json *object, const char *key, int64_t minimum, int64_t maximum,
		 int64_t *ret);
int json_get_bool(const Json *object, const char *key, bool *ret);
int json_get_string(const Json *object, const char *key, const char **ret);
int64_t json_int(const Json *json, int64_t otherwise);
const char *json_string(const Json *json); /* NULL if not a string */
bool json_bool(const Json *json, bool otherwise);
size_t json_length(const Json *array);
Json *json_at(const Json *array, size_t index);
/* The first key of the object that is not among the n names, or NULL. */
const char *json_unknown_key(const Json *object, const char *const names[], size_t n);
/* Calls for each member in order of insertion. */
void json_each(const Json *object, void (*callback)(const char *key, Json *value, void *context),
	       void *context);

/* The text; freed by the caller; NULL when memory ran out. */
char *json_format(const Json *json, bool pretty);
