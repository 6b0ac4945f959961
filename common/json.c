/* SPDX-License-Identifier: MIT */
/*
 * json-c provides the tree and its reference counts. Reading and printing are our own, for what
 * was measured on json-c 0.16: its strict mode is not strict (single quotes, NaN, clamped integers,
 * the last duplicate wins, lone surrogates become U+FFFD), and neither its tokener nor its printer
 * notices when memory runs out in the middle: a text with a hole would leave as if it were whole.
 *
 * The reader is one pass of recursive descent over json_lexer's words, as deep as JSON_DEPTH_MAX
 * and no deeper, straight into the tree: a duplicate key is one that is already there, however
 * either was escaped.
 */
#include "common/json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Two of json-c's type names are functions of ours; inside its headers they go by another name. */
#define json_bool json_c_bool
#define json_type json_c_type
#include <json-c/json.h>
#undef json_bool
#undef json_type

#include "common/json_lexer.h"
#include "common/text.h"

#define JSON_DEPTH_MAX 32

static bool allocation_failed;

static Json *note_failure(Json *json)
{
	if (!json)
		allocation_failed = true;
	return json;
}

bool json_failed(void)
{
	bool failed = allocation_failed;

	allocation_failed = false;
	return failed;
}

Json *json_new_object(void)
{
	return note_failure(json_object_new_object());
}

Json *json_new_array(void)
{
	return note_failure(json_object_new_array());
}

Json *json_reference(Json *json)
{
	return json_object_get(json);
}

void json_free(Json *json)
{
	(void)json_object_put(json); /* whether it was the last reference is nobody's concern */
}

/* Building. */

void json_set(Json *object, const char *key, Json *value)
{
	assert(!object || json_object_is_type(object, json_type_object));

	if (object && json_object_object_add(object, key, value) == 0)
		return;
	allocation_failed = true; /* object is NULL only after a failed allocation */
	json_free(value);
}

void json_set_int(Json *object, const char *key, int64_t value)
{
	json_set(object, key, note_failure(json_object_new_int64(value)));
}

void json_set_uint(Json *object, const char *key, uint64_t value)
{
	json_set_int(object, key, (int64_t)MIN(value, (uint64_t)INT64_MAX));
}

void json_set_bool(Json *object, const char *key, bool value)
{
	json_set(object, key, note_failure(json_object_new_boolean(value)));
}

/* A message that is not UTF-8 makes every reader drop the connection. Names from the kernel may be
 * any bytes, so what is not UTF-8 loses its non-ASCII bytes instead. */
static Json *new_string(const char *value)
{
	_cleanup_free_ char *copy = NULL;
	size_t length;

	if (!value)
		return NULL;
	length = strlen(value);
	if (text_is_utf8(value, length))
		return note_failure(json_object_new_string(value));
	copy = strdup(value);
	if (!copy)
		return note_failure(NULL);
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)copy[i] >= 0x80)
			copy[i] = '?';
	return note_failure(json_object_new_string(copy));
}

void json_set_string(Json *object, const char *key, const char *value)
{
	json_set(object, key, new_string(value));
}

void json_set_null(Json *object, const char *key)
{
	json_set(object, key, NULL);
}

void json_append(Json *array, Json *value)
{
	assert(!array || json_object_is_type(array, json_type_array));

	if (array && json_object_array_add(array, value) == 0)
		return;
	allocation_failed = true;
	json_free(value);
}

void json_append_string(Json *array, const char *value)
{
	json_append(array, new_string(value));
}

void json_append_uint(Json *array, uint64_t value)
{
	json_append(array,
		    note_failure(json_object_new_int64((int64_t)MIN(value, (uint64_t)INT64_MAX))));
}

/* Reading text. */

typedef struct Reader {
	JsonLexer lexer;
	unsigned depth;
} Reader;

static int read_value(Reader *reader, Json **ret);

