/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the user probably meant, and how to quote what they wrote.
 */
#include <stddef.h>

#define CONFIG_QUOTE_MAX 72

/*
 * The candidate that `word` probably stands for, or NULL: one that differs only in case or in '-'
 * and '_', then the nearest by edit distance, then "auto" for yes/on/true and "off" for no/none/…
 * if those are candidates.
 */
const char *config_suggest(const char *word, const char *const candidates[], size_t n);

/*
 * 'word' in quotes for a message: control characters become '?', so that a file cannot send escape
 * sequences to the terminal or forge a log line, and long ones are cut. `buffer` is of
 * CONFIG_QUOTE_MAX bytes, and returned.
 */
const char *config_quote(const char *word, char *buffer);
