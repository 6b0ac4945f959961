/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A strict INI tokenizer with positions. `[Section]` or `[Section NAME]`, `Key=Value`, comments on
 * lines of their own starting with # or ;. No continuation lines, no inline comments (a '#' in a
 * value is part of it), no quoting. CRLF is an error, so are NUL, invalid UTF-8, an indented
 * section, text before the first section, and a line over INI_LINE_MAX bytes. An UTF-8 BOM is an
 * error, and so are control characters other than tab. Section names and keys are made of letters,
 * digits, '-', '_' and '.'; NAME is any one word without brackets. A value may be empty.
 *
 * It finds all syntax errors of a file, not only the first: errors go to `error`, entries to
 * `entry`, and reading goes on with the next line (one error per line). Entries below a broken
 * section header are checked but not handed out: nobody knows whose they are.
 */
#include <stddef.h>

#define INI_LINE_MAX 1024
#define INI_FILE_MAX (1024 * 1024)

typedef struct IniPosition {
	const char *file;
	unsigned line;   /* from 1 */
	unsigned column; /* from 1, in bytes */
} IniPosition;

/* Strings and positions are valid only during the call. */
typedef struct IniHandler {
	/* A section header; argument is "" if none. */
	void (*section)(void *context, const IniPosition *position, const char *name,
			const char *argument);
	/* key and value are stripped; key_position and value_position point at their first byte. */
	void (*entry)(void *context, const IniPosition *key_position, const char *key,
		      const IniPosition *value_position, const char *value);
	void (*error)(void *context, const IniPosition *position, const char *message);
	void *context;
} IniHandler;

/* Tokenizes a whole file's bytes. `file` is only for positions. */
void ini_parse(const char *file, const char *data, size_t length, const IniHandler *handler);
