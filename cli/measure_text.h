/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What was measured, for people: each target with its losses, where its time goes, what the peer
 * told, every phase, and how the times are distributed.
 */
#include "cli/measure_document.h"
#include "cli/settings.h"
#include "common/text.h"

/* One target. `json` is its element in the document. */
void measure_text_append(const MeasureRun *run, size_t item, const Json *json,
			 const Settings *settings, bool utf8, Text *text);
