/* SPDX-License-Identifier: MIT */
#include "daemon/kern/proc.h" /* LINT-BAD */
#include "common/base.h"
#include "interface-idl.h" /* LINT-BAD */
