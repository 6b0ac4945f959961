/* SPDX-License-Identifier: MIT */
/*
 * netstat and snmp are pairs of lines: "Group: Name Name ..." and "Group: value value ...". A pair
 * whose two lines do not match in group and in number of columns is skipped whole, never guessed
 * at: a value under the wrong name would be evidence for a change nobody needs. Of a group that is
 * not ours only the name is looked at. snmp6 has one "Name value" in each line.
 *
 * /proc/thread-self and not /proc, whose `net` is that of the process' first thread.
 *
 * The kernel's counters are its unsigned long. Where that has 32 bits, a wrap looks like a
 * namespace made anew, and costs one interval likewise.
 */
#include "daemon/kern/netstat.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "daemon/kern/counter_table.h"
#include "daemon/kern/proc.h"
#include "daemon/kern/slice.h"

/* 6.18 has 6 KiB in netstat, and up to 12 KiB in snmp6 if every type of ICMP was seen. */
#define FILE_MAX 32768

typedef void (*Parser)(const char *text, size_t length, Counters *counters, unsigned *malformed);

/* Returns false if the numbers of columns differ, and then takes nothing; or if a value that we use
 * is no number, and then takes the others. */
static bool take_pair(Slice group_name, Slice names, Slice values, Counters *counters)
{
	CounterGroup group = counter_group_find(group_name);
	if (group.n == 0)
		return true;
	Counters taken = *counters;
	Slice name, word;
	bool good = true, more_names, more_values;
	while (more_names = slice_take_word(&names, &name),
	       more_values = slice_take_word(&values, &word), more_names && more_values) {
		int counter = counter_group_lookup(&group, name);
		if (counter < 0)
			continue;
		if (slice_number(word, &taken.values[counter]))
			taken.present[counter] = true;
		else
			good = false;
	}
	if (more_names || more_values)
		return false;
	*counters = taken;
	return good;
}

void counters_parse(const char *text, size_t length, Counters *counters, unsigned *ret_malformed)
{
	Slice rest = {text, text + length}, line, group, names = {0}, names_group = {0};
	unsigned malformed = 0;
	bool have_names = false;

	while (slice_take_line(&rest, &line)) {
		if (!slice_take_group(&line, &group)) {
			malformed++;
			continue;
		}
		bool pair = have_names && slice_length(group) == slice_length(names_group) &&
			    memcmp(group.start, names_group.start, slice_length(group)) == 0;
		if (!pair) {
			malformed += have_names;
			names = line;
			names_group = group;
			have_names = true;
			continue;
		}
		have_names = false;
		if (!take_pair(group, names, line, counters))
			malformed++;
	}
	*ret_malformed = malformed + have_names;
}

void counters_parse6(const char *text, size_t length, Counters *counters, unsigned *ret_malformed)
{
	static const char name_of_group[] = COUNTER_GROUP_SNMP6;
	const CounterGroup group = counter_group_find(
		(Slice){name_of_group, name_of_group + sizeof(name_of_group) - 1});
	Slice rest = {text, text + length}, line, name, word, more;
	unsigned malformed = 0;

	while (slice_take_line(&rest, &line)) {
		uint64_t value;
		if (!slice_take_word(&line, &name) || !slice_take_word(&line, &word) ||
		    slice_take_word(&line, &more)) {
			malformed++;
			continue;
		}
		int counter = counter_group_lookup(&group, name);
		if (counter < 0)
			continue;
		if (!slice_number(word, &value)) {
			malformed++;
			continue;
		}
		counters->values[counter] = value;
		counters->present[counter] = true;
	}
	*ret_malformed = malformed;
}

static int read_file(const char *path, Parser parse, Counters *counters)
{
	char text[FILE_MAX];
	size_t length;
	unsigned malformed;
	int r = proc_read(path, text, sizeof(text), &length);
	if (r < 0)
		return r;
	/* What was malformed is absent from `present`, which is all that its reader can use. */
	parse(text, length, counters, &malformed);
	return 0;
}

int counters_read(Counters *ret_counters)
{
	Counters counters = {0};
	int r = read_file("/proc/thread-self/net/snmp", counters_parse, &counters);
	if (r < 0)
		return r;
	r = read_file("/proc/thread-self/net/netstat", counters_parse, &counters);
	if (r < 0)
		return r;
	r = read_file("/proc/thread-self/net/snmp6", counters_parse6, &counters);
	if (r < 0 && r != -ENOENT)
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
