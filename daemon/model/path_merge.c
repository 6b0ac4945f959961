/* SPDX-License-Identifier: MIT */
/*
 * Sorted by prefix, siblings lie next to each other. When places are wanted, the largest families
 * go first: they give the most for one prefix that is no longer told apart.
 *
 * Reluctant on purpose. A path is what a decision is about, and two hosts of one prefix may well be
 * on different continents; so the busiest addresses stay exact whatever happens, and as long as
 * there is room only families are merged that are many and equally far away.
 */
#include "daemon/model/path_merge.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"

typedef struct Member {
	Path *path;
	uint64_t bytes;
	Address prefix;
	bool is_prefix;
} Member;

typedef struct Family {
	size_t start, n;
} Family;

static int compare_bytes(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left < right) - (left > right);
}

static int compare_members(const void *a, const void *b)
{
	const Member *left = a, *right = b;
	int order = memcmp(&left->prefix, &right->prefix, sizeof(left->prefix));

	if (order != 0)
		return order;
	if (left->is_prefix != right->is_prefix)
		return right->is_prefix - left->is_prefix;
	return compare_bytes(&left->bytes, &right->bytes);
}

static int compare_families(const void *a, const void *b)
{
	const Family *left = a, *right = b;

	return (left->n < right->n) - (left->n > right->n);
}

/* What a path has to have moved in order to stay exact. -ENOMEM */
static int busy_from(Path *const paths[], size_t n, size_t keep, uint64_t *ret_bytes)
{
	_cleanup_free_ uint64_t *bytes = malloc((n + 1) * sizeof(*bytes));
	size_t exact = 0;

	if (!bytes)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (!path_is_prefix(paths[i]))
			bytes[exact++] = path_bytes(paths[i]);
	qsort(bytes, exact, sizeof(*bytes), compare_bytes);
	*ret_bytes = keep == 0 ? UINT64_MAX : keep < exact ? bytes[keep - 1] : 0;
	*ret_bytes = MAX(*ret_bytes, UINT64_C(1));
	return 0;
}

static bool is_eligible(const Path *path, const PathMergeRule *rule, uint64_t busy)
{
	bool ipv6 = path->address.family == AF_INET6;
	unsigned length = ipv6 ? rule->ipv6_length : rule->ipv4_length;

	if (path_is_prefix(path))
		return path->prefix_length == length;
	return length < path->prefix_length && path_bytes(path) < busy && !path->pinned;
}

static size_t collect(Path *const paths[], size_t n, const PathMergeRule *rule, uint64_t busy,
		      Member *members)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		bool ipv6 = paths[i]->address.family == AF_INET6;

		if (!is_eligible(paths[i], rule, busy))
			continue;
		members[found++] = (Member){
			.path = paths[i],
			.bytes = path_bytes(paths[i]),
			.prefix = path_prefix(&paths[i]->address,
					      ipv6 ? rule->ipv6_length : rule->ipv4_length),
			.is_prefix = path_is_prefix(paths[i]),
		};
	}
	qsort(members, found, sizeof(*members), compare_members);
	return found;
}

static bool are_alike(const Member *members, size_t n)
{
	uint32_t least = UINT32_MAX, most = 0;

	if (n < PATH_ALIKE_SIBLINGS && !members[0].is_prefix)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (members[i].path->min_rtt_us == UINT32_MAX)
			return false; /* not known yet */
		least = MIN(least, members[i].path->min_rtt_us);
		most = MAX(most, members[i].path->min_rtt_us);
	}
	return most - least <=
	       MAX((uint64_t)least * PATH_ALIKE_PERMILLE / 1000, (uint64_t)PATH_ALIKE_US);
}

/* The families that may be merged. */
static size_t find_families(const Member *members, size_t n, const PathMergeRule *rule,
			    Family *families)
{
	size_t found = 0, end;

	for (size_t start = 0; start < n; start = end) {
		for (end = start + 1; end < n; end++)
			if (!address_equal(&members[end].prefix, &members[start].prefix))
				break;
		if (end - start >= 2 &&
		    (rule->wanted > 0 || are_alike(&members[start], end - start)))
			families[found++] = (Family){.start = start, .n = end - start};
	}
	if (rule->wanted > 0)
		qsort(families, found, sizeof(*families), compare_families);
	return found;
}

int path_merge_plan(Path *const paths[], size_t n, const PathMergeRule *rule, Path *ret_paths[])
{
	_cleanup_free_ Member *members = malloc((n + 1) * sizeof(*members));
	_cleanup_free_ Family *families = malloc((n + 1) * sizeof(*families));
	size_t n_families, put = 0, won = 0;
	uint64_t busy;
	int r;

	if (!members || !families)
		return -ENOMEM;
	r = busy_from(paths, n, rule->keep, &busy);
	if (r < 0)
		return r;

	n = collect(paths, n, rule, busy, members);
	n_families = find_families(members, n, rule, families);
	for (size_t i = 0; i < n_families && (rule->wanted == 0 || won < rule->wanted); i++) {
		for (size_t k = 0; k < families[i].n; k++)
			ret_paths[put++] = members[families[i].start + k].path;
		won += families[i].n - 1;
	}
	return (int)put;
}
