/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Text that is looked at where it lies: lines, words and numbers of a file of /proc, without copies
 * and without a NUL at their ends. Takers move the start of what they take from.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Slice {
	const char *start, *end;
} Slice;

/* In bytes. */
size_t slice_length(Slice slice);
/* The same bytes, all of them. */
bool slice_equals(Slice slice, const char *text);
/* As strcmp(3), but a NUL within the slice is a byte like others. */
int slice_compare(Slice slice, const char *text);
/* Takes the next line, without its newline; false at the end. */
bool slice_take_line(Slice *rest, Slice *ret_line);
/* Takes the next word, between blanks or tabs; false at the end. */
bool slice_take_word(Slice *rest, Slice *ret_word);
/* Takes "Group:" off the line; false if it does not begin so. */
bool slice_take_group(Slice *line, Slice *ret_group);
/* All of it is one decimal number of 64 bits. */
bool slice_number(Slice slice, uint64_t *ret_value);
/* The same of a hexadecimal one, without prefix. */
bool slice_hexadecimal(Slice slice, uint64_t *ret_value);
