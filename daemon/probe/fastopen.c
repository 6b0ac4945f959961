/* SPDX-License-Identifier: MIT */
#include "daemon/probe/fastopen.h"

#include "common/base.h"
#include "common/clock.h"

#define WORKS_AT     3 /* in a row: 3 of 3 */
#define FRUITLESS_AT 2 /* one answer without a cookie may have been another server's of a pool */
#define IGNORED_AT   2 /* one is what a rotated key looks like; it comes with a new cookie */
#define LOSSES_AT    2
#define LOSS_TRIES   10

#define BACK_OFF_FIRST_NS NSEC_PER_DAY
#define BACK_OFF_MAX_NS   (30 * NSEC_PER_DAY)

#define CLIENT_FAIL_NOT_ACKED   2 /* TFO_DATA_NOT_ACKED, include/uapi/linux/tcp.h */
#define CLIENT_FAIL_RETRANSMITS 3 /* TFO_SYN_RETRANSMITTED */

/* The first try waits for the second probe: whether plain connections work is known then. */
#define FIRST_PROBE 3

bool fastopen_is_due(const FastOpen *fastopen, uint64_t probe, uint64_t now_ns)
{
	return probe >= MAX(fastopen->next_probe, (uint64_t)FIRST_PROBE) &&
	       now_ns >= fastopen->retry_at_ns;
}

static void leave_alone(FastOpen *fastopen, ProbeFastOpen state, uint64_t now_ns)
{
	uint64_t back_off_ns = BACK_OFF_MAX_NS;

	if (fastopen->refusals < 5) /* 2^5 days are over the maximum */
		back_off_ns = BACK_OFF_FIRST_NS << fastopen->refusals;
	*fastopen = (FastOpen){
		.state = state,
		.refusals = (uint8_t)MIN(fastopen->refusals + 1, 5),
		.retry_at_ns = now_ns + back_off_ns,
	};
}

static void learn_without_cookie(FastOpen *fastopen, const FastOpenTry *attempt, uint64_t now_ns)
{
	if (!attempt->established)
		return; /* asked, and no answer: that is the path's, not the cookie's */
	if (fastopen->asked)
		fastopen->fruitless++;
	fastopen->asked = true;
	if (fastopen->fruitless >= FRUITLESS_AT)
		leave_alone(fastopen, FASTOPEN_NONE, now_ns);
}

static void learn_acknowledged(FastOpen *fastopen)
{
	fastopen->ignored = 0;
	fastopen->works = (uint8_t)MIN(fastopen->works + 1, WORKS_AT);
	if (fastopen->works < WORKS_AT)
		return;
	fastopen->state = FASTOPEN_WORKS;
	fastopen->refusals = 0;
}

static bool is_lost(const FastOpenTry *attempt)
{
	return !attempt->established || attempt->stalled ||
	       attempt->client_fail == CLIENT_FAIL_RETRANSMITS;
}

static void learn_with_cookie(FastOpen *fastopen, const FastOpenTry *attempt, uint64_t now_ns)
{
	bool lost = is_lost(attempt);

	fastopen->asked = false;
	fastopen->fruitless = 0;
	if (fastopen->state != FASTOPEN_WORKS)
		fastopen->state = FASTOPEN_COOKIE;
	fastopen->losses =
		(uint16_t)(((unsigned)fastopen->losses << 1 | lost) & ((1U << LOSS_TRIES) - 1));
	if (__builtin_popcount(fastopen->losses) >= LOSSES_AT) {
		leave_alone(fastopen, FASTOPEN_BLACKHOLE, now_ns);
	} else if (lost) {
		fastopen->works = 0;
	} else if (attempt->acknowledged) {
		learn_acknowledged(fastopen);
	} else if (attempt->client_fail == CLIENT_FAIL_NOT_ACKED) {
		fastopen->works = 0;
		if (++fastopen->ignored >= IGNORED_AT)
			leave_alone(fastopen, FASTOPEN_IGNORED, now_ns);
	}
}

void fastopen_learn(FastOpen *fastopen, const FastOpenTry *attempt, uint64_t probe, uint64_t now_ns)
{
	fastopen->retry_at_ns = 0;
	if (attempt->had_cookie)
		learn_with_cookie(fastopen, attempt, now_ns);
	else
		learn_without_cookie(fastopen, attempt, now_ns);
	fastopen->next_probe =
		probe +
		(fastopen->state == FASTOPEN_WORKS ? FASTOPEN_EVERY : FASTOPEN_EVERY_UNDECIDED);
}
