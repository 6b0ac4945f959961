/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Which paths are to become one: addresses of the same prefix, when the table is full or when they
 * look alike. Says so, and leaves the doing to the table.
 */
#include "daemon/model/path.h"

/* Alike: so many siblings at least, and their floors within 20 % or 1 ms of the least. */
#define PATH_ALIKE_SIBLINGS 8
#define PATH_ALIKE_PERMILLE 200
#define PATH_ALIKE_US       1000

typedef struct PathMergeRule {
	uint8_t ipv4_length, ipv6_length; /* 32, 128: never merged */
	size_t keep;   /* so many of the busiest that ever moved a byte stay exact */
	size_t wanted; /* places to be won, by whatever siblings; 0: only of those alike */
} PathMergeRule;

/*
 * Puts into ret_paths (room for n) the paths to be merged, siblings next to each other: first the
 * one that goes on for them, which is their prefix if there is one already, else the busiest.
 * Returns how many paths it put there; -ENOMEM.
 */
int path_merge_plan(Path *const paths[], size_t n, const PathMergeRule *rule, Path *ret_paths[]);
