/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Which of the kernel's hundreds of counters are ours, looked up by the group and name that the
 * kernel gives them.
 */
#include "daemon/kern/netstat.h"
#include "daemon/kern/slice.h"

/* The group of the lines of snmp6, which has none of its own. */
#define COUNTER_GROUP_SNMP6 "snmp6"

typedef struct CounterRow {
	const char *group, *name;
	Counter counter;
} CounterRow;

/* A run of the table. */
typedef struct CounterGroup {
	const CounterRow *rows;
	size_t n;
} CounterGroup;

/* n is 0: nothing of that group is used. */
CounterGroup counter_group_find(Slice group);
/* Negative: not ours. */
int counter_group_lookup(const CounterGroup *group, Slice name);
/* The whole table, sorted by group and name. */
CounterGroup counter_table(void);
