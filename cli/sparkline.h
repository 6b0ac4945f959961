/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A row of latencies as a row of bars, one character each, the latest last. Bars begin at the least
 * of them, and the highest stands for the greatest, or for half as much again as the least if that
 * is more: so noise stays flat. What is not known is a blank.
 */
#include "common/json.h"
#include "common/text.h"

/* `history`: an array of usec or null. Appends nothing if none is known. */
void sparkline_append(const Json *history, bool ascii, Text *text);
