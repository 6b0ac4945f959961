/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * One question to the daemon, beside the stream of updates: why is this as it is (Explain). A
 * daemon that only explains changes is asked for all about an endpoint instead. Never waits.
 */
#include "cli/settings.h"
#include "cli/watch_link.h"
#include "cli/watch_rows.h"

typedef struct WatchQuestion {
	const Settings *settings;
	WatchLink link;
	WatchPane pane;
	char key[WATCH_NAME_MAX];
	bool lists;           /* what was asked second */
	uint64_t deadline_ns; /* while the link is open */
} WatchQuestion;

void watch_question_clear(WatchQuestion *question);
/* What is explained: an endpoint or a path by its name, a change by its id. Drops the question
 * before. Negative errno: it cannot be asked. */
int watch_question_ask(WatchQuestion *question, WatchPane pane, const char *key, uint64_t now_ns);
/* 1: the answer, or what went wrong, was appended, and it is over; 0: not yet. */
int watch_question_step(WatchQuestion *question, short revents, size_t width, uint64_t now_ns,
			Text *text);
