/* SPDX-License-Identifier: MIT */
/*
 * Both files are pairs of lines: "Group: Name Name ..." and "Group: value value ...". A pair whose
 * two lines do not match in group and in number of columns is skipped whole, never guessed at: a
 * value under the wrong name would be evidence for a change nobody needs.
 *
 * The kernel's counters are its unsigned long. Where that has 32 bits, a wrap looks like a
 * namespace made anew, and costs one interval likewise.
 *
 * Names: net/ipv4/proc.c (snmp4_tcp_list, snmp4_net_list).
 */
#include "daemon/kern/netstat.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "common/parse.h"
#include "daemon/kern/proc.h"

/* 6.18 has 6 KiB in netstat; there is room for it to grow fivefold. */
#define FILE_MAX 32768

typedef struct CounterName {
	const char *group, *name;
} CounterName;

static const CounterName counter_names[_COUNTERS] = {
	[COUNTER_TCP_ACTIVE_OPENS] = {"Tcp", "ActiveOpens"},
	[COUNTER_TCP_PASSIVE_OPENS] = {"Tcp", "PassiveOpens"},
	[COUNTER_TCP_ATTEMPT_FAILS] = {"Tcp", "AttemptFails"},
	[COUNTER_TCP_OUT_SEGS] = {"Tcp", "OutSegs"},
	[COUNTER_TCP_RETRANS_SEGS] = {"Tcp", "RetransSegs"},
	[COUNTER_TCP_SYN_RETRANS] = {"TcpExt", "TCPSynRetrans"},
	[COUNTER_TCP_TIMEOUTS] = {"TcpExt", "TCPTimeouts"},
	[COUNTER_TCP_SPURIOUS_RTOS] = {"TcpExt", "TCPSpuriousRTOs"},
	[COUNTER_TCP_RCV_COLLAPSED] = {"TcpExt", "TCPRcvCollapsed"},
	[COUNTER_PRUNE_CALLED] = {"TcpExt", "PruneCalled"},
	[COUNTER_RCV_PRUNED] = {"TcpExt", "RcvPruned"},
	[COUNTER_TCP_MEMORY_PRESSURES] = {"TcpExt", "TCPMemoryPressures"},
	[COUNTER_LISTEN_OVERFLOWS] = {"TcpExt", "ListenOverflows"},
	[COUNTER_LISTEN_DROPS] = {"TcpExt", "ListenDrops"},
	[COUNTER_FASTOPEN_ACTIVE] = {"TcpExt", "TCPFastOpenActive"},
	[COUNTER_FASTOPEN_ACTIVE_FAIL] = {"TcpExt", "TCPFastOpenActiveFail"},
	[COUNTER_FASTOPEN_PASSIVE] = {"TcpExt", "TCPFastOpenPassive"},
	[COUNTER_FASTOPEN_PASSIVE_FAIL] = {"TcpExt", "TCPFastOpenPassiveFail"},
	[COUNTER_FASTOPEN_LISTEN_OVERFLOW] = {"TcpExt", "TCPFastOpenListenOverflow"},
	[COUNTER_FASTOPEN_COOKIE_REQD] = {"TcpExt", "TCPFastOpenCookieReqd"},
	[COUNTER_FASTOPEN_BLACKHOLE] = {"TcpExt", "TCPFastOpenBlackhole"},
};

typedef struct Slice {
	const char *start, *end;
} Slice;

const char *counter_name(Counter counter)
{
	assert(counter < _COUNTERS);
	return counter_names[counter].name;
}

static bool slice_equals(Slice slice, const char *text)
{
	size_t length = (size_t)(slice.end - slice.start);
	return strlen(text) == length && memcmp(slice.start, text, length) == 0;
}

static bool next_line(Slice *rest, Slice *ret_line)
{
	if (rest->start == rest->end)
		return false;
	const char *end = memchr(rest->start, '\n', (size_t)(rest->end - rest->start));
	*ret_line = (Slice){rest->start, end ? end : rest->end};
	rest->start = end ? end + 1 : rest->end;
	return true;
}

