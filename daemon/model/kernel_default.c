/* SPDX-License-Identifier: MIT */
#include "daemon/model/kernel_default.h"

#include "common/base.h"

#define MIB           (UINT64_C(1024) * 1024)
#define RELEASE(a, b) ((a)*1000U + (b))

typedef struct Default {
	TunableId id;
	unsigned since;        /* the first release that has it */
	uint64_t memory_bytes; /* and not with less than that: tcp_init() allows a socket 1/128 of
				  the free pages; twice as much is asked for here */
	const char *text;
} Default;

/* Of one id, the newest first. */
static const Default defaults[] = {
	{TUNABLE_TCP_RMEM, RELEASE(6, 16), 8192 * MIB, "4096 131072 33554432"},
	{TUNABLE_TCP_RMEM, RELEASE(4, 20), 1536 * MIB, "4096 131072 6291456"},
	{TUNABLE_TCP_WMEM, RELEASE(3, 7), 1024 * MIB, "4096 16384 4194304"},
	{TUNABLE_TCP_FASTOPEN, RELEASE(3, 13), 0, "1"},
	{TUNABLE_TCP_NOTSENT_LOWAT, RELEASE(4, 6), 0, "4294967295"},
	{TUNABLE_TCP_SLOW_START_AFTER_IDLE, RELEASE(3, 0), 0, "1"},
	{TUNABLE_TCP_MTU_PROBING, RELEASE(3, 0), 0, "0"},
	{TUNABLE_SOMAXCONN, RELEASE(5, 4), 0, "4096"},
	{TUNABLE_SOMAXCONN, RELEASE(3, 0), 0, "128"},
	{TUNABLE_IP_LOCAL_PORT_RANGE, RELEASE(3, 0), 0, "32768 60999"},
	{TUNABLE_RMEM_DEFAULT, RELEASE(3, 4), 0, "212992"},
	{TUNABLE_WMEM_DEFAULT, RELEASE(3, 4), 0, "212992"},
	{TUNABLE_RMEM_MAX, RELEASE(6, 18), 0, "4194304"},
	{TUNABLE_RMEM_MAX, RELEASE(3, 4), 0, "212992"},
	{TUNABLE_WMEM_MAX, RELEASE(6, 18), 0, "4194304"},
	{TUNABLE_WMEM_MAX, RELEASE(3, 4), 0, "212992"},
	{TUNABLE_NETDEV_MAX_BACKLOG, RELEASE(3, 0), 0, "1000"},
	{TUNABLE_NETDEV_BUDGET, RELEASE(3, 0), 0, "300"},
	{TUNABLE_NEIGH_GC_THRESH2, RELEASE(3, 0), 0, "512"},
	{TUNABLE_NEIGH_GC_THRESH3, RELEASE(3, 0), 0, "1024"},
	{TUNABLE_NEIGH6_GC_THRESH2, RELEASE(3, 0), 0, "512"},
	{TUNABLE_NEIGH6_GC_THRESH3, RELEASE(3, 0), 0, "1024"},
};

/* "6.1.0-18-amd64" → RELEASE(6, 1); 0: not of that kind. */
static unsigned parse_release(const char *release)
{
	unsigned parts[2] = {0, 0};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (*release < '0' || *release > '9')
			return 0;
		while (*release >= '0' && *release <= '9' && parts[i] < 100)
			parts[i] = parts[i] * 10 + (unsigned)(*release++ - '0');
		release += *release == '.';
	}
	return RELEASE(parts[0], parts[1]);
}

const char *kernel_default(TunableId id, const char *release, uint64_t memory_bytes)
{
	unsigned have = parse_release(release);

	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
		if (defaults[i].id == id && have >= defaults[i].since)
			return memory_bytes >= defaults[i].memory_bytes ? defaults[i].text : NULL;
	return NULL;
}
