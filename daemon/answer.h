/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What the running daemon answers to who asks what it would do, and what an operator has done with
 * the answer: advice, reasons, apply, hold; and the level of the log.
 */
#include "daemon/root.h"

/* Sets those of the operations. */
void answer_ops(ControlOps *ops);
