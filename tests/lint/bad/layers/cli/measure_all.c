/* SPDX-License-Identifier: MIT */
#include "cli/output.h"
#include "daemon/probe/kind.h"
#include "daemon/kern/diag.h" /* LINT-BAD */
#include "daemon/serve/methods.h" /* LINT-BAD */