static int read_string(Reader *reader, Json **ret)
{
	JsonLexer *lexer = &reader->lexer;
	size_t length;

	if (!json_lexer_string(lexer, &length))
		return -EBADMSG;
	*ret = json_object_new_string_len(lexer->scratch + lexer->used, (int)length);
	return *ret ? 0 : -ENOMEM;
}

/* A number with a fraction or an exponent. Nobody here computes with one; it keeps its text, so
 * that it is printed as it came, and must be finite. */
static int new_double(const JsonNumber *number, Json **ret)
{
	_cleanup_free_ char *text = strndup(number->text, number->length);
	double value;

	if (!text)
		return -ENOMEM;
	if (json_parse_double(text, &value) != 0 || !isfinite(value))
		return -EBADMSG;
	*ret = json_object_new_double_s(value, text);
	return *ret ? 0 : -ENOMEM;
}

static int read_number(Reader *reader, Json **ret)
{
	JsonNumber number;

	if (!json_lexer_number(&reader->lexer, &number))
		return -EBADMSG;
	if (!number.is_integer)
		return new_double(&number, ret);
	*ret = json_object_new_int64(number.integer);
	return *ret ? 0 : -ENOMEM;
}

/* One `"key": value` into object. */
static int read_member(Reader *reader, Json *object)
{
	JsonLexer *lexer = &reader->lexer;
	const char *key = lexer->scratch + lexer->used;
	Json *value = NULL;
	size_t length;
	int r;

	if (!json_lexer_string(lexer, &length))
		return -EBADMSG;
	json_lexer_skip_space(lexer);
	if (!json_lexer_take(lexer, ':') || json_object_object_get_ex(object, key, NULL))
		return -EBADMSG;
	json_lexer_skip_space(lexer);
	lexer->used += length + 1;
	r = read_value(reader, &value);
	lexer->used -= length + 1;
	if (r < 0)
		return r;
	if (json_object_object_add_ex(object, key, value, JSON_C_OBJECT_ADD_KEY_IS_NEW) != 0) {
		json_free(value);
		return -ENOMEM;
	}
	return 0;
}

static int read_element(Reader *reader, Json *array)
{
	Json *value = NULL;
	int r = read_value(reader, &value);

	if (r < 0)
		return r;
	if (json_object_array_add(array, value) != 0) {
		json_free(value);
		return -ENOMEM;
	}
	return 0;
}

/* The rest of an object or an array, whose opening bracket has been taken. */
static int read_members(Reader *reader, bool is_object, Json *container)
{
	JsonLexer *lexer = &reader->lexer;
	char closing = is_object ? '}' : ']';
	int r;

	json_lexer_skip_space(lexer);
	if (json_lexer_take(lexer, closing))
		return 0;
	do {
		json_lexer_skip_space(lexer);
		r = is_object ? read_member(reader, container) : read_element(reader, container);
		if (r < 0)
			return r;
		json_lexer_skip_space(lexer);
	} while (json_lexer_take(lexer, ','));
	return json_lexer_take(lexer, closing) ? 0 : -EBADMSG;
}

static int read_container(Reader *reader, bool is_object, Json **ret)
{
	_cleanup_json_ Json *container = NULL;
	int r;

	if (reader->depth >= JSON_DEPTH_MAX)
		return -EBADMSG;
	container = is_object ? json_object_new_object() : json_object_new_array();
	if (!container)
		return -ENOMEM;
	reader->depth++;
	r = read_members(reader, is_object, container);
	reader->depth--;
	if (r < 0)
		return r;
	*ret = STEAL(container);
	return 0;
}

static int read_bool(bool value, Json **ret)
{
	*ret = json_object_new_boolean(value);
	return *ret ? 0 : -ENOMEM;
}

