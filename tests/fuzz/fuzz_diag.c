/* SPDX-License-Identifier: MIT */
/*
 * What sock_diag sends: once as one message of exactly the input's length, whatever length it
 * claims, and once as a datagram of a dump, walked message by message. Whatever comes out must obey
 * the promises that its readers rely on.
 */
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

#include "daemon/kern/diag_dump.h"

typedef struct Input {
	const uint8_t *data;
	size_t size;
	unsigned reads;
} Input;

static int play_request(void *context, const void *message, size_t length)
{
	(void)context, (void)message, (void)length;
	return 0;
}

static ssize_t play_receive(void *context, void *buffer, size_t size, bool *ret_truncated)
{
	Input *input = context;
	if (input->reads++ % 2 == 1)
		return -ENOBUFS;
	size_t length = input->size < size ? input->size : size;
	memcpy(buffer, input->data, length);
	*ret_truncated = length < input->size;
	return (ssize_t)length;
}

static void play_reset(void *context)
{
	(void)context;
}

static void check(const FlowSample *sample)
{
	FUZZ_CHECK(strnlen(sample->congestion, CONGESTION_NAME_MAX) < CONGESTION_NAME_MAX);
	FUZZ_CHECK(sample->info.length <= TCP_INFO_LENGTH_MAX);
	/* What was not delivered is zero. */
	const uint8_t *raw = (const uint8_t *)&sample->info.raw;
	for (size_t i = sample->info.length; i < sizeof(sample->info.raw); i++)
		FUZZ_CHECK(raw[i] == 0);
	FUZZ_CHECK(sample->has_skmeminfo || (sample->drops | sample->optmem) == 0);
	FUZZ_CHECK(sample->has_dctcp || (sample->dctcp_alpha == 0 && !sample->dctcp_enabled));
	FUZZ_CHECK(sample->local.family == AF_INET || sample->local.family == AF_INET6);
	FUZZ_CHECK(!sample->destroyed);
}

static void take(const FlowSample *sample, void *context)
{
	(void)context;
	check(sample);
}

static void decode(const uint8_t *data, size_t size)
{
	if (size < NLMSG_HDRLEN || size > UINT32_MAX)
		return;
	struct nlmsghdr *message = malloc(size);
	if (!message)
		return;
	memcpy(message, data, size);
	message->nlmsg_len = (uint32_t)size;
	FlowSample sample;
	if (diag_decode(message, &sample) == 0)
		check(&sample);
	free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static DiagDumper dumper;
	Input input = {data, size, 0};
	DiagStats stats;

	decode(data, size);
	dumper.transport = (DiagTransport){play_request, play_receive, play_reset, &input};
	dumper.sequence = 0;
	const DiagQuery query = {.states = DIAG_STATES_FLOWS};
	int r = diag_dumper_run(&dumper, &query, take, NULL, &stats);
	FUZZ_CHECK(r <= 0);
	FUZZ_CHECK(r < 0 || stats.retries <= 2 * (DIAG_TRIES - 1));
	return 0;
}
