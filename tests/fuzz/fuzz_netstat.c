/* SPDX-License-Identifier: MIT */
/*
 * Files of /proc/net: each text is read as netstat or snmp, as snmp6 and as sockstat, of which it
 * can be only one. Parsing is done on a copy of exactly the input's length.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "daemon/kern/netstat.h"

static void check(const Counters *counters, unsigned malformed, size_t size)
{
	FUZZ_CHECK(malformed <= size);
	for (int i = 0; i < _COUNTERS; i++)
		FUZZ_CHECK(counters->present[i] || counters->values[i] == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size ? size : 1);
	if (!text)
		return 0;
	memcpy(text, data, size);

	unsigned malformed = 0;
	Counters counters = {0}, again = {0};
	counters_parse(text, size, &counters, &malformed);
	check(&counters, malformed, size);
	counters_parse(text, size, &again, &malformed);
	FUZZ_CHECK(memcmp(&counters, &again, sizeof(counters)) == 0);

	Counters counters6 = {0};
	counters_parse6(text, size, &counters6, &malformed);
	check(&counters6, malformed, size);
	FUZZ_CHECK(!counters6.present[COUNTER_TCP_OUT_SEGS]);

	SocketCounts counts = {.tcp_in_use = 42}, untouched = counts;
	if (socket_counts_parse(text, size, &counts) < 0)
		FUZZ_CHECK(memcmp(&counts, &untouched, sizeof(counts)) == 0);
	free(text);
	return 0;
}
