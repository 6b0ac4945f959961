/* SPDX-License-Identifier: MIT */
#include "daemon/policy/engine.h"
#include "daemon/daemon.h" /* LINT-BAD */
