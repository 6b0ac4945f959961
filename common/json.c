/* SPDX-License-Identifier: MIT */
/*
 * json-c provides the tree, its reference counts and the printer. Reading is our own, for two
 * reasons measured on json-c 0.16: its strict mode is not strict (single quotes, NaN, clamped
 * integers, the last duplicate wins, lone surrogates become U+FFFD), and its tokener does not
 * notice when memory runs out in the middle of a string.
 *
 * The reader is one pass of recursive descent, as deep as JSON_DEPTH_MAX and no deeper, over bytes
 * that were checked to be UTF-8 before. Decoded strings live in one scratch buffer used as a
 * stack: a key stays there while its value is being read. Decoding never makes a string longer and
 * a key brings two quotes for its one NUL, so scratch as large as the text always suffices.
 *
 * U+0000 is refused even when escaped: strings leave here as C strings, and what is compared and
 * logged must not be shorter than what was sent.
 */
#include "common/json.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* Two of json-c's type names are functions of ours; inside its headers they go by another name. */
#define json_bool json_c_bool
#define json_type json_c_type
#include <json-c/json.h>
#undef json_bool
#undef json_type

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

/* Reading text. */

typedef struct Reader {
	const char *at, *end;
	char *scratch;
	size_t used; /* bytes of scratch in use by keys of the enclosing objects */
	unsigned depth;
} Reader;

static int read_value(Reader *reader, Json **ret);

static void skip_space(Reader *reader)
{
	while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t' ||
					    *reader->at == '\n' || *reader->at == '\r'))
		reader->at++;
}

static bool take(Reader *reader, char expected)
{
	if (reader->at >= reader->end || *reader->at != expected)
		return false;
	reader->at++;
	return true;
}

static bool take_word(Reader *reader, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
		return false;
	reader->at += length;
	return true;
}

static int hexadecimal_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool read_hexadecimal4(Reader *reader, uint32_t *ret_unit)
{
	uint32_t unit = 0;

	if (reader->end - reader->at < 4)
		return false;
	for (unsigned i = 0; i < 4; i++) {
		int digit = hexadecimal_digit(*reader->at++);

		if (digit < 0)
			return false;
		unit = unit << 4 | (uint32_t)digit;
	}
	*ret_unit = unit;
	return true;
}

/* What follows \u: one UTF-16 unit, or a pair of surrogates (RFC 8259 section 7). */
static bool read_escaped_unicode(Reader *reader, uint32_t *ret_code)
{
	uint32_t high, low;

	if (!read_hexadecimal4(reader, &high) || high == 0)
		return false;
	if (high >= 0xdc00 && high <= 0xdfff)
		return false;
	if (high >= 0xd800 && high <= 0xdbff) {
		if (!take(reader, '\\') || !take(reader, 'u') || !read_hexadecimal4(reader, &low))
			return false;
		if (low < 0xdc00 || low > 0xdfff)
			return false;
		high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
	}
	*ret_code = high;
	return true;
}

static size_t encode_utf8(uint32_t code, char *ret_bytes)
{
	static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	if (length == 1) {
		ret_bytes[0] = (char)code;
		return 1;
	}
	for (size_t i = length; i-- > 1; code >>= 6)
		ret_bytes[i] = (char)(0x80 | (code & 0x3f));
	ret_bytes[0] = (char)(lead[length] | code);
	return length;
}

/* What follows a backslash; appends to scratch. */
static bool read_escape(Reader *reader, size_t *length)
{
	static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
	char c;
	uint32_t code;

	if (reader->at >= reader->end)
		return false;
	c = *reader->at++;
	if (c == 'u') {
		if (!read_escaped_unicode(reader, &code))
			return false;
		*length += encode_utf8(code, reader->scratch + *length);
		return true;
	}
	for (size_t i = 0; i + 1 < sizeof(escapes); i += 2)
		if (c == escapes[i]) {
			reader->scratch[(*length)++] = escapes[i + 1];
			return true;
		}
	return false;
}

/* Decodes the string whose opening quote is next to scratch + used, with a NUL; does not move used.
 */
static bool read_string(Reader *reader, size_t *ret_length)
{
	size_t length = reader->used;

	if (!take(reader, '"'))
		return false;
	while (reader->at < reader->end) {
		char c = *reader->at++;

		if (c == '"') {
			reader->scratch[length] = '\0';
			*ret_length = length - reader->used;
			return true;
		}
		if ((unsigned char)c < 0x20)
			return false;
		if (c != '\\')
			reader->scratch[length++] = c;
		else if (!read_escape(reader, &length))
			return false;
	}
	return false;
}

static int read_string_value(Reader *reader, Json **ret)
{
	size_t length;
	Json *string;

	if (!read_string(reader, &length))
		return -EBADMSG;
	string = json_object_new_string_len(reader->scratch + reader->used, (int)length);
	if (!string)
		return -ENOMEM;
	*ret = string;
	return 0;
}

static size_t skip_digits(Reader *reader)
{
	const char *start = reader->at;

	while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9')
		reader->at++;
	return (size_t)(reader->at - start);
}