/* On success *ret may be NULL: that is json-c's null. */
static int read_value(Reader *reader, Json **ret)
{
	JsonLexer *lexer = &reader->lexer;

	if (json_lexer_take(lexer, '{'))
		return read_container(reader, true, ret);
	if (json_lexer_take(lexer, '['))
		return read_container(reader, false, ret);
	if (json_lexer_take_word(lexer, "true"))
		return read_bool(true, ret);
	if (json_lexer_take_word(lexer, "false"))
		return read_bool(false, ret);
	if (json_lexer_take_word(lexer, "null")) {
		*ret = NULL;
		return 0;
	}
	if (lexer->at < lexer->end && *lexer->at == '"')
		return read_string(reader, ret);
	return read_number(reader, ret);
}

int json_parse(const char *text, size_t length, Json **ret)
{
	_cleanup_free_ char *scratch = NULL;
	_cleanup_json_ Json *json = NULL;
	Reader reader = {.lexer = {.at = text, .end = text + length}};
	int r;

	if (length == 0 || length > INT32_MAX || !text_is_utf8(text, length))
		return -EBADMSG;
	reader.lexer.scratch = scratch = malloc(length);
	if (!scratch)
		return -ENOMEM;
	json_lexer_skip_space(&reader.lexer);
	r = read_value(&reader, &json);
	if (r < 0)
		return r;
	json_lexer_skip_space(&reader.lexer);
	if (reader.lexer.at != reader.lexer.end)
		return -EBADMSG;
	*ret = STEAL(json);
	return 0;
}

/* Looking at a tree. */

JsonType json_type(const Json *json)
{
	switch (json_object_get_type(json)) {
	case json_type_boolean:
		return JSON_BOOL;
	case json_type_int:
		return JSON_INT;
	case json_type_double:
		return JSON_DOUBLE;
	case json_type_string:
		return JSON_STRING;
	case json_type_object:
		return JSON_OBJECT;
	case json_type_array:
		return JSON_ARRAY;
	case json_type_null:
		break;
	}
	return JSON_NULL;
}

Json *json_get(const Json *object, const char *key)
{
	Json *value = NULL;

	if (json_type(object) != JSON_OBJECT || !json_object_object_get_ex(object, key, &value))
		return NULL;
	return value;
}

bool json_has(const Json *object, const char *key)
{
	return json_type(object) == JSON_OBJECT && json_object_object_get_ex(object, key, NULL);
}

int json_get_int(const Json *object, const char *key, int64_t minimum, int64_t maximum,
		 int64_t *ret)
{
	Json *json = json_get(object, key);
	int64_t value;

	if (!json)
		return -ENOENT;
	if (json_type(json) != JSON_INT)
		return -EINVAL;
	value = json_object_get_int64(json);
	if (value < minimum || value > maximum)
		return -ERANGE;
	*ret = value;
	return 0;
}

int json_get_bool(const Json *object, const char *key, bool *ret)
{
	Json *json = json_get(object, key);

	if (!json)
		return -ENOENT;
	if (json_type(json) != JSON_BOOL)
		return -EINVAL;
	*ret = json_object_get_boolean(json);
	return 0;
}

int json_get_string(const Json *object, const char *key, const char **ret)
{
	Json *json = json_get(object, key);

	if (!json)
		return -ENOENT;
	if (json_type(json) != JSON_STRING)
		return -EINVAL;
	*ret = json_string(json);
	return 0;
}

int64_t json_int(const Json *json, int64_t otherwise)
{
	return json_type(json) == JSON_INT ? json_object_get_int64(json) : otherwise;
}

const char *json_string(const Json *json)
{
	if (json_type(json) != JSON_STRING)
		return NULL;
	return json_object_get_string((Json *)json); /* of a string it changes nothing */
}

bool json_bool(const Json *json, bool otherwise)
{
	return json_type(json) == JSON_BOOL ? json_object_get_boolean(json) : otherwise;
}

size_t json_length(const Json *array)
{
	return json_type(array) == JSON_ARRAY ? json_object_array_length(array) : 0;
}

Json *json_at(const Json *array, size_t index)
{
	return index < json_length(array) ? json_object_array_get_idx(array, index) : NULL;
}

static bool is_among(const char *key, const char *const names[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text_equal(key, names[i]))
			return true;
	return false;
}

