/* SPDX-License-Identifier: MIT */
/*
 * A line of names and then one of hexadecimal numbers for each processor that is possible
 * (net/core/neighbour.c:neigh_stat_seq_show). Read by name, since columns were added. The number of
 * entries is the table's and stands in every line; the others are to be added up.
 */
#include "daemon/kern/neigh.h"

#include <errno.h>
#include <sys/socket.h>

#include "common/base.h"
#include "daemon/kern/proc.h"
#include "daemon/kern/slice.h"

/* 13 columns of 9 to 17 for each of 1024 processors. */
#define FILE_MAX    (256 * 1024)
#define COLUMNS_MAX 32

typedef enum Column { OTHER, ENTRIES, TABLE_FULLS, FORCED_RUNS } Column;

static Column column_of(Slice name)
{
	if (slice_equals(name, "entries"))
		return ENTRIES;
	if (slice_equals(name, "table_fulls"))
		return TABLE_FULLS;
	return slice_equals(name, "forced_gc_runs") ? FORCED_RUNS : OTHER;
}

static bool take_line(Slice line, const Column *columns, size_t n, Neigh *neigh)
{
	Slice word;
	uint64_t value;

	for (size_t i = 0; i < n; i++) {
		if (!slice_take_word(&line, &word) || !slice_hexadecimal(word, &value))
			return false;
		if (columns[i] == ENTRIES)
			neigh->entries = value;
		else if (columns[i] == TABLE_FULLS)
			neigh->table_fulls += value;
		else if (columns[i] == FORCED_RUNS)
			neigh->forced_runs += value;
	}
	return !slice_take_word(&line, &word);
}

int neigh_parse(const char *text, size_t length, Neigh *ret_neigh)
{
	Slice rest = {text, text + length}, line, word;
	Column columns[COLUMNS_MAX];
	bool has_entries = false;
	size_t n = 0, lines = 0;
	Neigh neigh = {0};

	if (!slice_take_line(&rest, &line))
		return -EBADMSG;
	while (slice_take_word(&line, &word)) {
		if (n == COLUMNS_MAX)
			return -EBADMSG;
		columns[n] = column_of(word);
		has_entries |= columns[n++] == ENTRIES;
	}
	for (; slice_take_line(&rest, &line); lines++)
		if (!take_line(line, columns, n, &neigh))
			return -EBADMSG;
	if (!has_entries || lines == 0)
		return -EBADMSG;
	*ret_neigh = neigh;
	return 0;
}

int neigh_read(int family, Neigh *ret_neigh)
{
	_cleanup_free_ char *text = malloc(FILE_MAX);
	size_t length;
	int r;

	if (!text)
		return -ENOMEM;
	r = proc_read(family == AF_INET6 ? "/proc/net/stat/ndisc_cache"
					 : "/proc/net/stat/arp_cache",
		      text, FILE_MAX, &length);
	return r < 0 ? r : neigh_parse(text, length, ret_neigh);
}
