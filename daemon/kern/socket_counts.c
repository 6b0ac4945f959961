/* SPDX-License-Identifier: MIT */
/*
 * Lines of "Group: name value name value ..." (net/ipv4/proc.c:sockstat_seq_show,
 * net/ipv6/proc.c:sockstat6_seq_show). Order is never relied upon, and what we do not know is
 * passed over; but a line of another form means that this is another file.
 */
#include "daemon/kern/netstat.h"

#include <errno.h>

#include "common/base.h"
#include "daemon/kern/proc.h"
#include "daemon/kern/slice.h"

#define FILE_MAX 4096

typedef struct Row {
	const char *group, *name;
	size_t offset;
} Row;

static const Row rows[] = {
	{"TCP", "inuse", offsetof(SocketCounts, tcp_in_use)},
	{"TCP", "orphan", offsetof(SocketCounts, tcp_orphan)},
	{"TCP", "tw", offsetof(SocketCounts, tcp_time_wait)},
	{"TCP", "alloc", offsetof(SocketCounts, tcp_alloc)},
	{"TCP", "mem", offsetof(SocketCounts, tcp_memory_pages)},
	{"UDP", "inuse", offsetof(SocketCounts, udp_in_use)},
	{"UDP", "mem", offsetof(SocketCounts, udp_memory_pages)},
	{"RAW", "inuse", offsetof(SocketCounts, raw_in_use)},
	{"TCP6", "inuse", offsetof(SocketCounts, tcp6_in_use)},
	{"UDP6", "inuse", offsetof(SocketCounts, udp6_in_use)},
	{"RAW6", "inuse", offsetof(SocketCounts, raw6_in_use)},
};

static void take(Slice group, Slice name, uint64_t value, SocketCounts *counts)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (slice_equals(group, rows[i].group) && slice_equals(name, rows[i].name))
			*(uint64_t *)((char *)counts + rows[i].offset) = value;
}

static bool take_line(Slice line, SocketCounts *counts)
{
	Slice group, name, word;
	uint64_t value;
	if (!slice_take_group(&line, &group))
		return false;
	while (slice_take_word(&line, &name)) {
		if (!slice_take_word(&line, &word) || !slice_number(word, &value))
			return false;
		take(group, name, value, counts);
	}
	return true;
}

int socket_counts_parse(const char *text, size_t length, SocketCounts *counts)
{
	SocketCounts taken = *counts;
	Slice rest = {text, text + length}, line;
	if (length == 0)
		return -EBADMSG;
	while (slice_take_line(&rest, &line))
		if (!take_line(line, &taken))
			return -EBADMSG;
	*counts = taken;
	return 0;
}

static int read_file(const char *path, SocketCounts *counts)
{
	char text[FILE_MAX];
	size_t length;
	int r = proc_read(path, text, sizeof(text), &length);
	return r < 0 ? r : socket_counts_parse(text, length, counts);
}

int socket_counts_read(SocketCounts *ret_counts)
{
	SocketCounts counts = {0};
	int r = read_file("/proc/thread-self/net/sockstat", &counts);
	if (r < 0)
		return r;
	r = read_file("/proc/thread-self/net/sockstat6", &counts);
	if (r < 0 && r != -ENOENT)
		return r;
	*ret_counts = counts;
	return 0;
}
