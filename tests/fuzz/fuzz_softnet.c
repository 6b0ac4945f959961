/* SPDX-License-Identifier: MIT */
/*
 * Files of numbers: each text is read as softnet_stat, as the first line of /proc/stat, as a
 * neighbour table's statistics, and as a sysctl. Parsing is done on a copy of exactly the input's
 * length; what is refused leaves its result alone.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

#include "daemon/kern/neigh.h"
#include "daemon/kern/softnet.h"
#include "daemon/model/host_setting.h"

static void check_files(const char *text, size_t size)
{
	Softnet softnet = {.processors = 42}, softnet_before = softnet;
	CpuTime time = {.total = 42}, time_before = time;
	Neigh neigh = {.entries = 42}, neigh_before = neigh;
	int r = softnet_parse(text, size, &softnet);

	FUZZ_CHECK(r == 0 || r == -EBADMSG);
	if (r < 0)
		FUZZ_CHECK(memcmp(&softnet, &softnet_before, sizeof(softnet)) == 0);
	else
		FUZZ_CHECK(softnet.processors > 0 &&
			   softnet.processed <= softnet.processors * (uint64_t)UINT32_MAX);
	r = cpu_time_parse(text, size, &time);
	FUZZ_CHECK(r == 0 || r == -EBADMSG);
	if (r < 0)
		FUZZ_CHECK(memcmp(&time, &time_before, sizeof(time)) == 0);
	else
		FUZZ_CHECK(time.softirq <= time.total);
	r = neigh_parse(text, size, &neigh);
	FUZZ_CHECK(r == 0 || r == -EBADMSG);
	if (r < 0)
		FUZZ_CHECK(memcmp(&neigh, &neigh_before, sizeof(neigh)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	int64_t value = 42;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (!host_setting_parse(text, &value))
		FUZZ_CHECK(value == 42);
	char *exact = malloc(size ? size : 1);
	if (exact) {
		memcpy(exact, data, size);
		check_files(exact, size);
		free(exact);
	}
	free(text);
	return 0;
}