const char *json_unknown_key(const Json *object, const char *const names[], size_t n)
{
	if (json_type(object) != JSON_OBJECT)
		return NULL;
	for (const struct lh_entry *entry = json_object_get_object(object)->head; entry;
	     entry = entry->next)
		if (!is_among(entry->k, names, n))
			return entry->k;
	return NULL;
}

void json_each(const Json *object, void (*callback)(const char *key, Json *value, void *context),
	       void *context)
{
	if (json_type(object) != JSON_OBJECT)
		return;
	for (const struct lh_entry *entry = json_object_get_object(object)->head; entry;
	     entry = entry->next)
		callback(entry->k, (Json *)entry->v, context);
}

/* Printing text. */

typedef struct Writer {
	Text text;
	bool pretty;
	unsigned depth;
} Writer;

static void write_value(Writer *writer, const Json *json);

static void write_break(Writer *writer)
{
	if (!writer->pretty)
		return;
	text_append(&writer->text, "\n");
	for (unsigned i = 0; i < writer->depth; i++)
		text_append(&writer->text, "  ");
}

static void write_escaped(Text *text, char c)
{
	static const char escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	for (size_t i = 0; i + 1 < sizeof(escapes); i += 2)
		if (c == escapes[i]) {
			text_appendf(text, "\\%c", escapes[i + 1]);
			return;
		}
	text_appendf(text, "\\u%04x", (unsigned)c);
}

static void write_string(Writer *writer, const char *string)
{
	const char *plain = string; /* the first byte that is not written yet */

	text_append(&writer->text, "\"");
	for (; *string; string++) {
		if ((unsigned char)*string >= 0x20 && *string != '"' && *string != '\\')
			continue;
		text_append_bytes(&writer->text, plain, (size_t)(string - plain));
		write_escaped(&writer->text, *string);
		plain = string + 1;
	}
	text_append_bytes(&writer->text, plain, (size_t)(string - plain));
	text_append(&writer->text, "\"");
}

static void write_object(Writer *writer, const Json *json)
{
	const struct lh_entry *entry = json_object_get_object(json)->head;

	text_append(&writer->text, "{");
	writer->depth++;
	for (const char *comma = ""; entry; entry = entry->next, comma = ",") {
		text_append(&writer->text, comma);
		write_break(writer);
		write_string(writer, entry->k);
		text_append(&writer->text, writer->pretty ? ": " : ":");
		write_value(writer, entry->v);
	}
	writer->depth--;
	if (json_object_object_length(json) > 0)
		write_break(writer);
	text_append(&writer->text, "}");
}

static void write_array(Writer *writer, const Json *json)
{
	text_append(&writer->text, "[");
	writer->depth++;
	for (size_t i = 0; i < json_length(json); i++) {
		text_append(&writer->text, i > 0 ? "," : "");
		write_break(writer);
		write_value(writer, json_at(json, i));
	}
	writer->depth--;
	if (json_length(json) > 0)
		write_break(writer);
	text_append(&writer->text, "]");
}

static void write_value(Writer *writer, const Json *json)
{
	switch (json_type(json)) {
	case JSON_NULL:
		text_append(&writer->text, "null");
		break;
	case JSON_BOOL:
		text_append(&writer->text, json_bool(json, false) ? "true" : "false");
		break;
	case JSON_INT:
		text_appendf(&writer->text, "%" PRId64, json_int(json, 0));
		break;
	case JSON_DOUBLE:
		text_append(&writer->text, json_object_get_userdata((Json *)json));
		break;
	case JSON_STRING:
		write_string(writer, json_string(json));
		break;
	case JSON_OBJECT:
		write_object(writer, json);
		break;
	case JSON_ARRAY:
		write_array(writer, json);
		break;
	}
}

char *json_format(const Json *json, bool pretty)
{
	Writer writer = {.pretty = pretty};

	write_value(&writer, json);
	if (writer.text.failed) {
		text_clear(&writer.text);
		return NULL;
	}
	return writer.text.data;
}
