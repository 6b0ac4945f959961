/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Latency over time as JSON: the handler of GetHistory, and the few points of a sparkline.
 */
#include "daemon/serve/call.h"

/* The minutes of a sparkline. */
#define HISTORY_RECENT 30

/* name, spanUsec, offset, limit */
void get_history(Call *call);
/* The medians of the last HISTORY_RECENT minutes, null where there is none; the one in progress is
 * the last. Shorter if less is known. NULL: no memory. */
Json *history_recent(const Endpoint *endpoint, uint64_t now_ns);
