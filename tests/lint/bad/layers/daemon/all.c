/* SPDX-License-Identifier: MIT */
#include "daemon/kern/proc.h"
#include "daemon/serve/control.h"
#include "cli/cli.h" /* LINT-BAD */
