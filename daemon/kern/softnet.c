/* SPDX-License-Identifier: MIT */
/*
 * softnet_stat has one line for each processor that is online, of hexadecimal columns: processed,
 * dropped, time_squeeze and more (net/core/net-procfs.c:softnet_seq_show). It has no header; the
 * first three columns have stood since 2.6, further ones have come and gone.
 *
 * /proc/stat has "cpu  user nice system idle iowait irq softirq steal guest guest_nice"; guest time
 * is in user and nice already (fs/proc/stat.c). Only its first line is read: the rest grows with
 * processors and interrupts.
 */
#include "daemon/kern/softnet.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/base.h"
#include "daemon/kern/proc.h"
#include "daemon/kern/slice.h"

#define COLUMNS     3
#define CPU_COLUMNS 8
#define CPU_SOFTIRQ 6
/* 15 columns of 9 for each of 1024 processors. */
#define FILE_MAX      (160 * 1024)
#define LINE_MAX_STAT 256

int softnet_parse(const char *text, size_t length, Softnet *ret_softnet)
{
	Slice rest = {text, text + length}, line, word;
	Softnet sum = {0};
	uint64_t *const columns[COLUMNS] = {&sum.processed, &sum.dropped, &sum.squeezed};

	while (slice_take_line(&rest, &line)) {
		for (size_t i = 0; i < COLUMNS; i++) {
			uint64_t value;

			if (!slice_take_word(&line, &word) || !slice_hexadecimal(word, &value) ||
			    value > UINT32_MAX)
				return -EBADMSG;
			*columns[i] += value;
		}
		sum.processors++;
	}
	if (sum.processors == 0)
		return -EBADMSG;
	*ret_softnet = sum;
	return 0;
}

int softnet_read(Softnet *ret_softnet)
{
	_cleanup_free_ char *text = malloc(FILE_MAX);
	size_t length;
	int r;

	if (!text)
		return -ENOMEM;
	r = proc_read("/proc/net/softnet_stat", text, FILE_MAX, &length);
	return r < 0 ? r : softnet_parse(text, length, ret_softnet);
}

int cpu_time_parse(const char *text, size_t length, CpuTime *ret_time)
{
	Slice rest = {text, text + length}, line, word;
	CpuTime time = {0};

	if (!slice_take_line(&rest, &line) || !slice_take_word(&line, &word) ||
	    !slice_equals(word, "cpu"))
		return -EBADMSG;
	for (size_t i = 0; i < CPU_COLUMNS; i++) {
		uint64_t value;

		if (!slice_take_word(&line, &word) || !slice_number(word, &value) ||
		    __builtin_add_overflow(time.total, value, &time.total))
			return -EBADMSG;
		if (i == CPU_SOFTIRQ)
			time.softirq = value;
	}
	*ret_time = time;
	return 0;
}

int cpu_time_read(CpuTime *ret_time)
{
	_cleanup_close_ int fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
	char text[LINE_MAX_STAT];
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text));
	if (n < 0)
		return -errno;
	return cpu_time_parse(text, (size_t)n, ret_time);
}
