/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Whatever a test is about: each reply that is given to a call, and each that goes to one who
 * follows, is compared with the interface definition. Two files that are linked in the place of
 * methods_call() and wire_encode() (--wrap) do it; tests need not know of them. They may run in the
 * process of a server that a test forked, so what is wrong ends the process, with the reason on
 * stderr, which every test takes for a failure.
 */
#include "common/json.h"

/* Of a reply to the method of this full name. */
void idl_guard_check(const char *method, const Json *reply);
