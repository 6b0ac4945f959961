/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Draws the model into a frame: a line about the health, the lists one under the other (where
 * there are few lines, only the one that has the keys), a line of keys. Pure.
 */
#include "cli/watch_frame.h"
#include "cli/watch_model.h"

#define WATCH_ROWS_MIN    10
#define WATCH_COLUMNS_MIN 40

/* The model learns how much of it could be shown. The frame has its size. */
void watch_view_draw(WatchModel *model, WatchFrame *frame, uint64_t now_ns);