static bool next_word(Slice *rest, Slice *ret_word)
{
	while (rest->start < rest->end && *rest->start == ' ')
		rest->start++;
	if (rest->start == rest->end)
		return false;
	ret_word->start = rest->start;
	while (rest->start < rest->end && *rest->start != ' ')
		rest->start++;
	ret_word->end = rest->start;
	return true;
}

/* Takes "Group:" off the line. */
static bool take_group(Slice *line, Slice *ret_group)
{
	if (line->start == line->end)
		return false;
	const char *colon = memchr(line->start, ':', (size_t)(line->end - line->start));
	if (!colon || colon == line->start)
		return false;
	*ret_group = (Slice){line->start, colon};
	line->start = colon + 1;
	return true;
}

static size_t count_words(Slice line)
{
	Slice word;
	size_t n = 0;
	while (next_word(&line, &word))
		n++;
	return n;
}

static int counter_of(Slice group, Slice name)
{
	for (int i = 0; i < _COUNTERS; i++)
		if (slice_equals(name, counter_names[i].name) &&
		    slice_equals(group, counter_names[i].group))
			return i;
	return -1;
}

static bool value_of(Slice word, uint64_t *ret_value)
{
	char text[24];
	size_t length = (size_t)(word.end - word.start);
	if (length >= sizeof(text))
		return false;
	memcpy(text, word.start, length);
	text[length] = '\0';
	return strlen(text) == length && parse_uint64(text, 0, UINT64_MAX, ret_value) == 0;
}

/* Returns false if a value that we use is no number. */
static bool take_pair(Slice group, Slice names, Slice values, Counters *counters)
{
	Slice name, word;
	bool good = true;
	while (next_word(&names, &name) && next_word(&values, &word)) {
		int counter = counter_of(group, name);
		if (counter < 0)
			continue;
		if (value_of(word, &counters->values[counter]))
			counters->present[counter] = true;
		else
			good = false;
	}
	return good;
}

void counters_parse(const char *text, size_t length, Counters *counters, unsigned *ret_malformed)
{
	Slice rest = {text, text + length}, line, group, names = {0}, names_group = {0};
	unsigned malformed = 0;
	bool have_names = false;

	while (next_line(&rest, &line)) {
		if (!take_group(&line, &group)) {
			malformed++;
			continue;
		}
		bool pair = have_names &&
			    group.end - group.start == names_group.end - names_group.start &&
			    memcmp(group.start, names_group.start,
				   (size_t)(group.end - group.start)) == 0;
		if (!pair) {
			malformed += have_names;
			names = line;
			names_group = group;
			have_names = true;
			continue;
		}
		have_names = false;
		if (count_words(names) != count_words(line) ||
		    !take_pair(group, names, line, counters))
			malformed++;
	}
	*ret_malformed = malformed + have_names;
}

static int read_file(const char *path, Counters *counters)
{
	char text[FILE_MAX];
	size_t length;
	unsigned malformed;
	int r = proc_read(path, text, sizeof(text), &length);
	if (r < 0)
		return r;
	/* What was malformed is absent from `present`, which is all that its reader can use. */
	counters_parse(text, length, counters, &malformed);
	return 0;
}

int counters_read(Counters *ret_counters)
{
	Counters counters = {0};
	int r = read_file("/proc/net/snmp", &counters);
	if (r < 0)
		return r;
	r = read_file("/proc/net/netstat", &counters);
	if (r < 0)
		return r;
	*ret_counters = counters;
	return 0;
}

bool counters_delta(const Counters *before, const Counters *now, Counter counter, uint64_t *ret)
{
	assert(counter < _COUNTERS);
	if (!before->present[counter] || !now->present[counter] ||
	    now->values[counter] < before->values[counter])
		return false;
	*ret = now->values[counter] - before->values[counter];
	return true;
}
