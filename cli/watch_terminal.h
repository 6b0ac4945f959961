/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The terminal: the one door to ncurses. Between open and close it is ours, on a screen of its own;
 * whatever ends this process other than SIGKILL gives it back as it was: close, a signal that asks
 * to end (watch_signals.h and then close), and a crash, by a handler that only does what a signal
 * handler may. One at a time.
 */
#include "cli/watch_frame.h"

/* 0; -ENOTTY: stdin or stdout is no terminal; -EINVAL: TERM names none that is known. */
int watch_terminal_open(bool colour);
/* Gives it back. Does nothing when it is not open. */
void watch_terminal_close(void);
/* Whether it shows UTF-8, by the locale; before or after the opening. */
bool watch_terminal_utf8(void);
/* As large as it is now. */
void watch_terminal_size(size_t *ret_rows, size_t *ret_columns);
/* What is on the screen from now on; `afresh`: as if nothing were there yet. */
void watch_terminal_paint(const WatchFrame *frame, bool afresh);
/* The next key, as in watch_model.h; 0: none. */
uint32_t watch_terminal_key(void);
/* Whether the terminal is gone: nothing will ever be read. */
bool watch_terminal_hung_up(short revents);
/* Gives it back, stops this process as SIGTSTP does, and takes it again when it goes on. */
void watch_terminal_suspend(void);
/* Takes it again after this process was stopped and continued by others. */
void watch_terminal_resume(void);
