/* SPDX-License-Identifier: MIT */
#include "common/text.h"
#include "daemon/kern/sysctl.h" /* LINT-BAD */
#include "daemon/model/path.h"
#include "daemon/policy/trial.h"
#include "daemon/tune/registry.h" /* LINT-BAD */
