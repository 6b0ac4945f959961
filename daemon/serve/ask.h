/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The handlers of the methods that answer questions: why, what would be, and whether it is so.
 */
#include "daemon/serve/call.h"

/* One for each method, with the arguments of its row in methods.c. */
void ask_explain(Call *call); /* id, endpoint, path, tunable: exactly one */
void ask_advise(Call *call);  /* no argument */
void ask_verify(Call *call);  /* no argument */
