/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Each probe as a line of CSV (RFC 4180, with bare newlines), written as soon as it is over, so
 * that a pipe sees it at once. What did not take place is empty.
 */
#include "cli/measure_document.h"
#include "common/text.h"

/* The line of column names. */
void measure_csv_header(Text *text);
/* The last sample of an item. */
void measure_csv_append(const MeasureItem *item, Text *text);
