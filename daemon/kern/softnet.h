/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the kernel's receive path did, of all processors together: /proc/net/softnet_stat, which is
 * the same in every network namespace, and the processor time of /proc/stat.
 */
#include <stddef.h>
#include <stdint.h>

typedef struct Softnet {
	/* Packets; rounds that ended with packets left. Sums of counters of 32 bits, each of which
	 * turns over on its own. */
	uint64_t processed, dropped, squeezed;
	unsigned processors; /* that are online: another number is another sum */
} Softnet;

/* Pure. -EBADMSG: not such a file. */
int softnet_parse(const char *text, size_t length, Softnet *ret_softnet);
int softnet_read(Softnet *ret_softnet);

/* In ticks (USER_HZ) since boot, of all processors together. */
typedef struct CpuTime {
	uint64_t total, softirq;
} CpuTime;

/* Pure; of the first line of /proc/stat. -EBADMSG: not such a file. */
int cpu_time_parse(const char *text, size_t length, CpuTime *ret_time);
int cpu_time_read(CpuTime *ret_time);