/* Digits, checked before, to int64. */
static bool convert_integer(const char *digits, size_t n, bool negative, int64_t *ret_value)
{
	int64_t value = 0;

	for (size_t i = 0; i < n; i++) {
		int digit = digits[i] - '0';

		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, negative ? -digit : digit, &value))
			return false;
	}
	*ret_value = value;
	return true;
}

/* A number with a fraction or an exponent. Nobody here computes with one; it keeps its text, so
 * that it is printed as it came, and must be finite. */
static int new_double(const Reader *reader, const char *start, Json **ret)
{
	_cleanup_free_ char *text = strndup(start, (size_t)(reader->at - start));
	_cleanup_json_ Json *number = NULL;
	double value;

	if (!text)
		return -ENOMEM;
	if (json_parse_double(text, &value) != 0 || !isfinite(value))
		return -EBADMSG;
	number = json_object_new_double_s(value, text);
	if (!number)
		return -ENOMEM;
	*ret = STEAL(number);
	return 0;
}

static int read_number(Reader *reader, Json **ret)
{
	const char *start = reader->at, *digits;
	bool negative = take(reader, '-'), integer = true;
	size_t n;
	int64_t value;

	digits = reader->at;
	n = skip_digits(reader);
	if (n == 0 || (n > 1 && *digits == '0'))
		return -EBADMSG;
	if (take(reader, '.')) {
		integer = false;
		if (skip_digits(reader) == 0)
			return -EBADMSG;
	}
	if (take(reader, 'e') || take(reader, 'E')) {
		integer = false;
		if (!take(reader, '+'))
			(void)take(reader, '-'); /* the sign is optional */
		if (skip_digits(reader) == 0)
			return -EBADMSG;
	}
	if (!integer)
		return new_double(reader, start, ret);
	if (!convert_integer(digits, n, negative, &value))
		return -EBADMSG;
	*ret = json_object_new_int64(value);
	return *ret ? 0 : -ENOMEM;
}

/* One `"key": value` into object. */
static int read_member(Reader *reader, Json *object)
{
	const char *key = reader->scratch + reader->used;
	size_t length;
	Json *value = NULL;
	int r;

	if (!read_string(reader, &length))
		return -EBADMSG;
	skip_space(reader);
	if (!take(reader, ':') || json_object_object_get_ex(object, key, NULL))
		return -EBADMSG;
	reader->used += length + 1;
	r = read_value(reader, &value);
	reader->used -= length + 1;
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

/* An object or an array, whose opening bracket has been taken. */
static int read_container(Reader *reader, bool is_object, Json **ret)
{
	_cleanup_json_ Json *container =
		is_object ? json_object_new_object() : json_object_new_array();
	char closing = is_object ? '}' : ']';
	int r;

	if (!container)
		return -ENOMEM;
	skip_space(reader);
	if (!take(reader, closing)) {
		do {
			skip_space(reader);
			r = is_object ? read_member(reader, container)
				      : read_element(reader, container);
			if (r < 0)
				return r;
			skip_space(reader);
		} while (take(reader, ','));
		if (!take(reader, closing))
			return -EBADMSG;
	}
	*ret = STEAL(container);
	return 0;
}

static int read_nested(Reader *reader, Json **ret)
{
	bool is_object = *reader->at++ == '{';
	int r;

	if (reader->depth >= JSON_DEPTH_MAX)
		return -EBADMSG;
	reader->depth++;
	r = read_container(reader, is_object, ret);
	reader->depth--;
	return r;
}

/* On success *ret may be NULL: that is json-c's null. */
static int read_value(Reader *reader, Json **ret)
{
	bool is_true;

	skip_space(reader);
	if (reader->at >= reader->end)
		return -EBADMSG;
	switch (*reader->at) {
	case '{':
	case '[':
		return read_nested(reader, ret);
	case '"':
		return read_string_value(reader, ret);
	case 'n':
		*ret = NULL;
		return take_word(reader, "null") ? 0 : -EBADMSG;
	case 't':
	case 'f':
		is_true = *reader->at == 't';
		if (!take_word(reader, is_true ? "true" : "false"))
			return -EBADMSG;
		*ret = json_object_new_boolean(is_true);
		return *ret ? 0 : -ENOMEM;
	default:
		return read_number(reader, ret);
	}
}

int json_parse(const char *text, size_t length, Json **ret)
{
	_cleanup_free_ char *scratch = NULL;
	_cleanup_json_ Json *json = NULL;
	Reader reader = {.at = text, .end = text + length};
	int r;

	if (length == 0 || length > INT32_MAX || !text_is_utf8(text, length))
		return -EBADMSG;
	scratch = malloc(length + 1);
	if (!scratch)
		return -ENOMEM;
	reader.scratch = scratch;
	r = read_value(&reader, &json);
	if (r < 0)
		return r;
	skip_space(&reader);
	if (reader.at != reader.end)
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

char *json_format(const Json *json, bool pretty)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE |
		    (pretty ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED
			    : JSON_C_TO_STRING_PLAIN);
	/* Not const for json-c, which keeps the text inside the object. */
	const char *text = json_object_to_json_string_ext((Json *)json, flags);

	return text ? strdup(text) : NULL;
}
