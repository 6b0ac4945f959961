/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The journal as a log sink: structured fields next to the message. Used only when stderr is the
 * journal's stream (systemd.exec(5), JOURNAL_STREAM), so that a daemon run by hand logs to its
 * terminal.
 */
#include <stdbool.h>
#include "common/log.h"

/* True if stderr is connected to the journal. */
bool journal_sink_wanted(void);
void journal_sink(const LogRecord *record, void *context);
