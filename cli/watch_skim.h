/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Leaves out of a JSON text what nobody looks at, before it is read. An update of a hundred
 * endpoints is some hundred kilobytes, nine tenths of which no screen shows; a tree of all that,
 * each second, would cost more than everything else together.
 *
 * What is left out is not checked; what is left is as valid as it was.
 */
#include <stddef.h>

/* In place: the lists and objects that are values of these keys (NULL at the end; as they stand in
 * the text, wherever they stand) become empty. Returns the new length. */
size_t watch_skim(char *text, size_t length, const char *const keys[]);
