/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Why a target could not be measured, and what to do about it. The reason is that of most of its
 * probes.
 */
#include "cli/measure_document.h"
#include "common/text.h"

/* Appends "what is wrong\nwhat to do"; false (nothing appended) if something was measured. */
bool measure_advice(const MeasureItem *item, Text *text);
/* Whether that is so for want of a permission. */
bool measure_advice_is_permission(const MeasureItem *item);
